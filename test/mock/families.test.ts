// Every family of paid tasks lives its life: submitted, queued, running, done, with files that can be fetched.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startMock } from '../../src/mock/index.js';
import { type Bench, bench, CLIP, dig } from './helpers.js';

interface Family {
  submit: string;
  body: Record<string, unknown>;
  poll: (id: string) => string;
  id?: string;
  status?: string;
  words: [queued: string, running: string, succeeded: string, failed: string];
  urls: string[];
  magic: string;
  cost?: string;
}

const own = (path: string) => (id: string) => `${path}/${id}`;
const mj = (id: string) => `/mj/task/${id}/fetch`;

const VIDEO = { magic: 'ftyp', urls: ['results.0.url'], cost: 'amount_usd' };
const LEGACY = { magic: 'ftyp', urls: ['metadata.url'] };
const WRAPPED = { status: 'data.status', cost: 'data.amount_usd' };
const KLING_WORDS: Family['words'] = ['', 'in_progress', 'completed', 'failed'];
const WRAPPED_WORDS: Family['words'] = ['queued', 'processing', 'succeeded', 'failed'];
const MJ = {
  poll: mj,
  id: 'result',
  magic: 'PNG',
  urls: ['imageUrl', 'urls.0', 'urls.3'],
  words: ['SUBMITTED', 'IN_PROGRESS', 'SUCCESS', 'FAILURE'] as Family['words'],
};

const FAMILIES: Record<string, Family> = {
  '/v1/videos': {
    submit: '/v1/videos',
    body: CLIP,
    poll: own('/v1/videos'),
    words: ['queued', 'in_progress', 'completed', 'failed'],
    ...VIDEO,
  },
  '/v1/videos, a model without results': {
    submit: '/v1/videos',
    body: { model: 'viduq3-pro', prompt: 'rain' },
    poll: own('/v1/videos'),
    words: ['queued', 'in_progress', 'completed', 'failed'],
    ...LEGACY,
  },
  '/v1/video/generations': {
    submit: '/v1/video/generations',
    body: { model: 'MiniMax-Hailuo-2.3', prompt: 'rain', size: '768p', duration: 6 },
    poll: own('/v1/video/generations'),
    words: KLING_WORDS,
    ...LEGACY,
  },
  '/api/v1/contents/generations/tasks': {
    submit: '/api/v1/contents/generations/tasks',
    body: { model: 'seedance-2.0', content: [{ type: 'text', text: 'rain' }] },
    poll: own('/api/v1/contents/generations/tasks'),
    words: ['queued', 'running', 'succeeded', 'failed'],
    ...VIDEO,
  },
  '/kling/v1/videos/text2video': {
    submit: '/kling/v1/videos/text2video',
    body: { model: 'kling-v1-6', prompt: 'rain' },
    poll: own('/kling/v1/videos/text2video'),
    words: KLING_WORDS,
    ...LEGACY,
  },
  '/kling/v1/videos/image2video, polled at /v1/videos': {
    submit: '/kling/v1/videos/image2video',
    body: { model: 'kling-v2-6', prompt: 'rain', image: 'https://example.com/a.jpg' },
    poll: own('/v1/videos'),
    words: ['queued', 'in_progress', 'completed', 'failed'],
    ...LEGACY,
  },
  '/v1/videos/subtitle-erase': {
    submit: '/v1/videos/subtitle-erase',
    body: { model: 'doubao-video-subtitle-erase-cn', video_url: 'https://example.com/a.mp4' },
    poll: own('/v1/videos/subtitle-erase'),
    words: ['in_progress', 'in_progress', 'completed', 'failed'],
    ...VIDEO,
  },
  '/v1/images/generations': {
    submit: '/v1/images/generations',
    body: { model: 'gpt-image-2', prompt: 'a fox' },
    poll: own('/v1/images/generations'),
    words: WRAPPED_WORDS,
    urls: ['data.url'],
    magic: 'PNG',
    ...WRAPPED,
  },
  '/v1/music/generations': {
    submit: '/v1/music/generations',
    body: { model: 'sonic', prompt: 'a song about rain' },
    poll: own('/v1/music/generations'),
    words: WRAPPED_WORDS,
    urls: ['data.data.0.url', 'data.data.1.audio_url'],
    magic: '\u00ff\u00fb',
    ...WRAPPED,
  },
  '/v1/audio/speech': {
    submit: '/v1/audio/speech',
    body: { model: 'seed-tts-2.0', input: 'hello', voice: 'zh_female_vv_uranus_bigtts' },
    poll: own('/v1/audio/speech'),
    words: WRAPPED_WORDS,
    urls: ['data.url'],
    magic: '\u00ff\u00fb',
    ...WRAPPED,
  },
  '/mj/submit/imagine': { submit: '/mj/submit/imagine', body: { model: 'mj_imagine', prompt: 'a fox' }, ...MJ },
  '/mj/submit/blend': {
    submit: '/mj/submit/blend',
    body: { base64Array: ['https://example.com/a.png', 'https://example.com/b.png'] },
    ...MJ,
  },
};

let here: Bench;
let fate: 'succeeded' | 'failed' = 'succeeded';

beforeAll(async () => {
  here = await bench({ outcome: () => fate });
});
beforeEach(() => {
  fate = 'succeeded';
});
afterAll(async () => {
  await here.mock.close();
});

