// Many requests as one piece of work: bounded, in order of completion, continued instead of paid again, within a budget.

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import {
  type BatchItem,
  type BatchOptions,
  type BatchUpdate,
  type ImaRouter,
  MemoryJournal,
  SubmitUnknownError,
} from '../../src/index.js';
import { type Mock, type MockOptions, startMock } from '../../src/mock/index.js';
import { clientFor } from '../support/client.js';

interface Wanted {
  model: string;
  prompt: string;
}
const wanted = (count: number, model = 'gemini-2.5-flash-image'): Wanted[] =>
  Array.from({ length: count }, (_, i) => ({ model, prompt: `picture ${i}` }));

const open: Mock[] = [];
async function mockWith(options: MockOptions = {}): Promise<Mock> {
  const mock = await startMock({ speed: 500, seed: 5, ...options });
  open.push(mock);
  return mock;
}
afterEach(async () => {
  for (const mock of open.splice(0)) {
    expect(mock.ledger.paidTwice()).toEqual([]);
    await mock.close();
  }
});

async function all(ima: ImaRouter, requests: Iterable<Wanted> | AsyncIterable<Wanted>, options?: BatchOptions<Wanted>) {
  const items: BatchItem<Wanted>[] = [];
  for await (const item of ima.batch(requests, options)) items.push(item);
  return items;
}
const paid = (mock: Mock) => mock.ledger.submits.filter((submit) => submit.paid).length;

describe('a batch', () => {
  test('gives every item once, as it completes, never more at work than asked', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    const updates: BatchUpdate[] = [];
    const items = await all(ima, wanted(12), { concurrency: 3, onUpdate: (update) => updates.push(update) });
    expect(items.map(({ index }) => index).sort((a, b) => a - b)).toEqual(wanted(12).map((_, i) => i));
    expect(items.every(({ result, error }) => result?.status === 'succeeded' && error === undefined)).toBe(true);
    expect(new Set(items.map(({ key }) => key)).size).toBe(12);
    expect(Math.max(...updates.map(({ totals }) => totals.underWay))).toBe(3);
    const last = updates.at(-1)?.totals;
    const cost = items.reduce((sum, { result }) => sum + (result?.costUsd ?? 0), 0);
    expect(last).toMatchObject({ total: 12, underWay: 0, succeeded: 12, failed: 0, unknown: 0, continued: 0 });
    expect(last?.costUsd).toBeCloseTo(cost, 9);
    expect(paid(mock)).toBe(12);
  });

  test('the first to finish comes first', async () => {
    const mock = await mockWith({ speed: 100 });
    const { ima } = clientFor(mock.url);
    const requests = [
      { model: 'kling-v3-video', prompt: 'slow' },
      { model: 'seed-tts-2.0', prompt: 'quick', voice: 'zh_female_vv_uranus_bigtts' },
    ];
    const items = await all(ima, requests);
    expect(items.map(({ index }) => index)).toEqual([1, 0]);
  });

  test('one failure never drops the others, and says what it was', async () => {
    const mock = await mockWith({
      outcome: ({ body }) => (JSON.stringify(body).includes('picture 1"') ? 'failed' : 'succeeded'),
    });
    const { ima } = clientFor(mock.url);
    const requests = [...wanted(3), { model: 'no-such-model', prompt: 'x' }, { model: 'sonic', prompt: '' }];
    const items = (await all(ima, requests)).sort((a, b) => a.index - b.index);
    expect(items.map(({ error }) => error?.name)).toEqual([
      undefined,
      'TaskFailedError',
      undefined,
      'UnknownModelError',
      'InvalidRequestError',
    ]);
    expect(items[1]?.task?.id).toBeTruthy();
    expect(paid(mock)).toBe(3);
  });

  test('takes requests as they come, and no faster than their results are taken', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    let taken = 0;
    async function* source() {
      for (const one of wanted(30)) {
        taken++;
        yield one;
      }
    }
    const items = ima.batch(source(), { concurrency: 2 });
    await items.next();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(taken).toBeLessThanOrEqual(6);
    await items.return();
    expect(paid(mock)).toBe(taken);
  });

  test('a source that breaks breaks the batch, after what was begun is through', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    function* source() {
      yield* wanted(2);
      throw new Error('the file is torn');
    }
    const items: BatchItem<Wanted>[] = [];
    const run = async () => {
      for await (const item of ima.batch(source(), { concurrency: 1 })) items.push(item);
    };
    await expect(run()).rejects.toThrow('the file is torn');
    expect(items).toHaveLength(2);
  });

  test.each([
    [{ concurrency: 0 }, 'concurrency'],
    [{ concurrency: 1.5 }, 'concurrency'],
    [{ maxCostUsd: 0 }, 'maxCostUsd'],
    [{ maxCostUsd: Number.NaN }, 'maxCostUsd'],
    [{ timeoutMs: -1 }, 'timeoutMs'],
  ])('wrong options are told at once: %o', async (options, param) => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    expect(() => ima.batch(wanted(1), options)).toThrow(expect.objectContaining({ code: 'bad_option', param }));
    expect(mock.ledger.submits).toEqual([]);
  });
});

