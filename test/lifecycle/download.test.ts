// A final name holds the whole, right bytes or does not exist, whatever the server does.

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DownloadError, type TaskResult } from '../../src/index.js';
import { clientFor } from '../support/client.js';
import { json, serve, type TestServer } from '../support/server.js';

const png = await readFile(new URL('../../src/mock/media/picture.png', import.meta.url));
const servers: TestServer[] = [];
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ima-router-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));
afterAll(async () => {
  for (const server of servers) await server.close();
});

/** A finished image task whose result is served by `media`, on a host of its own. */
async function finished(media: (response: ServerResponse, server: TestServer) => void, declared: object = {}) {
  const cdn: TestServer = await serve((_, response) => media(response, cdn));
  const gateway = await serve((_, response) =>
    json(response, {
      id: 't1',
      object: 'video',
      status: 'completed',
      results: [{ url: `${cdn.url}/a.png?Signature=s3cret`, ...declared }],
    }),
  );
  servers.push(cdn, gateway);
  const { ima, warnings } = clientFor(gateway.url);
  const result: TaskResult = await ima.task('t1', { model: 'gemini-2.5-flash-image' }).result();
  return { result, cdn, gateway, warnings };
}

describe('a good server', () => {
  test('gives a file; the key stays with the gateway', async () => {
    const { result, cdn, gateway } = await finished((response) => response.end(png));
    const [file] = await result.download(`${folder}/`);
    expect(await readFile(file?.path ?? '')).toEqual(png);
    expect(gateway.requests[0]?.headers.authorization).toMatch(/^Bearer /);
    expect(cdn.requests[0]?.headers.authorization).toBeUndefined();
  });

  test('an existing file is left alone unless asked', async () => {
    const { result } = await finished((response) => response.end(png));
    await writeFile(join(folder, 'mine.png'), 'precious');
    await expect(result.download(join(folder, 'mine.png'))).rejects.toMatchObject({ code: 'exists' });
    expect(await readFile(join(folder, 'mine.png'), 'utf8')).toBe('precious');
    await result.download(join(folder, 'mine.png'), { overwrite: true });
    expect(await readFile(join(folder, 'mine.png'))).toEqual(png);
  });

  test('two at once for one name: one file, which both are given', async () => {
    const { result } = await finished((response) => response.end(png));
    const both = await Promise.all([result.download(join(folder, 'a.png')), result.download(join(folder, 'a.png'))]);
    expect(both.flat().filter(({ skipped }) => skipped)).toHaveLength(1);
    expect(await readdir(folder)).toEqual(['a.png']);
  });

  test('a declared size that differs is a warning', async () => {
    const { result, warnings } = await finished((response) => response.end(png), { size: 5 });
    await result.download(`${folder}/`);
    expect(warnings.map((warning) => warning.code)).toEqual(['size_mismatch']);
  });

  test('progress is told, and a callback that throws breaks nothing', async () => {
    const { result, warnings } = await finished((response) =>
      response.writeHead(200, { 'content-length': png.length }).end(png),
    );
    const seen: number[] = [];
    await result.download(`${folder}/`, {
      onProgress: ({ bytes, total }) => {
        expect(total).toBe(png.length);
        seen.push(bytes);
        throw new Error('mine');
      },
    });
    expect(seen.at(-1)).toBe(png.length);
    expect(warnings[0]?.code).toBe('callback_threw');
  });

  test.each([
    ['kling-v2.5', 'kling-v2.5.png'],
    ['mine.PNG', 'mine.PNG'],
    ['foo.', 'foo..png'],
    ['new/sub/', 'new/sub/gemini-2.5-flash-image-t1-0.png'],
  ])('the target %s', async (target, expected) => {
    const { result } = await finished((response) => response.end(png));
    expect((await result.download(`${folder}/${target}`))[0]?.path).toBe(join(folder, expected));
  });

  test.each(['', 'a\0b', undefined])('no target at all: %j', async (target) => {
    const { result } = await finished((response) => response.end(png));
    await expect(result.download(target as string)).rejects.toMatchObject({ code: 'bad_target' });
  });

  test('names cannot leave the folder', async () => {
    const { result } = await finished((response) => response.end(png));
    const [file] = await result.download(`${folder}/`, { name: '../../etc/passwd' });
    expect(file?.path).toBe(join(folder, '_.._etc_passwd.png'));
  });

  test('a redirect is followed without the key', async () => {
    const target = await serve((_, response) => response.end(png));
    servers.push(target);
    const { result } = await finished((response) => response.writeHead(302, { location: `${target.url}/b.png` }).end());
    await result.download(`${folder}/`);
    expect(target.requests[0]?.headers.authorization).toBeUndefined();
  });
});

