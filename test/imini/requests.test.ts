// What imini takes: every limit of its pages, model by model, told before anything is sent; and local files that go inline.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Imini } from '../../src/gateways/imini/index.js';
import { rules } from '../../src/gateways/imini/rules.js';
import { type HostFile, InvalidRequestError, UnknownModelError } from '../../src/index.js';
import { json, serve, type TestServer } from '../support/server.js';

const imini = new Imini({ apiKey: 'sk-test-0123456789' });
const url = 'https://example.com/a.png';
const clip = 'https://example.com/a.mp4';
const images = (count: number) => Array.from({ length: count }, () => ({ url }));
const frame = (type: string) => ({ url, reference_type: type });

type Request = { model: string } & Record<string, unknown>;

/** The rules that struck so far. */
const struck = new Set<string>();

/** The fields that a request is refused for; none where it is taken. */
async function faults(request: Request): Promise<string[]> {
  try {
    await imini.validate(request);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidRequestError)) throw error;
    for (const { rule } of error.issues ?? []) if (rule !== undefined) struck.add(rule);
    return [...new Set((error.issues ?? []).map(({ path }) => path.join('.')))];
  }
}

const BANANA = { model: 'google/nano-banana', prompt: 'a cat' };
const PRO = { model: 'google/nano-banana-pro', prompt: 'a cat' };
const TWO = { model: 'google/nano-banana-2', prompt: 'a cat' };
const GPT = { model: 'openai/gpt-image-2', prompt: 'a cat', resolution: '1K', aspect_ratio: '1:1', quality: 'low' };
const KLING = { model: 'kling/kling-v3', prompt: 'a cat' };
const OMNI = { model: 'kling/kling-v3-omni', prompt: 'a cat' };
const MOTION = {
  model: 'kling/kling-v3-motion-control',
  reference_images: [{ url }],
  reference_videos: [{ url: clip }],
};
const SEEDANCE = { model: 'doubao/seedance-2.0', prompt: 'a cat' };
const FAST = { ...SEEDANCE, model: 'doubao/seedance-2.0-fast' };
const HORSE = { model: 'dashscope/happyhorse-1.0', prompt: 'a cat' };

const shots = (more: Record<string, unknown> = {}) => ({
  multi_shot: true,
  shot_type: 'customize',
  multi_prompt: [{ index: 1, prompt: 'a cat', duration: '5' }],
  ...more,
});

describe('taken', () => {
  test.each<Request>([
    BANANA,
    { ...BANANA, resolution: '1K', images: images(3) },
    { ...PRO, resolution: '4K', aspect_ratio: '21:9', images: images(14), prompt: 'x'.repeat(6000) },
    { ...PRO, images: [{ url, reference_type: 'style' }] },
    { ...TWO, resolution: '512', aspect_ratio: '1:8' },
    { ...TWO, resolution: '2K', aspect_ratio: '4:1' },
    { ...GPT, resolution: '4K', aspect_ratio: '9:21', quality: 'high', images: images(3), prompt: 'x'.repeat(32_000) },
    { ...GPT, n: 10 },
    { ...KLING, resolution: '1080P', aspect_ratio: '9:16', duration: 15, prompt: 'x'.repeat(2500) },
    { model: 'kling/kling-v3', extra_params: shots() },
    { ...KLING, extra_params: { multi_shot: true, shot_type: 'intelligence' } },
    { ...KLING, reference_images: [frame('first_frame'), frame('last_frame')] },
    { ...OMNI, reference_videos: [{ url: clip, refer_type: 'feature' }], reference_images: [frame('asset')] },
    {
      ...OMNI,
      prompt: '<<<image_2>>> and <<<video_1>>>',
      reference_images: images(2),
      reference_videos: [{ url: clip }],
    },
    { ...OMNI, prompt: '<<<element_1>>> waves' },
    { ...OMNI, reference_videos: [{ url: clip, refer_type: 'base' }] },
    MOTION,
    { ...MOTION, resolution: '1080P', extra_params: { character_orientation: 'image' } },
    { ...SEEDANCE, resolution: '480P', aspect_ratio: 'adaptive', duration: 4, reference_images: images(9) },
    { ...FAST, duration: 15, generate_audio: false },
    { ...HORSE, resolution: '1080P', duration: 3, prompt: 'x'.repeat(5000) },
    { ...HORSE, reference_images: images(9) },
    {
      ...HORSE,
      reference_videos: [{ url: clip }],
      reference_images: images(5),
      extra_params: { audio_setting: 'auto' },
    },
    // What nobody has described yet may be a new field.
    { ...BANANA, seed: 5 },
  ])('%j', async (request) => expect(await faults(request)).toEqual([]));
});

