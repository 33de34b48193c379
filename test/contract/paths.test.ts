// Every operation of the document has a typed verb, and what that verb sends is what the document takes: Prism is the judge.

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { ImaRouter } from '../../src/index.js';
import { clientFor } from '../support/client.js';
import { isAt, type Recorder, record } from '../support/recorder.js';

const PICTURE = 'https://example.com/portrait.png';
const OTHER_PICTURE = 'https://example.com/other.png';

/** Operation → a call of its verb. A poll path is reached by waiting for what its submit path has made. */
const CASES: Record<string, (ima: ImaRouter) => Promise<unknown>> = {
  'GET /api/usage/token/user-balance': (ima) => ima.account.balance(),

  'POST /v1/videos': (ima) => ima.generate({ model: 'kling-v3-video', prompt: 'a puppy' }),
  'GET /v1/videos/{task_id}': (ima) => ima.generate({ model: 'viduq3-pro', prompt: 'a puppy' }),
  'POST /v1/video/generations': (ima) =>
    ima.generate({ model: 'kling-v2-6', prompt: 'a puppy' }, { endpoint: '/v1/video/generations' }),
  'GET /v1/video/generations/{task_id}': (ima) =>
    ima.generate({ model: 'kling-v2-6', prompt: 'a puppy' }, { endpoint: '/v1/video/generations' }),
  'POST /kling/v1/videos/text2video': (ima) =>
    ima.generate({ model: 'kling-v2-6', prompt: 'a puppy' }, { endpoint: '/kling/v1/videos/text2video' }),
  'GET /kling/v1/videos/text2video/{task_id}': (ima) =>
    ima.generate({ model: 'kling-v2-6', prompt: 'a puppy' }, { endpoint: '/kling/v1/videos/text2video' }),
  'POST /kling/v1/videos/image2video': (ima) =>
    ima.generate({ model: 'kling-v2-6', image: PICTURE }, { endpoint: '/kling/v1/videos/image2video' }),
  'GET /kling/v1/videos/image2video/{task_id}': (ima) =>
    ima.generate({ model: 'kling-v2-6', image: PICTURE }, { endpoint: '/kling/v1/videos/image2video' }),
  'POST /api/v1/contents/generations/tasks': (ima) => nativeSeedance(ima),
  'GET /api/v1/contents/generations/tasks/{task_id}': (ima) => nativeSeedance(ima),
  'POST /v1/videos/subtitle-erase': (ima) => subtitleErase(ima),
  'GET /v1/videos/subtitle-erase/{task_id}': (ima) => subtitleErase(ima),

  'POST /v1/images/generations': (ima) => ima.generate({ model: 'gpt-image-2', prompt: 'a puppy' }),
  'GET /v1/images/generations/{task_id}': (ima) => ima.generate({ model: 'wan2.7-image', prompt: 'a puppy' }),
  'POST /v1/music/generations': (ima) => ima.generate({ model: 'sonic', prompt: 'bright synth-pop' }),
  'GET /v1/music/generations/{task_id}': (ima) => ima.generate({ model: 'sonic', prompt: 'bright synth-pop' }),
  'POST /v1/audio/speech': (ima) => speech(ima),
  'GET /v1/audio/speech/{task_id}': (ima) => speech(ima),

  'POST /v1/chat/completions': async (ima) => {
    const request = { model: 'gpt-4.1', messages: [{ role: 'user', content: 'Hi' }] } as const;
    const whole = await ima.chat.completions.create(request);
    const stream = await ima.chat.completions.create({ ...request, stream: true });
    expect(await stream.text()).toBe(whole.choices[0]?.message.content);
  },
  'POST /v1/responses': async (ima) => {
    const stream = await ima.responses.create({ model: 'gpt-5.5', input: 'Hi', stream: true });
    expect((await stream.final()).status).toBe('completed');
    return ima.responses.create({ model: 'gpt-5.5', input: 'Hi' });
  },
  'POST /v1/messages': async (ima) => {
    const request = {
      model: 'claude-sonnet-4-6',
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: 1000,
      messages: [{ role: 'user', content: 'Hi' }],
    } as const;
    const stream = await ima.messages.create({ ...request, stream: true });
    expect((await stream.final()).stop_reason).toBe('end_turn');
    return ima.messages.create(request);
  },
  'POST /v1/embeddings': (ima) => ima.embeddings.create({ model: 'text-embedding-3-small', input: ['a', 'b'] }),

  'POST /v1/assets/group/create': (ima) => ima.assets.groups.create({ model: 'seedance-upload', name: 'mine' }),
  'POST /v1/assets/group/list': async (ima) => {
    const { id } = await ima.assets.groups.create({ model: 'seedance-upload', name: 'listed' });
    const ids: string[] = [];
    for await (const group of ima.assets.groups.list({ model: 'seedance-upload' })) ids.push(group.id);
    expect(ids).toContain(id);
  },
  'POST /v1/assets/group/get': async (ima) => {
    const { id } = await ima.assets.groups.create({ model: 'seedance-upload', name: 'got' });
    expect(await ima.assets.groups.get(id)).toMatchObject({ id, name: 'got' });
  },
  'POST /v1/assets/group/update': async (ima) => {
    const { id } = await ima.assets.groups.create({ model: 'seedance-upload', name: 'old' });
    expect(await ima.assets.groups.update({ id, name: 'new' })).toEqual({ id });
    expect(await ima.assets.groups.get(id)).toMatchObject({ name: 'new' });
  },
  'POST /v1/assets/create': (ima) => asset(ima),
  'POST /v1/assets/list': async (ima) => {
    const { id } = await asset(ima);
    const ids: string[] = [];
    for await (const one of ima.assets.list({ model: 'seedance-upload' })) ids.push(one.id);
    expect(ids).toContain(id);
  },
  'POST /v1/assets/get': async (ima) => {
    const { id } = await asset(ima);
    expect(await ima.assets.ready(id)).toMatchObject({ id, status: 'Active' });
    expect(await ima.assets.get(id)).toMatchObject({ id, status: 'Active', url: `asset://${id}` });
  },
  'POST /v1/assets/update': async (ima) => {
    const { id } = await asset(ima);
    expect(await ima.assets.update({ id, name: 'new' })).toEqual({ id });
    expect(await ima.assets.get(id)).toMatchObject({ name: 'new' });
  },
  'POST /v1/assets/quota': async (ima) => expect(await ima.assets.quota()).toMatchObject({ enabled: true }),

  'POST /mj/submit/imagine': (ima) => imagined(ima),
  'GET /mj/task/{task_id}/fetch': (ima) => imagined(ima),
  'POST /mj/submit/blend': async (ima) => {
    const task = await ima.midjourney.blend({ base64Array: [PICTURE, OTHER_PICTURE] });
    return task.result();
  },
  'POST /mj/submit/change': async (ima) => {
    const task = await ima.midjourney.change(await imagined(ima), 'U2');
    expect((await task.result()).outputs).toHaveLength(1);
  },
  'POST /mj/submit/modal': async (ima) => {
    const parent = await imagined(ima);
    const task = await ima.midjourney.modal(parent, { customId: 'Remix', prompt: 'with a wizard hat' });
    return task.result();
  },
  'GET /mj/image/{task_id}': async (ima) => {
    const { id } = await imagined(ima);
    expect((await ima.midjourney.image(id).arrayBuffer()).byteLength).toBeGreaterThan(1000);
  },
};

