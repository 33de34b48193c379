// The dispatcher beneath fetch against fetch itself: whatever a server does, both ways must tell the same.

import type { Socket } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PlatformDispatcher } from '../../src/transport/dispatcher.js';
import { exchange, type FetchLike, type Outcome, type Shortcut } from '../../src/transport/exchange.js';
import { type RawServer, serveRaw } from './raw-server.js';

/** Plays one server's part; `abort` is the caller's. */
type Part = (socket: Socket, abort: () => void) => void;

interface Story {
  part: Part;
  /** Short unless this is to be left to fetch. */
  leftToFetch?: true;
  timeoutMs?: number;
  maxBytes?: number;
  /** What both ways must give, so that they cannot be wrong together. */
  gives: Record<string, unknown>;
}

const body = JSON.stringify({ id: 'task_1', status: 'in_progress', progress: 42 });
const answer = (status: string, headers: string[], content: string | Uint8Array = '') =>
  Buffer.concat([Buffer.from(`HTTP/1.1 ${[status, ...headers].join('\r\n')}\r\n\r\n`, 'latin1'), Buffer.from(content)]);
const plain = (status: string, content: string | Uint8Array = body, headers: string[] = []) =>
  answer(status, ['content-type: application/json', ...headers, `content-length: ${content.length}`], content);
const says =
  (...bytes: (string | Uint8Array)[]) =>
  (socket: Socket) =>
    socket.write(Buffer.concat(bytes.map((one) => Buffer.from(one))));
const hangsUp =
  (...bytes: (string | Uint8Array)[]) =>
  (socket: Socket) =>
    socket.end(Buffer.concat(bytes.map((one) => Buffer.from(one))));

