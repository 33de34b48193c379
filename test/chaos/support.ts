// What all chaos tests share: how big and which day, what is bought, how it is brought back, and the audit of the books.

import {
  type Journal,
  type JournalRecord,
  SubmitUnknownError,
  TaskFailedError,
  type TaskResult,
} from '../../src/index.js';
import type { ChaosKind, Ledger, Mock, SubmitEntry } from '../../src/mock/index.js';
import type { Family, Gateway } from './gateways.js';

/** The full size runs by `npm run chaos` (vitest.chaos.config.ts), the quick one in `npm test`. */
export const isFull = process.env.CHAOS === 'full';

/** Quick runs have the same day each time; full ones look for new trouble, unless CHAOS_SEED names a day. */
export const seed = seedOf(process.env.CHAOS_SEED) ?? (isFull ? Math.floor(Math.random() * 2 ** 31) : 1);

/** Said with every failure. */
export const replay = `on day ${seed}; again: CHAOS_SEED=${seed} ${isFull ? 'npm run chaos' : 'npx vitest run test/chaos'}`;

function seedOf(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0 || number >= 2 ** 31) {
    throw new RangeError(`CHAOS_SEED must be a whole number from 0 to 2147483647, not ${text}`);
  }
  return number;
}

/** The prompt of a task that will fail holds this word: see `outcome`. */
const DOOM = 'doomed';

/** How the mock ends a task: as its request says, so that a test knows without asking. */
export const outcome = ({ body }: { body: unknown }): 'succeeded' | 'failed' =>
  JSON.stringify(body).includes(DOOM) ? 'failed' : 'succeeded';

/** One thing to buy. */
export interface Order {
  nth: number;
  traceId: string;
  family: Family;
  words: string;
}

/** `count` orders over all families in turn, every seventh of which will fail. */
export function orders(families: readonly Family[], count: number): Order[] {
  return Array.from({ length: count }, (_, index) => {
    const family = families[index % families.length];
    if (family === undefined) throw new RangeError('there is no family');
    return {
      nth: index,
      traceId: `chaos-${seed}-${index}`,
      family,
      words: `${index % 7 === 3 ? DOOM : 'rain'}-${index}`,
    };
  });
}

/** A client for bad days: quick to ask again, patient with refusals, deaf to warnings. */
export function opened(gateway: Gateway, mock: Mock, journal: Journal, requestTimeoutMs: number) {
  return gateway.open({
    apiKey: mock.apiKey,
    baseUrl: mock.url,
    journal,
    poll: { minMs: 5, maxMs: 20, perSecond: 100_000 },
    // So many that no submit is refused to the end: 5 % of them are, each time.
    retry: { attempts: 10, baseMs: 2, capMs: 20 },
    requestTimeoutMs,
    onWarning: () => {},
  });
}

