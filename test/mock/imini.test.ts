// The second gateway on the wire: a task from submit to files, what is refused and how, and a CDN that looks at the Referer.

import { readFileSync } from 'node:fs';
import { PNG } from 'pngjs';
import { afterEach, describe, expect, it } from 'vitest';
import { type MockOptions, startMock } from '../../src/mock/index.js';
import { Oracle } from '../../src/mock/oracle.js';
import { type Bench, begin, bench as benchOf, CLIP, dig } from './helpers.js';

const text = readFileSync(new URL('../../generated/imini/openapi.json', import.meta.url), 'utf8');
const DOCUMENT = JSON.parse(text) as { paths: Record<string, Record<string, unknown>> };

const IMAGES = '/v1/images/generate';
const VIDEOS = '/v1/videos/generate';
const imageTask = (id: unknown) => `/v1/images/tasks/${id}`;
const videoTask = (id: unknown) => `/v1/videos/tasks/${id}`;
const PICTURE = { model: 'google/nano-banana', prompt: 'a shiba inu on the moon' };
const THREE = {
  model: 'openai/gpt-image-2',
  prompt: 'a cup',
  resolution: '1K',
  aspect_ratio: '1:1',
  quality: 'low',
  n: 3,
};
const FILM = { model: 'kling/kling-v3', prompt: 'a cat stretches', duration: 5 };
const REFERER = { referer: 'https://imini.ai/' };

const open: Bench[] = [];
async function bench(options: MockOptions = {}): Promise<Bench> {
  const here = await benchOf({ gateway: 'imini', ...options });
  open.push(here);
  return here;
}
afterEach(async () => {
  for (const { mock } of open.splice(0)) {
    await mock.close();
    expect(mock.deviations).toEqual([]);
  }
});

/** What the document has against an answer to that operation, whatever its status; undefined is nothing. */
const oracle = Oracle.open(JSON.parse(text), 'model');
async function objection(method: string, path: string, { status, body }: { status: number; body: unknown }) {
  const judge = await oracle;
  const operation = judge.operations.find((one) => one.method.toUpperCase() === method && one.path === path);
  if (operation === undefined) throw new RangeError(`${method} ${path} is not in the document`);
  return judge.objection(operation, status, JSON.parse(JSON.stringify(body)));
}

async function fileAt(url: unknown, headers: Record<string, string> = REFERER, method = 'GET') {
  const answer = await begin(String(url), { headers, method });
  await answer.over;
  return {
    status: answer.status,
    type: answer.headers['content-type'],
    bytes: answer.bytes(),
    headers: answer.headers,
  };
}

/** Width and height of a picture that decodes. */
function sizeOf(bytes: Buffer): [number, number] {
  const { width, height } = PNG.sync.read(bytes);
  return [width, height];
}

/** A finished task's answer. */
async function finished({ post, get, pass }: Bench, path: string, body: object): Promise<unknown> {
  const id = dig((await post(path, body)).body, 'task_id');
  pass(300);
  return (await get(path === IMAGES ? imageTask(id) : videoTask(id))).body;
}

