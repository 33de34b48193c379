// What is left of a body when all has been said: read for a moment, so that its connection can serve the next call.

/** A body that is at its end says so within a round trip or two; a new connection costs no more than that. */
const LINGER_MS = 100;

/** After the end come a blank line, the mark that nothing more comes, or an event of the gateway's own. */
const LINGER_BYTES = 8 * 1024;

/**
 * Reads on until the body ends, in the background, for at most 100 ms and 8 KiB; then `close`, which does nothing to a
 * connection whose answer has come to its end.
 */
export function readOn(bytes: AsyncIterator<Uint8Array>, close: () => void): void {
  const timer = setTimeout(close, LINGER_MS);
  // Outside of Node a timer is a number, and keeps nothing alive.
  timer.unref?.();
  const reading = async (): Promise<void> => {
    for (let left = LINGER_BYTES; left > 0; ) {
      const next = await bytes.next();
      if (next.done) return;
      left -= next.value.length;
    }
    await bytes.return?.();
  };
  reading()
    // All has been said: how the rest ends is of no interest.
    .catch(() => {})
    .finally(() => {
      clearTimeout(timer);
      close();
    });
}