/** `jobs`, `width` of them at a time. */
export async function inParallel<T>(jobs: readonly T[], width: number, run: (job: T) => Promise<void>): Promise<void> {
  const queue = jobs.values();
  const worker = async () => {
    for (const job of queue) await run(job);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

/** Kinds of trouble with a submit after which nobody but the gateway knows whether a task was taken. */
const LEAVES_IN_DOUBT: ReadonlySet<string> = new Set<ChaosKind>([
  'null',
  'nothing',
  'reset-before',
  'reset-after',
  'hang',
  'truncate',
  'edge-page',
  'page',
  'empty',
]);

/** What the buyer of an order was told in the end. */
export type Told = TaskResult | { threw: unknown };

/**
 * Holds three stories of the same day against each other: what the gateway was paid for, what the journal says, and what
 * the buyers were told. Gives one sentence for each thing that does not fit: none is the proof that no task was lost.
 */
export function audit(books: {
  ledger: Ledger;
  records: readonly JournalRecord[];
  told: ReadonlyMap<Order, Told>;
}): string[] {
  const complaints = books.ledger.paidTwice().map((traceId) => `${traceId} was paid twice`);
  const submits = grouped(books.ledger.submits);
  const records = grouped(books.records);
  for (const [order, told] of books.told) {
    const { traceId } = order;
    const [record, ...others] = records.get(traceId) ?? [];
    const entries = submits.get(traceId) ?? [];
    const complaint =
      record === undefined || others.length > 0
        ? `the journal has ${others.length + (record === undefined ? 0 : 1)} records`
        : complaintOf(order, { told, record, entries });
    if (complaint !== undefined) complaints.push(`${traceId}: ${complaint} (${story(told, record, entries)})`);
    submits.delete(traceId);
    records.delete(traceId);
  }
  for (const traceId of submits.keys()) complaints.push(`${traceId} was sent and never ordered`);
  for (const traceId of records.keys()) complaints.push(`${traceId} is in the journal and was never ordered`);
  return complaints;
}

function grouped<T extends { traceId?: string }>(items: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const traceId = item.traceId ?? 'without a trace id';
    const group = groups.get(traceId);
    if (group === undefined) groups.set(traceId, [item]);
    else group.push(item);
  }
  return groups;
}

function complaintOf(
  { family }: Order,
  { told, record, entries }: { told: Told; record: JournalRecord; entries: readonly SubmitEntry[] },
): string | undefined {
  const bought = entries.find(({ paid }) => paid);
  const last = entries.at(-1);
  if (last === undefined) return 'nothing was ever sent';
  if (entries.slice(0, -1).some(({ fault }) => fault === undefined || LEAVES_IN_DOUBT.has(fault))) {
    return 'it was sent again after a submit that may have been taken';
  }
  if (wasLeftInDoubt(last, told)) {
    if (!('threw' in told) || !(told.threw instanceof SubmitUnknownError)) return 'the buyer was not told of the doubt';
    if (told.threw.traceId !== record.traceId) return 'the buyer was told of another trace id';
    return record.state === 'unknown' ? undefined : 'the journal does not know of the doubt';
  }
  if (bought?.taskId === undefined) return 'nothing was bought, and nothing was in doubt';
  if (record.taskId !== bought.taskId) return 'the journal has lost the task id';
  if (record.state !== bought.outcome) return 'the journal has another end than the task';
  if (bought.outcome === 'failed') {
    const isRight = 'threw' in told && told.threw instanceof TaskFailedError && told.threw.taskId === bought.taskId;
    return isRight ? undefined : 'the buyer does not know that it failed';
  }
  if ('threw' in told || told.id !== bought.taskId) return 'the buyer has no result';
  const own = told.outputs.filter(({ url }) => url.includes(`/${bought.taskId}/`));
  return own.length === family.outputs && own.length === told.outputs.length ? undefined : 'the result is incomplete';
}

/** By what the gateway did; or by the buyer's own impatience, which a busy machine may bring about at any time. */
function wasLeftInDoubt({ fault }: SubmitEntry, told: Told): boolean {
  if (fault !== undefined && LEAVES_IN_DOUBT.has(fault)) return true;
  const cause = 'threw' in told && told.threw instanceof SubmitUnknownError ? told.threw.cause : undefined;
  return cause instanceof DOMException && cause.name === 'TimeoutError';
}

/** All that is known of an order that went wrong, on one line. */
function story(told: Told, record: JournalRecord | undefined, entries: readonly SubmitEntry[]): string {
  const heard = 'threw' in told ? String(told.threw).slice(0, 200) : `${told.status} ${told.id}`;
  const sent = entries.map(({ fault, status, paid, taskId, outcome }) =>
    [fault ?? 'no fault', status, paid ? 'paid' : 'not paid', taskId, outcome].filter(Boolean).join(' '),
  );
  return `told: ${heard}; journal: ${record?.state} ${record?.taskId}; sent: ${sent.join(', then ')}`;
}
