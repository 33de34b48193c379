// Whose turn it is: all waits of a client on one timer, few in flight at once, all slowed by one "too many requests".

import { LONGEST_TIMER_MS } from '../transport/index.js';
import { Heap, type HeapItem } from './heap.js';

/** A turn that came. */
export interface Turn {
  /** Gives the place to the next. */
  end(): void;
}

/** What a scheduler is made with. */
export interface SchedulerOptions {
  /** Turns per second, all together. */
  perSecond: number;
  /** Milliseconds, on a clock that never goes back. */
  now: () => number;
  /** No `Retry-After` keeps everybody quiet for longer (ms). */
  longestQuietMs: number;
  /** Milliseconds to be quiet after the n-th "too many requests" in a row (1, 2, …). */
  backoffMs: (refusals: number) => number;
  /** The least of them, whatever `Retry-After` says. */
  leastQuietMs?: number | undefined;
}

/**
 * Status calls at once. With more a gateway answers no faster, and every further one costs a socket
 * (bench/waiting-tasks.ts measures it).
 */
const MOST_IN_FLIGHT = 32;

/** An answer that takes longer (ms) no longer holds up the others: its place is given away … */
const LINGER_MS = 3000;

/** … but when so many are slow the gateway is not answering at all, and nobody is helped by asking more. */
const MOST_LINGERING = 96;

/** A timer may fire this late (ms) without the turns that it missed being lost. An idle hour saves up no more. */
const GRACE_MS = 5;

/** One "too many requests" halves the rate, down to this part of what was set … */
const LEAST_RATE = 1 / 32;

/** … and each good answer gives this part of it back. */
const RECOVERY = 1 / 64;

interface Waiting extends HeapItem {
  at: number;
  order: number;
  begin: (turn: Turn) => void;
}

const sooner = (a: Waiting, b: Waiting): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

class Running implements Turn {
  lingers = false;

  constructor(
    readonly startedAt: number,
    readonly ended: (running: Running) => void,
  ) {}

  end(): void {
    this.ended(this);
  }
}

