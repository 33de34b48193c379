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

/**
 * Whether fetch takes the straight way to the server: the platform's own fetch, and beneath it undici's agent as it
 * comes. Not so with a proxy (`NODE_USE_ENV_PROXY` too), a mock, an interceptor, or an agent with settings of its own.
 */
export function fetchesDirectly(): boolean {
  if (typeof process === 'undefined' || !isPlatformFetch(globalThis.fetch)) return false;
  const agent = globalDispatcher();
  if (agent === undefined) return true;
  const base: unknown = Object.getPrototypeOf(Object.getPrototypeOf(agent));
  const isComposed = !isDispatching(base) || base.dispatch !== agent.dispatch;
  if (agent.constructor.name !== 'Agent' || isComposed) return false;
  const symbols = Object.getOwnPropertySymbols(agent);
  const hidden = (name: string): unknown => {
    const found = symbols.find(({ description }) => description === name);
    return found === undefined ? undefined : Reflect.get(agent, found);
  };
  const [options, factory] = [hidden('options'), hidden('factory')];
  if (typeof options !== 'object' || options === null || typeof factory !== 'function') return false;
  // Node 24 has a limit in there that is none.
  const isUnset = (value: unknown) => value === undefined || value === null || value === Number.POSITIVE_INFINITY;
  return Object.values(options).every(isUnset) && factory.name === 'defaultFactory';
}

function isDispatching(value: unknown): value is Dispatching {
  return typeof value === 'object' && value !== null && 'dispatch' in value && typeof value.dispatch === 'function';
}
