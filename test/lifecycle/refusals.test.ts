// What ends before or at the gateway's door: each trouble is one typed error and one clear sentence, and costs nothing.

import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import {
  AuthenticationError,
  ConfigError,
  ConnectionError,
  ImaRouter,
  ImaRouterError,
  InsufficientBalanceError,
  InvalidRequestError,
  InvalidResponseError,
  PermissionError,
  RateLimitError,
  ServerError,
  TaskNotFoundError,
  UnknownModelError,
} from '../../src/index.js';
import { clientFor } from '../support/client.js';
import { errorOf } from '../support/error-of.js';
import { json, serve, type TestServer } from '../support/server.js';

const request = { model: 'kling-v3-video', prompt: 'a puppy' } as const;

describe('before anything is sent', () => {
  let silent: TestServer;
  beforeAll(async () => {
    silent = await serve((_, response) => json(response, {}));
  });
  afterAll(async () => {
    expect(silent.requests).toEqual([]);
    await silent.close();
  });

  test('no key', async () => {
    const ima = new ImaRouter({ baseUrl: silent.url });
    expect(ima.models.get('sonic')?.modality).toBe('music');
    const error = await errorOf(ima.generate(request));
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.code).toBe('missing_api_key');
    expect(error.message).toBe('No API key for ima-router: set IMAROUTER_API_KEY or pass { apiKey }.');
  });

  test('a wrong model id gets the nearest ones', async () => {
    const { ima } = clientFor(silent.url);
    const wrong = { model: 'kling-v3-vidio', prompt: 'x' } as unknown as typeof request;
    const error = await errorOf(ima.generate(wrong));
    expect(error).toBeInstanceOf(UnknownModelError);
    expect(error instanceof UnknownModelError && error.suggestions[0]).toBe('kling-v3-video');
    expect(error.message).toMatch(
      /^Unknown model "kling-v3-vidio" for ima-router: nothing was sent\. Did you mean "kling-v3-video"/,
    );
    expect(error).toMatchObject({ phase: 'route', mayBeBilled: false, retryable: false });
  });

  test('a body that the gateway would refuse', async () => {
    const { ima } = clientFor(silent.url);
    const wrong = { ...request, duration: 99 } as unknown as typeof request;
    const error = await errorOf(ima.submit(wrong));
    expect(error).toBeInstanceOf(InvalidRequestError);
    expect(error instanceof InvalidRequestError && error.issues).toEqual([
      {
        path: ['duration'],
        expected: 'one of 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15',
        received: '99',
        message: 'expected one of 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, received 99',
      },
    ]);
    expect(error.status).toBeUndefined();
    await expect(ima.validate(wrong)).rejects.toBeInstanceOf(InvalidRequestError);
    const good = { ...request };
    expect(await ima.validate(good)).toBe(good);
  });

  test('a field that should be a URI says so in words; of a union the nearest variant speaks', async () => {
    const { ima } = clientFor(silent.url);
    const issuesOf = async (body: { model: string }) => {
      const error = await errorOf(ima.validate(body));
      return error instanceof InvalidRequestError ? error.issues : [];
    };
    expect(await issuesOf({ model: 'kling-v3-video', prompt: 'x', image: 'nope' } as { model: string })).toEqual([
      {
        path: ['image'],
        expected: 'a public http(s) URL',
        received: '"nope"',
        message: 'is not a URL: expected a public http(s) URL, received "nope"',
      },
    ]);
    const list = [{ video_url: 'https://a.example/v.mp4', keep_original_sound: true }];
    const [issue] = await issuesOf({ model: 'kling-v3-omni-video', prompt: 'x', video_list: list } as {
      model: string;
    });
    expect(issue?.path).toEqual(['video_list', 0, 'keep_original_sound']);
  });

  test.each([
    { headers: { 'x a': 'b' } },
    { headers: { 'x-a': 'a\nb' } },
    { headers: { 'x-a': '🙂' } },
    { headers: { Authorization: 'Bearer other' } },
    { headers: { 'Content-Length': '3' } },
    { apiKey: 'sk-日本' },
    { apiKey: 'sk-a\nb' },
  ])('what no header can carry: %o', (options) => {
    expect(() => new ImaRouter({ baseUrl: silent.url, ...options })).toThrow(ConfigError);
  });

  test.each(['日本', 'a b', 'a\nb', ''])('the trace id %j', async (traceId) => {
    const { ima } = clientFor(silent.url);
    expect(await errorOf(ima.submit(request, { traceId }))).toMatchObject({
      code: 'bad_option',
      param: 'traceId',
      mayBeBilled: false,
    });
  });

  test('a body that JSON cannot hold', async () => {
    const { ima } = clientFor(silent.url, { validate: 'off' });
    const cyclic: { self?: object } = {};
    cyclic.self = cyclic;
    const error = await errorOf(ima.submit({ ...request, ...cyclic }));
    expect(error).toMatchObject({ code: 'invalid_request', mayBeBilled: false });
    expect(await ima.journal.list()).toEqual([]);
  });

  test('a fetch that throws before it tries', async () => {
    const { ima } = clientFor(silent.url, {
      fetch: () => {
        throw new Error('no fetch here');
      },
    });
    expect(await errorOf(ima.submit(request))).toMatchObject({ code: 'connection_failed', mayBeBilled: false });
  });

  test('a model that is not on the named endpoint', async () => {
    const { ima } = clientFor(silent.url);
    expect(() => ima.models.route('sonic', { endpoint: '/v1/videos' })).toThrow(
      'The model "sonic" is not served at /v1/videos; it is at /v1/music/generations.',
    );
  });

  test('a model that makes no task', async () => {
    const { ima } = clientFor(silent.url);
    const chat = { model: 'gpt-4.1', messages: [{ role: 'user', content: 'hi' }] } as unknown as typeof request;
    const error = await errorOf(ima.submit(chat));
    expect(error.code).toBe('not_a_task');
  });

  test.each([
    ['http://api.example.com', 'would send the key in the clear'],
    ['ftp://api.example.com', 'is not a web address'],
    ['api.example.com', 'is not a URL'],
    ['https://user:pass@api.example.com', 'holds credentials'],
  ])('the base URL %s', (baseUrl, why) => {
    expect(() => new ImaRouter({ baseUrl })).toThrow(why);
  });

  test.each([
    { requestTimeoutMs: -1 },
    { requestTimeoutMs: Number.NaN },
    { poll: { minMs: 0 } },
    { poll: { minMs: 9, maxMs: 5 } },
    { poll: { perSecond: -1 } },
    { retry: { attempts: 0 } },
    { retry: { attempts: 1.5 } },
    { retry: { unknownSubmits: 'false' } },
    { validate: 'strict' },
    { apiKey: 1 },
    { fetch: 1 },
    { journal: {} },
    { logger: {} },
    { polll: {} },
  ])('the options %o', (options) => {
    expect(() => new ImaRouter(options as object)).toThrow(ConfigError);
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('a timeout of %s', async (timeoutMs) => {
    const { ima } = clientFor(silent.url);
    expect((await errorOf(ima.generate(request, { timeoutMs }))).code).toBe('bad_option');
  });

  test.each(['', 'a b', 'a/b', '..', '../x', 'a?b', 'a#b', 'a\nb'])('the task id %j', (id) => {
    const { ima } = clientFor(silent.url);
    expect(() => ima.task(id, { model: 'sonic' })).toThrow(ConfigError);
  });

  test('a signal that is aborted already', async () => {
    const { ima } = clientFor(silent.url);
    const error = await errorOf(ima.submit(request, { signal: AbortSignal.abort() }));
    expect(error).toMatchObject({ name: 'AbortError', code: 'aborted', mayBeBilled: false });
    expect(await ima.journal.list()).toEqual([]);
  });

  test('the task of another gateway', async () => {
    const { ima } = clientFor(silent.url);
    const json = ima.task('t1', { model: 'sonic' }).toJSON();
    expect(() => ima.task({ ...json, gateway: 'other' })).toThrow('belongs to the gateway other');
    for (const wrong of [
      { pollPath: 'https://evil.example/{task_id}' },
      { modality: 'toString' },
      { id: '..' },
      { v: 2 },
    ]) {
      expect(() => ima.task({ ...json, ...wrong } as typeof json)).toThrow(ConfigError);
    }
    for (const wrong of [null, [], {}, 'x'])
      expect(() => ima.task(JSON.parse(JSON.stringify(wrong)))).toThrow(ConfigError);
  });

  test('an unreachable gateway', async () => {
    const { url, close } = await serve(() => {});
    await close();
    const { ima } = clientFor(url);
    const error = await errorOf(ima.generate(request));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ code: 'connection_failed', phase: 'submit', retryable: true, mayBeBilled: false });
    expect(error.message).toMatch(
      /^http:\/\/127\.0\.0\.1:\d+ cannot be reached \(connect ECONNREFUSED .*\): nothing was sent\.$/,
    );
    expect(await ima.journal.list()).toEqual([]);
  });
});

