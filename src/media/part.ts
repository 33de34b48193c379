// A file in the making: `<name>.part`, held by one process, until it gets its name, is kept for later or is gone.

import { createHash, type Hash, randomUUID } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, lstat, open, rm, utimes } from 'node:fs/promises';
import { uptime } from 'node:os';
import { dirname } from 'node:path';
import {
  codeOf,
  giveName,
  HEARTBEAT_MS,
  isMissing,
  isSameFile,
  isThere,
  type Owner,
  overwriteFile,
  padded,
  renamed,
  secondName,
  syncDirectory,
} from '../disk/index.js';
import type { DownloadError } from '../transport/index.js';
import { failure, type Subject } from './failure.js';
import { bytesOf, META, type Meta, PART, putMeta, readMeta, silenceMs, stagedOf, takeOver } from './note.js';
import { type MediaKind, SNIFF_BYTES, type Sniffed, sniffAs } from './sniff.js';
import type { Sink } from './transfer.js';
import type { Entity } from './version.js';

/** Bytes are read back in pieces of this size, to go on with their hash. */
const REREAD_BYTES = 1 << 20;

/** What opening a link says that is not to be followed. */
const NO_LINKS = new Set(['ELOOP', 'EMLINK']);

/** What a part is made with. */
export interface PartOptions {
  /** Of the file, without `.part`. */
  path: string;
  /** The task and which of its outputs. */
  of: string;
  /** What it should be. */
  kind: MediaKind;
  /** This process. */
  self: Owner;
  subject: Subject;
  /** Told as soon as the type is known, before most bytes are: throws where they have no place to go. */
  recognised: (sniffed: Sniffed) => Promise<void>;
}

/** One file in the making, held by this process alone. After `publish`, `keep` or `discard` it is no more. */
export class Part implements Sink {
  readonly #options: PartOptions;
  #meta: Meta;
  #handle: FileHandle | undefined;
  /** Of the file that `#handle` is or was of: whatever else its name may lead to is not ours. */
  #own: BigIntStats | undefined;
  #hash: Hash = createHash('sha256');
  #at = 0;
  #sniffed: Sniffed | undefined;
  #heart: NodeJS.Timeout | undefined;

  private constructor(options: PartOptions, meta: Meta) {
    this.#options = options;
    this.#meta = meta;
  }

  /**
   * Takes hold of the part of a file, with what an earlier transfer of the same output left of it.
   * Throws `DownloadError` with code `in_progress` when a living process is at it, and what the file system says.
   */
  static async take(options: PartOptions): Promise<Part> {
    const { of, self, subject, path } = options;
    const mine = { v: 1, id: randomUUID(), of, owner: self } as const;
    const found = await takeOver(path + META, mine, () => silenceMs(path));
    if (found === 'held') throw inProgress(subject, path);
    if (found === 'nothing' && (await isThere(path + PART))) {
      // Other programs call their files so, too.
      await rm(path + META, { force: true });
      return Part.take({ ...options, path: `${path}~` });
    }
    const before = found === 'nothing' ? null : found;
    const part = new Part(options, mine);
    try {
      await part.#begin(before);
      return part;
    } catch (error) {
      await part.#leave().catch(() => {});
      throw error;
    }
  }

  get at(): number {
    return this.#at;
  }

  get entity(): Entity | undefined {
    return this.#meta.entity;
  }

  get path(): string {
    return this.#options.path + PART;
  }

