// Which tasks were given what they waited for a moment ago: what their gateway still tells of their waiting is old.

import type { StateReading } from './state.js';

/**
 * For so long (ms) a gateway may go on telling that a task waits which was answered: some look at what stands behind them
 * every 15 s only (field-notes A1). Two looks may be missed; after that it waits for something else.
 */
const LAG_MS = 60_000;

/** The answers that one client gave. */
export class Answered {
  readonly #now: () => number;
  /** By id, when; the oldest first. */
  readonly #at = new Map<string, number>();

  /** `now` gives milliseconds on a clock that never goes back. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The task was given what it waited for. */
  add(id: string): void {
    this.#at.delete(id);
    this.#at.set(id, this.#now());
    for (const old of this.#at.keys()) {
      if (this.has(old)) break;
      this.#at.delete(old);
    }
  }

  /** Whether that was a moment ago. */
  has(id: string): boolean {
    const at = this.#at.get(id);
    return at !== undefined && this.#now() - at < LAG_MS;
  }

  /** `reading` without a need that was met. */
  read(id: string, reading: StateReading | null): StateReading | null {
    return reading?.needs === undefined || !this.has(id) ? reading : { ...reading, needs: undefined };
  }
}
