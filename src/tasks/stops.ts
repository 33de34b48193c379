// Giving up what is not sent yet: whoever stops is let go at once, whatever a store or a file is still at.

import { anyOf, derived, WaitAbortedError } from '../transport/index.js';

/** The two ways to stop a submit. */
export interface Stops {
  /** Cuts off, in mid-request too. */
  signal?: AbortSignal | undefined;
  /** Begins no exchange any more, but lets one that is under way come to its end. */
  stop?: AbortSignal | undefined;
}

/** Throws `WaitAbortedError`. */
export function assertNotStopped({ signal, stop }: Stops): void {
  for (const one of [signal, stop]) if (one?.aborted) throw notSent(one);
}

function notSent(signal: AbortSignal): WaitAbortedError {
  return new WaitAbortedError('The submit was aborted before it was sent.', {
    code: 'aborted',
    phase: 'submit',
    hint: 'Nothing was bought by this call.',
    cause: signal.reason,
  });
}

/** What `work` comes to, unless the caller stops first: a store that hangs must not hold him. `givenUp` is called then. */
export async function unlessStopped<Value>(work: Promise<Value>, at: Stops, givenUp?: () => void): Promise<Value> {
  const signals = [derived(at.signal), derived(at.stop)].filter((one) => one !== undefined);
  if (signals.length === 0) return work;
  const stopped = anyOf(signals);
  return new Promise<Value>((resolve, reject) => {
    const stop = (): void => {
      reject(notSent(stopped));
      givenUp?.();
    };
    if (stopped.aborted) {
      work.catch(() => {});
      return stop();
    }
    stopped.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => stopped.removeEventListener('abort', stop));
  });
}
