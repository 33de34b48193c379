// When to ask next: a pure decision from what is known of the task, always between the user's two bounds.

/** Bounds of every poll interval, the first too, in milliseconds. */
export interface PollBounds {
  minMs: number;
  maxMs: number;
}

/** Vendor rule (seed 000): "GET every 3–10 seconds". */
export const DEFAULT_BOUNDS: PollBounds = { minMs: 3000, maxMs: 10_000 };

/** Intervals without news grow by this factor, so that a short task is seen early and a long one asked seldom. */
const GROWTH = 1.25;

/** Tasks that were submitted together should not be asked together. */
const JITTER = 0.15;

/** Milliseconds until the next poll. `attempt` counts polls made; `progress` is 0..1, or undefined when not told. */
export function nextDelay(
  at: { attempt: number; elapsedMs: number; progress: number | undefined },
  bounds: PollBounds,
  random: () => number,
): number {
  const grown = bounds.minMs * GROWTH ** at.attempt;
  const wanted = remainingMs(at) ?? grown;
  const jittered = wanted * (1 + JITTER * (2 * random() - 1));
  return Math.min(bounds.maxMs, Math.max(bounds.minMs, jittered));
}

/** What the progress so far foretells; undefined while it says too little. */
function remainingMs(at: { elapsedMs: number; progress: number | undefined }): number | undefined {
  const { progress, elapsedMs } = at;
  // Written so that NaN says too little as well.
  if (progress === undefined || !(progress >= 0.05 && progress <= 1) || !(elapsedMs > 0)) return undefined;
  return (elapsedMs * (1 - progress)) / progress;
}
