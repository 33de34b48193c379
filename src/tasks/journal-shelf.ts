// What lies in a journal's directory: which files are records, what is set aside, and what need not be read again.

import { link, lstat, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, eachOf, type FileRead, isMissing, readWhole, type Stamp } from '../disk/index.js';
import { ConfigError } from '../transport/index.js';
import { fits, type JournalFilter, type JournalRecord } from './journal.js';
import { JOURNAL_VERSION, LARGEST_RECORD_BYTES, readMarker, readRecord } from './journal-text.js';
import type { Warning } from './warning.js';

/** Trouble with one file alone: no right to it, a bad disk block, a link that leads nowhere. */
const UNREADABLE: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EIO', 'ELOOP', 'ENOTDIR']);

/** The file that says that a directory is a journal, and of which version. */
export const MARKER = 'journal.json';

/** What is kept of a record in memory: what filters and pruning ask for. */
export type Facts = Pick<JournalRecord, 'state' | 'taskId' | 'fingerprint'> & {
  /** Milliseconds since 1970; NaN when it cannot be read. */
  updatedAtMs: number;
};

/** A file as it was last seen; `facts` is null for one that is no record and could not be set aside. */
interface Seen {
  stamp: string;
  facts: Facts | null;
  /** Whether an equal stamp means equal content: see `isSettled`. */
  settled: boolean;
}

/** Files of ours that are no records. */
const OURS = /^(claims|owners)$|\.json\.corrupt(\.\d+)?$/;

/** In a directory with one of these people work: nothing in it is ours to rename. */
const OF_A_PROJECT = ['package.json', 'deno.json', '.git'];

/** Times of files advance in steps: at most 10 ms on Linux; where they are whole seconds, two of those (FAT). */
const STEP_MS = 100;
const WHOLE_SECONDS_STEP_MS = 3000;

/** What a look at a file gave; undefined where it is gone, or cannot be read. */
type Look = { record: JournalRecord } | { marker: string } | { alien: string; stamp?: Stamp | undefined } | undefined;

/** Reads records, and knows which files it has read. */
export class Shelf {
  readonly #directory: string;
  readonly #warn: (warning: Warning) => void;
  readonly #seen = new Map<string, Seen>();
  readonly #told = new Set<string>();
  /** The marker as it was last read; undefined when there is none. */
  markerStamp: string | undefined;

  /** `directory` is absolute. */
  constructor(directory: string, warn: (warning: Warning) => void) {
    this.#directory = directory;
    this.#warn = warn;
  }