const stories: Record<string, Story> = {
  'JSON of a known length': { part: says(plain('200 OK')), gives: { status: 200, text: body } },
  'JSON in chunks, with a trailer': {
    part: says(
      answer('200 OK', ['transfer-encoding: chunked'], '5\r\n{"a":\r\n3\r\n"b"\r\n1\r\n}\r\n0\r\nx-end: 1\r\n\r\n'),
    ),
    gives: { status: 200, text: '{"a":"b"}' },
  },
  'JSON in pieces on the way': {
    part: (socket) => {
      const bytes = plain('200 OK');
      let at = 0;
      const next = () => {
        if (at >= bytes.length) return;
        socket.write(bytes.subarray(at, at + 20), () => setImmediate(next));
        at += 20;
      };
      next();
    },
    gives: { status: 200, text: body },
  },
  'JSON until the connection ends': { part: hangsUp(answer('200 OK', [], body)), gives: { status: 200, text: body } },
  'HTTP/1.0': { part: hangsUp('HTTP/1.0 200 OK\r\n\r\n', body), gives: { status: 200, text: body } },
  'an empty body': { part: says(plain('200 OK', '')), gives: { status: 200, text: '' } },
  '204': { part: says(answer('204 No Content', [])), gives: { status: 204, text: '' } },
  '205 with a body': { part: says(plain('205 Reset Content')), gives: { status: 205, text: '' } },
  '304': { part: says(answer('304 Not Modified', ['etag: "x"'])), gives: { status: 304, text: '' } },
  'a redirect': {
    part: says(plain('302 Found', body, ['location: /elsewhere'])),
    gives: { status: 302, text: body },
  },
  'a redirect to another host': {
    part: says(plain('307 Temporary Redirect', '', ['location: http://127.0.0.1:1/'])),
    gives: { status: 307 },
  },
  '401 with a challenge': {
    part: says(plain('401 Unauthorized', body, ['www-authenticate: Basic realm="x"'])),
    gives: { status: 401, text: body },
  },
  '404': { part: says(plain('404 Not Found')), gives: { status: 404, text: body } },
  '407': { part: says(plain('407 Proxy Authentication Required')), leftToFetch: true, gives: {} },
  '421': { part: says(plain('421 Misdirected Request')), leftToFetch: true, gives: { status: 421 } },
  '429 without a body': {
    part: says(plain('429 Too Many Requests', '', ['retry-after: 2'])),
    gives: { status: 429, text: '' },
  },
  '500 as HTML': {
    part: says(answer('500 Oops', ['content-type: text/html', 'content-length: 15'], '<html>x</html>\n')),
    gives: { status: 500, text: '<html>x</html>\n' },
  },
  'a status without a name': { part: says(plain('599')), gives: { status: 599, text: body } },
  '100, then the answer': { part: says('HTTP/1.1 100 Continue\r\n\r\n', plain('200 OK')), gives: { by: 'network' } },
  '102 and 103, then the answer': {
    part: says('HTTP/1.1 102 P\r\n\r\n', 'HTTP/1.1 103 E\r\nlink: </x>\r\n\r\n', plain('200 OK')),
    gives: { status: 200, text: body },
  },
  '101': {
    part: says('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n'),
    gives: { by: 'network' },
  },
  'gzip, unasked': {
    part: says(plain('200 OK', gzipSync(body), ['content-encoding: gzip'])),
    leftToFetch: true,
    gives: { status: 200, text: body },
  },
  'deflate, in capitals': {
    part: says(plain('200 OK', deflateSync(body), ['Content-Encoding: DEFLATE'])),
    leftToFetch: true,
    gives: { status: 200, text: body },
  },
  'two codings': {
    part: says(plain('200 OK', brotliCompressSync(gzipSync(body)), ['content-encoding: gzip, br'])),
    leftToFetch: true,
    gives: { status: 200, text: body },
  },
  'a coding that is none': {
    part: says(plain('200 OK', body, ['content-encoding: identity'])),
    gives: { status: 200, text: body },
  },
  'a coding of nothing': {
    part: says(plain('200 OK', '', ['content-encoding: gzip'])),
    gives: { status: 200, text: '' },
  },
  'broken gzip': {
    part: says(plain('200 OK', gzipSync(body).fill(7, 12), ['content-encoding: gzip'])),
    leftToFetch: true,
    gives: { kind: 'lost', by: 'network' },
  },
  'Latin-1 in a header': {
    part: says(plain('200 OK', body, ['x-name: M\xfcller']).subarray()),
    gives: { status: 200, headers: expect.arrayContaining([['x-name', 'M\xfcller']]) },
  },
  'headers of one name, blanks around a value, any case': {
    part: says(plain('200 OK', body, ['X-A: 1', 'x-a:   2  ', 'x-A:', 'Retry-After:\t3'])),
    gives: { status: 200, headers: expect.arrayContaining([['retry-after', '3']]) },
  },
  'several cookies': {
    part: says(plain('200 OK', body, ['set-cookie: a=1; Path=/', 'Set-Cookie: b=2, c'])),
    gives: { status: 200, cookies: ['a=1; Path=/', 'b=2, c'] },
  },
  'UTF-8 with a byte order mark': {
    part: says(plain('200 OK', Buffer.from('\uFEFF{"a":"\u{1F600}"}'))),
    gives: { text: '{"a":"\u{1F600}"}', json: { a: '\u{1F600}' } },
  },
  'bytes that are no text': {
    part: says(plain('200 OK', Uint8Array.of(0xff, 0, 0xc3))),
    gives: { bytes: 'ff00c3', json: undefined },
  },
  'as large as it may be': { part: says(plain('200 OK')), maxBytes: body.length, gives: { text: body } },
  'larger than it may be, told at once': {
    part: says(plain('200 OK', 'x'.repeat(200_000))),
    maxBytes: 1000,
    gives: { kind: 'lost', by: 'network', reason: 'the answer is larger than 1000 bytes' },
  },
  'larger than it may be, without an end': {
    part: (socket) => {
      const more = () => socket.writable && socket.write('x'.repeat(10_000), () => setImmediate(more));
      socket.write(answer('200 OK', []), more);
    },
    maxBytes: 100_000,
    gives: { reason: 'the answer is larger than 100000 bytes' },
  },
  'closed without an answer': { part: hangsUp(), gives: { kind: 'lost', by: 'network', code: 'UND_ERR_SOCKET' } },
  'reset without an answer': {
    part: (socket) => socket.resetAndDestroy(),
    gives: { kind: 'lost', by: 'network', code: 'ECONNRESET' },
  },
  'closed in the headers': { part: hangsUp('HTTP/1.1 200 OK\r\ncontent-'), gives: { kind: 'lost', by: 'network' } },
  'closed in the body': {
    part: hangsUp(answer('200 OK', ['content-length: 100'], '{"id"')),
    gives: { kind: 'lost', by: 'network', code: 'UND_ERR_SOCKET' },
  },
  'closed in a chunk': {
    part: hangsUp(answer('200 OK', ['transfer-encoding: chunked'], '50\r\n{"id"')),
    gives: { kind: 'lost', by: 'network' },
  },
  'reset in the body': {
    part: (socket) =>
      socket.write(answer('200 OK', ['content-length: 100'], '{"id"'), () =>
        setTimeout(() => socket.resetAndDestroy(), 20),
      ),
    gives: { kind: 'lost', by: 'network', code: 'ECONNRESET' },
  },
  'no HTTP': { part: hangsUp('SSH-2.0-OpenSSH_9.6\r\n'), gives: { kind: 'lost', by: 'network' } },
  'headers without an end': {
    part: (socket) => {
      const more = () => socket.writable && socket.write(`x-y: ${'z'.repeat(8000)}\r\n`, more);
      socket.write('HTTP/1.1 200 OK\r\n', more);
    },
    gives: { kind: 'lost', by: 'network', code: 'UND_ERR_HEADERS_OVERFLOW' },
  },
  'no answer': { part: () => {}, timeoutMs: 60, gives: { kind: 'lost', by: 'timeout', code: undefined } },
  'headers that stop': {
    part: says('HTTP/1.1 200 OK\r\ncontent-len'),
    timeoutMs: 60,
    gives: { kind: 'lost', by: 'timeout' },
  },
  'a body that stops': {
    part: says(answer('200 OK', ['content-length: 100'], '{"id"')),
    timeoutMs: 60,
    gives: { kind: 'lost', by: 'timeout', reason: 'no complete answer within 60 ms' },
  },
  'aborted while the answer is awaited': {
    part: (_, abort) => abort(),
    gives: { kind: 'lost', by: 'caller', reason: 'never mind' },
  },
  'aborted in the body': {
    part: (socket, abort) =>
      socket.write(answer('200 OK', ['content-length: 100'], '{"id"'), () => setTimeout(abort, 20)),
    gives: { kind: 'lost', by: 'caller', reason: 'never mind' },
  },
};

