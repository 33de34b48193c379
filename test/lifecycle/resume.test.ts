// A journal on disk: what was bought outlives the process, the client, the full disk and the wrong key.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DirectoryJournal, type Journal, type JournalRecord, MemoryJournal } from '../../src/index.js';
import { type Mock, type MockOptions, startMock } from '../../src/mock/index.js';
import { clientFor } from '../support/client.js';
import { json, serve } from '../support/server.js';

const request = { model: 'gemini-2.5-flash-image', prompt: 'x' } as const;
let folder = '';
let journal = '';
let mock: Mock;
async function restart(options: MockOptions): Promise<Mock> {
  await mock.close();
  mock = await startMock({ speed: 500, seed: 9, ...options });
  return mock;
}
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ima-resume-'));
  journal = join(folder, 'journal');
  mock = await startMock({ speed: 500, seed: 9 });
});
afterEach(async () => {
  await mock.close();
  await rm(folder, { recursive: true, force: true });
});

const client = (options = {}) => clientFor(mock.url, { journal, ...options });

describe('resume', () => {
  test('another client goes on with what the first one bought', async () => {
    const task = await client().ima.submit(request);
    const { ima } = client();
    const [again, ...others] = await ima.resume();
    expect(others).toEqual([]);
    expect(again?.toJSON()).toEqual(task.toJSON());
    const result = await again?.result();
    expect(result?.status).toBe('succeeded');
    expect(await ima.journal.list()).toMatchObject([
      { state: 'succeeded', taskId: task.id, costUsd: result?.costUsd, request },
    ]);
    expect(await client().ima.resume()).toEqual([]);
    expect(mock.ledger.submits).toHaveLength(1);
  });

  test('a file: URL and a store of one’s own are as good as a path', async () => {
    await client({ journal: pathToFileURL(journal) }).ima.submit(request);
    const own = new DirectoryJournal(journal);
    expect(await client({ journal: own }).ima.resume()).toHaveLength(1);
    for (const wrong of [5, {}, 'https://x/y', '']) {
      expect(() => client({ journal: wrong })).toThrow(expect.objectContaining({ code: 'bad_option' }));
    }
  });

  test('by model; of another gateway nothing', async () => {
    const { ima } = client();
    await ima.submit(request);
    const song = await ima.submit({ model: 'sonic', prompt: 'a song' });
    const [record] = await ima.journal.list();
    if (record !== undefined) await ima.journal.put({ ...record, key: 'alien', gateway: 'elsewhere' });
    const later = client().ima;
    expect((await later.resume({ model: 'sonic' })).map(({ id }) => id)).toEqual([song.id]);
    expect(await later.resume()).toHaveLength(2);
  });

  test('two resumers never both have a task; who asks again gets the same handles', async () => {
    const { ima } = client();
    for (let i = 0; i < 6; i++) await ima.submit({ ...request, prompt: String(i) });
    const [a, b] = [client().ima, client().ima];
    const [ofA, ofB] = await Promise.all([a.resume(), b.resume()]);
    expect(new Set([...ofA, ...ofB].map(({ id }) => id)).size).toBe(6);
    expect(ofA.length + ofB.length).toBe(6);
    expect(new Set(await a.resume())).toEqual(new Set(ofA));
    await Promise.all([...ofA, ...ofB].map((task) => task.result()));
    expect(await client().ima.resume()).toEqual([]);
  });

  test('what somebody waits for is not resumed; what he gave up is', async () => {
    await restart({ speed: 1 });
    const { ima } = client();
    const task = await ima.submit(request);
    const controller = new AbortController();
    const waiting = task.result({ signal: controller.signal }).catch((e: unknown) => e);
    while (mock.ledger.polls.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await client().ima.resume()).toEqual([]);
    controller.abort();
    await waiting;
    await expect.poll(() => client().ima.resume()).toHaveLength(1);
  });

  test('who waits a moment on an older handle takes nothing from him who has resumed the task', async () => {
    await restart({ speed: 1 });
    const { ima } = client();
    const old = await ima.submit(request);
    const [resumed] = await ima.resume();
    expect(resumed?.id).toBe(old.id);
    await old.result({ timeoutMs: 1 }).catch((e: unknown) => e);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await client().ima.resume()).toEqual([]);
    expect(await ima.resume()).toEqual([resumed]);
    await resumed?.result({ timeoutMs: 1 }).catch((e: unknown) => e);
    await expect.poll(() => client().ima.resume()).toHaveLength(1);
  });

  test('an end that is seen on a handle made by id is noted too', async () => {
    const { id } = await client().ima.submit(request);
    const { ima } = client();
    await ima.task(id, { model: request.model }).result();
    expect(await ima.journal.list()).toMatchObject([{ state: 'succeeded', taskId: id }]);
    expect(await ima.resume()).toEqual([]);
  });

  test('a failed task is told and noted with its reason', async () => {
    await restart({ outcome: () => 'failed' });
    await client().ima.submit({ model: 'seedance-2.0', prompt: 'x' });
    const [task] = await client().ima.resume();
    await expect(task?.result()).rejects.toMatchObject({ name: 'TaskFailedError' });
    const [record] = await client().ima.journal.list({ state: 'failed' });
    expect(record?.error?.message).toBeTruthy();
  });

  test('a process that dies in mid-submit leaves an unknown one, and a warning with the trace id', async () => {
    await restart({ faults: [{ on: 'submit', act: 'hang' }] });
    const child = spawn(
      process.execPath,
      [
        ...['--import', import.meta.resolve('tsx'), '--input-type=module', '-e'],
        `import { ImaRouter } from ${JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)};
         await new ImaRouter({ apiKey: 'sk-x', baseUrl: '${mock.url}', journal: ${JSON.stringify(journal)} })
           .submit({ model: 'gemini-2.5-flash-image', prompt: 'x' }, { traceId: 'trace-of-the-dead' });`,
      ],
      { stdio: 'inherit' },
    );
    while (mock.ledger.submits.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    const { ima, warnings } = client();
    expect(await ima.resume()).toEqual([]);
    expect(await ima.journal.list()).toMatchObject([{ state: 'intent' }]);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await ima.resume()).toEqual([]);
    expect(await ima.journal.list()).toMatchObject([{ state: 'unknown', traceId: 'trace-of-the-dead' }]);
    expect(warnings).toMatchObject([{ code: 'submit_cut_off', traceId: 'trace-of-the-dead' }]);
    expect(mock.ledger.submits).toHaveLength(1);
  });

  test('a store of four calls: an intent is abandoned when no submit can take that long', async () => {
    const inner = new MemoryJournal();
    const four: Journal = {
      put: (record) => inner.put(record),
      get: (key) => inner.get(key),
      list: () => inner.list(),
      delete: (key) => inner.delete(key),
    };
    const { ima } = client({ journal: four });
    const task = await ima.submit(request);
    const [record] = await inner.list();
    const intent = (key: string, ageMs: number): JournalRecord => {
      const at = new Date(Date.now() - ageMs).toISOString();
      const { taskId: _, ...rest } = record as JournalRecord;
      return { ...rest, key, state: 'intent', createdAt: at, updatedAt: at };
    };
    await inner.put(intent('young', 1000));
    await inner.put(intent('old', 3_600_000));
    const later = client({ journal: four }).ima;
    expect((await later.resume()).map(({ id }) => id)).toEqual([task.id]);
    expect((await inner.list({ state: 'unknown' })).map(({ key }) => key)).toEqual(['old']);
    expect((await inner.list({ state: 'intent' })).map(({ key }) => key)).toEqual(['young']);
  });

  test('the journal holds no secret that a failed task tells', async () => {
    const at = await serve((_, response, count) =>
      json(
        response,
        count === 1
          ? { task_id: 't1', status: 'queued' }
          : {
              task_id: 't1',
              status: 'FAILURE',
              fail_reason: 'refused sk-very-secret-key-1 at https://b.example/a.png?Signature=deadbeef',
            },
      ),
    );
    const { ima } = clientFor(at.url, { journal, apiKey: 'sk-very-secret-key-1' });
    await expect(ima.generate(request)).rejects.toMatchObject({ code: 'task_failed' });
    const [record] = await ima.journal.list({ state: 'failed' });
    expect(record?.error?.message).toContain('refused ***');
    expect(JSON.stringify(record)).not.toMatch(/very-secret|deadbeef/);
    await at.close();
  });

  test('the journal holds no key, and no request in which one stands', async () => {
    const { ima } = client({ apiKey: 'sk-very-secret-key-1' });
    await ima.submit({ ...request, prompt: 'say sk-very-secret-key-1' });
    await ima.submit({ ...request, prompt: 'p'.repeat(20_000) }, { validate: 'off' }).catch(() => {});
    const names = (await readdir(journal)).filter((name) => name.endsWith('.json'));
    const texts = await Promise.all(names.map((name) => readFile(join(journal, name), 'utf8')));
    expect(texts.length).toBeGreaterThan(1);
    expect(texts.join('')).not.toContain('sk-very-secret');
    expect(texts.join('')).not.toContain('pppp');
  });
});

