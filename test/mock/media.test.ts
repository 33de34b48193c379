// The files that the mock hands out are what the answers say they are, and are served as a CDN would.

import { ALL_FORMATS, BufferSource, Input } from 'mediabunny';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FIXTURES, MediaShelf } from '../../src/mock/media.js';
import { type Bench, bench, CLIP, dig } from './helpers.js';

describe('fixtures', () => {
  const shelf = MediaShelf.load();
  const input = async (kind: 'video' | 'audio') =>
    new Input({ formats: ALL_FORMATS, source: new BufferSource((await shelf).file(kind, 'task/0').bytes) });

  it('video: h264 of the declared size and duration', async () => {
    const video = await input('video');
    const track = await video.getPrimaryVideoTrack();
    expect(track?.codec).toBe('avc');
    expect(track?.displayWidth).toBe(FIXTURES.video.width);
    expect(track?.displayHeight).toBe(FIXTURES.video.height);
    expect(await video.computeDuration()).toBeCloseTo(FIXTURES.video.seconds ?? 0, 1);
  });

  it('audio: mp3 of the declared duration', async () => {
    const audio = await input('audio');
    expect((await audio.getPrimaryAudioTrack())?.codec).toBe('mp3');
    expect(await audio.computeDuration()).toBeCloseTo(FIXTURES.audio.seconds ?? 0, 0);
  });

  it('image: png of the declared size', async () => {
    const image = PNG.sync.read((await shelf).file('image', 'task/0').bytes);
    expect([image.width, image.height]).toEqual([FIXTURES.image.width, FIXTURES.image.height]);
  });

  it('each name has bytes of its own, the same every time', async () => {
    for (const kind of ['video', 'image', 'audio'] as const) {
      const [one, again, other] = ['a/0', 'a/0', 'a/1'].map(async (name) => (await shelf).file(kind, name));
      expect((await again)?.bytes).toEqual((await one)?.bytes);
      expect((await again)?.etag).toBe((await one)?.etag);
      expect((await other)?.etag).not.toBe((await one)?.etag);
      expect((await one)?.bytes.length).toBeLessThan(60_000);
    }
  });
});

describe('serving', () => {
  let here: Bench;
  let url: string;
  let whole: Buffer;
  let etag: string;
  let id: string;

  beforeAll(async () => {
    here = await bench();
    id = String(dig((await here.post('/v1/videos', CLIP)).body, 'id'));
    url = `${here.mock.url}/_media/${id}/0.mp4`;
    expect((await fetch(url)).status).toBe(404);
    here.pass(200);
    const response = await fetch(url);
    whole = Buffer.from(await response.arrayBuffer());
    etag = response.headers.get('etag') ?? '';
    expect(response.headers.get('content-type')).toBe('video/mp4');
    expect(response.headers.get('accept-ranges')).toBe('bytes');
    expect(Number(response.headers.get('content-length'))).toBe(whole.length);
  });
  afterAll(() => here.mock.close());

  const part = async (headers: Record<string, string>) => {
    const response = await fetch(url, { headers });
    const bytes = Buffer.from(await response.arrayBuffer());
    return { status: response.status, range: response.headers.get('content-range'), bytes };
  };

  it('HEAD: the headers, no bytes', async () => {
    const response = await fetch(url, { method: 'HEAD' });
    expect([response.status, response.headers.get('etag')]).toEqual([200, etag]);
    expect(Number(response.headers.get('content-length'))).toBe(whole.length);
    expect(await response.text()).toBe('');
  });

  it.each([
    ['bytes=0-9', 0, 9],
    ['bytes=100-', 100, undefined],
    ['bytes=-50', -50, undefined],
    ['bytes=10-99999999', 10, undefined],
  ])('Range %s', async (range, first, last) => {
    const answer = await part({ range });
    const expected = whole.subarray(first, last === undefined ? undefined : last + 1);
    const start = first < 0 ? whole.length + first : first;
    expect(answer.status).toBe(206);
    expect(answer.range).toBe(`bytes ${start}-${start + expected.length - 1}/${whole.length}`);
    expect(answer.bytes).toEqual(expected);
  });

  it('If-Range: a part when the file is the same, the whole when it is not', async () => {
    expect((await part({ range: 'bytes=5-', 'if-range': etag })).status).toBe(206);
    const changed = await part({ range: 'bytes=5-', 'if-range': '"other"' });
    expect([changed.status, changed.bytes.length]).toEqual([200, whole.length]);
  });

  it('416 beyond the end, 200 for what is no range', async () => {
    const beyond = await part({ range: `bytes=${whole.length}-` });
    expect([beyond.status, beyond.range, beyond.bytes.length]).toEqual([416, `bytes */${whole.length}`, 0]);
    for (const range of ['bytes=9-5', 'bytes=-', 'lines=1-2', 'bytes=0-1,4-5']) {
      expect((await part({ range })).status).toBe(200);
    }
  });

  it('needs no key at the CDN, but one at the gateway’s own content paths', async () => {
    const content = `/v1/videos/${id}/content`;
    expect((await fetch(here.mock.url + content)).status).toBe(401);
    const headers = { authorization: `Bearer ${here.mock.apiKey}` };
    const response = await fetch(here.mock.url + content, { headers });
    expect(Buffer.from(await response.arrayBuffer())).toEqual(whole);

    const picture = String(
      dig((await here.post('/mj/submit/imagine', { model: 'mj_imagine', prompt: 'x' })).body, 'result'),
    );
    expect((await here.get(`/mj/image/${picture}`)).status).toBe(400);
    here.pass(60);
    const image = await fetch(`${here.mock.url}/mj/image/${picture}`, { headers });
    expect(image.headers.get('content-type')).toBe('image/png');
    expect(PNG.sync.read(Buffer.from(await image.arrayBuffer())).width).toBe(512);

    const young = dig((await here.post('/v1/videos', CLIP)).body, 'id');
    expect((await here.get(`/v1/videos/${young}/content`)).body).toMatchObject({
      error: { message: 'Task is not completed yet, current status: queued' },
    });
    expect((await here.get('/v1/videos/nothing/content')).status).toBe(404);
  });

  it.each(['0.png', '1.mp4', 'x.mp4', '-1.mp4', '0'])('no such file: %s', async (name) => {
    expect((await fetch(`${here.mock.url}/_media/${id}/${name}`)).status).toBe(404);
  });
});
