// The short way out for calls that buy nothing: the dispatcher beneath the platform's fetch, wherever it does the same.

import { Answer, Body, type Sending, type Shortcut, type UnreadHeaders, type WireRequest } from './exchange.js';
import { type Dispatching, globalDispatcher, isPlatformFetch } from './platform.js';

/** Header names and values as they come: bytes in Latin-1, mostly; texts from some mocks and interceptors. */
interface RawText {
  readonly length: number;
  toString(encoding: 'latin1'): string;
}

/** Name, value, name, value, …; a list of values is that of a name which came more than once. */
type RawHeaders = readonly (RawText | RawText[])[];

/** Undici's handler in the form that its own fetch uses, and that dispatchers of all versions take. */
interface Handler {
  onConnect(abort: (reason: unknown) => void): void;
  onHeaders(status: number, headers: RawHeaders): boolean;
  onData(chunk: Uint8Array): boolean;
  onComplete(): void;
  onError(error: unknown): void;
}

/**
 * What fetch sends by itself under `cache: 'no-store'`, for a gateway's edge may look at it. But no coding is asked for,
 * since nothing here undoes one.
 */
const FETCH_HEADERS: Readonly<Record<string, string>> = {
  accept: '*/*',
  'accept-encoding': 'identity',
  'accept-language': '*',
  'cache-control': 'no-cache',
  pragma: 'no-cache',
  'user-agent': 'node',
};

/** Statuses that fetch takes as having no body, whatever follows. */
const BODYLESS = new Set([204, 205, 304]);

/** Statuses that fetch deals with itself: it refuses a proxy's demand for a password, and repeats on a new connection. */
const LEFT_TO_FETCH = new Set([407, 421]);

/** The dispatcher beneath the platform's fetch, for the status calls of one client. */
export class PlatformDispatcher implements Shortcut {
  /** The `fetch` looked at last, and whether it is the platform's own. */
  #fetch: unknown;
  #isPlatforms = false;
  /** Dispatchers that do not take our handler. */
  readonly #refused = new WeakSet<object>();
  /** The gateway encodes its answers unasked. */
  #encodes = false;
  /** The headers asked for last, and what became of them: status calls share one object. */
  #headers: { given: Record<string, string>; sent: Record<string, string> } | undefined;

  /** Undefined for whatever fetch would not send as it is, and where there is no dispatcher. */
  send(request: WireRequest, maxBytes: number | undefined): Sending | undefined {
    if (this.#encodes || request.method !== 'GET' || request.body !== undefined) return undefined;
    const dispatcher = this.#dispatcher();
    if (dispatcher === undefined) return undefined;
    try {
      const { origin, username, password, pathname, search } = new URL(request.url);
      // Fetch refuses credentials in an address, the dispatcher would pass them over.
      if (username !== '' || password !== '') return undefined;
      const headers = this.#headersFor(request.headers);
      return this.#dispatch(dispatcher, { origin, path: pathname + search, headers, maxBytes });
    } catch {
      // No URL, or a header that cannot be sent: fetch says so.
      return undefined;
    }
  }

  #dispatch(
    dispatcher: Dispatching,
    to: { origin: string; path: string; headers: Record<string, string>; maxBytes: number | undefined },
  ): Sending {
    let stop: ((reason: unknown) => void) | undefined;
    let stopped: { reason: unknown } | undefined;
    const abort = (reason: unknown): void => {
      stopped ??= { reason };
      stop?.(reason);
    };
    const answer = new Promise<Answer | undefined>((resolve, reject) => {
      const refuse = (): void => {
        this.#refused.add(dispatcher);
        resolve(undefined);
      };
      let status = 0;
      let headers: RawHeaders = [];
      let body = new Body(to.maxBytes);
      // Functions of no object: interceptors copy and wrap handlers.
      const handler: Handler = {
        onConnect: (abortRequest) => {
          stop = abortRequest;
          if (stopped !== undefined) abortRequest(stopped.reason);
        },
        // The last ones count: before them there may be those of a 1xx, or of an answer that an interceptor gave up.
        onHeaders: (code, raw) => {
          status = code;
          headers = raw;
          body = new Body(to.maxBytes);
          return true;
        },
        onData: (chunk) => {
          try {
            if (!BODYLESS.has(status)) body.add(chunk);
          } catch (error) {
            reject(error);
            abort(error);
          }
          return true;
        },
        onComplete: () => {
          const { bytes } = body;
          const whole = new Answer(status, new Unread(headers), bytes);
          const isEncoded = bytes.length > 0 && (whole.header('content-encoding') ?? 'identity') !== 'identity';
          if (isEncoded) this.#encodes = true;
          resolve(isEncoded || LEFT_TO_FETCH.has(status) ? undefined : whole);
        },
        onError: (error) => {
          if (stop === undefined && isInvalidArgument(error)) refuse();
          else reject(error);
        },
      };
      const { origin, path } = to;
      try {
        dispatcher.dispatch({ origin, path, method: 'GET', headers: to.headers, maxRedirections: 0 }, handler);
      } catch {
        refuse();
      }
    });
    return { answer, abort };
  }

  /** The dispatcher that `fetch` would use at this moment, as long as `fetch` is the platform's own. */
  #dispatcher(): Dispatching | undefined {
    const { fetch } = globalThis;
    if (fetch !== this.#fetch) {
      this.#fetch = fetch;
      this.#isPlatforms = isPlatformFetch(fetch);
    }
    if (!this.#isPlatforms) return undefined;
    const found = globalDispatcher();
    return found !== undefined && !this.#refused.has(found) ? found : undefined;
  }

  /** Throws where fetch throws: for a header that cannot be sent. */
  #headersFor(given: Record<string, string>): Record<string, string> {
    if (this.#headers?.given !== given) {
      this.#headers = {
        given,
        sent: { ...FETCH_HEADERS, ...Object.fromEntries(new Headers(given)), 'sec-fetch-mode': 'cors' },
      };
    }
    return this.#headers.sent;
  }
}

function isInvalidArgument(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'UND_ERR_INVALID_ARG';
}

/** The bytes of an answer's headers; texts are made of those that are asked for. */
class Unread implements UnreadHeaders {
  readonly #raw: RawHeaders;

  constructor(raw: RawHeaders) {
    this.#raw = raw;
  }

  get(name: string): string | null {
    const wanted = name.toLowerCase();
    let found: string | null = null;
    for (let at = 0; at + 1 < this.#raw.length; at += 2) {
      const one = this.#raw[at] ?? '';
      if (one.length !== wanted.length || textOf(one).toLowerCase() !== wanted) continue;
      for (const value of valuesAt(this.#raw, at)) found = found === null ? value : `${found}, ${value}`;
    }
    return found;
  }

  read(): Headers {
    const headers = new Headers();
    for (let at = 0; at + 1 < this.#raw.length; at += 2) {
      for (const value of valuesAt(this.#raw, at)) headers.append(textOf(this.#raw[at] ?? ''), value);
    }
    return headers;
  }
}

/** The values of the name at `at`, without the blanks around them: undici leaves those at the end in place. */
function valuesAt(raw: RawHeaders, at: number): string[] {
  const value = raw[at + 1] ?? '';
  return (Array.isArray(value) ? value : [value]).map((one) => textOf(one).replace(BLANKS, ''));
}

const BLANKS = /^[\t ]+|[\t ]+$/g;

function textOf(raw: RawText | RawText[]): string {
  return Array.isArray(raw) ? raw.map(textOf).join(', ') : raw.toString('latin1');
}
