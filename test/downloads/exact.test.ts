// Whatever a server does: a name holds exactly the bytes of one version that the server really had, or does not exist.

import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DownloadError, type Output, WaitAbortedError } from '../../src/index.js';
import type { Fault } from '../../src/mock/index.js';
import { bench, CLIP, dig } from '../mock/helpers.js';
import { clientFor } from '../support/client.js';
import { json, serve } from '../support/server.js';
import {
  type Asked,
  chunked,
  type Fields,
  gzipped,
  honest,
  picture,
  room,
  send,
  type Version,
  WAYS,
} from './support.js';

const here = room();

/**
 * What a server does with one GET. Not among it is what nobody can see: a version that calls itself by the name of
 * another one of the same length, a Content-Length that ends the file early, a close that cuts what has no length.
 */
type Act =
  | { act: 'honest' | 'whole' | 'chunked' | 'gzip' | 'careless' | 'unnamed'; cut?: number; reset: boolean }
  | { act: 'change'; as: 'honest' | 'careless'; cut?: number; reset: boolean }
  | { act: 'stall'; cut: number }
  | { act: 'too-long' | 'surplus' | 'wrong-range' | 'open-range'; by: number }
  | { act: 'status'; status: number; body: string }
  | { act: 'redirect'; status: number }
  | { act: 'page'; text: string }
  | { act: 'reset' | 'junk' | 'half-a-head' | 'not-satisfiable' };

const share = fc.double({ min: 0, max: 1, noNaN: true });
const reset = fc.boolean();
const maybe = fc.option(share, { nil: undefined });
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record(
      { act: fc.constantFrom('honest', 'whole', 'chunked', 'gzip', 'careless', 'unnamed'), cut: share, reset },
      { requiredKeys: ['act', 'reset'] },
    ),
  },
  {
    weight: 3,
    arbitrary: fc.record({ act: fc.constant('honest' as const), cut: share, reset }),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ next: fc.constantFrom('honest', 'careless'), cut: maybe, reset })
      .map(({ next, cut, reset }): Act => ({ act: 'change', as: next, ...(cut === undefined ? {} : { cut }), reset })),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constantFrom('too-long', 'surplus', 'wrong-range', 'open-range'),
      by: fc.integer({ min: 1, max: 5000 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      act: fc.constant('status' as const),
      status: fc.constantFrom(204, 304, 400, 401, 403, 404, 410, 429, 500, 503),
      body: fc.constantFrom('', 'no', '<Error><Code>NoSuchKey</Code></Error>'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('stall' as const), cut: share }) },
  {
    weight: 1,
    arbitrary: fc.record({ act: fc.constant('redirect' as const), status: fc.constantFrom(301, 302, 307) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      act: fc.constant('page' as const),
      text: fc.constantFrom('', '<html>Sign in</html>', '{"error":"no"}', '<Error><Code>AccessDenied</Code></Error>'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constantFrom('reset', 'junk', 'half-a-head', 'not-satisfiable') }) },
);

/** By what a server tells its versions apart. */
const naming = fc.constantFrom('etag', 'etag and date', 'date', 'fresh date', 'weak', 'nothing');

interface Call {
  way: 'download' | 'arrayBuffer' | 'stream';
  keepPart: boolean;
  /** Given up when so many bytes are there. */
  abortAt: number | undefined;
}
const call: fc.Arbitrary<Call> = fc.record({
  way: fc.constantFrom('download', 'download', 'download', 'arrayBuffer', 'stream'),
  keepPart: fc.boolean().map((no) => !no),
  abortAt: fc.option(fc.integer({ min: 0, max: 150_000 }), { nil: undefined, freq: 5 }),
});

/** Sizes around those at which something happens: 4096 bytes tell the type, 65,536 are read at once. */
const size = fc.oneof(fc.constantFrom(4095, 4096, 4097, 65_536), fc.integer({ min: 100, max: 150_000 }));

/** A file on a server, and what becomes of it. */
class Story {
  readonly versions: Version[];
  readonly #acts: Act[];
  #current = 0;

  constructor(sizes: number[], named: string, acts: readonly Act[]) {
    this.#acts = [...acts];
    this.versions = sizes.map((bytes, index) => {
      const fresh = new Date(Date.now() - 1000 * index).toUTCString();
      const old = new Date(Date.now() - 3_600_000 * (index + 1)).toUTCString();
      return {
        bytes: picture(bytes, index + 1),
        etag: named.startsWith('etag') ? `"v${index}"` : named === 'weak' ? 'W/"v"' : undefined,
        lastModified: named === 'fresh date' ? fresh : named.endsWith('date') ? old : undefined,
      };
    });
  }

  get #version(): Version {
    const version = this.versions[this.#current];
    if (version === undefined) throw new Error('no version');
    return version;
  }