const imagined = async (ima: ImaRouter) => (await ima.midjourney.imagine({ prompt: 'a fox' })).result();
const nativeSeedance = (ima: ImaRouter) =>
  ima.generate(
    { model: 'seedance-2.0', content: [{ type: 'text', text: 'a puppy' }] },
    { endpoint: '/api/v1/contents/generations/tasks' },
  );
const subtitleErase = (ima: ImaRouter) =>
  ima.generate({ model: 'doubao-video-subtitle-erase-cn', video_url: 'https://example.com/in.mp4' });
const speech = (ima: ImaRouter) =>
  ima.generate({ model: 'seed-tts-2.0', input: 'Good morning', voice: 'en_male_tim_uranus_bigtts' });
const asset = async (ima: ImaRouter) => {
  const group = await ima.assets.groups.create({ model: 'seedance-upload', name: 'mine' });
  return ima.assets.create({ model: 'seedance-upload', group_id: group.id, url: PICTURE, asset_type: 'Image' });
};

const document: { paths: Record<string, object> } = JSON.parse(
  await readFile(fileURLToPath(new URL('../../generated/ima-router/openapi.json', import.meta.url)), 'utf8'),
);
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  ['get', 'post', 'put', 'patch', 'delete'].flatMap((method) =>
    method in item ? [`${method.toUpperCase()} ${path}`] : [],
  ),
);

let recorder: Recorder;
beforeAll(async () => {
  recorder = await record(inject('mockUrl'));
});
afterAll(() => recorder.close());

describe('every operation of the document', () => {
  test('has a case here, and there are no others', () => {
    expect(Object.keys(CASES).sort()).toEqual([...operations].sort());
    expect(operations).toHaveLength(38);
  });

  test.each(operations)('%s', async (operation) => {
    const [method = '', path = ''] = operation.split(' ');
    const before = recorder.calls.length;
    await CASES[operation]?.(clientFor(recorder.url).ima);
    const made = recorder.calls.slice(before);
    const mine = made.filter((call) => call.method === method && isAt(path, call.path));
    expect(mine.length, 'calls of this operation').toBeGreaterThan(0);
    expect(made.filter(({ status }) => status !== 200 && status !== 206)).toEqual([]);
  });
});
