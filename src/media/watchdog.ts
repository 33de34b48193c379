// One signal for the ways in which an attempt at a transfer is given up: silence, the caller, its end.

import { derived } from '../transport/index.js';

/** Barks after `idleTimeoutMs` of silence while somebody waits for bytes, and when the caller's signal fires. */
export class Watchdog {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #idleTimeoutMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastByteAt = 0;
  #idle = false;

  constructor(idleTimeoutMs: number, caller: AbortSignal | undefined) {
    this.#idleTimeoutMs = idleTimeoutMs;
    this.#caller = derived(caller);
    if (this.#caller?.aborted) this.#onCaller();
    this.#caller?.addEventListener('abort', this.#onCaller, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Nothing came for too long. */
  get isIdle(): boolean {
    return this.#idle;
  }

  /** Bytes have come. */
  readonly fed = (): void => {
    this.#lastByteAt = performance.now();
  };

  /**
   * What `work`, which waits for bytes, comes to; it counts as idle only meanwhile. It is left at once when the signal
   * fires, for a user's own `fetch` may not hear it: what comes after that is given to `late`.
   */
  watch<Value>(work: Promise<Value>, late?: (value: Value) => void): Promise<Value> {
    this.fed();
    this.#timer = setTimeout(this.#look, this.#idleTimeoutMs);
    const { signal } = this.#controller;
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        reject(signal.reason);
        work.then(late, () => {});
      };
      const end = (): void => {
        clearTimeout(this.#timer);
        signal.removeEventListener('abort', leave);
      };
      if (signal.aborted) leave();
      else signal.addEventListener('abort', leave, { once: true });
      // The end comes first: who is told of the value may ask for the next one at once, and that has a timer of its own.
      work.then(
        (value) => {
          end();
          resolve(value);
        },
        (error: unknown) => {
          end();
          reject(error);
        },
      );
    });
  }

  /** Forgets the caller, and ends what is still going on. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#caller?.removeEventListener('abort', this.#onCaller);
    this.#controller.abort(new Error('over'));
  }

  /** One timer for many bytes: it looks when the last ones came. */
  readonly #look = (): void => {
    const leftMs = this.#lastByteAt + this.#idleTimeoutMs - performance.now();
    if (leftMs > 0) {
      this.#timer = setTimeout(this.#look, Math.ceil(leftMs));
      return;
    }
    this.#idle = true;
    this.#controller.abort(new Error(`no byte for ${this.#idleTimeoutMs} ms`));
  };

  readonly #onCaller = (): void => this.#controller.abort(this.#caller?.reason);
}
