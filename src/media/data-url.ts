// Results that came inline: the bytes of a `data:` URL, and whether they are what they should be.

import { redactText } from '../transport/index.js';
import { endingOfBytes } from './ending.js';
import { failure, type Subject } from './failure.js';
import { type MediaKind, SNIFF_BYTES, type Sniffed, sniffAs } from './sniff.js';

const PERCENT = 0x25;

/** Of what is no result, the first characters are shown. */
const SHOWN_BYTES = 120;

/** The bytes of `url`, a `data:` URL. Throws `DownloadError` with code `bad_data_url`. */
export function bytesOfDataUrl(url: string, subject: Subject): Uint8Array {
  const comma = url.indexOf(',');
  const head = url.slice('data:'.length, Math.max(comma, 0));
  try {
    if (comma < 0) throw new TypeError('no comma');
    const data = percentDecoded(url.slice(comma + 1));
    if (!/;\s*base64\s*$/i.test(head)) return data;
    const standard = new TextDecoder().decode(data).replace(/\s+/g, '').replaceAll('-', '+').replaceAll('_', '/');
    return Uint8Array.from(atob(standard), (character) => character.charCodeAt(0));
  } catch (cause) {
    throw failure(subject, 'The result came inline (`data:` URL) and cannot be decoded.', {
      code: 'bad_data_url',
      cause,
    });
  }
}

/** What bytes that came inline are. Throws `DownloadError` where they are no `kind`, or not all of it. */
export async function inlineType(bytes: Uint8Array, kind: MediaKind, subject: Subject): Promise<Sniffed> {
  const sniffed = sniffAs(bytes.subarray(0, SNIFF_BYTES), kind);
  if (sniffed === null || sniffed.kind !== kind) {
    const text = new TextDecoder().decode(bytes.subarray(0, SHOWN_BYTES)).replace(/\s+/g, ' ').trim();
    const what = JSON.stringify(redactText(sniffed?.contentType ?? text));
    throw failure(subject, `The result came inline and is not ${kind}: ${what}.`, {
      code: bytes.length === 0 ? 'empty' : 'wrong_media',
    });
  }
  // Nobody has told a length, but nor can a connection have broken: only what is surely cut is worth a word.
  if ((await endingOfBytes(bytes, sniffed.contentType)) === 'cut') {
    throw failure(subject, `The result came inline and ends before its own format (${sniffed.contentType}) says.`, {
      code: 'truncated',
      hint: 'Read the task again; the generation itself is done and paid.',
    });
  }
  return sniffed;
}

/** `%` and two digits are a byte, whatever that is; all else stands for itself. */
function percentDecoded(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  if (!text.includes('%')) return bytes;
  const decoded = new Uint8Array(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    const digits = bytes[at] === PERCENT ? String.fromCharCode(...bytes.subarray(at + 1, at + 3)) : '';
    const isByte = /^[\da-f]{2}$/i.test(digits);
    decoded[length++] = isByte ? Number.parseInt(digits, 16) : (bytes[at] ?? 0);
    if (isByte) at += 2;
  }
  return decoded.subarray(0, length);
}
