// The one way out: auth, trace id, timeout, one retry scope per exchange, and typed errors for every ending.

import { Aborts, type Stop } from './aborts.js';
import { watchedDeparture } from './departure.js';
import { PlatformDispatcher } from './dispatcher.js';
import {
  ConfigError,
  ConnectionError,
  type ErrorFacts,
  type ImaRouterError,
  InvalidResponseError,
  type Phase,
  ServerError,
  SubmitUnknownError,
  WaitAbortedError,
} from './errors.js';
import { type Answer, type ExchangeContext, exchange, type FetchLike, type WireRequest } from './exchange.js';
import type { Failure } from './failure.js';
import { redactJson } from './redact.js';
import { isRetryable, kindOfStatus, type ReadRefusal, type Refusal, refusalError } from './refusal.js';
import { type Ending, parseRetryAfter, type RetryPolicy, retryDelay } from './retry.js';

/** Where log lines go. Fields never hold a key, a prompt or a signed query. */
export interface Logger {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/** How a client's exchanges are made. Times in milliseconds. */
export interface TransportOptions {
  /** Without a trailing slash. */
  baseUrl: string;
  /** The key, or undefined: then every call ends in a `ConfigError` before anything is sent. */
  apiKey: string | undefined;
  /** Sentence for that error, naming the ways to give a key. */
  missingKey: string;
  /** Headers of every call: the gateway's own (auth) and the user's. */
  headers: (apiKey: string) => Record<string, string>;
  /** Undefined: the platform's own, as it is at each call, or the dispatcher beneath it for calls that buy nothing. */
  fetch: FetchLike | undefined;
  requestTimeoutMs: number;
  retry: RetryPolicy;
  /** After "too many requests" nobody asks again sooner (ms). */
  afterRateLimitMs?: number | undefined;
  readRefusal: ReadRefusal;
  /** The id that the gateway gave the exchange, whatever else its answer says; undefined where there is none. */
  requestIdOf: (answer: Answer) => string | undefined;
  logger: Logger | undefined;
  now: () => number;
  random: () => number;
}

/** One call of the gateway. */
export interface Call {
  method: string;
  /** Path with its parameters filled in, from `/`; a query may follow. */
  path: string;
  body?: string | Uint8Array<ArrayBuffer> | undefined;
  headers?: Record<string, string> | undefined;
  phase: Phase;
  /** True when the exchange buys something: it is then never repeated on an ambiguous ending. */
  paid: boolean;
  /** Exchanges at most; the client's policy unless given. */
  attempts?: number | undefined;
  signal?: AbortSignal | Stop | undefined;
  /** Bounds each exchange, body included; the client's request timeout unless given. */
  timeoutMs?: number | undefined;
  /** When it fires no further exchange is begun; one that is under way goes on, unlike with `signal`. */
  halt?: AbortSignal | undefined;
  /** Sent as `X-Trace-Id` when `paid`; named in errors in any case. */
  traceId?: string | undefined;
  taskId?: string | undefined;
  /** Whether the body of a 2xx can be used; JSON unless given. */
  readable?: ((answer: Answer) => boolean) | undefined;
  /** Whether an answer that is no 2xx speaks of something that was bought all the same. */
  mayHaveBeenTaken?: ((answer: Answer) => boolean) | undefined;
  /** A last look at a readable 2xx: `good`, a refusal in disguise, or nothing that anybody understands. */
  inspect?: ((answer: Answer) => Refusal | 'good' | 'unreadable') | undefined;
}

/** Results may come inline, as base64; what is larger than 128 MiB is nobody's answer, and would fill the memory. */
const LARGEST_ANSWER_BYTES = 128 * 1024 * 1024;

const ACCEPT = { accept: 'application/json' };

/** Sends calls for one client. */
export class Transport {
  /** Where the signals of this client's callers are heard. */
  readonly aborts = new Aborts();
  readonly #options: TransportOptions;
  readonly #origin: string;
  readonly #auth: Readonly<Record<string, string>> | undefined;
  /** The headers of a call that brings none of its own: one object for all of them. */
  readonly #plain: Record<string, string>;
  readonly #fetch: FetchLike;
  readonly #shortcut: PlatformDispatcher | undefined;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#origin = new URL(options.baseUrl).origin;
    this.#auth = options.apiKey === undefined ? undefined : options.headers(options.apiKey);
    this.#plain = { ...ACCEPT, ...this.#auth };
    this.#fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
    this.#shortcut = options.fetch === undefined ? new PlatformDispatcher() : undefined;
  }

