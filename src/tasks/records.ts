// What is written down in the journal and when, and who holds which record: the engine's way to its store.

import { ConfigError, messageOf } from '../transport/index.js';
import { fits, type Journal, type JournalFilter, type JournalRecord } from './journal.js';
import type { Warning } from './warning.js';

/** What this works with. */
export interface RecordsOptions {
  journal: Journal;
  /** Names the gateway in records; those of others are left alone. */
  gateway: string;
  /** No submit takes longer (ms): an intent that is older was abandoned, where a store cannot tell it better. */
  longestSubmitMs: number;
  warn: (warning: Warning) => void;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** What was not in the journal is looked for again after this long (ms). */
const LIST_AGAIN_MS = 5000;

/** One record that this client holds, for as long as anybody in here needs it. */
interface Hold {
  users: number;
  /** Held for a caller of `resume` who does not wait yet. */
  resumed: boolean;
  taken: Promise<boolean>;
}

/** Reads and writes the records of one client. */
export class Records {
  readonly #options: RecordsOptions;
  readonly #holds = new Map<string, Hold>();
  /** Keys by task id: handles that were made by id alone know no key. */
  #keys = new Map<string, string>();
  #listedAt = Number.NEGATIVE_INFINITY;

  constructor(options: RecordsOptions) {
    this.#options = options;
    options.journal.report?.(options.warn);
  }

  /** Writes the intent. Throws `ConfigError` when it cannot be written: then nothing may be sent. */
  async begin(record: JournalRecord): Promise<void> {
    try {
      await this.#options.journal.put({ ...record });
    } catch (cause) {
      if (cause instanceof ConfigError) throw cause;
      throw new ConfigError(`The journal cannot be written (${messageOf(cause)}), so nothing was sent.`, {
        code: 'journal_unavailable',
        phase: 'config',
        hint: 'Make the journal writable, or use another one.',
        cause,
      });
    }
  }

