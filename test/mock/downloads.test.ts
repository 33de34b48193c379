// What servers of results do wrong: each act on a download does what its docstring says, and no more than that.

import { gunzipSync } from 'node:zlib';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Fault, Mock } from '../../src/mock/index.js';
import { FIXTURES } from '../../src/mock/media.js';
import { type Answer, type Bench, begin, bench, CLIP, dig } from './helpers.js';

let here: Bench;
let mock: Mock;
/** A finished task, its file and that file's validators, for each test its own. */
let id: string;
let url: string;
let whole: Buffer;
let etag: string;
let modified: string;

beforeAll(async () => {
  here = await bench();
  mock = here.mock;
});
afterAll(async () => {
  await mock.close();
  expect(mock.deviations).toEqual([]);
});
beforeEach(async () => {
  id = String(dig((await here.post('/v1/videos', CLIP)).body, 'id'));
  here.pass(200);
  url = await urlNow();
  const answer = await get(url);
  [whole, etag, modified] = [answer.bytes(), String(answer.headers.etag), String(answer.headers['last-modified'])];
});

async function get(from: string, headers: Record<string, string> = {}): Promise<Answer & { complete: boolean }> {
  const answer = await begin(from, { headers });
  return { ...answer, complete: await answer.over };
}

/** What the next status answer says. */
async function urlNow(): Promise<string> {
  return String(dig((await here.get(`/v1/videos/${id}`)).body, 'results.0.url'));
}

const strike = (act: Fault['act'], more: Partial<Fault> = {}) => mock.fault({ on: 'download', act, ...more });
const last = () => mock.ledger.downloads.at(-1);

/** The struck one is over, the file is what it was. */
async function expectPlain(): Promise<void> {
  const answer = await get(url);
  expect([answer.status, answer.headers.etag, answer.complete]).toEqual([200, etag, true]);
  expect(answer.bytes().equals(whole)).toBe(true);
  expect(last()).not.toHaveProperty('fault');
}

describe('where an answer ends', () => {
  it('truncate: after that share of it, of the answer to a range too', async () => {
    for (const at of [0, 0.1, 0.37, 0.9, 1]) {
      strike('truncate', { at });
      const cut = await get(url);
      expect(Number(cut.headers['content-length'])).toBe(whole.length);
      expect(cut.bytes().equals(whole.subarray(0, Math.floor(whole.length * at)))).toBe(true);
      expect(cut.complete).toBe(at === 1);
    }
    strike('truncate', { at: 0.25 });
    const part = await get(url, { range: 'bytes=1000-1999' });
    expect([part.status, part.complete]).toEqual([206, false]);
    expect(part.bytes()).toEqual(whole.subarray(1000, 1250));
    expect(last()).toMatchObject({ taskId: id, fault: 'truncate', status: 206, range: 'bytes=1000-1999' });
  });

  it('truncate by bytes, every time: ten cuts carry a tenth each', async () => {
    const bytes = Math.ceil(whole.length / 10);
    strike('truncate', { bytes, times: 9 });
    const got: Buffer[] = [];
    for (let turn = 0; turn < 10; turn++) {
      const from = Buffer.concat(got).length;
      const answer = await get(url, from === 0 ? {} : { range: `bytes=${from}-`, 'if-range': etag });
      expect([answer.complete, answer.bytes().length]).toEqual([turn === 9, Math.min(bytes, whole.length - from)]);
      got.push(answer.bytes());
    }
    expect(Buffer.concat(got).equals(whole)).toBe(true);
  });

  it('a cut reaches large files where it should, and slow ones come whole', async () => {
    await using large = await bench({ mediaBytes: 5_000_000 });
    const made = dig((await large.post('/v1/videos', CLIP)).body, 'id');
    large.pass(200);
    const from = `${large.mock.url}/_media/${made}/0.mp4`;
    const all = (await get(from)).bytes();
    large.mock.fault({ on: 'download', act: 'truncate', bytes: 4_321_000 });
    const cut = await get(from);
    expect([cut.complete, cut.bytes().equals(all.subarray(0, 4_321_000))]).toEqual([false, true]);
    large.mock.fault({ on: 'download', act: 'slow', everyMs: 1 });
    const slow = await get(from);
    expect([slow.complete, slow.bytes().equals(all)]).toEqual([true, true]);
  });

  it('stall: that share of it, then silence on an open connection until the mock closes', async () => {
    await using other = await bench();
    const made = dig((await other.post('/v1/videos', CLIP)).body, 'id');
    other.pass(200);
    const from = `${other.mock.url}/_media/${made}/0.mp4`;
    const size = (await get(from)).bytes().length;
    for (const [fault, count] of [
      [{ at: 0 }, 0],
      [{}, Math.floor(size / 2)],
      [{ at: 0.9 }, Math.floor(size * 0.9)],
      [{ bytes: 77 }, 77],
    ] as const) {
      other.mock.fault({ on: 'download', act: 'stall', ...fault });
      const answer = await begin(from);
      expect(Number(answer.headers['content-length'])).toBe(size);
      await answer.has(count);
      let over = false;
      void answer.over.then(() => {
        over = true;
      });
      // Nobody else has to wait, and nothing more comes meanwhile.
      expect((await get(from)).complete).toBe(true);
      expect([answer.bytes().length, over]).toEqual([count, false]);
      expect(other.mock.ledger.downloads.map(({ fault }) => fault).slice(-2)).toEqual(['stall', undefined]);
      if (count === 77) {
        await other.mock.close();
        expect(await answer.over).toBe(false);
        expect(answer.bytes().length).toBe(77);
      } else answer.leave();
    }
  });
});

