// The files that the mock hands out are what the answers say they are, and are served as a CDN would.

import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { ALL_FORMATS, BufferSource, Input } from 'mediabunny';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMock } from '../../src/mock/index.js';
import { FIXTURES, type MediaKind, MediaShelf } from '../../src/mock/media.js';
import { type Bench, bench, CLIP, dig } from './helpers.js';

const KINDS = ['video', 'image', 'audio'] as const;
const PADDED_BYTES = 2_500_000;

/** Fails unless the bytes are a file of that kind, as `FIXTURES` says. */
async function expectDecodable(kind: MediaKind, bytes: Buffer): Promise<void> {
  const { width, height, seconds = 0 } = FIXTURES[kind];
  if (kind === 'image') {
    const image = PNG.sync.read(bytes);
    expect([image.width, image.height]).toEqual([width, height]);
    expectSoundChunks(bytes);
    return;
  }
  const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(bytes) });
  if (kind === 'video') {
    const track = await input.getPrimaryVideoTrack();
    expect([track?.codec, track?.displayWidth, track?.displayHeight]).toEqual(['avc', width, height]);
    expect(await input.computeDuration()).toBeCloseTo(seconds, 1);
    expectSoundBoxes(bytes);
  } else {
    expect((await input.getPrimaryAudioTrack())?.codec).toBe('mp3');
    expect(await input.computeDuration()).toBeCloseTo(seconds, 0);
    expectSoundTag(bytes);
  }
}

/** Decoders forgive much in what they skip; other programs do not. Each box ends where the next one begins. */
function expectSoundBoxes(mp4: Buffer): void {
  const types: string[] = [];
  let at = 0;
  while (at < mp4.length) {
    types.push(mp4.toString('latin1', at + 4, at + 8));
    at += mp4.readUInt32BE(at);
  }
  expect(at).toBe(mp4.length);
  expect([types.at(0), new Set(types)]).toEqual(['ftyp', new Set(['ftyp', 'moov', 'free', 'mdat'])]);
}

/** A tag in front, where there is one, is its one frame, and sound follows at once. */
function expectSoundTag(mp3: Buffer): void {
  let at = 0;
  while (mp3.toString('latin1', at, at + 3) === 'ID3') {
    const tagBytes = [6, 7, 8, 9].reduce((size, index) => size * 128 + mp3.readUInt8(at + index), 0);
    expect(mp3.toString('latin1', at + 10, at + 14)).toBe('PRIV');
    expect(mp3.readUInt32BE(at + 14)).toBe(tagBytes - 10);
    at += 10 + tagBytes;
  }
  expect(mp3.readUInt16BE(at)).toBe(0xfffb);
}

/** Each chunk has its right check sum, the last one ends the file. */
function expectSoundChunks(png: Buffer): void {
  let at = 8;
  while (at < png.length) {
    const end = at + 8 + png.readUInt32BE(at);
    expect(png.readUInt32BE(end)).toBe(crc32(png.subarray(at + 4, end)));
    at = end + 4;
  }
  expect(at).toBe(png.length);
}

describe.each([
  ['fixtures', 0],
  ['padded files', PADDED_BYTES],
])('%s', (_, leastBytes) => {
  const shelf = MediaShelf.load(leastBytes);
  const read = async (kind: MediaKind, name: string, edition?: number) => {
    const { pieces, validators } = (await shelf).file(kind, name, edition);
    return { bytes: Buffer.concat(pieces), ...validators };
  };

  it.each(KINDS)('%s: decodes to the declared size and duration, in each edition', async (kind) => {
    for (const edition of [0, 1, 2]) await expectDecodable(kind, (await read(kind, 'task/0', edition)).bytes);
  });

  it.each(KINDS)('%s: each name has bytes of its own, the same every time, with their sha256 as ETag', async (kind) => {
    const [one, again, other] = await Promise.all(['a/0', 'a/0', 'a/1'].map((name) => read(kind, name)));
    if (one === undefined || again === undefined || other === undefined) throw new Error('three were asked for');
    expect([again.etag, again.bytes.equals(one.bytes)]).toEqual([one.etag, true]);
    expect(one.etag).toBe(`"${createHash('sha256').update(one.bytes).digest('hex').slice(0, 32)}"`);
    expect(other.etag).not.toBe(one.etag);
    expect((await shelf).size(kind, 'a/0')).toBe(one.bytes.length);
    expect(one.bytes.length).toBeGreaterThanOrEqual(leastBytes);
    expect(one.bytes.length).toBeLessThan(leastBytes + 60_000);
  });

  it.each(KINDS)('%s: an edition differs in its first bytes, its size and its date', async (kind) => {
    const editions = await Promise.all([0, 1, 2].map((edition) => read(kind, 'a/0', edition)));
    const sizes = await Promise.all([0, 1, 2].map(async (edition) => (await shelf).size(kind, 'a/0', edition)));
    expect(editions.map(({ bytes }) => bytes.length)).toEqual(sizes);
    for (const view of [
      sizes,
      editions.map(({ etag }) => etag),
      editions.map((edition) => edition['last-modified']),
      editions.map(({ bytes }) => bytes.toString('latin1', 0, 100)),
    ]) {
      expect(new Set<unknown>(view).size).toBe(3);
    }
  });
});

