// Whether a file on the disk ends where its own format says: what no header of a server can tell.

import { type FileHandle, open } from 'node:fs/promises';
import { boxIn, bytesAt } from './boxes.js';

/** Boxes and chunks looked at, one read each. */
const MOST_PARTS = 20_000;

/** Behind a picture's last marker there may be notes of a camera or a tool. */
const TAIL_BYTES = 64 * 1024;

/** `cut`: it is not whole. `unclear`: a format without an end of its own. */
export type Ending = 'whole' | 'cut' | 'unclear';

const BOXES = new Set(['video/mp4', 'audio/mp4', 'video/quicktime', 'image/avif', 'image/heic']);

/** How the file at `path`, of that type, ends. Must not throw. */
export async function endingOf(path: string, contentType: string): Promise<Ending> {
  try {
    const handle = await open(path, 'r');
    try {
      const { size } = await handle.stat();
      if (BOXES.has(contentType)) return await boxesEnd(handle, size);
      if (contentType === 'image/png') return await chunksEnd(handle, size);
      if (contentType === 'image/webp') return (await riffEnd(handle)) <= size ? 'whole' : 'cut';
      if (contentType === 'image/jpeg') return await tailHolds(handle, size, [0xff, 0xd9]);
      if (contentType === 'image/gif') return await tailHolds(handle, size, [0x3b]);
      return 'unclear';
    } finally {
      await handle.close();
    }
  } catch {
    return 'unclear';
  }
}

/** ISO 14496-12: boxes one after the other, each with its length; 0 is the rest of the file. */
async function boxesEnd(handle: FileHandle, size: number): Promise<Ending> {
  let at = 0;
  for (let count = 0; at < size; count++) {
    const box = count === MOST_PARTS ? undefined : boxIn(await bytesAt(handle, at, 16), 0, size - at);
    if (box === undefined) return 'unclear';
    at += box.size;
  }
  return at === size ? 'whole' : 'cut';
}

/** PNG, 5.3: chunks one after the other, the last one called IEND. */
async function chunksEnd(handle: FileHandle, size: number): Promise<Ending> {
  let at = 8;
  for (let count = 0; at + 12 <= size; count++) {
    if (count === MOST_PARTS) return 'unclear';
    const head = await bytesAt(handle, at, 8);
    at += 12 + head.readUInt32BE(0);
    if (head.toString('latin1', 4) === 'IEND') return at <= size ? 'whole' : 'cut';
  }
  return 'cut';
}

async function riffEnd(handle: FileHandle): Promise<number> {
  return (await bytesAt(handle, 4, 4)).readUInt32LE(0) + 8;
}

async function tailHolds(handle: FileHandle, size: number, marker: readonly number[]): Promise<Ending> {
  const tail = await bytesAt(handle, Math.max(0, size - TAIL_BYTES), TAIL_BYTES);
  return tail.includes(Buffer.from(marker)) ? 'whole' : 'cut';
}
