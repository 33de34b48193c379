// Any JSON near the known shapes: never a throw, never a wrong end. What is right is said here once more, by other means.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Modality } from '../../src/catalog/index.js';
import { phases, readText, refused, stateOf, submitted, submittedText } from './support.js';

/** The words of design 4 that end a task, as an oracle that shares no code with the readers. */
const ENDS: Record<string, RegExp> = {
  succeeded: /^\s*(completed|success|succeeded|done)\s*$/i,
  failed: /^\s*(failed|failure|error)\s*$/i,
  cancelled: /^\s*(cancel|cancelled|canceled)\s*$/i,
};

/** Everything in `json`, with the names that lead to it. */
function* walk(json: unknown, path: string[] = []): Generator<{ path: string[]; value: unknown }> {
  yield { path, value: json };
  if (typeof json !== 'object' || json === null) return;
  for (const [name, value] of Object.entries(json)) yield* walk(value, [...path, name]);
}

/** A text or a number, as text; of anything else nothing. */
function asText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** The texts at `status` and `data.status`. */
function wordsOf(json: unknown): string[] {
  return [...walk(json)].flatMap(({ path, value }) =>
    ['status', 'data.status'].includes(path.join('.')) && typeof value === 'string' ? [value] : [],
  );
}

/** Whether an upstream's `task_code` tells of a failure (0 and 200 do not) at one of the three places where it may stand. */
function hasFault(json: unknown): boolean {
  return [...walk(json)].some(
    ({ path, value }) =>
      /^(data\.){0,2}task_code$/.test(path.join('.')) &&
      /^\s*[+-]?\d+(\.\d+)?(e[+-]?\d+)?\s*$/i.test(asText(value)) &&
      ![0, 200].includes(Number(value)),
  );
}

/** Checks one reading of `json` against what is allowed. */
function check(json: unknown, modality: Modality): void {
  const { status, outputs, error, progress, needs, costUsd } = stateOf(json, modality);
  const words = wordsOf(json);
  const has = (end: string) => words.some((word) => ENDS[end]?.test(word));
  if (status === 'succeeded') {
    expect(has('succeeded')).toBe(true);
    expect(outputs.length).toBeGreaterThan(0);
    expect(hasFault(json)).toBe(false);
  }
  if (status === 'failed') {
    expect(has('failed') || hasFault(json)).toBe(true);
    expect(typeof error?.message).toBe('string');
  }
  if (status === 'cancelled') expect(has('cancelled')).toBe(true);
  if (status !== 'succeeded') expect(outputs).toEqual([]);
  if (needs !== undefined) expect(words.some((word) => /^\s*modal\s*$/i.test(word))).toBe(true);
  if (costUsd !== undefined) expect(costUsd).toBeGreaterThanOrEqual(0);
  expect(progress === 1).toBe(status === 'succeeded');

  const places = [...walk(json)].filter(({ value }) => typeof value === 'string');
  for (const { url } of outputs) {
    const isBytes = /^data:(image|video|audio)\/[\w.+-]+;base64,[\w+/=-]+/i.test(url);
    expect(isBytes || /^https?:\/\/\S+$/i.test(url) || /^\/(v1|api|kling|mj)\/\S+$/.test(url)).toBe(true);
    // It stands in the answer, and not as a picture beside the result.
    const from = places.filter(({ value }) => {
      const text = String(value).trim();
      return text === url || (isBytes && text !== '' && url.endsWith(`,${text}`));
    });
    expect(from.some(({ path }) => !/cover|thumb|watermark|poster/.test(path.join('.')))).toBe(true);
  }
  expect(new Set(outputs.map(({ url }) => url)).size).toBe(outputs.length);
}

/** What may stand anywhere: the values that decide, in right and wrong types, and their neighbours. */
const value = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    1,
    100,
    200,
    601300,
    -1,
    1e300,
    '',
    ' ',
    '0',
    '601300',
    '42%',
    '100%',
    'completed',
    'SUCCESS',
    'Succeeded ',
    'done',
    'failed',
    'FAILURE',
    'cancelled',
    'MODAL',
    'processing',
    'odd',
    'success',
    'https://cdn.example.com/x.mp4',
    'https://cdn.example.com/x.png is gone',
    'http://[',
    '/v1/videos/t/content',
    '/etc/passwd',
    'data:image/png;base64,aGk=',
    'data:text/html,x',
    'aGk=',
    '{"error":{"message":"no"}} (request id: r)',
    [],
    {},
    [null],
    { url: 'https://cdn.example.com/y.mp4' },
    [{ url: 'https://cdn.example.com/z.mp4' }, 'https://cdn.example.com/z.mp4'],
    { status: 'completed' },
    { task_code: 5 },
    { message: 'why' },
  ),
  fc.jsonValue(),
);

/** Names that the readers look at, or should not. */
const name = fc.constantFrom(
  ...['status', 'data', 'results', 'result', 'url', 'urls', 'metadata', 'video_url', 'audio_url', 'result_url'],
  ...['imageUrl', 'content', 'error', 'message', 'code', 'progress', 'task_code', 'task_status', 'b64_json', 'format'],
  ...['cover_url', 'thumbnail_url', 'watermark_url', 'amount_usd', 'usage', 'id', 'task_id', 'success', '__proto__'],
);

type Change = {
  at: number;
  kind: 'drop' | 'replace' | 'set' | 'wrap' | 'list' | 'retype';
  name: string;
  value: unknown;
};
const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(40),
  kind: fc.constantFrom('drop', 'replace', 'set', 'wrap', 'list', 'retype'),
  name,
  value,
});

