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

  /** What `work`, which waits for bytes, comes to; it counts as idle only meanwhile. */
  async watch<Value>(work: () => Promise<Value>): Promise<Value> {
    this.fed();
    this.#timer = setTimeout(this.#look, this.#idleTimeoutMs);
    try {
      return await work();
    } finally {
      clearTimeout(this.#timer);
    }
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