test('a result of mixed kinds: a video and its last frame', async () => {
  const { result } = await finished((response) => response.end(png), { content_type: 'image/png' });
  expect(result.outputs[0]?.kind).toBe('image');
});

describe('a bad server leaves nothing behind', () => {
  afterEach(async () => expect(await readdir(folder)).toEqual([]));

  const cases: [string, (response: ServerResponse) => void, string][] = [
    ['gone', (response) => response.writeHead(404).end('no'), 'expired'],
    ['forbidden', (response) => response.writeHead(403).end('<Error><Code>NoSuchKey</Code></Error>'), 'expired'],
    ['broken', (response) => response.writeHead(500).end(), 'http_status'],
    [
      'an HTML page with status 200',
      (response) => response.end('<!doctype html><html><body>Sign in</body></html>'),
      'wrong_media',
    ],
    ['a JSON error with status 200', (response) => response.end('{"error":"expired"}'), 'wrong_media'],
    ['nothing', (response) => response.end(), 'empty'],
    [
      'another kind',
      (response) => response.end(Buffer.concat([Buffer.from('ID3\x04\0\0\0\0\0\0'), Buffer.alloc(9000)])),
      'wrong_media',
    ],
    [
      'a cut in the middle',
      (response) => {
        response.writeHead(200, { 'content-length': png.length });
        response.write(png.subarray(0, 9000), () => response.destroy());
      },
      'transfer_failed',
    ],
    ['a loop of redirects', (response) => response.writeHead(302, { location: '/again' }).end(), 'bad_redirect'],
    [
      'a redirect to a file',
      (response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
      'bad_redirect',
    ],
  ];
  test.each(cases)('%s', async (_, media, code) => {
    const { result, gateway } = await finished(media);
    const error = await result.download(`${folder}/`).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(DownloadError);
    expect(error).toMatchObject({ code, phase: 'download', taskId: 't1', mayBeBilled: true });
    expect(String(error)).not.toContain('s3cret');
    expect(gateway.requests.every((request) => request.method === 'GET')).toBe(true);
  });

  test('a redirect from https to plain http', async () => {
    // There is no certificate here: the caller's own fetch plays the https host.
    const cdn = await serve((_, response) => response.end(png));
    const gateway = await serve((_, response) =>
      json(response, { status: 'succeeded', url: 'https://cdn.example/a.png' }),
    );
    servers.push(cdn, gateway);
    const { ima } = clientFor(gateway.url, {
      fetch: async (input, init) =>
        input.startsWith('https:')
          ? new Response(null, { status: 302, headers: { location: `${cdn.url}/b.png` } })
          : fetch(input, init),
    });
    const downgraded = await ima.task('t1', { model: 'gemini-2.5-flash-image' }).result();
    await expect(downgraded.download(`${folder}/`)).rejects.toMatchObject({ code: 'bad_redirect' });
    expect(cdn.requests).toHaveLength(0);
  });

  test('silence', async () => {
    const { result } = await finished((response) => {
      response.writeHead(200, { 'content-length': png.length });
      response.write(png.subarray(0, 9000));
    });
    await expect(result.download(`${folder}/`, { idleTimeoutMs: 80 })).rejects.toMatchObject({ code: 'stalled' });
  });

  test('an abort', async () => {
    const { result } = await finished((response) => {
      response.writeHead(200, { 'content-length': png.length });
      response.write(png.subarray(0, 9000));
    });
    const controller = new AbortController();
    const downloading = result.download(`${folder}/`, {
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(downloading).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('one file name for two results', async () => {
    const { result } = await finished((response) => response.end(png));
    const twice = [result.outputs[0], result.outputs[0]].flatMap((output) => output ?? []);
    Object.assign(result, { outputs: twice });
    await expect(result.download(join(folder, 'a.png'))).rejects.toMatchObject({ code: 'one_name_many_outputs' });
  });
});

test.each(['file/', 'file/deeper/'])('a file where the folder should be: %s', async (where) => {
  const { result, cdn } = await finished((response) => response.end(png));
  await writeFile(join(folder, 'file'), '');
  await expect(result.download(`${folder}/${where}`)).rejects.toMatchObject({ code: 'not_writable', retryable: false });
  expect(cdn.requests).toHaveLength(0);
});
