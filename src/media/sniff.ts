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

/** Brands of pictures that HEVC codes, alone or in series (ISO 23008-12). */
const HEIC = new Set(['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'hevm', 'hevs', 'mif1', 'msf1']);

/** Bytes at the start of a file that are enough to recognise it. */
export const SNIFF_BYTES = 4096;

/** Every format but SVG has a number among its first bytes that no letter stands for: "fLaC is not supported" is a sentence. */
const PROSE_BYTES = 20;
const PROSE = /^[\x20-\x7e\s]*$/;

/** Recognises the first bytes of a file; null when no signature matches (text, HTML, JSON, noise). */
export function sniff(head: Uint8Array): Sniffed | null {
  const own = container(head);
  if (own !== null) return own;
  // The signature of a container that `container` did not believe.
  if (String.fromCharCode(...head.subarray(4, 8)) === 'ftyp') return null;
  const isProse = PROSE.test(String.fromCharCode(...head.subarray(0, PROSE_BYTES)));
  for (const guess of filetypeinfo(head)) {
    if (isProse && guess.extension !== 'svg') continue;
    const kind = /^(image|video|audio)\//.exec(guess.mime ?? '')?.[1];
    if (
      guess.mime !== undefined &&
      guess.extension !== undefined &&
      isKind(kind) &&
      isConvincing(guess.typename, head)
    ) {
      return { kind, contentType: guess.mime, extension: guess.extension };
    }
  }
  // An MPEG layer III frame without an ID3 tag: sync bits, a valid bitrate and sample rate (ISO 11172-3, 2.4.1.3).
  const [a = 0, b = 0, c = 0] = head;
  if (a === 0xff && (b & 0xe6) === 0xe2 && (c & 0xf0) !== 0xf0 && (c & 0x0c) !== 0x0c) {
    return { kind: 'audio', contentType: 'audio/mpeg', extension: 'mp3' };
  }
  return null;
}

/** What holds a film may hold sound alone, and says so nowhere in its first bytes: the types that it has then. */
const SOUND_ALONE: Readonly<Record<string, Sniffed>> = {
  'video/mp4': { kind: 'audio', contentType: 'audio/mp4', extension: 'm4a' },
  'video/webm': { kind: 'audio', contentType: 'audio/webm', extension: 'weba' },
  'video/x-matroska': { kind: 'audio', contentType: 'audio/x-matroska', extension: 'mka' },
};

/** The same, for one who knows which kind it should be. */
export function sniffAs(head: Uint8Array, kind: MediaKind): Sniffed | null {
  const found = sniff(head);
  return (kind === 'audio' ? SOUND_ALONE[found?.contentType ?? ''] : undefined) ?? found;
}

/** Containers that hold picture and sound alike, by what they say of themselves. */
function container(head: Uint8Array): Sniffed | null {
  const text = Array.from(head.subarray(0, 64), (byte) => String.fromCharCode(byte)).join('');
  if (text.startsWith('OggS\0')) return { kind: 'audio', contentType: 'audio/ogg', extension: 'ogg' };
  if (text.startsWith('\x1aE\xdf\xa3')) {
    return text.includes('webm')
      ? { kind: 'video', contentType: 'video/webm', extension: 'webm' }
      : { kind: 'video', contentType: 'video/x-matroska', extension: 'mkv' };
  }
  if (/^RF64.{4}WAVE/s.test(text)) return { kind: 'audio', contentType: 'audio/wav', extension: 'wav' };
  if (text.startsWith('FLV\x01')) return { kind: 'video', contentType: 'video/x-flv', extension: 'flv' };
  if (text.startsWith('\xff\n') || text.startsWith('JXL ', 4))
    return { kind: 'image', contentType: 'image/jxl', extension: 'jxl' };
  // The box says how long it is, which is not much: "The ftyp" is a sentence. Segments of a film begin with `styp`.
  if (!text.startsWith('\0\0') || !['ftyp', 'styp'].includes(text.slice(4, 8))) return null;
  const brand = text.slice(8, 12);
  if (brand === 'M4A ' || brand === 'M4B ') return { kind: 'audio', contentType: 'audio/mp4', extension: 'm4a' };
  if (brand === 'avif' || brand === 'avis') return { kind: 'image', contentType: 'image/avif', extension: 'avif' };
  if (HEIC.has(brand)) return { kind: 'image', contentType: 'image/heic', extension: 'heic' };
  if (brand === 'qt  ') return { kind: 'video', contentType: 'video/quicktime', extension: 'mov' };
  return { kind: 'video', contentType: 'video/mp4', extension: 'mp4' };
}

/** One or two letters are no signature: plain text begins with `G` ("Gateway timeout"), `GIF` and `BM` as well. */
function isConvincing(type: string, head: Uint8Array): boolean {
  switch (type) {
    case 'gif':
      return /^GIF8[79]a/.test(String.fromCharCode(...head.subarray(0, 6)));
    case 'bmp':
      return head[6] === 0 && head[7] === 0 && head[8] === 0 && head[9] === 0;
    case 'mpeg':
      // A program stream's start code, or a transport stream's sync byte at the head of two packets.
      return (head[0] === 0 && head[1] === 0 && head[2] === 1) || (head[0] === 0x47 && head[188] === 0x47);
    case 'mp3':
      // "ID3" and its version: 2 to 4, no words.
      return head[0] !== 0x49 || ((head[3] ?? 0) >= 2 && (head[3] ?? 0) <= 4);
    default:
      return true;
  }
}

function isKind(value: string | undefined): value is MediaKind {
  return value === 'image' || value === 'video' || value === 'audio';
}