describe('padding', () => {
  it('costs no memory per file, however large', async () => {
    const shelf = await MediaShelf.load(2 ** 30);
    const size = (kind: MediaKind, name: string) => shelf.size(kind, name) - 2 ** 30;
    const before = process.memoryUsage();
    for (let task = 0; task < 200; task++) {
      for (const kind of KINDS) expect(Math.abs(size(kind, `task-${task}/0`))).toBeLessThan(60_000);
    }
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(16 * 2 ** 20);
  });

  it('is never the same at two round distances, so that a misplaced piece shows', async () => {
    const bytes = Buffer.concat((await MediaShelf.load(4_000_000)).file('video', 'a/0').pieces);
    for (const shift of [1, 4_096, 65_536, 2 ** 20]) {
      const [here, there] = [
        bytes.subarray(1_500_000, 1_501_000),
        bytes.subarray(1_500_000 + shift, 1_501_000 + shift),
      ];
      expect(here.equals(there)).toBe(false);
    }
  });

  it('is served with the size that status answers declare, whole and in part', async () => {
    await using here = await bench({ mediaBytes: PADDED_BYTES });
    const id = String(dig((await here.post('/v1/videos', { model: 'seedance-2.0-fast', prompt: 'rain' })).body, 'id'));
    here.pass(400);
    const result = dig((await here.get(`/v1/videos/${id}`)).body, 'results.0');
    const url = String(dig(result, 'url'));
    const whole = Buffer.from(await (await fetch(url)).arrayBuffer());
    expect(whole.length).toBe(dig(result, 'size'));
    await expectDecodable('video', whole);
    const part = await fetch(url, { headers: { range: 'bytes=999990-2100000' } });
    expect(part.headers.get('content-length')).toBe('1100011');
    expect(whole.subarray(999_990, 2_100_001).equals(Buffer.from(await part.arrayBuffer()))).toBe(true);
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 31 + 1])('mediaBytes %d is refused', async (mediaBytes) => {
    await expect(startMock({ mediaBytes })).rejects.toThrow(RangeError);
  });
});

describe('serving', () => {
  let here: Bench;
  let url: string;
  let whole: Buffer;
  let etag: string;
  let modified: string;
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
    modified = response.headers.get('last-modified') ?? '';
    expect(new Date(modified).getTime()).toBeLessThan(Date.UTC(2026, 0, 1));
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
    for (const same of [etag, modified]) {
      expect((await part({ range: 'bytes=5-', 'if-range': same })).status).toBe(206);
    }
    for (const other of ['"other"', `W/${etag}`, new Date(0).toUTCString()]) {
      const changed = await part({ range: 'bytes=5-', 'if-range': other });
      expect([changed.status, changed.bytes.length]).toEqual([200, whole.length]);
    }
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
    expect(response.headers.get('cache-control')).toBe('public, max-age=86400');
    expect(Buffer.from(await response.arrayBuffer())).toEqual(whole);
    const stranger = await fetch(here.mock.url + content, { headers: { authorization: 'Bearer sk-of-another' } });
    expect(stranger.status).toBe(404);

    const picture = String(
      dig((await here.post('/mj/submit/imagine', { model: 'mj_imagine', prompt: 'x' })).body, 'result'),
    );
    expect((await here.get(`/mj/image/${picture}`)).status).toBe(400);
    here.pass(60);
    expect((await fetch(`${here.mock.url}/mj/image/${picture}`)).status).toBe(401);
    const image = await fetch(`${here.mock.url}/mj/image/${picture}`, { headers });
    expect(image.headers.get('content-type')).toBe('image/png');
    expect(PNG.sync.read(Buffer.from(await image.arrayBuffer())).width).toBe(512);

    const young = dig((await here.post('/v1/videos', CLIP)).body, 'id');
    const type = 'invalid_request_error';
    expect(await here.get(`/v1/videos/${young}/content`)).toEqual({
      status: 400,
      body: { error: { message: 'Task is not completed yet, current status: queued', type } },
    });
    expect(await here.get('/v1/videos/nothing/content')).toEqual({
      status: 404,
      body: { error: { message: 'Task not found', type } },
    });
  });

  it.each(['0.png', '1.mp4', 'x.mp4', '-1.mp4', '0'])('no such file: %s', async (name) => {
    expect((await fetch(`${here.mock.url}/_media/${id}/${name}`)).status).toBe(404);
  });
});
