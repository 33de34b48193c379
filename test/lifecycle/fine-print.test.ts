// The fine print of the contract, each line of it asked of a real server: what a mutation of the code would change.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ClientOptions, ImaRouterError, type JournalRecord, MemoryJournal } from '../../src/index.js';
import { clientFor } from '../support/client.js';
import { json, serve, type TestServer } from '../support/server.js';

const request = { model: 'gemini-2.5-flash-image', prompt: 'x' } as const;
const png = await readFile(new URL('../../src/mock/media/picture.png', import.meta.url));
const done = { status: 'succeeded', url: 'https://c.example/a.png' };

let servers: TestServer[] = [];
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ima-router-'));
});
afterEach(async () => {
  for (const server of servers) await server.close();
  servers = [];
  await rm(folder, { recursive: true, force: true });
});

/** A gateway that takes every submit as `t1` and answers the polls one after the other, the last one for ever. */
async function gateway(polls: unknown[], options: ClientOptions = {}) {
  let asked = 0;
  const server = await serve((seen, response) => {
    if (seen.method === 'POST') return json(response, { id: 't1' });
    const answer = polls[Math.min(asked++, polls.length - 1)];
    if (typeof answer === 'function') answer(response, server);
    else json(response, answer);
  });
  servers.push(server);
  return { server, ...clientFor(server.url, options) };
}

