// What is written down in the journal and when, and who holds which record: the engine's way to its store.

import { ConfigError, messageOf } from '../transport/index.js';
import { fits, type Journal, type JournalFilter, type JournalRecord } from './journal.js';
import type { TaskRef } from './ref.js';
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

/** A note that takes longer (ms) is told of as lost, though it may still come: the caller must have his task. */
const LONGEST_NOTE_MS = 10_000;

/** Who waits for another's short work asks again after this long (ms) at most. */
const LONGEST_PAUSE_MS = 100;

/** One record that this client holds, for as long as anybody in here needs it. */
interface Hold {
  users: number;
  /** Also held for a caller of `resume` who does not wait yet. */
  isKept: boolean;
  taken: Promise<boolean>;
}

/** Reads and writes the records of one client. */
export class Records {
  readonly #options: RecordsOptions;
  readonly #holds = new Map<string, Hold>();
  /** The listing for handles that were made by id alone and know no key: the next one, shared by all who wait for it. */
  #listing: Promise<unknown> = Promise.resolve();
  #nextListing: Promise<Map<string, string>> | undefined;
  /** Claims on their way back: the same name can be taken again after that. */
  readonly #returning = new Map<string, Promise<unknown>>();

  constructor(options: RecordsOptions) {
    this.#options = options;
    options.journal.report?.(options.warn);
  }

  /** Writes the intent. Throws `ConfigError` when it cannot be written: then nothing may be sent. */
  async begin(record: JournalRecord): Promise<void> {
    await this.#ask((journal) => journal.put({ ...record })).catch(unavailable('cannot be written'));
  }

