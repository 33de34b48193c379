// The story of a first generation, as a user meets it: by model id, from request to a checked file on disk.

import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { decode } from '../../scripts/demo/decode.js';
import { ImaRouter, type TaskState } from '../../src/index.js';
import { clientFor } from '../support/client.js';

const { ima, warnings } = clientFor(inject('mockUrl'));
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ima-router-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a generation of each kind', () => {
  test('a video', async () => {
    const states: TaskState[] = [];
    const video = await ima.generate(
      { model: 'kling-v3-video', prompt: 'a puppy runs across a meadow', duration: 5 },
      { onUpdate: (state) => states.push(state) },
    );
    expect(video).toMatchObject({ model: 'kling-v3-video', status: 'succeeded', progress: 1 });
    expect(video.costUsd).toBeGreaterThan(0);
    expect(states.at(-1)?.status).toBe('succeeded');
    const progress = states.map((state) => state.progress ?? 0);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(progress.slice(0, -1).every((value) => value < 1)).toBe(true);

    const [file] = await video.download(`${folder}/video/`);
    expect(file?.path).toBe(join(folder, 'video', `kling-v3-video-${video.id}-0.mp4`));
    expect(file?.contentType).toBe('video/mp4');
    const bytes = await readFile(file?.path ?? '');
    expect(file?.bytes).toBe(bytes.length);
    expect(file?.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect((await decode(file?.path ?? '')).summary).toContain('avc');
    expect(await readdir(join(folder, 'video'))).toHaveLength(1);
  });

  test('an image', async () => {
    const image = await ima.generate({ model: 'gemini-2.5-flash-image', prompt: 'a mountain village' });
    const [file] = await image.download(join(folder, 'village.png'));
    expect(file).toMatchObject({ path: join(folder, 'village.png'), contentType: 'image/png' });
    expect((await decode(file?.path ?? '')).summary).toMatch(/^\d+×\d+$/);
  });

  test('a song, which comes as two', async () => {
    const song = await ima.generate({ model: 'sonic', prompt: 'bright synth-pop' });
    expect(song.outputs).toHaveLength(2);
    expect(song.outputs[0]?.title).toBeTruthy();
    const files = await song.download(`${folder}/`, { name: 'song' });
    expect(files.map((file) => file.path)).toEqual([join(folder, 'song-1.mp3'), join(folder, 'song-2.mp3')]);
    for (const file of files) expect((await decode(file.path)).summary).toContain('mp3');
  });

  test('a speech', async () => {
    const speech = await ima.generate({
      model: 'seed-tts-2.0',
      input: 'Hello',
      voice: 'zh_female_shuangkuaisisi_uranus',
    });
    const [output] = speech.outputs;
    expect(output?.kind).toBe('audio');
    const bytes = await output?.arrayBuffer();
    const [file] = await speech.download(`${folder}/speech/`);
    expect(file?.bytes).toBe(bytes?.byteLength);
  });

  test('without a warning on the way', () => {
    expect(warnings).toEqual([]);
  });
});

describe('submit now, wait elsewhere', () => {
  test('a task is a plain handle, and its JSON is enough for another client', async () => {
    const task = await ima.submit({ model: 'kling-v3-video', prompt: 'x' });
    expect(task.id).toBeTruthy();
    expect('then' in task).toBe(false);
    const saved = JSON.stringify(task);
    expect(saved).not.toContain('sk-test');

    const elsewhere = clientFor(inject('mockUrl')).ima.task(JSON.parse(saved));
    expect(elsewhere.state.status).toBe('queued');
    const result = await elsewhere.result();
    expect(result.id).toBe(task.id);
    expect((await task.refresh()).status).toBe('succeeded');
  });

  test('an id and its model are enough, too; so are an id and its poll path', async () => {
    const { id } = await ima.submit({ model: 'sonic', prompt: 'x' });
    expect((await ima.task(id, { model: 'sonic' }).result()).outputs).toHaveLength(2);
    expect((await ima.task(id, { pollPath: '/v1/music/generations/{task_id}' }).result()).outputs).toHaveLength(2);
  });

  test('updates can be iterated', async () => {
    const task = await ima.submit({ model: 'gemini-2.5-flash-image', prompt: 'x' });
    const seen: string[] = [];
    for await (const state of task.updates()) seen.push(state.status);
    expect(seen.at(-1)).toBe('succeeded');
    expect(new Set(seen).size).toBeGreaterThan(1);
  });

  test('another endpoint of the same model can be named', async () => {
    const task = await ima.submit(
      { model: 'kling-v2-6', prompt: 'x', size: '16:9' },
      { endpoint: '/v1/video/generations' },
    );
    expect(task.toJSON()).toMatchObject({
      endpoint: '/v1/video/generations',
      pollPath: '/v1/video/generations/{task_id}',
    });
    expect((await task.result()).outputs).toHaveLength(1);
  });
});

describe('every task family reaches its end', () => {
  const requests = [
    { model: 'seedance-2.0', prompt: 'x', endpoint: '/v1/videos' },
    { model: 'MiniMax-Hailuo-2.3', prompt: 'x', endpoint: '/v1/video/generations' },
    { model: 'seedance-2.0', content: [{ type: 'text', text: 'x' }], endpoint: '/api/v1/contents/generations/tasks' },
    { model: 'kling-v1', prompt: 'x', endpoint: '/kling/v1/videos/text2video' },
    { model: 'kling-v1', prompt: 'x', image: 'https://example.com/a.png', endpoint: '/kling/v1/videos/image2video' },
    {
      model: 'doubao-video-subtitle-erase-cn',
      video_url: 'https://example.com/a.mp4',
      endpoint: '/v1/videos/subtitle-erase',
    },
    { model: 'gpt-image-2', prompt: 'x', endpoint: '/v1/images/generations' },
    { model: 'mj_imagine', prompt: 'x', endpoint: '/mj/submit/imagine' },
  ];
  test.each(requests)('$model at $endpoint', async ({ endpoint, ...request }) => {
    // The list is data here, as it would be from a queue: the routes are checked at run time.
    const task = await submitUntyped(ima, request, endpoint);
    const result = await task.result();
    expect(result.outputs.length).toBeGreaterThan(0);
    const [file] = await result.download(`${folder}/families/${task.id}/`);
    expect(file?.bytes).toBeGreaterThan(1000);
  });
});

function submitUntyped(client: ImaRouter, request: { model: string }, endpoint: string) {
  return (client.submit as (request: object, options: object) => ReturnType<ImaRouter['submit']>).call(
    client,
    request,
    {
      endpoint,
    },
  );
}

describe('the raw client', () => {
  test('is typed by the paths of the document and goes the same way', async () => {
    const { data } = await ima.api.POST('/v1/music/generations', { body: { model: 'sonic', prompt: 'x' } });
    expect(data?.task_id).toBeTruthy();
    const polled = await ima.api.GET('/v1/music/generations/{task_id}', {
      params: { path: { task_id: data?.task_id ?? '' } },
    });
    expect(polled.data?.data?.status).toBeTruthy();
    const balance = await ima.api.GET('/api/usage/token/user-balance');
    expect(balance.data?.data?.currency).toBe('USD');
  });
});

test('a client is safe to print', async () => {
  const { inspect } = await import('node:util');
  const client = new ImaRouter({ apiKey: 'sk-secret-0123456789', baseUrl: inject('mockUrl') });
  expect(inspect(client, { depth: 9, showHidden: true }) + JSON.stringify(client)).not.toContain('secret');
});