describe('the same batch again', () => {
  test('goes on where it stopped: what is bought is not bought twice', async () => {
    const mock = await mockWith();
    const journal = new MemoryJournal();
    const first = ima(mock, journal).batch(wanted(10), { concurrency: 2 });
    for (let i = 0; i < 4; i++) await first.next();
    await first.return();
    const before = paid(mock);
    expect(before).toBeGreaterThanOrEqual(4);
    expect(before).toBeLessThan(10);
    const items = await all(ima(mock, journal), wanted(10));
    expect(items.filter(({ result }) => result !== undefined)).toHaveLength(10);
    expect(items.filter(({ continued }) => continued)).toHaveLength(before);
    expect(paid(mock)).toBe(10);
    await all(ima(mock, journal), wanted(10));
    expect(paid(mock)).toBe(10);
  });

  test('equal requests are as many purchases as they stand there; another name makes another batch', async () => {
    const mock = await mockWith();
    const journal = new MemoryJournal();
    const twice = [...wanted(1), ...wanted(1)];
    expect(new Set((await all(ima(mock, journal), twice)).map(({ key }) => key)).size).toBe(2);
    await all(ima(mock, journal), twice);
    expect(paid(mock)).toBe(2);
    await all(ima(mock, journal), twice, { name: 'once more' });
    expect(paid(mock)).toBe(4);
    await all(ima(mock, journal), [{ model: 'gemini-2.5-flash-image', prompt: 'new' }], { key: () => 'mine' });
    await all(ima(mock, journal), [{ model: 'gemini-2.5-flash-image', prompt: 'newer' }], { key: () => 'mine' });
    expect(paid(mock)).toBe(5);
  });

  test('what failed is tried again; what nobody knows is not', async () => {
    let isBad = true;
    const mock = await mockWith({
      outcome: () => (isBad ? 'failed' : 'succeeded'),
      faults: [{ on: 'submit', act: 'reset-after', nth: 2 }],
    });
    const journal = new MemoryJournal();
    const first = await all(ima(mock, journal), wanted(2), { concurrency: 1 });
    expect(first.map(({ error }) => error?.name)).toEqual(['TaskFailedError', 'SubmitUnknownError']);
    isBad = false;
    const second = await all(ima(mock, journal), wanted(2), { concurrency: 1 });
    expect(second[0]?.result?.status).toBe('succeeded');
    expect(second[1]?.error).toBeInstanceOf(SubmitUnknownError);
    expect(second[1]?.error).toMatchObject({ code: 'submit_unsettled', mayBeBilled: true });
    expect(paid(mock)).toBe(3);
    await journal.delete(second[1]?.key ?? '');
    expect((await all(ima(mock, journal), wanted(2)))[1]?.error).toBeUndefined();
  });

  test('two at once share the work', async () => {
    const mock = await mockWith({ speed: 200 });
    const journal = new MemoryJournal();
    const [a, b] = await Promise.all([all(ima(mock, journal), wanted(8)), all(ima(mock, journal), wanted(8))]);
    expect(paid(mock)).toBe(8);
    for (const items of [a, b]) {
      for (const { result, error } of items) {
        expect(result !== undefined || (error as { code?: string })?.code === 'held_elsewhere').toBe(true);
      }
    }
    expect([...a, ...b].filter(({ result }) => result !== undefined).length).toBeGreaterThanOrEqual(8);
  });

  function ima(mock: Mock, journal: MemoryJournal): ImaRouter {
    return clientFor(mock.url, { journal }).ima;
  }
});

