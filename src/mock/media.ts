// The files that the mock hands out: real fixtures, stamped so that no two tasks give the same bytes, still decodable.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Container, greyPng, mp3, mp4, png } from './containers.js';
import { lengthOf, type Pieces } from './pieces.js';
import { chance } from './random.js';

export type MediaKind = 'video' | 'image' | 'audio';

export interface Fixture {
  file: string;
  contentType: string;
  extension: string;
  width?: number;
  height?: number;
  /** Rounded to whole seconds, as gateways tell it. */
  seconds?: number;
  container: Container;
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
    container: mp4,
  },
  image: {
    file: 'picture.png',
    contentType: 'image/png',
    extension: 'png',
    width: 512,
    height: 512,
    container: png,
  },
  audio: { file: 'tone.mp3', contentType: 'audio/mpeg', extension: 'mp3', seconds: 3, container: mp3 },
};

export interface MediaFile {
  pieces: Pieces;
  contentType: string;
  /** `etag` and `last-modified`, as far as the server tells them. */
  validators: { readonly etag?: string; readonly 'last-modified'?: string };
}

/** What a host shows instead of a result: of no fixture's size, nor of its shape. */
const PLACEHOLDER = { width: 240, height: 100, grey: 230 };

/** What the still of a video shows. */
const COVER_GREY = 90;

/** More than a test can want, and less than one mp4 box can hold. */
export const MAX_MEDIA_BYTES = 2 ** 31;

/** Prime, so that a piece written at a wrong place is hardly ever right by chance: buffers have round sizes. */
const NOISE_BYTES = 1_000_003;

/** What each edition of a file is longer than the one before. */
const EDITION_BYTES = 1_000;

/** When the first editions were made, in the past of any clock; each further one an hour later. */
const MADE_MS = Date.UTC(2025, 0, 1);
const EDITION_MS = 3_600_000;

/** All fixtures in memory, and the file of a given output made from them. */
export class MediaShelf {
  /** One block for all padding of all files. */
  private noise: Buffer | undefined;
  /** Padding by kind and length: little more than references to that block. */
  private readonly paddings = new Map<string, Pieces>();
  /** What a host shows instead of a result. */
  readonly placeholder = pictureFile(PLACEHOLDER);
  /** A still of any video, of its size. */
  readonly cover = pictureFile({ width: 0, height: 0, ...FIXTURES.video, grey: COVER_GREY });
  /** By file, because a large one takes a while to hash. */
  private readonly etags = new Map<string, string>();

  private constructor(
    private readonly bytes: Record<MediaKind, Buffer>,
    private readonly leastBytes: number,
  ) {}

  /** `leastBytes`: smaller files are padded to at least that. */
  static async load(leastBytes = 0): Promise<MediaShelf> {
    const read = (kind: MediaKind) => readFile(new URL(`./media/${FIXTURES[kind].file}`, import.meta.url));
    const [video, image, audio] = await Promise.all([read('video'), read('image'), read('audio')]);
    return new MediaShelf({ video, image, audio }, leastBytes);
  }

  /**
   * The file of output `name` (task id and number): the same name always gives the same bytes. Each edition (0 is the
   * first) has others, from the first bytes on, and more of them. The ETag is the first half of the bytes' sha256.
   */
  file(kind: MediaKind, name: string, edition = 0): MediaFile {
    const pieces = this.pieces(kind, name, edition);
    return {
      pieces,
      contentType: FIXTURES[kind].contentType,
      validators: {
        etag: this.etag(`${kind} ${name} ${edition}`, pieces),
        'last-modified': new Date(MADE_MS + edition * EDITION_MS).toUTCString(),
      },
    };
  }

  /** How many bytes `file` would give, without reading them: status answers tell it. */
  size(kind: MediaKind, name: string, edition = 0): number {
    return lengthOf(this.pieces(kind, name, edition));
  }

  private pieces(kind: MediaKind, name: string, edition: number): Pieces {
    const text = edition === 0 ? name : `${name} edition ${edition}`;
    const missing = Math.max(0, this.leastBytes - this.bytes[kind].length);
    return FIXTURES[kind].container.stamp(
      this.bytes[kind],
      text,
      this.padding(kind, missing + edition * EDITION_BYTES),
    );
  }

  private padding(kind: MediaKind, length: number): Pieces {
    if (length === 0) return [];
    const name = `${kind} ${length}`;
    let padding = this.paddings.get(name);
    if (padding === undefined) {
      padding = FIXTURES[kind].container.padding(this.someNoise(length));
      this.paddings.set(name, padding);
    }
    return padding;
  }

  private someNoise(length: number): Pieces {
    const noise = this.noise ?? makeNoise();
    this.noise = noise;
    const whole = Array.from({ length: Math.floor(length / noise.length) }, () => noise);
    return length % noise.length === 0 ? whole : [...whole, noise.subarray(0, length % noise.length)];
  }

  private etag(name: string, pieces: Pieces): string {
    let etag = this.etags.get(name);
    if (etag === undefined) {
      const hash = createHash('sha256');
      for (const piece of pieces) hash.update(piece);
      etag = `"${hash.digest('hex').slice(0, 32)}"`;
      this.etags.set(name, etag);
    }
    return etag;
  }
}

function pictureFile({ width, height, grey }: { width: number; height: number; grey: number }): MediaFile {
  const bytes = greyPng(width, height, grey);
  const etag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"`;
  return { pieces: [bytes], contentType: FIXTURES.image.contentType, validators: { etag } };
}

/** Seven bits a byte: in an mp3, eight could look like the start of sound. */
function makeNoise(): Buffer {
  const next = chance('noise');
  return Buffer.from(Uint8Array.from({ length: NOISE_BYTES }, () => next() * 128));
}