  /** The next act; when all are over, what an honest server does. */
  answer(asked: Asked, socket: Socket) {
    const now = this.#acts.shift() ?? { act: 'honest', reset: false };
    const { etag, lastModified } = this.#version;
    const named = { etag, 'last-modified': lastModified, date: new Date().toUTCString() };
    const careless = { ...asked, headers: { ...asked.headers, 'if-range': undefined } };
    const plain = honest(asked, this.#version);
    switch (now.act) {
      case 'change':
        this.#current = Math.min(this.#current + 1, this.versions.length - 1);
        return this.#send(socket, honest(now.as === 'honest' ? asked : careless, this.#version), now);
      case 'honest':
        return this.#send(socket, plain, now);
      case 'careless':
        return this.#send(socket, honest(careless, this.#version), now);
      case 'unnamed': {
        // Of one that has an ETag a part without it is a lie that can be seen through; of any other it may be right.
        const answer = honest(etag?.startsWith('"') ? careless : asked, this.#version);
        return this.#send(socket, { ...answer, fields: { ...answer.fields, etag: undefined } }, now);
      }
      case 'whole':
        return this.#send(socket, honest({ ...asked, from: undefined }, this.#version), now);
      case 'chunked': {
        const fields = { ...plain.fields, 'content-length': undefined, 'transfer-encoding': 'chunked' };
        return this.#send(socket, { ...plain, fields, body: chunked(plain.body, 9000) }, now);
      }
      case 'gzip': {
        const { body, fields } = gzipped(this.#version.bytes);
        return this.#send(socket, { status: 200, fields: { ...named, ...fields }, body }, now);
      }
      case 'stall':
        return send(socket, plain, { cut: Math.floor(plain.body.length * now.cut), ends: 'silent' });
      case 'too-long': {
        const length = Number(plain.fields['content-length']) + now.by;
        return send(socket, { ...plain, fields: { ...plain.fields, 'content-length': length } });
      }
      case 'surplus': {
        const fields = { ...plain.fields, 'content-length': undefined, 'transfer-encoding': 'chunked' };
        const more = plain.status === 206 ? Buffer.concat([plain.body, picture(now.by, 9)]) : plain.body;
        return send(socket, { ...plain, fields, body: chunked(more, 50_000) });
      }
      case 'wrong-range': {
        if (plain.status !== 206 || asked.from === undefined) return send(socket, plain);
        // As many bytes as are missing, but others.
        const from = Math.max(0, asked.from - now.by);
        const body = this.#version.bytes.subarray(from, from + plain.body.length);
        const range = `bytes ${from}-${from + body.length - 1}/${this.#version.bytes.length}`;
        return send(socket, { ...plain, fields: { ...plain.fields, 'content-range': range }, body });
      }
      case 'open-range': {
        const { from } = asked;
        if (plain.status !== 206 || from === undefined) return send(socket, plain);
        const body = plain.body.subarray(0, now.by);
        const range = `bytes ${from}-${from + body.length - 1}/*`;
        return send(socket, {
          status: 206,
          fields: { ...named, 'content-range': range, 'content-length': body.length },
          body,
        });
      }
      case 'not-satisfiable':
        return send(socket, { status: 416, fields: { 'content-length': 0 }, body: Buffer.alloc(0) });
      case 'status': {
        const fields: Fields = now.status === 204 || now.status === 304 ? {} : { 'content-length': now.body.length };
        return send(socket, { status: now.status, fields, body: Buffer.from(now.body) });
      }
      case 'redirect':
        return send(socket, {
          status: now.status,
          fields: { location: '?again', 'content-length': 0 },
          body: Buffer.alloc(0),
        });
      case 'page': {
        const body = Buffer.from(now.text);
        return send(socket, { status: 200, fields: { ...named, 'content-length': body.length }, body });
      }
      case 'reset':
        return void socket.resetAndDestroy();
      case 'junk':
        return void socket.end('\x00\x01\x02 no HTTP\r\n\r\n');
      case 'half-a-head':
        return void socket.end('HTTP/1.1 200 OK\r\ncontent-le');
    }
  }

  #send(socket: Socket, answer: Parameters<typeof send>[1], { cut, reset }: { cut?: number; reset: boolean }) {
    if (cut === undefined) return send(socket, answer);
    // A cut is none where nothing is missing.
    send(socket, answer, { cut: Math.floor(answer.body.length * cut), ends: reset ? 'reset' : 'closed' });
  }
}

const isOneOf = (versions: readonly Version[], bytes: Buffer): boolean =>
  versions.some((one) => one.bytes.equals(bytes));

/** Does as the call says, and looks at what came of it. */
async function made(output: Output, { way, keepPart, abortAt }: Call, versions: readonly Version[], path: string) {
  const controller = new AbortController();
  const options = {
    idleTimeoutMs: 60,
    signal: controller.signal,
    onProgress: ({ bytes }: { bytes: number }) => {
      if (abortAt !== undefined && bytes >= abortAt) controller.abort();
    },
  };
  let isDone = false;
  try {
    if (way === 'download') {
      const file = await output.download(path, { ...options, keepPart });
      const bytes = await readFile(path);
      expect(isOneOf(versions, bytes)).toBe(true);
      expect(file).toEqual({
        path,
        bytes: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
        contentType: 'image/png',
      });
      isDone = true;
    } else if (way === 'arrayBuffer') {
      expect(isOneOf(versions, Buffer.from(await output.arrayBuffer(options)))).toBe(true);
    } else {
      const chunks: Uint8Array[] = [];
      try {
        for await (const chunk of await output.stream(options)) chunks.push(chunk);
      } catch (error) {
        const bytes = Buffer.concat(chunks);
        expect(versions.some((one) => one.bytes.subarray(0, bytes.length).equals(bytes))).toBe(true);
        throw error;
      }
      expect(isOneOf(versions, Buffer.concat(chunks))).toBe(true);
    }
  } catch (error) {
    if (!(error instanceof DownloadError) && !(error instanceof WaitAbortedError)) throw error;
    expect(error).toMatchObject({ phase: 'download', mayBeBilled: true });
    expect(controller.signal.aborted || error instanceof DownloadError).toBe(true);
  }
  const names = await readdir(here.folder);
  if (isDone) expect(names).toEqual(['a.png']);
  else expect(names.filter((name) => !/^a\.png(\.meta)?\.part$/.test(name))).toEqual([]);
  if (!isDone && way === 'download' && !keepPart) expect(names).toEqual([]);
  return isDone;
}

describe.each(WAYS)('over %s', (_, client) => {
  test('any server, any calls', async () => {
    const stories = new Map<string, Story>();
    const host = await here.host((asked, socket) => {
      const story = stories.get(/^\/(\w+)\.png/.exec(asked.path)?.[1] ?? '');
      if (story === undefined) socket.destroy();
      else story.answer(asked, socket);
    });
    const gateway = await serve(({ url }, response) => {
      if (url.endsWith('/content')) return json(response, { error: { message: 'not found' } }, 404);
      const id = /\/([^/?]+)$/.exec(url)?.[1];
      json(response, { id, object: 'video', status: 'completed', results: [{ url: `${host.url}/${id}.png` }] });
    });
    here.later(gateway.close);
    const { ima } = clientFor(gateway.url, { retry: { attempts: 3, baseMs: 1, capMs: 2 }, ...client });
    const path = join(here.folder, 'a.png');
    let done = 0;
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(size, { minLength: 1, maxLength: 3 }),
        naming,
        fc.array(act, { maxLength: 12 }),
        fc.array(call, { minLength: 1, maxLength: 4 }),
        async (sizes, named, acts, calls) => {
          const id = `t${++runs}`;
          const story = new Story(sizes, named, acts);
          stories.set(id, story);
          const { outputs } = await ima.task(id, { model: 'gemini-2.5-flash-image' }).result();
          const [output] = outputs;
          if (output === undefined) throw new Error('no output');
          for (const one of calls) {
            if (!(await made(output, one, story.versions, path))) continue;
            done++;
            break;
          }
          for (const name of await readdir(here.folder)) await rm(join(here.folder, name));
        },
      ),
      { numRuns: 70 },
    );
    // A property about nothing would hold as well.
    expect(done).toBeGreaterThan(runs / 10);
    expect(gateway.requests.every(({ method }) => method === 'GET')).toBe(true);
  });
});