describe('a task', () => {
  it('a picture: submitted without a status, null until it is done, in the words and times of the document', async () => {
    const here = await bench();
    const submitted = await here.post(IMAGES, PICTURE);
    expect(submitted.status).toBe(200);
    expect(Object.keys(submitted.body as object).sort()).toEqual(['created_at', 'model', 'request_id', 'task_id']);
    expect(submitted.body).toMatchObject({ model: PICTURE.model, created_at: '2026-01-01T00:00:00.000Z' });
    const id = String(dig(submitted.body, 'task_id'));
    expect(id).toMatch(/^task_\d{19}$/);

    const words: unknown[] = [];
    const names = new Set([dig(submitted.body, 'request_id')]);
    let last: unknown;
    let seconds = 0;
    for (; dig(last, 'status') !== 'succeeded' && seconds < 60; here.pass(1), seconds++) {
      const answer = await here.get(imageTask(id));
      expect(await objection('GET', '/v1/images/tasks/{task_id}', answer)).toBeUndefined();
      last = answer.body;
      const word = dig(last, 'status');
      if (words.at(-1) !== word) words.push(word);
      names.add(dig(last, 'request_id'));
      if (word !== 'succeeded') expect(last).toMatchObject({ completed_at: null, images: null, error: null });
    }
    expect(words).toEqual(['queued', 'processing', 'succeeded']);
    // "10–30 seconds"; the first look was at 0.
    expect(seconds - 1).toBeGreaterThanOrEqual(10);
    expect(seconds - 1).toBeLessThanOrEqual(30);
    // Each answer has a name of its own.
    expect(names.size).toBe(seconds + 1);
    const completedAt = String(dig(last, 'completed_at'));
    expect(new Date(completedAt).toISOString()).toBe(completedAt);
    expect(last).toMatchObject({
      task_id: id,
      model: PICTURE.model,
      error: null,
      images: [{ width: 512, height: 512 }],
    });
    const file = await fileAt(dig(last, 'images.0.url'));
    expect([file.status, file.type, sizeOf(file.bytes)]).toEqual([200, 'image/png', [512, 512]]);
  });

  it('several pictures: as many as were asked for, each another file; by `n` or one', async () => {
    const here = await bench();
    const images = dig(await finished(here, IMAGES, THREE), 'images');
    const urls = [0, 1, 2].map((index) => dig(images, `${index}.url`));
    expect(images).toHaveLength(3);
    const files = await Promise.all(urls.map((url) => fileAt(url)));
    expect(new Set(files.map(({ bytes }) => bytes.toString('latin1'))).size).toBe(3);
    expect(dig(await finished(here, IMAGES, PICTURE), 'images')).toHaveLength(1);
  });

  it('a video: between 98 and 182 s, with a cover beside it that is a picture and no result', async () => {
    const here = await bench();
    const id = dig((await here.post(VIDEOS, FILM)).body, 'task_id');
    here.pass(97);
    expect((await here.get(videoTask(id))).body).toMatchObject({ status: 'processing', videos: null });
    here.pass(86);
    const answer = await here.get(videoTask(id));
    expect(await objection('GET', '/v1/videos/tasks/{task_id}', answer)).toBeUndefined();
    expect(dig(answer.body, 'videos')).toEqual([
      { url: expect.any(String), width: 640, height: 360, duration: 2, cover_url: expect.any(String) },
    ]);
    const [url, cover] = [dig(answer.body, 'videos.0.url'), dig(answer.body, 'videos.0.cover_url')];
    expect((await fileAt(url)).bytes.toString('latin1', 4, 8)).toBe('ftyp');
    const still = await fileAt(cover);
    expect([still.type, sizeOf(still.bytes)]).toEqual(['image/png', [640, 360]]);
    // Who takes it for a result is seen.
    expect(here.mock.ledger.downloads.at(-1)).toMatchObject({ taskId: id, path: new URL(String(cover)).pathname });
  });

  it.each([
    [IMAGES, PICTURE, 'images', 'INVALID_PROMPT'],
    [VIDEOS, FILM, 'videos', 'INVALID_PARAMETER'],
  ])('%s can fail: 200, with an error inside, and nothing to fetch', async (path, body, list, code) => {
    const here = await bench({ outcome: () => 'failed' });
    const failed = await finished(here, path, body);
    expect(failed).toMatchObject({ status: 'failed', [list]: null, error: { code, status: 400 } });
    expect(dig(failed, 'error.request_id')).toBe(dig(failed, 'request_id'));
    expect(dig(failed, 'completed_at')).toMatch(/^2026-01-01T00:0\d:\d\d\.\d{3}Z$/);
    expect(JSON.stringify(failed)).not.toContain('http');
  });
});

