// Giving up: who is told when a caller's signal fires, cheaply enough for ten thousand waits and thousands of calls a second.

/** A signal that fires with `signal`. Its listeners do not count towards the caller's, who may share one among many. */
export function derived(signal: AbortSignal | undefined): AbortSignal | undefined {
  if (signal === undefined) return undefined;
  if (isOfThisRealm(signal)) return anyOf([signal]);
  // Node 24 does not take another one's, and others do not hear it.
  const own = new AbortController();
  const fire = (): void => own.abort(signal.reason);
  if (signal.aborted) fire();
  else signal.addEventListener('abort', fire, { once: true });
  Object.defineProperty(own.signal, SOURCES, { value: [signal] });
  return own.signal;
}

/** Where a signal keeps those that it fires with. */
const SOURCES = Symbol('sources');

/**
 * A signal that fires with the first of `signals`, and keeps them alive: `AbortSignal.any` does not, so that Node lets go
 * of an `AbortSignal.timeout` that nobody else holds, and nobody ever hears it (20.20 and 24.21, after a collection).
 */
export function anyOf(signals: readonly AbortSignal[]): AbortSignal {
  const first = AbortSignal.any([...signals]);
  Object.defineProperty(first, SOURCES, { value: [...signals] });
  return first;
}

function isOfThisRealm(signal: object): boolean {
  return signal instanceof AbortSignal;
}

/** Listeners in the order in which they came; each is called once at most, and must not throw. */
class Listeners {
  /** By their own way out. */
  readonly #all = new Map<() => void, () => void>();
  readonly #emptied: (() => void) | undefined;

  constructor(emptied?: () => void) {
    this.#emptied = emptied;
  }

  /** Gives the way out, which may be taken more than once. */
  add(listener: () => void): () => void {
    const off = (): void => {
      if (this.#all.delete(off) && this.#all.size === 0) this.#emptied?.();
    };
    this.#all.set(off, listener);
    return off;
  }

  fire(): void {
    for (const [off, listener] of this.#all) {
      off();
      listener();
    }
  }
}

/**
 * Gives up a call, as an AbortController would, at a small part of its price (some 20 µs of CPU with its signal and that
 * signal's listeners): status calls are made by the thousand, and each must be one that can be given up.
 */
export class Stop {
  readonly #listeners = new Listeners();
  #fired: { reason: unknown } | undefined;

  get aborted(): boolean {
    return this.#fired !== undefined;
  }

  get reason(): unknown {
    return this.#fired?.reason;
  }

  /** Only the first time counts. */
  abort(reason: unknown): void {
    if (this.#fired !== undefined) return;
    this.#fired = { reason };
    this.#listeners.fire();
  }

  /** As `Aborts.on` does it. */
  on(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }
}

const nothing = (): void => {};

/**
 * Listens to abort signals for many at once. Ten thousand waits on one signal are one listener of that signal: it warns
 * of no leak, and to leave is no search through all of them. With the last wait that listener goes too.
 */
export class Aborts {
  readonly #heard = new WeakMap<AbortSignal, Listeners>();

  /**
   * Calls `listener`, which must not throw, when `signal` fires; as with the platform's listeners, not for a signal that
   * has fired before. Gives the way out, which may be taken more than once.
   */
  on(signal: AbortSignal | Stop | undefined, listener: () => void): () => void {
    if (signal === undefined || signal.aborted) return nothing;
    if (signal instanceof Stop) return signal.on(listener);
    return (this.#heard.get(signal) ?? this.#listen(signal)).add(listener);
  }

  #listen(signal: AbortSignal): Listeners {
    const listeners = new Listeners(() => {
      signal.removeEventListener('abort', fire);
      this.#heard.delete(signal);
    });
    const fire = (): void => listeners.fire();
    signal.addEventListener('abort', fire);
    this.#heard.set(signal, listeners);
    return listeners;
  }
}