describe('the file', () => {
  it('expire: its URL is over for good, and each status answer names the one that is good', async () => {
    const urls = [url];
    for (let turn = 1; turn <= 3; turn++) {
      const before = urls.at(-1) ?? '';
      strike('expire');
      const gone = await get(before);
      expect([gone.status, gone.headers['content-type']]).toEqual([403, 'application/xml']);
      expect(gone.bytes().toString()).toMatch(/^<\?xml .*<Code>AccessDenied<\/Code>/);
      expect(last()).toMatchObject({ taskId: id, fault: 'expire', status: 403 });
      urls.push(await urlNow());
    }
    expect(urls).toEqual([url, `${url}?fresh=1`, `${url}?fresh=2`, `${url}?fresh=3`]);
    expect(await Promise.all(urls.map(async (one) => (await get(one)).status))).toEqual([403, 403, 403, 200]);
    expect((await fetch(url, { method: 'HEAD' })).status).toBe(403);
    expect((await get(`${url}?fresh=4`)).status).toBe(403);
    const fresh = await get(urls[3] ?? '', { range: 'bytes=100-', 'if-range': etag });
    expect([fresh.status, fresh.bytes().equals(whole.subarray(100))]).toEqual([206, true]);
    // One that is over cannot expire again.
    strike('expire');
    expect((await get(url)).status).toBe(403);
    expect(await urlNow()).toBe(urls[3]);
  });

  it('expire is about one file, not about its task', async () => {
    const song = dig((await here.post('/v1/music/generations', { model: 'sonic', prompt: 'rain' })).body, 'task_id');
    here.pass(500);
    const state = async () => {
      const { body } = await here.get(`/v1/music/generations/${song}`);
      return ['0', '1'].map((index) => String(dig(body, `data.data.${index}.url`)));
    };
    const [first = '', second = ''] = await state();
    strike('expire');
    expect((await get(second)).status).toBe(403);
    expect(await state()).toEqual([first, `${second}?fresh=1`]);
    expect((await get(first)).status).toBe(200);
  });

  it('expire at a path that needs the key: not found, for good, and only there', async () => {
    const headers = { authorization: `Bearer ${mock.apiKey}` };
    const content = `${mock.url}/v1/videos/${id}/content`;
    const picture = dig((await here.post('/mj/submit/imagine', { model: 'mj_imagine', prompt: 'x' })).body, 'result');
    here.pass(60);
    for (const path of [content, `${mock.url}/mj/image/${picture}`]) {
      expect((await get(path, headers)).status).toBe(200);
      strike('expire');
      for (let turn = 0; turn < 2; turn++) {
        const gone = await get(path, headers);
        expect(gone.status).toBe(404);
        expect(JSON.parse(gone.bytes().toString())).toHaveProperty('error');
      }
    }
    expect(await urlNow()).toBe(url);
    await expectPlain();
  });

  it('change: other bytes, size, ETag and date, and who goes on with the old ones gets it all', async () => {
    const seen = [{ bytes: whole, etag, modified }];
    for (let turn = 0; turn < 2; turn++) {
      const old = seen.at(-1);
      strike('change');
      const validator = turn === 0 ? old?.etag : old?.modified;
      const answer = await get(url, { range: 'bytes=1000-', 'if-range': validator ?? '' });
      expect([answer.status, answer.complete]).toEqual([200, true]);
      const { etag = '', 'last-modified': modified = '' } = answer.headers;
      seen.push({ bytes: answer.bytes(), etag, modified });
      const goesOn = await get(url, { range: 'bytes=1000-', 'if-range': etag });
      expect([goesOn.status, goesOn.bytes().equals(answer.bytes().subarray(1000))]).toEqual([206, true]);
    }
    expect(new Set(seen.map(({ bytes }) => bytes.length)).size).toBe(3);
    expect(new Set(seen.map(({ etag }) => etag)).size).toBe(3);
    expect(new Set(seen.map(({ modified }) => modified)).size).toBe(3);
    // An old beginning under a new end is not the new file: a mix of both shows.
    expect(seen[1]?.bytes.subarray(0, 1000).equals(whole.subarray(0, 1000))).toBe(false);
    expect(await urlNow()).toBe(url);
    const content = await get(`${mock.url}/v1/videos/${id}/content`, { authorization: `Bearer ${mock.apiKey}` });
    expect(content.bytes().equals(seen[2]?.bytes ?? whole)).toBe(true);
  });

  it('change at a path that needs the key changes the same file', async () => {
    strike('change');
    const content = await get(`${mock.url}/v1/videos/${id}/content`, { authorization: `Bearer ${mock.apiKey}` });
    expect(content.headers.etag).not.toBe(etag);
    expect((await get(url)).headers.etag).toBe(content.headers.etag);
  });

  it('change: status answers tell the new size', async () => {
    const body = { model: 'seedance-2.0-fast', prompt: 'rain' };
    id = String(dig((await here.post('/v1/videos', body)).body, 'id'));
    here.pass(400);
    const size = async () => dig((await here.get(`/v1/videos/${id}`)).body, 'results.0.size');
    const before = await size();
    strike('change');
    const changed = (await get(await urlNow())).bytes().length;
    expect(changed).not.toBe(before);
    expect(await size()).toBe(changed);
  });
});

