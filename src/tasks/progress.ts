// What the progress of a task foretells of its end: all straight lines that agree with every poll, and when they end.

/** A stretch of time, in milliseconds on the task's own clock: from its submit, or from where it was attached. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Where a task is, as far as polls told. Immutable and small (some hundred bytes); a poll that was answered makes a new
 * one by `watched`, a poll that failed makes none.
 */
export interface Watched {
  /** When it was last known to be unfinished: 0 is the submit, less means never. */
  readonly seenMs: number;
  /** Whether time counts from the submit; else from a later moment, and nobody knows how old the task is. */
  readonly sinceSubmit: boolean;
  /** 0..1; 0 before any was told. */
  readonly progress: number;
  /** Since when progress has not moved. */
  readonly stillSinceMs: number;
  /** How old the progress of an answer may be: 0 until it stood still where a line had it move. */
  readonly staleMs: number;
  /**
   * The corners of a convex polygon, as start, length, start, length, …: each point in it is a straight line that starts
   * at `start` and ends `length` later. Undefined while progress tells nothing.
   */
  readonly lines: readonly number[] | undefined;
  /** The last sharp forecast, kept when it has been refuted: what came of it is learned from. */
  readonly told: Span | undefined;
}

/** A task that this process submitted, or one whose submit time is known: `elapsedMs` counts from the submit. */
export const UNWATCHED: Watched = {
  seenMs: 0,
  sinceSubmit: true,
  progress: 0,
  stillSinceMs: 0,
  staleMs: 0,
  lines: undefined,
  told: undefined,
};

/** A task known by its id only: `elapsedMs` counts from the attachment. It may have ended long ago. */
export const ATTACHED: Watched = { ...UNWATCHED, seenMs: -1, sinceSubmit: false };

/** Progress comes as whole percents, rounded down: 42 stands for anything up to 43. */
const PERCENT = 0.01;

/** Start and length of a line are looked for up to here; longer than the patience for any task. */
export const FARTHEST_MS = 48 * 3_600_000;

/** Lines of a task just submitted: none starts before the submit, and it does not queue for longer than it then runs. */
const FRESH: readonly number[] = [0, 0, FARTHEST_MS, FARTHEST_MS, 0, FARTHEST_MS];

/** All lines, where nothing is known of the start, or where the assumption above has been refuted. */
const OPEN: readonly number[] = [-FARTHEST_MS, 0, FARTHEST_MS, 0, FARTHEST_MS, FARTHEST_MS, -FARTHEST_MS, FARTHEST_MS];

/** A polygon with more corners than this is not cut any further: it stays too large, which is safe, and small in memory. */
const MOST_CORNERS = 16;

/** A forecast is sharp when it is narrower than this share of the time at which it ends. */
const SHARP = 0.25;

/**
 * What is known after the answer of a poll that found the task unfinished. It was asked at `askedMs` and answered at
 * `elapsedMs`; `progress` is 0..1 as the gateway tells it, undefined where it does not. Any number is taken.
 */
export function watched(
  before: Watched,
  at: { askedMs: number; elapsedMs: number; progress: number | undefined },
): Watched {
  const seenMs = Number.isFinite(at.elapsedMs) ? Math.max(before.seenMs, at.elapsedMs, 0) : Math.max(before.seenMs, 0);
  if (at.progress === undefined || !(at.progress >= 0)) return { ...before, seenMs, lines: undefined };
  // It is not done, whatever it says.
  const progress = Math.min(at.progress, 1 - PERCENT);
  const stillSinceMs = progress === before.progress ? before.stillSinceMs : seenMs;
  const reading: Reading = { progress, fromMs: at.askedMs, toMs: seenMs };
  const known = before.lines ?? (before.sinceSubmit && before.progress === 0 ? FRESH : OPEN);
  let staleMs = before.staleMs;
  // Progress that falls began anew: lines of the first run say nothing of the second.
  let lines = agreeing(progress < before.progress ? OPEN : known, reading, staleMs);
  if (lines === undefined) {
    // No straight line does that. Either progress is told late, as it had stood still before, or it is no line at all:
    // a new one is looked for, from here on.
    if (before.progress > 0) staleMs = Math.max(staleMs, seenMs - before.stillSinceMs);
    lines = agreeing(OPEN, reading, staleMs);
  }
  const after = { seenMs, sinceSubmit: before.sinceSubmit, progress, stillSinceMs, staleMs, lines, told: before.told };
  const span = foretold(after);
  return span !== undefined && span.toMs - span.fromMs < SHARP * span.toMs ? { ...after, told: span } : after;
}

/** When the task will end, if its progress is a straight line; undefined while that says nothing. */
export function foretold({ lines, seenMs, staleMs }: Watched): Span | undefined {
  if (lines === undefined) return undefined;
  let fromMs = Number.POSITIVE_INFINITY;
  let toMs = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < lines.length; at += 2) {
    const endMs = (lines[at] ?? 0) + (lines[at + 1] ?? 0);
    fromMs = Math.min(fromMs, endMs);
    toMs = Math.max(toMs, endMs);
  }
  // The end is told as late as progress is.
  const span = { fromMs: Math.max(fromMs, seenMs), toMs: toMs + staleMs };
  return span.toMs > span.fromMs ? span : undefined;
}

/** Progress that an answer told, read by the gateway at some moment of this span. */
interface Reading extends Span {
  readonly progress: number;
}

/** Those of `lines` that agree with a reading; undefined when none does. */
function agreeing(lines: readonly number[], reading: Reading, staleMs: number): readonly number[] | undefined {
  const { progress, fromMs, toMs } = reading;
  let left = lines;
  // It had come that far when it answered. The first percent is often shown at the very start, and none means nothing.
  if (progress > 0) left = clipped(left, 1, progress > PERCENT ? progress : 0, toMs);
  // It had not come a percent further when it was asked, or a little earlier where it tells late.
  left = clipped(left, -1, -(progress + PERCENT), staleMs - fromMs);
  return left.length > 0 ? left : undefined;
}

/** The part of a convex polygon in which `a · start + b · length ≤ most` (Sutherland and Hodgman's clipping). */
function clipped(corners: readonly number[], a: number, b: number, most: number): readonly number[] {
  const kept: number[] = [];
  let start = corners.at(-2) ?? 0;
  let length = corners.at(-1) ?? 0;
  let over = a * start + b * length - most;
  for (let at = 0; at < corners.length; at += 2) {
    const nextStart = corners[at] ?? 0;
    const nextLength = corners[at + 1] ?? 0;
    const nextOver = a * nextStart + b * nextLength - most;
    if (over < 0 !== nextOver < 0) {
      const part = over / (over - nextOver);
      kept.push(start + part * (nextStart - start), length + part * (nextLength - length));
    }
    if (nextOver < 0) kept.push(nextStart, nextLength);
    start = nextStart;
    length = nextLength;
    over = nextOver;
  }
  return kept.length > 2 * MOST_CORNERS ? corners : kept;
}
