// The files that the mock hands out: real fixtures, stamped so that no two tasks give the same bytes, still decodable.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

export type MediaKind = 'video' | 'image' | 'audio';

export interface Fixture {
  file: string;
  contentType: string;
  extension: string;
  width?: number;
  height?: number;
  /** Rounded to whole seconds, as gateways tell it. */
  seconds?: number;
  /** The pieces of a file with `text` in it, where no decoder minds. */
  stamp: (bytes: Buffer, text: string) => Buffer[];
}

/** Facts about `media/*`; test/mock/media.test.ts decodes the files and compares. */
export const FIXTURES: Record<MediaKind, Fixture> = {
  video: {
    file: 'clip.mp4',
    contentType: 'video/mp4',
    extension: 'mp4',
    width: 640,
    height: 360,
    seconds: 2,
    stamp: stampMp4,
  },
  image: {
    file: 'picture.png',
    contentType: 'image/png',
    extension: 'png',
    width: 512,
    height: 512,
    stamp: stampPng,
  },
  audio: { file: 'tone.mp3', contentType: 'audio/mpeg', extension: 'mp3', seconds: 3, stamp: stampMp3 },
};

export interface MediaFile {
  bytes: Buffer;
  contentType: string;
  etag: string;
}

/** All fixtures in memory, and the file of a given output made from them. */
export class MediaShelf {
  private constructor(private readonly bytes: Record<MediaKind, Buffer>) {}

  static async load(): Promise<MediaShelf> {
    const read = (kind: MediaKind) => readFile(new URL(`./media/${FIXTURES[kind].file}`, import.meta.url));
    const [video, image, audio] = await Promise.all([read('video'), read('image'), read('audio')]);
    return new MediaShelf({ video, image, audio });
  }

  /** The file of output `name` (task id and number): the same name always gives the same bytes. */
  file(kind: MediaKind, name: string): MediaFile {
    const fixture = FIXTURES[kind];
    const bytes = Buffer.concat(fixture.stamp(this.bytes[kind], name));
    const etag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"`;
    return { bytes, contentType: fixture.contentType, etag };
  }

  /** How many bytes `file` would give, without making them: status answers tell it. */
  size(kind: MediaKind, name: string): number {
    return FIXTURES[kind].stamp(this.bytes[kind], name).reduce((sum, piece) => sum + piece.length, 0);
  }
}

/** A tEXt chunk before IEND (the last 12 bytes). */
function stampPng(bytes: Buffer, text: string): Buffer[] {
  const typeAndData = Buffer.from(`tEXtComment\0${text}`, 'latin1');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(typeAndData.length - 4);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(typeAndData));
  return [bytes.subarray(0, -12), length, typeAndData, check, bytes.subarray(-12)];
}

/** A `free` box at the end: players skip it. */
function stampMp4(bytes: Buffer, text: string): Buffer[] {
  const data = Buffer.from(text, 'utf8');
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + data.length);
  head.write('free', 4, 'latin1');
  return [bytes, head, data];
}

/** An ID3v1 tag: exactly 128 bytes at the end, the text spread over title, artist and album. */
function stampMp3(bytes: Buffer, text: string): Buffer[] {
  const tag = Buffer.alloc(128);
  tag.write(`TAG${text}`, 0, 93, 'latin1');
  tag[127] = 255;
  return [bytes, tag];
}
