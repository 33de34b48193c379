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

/** A call that has been under way for this long (ms) is not all that somebody waits for who wants to know now … */
const HANGS_MS = 1000;

/** … and after this long nobody waits for it alone: the longest interval of the vendor's rule. */
const NEXT_MS = 10_000;

/** Calls of one task at once, where the earlier ones hang; then the oldest makes room. */
const MOST_CALLS = 3;

/** The asking for one task. It lasts as long as somebody waits for an answer, and leaves nothing behind. */
export class Watch {
  readonly #asking: Asking;
  readonly #waiting = new Set<(asked: Asked) => void>();
  /** Calls under way, with when they began. */
  readonly #calls = new Map<Stop, number>();
  /** Takes back the turn that is wished for. */
  #takeBack: (() => void) | undefined;
  #isUrgent = false;
  /** How long (ms) the urgent call may take. */
  #urgentMs: number | undefined;

  constructor(asking: Asking) {
    this.#asking = asking;
  }

  /** The next answer, when its turn comes; or undefined in `over`'s way: see `patience.over`. */
  next(patience: Patience): Promise<Asked> {
    const answer = this.#join(patience);
    if (this.#waiting.size > 0 && this.#calls.size === 0) this.#wish(this.#asking.dueAt());
    return answer;
  }

  /**
   * The answer of the call that is under way, or of one that is made as soon as there is a place: with many who ask at
   * once, as at a common deadline, there are no more sockets than places.
   */
  soon(patience: Patience, timeoutMs?: number): Promise<Asked> {
    const answer = this.#join(patience);
    if (this.#isUrgent) {
      if (timeoutMs === undefined) this.#urgentMs = undefined;
    } else if (this.#waiting.size > 0 && !this.isAsking) {
      this.#takeBack?.();
      this.#isUrgent = true;
      this.#urgentMs = timeoutMs;
      this.#takeBack = this.#asking.scheduler.urgentTurn(this.#begin);
    }
    return answer;
  }

  /** A call is under way that may well be answered yet. */
  get isAsking(): boolean {
    for (const begunAt of this.#calls.values()) if (this.#asking.now() - begunAt < HANGS_MS) return true;
    return false;
  }

  #wish(dueAt: number): void {
    this.#takeBack ??= this.#asking.scheduler.turn(dueAt, this.#begin);
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
        if (this.#waiting.size === 0) this.#stop();
      });
    });
  }

  /** Nobody waits any more: neither a turn nor a socket is kept for them. */
  #stop(): void {
    this.#takeBack?.();
    this.#takeBack = undefined;
    this.#isUrgent = false;
    for (const call of [...this.#calls.keys()]) this.#giveUp(call);
  }

  #giveUp(call: Stop): void {
    if (this.#calls.delete(call)) call.abort(new Error('nobody waits for it any more'));
  }

  readonly #begin = (turn: Turn): void => {
    this.#takeBack = undefined;
    const timeoutMs = this.#isUrgent ? this.#urgentMs : undefined;
    this.#isUrgent = false;
    const call = new Stop();
    const { scheduler, now } = this.#asking;
    const [oldest] = this.#calls.keys();
    if (oldest !== undefined && this.#calls.size === MOST_CALLS) this.#giveUp(oldest);
    this.#calls.set(call, now());
    const offNext = scheduler.alarm(now() + NEXT_MS, () => {
      if (this.#calls.has(call)) this.#wish(now());
    });
    const place: Turn = {
      end: () => {
        offNext();
        turn.end();
      },
    };
    const done = (asked: Asked): void => {
      place.end();
      // A call that was given up has nobody to tell. One that ends, well or not, is the word on all that hang.
      if (!this.#calls.delete(call)) return;
      const waiting = [...this.#waiting];
      this.#stop();
      for (const told of waiting) told(asked);
    };
    this.#asking.ask(call, place, timeoutMs).then(
      () => done(undefined),
      (error: unknown) => done({ error }),
    );
  };
}
