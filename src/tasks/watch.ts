// One task, asked by one call at a time: who wants to know, when to ask next, and the call under way, shared by all.

import { Stop } from '../transport/index.js';
import type { Scheduler, Turn } from './scheduler.js';

/** What the next answer brought: undefined when it went well, else what went wrong. */
export type Asked = { error: unknown } | undefined;

/** How a wait ends before an answer comes. */
export type Over = 'deadline' | 'abort';

/** What asking needs. */
export interface Asking {
  scheduler: Scheduler;
  /** Milliseconds on the scheduler's clock. */
  now: () => number;
  /** One status call of at most `timeoutMs`, and what follows from it; ends `turn` with the answer, before what follows. */
  ask: (signal: Stop, turn: Turn, timeoutMs: number | undefined) => Promise<void>;
  /** When the next call should be made, on the scheduler's clock. */
  dueAt: () => number;
  /** Calls `listener` once when `signal` fires; the returned function takes that back. */
  onAbort: (signal: AbortSignal, listener: () => void) => () => void;
}

/** How long one caller waits: until his deadline, or his signal. */
export class Patience {
  over: Over | undefined;
  readonly #asking: Pick<Asking, 'scheduler' | 'onAbort' | 'now'>;
  readonly #deadline: number | undefined;
  readonly #signal: AbortSignal | undefined;

  constructor(
    asking: Pick<Asking, 'scheduler' | 'onAbort' | 'now'>,
    at: { deadline?: number | undefined; signal?: AbortSignal | undefined },
  ) {
    this.#asking = asking;
    this.#deadline = at.deadline;
    this.#signal = at.signal;
  }

  /** Whether it is over by now. */
  isOver(): boolean {
    if (this.#signal?.aborted) this.over ??= 'abort';
    else if (this.#deadline !== undefined && this.#deadline <= this.#asking.now()) this.over ??= 'deadline';
    return this.over !== undefined;
  }

  /** Calls `wake` when it is over. Nothing is armed while nobody waits: a loop that was left keeps no process alive. */
  arm(wake: () => void): () => void {
    const endBy = (over: Over) => () => {
      this.over ??= over;
      wake();
    };
    const { scheduler, onAbort } = this.#asking;
    const offAbort = this.#signal === undefined ? undefined : onAbort(this.#signal, endBy('abort'));
    const offAlarm = this.#deadline === undefined ? undefined : scheduler.alarm(this.#deadline, endBy('deadline'));
    return () => {
      offAbort?.();
      offAlarm?.();
    };
  }
}

/** A call that has been under way for this long (ms) is not waited for by whoever wants to know now. */
const HANGS_MS = 1000;

/** The asking for one task. It lasts as long as somebody waits for an answer, and leaves nothing behind. */
export class Watch {
  readonly #asking: Asking;
  readonly #waiting = new Set<(asked: Asked) => void>();
  #takeBack: (() => void) | undefined;
  #isUrgent = false;
  /** How long (ms) the urgent call may take. */
  #urgentMs: number | undefined;
  #calledAt = Number.NEGATIVE_INFINITY;
  #call: Stop | undefined;

  constructor(asking: Asking) {
    this.#asking = asking;
  }

  /** The next answer, when its turn comes; or undefined in `over`'s way: see `patience.over`. */
  next(patience: Patience): Promise<Asked> {
    const answer = this.#join(patience);
    if (this.#isIdle && this.#takeBack === undefined) {
      this.#takeBack = this.#asking.scheduler.turn(this.#asking.dueAt(), this.#begin);
    }
    return answer;
  }

  /**
   * The answer of the call that is under way, or of one that is made as soon as there is a place: with many who ask at
   * once, as at a common deadline, there are no more sockets than places.
   */
  soon(patience: Patience, timeoutMs?: number): Promise<Asked> {
    const answer = this.#join(patience);
    // Whoever asks now has nothing of a call that hangs: all who wait for it get a new one.
    if (this.#call !== undefined && !this.isAsking) this.#giveUpCall();
    if (this.#isIdle && !this.#isUrgent) {
      this.#takeBack?.();
      this.#isUrgent = true;
      this.#urgentMs = timeoutMs;
      this.#takeBack = this.#asking.scheduler.urgentTurn(this.#begin);
    } else if (timeoutMs === undefined) {
      this.#urgentMs = undefined;
    }
    return answer;
  }

  /** A call is under way that may well be answered yet. */
  get isAsking(): boolean {
    return this.#call !== undefined && this.#asking.now() - this.#calledAt < HANGS_MS;
  }

  /** Somebody waits, and no call is under way. */
  get #isIdle(): boolean {
    return this.#waiting.size > 0 && this.#call === undefined;
  }

  #join(patience: Patience): Promise<Asked> {
    if (patience.isOver()) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const told = (asked: Asked): void => {
        disarm();
        this.#waiting.delete(told);
        resolve(asked);
      };
      this.#waiting.add(told);
      const disarm = patience.arm(() => {
        told(undefined);
        if (this.#waiting.size === 0) this.#abandon();
      });
    });
  }

  /** Nobody waits any more: neither a turn nor a socket is kept for them. */
  #abandon(): void {
    this.#takeBack?.();
    this.#takeBack = undefined;
    this.#isUrgent = false;
    this.#giveUpCall();
  }

  #giveUpCall(): void {
    const call = this.#call;
    this.#call = undefined;
    call?.abort(new Error('nobody waits any more'));
  }

  readonly #begin = (turn: Turn): void => {
    this.#takeBack = undefined;
    const timeoutMs = this.#isUrgent ? this.#urgentMs : undefined;
    this.#isUrgent = false;
    const call = new Stop();
    this.#call = call;
    this.#calledAt = this.#asking.now();
    const done = (asked: Asked): void => {
      turn.end();
      // An abandoned call has nobody to tell; another one may be under way.
      if (this.#call !== call) return;
      this.#call = undefined;
      for (const told of [...this.#waiting]) told(asked);
    };
    this.#asking.ask(call, turn, timeoutMs).then(
      () => done(undefined),
      (error: unknown) => done({ error }),
    );
  };
}