describe('ranges', () => {
  const range = 'bytes=1000-1999';

  it('ignore-range: the whole file', async () => {
    strike('ignore-range');
    const answer = await get(url, { range });
    expect([answer.status, answer.headers['content-range'], answer.headers.etag]).toEqual([200, undefined, etag]);
    expect(answer.bytes().equals(whole)).toBe(true);
    expect((await get(url, { range })).status).toBe(206);
  });

  it('wrong-range: begins elsewhere than asked, and says so', async () => {
    for (const [asked, first, end] of [
      ['bytes=1000-1999', 500, 1999],
      ['bytes=1-', 0, whole.length - 1],
      ['bytes=0-', 1, whole.length - 1],
      ['bytes=0-0', 1, 1],
      ['bytes=-100', Math.floor((whole.length - 100) / 2), whole.length - 1],
    ] as const) {
      strike('wrong-range');
      const answer = await get(url, { range: asked, 'if-range': etag });
      expect([answer.status, answer.complete]).toEqual([206, true]);
      expect(answer.headers['content-range']).toBe(`bytes ${first}-${end}/${whole.length}`);
      expect(answer.bytes().equals(whole.subarray(first, end + 1))).toBe(true);
    }
    strike('wrong-range');
    const plain = await get(url);
    expect([plain.status, plain.bytes().equals(whole)]).toEqual([200, true]);
    strike('wrong-range');
    expect((await get(url, { range, 'if-range': '"old"' })).status).toBe(200);
    strike('wrong-range');
    expect((await get(url, { range: `bytes=${whole.length}-` })).status).toBe(416);
  });

  it('no-validators: nothing that would say whether the file is the same', async () => {
    strike('no-validators', { times: 3 });
    const answer = await get(url);
    expect([answer.headers.etag, answer.headers['last-modified']]).toEqual([undefined, undefined]);
    expect(answer.headers['accept-ranges']).toBe('bytes');
    const part = await get(url, { range });
    expect([part.status, part.headers.etag, part.bytes().equals(whole.subarray(1000, 2000))]).toEqual([
      206,
      undefined,
      true,
    ]);
    expect((await get(url, { range, 'if-range': etag })).status).toBe(200);
    await expectPlain();
  });
});

