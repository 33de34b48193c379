// What a file system must be asked for so that a text is safely on it: temp file, fsync, rename, fsync of the directory.

import { constants } from 'node:fs';
import { type FileHandle, link, lstat, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What tells one state of a file from another without reading it. */
export interface Stamp {
  /** Inode, time of the last change (ns) and length. */
  id: string;
  mtimeNs: bigint;
}

/** What came of reading a file whole. */
export type FileRead = { stamp: Stamp } & ({ bytes: Buffer } | { unread: string });

/**
 * Makes the names in a directory durable. While one fsync runs, all who come wait for the next one, together: it begins
 * after each of them has made its change, and so covers it.
 */
export class DirectorySync {
  readonly #directory: string;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  sync(): Promise<void> {
    if (this.#running === undefined) {
      const run = syncDirectory(this.#directory).finally(() => {
        this.#running = undefined;
      });
      this.#running = run;
      return run;
    }
    const again = (): Promise<void> => {
      this.#next = undefined;
      return this.sync();
    };
    this.#next ??= this.#running.then(again, again);
    return this.#next;
  }
}

/** Windows cannot open a directory for this, and says so in different words. */
const NO_DIRECTORY_SYNC = new Set(['EINVAL', 'ENOTSUP', 'ENOSYS']);
const NO_DIRECTORY_SYNC_ON_WINDOWS = new Set(['EPERM', 'EISDIR', 'EACCES']);

/** Makes the names in `directory` durable, where its file system has a way to. */
export async function syncDirectory(directory: string): Promise<void> {
  try {
    const handle = await open(directory, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = codeOf(error) ?? '';
    if (NO_DIRECTORY_SYNC.has(code)) return;
    if (process.platform === 'win32' && NO_DIRECTORY_SYNC_ON_WINDOWS.has(code)) return;
    throw error;
  }
}

/**
 * Makes `path` a directory, and those above it; the outermost of those that were made comes first in what is returned.
 * (`mkdir` with `recursive` never ends below /proc: Node 20 and 24 take its ENOENT for a missing parent, over and over.)
 */
export async function makeDirectories(path: string, mode: number): Promise<string[]> {
  const make = async (): Promise<string[]> => {
    try {
      await mkdir(path, { mode });
      return [path];
    } catch (error) {
      if ((await stat(path).catch(() => undefined))?.isDirectory()) return [];
      throw error;
    }
  };
  try {
    return await make();
  } catch (error) {
    if (!isMissing(error) || dirname(path) === path) throw error;
    return [...(await makeDirectories(dirname(path), mode)), ...(await make())];
  }
}

/**
 * Gives `path` new content in one step: whoever reads it, or wakes up after a crash, finds the old or the new, whole.
 * For that the new bytes must be on the disk before they get the name: some file systems (XFS) bring a rename to the
 * disk before the bytes, and leave an empty file after a power cut. That the *new* one is found needs an fsync of the
 * directory too, which is left to the caller. `temp` is a free name in the same directory; it is gone when this fails.
 */
export async function replaceFile(path: string, temp: string, bytes: Uint8Array): Promise<Stamp> {
  return viaTemp(temp, bytes, () => renamed(temp, path));
}

/** As `replaceFile`, but what is at `path` already, or comes there meanwhile, stays: false then. */
export async function createFile(path: string, temp: string, bytes: Uint8Array): Promise<boolean> {
  let isMade = false;
  await viaTemp(temp, bytes, async () => {
    isMade = await giveName(temp, path);
    if (!isMade) await rm(temp, { force: true });
  });
  return isMade;
}

/** Renames, but leaves what has that name already: false then, and `from` is as it was. */
export async function giveName(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    // Some file systems have no hard links: there, the last of two who come at the same moment stays.
    if (await isThere(to)) return false;
    await renamed(from, to);
    return true;
  }
  await rm(from, { force: true });
  return true;
}

