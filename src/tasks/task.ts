// A handle on one paid task: plain to pass around, rebuilt from its JSON, and honest about what it does not know.

import type { Output, OutputFacts } from '../media/index.js';
import { ConfigError, derived, guarded, ImaRouterError, LONGEST_TIMER_MS, messageOf } from '../transport/index.js';
import { Endings } from './endings.js';
import type { TaskRef } from './ref.js';
import { TaskResult, type TaskState } from './result.js';
import { fold, INITIAL, isTerminal, type Progressed, type StateReading } from './state.js';

/** How long and how to wait. */
export interface WaitOptions {
  /** Stops the waiting, never the task. */
  signal?: AbortSignal | undefined;
  /** Patience for the whole wait in milliseconds; the default depends on what is made. */
  timeoutMs?: number | undefined;
}

/** What the engine does for a task. */
export interface TaskPort {
  /** One status call; resolves to its reading (null = the answer said nothing) and the raw body. */
  poll(ref: TaskRef, signal: AbortSignal): Promise<{ reading: StateReading | null; raw: unknown }>;
  /** Waits for this task's next turn; rejects with the signal's reason. */
  nextTurn(at: {
    attempt: number;
    elapsedMs: number;
    progress: number | undefined;
    notAfter: number;
    signal: AbortSignal | undefined;
  }): Promise<void>;
  output(facts: OutputFacts, ref: TaskRef, index: number): Output;
  /** Told once per change of state; must not throw. */
  changed(ref: TaskRef, state: TaskState): Promise<void>;
  defaultWaitMs(ref: TaskRef): number;
  warn(code: string, message: string, fields?: Record<string, unknown>): void;
  /** A copy of JSON data (or a text) without the key and other secrets. */
  redact<T>(value: T): T;
  now(): number;
}

