// Calling what a user handed in: whatever it throws, now or later, must not break a paid call.

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
