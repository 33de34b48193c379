// When to ask next: a pure decision from what is known of the task, always between the user's two bounds.

import { type DurationKnowledge, NOTHING_KNOWN, survival } from './durations.js';
import { foretold, type Span, UNWATCHED, type Watched } from './progress.js';

/** Bounds of every poll interval, the first too, in milliseconds. */
export interface PollBounds {
  minMs: number;
  maxMs: number;
}

/** Vendor rule (seed 000): "GET every 3–10 seconds". */
export const DEFAULT_BOUNDS: PollBounds = { minMs: 3000, maxMs: 10_000 };

/** How a gateway wants to be asked. */
export interface PollPolicy {
  bounds: PollBounds;
  /** The first intervals after a submit (ms), where the vendor prescribes them; those that follow are decided here. */
  firstMs: readonly number[];
}

/**
 * What the decision is made from. `elapsedMs` counts from the submit, or from the attachment of a task known by its id
 * only (`watched` then began as `ATTACHED`).
 */
export interface PaceAt {
  elapsedMs: number;
  watched?: Watched | undefined;
  /** Absent: nobody knows how long such a task takes. */
  known?: DurationKnowledge | undefined;
  /** The intervals that the vendor prescribes, from when the gateway answered the submit: `firstMs` and the time since (ms). */
  prescribed?: { firstMs: readonly number[]; sinceMs: number } | undefined;
}

/**
 * One poll is worth this much delay (ms): the exchange rate of the whole policy. By it 3 s is the right interval while
 * one of such tasks ends per minute, 10 s while one ends in eleven minutes: the vendor's bounds for the vendor's tasks.
 * Measured, in these bounds nothing between 50 and 100 costs more than another (`npm run bench:poll`).
 */
const POLL_WORTH_MS = 75;

/** Clocks and timers tell no moments apart that are nearer to each other. */
const LEAST_CHOICE_MS = 1;

/** Beyond any task: some thirty years. Numbers stay finite below it. */
const LATEST_MS = 1e12;

/** Two survivals that differ by less are too near to each other to divide by. */
const TINY = 1e-12;

/** Moments at which a poll is considered: this many per `minMs` at first, … */
const PER_LEAST = 6;

/** … then each this part of the time later than the one before: what is far away needs no precision yet. */
const COARSER = 12;

/** Moments within a foretold span. */
const PER_SPAN = 8;

/** Intervals are found to this part of the longest: bounds that are further apart would cost more to decide than to poll. */
const FINEST = 1e-4;

/** Tasks that were submitted together should not be asked together: the first interval draws them apart, … */
const FIRST_JITTER = 0.12;

/** … the others keep them apart. */
const JITTER = 0.04;

/** An interval that aims at a foretold end is this share of `minMs` longer at most: tasks end at their own times. */
const AIMED_JITTER = 0.02;

/** Milliseconds until the next poll; always within bounds, whatever the numbers. */
export function nextDelay(at: PaceAt, bounds: PollBounds, random: () => number): number {
  const { minMs } = bounds;
  const maxMs = Math.min(bounds.maxMs, LATEST_MS);
  if (!(minMs < maxMs && maxMs > LEAST_CHOICE_MS)) return minMs;
  const watched = at.watched ?? UNWATCHED;
  const draw = Math.min(1, Math.max(0, random() || 0));
  const prescribedMs = watched.sinceSubmit ? prescribed(at.prescribed) : undefined;
  if (prescribedMs !== undefined) {
    return Math.min(maxMs, Math.max(minMs, prescribedMs * (1 + FIRST_JITTER * draw)));
  }
  // It may have ended long ago.
  if (watched.seenMs < 0) return Math.min(maxMs, minMs * (1 + FIRST_JITTER * draw));
  const nowMs = at.elapsedMs >= watched.seenMs ? Math.min(at.elapsedMs, LATEST_MS) : watched.seenMs;
  const { unfinished, span } = outlookOf(watched, at.known ?? NOTHING_KNOWN);
  const waitMs = cheapestWait((ms) => unfinished(nowMs + ms), momentsOf({ minMs, maxMs }, nowMs, span), {
    minMs,
    maxMs,
  });
  const isAimed = span !== undefined && span.toMs - span.fromMs < maxMs && nowMs + waitMs >= span.fromMs;
  if (isAimed) return Math.min(maxMs, waitMs + AIMED_JITTER * minMs * draw);
  const spread = 2 * waitMs * (nowMs > 0 ? JITTER : FIRST_JITTER);
  // The whole spread is moved inside: cut off, half of all tasks would be asked at the same bound.
  const fromMs = Math.max(minMs, Math.min(waitMs - spread / 2, maxMs - spread));
  return Math.min(maxMs, fromMs + spread * draw);
}