/** `json` with one change at the how-manieth of its values. */
function changed(json: unknown, { at, kind, name, value }: Change): unknown {
  const spots = [...walk(json)];
  const { path } = spots[at % spots.length] ?? { path: [] };
  const edit = (held: unknown, [step, ...rest]: string[]): unknown => {
    if (step === undefined) return edited(held);
    if (Array.isArray(held)) {
      return held.flatMap((item, index) =>
        String(index) !== step ? [item] : rest.length === 0 && kind === 'drop' ? [] : [edit(item, rest)],
      );
    }
    return Object.fromEntries(
      Object.entries(Object(held)).flatMap(([key, item]) =>
        key !== step ? [[key, item]] : rest.length === 0 && kind === 'drop' ? [] : [[key, edit(item, rest)]],
      ),
    );
  };
  const edited = (held: unknown): unknown => {
    if (kind === 'replace') return value;
    if (kind === 'wrap') return { [name]: held };
    if (kind === 'list') return [held];
    if (kind === 'retype') return typeof held === 'string' ? Number(held) || [held] : JSON.stringify(held);
    const isObject = typeof held === 'object' && held !== null && !Array.isArray(held);
    return kind === 'set' && isObject ? { ...held, [name]: value } : held;
  };
  return edit(json, path);
}

const start = fc.constantFrom(...phases.map(({ modality, phase }) => ({ modality, body: phase.body })));
const near = fc.tuple(start, fc.array(change, { minLength: 1, maxLength: 6 })).map(([{ modality, body }, changes]) => ({
  modality,
  json: changes.reduce<unknown>((json, next) => changed(json, next), body),
}));

test('the oracle itself is content with the known shapes', () => {
  for (const { phase, modality } of phases) check(phase.body, modality);
});

test('JSON near the known shapes', () => {
  const ends: Record<string, number> = {};
  fc.assert(
    fc.property(near, ({ json, modality }) => {
      check(json, modality);
      const { status } = stateOf(json, modality);
      ends[status] = (ends[status] ?? 0) + 1;
    }),
    { numRuns: 6000 },
  );
  // All of it was reached, so the checks above had something to check.
  for (const status of ['queued', 'running', 'succeeded', 'failed', 'cancelled']) {
    expect(ends[status] ?? 0, status).toBeGreaterThan(10);
  }
});

test('any JSON at all', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom<Modality>('video', 'image', 'music', 'speech', 'other'), check),
    { numRuns: 1000 },
  );
});

test('any text is no state', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const reading = readText(text);
      if (reading !== null) expect(typeof JSON.parse(text)).toBe('object');
    }),
    { numRuns: 300 },
  );
});

test('as the answer to a submit: an id that stands there, a refusal in words that stand there, or nothing', () => {
  fc.assert(
    fc.property(near, ({ json }) => {
      const reading = submitted(json);
      if (reading === null) return;
      if ('id' in reading) expect([...walk(json)].map(({ value }) => asText(value))).toContain(reading.id);
      else {
        // A body with an id in its place is a task, and one that claims success may be one. Beside an error a bare `id`
        // may be another thing's: then the refusal must be sure.
        const top = Object(json);
        expect([top.success, top.code]).not.toContain(true);
        const isId = (id: unknown) => typeof id === 'string' && !['', '0'].includes(id.trim());
        const places = [top, Object(top.data)];
        for (const place of places) expect(isId(place.task_id)).toBe(false);
        if (places.some(({ id }) => isId(id))) {
          expect(wordsOf(json).filter((word) => word.trim() !== '')).toEqual([]);
          expect(['balance', 'authentication', 'permission', 'invalid']).toContain(reading.refusal.kind);
        }
        expect(reading.refusal.message).not.toBe('');
      }
    }),
    { numRuns: 1500 },
  );
});

test('a long id comes with its own digits, whatever stands beside it', () => {
  const text = fc.string({ unit: fc.constantFrom('"', '\\', 'id', ':', ',', '}', '9007199254740993', ' ') });
  fc.assert(
    fc.property(fc.bigInt({ min: 2n ** 53n, max: 10n ** 40n }), text, text, (id, name, note) => {
      const beside = JSON.stringify({ note, [`${name}"`]: note }).slice(1, -1);
      expect(submittedText(`{${beside},"data":{${beside},"id":${id}},${beside}}`)).toMatchObject({ id: String(id) });
    }),
    { numRuns: 500 },
  );
});

test('as an answer of any status: no throw; a 5xx is a refusal only in one of the four envelopes', () => {
  fc.assert(
    fc.property(near, fc.constantFrom(200, 400, 401, 403, 404, 408, 429, 500, 502, 503), ({ json }, status) => {
      const refusal = refused(json, status);
      if (refusal === null) return;
      const body = Object(json);
      if (status === 200) expect(wordsOf(json)).toEqual([]);
      if (status >= 500 || status === 408) {
        const error = Object(body.error);
        const envelopes = [
          typeof error.type === 'string' && Boolean(error.message),
          body.success === false,
          Object.hasOwn(body, 'code') && Object.hasOwn(body, 'data'),
          Object.hasOwn(body, 'code') && typeof body.description === 'string' && typeof body.type === 'string',
        ];
        expect(envelopes).toContain(true);
      }
    }),
    { numRuns: 1500 },
  );
});