describe('submit', () => {
  test('a given trace id is sent, journalled and told', async () => {
    const { server, ima } = await gateway([done]);
    const task = await ima.submit(request, { traceId: 'my-trace-1' });
    expect(server.requests[0]?.headers).toMatchObject({
      'x-trace-id': 'my-trace-1',
      accept: 'application/json',
      'content-type': 'application/json',
    });
    expect(task.traceId).toBe('my-trace-1');
    expect(await ima.journal.list()).toMatchObject([{ traceId: 'my-trace-1', taskId: 't1' }]);
    await task.result();
    expect(server.requests[1]?.headers['x-trace-id']).toBeUndefined();
  });

  test('the id, and an unknown ending, are durable before the caller hears of them', async () => {
    class Slow extends MemoryJournal {
      override async put(record: JournalRecord): Promise<void> {
        await new Promise((resolve) => setTimeout(resolve, 30));
        await super.put(record);
      }
    }
    const { ima } = await gateway([done], { journal: new Slow() });
    await ima.submit(request);
    expect(await ima.journal.list({ state: 'submitted' })).toHaveLength(1);
    const broken = await serve((_, response) => response.destroy());
    servers.push(broken);
    const lost = clientFor(broken.url, { journal: new Slow() }).ima;
    await lost.submit(request).catch(() => {});
    expect(await lost.journal.list({ state: 'unknown' })).toHaveLength(1);
  });

  test('a journal that cannot forget a refused intent is a warning, and the refusal is told', async () => {
    class Sticky extends MemoryJournal {
      override delete(): Promise<void> {
        return Promise.reject(new Error('read-only'));
      }
    }
    const server = await serve((_, response) =>
      json(response, { code: 'invalid_request', message: 'no', data: null }, 400),
    );
    servers.push(server);
    const { ima, warnings } = clientFor(server.url, { journal: new Sticky() });
    await expect(ima.submit(request)).rejects.toMatchObject({ code: 'request_refused' });
    expect(warnings.map(({ code }) => code)).toEqual(['journal_write_failed']);
  });

  test('an abort during a backoff acts at once, and nothing was bought', async () => {
    const server = await serve((_, response) => json(response, { code: 'x', message: 'busy', data: null }, 503));
    servers.push(server);
    const { ima } = clientFor(server.url, { retry: { baseMs: 60_000 } });
    const controller = new AbortController();
    const submitted = ima.submit(request, { signal: controller.signal });
    while (server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    setTimeout(() => controller.abort(), 20);
    await expect(submitted).rejects.toMatchObject({ name: 'AbortError', mayBeBilled: false });
    expect(server.requests).toHaveLength(1);
  });

  test('402 is the balance, also without a code', async () => {
    const server = await serve((_, response) => response.writeHead(402).end());
    servers.push(server);
    await expect(clientFor(server.url).ima.submit(request)).rejects.toMatchObject({ code: 'insufficient_balance' });
  });

  test('303 is the one redirect after which a POST may have been processed', async () => {
    const server = await serve((_, response) => response.writeHead(303, { location: '/x' }).end());
    servers.push(server);
    await expect(clientFor(server.url).ima.submit(request)).rejects.toMatchObject({
      code: 'unexpected_redirect',
      mayBeBilled: true,
    });
  });

  test('a proxy’s page is quoted without the key', async () => {
    const server = await serve((seen, response) =>
      response.writeHead(502).end(`<html>${seen.headers.authorization} ${'x'.repeat(150)}`),
    );
    servers.push(server);
    const lines: string[] = [];
    const log = (_: string, fields?: object) => lines.push(JSON.stringify(fields));
    const { ima } = clientFor(server.url, {
      apiKey: 'plainsecret',
      logger: { debug: log, info: log, warn: log, error: log },
    });
    const error = await ima.submit(request).catch((e: unknown) => e);
    expect(String(error)).not.toContain('plainsecret');
    await ima
      .task('plainsecret', { model: 'sonic' })
      .refresh()
      .catch(() => {});
    expect(lines.join()).not.toContain('plainsecret');
  });
});

describe('wait', () => {
  test.each([
    ['cancel', 'TaskCancelledError'],
    ['Cancelled', 'TaskCancelledError'],
    ['CANCELED', 'TaskCancelledError'],
    ['FAILURE', 'TaskFailedError'],
    ['error', 'TaskFailedError'],
  ])('%s is an end', async (status, name) => {
    const { ima } = await gateway([{ status }]);
    await expect(ima.generate(request)).rejects.toMatchObject({ name, mayBeBilled: true });
    const state = name === 'TaskCancelledError' ? 'cancelled' : 'failed';
    expect(await ima.journal.list()).toMatchObject([{ state }]);
  });

  test.each(['completed', 'SUCCESS', 'succeeded', 'Done'])('%s is success', async (status) => {
    const { ima } = await gateway([{ ...done, status }]);
    expect((await ima.generate(request)).status).toBe('succeeded');
  });

  test('a task that waits for its caller ends the wait, at the deadline too', async () => {
    const { ima, server } = await gateway([{ status: 'MODAL' }]);
    const task = ima.task('m1', { model: 'mj_imagine' });
    await expect(task.result()).rejects.toMatchObject({ name: 'TaskNeedsInputError', code: 'task_needs_input' });
    expect(server.requests).toHaveLength(1);
    await expect(ima.task('m1', { model: 'mj_imagine' }).result({ timeoutMs: 0 })).rejects.toMatchObject({
      code: 'task_needs_input',
    });
    expect(task.state.needs).toBe('modal');
  });

  test('a wait for a modal that was answered goes on', async () => {
    const { ima } = await gateway([{ status: 'MODAL' }, { status: 'IN_PROGRESS' }, done]);
    const task = ima.task('m1', { model: 'mj_imagine' });
    await task.refresh();
    await task.refresh();
    expect(task.state.needs).toBeUndefined();
    expect((await task.result()).status).toBe('succeeded');
  });

  test('success that is seen on the very last poll counts', async () => {
    const { ima, server } = await gateway([done], { poll: { minMs: 60_000, maxMs: 60_000 } });
    expect((await ima.generate(request, { timeoutMs: 30 })).status).toBe('succeeded');
    expect(server.requests).toHaveLength(2);
  });

  test('a word that nobody knows is running, with one warning', async () => {
    const { ima, warnings } = await gateway([{ status: 'warming' }, { status: 'warming' }, { status: 'queued' }, done]);
    const seen: string[] = [];
    await ima.generate(request, { onUpdate: (state) => seen.push(`${state.status}/${state.rawStatus}`) });
    expect(warnings.map(({ code }) => code)).toEqual(['unknown_status']);
    expect(seen).toContain('running/warming');
    expect(seen).toContain('running/queued');
  });

  test('success whose result lags is waited for, ten polls long', async () => {
    const late = Array.from({ length: 10 }, () => ({ status: 'completed' }));
    expect((await (await gateway([...late, done])).ima.generate(request)).status).toBe('succeeded');
    const never = await gateway([{ status: 'completed' }]);
    await expect(never.ima.generate(request)).rejects.toMatchObject({
      code: 'succeeded_without_output',
      mayBeBilled: true,
    });
    expect(never.server.requests).toHaveLength(1 + 11);
  });

  test('each turn is one exchange, the id is encoded, trouble is the cause of a timeout', async () => {
    const { ima, server } = await gateway([
      (response: ServerResponse) => json(response, { code: 'x', message: 'down' }, 503),
    ]);
    const task = ima.task({ ...ima.task('x', { model: 'sonic' }).toJSON(), id: 'a/b ü=' });
    const error = await task.result({ timeoutMs: 0 }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'wait_timeout', cause: { code: 'server_error' } });
    expect(server.requests.map(({ url }) => url)).toEqual(['/v1/music/generations/a%2Fb%20%C3%BC%3D']);
  });

  test('403 stops at once', async () => {
    const { ima, server } = await gateway([
      (response: ServerResponse) => json(response, { error: { message: 'ip not allowed', type: 'x' } }, 403),
    ]);
    await expect(ima.generate(request)).rejects.toMatchObject({ code: 'permission_denied' });
    expect(server.requests).toHaveLength(2);
  });

  test('a poll path that is none', async () => {
    const { ima } = await gateway([done]);
    expect(() => ima.task('x', { pollPath: '/v1/nothing' })).toThrow('is not a path that tasks are polled at');
  });
});

