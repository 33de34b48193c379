// What a fresh reader once showed to be wrong: lengths that lie, parts that were thrown away, holders that wake up.

import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startMock } from '../../src/mock/index.js';
import { clientFor } from '../support/client.js';
import { json, serve } from '../support/server.js';
import { head, honest, picture, room, SOON, send, until } from './support.js';

const here = room();
const target = () => join(here.folder, 'a.png');
const bytes = picture(300_000, 3);
const version = { bytes, etag: '"e"' };

describe('how long a file is', () => {
  test.each([30_000, 100_000])(
    'a server that sends more than it told (%i bytes): its length is not the file’s',
    async (told) => {
      const whole = picture(told + 200_000, 4);
      const host = await here.host((_asked, socket) => {
        socket.write(head(200, { 'content-length': told, etag: '"e"' }));
        socket.end(whole);
      });
      const { output } = await here.task(`${host.url}/a.png`);
      await expect(output.download(target())).rejects.toMatchObject({ code: 'truncated', retryable: true });
      await expect(output.download(target())).rejects.toMatchObject({ code: 'truncated' });
      expect(await here.names()).toEqual([]);
    },
  );

  test('told by nothing but the end of the connection: the file’s own format knows whether it is whole', async () => {
    let sent = bytes.subarray(0, 200_000);
    const host = await here.host((_asked, socket) => void socket.end(Buffer.concat([Buffer.from(head(200)), sent])));
    const { output, warnings } = await here.task(`${host.url}/a.png`);
    await expect(output.download(target())).rejects.toMatchObject({ code: 'truncated' });
    expect(await here.names()).toEqual([]);
    sent = bytes;
    await output.download(target());
    expect((await readFile(target())).equals(bytes)).toBe(true);
    expect(warnings).toEqual([]);
  });

  test('told by nothing, in a format without an end: a warning', async () => {
    const tone = Buffer.concat([Buffer.from('ID3\x04\0\0\0\0\0\0', 'latin1'), Buffer.alloc(20_000, 7)]);
    const host = await here.host((_asked, socket) => void socket.end(Buffer.concat([Buffer.from(head(200)), tone])));
    const { output, warnings } = await here.task(`${host.url}/a.mp3`, { declared: { content_type: 'audio/mpeg' } });
    await output.download(join(here.folder, 'a.mp3'));
    expect(warnings.map(({ code }) => code)).toEqual(['length_unknown']);
  });
});

describe('what is there stays', () => {
  const page = '<!doctype html><title>Sign in</title>';
  test.each<[string, string, string, object]>([
    ['a page', head(200, { 'content-length': page.length }) + page, 'wrong_media', {}],
    ['nothing', head(200, { 'content-length': 0 }), 'empty', {}],
    ['less than the caller would take', '', 'too_large', { maxBytes: 1000 }],
  ])('when %s comes instead', async (_, answer, code, options) => {
    let isCut = true;
    let instead = '';
    const host = await here.host((asked, socket) => {
      if (instead !== '') socket.end(instead);
      else send(socket, honest(asked, version), isCut ? { cut: asked.from === undefined ? 200_000 : 0 } : {});
    });
    const { output } = await here.task(`${host.url}/a.png`);
    await expect(output.download(target())).rejects.toMatchObject({ code: 'transfer_failed' });
    instead = answer;
    await expect(output.download(target(), options)).rejects.toMatchObject({ code });
    instead = '';
    isCut = false;
    await output.download(target());
    expect(host.asked.at(-1)?.from).toBe(200_000);
    expect((await readFile(target())).equals(bytes)).toBe(true);
    expect(await here.names()).toEqual(['a.png']);
  });
});

test('who was taken for dead and wakes up gives nothing of the other’s a name, and leaves it alone', async () => {
  let goOn = (): void => {};
  const host = await here.host((asked, socket) => {
    const { fields, body } = honest(asked, version);
    socket.write(head(200, fields));
    socket.write(body.subarray(0, 100_000));
    goOn = () => void socket.end(body.subarray(100_000));
  });
  const { output } = await here.task(`${host.url}/a.png`);
  const saving = output.download(target());
  saving.catch(() => {});
  const [part, meta] = [`${target()}.part`, `${target()}.meta.part`];
  await until(async () => (await readFile(part).catch(() => Buffer.alloc(0))).length > 0);
  // Another machine takes over, as it does after a minute of silence.
  const note = JSON.stringify({ ...JSON.parse(await readFile(meta, 'utf8')), id: 'another' });
  await writeFile(meta, note);
  await rm(part);
  await writeFile(part, 'half of another version');
  goOn();
  await expect(saving).rejects.toMatchObject({ code: 'in_progress', retryable: true });
  expect(await here.names()).toEqual(['a.png.meta.part', 'a.png.part']);
  expect(await readFile(part, 'utf8')).toBe('half of another version');
  expect(await readFile(meta, 'utf8')).toBe(note);
});

