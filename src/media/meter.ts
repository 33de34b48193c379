// How fast a transfer is, and when it will be over.

import type { DownloadProgress } from './facts.js';

/** The speed is that of the last seconds: an average since the start would not notice a change. */
const WINDOW_MS = 5000;

/** Marks are set this far apart (ms): closer ones would only be noise. */
const MARK_MS = 100;

/** Less time than this (ms) tells nothing of a speed. */
const LEAST_MS = 20;

/** Watches one transfer. */
export class Meter {
  readonly #now: () => number;
  readonly #marks: { at: number; bytes: number }[] = [];

  /** `now` in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** So many bytes are there from elsewhere, or are there no more: it is from here that speed counts. */
  begin(bytes: number): void {
    this.#marks.splice(0, this.#marks.length, { at: this.#now(), bytes });
  }

  /** `bytes` of `total` are there now. */
  progress(bytes: number, total: number | undefined): DownloadProgress {
    const at = this.#now();
    while (this.#marks.length > 1 && at - (this.#marks[1]?.at ?? at) > WINDOW_MS) this.#marks.shift();
    const [first = { at, bytes }] = this.#marks;
    if (at - (this.#marks.at(-1)?.at ?? 0) >= MARK_MS) this.#marks.push({ at, bytes });
    const bytesPerSecond = at - first.at < LEAST_MS ? undefined : ((bytes - first.bytes) * 1000) / (at - first.at);
    const isTold = total !== undefined && bytesPerSecond !== undefined && bytesPerSecond > 0;
    return {
      bytes,
      total,
      bytesPerSecond,
      etaSeconds: isTold ? Math.max(0, total - bytes) / bytesPerSecond : undefined,
    };
  }
}
