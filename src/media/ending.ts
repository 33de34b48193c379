// Whether a file ends where its own format says: what no header of a server can tell.

import { type Box, boxIn, bytesAt, childrenOf } from './boxes.js';

/** Boxes and chunks looked at, one read each. */
const MOST_PARTS = 20_000;

/** The index of a film is larger than this only for films of many hours. */
const MOST_INDEX_BYTES = 64 * 1024 * 1024;

/** Read at once, where what follows is looked at byte by byte. */
const WINDOW_BYTES = 64 * 1024;

/** `cut`: it is not whole. `unclear`: nobody can know; a format without an end of its own, or a form that is not known here. */
export type Ending = 'whole' | 'cut' | 'unclear';

/** Bytes in a file, or in memory. */
export interface Source {
  size: number;
  /** At most so many bytes from `at` on, fewer only at the end. */
  read(at: number, most: number): Promise<Uint8Array>;
}

/** How the file at `path`, of that type, ends. Must not throw. */
export async function endingOf(path: string, contentType: string): Promise<Ending> {
  try {
    const { open } = await import('node:fs/promises');
    const handle = await open(path, 'r');
    try {
      const { size } = await handle.stat();
      return await endingIn({ size, read: (at, most) => bytesAt(handle, at, most) }, contentType);
    } finally {
      await handle.close();
    }
  } catch {
    return 'unclear';
  }
}

/** How bytes in memory, of that type, end. Must not throw. */
export function endingOfBytes(bytes: Uint8Array, contentType: string): Promise<Ending> {
  const read = async (at: number, most: number): Promise<Uint8Array> => bytes.subarray(at, at + most);
  return endingIn({ size: bytes.length, read }, contentType).catch(() => 'unclear');
}

async function endingIn(source: Source, contentType: string): Promise<Ending> {
  switch (contentType) {
    case 'video/mp4':
    case 'audio/mp4':
    case 'video/quicktime':
      return boxesEnd(source, filmEnd);
    case 'image/avif':
    case 'image/heic':
      return boxesEnd(source, pictureEnd);
    case 'image/png':
      return chunksEnd(source);
    case 'image/webp':
      return riffEnd(source);
    case 'image/jpeg':
      return markersEnd(new Window(source));
    case 'image/gif':
      return blocksEnd(new Window(source));
    default:
      return 'unclear';
  }
}

/** A part of a source that moves along with whoever reads it. */
class Window {
  readonly #source: Source;
  #bytes = new Uint8Array(0);
  #at = 0;

  constructor(source: Source) {
    this.#source = source;
  }

  /** What is there from `at` on: at least `least` bytes, fewer only at the end of the source. */
  async from(at: number, least: number): Promise<Uint8Array> {
    if (at < this.#at || at + least > this.#at + this.#bytes.length) {
      this.#bytes = new Uint8Array(await this.#source.read(at, WINDOW_BYTES));
      this.#at = at;
    }
    return this.#bytes.subarray(at - this.#at);
  }
}

/** What stands at the top of a file of boxes. */
interface Boxes {
  /** In their order; all are there to their ends. */
  boxes: readonly Box[];
  /** The content of the index, where it is there and not too large. */
  moov: Uint8Array | undefined;
  /** Of the file (ISO 14496-12, 4.3); empty where it says none. */
  brand: string;
  size: number;
}

/** ISO 14496-12: boxes one after the other, each with its length. Between two of them `judge` says what may be missing. */
async function boxesEnd({ size, read }: Source, judge: (found: Boxes) => Ending): Promise<Ending> {
  const boxes: Box[] = [];
  let moov: Uint8Array | undefined;
  let brand = '';
  let at = 0;
  while (at < size) {
    const head = await read(at, 16);
    const box = boxIn(head, 0, size - at);
    // A box without a length ends where the file does, wherever that is.
    if (box?.isOpen || boxes.length === MOST_PARTS) return 'unclear';
    if (box === undefined) return judge({ boxes, moov, brand, size }) === 'cut' ? 'cut' : 'unclear';
    if (at + box.size > size) return 'cut';
    if (box.type === 'ftyp') brand = String.fromCharCode(...head.subarray(8, 12));
    if (box.type === 'moov' && box.size <= MOST_INDEX_BYTES) moov = await read(at + box.head, box.size - box.head);
    boxes.push(box);
    at += box.size;
  }
  return judge({ boxes, moov, brand, size });
}

/** A film has an index, and all the data that this names; or fragments, and behind them an index of those. */
function filmEnd({ boxes, moov, size }: Boxes): Ending {
  const has = (type: string): boolean => boxes.some((box) => box.type === type);
  if (!has('moov')) return has('moof') || has('styp') ? 'unclear' : 'cut';
  if (has('moof')) {
    const last = boxes.at(-1)?.type;
    if (last === 'mfra') return 'whole';
    return last === 'moof' ? 'cut' : 'unclear';
  }
  if (!has('mdat')) return 'cut';
  const lastChunk = moov === undefined ? undefined : lastChunkIn(moov);
  if (lastChunk === undefined) return 'unclear';
  return lastChunk < size ? 'whole' : 'cut';
}

/** Brands of files with a series of pictures, which is a film. */
const SERIES = new Set(['avis', 'msf1', 'hevc', 'hevx', 'hevm', 'hevs']);

