// What a second fresh reader found: signals that nobody heard, ends that were none, names that two wanted, notes that were lost.

import { getEventListeners } from 'node:events';
import { readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { type Owner, thisProcess, verdictOn } from '../../src/disk/index.js';
import type { Output } from '../../src/index.js';
import { Pieces } from '../../src/media/pieces.js';
import { sniff } from '../../src/media/sniff.js';
import { anyOf, derived } from '../../src/transport/index.js';
import { bundled } from '../support/bundled.js';
import { chunked, type Fields, head, honest, picture, room, send, until, WAYS } from './support.js';

const here = room();
const bytes = picture(300_000, 3);
const version = { bytes, etag: '"v1"' };
const target = () => join(here.folder, 'a.png');
const goodHost = () => here.host((asked, socket) => send(socket, honest(asked, version)));
const stalledHost = () =>
  here.host((asked, socket) => send(socket, honest(asked, version), { cut: 100_000, ends: 'silent' }));
const isThere = async (name: string) => (await here.names()).includes(name);

/** What a stream gives before it ends in an error. */
async function drained(stream: ReadableStream<Uint8Array>): Promise<number> {
  let size = 0;
  for (const reader = stream.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) return size;
    size += value.length;
  }
}

const WAYS_OUT: [string, (output: Output, signal?: AbortSignal) => Promise<unknown>][] = [
  ['a file', (output, signal) => output.download(target(), { signal })],
  ['memory', (output, signal) => output.arrayBuffer({ signal })],
  ['a stream', async (output, signal) => drained(await output.stream({ signal }))],
];

