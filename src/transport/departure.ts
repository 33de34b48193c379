// Whether a request has left this machine, as the dispatcher beneath the platform's fetch sees it; and that it leaves once.

import { type Dispatching, globalDispatcher, isPlatformFetch } from './platform.js';

/** What dispatchers call right before they write a request to a socket (undici's docs, Dispatcher): 5 to 7, and later. */
const BEGINS = ['onConnect', 'onRequestStart'] as const;

/** The versions whose fetch this is tested with. Another one may keep its dispatcher elsewhere, or talk to it otherwise. */
const KNOWN_UNDICI = /^[67]\./;

/** The platform waits so long (ms) for a head, and for each piece of a body, unless told otherwise. */
const PLATFORM_PATIENCE_MS = 300_000;

/** For a request that will go by `globalThis.fetch` and is given `timeoutMs`; undefined where that is not Node's own, of a known version. */
export function watchedDeparture(timeoutMs: number): Departure | undefined {
  const { fetch } = globalThis;
  if (typeof process === 'undefined' || !KNOWN_UNDICI.test(process.versions?.undici ?? '')) return undefined;
  if (!isPlatformFetch(fetch)) return undefined;
  // Undici is loaded with the first use of fetch, at once; this one goes nowhere.
  if (globalDispatcher() === undefined) fetch('data:,').catch(() => {});
  return globalDispatcher() === undefined ? undefined : new Departure(timeoutMs);
}

/** One request that goes by the platform's fetch, given to it as its `dispatcher`. */
export class Departure {
  #isBlind = false;
  #hasBegun = false;
  /** What the platform is told of its own timeouts: nothing, unless they are shorter than ours. */
  readonly #patience: object;

  constructor(timeoutMs: number) {
    this.#patience = timeoutMs < PLATFORM_PATIENCE_MS ? {} : { headersTimeout: 0, bodyTimeout: 0 };
  }

  /** False: not a byte of it has been written. True: some may have been. Undefined: nobody could see. */
  get hasBegun(): boolean | undefined {
    return this.#hasBegun || !this.#isBlind ? this.#hasBegun : undefined;
  }

  /** Hands on to whatever dispatcher fetch would have used: a user's proxy or mock, too. */
  readonly dispatcher = {
    get isMockActive(): unknown {
      return Reflect.get(present(), 'isMockActive');
    },
    dispatch: (request: object, handler: object): unknown => {
      // Fetch repeats what is answered with 421. Nobody but the caller's own retry policy pays twice.
      if (this.#hasBegun) throw new Error('the platform wanted to send the request a second time (HTTP 421)');
      this.#watch(handler);
      return present().dispatch({ ...request, ...this.#patience }, handler);
    },
  };

  /** In place: dispatchers copy and wrap handlers. */
  #watch(handler: object): void {
    const begin = (): void => {
      this.#hasBegun = true;
    };
    let isSeen = false;
    for (const name of BEGINS) {
      const original: unknown = Reflect.get(handler, name);
      if (typeof original !== 'function') continue;
      isSeen = Reflect.set(handler, name, function (this: unknown, ...details: unknown[]): unknown {
        begin();
        return Reflect.apply(original, this, details);
      });
    }
    this.#isBlind ||= !isSeen;
  }
}

function present(): Dispatching {
  const found = globalDispatcher();
  if (found === undefined) throw new Error('the platform has no dispatcher');
  return found;
}