const platform: FetchLike = (input, init) => fetch(input, init);

/** Undici keeps the blanks at the end of a value; `Headers`, as the standard says, does not. */
const blankless = (value: string) => value.replace(/[\t ]+(?=,|$)/g, '');

/** What an outcome tells, in a form that can be compared. */
function told(outcome: Outcome, names = ['Content-Type', 'x-a', 'X-Name', 'no-such']): Record<string, unknown> {
  if ('failure' in outcome) {
    const { kind, by, code, reason } = outcome.failure;
    return { kind, by, code, reason };
  }
  // Asked for one by one first: they are then looked up in what came, and not in `headers`.
  const single = names.map((name) => blankless(outcome.answer.header(name) ?? 'none'));
  const { status, headers, bytes, text, json } = outcome.answer;
  return {
    status,
    headers: [...headers].map(([name, value]) => [name, blankless(value)]),
    single,
    cookies: headers.getSetCookie().map((cookie) => cookie.trimEnd()),
    bytes: Buffer.from(bytes).toString('hex'),
    class: Object.getPrototypeOf(bytes) === Uint8Array.prototype,
    text,
    json,
  };
}

/** The shortcut, and whether it gave the answer itself. */
function watched(): { shortcut: Shortcut; wasTaken: () => Promise<boolean> } {
  const dispatcher = new PlatformDispatcher();
  let taken = Promise.resolve(false);
  return {
    shortcut: {
      send(request, maxBytes) {
        const sending = dispatcher.send(request, maxBytes);
        taken = Promise.resolve(sending?.answer).then(
          (given) => given !== undefined,
          () => true,
        );
        // Stopped from outside, a sending may stay without an answer: it was then under way.
        taken = Promise.race([
          taken,
          new Promise<boolean>((resolve) => setTimeout(resolve, 200, sending !== undefined)),
        ]);
        return sending;
      },
    },
    wasTaken: () => taken,
  };
}

const ask = (url: string, at: Partial<Parameters<typeof exchange>[1]> = {}, headers: Record<string, string> = {}) =>
  exchange({ method: 'GET', url, headers }, { fetch: platform, timeoutMs: 5000, ...at });

beforeAll(async () => {
  // The dispatcher is there once fetch was used.
  const server = await serveRaw(says(plain('200 OK')));
  await ask(server.url);
  await server.close();
});

