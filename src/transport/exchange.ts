// One HTTP exchange: a request out, a whole answer back, under one timeout that covers the body too.

import { Aborts, type Stop } from './aborts.js';
import type { Departure } from './departure.js';
import { classifyFailure, type Failure } from './failure.js';

/** What a user-supplied `fetch` is called with: the part of `RequestInit` that this library uses. */
export interface FetchInit {
  method: string;
  headers: Record<string, string>;
  body?: string | Uint8Array<ArrayBuffer>;
  redirect: 'manual';
  cache: 'no-store';
  signal: AbortSignal;
}

/** The `fetch` that a user may hand in; the platform's own fits. */
export type FetchLike = (input: string, init: FetchInit) => Promise<Response>;

/** A request as it leaves: absolute URL, final headers, serialised body. */
export interface WireRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: string | Uint8Array<ArrayBuffer> | undefined;
}

/** One for all: it keeps nothing from one call to the next. */
const UTF8 = new TextDecoder();

/** Headers as they came, of which most are never looked at. */
export interface UnreadHeaders {
  /** As `Headers` does it. */
  get(name: string): string | null;
  read(): Headers;
}

/** A complete answer. `headers`, `text` and `json` are read on demand; `json` is undefined when the body is not JSON. */
export class Answer {
  #headers: Headers | UnreadHeaders;
  #text: string | undefined;
  #json: { value: unknown } | undefined;