/** Gives a file another name beside its own, or, where its file system has no hard links, in place of it. */
export async function secondName(from: string, to: string): Promise<'linked' | 'moved'> {
  try {
    await link(from, to);
    return 'linked';
  } catch (error) {
    if (isMissing(error)) throw error;
    await renamed(from, to);
    return 'moved';
  }
}

/** Whether both names are of the same file. */
export async function isSameFile(one: string, other: string): Promise<boolean> {
  const facts = [one, other].map((path) => lstat(path, { bigint: true }).catch(() => undefined));
  const [a, b] = await Promise.all(facts);
  return a?.isFile() === true && a.ino === b?.ino && a.dev === b.dev;
}

/** Whether anything has that name. Throws what the file system says where nothing can have it. */
export async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    (error: unknown) => {
      if (isMissing(error)) return false;
      throw error;
    },
  );
}

async function viaTemp(temp: string, bytes: Uint8Array, publish: () => Promise<void>): Promise<Stamp> {
  const handle = await open(temp, 'wx', 0o600);
  try {
    let stamp: Stamp;
    try {
      await handle.writeFile(bytes);
      await handle.sync();
      stamp = await stampOf(handle);
    } finally {
      await handle.close();
    }
    await publish();
    return stamp;
  } catch (error) {
    await rm(temp, { force: true }).catch(() => {});
    throw error;
  }
}

/**
 * Writes over the file at `path`, in the room that it has: needs no space, no new name and no right to the directory.
 * Not in one step, so only for when there is no other way. `fill` makes as many bytes as it is told, or has none to
 * give; undefined then. Throws what the file system says.
 */
export async function overwriteFile(
  path: string,
  fill: (length: number) => Uint8Array | undefined,
): Promise<Stamp | undefined> {
  const handle = await open(path, 'r+');
  try {
    const { size } = await handle.stat();
    const bytes = fill(size);
    if (bytes === undefined) return undefined;
    let written = 0;
    while (written < bytes.length) {
      written += (await handle.write(bytes, written, bytes.length - written, written)).bytesWritten;
    }
    await handle.sync();
    return await stampOf(handle);
  } finally {
    await handle.close();
  }
}

/**
 * The whole of a regular file of at most `largest` bytes. Its content and stamp belong together unless somebody writes
 * into the open file; then a later stamp differs. Throws what the file system says.
 */
export async function readWhole(path: string, largest: number): Promise<FileRead> {
  // Without O_NONBLOCK, opening a named pipe waits for ever. Windows has neither.
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const facts = await handle.stat({ bigint: true });
    const stamp = { id: `${facts.ino}.${facts.mtimeNs}.${facts.size}`, mtimeNs: facts.mtimeNs };
    if (!facts.isFile()) return { unread: 'not a file', stamp };
    if (facts.size > largest) return { unread: `${facts.size} bytes long`, stamp };
    const bytes = Buffer.alloc(Number(facts.size));
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return { bytes: bytes.subarray(0, filled), stamp };
  } finally {
    await handle.close();
  }
}

async function stampOf(handle: FileHandle): Promise<Stamp> {
  const { ino, mtimeNs, size } = await handle.stat({ bigint: true });
  return { id: `${ino}.${mtimeNs}.${size}`, mtimeNs };
}

/** Virus scanners and indexers on Windows hold a file for a moment after it was written. */
const RENAME_TRIES = process.platform === 'win32' ? 10 : 1;

/** Renames, over whatever is at `to`. */
export async function renamed(from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await rename(from, to);
    } catch (error) {
      if (attempt >= RENAME_TRIES || !['EPERM', 'EACCES', 'EBUSY'].includes(codeOf(error) ?? '')) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10 * attempt));
    }
  }
}

/** A JSON text as exactly `length` bytes. It may be followed by any white space: spaces, and one line end, as editors like it. */
export function padded(text: Buffer, length: number): Buffer {
  if (text.length === length) return text;
  const bytes = Buffer.alloc(length, ' ');
  text.copy(bytes);
  bytes.write('\n', length - 1);
  return bytes;
}

/** The name that the system gives to an error, such as `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Whether a file or directory is simply not there. */
export function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}
