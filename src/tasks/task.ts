// A handle on one paid task: plain to pass around, rebuilt from its JSON, and honest about what it does not know.

import type { Output, OutputFacts } from '../media/index.js';
import { bad, checkNames, checkSignal, guarded, messageOf, type Stop } from '../transport/index.js';
import { Endings } from './endings.js';
import { ATTACHED, UNWATCHED, type Watched, watched } from './progress.js';
import type { TaskRef } from './ref.js';
import { TaskResult, type TaskState } from './result.js';
import type { Scheduler, Turn } from './scheduler.js';
import { fold, INITIAL, isTerminal, type Progressed, type StateReading } from './state.js';
import { Troubles } from './troubles.js';
import { type Asked, Patience, Watch } from './watch.js';

/** How long and how to wait. */
export interface WaitOptions {
  /** Stops the waiting, never the task. */
  signal?: AbortSignal | undefined;
  /** Patience for the whole wait in milliseconds; the default depends on what is made. */
  timeoutMs?: number | undefined;
}

const WAIT_OPTIONS = ['signal', 'timeoutMs'];

/** What the engine does for a task. */
export interface TaskPort {
  readonly scheduler: Scheduler;
  /** Milliseconds on the scheduler's clock. */
  now(): number;
  /** One status call of at most `timeoutMs`; resolves to its reading (null = the answer said nothing) and the raw body. */
  poll(
    ref: TaskRef,
    signal: Stop,
    timeoutMs: number | undefined,
  ): Promise<{ reading: StateReading | null; raw: unknown }>;
  /** Milliseconds between the last call and the next one. */
  delay(ref: TaskRef, at: { elapsedMs: number; watched: Watched; answeredMs: number }): number;
  /** Calls `listener` once when `signal` fires; the returned function takes that back. */
  onAbort(signal: AbortSignal, listener: () => void): () => void;
  /** Whether the task was given what it waited for, a moment ago, whoever asks. */
  isAnswered(ref: TaskRef): boolean;
  output(facts: OutputFacts, ref: TaskRef, at: { index: number; count: number }): Output;
  /** Told when a call has found the task at its end, and what was known of it before; must not throw. */
  ended(ref: TaskRef, state: TaskState, at: { elapsedMs: number; watched: Watched }): Promise<void>;
  /** Somebody begins to wait for the task, and ends doing so. */
  waiting(ref: TaskRef): () => void;
  defaultWaitMs(ref: TaskRef): number;
  warn(code: string, message: string, fields?: Record<string, unknown>): void;
  /** A copy of JSON data (or a text) without the key and other secrets. */
  redact<T>(value: T): T;
}

/** An end that an answer tells without anything of a task is one when it is told so often in a row. */
const SURE_AFTER = 3;

/** Success without a result: the archiver may lag for this many further polls (design 11). */
const WITHOUT_OUTPUT_LIMIT = 10;

/**
 * The last poll, at the deadline, gets this long (ms): enough for an answer from the other side of the world, for a result
 * that is just in time should be seen; and short, for a deadline is one even when the gateway hangs.
 */
const LAST_POLL_MS = 2000;

/** Where many are at their deadline together, each waits this long (ms) for a place among those who ask. */
const LAST_PLACE_MS = 5000;

/** What is known of a task when its handle is made. */
export interface Beginning {
  /** What the submit's answer said. */
  reading?: StateReading | null;
  raw?: unknown;
  /** When it was submitted, on the port's clock, where that is known. */
  startedAt?: number | undefined;
}

/** A handle on a task. Making one calls nothing; it is no promise and can be passed around freely. */
export class Task {
  readonly #ref: TaskRef;
  readonly #port: TaskPort;
  readonly #watch: Watch;
  readonly #startedAt: number;
  /** When the submit was answered, as far as that is known: the vendor's first intervals count from there. */
  readonly #answeredAt: number;
  /** When it was last answered, or not; the submit is the first answer. */
  #restingSince: number;
  #watched: Watched;
  #progressed: Progressed = INITIAL;
  #state: TaskState;
  /** How many answers in a row told an end that may not be the task's. */
  #unsure = 0;
  /** The last answer claimed success and gave no result. */
  #withoutOutput = false;
  /** How the caller gives what the task waits for, as the last answer that spoke of it said. */
  #needsHint: string | undefined;
  /** A wait has ended with that: whoever waits again may have given it since, in another process too. */
  #hasToldNeed = false;
  #warned: Set<string> | undefined;

