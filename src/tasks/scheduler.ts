// Whose turn it is: all waits of a client on one timer, in the order in which they fall due.

import { LONGEST_TIMER_MS } from '../transport/index.js';

/** A wait for a turn. Times in milliseconds, on the scheduler's clock. */
export interface Wait {
  /** Not before this, unless `notAfter` is earlier. */
  dueAt: number;
  /** At this moment the turn comes whatever the budget says: a deadline is a deadline. */
  notAfter: number;
  signal?: AbortSignal | undefined;
}

interface Turn {
  dueAt: number;
  notAfter: number;
  resolve: () => void;
}

/** Hands out turns. One timer serves any number of waiting tasks; `perSecond` bounds the turns of all together. */
export class Scheduler {
  /** The same turns twice: by due time, and by the moment at which they stop to wait for the budget. */
  readonly #byDue: Turn[] = [];
  readonly #byDeadline: Turn[] = [];
  readonly #now: () => number;
  readonly #spacingMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #nextSlot = 0;

  constructor(options: { perSecond: number; now: () => number }) {
    this.#now = options.now;
    this.#spacingMs = 1000 / options.perSecond;
  }

  /** Resolves when the time has come and the budget allows; rejects with the signal's reason. */
  async turn({ dueAt, notAfter, signal }: Wait): Promise<void> {
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const turn: Turn = {
        dueAt: Math.min(dueAt, notAfter),
        notAfter,
        resolve: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      const onAbort = () => {
        this.#remove(turn);
        this.#arm();
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      insert(this.#byDue, turn, (other) => other.dueAt <= turn.dueAt);
      insert(this.#byDeadline, turn, (other) => other.notAfter <= notAfter);
      this.#arm();
    });
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const first = this.#byDue[0];
    if (first === undefined) return;
    const at = Math.min(
      Math.max(first.dueAt, this.#nextSlot),
      this.#byDeadline[0]?.notAfter ?? Number.POSITIVE_INFINITY,
    );
    const delay = Math.min(Math.max(0, at - this.#now()), LONGEST_TIMER_MS);
    this.#timer = setTimeout(() => this.#release(), delay);
  }

  #release(): void {
    const now = this.#now();
    for (let late = this.#byDeadline[0]; late !== undefined && late.notAfter <= now; late = this.#byDeadline[0]) {
      this.#remove(late);
      late.resolve();
    }
    const first = this.#byDue[0];
    if (first !== undefined && first.dueAt <= now && this.#nextSlot <= now) {
      this.#remove(first);
      // A timer that fires late must not lower the rate; an idle hour must not save up a burst.
      const slot = this.#nextSlot > now - this.#spacingMs ? this.#nextSlot : now;
      this.#nextSlot = slot + this.#spacingMs;
      first.resolve();
    }
    this.#arm();
  }

  #remove(turn: Turn): void {
    for (const queue of [this.#byDue, this.#byDeadline]) {
      const at = queue.indexOf(turn);
      if (at >= 0) queue.splice(at, 1);
    }
  }
}

/** Puts `turn` behind all that go before it (`before`, true for a leading run of the queue): first come, first served. */
function insert(queue: Turn[], turn: Turn, before: (other: Turn) => boolean): void {
  let low = 0;
  let high = queue.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = queue[middle];
    if (other !== undefined && before(other)) low = middle + 1;
    else high = middle;
  }
  queue.splice(low, 0, turn);
}
