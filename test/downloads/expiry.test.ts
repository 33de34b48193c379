// URLs that are over: the task is read again for a fresh one, then the gateway itself is asked; nothing is ever bought anew.

import { readFile, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TaskResult } from '../../src/index.js';
import { clientFor } from '../support/client.js';
import { errorOf } from '../support/error-of.js';
import { json, serve } from '../support/server.js';
import { type Asked, honest, picture, room, SOON, send, WAYS } from './support.js';

const here = room();
const clip = await readFile(new URL('../../src/mock/media/clip.mp4', import.meta.url));
const bytes = picture(200_000);
const version = { bytes, etag: '"v1"' };

const xml = (code: string) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>Request has expired</Message></Error>`;
/** An answer of an object store that will not give the file. */
const refusal = (status: number, text = '') => ({
  status,
  fields: { 'content-type': 'application/xml', 'content-length': text.length },
  body: Buffer.from(text),
});

interface Story {
  model?: string;
  /** What the task's results are, each time it is read; the last one stays. A number is a status that refuses. */
  tells: ({ url: string; content_type?: string }[] | number)[];
  /** What the gateway hands out itself. */
  content?: (response: ServerResponse) => void;
}

describe.each(WAYS)('over %s', (_, client) => {
  /** A host that has the file at every path of `good`, as text, and refuses all others. */
  async function store(good: () => string[], no = refusal(403, xml('AccessDenied'))) {
    return here.host((asked, socket) => send(socket, good().includes(asked.path) ? honest(asked, version) : no));
  }

  /** A finished task whose gateway tells a story. */
  async function task({ model = 'gemini-2.5-flash-image', tells, content }: Story) {
    const rest = [...tells];
    const gateway = await serve(({ url }, response) => {
      if (/content$|^\/mj\/image/.test(url)) return content === undefined ? json(response, {}, 404) : content(response);
      const [told] = rest.length > 1 ? rest.splice(0, 1) : rest;
      if (typeof told === 'number') return json(response, { error: { message: 'no', type: 'x' } }, told);
      return json(response, { id: 't1', object: 'video', status: 'completed', results: told });
    });
    here.later(gateway.close);
    const { ima, warnings } = clientFor(gateway.url, { ...SOON, ...client });
    const result: TaskResult = await ima.task('t1', { model }).result();
    gateway.requests.splice(0);
    here.later(() => expect(gateway.requests.filter(({ method }) => method !== 'GET')).toEqual([]));
    return { result, gateway, warnings };
  }

  const asked = ({ asked }: { asked: Asked[] }) => asked.map(({ path }) => path);
  const target = () => join(here.folder, 'a.png');

  test('a fresh URL is asked for, and fetched without the key', async () => {
    const host = await store(() => ['/a.png?sig=2']);
    const { result, gateway } = await task({
      tells: [[{ url: `${host.url}/a.png?sig=1` }], [{ url: `${host.url}/a.png?sig=2` }]],
    });
    await result.download(target());
    expect(asked(host)).toEqual(['/a.png?sig=1', '/a.png?sig=2']);
    expect(host.asked.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
    expect(gateway.requests.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /v1/images/generations/t1']);
    expect((await readFile(target())).equals(bytes)).toBe(true);
    expect(await here.names()).toEqual(['a.png']);
  });

  test.each<[number, string]>([
    [403, ''],
    [404, 'not found'],
    [410, ''],
    [200, xml('NoSuchKey')],
    [200, xml('AccessDenied')],
    [400, xml('ExpiredToken')],
    [400, xml('RequestExpired')],
    [403, xml('SignatureDoesNotMatch')],
    [500, xml('NoSuchBucket')],
  ])('so it is with HTTP %i %j', async (status, text) => {
    const host = await store(() => ['/a.png?sig=2'], refusal(status, text));
    const { result } = await task({
      tells: [[{ url: `${host.url}/a.png?sig=1` }], [{ url: `${host.url}/a.png?sig=2` }]],
    });
    await result.download(target());
    expect((await readFile(target())).equals(bytes)).toBe(true);
  });

  test.each<[number, string]>([
    [400, xml('MalformedXML')],
    [401, ''],
    [200, '<html><body>AccessDenied</body></html>'],
  ])('but not with HTTP %i %j', async (status, text) => {
    const host = await store(() => ['/a.png?sig=2'], refusal(status, text));
    const { result, gateway } = await task({ tells: [[{ url: `${host.url}/a.png?sig=1` }]] });
    const error = await errorOf(result.download(target()));
    expect(error.code).toBe(status === 200 ? 'wrong_media' : 'http_status');
    expect(gateway.requests).toEqual([]);
  });

  test('a refusal whose body breaks off, or does not end, is a refusal', async () => {
    for (const ends of ['closed', 'silent'] as const) {
      const host = await here.host((question, socket) => {
        if (question.path.endsWith('2')) return send(socket, honest(question, version));
        return send(socket, refusal(403, xml('AccessDenied')), { cut: 30, ends });
      });
      const { result } = await task({
        tells: [[{ url: `${host.url}/a.png?sig=1` }], [{ url: `${host.url}/a.png?sig=2` }]],
      });
      await result.download(target(), { idleTimeoutMs: 300, overwrite: true });
      expect(asked(host)).toEqual(['/a.png?sig=1', '/a.png?sig=2']);
    }
  });

  test('the outputs of one call share the question', async () => {
    const host = await store(() => ['/0.png?new', '/1.png?new', '/2.png?new']);
    const urls = (query: string) => [0, 1, 2].map((i) => ({ url: `${host.url}/${i}.png?${query}` }));
    const { result, gateway } = await task({ tells: [urls('old'), urls('new')] });
    expect(await result.download(`${here.folder}/`)).toHaveLength(3);
    expect(gateway.requests).toHaveLength(1);
    expect(host.asked).toHaveLength(6);
  });

  test('the next call asks anew', async () => {
    let good = ['/a.png?sig=2'];
    const host = await store(() => good);
    const url = (n: number) => [{ url: `${host.url}/a.png?sig=${n}` }];
    const { result, gateway } = await task({ tells: [url(1), url(2), url(3)] });
    await result.download(target());
    good = ['/a.png?sig=3'];
    await result.download(target(), { overwrite: true });
    expect(gateway.requests).toHaveLength(2);
  });

  test('streams and buffers have it too', async () => {
    const host = await store(() => ['/a.png?sig=2']);
    const tells: Story['tells'] = [[{ url: `${host.url}/a.png?sig=1` }], [{ url: `${host.url}/a.png?sig=2` }]];
    const { result } = await task({ tells });
    const [output] = result.outputs;
    expect(bytes.equals(new Uint8Array((await output?.arrayBuffer()) ?? new ArrayBuffer(0)))).toBe(true);
    const read = await new Response(await output?.stream()).arrayBuffer();
    expect(bytes.equals(new Uint8Array(read))).toBe(true);
  });

  describe('nothing more to be had', () => {
    const told = (host: { url: string }, name: string, content_type = 'image/png') => [
      { url: `${host.url}/${name}`, content_type },
    ];

    test.each<[string, (host: { url: string }) => Story['tells'][number], RegExp]>([
      ['the same URL again', (host) => told(host, 'a.png?sig=1'), /names no other URL/],
      ['another one that is over too', (host) => told(host, 'a.png?sig=2'), /names no other URL/],
      ['a result of another kind', (host) => told(host, 'a.mp4', 'video/mp4'), /names no other URL/],
      ['no result', () => [], /names no other URL/],
      ['that the key is wrong', () => 401, /could not be read again/],
      ['that there is no such task', () => 404, /could not be read again/],
    ])('the task tells %s', async (_, second, why) => {
      const host = await store(() => [], refusal(403, xml('AccessDenied')));
      const { result, gateway } = await task({ tells: [told(host, 'a.png?sig=1'), second(host)] });
      const error = await errorOf(result.download(target()));
      expect(error).toMatchObject({
        name: 'DownloadError',
        code: 'expired',
        status: 403,
        taskId: 't1',
        retryable: false,
        mayBeBilled: true,
      });
      expect(error.message).toMatch(why);
      expect(error.message).toContain('AccessDenied');
      expect(error.message).not.toContain('sig=');
      expect(error.hint).toContain('t1');
      expect(error.cause !== undefined).toBe(why.source.includes('could not'));
      expect(gateway.requests.length).toBeGreaterThan(0);
      expect(gateway.requests.length).toBeLessThan(6);
      expect(asked(host)).not.toContain('/a.mp4');
      expect(await here.names()).toEqual([]);
    });

    test('what had come of it by then is kept: support may bring the URL back', async () => {
      let isOver = false;
      const host = await here.host((question, socket) => {
        if (isOver) return send(socket, refusal(403));
        isOver = true;
        return send(socket, honest(question, version), { cut: 90_000 });
      });
      const { result } = await task({ tells: [told(host, 'a.png?sig=1')] });
      await expect(result.download(target())).rejects.toMatchObject({ code: 'expired' });
      expect(await here.names()).toEqual(['a.png.meta.part', 'a.png.part']);
    });
  });

  describe('the gateway itself has the bytes', () => {
    test.each([
      ['kling-v3-video', '/v1/videos/t1/content', 'a.mp4', clip],
      ['mj_imagine', '/mj/image/t1', 'a.png', bytes],
    ])('%s: %s, with the key', async (model, path, name, media) => {
      const host = await store(() => []);
      const { result, gateway } = await task({
        model,
        tells: [[{ url: `${host.url}/${name}` }]],
        content: (response) => response.end(media),
      });
      const [file] = await result.download(`${here.folder}/`);
      expect((await readFile(file?.path ?? '')).equals(media)).toBe(true);
      // First the task is read again.
      expect(gateway.requests.map(({ url }) => url)).toEqual([expect.not.stringMatching(path), path]);
      expect(gateway.requests[1]?.headers.authorization).toBe('Bearer sk-test-0123456789');
      expect(host.asked[0]?.headers.authorization).toBeUndefined();
    });

    test('also when the task cannot be read any more', async () => {
      const host = await store(() => []);
      const { result } = await task({
        model: 'kling-v3-video',
        tells: [[{ url: `${host.url}/a.mp4` }], 404],
        content: (response) => response.end(clip),
      });
      expect(await result.download(`${here.folder}/`)).toHaveLength(1);
    });

    test('but not, when it has not', async () => {
      const host = await store(() => []);
      const { result, gateway } = await task({ model: 'kling-v3-video', tells: [[{ url: `${host.url}/a.mp4` }]] });
      await expect(result.download(`${here.folder}/`)).rejects.toMatchObject({ code: 'expired', status: 404 });
      expect(gateway.requests).toHaveLength(2);
    });

    test('of several outputs nobody says which one it has', async () => {
      const host = await store(() => []);
      const { result, gateway } = await task({
        model: 'kling-v3-video',
        tells: [[{ url: `${host.url}/a.mp4` }, { url: `${host.url}/b.mp4` }]],
        content: (response) => response.end(clip),
      });
      const error = await errorOf(result.download(`${here.folder}/`));
      expect(error.code).toBe('expired');
      expect(error.hint).toContain('0 of 2 outputs are saved');
      expect(await here.names()).toEqual([]);
      expect(gateway.requests).toHaveLength(1);
    });
  });

  describe('what came before the URL was over', () => {
    /** A host that breaks off once, then refuses that URL. */
    async function breaking() {
      const host = await here.host((question, socket) => {
        if (host.asked.length === 1) return send(socket, honest(question, version), { cut: 90_000 });
        return send(socket, question.path.includes('old') ? refusal(403) : honest(question, version));
      });
      return host;
    }

    test('is gone on with at a fresh URL with another query', async () => {
      const host = await breaking();
      const { result } = await task({
        tells: [[{ url: `${host.url}/a.png?old` }], [{ url: `${host.url}/a.png?new` }]],
      });
      await result.download(target());
      expect(host.asked.map(({ path, from }) => [path, from])).toEqual([
        ['/a.png?old', undefined],
        ['/a.png?old', 90_000],
        ['/a.png?new', 90_000],
      ]);
      expect(host.asked[2]?.headers['if-range']).toBe('"v1"');
      expect((await readFile(target())).equals(bytes)).toBe(true);
    });

    test('is not, at another path: that may be another file', async () => {
      const host = await breaking();
      const { result } = await task({
        tells: [[{ url: `${host.url}/old.png` }], [{ url: `${host.url}/new.png` }]],
      });
      await result.download(target());
      expect(host.asked.map(({ path, from }) => [path, from])).toEqual([
        ['/old.png', undefined],
        ['/old.png', 90_000],
        ['/new.png', undefined],
      ]);
      expect((await readFile(target())).equals(bytes)).toBe(true);
    });

    test('is gone on with by a later call, whose URL has another query', async () => {
      const host = await breaking();
      const first = await task({ tells: [[{ url: `${host.url}/a.png?old` }]] });
      await expect(first.result.download(target())).rejects.toMatchObject({ code: 'expired' });
      const second = await task({ tells: [[{ url: `${host.url}/a.png?later` }]] });
      await second.result.download(target());
      expect(host.asked.at(-1)).toMatchObject({ path: '/a.png?later', from: 90_000 });
      expect((await readFile(target())).equals(bytes)).toBe(true);
    });
  });

  test('a file that is there is not lost to a URL that is over', async () => {
    const host = await store(() => []);
    const { result } = await task({ tells: [[{ url: `${host.url}/a.png` }]] });
    await writeFile(target(), 'precious');
    await expect(result.download(target(), { overwrite: true })).rejects.toMatchObject({ code: 'expired' });
    expect(await readFile(target(), 'utf8')).toBe('precious');
  });
});
