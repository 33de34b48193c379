// What a user may set on a client, and that a wrong value is told before it costs anything. Times in milliseconds.

import type { Strictness } from './catalog/index.js';
import type { HostFile } from './media/index.js';
import { DirectoryJournal, type Journal, MemoryJournal, type PollPolicy, type Warning } from './tasks/index.js';
import {
  bad,
  checkNames,
  DEFAULT_RETRY,
  type FetchLike,
  guarded,
  LONGEST_TIMER_MS,
  type Logger,
  type RetryPolicy,
  redactText,
} from './transport/index.js';

/** Options of a client. All are optional. */
export interface ClientOptions {
  /** Else from the environment. Spaces, quotes and a leading `Bearer ` are trimmed. */
  apiKey?: string | undefined;
  /** May end in `/`, `/v1` or neither. Plain http only to loopback. */
  baseUrl?: string | undefined;
  /** Replaces the platform's `fetch`. */
  fetch?: FetchLike | undefined;
  /** Sent with every call to the gateway, never to a result host. Not for the key or the connection. */
  headers?: Headers | Record<string, string> | undefined;
  /** Where paid requests are written down: a directory (its path or `file:` URL), or a store of yours; else in memory. */
  journal?: Journal | string | URL | undefined;
  /**
   * Puts local media (paths, bytes, blobs, data URLs in media fields) where the gateway can fetch it, and says where.
   * Without it they are refused before anything is spent; see docs/media.md.
   */
  hostFile?: HostFile | undefined;
  /**
   * How far bodies are checked before they are sent. `full` (default): by the document's schema and by the rules that
   * only the vendor's prose states; `schema`: by the schema alone; `off`: they go as they are. Each call may override it.
   */
  validate?: Strictness | undefined;
  /** For one exchange, body included. Default 60,000. */
  requestTimeoutMs?: number | undefined;
  retry?: { [Name in keyof RetryPolicy]?: RetryPolicy[Name] | undefined } | undefined;
  /** Bounds of every poll interval, and status calls per second of all tasks together. */
  poll?: { minMs?: number | undefined; maxMs?: number | undefined; perSecond?: number | undefined } | undefined;
  /** Told of every exchange. What it throws is dropped. */
  logger?: Logger | undefined;
  /** Things worth attention that break nothing; the console's `warn` unless given. */
  onWarning?: ((warning: Warning) => void) | undefined;
}

const TYPES: { [Name in keyof Required<ClientOptions>]: 'string' | 'function' | 'object' | 'number' | 'any' } = {
  apiKey: 'string',
  baseUrl: 'string',
  fetch: 'function',
  headers: 'object',
  journal: 'any',
  hostFile: 'function',
  validate: 'string',
  requestTimeoutMs: 'number',
  retry: 'object',
  poll: 'object',
  logger: 'object',
  onWarning: 'function',
};

/** Throws `ConfigError` for an option that does not exist or is of another type: JavaScript has no compiler to ask. */
export function checkOptions(options: ClientOptions): void {
  checkNames(options, Object.keys(TYPES));
  for (const [name, value] of Object.entries(options)) {
    const type = TYPES[name as keyof ClientOptions];
    if (type === 'any' || value === undefined) continue;
    if (typeof value !== type || value === null) throw bad(name, `must be a ${type}`);
  }
  const { validate, retry, poll, logger } = options;
  if (retry !== undefined) checkNames(retry, Object.keys(DEFAULT_RETRY), 'retry');
  if (poll !== undefined) checkNames(poll, ['minMs', 'maxMs', 'perSecond'], 'poll');
  strictnessOf(validate);
  if (retry?.unknownSubmits !== undefined && typeof retry.unknownSubmits !== 'boolean') {
    throw bad('retry.unknownSubmits', 'must be true or false');
  }
  for (const method of ['debug', 'info', 'warn', 'error'] as const) {
    if (logger !== undefined && typeof logger[method] !== 'function')
      throw bad(`logger.${method}`, 'must be a function');
  }
}

/** How far a call's body is checked: the first that is given counts. Throws `ConfigError` for another word. */
export function strictnessOf(...given: (Strictness | undefined)[]): Strictness {
  const word = given.find((one) => one !== undefined) ?? 'full';
  if (word === 'full' || word === 'schema' || word === 'off') return word;
  throw bad('validate', "must be 'full', 'schema' or 'off'");
}

