// One GET for a result and its answer: what all ways to send it have in common.

import type { Subject } from './failure.js';

/** One GET. Redirects are not followed. */
export interface Ask {
  url: string;
  headers: Record<string, string>;
  signal: AbortSignal;
  /** Called whenever bytes come in. */
  alive: () => void;
  /** Whether the host may be in a private network. */
  isTrusted: boolean;
  subject: Subject;
}

/** An answer whose body is still to come. */
export interface Reply {
  readonly status: number;
  header(name: string): string | null;
  /**
   * The next bytes, in one or more pieces that are valid until the next call; null at the end. Rejects when the connection
   * ends before the body does.
   */
  read(): Promise<readonly Uint8Array[] | null>;
  /** Whether a body that is cut cannot pass for a whole one: its length was told, or its end is marked. */
  readonly hasSureEnd: boolean;
  /** Lets the connection go; also needed after the end. */
  close(): void;
}

/** More bytes came than the server had told: what it told is not the length of the file. */
export class Surplus extends Error {}

/** A way to send a GET. Rejects where no answer comes. */
export type Wire = (ask: Ask) => Promise<Reply>;

/** Sent with every GET: a coding would hide how long the file is, and what may be asked for by range. */
export const PLAIN = { 'accept-encoding': 'identity' };

/** Whether a `content-encoding` means another form of the bytes. */
export function isEncoded(encoding: string | null): boolean {
  return (encoding ?? '').split(',').some((coding) => !['', 'identity'].includes(coding.trim().toLowerCase()));
}

/** Whether a `transfer-encoding` marks the end of the body: only chunks do, and only as the last coding (RFC 9112, 6.3). */
export function isChunked(transferEncoding: string | null): boolean {
  return /(^|,)\s*chunked\s*$/i.test(transferEncoding ?? '');
}
