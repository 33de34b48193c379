// How a file is answered: whole, in part (Range, If-Range), or not at all (416).

import type { FileWire } from './delivery.js';
import type { MediaFile } from './media.js';
import { lengthOf, partOf } from './pieces.js';

/** First and last byte. */
export type Range = readonly [first: number, last: number];

/** `headers` are the request's, lower case. Several ranges at once are answered by the whole file, as servers may. */
export function serveFile(file: MediaFile, headers: Record<string, string>): FileWire {
  const range = rangeOf(file, headers);
  if (range === undefined) return { status: 200, headers: headersOf(file), body: file.pieces };
  if (range !== 'unsatisfiable') return servePart(file, range);
  const said = { ...headersOf(file), 'content-range': `bytes */${lengthOf(file.pieces)}` };
  return { status: 416, headers: said, body: '' };
}

export function servePart(file: MediaFile, [first, last]: Range): FileWire {
  return {
    status: 206,
    headers: { ...headersOf(file), 'content-range': `bytes ${first}-${last}/${lengthOf(file.pieces)}` },
    body: partOf(file.pieces, first, last + 1),
  };
}

/** What of the file was asked for; undefined = all of it, or it is not the file any more that the caller had begun. */
export function rangeOf(file: MediaFile, headers: Record<string, string>): Range | 'unsatisfiable' | undefined {
  const begun = headers['if-range'];
  const same = begun === undefined || Object.values(file.validators).includes(begun);
  return same ? parse(headers.range, lengthOf(file.pieces)) : undefined;
}

function headersOf({ contentType, validators }: MediaFile): Record<string, string> {
  return {
    'content-type': contentType,
    'accept-ranges': 'bytes',
    ...validators,
    'cache-control': 'public, max-age=86400',
  };
}

function parse(header: string | undefined, size: number): Range | 'unsatisfiable' | undefined {
  const found = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '');
  const [from, to] = [found?.[1] ?? '', found?.[2] ?? ''];
  if (found === null || (from === '' && to === '')) return undefined;
  if (from === '') return to === '0' ? 'unsatisfiable' : [Math.max(0, size - Number(to)), size - 1];
  if (to !== '' && Number(to) < Number(from)) return undefined;
  if (Number(from) >= size) return 'unsatisfiable';
  return [Number(from), to === '' ? size - 1 : Math.min(Number(to), size - 1)];
}
