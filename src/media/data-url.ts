// Results that came inline: the bytes of a `data:` URL.

import { failure, type Subject } from './failure.js';

/** The bytes of `url`, a `data:` URL. Throws `DownloadError` with code `bad_data_url`. */
export function bytesOfDataUrl(url: string, subject: Subject): Uint8Array {
  const comma = url.indexOf(',');
  const head = url.slice('data:'.length, Math.max(comma, 0));
  try {
    if (comma < 0) throw new TypeError('no comma');
    const data = url.slice(comma + 1);
    return /;\s*base64$/i.test(head)
      ? Uint8Array.from(atob(data), (character) => character.charCodeAt(0))
      : new TextEncoder().encode(decodeURIComponent(data));
  } catch (cause) {
    throw failure(subject, 'The result came inline (`data:` URL) and cannot be decoded.', {
      code: 'bad_data_url',
      cause,
    });
  }
}
