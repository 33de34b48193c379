// Which way a call goes: by the dispatcher beneath fetch where that is the same thing, by fetch wherever it might not be.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { exchange, type FetchLike, type Shortcut } from '../../src/transport/exchange.js';
import type { TransportOptions } from '../../src/transport/index.js';
import { json, serve, type TestServer } from '../support/server.js';
import { serveRaw } from './raw-server.js';
import { status, transportTo } from './transport-for.js';

const KEY = Symbol.for('undici.globalDispatcher.1');

/** The dispatcher that stands beneath fetch, as undici's own fetch calls it. */
interface Dispatcher {
  dispatch(options: { path: string; method: string }, handler: Record<string, unknown>): unknown;
}

function current(): Dispatcher {
  const found: unknown = Reflect.get(globalThis, KEY);
  if (typeof found !== 'object' || found === null || !('dispatch' in found)) throw new Error('no dispatcher');
  const { dispatch } = found;
  if (typeof dispatch !== 'function') throw new Error('no dispatcher');
  return { dispatch: (options, handler) => dispatch.call(found, options, handler) };
}

let server: TestServer;
let platforms: unknown;

beforeEach(async () => {
  server = await serve((_, response) => json(response, { status: 'in_progress' }));
  await (await fetch(server.url)).text(); // fetch makes its dispatcher when it is first used
  server.requests.length = 0;
  platforms = Reflect.get(globalThis, KEY);
});

afterEach(async () => {
  vi.unstubAllGlobals();
  Reflect.set(globalThis, KEY, platforms);
  await server.close();
});

const transportFor = (options: Partial<TransportOptions> = {}) => transportTo(server.url, options);

const submit = {
  method: 'POST',
  path: '/v1/videos',
  phase: 'submit',
  paid: true,
  body: '{}',
  traceId: 'trace-1',
} as const;

/** How each request came: only the short way asks for no coding. */
const ways = () =>
  server.requests.map(({ headers }) => (headers['accept-encoding'] === 'identity' ? 'dispatcher' : 'fetch'));

describe('what goes which way', () => {
  test('status calls by the dispatcher, all else by fetch', async () => {
    const transport = transportFor();
    await transport.request(status);
    await transport.request(submit);
    await transport.request({ ...status, method: 'DELETE' });
    await transport.request({ ...status, method: 'POST', body: '{}' });
    await transport.request({ ...status, paid: true });
    await transport.request({ ...status, headers: { 'x-mine': '1' } });
    expect(ways()).toEqual(['dispatcher', 'fetch', 'fetch', 'fetch', 'fetch', 'dispatcher']);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(Array(6).fill('Bearer sk-test'));
    expect(server.requests.map(({ headers }) => headers['x-trace-id'])).toEqual([
      ...[undefined, 'trace-1', undefined, undefined, undefined, undefined],
    ]);
    expect(server.requests.map(({ headers }) => headers['x-mine'])).toEqual([...Array(5), '1']);
  });

  test("a user's own fetch gets everything", async () => {
    const asked: string[] = [];
    const transport = transportFor({
      fetch: (input, init) => {
        asked.push(`${init.method} ${new URL(input).pathname}`);
        return fetch(input, init);
      },
    });
    await transport.request(status);
    await transport.request(submit);
    expect(asked).toEqual(['GET /v1/videos/t1', 'POST /v1/videos']);
    expect(ways()).toEqual(['fetch', 'fetch']);
  });

  test("a user's own fetch may have a Headers of its own", async () => {
    class ForeignHeaders extends Map<string, string> {}
    const transport = transportFor({
      fetch: async () => {
        const response = new Response('{"status":"done"}');
        const headers = new ForeignHeaders([['x-request-id', 'r1']]);
        return new Proxy(response, {
          get: (target, name) => {
            if (name === 'headers') return headers;
            const value: unknown = Reflect.get(target, name, target);
            return typeof value === 'function' ? value.bind(target) : value;
          },
        });
      },
    });
    const answer = await transport.request(status);
    expect([answer.header('x-request-id'), answer.headers.get('x-request-id')]).toEqual(['r1', 'r1']);
  });

  test('a fetch that somebody has put in the place of the platform’s is asked, until it is gone', async () => {
    const transport = transportFor();
    const real = globalThis.fetch;
    await transport.request(status);
    let stubbed = 0;
    vi.stubGlobal('fetch', (...args: Parameters<typeof fetch>) => {
      stubbed++;
      return real(...args);
    });
    await transport.request(status);
    vi.stubGlobal('fetch', new Proxy(real, {}));
    await transport.request(status);
    vi.unstubAllGlobals();
    await transport.request(status);
    expect([stubbed, ways()]).toEqual([1, ['dispatcher', 'fetch', 'fetch', 'dispatcher']]);
  });

  test('before fetch was ever used there is no dispatcher: the first call is its first use', async () => {
    const script = `
      import { Transport, DEFAULT_RETRY } from './src/transport/index.ts';
      const has = () => Reflect.get(globalThis, Symbol.for('undici.globalDispatcher.1')) !== undefined;
      const transport = new Transport({ baseUrl: ${JSON.stringify(server.url)}, apiKey: 'x', missingKey: '', headers: () => ({}),
        fetch: undefined, requestTimeoutMs: 5000, retry: DEFAULT_RETRY, readRefusal: () => null, requestIdOf: () => undefined, logger: undefined,
        now: () => 0, random: Math.random });
      const call = { method: 'GET', path: '/', phase: 'poll', paid: false };
      const before = has();
      await transport.request(call);
      await transport.request(call);
      console.log(JSON.stringify([before, has()]));`;
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script]);
    expect(JSON.parse(stdout)).toEqual([false, true]);
    expect(ways()).toEqual(['fetch', 'dispatcher']);
  });

  test('nothing there but something that is no dispatcher: fetch', async () => {
    const transport = transportFor({ fetch: undefined });
    const real = current();
    for (const odd of [{}, { dispatch: 'no' }]) {
      Reflect.set(globalThis, KEY, odd);
      // The platform's fetch finds nothing of use there either; what matters is that nobody else fails first.
      await expect(transport.request(status)).rejects.toMatchObject({ code: 'connection_lost' });
    }
    Reflect.set(globalThis, KEY, real);
    await transport.request(status);
    expect(ways()).toEqual(['dispatcher']);
  });
});

