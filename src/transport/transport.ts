// The one way out: auth, trace id, timeout, one retry scope per exchange, and typed errors for every ending.

import { Aborts } from './aborts.js';
import { type Call, factsOf, type StreamCall } from './call.js';
import { watchedDeparture } from './departure.js';
import { PlatformDispatcher } from './dispatcher.js';
import {
  ConfigError,
  type ErrorFacts,
  type ImaRouterError,
  type KnownBalance,
  type Phase,
  SubmitUnknownError,
} from './errors.js';
import { Answer, type ExchangeContext, exchange, type FetchLike, type WireRequest } from './exchange.js';
import { Judge, leavesDoubt, unknownSubmit } from './judge.js';
import { type OpenAnswer, Opening } from './opened.js';
import { redactJson } from './redact.js';
import { kindOfStatus, type ReadRefusal, refusalError } from './refusal.js';
import { type RetryPolicy, retryDelay } from './retry.js';

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
  /** Headers of every call by which the gateway knows the caller: nothing overrides them. */
  headers: (apiKey: string) => Record<string, string>;
  /** The user's own for every call; one call's own go over them. Names in lower case. */
  userHeaders?: Readonly<Record<string, string>> | undefined;
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

/** Results may come inline, as base64; what is larger than 128 MiB is nobody's answer, and would fill the memory. */
const LARGEST_ANSWER_BYTES = 128 * 1024 * 1024;

const ACCEPT = { accept: 'application/json' };

