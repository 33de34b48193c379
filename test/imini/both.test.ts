// imini from request to file, and beside the other gateway: one process, one journal, nothing mixed.

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Imini } from '../../src/gateways/imini/index.js';
import { type ClientOptions, ImaRouter, type JournalRecord, TaskFailedError } from '../../src/index.js';
import { type Mock, startMock } from '../../src/mock/index.js';
import { json, serve } from '../support/server.js';

let folder = '';
let mine: Mock;
let other: Mock;
let warnings: { code: string; message: string }[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imini-'));
  [mine, other] = await Promise.all([
    startMock({
      gateway: 'imini',
      speed: 400,
      seed: 3,
      outcome: ({ body }) => (JSON.stringify(body).includes('doomed') ? 'failed' : 'succeeded'),
    }),
    startMock({ speed: 400, seed: 3 }),
  ]);
});
afterAll(async () => {
  await Promise.all([mine.close(), other.close()]);
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  warnings = [];
});

const options = (mock: Mock, more: ClientOptions = {}): ClientOptions => ({
  apiKey: mock.apiKey,
  baseUrl: mock.url,
  poll: { minMs: 10, maxMs: 50, perSecond: 1000 },
  onWarning: (warning) => warnings.push(warning),
  ...more,
});
const imini = (more?: ClientOptions) => new Imini(options(mine, more));
const ima = (more?: ClientOptions) => new ImaRouter(options(other, more));

describe('from request to file', () => {
  test('a picture and a film, in the size that the gateway declares, without their cover', async () => {
    for (const [request, kind] of [
      [{ model: 'google/nano-banana', prompt: 'a cat' }, 'image'],
      [{ model: 'kling/kling-v3', prompt: 'a cat' }, 'video'],
    ] as const) {
      const states: string[] = [];
      const result = await imini().generate(request, { onUpdate: ({ status }) => states.push(status) });
      expect([states[0], states.at(-1)]).toEqual(['queued', 'succeeded']);
      expect(result.outputs).toMatchObject([{ kind, width: expect.any(Number), height: expect.any(Number) }]);
      expect(result.requestId).toEqual(expect.any(String));
      expect(result.costUsd).toBeUndefined();
      const [file] = await result.download(join(folder, 'out/'));
      expect(file?.contentType).toBe(kind === 'image' ? 'image/png' : 'video/mp4');
    }
    // The id of a model has a slash, and a name of a file has none.
    expect((await readdir(join(folder, 'out'))).sort()).toEqual([
      expect.stringMatching(/^google-nano-banana-task_\d+-0\.png$|^google_nano-banana-task_\d+-0\.png$/),
      expect.stringMatching(/^kling.kling-v3-task_\d+-0\.mp4$/),
    ]);
    expect(warnings).toEqual([]);
    expect(mine.ledger.downloads.map(({ fault }) => fault)).toEqual([undefined, undefined]);
  });

  test('a failed task says why, with the exchange to ask the vendor about', async () => {
    const error = await imini()
      .generate({ model: 'google/nano-banana', prompt: 'doomed' })
      .catch((thrown: unknown) => thrown);
    if (!(error instanceof TaskFailedError)) throw error;
    expect(error).toMatchObject({
      taskId: expect.stringMatching(/^task_/),
      gatewayCode: expect.stringMatching(/^[A-Z_]+$/),
    });
    expect(error.requestId).toEqual(expect.any(String));
  });
});

