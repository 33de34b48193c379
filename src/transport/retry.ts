// When an exchange is repeated, and after how long: pure decisions, random handed in.

import type { Failure } from './failure.js';

/** Retry settings. `attempts` counts exchanges, the first included; delays are in milliseconds. */
export interface RetryPolicy {
  attempts: number;
  baseMs: number;
  factor: number;
  /** The longest delay; a longer `Retry-After` is not waited for. */
  capMs: number;
  /** Send a submit again although the first may have been taken. May pay twice: off unless asked for. */
  unknownSubmits: boolean;
}

/** Vendor rule (seed 000): backoff from 1 s, factor 2, at most 60 s; 5xx at most 3 retries. */
export const DEFAULT_RETRY: RetryPolicy = {
  attempts: 4,
  baseMs: 1000,
  factor: 2,
  capMs: 60_000,
  unknownSubmits: false,
};

/** How one exchange ended, as far as a retry is concerned. `leastMs`: nobody asks again sooner, whatever the policy draws. */
export type Ending =
  | { type: 'failure'; failure: Failure }
  | { type: 'refused'; retryable: boolean; retryAfterMs: number | undefined; leastMs?: number | undefined }
  | { type: 'untrusted' };

/** `null` = do not repeat; otherwise the delay in milliseconds. `paid` marks an exchange that buys something. */
export function retryDelay(
  ending: Ending,
  at: { attempt: number; paid: boolean; policy: RetryPolicy; random: () => number },
): number | null {
  const { attempt, paid, policy } = at;
  if (attempt >= policy.attempts) return null;
  switch (ending.type) {
    case 'failure':
      if (ending.failure.by === 'caller') return null;
      if (ending.failure.kind === 'lost' && paid && !policy.unknownSubmits) return null;
      break;
    case 'untrusted':
      if (paid && !policy.unknownSubmits) return null;
      break;
    case 'refused':
      if (!ending.retryable) return null;
      if (ending.retryAfterMs !== undefined && ending.retryAfterMs > policy.capMs) return null;
      return Math.max(ending.retryAfterMs ?? backoff(attempt, policy, at.random), ending.leastMs ?? 0);
  }
  return backoff(attempt, policy, at.random);
}

/** Exponential backoff with equal jitter: between half and all of `baseMs × factor^(attempt-1)`, at most `capMs`. */
export function backoff(
  attempt: number,
  policy: Pick<RetryPolicy, 'baseMs' | 'factor' | 'capMs'>,
  random: () => number,
): number {
  const full = Math.min(policy.capMs, policy.baseMs * policy.factor ** (attempt - 1));
  return full / 2 + (full / 2) * random();
}

/** `Retry-After` in milliseconds (delta-seconds or HTTP date); undefined when absent or not of that grammar. */
export function parseRetryAfter(value: string | null, nowMs: number): number | undefined {
  if (value === null) return undefined;
  const text = value.trim();
  if (/^\d{1,9}(\.\d{1,3})?$/.test(text)) return Math.round(Number(text) * 1000);
  if (!/^[A-Z][a-z]{2}, /.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}