/** How long one caller waits for a status call; others may wait on for the same one. */
interface PollAt {
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** A status call under way, shared by all who want to know. */
interface Flight {
  landed: Promise<TaskState>;
  waiting: number;
  abandon: () => void;
}

/** Settles as `promise` does, or rejects at once on the signal or after `timeoutMs`; leaves no timer behind. */
async function unlessGivenUp<T>(promise: Promise<T>, at: PollAt): Promise<T> {
  const { signal, timeoutMs } = at;
  signal?.throwIfAborted();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let onAbort = (): void => {};
  try {
    return await Promise.race([
      promise,
      new Promise<never>((_, reject) => {
        onAbort = () => reject(signal?.reason);
        signal?.addEventListener('abort', onAbort, { once: true });
        // Longer waits than a timer can hold are bounded by the exchange's own timeout.
        if (timeoutMs !== undefined && timeoutMs <= LONGEST_TIMER_MS) {
          timer = setTimeout(
            () => reject(new DOMException('no answer before the deadline', 'TimeoutError')),
            timeoutMs,
          );
        }
      }),
    ]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

/** A new id may lag behind its submit: this many refusals in a row, not-found the first among them, are an answer. */
const REFUSED_LIMIT = 3;

/** Success without a result: the archiver may lag for this many further polls (design 11). */
const WITHOUT_OUTPUT_LIMIT = 10;

/** The last poll, at the deadline, gets this long (ms): a result that is just in time should be seen. */
const LAST_POLL_MS = 5000;

/** A handle on a task. Making one calls nothing; it is no promise and can be passed around freely. */
export class Task {
  readonly #ref: TaskRef;
  readonly #port: TaskPort;
  readonly #startedAt: number;
  #progressed: Progressed = INITIAL;
  #state: TaskState;
  /** The last answer claimed success and gave no result. */
  #withoutOutput = false;
  readonly #warned = new Set<string>();
  #flight: Flight | undefined;

  constructor(ref: TaskRef, port: TaskPort, first?: { reading: StateReading | null; raw: unknown }) {
    this.#ref = ref;
    this.#port = port;
    this.#startedAt = port.now();
    this.#state = { id: ref.id, model: ref.model, status: 'queued', rawStatus: '', outputs: [], raw: undefined };
    if (first !== undefined) this.#apply(first.reading, first.raw);
  }

  get id(): string {
    return this.#ref.id;
  }

  get model(): string {
    return this.#ref.model;
  }

  /** The `X-Trace-Id` of the submit; undefined for a task known by id only. */
  get traceId(): string | undefined {
    return this.#ref.traceId ?? undefined;
  }

  /** The last known state; makes no call. */
  get state(): TaskState {
    return this.#state;
  }

  /** What another process needs to go on with this task. Holds no key. */
  toJSON(): TaskRef {
    return { ...this.#ref };
  }

  /**
   * Asks the gateway once. Concurrent calls share one exchange.
   * Throws `AuthenticationError`, `PermissionError`, `TaskNotFoundError`, `ServerError`, `ConnectionError`, ….
   */
  async refresh(options: { signal?: AbortSignal | undefined } = {}): Promise<TaskState> {
    const signal = derived(options.signal);
    try {
      return await this.#refresh({ signal });
    } catch (error) {
      if (signal?.aborted) throw this.#endings.aborted(signal.reason);
      throw error;
    }
  }

  /**
   * The states of this task as they change, the present one first; ends after a terminal one.
   * Throws `WaitTimeoutError` or `WaitAbortedError` (the task runs on), `AuthenticationError`, `PermissionError`,
   * `TaskNotFoundError`, `InvalidResponseError`. Other trouble on the way is waited out.
   */
  async *updates(options: WaitOptions = {}): AsyncGenerator<TaskState, void, undefined> {
    const signal = derived(options.signal);
    const timeoutMs = checkedTimeout(options.timeoutMs) ?? this.#port.defaultWaitMs(this.#ref);
    const deadline = this.#port.now() + timeoutMs;
    let refused = 0;
    let withoutOutput = 0;
    let trouble: unknown;
    yield this.#state;
    for (let attempt = 0; !this.#isAtRest; attempt++) {
      await this.#turn(attempt, deadline, signal);
      const left = deadline - this.#port.now();
      const last = left <= 0;
      const before = this.#state;
      try {
        await this.#refresh({ signal, timeoutMs: last ? LAST_POLL_MS : Math.max(left, 1) });
        refused = 0;
        trouble = undefined;
      } catch (error) {
        if (signal?.aborted) throw this.#endings.aborted(signal.reason);
        refused = isRefusal(error) ? refused + 1 : 0;
        if (isFinal(error) || refused >= REFUSED_LIMIT) throw error;
        trouble = error;
      }
      withoutOutput = this.#withoutOutput ? withoutOutput + 1 : 0;
      if (withoutOutput > WITHOUT_OUTPUT_LIMIT) throw this.#endings.withoutOutput(this.#state);
      if (differs(before, this.#state)) yield this.#state;
      if (last && !this.#isAtRest) throw this.#endings.timedOut(this.#state, timeoutMs, trouble);
    }
  }

  /** Ended, or waiting for its caller: further asking changes nothing. */
  get #isAtRest(): boolean {
    return isTerminal(this.#state.status) || this.#state.needs !== undefined;
  }

  /**
   * Waits for success. Throws what `updates` throws, `TaskFailedError`, `TaskCancelledError`, and
   * `TaskNeedsInputError` when the task waits for the caller.
   */
  async result(
    options: WaitOptions & { onUpdate?: ((state: TaskState) => void) | undefined } = {},
  ): Promise<TaskResult> {
    const tell = guarded(options.onUpdate, (error) =>
      this.#port.warn('callback_threw', `onUpdate threw: ${messageOf(error)}`),
    );
    for await (const state of this.updates(options)) tell(state);
    const state = this.#state;
    if (state.status === 'succeeded') return new TaskResult(state);
    throw this.#endings.ended(state);
  }

  async #turn(attempt: number, notAfter: number, signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#port.nextTurn({
        attempt,
        elapsedMs: this.#port.now() - this.#startedAt,
        progress: this.#progressed.progress,
        notAfter,
        signal,
      });
    } catch (error) {
      if (signal?.aborted) throw this.#endings.aborted(signal.reason);
      throw error;
    }
  }

  /** Joins the status call that is under way, or starts one; it ends early only when nobody waits for it any more. */
  async #refresh(at: PollAt): Promise<TaskState> {
    this.#flight ??= this.#depart();
    const flight = this.#flight;
    flight.waiting++;
    try {
      return await unlessGivenUp(flight.landed, at);
    } finally {
      flight.waiting--;
      if (flight.waiting === 0) flight.abandon();
    }
  }

  #depart(): Flight {
    const controller = new AbortController();
    const landed = this.#port.poll(this.#ref, controller.signal).then(async ({ reading, raw }) => {
      this.#apply(reading, raw);
      await this.#port.changed(this.#ref, this.#state);
      return this.#state;
    });
    const flight: Flight = { landed, waiting: 0, abandon: () => controller.abort(new Error('nobody waits any more')) };
    const clear = () => {
      if (this.#flight === flight) this.#flight = undefined;
    };
    landed.then(clear, clear);
    return flight;
  }

  #apply(reading: StateReading | null, raw: unknown): void {
    if (reading === null) return;
    const { state, unknownWord, withoutOutput } = fold(this.#progressed, reading);
    this.#withoutOutput = withoutOutput;
    if (unknownWord && !this.#warned.has(state.rawStatus)) {
      this.#warned.add(state.rawStatus);
      this.#port.warn(
        'unknown_status',
        `Task ${this.id} has the unknown status "${state.rawStatus}": taken as running.`,
        {
          taskId: this.id,
          status: state.rawStatus,
        },
      );
    }
    this.#progressed = state;
    const outputs = state.outputs.map((facts, index) => this.#port.output(facts, this.#ref, index));
    this.#state = { id: this.id, model: this.model, ...state, outputs, raw };
  }

  get #endings(): Endings {
    return new Endings(this.#ref, this.#port.redact);
  }
}

/** Trouble that waiting does not mend: the key, the account, our own mistake. */
function isFinal(error: unknown): boolean {
  if (error instanceof DOMException && error.name === 'TimeoutError') return false;
  if (!ImaRouterError.is(error)) return true;
  return error.phase === 'config' || error.status === 401 || error.status === 402 || error.status === 403;
}

/** The gateway understood the question and says no; not load, not a fault on the way. */
function isRefusal(error: unknown): boolean {
  return ImaRouterError.is(error) && error.status !== undefined && error.status < 500 && !error.retryable;
}

function differs(a: TaskState, b: TaskState): boolean {
  return a.status !== b.status || a.rawStatus !== b.rawStatus || a.progress !== b.progress || a.needs !== b.needs;
}

/** A usable timeout, or a clear error before anything is spent. */
export function checkedTimeout(timeoutMs: number | undefined): number | undefined {
  if (timeoutMs === undefined) return undefined;
  if (!Number.isFinite(timeoutMs) || timeoutMs < 0) {
    throw new ConfigError(`timeoutMs must be a number of milliseconds from 0, not ${timeoutMs}.`, {
      code: 'bad_option',
      phase: 'config',
      param: 'timeoutMs',
      hint: 'Leave it out for the default patience.',
    });
  }
  return timeoutMs;
}