describe('the mock’s own faults', () => {
  const ACTS = [
    'reset-before',
    'reset-after',
    'hang',
    'answer',
    'truncate',
    'stall',
    'slow',
    'expire',
    'change',
    'ignore-range',
    'wrong-range',
    'no-length',
    'gzip',
    'too-long',
    'redirect',
    'wrong-media',
    'empty',
    'no-validators',
  ] as const satisfies readonly Fault['act'][];
  const TENTHS = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];

  const CUTS = [0, 0.1, 0.5, 0.9];

  /** A mock with a finished film, and ways to ask for it. */
  async function film() {
    const own = await bench();
    here.later(() => own.mock.close());
    const { ima, warnings } = clientFor(own.mock.url, {
      apiKey: own.mock.apiKey,
      retry: { attempts: 4, baseMs: 1, capMs: 2 },
    });
    const task = async () => {
      const id = String(dig((await own.post('/v1/videos', CLIP)).body, 'id'));
      own.pass(200);
      const { outputs } = await ima.task(id, { model: String(CLIP.model) }).result();
      const [output] = outputs;
      if (output === undefined) throw new Error('no output');
      return { id, output };
    };
    /** The bytes as they are now, at the URL that the task has now. */
    const current = async (id: string): Promise<Buffer> => {
      const url = String(dig((await own.get(`/v1/videos/${id}`)).body, 'results.0.url'));
      return Buffer.from(await (await fetch(url)).arrayBuffer());
    };
    return { ...own, task, current, warnings };
  }

  test.each(['truncate', 'stall'] as const)('%s at every tenth: continued', async (kind) => {
    const { mock, task, current } = await film();
    const { id, output } = await task();
    const whole = await current(id);
    for (const at of TENTHS) {
      mock.fault({ on: 'download', act: kind, at });
      const before = mock.ledger.downloads.length;
      const file = await output.download(join(here.folder, `${at}.mp4`), { idleTimeoutMs: 60 });
      expect((await readFile(file.path)).equals(whole)).toBe(true);
      const ranges = mock.ledger.downloads.slice(before).map(({ range }) => range);
      const brought = Math.floor(whole.length * at);
      expect(ranges).toEqual(
        // What stalls at its end has said all of it; what is cut there is not cut.
        at === 1 ? [undefined] : [undefined, brought === 0 ? undefined : `bytes=${brought}-`],
      );
    }
    expect((await readdir(here.folder)).sort()).toEqual(TENTHS.map((at) => `${at}.mp4`).sort());
    expect(mock.ledger.submits).toHaveLength(1);
  });

  test.each(ACTS)('%s after a cut: the right bytes, or none and a clear error', async (kind) => {
    const { mock, task, current } = await film();
    for (const at of CUTS) {
      const { id, output } = await task();
      const before = await current(id);
      const path = join(here.folder, `${at}.mp4`);
      mock.fault({ on: 'download', act: 'truncate', at });
      mock.fault({ on: 'download', act: kind, nth: 2, everyMs: 1 });
      const error = await output.download(path, { idleTimeoutMs: 40 }).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      const now = await current(id);
      if (error === undefined) {
        const bytes = await readFile(path);
        expect(bytes.equals(before) || bytes.equals(now)).toBe(true);
      } else {
        expect(error).toBeInstanceOf(DownloadError);
        await output.download(path, { idleTimeoutMs: 1000 });
        expect((await readFile(path)).equals(now)).toBe(true);
      }
    }
    expect((await readdir(here.folder)).sort()).toEqual(CUTS.map((at) => `${at}.mp4`).sort());
  });

  test('too-short: nobody can see it but by what was declared', async () => {
    const { mock, task, current, warnings } = await film();
    const { id, output } = await task();
    const whole = await current(id);
    mock.fault({ on: 'download', act: 'too-short', bytes: 100 });
    const { path } = await output.download(`${here.folder}/`);
    expect((await readFile(path)).equals(whole.subarray(0, whole.length - 100))).toBe(true);
    expect(warnings.map(({ code }) => code)).toEqual(output.bytes === undefined ? [] : ['size_mismatch']);
  });

  test('any of them in any order, over several calls', async () => {
    const { mock, task, current } = await film();
    const path = join(here.folder, 'a.mp4');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom(...ACTS), share), { maxLength: 6 }),
        fc.integer({ min: 1, max: 3 }),
        async (acts, calls) => {
          const { id, output } = await task();
          const had = [await current(id)];
          let saved: Buffer | undefined;
          for (const [kind, at] of acts) mock.fault({ on: 'download', act: kind, at, everyMs: 1 });
          for (let count = 0; count < calls && saved === undefined; count++) {
            try {
              await output.download(path, { idleTimeoutMs: 40 });
              saved = await readFile(path);
            } catch (error) {
              expect(error).toBeInstanceOf(DownloadError);
              expect((await readdir(here.folder)).filter((name) => !name.endsWith('.part'))).toEqual([]);
            }
          }
          // The rest of the acts, and then the file as it is at last; changes in between are told by their length.
          for (const _ of acts) {
            const url = String(output.url);
            await fetch(url, { signal: AbortSignal.timeout(60) })
              .then((response) => response.arrayBuffer())
              .then((bytes) => had.push(Buffer.from(bytes)))
              .catch(() => {});
          }
          had.push(await current(id));
          if (saved !== undefined) {
            const got = saved;
            const changes = acts.filter(([kind]) => kind === 'change').length;
            if (changes <= 1) expect(had.some((bytes) => bytes.equals(got))).toBe(true);
            expect(await readdir(here.folder)).toEqual(['a.mp4']);
          }
          for (const name of await readdir(here.folder)) await rm(join(here.folder, name));
        },
      ),
      { numRuns: 25 },
    );
    expect(mock.ledger.paidTwice()).toEqual([]);
  });
});