describe('what is pasted around a key', () => {
  test.each(['sk-abc', ' sk-abc\n', '"sk-abc"', "'sk-abc'", 'Bearer sk-abc', 'bearer  "sk-abc"', '"Bearer sk-abc"'])(
    '%j',
    async (apiKey) => {
      const server = await serve((_, response) => json(response, { id: 't' }));
      await clientFor(server.url, { apiKey, headers: { 'X-Team': 'a' } }).ima.submit(request);
      await server.close();
      expect(server.requests[0]?.headers).toMatchObject({ authorization: 'Bearer sk-abc', 'x-team': 'a' });
    },
  );

  test.each(['', '/', '/v1', '/v1/', '/prefix/v1/'])('and around a base URL: %j', async (suffix) => {
    const server = await serve((_, response) => json(response, { id: 't' }));
    await clientFor(server.url + suffix).ima.submit(request);
    await server.close();
    expect(server.requests[0]?.url).toBe(`${suffix.startsWith('/prefix') ? '/prefix' : ''}/v1/videos`);
  });
});

describe('at the gateway', () => {
  test('a wrong key', async () => {
    const { ima } = clientFor(inject('mockUrl'), { apiKey: 'sk-expired' });
    const error = await errorOf(ima.generate(request));
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(error).toMatchObject({ status: 401, mayBeBilled: false, retryable: false });
    expect(error.message).toMatch(/^POST \/v1\/videos was refused \(HTTP 401\): /);
  });

  test('no balance comes as 403, and is told by its code', async () => {
    const { ima } = clientFor(inject('mockUrl'), { apiKey: 'sk-empty' });
    const error = await errorOf(ima.generate(request));
    expect(error).toBeInstanceOf(InsufficientBalanceError);
    expect(error).toMatchObject({ status: 403, gatewayCode: 'insufficient_user_quota', mayBeBilled: false });
  });

  test('a lost task comes as 400, and is told by its code', async () => {
    const { ima } = clientFor(inject('mockUrl'));
    const error = await errorOf(ima.task('task_nobody_made', { model: 'kling-v3-video' }).result());
    expect(error).toBeInstanceOf(TaskNotFoundError);
    expect(error).toMatchObject({ taskId: 'task_nobody_made', phase: 'poll' });
  });

  const cases: [string, number, unknown, unknown][] = [
    [
      'an address that is not allowed',
      403,
      { error: { message: 'ip not allowed', type: 'new_api_error', code: '' } },
      PermissionError,
    ],
    [
      'a refused body',
      400,
      { code: 'invalid_request', message: 'prompt is required', data: null },
      InvalidRequestError,
    ],
    [
      'a route that is gone',
      404,
      { error: { message: 'Invalid URL (POST /v1/videos)', type: 'invalid_request_error' } },
      InvalidResponseError,
    ],
    ['an empty 429', 429, undefined, RateLimitError],
    [
      'a Chinese 429',
      429,
      { code: 'fail_to_fetch_task', message: '当前分组上游负载已饱和，请稍后再试', data: null },
      RateLimitError,
    ],
    [
      'a 5xx in the vendor’s envelope',
      500,
      { code: 'do_request_failed', message: 'upstream down', data: null },
      ServerError,
    ],
  ];
  test.each(cases)('%s', async (_, status, body, type) => {
    const server = await serve((_request, response) =>
      body === undefined ? response.writeHead(status).end() : json(response, body, status),
    );
    const { ima } = clientFor(server.url);
    const error = await errorOf(ima.submit(request));
    await server.close();
    expect(error).toBeInstanceOf(type);
    expect(error).toMatchObject({ status, mayBeBilled: false });
    expect(server.requests).toHaveLength(error.retryable ? 4 : 1);
    expect(new Set(server.requests.map((r) => r.headers['x-trace-id'])).size).toBe(1);
  });

  test('the id of the exchange is taken from the message', async () => {
    const server = await serve((_, response) =>
      json(
        response,
        { error: { message: 'bad size (request id: 2026abc)', type: 'x', code: 'invalid_size', param: 'size' } },
        400,
      ),
    );
    const error = await errorOf(clientFor(server.url).ima.submit(request));
    await server.close();
    expect(error).toMatchObject({ requestId: '2026abc', gatewayCode: 'invalid_size', param: 'size' });
    expect(error.message).toBe('POST /v1/videos was refused (HTTP 400): bad size');
  });

  test('no error shows the key, wherever the gateway repeats it', async () => {
    const key = 'sk-test-0123456789';
    const server = await serve((seen, response) =>
      json(
        response,
        { code: 'invalid_request', message: `token ${key} and ${seen.headers.authorization}`, data: { key } },
        400,
      ),
    );
    const error = await errorOf(clientFor(server.url).ima.submit(request));
    await server.close();
    expect(inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(error)).not.toContain(key);
  });
});

