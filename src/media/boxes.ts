// The boxes that films and some pictures are made of (ISO 14496-12), and reading a piece of a file.

import type { FileHandle } from 'node:fs/promises';

/** The head of a box. */
export interface Box {
  type: string;
  /** Of the whole box, its head included. */
  size: number;
  /** Length of the head itself. */
  head: number;
  /** It does not say its length, and takes all that is left. */
  isOpen: boolean;
}

/**
 * The box that begins at `at`. A length of 1 means a longer form, 0 that it takes all the `room` that is left: so that a
 * box is never empty, and whoever goes from one to the next gets to the end.
 */
export function boxIn(bytes: Uint8Array, at: number, room: number): Box | undefined {
  if (bytes.length - at < 8) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, Math.min(16, bytes.length - at));
  const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
  const short = view.getUint32(0);
  const isLong = short === 1 && view.byteLength === 16;
  const size = isLong ? Number(view.getBigUint64(8)) : short === 0 ? room : short;
  const head = isLong ? 16 : 8;
  return size < head ? undefined : { type, size, head, isOpen: short === 0 };
}

/** The boxes one after the other in `bytes`, up to the first that is none. */
export function* childrenOf(bytes: Uint8Array): Generator<{ type: string; body: Uint8Array }> {
  for (let at = 0; at < bytes.length; ) {
    const box = boxIn(bytes, at, bytes.length - at);
    if (box === undefined) return;
    yield { type: box.type, body: bytes.subarray(at + box.head, at + box.size) };
    at += box.size;
  }
}

/** At most so many bytes from `at` on, fewer at the end of the file. */
export async function bytesAt(handle: FileHandle, at: number, most: number): Promise<Buffer> {
  const buffer = Buffer.alloc(Math.min(most, Math.max(0, (await handle.stat()).size - at)));
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
  return buffer.subarray(0, bytesRead);
}
