// A file in the making: `<name>.part`, held by one process, until it gets its name, is kept for later or is gone.

import { createHash, type Hash, randomUUID } from 'node:crypto';
import { type FileHandle, open, rm, stat, utimes } from 'node:fs/promises';
import { uptime } from 'node:os';
import { dirname } from 'node:path';
import {
  giveName,
  HEARTBEAT_MS,
  isMissing,
  isSameFile,
  isThere,
  type Owner,
  overwriteFile,
  padded,
  renamed,
  syncDirectory,
} from '../disk/index.js';
import type { DownloadError } from '../transport/index.js';
import { failure, type Subject } from './failure.js';
import { bytesOf, META, type Meta, PART, putMeta, readMeta, silenceMs, takeOver } from './note.js';
import { type MediaKind, SNIFF_BYTES, type Sniffed, sniffAs } from './sniff.js';
import type { Sink } from './transfer.js';
import type { Entity } from './version.js';

/** Bytes are read back in pieces of this size, to go on with their hash. */
const REREAD_BYTES = 1 << 20;

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
    await this.#handle?.close();
    this.#handle = undefined;
    // Not emptied: a process that died while it gave the file its name may have left it with both.
    await rm(this.path, { force: true });
    this.#handle = await open(this.path, 'wx');
    this.#at = 0;
    this.#hash = createHash('sha256');
    this.#sniffed = sniffed;
    await this.#note({ entity, syncedBytes: 0 });
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
    await this.#handle?.close();
    this.#handle = undefined;
    await rm(this.path, { force: true });
    this.#at = 0;
    await this.#note({ entity: undefined, syncedBytes: 0 });
  }

  /** What came of it, once it is on the disk itself. */
  async finished(): Promise<{ bytes: number; sha256: string }> {
    await this.#handle?.sync();
    return { bytes: this.#at, sha256: this.#hash.digest('hex') };
  }

  /** Gives the finished file its name; false when something else has that name and is not to be replaced. */
  async publish(path: string, overwrite: boolean): Promise<boolean> {
    const own = await this.#handle?.stat({ bigint: true });
    await this.#close();
    await this.#assertOurs();
    if (overwrite) await renamed(this.path, path);
    else if (!(await giveName(this.path, path)) && !(await isSameFile(this.path, path))) return false;
    // Between two calls a machine may sleep, and another one take the part over.
    if ((await stat(path, { bigint: true })).ino !== own?.ino) {
      await rm(path, { force: true });
      throw inProgress(this.#options.subject, this.#options.path);
    }
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
      await rm(this.path, { force: true });
    } finally {
      // A note that cannot be removed must not say that this process, which lives on, is at it.
      await rm(this.#options.path + META, { force: true }).catch(() => this.#leave());
    }
  }

  async #begin(before: Meta | null): Promise<void> {
    this.#heart = setInterval(() => void this.#beat(), HEARTBEAT_MS).unref();
    if (before?.entity === undefined || before.of !== this.#options.of) return;
    let handle: FileHandle;
    try {
      handle = await open(this.path, 'r+');
    } catch (error) {
      if (isMissing(error)) return;
      throw error;
    }
    this.#handle = handle;
    const { size, mtimeMs, nlink } = await handle.stat();
    // What was written before the machine went down may never have come to the disk: holes read as zeros.
    const isFromBefore = mtimeMs < Date.now() - uptime() * 1000;
    const trusted = isFromBefore ? Math.min(size, before.syncedBytes ?? 0) : size;
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
    await this.#note({ entity: before.entity, syncedBytes: before.syncedBytes });
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
