// What is cleared away and when: ended records by age, what dead processes left, and never what is not settled.

import { readFile, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DirectoryJournal, type JournalRecord, type RecordState } from '../../src/index.js';
import { content, daysAgo, folders, jsonOf, opened, plant, record, until, workers } from './support.js';

const folder = folders();
const worker = workers();

const STATES: RecordState[] = ['intent', 'unknown', 'submitted', 'succeeded', 'failed', 'cancelled'];

/** A directory with each state once, last touched `days` ago; nobody has opened it yet. */
async function withAll(days: number): Promise<string> {
  const directory = await folder();
  for (const state of STATES) await old(directory, state, days, { state });
  return directory;
}

async function old(directory: string, key: string, days: number, change: Partial<JournalRecord>): Promise<void> {
  await plant(directory, `${key}.json`, JSON.stringify(record(key, { ...change, updatedAt: daysAgo(days) })));
}

const keysOf = async (journal: DirectoryJournal) => (await journal.list()).map(({ key }) => key).sort();

describe('ended records', () => {
  test('are deleted after 30 days by the first use of an instance, once; what is not settled stays', async () => {
    const directory = await withAll(31);
    await old(directory, 'younger', 29, { state: 'failed' });
    const { journal, warnings } = opened(directory);
    await journal.list();
    await until(async () => (await content(directory)).length === 4);
    expect(await keysOf(journal)).toEqual(['intent', 'submitted', 'unknown', 'younger']);
    await old(directory, 'later', 31, { state: 'failed' });
    expect(await keysOf(journal)).toContain('later');
    expect(warnings).toEqual([]);
  });

  test('are kept for as long as is asked for', async () => {
    const directory = await withAll(31);
    const keeps = new DirectoryJournal(directory, { keepDays: Number.POSITIVE_INFINITY });
    expect(await keeps.prune()).toBe(0);
    expect(await keysOf(keeps)).toEqual([...STATES].sort());
    expect(await keeps.prune({ olderThanDays: 32 })).toBe(0);
    expect(await keeps.prune({ olderThanDays: 30 })).toBe(3);
    expect(await keysOf(keeps)).toEqual(['intent', 'submitted', 'unknown']);
    expect(await keeps.prune({ olderThanDays: 0 })).toBe(0);
    const strict = new DirectoryJournal(directory, { keepDays: 0 });
    await strict.put(record('done', { state: 'succeeded', updatedAt: daysAgo(0.001) }));
    expect(await strict.prune()).toBe(1);
  });

  test('with a date that nobody can read stay', async () => {
    const directory = await folder();
    await plant(directory, 'k1.json', JSON.stringify(record('k1', { state: 'failed', updatedAt: 'yesterday' })));
    const journal = new DirectoryJournal(directory);
    expect(await journal.prune({ olderThanDays: 0 })).toBe(0);
    expect(await keysOf(journal)).toEqual(['k1']);
  });

  test('that came back to life since they were last seen stay', async () => {
    const directory = await folder();
    const mine = new DirectoryJournal(directory, { keepDays: Number.POSITIVE_INFINITY });
    const keys = Array.from({ length: 20 }, (_, index) => `k${index}`);
    for (const key of keys) await old(directory, key, 99, { state: 'failed' });
    await mine.list();
    const intents = keys.map((key) => record(key, { updatedAt: daysAgo(0) }));
    const [pruned] = await Promise.all([mine.prune({ olderThanDays: 30 }), ...intents.map((one) => mine.put(one))]);
    expect(await mine.list({ state: 'intent' })).toHaveLength(20);
    expect(pruned).toBeLessThanOrEqual(20);
  });

  test('are counted by the one who was asked to delete them, also if it is the first call', async () => {
    const directory = await folder();
    for (let index = 0; index < 50; index++) await old(directory, `k${index}`, 99, { state: 'failed' });
    expect(await new DirectoryJournal(directory).prune()).toBe(50);
  });

  test('are read once more before they go: somebody has begun anew under that key', async () => {
    const directory = await folder();
    await old(directory, 'k1', 99, { state: 'failed' });
    const reborn = JSON.stringify(record('k1', { state: 'intent', updatedAt: daysAgo(99) }));
    const child = await worker(directory);
    // Between the look at the directory and the deletion: at the second time that the file is opened.
    await child.ask({ call: 'swap', name: 'k1.json', at: 2, content: reborn });
    const { value, log } = await child.ask({ call: 'prune' });
    expect(log.filter((line) => line.endsWith('k1.json'))).toHaveLength(4);
    expect(value).toBe(0);
    expect(await jsonOf(join(directory, 'k1.json'))).toMatchObject({ state: 'intent' });
    await child.end();
  });

  test('a process that has nothing else to do ends, with all of it still to clear', async () => {
    const directory = await folder();
    for (let index = 0; index < 300; index++) await old(directory, `k${index}`, 99, { state: 'failed' });
    const child = await worker(directory);
    await child.ask({ call: 'get', key: 'k1' });
    expect(await child.end()).toBe(0);
  });
});

