// Did it leave this machine? Asked of real sockets, with the platform's own fetch.

import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { exchange } from '../../src/transport/exchange.js';
import { classifyFailure, type Failure } from '../../src/transport/failure.js';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function listen(onSocket: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  const close = server.close.bind(server);
  server.close = (callback) => {
    for (const socket of sockets) socket.destroy();
    return close(callback);
  };
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function failureOf(url: string, options: { timeoutMs?: number; signal?: AbortSignal } = {}): Promise<Failure> {
  const outcome = await exchange(
    { method: 'POST', url, headers: { 'content-type': 'application/json' }, body: '{"model":"x"}' },
    { fetch: (input, init) => fetch(input, init), timeoutMs: options.timeoutMs ?? 5000, signal: options.signal },
  );
  if ('answer' in outcome) throw new Error(`answered ${outcome.answer.status}`);
  return outcome.failure;
}

describe('not sent', () => {
  test('the name cannot be looked up', async () => {
    const failure = await failureOf('http://no-such-host.invalid/v1/videos');
    expect(failure).toMatchObject({ kind: 'not-sent', by: 'network' });
    expect(failure.code).toMatch(/^(ENOTFOUND|EAI_AGAIN)$/);
  });

  test('the connection is refused', async () => {
    const port = await listen(() => {});
    await new Promise((resolve) => servers.pop()?.close(resolve));
    expect(await failureOf(`http://127.0.0.1:${port}/`)).toMatchObject({ kind: 'not-sent', code: 'ECONNREFUSED' });
  });

  test('every address of a name refuses', async () => {
    const port = await listen(() => {});
    await new Promise((resolve) => servers.pop()?.close(resolve));
    expect(await failureOf(`http://localhost:${port}/`)).toMatchObject({ kind: 'not-sent', code: 'ECONNREFUSED' });
  });

  test('the peer speaks no TLS', async () => {
    const port = await listen((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const failure = await failureOf(`https://127.0.0.1:${port}/`);
    expect(failure).toMatchObject({ kind: 'not-sent', by: 'network', reason: 'that port does not speak TLS' });
  });

  test('the signal was aborted before', async () => {
    const failure = await failureOf('http://127.0.0.1:1/', { signal: AbortSignal.abort(new Error('never mind')) });
    expect(failure).toMatchObject({ kind: 'not-sent', by: 'caller', reason: 'never mind' });
  });

  test('a port that the fetch standard blocks', async () => {
    expect(await failureOf('http://127.0.0.1:9/')).toMatchObject({ kind: 'not-sent', reason: 'bad port' });
  });

  test('a connect timeout, as undici tells it', () => {
    const error = new TypeError('fetch failed', {
      cause: Object.assign(new Error('Connect Timeout Error'), { code: 'UND_ERR_CONNECT_TIMEOUT' }),
    });
    expect(classifyFailure(error, 'network')).toMatchObject({ kind: 'not-sent', code: 'UND_ERR_CONNECT_TIMEOUT' });
  });
});

describe('lost', () => {
  test('reset after the request', async () => {
    const port = await listen((socket) => socket.once('data', () => socket.resetAndDestroy()));
    expect(await failureOf(`http://127.0.0.1:${port}/`)).toMatchObject({
      kind: 'lost',
      by: 'network',
      code: 'ECONNRESET',
    });
  });

  test('closed without an answer', async () => {
    const port = await listen((socket) => socket.once('data', () => socket.end()));
    expect(await failureOf(`http://127.0.0.1:${port}/`)).toMatchObject({ kind: 'lost', by: 'network' });
  });

  test('cut in the middle of the body', async () => {
    const port = await listen((socket) =>
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"id"', () => socket.destroy());
      }),
    );
    expect(await failureOf(`http://127.0.0.1:${port}/`)).toMatchObject({ kind: 'lost', by: 'network' });
  });

  test('no headers, and headers without a body, until our timeout', async () => {
    const mute = await listen(() => {});
    expect(await failureOf(`http://127.0.0.1:${mute}/`, { timeoutMs: 60 })).toMatchObject({
      kind: 'lost',
      by: 'timeout',
    });
    const half = await listen((socket) =>
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{')),
    );
    expect(await failureOf(`http://127.0.0.1:${half}/`, { timeoutMs: 60 })).toMatchObject({
      kind: 'lost',
      by: 'timeout',
    });
  });

  test('the caller aborts in mid-exchange', async () => {
    const controller = new AbortController();
    const port = await listen((socket) => socket.once('data', () => controller.abort()));
    expect(await failureOf(`http://127.0.0.1:${port}/`, { signal: controller.signal })).toMatchObject({
      kind: 'lost',
      by: 'caller',
    });
  });

  test('a fetch that ignores its signal cannot hold the caller', async () => {
    const outcome = await exchange(
      { method: 'GET', url: 'http://127.0.0.1/', headers: {} },
      { fetch: () => new Promise(() => {}), timeoutMs: 20 },
    );
    expect(outcome).toMatchObject({ failure: { kind: 'lost', by: 'timeout' } });
  });

  test.each([
    ['EPIPE', 'write', 'lost'],
    ['ECONNRESET', 'read', 'lost'],
    ['EHOSTUNREACH', 'read', 'lost'],
    ['ECONNREFUSED', 'read', 'lost'],
    ['EHOSTUNREACH', 'connect', 'not-sent'],
    ['ECONNRESET', 'connect', 'not-sent'],
    ['ENETUNREACH', 'connect', 'not-sent'],
    ['EAI_AGAIN', 'getaddrinfo', 'not-sent'],
    ['CERT_HAS_EXPIRED', undefined, 'not-sent'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', undefined, 'not-sent'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', undefined, 'lost'],
    ['UND_ERR_SOCKET', undefined, 'lost'],
    ['UND_ERR_HEADERS_TIMEOUT', undefined, 'lost'],
    ['UND_ERR_BODY_TIMEOUT', undefined, 'lost'],
  ])('%s of the system call %s is %s', (code, syscall, kind) => {
    const cause = Object.assign(new Error('x'), { code }, syscall === undefined ? {} : { syscall });
    expect(classifyFailure(new TypeError('fetch failed', { cause }), 'network').kind).toBe(kind);
    expect(classifyFailure(new TypeError('fetch failed', { cause }), 'timeout').kind).toBe('lost');
  });

  test('anything that nobody has told us about', () => {
    for (const thrown of [new Error('?'), 'text', null, undefined, { code: 42 }, new AggregateError([])]) {
      expect(classifyFailure(thrown, 'network').kind).toBe('lost');
    }
    const mixed = new AggregateError([
      Object.assign(new Error(), { code: 'ECONNREFUSED' }),
      Object.assign(new Error(), { code: 'ECONNRESET' }),
    ]);
    expect(classifyFailure(new TypeError('fetch failed', { cause: mixed }), 'network').kind).toBe('lost');
  });
});
