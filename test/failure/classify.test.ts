// Which words and codes prove that nothing was sent: the pure decision. What real sockets give is in the files beside.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exchange } from '../../src/transport/exchange.js';
import { classifyFailure } from '../../src/transport/failure.js';

/** What fetch throws for `cause`. */
const failed = (cause: unknown) => new TypeError('fetch failed', { cause });
const error = (code: string, syscall?: string, message = 'x') =>
  Object.assign(new Error(message), { code }, syscall === undefined ? {} : { syscall });
const kindOf = (cause: unknown) => classifyFailure(failed(cause), 'network').kind;

const HANDSHAKE_CUT = 'Client network socket disconnected before secure TLS connection was established';

describe('a code', () => {
  test.each([
    ['ENOTFOUND', 'getaddrinfo'],
    ['EAI_AGAIN', 'getaddrinfo'],
    ['EAI_FAIL', 'getaddrinfo'],
    ['ESERVFAIL', 'queryA'],
    ['ETIMEOUT', 'queryAaaa'],
    ['ECONNREFUSED', 'connect'],
    ['ECONNRESET', 'connect'],
    ['ETIMEDOUT', 'connect'],
    ['EHOSTUNREACH', 'connect'],
    ['ENETUNREACH', 'connect'],
    ['EADDRINUSE', 'bind'],
    ['ECONNREFUSED', undefined],
    ['ConnectionRefused', undefined],
    ['UND_ERR_CONNECT_TIMEOUT', undefined],
    ['UND_ERR_INVALID_ARG', undefined],
    ['UND_ERR_NOT_SUPPORTED', undefined],
    ['CERT_HAS_EXPIRED', undefined],
    ['ERR_TLS_CERT_ALTNAME_INVALID', undefined],
  ])('%s of the system call %s: not sent', (code, syscall) => {
    expect(kindOf(error(code, syscall))).toBe('not-sent');
    // Whoever gave up meanwhile, the error is no longer one of the network.
    expect(classifyFailure(failed(error(code, syscall)), 'timeout').kind).toBe('lost');
    expect(classifyFailure(failed(error(code, syscall)), 'caller').kind).toBe('lost');
  });

  test.each([
    ['ECONNRESET', 'read'],
    ['ECONNRESET', 'write'],
    ['EPIPE', 'write'],
    ['ETIMEDOUT', 'read'],
    ['EHOSTUNREACH', 'read'],
    ['ECONNREFUSED', 'read'],
    ['CERT_HAS_EXPIRED', 'read'],
    ['ECONNRESET', undefined],
    ['ETIMEDOUT', undefined],
    ['ABORT_ERR', undefined],
    ['UND_ERR_SOCKET', undefined],
    ['UND_ERR_ABORTED', undefined],
    ['UND_ERR_DESTROYED', undefined],
    ['UND_ERR_CLOSED', undefined],
    ['UND_ERR_HEADERS_TIMEOUT', undefined],
    ['UND_ERR_BODY_TIMEOUT', undefined],
    ['UND_ERR_HEADERS_OVERFLOW', undefined],
    ['UND_ERR_REQ_CONTENT_LENGTH_MISMATCH', undefined],
    ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', undefined],
    ['HPE_INVALID_CONSTANT', undefined],
    ['ERR_SSL_WRONG_VERSION_NUMBER', undefined],
    ['ERR_SSL_BAD_RECORD_TYPE', undefined],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', undefined],
    ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', undefined],
    ['ERR_ASSERTION', undefined],
  ])('%s of the system call %s: lost', (code, syscall) => {
    expect(kindOf(error(code, syscall))).toBe('lost');
  });
});

test('what is known of the sending outweighs every code', () => {
  for (const by of ['network', 'timeout', 'caller'] as const) {
    expect(classifyFailure(failed(error('CERT_HAS_EXPIRED')), by, true).kind).toBe('lost');
    expect(classifyFailure(failed(error('ECONNRESET', 'read')), by, false).kind).toBe('not-sent');
  }
});