describe('refused, and where', () => {
  test.each<[string, Request]>([
    ['prompt', { model: 'google/nano-banana' }],
    ['resolution', { ...BANANA, resolution: '2K' }],
    ['images', { ...BANANA, images: images(4) }],
    ['aspect_ratio', { ...BANANA, aspect_ratio: '1:8' }],
    ['prompt', { ...PRO, prompt: 'x'.repeat(6001) }],
    ['images', { ...PRO, images: images(15) }],
    ['resolution', { ...PRO, resolution: '512' }],
    ['aspect_ratio', { ...PRO, aspect_ratio: '9:21' }],
    ['images.0.reference_type', { ...PRO, images: [{ url, reference_type: 'first_frame' }] }],
    ['resolution', { ...TWO, resolution: '512px' }],
    ['aspect_ratio', { ...TWO, aspect_ratio: '9:21' }],
    ['quality', { ...GPT, quality: undefined }],
    ['resolution', { ...GPT, resolution: undefined }],
    ['aspect_ratio', { ...GPT, aspect_ratio: undefined }],
    ['quality', { ...GPT, quality: 'best' }],
    ['prompt', { ...GPT, prompt: 'x'.repeat(32_001) }],
    ['images', { ...GPT, images: images(4) }],
    ['n', { ...GPT, n: 11 }],
    ['prompt', { ...KLING, prompt: 'x'.repeat(2501) }],
    ['duration', { ...KLING, duration: 2 }],
    ['duration', { ...KLING, duration: 16 }],
    ['duration', { ...KLING, duration: '5' }],
    ['resolution', { ...KLING, resolution: '720p' }],
    ['resolution', { ...KLING, resolution: '480P' }],
    ['aspect_ratio', { ...KLING, aspect_ratio: '4:3' }],
    ['extra_params.shot_type', { ...KLING, extra_params: shots({ shot_type: 'mine' }) }],
    [
      'extra_params.multi_prompt.0.duration',
      {
        ...KLING,
        extra_params: shots({ multi_prompt: [{ index: 1, prompt: 'x', duration: 5 }] }),
      },
    ],
    ['reference_images', { ...KLING, reference_images: [frame('last_frame')] }],
    ['reference_images', { ...KLING, reference_images: [frame('first_frame'), frame('first_frame')] }],
    [
      'reference_images',
      {
        ...OMNI,
        reference_videos: [{ url: clip, refer_type: 'base' }],
        reference_images: [frame('first_frame')],
      },
    ],
    ['duration', { ...OMNI, duration: 5, reference_videos: [{ url: clip, refer_type: 'base' }] }],
    ['prompt', { ...OMNI, prompt: '<<<image_2>>> walks', reference_images: images(1) }],
    ['prompt', { ...OMNI, prompt: '<<<video_1>>> at night' }],
    ['reference_videos', { ...KLING, reference_videos: [{ url: clip }] }],
    [
      'extra_params.multi_prompt.0.prompt',
      { ...OMNI, extra_params: shots({ multi_prompt: [{ index: 1, prompt: '<<<image_1>>>', duration: '5' }] }) },
    ],
    ['reference_images', { ...MOTION, reference_images: images(2) }],
    ['reference_videos', { ...MOTION, reference_videos: [] }],
    ['extra_params.character_orientation', { ...MOTION, extra_params: { character_orientation: 'left' } }],
    ['resolution', { ...SEEDANCE, resolution: '1080P' }],
    ['duration', { ...SEEDANCE, duration: 3 }],
    ['duration', { ...FAST, duration: 16 }],
    ['reference_images', { ...FAST, reference_images: images(10) }],
    ['resolution', { ...HORSE, resolution: '480P' }],
    ['prompt', { ...HORSE, prompt: 'x'.repeat(5001) }],
    ['duration', { ...HORSE, duration: 5, reference_videos: [{ url: clip }] }],
    ['aspect_ratio', { ...HORSE, aspect_ratio: '1:1', reference_images: [frame('first_frame')] }],
    ['reference_images', { ...HORSE, reference_videos: [{ url: clip }], reference_images: images(6) }],
    ['reference_video', { ...SEEDANCE, reference_video: clip }],
    ['character_image', { ...MOTION, character_image: url }],
  ])('%s of %j', async (field, request) => expect(await faults(request)).toEqual([field]));

  test('a text is needed, unless each shot has its own', async () => {
    expect(await faults({ model: 'kling/kling-v3' })).not.toEqual([]);
    expect(await faults({ model: 'kling/kling-v3', prompt: '' })).not.toEqual([]);
    expect(
      await faults({ model: 'kling/kling-v3', extra_params: { multi_shot: true, shot_type: 'intelligence' } }),
    ).not.toEqual([]);
    expect(await faults({ model: 'kling/kling-v3', extra_params: shots({ multi_prompt: undefined }) })).not.toEqual([]);
    expect(await faults({ ...OMNI, prompt: undefined, extra_params: shots() })).toEqual([]);
  });
});