describe('a dispatcher that the user has set', () => {
  test('is the one that is asked, from the next call on', async () => {
    const transport = transportFor();
    await transport.request(status);
    const real = current();
    const seen: string[] = [];
    Reflect.set(globalThis, KEY, {
      dispatch(options: { path: string; method: string }, handler: Record<string, unknown>) {
        seen.push(`${options.method} ${options.path}`);
        return real.dispatch({ ...options, path: '/through/the/proxy' }, handler);
      },
    });
    await transport.request(status);
    expect(seen).toEqual(['GET /v1/videos/t1']);
    expect(server.requests.map(({ url }) => url)).toEqual(['/v1/videos/t1', '/through/the/proxy']);
    expect(ways()).toEqual(['dispatcher', 'dispatcher']);
  });

  test('may copy, wrap or bind our handler', async () => {
    const transport = transportFor();
    const real = current();
    const hooks: ((handler: Record<string, unknown>) => Record<string, unknown>)[] = [
      (handler) => ({ ...handler }),
      (handler) => new Proxy(handler, {}),
      (handler) => Object.create(handler),
    ];
    for (const hook of hooks) {
      Reflect.set(globalThis, KEY, {
        dispatch: (options: { path: string; method: string }, handler: Record<string, unknown>) =>
          real.dispatch(options, hook(handler)),
      });
      expect((await transport.request(status)).json).toEqual({ status: 'in_progress' });
    }
    expect(ways()).toEqual(['dispatcher', 'dispatcher', 'dispatcher']);
  });

  test('may give headers as texts and as lists, as mocks do', async () => {
    const transport = transportFor();
    Reflect.set(globalThis, KEY, {
      dispatch(_: unknown, handler: { [name: string]: (...args: unknown[]) => unknown }) {
        handler.onConnect?.(() => {});
        handler.onHeaders?.(
          200,
          ['X-A', 'one', 'Set-Cookie', [Buffer.from('a=1'), Buffer.from('b=2')]],
          () => {},
          'OK',
        );
        handler.onData?.(Buffer.from('{"mock"'));
        handler.onData?.(Buffer.from(':true}'));
        handler.onComplete?.([]);
        return true;
      },
    });
    const answer = await transport.request(status);
    expect([answer.json, answer.headers.get('x-a'), answer.headers.getSetCookie()]).toEqual([
      ...[{ mock: true }, 'one', ['a=1', 'b=2']],
    ]);
  });

  test.each<[string, (handler: { onError(error: unknown): void }) => void]>([
    [
      'throws',
      () => {
        throw new TypeError('handler.onRequestStart is not a function');
      },
    ],
    ['says so', (handler) => handler.onError(invalidHandler())],
    ['says so later', (handler) => queueMicrotask(() => handler.onError(invalidHandler()))],
  ])('does not take our handler and %s: fetch, as long as it stands there', async (_, refuse) => {
    const transport = transportFor();
    const real = current();
    let refused = 0;
    const refusing = {
      dispatch(options: { path: string; method: string; upgrade?: unknown }, handler: never) {
        // Fetch names an `upgrade`, this library does not: so tests tell them apart.
        if ('upgrade' in options) return real.dispatch(options, handler);
        refused++;
        refuse(handler);
        return false;
      },
    };
    Reflect.set(globalThis, KEY, refusing);
    await transport.request(status);
    await transport.request(status);
    expect([refused, ways()]).toEqual([1, ['fetch', 'fetch']]);
    Reflect.set(globalThis, KEY, platforms);
    await transport.request(status);
    Reflect.set(globalThis, KEY, refusing);
    await transport.request(status);
    expect([refused, ways()]).toEqual([1, ['fetch', 'fetch', 'dispatcher', 'fetch']]);
  });

  test('whose request fails for another reason is asked again the next time', async () => {
    const transport = transportFor();
    const real = current();
    let failing = true;
    Reflect.set(globalThis, KEY, {
      dispatch(options: { path: string; method: string }, handler: never) {
        if (!failing) return real.dispatch(options, handler);
        Reflect.apply(Reflect.get(handler, 'onError'), handler, [
          Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' }),
        ]);
        return false;
      },
    });
    await expect(transport.request(status)).rejects.toMatchObject({ code: 'connection_failed' });
    failing = false;
    await transport.request(status);
    expect(ways()).toEqual(['dispatcher']);
  });
});