describe('a journal that cannot be had', () => {
  test('stops the submit before anything is sent', async () => {
    await writeFile(join(folder, 'file'), '');
    const { ima } = client({ journal: join(folder, 'file', 'journal') });
    await expect(ima.submit(request)).rejects.toMatchObject({ code: 'journal_unavailable', mayBeBilled: false });
    await expect(ima.resume()).rejects.toMatchObject({ code: 'journal_unavailable' });
    expect(mock.ledger.submits).toEqual([]);
  });

  test('of a newer version neither, and it stays as it is', async () => {
    await client().ima.submit(request);
    const [file = ''] = (await readdir(journal)).filter((name) => /^[0-9a-f-]{36}\.json$/.test(name));
    const newer = (await readFile(join(journal, file), 'utf8')).replace('"v": 1', '"v": 2');
    await writeFile(join(journal, file), newer);
    const { ima } = client();
    await expect(ima.submit(request)).rejects.toMatchObject({ code: 'journal_too_new', mayBeBilled: false });
    await expect(ima.resume()).rejects.toMatchObject({ code: 'journal_too_new' });
    expect(await readFile(join(journal, file), 'utf8')).toBe(newer);
    expect(mock.ledger.submits).toHaveLength(1);
  });

  test('a torn file hides no neighbour, and is told', async () => {
    const task = await client().ima.submit(request);
    await mkdir(journal, { recursive: true });
    await writeFile(join(journal, 'torn.json'), '{"v": 1, "key": "to');
    const { ima, warnings } = client();
    expect((await ima.resume()).map(({ id }) => id)).toEqual([task.id]);
    expect(warnings).toMatchObject([{ code: 'journal_corrupt', file: expect.stringContaining('torn.json') }]);
  });
});

