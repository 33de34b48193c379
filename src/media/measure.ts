// How large a picture or film on the disk is, in pixels, as its own header says.

import { type FileHandle, open } from 'node:fs/promises';
import { boxIn, bytesAt, childrenOf } from './boxes.js';
import { PICTURE_BYTES, pictureSize, type Size } from './picture.js';
import type { MediaKind } from './sniff.js';

/** The index of a film is larger than this only for films of many hours. */
const MOST_INDEX_BYTES = 64 * 1024 * 1024;

/** Before its index a film has a handful of boxes; millions of empty ones would be read for minutes. */
const MOST_BOXES = 1000;

/** The size of the file at `path`; undefined where it does not say, or not in a form that is known here. Must not throw. */
export async function sizeOf(path: string, kind: MediaKind): Promise<Size | undefined> {
  if (kind === 'audio') return undefined;
  try {
    const handle = await open(path, 'r');
    try {
      return kind === 'image' ? await pictureSize(await bytesAt(handle, 0, PICTURE_BYTES)) : await filmSize(handle);
    } finally {
      await handle.close();
    }
  } catch {
    // What cannot be measured is not for that reason wrong.
    return undefined;
  }
}

/** The largest picture track of an MP4 or QuickTime file (ISO 14496-12: moov, trak, tkhd). */
async function filmSize(handle: FileHandle): Promise<Size | undefined> {
  const { size: end } = await handle.stat();
  for (let at = 0, boxes = 0; at < end && boxes < MOST_BOXES; boxes++) {
    const box = boxIn(await bytesAt(handle, at, 16), 0, end - at);
    if (box === undefined) return undefined;
    if (box.type === 'moov' && box.size <= MOST_INDEX_BYTES) {
      const sizes = tracksIn(await bytesAt(handle, at + box.head, box.size - box.head));
      return sizes.sort((a, b) => b.width * b.height - a.width * a.height)[0];
    }
    at += box.size;
  }
  return undefined;
}

function tracksIn(moov: Uint8Array): Size[] {
  return [...childrenOf(moov)]
    .filter(({ type }) => type === 'trak')
    .flatMap(({ body }) => [...childrenOf(body)].filter(({ type }) => type === 'tkhd'))
    .flatMap(({ body }) => {
      // Width and height are the last two fields, 16.16 numbers; before them the matrix, whose first is 0 for a quarter turn.
      const view = new DataView(body.buffer, body.byteOffset, body.length);
      const width = view.getUint32(body.length - 8) / 65536;
      const height = view.getUint32(body.length - 4) / 65536;
      if (width < 1 || height < 1) return [];
      return [view.getInt32(body.length - 44) === 0 ? { width: height, height: width } : { width, height }];
    });
}
