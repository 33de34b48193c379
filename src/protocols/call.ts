// One call of a verb that answers at once: its options checked, its body prepared, its answer whole or as it comes.

import type { Strictness } from '../catalog/index.js';
import { checkSubmit } from '../tasks/index.js';
import {
  type Answer,
  bad,
  type Call,
  checkNames,
  cleanHeaders,
  type ErrorFacts,
  InvalidResponseError,
  isRecord,
  LONGEST_TIMER_MS,
  type Refusal,
} from '../transport/index.js';
import type { ProtocolPort } from './port.js';
import type { Reading } from './reading.js';
import type { EventStream } from './stream.js';
import type { Trouble } from './trouble.js';

/** Options of a verb that answers at once. Times in milliseconds. */
export interface CallOptions {
  /** Gives up: before sending, while waiting, and in the middle of a stream. */
  signal?: AbortSignal | undefined;
  /** For one exchange; of a stream until it begins. Default: the client's `requestTimeoutMs` where set, else 600,000. */
  timeoutMs?: number | undefined;
  /** Sent as `X-Trace-Id`. Made up unless given. */
  traceId?: string | undefined;
  /** How far this body is checked before it is sent; the client's `validate` unless given. */
  validate?: Strictness | undefined;
  /** Sent with this call only. Not for the key or the connection. */
  headers?: Headers | Record<string, string> | undefined;
}

/** Options of a verb that may stream. */
export interface ChatOptions extends CallOptions {
  /** The longest silence inside a stream. Default: the client's `requestTimeoutMs` where set, else 120,000. */
  idleTimeoutMs?: number | undefined;
}

/** A model that thinks answers after minutes; OpenAI's own SDK waits as long. */
const PATIENCE_MS = 600_000;

/** While a model thinks, gateways send signs of life, or nothing for a minute; after two a connection is dead. */
const IDLE_MS = 120_000;

export const CALL_OPTIONS = ['signal', 'timeoutMs', 'traceId', 'validate', 'headers'];

/** What is particular to one protocol. */
export interface Form<Event, Final> {
  isAnswer: (value: unknown) => value is Final;
  /** Why an answer of that form is none. */
  failureOf?: (answer: Final) => Trouble | undefined;
  reading: () => Reading<Event, Final>;
  textOf: (answer: Final) => string;
}

/** Throws `ConfigError` for options that no call can have. */
export function checkCall(options: CallOptions, names: readonly string[]): void {
  checkNames(options, names);
  const { signal, traceId, timeoutMs } = options;
  checkSubmit({ signal, traceId });
  checkedMs('timeoutMs', timeoutMs);
}

/** The part of a call that all answers have in common. Throws what `prepare` throws, or `ConfigError` without a key. */
export async function callFor(
  port: ProtocolPort,
  path: string,
  request: unknown,
  { signal, timeoutMs, traceId, validate, headers }: CallOptions,
): Promise<(isAnswer: (value: unknown) => boolean) => Promise<Call & { traceId: string }>> {
  const own = cleanHeaders(headers);
  const prepared = await port.prepare(request, { path, validate });
  return async (isAnswer) => {
    // Before anything local is hosted for it.
    port.transport.authHeaders('config');
    return {
      method: 'POST',
      path,
      body: await prepared.body(signal),
      headers: own,
      phase: 'submit',
      paid: true,
      signal,
      timeoutMs: timeoutMs ?? port.requestTimeoutMs ?? PATIENCE_MS,
      traceId: traceId ?? crypto.randomUUID(),
      inspect: (answer) => inspected(port, answer, isAnswer),
    };
  };
}

function inspected(
  port: ProtocolPort,
  answer: Answer,
  isAnswer: (value: unknown) => boolean,
): Refusal | 'good' | 'unreadable' {
  if (isAnswer(answer.json)) return 'good';
  // JSON of another form is an answer all the same, and paid for: `misunderstood` hands it to the caller.
  return port.readRefusal(answer) ?? (isRecord(answer.json) || Array.isArray(answer.json) ? 'good' : 'unreadable');
}

/** An answer in JSON that is not what the protocol has: it was given, and not lost. */
export function misunderstood(call: Call, { status, json }: Answer): InvalidResponseError {
  return new InvalidResponseError(`${call.method} ${call.path} was answered in a form that is not known here.`, {
    code: 'invalid_response',
    ...paidFacts(call, json),
    status,
    hint: 'The answer is in `partial`, as it came, and may be billed.',
  });
}

/** Calls the endpoints of one protocol. */
export class Caller<Event, Final> {
  readonly #port: ProtocolPort;
  readonly #path: string;
  readonly #form: Form<Event, Final>;

  constructor(port: ProtocolPort, path: string, form: Form<Event, Final>) {
    this.#port = port;
    this.#path = path;
    this.#form = form;
  }

  /** Streams where `request` asks for it. */
  async create(request: unknown, options: ChatOptions): Promise<Final | EventStream<Event, Final>> {
    checkCall(options, [...CALL_OPTIONS, 'idleTimeoutMs']);
    const idleTimeoutMs = checkedMs('idleTimeoutMs', options.idleTimeoutMs) ?? this.#port.requestTimeoutMs ?? IDLE_MS;
    const { isAnswer } = this.#form;
    const isStream = isRecord(request) && request.stream === true;
    const call = await (await callFor(this.#port, this.#path, request, options))(isAnswer);
    return isStream ? this.#stream(call, idleTimeoutMs) : this.#whole(call);
  }

  async #whole(call: Call & { traceId: string }): Promise<Final> {
    const { transport } = this.#port;
    const { isAnswer, failureOf } = this.#form;
    const answer = await transport.request(call);
    const final = answer.json;
    if (!isAnswer(final)) throw misunderstood(call, answer);
    const failure = failureOf?.(final);
    if (failure === undefined) return final;
    throw transport.errorOf(`POST ${call.path}`, failure.body, {
      ...paidFacts(call, final),
      hint: 'The answer is in `partial`; look at its usage for what it cost.',
      status: failure.status,
    });
  }

  async #stream(call: Call & { traceId: string }, idleTimeoutMs: number): Promise<EventStream<Event, Final>> {
    const { transport } = this.#port;
    // Loaded with the first stream, and before anything is bought that could then not be read.
    const { EventStream } = await import('./stream.js');
    const opened = await transport.open({ ...call, idleTimeoutMs });
    if ('answer' in opened) {
      if (!this.#form.isAnswer(opened.answer.json)) throw misunderstood(call, opened.answer);
      throw new InvalidResponseError(`POST ${call.path} was asked for a stream and answered all at once.`, {
        code: 'not_a_stream',
        ...paidFacts(call, opened.answer.json),
        status: opened.answer.status,
        hint: 'The answer is in `partial`, and paid for. This model may not stream: call it without `stream: true`.',
      });
    }
    const { reading, textOf } = this.#form;
    const open = opened.stream;
    return new EventStream({
      transport,
      open,
      reading: reading(),
      textOf,
      facts: {
        what: `POST ${call.path}`,
        status: open.status,
        requestId: open.requestId,
        traceId: call.traceId,
      },
    });
  }
}

function paidFacts({ phase, traceId }: Call, partial: unknown): Omit<ErrorFacts, 'code'> {
  return { phase, traceId, mayBeBilled: true, partial };
}

function checkedMs(name: string, ms: number | undefined): number | undefined {
  if (ms === undefined) return undefined;
  if (typeof ms === 'number' && ms > 0) return Math.min(ms, LONGEST_TIMER_MS);
  throw bad(name, `must be a positive number of milliseconds, not ${String(ms)}`);
}
