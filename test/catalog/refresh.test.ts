// The live model index: what it adds is usable at once, what it drops is refused, and what is no index changes nothing.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import {
  ConfigError,
  ConnectionError,
  ImaRouter,
  InvalidResponseError,
  liveModel,
  UnknownModelError,
  WaitAbortedError,
} from '../../src/index.js';
import { catalog } from '../../src/models.js';
import { clientFor } from '../support/client.js';

/** A gateway that takes everything, and the index that a test gives it. */
let server: Server;
let url = '';
let answer: (etagSent: string | undefined) => { status?: number; headers?: Record<string, string>; body?: string };
let seen: {
  method: string;
  path: string;
  authorization: string | undefined;
  etag: string | undefined;
  body: string;
}[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      const { authorization, 'if-none-match': etag } = request.headers;
      const path = request.url ?? '';
      seen.push({ method: request.method ?? '', path, authorization, etag, body });
      if (path.startsWith('/model-index.json')) {
        const { status = 200, headers = {}, body: text = '' } = answer(etag);
        response.writeHead(status, { 'content-type': 'application/json', ...headers });
        response.end(text);
        return;
      }
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ id: 'task_1', status: 'queued' }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  seen = [];
  answer = () => ({ body: JSON.stringify(index()) });
});

interface Entry {
  modelId: string;
  [field: string]: unknown;
}
const entryOf = (id: string): Entry => ({
  modelId: id,
  endpoints: (catalog.models.find((model) => model.id === id)?.endpoints ?? []).map(({ method, path, pollPath }) => ({
    method,
    path,
    pollEndpoint: pollPath,
  })),
});
const index = (...more: Entry[]) => ({
  version: '9.9.9',
  models: [...catalog.models.map(({ id }) => entryOf(id)), ...more],
});
const NEW: Entry = {
  modelId: 'kling-v9-video',
  endpoints: [{ method: 'POST', path: '/v1/videos' }],
  pollEndpoint: { method: 'GET', path: '/v1/videos/{task_id}' },
};

const client = () => clientFor(url).ima;