  /** From the bytes themselves. */
  get sniffed(): Sniffed {
    if (this.#sniffed === undefined) throw new TypeError('nothing has come yet');
    return this.#sniffed;
  }

  async begin(entity: Entity, sniffed: Sniffed): Promise<void> {
    await this.#options.recognised(sniffed);
    await this.#assertOurs();
    // First the bytes go, then what they were of: nobody may ever take the old ones for the new.
    // Not emptied: a process that died while it gave the file its name may have left it with both.
    await this.#remove();
    this.#handle = await open(this.path, 'wx');
    this.#own = await this.#handle.stat({ bigint: true });
    this.#hash = createHash('sha256');
    this.#sniffed = sniffed;
    await this.#note({ entity, syncedBytes: 0, bootId: this.#options.self.bootId });
  }

  async write(chunks: readonly Uint8Array[]): Promise<void> {
    if (this.#handle === undefined) throw new TypeError('not begun');
    const writing = writeAll(this.#handle, chunks, this.#at);
    // Meanwhile, since the disk works by itself.
    for (const chunk of chunks) this.#hash.update(chunk);
    this.#at += await writing;
  }

  async forget(): Promise<void> {
    await this.#assertOurs();
    await this.#remove();
    await this.#note({ entity: undefined, syncedBytes: 0 });
  }

  /** What came of it, once it is on the disk itself. */
  async finished(): Promise<{ bytes: number; sha256: string; modifiedMs: number }> {
    if (this.#handle === undefined) throw new TypeError('not begun');
    await this.#handle.sync();
    const { mtimeMs } = await this.#handle.stat();
    return { bytes: this.#at, sha256: this.#hash.digest('hex'), modifiedMs: mtimeMs };
  }

  /**
   * Gives the finished file its name; false when something else has that name and is not to be replaced. Throws
   * `DownloadError` (`transfer_failed`) where the part is not there any more: what has that name then stays as it is.
   */
  async publish(path: string, overwrite: boolean): Promise<boolean> {
    await this.#close();
    await this.#assertOurs();
    // Between two calls a machine may sleep, and another one take the part over: what gets the name has been looked at
    // under one that nobody else uses.
    const staged = stagedOf(this.#options.path, this.#meta.id);
    const how = await secondName(this.path, staged).catch((error: unknown) => {
      throw isMissing(error) ? this.#lost() : error;
    });
    let isNamed = false;
    try {
      if (!(await this.#isOwn(staged))) {
        await this.#assertOurs();
        throw this.#lost();
      }
      if (overwrite) await renamed(staged, path);
      isNamed = overwrite || (await giveName(staged, path)) || (await isSameFile(staged, path));
    } finally {
      // Renamed to another name of itself, a file keeps both.
      if (isNamed || how === 'linked') await rm(staged, { force: true }).catch(() => {});
      else await giveName(staged, this.path).catch(() => {});
    }
    if (!isNamed) return false;
    await this.discard();
    // What could not be made durable now is so in a moment; the file is whole and has its name.
    await syncDirectory(dirname(path)).catch(() => {});
    return true;
  }

  /** Leaves what has come for a later transfer; nothing where that could not go on with it. */
  async keep(): Promise<void> {
    const { etag, lastModified, total } = this.entity ?? {};
    // Of a write that failed some may be there: where the disk is full, that is what fitted.
    const { size } = (await this.#handle?.stat().catch(() => undefined)) ?? { size: this.#at };
    const canGoOn = etag !== undefined || lastModified !== undefined || total === size;
    if (size === 0 || !canGoOn) return this.discard();
    if (!(await this.#isOurs())) return this.#close();
    // Somebody has taken it away: a note alone is of no use.
    if (!(await this.#isOwn(this.path))) return this.discard();
    try {
      await this.#handle?.sync();
      await this.#note({ syncedBytes: size });
    } finally {
      await this.#leave();
    }
  }

  /** Leaves nothing. */
  async discard(): Promise<void> {
    await this.#close();
    if (!(await this.#isOurs())) return;
    try {
      if (await this.#mayRemove()) await rm(this.path, { force: true });
    } finally {
      // A note that cannot be removed must not say that this process, which lives on, is at it.
      await rm(this.#options.path + META, { force: true }).catch(() => this.#leave());
    }
  }

  async #begin(before: Meta | null): Promise<void> {
    this.#heart = setInterval(() => void this.#beat(), HEARTBEAT_MS).unref();
    if (before === null) return;
    await this.#cleanUpAfter(before);
    if (before.entity === undefined || before.of !== this.#options.of) return;
    const handle = await this.#opened();
    if (handle === undefined) return;
    this.#handle = handle;
    const { size, mtimeMs, nlink } = await handle.stat();
    // What was written before the machine went down may never have come to the disk: holes read as zeros.
    const syncedBytes = Math.min(size, before.syncedBytes ?? 0);
    const trusted = this.#isFromBefore(before, mtimeMs) ? syncedBytes : size;
    const { total = Number.POSITIVE_INFINITY } = before.entity;
    if (trusted === 0 || trusted > total) return;
    // With two names it may be the finished file: that is never changed.
    if (nlink > 1 && (trusted < size || trusted < total)) return;
    if (trusted < size) await handle.truncate(trusted);
    await this.#readBack(handle, trusted);
    if (this.#sniffed === undefined) {
      this.#at = 0;
      return;
    }
    await this.#options.recognised(this.#sniffed);
    await this.#note({ entity: before.entity, syncedBytes, bootId: this.#options.self.bootId });
  }

  /** The part that is there, if it is one: a link leads to somebody else's file. */
  async #opened(): Promise<FileHandle | undefined> {
    let handle: FileHandle;
    try {
      handle = await open(this.path, constants.O_RDWR | (constants.O_NOFOLLOW ?? 0));
    } catch (error) {
      if (isMissing(error) || NO_LINKS.has(codeOf(error) ?? '')) return undefined;
      throw error;
    }
    this.#own = await handle.stat({ bigint: true });
    if (await this.#isOwn(this.path)) return handle;
    this.#own = undefined;
    await handle.close();
    return undefined;
  }

  /** What a holder has left who died while he gave the file its name. */
  async #cleanUpAfter({ id }: Meta): Promise<void> {
    const staged = stagedOf(this.#options.path, id);
    if (!(await isThere(staged))) return;
    // Moved there, it is all that there is.
    if (!(await giveName(staged, this.path))) await rm(staged, { force: true });
  }

  /**
   * Whether bytes were written before this machine started. It says itself which start that was; its clock, which may stand
   * behind after a start, is asked only where it does not.
   */
  #isFromBefore({ owner, bootId }: Meta, mtimeMs: number): boolean {
    const { bootId: now } = this.#options.self;
    const known = [owner?.bootId, bootId].filter((id) => id !== undefined);
    if (now === undefined || known.length === 0) return mtimeMs < Date.now() - uptime() * 1000;
    return known.some((id) => id !== now);
  }

  async #readBack(handle: FileHandle, size: number): Promise<void> {
    const buffer = Buffer.allocUnsafeSlow(Math.min(REREAD_BYTES, size));
    while (this.#at < size) {
      const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, size - this.#at), this.#at);
      if (bytesRead === 0) break;
      const bytes = buffer.subarray(0, bytesRead);
      if (this.#at === 0) this.#sniffed = sniffAs(bytes.subarray(0, SNIFF_BYTES), this.#options.kind) ?? undefined;
      this.#hash.update(bytes);
      this.#at += bytesRead;
    }
  }

  /** To be safe from a half-written note it is a new file each time. */
  async #note(change: Partial<Meta>): Promise<void> {
    await this.#assertOurs();
    this.#meta = { ...this.#meta, ...change };
    await putMeta(this.#options.path + META, this.#meta);
  }

  /**
   * Whether nobody has taken the part over: who was silent for long, since the machine slept or the process was stopped, is
   * taken for dead on other machines, and may wake up.
   */
  async #isOurs(): Promise<boolean> {
    const found = await readMeta(this.#options.path + META);
    return found === undefined || found.meta?.id === this.#meta.id;
  }

  /** Whether a name is that of the file that we write. */
  async #isOwn(path: string): Promise<boolean> {
    const found = await lstat(path, { bigint: true }).catch(() => undefined);
    return found !== undefined && found.ino === this.#own?.ino && found.dev === this.#own.dev;
  }

  /** Whether what bears the name of the part may go: ours, or of those who held it before us. */
  async #mayRemove(): Promise<boolean> {
    return this.#own === undefined || (await this.#isOwn(this.path));
  }

  /** Closes and removes what has come. */
  async #remove(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
    if (!(await this.#mayRemove()) && (await isThere(this.path))) throw this.#lost();
    await rm(this.path, { force: true });
    this.#own = undefined;
    this.#at = 0;
  }

  #lost(): DownloadError {
    return failure(this.#options.subject, `${this.path} was taken away, or replaced, while it was written.`, {
      code: 'transfer_failed',
      retryable: true,
      hint: 'Download again, and let nothing else touch what ends in ".part". The generation itself is done and paid.',
    });
  }

  async #assertOurs(): Promise<void> {
    if (!(await this.#isOurs())) throw inProgress(this.#options.subject, this.#options.path);
  }

  /** Others see by this that somebody is at it, also while nothing comes. */
  async #beat(): Promise<void> {
    const now = new Date();
    await utimes(this.#options.path + META, now, now).catch(() => {});
  }

  async #close(): Promise<void> {
    clearInterval(this.#heart);
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  /** Lets go: on a full disk by writing over the note that is there, which needs no room. */
  async #leave(): Promise<void> {
    await this.#close();
    if (!(await this.#isOurs())) return;
    const path = this.#options.path + META;
    await this.#note({ owner: null }).catch(async () => {
      const bytes = bytesOf(this.#meta);
      await overwriteFile(path, (room) => (room < bytes.length ? undefined : padded(bytes, room)));
    });
  }
}

function inProgress(subject: Subject, path: string): DownloadError {
  return failure(subject, `${path} is being downloaded by another process, or another client of this one.`, {
    code: 'in_progress',
    retryable: true,
    hint: 'Wait for it to end, or choose another name.',
  });
}

/** All of `chunks`, from `at` on; resolves to how many bytes they are. */
async function writeAll(handle: FileHandle, chunks: readonly Uint8Array[], at: number): Promise<number> {
  const size = chunks.reduce((sum, { length }) => sum + length, 0);
  let left = chunks;
  let done = 0;
  while (done < size) {
    let { bytesWritten } = await handle.writev(left, at + done);
    done += bytesWritten;
    if (done === size) break;
    // A disk that is nearly full takes some of it; the next call says why not the rest.
    left = left.flatMap((chunk) => {
      const skipped = Math.min(bytesWritten, chunk.length);
      bytesWritten -= skipped;
      return skipped === chunk.length ? [] : [chunk.subarray(skipped)];
    });
  }
  return size;
}
