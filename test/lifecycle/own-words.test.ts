// What the gateway says by 200 and by paths of its own: refusals in disguise, and results without a host.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import {
  AuthenticationError,
  InsufficientBalanceError,
  InvalidRequestError,
  TaskNotFoundError,
} from '../../src/index.js';
import { clientFor } from '../support/client.js';
import { json, serve, type TestServer } from '../support/server.js';

const png = await readFile(new URL('../../src/mock/media/picture.png', import.meta.url));
const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

test.each(['', '/prefix', '/prefix/v1/'])(
  'a result without a host is the gateway’s own, and needs the key: %j',
  async (suffix) => {
    const server = await serve((seen, response) => {
      if (seen.url.endsWith('/content')) response.end(png);
      else json(response, { status: 'completed', metadata: { url: '/v1/videos/t1/content' } });
    });
    servers.push(server);
    const { ima } = clientFor(server.url + suffix);
    const result = await ima.task('t1', { model: 'gemini-2.5-flash-image' }).result();
    const path = `${suffix === '' ? '' : '/prefix'}/v1/videos/t1/content`;
    expect(result.outputs[0]?.url).toBe(server.url + path);
    const folder = await mkdtemp(join(tmpdir(), 'ima-router-own-'));
    expect((await result.download(`${folder}/`))[0]?.bytes).toBe(png.length);
    await rm(folder, { recursive: true });
    expect(server.requests.at(-1)).toMatchObject({
      url: path,
      headers: { authorization: 'Bearer sk-test-0123456789' },
    });
  },
);

test.each([
  [{ success: false, message: '无效的令牌' }, AuthenticationError, 1],
  [{ success: false, message: 'user quota is not enough, need: 3' }, InsufficientBalanceError, 1],
  [{ code: 'task_not_exist', message: 'task_not_exist', data: null }, TaskNotFoundError, 3],
])('a question about a task, refused with status 200: %j', async (body, type, polls) => {
  const server = await serve((seen, response) => json(response, seen.method === 'POST' ? { id: 't1' } : body));
  servers.push(server);
  const error = await clientFor(server.url)
    .ima.generate({ model: 'kling-v3-video', prompt: 'x' })
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(type);
  expect(error).toMatchObject({ status: 200, taskId: 't1', mayBeBilled: true });
  expect(server.requests).toHaveLength(1 + polls);
});

test('a lost task is not taken for trouble with the key, whatever its status', async () => {
  const server = await serve((_, response) =>
    json(response, { code: 'task_not_exist', message: 'no', data: null }, 403),
  );
  servers.push(server);
  const error = await clientFor(server.url)
    .ima.task('t1', { model: 'sonic' })
    .result()
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TaskNotFoundError);
  expect(server.requests).toHaveLength(3);
});

test('a numeric id of more digits than a number holds is asked for by its own digits', async () => {
  const id = '9007199254740993';
  const server = await serve((seen, response) => {
    if (seen.method === 'POST')
      response.setHeader('content-type', 'application/json').end(`{"task_id":${id},"id":${id}}`);
    else json(response, { status: 'completed', metadata: { url: 'https://c.example/a.mp4' } });
  });
  servers.push(server);
  const { ima } = clientFor(server.url);
  const task = await ima.submit({ model: 'kling-v3-video', prompt: 'x' });
  expect(task.id).toBe(id);
  expect((await task.result()).status).toBe('succeeded');
  expect(server.requests[1]?.url).toBe(`/v1/videos/${id}`);
  expect(await ima.journal.list()).toMatchObject([{ taskId: id }]);
});

test('the raw client: an asset error that comes with status 200', async () => {
  const server = await serve((_, response) => json(response, { success: false, message: 'asset group not found' }));
  servers.push(server);
  const { ima } = clientFor(server.url);
  const error = await ima.api.POST('/v1/assets/group/get', { body: { id: 'g1' } }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InvalidRequestError);
  expect(error).toMatchObject({ status: 200, mayBeBilled: false });
  expect(server.requests).toHaveLength(1);
});
