// A bad day of many tasks: one exchange in five goes wrong, and still nothing is lost, paid twice or reported wrongly.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DirectoryJournal, type Journal, MemoryJournal } from '../../src/index.js';
import { CHAOS_KINDS } from '../../src/mock/chaos.js';
import { type ChaosKind, type ChaosOptions, type Ledger, startMock } from '../../src/mock/index.js';
import { type Fetched, fetched } from './downloads.js';
import { GATEWAYS, type Gateway } from './gateways.js';
import { audit, inParallel, isFull, type Order, opened, orders, outcome, replay, seed, type Told } from './support.js';

/** At each gateway. */
const TASKS = isFull ? 2000 : 120;

/** A video takes a quarter of a second. */
const SPEED = 500;

/** Tasks under way at once: enough that faults meet each other, few enough that one process plays both sides in time. */
const WIDTH = 100;

const RATE = 0.2;

/** Both sides are played here, on a machine that may have other things to do. */
const TIMEOUT_MS = isFull ? 600_000 : 60_000;

/** Kinds of trouble that only calls and tasks have. */
const NEVER_OF_FILES: readonly ChaosKind[] = [
  'rate-limit',
  'retry-after',
  'server-error',
  'busy',
  'null',
  'nothing',
  'unknown-word',
  'stuck',
];

/** Kinds that only files, submits and tasks have. */
const NEVER_OF_POLLS: readonly ChaosKind[] = ['expired', 'wrong-type', 'stall', 'stuck', 'busy'];

/** Where the books are kept during the day, and what a later reader finds in them. */
interface Books {
  journal: Journal;
  reader: () => Journal;
  close: () => Promise<void>;
}

async function inMemory(): Promise<Books> {
  const journal = new MemoryJournal();
  return { journal, reader: () => journal, close: async () => {} };
}

/** What is read at the end is what another process would find. */
async function inDirectory(): Promise<Books> {
  const folder = await mkdtemp(join(tmpdir(), 'ima-chaos-'));
  return {
    journal: new DirectoryJournal(folder),
    reader: () => new DirectoryJournal(folder),
    close: () => rm(folder, { recursive: true }),
  };
}

const JOURNALS = { directory: inDirectory, ...(isFull ? { memory: inMemory } : {}) };

/** Of three results two are fetched: the rest leave the gateway for their buyers' browsers. */
const isFetched = ({ nth }: { nth: number }) => nth % 3 !== 0;

/** A quick day has some sixty troubles with calls and twenty with files, which leaves out some of their kinds now and then. */
const FEW = 4;

/** Spends a day at a mock; gives the mock's ledger and what the buyers were told, once both fit the journal. */
async function day(options: {
  gateway: Gateway;
  tasks: number;
  width: number;
  requestTimeoutMs: number;
  chaos: Omit<ChaosOptions, 'seed'>;
  open: () => Promise<Books>;
}): Promise<{ ledger: Ledger; told: Told[]; codes: string[] }> {
  await using mock = await startMock({
    gateway: options.gateway.name,
    seed,
    speed: SPEED,
    outcome,
    chaos: { ...options.chaos, seed },
  });
  const books = await options.open();
  const { families } = opened(options.gateway, mock, books.journal, options.requestTimeoutMs);
  const files = await mkdtemp(join(tmpdir(), 'ima-chaos-files-'));
  const told = new Map<Order, Told>();
  const jumps: string[] = [];
  const fetches: Fetched[] = [];
  const live = async (order: Order) => {
    const end = await lifeOf(order, jumps);
    told.set(order, end);
    if ('threw' in end || !isFetched(order)) return;
    const { fileHeaders } = options.gateway;
    const idleTimeoutMs = options.requestTimeoutMs;
    fetches.push(await fetched(end, join(files, order.traceId), { idleTimeoutMs, fileHeaders }));
  };
  const all = orders(families, options.tasks);
  // One of each family first: their schemas are compiled now, on both sides, which would keep a crowd waiting.
  await inParallel(all.slice(0, families.length), families.length, live);
  await inParallel(all.slice(families.length), options.width, live);

  const records = await books.reader().list();
  await books.close();
  await rm(files, { recursive: true });
  expect(
    fetches.flatMap(({ complaints }) => complaints),
    replay,
  ).toEqual([]);
  expect(audit({ ledger: mock.ledger, records, told }), replay).toEqual([]);
  expect(jumps, replay).toEqual([]);
  expect(mock.deviations, replay).toEqual([]);
  return { ledger: mock.ledger, told: [...told.values()], codes: fetches.flatMap(({ codes }) => codes) };
}