describe.each(Object.entries(FAMILIES))('%s', (_, family) => {
  const status = family.status ?? 'status';

  it('goes from submit to files', async () => {
    const submitted = await here.post(family.submit, family.body);
    expect(submitted.status).toBe(200);
    const id = String(dig(submitted.body, family.id ?? 'task_id'));
    const read = async () => (await here.get(family.poll(id))).body;

    const seen: unknown[] = [];
    let last: unknown;
    for (let second = 0; second < 200; second++) {
      last = await read();
      const word = dig(last, status);
      if (seen.at(-1) !== word) seen.push(word);
      if (word === family.words[2]) break;
      if (family.cost) expect(dig(last, family.cost)).toBeUndefined();
      here.pass(1);
    }
    expect(seen).toEqual([...new Set(family.words.slice(0, 3))]);
    if (family.cost) expect(dig(last, family.cost)).toBeGreaterThan(0);

    const files = await Promise.all(
      family.urls.map(async (path) => {
        const response = await fetch(String(dig(last, path)));
        expect(response.status).toBe(200);
        return Buffer.from(await response.arrayBuffer());
      }),
    );
    for (const bytes of files) expect(bytes.toString('latin1', 0, 16)).toContain(family.magic);
    const declared = dig(last, 'results.0.size');
    if (declared !== undefined) expect(files[0]?.length).toBe(declared);
    expect(here.mock.deviations).toEqual([]);
  });

  it('can fail', async () => {
    fate = 'failed';
    const submitted = await here.post(family.submit, family.body);
    const id = String(dig(submitted.body, family.id ?? 'task_id'));
    here.pass(500);
    const last = (await here.get(family.poll(id))).body;
    expect(dig(last, status)).toBe(family.words[3]);
    if (family.cost) expect(dig(last, family.cost)).toBeUndefined();
    expect(JSON.stringify(last)).not.toContain('/_media/');
    expect(here.mock.deviations).toEqual([]);
  });
});

describe('midjourney follow-ups', () => {
  it('offers buttons that change takes, and only those', async () => {
    const { mock, pass, post, get } = here;
    const before = mock.ledger.submits.length;
    const parent = String(
      dig((await post('/mj/submit/imagine', { model: 'mj_imagine', prompt: 'a fox' })).body, 'result'),
    );
    const change = (taskId: string, customId: unknown) =>
      post('/mj/submit/change', { model: 'mj_upscale', taskId, customId });

    expect((await change(parent, 'x')).body).toMatchObject({ code: 4, description: 'task_status_not_success' });
    pass(60);
    const finished = (await get(mj(parent))).body;
    const customId = dig(finished, 'buttons.0.customId');
    expect(dig(finished, 'buttons.0.label')).toBe('U1');
    expect((await change(parent, 'MJ::JOB::upsample::9::x')).status).toBe(400);
    expect((await change('17000', customId)).body).toMatchObject({ code: 4, description: 'task_no_found' });

    const child = String(dig((await change(parent, customId)).body, 'result'));
    pass(60);
    const upscaled = (await get(mj(child))).body;
    expect(upscaled).toMatchObject({ action: 'UPSCALE', status: 'SUCCESS', progress: '100%' });
    expect(dig(upscaled, 'urls')).toHaveLength(1);
    expect(mock.ledger.submits.slice(before).map(({ paid }) => paid)).toEqual([true, false, false, false, true]);
  });

  it('parks a task that needs more input until modal brings it', async () => {
    const { pass, post, get, mock } = here;
    const parent = String(
      dig((await post('/mj/submit/imagine', { model: 'mj_imagine', prompt: 'a fox' })).body, 'result'),
    );
    pass(60);
    const customId = 'MJ::CustomZoom::1::{hash}::SOLO'.replace(
      '{hash}',
      String(dig((await get(mj(parent))).body, 'buttons.0.customId')).split('::')[4] ?? '',
    );
    const zoom = await post('/mj/submit/change', { model: 'mj_custom_zoom', taskId: parent, customId });
    const parked = String(dig(zoom.body, 'result'));
    pass(600);
    expect(dig((await get(mj(parked))).body, 'status')).toBe('MODAL');
    await post('/mj/submit/modal', { model: 'mj_remix', taskId: parked, customId, prompt: '--zoom 1.5' });
    pass(60);
    expect(dig((await get(mj(parked))).body, 'status')).toBe('SUCCESS');
    expect(mock.deviations).toEqual([]);
  });
});

describe('determinism', () => {
  it('gives the same ids, durations and files for the same seed, and others for another', async () => {
    const life = async (seed: number) => {
      await using here = await bench({ seed });
      const { pass, post, get, mock } = here;
      const id = dig((await post('/v1/videos', CLIP)).body, 'id');
      const progress: unknown[] = [];
      for (let step = 0; step < 30; step++) {
        progress.push(dig((await get(`/v1/videos/${id}`)).body, 'progress'));
        pass(5);
      }
      const bytes = await (await fetch(`${mock.url}/_media/${id}/0.mp4`)).text();
      return { id, progress, bytes };
    };
    const [first, again, other] = [await life(7), await life(7), await life(8)];
    expect(again).toEqual(first);
    expect(other.id).not.toBe(first.id);
    expect(other.progress).not.toEqual(first.progress);
    expect(other.bytes).not.toBe(first.bytes);
  });

  it('says which seed it drew', async () => {
    await using mock = await startMock({ speed: 100 });
    expect(mock.seed).toBeGreaterThanOrEqual(0);
  });

  it('goes by real time without a clock', async () => {
    await using here = await bench({ clock: Date.now, speed: 1000 });
    const id = dig((await here.post('/v1/audio/speech', FAMILIES['/v1/audio/speech']?.body)).body, 'id');
    await expect
      .poll(async () => dig((await here.get(`/v1/audio/speech/${id}`)).body, 'data.status'), { timeout: 2000 })
      .toBe('succeeded');
  });
});
