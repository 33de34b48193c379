// Which version of a file an answer is of, and whether it goes on with what is there: by what servers promise of it.

import { isEncoded, type Reply } from './exchange.js';

/** A date tells versions apart when it is this much older than the answer (RFC 9110, 8.8.2.2: a file may change twice in a second). */
const SETTLED_MS = 60_000;

/** One version of a file on a server. */
export interface Entity {
  /** Without its query, which may be a signature that is new each time. */
  url: string;
  /** A strong one. */
  etag?: string | undefined;
  /** Old enough to tell versions apart. */
  lastModified?: string | undefined;
  /** Its length in bytes, where the server tells one that counts. */
  total?: number | undefined;
}

/** A URL without its query. */
export function bareUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

/** The version that an answer with the whole file is of. */
export function entityOf(reply: Reply, url: string): Entity {
  const isCoded = isEncoded(reply.header('content-encoding'));
  const length = reply.header('content-length');
  return {
    url: bareUrl(url),
    // Encoded, both are those of the encoded bytes, and what is asked for by range would be too.
    etag: isCoded ? undefined : strong(reply.header('etag')),
    lastModified: isCoded ? undefined : settled(reply),
    total: isCoded || length === null || !/^\d+$/.test(length) ? undefined : Number(length),
  };
}

/** From which byte on a part is, and of how many in all. */
export function rangeOf(reply: Reply): { from: number; total: number | undefined } | undefined {
  const [, from, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(reply.header('content-range')?.trim() ?? '') ?? [];
  return from === undefined ? undefined : { from: Number(from), total: total === '*' ? undefined : Number(total) };
}

/** Whether two versions are one: by what a server promises to change with every byte. */
export function isSame(one: Entity, other: Entity | undefined): boolean {
  if (other === undefined || one.url !== other.url || one.total !== other.total) return false;
  if (one.etag !== undefined || other.etag !== undefined) return one.etag === other.etag;
  return one.lastModified !== undefined && one.lastModified === other.lastModified;
}

/** An ETag that If-Range may carry: a weak one allows for other bytes. */
function strong(etag: string | null): string | undefined {
  return etag !== null && /^"[^"]*"$/.test(etag.trim()) ? etag.trim() : undefined;
}

function settled(reply: Reply): string | undefined {
  const modified = reply.header('last-modified')?.trim() ?? '';
  const ageMs = Date.parse(reply.header('date') ?? '') - Date.parse(modified);
  return ageMs >= SETTLED_MS ? modified : undefined;
}

/** Whether a part (206) is all that is missing of the version that is there. */
export function isTheRest(reply: Reply, { at, entity }: { at: number; entity: Entity | undefined }): boolean {
  const range = rangeOf(reply);
  if (at === 0 || entity === undefined || range?.from !== at) return false;
  if (isEncoded(reply.header('content-encoding'))) return false;
  // Where nobody tells the whole, this may be any part of the rest.
  const total = entity.total ?? range.total;
  if (total === undefined || (range.total ?? total) !== total) return false;
  // An ETag that 200 would have had, 206 has too (RFC 9110, 15.3.7); there are servers that do not look at If-Range.
  if (entity.etag !== undefined) return strong(reply.header('etag')) === entity.etag;
  return reply.header('last-modified')?.trim() === entity.lastModified;
}