describe('the document rules', () => {
  const requests = [IMAGES, VIDEOS].flatMap((path) =>
    Object.entries(
      dig(DOCUMENT.paths[path]?.post, 'requestBody.content.application/json.examples') as Record<string, unknown>,
    ).map(([name, example]) => ({ name, path, body: dig(example, 'value'), isTaken: !name.includes('invalid') })),
  );

  it('it has examples of both kinds, on both paths', () => {
    const kinds = new Set(requests.map(({ path, isTaken }) => `${path} ${isTaken}`));
    expect(kinds.size).toBe(4);
    expect(requests.length).toBeGreaterThan(20);
  });

  it('each named request is taken or refused as its name says, and every answer is as the document says', async () => {
    const here = await bench();
    for (const { name, path, body, isTaken } of requests) {
      const answer = await here.post(path, body);
      expect(answer.status, `${name}: ${JSON.stringify(answer.body)}`).toBe(isTaken ? 200 : 400);
      expect(await objection('POST', path, answer), name).toBeUndefined();
      if (!isTaken) continue;
      const id = dig(answer.body, 'task_id');
      here.pass(300);
      const poll = path.replace('/generate', '/tasks/{task_id}');
      const done = await here.get(poll.replace('{task_id}', String(id)));
      expect(done.body, name).toMatchObject({ status: 'succeeded', model: dig(body, 'model') });
      expect(await objection('GET', poll, done), name).toBeUndefined();
    }
    expect(here.mock.ledger.submits.map(({ paid }) => paid)).toEqual(requests.map(({ isTaken }) => isTaken));
  });
});

describe('refusals, in one envelope', () => {
  it('a body: 400 with the reasons of its own model', async () => {
    const here = await bench();
    const { status, body } = await here.post(IMAGES, { ...PICTURE, resolution: '4K' });
    expect(status).toBe(400);
    expect(body).toEqual({
      error: {
        code: 'INVALID_PARAMETER',
        message: expect.stringContaining('resolution'),
        status: 400,
        request_id: expect.stringMatching(/^req_/),
      },
    });
    const other = await here.post(IMAGES, { ...PICTURE, model: 'google/nano' });
    expect(dig(other.body, 'error.message')).toContain('google/nano-banana-pro');
    // A picture's model is none of the videos'.
    expect((await here.post(VIDEOS, PICTURE)).status).toBe(400);
    expect(dig(other.body, 'error.request_id')).not.toBe(dig(body, 'error.request_id'));
  });

  it('keys: 401 for none and for an expired one, 402 for an empty account where it costs, and no stranger’s task', async () => {
    const here = await bench();
    const submit = (authorization: string) => here.post(IMAGES, PICTURE, { authorization });
    for (const authorization of ['', 'Bearer sk-expired']) {
      const answer = await submit(authorization);
      expect([answer.status, dig(answer.body, 'error.status')]).toEqual([401, 401]);
      expect(await objection('POST', IMAGES, answer)).toBeUndefined();
    }
    const empty = await submit('Bearer sk-empty');
    expect(empty).toMatchObject({ status: 402, body: { error: { code: 'INSUFFICIENT_CREDITS', status: 402 } } });
    expect(here.mock.ledger.submits.map(({ paid }) => paid)).toEqual([false, false, false]);
    const id = dig((await submit('Bearer mine')).body, 'task_id');
    expect((await here.get(imageTask(id), { authorization: 'Bearer mine' })).status).toBe(200);
    expect((await here.get(imageTask(id), { authorization: 'Bearer sk-empty' })).status).toBe(404);
  });

  it('a task that is not there, or is of the other kind: 404 TASK_NOT_FOUND', async () => {
    const here = await bench();
    const film = dig((await here.post(VIDEOS, FILM)).body, 'task_id');
    for (const id of ['task_1', film]) {
      const answer = await here.get(imageTask(id));
      expect(answer).toMatchObject({ status: 404, body: { error: { code: 'TASK_NOT_FOUND', status: 404 } } });
      expect(await objection('GET', '/v1/images/tasks/{task_id}', answer)).toBeUndefined();
    }
    expect(await here.get('/v1/audio')).toMatchObject({ status: 404, body: { error: { code: 'NOT_FOUND' } } });
  });

  it('on a bad day: 429 nested and flat, 5xx in the envelope, each with a name of its own, and words that nobody knows', async () => {
    const kinds = ['rate-limit', 'server-error', 'unknown-word', 'nothing', 'busy'] as const;
    const here = await bench({ speed: 1e6, chaos: { rate: 1, kinds } });
    const seen = new Set<string>();
    const names = new Set<string>();
    const id = await taskOf(here);
    here.pass(1);
    const polls = 200;
    for (let turn = 0; turn < polls; turn++) {
      const { status, body } = await here.get(imageTask(id));
      if (status >= 400) expect(await objection('GET', '/v1/images/tasks/{task_id}', { status, body })).toBeUndefined();
      const nested = dig(body, 'error.code');
      const flat = dig(body, 'code');
      seen.add([status, nested ?? flat ?? dig(body, 'status'), flat === undefined ? '' : 'flat'].join(' ').trim());
      const name = dig(body, 'error.request_id') ?? dig(body, 'request_id');
      if (name !== undefined) names.add(String(name));
      // The strange word stands beside what the true one has: it must not be taken for it.
      if (dig(body, 'status') === 'completed') expect(dig(body, 'images')).toHaveLength(1);
    }
    expect([...seen].sort()).toEqual([
      '200',
      '200 archiving',
      '200 completed',
      '200 partially_succeeded',
      '429 RATE_LIMITED',
      '429 RATE_LIMITED flat',
      '500 INTERNAL_ERROR',
      '502 UPSTREAM_ERROR',
      '503 INTERNAL_ERROR flat',
    ]);
    const nameless = here.mock.ledger.polls.filter(({ fault }) => fault === 'nothing').length;
    expect(names.size).toBeGreaterThanOrEqual(polls - nameless);
    expect([...names].filter((name) => !/^req_\d{6}$/.test(name))).toEqual([]);
  });

  /** Of the submits of a bad day the first that made a task. */
  async function taskOf({ mock, post }: Bench): Promise<string> {
    for (let turn = 0; turn < 50; turn++) {
      await post(IMAGES, PICTURE, { 'x-trace-id': `t${turn}` });
      const taskId = mock.ledger.submits.at(-1)?.taskId;
      if (taskId !== undefined) return taskId;
    }
    throw new Error('no submit was taken');
  }
});

