// When a transfer that broke off is tried again: soon after what brought something, else ever later, and not for ever.

import { backoff, type RetryPolicy } from '../transport/index.js';

/** Silence costs its whole time again: so often in a row, at most. */
const MOST_STALLS = 2;

/** An attempt was worth it if it brought this share of the whole, or this many bytes where nobody knows the whole. */
const WORTH_SHARE = 0.01;
const WORTH_BYTES = 64 * 1024;

/** After an attempt that brought something the next one follows soon (ms). */
const NEXT_MS = 100;

/** Counts what the attempts of one transfer brought. */
export class Patience {
  readonly #retry: RetryPolicy;
  readonly #random: () => number;
  /** The most bytes that were ever there. */
  #best: number;
  /** Attempts in a row that brought nothing worth mentioning, and those of them that were silent. */
  #fruitless = 0;
  #stalls = 0;
  /** How often the file became another one. */
  #changes = 0;

  /** `bytes` are there already. */
  constructor(bytes: number, { retry, random }: { retry: RetryPolicy; random: () => number }) {
    this.#best = bytes;
    this.#retry = retry;
    this.#random = random;
  }

  /** The file is another one from now on: what comes of it is progress too, unless there is always another one. */
  changed(): void {
    if (this.#changes++ < this.#retry.attempts) this.#best = 0;
  }

  /** Milliseconds until the next attempt, with `bytes` of `total` there; undefined where there is none. */
  delayAfter(
    { retryAfterMs, isStall = false }: { retryAfterMs?: number | undefined; isStall?: boolean },
    { bytes, total }: { bytes: number; total: number | undefined },
  ): number | undefined {
    const worth = total === undefined ? WORTH_BYTES : Math.max(1, Math.min(WORTH_BYTES, total * WORTH_SHARE));
    if (bytes - this.#best >= worth) {
      this.#best = bytes;
      this.#fruitless = 0;
      this.#stalls = 0;
      return NEXT_MS * this.#random();
    }
    this.#fruitless++;
    if (isStall) this.#stalls++;
    if (this.#fruitless >= this.#retry.attempts || this.#stalls >= MOST_STALLS) return undefined;
    if (retryAfterMs !== undefined) return retryAfterMs > this.#retry.capMs ? undefined : retryAfterMs;
    return backoff(this.#fruitless, this.#retry, this.#random);
  }
}
