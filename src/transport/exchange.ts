// One HTTP exchange: a request out, a whole answer back, under one timeout that covers the body too.

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

/** A complete answer. `text` and `json` are read on demand; `json` is undefined when the body is not JSON. */
export class Answer {
  #text: string | undefined;
  #json: { value: unknown } | undefined;

  constructor(
    readonly status: number,
    readonly headers: Headers,
    readonly bytes: Uint8Array,
  ) {}

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  get text(): string {
    this.#text ??= new TextDecoder().decode(this.bytes);
    return this.#text;
  }

  get json(): unknown {
    this.#json ??= { value: parseJson(this.text) };
    return this.#json.value;
  }
}

/** Either a whole answer or a classified failure; this function does not throw. */
export type Outcome = { answer: Answer } | { failure: Failure };

/**
 * Sends `request` once. Redirects are not followed (a 3xx is an answer), caches are not asked.
 * `signal` and `timeoutMs` act at once, also when the given `fetch` ignores its signal. A body of more than `maxBytes`
 * is a failure, and is not read to its end.
 */
export async function exchange(
  request: WireRequest,
  context: { fetch: FetchLike; timeoutMs: number; signal?: AbortSignal | undefined; maxBytes?: number },
): Promise<Outcome> {
  const { signal, timeoutMs, maxBytes } = context;
  if (signal?.aborted) {
    return { failure: { ...classifyFailure(signal.reason, 'caller'), kind: 'not-sent' } };
  }
  const controller = new AbortController();
  let timedOut = false;
  let stop: (reason: unknown) => void = () => {};
  const stopped = new Promise<never>((_, reject) => {
    stop = (reason) => {
      controller.abort(reason);
      reject(reason);
    };
  });
  const onAbort = () => stop(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(() => {
    timedOut = true;
    stop(new DOMException(`no complete answer within ${timeoutMs} ms`, 'TimeoutError'));
  }, timeoutMs);
  try {
    const answered = begin(request, context.fetch, controller.signal);
    if ('failure' in answered) return answered;
    return { answer: await Promise.race([complete(answered.response, maxBytes), stopped]) };
  } catch (error) {
    return { failure: classifyFailure(error, timedOut ? 'timeout' : signal?.aborted ? 'caller' : 'network') };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

/** Calls `fetch`. One that throws instead of rejecting has not even tried. */
function begin(
  request: WireRequest,
  fetch: FetchLike,
  signal: AbortSignal,
): { response: Promise<Response> } | { failure: Failure } {
  const init: FetchInit = {
    method: request.method,
    headers: request.headers,
    redirect: 'manual',
    cache: 'no-store',
    signal,
  };
  if (request.body !== undefined) init.body = request.body;
  try {
    return { response: fetch(request.url, init) };
  } catch (error) {
    return { failure: { ...classifyFailure(error, 'network'), kind: 'not-sent' } };
  }
}

async function complete(answered: Promise<Response>, maxBytes: number | undefined): Promise<Answer> {
  const response = await answered;
  if (maxBytes === undefined || response.body === null) {
    return new Answer(response.status, response.headers, new Uint8Array(await response.arrayBuffer()));
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = response.body.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    size += next.value.length;
    if (size > maxBytes) {
      reader.cancel().catch(() => {}); // what is left of the body is of no interest, nor is how it ends
      throw new RangeError(`the answer is larger than ${maxBytes} bytes`);
    }
    chunks.push(next.value);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return new Answer(response.status, response.headers, bytes);
}

function parseJson(text: string): unknown {
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