describe('the CDN', () => {
  it('shows another picture, with 200, to who does not come from imini.ai: instead of videos too', async () => {
    const here = await bench();
    const picture = dig(await finished(here, IMAGES, PICTURE), 'images.0.url');
    const film = dig(await finished(here, VIDEOS, FILM), 'videos.0.url');
    const strangers = [
      '',
      'https://imini.ai.example/',
      'http://imini.ai/',
      'https://www.imini.ai/',
      'imini.ai',
      'https://',
    ];
    for (const url of [picture, film]) {
      const truth = await fileAt(url);
      for (const referer of strangers) {
        const shown = await fileAt(url, referer === '' ? {} : { referer });
        expect([shown.status, shown.type, sizeOf(shown.bytes)], referer).toEqual([200, 'image/png', [240, 100]]);
        expect(here.mock.ledger.downloads.at(-1)).toMatchObject({ status: 200, fault: 'placeholder' });
        expect(shown.headers.etag).not.toBe(truth.headers.etag);
      }
      // Whoever had begun with the true one gets all of the other.
      const range = { range: 'bytes=100-', 'if-range': String(truth.headers.etag) };
      expect((await fileAt(url, range)).status).toBe(200);
      expect((await fileAt(url, { range: 'bytes=100-' })).status).toBe(200);
      expect((await fileAt(url, { ...REFERER, range: 'bytes=100-' })).status).toBe(206);
    }
    expect((await fileAt(picture, { referer: 'https://imini.ai/ai-creation?x=1' })).bytes.length).toBeGreaterThan(
      30_000,
    );
    expect(here.mock.ledger.downloads.at(-1)).not.toHaveProperty('fault');
    // HEAD sees the same, and is written down nowhere.
    const before = here.mock.ledger.downloads.length;
    expect((await fileAt(film, {}, 'HEAD')).type).toBe('image/png');
    expect((await fileAt(film, REFERER, 'HEAD')).type).toBe('video/mp4');
    expect(here.mock.ledger.downloads).toHaveLength(before);
  });

  it('answers a URL that was cut anywhere with the XML of its store, whoever asks', async () => {
    const here = await bench();
    const url = String(dig(await finished(here, IMAGES, PICTURE), 'images.0.url'));
    const start = url.indexOf('/_media') + '/_media'.length;
    for (let end = start; end < url.length; end++) {
      for (const headers of [REFERER, {}]) {
        const { status, type, bytes } = await fileAt(url.slice(0, end), headers);
        expect([status, type], url.slice(0, end)).toEqual([404, 'application/xml']);
        expect(bytes.toString()).toContain('<Code>NoSuchKey</Code>');
      }
    }
    const early = dig((await here.post(IMAGES, PICTURE)).body, 'task_id');
    expect((await fileAt(`${here.mock.url}/_media/${early}/0.png`)).type).toBe('application/xml');
  });

  it('a script shows it to anybody, once; faults of other kinds are for who is welcome', async () => {
    const here = await bench();
    const url = dig(await finished(here, VIDEOS, FILM), 'videos.0.url');
    here.mock.fault({ on: 'download', act: 'placeholder' });
    expect(sizeOf((await fileAt(url)).bytes)).toEqual([240, 100]);
    expect((await fileAt(url)).type).toBe('video/mp4');
    here.mock.fault({ on: 'download', act: 'gzip' });
    const shown = await fileAt(url, {});
    expect([shown.type, shown.headers['content-encoding']]).toEqual(['image/png', undefined]);
    expect(here.mock.ledger.downloads.map(({ fault }) => fault)).toEqual(['placeholder', undefined, 'gzip']);
  });
});