  constructor(
    readonly status: number,
    headers: Headers | UnreadHeaders,
    readonly bytes: Uint8Array,
  ) {
    this.#headers = headers;
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  get headers(): Headers {
    // Not by class: a `fetch` that a user handed in may have a `Headers` of its own.
    if ('read' in this.#headers) this.#headers = this.#headers.read();
    return this.#headers;
  }

  /** The same as `headers.get(name)`, for who wants one or two of them from every answer. */
  header(name: string): string | null {
    return this.#headers.get(name);
  }

  get text(): string {
    this.#text ??= UTF8.decode(this.bytes);
    return this.#text;
  }

  get json(): unknown {
    this.#json ??= { value: parseJson(this.text) };
    return this.#json.value;
  }
}

/** Either a whole answer or a classified failure; this function does not throw. */
export type Outcome = { answer: Answer } | { failure: Failure };

/** A request under way. An `answer` of undefined, which may come late, says that it has to go by `fetch` instead. */
export interface Sending {
  answer: Promise<Answer | undefined>;
  abort(reason: unknown): void;
  /** What can be seen of its sending. */
  departure?: Departure | undefined;
}

/** A way that may stand in for `fetch`; gives undefined where it cannot. Must not throw. */
export interface Shortcut {
  send(request: WireRequest, maxBytes: number | undefined): Sending | undefined;
}

/** How a request is sent. */
export interface ExchangeContext {
  fetch: FetchLike;
  /** Asked before `fetch`. Only for requests that may be sent twice. */
  shortcut?: Shortcut | undefined;
  timeoutMs: number;
  signal?: AbortSignal | Stop | undefined;
  /** Where `signal` is heard, for callers who have many exchanges on one signal. */
  aborts?: Aborts | undefined;
  maxBytes?: number | undefined;
  /** Watches a request that goes by the platform's fetch. */
  departure?: (() => Departure | undefined) | undefined;
}

/**
 * Sends `request` once. Redirects are not followed (a 3xx is an answer), caches are not asked.
 * `signal` and `timeoutMs` act at once, also when the given `fetch` ignores its signal. A body of more than `maxBytes`
 * is a failure, and is not read to its end.
 */
export function exchange(request: WireRequest, context: ExchangeContext): Promise<Outcome> {
  const { fetch, departure, shortcut, timeoutMs, signal, aborts = new Aborts(), maxBytes } = context;
  if (signal?.aborted) {
    return Promise.resolve({ failure: { ...classifyFailure(signal.reason, 'caller'), kind: 'not-sent' } });
  }
  return new Promise((resolve) => {
    let sending: Sending | undefined;
    let isOver = false;
    const end = (outcome: Outcome): void => {
      isOver = true;
      clearTimeout(timer);
      off();
      resolve(outcome);
    };
    const stop = (reason: unknown, by: Failure['by']): void => {
      if (isOver) return;
      end({ failure: classifyFailure(reason, by, sending?.departure?.hasBegun) });
      sending?.abort(reason);
    };
    const off = aborts.on(signal, () => stop(signal?.reason, 'caller'));
    const timer = setTimeout(
      () => stop(new DOMException(`no complete answer within ${timeoutMs} ms`, 'TimeoutError'), 'timeout'),
      timeoutMs,
    );
    const take = (begun: Sending): void => {
      sending = begun;
      begun.answer.then(
        (answer) => {
          if (isOver) return;
          if (answer === undefined) byFetch();
          else end({ answer });
        },
        (error) => {
          if (!isOver) end({ failure: classifyFailure(error, 'network', begun.departure?.hasBegun) });
        },
      );
    };
    const byFetch = (): void => {
      try {
        take(fetched(request, fetch, maxBytes, departure?.()));
      } catch (error) {
        // A `fetch` that throws instead of rejecting has not even tried.
        end({ failure: { ...classifyFailure(error, 'network'), kind: 'not-sent' } });
      }
    };
    const short = shortcut?.send(request, maxBytes);
    if (short === undefined) byFetch();
    else take(short);
  });
}

/** Calls `fetch`; throws where it throws. */
function fetched(
  request: WireRequest,
  fetch: FetchLike,
  maxBytes: number | undefined,
  departure: Departure | undefined,
): Sending {
  const controller = new AbortController();
  const init: FetchInit = {
    method: request.method,
    headers: request.headers,
    redirect: 'manual',
    cache: 'no-store',
    signal: controller.signal,
  };
  if (request.body !== undefined) init.body = request.body;
  // A member of Node's own, which no other fetch is given.
  const watched = departure === undefined ? init : { ...init, dispatcher: departure.dispatcher };
  return {
    answer: complete(fetch(request.url, watched), maxBytes),
    abort: (reason) => controller.abort(reason),
    departure,
  };
}

async function complete(answered: Promise<Response>, maxBytes: number | undefined): Promise<Answer> {
  const response = await answered;
  // A `fetch` of somebody's own may give anything: what is no answer says nothing of what became of the request.
  const isResponse = typeof response?.status === 'number' && typeof response.headers?.get === 'function';
  if (!isResponse) throw new TypeError('fetch gave no Response');
  if (maxBytes === undefined || response.body === null) {
    return new Answer(response.status, response.headers, new Uint8Array(await response.arrayBuffer()));
  }
  const body = new Body(maxBytes);
  const reader = response.body.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) body.add(next.value);
  } catch (error) {
    reader.cancel().catch(() => {}); // what is left of the body is of no interest, nor is how it ends
    throw error;
  }
  return new Answer(response.status, response.headers, body.bytes);
}

/** The pieces of a body as they come. */
export class Body {
  readonly #chunks: Uint8Array[] = [];
  readonly #maxBytes: number;
  #size = 0;

  constructor(maxBytes: number | undefined) {
    this.#maxBytes = maxBytes ?? Number.POSITIVE_INFINITY;
  }

  /** Throws `RangeError` for the piece with which the body becomes larger than it may be. */
  add(chunk: Uint8Array): void {
    this.#size += chunk.length;
    if (this.#size > this.#maxBytes) throw new RangeError(`the answer is larger than ${this.#maxBytes} bytes`);
    this.#chunks.push(chunk);
  }

  get bytes(): Uint8Array {
    const [first] = this.#chunks;
    // Most bodies come in one piece. A view of it, since it may be of a class of its own (Node's Buffer).
    if (first !== undefined && this.#chunks.length === 1) {
      return new Uint8Array(first.buffer, first.byteOffset, first.length);
    }
    const bytes = new Uint8Array(this.#size);
    let at = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return bytes;
  }
}

function parseJson(text: string): unknown {
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