  get baseUrl(): string {
    return this.#options.baseUrl;
  }

  /** Whether `url` is on the gateway's own origin: the only place that the key may go to. */
  isOwnOrigin(url: string): boolean {
    return URL.canParse(url) && new URL(url).origin === this.#origin;
  }

  /** Auth headers for a request to the gateway's own origin. Throws `ConfigError` without a key. */
  authHeaders(phase: Phase): Record<string, string> {
    if (this.#auth === undefined) {
      throw new ConfigError(this.#options.missingKey, {
        code: 'missing_api_key',
        phase,
        hint: 'Without a key, `models`, `validate` and the mock still work.',
      });
    }
    return { ...this.#auth };
  }

  /** A copy of JSON data, or a text, without this client's key and other secrets. */
  redact<T>(value: T): T {
    return redactJson(value, this.#options.apiKey);
  }

  /** Makes the call; resolves to a good answer or throws the typed error of its ending. */
  async request(call: Call): Promise<Answer> {
    const { retry, requestTimeoutMs, logger, now, random } = this.#options;
    const wire = this.#wire(call);
    const context: ExchangeContext = {
      fetch: this.#fetch,
      shortcut: call.paid ? undefined : this.#shortcut,
      timeoutMs: Math.min(call.timeoutMs ?? requestTimeoutMs, LONGEST_TIMER_MS),
      signal: call.signal,
      aborts: this.aborts,
      maxBytes: LARGEST_ANSWER_BYTES,
      departure: call.paid && this.#options.fetch === undefined ? watchedDeparture : undefined,
    };
    /** An exchange of this call may have been taken: whatever the later ones come to, nobody knows what was bought. */
    let isDoubtful = false;
    const final = (error: ImaRouterError): ImaRouterError =>
      isDoubtful && !(error instanceof SubmitUnknownError)
        ? unknownSubmit(`${call.method} ${call.path} was sent again after no answer had come, and: ${error.message}`, {
            ...this.#facts(call),
            cause: error,
          })
        : error;
    for (let attempt = 1; ; attempt++) {
      if (call.halt?.aborted) throw final(this.#abortedBeforeSending(call));
      const startedAt = now();
      const outcome = await exchange(wire, context);
      logger?.debug('exchange', {
        method: call.method,
        path: this.redact(call.path),
        attempt,
        ms: now() - startedAt,
        ...('answer' in outcome ? { status: outcome.answer.status } : { failure: outcome.failure.code }),
      });
      const judged = 'answer' in outcome ? this.#judge(outcome.answer, call) : this.#failed(outcome.failure, call);
      if ('answer' in judged) return judged.answer;
      const policy = call.attempts === undefined ? retry : { ...retry, attempts: call.attempts };
      const delayMs = retryDelay(judged.ending, { attempt, paid: call.paid, policy, random });
      if (delayMs === null) throw final(judged.error());
      isDoubtful ||= call.paid && leavesDoubt(judged.ending);
      logger?.info('retry', { method: call.method, path: this.redact(call.path), attempt, delayMs });
      if (!(await this.#slept(delayMs, call))) throw final(this.#abortedBeforeSending(call));
    }
  }

  #wire(call: Call): WireRequest {
    const { method, path, body, paid, traceId } = call;
    const url = this.#options.baseUrl + path;
    if (this.#auth === undefined) this.authHeaders(call.phase);
    const isPlain = call.headers === undefined && body === undefined && !(paid && traceId !== undefined);
    if (isPlain) return { method, url, headers: this.#plain };
    const headers = {
      ...ACCEPT,
      ...call.headers,
      ...this.#auth,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(paid && traceId !== undefined ? { 'x-trace-id': traceId } : {}),
    };
    return { method, url, headers, body };
  }

  /** What a complete answer means for this call. */
  #judge(answer: Answer, call: Call): { answer: Answer } | { ending: Ending; error: () => ImaRouterError } {
    const { readRefusal, now } = this.#options;
    if (answer.ok) {
      const readable = call.readable === undefined ? answer.json !== undefined : call.readable(answer);
      // Whoever does not look for himself still hears of a refusal that comes with a 2xx.
      const inspect = call.inspect ?? ((candidate: Answer) => readRefusal(candidate) ?? 'good');
      const verdict = readable ? inspect(answer) : 'unreadable';
      if (verdict === 'unreadable') return this.#untrusted(answer, call);
      return verdict === 'good' ? { answer } : this.#refused(answer, verdict, call);
    }
    if (answer.status >= 300 && answer.status < 400) return this.#redirected(answer, call);
    // 0 is what a `fetch` gives for a network error that it does not throw (`Response.error()`).
    if (answer.status < 200 || call.mayHaveBeenTaken?.(answer) === true) return this.#untrusted(answer, call);
    const refusal = readRefusal(answer);
    if (refusal !== null) return this.#refused(answer, refusal, call, now());
    // Below 500 even a foreign answer (an edge's HTML page, an empty 429) says that nothing was taken; but a proxy's
    // 408 may only say that it lost patience with a gateway that is at work.
    if (answer.status < 500 && answer.status !== 408) {
      const message = answer.text.trim() === '' ? 'the answer was empty' : this.#excerpt(answer);
      return this.#refused(answer, { kind: kindOfStatus(answer.status), message }, call, now());
    }
    return this.#untrusted(answer, call);
  }

  #refused(answer: Answer, refusal: Refusal, call: Call, nowMs = this.#options.now()) {
    const retryAfterMs = parseRetryAfter(answer.headers.get('retry-after'), nowMs);
    return {
      ending: {
        type: 'refused',
        retryable: isRetryable(refusal.kind),
        retryAfterMs,
        leastMs: refusal.kind === 'rate' ? this.#options.afterRateLimitMs : undefined,
      } satisfies Ending,
      error: () =>
        refusalError(`${call.method} ${call.path}`, this.redact(refusal), {
          ...this.#facts(call),
          status: answer.status,
          body: this.redact(answer.json),
          retryAfterMs,
        }),
    };
  }

  /** An answer that cannot be the gateway's own: for a paid call nobody knows whether it was taken. */
  #untrusted(answer: Answer, call: Call) {
    const shown = answer.text.trim() === '' ? 'an empty body' : `"${this.#excerpt(answer)}"`;
    const what = `${call.method} ${call.path} was answered with HTTP ${answer.status} and ${shown}`;
    const requestId = this.#options.requestIdOf(answer);
    const facts = { ...this.#facts(call), status: answer.status, requestId };
    return {
      ending: { type: 'untrusted' } satisfies Ending,
      error: () => {
        if (call.paid) return unknownSubmit(`${what}, which is not the gateway's own form`, facts);
        return answer.status >= 500
          ? new ServerError(`${what}.`, { code: 'server_error', retryable: true, ...facts })
          : new InvalidResponseError(`${what}, which cannot be read.`, {
              code: 'invalid_response',
              retryable: true,
              ...facts,
            });
      },
    };
  }

  #redirected(answer: Answer, call: Call) {
    const to = answer.headers.get('location');
    return {
      ending: { type: 'refused', retryable: false, retryAfterMs: undefined } satisfies Ending,
      error: () =>
        new InvalidResponseError(
          `${call.method} ${call.path} was answered with a redirect (HTTP ${answer.status})${to === null ? '' : ` to ${this.redact(to)}`}, which is not followed.`,
          {
            code: 'unexpected_redirect',
            hint: 'Check the base URL: it should be the one that answers without a redirect.',
            ...this.#facts(call),
            status: answer.status,
            // Only 303 says that the POST itself was processed.
            mayBeBilled: call.taskId !== undefined || (call.paid && answer.status === 303),
          },
        ),
    };
  }

  #failed(failure: Failure, call: Call) {
    const what = `${call.method} ${call.path}`;
    const error = (): ImaRouterError => {
      const facts = { ...this.#facts(call), cause: failure.cause };
      const reason = this.redact(failure.reason);
      if (failure.kind === 'not-sent') {
        if (failure.by === 'caller') return this.#abortedBeforeSending(call);
        return new ConnectionError(`${this.#origin} cannot be reached (${reason}): nothing was sent.`, {
          code: 'connection_failed',
          retryable: true,
          hint: 'Check the network, the base URL and any proxy.',
          ...facts,
        });
      }
      if (call.paid) return unknownSubmit(`${what} was sent and no answer came (${reason})`, facts);
      if (failure.by === 'caller') {
        return new WaitAbortedError(`${what} was aborted by the caller.`, {
          code: 'aborted',
          hint: 'Call again when ready.',
          ...facts,
        });
      }
      return new ConnectionError(`The connection to ${this.#origin} broke during ${what} (${reason}).`, {
        code: 'connection_lost',
        retryable: true,
        hint: 'Call again: this call buys nothing.',
        ...facts,
      });
    };
    return { ending: { type: 'failure', failure } satisfies Ending, error };
  }

  /** Sleeps; false, at once, when the call is to go no further. */
  async #slept(ms: number, { signal, halt }: Call): Promise<boolean> {
    if (signal?.aborted || halt?.aborted) return false;
    return new Promise((resolve) => {
      const end = (isOver: boolean) => () => {
        clearTimeout(timer);
        for (const off of offs) off();
        resolve(isOver);
      };
      const timer = setTimeout(end(true), Math.min(ms, LONGEST_TIMER_MS));
      const offs = [this.aborts.on(signal, end(false)), this.aborts.on(halt, end(false))];
    });
  }

  #abortedBeforeSending(call: Call): WaitAbortedError {
    return new WaitAbortedError(`${call.method} ${call.path} was aborted before it was sent.`, {
      code: 'aborted',
      hint: 'Nothing was bought by this call.',
      ...this.#facts(call),
      cause: call.signal?.aborted ? call.signal.reason : call.halt?.reason,
    });
  }

  /** The first characters of a foreign body, on one line; redacted first, so that no secret is cut in two. */
  #excerpt(answer: Answer): string {
    const line = this.redact(answer.text.slice(0, 4000)).replace(/\s+/g, ' ').trim();
    return line.length > 160 ? `${line.slice(0, 160)}…` : line;
  }

  #facts(call: Call): Omit<ErrorFacts, 'code'> {
    return {
      phase: call.phase,
      traceId: call.traceId,
      taskId: call.taskId,
      mayBeBilled: call.taskId !== undefined,
    };
  }
}

/** Whether what was sent may have been taken. */
function leavesDoubt(ending: Ending): boolean {
  return ending.type === 'untrusted' || (ending.type === 'failure' && ending.failure.kind === 'lost');
}

function unknownSubmit(what: string, facts: Omit<ErrorFacts, 'code'>): SubmitUnknownError {
  return new SubmitUnknownError(`${what}: the task may be running and billed, so it is not sent again.`, {
    code: 'submit_unknown',
    hint: `Look for the trace id ${facts.traceId ?? '(none)'} in the gateway's console before you submit again.`,
    ...facts,
    mayBeBilled: true,
  });
}

/** Timers hold 31 bits of milliseconds; a longer one would fire at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;
