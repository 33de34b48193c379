// How a file is answered: whole, in part (Range, If-Range), or not at all (416).

import type { MediaFile } from './media.js';

export interface FileReply {
  status: 200 | 206 | 416;
  headers: Record<string, string>;
  bytes: Buffer;
}

/** `headers` are the request's, lower case. Several ranges at once are answered by the whole file, as servers may. */
export function serveFile(file: MediaFile, headers: Record<string, string>): FileReply {
  const common = {
    'content-type': file.contentType,
    'accept-ranges': 'bytes',
    etag: file.etag,
    'cache-control': 'public, max-age=86400',
  };
  const size = file.bytes.length;
  const fresh = headers['if-range'] === undefined || headers['if-range'] === file.etag;
  const range = fresh ? parse(headers.range, size) : undefined;
  if (range === undefined) return { status: 200, headers: common, bytes: file.bytes };
  if (range === 'unsatisfiable') {
    return { status: 416, headers: { ...common, 'content-range': `bytes */${size}` }, bytes: Buffer.alloc(0) };
  }
  const [first, last] = range;
  return {
    status: 206,
    headers: { ...common, 'content-range': `bytes ${first}-${last}/${size}` },
    bytes: file.bytes.subarray(first, last + 1),
  };
}

function parse(header: string | undefined, size: number): [number, number] | 'unsatisfiable' | undefined {
  const found = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '');
  const [from, to] = [found?.[1] ?? '', found?.[2] ?? ''];
  if (found === null || (from === '' && to === '')) return undefined;
  if (from === '') return to === '0' ? 'unsatisfiable' : [Math.max(0, size - Number(to)), size - 1];
  if (to !== '' && Number(to) < Number(from)) return undefined;
  if (Number(from) >= size) return 'unsatisfiable';
  return [Number(from), to === '' ? size - 1 : Math.min(Number(to), size - 1)];
}
