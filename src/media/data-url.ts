// Results that came inline: the bytes of a `data:` URL.

import { failure, type Subject } from './failure.js';

const PERCENT = 0x25;

/** The bytes of `url`, a `data:` URL. Throws `DownloadError` with code `bad_data_url`. */
export function bytesOfDataUrl(url: string, subject: Subject): Uint8Array {
  const comma = url.indexOf(',');
  const head = url.slice('data:'.length, Math.max(comma, 0));
  try {
    if (comma < 0) throw new TypeError('no comma');
    const data = percentDecoded(url.slice(comma + 1));
    if (!/;\s*base64$/i.test(head)) return data;
    const standard = new TextDecoder().decode(data).replace(/\s+/g, '').replaceAll('-', '+').replaceAll('_', '/');
    return Uint8Array.from(atob(standard), (character) => character.charCodeAt(0));
  } catch (cause) {
    throw failure(subject, 'The result came inline (`data:` URL) and cannot be decoded.', {
      code: 'bad_data_url',
      cause,
    });
  }
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
