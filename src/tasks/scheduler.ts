// Whose turn it is: all waits of a client on one timer, in the order in which they fall due.

/** A wait in the queue. */
interface Turn {
  dueAt: number;
  resolve: () => void;
}

/** Hands out turns. One timer serves any number of waiting tasks; `perSecond` bounds the turns of all together. */
export class Scheduler {
  readonly #queue: Turn[] = [];
  readonly #now: () => number;
  readonly #spacingMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #nextSlot = 0;

  constructor(options: { perSecond: number; now: () => number }) {
    this.#now = options.now;
    this.#spacingMs = 1000 / options.perSecond;
  }

  /** Resolves when `dueAt` (ms since the epoch) has come and the budget allows; rejects with the signal's reason. */
  async turn(dueAt: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const turn: Turn = {
        dueAt,
        resolve: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      const onAbort = () => {
        const at = this.#queue.indexOf(turn);
        if (at >= 0) this.#queue.splice(at, 1);
        this.#arm();
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#queue.splice(this.#position(dueAt), 0, turn);
      this.#arm();
    });
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const first = this.#queue[0];
    if (first === undefined) return;
    const at = Math.max(first.dueAt, this.#nextSlot);
    this.#timer = setTimeout(() => this.#release(), Math.max(0, at - this.#now()));
  }

  #release(): void {
    const now = this.#now();
    const first = this.#queue[0];
    if (first !== undefined && first.dueAt <= now && this.#nextSlot <= now) {
      this.#queue.shift();
      // A timer that fires late must not lower the rate; an idle hour must not save up a burst.
      const slot = this.#nextSlot > now - this.#spacingMs ? this.#nextSlot : now;
      this.#nextSlot = slot + this.#spacingMs;
      first.resolve();
    }
    this.#arm();
  }

  /** Behind all that fall due at the same time or earlier: first come, first served. */
  #position(dueAt: number): number {
    let low = 0;
    let high = this.#queue.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#queue[middle]?.dueAt ?? 0) <= dueAt) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
