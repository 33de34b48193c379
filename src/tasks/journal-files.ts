// A directory as a journal: one file per record, on the disk before a call resolves, safe among several processes.

import { readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  codeOf,
  createFile,
  DirectorySync,
  eachOf,
  Gate,
  isMissing,
  KeyedQueue,
  makeDirectories,
  overwriteFile,
  replaceFile,
  type Stamp,
  syncDirectory,
} from '../disk/index.js';
import { ConfigError, ImaRouterError, messageOf } from '../transport/index.js';
import { isEnded, type JournalFilter, type JournalRecord } from './journal.js';
import { Claims } from './journal-claims.js';
import { MARKER, Shelf } from './journal-shelf.js';
import { LARGEST_RECORD_BYTES, markerText, readRecord, recordBytes, recordBytesWithin } from './journal-text.js';
import type { Warning } from './warning.js';

/** What this works with. */
export interface JournalFilesOptions {
  directory: string | URL;
  /** For how many days after their end records are kept. */
  keepDays: number;
  warn: (warning: Warning) => void;
}

/**
 * Puts at once. Node has four threads for files and name lookups, and an fsync holds one: with three puts under way the
 * fourth is free for what else the program does. Costs little: 0.8 ms per put on ext4, 0.4 ms with eight at once.
 */
const PUTS_AT_ONCE = 3;

/** A temp file lives for milliseconds. One that is older than this (ms) was left by a process that died. */
const TEMP_STALE_MS = 600_000;

/** `.<key>.<owner id>.<number>.tmp` */
const TEMP = /^\.[\w-]+\.([0-9a-f-]{36})\.[\w-]+\.tmp$/;

/** What one instance clears away by itself, so that a short command does not wait for a long clean-up at its end. */
const PRUNED_UNASKED = 1000;

const DAY_MS = 86_400_000;

/** Too many open files pass, as the crowd that opened them does: for five seconds, a paid id waits for a handle. */
const NO_HANDLE: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE']);
const HANDLE_TRIES = 50;
const HANDLE_PAUSE_MS = 100;

/** The calls of `DirectoryJournal`, which loads this with the first of them. */
export class JournalFiles {
  readonly #directory: string;
  readonly #keepDays: number;
  readonly #id = crypto.randomUUID();
  readonly #shelf: Shelf;
  readonly #claims: Claims;
  readonly #names: DirectorySync;
  readonly #queue = new KeyedQueue();
  readonly #gate = new Gate(PUTS_AT_ONCE);
  /** Keys of intents that were written here and have not come to anything yet. */
  readonly #begun = new Set<string>();
  #temps = 0;
  /** What an instance clears away by itself, once. */
  #clearing: Promise<unknown> | undefined;
  /** Looked through: nothing newer in there. */
  #opened: Promise<void> | undefined;
  /** There, and marked as ours. */
  #prepared: Promise<void> | undefined;
  #checking: Promise<void> | undefined;

  constructor(options: JournalFilesOptions) {
    this.#directory = absolute(options.directory);
    this.#keepDays = options.keepDays;
    this.#shelf = new Shelf(this.#directory, options.warn);
    this.#claims = new Claims(this.#directory, this.#id);
    this.#names = new DirectorySync(this.#directory);
  }

