// The one way out: auth, trace id, timeout, one retry scope per exchange, and typed errors for every ending.

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
import { type Answer, exchange, type FetchLike, type WireRequest } from './exchange.js';
import type { Failure } from './failure.js';
import { redactJson, redactText } from './redact.js';
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
  fetch: FetchLike;
  requestTimeoutMs: number;
  retry: RetryPolicy;
  readRefusal: ReadRefusal;
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
  signal?: AbortSignal | undefined;
  /** Sent as `X-Trace-Id` when `paid`; named in errors in any case. */
  traceId?: string | undefined;
  taskId?: string | undefined;
  /** Accept a body that is not JSON. */
  binary?: boolean | undefined;
  /** A last look at a good answer: a refusal that came as 2xx (no task id, `success: false`). */
  inspect?: ((answer: Answer) => Refusal | null) | undefined;
}

/** Sends calls for one client. */
export class Transport {
  readonly #options: TransportOptions;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  get baseUrl(): string {
    return this.#options.baseUrl;
  }

  /** Whether `url` is on the gateway's own origin: the only place that the key may go to. */
  isOwnOrigin(url: string): boolean {
    return URL.canParse(url) && new URL(url).origin === new URL(this.#options.baseUrl).origin;
  }

  /** Auth headers for a request to the gateway's own origin. Throws `ConfigError` without a key. */
  authHeaders(phase: Phase): Record<string, string> {
    const { apiKey, missingKey } = this.#options;
    if (apiKey === undefined) {
      throw new ConfigError(missingKey, {
        code: 'missing_api_key',
        phase,
        hint: 'Without a key, `models`, `validate` and the mock still work.',
      });
    }
    return this.#options.headers(apiKey);
  }

  /** A copy of JSON data, or a text, without this client's key and other secrets. */
  redact<T>(value: T): T {
    return redactJson(value, this.#options.apiKey);
  }

  /** Makes the call; resolves to a good answer or throws the typed error of its ending. */
  async request(call: Call): Promise<Answer> {
    const options = this.#options;
    const wire: WireRequest = {
      method: call.method,
      url: options.baseUrl + call.path,
      headers: {
        accept: 'application/json',
        ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(call.paid && call.traceId !== undefined ? { 'x-trace-id': call.traceId } : {}),
        ...this.authHeaders(call.phase),
        ...call.headers,
      },
      body: call.body,
    };
    const policy = call.attempts === undefined ? options.retry : { ...options.retry, attempts: call.attempts };
    for (let attempt = 1; ; attempt++) {
      const startedAt = options.now();
      const outcome = await exchange(wire, {
        fetch: options.fetch,
        timeoutMs: options.requestTimeoutMs,
        signal: call.signal,
      });
      options.logger?.debug('exchange', {
        method: call.method,
        path: redactText(call.path),
        attempt,
        ms: options.now() - startedAt,
        ...('answer' in outcome ? { status: outcome.answer.status } : { failure: outcome.failure.code }),
      });
      const judged = 'answer' in outcome ? this.#judge(outcome.answer, call) : this.#failed(outcome.failure, call);
      if ('answer' in judged) return judged.answer;
      const delayMs = retryDelay(judged.ending, { attempt, paid: call.paid, policy, random: options.random });
      if (delayMs === null) throw judged.error();
      options.logger?.info('retry', { method: call.method, path: redactText(call.path), attempt, delayMs });
      await sleep(delayMs, call.signal, () => this.#abortedBeforeSending(call));
    }
  }

  /** What a complete answer means for this call. */
  #judge(answer: Answer, call: Call): { answer: Answer } | { ending: Ending; error: () => ImaRouterError } {
    const { readRefusal, now } = this.#options;
    if (answer.ok) {
      if (call.binary !== true && answer.json === undefined) return this.#untrusted(answer, call);
      const refusal = call.inspect?.(answer) ?? null;
      return refusal === null ? { answer } : this.#refused(answer, refusal, call);
    }
    if (answer.status >= 300 && answer.status < 400) return this.#redirected(answer, call);
    const refusal = readRefusal(answer);
    if (refusal !== null) return this.#refused(answer, refusal, call, now());
    // Below 500 even a foreign answer (an edge's HTML page, an empty 429) says that nothing was taken.
    if (answer.status < 500) {
      const message = answer.text.trim() === '' ? 'the answer was empty' : excerpt(answer.text);
      return this.#refused(answer, { kind: kindOfStatus(answer.status), message }, call, now());
    }
    return this.#untrusted(answer, call);
  }

  #refused(answer: Answer, refusal: Refusal, call: Call, nowMs = this.#options.now()) {
    const retryAfterMs = parseRetryAfter(answer.headers.get('retry-after'), nowMs);
    const { apiKey } = this.#options;
    return {
      ending: { type: 'refused', retryable: isRetryable(refusal.kind), retryAfterMs } satisfies Ending,
      error: () =>
        refusalError(
          `${call.method} ${call.path}`,
          { ...refusal, message: redactText(refusal.message, apiKey) },
          { ...this.#facts(call), status: answer.status, body: redactJson(answer.json, apiKey), retryAfterMs },
        ),
    };
  }

  /** An answer that cannot be the gateway's own: for a paid call nobody knows whether it was taken. */
  #untrusted(answer: Answer, call: Call) {
    const shown = answer.text.trim() === '' ? 'an empty body' : `"${excerpt(answer.text)}"`;
    const what = `${call.method} ${call.path} was answered with HTTP ${answer.status} and ${redactText(shown, this.#options.apiKey)}`;
    const facts = { ...this.#facts(call), status: answer.status };
    return {
      ending: { type: 'untrusted' } satisfies Ending,
      error: () => {
        if (call.paid) return unknownSubmit(`${what}, which is not the gateway's own form`, facts);
        return answer.status >= 500
          ? new ServerError(`${what}.`, { code: 'server_error', retryable: true, ...facts })
          : new InvalidResponseError(`${what}: it is not JSON.`, {
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
          `${call.method} ${call.path} was answered with a redirect (HTTP ${answer.status})${to === null ? '' : ` to ${redactText(to)}`}, which is not followed.`,
          {
            code: 'unexpected_redirect',
            hint: 'Check the base URL: it should be the one that answers without a redirect.',
            ...this.#facts(call),
            status: answer.status,
            // Only 303 says that the POST itself was processed.
            mayBeBilled: call.paid && answer.status === 303,
          },
        ),
    };
  }

  #failed(failure: Failure, call: Call) {
    const what = `${call.method} ${call.path}`;
    const origin = new URL(this.#options.baseUrl).origin;
    const facts = { ...this.#facts(call), cause: failure.cause };
    const error = (): ImaRouterError => {
      if (failure.kind === 'not-sent') {
        if (failure.by === 'caller') return this.#abortedBeforeSending(call);
        return new ConnectionError(`${origin} cannot be reached (${failure.reason}): nothing was sent.`, {
          code: 'connection_failed',
          retryable: true,
          hint: 'Check the network, the base URL and any proxy.',
          ...facts,
        });
      }
      if (call.paid) return unknownSubmit(`${what} was sent and no answer came (${failure.reason})`, facts);
      if (failure.by === 'caller') {
        return new WaitAbortedError(`${what} was aborted by the caller.`, {
          code: 'aborted',
          hint: 'Call again when ready.',
          ...facts,
        });
      }
      return new ConnectionError(`The connection to ${origin} broke during ${what} (${failure.reason}).`, {
        code: 'connection_lost',
        retryable: true,
        hint: 'Call again: this call buys nothing.',
        ...facts,
      });
    };
    return { ending: { type: 'failure', failure } satisfies Ending, error };
  }

  #abortedBeforeSending(call: Call): WaitAbortedError {
    return new WaitAbortedError(`${call.method} ${call.path} was aborted before it was sent.`, {
      code: 'aborted',
      hint: 'Nothing was bought by this call.',
      ...this.#facts(call),
      cause: call.signal?.reason,
    });
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

function unknownSubmit(what: string, facts: Omit<ErrorFacts, 'code'>): SubmitUnknownError {
  return new SubmitUnknownError(`${what}: the task may be running and billed, so it is not sent again.`, {
    code: 'submit_unknown',
    hint: `Look for the trace id ${facts.traceId ?? '(none)'} in the gateway's console before you submit again.`,
    ...facts,
    mayBeBilled: true,
  });
}

/** The first characters of a foreign body, on one line. */
function excerpt(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 160 ? `${line.slice(0, 160)}…` : line;
}

/** Sleeps, or throws `aborted()` as soon as `signal` fires. */
export async function sleep(ms: number, signal: AbortSignal | undefined, aborted: () => Error): Promise<void> {
  if (signal?.aborted) throw aborted();
  await new Promise<void>((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer);
      reject(aborted());
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
