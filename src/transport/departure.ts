// Whether a request has left this machine, as the dispatcher beneath the platform's fetch sees it; and that it leaves once.

/** Where undici, which is Node's fetch, keeps the dispatcher of all its requests, once it is loaded. */
const GLOBAL_DISPATCHER = Symbol.for('undici.globalDispatcher.1');

/** What dispatchers call right before they write a request to a socket (undici's docs, Dispatcher): 5 to 7, and later. */
const BEGINS = ['onConnect', 'onRequestStart'] as const;

/** The versions whose fetch this is tested with. Another one may keep its dispatcher elsewhere, or talk to it otherwise. */
const KNOWN_UNDICI = /^[67]\./;

/** In the source of Node's own `fetch`, and in no wrapper or stub of it. */
const PLATFORM_FETCH = 'internal/deps/undici/undici';

/** For a request that will go by `globalThis.fetch`; undefined where that is not Node's own, of a known version. */
export function watchedDeparture(): Departure | undefined {
  const { fetch } = globalThis;
  if (typeof process === 'undefined' || !KNOWN_UNDICI.test(process.versions?.undici ?? '')) return undefined;
  if (typeof fetch !== 'function' || !Function.prototype.toString.call(fetch).includes(PLATFORM_FETCH))
    return undefined;
  // Undici is loaded with the first use of fetch, at once; this one goes nowhere.
  if (!Reflect.has(globalThis, GLOBAL_DISPATCHER)) fetch('data:,').catch(() => {});
  return isDispatcher(Reflect.get(globalThis, GLOBAL_DISPATCHER)) ? new Departure() : undefined;
}

/** One request that goes by the platform's fetch, given to it as its `dispatcher`. */
export class Departure {
  #isBlind = false;
  #hasBegun = false;

  /** False: not a byte of it has been written. True: some may have been. Undefined: nobody could see. */
  get hasBegun(): boolean | undefined {
    return this.#hasBegun || !this.#isBlind ? this.#hasBegun : undefined;
  }

  /** Hands on to whatever dispatcher fetch would have used: a user's proxy or mock, too. */
  readonly dispatcher = {
    get isMockActive(): unknown {
      return Reflect.get(globalDispatcher(), 'isMockActive');
    },
    dispatch: (request: object, handler: object): unknown => {
      // Fetch repeats what is answered with 421. Nobody but the caller's own retry policy pays twice.
      if (this.#hasBegun) throw new Error('the platform wanted to send the request a second time (HTTP 421)');
      this.#watch(handler);
      const dispatcher = globalDispatcher();
      return dispatcher.dispatch(request, handler);
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

interface Dispatcher {
  dispatch(request: object, handler: object): unknown;
}

function globalDispatcher(): Dispatcher {
  const found: unknown = Reflect.get(globalThis, GLOBAL_DISPATCHER);
  if (isDispatcher(found)) return found;
  throw new Error('the platform has no dispatcher');
}

function isDispatcher(value: unknown): value is Dispatcher {
  return typeof value === 'object' && value !== null && 'dispatch' in value && typeof value.dispatch === 'function';
}