test('a task that cannot be read again just now has not lost its result', async () => {
  const host = await here.host((asked, socket) => {
    if (asked.path.includes('old')) socket.end(head(403, { 'content-length': 0 }));
    else send(socket, honest(asked, version));
  });
  let state = 'old';
  const gateway = await serve((request, response) => {
    if (request.url.endsWith('/content')) json(response, { error: { message: 'Task not found' } }, 404);
    else if (state === 'down') json(response, { error: { message: 'overloaded', type: 'server_error' } }, 503);
    else
      json(response, {
        id: 't1',
        object: 'video',
        status: 'completed',
        results: [{ url: `${host.url}/a.png?${state}` }],
      });
  });
  here.later(gateway.close);
  const { ima } = clientFor(gateway.url, SOON);
  const [output] = (await ima.task('t1', { model: 'gemini-2.5-flash-image' }).result()).outputs;
  state = 'down';
  await expect(output?.download(target())).rejects.toMatchObject({ code: 'expired', retryable: true });
  state = 'fresh';
  await output?.download(target());
  expect((await readFile(target())).equals(bytes)).toBe(true);
  expect(gateway.requests.every(({ method }) => method === 'GET')).toBe(true);
});

test('sound alone in a container of films is what was asked for', async () => {
  const sound = Buffer.concat([Buffer.from('\0\0\0\x18ftypisom\0\0\0\0isommp42', 'latin1'), Buffer.alloc(9000)]);
  const host = await here.host((asked, socket) => send(socket, honest(asked, { bytes: sound, etag: '"e"' })));
  const { output } = await here.task(`${host.url}/a`, { declared: { content_type: 'audio/mp4' } });
  expect(await output.download(join(here.folder, 'song'))).toMatchObject({
    path: join(here.folder, 'song.m4a'),
    contentType: 'audio/mp4',
  });
});

test('a sentence is no film, though its fifth letter on says so', async () => {
  const host = await here.host((_asked, socket) => {
    const text = 'The ftypisom is a box. '.repeat(300);
    socket.end(head(200, { 'content-length': text.length }) + text);
  });
  const { output } = await here.task(`${host.url}/a`, { declared: { content_type: 'video/mp4' } });
  await expect(output.download(`${here.folder}/`)).rejects.toMatchObject({ code: 'wrong_media' });
});

test('one signal for many downloads is no leak', async () => {
  const warned: string[] = [];
  const listen = ({ name }: Error): void => void warned.push(name);
  process.on('warning', listen);
  here.later(() => process.off('warning', listen));
  const host = await here.host((asked, socket) => send(socket, honest(asked, version)));
  const { output } = await here.task(`${host.url}/a.png`);
  const { signal } = new AbortController();
  await Promise.all(Array.from({ length: 30 }, (_, at) => output.download(join(here.folder, `${at}.png`), { signal })));
  await new Promise((resolve) => setImmediate(resolve));
  expect(warned).toEqual([]);
});

test('a batch whose tasks the gateway has forgotten: what is on the disk is the result', async () => {
  const mock = await startMock({ speed: 1000, seed: 1 });
  here.later(() => mock.close());
  const journal = join(here.folder, 'tasks');
  const outDir = join(here.folder, 'out');
  const run = async () => {
    const { ima } = clientFor(mock.url, { ...SOON, apiKey: mock.apiKey, journal });
    const items = [];
    const request = { model: 'gemini-2.5-flash-image', prompt: 'a village' };
    for await (const item of ima.batch([request], { outDir })) items.push(item);
    return items;
  };
  const [bought] = await run();
  expect(bought?.files?.[0]?.skipped).toBeUndefined();
  const gone = { error: { message: 'task_not_exist', type: 'invalid_request_error', code: 'task_not_exist' } };
  mock.fault({ on: 'poll', act: 'answer', status: 404, body: gone, times: Number.POSITIVE_INFINITY });
  const [again] = await run();
  expect(again?.error).toBeUndefined();
  expect(again?.result).toMatchObject({ id: bought?.result?.id, status: 'succeeded', outputs: [] });
  expect(again?.files).toEqual([{ ...bought?.files?.[0], skipped: true }]);
  await rm(bought?.files?.[0]?.path ?? '');
  const [lost] = await run();
  expect(lost?.error).toMatchObject({ code: 'task_not_found' });
  expect(mock.ledger.submits).toHaveLength(1);
});