/** Buys and waits, and looks on: progress never falls, is 1 on success only, and nothing comes after an end. */
async function lifeOf({ family, words, traceId }: Order, jumps: string[]): Promise<Told> {
  try {
    const task = await family.buy(words, { traceId });
    let before = -1;
    let ended = false;
    return await task.result({
      onUpdate: ({ progress = 0, status }) => {
        if (ended || progress < before || (progress === 1) !== (status === 'succeeded')) {
          jumps.push(`${traceId}: ${before} → ${progress} ${status}`);
        }
        before = progress;
        ended = status !== 'queued' && status !== 'running';
      },
    });
  } catch (threw) {
    return { threw };
  }
}

const endOf = (told: Told) => ('threw' in told ? String(told.threw).split(':')[0] : told.status);

describe.each(GATEWAYS)('$name', (gateway) => {
  test.each(Object.entries(JOURNALS))(
    `${TASKS} tasks on a bad day, journal: %s`,
    { timeout: TIMEOUT_MS },
    async (_, open) => {
      const chaos = { rate: RATE, hangMs: 300 };
      const { ledger, told, codes } = await day({
        gateway,
        tasks: TASKS,
        width: WIDTH,
        requestTimeoutMs: 5000,
        chaos,
        open,
      });
      expect([...new Set(told.map(endOf))].sort(), replay).toEqual([
        'SubmitUnknownError',
        'TaskFailedError',
        'succeeded',
      ]);

      // The day was as bad as it was meant to be.
      const exchanges = [...ledger.submits, ...ledger.polls, ...ledger.downloads];
      const struck = exchanges.filter(({ fault }) => fault !== undefined);
      // Four standard deviations of the fewest that a busy machine comes to.
      expect(Math.abs(struck.length / exchanges.length - RATE), replay).toBeLessThan(isFull ? 0.05 : 0.08);
      const missing = (entries: readonly { fault?: string }[], not: readonly ChaosKind[]) =>
        CHAOS_KINDS.filter((kind) => !not.includes(kind) && !entries.some(({ fault }) => fault === kind));
      const neverOfPolls = [...gateway.never, ...NEVER_OF_POLLS];
      for (const left of [missing(ledger.polls, neverOfPolls), missing(ledger.downloads, NEVER_OF_FILES)]) {
        expect(left.length, `${left}, ${replay}`).toBeLessThanOrEqual(isFull ? 0 : FEW);
      }
      // Most trouble with files is mended without a word. What is told is what only the caller can decide about, or what came
      // again and again.
      const troubles = ledger.downloads.filter(({ fault }) => fault !== undefined && fault !== 'slow');
      expect(codes.length, replay).toBeLessThan(troubles.length);
      const known = ['empty', 'expired', 'http_status', 'stalled', 'transfer_failed', 'truncated', 'wrong_media'];
      expect(
        codes.filter((code) => !known.includes(code)),
        replay,
      ).toEqual([]);
    },
  );

  test('a gateway that falls silent, for longer than anybody waits', { timeout: TIMEOUT_MS }, async () => {
    const chaos: Omit<ChaosOptions, 'seed'> = { rate: RATE, kinds: ['hang'], hangMs: 600_000 };
    const { ledger, told, codes } = await day({
      gateway,
      tasks: isFull ? 400 : 40,
      width: 40,
      requestTimeoutMs: 600,
      chaos,
      open: inMemory,
    });
    expect([...new Set(told.map(endOf))].sort(), replay).toEqual([
      'SubmitUnknownError',
      'TaskFailedError',
      'succeeded',
    ]);
    // One silence is mended by asking again; two in a row are told.
    const hangs = ledger.downloads.filter(({ fault }) => fault === 'hang').length;
    expect(hangs, replay).toBeGreaterThan(0);
    expect(codes.length * 2, replay).toBeLessThanOrEqual(hangs);
    expect(
      codes.filter((code) => code !== 'stalled'),
      replay,
    ).toEqual([]);
  });
});