describe('a placeholder', () => {
  const request = { model: 'google/nano-banana', prompt: 'a cat' } as const;

  test('in place of a picture is never saved, streamed or handed over as the result', async () => {
    const result = await imini().generate(request);
    const strike = () => mine.fault({ on: 'download', act: 'placeholder' });
    strike();
    const target = join(folder, 'placeholder/');
    await expect(result.download(target)).rejects.toMatchObject({ code: 'placeholder', retryable: true });
    expect(await readdir(target)).toEqual([]);
    const [output] = result.outputs;
    strike();
    await expect(output?.arrayBuffer()).rejects.toMatchObject({ code: 'placeholder' });
    strike();
    const stream = await output?.stream();
    await expect(new Response(stream).arrayBuffer()).rejects.toMatchObject({ code: 'placeholder' });
    // The next time its host is in a better mood.
    const [file] = await result.download(target);
    expect(file?.bytes).toBeGreaterThan(1000);
    expect((await output?.arrayBuffer())?.byteLength).toBe(file?.bytes);
    expect(await new Response(await output?.stream()).arrayBuffer()).toHaveProperty('byteLength', file?.bytes);
  });

  test('is what has another size, either way round: not what was encoded a little larger, or turned', async () => {
    const PNG = await readFile(new URL('../../src/mock/media/picture.png', import.meta.url));
    const tall = Buffer.concat([PNG.subarray(0, 16), Buffer.from([0, 0, 1, 0]), PNG.subarray(20)]);
    let size: { width?: number; height?: number } = {};
    let picture: { bytes: Buffer; type: string } = { bytes: PNG, type: 'image/png' };
    const server = await serve((seen, response) => {
      if (seen.method === 'POST') return json(response, { task_id: 'task_1' });
      if (seen.url.startsWith('/v1/')) {
        return json(response, {
          task_id: 'task_1',
          status: 'succeeded',
          images: [{ url: `${server.url}/a`, ...size }],
        });
      }
      response.writeHead(200, { 'content-type': picture.type, 'content-length': picture.bytes.length });
      response.end(picture.bytes);
    });
    const shown = async (anySize?: boolean) => {
      const result = await imini({ baseUrl: server.url }).generate(request);
      const target = join(folder, 'sizes/');
      const bytes = await result.outputs[0]?.arrayBuffer({ anySize }).then(
        () => 'taken',
        (error: { code: string }) => error.code,
      );
      const file = await result.download(target, { anySize, overwrite: true }).then(
        () => 'taken',
        (error: { code: string }) => error.code,
      );
      expect(bytes).toBe(file);
      return file;
    };
    for (const [declared, told] of [
      [{ width: 512, height: 512 }, 'taken'],
      [{ width: 520, height: 500 }, 'taken'],
      [{}, 'taken'],
      [{ width: 512 }, 'taken'],
      [{ width: 1024, height: 1024 }, 'placeholder'],
      [{ width: 512, height: 600 }, 'placeholder'],
      [{ height: 400 }, 'placeholder'],
    ] as const) {
      size = declared;
      expect([declared, await shown()]).toEqual([declared, told]);
      expect(await shown(true)).toBe('taken');
    }
    picture = { bytes: tall, type: 'image/png' };
    size = { width: 512, height: 256 };
    expect(await shown()).toBe('taken');
    // What does not say how large it is can be no picture that was measured.
    picture = { bytes: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><rect/></svg>'), type: 'image/svg+xml' };
    expect(['placeholder', 'wrong_media']).toContain(await shown());
    await server.close();
  });

  test('in place of a film is no film', async () => {
    const result = await imini().generate({ model: 'kling/kling-v3', prompt: 'a cat' });
    mine.fault({ on: 'download', act: 'placeholder' });
    await expect(result.download(join(folder, 'film/'))).rejects.toMatchObject({ code: 'wrong_media' });
  });

  test('is what everybody gets who does not say where he comes from: the client does, by either way', async () => {
    const result = await imini().generate(request);
    const url = result.outputs[0]?.url ?? '';
    const sizeOf = async (headers: Record<string, string>) =>
      (await (await fetch(url, { headers })).arrayBuffer()).byteLength;
    const whole = await sizeOf({ referer: 'https://imini.ai/' });
    expect(await sizeOf({})).not.toBe(whole);
    expect(await sizeOf({ referer: 'https://example.com/' })).not.toBe(whole);
    const [bySockets] = await result.download(join(folder, 'sockets/'));
    // A `fetch` of the user's own is the other way.
    const task = imini({ fetch: (to, init) => fetch(to, init) }).task(result.id, { model: result.model });
    const [byFetch] = await (await task.result()).download(join(folder, 'fetch/'));
    expect([bySockets?.bytes, byFetch?.sha256]).toEqual([whole, bySockets?.sha256]);
  });
});

test('`completed` is told once and waited on, and a task whose results are lost is lost loudly', async () => {
  const server = await serve((seen, response) => {
    if (seen.method === 'POST') return json(response, { task_id: 'task_9', model: 'x', request_id: 'r' });
    json(response, { task_id: 'task_9', status: 'completed', images: [{ url: `${server.url}/a.png` }], error: null });
  });
  const client = imini({ baseUrl: server.url });
  const wait = client.generate({ model: 'google/nano-banana', prompt: 'a cat' }, { timeoutMs: 300 });
  await expect(wait).rejects.toMatchObject({ name: 'WaitTimeoutError', taskId: 'task_9' });
  expect(warnings.filter(({ code }) => code === 'unknown_status')).toHaveLength(1);
  expect(warnings[0]?.message).toContain('completed');
  expect(server.requests.filter(({ url }) => url === '/a.png')).toEqual([]);
  await server.close();
});

describe('two gateways', () => {
  const journal = () => join(folder, 'tasks');
  const prompt = 'the same words';

  test('share a process and a journal, and each sees its own', async () => {
    const [one, two] = [imini({ journal: journal() }), ima({ journal: journal() })];
    const [picture, video] = await Promise.all([
      one.submit({ model: 'google/nano-banana', prompt }),
      two.submit({ model: 'gemini-2.5-flash-image', prompt }),
    ]);
    const records: JournalRecord[] = await one.journal.list();
    expect(records.map(({ gateway, taskId }) => [gateway, taskId]).sort()).toEqual(
      [
        ['imini', picture.id],
        ['ima-router', video.id],
      ].sort(),
    );
    // Another process, later.
    const [mineAgain, othersAgain] = [imini({ journal: journal() }), ima({ journal: journal() })];
    const [ofMine, ofOthers] = await Promise.all([mineAgain.resume(), othersAgain.resume()]);
    expect([ofMine.map(({ id }) => id), ofOthers.map(({ id }) => id)]).toEqual([[picture.id], [video.id]]);
    const results = await Promise.all([...ofMine, ...ofOthers].map((task) => task.result()));
    await Promise.all(results.map((result) => result.download(join(folder, 'both/'))));
    const states = (await one.journal.list()).map(({ gateway, state, files }) => [gateway, state, files?.length]);
    expect(states.sort()).toEqual([
      ['ima-router', 'succeeded', 1],
      ['imini', 'succeeded', 1],
    ]);
    expect([mine.ledger.paidTwice(), other.ledger.paidTwice()]).toEqual([[], []]);
  });

  test('attach to no purchase of the other, and take no task of the other', async () => {
    const [one, two] = [imini({ journal: journal() }), ima({ journal: journal() })];
    const again = { dedupe: 'attach' } as const;
    const first = await one.submit({ model: 'google/nano-banana', prompt: 'once' }, again);
    expect((await one.submit({ model: 'google/nano-banana', prompt: 'once' }, again)).id).toBe(first.id);
    const second = await two.submit({ model: 'gemini-2.5-flash-image', prompt: 'once' }, again);
    expect(second.id).not.toBe(first.id);
    expect(() => two.task(JSON.parse(JSON.stringify(first)))).toThrow(
      /belongs to the gateway imini, not to ima-router/,
    );
    expect(() => one.task(JSON.parse(JSON.stringify(second)))).toThrow(/wrong_gateway|not to imini/);
  });

  test('do a batch each, in one folder, and go on with it', async () => {
    const run = async (client: Imini | ImaRouter, model: string) => {
      const files: string[] = [];
      const requests = ['red', 'blue'].map((color) => ({ model, prompt: color }));
      for await (const { error, files: saved } of client.batch(requests, { outDir: join(folder, 'batch') })) {
        expect(error).toBeUndefined();
        files.push(...(saved ?? []).map(({ path }) => path));
      }
      return files;
    };
    const once = await Promise.all([
      run(imini({ journal: journal() }), 'google/nano-banana'),
      run(ima({ journal: journal() }), 'gemini-2.5-flash-image'),
    ]);
    expect(new Set(once.flat()).size).toBe(4);
    const [before, beforeOthers] = [mine.ledger.submits.length, other.ledger.submits.length];
    const twice = await Promise.all([
      run(imini({ journal: journal() }), 'google/nano-banana'),
      run(ima({ journal: journal() }), 'gemini-2.5-flash-image'),
    ]);
    expect(twice.map((files) => files.sort())).toEqual(once.map((files) => files.sort()));
    expect([mine.ledger.submits.length, other.ledger.submits.length]).toEqual([before, beforeOthers]);
  });
});

test('its key stays where it belongs: in no error, no journal, at no result host', async () => {
  const key = 'sk-imini-secret-0123456789';
  const hosts: (string | undefined)[] = [];
  const cdn = await serve((seen, response) => {
    hosts.push(seen.headers.authorization, seen.headers.referer);
    response.writeHead(403, { 'content-type': 'application/xml' });
    response.end('<Error><Code>NoSuchKey</Code></Error>');
  });
  const gateway = await serve((seen, response) => {
    if (seen.method === 'POST') return json(response, { task_id: 'task_1' });
    json(response, {
      task_id: 'task_1',
      status: 'succeeded',
      images: [{ url: `${cdn.url}/a.png`, width: 1, height: 1 }],
    });
  });
  const store = join(folder, 'secret-tasks');
  const client = imini({ baseUrl: gateway.url, apiKey: key, journal: store });
  const result = await client.generate({ model: 'google/nano-banana', prompt: key });
  const error = await result.download(join(folder, 'gone/')).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'expired' });
  expect(new Set(hosts)).toEqual(new Set([undefined, 'https://imini.ai/']));
  const texts = await Promise.all(
    (await readdir(store, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => readFile(join(entry.parentPath, entry.name), 'utf8')),
  );
  expect(
    [...texts, JSON.stringify(error), String(error), JSON.stringify(client)].filter((text) => text.includes(key)),
  ).toEqual([]);
  await Promise.all([gateway.close(), cdn.close()]);
});