test('every rule has struck, and stands in docs/gateways.md', async () => {
  const page = await readFile(new URL('../../docs/gateways.md', import.meta.url), 'utf8');
  const listed = [...page.matchAll(/^\| `(imini\.[a-z-]+)` \|/gm)].map(([, id = '']) => id);
  const ids = rules.map(({ id }) => id).sort();
  expect([listed.sort(), [...struck].sort()]).toEqual([ids, ids]);
  // Each speaks of models and paths that are there.
  const routed = (model: string) => (imini.models.get(model)?.endpoints ?? []).map(({ path }) => path);
  for (const { models, paths } of rules) for (const model of models) expect(routed(model)).toEqual(paths);
});

test("the short names of the vendor's skill are known too; others are corrected", () => {
  expect(imini.models.route('kling-v3')).toMatchObject({ path: '/v1/videos/generate', modality: 'video', async: true });
  expect(imini.models.route('google/nano-banana')).toMatchObject({
    path: '/v1/images/generate',
    pollPath: '/v1/images/tasks/{task_id}',
    modality: 'image',
  });
  const suggestionsFor = (id: string): string => {
    try {
      imini.models.route(id);
      return 'known';
    } catch (error) {
      if (!(error instanceof UnknownModelError)) throw error;
      return `${error.message} ${error.hint}`;
    }
  };
  expect(suggestionsFor('nano-banana-pro')).toContain('google/nano-banana-pro');
  expect(suggestionsFor('gpt-image-2')).toContain('openai/gpt-image-2');
  expect(suggestionsFor('happyhorse')).toContain('dashscope/happyhorse-1.0');
  expect(suggestionsFor('seedance 2.0')).toContain('seedance-2.0');
});

