// How a call has ended, for its caller: a good answer, or the typed error of its ending and whether it may be repeated.

import { type Call, factsOf } from './call.js';
import {
  ConnectionError,
  type ErrorFacts,
  type ImaRouterError,
  InvalidResponseError,
  type KnownBalance,
  ServerError,
  SubmitUnknownError,
  WaitAbortedError,
} from './errors.js';
import type { Answer } from './exchange.js';
import type { Failure } from './failure.js';
import { isRetryable, kindOfStatus, type ReadRefusal, type Refusal, refusalError } from './refusal.js';
import { type Ending, parseRetryAfter } from './retry.js';

/** An ending that is no good answer. */
export interface Judged {
  ending: Ending;
  error: () => ImaRouterError;
}

/** What judging needs. */
export interface JudgeOptions {
  /** Of the gateway, for messages. */
  origin: string;
  readRefusal: ReadRefusal;
  requestIdOf: (answer: Answer) => string | undefined;
  afterRateLimitMs: number | undefined;
  redact: <T>(value: T) => T;
  /** The last that was heard of the account. */
  lastBalance: () => KnownBalance | undefined;
  now: () => number;
}

/** Judges the endings of one client's calls. */
export class Judge {
  readonly #options: JudgeOptions;
  readonly #redact: <T>(value: T) => T;

  constructor(options: JudgeOptions) {
    this.#options = options;
    this.#redact = options.redact;
  }

  /** What a complete answer means for this call. */
  answer(answer: Answer, call: Call): { answer: Answer } | Judged {
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
        refusalError(`${call.method} ${call.path}`, this.#redact(refusal), {
          ...factsOf(call),
          status: answer.status,
          body: this.#redact(answer.json),
          retryAfterMs,
          ...(refusal.kind === 'balance' ? this.#options.lastBalance() : {}),
        }),
    };
  }

  /** An answer that cannot be the gateway's own: for a paid call nobody knows whether it was taken. */
  #untrusted(answer: Answer, call: Call) {
    const shown = answer.text.trim() === '' ? 'an empty body' : `"${this.#excerpt(answer)}"`;
    const what = `${call.method} ${call.path} was answered with HTTP ${answer.status} and ${shown}`;
    const requestId = this.#options.requestIdOf(answer);
    const facts = { ...factsOf(call), status: answer.status, requestId };
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
          `${call.method} ${call.path} was answered with a redirect (HTTP ${answer.status})${to === null ? '' : ` to ${this.#redact(to)}`}, which is not followed.`,
          {
            code: 'unexpected_redirect',
            hint: 'Check the base URL: it should be the one that answers without a redirect.',
            ...factsOf(call),
            status: answer.status,
            // Only 303 says that the POST itself was processed.
            mayBeBilled: call.taskId !== undefined || (call.paid && answer.status === 303),
          },
        ),
    };
  }

  /** What it means for this call that no answer came. */
  failure(failure: Failure, call: Call): Judged {
    const what = `${call.method} ${call.path}`;
    const error = (): ImaRouterError => {
      const facts = { ...factsOf(call), cause: failure.cause };
      const reason = this.#redact(failure.reason);
      if (failure.kind === 'not-sent') {
        if (failure.by === 'caller') return this.abortedBeforeSending(call);
        return new ConnectionError(`${this.#options.origin} cannot be reached (${reason}): nothing was sent.`, {
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
      return new ConnectionError(`The connection to ${this.#options.origin} broke during ${what} (${reason}).`, {
        code: 'connection_lost',
        retryable: true,
        hint: 'Call again: this call buys nothing.',
        ...facts,
      });
    };
    return { ending: { type: 'failure', failure } satisfies Ending, error };
  }

  /** The caller stopped in time. */
  abortedBeforeSending(call: Call): WaitAbortedError {
    return new WaitAbortedError(`${call.method} ${call.path} was aborted before it was sent.`, {
      code: 'aborted',
      hint: 'Nothing was bought by this call.',
      ...factsOf(call),
      cause: call.signal?.aborted ? call.signal.reason : call.halt?.reason,
    });
  }

  /** The first characters of a foreign body, on one line; redacted first, so that no secret is cut in two. */
  #excerpt(answer: Answer): string {
    const line = this.#redact(answer.text.slice(0, 4000)).replace(/\s+/g, ' ').trim();
    return line.length > 160 ? `${line.slice(0, 160)}…` : line;
  }
}

/** Whether what was sent may have been taken. */
export function leavesDoubt(ending: Ending): boolean {
  return ending.type === 'untrusted' || (ending.type === 'failure' && ending.failure.kind === 'lost');
}

/** The error of a purchase that nobody can say the fate of. */
export function unknownSubmit(what: string, facts: Omit<ErrorFacts, 'code'>): SubmitUnknownError {
  return new SubmitUnknownError(`${what}: it may be running and billed, so it is not sent again.`, {
    code: 'submit_unknown',
    hint: `Look for the trace id ${facts.traceId ?? '(none)'} in the gateway's console before you submit again.`,
    ...facts,
    mayBeBilled: true,
  });
}