describe('download', () => {
  /** A finished task whose result is wherever `url` says; the gateway itself answers GETs of `/content` with `media`. */
  async function finished(
    url: (base: string) => string,
    media: (response: ServerResponse) => void,
    options: ClientOptions = {},
  ) {
    const server = await serve((seen, response) => {
      if (seen.url.endsWith('/content')) return media(response);
      json(response, { status: 'completed', results: [{ url: url(server.url) }] });
    });
    servers.push(server);
    const { ima } = clientFor(server.url, options);
    return { server, result: await ima.task('t1', { model: 'gemini-2.5-flash-image' }).result() };
  }

  test('a result on the gateway’s own origin needs the key, and gets it; a foreign one never does', async () => {
    const foreign = await serve((_, response) => response.end(png));
    servers.push(foreign);
    const { server, result } = await finished(
      (base) => `${base}/v1/videos/t1/content`,
      (response) => response.writeHead(302, { location: `${foreign.url}/b.png` }).end(),
    );
    await result.download(`${folder}/`);
    expect(server.requests.at(-1)?.headers.authorization).toMatch(/^Bearer /);
    expect(foreign.requests[0]?.headers.authorization).toBeUndefined();
  });

  test('inline bytes', async () => {
    const server = await serve((_, response) =>
      json(response, { status: 'succeeded', result: { data: [{ b64_json: png.toString('base64') }] } }),
    );
    servers.push(server);
    const result = await clientFor(server.url).ima.task('t1', { model: 'gpt-image-2' }).result();
    expect(result.outputs[0]?.url).toMatch(/^data:image\/png;base64,/);
    expect(Buffer.from((await result.outputs[0]?.arrayBuffer()) ?? new ArrayBuffer(0))).toEqual(png);
    expect((await result.download(`${folder}/`))[0]?.bytes).toBe(png.length);
  });

  test('an encoded body, whose length counts other bytes', async () => {
    const packed = gzipSync(png);
    const { result } = await finished(
      (base) => `${base}/v1/videos/t1/content`,
      (response) =>
        response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': packed.length }).end(packed),
    );
    expect((await result.download(`${folder}/`))[0]?.bytes).toBe(png.length);
  });

  test('a length that lies', async () => {
    const { result } = await finished(
      (base) => `${base}/v1/videos/t1/content`,
      (response) => response.end(),
      {
        fetch: async (input, init) =>
          input.endsWith('/content')
            ? new Response(png, { headers: { 'content-length': String(png.length + 1) } })
            : fetch(input, init),
      },
    );
    await expect(result.download(`${folder}/`)).rejects.toMatchObject({ code: 'truncated', retryable: true });
  });

  test('a slow server is not a silent one', async () => {
    const { result } = await finished(
      (base) => `${base}/v1/videos/t1/content`,
      (response) => {
        const parts = Array.from({ length: 6 }, (_, i) =>
          png.subarray((i * png.length) / 6, ((i + 1) * png.length) / 6),
        );
        const next = () => {
          const part = parts.shift();
          if (part === undefined) response.end();
          else response.write(part, () => setTimeout(next, 40));
        };
        next();
      },
    );
    expect((await result.download(`${folder}/`, { idleTimeoutMs: 150 }))[0]?.bytes).toBe(png.length);
  });
});

describe('the raw client', () => {
  test('a base URL with a prefix, a trace id, a packed answer, a signal', async () => {
    const body = gzipSync(JSON.stringify({ id: 't', task_id: 't' }));
    const server = await serve((_, response) =>
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(body),
    );
    servers.push(server);
    const { ima } = clientFor(`${server.url}/gate/v1/`);
    const { data } = await ima.api.POST('/v1/images/generations', { body: request });
    expect(data?.task_id).toBe('t');
    expect(server.requests[0]?.url).toBe('/gate/v1/images/generations');
    expect(server.requests[0]?.headers['x-trace-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(JSON.parse(server.requests[0]?.body ?? '')).toEqual(request);
    const aborted = ima.api.GET('/v1/videos/{task_id}', {
      params: { path: { task_id: 't' } },
      signal: AbortSignal.abort(),
    });
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
    expect(server.requests).toHaveLength(1);
  });
});

test('an error of another copy of the package is known as one', () => {
  const foreign = Object.assign(new Error('x'), { [Symbol.for('ima-router.error')]: true });
  expect(ImaRouterError.is(foreign)).toBe(true);
  expect(foreign instanceof ImaRouterError).toBe(false);
  for (const other of [null, undefined, 'x', {}, new Error('x')]) expect(ImaRouterError.is(other)).toBe(false);
});

test('schemas that cannot be loaded are told, and asked for again', async () => {
  const { Catalog, Validator } = await import('../../src/catalog/index.js');
  const { catalog } = await import('../../generated/ima-router/catalog.js');
  const [, endpoint] = new Catalog(catalog, { ids: {}, words: {} }).find(request.model, undefined);
  let loads = 0;
  const validator = new Validator({
    schemas: async () => {
      if (++loads === 1) throw new Error('chunk missing');
      return import('../../generated/ima-router/schemas.js');
    },
    media: async () => ({ mediaFields: {} }),
    rules: async () => ({ rules: [] }),
  });
  const candidate = { model: request.model, endpoint, body: request };
  await expect(validator.issues(candidate, 'full')).rejects.toMatchObject({
    code: 'schemas_unavailable',
    mayBeBilled: false,
  });
  expect(await validator.issues(candidate, 'full')).toEqual([]);
  expect(loads).toBe(2);
});