  /**
   * Writes a later note into `record`; true when it is written. A failure is a warning: what is bought is bought, and the
   * caller has its id.
   */
  async note(record: JournalRecord, change: Partial<JournalRecord>): Promise<boolean> {
    Object.assign(record, change, { updatedAt: new Date(this.#options.now()).toISOString() });
    return this.#noted(record, (journal) => journal.put({ ...record }));
  }

  /** Takes an intent back that came to nothing; `before` is what stood there. */
  async takeBack(record: JournalRecord, before: JournalRecord | undefined): Promise<void> {
    await this.#noted(record, async (journal) => {
      const stored = await journal.get(record.key);
      // Somebody else's by now.
      if (stored !== undefined && stored.traceId !== record.traceId) return;
      await (before === undefined ? journal.delete(record.key) : journal.put({ ...before }));
    });
  }

  /** A record by its key. Throws `ConfigError` when the journal cannot be read. */
  async get(key: string): Promise<JournalRecord | undefined> {
    const record = await this.#ask((journal) => journal.get(key)).catch(unavailable('cannot be read'));
    return record?.gateway === this.#options.gateway ? record : undefined;
  }

  /** This gateway's records. Throws `ConfigError` when the journal cannot be read. */
  async list(filter: JournalFilter): Promise<JournalRecord[]> {
    const records = await this.#ask((journal) => journal.list(filter)).catch(unavailable('cannot be read'));
    return records.filter((record) => record.gateway === this.#options.gateway && fits(record, filter));
  }

  /**
   * The record of a task, by its handle's key or by its id; undefined when it is not in this journal, or is that of a later
   * purchase under the same key. Throws when the store is not heard of for long: a task that has ended must not wait for
   * its own file.
   */
  async recordOf({ id, key, traceId }: Pick<TaskRef, 'id' | 'key' | 'traceId'>): Promise<JournalRecord | undefined> {
    const known = key ?? (await inTime(this.#keyOf(id)));
    const record = known === undefined ? undefined : await inTime(this.get(known));
    const isItsOwn = record?.taskId === undefined ? record?.traceId === traceId : record.taskId === id;
    return isItsOwn ? record : undefined;
  }

  /** Thousands of handles may end together: one listing at a time, and each serves all who asked before it began. */
  #keyOf(taskId: string): Promise<string | undefined> {
    this.#nextListing ??= this.#listing
      .catch(() => {})
      .then(() => {
        this.#nextListing = undefined;
        const records = this.list({});
        this.#listing = records;
        return records;
      })
      .then((records) => new Map(records.flatMap((one) => (one.taskId === undefined ? [] : [[one.taskId, one.key]]))));
    return this.#nextListing.then((keys) => keys.get(taskId));
  }

  /** What has become of an intent: an abandoned one is `unknown` from now on, one whose submitter lives is left alone. */
  async settled(intent: JournalRecord): Promise<JournalRecord> {
    if (!(await this.holdAlone(intent.key))) return intent;
    try {
      return (await this.settledByHolder(intent.key)) ?? intent;
    } finally {
      this.drop(intent.key);
    }
  }

  /** The record of a key that we hold: an intent there is one that its submitter left, and `unknown` from now on. */
  async settledByHolder(key: string): Promise<JournalRecord | undefined> {
    const record = await this.get(key);
    if (record?.state !== 'intent' || !this.#isAbandoned(record)) return record;
    await this.note(record, { state: 'unknown' });
    this.#options.warn({
      code: 'submit_cut_off',
      message: `A submit of ${record.model} was cut off: it may be running and billed. Look for the trace id ${record.traceId} in the gateway's console.`,
      key: record.key,
      traceId: record.traceId,
    });
    return record;
  }

  /** Whether the submitter of an intent that we hold is gone: a store that knows no holders can only go by time. */
  #isAbandoned(record: JournalRecord): boolean {
    if (this.#options.journal.claim !== undefined) return true;
    return this.#options.now() - Date.parse(record.updatedAt) > this.#options.longestSubmitMs;
  }

  /**
   * Holds `name` until `drop`, if nobody else does; several users in here may hold it together. `takesOver`: goes on with
   * the hold that was kept for later. Throws `ConfigError`.
   */
  async hold(name: string, how?: 'takesOver'): Promise<boolean> {
    const hold = this.#holds.get(name) ?? this.#take(name);
    hold.users++;
    if (how === 'takesOver') hold.isKept = false;
    try {
      if (await hold.taken) return true;
    } catch (error) {
      this.#end(name, hold);
      throw error;
    }
    this.#end(name, hold);
    return false;
  }

  /** Holds `name` if nobody uses it, in here or elsewhere. */
  async holdAlone(name: string): Promise<boolean> {
    return (this.#holds.get(name)?.users ?? 0) > 0 ? false : this.hold(name);
  }

  /** Holds `name`, if nobody uses it, for somebody who may begin to wait later; true if it is kept for him, now or before. */
  async keepForLater(name: string): Promise<boolean> {
    if (!(await this.holdAlone(name))) return false;
    const hold = this.#holds.get(name);
    if (hold !== undefined) hold.isKept = true;
    this.drop(name);
    return true;
  }

  /** Nobody comes any more for whom `name` was kept. */
  keepNoLonger(name: string): void {
    const hold = this.#holds.get(name);
    if (hold === undefined) return;
    hold.isKept = false;
    this.#letGo(name, hold);
  }

  /**
   * Runs `work` while nobody else, in here or elsewhere, runs any of that name. A hold that is not to be had for long, or at
   * all, keeps nothing from being done: then it is done without.
   */
  async inTurn(name: string, work: () => Promise<unknown>): Promise<void> {
    const end = performance.now() + LONGEST_NOTE_MS;
    let isHeld = false;
    try {
      for (let pauseMs = 2; !isHeld && performance.now() < end; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
        isHeld = await this.#heldInTime(name);
        // Chance keeps those who wait from coming at the same moments for ever.
        if (!isHeld) await new Promise((resolve) => setTimeout(resolve, pauseMs * (1 + Math.random())));
      }
    } catch (failure) {
      this.#options.warn({ code: 'journal_claim_failed', message: messageOf(failure) });
    }
    try {
      await work();
    } finally {
      if (isHeld) this.drop(name);
    }
  }

  async #heldInTime(name: string): Promise<boolean> {
    const held = this.holdAlone(name);
    try {
      return await inTime(held);
    } catch (failure) {
      // What comes too late goes back.
      held.then((isHeld) => isHeld && this.drop(name)).catch(() => {});
      throw failure;
    }
  }

  /** Keeps `name`, which is held already, until `work` is over. */
  holdUntil(name: string, work: Promise<void>): void {
    const held = this.hold(name);
    Promise.allSettled([held, work]).then(() => this.drop(name));
  }

  /** Ends one use of `name`, also one that is not got yet. It is given back a moment later: whoever goes on at once keeps it. */
  drop(name: string): void {
    const hold = this.#holds.get(name);
    if (hold !== undefined) this.#end(name, hold);
  }

  #end(name: string, hold: Hold): void {
    hold.users--;
    this.#letGo(name, hold);
  }

  #letGo(name: string, hold: Hold): void {
    const isFree = () => hold.users <= 0 && !hold.isKept;
    if (!isFree()) return;
    setTimeout(() => {
      if (!isFree() || this.#holds.get(name) !== hold) return;
      this.#holds.delete(name);
      this.#giveBack(name, hold);
    }, 0);
  }

  #take(name: string): Hold {
    const claim = async (): Promise<boolean> => {
      // A store that was silent then may speak by now.
      await inTime(Promise.resolve(this.#returning.get(name))).catch(() => {});
      const { claim } = this.#options.journal;
      if (claim === undefined) return true;
      // Nothing but true is a claim: some stores have other words for no.
      return (await this.#ask((journal) => journal.claim?.(name)).catch(unavailable('gives no claim'))) === true;
    };
    const hold: Hold = { users: 0, isKept: false, taken: claim() };
    // Each user hears of it; nobody may be left to hear.
    hold.taken.catch(() => {});
    this.#holds.set(name, hold);
    return hold;
  }

  #giveBack(name: string, hold: Hold): void {
    const back = hold.taken
      .then((taken) => (taken ? this.#ask((journal) => journal.release?.(name)) : undefined))
      .catch((failure: unknown) => {
        const message = `A claim stays taken: ${messageOf(failure)}`;
        this.#options.warn({ code: 'journal_claim_failed', message });
      })
      .finally(() => {
        if (this.#returning.get(name) === back) this.#returning.delete(name);
      });
    this.#returning.set(name, back);
  }

  /** Asks the store, which may throw at once, or give no promise. */
  async #ask<Answer>(call: (journal: Journal) => Answer): Promise<Awaited<Answer>> {
    return await call(this.#options.journal);
  }

  /** Writes what is no condition of anything: trouble is a warning, and a store that hangs holds nobody for long. */
  async #noted(record: JournalRecord, call: (journal: Journal) => Promise<void>): Promise<boolean> {
    try {
      await inTime(this.#ask(call));
      return true;
    } catch (failure) {
      this.#failed(record, failure);
      return false;
    }
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

function unavailable(how: string): (cause: unknown) => never {
  return (cause) => {
    if (cause instanceof ConfigError) throw cause;
    throw new ConfigError(`The journal ${how}: ${messageOf(cause)}`, {
      code: 'journal_unavailable',
      phase: 'config',
      hint: 'Mend the journal, or use another one; nothing was sent.',
      cause,
    });
  };
}

/** What `work` comes to, or an error when it takes too long: it goes on unheard. */
function inTime<Value>(work: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const tooLong = new Error(`no answer within ${LONGEST_NOTE_MS / 1000} seconds`);
    const timer = setTimeout(() => reject(tooLong), LONGEST_NOTE_MS);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