describe('a signal that nobody else holds', () => {
  /** Collects garbage all the time. */
  function collecting(): void {
    setFlagsFromString('--expose-gc');
    const collect: unknown = runInNewContext('gc');
    if (typeof collect !== 'function') throw new Error('no collector');
    const timer = setInterval(() => collect(), 10);
    here.later(() => clearInterval(timer));
  }
  const heard = (signal: AbortSignal | undefined) =>
    new Promise((resolve) => signal?.addEventListener('abort', () => resolve('heard'), { once: true }));

  test('is heard through all that is made of it', async () => {
    collecting();
    const idle = new AbortController();
    const soon = () => AbortSignal.timeout(150);
    await expect(heard(derived(derived(derived(soon()))))).resolves.toBe('heard');
    await expect(heard(derived(anyOf([derived(soon()) ?? idle.signal, idle.signal])))).resolves.toBe('heard');
  }, 3000);

  test('gets no listener of its own for each that is made of it', () => {
    const { signal } = new AbortController();
    const all = Array.from({ length: 100 }, () => anyOf([derived(signal) ?? signal]));
    for (const one of all) one.addEventListener('abort', () => {});
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

test('a signal that has fired is told of at once, also behind another download to that name', async () => {
  const host = await stalledHost();
  const { output } = await here.task(`${host.url}/a.png`);
  const stop = new AbortController();
  const first = output.download(target(), { signal: stop.signal });
  first.catch(() => {});
  await until(() => isThere('a.png.part'));
  await expect(output.download(target(), { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
  stop.abort();
  await expect(first).rejects.toMatchObject({ code: 'aborted' });
});

test('a stream of which more came than was told ends in an error, not as if it were whole', async () => {
  const host = await here.host((_asked, socket) => {
    socket.end(Buffer.concat([Buffer.from(head(200, { etag: '"v1"', 'content-length': 100_000 })), bytes]));
  });
  const { output } = await here.task(`${host.url}/a.png`);
  await expect(drained(await output.stream())).rejects.toMatchObject({ code: 'truncated', retryable: true });
});

describe.each(WAYS)('over %s', (_, client) => {
  const ends: [string, Fields][] = [
    ['nothing', { connection: 'close' }],
    ['a coding that marks no end', { 'transfer-encoding': 'identity' }],
    ['one that nobody knows', { 'transfer-encoding': 'chunked, private' }],
  ];
  test.each(ends)('a body whose end is told by %s is looked at itself', async (_how, fields) => {
    let sent = bytes.subarray(0, 200_000);
    const host = await here.host(
      (_asked, socket) => void socket.end(Buffer.concat([Buffer.from(head(200, fields)), sent])),
    );
    const { output, warnings } = await here.task(`${host.url}/a.png`, { client });
    await expect(output.download(target())).rejects.toMatchObject({ code: 'truncated', retryable: true });
    await expect(output.arrayBuffer()).rejects.toMatchObject({ code: 'truncated' });
    expect(await here.names()).toEqual([]);
    expect(warnings).toEqual([]);
    // A stream cannot be looked at again.
    expect(await drained(await output.stream())).toBe(200_000);
    expect(warnings.map(({ code }) => code)).toEqual(['length_unknown']);
    sent = bytes;
    await output.download(target());
    expect((await readFile(target())).equals(bytes)).toBe(true);
    expect(warnings).toHaveLength(1);
  });

  test.each(['aws-chunked', 'binary', 'identity, identity'])(
    'bytes that are said to be %s are what they are',
    async (coding) => {
      const host = await here.host((asked, socket) => {
        const { status, fields, body } = honest(asked, version);
        send(socket, { status, fields: { ...fields, 'content-encoding': coding }, body });
      });
      const { output } = await here.task(`${host.url}/a.png`, { client });
      expect((await output.download(target())).bytes).toBe(bytes.length);
      expect((await readFile(target())).equals(bytes)).toBe(true);
    },
  );

  test('a redirect may be written as it is read; "not modified" is none', async () => {
    const host = await here.host((asked, socket) => {
      const to = { location: '/视频-é.png', 'content-length': 0, connection: 'close' };
      if (asked.path === '/start.png') socket.end(Buffer.from(head(302, to), 'utf8'));
      else if (asked.path === '/same.png') socket.end(head(304, { location: '/a.png', connection: 'close' }));
      else send(socket, honest(asked, version));
    });
    const { output } = await here.task(`${host.url}/start.png`, { client });
    await output.download(target());
    expect(host.asked.at(-1)?.path).toBe(encodeURI('/视频-é.png'));
    const same = await here.task(`${host.url}/same.png`, { client });
    await expect(same.output.arrayBuffer()).rejects.toMatchObject({ code: 'http_status', status: 304 });
    expect(host.asked.at(-1)?.path).toBe('/same.png');
  });
});

describe('chunks of a byte', () => {
  test('are few pieces of memory; large ones are given on as they are', async () => {
    const pieces = new Pieces(() => {});
    const large = picture(100_000);
    const given: Uint8Array[] = [];
    const sent: Buffer[] = [];
    const push = (chunk: Buffer): void => {
      sent.push(chunk);
      pieces.push(chunk);
    };
    for (let round = 0; round < 3; round++) {
      for (let at = 0; at < 150_000; at++) push(bytes.subarray(at, at + 1));
      push(large);
      for (let at = 0; at < 9000; at += 3) push(bytes.subarray(at, at + 3));
      const piece = (await pieces.read()) ?? [];
      expect(piece).toContain(large);
      expect(piece.length).toBeLessThan(10);
      given.push(...piece);
    }
    expect(Buffer.concat(given).equals(Buffer.concat(sent))).toBe(true);
  });

  test('make a file like any other', async () => {
    const small = picture(20_000);
    const host = await here.host((_asked, socket) => {
      send(socket, { status: 200, fields: { 'transfer-encoding': 'chunked' }, body: chunked(small, 1) });
    });
    const { output } = await here.task(`${host.url}/a.png`);
    await output.download(target());
    expect((await readFile(target())).equals(small)).toBe(true);
  });
});

describe('two that come to one name', () => {
  test('`x` and `x.png` both replace what is there, one after the other', async () => {
    const host = await goodHost();
    const { output } = await here.task(`${host.url}/a.png`);
    for (let round = 0; round < 25; round++) {
      const path = join(here.folder, `x${round}`);
      await writeFile(`${path}.png`, 'old');
      const saved = [path, `${path}.png`].map((one) => output.download(one, { overwrite: true }));
      expect((await Promise.all(saved)).map((file) => file.path)).toEqual([`${path}.png`, `${path}.png`]);
      expect((await readFile(`${path}.png`)).equals(bytes)).toBe(true);
    }
  });

  test('`x` is what `x.png` has just become, or the other way round', async () => {
    const host = await goodHost();
    const { output } = await here.task(`${host.url}/a.png`);
    const saved = ['x.png', 'x'].map((name) => output.download(join(here.folder, name)));
    expect((await Promise.all(saved)).filter(({ skipped }) => skipped)).toHaveLength(1);
    expect(host.asked).toHaveLength(1);
  });

  test('`x.tmp` is not what `x` notes by', async () => {
    const host = await stalledHost();
    const { output } = await here.task(`${host.url}/a.png`);
    const stop = new AbortController();
    const slow = output.download(join(here.folder, 'x.tmp'), { signal: stop.signal });
    slow.catch(() => {});
    // The first bytes are written after the note of what they are of.
    await until(async () => (await readFile(join(here.folder, 'x.tmp~.part')).catch(() => '')).length > 0);
    const before = await here.names();
    expect(before).toEqual(['x.tmp~.meta.part', 'x.tmp~.part']);
    const quick = await here.task(`${(await goodHost()).url}/a.png`);
    await quick.output.download(join(here.folder, 'x'));
    expect(await here.names()).toEqual(['x.png', ...before].sort());
    stop.abort();
    await expect(slow).rejects.toMatchObject({ code: 'aborted' });
    expect(await here.names()).toEqual(['x.png', ...before].sort());
  });

  test('the same result twice at once, by one handle: one of them is given what the other has saved', async () => {
    const host = await goodHost();
    const { output } = await here.task(`${host.url}/a.png`);
    const files = await Promise.all([output.download(target()), output.download(target())]);
    expect(files.filter(({ skipped }) => skipped)).toHaveLength(1);
    expect(host.asked).toHaveLength(1);
  });
});

describe('a part that somebody else takes away', () => {
  const cases: [string, string | undefined, object][] = [
    ['removed', undefined, {}],
    ['replaced', 'another file', {}],
    ['replaced, over a file that was there', 'another file', { overwrite: true }],
  ];
  test.each(cases)('%s while it is written: nothing of it gets the name', async (_, instead, options) => {
    let goOn = (): void => {};
    const host = await here.host((asked, socket) => {
      const { fields, body } = honest(asked, version);
      if (asked.count > 1) return send(socket, honest(asked, version));
      socket.write(Buffer.concat([Buffer.from(head(200, fields)), body.subarray(0, 100_000)]));
      goOn = () => void socket.end(body.subarray(100_000));
    });
    const { output } = await here.task(`${host.url}/a.png`);
    if ('overwrite' in options) await writeFile(target(), 'old');
    const saving = output.download(target(), options);
    saving.catch(() => {});
    await until(async () => (await readFile(`${target()}.part`).catch(() => '')).length > 0);
    await rm(`${target()}.part`);
    if (instead !== undefined) await writeFile(`${target()}.part`, instead);
    goOn();
    await expect(saving).rejects.toMatchObject({ code: 'transfer_failed', retryable: true });
    if ('overwrite' in options) expect(await readFile(target(), 'utf8')).toBe('old');
    else expect(await isThere('a.png')).toBe(false);
    expect(await isThere('a.png.meta.part')).toBe(false);
    await output.download(target(), options);
    expect((await readFile(target())).equals(bytes)).toBe(true);
    if (instead !== undefined) expect(await readFile(`${target()}.part`, 'utf8')).toBe(instead);
  });

  test('and then the download is given up: no note of it stays', async () => {
    const host = await stalledHost();
    const { output } = await here.task(`${host.url}/a.png`);
    const stop = new AbortController();
    const saving = output.download(target(), { signal: stop.signal });
    saving.catch(() => {});
    await until(async () => (await readFile(`${target()}.part`).catch(() => '')).length > 0);
    await rm(`${target()}.part`);
    stop.abort();
    await expect(saving).rejects.toMatchObject({ code: 'aborted' });
    expect(await here.names()).toEqual([]);
  });

  test.skipIf(process.platform === 'win32')(
    'a link in its place is not followed, nor one in place of its note',
    async () => {
      let isCut = true;
      const host = await here.host((asked, socket) =>
        send(socket, honest(asked, version), isCut ? { cut: asked.from === undefined ? 100_000 : 0 } : {}),
      );
      const { output } = await here.task(`${host.url}/a.png`, { client: { retry: { attempts: 1 } } });
      await expect(output.download(target())).rejects.toMatchObject({ code: 'transfer_failed' });
      isCut = false;
      const [part, precious] = [`${target()}.part`, join(here.folder, 'precious')];
      const before = await readFile(part);
      await writeFile(precious, before);
      await rm(part);
      await symlink(precious, part);
      await output.download(target());
      expect((await readFile(precious)).equals(before)).toBe(true);
      expect(await here.names()).toEqual(['a.png', 'precious']);
      await rm(target());
      await symlink(join(here.folder, 'nowhere'), `${target()}.meta.part`);
      await output.download(target(), { overwrite: true });
      expect(await here.names()).toEqual(['a.png', 'precious']);
    },
    10_000,
  );
});

describe('who died, or not', () => {
  test('a worker may be gone while its process lives: then its silence tells', async () => {
    const self = await thisProcess();
    const minutes = (count: number) => () => Promise.resolve(count * 60_000);
    const worker: Owner = { ...self, threadId: 4711 };
    expect(await verdictOn(worker, self, minutes(60))).toBe('silent');
    expect(await verdictOn(worker, self, minutes(1))).toBe('alive');
    expect(await verdictOn(worker, worker, minutes(60))).toBe('alive');
    expect(await verdictOn(self, worker, minutes(60))).toBe('alive');
  });

  test('a worker says that it is one', async () => {
    const host = await stalledHost();
    const { gateway } = await here.task(`${host.url}/a.png`);
    const bundle = await bundled(new URL('save-child.ts', import.meta.url));
    here.later(() => rm(join(bundle, '..'), { recursive: true }));
    const worker = new Worker(bundle, { argv: [JSON.stringify({ gateway: gateway.url, target: target() })] });
    await until(() => isThere('a.png.part'));
    await worker.terminate();
    const note = JSON.parse(await readFile(`${target()}.meta.part`, 'utf8'));
    expect(note.owner).toMatchObject({ pid: process.pid, threadId: expect.any(Number) });
  });
});

test('`maxBytes` counts for what is there already, whose length nobody has told', async () => {
  let isCut = true;
  const host = await here.host((asked, socket) => {
    const fields = { etag: '"v1"', 'transfer-encoding': 'chunked' };
    if (asked.from !== undefined) socket.end(head(416, { 'content-length': 0 }));
    else send(socket, { status: 200, fields, body: chunked(bytes, 10_000, isCut ? '' : undefined) });
  });
  const { output } = await here.task(`${host.url}/a.png`, { client: { retry: { attempts: 1 } } });
  await expect(output.download(target())).rejects.toMatchObject({ code: 'transfer_failed' });
  isCut = false;
  await expect(output.download(target(), { maxBytes: 1000 })).rejects.toMatchObject({ code: 'too_large' });
  await output.download(target());
  expect((await readFile(target())).equals(bytes)).toBe(true);
});

describe('inline', () => {
  const base64 = bytes.toString('base64');
  test.each(WAYS_OUT)('bytes that are cut are refused on the way to %s', async (_to, way) => {
    const { output } = await here.task(`data:image/png;base64,${base64.slice(0, 60_000)}`);
    await expect(way(output)).rejects.toMatchObject({ code: 'truncated' });
    expect(await here.names()).toEqual([]);
  });

  test.each(['DATA:image/png;BASE64,', 'Data:image/png;charset=utf-8;name=a.png;Base64,'])('%s', async (start) => {
    const { output } = await here.task(start + base64);
    expect(output.url.startsWith('data:')).toBe(true);
    expect(Buffer.from(await output.arrayBuffer()).equals(bytes)).toBe(true);
  });
});

test('sentences that begin like a signature are sentences; a segment of a film is one', () => {
  const sentences = ['fLaC is not supported here', 'MThd error: no such track', 'GIF87a is not what you want'];
  sentences.push('RIFF1234WEBP is not ready yet', 'RIFF1234WAVE is not ready yet', 'RIFF1234AVI is not ready yet');
  for (const sentence of sentences) expect([sentence, sniff(Buffer.from(sentence))]).toEqual([sentence, null]);
  expect(sniff(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"></svg>'))).toMatchObject({ kind: 'image' });
  expect(sniff(Buffer.from('\0\0\0\x18stypmsdh\0\0\0\0msdhmsix', 'latin1'))).toMatchObject({
    contentType: 'video/mp4',
  });
});
