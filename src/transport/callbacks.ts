// Calling what others handed in: what a user's callback throws breaks no paid call, and an abort signal is heard once.

/** `callback` as a function that never throws and never leaves a rejection behind; `failed` is told instead. */
export function guarded<Args extends unknown[]>(
  callback: ((...args: Args) => unknown) | undefined,
  failed: (error: unknown) => void,
): (...args: Args) => void {
  return (...args) => {
    try {
      const returned = callback?.(...args);
      // An `async` callback fails later: as an unhandled rejection, which ends a Node process.
      if (returned instanceof Promise) returned.catch(failed);
    } catch (error) {
      failed(error);
    }
  };
}

/** What a thrown thing says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A signal that fires with `signal`. Its listeners do not count towards the caller's, who may share one among many. */
export function derived(signal: AbortSignal | undefined): AbortSignal | undefined {
  return signal === undefined ? undefined : AbortSignal.any([signal]);
}

const nothing = (): void => {};

/** The listeners of one signal by their own way out, in the order in which they came. */
type Listeners = Map<() => void, () => void>;

/**
 * Listens to abort signals for many at once. Ten thousand waits on one signal are one listener of that signal: it warns
 * of no leak, and to leave is no search through all of them. With the last wait that listener goes too.
 */
export class Aborts {
  readonly #heard = new WeakMap<AbortSignal, { listeners: Listeners; stop: () => void }>();

  /**
   * Calls `listener`, which must not throw, when `signal` fires; as with the platform's listeners, not for a signal that
   * has fired before. Gives the way out, which may be taken more than once.
   */
  on(signal: AbortSignal | undefined, listener: () => void): () => void {
    if (signal === undefined || signal.aborted) return nothing;
    const { listeners, stop } = this.#heard.get(signal) ?? this.#listen(signal);
    const off = (): void => {
      if (listeners.delete(off) && listeners.size === 0) stop();
    };
    listeners.set(off, listener);
    return off;
  }

  #listen(signal: AbortSignal): { listeners: Listeners; stop: () => void } {
    const listeners: Listeners = new Map();
    const stop = (): void => {
      signal.removeEventListener('abort', fire);
      this.#heard.delete(signal);
    };
    const fire = (): void => {
      stop();
      for (const [off, listener] of listeners) {
        listeners.delete(off);
        listener();
      }
    };
    signal.addEventListener('abort', fire);
    const heard = { listeners, stop };
    this.#heard.set(signal, heard);
    return heard;
  }
}
