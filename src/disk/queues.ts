// Work that must not run all at once: so many at a time, or one after the other where it is about the same thing.

/** Files open at once in a scan: enough to keep the threads busy, few among the 256 that the smallest limits allow. */
const READS_AT_ONCE = 32;

/** Lets at most `limit` jobs run at once, in the order in which they came. */
export class Gate {
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  async run<T>(job: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#limit) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running++;
    try {
      return await job();
    } finally {
      // Whoever waits takes over the place, so that nobody slips in between.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}

/** Jobs of one key run one after the other, those of different keys side by side. */
export class KeyedQueue {
  readonly #last = new Map<string, Promise<void>>();

  run<T>(key: string, job: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const mine = before === undefined ? job() : before.then(job);
    const done: Promise<void> = mine
      .then(
        () => {},
        () => {},
      )
      .then(() => {
        if (this.#last.get(key) === done) this.#last.delete(key);
      });
    this.#last.set(key, done);
    return mine;
  }
}

/** Runs `job` on each of `items`, at most `READS_AT_ONCE` at a time. Rejects with the first failure. */
export async function eachOf<T>(items: Iterable<T>, job: (item: T) => Promise<void>): Promise<void> {
  const rest = items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = rest.next(); next.done !== true; next = rest.next()) await job(next.value);
  };
  await Promise.all(Array.from({ length: READS_AT_ONCE }, worker));
}
