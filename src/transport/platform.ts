// What is known of Node's own fetch: how to tell it from a stub, and where the dispatcher beneath it stands.

/**
 * Where undici, which is Node's fetch, keeps the dispatcher that all of its requests go through; it is there as soon as
 * fetch was called once. A proxy or a mock that a user sets with `setGlobalDispatcher` stands there too.
 */
const GLOBAL_DISPATCHER = Symbol.for('undici.globalDispatcher.1');

/** In the source of Node's own `fetch` (20 to 24), and in no wrapper or stub of it. */
const PLATFORM_FETCH = 'internal/deps/undici/undici';

/** What sends a request, as far as anybody can tell by looking. */
export interface Dispatching {
  dispatch(request: object, handler: object): unknown;
}

export function isPlatformFetch(fetch: unknown): boolean {
  return typeof fetch === 'function' && Function.prototype.toString.call(fetch).includes(PLATFORM_FETCH);
}

/** The dispatcher of all requests; undefined where there is none, or none yet. */
export function globalDispatcher(): Dispatching | undefined {
  const found: unknown = Reflect.get(globalThis, GLOBAL_DISPATCHER);
  return isDispatching(found) ? found : undefined;
}

function isDispatching(value: unknown): value is Dispatching {
  return typeof value === 'object' && value !== null && 'dispatch' in value && typeof value.dispatch === 'function';
}
