// What the mock refuses, and in whose words.

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMock } from '../../src/mock/index.js';
import { loadChecker } from '../../src/mock/prism.js';
import { type Bench, bench, CLIP, dig } from './helpers.js';

const DOCUMENT = new URL('../../generated/ima-router/openapi.json', import.meta.url);

let here: Bench;

beforeAll(async () => {
  const started = performance.now();
  here = await bench();
  console.log(`startMock took ${Math.round(performance.now() - started)} ms`);
});
afterAll(() => here.mock.close());

const videos = (body: unknown) => here.post('/v1/videos', body);
const message = (answer: { body: unknown }) => String(dig(answer.body, 'message'));

describe('a body that the document refuses', () => {
  it('is answered in the vendor’s envelope with the reasons of its own model only', async () => {
    const answer = await videos({ ...CLIP, duration: 99, extra: 1 });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: 'invalid_request', data: null });
    expect(message(answer)).toContain('duration');
    expect(message(answer)).toContain("found 'extra'");
    expect(message(answer)).not.toContain('seedance');
  });

  it('names fields deep inside, and what if/then asks for', async () => {
    const fast = { model: 'MiniMax-Hailuo-2.3-Fast', prompt: 'rain', size: '768p', duration: 6 };
    expect(message(await videos(fast))).toBe("Request body must have required property 'metadata'");
    expect(message(await videos({ ...fast, metadata: {} }))).toContain("'first_frame_image'");
    const frame = { metadata: { first_frame_image: 'https://example.com/a.jpg' } };
    expect((await videos({ ...fast, ...frame })).status).toBe(200);
    expect(message(await videos({ ...fast, ...frame, size: '1080p', duration: 10 }))).toContain('duration');
  });

  it('says so when reasons are alternatives', async () => {
    const answer = await videos({ model: 'wan2.6-i2v', prompt: 'rain' });
    expect(message(answer)).toMatch(/'image'.*'images'.*alternatives/);
  });

  it('lists the models when the model is unknown or missing', async () => {
    const unknown = message(await videos({ ...CLIP, model: 'sora-9' }));
    expect(unknown).toContain("found 'sora-9'");
    expect(unknown).toContain('veo-3.0-generate-001');
    expect(message(await videos({ prompt: 'rain' }))).toMatch(/required property 'model', one of: .*kling-v3-video/);
  });

  it('covers bodies that are no object, no JSON, or absent', async () => {
    expect(message(await videos([]))).toContain('must be object');
    const raw = (body: string | null) =>
      fetch(`${here.mock.url}/v1/videos`, {
        method: 'POST',
        headers: { authorization: 'Bearer k', 'content-type': 'application/json' },
        body,
      }).then(async (response) => ({ status: response.status, body: await response.json() }));
    expect(message(await raw('{"model":'))).toContain('not JSON');
    expect((await raw(null)).status).toBe(400);
  });

  it('makes no task and costs nothing', () => {
    const refused = here.mock.ledger.submits.filter(({ status }) => status === 400);
    expect(refused.length).toBeGreaterThan(5);
    expect(refused.every((entry) => !entry.paid && entry.taskId === undefined)).toBe(true);
  });
});

describe('the document rules every operation', () => {
  const document: unknown = JSON.parse(readFileSync(DOCUMENT, 'utf8'));
  const paths = Object.entries(dig(document, 'paths') as Record<string, Record<string, unknown>>);
  const posts = paths.flatMap(([path, item]) => (item.post === undefined ? [] : [{ path, operation: item.post }]));

  it('has 38 paths', () => expect(paths).toHaveLength(38));

  it.each(posts)('$path takes its own examples and refuses a body of the wrong kind', async ({ path, operation }) => {
    const content = dig(operation, 'requestBody.content');
    const examples = Object.entries((dig(content, 'application/json') as { examples?: object }).examples ?? {});
    for (const [name, example] of examples) {
      const answer = await here.post(path, dig(example, 'value'));
      // Follow-ups name a task that the mock never made: refused by the gateway, not by the document.
      if (path === '/mj/submit/change' || path === '/mj/submit/modal') {
        expect(answer.body, name).toMatchObject({ description: 'task_no_found' });
      } else {
        expect(answer.status, `${name}: ${message(answer)}`).toBe(200);
      }
    }
    expect((await here.post(path, 'not an object')).status).toBe(400);
  });
});