/** A picture has a description (ISO 23008-12), and its data, which may stand in there. */
function pictureEnd(found: Boxes): Ending {
  const has = (type: string): boolean => found.boxes.some((box) => box.type === type);
  if (SERIES.has(found.brand) || has('moov')) return filmEnd(found);
  if (!has('meta')) return 'cut';
  return has('mdat') ? 'whole' : 'unclear';
}

const CONTAINERS = new Set(['trak', 'mdia', 'minf', 'stbl']);

/** Where in the file the last piece of data begins that an index names (8.7.5: stco, co64); undefined where it names none. */
function lastChunkIn(bytes: Uint8Array): number | undefined {
  let last: number | undefined;
  for (const { type, body } of childrenOf(bytes)) {
    if (CONTAINERS.has(type)) last = later(last, lastChunkIn(body));
    if (type === 'stco' || type === 'co64') last = later(last, lastOffsetIn(body, type === 'stco' ? 4 : 8));
  }
  return last;
}

function lastOffsetIn(body: Uint8Array, width: 4 | 8): number | undefined {
  if (body.length < 8) return undefined;
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const count = Math.min(view.getUint32(4), Math.floor((body.length - 8) / width));
  let last: number | undefined;
  for (let index = 0; index < count; index++) {
    const at = 8 + index * width;
    last = later(last, width === 4 ? view.getUint32(at) : Number(view.getBigUint64(at)));
  }
  return last;
}

function later(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.max(one, other);
}

/** PNG, 5.3: chunks one after the other, the last one called IEND. */
async function chunksEnd({ size, read }: Source): Promise<Ending> {
  let at = 8;
  for (let count = 0; at + 12 <= size; count++) {
    if (count === MOST_PARTS) return 'unclear';
    const head = await read(at, 8);
    at += 12 + u32(head, 0);
    if (String.fromCharCode(...head.subarray(4)) === 'IEND') return at <= size ? 'whole' : 'cut';
  }
  return 'cut';
}

/** RIFF: the length of what follows stands at the beginning. Who does not know it yet writes nothing there. */
async function riffEnd({ size, read }: Source): Promise<Ending> {
  const head = await read(4, 4);
  if (head.length < 4) return 'cut';
  const told = new DataView(head.buffer, head.byteOffset, 4).getUint32(0, true) + 8;
  if (told <= 20) return 'unclear';
  return told <= size ? 'whole' : 'cut';
}

/** JPEG (ITU T.81, B.1): segments with their lengths, which may hold small pictures, and coded data up to the next marker. */
async function markersEnd(window: Window): Promise<Ending> {
  for (let at = 2; ; ) {
    const [first, marker, high, low] = await window.from(at, 4);
    if (first === undefined || marker === undefined) return 'cut';
    if (first !== 0xff) return 'unclear';
    if (marker === 0xff) {
      at++;
    } else if (marker === 0xd9) {
      return 'whole';
    } else if (isAlone(marker)) {
      at += 2;
    } else {
      if (high === undefined || low === undefined) return 'cut';
      if (marker === 0xd8 || marker === 0) return 'unclear';
      at += 2 + high * 256 + low;
      const next = marker === 0xda ? await pastCodedData(window, at) : at;
      if (next === undefined) return 'cut';
      at = next;
    }
  }
}

/** Markers without a length: those that stand among coded data, and one for private use. */
function isAlone(marker: number): boolean {
  return (marker >= 0xd0 && marker <= 0xd7) || marker === 0x01;
}

/** Where the marker stands that ends coded data; undefined where none does. */
async function pastCodedData(window: Window, from: number): Promise<number | undefined> {
  for (let at = from; ; ) {
    const bytes = await window.from(at, 2);
    if (bytes.length < 2) return undefined;
    let next = bytes.indexOf(0xff);
    while (next >= 0 && next + 1 < bytes.length) {
      const marker = bytes[next + 1] ?? 0;
      // 0: the byte was no marker, but data.
      const isData = marker === 0 || (marker >= 0xd0 && marker <= 0xd7);
      if (!isData && marker !== 0xff) return at + next;
      next = bytes.indexOf(0xff, next + (isData ? 2 : 1));
    }
    at += next < 0 ? bytes.length : next;
  }
}

/** GIF89a: a screen, then blocks, each a chain of pieces that ends in an empty one; the last block is a trailer. */
async function blocksEnd(window: Window): Promise<Ending> {
  const screen = await window.from(0, 13);
  if (screen.length < 13) return 'cut';
  for (let at: number | undefined = 13 + colours(screen[10]); at !== undefined; ) {
    const block: Uint8Array = await window.from(at, 10);
    if (block[0] === 0x3b) return 'whole';
    if (block[0] === 0x21) at = await pastPieces(window, at + 2);
    else if (block[0] === 0x2c) at = await pastPieces(window, at + 11 + colours(block[9]));
    else return block.length === 0 ? 'cut' : 'unclear';
  }
  return 'cut';
}

/** How long the table of colours is that these flags tell of. */
function colours(flags = 0): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0;
}

async function pastPieces(window: Window, from: number): Promise<number | undefined> {
  for (let at = from; ; ) {
    const bytes = await window.from(at, 1);
    if (bytes.length === 0) return undefined;
    let next = 0;
    for (let length = bytes[0]; length !== undefined; length = bytes[next]) {
      if (length === 0) return at + next + 1;
      next += length + 1;
    }
    at += next;
  }
}

function u32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(at);
}