/** The prescribed interval that a task of this age is in; by its age, not by a count: polls that failed are not made up for. */
function prescribed({ firstMs, sinceMs }: NonNullable<PaceAt['prescribed']> = NOT_PRESCRIBED): number | undefined {
  let endMs = 0;
  for (const intervalMs of firstMs) {
    endMs += intervalMs;
    if (sinceMs < endMs) return intervalMs;
  }
  return undefined;
}

const NOT_PRESCRIBED = { firstMs: [], sinceMs: 0 };

/** The share of tasks like this one that are unfinished at a time, of those that were when it was last seen; 1 to 0. */
type Belief = (ms: number) => number;

/** What is believed of one task: as far as its progress is honest it ends when foretold, else when such tasks end. */
interface Outlook {
  readonly unfinished: Belief;
  /** The foretold end. */
  readonly span: Span | undefined;
}

function outlookOf(watched: Watched, known: DurationKnowledge): Outlook {
  const quantilesMs = watched.sinceSubmit ? known.quantilesMs : known.leftMs;
  const longer = (ms: number) => survival(quantilesMs, ms);
  const nowOn = longer(watched.seenMs);
  const byDuration: Belief = (ms) => longer(ms) / nowOn;
  const told = foretold(watched);
  if (told === undefined) return { unfinished: byDuration, span: undefined };
  const span = { fromMs: told.fromMs, toMs: told.toMs * (1 + known.lateness) };
  const { fromMs, toMs } = span;
  const [most, least] = [longer(fromMs), longer(toMs)];
  const width = most - least;
  const asForetold: Belief = (ms) => {
    if (ms <= fromMs) return 1;
    if (ms >= toMs) return 0;
    // A forecast cuts the durations short: within its span they say what is likely.
    return width > TINY ? (longer(ms) - least) / width : (toMs - ms) / (toMs - fromMs);
  };
  const { honesty } = known;
  return { unfinished: (ms) => honesty * asForetold(ms) + (1 - honesty) * byDuration(ms), span };
}

/** When polls are considered, in milliseconds from now, ascending from 0 to three longest intervals. */
function momentsOf({ minMs, maxMs }: PollBounds, nowMs: number, span: Span | undefined): Float64Array {
  const end = 3 * maxMs;
  const moments = [0, maxMs, 2 * maxMs, end];
  const leastMs = Math.max(minMs, maxMs * FINEST);
  for (let at = minMs; at < end; at += Math.max(leastMs / PER_LEAST, at / COARSER)) moments.push(at);
  if (span !== undefined) {
    const from = span.fromMs - nowMs;
    const step = (span.toMs - span.fromMs) / PER_SPAN;
    // One more on each side: where a poll must be so that the next one may be at the last moment, or after it.
    for (let index = 0; index <= PER_SPAN; index++) moments.push(from + index * step);
    moments.push(span.toMs - nowMs - minMs, span.toMs - nowMs + minMs);
  }
  return Float64Array.from(moments.filter((at) => at === 0 || (at >= minMs && at <= end))).sort();
}

/**
 * The first interval of the series of polls that costs least: the delay that is expected until the end is seen, and what
 * the polls until then are worth. Worked out backwards over `moments`: from each the cheapest next one, given what
 * everything costs from there. Nothing in the last third costs anything: to the first interval it is too far away.
 */
function cheapestWait(unfinished: Belief, moments: Float64Array, { minMs, maxMs }: PollBounds): number {
  const count = moments.length;
  /** By moment: the share unfinished then, the time spent unfinished until then, and the cost from then on. */
  const left = new Float64Array(count);
  const spent = new Float64Array(count);
  const cost = new Float64Array(count);
  for (let at = 0; at < count; at++) {
    left[at] = unfinished(moments[at] ?? 0);
    const width = (moments[at] ?? 0) - (moments[at - 1] ?? 0);
    spent[at] = (spent[at - 1] ?? 0) + (width * ((left[at] ?? 0) + (left[at - 1] ?? 0))) / 2;
  }
  // Nobody has looked since it was last seen: all that has ended meanwhile waits too.
  left[0] = 1;
  let wait = maxMs;
  for (let at = count - 1, nearest = count; at >= 0; at--) {
    const now = moments[at] ?? 0;
    if (now >= 2 * maxMs) continue;
    while (nearest > at + 1 && (moments[nearest - 1] ?? 0) - now >= minMs) nearest--;
    let best = Number.POSITIVE_INFINITY;
    for (let next = nearest; next < count; next++) {
      const interval = (moments[next] ?? 0) - now;
      if (interval < minMs) continue;
      if (interval > maxMs) break;
      const delay = interval * (left[at] ?? 0) - ((spent[next] ?? 0) - (spent[at] ?? 0));
      const total = delay + (cost[next] ?? 0);
      if (total < best) {
        best = total;
        wait = interval;
      }
    }
    cost[at] = best + POLL_WORTH_MS * (left[at] ?? 0);
  }
  return wait;
}