describe('lengths', () => {
  it('no-length: chunked, whole files and parts', async () => {
    strike('no-length', { times: 2 });
    for (const [headers, bytes] of [
      [{}, whole],
      [{ range: 'bytes=100-' }, whole.subarray(100)],
    ] as const) {
      const answer = await get(url, headers);
      expect(answer.headers['content-length']).toBeUndefined();
      expect(answer.headers['transfer-encoding']).toBe('chunked');
      expect([answer.complete, answer.bytes().equals(bytes)]).toEqual([true, true]);
    }
    await expectPlain();
  });

  it('gzip: packed, though nobody asked for it', async () => {
    strike('gzip');
    const answer = await get(url, { 'accept-encoding': 'identity', range: 'bytes=100-', 'if-range': etag });
    expect([answer.status, answer.headers['content-encoding'], answer.complete]).toEqual([200, 'gzip', true]);
    expect(Number(answer.headers['content-length'])).toBe(answer.bytes().length);
    expect([answer.headers.etag, answer.headers['accept-ranges']]).toEqual([`W/${etag}`, undefined]);
    expect(answer.headers['content-type']).toBe('video/mp4');
    expect(answer.bytes().equals(whole)).toBe(false);
    expect(gunzipSync(answer.bytes()).equals(whole)).toBe(true);
    await expectPlain();
  });

  it.each([
    [{}, 1],
    [{ bytes: 500 }, 500],
  ])('too-long and too-short: wrong by %o', async (fault, by) => {
    strike('too-long', fault);
    const long = await get(url);
    expect(Number(long.headers['content-length'])).toBe(whole.length + by);
    expect([long.complete, long.bytes().equals(whole)]).toEqual([false, true]);
    strike('too-short', fault);
    const short = await get(url);
    expect(Number(short.headers['content-length'])).toBe(whole.length - by);
    expect([short.complete, short.bytes().equals(whole.subarray(0, -by))]).toEqual([true, true]);
    strike('too-short', fault);
    const part = await get(url, { range: 'bytes=-100' });
    expect([part.status, part.complete, part.bytes().length]).toEqual([206, true, Math.max(0, 100 - by)]);
    await expectPlain();
  });
});

