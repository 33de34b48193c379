// A file in the making: `<name>.part` with its bytes, `<name>.meta.part` with what they are of and who is at it.

import { createHash, type Hash, randomUUID } from 'node:crypto';
import { type FileHandle, open, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { uptime } from 'node:os';
import { dirname } from 'node:path';
import {
  createFile,
  giveName,
  HEARTBEAT_MS,
  isMissing,
  isSameFile,
  isThere,
  type Owner,
  overwriteFile,
  readOwner,
  renamed,
  replaceFile,
  syncDirectory,
  verdictOn,
} from '../disk/index.js';
import { type DownloadError, isRecord } from '../transport/index.js';
import { failure, type Subject } from './failure.js';
import { type MediaKind, SNIFF_BYTES, type Sniffed, sniffAs } from './sniff.js';
import type { Entity, Sink } from './transfer.js';

/** What `<name>.meta.part` holds. */
interface Meta {
  v: 1;
  /** Tells this holding from any other. */
  id: string;
  /** Whose bytes: a name may be asked for by another task later. */
  of: string;
  /** Who is at it; null: nobody, it waits to be continued. */
  owner: Owner | null;
  entity?: Entity | undefined;
  /** So many bytes are known to be on the disk itself: more may be lost when the machine goes down. */
  syncedBytes?: number | undefined;
}

/** Bytes are read back in pieces of this size, to go on with their hash. */
const REREAD_BYTES = 1 << 20;

/** Names of other files have a few more letters. */
export const PART = '.part';
const META = '.meta.part';

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
    await put(this.#options.path + META, this.#meta);
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

/**
 * Makes `path` hold `mine`, unless somebody who lives holds it: `held` then. Else resolves to what a dead holder left there
 * (null where that is of no use), or `nothing`. Of several who find a dead holder one goes on: who holds the file beside it that bears that holder's id,
 * and finds that nothing has changed meanwhile. That file is taken in the same way, since its holder may die too.
 */
async function takeOver(
  path: string,
  mine: Meta & { owner: Owner },
  silence: () => Promise<number>,
): Promise<Meta | null | 'nothing' | 'held'> {
  if (await createFile(path, tempOf(path), bytesOf(mine))) return 'nothing';
  const found = await readMeta(path);
  if (found === undefined) return takeOver(path, mine, silence);
  const isFree = found.meta !== null && found.meta.owner === null;
  const verdict = isFree ? 'dead' : await verdictOn(found.meta?.owner ?? null, mine.owner, silence);
  if (verdict === 'alive') return 'held';
  const marker = `${path.slice(0, -META.length)}.${createHash('sha256').update(found.text).digest('hex').slice(0, 16)}${META}`;
  if ((await takeOver(marker, { ...mine, id: randomUUID() }, () => silenceMs(marker))) === 'held') return 'held';
  try {
    if ((await readMeta(path))?.text !== found.text) return 'held';
    // What is known of the bytes stays with them: whoever dies now, while he reads them back, leaves them of use.
    const next = found.meta?.of === mine.of ? { ...found.meta, ...mine } : mine;
    await replaceFile(path, tempOf(path), bytesOf(next));
    // Who is only silent may still write to his bytes: new ones are begun elsewhere.
    return verdict === 'dead' ? found.meta : null;
  } finally {
    await rm(marker, { force: true });
  }
}

/** What stands at `path`; its meta is null where it cannot be read. Undefined where there is nothing. */
async function readMeta(path: string): Promise<{ text: string; meta: Meta | null } | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  return { text, meta: metaFrom(text) };
}

function metaFrom(text: string): Meta | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(json) || json.v !== 1 || typeof json.id !== 'string' || typeof json.of !== 'string') return null;
  const { id, of, entity, syncedBytes } = json;
  return {
    v: 1,
    id,
    of,
    owner: isRecord(json.owner) ? readOwner(JSON.stringify(json.owner)) : null,
    ...(isRecord(entity) && typeof entity.url === 'string' ? { entity: entityFrom(entity, entity.url) } : {}),
    ...(typeof syncedBytes === 'number' ? { syncedBytes } : {}),
  };
}

function entityFrom({ etag, lastModified, total }: Record<string, unknown>, url: string): Entity {
  return {
    url,
    ...(typeof etag === 'string' ? { etag } : {}),
    ...(typeof lastModified === 'string' ? { lastModified } : {}),
    ...(typeof total === 'number' ? { total } : {}),
  };
}

async function put(path: string, meta: Meta): Promise<void> {
  // Always the same one: only the holder writes notes, and what he leaves when he dies is replaced by the next.
  const temp = `${path.slice(0, -META.length)}.tmp${PART}`;
  try {
    await writeFile(temp, bytesOf(meta));
    await renamed(temp, path);
  } catch (error) {
    await rm(temp, { force: true }).catch(() => {});
    throw error;
  }
}

/** JSON may be followed by any white space. */
function padded(bytes: Buffer, length: number): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(length - bytes.length, ' ')]);
}

function bytesOf(meta: Meta): Buffer {
  return Buffer.from(`${JSON.stringify(meta, null, 2)}\n`);
}

function tempOf(path: string): string {
  return `${path.slice(0, -META.length)}.${randomUUID().slice(0, 8)}.tmp${PART}`;
}

/** How long nothing was heard of whoever is at a part, in milliseconds. */
async function silenceMs(path: string): Promise<number> {
  const times = await Promise.all([path + PART, path + META].map((file) => stat(file).catch(() => undefined)));
  return Date.now() - Math.max(0, ...times.map((facts) => facts?.mtimeMs ?? 0));
}