test('no error or warning shows what a failed task repeats', async () => {
  const key = 'sk-test-0123456789';
  const leaky = `download failed: https://b.example/x.png?X-Amz-Signature=5ecret&token=${key}`;
  const server = await serve((_, response, count) =>
    json(response, { status: count === 1 ? leaky : 'failed', error: { message: leaky, code: 'c' }, key }),
  );
  const { ima, warnings } = clientFor(server.url);
  const task = ima.task('t1', { model: 'sonic' });
  await task.refresh();
  const waited = await errorOf(task.result({ timeoutMs: 0 }).catch((e: unknown) => Promise.reject(e)));
  const failed = await errorOf(ima.task('t1', { model: 'sonic' }).result());
  await server.close();
  for (const thing of [waited, failed, warnings]) {
    const shown = inspect(thing, { depth: 9, showHidden: true }) + JSON.stringify(thing);
    expect(shown).not.toContain(key);
    expect(shown).not.toContain('5ecret');
  }
  expect(failed).toMatchObject({ code: 'task_failed', gatewayCode: 'c' });
});

test('an error of this library is told by a mark, not by its class', async () => {
  const error = await errorOf(new ImaRouter().generate(request));
  expect(error.name).toBe('ConfigError');
  expect(ImaRouterError.is(error)).toBe(true);
  expect(ImaRouterError.is(new Error('x'))).toBe(false);
  expect(JSON.parse(JSON.stringify(error))).toMatchObject({
    name: 'ConfigError',
    code: 'missing_api_key',
    phase: 'config',
  });
});
