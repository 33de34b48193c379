// Any use of the directory journal gives what the one in memory gives, and any bytes in the directory break nothing.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  DirectoryJournal,
  type Journal,
  type JournalRecord,
  MemoryJournal,
  type RecordState,
} from '../../src/index.js';
import { opened, record } from './support.js';

const keys = fc.constantFrom('a', 'b', 'c_1', '-', 'D'.repeat(128), 'constructor', '__proto__');
const STATES: RecordState[] = ['intent', 'unknown', 'submitted', 'succeeded', 'failed', 'cancelled'];
const text = fc.string({ unit: 'binary', maxLength: 20 });
const json = fc.jsonValue({ noUnicodeString: false }).map((value: unknown) => JSON.parse(JSON.stringify(value)));
const amount = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const records: fc.Arbitrary<JournalRecord> = fc
  .record(
    {
      state: fc.constantFrom(...STATES),
      taskId: text,
      fingerprint: fc.constantFrom('f1', 'f2'),
      request: fc.dictionary(text, json, { noNullPrototype: true }),
      costUsd: amount,
      error: fc.record({ code: text, message: text, kind: fc.constant('upstream' as const) }),
      files: fc.array(fc.record({ path: text, bytes: amount, sha256: text, contentType: text }), { maxLength: 2 }),
      traceId: text,
    },
    { requiredKeys: ['state'] },
  )
  .chain((change) => fc.tuple(keys, fc.date({ noInvalidDate: true })).map(([key, at]) => ({ key, change, at })))
  .map(({ key, change, at }) => ({ ...record(key), ...change, createdAt: at.toISOString() }));

type Step =
  | { do: 'put'; record: JournalRecord }
  | { do: 'get' | 'delete' | 'claim' | 'release'; key: string }
  | { do: 'list'; filter: { state?: RecordState; fingerprint?: string } }
  | { do: 'reopen' | 'prune' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('put' as const), record: records }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom('get', 'delete', 'claim', 'release'), key: keys }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('list' as const),
      filter: fc.record(
        { state: fc.constantFrom(...STATES), fingerprint: fc.constantFrom('f1', 'f2') },
        { requiredKeys: [] },
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('reopen', 'prune') }) },
);

/** In one order: the one in memory keeps that of the puts. */
function sorted(list: JournalRecord[]): JournalRecord[] {
  const rank = ({ createdAt, key }: JournalRecord): [number, string] => [Date.parse(createdAt), key];
  return [...list].sort((a, b) => {
    const [[x, k], [y, l]] = [rank(a), rank(b)];
    return x - y || (k < l ? -1 : 1);
  });
}

async function answer(journal: Required<Pick<Journal, 'claim' | 'release'>> & Journal, now: Step): Promise<unknown> {
  switch (now.do) {
    case 'put':
      return journal.put(now.record);
    case 'list':
      return journal.list(now.filter);
    case 'reopen':
    case 'prune':
      return undefined;
    default:
      return journal[now.do](now.key);
  }
}

test('any sequence of calls has the answers of the journal in memory, also after reopening', { timeout: 60_000 }, () =>
  fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const directory = await mkdtemp(join(tmpdir(), 'ima-journal-'));
      try {
        const model = new MemoryJournal();
        let { journal, warnings } = opened(directory);
        let held: string[] = [];
        for (const now of steps) {
          if (now.do === 'reopen') {
            // The claims of the old instance stay with it: it lives as long as this process.
            for (const key of held) await Promise.all([journal.release(key), model.release(key)]);
            held = [];
            expect(warnings).toEqual([]);
            ({ journal, warnings } = opened(directory));
          }
          // Nothing is old enough: the records of this test end at their `updatedAt`, and stay.
          if (now.do === 'prune') expect(await journal.prune({ olderThanDays: 1e6 })).toBe(0);
          if (now.do === 'claim') held.push(now.key);
          const [theirs, ours] = [await answer(model, now), await answer(journal, now)];
          if (now.do === 'list' && Array.isArray(theirs)) expect(ours).toEqual(sorted(theirs));
          else expect(ours).toEqual(theirs);
        }
        const all = sorted(await model.list());
        expect(await journal.list()).toEqual(all);
        expect(await new DirectoryJournal(directory).list()).toEqual(all);
        for (const key of held) await journal.release(key);
        expect(warnings).toEqual([]);
      } finally {
        await rm(directory, { recursive: true });
      }
    }),
    { numRuns: 60 },
  ),
);

/** Bytes of any kind, and those that come close: records cut, changed in one place, or of another shape. */
const bytes: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.json().map((one) => new TextEncoder().encode(one)),
  records.chain((one) => {
    const whole = new TextEncoder().encode(JSON.stringify(one));
    return fc.oneof(
      fc.nat(whole.length).map((end) => whole.slice(0, end)),
      fc.tuple(fc.nat(whole.length - 1), fc.nat(255)).map(([at, byte]) => whole.with(at, byte)),
      fc
        .tuple(fc.constantFrom(...Object.keys(one)), fc.jsonValue())
        .map(([name, value]) => new TextEncoder().encode(JSON.stringify({ ...one, [name]: value }))),
    );
  }),
);

/** A number above 1 as `v` is the one thing that stops everything. */
function isNewer(content: Uint8Array): boolean {
  try {
    const json: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content));
    return typeof json === 'object' && json !== null && 'v' in json && typeof json.v === 'number' && json.v > 1;
  } catch {
    return false;
  }
}

test('any bytes as a file leave its neighbours as they are, and can be replaced', { timeout: 60_000 }, () =>
  fc.assert(
    fc.asyncProperty(
      fc.constantFrom('a.json', 'journal.json', 'a.b.json', '.json', '.a.json', 'a b.json', 'a.JSON', 'é.json'),
      bytes,
      async (name, content) => {
        fc.pre(!isNewer(content));
        const directory = await mkdtemp(join(tmpdir(), 'ima-journal-'));
        try {
          const neighbour = record('neighbour', { state: 'submitted', taskId: 't1' });
          await new DirectoryJournal(directory).put(neighbour);
          await writeFile(join(directory, name), content);
          const { journal, warnings } = opened(directory);
          const list = await journal.list();
          expect(list.filter(({ key }) => key === 'neighbour')).toEqual([neighbour]);
          expect(list.length).toBeLessThanOrEqual(2);
          expect(warnings.length).toBeLessThanOrEqual(1);
          await journal.put(record('a'));
          expect(await journal.get('a')).toEqual(record('a'));
          expect(await journal.list({ state: 'submitted', taskId: 't1' })).toEqual([neighbour]);
        } finally {
          await rm(directory, { recursive: true });
        }
      },
    ),
    { numRuns: 200 },
  ),
);