describe('both ways tell the same of', () => {
  for (const [name, { part, leftToFetch, timeoutMs, maxBytes, gives }] of Object.entries(stories)) {
    test(name, async () => {
      let controller = new AbortController();
      const server = await serveRaw((socket) => part(socket, () => controller.abort(new Error('never mind'))));
      const way = async (shortcut: Shortcut | undefined) => {
        controller = new AbortController();
        const outcome = await ask(`${server.url}/v1/videos/task_1`, {
          ...{ shortcut, maxBytes, signal: controller.signal },
          ...(timeoutMs === undefined ? {} : { timeoutMs }),
        });
        return told(outcome);
      };
      const long = await way(undefined);
      const { shortcut, wasTaken } = watched();
      const short = await way(shortcut);
      expect(long).toMatchObject(gives);
      expect(short).toEqual(long);
      expect(await wasTaken()).toBe(leftToFetch === undefined);
      // A broken exchange leaves no socket behind.
      if ('by' in short && leftToFetch === undefined) await server.idle();
      await server.close();
    });
  }

  test.each([
    ['a port that nobody listens at', 'http://127.0.0.1:1/', 'ECONNREFUSED'],
    ['a name whose every address refuses', 'http://localhost:1/', 'ECONNREFUSED'],
    ['a name that nobody knows', 'http://no-such-host.invalid/', undefined],
  ])('%s', async (_, url, code) => {
    const { shortcut } = watched();
    // Port 1 is blocked by the fetch standard: one that was free a moment ago is refused by nobody but the system.
    const server = await serveRaw(() => {});
    const there = url.replace(':1/', `:${new URL(server.url).port}/`);
    await server.close();
    const long = told(await ask(there));
    expect(told(await ask(there, { shortcut }))).toEqual(long);
    expect(long).toMatchObject({ kind: 'not-sent', by: 'network', ...(code === undefined ? {} : { code }) });
  });

  test('a server that speaks no TLS', async () => {
    const server = await serveRaw(() => {});
    const url = server.url.replace('http:', 'https:');
    const hello = server.sockets;
    const timer = setInterval(() => {
      for (const socket of hello) socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    }, 5);
    const long = told(await ask(url));
    expect(told(await ask(url, { shortcut: new PlatformDispatcher() }))).toEqual(long);
    expect(long).toMatchObject({ by: 'network', code: 'ERR_SSL_WRONG_VERSION_NUMBER' });
    clearInterval(timer);
    await server.close();
  });

  test('a signal that has fired before: nothing is sent', async () => {
    const server = await serveRaw(says(plain('200 OK')));
    const signal = AbortSignal.abort(new Error('never mind'));
    const long = told(await ask(server.url, { signal }));
    expect(told(await ask(server.url, { signal, shortcut: new PlatformDispatcher() }))).toEqual(long);
    expect(long).toMatchObject({ kind: 'not-sent', by: 'caller' });
    expect([server.requests.length, server.sockets.size]).toEqual([0, 0]);
    await server.close();
  });

  test('a signal that fires before the connection is made: nothing is sent', async () => {
    const server = await serveRaw(says(plain('200 OK')));
    for (const shortcut of [undefined, new PlatformDispatcher()]) {
      const controller = new AbortController();
      const asked = ask(server.url, { signal: controller.signal, shortcut });
      controller.abort(new Error('never mind'));
      expect(told(await asked)).toMatchObject({ by: 'caller', reason: 'never mind' });
    }
    await ask(server.url, { shortcut: new PlatformDispatcher() }, { 'x-last': '1' });
    expect(server.requests.map(({ headers }) => headers['x-last'])).toEqual(['1']);
    await server.close();
  });
});