  /**
   * Writes a record in the place of what stood under its key. Live ones (intent, submitted, unknown) are durable under
   * their name when this resolves. For ended ones the fsync of the directory is left out: after a power cut the record may
   * be as before its end, whole, which costs one more poll.
   */
  put(record: JournalRecord): Promise<void> {
    const bytes = checkedBytes(record);
    return this.#queue.run(record.key, () =>
      this.#told('written', async () => {
        // Before money is spent the directory is looked at again: it may be gone, or belong to a newer version by now.
        if (record.state === 'intent') await this.#stillOurs();
        else await this.#prepareFor(record.key);
        const isNew = !this.#shelf.has(record.key);
        const { stamp, renamed } = await this.#gate.run(() => this.#write(record, bytes));
        this.#shelf.wrote(record, stamp);
        if (record.state === 'intent') this.#begun.add(record.key);
        else if (record.state !== 'unknown') this.#begun.delete(record.key);
        if (!renamed || isEnded(record.state)) return;
        try {
          await this.#names.sync();
        } catch (error) {
          // An intent that is not durable is refused, so the POST is not sent, and it should not look as if it had been.
          if (isNew && record.state === 'intent') await this.#remove(record.key).catch(() => {});
          throw error;
        }
      }),
    );
  }

  async get(key: string): Promise<JournalRecord | undefined> {
    checkKey(key);
    return this.#told('read', async () => {
      await this.#open();
      return this.#shelf.get(key);
    });
  }

  /** Oldest first. */
  list(filter: JournalFilter): Promise<JournalRecord[]> {
    return this.#told('read', async () => {
      await this.#open();
      const records = await this.#shelf.scan(filter);
      return records.sort(byAge);
    });
  }

  async delete(key: string): Promise<void> {
    checkKey(key);
    return this.#queue.run(key, () =>
      this.#told('written', async () => {
        await this.#open();
        const aside = await this.#shelf.setAsideOf(key);
        for (const name of aside) await rm(join(this.#directory, name), { force: true });
        if ((await this.#remove(key)) || aside.length > 0) await this.#names.sync();
        this.#begun.delete(key);
      }),
    );
  }

  async claim(name: string): Promise<boolean> {
    checkKey(name);
    return this.#told('written', async () => {
      await this.#prepare();
      return this.#anew(() => this.#claims.claim(name));
    });
  }

  async release(name: string): Promise<void> {
    checkKey(name);
    return this.#told('written', async () => {
      await this.#open();
      await this.#claims.release(name);
    });
  }

  /** Deletes records whose end is `days` old, and what dead processes left. Resolves to the number of records. */
  prune(days: number): Promise<number> {
    return this.#told('written', async () => {
      // Not both at once: each would count a part.
      this.#clearing ??= Promise.resolve();
      await this.#clearing;
      await this.#open();
      await this.#shelf.scan(null);
      return this.#clear(days, Number.POSITIVE_INFINITY);
    });
  }

  async #clear(days: number, most: number): Promise<number> {
    const before = Date.now() - days * DAY_MS;
    const old = [...this.#shelf.known()].flatMap(([key, { state, updatedAtMs }]) =>
      isEnded(state) && updatedAtMs < before ? [key] : [],
    );
    let deleted = 0;
    await eachOf(old.slice(0, most), async (key) => {
      if (await this.#queue.run(key, () => this.#removeIfOld(key, before))) deleted++;
    });
    await this.#clearTemps();
    await this.#claims.sweep(most);
    return deleted;
  }

  /**
   * Reads once more right before the unlink: a record may have come back to life, under a key that is used again. What is
   * left is the moment between the two calls, in which somebody would have to begin anew with a task that ended `keepDays`
   * ago; puts of this instance wait in the queue. If it is pruned meanwhile, it is gone, which is what should be.
   */
  async #removeIfOld(key: string, before: number): Promise<boolean> {
    const record = await this.#shelf.read(key);
    if (record === undefined || !isEnded(record.state) || !(Date.parse(record.updatedAt) < before)) return false;
    return this.#remove(key);
  }

  async #clearTemps(): Promise<void> {
    let nowMs: number | undefined;
    for (const folder of [this.#directory, join(this.#directory, 'owners')]) {
      const names = await readdir(folder).catch((): string[] => []);
      for (const name of names) {
        const id = TEMP.exec(name)?.[1];
        if (id === undefined || id === this.#id) continue;
        const path = join(folder, name);
        if (!(await this.#claims.isKnownDead(id))) {
          nowMs ??= await this.#claims.fileTimeMs();
          const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
          if (!(nowMs - mtimeMs > TEMP_STALE_MS)) continue;
        }
        await rm(path, { force: true });
      }
    }
  }

  async #write(record: JournalRecord, bytes: Uint8Array): Promise<{ stamp: Stamp; renamed: boolean }> {
    const path = this.#pathOf(record.key);
    for (let attempt = 1; ; attempt++) {
      try {
        return { stamp: await this.#anew(() => replaceFile(path, this.#tempFor(record.key), bytes)), renamed: true };
      } catch (error) {
        // An intent is refused instead: nothing is paid yet.
        if (record.state === 'intent') throw error;
        // No space, no right to the directory: what is known of a task that is paid goes into the room that its file has
        // kept for it.
        const stamp = await overwriteFile(path, (length) => recordBytesWithin(record, length)).catch(() => undefined);
        if (stamp !== undefined) return { stamp, renamed: false };
        if (!NO_HANDLE.has(codeOf(error) ?? '') || attempt === HANDLE_TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, HANDLE_PAUSE_MS));
      }
    }
  }

  async #remove(key: string): Promise<boolean> {
    this.#shelf.removed(key);
    try {
      await rm(this.#pathOf(key));
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  #open(): Promise<void> {
    this.#opened ??= this.#lookThrough().catch((error: unknown) => {
      this.#forget();
      throw error;
    });
    return this.#opened;
  }

  async #lookThrough(): Promise<void> {
    await this.#shelf.scan(null);
    // Nobody waits for it, and nothing depends on it.
    this.#clearing ??= this.#clear(this.#keepDays, PRUNED_UNASKED).catch(() => {});
  }

  #prepare(): Promise<void> {
    this.#prepared ??= this.#makeOurs().catch((error: unknown) => {
      this.#forget();
      throw error;
    });
    return this.#prepared;
  }

  /** What we have begun is brought to its end, whatever the directory has become since: it is paid. */
  async #prepareFor(key: string): Promise<void> {
    try {
      await this.#prepare();
    } catch (error) {
      if (!this.#begun.has(key)) throw error;
    }
  }

  async #makeOurs(): Promise<void> {
    await this.#open();
    if (this.#shelf.markerStamp !== undefined) return;
    const made = await makeDirectories(this.#directory, 0o700);
    await createFile(join(this.#directory, MARKER), this.#tempFor('journal'), Buffer.from(markerText()));
    await this.#names.sync();
    // The names of new directories stand in those above, which need not be readable.
    for (const directory of made) await syncDirectory(dirname(directory)).catch(() => {});
    // Others may have been quicker, and newer: what is there now is looked at.
    await this.#shelf.scan(null);
  }

  /** Whether the marker is as it was; all who ask at the same time share one answer. */
  #stillOurs(): Promise<void> {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  async #check(): Promise<void> {
    await this.#prepare();
    const path = join(this.#directory, MARKER);
    const facts = await stat(path, { bigint: true }).catch(() => undefined);
    if (facts !== undefined && `${facts.ino}.${facts.mtimeNs}.${facts.size}` === this.#shelf.markerStamp) return;
    this.#forget();
    await this.#prepare();
  }

  #forget(): void {
    this.#opened = undefined;
    this.#prepared = undefined;
  }

  /** A directory that somebody has removed is made again, once. */
  async #anew<T>(job: () => Promise<T>): Promise<T> {
    try {
      return await job();
    } catch (error) {
      if (!isMissing(error)) throw error;
      this.#forget();
      await this.#prepare();
      return job();
    }
  }

  #pathOf(key: string): string {
    return join(this.#directory, `${key}.json`);
  }

  #tempFor(key: string): string {
    return join(this.#directory, `.${key}.${this.#id}.${this.#temps++}.tmp`);
  }

  /** Says of a failure what it means for the journal. */
  async #told<T>(verb: 'read' | 'written', job: () => Promise<T>): Promise<T> {
    try {
      return await job();
    } catch (cause) {
      if (ImaRouterError.is(cause)) {
        // Seen by any call, it holds for all: the next one looks again.
        if (cause.code === 'journal_too_new') this.#forget();
        throw cause;
      }
      throw new ConfigError(`The journal in ${this.#directory} cannot be ${verb} (${messageOf(cause)}).`, {
        code: 'journal_unavailable',
        phase: 'config',
        hint: hintFor(codeOf(cause), this.#directory),
        cause,
      });
    }
  }
}

function hintFor(code: string | undefined, directory: string): string {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return `Free some space on the disk of ${directory}, or give the journal a directory on another one.`;
    case 'EMFILE':
    case 'ENFILE':
      return 'Too many files are open: close some, or raise the limit (`ulimit -n`).';
    case 'ENOTDIR':
    case 'EEXIST':
      return `A part of ${directory} is a file: give the journal a directory of its own.`;
    default:
      return `Give this process the right to read and write in ${directory}, or give the journal another directory.`;
  }
}