describe('keys', () => {
  const withKey = (authorization: string, path = '/v1/videos') => here.post(path, CLIP, { authorization });

  it('none or an expired one: 401', async () => {
    for (const authorization of ['', 'Bearer ', 'Basic abc', 'Bearer sk-expired']) {
      const { status, body } = await withKey(authorization);
      expect(status).toBe(401);
      expect(body).toMatchObject({ error: { type: 'new_api_error', code: '' } });
    }
  });

  it('an empty account: 403 for what costs money, and only for that', async () => {
    const { status, body } = await withKey('Bearer sk-empty');
    expect(status).toBe(403);
    expect(body).toMatchObject({ error: { code: 'insufficient_user_quota' } });
    const authorization = 'Bearer sk-empty';
    expect((await here.get('/api/usage/token/user-balance', { authorization })).status).toBe(200);
  });

  it('anybody else: welcome, but not to others’ tasks', async () => {
    const { status, body } = await withKey('bearer whoever');
    expect(status).toBe(200);
    const poll = `/v1/videos/${dig(body, 'id')}`;
    expect((await here.get(poll, { authorization: 'Bearer whoever' })).status).toBe(200);
    expect((await here.get(poll)).body).toMatchObject({ code: 'task_not_exist' });
  });
});

describe('what does not exist', () => {
  it('routes: 404 in the vendor’s words', async () => {
    for (const path of ['/v1/nothing', '/v1/videos', '/api/v3/contents/generations/tasks/x', '//']) {
      const { status, body } = await here.get(path);
      expect(status).toBe(404);
      expect(body).toEqual({ error: { message: `Invalid URL (GET ${path})`, type: 'invalid_request_error' } });
    }
  });

  it('tasks: 400 task_not_exist, also for tasks of another kind', async () => {
    const expected = { code: 'task_not_exist', message: 'task_not_exist', data: null };
    expect(await here.get('/v1/videos/undefined')).toEqual({ status: 400, body: expected });
    const song = dig((await here.post('/v1/music/generations', { model: 'sonic', prompt: 'rain' })).body, 'id');
    expect(await here.get(`/v1/videos/${song}`)).toEqual({ status: 400, body: expected });
    expect(here.mock.ledger.polls.at(-1)).toMatchObject({ taskId: song, status: 400 });
  });
});

describe('starting', () => {
  it('says in one sentence what to install when Prism is missing', async () => {
    const missing = () => Promise.reject(Object.assign(new Error('no'), { code: 'ERR_MODULE_NOT_FOUND' }));
    await expect(loadChecker(missing)).rejects.toThrow(
      'The mock gateway needs Prism, which is not installed. Put it beside ima-router: npm i -D @stoplight/prism-http@5.12.0',
    );
    await expect(loadChecker(() => Promise.resolve({}))).rejects.toThrow('does not know the installed version');
  });

  it('says what is wrong with the port, the speed and the document', async () => {
    const port = Number(new URL(here.mock.url).port);
    await expect(startMock({ port })).rejects.toThrow(`Port ${port} on 127.0.0.1 is in use`);
    await expect(startMock({ speed: 0 })).rejects.toThrow('speed must be greater than 0');
    await expect(startMock({ maxAssets: -1 })).rejects.toThrow('maxAssets is a whole number from 0, got -1');
    const document = new URL('file:///nowhere/openapi.json');
    await expect(startMock({ document })).rejects.toThrow('/nowhere/openapi.json, which cannot be read');
  });
});