describe('the same is sent', () => {
  let server: RawServer;
  beforeAll(async () => {
    server = await serveRaw(says(plain('200 OK')));
  });
  afterAll(() => server.close());

  const sentBothWays = async (path: string, headers: Record<string, string>) => {
    server.requests.length = 0;
    await ask(server.url + path, {}, headers);
    await ask(server.url + path, { shortcut: new PlatformDispatcher() }, headers);
    return server.requests;
  };

  test('headers, but for the coding that is asked for', async () => {
    const [long, short] = await sentBothWays('/v1/videos/task_1', {
      accept: 'application/json',
      authorization: 'Bearer sk-1',
    });
    expect(long?.headers).toMatchObject({
      accept: 'application/json',
      authorization: 'Bearer sk-1',
      pragma: 'no-cache',
    });
    expect({ ...short?.headers, 'accept-encoding': long?.headers['accept-encoding'] }).toEqual(long?.headers);
    expect(short?.headers['accept-encoding']).toBe('identity');
  });

  test('without any header of our own, and with all of them', async () => {
    const all = { Accept: 'a/b', 'Accept-Language': 'de', 'user-agent': 'me', pragma: 'x', 'cache-control': 'y' };
    for (const headers of [
      {},
      { ...all, 'accept-encoding': 'gzip', 'Sec-Fetch-Mode': 'z', 'x-latin': ' M\xfcller ' },
    ]) {
      const [long, short] = await sentBothWays('/', headers);
      expect({ ...short?.headers, 'accept-encoding': '' }).toEqual({ ...long?.headers, 'accept-encoding': '' });
    }
    expect(server.requests[1]?.headers['accept-encoding']).toBe('gzip');
  });

  test.each([
    '',
    '/',
    '?',
    '/a b',
    '/ü/€',
    '/a/../b/./c',
    '/%2e%2e/x',
    '/x#y',
    '/x?y=ü z&a=%zz#q',
    '//x',
    '/a\\b',
    '/%',
  ])('the target %s', async (path) => {
    const [long, short] = await sentBothWays(path, {});
    // A lone question mark at the end says nothing; of the two Node versions one sends it.
    expect(short?.line.replace('? ', ' ')).toBe(long?.line.replace('? ', ' '));
  });

  test('what fetch refuses to send is not sent', async () => {
    server.requests.length = 0;
    const { host } = new URL(server.url);
    const cases: [string, Record<string, string>][] = [
      [`http://user:pass@${host}/`, {}],
      [`http://user@${host}/`, {}],
      [`${server.url}/`, { 'x-y': 'a\r\nb' }],
      [`${server.url}/`, { 'x y': 'a' }],
      [`${server.url}/`, { 'x-y': '€' }],
      ['no address', {}],
      [`ftp://${host}/`, {}],
    ];
    for (const [url, headers] of cases) {
      const long = told(await ask(url, {}, headers));
      expect(long).toHaveProperty('kind');
      expect(told(await ask(url, { shortcut: new PlatformDispatcher() }, headers))).toEqual(long);
    }
    expect(server.requests).toEqual([]);
  });
});

test('any status, headers and body, in any pieces', async () => {
  const token = fc.stringMatching(/^[A-Za-z][A-Za-z0-9!#$%&'*+.^_`|~-]{0,12}$/);
  const value = fc.stringMatching(/^[\t\x20-\x7e\x80-\xff]{0,30}$/);
  const framing = /^(content-length|content-encoding|transfer-encoding|connection|keep-alive|upgrade|trailer)$/i;
  const header = fc.tuple(
    fc
      .oneof(token, fc.constantFrom('set-cookie', 'Set-Cookie', 'x-a', 'retry-after'))
      .filter((name) => !framing.test(name)),
    value,
  );
  let parts: Uint8Array[] = [];
  const server = await serveRaw((socket) => {
    // Its own: the end of one answer is noticed when the next one's parts stand there already.
    const mine = parts;
    let at = 0;
    const next = () => {
      const part = mine[at++];
      if (part !== undefined) socket.write(part, () => setImmediate(next));
    };
    next();
  });
  const shortcut = new PlatformDispatcher();
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 200, max: 599 }).filter((status) => ![204, 304, 407, 421].includes(status)),
      fc.array(header, { maxLength: 6 }),
      fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 4 }),
      fc.boolean(),
      fc.option(fc.integer({ min: 0, max: 400 }), { nil: undefined }),
      async (status, headers, pieces, isChunked, maxBytes) => {
        const lines = headers.map(([name, text]) => `${name}: ${text}`);
        const bodies = isChunked
          ? [...pieces.filter(({ length }) => length > 0), new Uint8Array()].map((piece) =>
              Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]),
            )
          : pieces;
        const size = pieces.reduce((sum, { length }) => sum + length, 0);
        parts = [
          answer(`${status} X`, [...lines, isChunked ? 'transfer-encoding: chunked' : `content-length: ${size}`]),
          ...bodies,
        ];
        const names = headers.map(([name]) => name);
        const long = told(await ask(server.url, { maxBytes }), names);
        expect(told(await ask(server.url, { maxBytes, shortcut }), names)).toEqual(long);
      },
    ),
    { numRuns: 150 },
  );
  expect(server.requests.filter(({ headers }) => headers['accept-encoding'] === 'identity').length).toBe(
    server.requests.length / 2,
  );
  await server.close();
});
