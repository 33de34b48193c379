// What is written down about each paid request, in what order: intent before the POST, id before the first poll.

import type { Modality } from '../catalog/index.js';
import type { KeptFile } from '../media/index.js';
import type { TaskError } from './state.js';
import type { Warning } from './warning.js';

/** Where a record stands. `intent`: may have been sent; `unknown`: sent, no answer; then the task's own life. */
export type RecordState = 'intent' | 'unknown' | 'submitted' | 'succeeded' | 'failed' | 'cancelled';

/** A file that a result was saved to. */
export type RecordFile = KeptFile;

/** One paid request. Holds no key. Times are ISO 8601. */
export interface JournalRecord {
  /** Version of this shape. */
  v: 1;
  /** Unique among all records: one word of letters, digits, `_` and `-`, at most 128. */
  key: string;
  gateway: string;
  model: string;
  endpoint: string;
  /** With `{task_id}`. */
  pollPath: string;
  modality: Modality;
  traceId: string;
  state: RecordState;
  taskId?: string;
  /** Hash of gateway, endpoint and canonical body: what equal requests are recognised by. */
  fingerprint?: string;
  /** The body as sent, where it is short and holds no secret. */
  request?: Record<string, unknown>;
  /** Ids of the tasks that it builds on, the first one first (imagine → variation → upscale). */
  ancestry?: string[];
  /** USD; absent = unknown, not zero. */
  costUsd?: number;
  /** USD that earlier tasks under this key cost and that came to nothing. */
  spentUsd?: number;
  /** Why it failed. */
  error?: TaskError;
  /** How many outputs it has, once it has succeeded. */
  outputs?: number;
  /** What was saved of its result. */
  files?: RecordFile[];
  createdAt: string;
  updatedAt: string;
}

/** Which records are wanted; all that is given must fit. */
export interface JournalFilter {
  state?: RecordState | undefined;
  taskId?: string | undefined;
  fingerprint?: string | undefined;
}

/**
 * A store of records. `put` resolves when the record is durable; a failed `put` of an intent stops the submit.
 * The first four calls are all that a store needs. One that several processes share should also have `claim` and
 * `release`; without them an intent counts as abandoned when it is older than any submit can take.
 */
export interface Journal {
  put(record: JournalRecord): Promise<void>;
  get(key: string): Promise<JournalRecord | undefined>;
  /** A store may ignore the filter: it is applied again. */
  list(filter?: JournalFilter): Promise<JournalRecord[]>;
  delete(key: string): Promise<void>;
  /**
   * Takes `name` (same words as `key`) for the caller, if nobody who is still alive has it: true exactly then. Not
   * re-entrant. Ends with `release` or with the process, however that dies.
   */
  claim?(name: string): Promise<boolean>;
  release?(name: string): Promise<void>;
  /** Hands in a listener for what is odd and breaks nothing, such as a file that cannot be read. */
  report?(listener: (warning: Warning) => void): void;
}

/** Whether `record` is one of those that `filter` wants. */
export function fits(record: Pick<JournalRecord, keyof JournalFilter>, filter: JournalFilter): boolean {
  return (
    (filter.state === undefined || record.state === filter.state) &&
    (filter.taskId === undefined || record.taskId === filter.taskId) &&
    (filter.fingerprint === undefined || record.fingerprint === filter.fingerprint)
  );
}

/** Whether a record has reached its end; `unknown` has not: somebody has to settle it. */
export function isEnded(state: RecordState): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled';
}

/** USD that all tasks under the key of `record` cost which came to nothing, this one included. */
export function spentInVain({ state, costUsd = 0, spentUsd = 0 }: JournalRecord): number {
  return state === 'failed' || state === 'cancelled' ? spentUsd + costUsd : spentUsd;
}

/** Records of ended tasks that stay in memory: some 20 MB at most, where requests are long. */
const KEPT_IN_MEMORY = 10_000;

/** Keeps records for as long as the process lives; of ended tasks the last 10,000. */
export class MemoryJournal implements Journal {
  readonly #records = new Map<string, JournalRecord>();
  /** Keys of ended tasks, in the order of their ends. */
  readonly #ended = new Set<string>();
  readonly #claims = new Set<string>();

  async put(record: JournalRecord): Promise<void> {
    const { key, state } = record;
    this.#records.set(key, structuredClone(record));
    this.#ended.delete(key);
    if (!isEnded(state)) return;
    this.#ended.add(key);
    for (const oldest of this.#ended) {
      if (this.#ended.size <= KEPT_IN_MEMORY) break;
      this.#ended.delete(oldest);
      this.#records.delete(oldest);
    }
  }

  async get(key: string): Promise<JournalRecord | undefined> {
    const record = this.#records.get(key);
    return record === undefined ? undefined : structuredClone(record);
  }

  async list(filter: JournalFilter = {}): Promise<JournalRecord[]> {
    return structuredClone([...this.#records.values()].filter((record) => fits(record, filter)));
  }

  async delete(key: string): Promise<void> {
    this.#records.delete(key);
    this.#ended.delete(key);
  }

  async claim(name: string): Promise<boolean> {
    if (this.#claims.has(name)) return false;
    this.#claims.add(name);
    return true;
  }

  async release(name: string): Promise<void> {
    this.#claims.delete(name);
  }
}