  /** Writes a later note into `record`. A failure is a warning: what is bought is bought, and the caller has its id. */
  async note(record: JournalRecord, change: Partial<JournalRecord>): Promise<void> {
    Object.assign(record, change, { updatedAt: new Date(this.#options.now()).toISOString() });
    if (record.taskId !== undefined) this.#keys.set(record.taskId, record.key);
    await this.#options.journal.put({ ...record }).catch((failure: unknown) => this.#failed(record, failure));
  }

  /** Takes an intent back that came to nothing; `before` is what stood there. */
  async takeBack(record: JournalRecord, before: JournalRecord | undefined): Promise<void> {
    const { journal } = this.#options;
    const done = before === undefined ? journal.delete(record.key) : journal.put({ ...before });
    await done.catch((failure: unknown) => this.#failed(record, failure));
  }

  /** A record by its key. Throws `ConfigError` when the journal cannot be read. */
  async get(key: string): Promise<JournalRecord | undefined> {
    const record = await this.#options.journal.get(key).catch(unreadable);
    return record?.gateway === this.#options.gateway ? record : undefined;
  }

  /** This gateway's records. Throws `ConfigError` when the journal cannot be read. */
  async list(filter: JournalFilter): Promise<JournalRecord[]> {
    const records = await this.#options.journal.list(filter).catch(unreadable);
    return records.filter((record) => record.gateway === this.#options.gateway && fits(record, filter));
  }

  /** The record of a task, by its handle's key or by its id; undefined when it is not in this journal. */
  async recordOf(taskId: string, key: string | undefined): Promise<JournalRecord | undefined> {
    const known = key ?? this.#keys.get(taskId);
    if (known !== undefined) return this.get(known);
    // Handles on tasks that no journal knows may end by the thousand: they do not read it all each time.
    if (this.#options.now() - this.#listedAt < LIST_AGAIN_MS) return undefined;
    this.#listedAt = this.#options.now();
    const records = await this.list({});
    this.#keys = new Map(records.flatMap((one) => (one.taskId === undefined ? [] : [[one.taskId, one.key]])));
    return records.find((one) => one.taskId === taskId);
  }

  /** What has become of an intent: an abandoned one is `unknown` from now on, one whose submitter lives is left alone. */
  async settled(intent: JournalRecord): Promise<JournalRecord> {
    if (!(await this.holdAlone(intent.key))) return intent;
    try {
      const record = await this.get(intent.key);
      if (record?.state !== 'intent' || !this.#isAbandoned(record)) return record ?? intent;
      await this.note(record, { state: 'unknown' });
      this.#options.warn({
        code: 'submit_cut_off',
        message: `A submit of ${record.model} was cut off: it may be running and billed. Look for the trace id ${record.traceId} in the gateway's console.`,
        key: record.key,
        traceId: record.traceId,
      });
      return record;
    } finally {
      this.drop(intent.key);
    }
  }

  /** Whether the submitter of an intent that we hold is gone: a store that knows no holders can only go by time. */
  #isAbandoned(record: JournalRecord): boolean {
    if (this.#options.journal.claim !== undefined) return true;
    return this.#options.now() - Date.parse(record.updatedAt) > this.#options.longestSubmitMs;
  }

  /** Holds `name` until `drop`, if nobody else does; several users in here may hold it together. */
  async hold(name: string): Promise<boolean> {
    const hold = this.#holds.get(name) ?? this.#take(name);
    // Whoever begins to wait for a resumed task goes on with the hold that it came with.
    if (hold.resumed) hold.resumed = false;
    else hold.users++;
    if (await hold.taken) return true;
    this.drop(name);
    return false;
  }

  /** Holds `name` if nobody does, in here or elsewhere. */
  async holdAlone(name: string): Promise<boolean> {
    const hold = this.#holds.get(name);
    return hold !== undefined && hold.users > 0 && !hold.resumed ? false : this.hold(name);
  }

  /** Holds `name` for somebody who may begin to wait later; true if he got it, now or before. */
  async holdForLater(name: string): Promise<boolean> {
    if (!(await this.holdAlone(name))) return false;
    const hold = this.#holds.get(name);
    if (hold !== undefined) {
      hold.resumed = true;
      hold.users = 1;
    }
    return true;
  }

  /** Ends one use of `name`. It is given back a moment later: whoever goes on at once keeps it. */
  drop(name: string): void {
    const hold = this.#holds.get(name);
    if (hold === undefined) return;
    hold.users--;
    if (hold.users > 0) return;
    setTimeout(() => {
      if (hold.users > 0 || this.#holds.get(name) !== hold) return;
      this.#holds.delete(name);
      this.#giveBack(name, hold);
    }, 0);
  }

  #take(name: string): Hold {
    const claimed = this.#options.journal.claim?.(name) ?? Promise.resolve(true);
    const taken = claimed.catch((failure: unknown) => {
      this.#options.warn({
        code: 'journal_claim_failed',
        message: `The journal gives no claim: ${messageOf(failure)}`,
      });
      return false;
    });
    const hold: Hold = { users: 0, resumed: false, taken };
    this.#holds.set(name, hold);
    return hold;
  }

  #giveBack(name: string, hold: Hold): void {
    hold.taken
      .then((taken) => (taken ? this.#options.journal.release?.(name) : undefined))
      .catch((failure: unknown) =>
        this.#options.warn({ code: 'journal_claim_failed', message: `A claim stays taken: ${messageOf(failure)}` }),
      );
  }

  #failed(record: JournalRecord, failure: unknown): void {
    this.#options.warn({
      code: 'journal_write_failed',
      message: `The journal could not note "${record.state}" for a ${record.model} task: ${messageOf(failure)}`,
      taskId: record.taskId,
      traceId: record.traceId,
    });
  }
}

function unreadable(cause: unknown): never {
  if (cause instanceof ConfigError) throw cause;
  throw new ConfigError(`The journal cannot be read: ${messageOf(cause)}`, {
    code: 'journal_unavailable',
    phase: 'config',
    hint: 'Make the journal readable, or use another one.',
    cause,
  });
}