/** Hands out turns, the longest due first, and rings alarms. One timer serves them all; without any there is none. */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #turns = new Heap<Waiting>(sooner);
  /** They wait for a place, and for nothing else. */
  readonly #urgent = new Heap<Waiting>(sooner);
  readonly #alarms = new Heap<Waiting>(sooner);
  /** In order of their start. */
  readonly #running = new Set<Running>();
  #lingering = 0;
  #order = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  /** The budget allows no turn before this. */
  #nextSlot = Number.NEGATIVE_INFINITY;
  /** Part of `perSecond` that is allowed at present. */
  #rate = 1;
  #refusals = 0;
  #refusedAt = Number.NEGATIVE_INFINITY;
  #quietUntil = Number.NEGATIVE_INFINITY;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /** Calls `begin` when the time has come and the budget allows. The returned function takes the wish back. */
  turn(dueAt: number, begin: (turn: Turn) => void): () => void {
    return this.#enter(this.#turns, dueAt, begin);
  }

  /** Calls `begin` as soon as there is a place: for who asks himself, or at his deadline, neither budget nor silence counts. */
  urgentTurn(begin: (turn: Turn) => void): () => void {
    return this.#enter(this.#urgent, Number.NEGATIVE_INFINITY, begin);
  }

  /** Calls `ring` at that time, whatever the budget says: a deadline is a deadline. */
  alarm(at: number, ring: () => void): () => void {
    return this.#enter(this.#alarms, at, ring);
  }

  /** The gateway said "too many requests" to a call that was made at `askedAt`: everybody waits. */
  slowDown(askedAt: number, retryAfterMs?: number): void {
    // Those that were under way together say the same thing once.
    if (askedAt >= this.#refusedAt) {
      this.#refusals++;
      this.#refusedAt = this.#options.now();
      this.#rate = Math.max(LEAST_RATE, this.#rate / 2);
    }
    const { backoffMs, longestQuietMs, leastQuietMs = 0 } = this.#options;
    const quietMs = Math.max(leastQuietMs, Math.min(retryAfterMs ?? backoffMs(this.#refusals), longestQuietMs));
    this.#quietUntil = Math.max(this.#quietUntil, this.#refusedAt + quietMs);
    this.#arm();
  }

  /** The gateway answered a call that was made at `askedAt`. */
  goesWell(askedAt: number): void {
    if (askedAt < this.#refusedAt) return;
    this.#refusals = 0;
    // Somebody asked in the silence, for himself or at his deadline, and was answered.
    this.#quietUntil = Number.NEGATIVE_INFINITY;
    if (this.#rate < 1) this.#rate = Math.min(1, this.#rate + RECOVERY);
  }

  #enter(heap: Heap<Waiting>, at: number, begin: (turn: Turn) => void): () => void {
    const waiting: Waiting = { at, order: this.#order++, gone: false, begin };
    heap.push(waiting);
    this.#arm();
    return () => {
      if (waiting.gone) return;
      waiting.gone = true;
      heap.left();
      this.#arm();
    };
  }

  get #isFull(): boolean {
    return this.#running.size - this.#lingering >= MOST_IN_FLIGHT;
  }

  /** When the next decision falls due; never, where only the end of a running turn can bring one. */
  #nextAt(): number {
    const alarm = this.#alarms.first()?.at ?? Number.POSITIVE_INFINITY;
    const turn = this.#turns.first()?.at ?? Number.POSITIVE_INFINITY;
    const budgeted = Math.max(turn, this.#nextSlot, this.#quietUntil);
    const wanted = this.#urgent.first() === undefined ? budgeted : Number.NEGATIVE_INFINITY;
    const place = this.#isFull ? this.#oldestStart() + LINGER_MS : Number.NEGATIVE_INFINITY;
    return Math.min(alarm, Math.max(wanted, place));
  }

  #oldestStart(): number {
    if (this.#lingering >= MOST_LINGERING) return Number.POSITIVE_INFINITY;
    for (const running of this.#running) if (!running.lingers) return running.startedAt;
    return Number.POSITIVE_INFINITY;
  }

  #arm(): void {
    const at = this.#nextAt();
    if (at === this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerAt = at;
    if (at === Number.POSITIVE_INFINITY) return;
    // Rounded up: a timer that fires a fraction too early would only be set again.
    const delay = Math.ceil(Math.max(0, at - this.#options.now()));
    this.#timer = setTimeout(this.#fire, Math.min(delay, LONGEST_TIMER_MS));
  }

  readonly #fire = (): void => {
    this.#timer = undefined;
    this.#timerAt = Number.NEGATIVE_INFINITY;
    this.#release();
    this.#arm();
  };

  #release(): void {
    const now = this.#options.now();
    for (let due = this.#alarms.first(); due !== undefined && due.at <= now; due = this.#alarms.first()) {
      due.gone = true;
      this.#alarms.left();
      due.begin(NO_TURN);
    }
    if (this.#isFull) this.#setSlowAside(now);
    for (let last = this.#urgent.first(); last !== undefined && !this.#isFull; last = this.#urgent.first()) {
      this.#begin(last, this.#urgent, now);
    }
    while (!this.#isFull && this.#nextSlot <= now && this.#quietUntil <= now) {
      const first = this.#turns.first();
      if (first === undefined || first.at > now) return;
      this.#takeSlot(now);
      this.#begin(first, this.#turns, now);
    }
  }

  #begin(waiting: Waiting, heap: Heap<Waiting>, now: number): void {
    waiting.gone = true;
    heap.left();
    const running = new Running(now, this.#ended);
    this.#running.add(running);
    waiting.begin(running);
  }

  #takeSlot(now: number): void {
    const spacing = 1000 / (this.#options.perSecond * this.#rate);
    const isLittleLate = this.#nextSlot > now - spacing;
    const earliest = spacing < GRACE_MS ? now - GRACE_MS : now;
    this.#nextSlot = (isLittleLate ? this.#nextSlot : Math.max(this.#nextSlot, earliest)) + spacing;
  }

  #setSlowAside(now: number): void {
    for (const running of this.#running) {
      if (this.#lingering >= MOST_LINGERING || running.startedAt + LINGER_MS > now) return;
      if (running.lingers) continue;
      running.lingers = true;
      this.#lingering++;
    }
  }

  readonly #ended = (running: Running): void => {
    if (!this.#running.delete(running)) return;
    if (running.lingers) this.#lingering--;
    // A freed place is taken at once, not after a timer's millisecond.
    this.#release();
    this.#arm();
  };
}

/** Alarms hold no place. */
const NO_TURN: Turn = { end: () => {} };
