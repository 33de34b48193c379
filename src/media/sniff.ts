// What bytes really are: by their signature, never by the name or the header that came with them.

import { filetypeinfo } from 'magic-bytes.js';

/** The kinds of result a gateway makes. */
export type MediaKind = 'image' | 'video' | 'audio';

/** A recognised type. `kind` is undefined for files that are no media (an HTML page, a zip). */
export interface Sniffed {
  kind: MediaKind | undefined;
  contentType: string;
  extension: string;
}

/** Bytes at the start of a file that are enough to recognise it. */
export const SNIFF_BYTES = 4096;

/** Containers that hold picture and sound alike, by what a gateway means with them. */
const CONTAINER: Record<string, Sniffed> = {
  mp4: { kind: 'video', contentType: 'video/mp4', extension: 'mp4' },
  webm: { kind: 'video', contentType: 'video/webm', extension: 'webm' },
  mkv: { kind: 'video', contentType: 'video/x-matroska', extension: 'mkv' },
  m4a: { kind: 'audio', contentType: 'audio/mp4', extension: 'm4a' },
  ogg: { kind: 'audio', contentType: 'audio/ogg', extension: 'ogg' },
};

/** Recognises the first bytes of a file; null when no signature matches (text, HTML, JSON, noise). */
export function sniff(head: Uint8Array): Sniffed | null {
  for (const guess of filetypeinfo(head)) {
    const container = CONTAINER[guess.typename];
    if (container !== undefined) return container;
    const kind = /^(image|video|audio)\//.exec(guess.mime ?? '')?.[1];
    if (guess.mime !== undefined && guess.extension !== undefined && isKind(kind)) {
      return { kind, contentType: guess.mime, extension: guess.extension };
    }
  }
  // An MPEG audio frame without an ID3 tag: sync bits, a valid layer, bitrate and sample rate (ISO 11172-3, 2.4.1.3).
  const [a = 0, b = 0, c = 0] = head;
  if (a === 0xff && (b & 0xe0) === 0xe0 && (b & 0x06) !== 0 && (c & 0xf0) !== 0xf0 && (c & 0x0c) !== 0x0c) {
    return { kind: 'audio', contentType: 'audio/mpeg', extension: 'mp3' };
  }
  return null;
}

function isKind(value: string | undefined): value is MediaKind {
  return value === 'image' || value === 'video' || value === 'audio';
}