  /**
   * Looks through the directory, and gives the records that fit `filter` in no order (none for null). Files that have not
   * changed since they were last read are read only if they fit. What is no record is set aside. Throws `ConfigError`
   * where something was written by a newer version, before anything is changed, and what the file system says.
   */
  async scan(filter: JournalFilter | null): Promise<JournalRecord[]> {
    const names = await this.#names();
    const found: JournalRecord[] = [];
    const aliens: string[] = [];
    const files = new Set(names.filter((name) => name.endsWith('.json')));
    let marker: string | undefined;
    const take = (look: Look): void => {
      if (look === undefined) return;
      if ('marker' in look) marker = look.marker;
      else if ('record' in look && filter !== null && fits(look.record, filter)) found.push(look.record);
    };
    for (const name of this.#seen.keys()) if (!files.has(name)) this.#seen.delete(name);
    await eachOf(files, async (name) => {
      if (await this.#needsNoReading(name, filter)) return;
      const look = await this.#look(name);
      if (look !== undefined && 'alien' in look) aliens.push(name);
      else take(look);
    });
    // A directory without our mark may be anybody's; one where people work was named by mistake.
    if (marker === undefined && names.some((name) => OF_A_PROJECT.includes(name))) throw this.#notOurs();
    for (const name of aliens) take(await this.#setAside(name));
    for (const name of names) if (!files.has(name)) this.#leaveAlone(name);
    this.markerStamp = marker;
    return found;
  }

  /**
   * The record of `key`. Throws as `scan` does, and `ConfigError` where it was torn: what was bought under a key whose
   * record cannot be read would be bought again.
   */
  async get(key: string): Promise<JournalRecord | undefined> {
    const record = await this.read(key);
    if (record === undefined && (await isThere(this.#asideOf(key)))) throw this.#torn(key);
    return record;
  }

  /** The record of `key`, by one read. A file that is none is set aside. Throws as `scan` does. */
  async read(key: string): Promise<JournalRecord | undefined> {
    const name = `${key}.json`;
    // What cannot be read is not what is not there: somebody would buy it again.
    const first = await this.#look(name, 'alone');
    const look = first !== undefined && 'alien' in first ? await this.#setAside(name) : first;
    return look !== undefined && 'record' in look && look.record.key === key ? look.record : undefined;
  }

  /** The files of `key` that were set aside. */
  async setAsideOf(key: string): Promise<string[]> {
    // Nearly always there is none: that is one question, not a look through the whole directory.
    if (!(await isThere(this.#asideOf(key)))) return [];
    const names = await this.#names();
    return names.filter((name) => name.startsWith(`${key}.json.corrupt`) && OURS.test(name));
  }

  /** Whether `key` has a file, as far as is known. */
  has(key: string): boolean {
    return this.#seen.has(`${key}.json`);
  }

  /** The records that were there at the last look, by key. */
  *known(): Iterable<[key: string, facts: Facts]> {
    for (const [name, { facts }] of this.#seen) if (facts !== null) yield [keyOf(name), facts];
  }

  /** Takes note of what we wrote ourselves. */
  wrote(record: JournalRecord, stamp: Stamp): void {
    this.#seen.set(`${record.key}.json`, { stamp: stamp.id, facts: factsOf(record), settled: true });
  }

  /** Takes note that a file is gone. */
  removed(key: string): void {
    this.#seen.delete(`${key}.json`);
  }

  async #names(): Promise<string[]> {
    return readdir(this.#directory).catch((error: unknown) => {
      if (isMissing(error)) return [];
      throw error;
    });
  }

  async #needsNoReading(name: string, filter: JournalFilter | null): Promise<boolean> {
    const seen = this.#seen.get(name);
    if (seen === undefined || !seen.settled) return false;
    if (seen.facts !== null && filter !== null && fits(seen.facts, filter)) return false;
    const facts = await stat(join(this.#directory, name), { bigint: true }).catch(() => undefined);
    return facts !== undefined && seen.stamp === `${facts.ino}.${facts.mtimeNs}.${facts.size}`;
  }

  async #look(name: string, among: 'others' | 'alone' = 'others'): Promise<Look> {
    const path = join(this.#directory, name);
    let read: FileRead;
    try {
      read = await readWhole(path, LARGEST_RECORD_BYTES);
    } catch (error) {
      this.#seen.delete(name);
      const code = codeOf(error);
      if (code === 'ENOENT') return undefined;
      // Windows does not open directories at all; a socket is opened by nobody.
      if (code === 'EISDIR' || code === 'ENXIO') return { alien: 'not a file' };
      // One file that cannot be read does not hide the others. Too many open files are another matter.
      if (among === 'alone' || !UNREADABLE.has(code ?? '')) throw error;
      this.#tell(path, `${name} in the journal cannot be read (${code}). The other records are not affected.`);
      return undefined;
    }
    const { stamp } = read;
    if ('unread' in read) return { alien: read.unread, stamp };
    const look = judged(name, path, read.bytes, stamp);
    if ('record' in look) {
      this.#seen.set(name, { stamp: stamp.id, facts: factsOf(look.record), settled: isSettled(stamp) });
    }
    return look;
  }

  /**
   * Renames what is no record, and tells of it. It is looked at once more before: what somebody was writing over in place
   * (a rescue on a full disk) is whole now. Returns what it turned out to be, if that is a record or the marker after all.
   */
  async #setAside(name: string): Promise<Look> {
    const look = await this.#look(name);
    if (look === undefined || !('alien' in look)) return look;
    const from = join(this.#directory, name);
    let to: string;
    try {
      to = await freeName(`${from}.corrupt`);
      await rename(from, to);
    } catch (error) {
      if (isMissing(error)) return undefined;
      this.#tell(from, `${name} in the journal is no record (${look.alien}). It could not be set aside.`);
      // Told once, and not read again until it changes.
      if (look.stamp !== undefined) this.#seen.set(name, { stamp: look.stamp.id, facts: null, settled: true });
      return undefined;
    }
    this.#seen.delete(name);
    const moved = await readWhole(to, LARGEST_RECORD_BYTES).catch(() => undefined);
    const turned = moved !== undefined && 'bytes' in moved ? judged(name, to, moved.bytes, moved.stamp) : look;
    if ('alien' in turned) {
      this.#tell(to, `${name} in the journal is no record (${look.alien}). It was set aside; the others are whole.`);
      return undefined;
    }
    // Between our look and the rename its owner replaced it: it goes back, unless there is a newer one by now.
    await link(to, from).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') return rename(to, from);
    });
    await rm(to, { force: true });
    return turned;
  }

  #leaveAlone(name: string): void {
    if (name.startsWith('.') || OURS.test(name)) return;
    this.#tell(join(this.#directory, name), `${name} in the journal is not the journal's, and is left alone.`);
  }

  /** Once per file. */
  #tell(file: string, message: string): void {
    if (this.#told.has(file)) return;
    this.#told.add(file);
    this.#warn({ code: 'journal_corrupt', message, file });
  }

  /** Where the first file of `key` that is no record goes. */
  #asideOf(key: string): string {
    return join(this.#directory, `${key}.json.corrupt`);
  }

  #torn(key: string): ConfigError {
    return new ConfigError(`The record "${key}" in the journal is torn: nobody knows what was bought under it.`, {
      code: 'journal_torn',
      phase: 'config',
      param: 'key',
      hint: `See ${this.#asideOf(key)} for what is left of it; to buy it again: ima.journal.delete('${key}').`,
    });
  }

  #notOurs(): ConfigError {
    return new ConfigError(`${this.#directory} is a project's directory, and no journal.`, {
      code: 'journal_unavailable',
      phase: 'config',
      hint: `Give the journal a directory of its own, such as ${join(this.#directory, '.ima-journal')}.`,
    });
  }
}

/** Throws `ConfigError` for what a newer version wrote. */
function judged(name: string, path: string, bytes: Uint8Array, stamp: Stamp): Exclude<Look, undefined> {
  if (name === MARKER) {
    const reading = readMarker(bytes);
    if ('newer' in reading) throw tooNew(path, reading.newer);
    return 'is' in reading ? { marker: stamp.id } : { alien: reading.alien, stamp };
  }
  const reading = readRecord(bytes, keyOf(name));
  if ('newer' in reading) throw tooNew(path, reading.newer);
  return 'is' in reading ? { record: reading.is } : { alien: reading.alien, stamp };
}

function tooNew(path: string, version: number): ConfigError {
  return new ConfigError(
    `${path} is of version ${version} of the journal; this version of the package knows ${JOURNAL_VERSION}.`,
    {
      code: 'journal_too_new',
      phase: 'config',
      hint: 'Update the package, or give the journal another directory. Nothing was changed in this one.',
    },
  );
}

function factsOf({ state, taskId, fingerprint, updatedAt }: JournalRecord): Facts {
  return {
    state,
    ...(taskId === undefined ? {} : { taskId }),
    ...(fingerprint === undefined ? {} : { fingerprint }),
    updatedAtMs: Date.parse(updatedAt),
  };
}

/**
 * Whether a file with this stamp can no longer change without changing its stamp: two writes within one step of the file
 * system's clock may leave the same time, length and (re-used) inode.
 */
function isSettled({ mtimeNs }: Stamp): boolean {
  const stepMs = mtimeNs % 1_000_000_000n === 0n ? WHOLE_SECONDS_STEP_MS : STEP_MS;
  return Date.now() - Number(mtimeNs / 1_000_000n) > stepMs;
}

/** `path`, or with the next number for which there is nothing. */
async function freeName(path: string): Promise<string> {
  for (let number = 1; ; number++) {
    const name = number === 1 ? path : `${path}.${number}`;
    if (!(await isThere(name))) return name;
  }
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

function keyOf(name: string): string {
  return name.slice(0, -'.json'.length);
}