describe('a budget', () => {
  test('is never passed: one probe first, then by what was seen', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    const [probe] = await all(ima, wanted(1), { name: 'probe' });
    const cost = probe?.result?.costUsd ?? 0;
    expect(cost).toBeGreaterThan(0);
    const before = paid(mock);
    const items = await all(clientFor(mock.url).ima, wanted(20), { concurrency: 8, maxCostUsd: cost * 5 });
    expect(paid(mock) - before).toBe(5);
    const errors = items.flatMap(({ error }) => error ?? []);
    expect(errors).toHaveLength(15);
    for (const error of errors) {
      expect(error).toMatchObject({ name: 'BudgetExceededError', code: 'budget_exceeded', mayBeBilled: false });
    }
  });

  test('counts what earlier runs of the same work cost', async () => {
    const mock = await mockWith();
    const journal = new MemoryJournal();
    const { ima } = clientFor(mock.url, { journal });
    const [first] = await all(ima, wanted(1));
    const maxCostUsd = (first?.result?.costUsd ?? 0) * 3;
    await all(ima, wanted(6), { maxCostUsd });
    expect(paid(mock)).toBe(3);
    await all(ima, wanted(6), { maxCostUsd });
    expect(paid(mock)).toBe(3);
  });

  test('a model that tells no cost needs an estimate', async () => {
    const mock = await mockWith();
    const request = (i: number) => ({ model: 'kling-v2-6', prompt: `puppy ${i}` });
    const requests = [0, 1, 2, 3].map(request);
    const endpoint = '/kling/v1/videos/text2video';
    const strict = await all(clientFor(mock.url).ima, requests, { maxCostUsd: 1, endpoint });
    expect(strict.map(({ error }) => (error as { code?: string })?.code).sort()).toEqual([
      'cost_unknown',
      'cost_unknown',
      'cost_unknown',
      undefined,
    ]);
    const before = paid(mock);
    const options = { maxCostUsd: 1, estimateUsd: () => 0.4, endpoint };
    await all(clientFor(mock.url).ima, requests, options);
    expect(paid(mock) - before).toBe(2);
  });
});

describe('an abort', () => {
  test('drains: no more is bought, what is under way keeps its id, and the end says so', async () => {
    const mock = await mockWith({ speed: 1 });
    const { ima } = clientFor(mock.url);
    const controller = new AbortController();
    const items: BatchItem<Wanted>[] = [];
    const run = async () => {
      for await (const item of ima.batch(wanted(20), { concurrency: 4, signal: controller.signal })) items.push(item);
    };
    const running = run();
    while (mock.ledger.submits.length < 4) await new Promise((resolve) => setTimeout(resolve, 5));
    controller.abort(new Error('enough'));
    await expect(running).rejects.toMatchObject({ name: 'AbortError', code: 'wait_aborted' });
    expect(items).toHaveLength(4);
    for (const { task, error } of items) {
      expect(error).toMatchObject({ name: 'AbortError', taskId: task?.id });
    }
    expect(paid(mock)).toBe(4);
    expect(await ima.journal.list({ state: 'submitted' })).toHaveLength(4);
  });

  test('before the start nothing happens', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    await expect(all(ima, wanted(3), { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
    expect(mock.ledger.submits).toEqual([]);
  });

  test('in mid-POST the answer is still heard', async () => {
    const mock = await mockWith({ faults: [{ on: 'submit', act: 'slow', everyMs: 20 }] });
    const { ima } = clientFor(mock.url);
    const controller = new AbortController();
    const items: BatchItem<Wanted>[] = [];
    const run = async () => {
      for await (const item of ima.batch(wanted(1), { signal: controller.signal })) items.push(item);
    };
    const running = run();
    while (mock.ledger.submits.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    controller.abort();
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    expect(items[0]?.task?.id).toBe(mock.ledger.submits[0]?.taskId);
    expect(await ima.journal.list({ state: 'unknown' })).toEqual([]);
  });
});

describe('files', () => {
  test('are saved, noted, and not fetched again when they are there', async () => {
    const mock = await mockWith();
    const folder = await mkdtemp(join(tmpdir(), 'ima-batch-'));
    try {
      const { ima } = clientFor(mock.url);
      const items = await all(ima, wanted(3), { outDir: folder });
      expect(await readdir(folder)).toHaveLength(3);
      expect(items.every(({ files }) => files?.length === 1)).toBe(true);
      const records = await ima.journal.list({ state: 'succeeded' });
      expect(records.map(({ files }) => files?.[0]?.sha256).sort()).toEqual(
        items.map(({ files }) => files?.[0]?.sha256).sort(),
      );
      const downloads = mock.ledger.downloads.length;
      const again = await all(ima, wanted(3), { outDir: folder });
      expect(again.map(({ files }) => files?.length)).toEqual([1, 1, 1]);
      expect(mock.ledger.downloads).toHaveLength(downloads);
      await rm(again[0]?.files?.[0]?.path ?? '');
      await all(ima, wanted(3), { outDir: folder });
      expect(await readdir(folder)).toHaveLength(3);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test('a download that fails leaves the result and says why', async () => {
    const mock = await mockWith({ faults: [{ on: 'download', act: 'answer', status: 410 }] });
    const { ima } = clientFor(mock.url);
    const [item] = await all(ima, wanted(1), { outDir: join(tmpdir(), 'ima-batch-never') });
    expect(item?.result?.status).toBe('succeeded');
    expect(item?.error).toMatchObject({ name: 'DownloadError', code: 'expired' });
  });
});
