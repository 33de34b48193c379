// Pure decisions: when to send again, what may be shown.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redactJson, redactText } from '../../src/transport/redact.js';
import { DEFAULT_RETRY, type Ending, parseRetryAfter, retryDelay } from '../../src/transport/retry.js';

const failure = { by: 'network', code: undefined, reason: '', cause: undefined } as const;
const endings: fc.Arbitrary<Ending> = fc.oneof(
  fc.record({
    type: fc.constant('failure' as const),
    failure: fc.record({ ...mapConstants(failure), kind: fc.constantFrom('not-sent' as const, 'lost' as const) }),
  }),
  fc.record({
    type: fc.constant('refused' as const),
    retryable: fc.boolean(),
    retryAfterMs: fc.option(fc.nat(100_000), { nil: undefined }),
  }),
  fc.record({ type: fc.constant('untrusted' as const) }),
);

function mapConstants<T extends object>(object: T): { [K in keyof T]: fc.Arbitrary<T[K]> } {
  const entries = Object.entries(object).map(([name, value]) => [name, fc.constant(value)]);
  return Object.fromEntries(entries) as { [K in keyof T]: fc.Arbitrary<T[K]> };
}

describe('retry', () => {
  test('a paid exchange is repeated only when it surely was not taken', () => {
    fc.assert(
      fc.property(endings, fc.integer({ min: 1, max: 6 }), (ending, attempt) => {
        const delay = retryDelay(ending, { attempt, paid: true, policy: DEFAULT_RETRY, random: () => 0.5 });
        const surelyNotTaken =
          (ending.type === 'failure' && ending.failure.kind === 'not-sent') ||
          (ending.type === 'refused' && ending.retryable);
        expect(delay === null || surelyNotTaken).toBe(true);
        if (attempt >= DEFAULT_RETRY.attempts) expect(delay).toBeNull();
        if (delay !== null) expect(delay).toBeLessThanOrEqual(DEFAULT_RETRY.capMs);
      }),
    );
  });

  test('backoff doubles from one second, with jitter, up to the cap', () => {
    const policy = { ...DEFAULT_RETRY, attempts: 99 };
    const delays = (random: number) =>
      [1, 2, 3, 9].map((attempt) =>
        retryDelay({ type: 'untrusted' }, { attempt, paid: false, policy, random: () => random }),
      );
    expect(delays(1)).toEqual([1000, 2000, 4000, 60_000]);
    expect(delays(0)).toEqual([500, 1000, 2000, 30_000]);
  });

  test('the caller’s own abort is never answered by a repetition', () => {
    const ending: Ending = { type: 'failure', failure: { ...failure, kind: 'not-sent', by: 'caller' } };
    expect(retryDelay(ending, { attempt: 1, paid: false, policy: DEFAULT_RETRY, random: () => 0 })).toBeNull();
  });

  test.each([
    ['3', 3000],
    ['0', 0],
    [' 1.5 ', 1500],
    ['Thu, 01 Jan 1970 00:00:05 GMT', 4000],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['-1', undefined],
    ['soon', undefined],
    ['1e9', undefined],
    ['', undefined],
    [null, undefined],
  ])('Retry-After %j', (value, expected) => {
    expect(parseRetryAfter(value, 1000)).toBe(expected);
  });
});

describe('redaction', () => {
  test.each([
    ['Authorization: Bearer sk-abcdef123456', 'Authorization: Bearer ***'],
    ['key sk-abcdef123456 here', 'key *** here'],
    ['see https://h/x?a=1&X-Amz-Signature=abc&b=2 there', 'see https://h/x?*** there'],
    ['"https://h/x.png?sig=1&amp;Policy=2"', '"https://h/x.png?***"'],
    ['https://u:secret@h/x', 'https://***@h/x'],
    ['https%3A%2F%2Fh%2Fx%3FSignature%3Dabc', '***'],
    ['x-api-key: abcdefgh', 'x-api-key: ***'],
    ['{"api_key":"abcdefgh"}', '{"api_key":"***"}'],
    ['a design?design=blue', 'a design?design=blue'],
    // JSON in a text, once or twice escaped: `&` as Go writes it, slashes as PHP does.
    ['"https://h/a.png?A=1\\u0026Signature=abc" x', '"https://h/a.png?***" x'],
    ['\\"https://h/a.png?A=1\\\\u0026Signature=abc\\" x', '\\"https://h/a.png?***\\" x'],
    ['"https:\\/\\/h\\/a.png?Signature=abc" x', '"https:\\/\\/h\\/a.png?***" x'],
    ["https://h/a.png?q=it's&Signature=abc x", 'https://h/a.png?*** x'],
  ])('%s', (text, expected) => {
    expect(redactText(text)).toBe(expected);
  });

  test('takes no time worth mentioning on hostile texts', () => {
    const startedAt = performance.now();
    for (const piece of [' ', '?token', 'Bearer ', 'https://', 'https://a@', 'api_key:'])
      redactText(piece.repeat(20_000));
    // A bound far above what it takes (some ms), far below what a quadratic pattern took here (seconds).
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });

  test('a cut leaves no part of a secret behind', () => {
    const secret = '7f3c9a21-55d0-4b1e-9c3a-0a1b2c3d4e5f';
    for (const longest of [2000, 10_000]) {
      for (let at = longest - 60; at <= longest + 60; at += 3) {
        const text = `${'x '.repeat(longest).slice(0, at)}${secret}${' y'.repeat(5000)}`;
        const shown = longest === 2000 ? redactJson(text, secret) : redactText(text, secret);
        expect(shown.length).toBeLessThan(longest + 100);
        expect(shown).not.toContain(secret.slice(0, 6));
        const twice = `${text}${secret}`;
        expect(redactText(twice, secret)).not.toContain(secret.slice(0, 6));
      }
    }
  });

  test('JSON of any depth', () => {
    let deep: unknown = 'sk-abcdef123456';
    for (let level = 0; level < 20_000; level++) deep = { a: deep };
    expect(JSON.stringify(redactJson(deep))).toMatch(/^(\{"a":){100}"…"\}{100}$/);
  });

  test('a given secret goes wherever it stands', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[\w-]{8,40}$/), fc.string(), fc.string(), (secret, before, after) => {
        fc.pre(!before.includes(secret.slice(0, 4)) && !after.includes(secret.slice(0, 4)));
        expect(redactText(before + secret + after, secret)).not.toContain(secret);
      }),
    );
    expect(redactJson({ a: ['sk-abcdef123456', { b: 'plain' }], n: 1 })).toEqual({ a: ['***', { b: 'plain' }], n: 1 });
  });
});