describe('other places, other things', () => {
  it('redirect: to the same file, each time under another query, of a fresh URL too', async () => {
    strike('redirect', { times: 2 });
    const first = await get(url);
    expect([first.status, first.headers.location, first.bytes().length]).toEqual([302, `${url}?redirected=1`, 0]);
    const second = await get(String(first.headers.location));
    expect(second.headers.location).toBe(`${url}?redirected=2`);
    expect((await get(String(second.headers.location))).bytes().equals(whole)).toBe(true);

    strike('expire');
    await get(url);
    strike('redirect', { status: 307 });
    const fresh = await get(await urlNow());
    expect([fresh.status, fresh.headers.location]).toEqual([307, `${url}?fresh=1&redirected=1`]);
    expect((await get(String(fresh.headers.location))).bytes().equals(whole)).toBe(true);
  });

  it('redirect: elsewhere, where the script says so, and from the gateway’s own paths', async () => {
    strike('redirect', { headers: { Location: 'http://192.168.1.1/', 'Set-Cookie': 'a=b' } });
    const answer = await get(url);
    expect([answer.headers.location, answer.headers['set-cookie']]).toEqual(['http://192.168.1.1/', ['a=b']]);
    strike('redirect');
    const content = `${mock.url}/v1/videos/${id}/content`;
    const headers = { authorization: `Bearer ${mock.apiKey}` };
    const own = String((await get(content, headers)).headers.location);
    expect(own).toBe(`${content}?redirected=1`);
    expect((await get(own)).status).toBe(401);
    expect((await get(own, headers)).bytes().equals(whole)).toBe(true);
  });

  it('wrong-media and empty: 200 under the file’s own type', async () => {
    strike('wrong-media');
    const page = await get(url, { range: 'bytes=100-' });
    expect([page.status, page.headers['content-type'], page.complete]).toEqual([200, 'video/mp4', true]);
    expect(page.bytes().toString()).toMatch(/^<!DOCTYPE html>/);
    strike('empty');
    const empty = await get(url, { range: 'bytes=100-' });
    expect([empty.status, empty.headers['content-type'], empty.complete]).toEqual([200, 'video/mp4', true]);
    expect([empty.headers['content-length'], empty.bytes().length]).toEqual(['0', 0]);
    await expectPlain();
  });

  it('placeholder: 200 with a picture of another size, whatever was asked for; the gateway’s own path to a file too', async () => {
    const own = `${mock.url}/v1/videos/${id}/content`;
    for (const from of [url, own]) {
      strike('placeholder');
      const headers = { authorization: `Bearer ${mock.apiKey}`, range: 'bytes=100-', 'if-range': etag };
      const shown = await get(from, headers);
      expect([shown.status, shown.headers['content-type'], shown.complete]).toEqual([200, 'image/png', true]);
      const { width, height } = PNG.sync.read(shown.bytes());
      for (const fixture of Object.values(FIXTURES))
        expect([fixture.width, fixture.height]).not.toEqual([width, height]);
      expect(shown.headers.etag).not.toBe(etag);
      expect(last()).toMatchObject({ taskId: id, fault: 'placeholder', status: 200 });
    }
    await expectPlain();
  });

  const FILE_ACTS = [
    'expire',
    'change',
    'ignore-range',
    'wrong-range',
    'no-length',
    'gzip',
    'too-long',
    'too-short',
    'redirect',
    'wrong-media',
    'placeholder',
    'empty',
    'no-validators',
  ] as const;

  it.each(FILE_ACTS)('%s strikes downloads only, and leaves alone what is no file', async (act) => {
    for (const on of ['submit', 'poll'] as const) {
      expect(() => mock.fault({ on, act })).toThrow(`The act ${act} strikes on download only, not on ${on}`);
    }
    await expectPlain();
    strike(act);
    const missing = await get(`${mock.url}/_media/${id}/9.mp4`);
    expect([missing.status, missing.bytes().length]).toEqual([404, 0]);
    expect(last()).toMatchObject({ fault: act, status: 404 });
    await expectPlain();
  });
});
