// The least delay that any series of polls can have, with so many polls, where the distribution of ends is known exactly.

import type { PollBounds } from '../../src/tasks/pace.js';
import { fixedDelayMs, type Times } from './poll-world.js';

/** A series of polls that is the best one for some price of a poll. */
interface Best {
  polls: number;
  delayMs: number;
  /** Delay that one poll is worth there, in milliseconds. */
  worthMs: number;
}

/** All best series of polls within bounds, for tasks without progress. */
export class Optimum {
  readonly meanTaskMs: number;
  readonly #best: Best[] = [];

  /** `stepMs` is the grid on which polls may lie. */
  constructor(times: Times, bounds: PollBounds, stepMs = 250) {
    const left: number[] = [1];
    const spent: number[] = [0];
    while ((left.at(-1) ?? 0) > 1e-4) {
      const now = 1 - times.under(left.length * stepMs);
      spent.push((spent.at(-1) ?? 0) + (stepMs * ((left.at(-1) ?? 0) + now)) / 2);
      left.push(now);
    }
    this.meanTaskMs = spent.at(-1) ?? 0;
    for (let worthMs = 1; worthMs < 20_000; worthMs *= 1.6) {
      this.#best.push(bestSeries(Float64Array.from(left), Float64Array.from(spent), bounds, stepMs, worthMs));
    }
  }

  /** No series of `polls` polls has a smaller mean delay: for any price, delay + worth · polls is at least the best one's. */
  leastDelayMs(polls: number): number {
    return Math.max(...this.#best.map((one) => one.delayMs + one.worthMs * (one.polls - polls)));
  }

  /** The smallest part of the fixed interval's delay, at the same number of polls, whatever that number. */
  leastRatio(): number {
    return Math.min(...this.#best.map((one) => one.delayMs / fixedDelayMs(one.polls, this.meanTaskMs)));
  }
}

/** Worked out backwards: from each moment the cheapest next poll. */
function bestSeries(
  left: Float64Array,
  spent: Float64Array,
  { minMs, maxMs }: PollBounds,
  stepMs: number,
  worthMs: number,
): Best {
  const count = left.length;
  const cost = new Float64Array(count);
  const polls = new Float64Array(count);
  const all = spent[count - 1] ?? 0;
  const [least, most] = [Math.ceil(minMs / stepMs), Math.floor(maxMs / stepMs)];
  for (let at = count - 2; at >= 0; at--) {
    const here = left[at] ?? 0;
    const before = spent[at] ?? 0;
    let [best, bestAt] = [Number.POSITIVE_INFINITY, 0];
    for (let next = at + least; next <= at + most; next++) {
      const delay = (next - at) * stepMs * here - ((next < count ? (spent[next] ?? 0) : all) - before);
      const total = delay + (next < count ? (cost[next] ?? 0) : 0);
      if (total < best) [best, bestAt] = [total, next];
    }
    cost[at] = best + worthMs * here;
    polls[at] = here + (polls[bestAt] ?? 0);
  }
  const made = polls[0] ?? 0;
  return { polls: made, delayMs: (cost[0] ?? 0) - worthMs * made, worthMs };
}