describe('words', () => {
  test('of a handshake that was cut: not sent, with that very code, and no system call', () => {
    expect(kindOf(error('ECONNRESET', undefined, HANDSHAKE_CUT))).toBe('not-sent');
    expect(kindOf(error('ECONNRESET', 'read', HANDSHAKE_CUT))).toBe('lost');
    expect(kindOf(error('UND_ERR_SOCKET', undefined, HANDSHAKE_CUT))).toBe('lost');
    expect(kindOf(error('ECONNRESET', undefined, `${HANDSHAKE_CUT}?`))).toBe('lost');
    expect(kindOf(new Error(HANDSHAKE_CUT))).toBe('lost');
  });

  test('of a blocked port: not sent; of anything else: lost', () => {
    expect(kindOf(new Error('bad port'))).toBe('not-sent');
    expect(kindOf(new Error('bad port 1'))).toBe('lost');
    // What a user's fetch says of the headers it makes may come after the request.
    expect(classifyFailure(new TypeError('Headers.append: "→" is an invalid header value.'), 'network').kind).toBe(
      'lost',
    );
  });

  test('a reason is one line, names the code, and holds no library’s whole error queue', () => {
    const reasonOf = (cause: unknown) => classifyFailure(failed(cause), 'network').reason;
    expect(reasonOf(error('ENOTFOUND', 'getaddrinfo', 'getaddrinfo ENOTFOUND a'))).toBe('getaddrinfo ENOTFOUND a');
    expect(reasonOf(error('UND_ERR_SOCKET', undefined, 'other\nside  closed'))).toBe(
      'UND_ERR_SOCKET: other side closed',
    );
    expect(reasonOf(error('ERR_SSL_X', undefined, '80FC:error:0A00:SSL routines'))).toBe('ERR_SSL_X');
    expect(reasonOf(error('ERR_SSL_WRONG_VERSION_NUMBER'))).toContain('does that port speak it?');
    expect(classifyFailure(new Error('a'.repeat(900)), 'network').reason).toHaveLength(200);
    expect(classifyFailure(new AggregateError([]), 'network').reason).toBe('no reason given');
  });
});

describe('several addresses', () => {
  const refused = error('ECONNREFUSED', 'connect');

  test('all of them failed before: not sent', () => {
    const all = new AggregateError([error('ENETUNREACH', 'connect'), error('ETIMEDOUT', 'connect'), refused]);
    expect(classifyFailure(failed(all), 'network')).toMatchObject({ kind: 'not-sent', code: 'ECONNREFUSED' });
  });

  test('one that may have sent outweighs all that have not, wherever it stands', () => {
    fc.assert(
      fc.property(fc.nat(6), fc.nat(6), fc.constantFrom('read', 'write', undefined), (before, after, syscall) => {
        const errors = [...Array(before).fill(refused), error('ECONNRESET', syscall), ...Array(after).fill(refused)];
        expect(kindOf(new AggregateError(errors))).toBe('lost');
        expect(kindOf(new AggregateError([new AggregateError(errors), refused]))).toBe('lost');
      }),
    );
  });
});

describe('whatever is thrown', () => {
  test('never breaks the decision, and is lost', () => {
    for (const thrown of [new Error('?'), 'text', null, undefined, Symbol('s'), { code: 42 }, new AggregateError([])]) {
      expect(classifyFailure(thrown, 'network').kind).toBe('lost');
    }
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true }), (thrown) => {
        expect(classifyFailure(thrown, 'network').kind).toBe('lost');
        expect(kindOf(thrown)).toBe('lost');
      }),
    );
  });

  test('a circle of causes comes to an end', () => {
    const circle = new Error('round');
    circle.cause = circle;
    expect(classifyFailure(circle, 'network').kind).toBe('lost');
  });
});

describe('a user’s fetch', () => {
  const post = { method: 'POST', url: 'http://127.0.0.1/', headers: {}, body: '{}' };

  test('that throws instead of rejecting has not even tried', async () => {
    const fetch = () => {
      throw new TypeError('no');
    };
    const outcome = await exchange(post, { fetch, timeoutMs: 1000 });
    expect(outcome).toMatchObject({ failure: { kind: 'not-sent', by: 'network', reason: 'no' } });
  });

  test('that ignores its signal cannot hold the caller', async () => {
    const fetch = () => new Promise<Response>(() => {});
    const outcome = await exchange(post, { fetch, timeoutMs: 20 });
    expect(outcome).toMatchObject({ failure: { kind: 'lost', by: 'timeout' } });
    const stopped = exchange(post, { fetch, timeoutMs: 10_000, signal: AbortSignal.timeout(20) });
    expect(await stopped).toMatchObject({ failure: { kind: 'lost', by: 'caller' } });
  });
});
