// The journal that survives the process: a directory, and the file system code that loads with the first call.

import { bad, ConfigError, guarded } from '../transport/index.js';
import type { Journal, JournalFilter, JournalRecord } from './journal.js';
import type { JournalFiles } from './journal-files.js';
import type { Warning } from './warning.js';

/** Options of a `DirectoryJournal`. */
export interface DirectoryJournalOptions {
  /** For how many days records of ended tasks are kept; 30 unless given, `Infinity` for ever. */
  keepDays?: number | undefined;
}

/** Long after results have expired at any gateway, and short enough that a directory stays quick to read. */
const KEEP_DAYS = 30;

/**
 * Keeps records as files in a directory, which several processes may share; see docs/journal.md. Its calls throw
 * `ConfigError`: `journal_unavailable` when the directory cannot be read or written, `journal_too_new` when a newer
 * version of this package has written there. Needs Node's file system, or one like it.
 */
export class DirectoryJournal implements Journal {
  readonly #directory: string | URL;
  readonly #keepDays: number;
  readonly #listeners: ((warning: Warning) => void)[] = [];
  /** What arose before anybody listened. */
  #unheard: Warning[] = [];
  #files: Promise<JournalFiles> | undefined;

  /**
   * `directory` is made with the first record, parents too. A relative one is taken from the directory in which the
   * process is at the first call. Throws `ConfigError` for what can be no directory; touches no file.
   */
  constructor(directory: string | URL, options: DirectoryJournalOptions = {}) {
    this.#directory = checkedDirectory(directory);
    this.#keepDays = checkedDays('keepDays', options.keepDays ?? KEEP_DAYS);
  }

  /** Resolves when the record is on the disk. Rejects before anything is lost: see docs/journal.md, "Full disks". */
  async put(record: JournalRecord): Promise<void> {
    // What the caller does with it from now on is not meant.
    const copy = structuredClone(record);
    return (await this.#load()).put(copy);
  }

  async get(key: string): Promise<JournalRecord | undefined> {
    return (await this.#load()).get(key);
  }

  /** Oldest first. */
  async list(filter: JournalFilter = {}): Promise<JournalRecord[]> {
    const copy = { ...filter };
    return (await this.#load()).list(copy);
  }

  async delete(key: string): Promise<void> {
    return (await this.#load()).delete(key);
  }

  async claim(name: string): Promise<boolean> {
    return (await this.#load()).claim(name);
  }

  async release(name: string): Promise<void> {
    return (await this.#load()).release(name);
  }

  /** Told of files that are no records, each once; also of those that were found before anybody listened. */
  report(listener: (warning: Warning) => void): void {
    const safe = guarded(listener, () => {});
    this.#listeners.push(safe);
    for (const warning of this.#unheard.splice(0)) safe(warning);
  }

  /**
   * Deletes records of tasks that ended more than `olderThanDays` (default: `keepDays`) ago, and what dead processes left
   * behind. Never what is not settled. Resolves to the number of records. Each instance does this once by itself.
   */
  async prune(options: { olderThanDays?: number | undefined } = {}): Promise<number> {
    const days = checkedDays('olderThanDays', options.olderThanDays ?? this.#keepDays);
    return (await this.#load()).prune(days);
  }

  #load(): Promise<JournalFiles> {
    this.#files ??= this.#loaded().catch((error: unknown) => {
      this.#files = undefined;
      throw error;
    });
    return this.#files;
  }

  async #loaded(): Promise<JournalFiles> {
    const { JournalFiles } = await import('./journal-files.js').catch((cause: unknown) => {
      throw new ConfigError('There is no file system here for a journal.', {
        code: 'journal_unavailable',
        phase: 'config',
        hint: 'Give a `journal` of your own (docs/journal.md), or none to keep records in memory.',
        cause,
      });
    });
    return new JournalFiles({
      directory: this.#directory,
      keepDays: this.#keepDays,
      warn: (warning) => this.#warn(warning),
    });
  }

  #warn(warning: Warning): void {
    if (this.#listeners.length === 0) this.#unheard.push(warning);
    for (const listener of this.#listeners) listener(warning);
  }
}

function checkedDirectory(directory: unknown): string | URL {
  if (directory instanceof URL) {
    if (directory.protocol === 'file:') return new URL(directory);
  } else if (typeof directory === 'string' && directory.trim() !== '' && !directory.includes('\0')) {
    // `file:///tmp/x` as a text would become a folder named `file:`.
    if (!/^[a-z][a-z\d+.-]+:\/\//i.test(directory)) return directory;
  }
  throw new ConfigError(`${JSON.stringify(directory) ?? String(directory)} is not a place for a journal.`, {
    code: 'bad_option',
    phase: 'config',
    param: 'directory',
    hint: 'Give the path of a directory, or a `URL` that begins with "file:".',
  });
}

function checkedDays(param: string, days: unknown): number {
  if (typeof days === 'number' && days >= 0) return days;
  throw bad(
    param,
    `must be a number of days, not ${String(days)}`,
    '0 keeps nothing that has ended, `Infinity` keeps all.',
  );
}