function absolute(directory: string | URL): string {
  try {
    return resolve(typeof directory === 'string' ? directory : fileURLToPath(directory));
  } catch (cause) {
    throw new ConfigError(`${directory} is not a place for a journal: ${messageOf(cause)}`, {
      code: 'bad_option',
      phase: 'config',
      param: 'directory',
      hint: 'Give the path of a directory.',
      cause,
    });
  }
}

/** A record as bytes, if it is one that will be read as what it was. Throws `ConfigError`. */
function checkedBytes(record: JournalRecord): Uint8Array {
  checkKey(record.key);
  const bytes = recordBytes(record);
  const reading = readRecord(bytes, record.key);
  if ('is' in reading && bytes.length <= LARGEST_RECORD_BYTES) return bytes;
  const why = 'alien' in reading ? reading.alien : `of version ${record.v}, or too large`;
  throw new ConfigError(`This cannot be put into the journal: it is ${why}.`, {
    code: 'bad_option',
    phase: 'config',
    param: 'record',
    hint: 'A record has the fields of `JournalRecord`, of version 1.',
  });
}

/** Keys and names of claims become names of files. */
function checkKey(key: unknown): void {
  const isWord = typeof key === 'string' && /^[A-Za-z0-9_-]{1,128}$/.test(key);
  if (isWord && `${key}.json` !== MARKER) return;
  throw new ConfigError(`${JSON.stringify(key)} cannot be a key in the journal.`, {
    code: 'bad_option',
    phase: 'config',
    param: 'key',
    hint: 'A key is one word of letters, digits, "_" and "-", at most 128 characters long, and not "journal".',
  });
}

function byAge(a: JournalRecord, b: JournalRecord): number {
  const older = (Date.parse(a.createdAt) || 0) - (Date.parse(b.createdAt) || 0);
  return older !== 0 ? older : a.key < b.key ? -1 : 1;
}