describe('bad input spends nothing', () => {
  test.each([Number.NaN, -1, Number.POSITIVE_INFINITY])('a timeout of %s', async (timeoutMs) => {
    const { ima } = client();
    await expect(ima.generate(request, { timeoutMs })).rejects.toMatchObject({
      code: 'bad_option',
      param: 'timeoutMs',
    });
    expect(() => ima.batch([request], { timeoutMs })).toThrow(expect.objectContaining({ code: 'bad_option' }));
    expect(mock.ledger.submits).toEqual([]);
  });

  test('what is to be told and is no function', async () => {
    const { ima } = client();
    const options = JSON.parse('{"onUpdate":5}');
    await expect(ima.generate(request, options)).rejects.toMatchObject({ code: 'bad_option', param: 'onUpdate' });
    expect(mock.ledger.submits).toEqual([]);
  });

  test('misspelt options, and none', async () => {
    const { ima } = client();
    const given = (text: string) => JSON.parse(text);
    const wrong = (param: string) => expect.objectContaining({ code: 'bad_option', param });
    await expect(ima.submit(request, given('{"dedup":"attach"}'))).rejects.toEqual(wrong('dedup'));
    await expect(ima.submit(request, given('null'))).rejects.toEqual(wrong('options'));
    await expect(ima.generate(request, given('{"timeoutms":5}'))).rejects.toEqual(wrong('timeoutms'));
    await expect(ima.resume(given('{"modle":"x"}'))).rejects.toEqual(wrong('modle'));
    await expect(ima.validate(request, given('{"strict":1}'))).rejects.toEqual(wrong('strict'));
    for (const [options, param] of [
      ['null', 'options'],
      ['{"outDir":5}', 'outDir'],
      ['{"outDir":""}', 'outDir'],
      ['{"name":5}', 'name'],
      ['{"endpont":"/x"}', 'endpont'],
    ] as const) {
      expect(() => ima.batch([request], given(options))).toThrow(wrong(param));
    }
    expect(() => ima.task('x', given('{}'))).toThrow(expect.objectContaining({ code: 'bad_task' }));
    expect(() => ima.task('x', given('null'))).toThrow(wrong('pointer'));
    const task = ima.task('x', { model: request.model });
    await expect(task.result(given('{"timeout":5}'))).rejects.toEqual(wrong('timeout'));
    await expect(task.refresh(given('null'))).rejects.toEqual(wrong('options'));
    await expect(task.updates(given('{"timeout":5}')).next()).rejects.toEqual(wrong('timeout'));
    expect(() => client(given('{"poll":{"bogus":1}}'))).toThrow(wrong('poll.bogus'));
    expect(() => client(given('{"retry":{"bogus":1}}'))).toThrow(wrong('retry.bogus'));
    expect(mock.ledger.submits).toEqual([]);
    expect(mock.ledger.polls).toEqual([]);
  });

  test('a signal that is aborted at the start', async () => {
    const { ima } = client();
    const signal = AbortSignal.abort(new Error('never mind'));
    const error = await ima.generate(request, { signal }).catch((e: unknown) => e);
    expect(error).toMatchObject({ name: 'AbortError', code: 'aborted', mayBeBilled: false });
    expect(await readdir(folder)).toEqual([]);
    expect(mock.ledger.submits).toEqual([]);
  });

  test.each(['a/b', 'a b', '../x', '', '.', 'a?b', 'a#b', 'ü'])('the task id %j', (id) => {
    const { ima } = client();
    expect(() => ima.task(id, { model: request.model })).toThrow(expect.objectContaining({ code: 'bad_task' }));
  });
});

test('a task’s JSON leads back to its record, in another process too', async () => {
  const task = await client().ima.submit(request);
  const saved = JSON.stringify(task);
  const { ima } = client();
  await ima.task(JSON.parse(saved)).result();
  expect(await ima.journal.list({ state: 'succeeded' })).toHaveLength(1);
  const { key: _, ...old } = task.toJSON();
  await expect(ima.task(old).result()).resolves.toMatchObject({ status: 'succeeded' });
  expect(() => ima.task({ ...task.toJSON(), key: '../x' })).toThrow(expect.objectContaining({ code: 'bad_task' }));
});

test('a lone task on a server that knows no journal is polled all the same', async () => {
  const server = await serve((_, response) => json(response, { status: 'failed', error: { message: 'no' } }));
  const { ima } = clientFor(server.url, { journal });
  await expect(ima.task('t1', { model: request.model }).result()).rejects.toMatchObject({ code: 'task_failed' });
  await server.close();
});
