// What is written down about each paid request, in what order: intent before the POST, id before the first poll.

/** Where a record stands. `intent`: may have been sent; `unknown`: sent, no answer; then the task's own life. */
export type RecordState = 'intent' | 'unknown' | 'submitted' | 'succeeded' | 'failed' | 'cancelled';

/** One paid request. Holds no key. Times are ISO 8601. */
export interface JournalRecord {
  /** Version of this shape. */
  v: 1;
  /** Unique among all records; the file name of a store that keeps files. */
  key: string;
  gateway: string;
  model: string;
  endpoint: string;
  pollPath: string | null;
  traceId: string;
  state: RecordState;
  taskId?: string;
  costUsd?: number;
  createdAt: string;
  updatedAt: string;
}

/** A store of records. `put` resolves when the record is durable; a failed `put` of an intent stops the submit. */
export interface Journal {
  put(record: JournalRecord): Promise<void>;
  get(key: string): Promise<JournalRecord | undefined>;
  list(filter?: { state?: RecordState }): Promise<JournalRecord[]>;
  delete(key: string): Promise<void>;
}

/** Keeps records for as long as the process lives. */
export class MemoryJournal implements Journal {
  readonly #records = new Map<string, JournalRecord>();

  async put(record: JournalRecord): Promise<void> {
    this.#records.set(record.key, structuredClone(record));
  }

  async get(key: string): Promise<JournalRecord | undefined> {
    const record = this.#records.get(key);
    return record === undefined ? undefined : structuredClone(record);
  }

  async list(filter: { state?: RecordState } = {}): Promise<JournalRecord[]> {
    const all = [...this.#records.values()];
    return structuredClone(all.filter((record) => filter.state === undefined || record.state === filter.state));
  }

  async delete(key: string): Promise<void> {
    this.#records.delete(key);
  }
}