describe('what the dead left', () => {
  const DEAD = '0b5e0f6e-1111-4111-8111-111111111111';
  const UNHEARD_OF = '0b5e0f6e-2222-4222-8222-222222222222';

  test('temp files: at once where their process is known to be dead, else when they are ten minutes old', async () => {
    const directory = await folder();
    await new DirectoryJournal(directory).claim('k1');
    const [self = ''] = await content(join(directory, 'owners'));
    const owner = await jsonOf(join(directory, 'owners', self));
    // No system counts its processes that far.
    const gone = { ...Object(owner), pid: 2 ** 30 };
    await writeFile(join(directory, `owners/${DEAD}.json`), JSON.stringify(gone));
    const [dead, fresh, stale, alien] = [
      await plant(directory, `.k1.${DEAD}.0.tmp`, '{'),
      await plant(directory, `.k1.${UNHEARD_OF}.0.tmp`, '{'),
      await plant(directory, `.k1.${UNHEARD_OF}.1.tmp`, '{'),
      await plant(directory, '.mine.tmp', 'x'),
    ];
    const past = (seconds: number) => Date.now() / 1000 - seconds;
    await utimes(fresh, past(500), past(500));
    await utimes(stale, past(700), past(700));
    await utimes(alien, past(9e6), past(9e6));
    const journal = new DirectoryJournal(directory);
    expect(await journal.prune()).toBe(0);
    const left = (await content(directory)).filter((name) => name.endsWith('.tmp'));
    expect(left.sort()).toEqual([fresh, alien].map((path) => basename(path)).sort());
    expect(left).not.toContain(basename(dead));
    expect(await content(join(directory, 'owners'))).not.toContain(`${DEAD}.json`);
  });

  test('claims and owners of a killed process go, those of a living one stay', async () => {
    const directory = await folder();
    const [dying, living] = [await worker(directory), await worker(directory)];
    for (const key of ['a', 'b']) expect((await dying.ask({ call: 'claim', key })).value).toBe(true);
    expect((await living.ask({ call: 'claim', key: 'c' })).value).toBe(true);
    const before = await content(join(directory, 'owners'));
    expect(before).toHaveLength(2);
    dying.process.kill('SIGKILL');
    await dying.end();
    const journal = new DirectoryJournal(directory);
    await journal.prune();
    expect(await content(join(directory, 'claims'))).toEqual(['c', expect.stringMatching(/^c\/[\w-]+$/)]);
    const left = await content(join(directory, 'owners'));
    expect(left).toHaveLength(1);
    expect(before).toContain(left[0]);
    expect(await jsonOf(join(directory, 'owners', left[0] ?? ''))).toMatchObject({ pid: living.process.pid });
    expect(await living.end()).toBe(0);
  });

  test('files that were set aside stay: a person should look at them', async () => {
    const directory = await folder();
    const journal = new DirectoryJournal(directory);
    await journal.put(record('k1'));
    const path = await plant(directory, 'k2.json.corrupt', 'x');
    await utimes(path, 1, 1);
    await journal.prune({ olderThanDays: 0 });
    expect(await readFile(path, 'utf8')).toBe('x');
  });
});
