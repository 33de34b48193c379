// Where an mp4, a png and an mp3 take foreign text and padding, so that no decoder minds.

import { crc32, deflateSync } from 'node:zlib';
import { lengthOf, type Pieces, partOf } from './pieces.js';

/** How files of one format are made different from each other, and larger. */
export interface Container {
  /** The file with `text` in it, among its first bytes too where the format allows it, and with `padding` inside. */
  stamp(file: Buffer, text: string, padding: Pieces): Pieces;
  /** Something that decoders skip, with all of `noise` in it. */
  padding(noise: Pieces): Pieces;
}

/** Where the `ftyp` box has its minor version, a number that decoders do not look at. */
const MP4_MINOR_VERSION = 12;

export const mp4: Container = {
  stamp(file, text, padding) {
    const start = Buffer.from(file.subarray(0, MP4_MINOR_VERSION + 4));
    start.writeUInt32BE(crc32(text), MP4_MINOR_VERSION);
    return [start, file.subarray(start.length), ...padding, ...freeBox([Buffer.from(text)])];
  },
  padding: freeBox,
};

/** Players skip `free` boxes. */
function freeBox(content: Pieces): Pieces {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(head.length + lengthOf(content));
  head.write('free', 4, 'latin1');
  return [head, ...content];
}

/** The signature and IHDR, which must be first, and IEND, which must be last. */
const PNG_START = 33;
const PNG_END = 12;
const PNG_SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

export const png: Container = {
  stamp(file, text, padding) {
    const own = chunk('tEXt', Buffer.from(`Comment\0${text}`, 'latin1'));
    return [
      file.subarray(0, PNG_START),
      ...own,
      file.subarray(PNG_START, -PNG_END),
      ...padding,
      file.subarray(-PNG_END),
    ];
  },
  padding(noise) {
    // Most pieces are the same block: its chunk is made once.
    const chunks = new Map<Buffer, Pieces>();
    return noise.flatMap((piece) => {
      const known = chunks.get(piece) ?? chunk('noIz', piece);
      chunks.set(piece, known);
      return known;
    });
  },
};

/** A picture all of one grey (0 black, 255 white): the smallest that has a given size. */
export function greyPng(width: number, height: number, grey: number): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width);
  head.writeUInt32BE(height, 4);
  // Eight bits for each pixel, grey; then methods that have no other value, and no interlacing.
  head[8] = 8;
  // Each row begins with the number of its filter: none.
  const row = Buffer.concat([Buffer.alloc(1), Buffer.alloc(width, grey)]);
  const rows = deflateSync(Buffer.concat(Array.from({ length: height }, () => row)));
  return Buffer.concat([
    PNG_SIGNATURE,
    ...chunk('IHDR', head),
    ...chunk('IDAT', rows),
    ...chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Small letters in its type say that a chunk may be skipped (1st), is nobody's standard (2nd), may be copied (4th). */
function chunk(type: string, data: Buffer): Pieces {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(data.length);
  head.write(type, 4, 'latin1');
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(data, crc32(type)));
  return [head, data, check];
}

/** A tag's size has 28 bits: it ends below 256 MiB, heads included. */
const MAX_ID3_BYTES = 2 ** 27;
const PRIVATE_OWNER = Buffer.from('noise\0', 'latin1');

export const mp3: Container = {
  /** An ID3v1 tag: exactly 128 bytes at the end, the text spread over title, artist and album. */
  stamp(file, text, padding) {
    const tag = Buffer.alloc(128);
    tag.write(`TAG${text}`, 0, 93, 'latin1');
    tag[127] = 255;
    return [...padding, file, tag];
  },
  /** ID3v2.3 tags in front, each with one private frame. */
  padding(noise) {
    const tags: Buffer[] = [];
    const length = lengthOf(noise);
    for (let from = 0; from < length; from += MAX_ID3_BYTES) {
      const to = Math.min(length, from + MAX_ID3_BYTES);
      tags.push(id3Head(PRIVATE_OWNER.length + to - from), ...partOf(noise, from, to));
    }
    return tags;
  },
};

function id3Head(frameBytes: number): Buffer {
  const head = Buffer.alloc(20);
  head.write('ID3\x03', 'latin1');
  const tagBytes = 10 + frameBytes;
  // Seven bits a byte, so that no size looks like the start of sound.
  for (let index = 0; index < 4; index++) head[9 - index] = (tagBytes >>> (7 * index)) & 0x7f;
  head.write('PRIV', 10, 'latin1');
  head.writeUInt32BE(frameBytes, 14);
  return Buffer.concat([head, PRIVATE_OWNER]);
}
