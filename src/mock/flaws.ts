// What a server of result files does wrong: other headers, other bytes, or another place than was asked for.

import { gzipSync } from 'node:zlib';
import type { FileWire, Wire } from './delivery.js';
import type { Call } from './desk.js';
import type { MediaFile } from './media.js';
import { PAGE } from './pages.js';
import { lengthOf, partOf } from './pieces.js';
import { rangeOf, serveFile, servePart } from './ranges.js';
import type { Flaw } from './strike.js';

/** The fastest: what is packed here is packed already. */
const GZIP_LEVEL = 1;

/** Query that tells the places of one redirect after the other apart. */
const REDIRECTED = 'redirected';

type Asked = Pick<Call, 'origin' | 'path' | 'query' | 'headers'>;

/** The answer to `asked` with that flaw. What was to happen to the file itself has happened before. */
export function serveFlawed(file: MediaFile, asked: Asked, flaw: Flaw): Wire {
  const { headers } = asked;
  switch (flaw.what) {
    case 'expire':
    case 'change':
      return serveFile(file, headers);
    // What it is instead of the result was decided before; nobody continues with a part of that.
    case 'placeholder':
    case 'ignore-range':
      return serveFile(file, {});
    case 'wrong-range':
      return serveElsewhere(file, headers);
    case 'no-length': {
      const plain = serveFile(file, headers);
      return { ...plain, headers: { ...plain.headers, 'transfer-encoding': 'chunked' } };
    }
    case 'gzip':
      return servePacked(file);
    case 'length':
      return serveMisjudged(serveFile(file, headers), flaw.by);
    case 'redirect': {
      const location = { location: otherPlace(asked) };
      return { status: flaw.status, headers: { ...location, ...flaw.headers }, body: '' };
    }
    case 'wrong-media':
      return { status: 200, headers: { 'content-type': file.contentType }, body: PAGE };
    case 'empty':
      return { status: 200, headers: { 'content-type': file.contentType }, body: '' };
    case 'no-validators':
      return serveFile({ ...file, validators: {} }, headers);
  }
}

/** Half as far into the file as asked, or one byte late: never where the caller is. It says so, to who looks. */
function serveElsewhere(file: MediaFile, headers: Record<string, string>): Wire {
  const range = rangeOf(file, headers);
  if (range === undefined || range === 'unsatisfiable') return serveFile(file, headers);
  const [first, last] = range;
  return servePart(file, first === 0 ? [1, Math.max(1, last)] : [Math.floor(first / 2), last]);
}

/** As servers do that pack on the way out: no ranges, and an ETag that is not the bytes' own any more. */
function servePacked(file: MediaFile): Wire {
  const { headers } = serveFile(file, {});
  const { 'accept-ranges': _, etag, ...kept } = headers;
  const body = [gzipSync(Buffer.concat(file.pieces), { level: GZIP_LEVEL })];
  return { status: 200, headers: { ...kept, etag: `W/${etag}`, 'content-encoding': 'gzip' }, body };
}

/** Too many bytes are announced and never come; where too few are, no more than those come. */
function serveMisjudged(plain: FileWire, by: number): Wire {
  if (typeof plain.body === 'string') return plain;
  const length = Math.max(0, lengthOf(plain.body) + by);
  return { ...plain, body: partOf(plain.body, 0, length), length };
}

function otherPlace({ origin, path, query }: Asked): string {
  const place = new URL(origin + path);
  for (const [name, values] of Object.entries(query)) {
    for (const value of [values].flat()) place.searchParams.append(name, value);
  }
  place.searchParams.set(REDIRECTED, String(Number(place.searchParams.get(REDIRECTED) ?? 0) + 1));
  return place.href;
}