describe('where it stands', () => {
  it('below the path of its own server URL too, as users copy it', async () => {
    const here = await bench();
    const base = '/imini/router';
    const id = dig((await here.post(base + IMAGES, PICTURE)).body, 'task_id');
    expect((await here.get(base + imageTask(id))).body).toMatchObject({ task_id: id, status: 'queued' });
    expect((await here.get(imageTask(id))).body).toMatchObject({ task_id: id, status: 'queued' });
    const { submits, polls } = here.mock.ledger;
    expect([...submits, ...polls].map(({ path }) => path)).toEqual([IMAGES, imageTask(id), imageTask(id)]);
    for (const path of [
      '/imini',
      '/imini/routers/v1/images/tasks/1',
      '/imini/router',
      '/imini/router/imini/router/v1/x',
    ]) {
      expect(dig((await here.get(path)).body, 'error.code')).toBe('NOT_FOUND');
    }
  });

  it('beside the other gateway in one process, each with its own words, tasks and ledger', async () => {
    const [imini, router] = [await bench(), await bench({ gateway: 'ima-router' })];
    expect([imini.mock.gateway, router.mock.gateway]).toEqual(['imini', 'ima-router']);
    const [film, clip] = await Promise.all([imini.post(VIDEOS, FILM), router.post('/v1/videos', CLIP)]);
    expect([film.status, clip.status]).toEqual([200, 200]);
    expect((await router.post(VIDEOS, FILM)).status).toBe(404);
    expect((await imini.post('/v1/videos', CLIP)).status).toBe(404);
    expect((await router.get(`/v1/videos/${dig(film.body, 'task_id')}`)).body).toMatchObject({
      code: 'task_not_exist',
    });
    expect((await imini.get(videoTask(dig(clip.body, 'id')))).status).toBe(404);
    // The other's results are anybody's, whatever their Referer.
    router.pass(300);
    expect((await fileAt(`${router.mock.url}/_media/${dig(clip.body, 'id')}/0.mp4`, {})).type).toBe('video/mp4');
    expect([imini.mock.ledger.submits.length, router.mock.ledger.submits.length]).toEqual([1, 1]);
  });

  it('a gateway that nobody has described is told at once', async () => {
    for (const name of ['imono', '__proto__', 'toString']) {
      const options = JSON.parse(JSON.stringify({ gateway: name })) as MockOptions;
      await expect(startMock(options)).rejects.toThrow(
        `There is no mock of '${name}'; there is one of: ima-router, imini`,
      );
    }
  });
});