test('a gateway that encodes unasked is asked by fetch from then on; another client is not held to it', async () => {
  await server.close();
  server = await serve((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
    response.end(gzipSync('{"status":"done"}'));
  });
  const transport = transportFor();
  for (let call = 0; call < 3; call++) expect((await transport.request(status)).json).toEqual({ status: 'done' });
  expect(ways()).toEqual(['dispatcher', 'fetch', 'fetch', 'fetch']);
  await transportFor().request(status);
  expect(ways().slice(4)).toEqual(['dispatcher', 'fetch']);
});

test('what is left to fetch can be given up like anything else', async () => {
  const raw = await serveRaw((socket) => {
    const { headers } = raw.requests.at(-1) ?? {};
    if (headers?.['accept-encoding'] === 'identity') socket.end('HTTP/1.1 421 X\r\nconnection: close\r\n\r\n');
    else controller.abort(new Error('enough'));
  });
  const controller = new AbortController();
  const transport = transportFor({ baseUrl: raw.url });
  await expect(transport.request({ ...status, signal: controller.signal })).rejects.toMatchObject({ code: 'aborted' });
  await raw.idle();
  await raw.close();
});

test('what was given up is not sent by fetch when it turns out that fetch should have had it', async () => {
  const controller = new AbortController();
  let leave = (): void => {};
  const shortcut: Shortcut = {
    send: () => ({ answer: new Promise((resolve) => (leave = () => resolve(undefined))), abort: () => leave() }),
  };
  const own = vi.fn<FetchLike>(async () => new Response('{}'));
  const asked = exchange(
    { method: 'GET', url: server.url, headers: {} },
    { fetch: own, shortcut, timeoutMs: 5000, signal: controller.signal },
  );
  controller.abort(new Error('enough'));
  expect(await asked).toMatchObject({ failure: { by: 'caller', reason: 'enough' } });
  await new Promise(setImmediate);
  expect(own).not.toHaveBeenCalled();
});

test('a fetch that throws at once has sent nothing, also where it would have bought something', async () => {
  const transport = transportFor({
    fetch: () => {
      throw new TypeError('no network here');
    },
  });
  await expect(transport.request(submit)).rejects.toMatchObject({ code: 'connection_failed', mayBeBilled: false });
});

test('one header is looked up as Headers does it', async () => {
  const raw = await serveRaw((socket) =>
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nX-A:  one \t \r\nx-a:\r\nx-A: M\xfc\r\n\r\n{}', 'latin1'),
  );
  const answer = await transportFor({ baseUrl: raw.url }).request(status);
  const single = ['x-a', 'X-A', 'x-b', 'content-length'].map((name) => answer.header(name));
  expect(single).toEqual(['one, , M\xfc', 'one, , M\xfc', null, '2']);
  expect(single.slice(0, 1)).toEqual([answer.headers.get('x-a')]);
  await raw.close();
});

test('what is left to fetch has the rest of the time, not all of it again', async () => {
  await server.close();
  server = await serve((request, response) => {
    if (request.headers['accept-encoding'] !== 'identity') return; // fetch gets no answer
    setTimeout(() => json(response, {}, 421), 500);
  });
  const startedAt = performance.now();
  await expect(transportFor({ requestTimeoutMs: 1000 }).request(status)).rejects.toThrow('within 1000 ms');
  expect(performance.now() - startedAt).toBeLessThan(1450);
  expect(ways()).toEqual(['dispatcher', 'fetch']);
});

function invalidHandler(): Error {
  return Object.assign(new Error('invalid onRequestStart method'), { code: 'UND_ERR_INVALID_ARG' });
}