/** The store of a client. Makes no call: a directory is made when the first record is written. */
export function journalOf(journal: ClientOptions['journal']): Journal {
  if (journal === undefined) return new MemoryJournal();
  if (typeof journal === 'string' || journal instanceof URL) return new DirectoryJournal(journal);
  if (typeof journal !== 'object' || journal === null) throw bad('journal', 'must be a path, a URL or a store');
  for (const method of ['put', 'get', 'list', 'delete'] as const) {
    if (typeof journal[method] !== 'function') throw bad(`journal.${method}`, 'must be a function');
  }
  return journal;
}

/** The timeout of one exchange. */
export function requestTimeout(options: ClientOptions): number {
  return Math.min(positive('requestTimeoutMs', options.requestTimeoutMs) ?? 60_000, LONGEST_TIMER_MS);
}

/**
 * How often tasks are asked for. Of the user's bounds one moves the other's default along; who sets any knows better than
 * the vendor when to begin.
 */
export function pollPolicy(poll: ClientOptions['poll'], standard: PollPolicy): PollPolicy {
  const min = positive('poll.minMs', poll?.minMs);
  const max = positive('poll.maxMs', poll?.maxMs);
  const { bounds, firstMs } = standard;
  const minMs = min ?? Math.min(bounds.minMs, max ?? bounds.minMs);
  const maxMs = max ?? Math.max(bounds.maxMs, minMs);
  if (minMs > maxMs) throw bad('poll.minMs', `(${minMs}) is more than poll.maxMs (${maxMs})`, 'Swap them.');
  return { bounds: { minMs, maxMs }, firstMs: min === undefined && max === undefined ? firstMs : [] };
}

/** The vendor's floor after "too many requests" (ms), unless the user asks for less than is usual, and for less than that. */
export function floorAfterRateLimit(
  { poll, retry }: ClientOptions,
  standardMs: number,
  { bounds }: PollPolicy,
): number {
  const wished = [
    [retry?.baseMs, DEFAULT_RETRY.baseMs],
    [retry?.capMs, DEFAULT_RETRY.capMs],
    [poll?.minMs, bounds.minMs],
    [poll?.maxMs, bounds.maxMs],
  ] as const;
  return wished.some(([ms, usualMs]) => ms !== undefined && ms < Math.min(usualMs, standardMs)) ? 0 : standardMs;
}

/** Status calls per second, all tasks together. */
export function pollsPerSecond(poll: ClientOptions['poll'], standard: number): number {
  return positive('poll.perSecond', poll?.perSecond) ?? standard;
}

/** The retry policy; what is not given, or given as undefined, is the default. */
export function retryPolicy(retry: ClientOptions['retry']): RetryPolicy {
  const attempts = positive('retry.attempts', retry?.attempts) ?? DEFAULT_RETRY.attempts;
  if (!Number.isInteger(attempts)) throw bad('retry.attempts', 'must be a whole number');
  return {
    attempts,
    baseMs: positive('retry.baseMs', retry?.baseMs) ?? DEFAULT_RETRY.baseMs,
    factor: positive('retry.factor', retry?.factor) ?? DEFAULT_RETRY.factor,
    capMs: positive('retry.capMs', retry?.capMs) ?? DEFAULT_RETRY.capMs,
    unknownSubmits: retry?.unknownSubmits ?? DEFAULT_RETRY.unknownSubmits,
  };
}

/** The user's hook for warnings, which cannot break anything; the console's where there is none. */
export function warner(onWarning: ClientOptions['onWarning']): (warning: Warning) => void {
  // A hook that throws has nobody left to tell.
  return guarded(onWarning ?? ((warning: Warning) => console.warn(`ima-router: ${warning.message}`)), () => {});
}

/** The user's logger, which cannot break anything. */
export function safeLogger(logger: Logger | undefined): Logger | undefined {
  if (logger === undefined) return undefined;
  const drop = () => {};
  return {
    debug: guarded(logger.debug.bind(logger), drop),
    info: guarded(logger.info.bind(logger), drop),
    warn: guarded(logger.warn.bind(logger), drop),
    error: guarded(logger.error.bind(logger), drop),
  };
}

function positive(name: string, value: number | undefined): number | undefined {
  if (value === undefined || (typeof value === 'number' && Number.isFinite(value) && value > 0)) return value;
  throw bad(name, `must be a positive number, not ${redactText(String(value))}`);
}