  constructor(ref: TaskRef, port: TaskPort, first: Beginning = {}) {
    this.#ref = ref;
    this.#port = port;
    this.#startedAt = first.startedAt ?? port.now();
    this.#watched = first.startedAt === undefined ? ATTACHED : UNWATCHED;
    this.#restingSince = port.now();
    this.#answeredAt = first.reading === undefined ? this.#startedAt : this.#restingSince;
    this.#watch = new Watch({
      scheduler: port.scheduler,
      ask: (signal, turn, timeoutMs) => this.#ask(signal, turn, timeoutMs),
      now: () => port.now(),
      dueAt: () => this.#dueAt(),
      onAbort: (signal, listener) => port.onAbort(signal, listener),
    });
    this.#state = { id: ref.id, model: ref.model, status: 'queued', rawStatus: '', outputs: [], raw: undefined };
    if (first.reading !== undefined) this.#apply(first.reading, first.raw);
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
   * Asks the gateway once, now. Concurrent calls share one exchange.
   * Throws `AuthenticationError`, `PermissionError`, `TaskNotFoundError`, `ServerError`, `ConnectionError`, ….
   */
  async refresh(options: { signal?: AbortSignal | undefined } = {}): Promise<TaskState> {
    checkNames(options, ['signal']);
    checkSignal(options.signal);
    const patience = this.#patience({ signal: options.signal });
    const asked = await this.#watch.soon(patience);
    if (patience.over === 'abort') throw this.#endings.aborted(options.signal?.reason);
    if (asked !== undefined) throw asked.error;
    return this.#state;
  }

  /**
   * The states of this task as they change, the present one first; ends after a terminal one.
   * Throws `WaitTimeoutError` or `WaitAbortedError` (the task runs on), `AuthenticationError`, `PermissionError`,
   * `TaskNotFoundError`, `InvalidResponseError`. Other trouble on the way is waited out.
   */
  async *updates(options: WaitOptions = {}): AsyncGenerator<TaskState, void, undefined> {
    checkNames(options, WAIT_OPTIONS);
    const wait = this.#wait(options);
    const ended = this.#port.waiting(this.#ref);
    try {
      let told = this.#state;
      yield told;
      while (wait.mustAsk || !this.#isAtRest) {
        await this.#step(wait);
        if (!differs(told, this.#state)) continue;
        told = this.#state;
        yield told;
      }
      // Others may have asked meanwhile: the end is told to everybody.
      if (differs(told, this.#state)) yield this.#state;
      this.#hasToldNeed = this.#state.needs !== undefined;
    } finally {
      ended();
    }
  }

  /**
   * Waits for success. Throws what `updates` throws, `TaskFailedError`, `TaskCancelledError`, and
   * `TaskNeedsInputError` when the task waits for the caller.
   */
  async result(
    options: WaitOptions & { onUpdate?: ((state: TaskState) => void) | undefined } = {},
  ): Promise<TaskResult> {
    checkNames(options, [...WAIT_OPTIONS, 'onUpdate']);
    const onUpdate = checkedFunction('onUpdate', options.onUpdate);
    const tell = guarded(onUpdate, (error) => this.#port.warn('callback_threw', `onUpdate threw: ${messageOf(error)}`));
    const wait = this.#wait(options);
    const ended = this.#port.waiting(this.#ref);
    try {
      let told = this.#state;
      tell(told);
      while (wait.mustAsk || !this.#isAtRest) {
        await this.#step(wait);
        if (!differs(told, this.#state)) continue;
        told = this.#state;
        tell(told);
      }
    } finally {
      ended();
    }
    const state = this.#state;
    if (state.status === 'succeeded') return new TaskResult(state);
    this.#hasToldNeed = state.needs !== undefined;
    throw this.#endings.ended(state, this.#needsHint);
  }

  /** Ended, or waiting for its caller: further asking changes nothing. */
  get #isAtRest(): boolean {
    return isTerminal(this.#state.status) || this.#state.needs !== undefined;
  }

  /** Throws `ConfigError` for options that no wait can have. */
  #wait({ signal, timeoutMs: wanted }: WaitOptions): Wait {
    checkSignal(signal);
    const timeoutMs = checkedTimeout(wanted) ?? this.#port.defaultWaitMs(this.#ref);
    const patience = this.#patience({ deadline: this.#port.now() + timeoutMs, signal });
    const mustAsk = this.#state.needs !== undefined && (this.#hasToldNeed || this.#port.isAnswered(this.#ref));
    return { timeoutMs, signal, patience, troubles: new Troubles(), isOver: false, mustAsk };
  }

  /** One answer, or trouble, further. Throws when there is nothing more to wait for, or no more patience. */
  async #step(wait: Wait): Promise<void> {
    const { signal, patience, troubles, timeoutMs } = wait;
    if (wait.isOver) throw this.#endings.timedOut(this.#state, timeoutMs, troubles.last);
    let asked = await this.#watch.next(patience);
    wait.isOver = patience.over === 'deadline';
    if (wait.isOver) asked = await this.#lastCall(signal);
    if (signal?.aborted) throw this.#endings.aborted(signal.reason);
    wait.mustAsk &&= asked !== undefined;
    troubles.note(asked, this.#withoutOutput);
    if (troubles.final !== undefined) throw troubles.final;
    if (troubles.withoutOutput > WITHOUT_OUTPUT_LIMIT) throw this.#endings.withoutOutput(this.#state);
  }

  #patience(at: { deadline?: number; signal?: AbortSignal | undefined }): Patience {
    const { scheduler, onAbort } = this.#port;
    return new Patience({ scheduler, onAbort, now: () => this.#port.now() }, at);
  }

  /** A terminal state that is seen at the deadline counts. */
  async #lastCall(signal: AbortSignal | undefined): Promise<Asked> {
    const patienceMs = this.#watch.isAsking ? LAST_POLL_MS : LAST_PLACE_MS;
    const patience = this.#patience({ deadline: this.#port.now() + patienceMs, signal });
    const asked = await this.#watch.soon(patience, LAST_POLL_MS);
    return patience.over === undefined ? asked : { error: new DOMException('no answer in time', 'TimeoutError') };
  }

  #dueAt(): number {
    // From the last call on: the time in which nobody waited is part of the interval.
    const elapsedMs = this.#restingSince - this.#startedAt;
    const answeredMs = this.#restingSince - this.#answeredAt;
    return this.#restingSince + this.#port.delay(this.#ref, { elapsedMs, watched: this.#watched, answeredMs });
  }

  async #ask(signal: Stop, turn: Turn, timeoutMs: number | undefined): Promise<void> {
    const askedMs = this.#port.now() - this.#startedAt;
    const { reading, raw } = await this.#answer(signal, turn, timeoutMs);
    if (reading === null) return;
    this.#unsure = reading.isUnsure === true ? this.#unsure + 1 : 0;
    if (this.#unsure > 0 && this.#unsure < SURE_AFTER) return;
    const isOver = isTerminal(this.#state.status);
    this.#apply(reading, raw);
    const elapsedMs = this.#restingSince - this.#startedAt;
    if (!isTerminal(this.#state.status)) {
      this.#watched = watched(this.#watched, { askedMs, elapsedMs, progress: reading.progress });
    } else if (!isOver) {
      await this.#port.ended(this.#ref, this.#state, { elapsedMs, watched: this.#watched });
    }
  }

  async #answer(
    signal: Stop,
    turn: Turn,
    timeoutMs: number | undefined,
  ): Promise<{ reading: StateReading | null; raw: unknown }> {
    // What is never answered does not lengthen the interval: that counts from the question then.
    this.#restingSince = this.#port.now();
    try {
      const answer = await this.#port.poll(this.#ref, signal, timeoutMs);
      this.#restingSince = this.#port.now();
      return answer;
    } finally {
      turn.end();
    }
  }

  #apply(reading: StateReading | null, raw: unknown): void {
    if (reading === null) return;
    const { state, unknownWord, withoutOutput } = fold(this.#progressed, reading);
    this.#withoutOutput = withoutOutput;
    this.#needsHint = reading.needsHint ?? this.#needsHint;
    if (unknownWord) this.#warnOfWord(state.rawStatus);
    this.#progressed = state;
    const count = state.outputs.length;
    const outputs = state.outputs.map((facts, index) => this.#port.output(facts, this.#ref, { index, count }));
    this.#state = { id: this.id, model: this.model, ...state, outputs, raw };
  }

  #warnOfWord(word: string): void {
    this.#warned ??= new Set();
    if (this.#warned.has(word)) return;
    this.#warned.add(word);
    const message = `Task ${this.id} has the unknown status "${word}": taken as running.`;
    this.#port.warn('unknown_status', message, { taskId: this.id, status: word });
  }

  get #endings(): Endings {
    return new Endings(this.#ref, this.#port.redact);
  }
}

/** One caller's wait. */
interface Wait {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly patience: Patience;
  readonly troubles: Troubles;
  /** The last call has been made. */
  isOver: boolean;
  /** The task was waiting for its caller when last heard of, and he may have answered since. */
  mustAsk: boolean;
}

function differs(a: TaskState, b: TaskState): boolean {
  return a.status !== b.status || a.rawStatus !== b.rawStatus || a.progress !== b.progress || a.needs !== b.needs;
}

/** A usable timeout, or a clear error before anything is spent. */
export function checkedTimeout(timeoutMs: number | undefined): number | undefined {
  if (timeoutMs === undefined) return undefined;
  if (!Number.isFinite(timeoutMs) || timeoutMs < 0) {
    const what = `must be a number of milliseconds from 0, not ${timeoutMs}`;
    throw bad('timeoutMs', what, 'Leave it out for the default patience.');
  }
  return timeoutMs;
}

/** A function or nothing, or a clear error before anything is spent. */
export function checkedFunction<Wanted>(param: string, value: Wanted): Wanted {
  if (value === undefined || typeof value === 'function') return value;
  throw bad(param, 'must be a function', 'Leave it out where nobody is to be told.');
}