describe('a good index', () => {
  test('a model that appears is usable at once, without a release', async () => {
    const ima = client();
    const request = { model: liveModel('kling-v9-video'), prompt: 'x', anything: { goes: [1] } };
    await expect(ima.submit(request)).rejects.toBeInstanceOf(UnknownModelError);
    answer = () => ({ body: JSON.stringify(index(NEW)) });
    expect(await ima.models.refresh()).toEqual({
      changed: true,
      version: '9.9.9',
      models: catalog.models.length + 1,
      added: ['kling-v9-video'],
      removed: [],
    });
    expect(ima.models.get('kling-v9-video')).toEqual({
      id: 'kling-v9-video',
      evidence: 'index',
      modality: 'video',
      endpoints: [{ method: 'POST', path: '/v1/videos', pollPath: '/v1/videos/{task_id}', schema: null }],
    });
    const task = await ima.submit(request);
    expect(task.toJSON()).toMatchObject({
      model: 'kling-v9-video',
      pollPath: '/v1/videos/{task_id}',
      modality: 'video',
    });
    expect(seen.at(-1)).toMatchObject({ method: 'POST', path: '/v1/videos', body: JSON.stringify(request) });
  });

  test('the index gets no key, and what is known of a model stays known', async () => {
    const ima = client();
    answer = () => ({ body: JSON.stringify(index(NEW)) });
    const before = ima.models.list();
    await ima.models.refresh();
    expect(seen).toHaveLength(1);
    expect(seen[0]?.authorization).toBeUndefined();
    // Endpoints, facts and schemas are those of the document: validation goes on as before.
    expect(ima.models.list().slice(0, -1)).toEqual(before);
    await expect(ima.validate({ model: 'kling-v3-video', duration: 99 })).rejects.toMatchObject({
      code: 'invalid_request',
    });
  });

  test('a model that vanished is refused; a task of it is still read', async () => {
    const ima = client();
    const left = index();
    left.models = left.models.filter(({ modelId }) => modelId !== 'sonic');
    answer = () => ({ body: JSON.stringify(left) });
    expect((await ima.models.refresh()).removed).toEqual(['sonic']);
    const error = await ima.submit({ model: 'sonic', prompt: 'x' }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(UnknownModelError);
    expect(error).toMatchObject({
      code: 'unknown_model',
      message: expect.stringMatching(
        /^The model "sonic" is gone from the live index of ima-router \(9\.9\.9\): nothing was sent/,
      ),
    });
    expect(ima.models.get('sonic')).toBeUndefined();
    expect(ima.task('task_1', { model: 'sonic' }).toJSON().pollPath).toBe('/v1/music/generations/{task_id}');
    expect(ima.task('task_1', { pollPath: '/v1/music/generations/{task_id}' }).toJSON().modality).toBe('music');
    expect(seen.filter(({ method }) => method === 'POST')).toEqual([]);
    // And when it is back, it is back.
    answer = () => ({ body: JSON.stringify(index()) });
    expect((await ima.models.refresh()).added).toEqual(['sonic']);
    expect(ima.models.route('sonic').path).toBe('/v1/music/generations');
  });

  test('an endpoint that vanished is not routed to, one that is new is', async () => {
    const ima = client();
    const moved = {
      modelId: 'seedance-2.0',
      endpoints: ['POST /v1/videos', { method: 'post', path: '/v2/videos', pollEndpoint: '/v2/videos/{taskId}' }],
    };
    answer = () => ({ body: JSON.stringify([moved]) });
    await ima.models.refresh();
    expect(ima.models.list().map(({ id }) => id)).toEqual(['seedance-2.0']);
    expect(ima.models.route('seedance-2.0')).toMatchObject({ path: '/v1/videos', pollPath: '/v1/videos/{task_id}' });
    expect(ima.models.route('seedance-2.0', { endpoint: '/v2/videos' }).pollPath).toBe('/v2/videos/{task_id}');
    expect(() => ima.models.route('seedance-2.0', { endpoint: '/api/v1/contents/generations/tasks' })).toThrow(
      'not served at',
    );
  });

  test('the ETag goes back; 304 keeps what there is', async () => {
    const ima = client();
    const text = JSON.stringify(index(NEW));
    answer = (etag) => (etag === '"v1"' ? { status: 304 } : { headers: { etag: '"v1"' }, body: text });
    expect((await ima.models.refresh()).changed).toBe(true);
    expect(await ima.models.refresh()).toMatchObject({ changed: false, added: [], removed: [] });
    expect(seen.map(({ etag }) => etag)).toEqual([undefined, '"v1"']);
    expect(ima.models.get('kling-v9-video')).toBeDefined();
    // Another client knows nothing of it.
    expect(client().models.get('kling-v9-video')).toBeUndefined();
  });

  test('of two refreshes the later question counts, whichever answer comes first', async () => {
    const held: (() => void)[] = [];
    const bodies = [JSON.stringify([NEW]), JSON.stringify([entryOf('sonic')])];
    const ima = new ImaRouter({
      apiKey: 'sk-test-0123456789',
      baseUrl: url,
      fetch: () =>
        new Promise((resolve) => {
          const body = bodies[held.length] ?? '';
          held.push(() => resolve(new Response(body, { headers: { 'content-type': 'application/json' } })));
        }),
    });
    const [first, second] = [ima.models.refresh(), ima.models.refresh()];
    held[1]?.();
    expect((await second).models).toBe(1);
    held[0]?.();
    expect(await first).toMatchObject({ changed: false, models: 1 });
    expect(ima.models.list().map(({ id }) => id)).toEqual(['sonic']);
  });

  test.each<[string, unknown]>([
    ['as the vendor spells it', { models: [NEW] }],
    ['by id', { models: { 'kling-v9-video': { endpoints: ['/v1/videos'], poll_endpoint: 'GET /v1/videos/{id}' } } }],
    ['a bare list', [{ id: 'kling-v9-video', endpoints: ['POST /v1/videos'], pollEndpoint: '/v1/videos/:task_id' }]],
    [
      'under `data`',
      { data: [{ model_id: 'kling-v9-video', endpoint: '/v1/videos', pollEndpoint: '/v1/videos/{task_id}' }] },
    ],
    ['with an alias page', { models: [{ ...NEW, endpoints: [{ method: 'POST', path: '/v1/videos#kling-v9' }] }] }],
    ['under its own origin', { models: [{ ...NEW, endpoints: ['POST https://api.imarouter.com/v1/videos'] }] }],
    [
      'without the poll, which the document knows',
      { models: [{ modelId: 'kling-v9-video', endpoints: ['POST /v1/videos'] }] },
    ],
    [
      'with what we do not read, in any form',
      { models: [{ ...NEW, modality: null, tags: [1], price: { usd: 1 } }], total: 1 },
    ],
    ['flat', { items: [{ id: 'kling-v9-video', method: 'POST', path: '/v1/videos/', poll: '/v1/videos/<id>' }] }],
    [
      'by id, beside a version',
      { version: '2', meta: { count: 1 }, 'kling-v9-video': [{ verb: 'post', uri: '/v1/videos' }] },
    ],
    ['nested', { data: { models: [{ ...NEW, endpoints: [{ path: 'POST /v1/videos' }] }] } }],
    [
      'beside models that we cannot route',
      {
        models: [
          NEW,
          { id: 'Other (beta)', endpoints: ['/v1beta/models/{model}:generate', 'GET /v1/x/{asset_id}'] },
          { id: 'b', endpoints: null },
        ],
      },
    ],
    ['with the poll listed too', { models: [{ ...NEW, endpoints: ['POST /v1/videos', 'GET /v1/videos/{task_id}'] }] }],
  ])('%s', async (_, body) => {
    const ima = client();
    answer = () => ({ body: JSON.stringify(body) });
    await ima.models.refresh();
    expect(ima.models.route('kling-v9-video')).toEqual({
      model: 'kling-v9-video',
      method: 'POST',
      path: '/v1/videos',
      pollPath: '/v1/videos/{task_id}',
      modality: 'video',
      async: true,
    });
  });

  test('a model in two entries: each poll path stays with its own endpoints', async () => {
    const ima = client();
    const entry = (path: string, pollEndpoint: string | null) => ({ modelId: 'm', endpoints: [path], pollEndpoint });
    for (const entries of [
      [entry('/v9/a', '/v9/a/{task_id}'), entry('/v9/b', '/v9/b/{task_id}'), entry('/v9/c', null)],
      [entry('/v9/c', null), entry('/v9/b', '/v9/b/{task_id}'), entry('/v9/a', '/v9/a/{task_id}')],
    ]) {
      answer = () => ({ body: JSON.stringify(entries) });
      await ima.models.refresh();
      const polls = ['/v9/a', '/v9/b', '/v9/c'].map((endpoint) => ima.models.route('m', { endpoint }).pollPath);
      expect(polls).toEqual(['/v9/a/{task_id}', '/v9/b/{task_id}', null]);
    }
  });

  test('a task of a model that came and went is still addressed', async () => {
    const ima = client();
    const fleeting = { modelId: 'fleeting', endpoints: ['/v9/x'], pollEndpoint: '/v9/x/{task_id}/state' };
    answer = () => ({ body: JSON.stringify([fleeting]) });
    await ima.models.refresh();
    answer = () => ({ body: JSON.stringify(index()) });
    await ima.models.refresh();
    expect(() => ima.models.route('fleeting')).toThrow(UnknownModelError);
    expect(ima.task('task_1', { model: 'fleeting' }).toJSON().pollPath).toBe('/v9/x/{task_id}/state');
    // And in another process, which has never heard of it.
    expect(client().task('task_1', { pollPath: '/v9/x/{task_id}/state' }).toJSON()).toMatchObject({
      modality: 'other',
    });
    for (const pollPath of [
      '/v9/x',
      '//evil.example/{task_id}',
      'https://evil.example/{task_id}',
      '/a/../{task_id}',
      '/{task_id}/{task_id}',
    ]) {
      expect(() => client().task('task_1', { pollPath })).toThrow(ConfigError);
    }
  });

  test('the bundled mock publishes one', async () => {
    const { ima } = clientFor(inject('mockUrl'));
    expect(await ima.models.refresh()).toMatchObject({ version: catalog.specVersion, added: [], removed: [] });
    expect((await ima.models.refresh()).changed).toBe(false);
    const image = await ima.generate({ model: 'gemini-2.5-flash-image', prompt: 'x' });
    expect(image.status).toBe('succeeded');
  });
});

const hostile: [string, string][] = [
  ['nothing', ''],
  ['no JSON', '<html>503</html>'],
  ['JSON of another kind', '"hello"'],
  ['null', 'null'],
  ['no models', '{"models":[]}'],
  ['an error envelope', '{"error":{"message":"no"}}'],
  ['cut off', JSON.stringify(index()).slice(0, -20)],
  ['an entry that is no object', JSON.stringify(index({ ...NEW }, 'x' as unknown as Entry))],
  ['an id that is a number', JSON.stringify(index({ ...NEW, modelId: 7 as unknown as string }))],
  ['an id that is empty', JSON.stringify(index({ ...NEW, modelId: '' }))],
  ['an id with a line break', JSON.stringify(index({ ...NEW, modelId: 'a\nb' }))],
  ['names alone', JSON.stringify({ data: [{ id: 'kling-v9-video', object: 'model' }] })],
  [
    'one model a thousand times',
    JSON.stringify(Array.from({ length: 1000 }, (_, at) => ({ id: 'm', endpoints: [`/v1/x${at}`] }))),
  ],
  ['endpoints of another type', JSON.stringify(index({ ...NEW, endpoints: 7 }))],
  ['an endpoint without a path', JSON.stringify(index({ ...NEW, endpoints: [{ method: 'POST' }] }))],
  ['a method that is none', JSON.stringify(index({ ...NEW, endpoints: [{ method: 'STEAL', path: '/v1/videos' }] }))],
  ['a poll endpoint without the id', JSON.stringify(index({ ...NEW, pollEndpoint: '/v1/videos' }))],
  ['a poll endpoint that is a number', JSON.stringify(index({ ...NEW, pollEndpoint: 7 }))],
  ['`__proto__` as a key', `{"__proto__":{"models":[]},"models":${JSON.stringify([NEW])}}`],
  [
    '`__proto__` as an escaped key, deep inside',
    `{"models":[${JSON.stringify(NEW).slice(0, -1)},"x":{"\\u005f_proto__":{"y":1}}}]}`,
  ],
  ['`__proto__` as an id', '{"models":[{"modelId":"__proto__","endpoints":["/v1/videos"]}]}'],
  ...[
    'https://evil.example/v1/videos',
    'http://api.imarouter.com/v1/videos',
    'https://api.imarouter.com.evil.example/v1/videos',
    'https://api.imarouter.com@evil.example/v1/videos',
    '//evil.example/v1/videos',
    '/\\evil.example',
    '/v1/../../etc',
    '/v1/%2e%2e/videos',
    '/v1/videos?to=evil',
    '/v1/vid eos',
    '@evil.example/v1',
    'javascript:alert(1)',
    '',
  ].flatMap((path): [string, string][] => [
    [`the path ${JSON.stringify(path)}`, JSON.stringify(index({ ...NEW, endpoints: [{ method: 'POST', path }] }))],
    [
      `the poll path ${JSON.stringify(path)}`,
      JSON.stringify(index({ ...NEW, pollEndpoint: `${path || '?'}/{task_id}` })),
    ],
  ]),
];

describe('what is no index is refused whole', () => {
  test.each(hostile)('%s', async (_, body) => {
    const ima = client();
    const before = ima.models.list();
    answer = () => ({ body, headers: { etag: '"bad"' } });
    const error = await ima.models.refresh().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(InvalidResponseError);
    expect(error).toMatchObject({ code: 'bad_model_index', phase: 'route', mayBeBilled: false });
    expect(ima.models.list()).toEqual(before);
    expect(ima.models.get('kling-v9-video')).toBeUndefined();
    expect(Object.hasOwn(Object.prototype, 'models')).toBe(false);
    // Nor is its ETag kept: a mended index of the same tag is read.
    answer = (etag) => (etag === undefined ? { body: JSON.stringify(index(NEW)) } : { status: 304 });
    expect((await ima.models.refresh()).added).toEqual(['kling-v9-video']);
  });

  test('ten megabytes, said or unsaid, are not read to the end', async () => {
    const ima = client();
    const filler = JSON.stringify({ ...index(NEW), filler: 'x'.repeat(10_000_000) });
    answer = () => ({ body: filler });
    await expect(ima.models.refresh()).rejects.toMatchObject({
      code: 'bad_model_index',
      message: expect.stringMatching(/is larger than 4000000 bytes: it is not a model index/),
    });
    const endless = new ImaRouter({
      apiKey: 'sk-test-0123456789',
      baseUrl: url,
      fetch: async () => {
        const chunk = new TextEncoder().encode(' '.repeat(65_536));
        return new Response(new ReadableStream({ pull: (controller) => controller.enqueue(chunk) }));
      },
    });
    await expect(endless.models.refresh()).rejects.toMatchObject({ code: 'bad_model_index' });
  });

  test('nesting without end, and models without end', async () => {
    const ima = client();
    for (const body of [
      '['.repeat(200_000) + ']'.repeat(200_000),
      `{"models":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`,
      JSON.stringify(Array.from({ length: 30_000 }, (_, at) => ({ id: `m-${at}`, endpoints: [] }))),
    ]) {
      answer = () => ({ body });
      await expect(ima.models.refresh()).rejects.toMatchObject({ code: 'bad_model_index' });
    }
    expect(ima.models.list()).toHaveLength(catalog.models.length);
  });

  test('a redirect, an error status, a gateway that is not there', async () => {
    const ima = client();
    for (const status of [301, 302, 401, 404, 500]) {
      answer = () => ({ status, headers: { location: 'https://evil.example/' }, body: JSON.stringify(index(NEW)) });
      await expect(ima.models.refresh()).rejects.toMatchObject({ code: 'bad_model_index', status });
    }
    await expect(ima.models.refresh({ url: 'http://127.0.0.1:1/model-index.json' })).rejects.toBeInstanceOf(
      ConnectionError,
    );
    await expect(ima.models.refresh({ signal: AbortSignal.abort() })).rejects.toBeInstanceOf(WaitAbortedError);
    for (const bad of ['http://example.com/x.json', 'x', 'file:///etc/passwd', 'https://u:p@example.com/']) {
      await expect(ima.models.refresh({ url: bad })).rejects.toBeInstanceOf(ConfigError);
    }
    expect(ima.models.list()).toHaveLength(catalog.models.length);
  });

  test('whatever JSON comes: an index is taken whole, or nothing changes', async () => {
    const { readModelIndex } = await import('../../src/catalog/index.js');
    const entry = fc.record(
      {
        modelId: fc.oneof(fc.constantFrom('m-1', 'm/2', '__proto__', 'constructor'), fc.string(), fc.integer()),
        endpoints: fc.oneof(
          fc.array(
            fc.oneof(
              fc.constantFrom('/v1/videos', 'POST /v1/images/generations', '//x', '/a/../b'),
              fc.webUrl(),
              fc.string(),
            ),
          ),
          fc.jsonValue(),
        ),
        pollEndpoint: fc.oneof(fc.constantFrom('/v1/videos/{task_id}', null), fc.string(), fc.jsonValue()),
      },
      { requiredKeys: [] },
    );
    const anything = fc.oneof(fc.record({ models: fc.array(entry) }), fc.array(entry), fc.jsonValue());
    fc.assert(
      fc.property(anything, (value) => {
        try {
          for (const { id, endpoints, pollPath } of readModelIndex(value, 'x').models) {
            expect(typeof id === 'string' && id.length > 0 && id !== '__proto__').toBe(true);
            const paths = [...endpoints.flatMap((one) => [one.path, one.pollPath]), pollPath];
            for (const path of paths) {
              if (path === null || path === undefined) continue;
              // Appended to the gateway's origin, a path stays on that origin and is what it was.
              const joined = new URL(`https://api.imarouter.com${path}`);
              expect(joined.origin).toBe('https://api.imarouter.com');
              expect(joined.pathname.replaceAll('%7B', '{').replaceAll('%7D', '}')).toBe(path);
            }
          }
        } catch (error) {
          if (!(error instanceof InvalidResponseError)) throw error;
          expect(error.code).toBe('bad_model_index');
        }
      }),
      { numRuns: 3000 },
    );
  });
});

test('away from this machine the vendor publishes the index, and nothing is asked before refresh is called', async () => {
  const asked: string[] = [];
  const ima = new ImaRouter({
    apiKey: 'sk-test-0123456789',
    fetch: async (input, { headers }) => {
      asked.push(`${input} ${JSON.stringify(headers)}`);
      return Response.json([NEW]);
    },
  });
  expect(asked).toEqual([]);
  await ima.models.refresh();
  expect(asked).toEqual(['https://doc.imarouter.com/model-index.json {"accept":"application/json"}']);
});