/** Sends calls for one client. */
export class Transport {
  /** Where the signals of this client's callers are heard. */
  readonly aborts = new Aborts();
  readonly #options: TransportOptions;
  readonly #judge: Judge;
  readonly #origin: string;
  /** The gateway's own; undefined without a key. */
  readonly #identity: Readonly<Record<string, string>> | undefined;
  /** The same with the user's. */
  readonly #auth: Readonly<Record<string, string>> | undefined;
  /** The headers of a call that brings none of its own: one object for all of them. */
  readonly #plain: Record<string, string>;
  readonly #fetch: FetchLike;
  readonly #shortcut: PlatformDispatcher | undefined;
  #balance: KnownBalance | undefined;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#origin = new URL(options.baseUrl).origin;
    this.#identity = options.apiKey === undefined ? undefined : options.headers(options.apiKey);
    this.#auth = this.#identity && { ...options.userHeaders, ...this.#identity };
    this.#plain = { ...ACCEPT, ...this.#auth };
    this.#fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
    this.#shortcut = options.fetch === undefined ? new PlatformDispatcher() : undefined;
    const { readRefusal, requestIdOf, afterRateLimitMs, now } = options;
    const redact = <T>(value: T): T => this.redact(value);
    const lastBalance = () => this.#balance;
    this.#judge = new Judge({
      origin: this.#origin,
      readRefusal,
      requestIdOf,
      afterRateLimitMs,
      redact,
      lastBalance,
      now,
    });
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

  /** Somebody has asked for the account's balance (USD): refusals that are about it will say so. */
  noteBalance(balanceUsd: number): void {
    this.#balance = { balanceUsd, balanceAt: new Date(this.#options.now()).toISOString() };
  }

  /** A copy of JSON data, or a text, without this client's key and other secrets. */
  redact<T>(value: T): T {
    return redactJson(value, this.#options.apiKey);
  }

  /** Makes the call; resolves to a good answer or throws the typed error of its ending. */
  async request(call: Call): Promise<Answer> {
    return this.#send(call, this.#fetch);
  }

  /**
   * Makes a call whose answer is a stream of events, and resolves with its head; an answer of another kind is given whole.
   * Throws as `request` does. Nothing is repeated once the stream has begun.
   */
  async open(call: StreamCall): Promise<{ stream: OpenAnswer } | { answer: Answer }> {
    const { readRefusal, requestIdOf } = this.#options;
    const opening = new Opening(this.#fetch, call, this.aborts);
    const { readable, inspect } = call;
    const answer = await this.#send(
      {
        ...call,
        headers: { accept: 'text/event-stream, application/json', ...call.headers },
        readable: (candidate) =>
          opening.opened !== undefined || (readable?.(candidate) ?? candidate.json !== undefined),
        inspect: (candidate) =>
          opening.opened !== undefined ? 'good' : (inspect?.(candidate) ?? readRefusal(candidate) ?? 'good'),
      },
      opening.fetch,
      call.idleTimeoutMs,
    );
    const { opened } = opening;
    return opened === undefined ? { answer } : { stream: { ...opened, requestId: requestIdOf(answer) } };
  }

  /** The typed error that `body` stands for, which came where no status could tell of it: inside a stream. */
  errorOf(what: string, body: unknown, facts: Omit<ErrorFacts, 'code'> & { status: number }): ImaRouterError {
    const { status, ...rest } = facts;
    const answer = new Answer(status, new Headers(), new TextEncoder().encode(JSON.stringify(body)));
    const refusal = this.#options.readRefusal(answer) ?? { kind: kindOfStatus(status), message: answer.text };
    const known = refusal.kind === 'balance' ? this.#balance : undefined;
    return refusalError(what, this.redact(refusal), { body: this.redact(body), ...known, ...rest });
  }

  async #send(call: Call, fetch: FetchLike, idleMs?: number): Promise<Answer> {
    const { retry, requestTimeoutMs, logger, now, random } = this.#options;
    const wire = this.#wire(call);
    const timeoutMs = Math.min(call.timeoutMs ?? requestTimeoutMs, LONGEST_TIMER_MS);
    const patienceMs = Math.max(timeoutMs, idleMs ?? 0);
    const context: ExchangeContext = {
      fetch,
      shortcut: call.paid ? undefined : this.#shortcut,
      timeoutMs,
      signal: call.signal,
      aborts: this.aborts,
      maxBytes: LARGEST_ANSWER_BYTES,
      departure: call.paid && this.#options.fetch === undefined ? () => watchedDeparture(patienceMs) : undefined,
    };
    /** An exchange of this call may have been taken: whatever the later ones come to, nobody knows what was bought. */
    let isDoubtful = false;
    const final = (error: ImaRouterError): ImaRouterError =>
      isDoubtful && !(error instanceof SubmitUnknownError)
        ? unknownSubmit(`${call.method} ${call.path} was sent again after no answer had come, and: ${error.message}`, {
            ...factsOf(call),
            cause: error,
          })
        : error;
    for (let attempt = 1; ; attempt++) {
      if (call.halt?.aborted) throw final(this.#judge.abortedBeforeSending(call));
      const startedAt = now();
      const outcome = await exchange(wire, context);
      logger?.debug('exchange', {
        method: call.method,
        path: this.redact(call.path),
        attempt,
        ms: now() - startedAt,
        ...('answer' in outcome ? { status: outcome.answer.status } : { failure: outcome.failure.code }),
      });
      const judged =
        'answer' in outcome ? this.#judge.answer(outcome.answer, call) : this.#judge.failure(outcome.failure, call);
      if ('answer' in judged) return judged.answer;
      const policy = call.attempts === undefined ? retry : { ...retry, attempts: call.attempts };
      const delayMs = retryDelay(judged.ending, { attempt, paid: call.paid, policy, random });
      if (delayMs === null) {
        const error = final(judged.error());
        const isPassed = call.passRefusal !== undefined && judged.ending.type === 'refused' && !isDoubtful;
        if (!isPassed || !('answer' in outcome)) throw error;
        call.passRefusal?.(error);
        return outcome.answer;
      }
      isDoubtful ||= call.paid && leavesDoubt(judged.ending);
      logger?.info('retry', { method: call.method, path: this.redact(call.path), attempt, delayMs });
      if (!(await this.#slept(delayMs, call))) throw final(this.#judge.abortedBeforeSending(call));
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
      ...this.#auth,
      ...call.headers,
      ...this.#identity,
      ...(body === undefined || call.headers?.['content-type'] !== undefined
        ? {}
        : { 'content-type': 'application/json' }),
      ...(paid && traceId !== undefined ? { 'x-trace-id': traceId } : {}),
    };
    return { method, url, headers, body };
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
}

/** Timers hold 31 bits of milliseconds; a longer one would fire at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;