describe('local files', () => {
  // One pixel.
  const PNG = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=',
    'base64',
  );
  const inline = `data:image/png;base64,${PNG.toString('base64')}`;
  let gateway: TestServer;
  let folder = '';
  beforeAll(async () => {
    gateway = await serve((_, response) => json(response, { task_id: 'task_1', request_id: 'req_1' }));
    folder = await mkdtemp(join(tmpdir(), 'imini-media-'));
  });
  afterAll(async () => {
    await gateway.close();
    await rm(folder, { recursive: true, force: true });
  });
  const far = (hostFile?: HostFile) =>
    new Imini({
      hostFile,
      apiKey: 'sk-test-0123456789',
      baseUrl: 'https://imini.example/imini/router',
      fetch: (to, init) => fetch(to.replace('https://imini.example', gateway.url), init),
    });

  test("go as data URLs, as the vendor's own scripts send them: paths, bytes and blobs, with no host", async () => {
    const path = join(folder, 'dog.png');
    await writeFile(path, PNG);
    const task = await far().submit({
      model: 'google/nano-banana',
      prompt: 'the dog',
      images: [{ url: path }, { url: PNG }, { url: new Blob([PNG]) }],
    });
    expect(task).toMatchObject({ id: 'task_1', state: { status: 'queued', requestId: 'req_1' } });
    const [sent] = gateway.requests;
    expect(sent?.url).toBe('/imini/router/v1/images/generate');
    expect(JSON.parse(sent?.body ?? '')).toEqual({
      model: 'google/nano-banana',
      prompt: 'the dog',
      images: [{ url: inline }, { url: inline }, { url: inline }],
    });
  });

  test('that are larger than anybody says the platform takes are refused before they are sent', async () => {
    const large = Buffer.concat([PNG, Buffer.alloc(10 * 1024 * 1024)]);
    const path = join(folder, 'large.png');
    await writeFile(path, large);
    const before = gateway.requests.length;
    for (const url of [path, large, new Blob([large]), `data:image/png;base64,${large.toString('base64')}`]) {
      const [reference_images, reference_videos] = [[{ url }], [{ url: clip }]];
      const wanted = far().submit({ model: 'kling/kling-v3-motion-control', reference_images, reference_videos });
      await expect(wanted).rejects.toThrow(/at most 10485760 bytes/);
    }
    expect(gateway.requests.length).toBe(before);
    // Of others nobody names a limit.
    await far().submit({ model: 'google/nano-banana', prompt: 'x', images: [{ url: path }] });
    expect(gateway.requests.length).toBe(before + 1);
  });

  test('go through `hostFile` where there is one: a URL is what the pages tell of', async () => {
    const hosted: string[] = [];
    const client = far((file) => {
      hosted.push(file.type);
      return `https://cdn.example/${hosted.length}.png`;
    });
    const large = Buffer.concat([PNG, Buffer.alloc(11 * 1024 * 1024)]);
    const reference_images = [PNG, new Blob([PNG]), large, `data:image/png;base64,${large.toString('base64')}`, inline];
    await client.submit({
      model: 'kling/kling-v3',
      prompt: 'x',
      reference_images: reference_images.map((one) => ({ url: one })),
    });
    const sent: unknown = JSON.parse(gateway.requests.at(-1)?.body ?? '');
    // What is a data URL already, and small enough, goes as its owner wrote it.
    expect(sent).toMatchObject({
      reference_images: [{ url: /cdn/ }, { url: /cdn/ }, { url: /cdn/ }, { url: /cdn/ }, { url: inline }].map(
        ({ url: one }) => (one instanceof RegExp ? { url: expect.stringMatching(one) } : { url: one }),
      ),
    });
    expect(hosted).toEqual(['image/png', 'image/png', 'image/png', 'image/png']);
  });

  test('that are no pictures are refused, and so is what only this network can reach', async () => {
    const path = join(folder, 'notes.png');
    await writeFile(path, 'not a picture');
    const wanted = (url: string) => far().submit({ model: 'google/nano-banana', prompt: 'x', images: [{ url }] });
    await expect(wanted(path)).rejects.toMatchObject({ code: 'local_media' });
    await expect(wanted('http://10.0.0.1/a.png')).rejects.toThrow(/only this network/);
  });
});
