// Tasks that end when chance says, and what the policy of polling makes of them: seeded, without real time.

import { type DurationRange, Durations } from '../../src/tasks/durations.js';
import { nextDelay, type PollBounds } from '../../src/tasks/pace.js';
import { UNWATCHED, watched } from '../../src/tasks/progress.js';

/** 0 ≤ number < 1. */
export type Random = () => number;

/** The same numbers for the same seed (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** How long tasks take, in milliseconds. */
export interface Times {
  readonly name: string;
  draw(random: Random): number;
  /** The share of tasks that take at most `ms`. */
  under(ms: number): number;
}

/** Evenly over a range on a logarithmic scale, and never outside. */
export function even(fromMs: number, toMs: number): Times {
  const octaves = Math.log(toMs / fromMs);
  return {
    name: `${fromMs / 1000}–${toMs / 1000} s even`,
    draw: (random) => fromMs * Math.exp(random() * octaves),
    under: (ms) => Math.min(1, Math.max(0, Math.log(ms / fromMs) / octaves)),
  };
}

/** Of a normal distribution, 90 % lie within so many deviations of its middle. */
const MIDDLE_90 = 1.6449;

/** Lognormal: nine in ten within the range. */
export function bell(fromMs: number, toMs: number): Times {
  const middle = Math.log(fromMs * toMs) / 2;
  const deviation = Math.log(toMs / fromMs) / 2 / MIDDLE_90;
  return {
    name: `${fromMs / 1000}–${toMs / 1000} s bell`,
    draw: (random) => {
      const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
      return Math.exp(middle + deviation * normal);
    },
    under: (ms) => normalUnder((Math.log(ms) - middle) / deviation),
  };
}

/** One of several, each as often. */
export function mixture(name: string, parts: readonly Times[]): Times {
  return {
    name,
    draw: (random) => (parts[Math.floor(random() * parts.length)] ?? even(1, 1)).draw(random),
    under: (ms) => parts.reduce((sum, part) => sum + part.under(ms), 0) / parts.length,
  };
}

/** As `most`, but one task in twenty has a heavy (Pareto) tail from `fromMs` on, cut off at an hour. */
export function heavyTailed(name: string, most: Times, fromMs: number): Times {
  const [share, exponent, longestMs] = [0.05, 1.5, 3_600_000];
  return {
    name,
    draw: (random) =>
      random() < share ? Math.min(longestMs, fromMs * (1 - random()) ** (-1 / exponent)) : most.draw(random),
    under: (ms) => {
      const tail = ms >= longestMs ? 1 : ms <= fromMs ? 0 : 1 - (fromMs / ms) ** exponent;
      return share * tail + (1 - share) * most.under(ms);
    },
  };
}

/** The normal distribution function (Abramowitz and Stegun 26.2.17, error below 1e-7). */
function normalUnder(deviations: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(deviations));
  const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const beyond = (Math.exp((-deviations * deviations) / 2) / Math.sqrt(2 * Math.PI)) * series;
  return deviations > 0 ? 1 - beyond : beyond;
}

/** A task: when its end can be seen, and what progress it shows before. */
export interface Life {
  endMs: number;
  progressAt(ms: number): number | undefined;
}

/** How a gateway tells the progress of tasks that take `ms`. `said` is what it says beforehand of their duration. */
export type Progress = (ms: number, random: Random, said: DurationRange) => Life;

/** Part of a task that it waits in the queue, as in the mock. */
const queued = (ms: number, random: Random) => ms * (0.05 + 0.15 * random());
/** Whole percents, rounded down, from 1 to 99 while it runs. */
const percent = (share: number) => (share < 0 ? 0 : Math.min(0.99, Math.max(0.01, Math.floor(100 * share) / 100)));

/** The gateway asks upstream itself that often (field-notes A1): neither progress nor an end is seen in between. */
const STEP_MS = 15_000;

export const PROGRESS = {
  none: (ms) => ({ endMs: ms, progressAt: () => undefined }),
  honest: (ms, random) => {
    const startMs = queued(ms, random);
    return { endMs: ms, progressAt: (at) => percent((at - startMs) / (ms - startMs)) };
  },
  'in 15 s steps': (ms, random) => {
    const startMs = queued(ms, random);
    const phaseMs = STEP_MS * random();
    const step = (at: number, round: (steps: number) => number) => phaseMs + STEP_MS * round((at - phaseMs) / STEP_MS);
    return {
      endMs: step(ms, Math.ceil),
      progressAt: (at) => percent((step(at, Math.floor) - startMs) / (ms - startMs)),
    };
  },
  'rounded percents': (ms, random) => {
    const startMs = queued(ms, random);
    return {
      endMs: ms,
      progressAt: (at) => Math.max(0, Math.min(0.99, Math.round((100 * (at - startMs)) / (ms - startMs)) / 100)),
    };
  },
  'done 4–6 s after 99 %': (ms, random) => {
    const startMs = queued(ms, random);
    return { endMs: ms + 4000 + 2000 * random(), progressAt: (at) => percent((at - startMs) / (ms - startMs)) };
  },
  'long queue': (ms, random) => {
    const startMs = ms * (0.6 + 0.3 * random());
    return { endMs: ms, progressAt: (at) => percent((at - startMs) / (ms - startMs)) };
  },
  'slower and slower': (ms, random) => {
    const startMs = queued(ms, random);
    return {
      endMs: ms,
      progressAt: (at) => percent(at < startMs ? -1 : 1 - (1 - (at - startMs) / (ms - startMs)) ** 2),
    };
  },
  'stuck at 0': (ms) => ({ endMs: ms, progressAt: () => 0 }),
  'stuck at 50': (ms, random) => {
    const startMs = queued(ms, random);
    return { endMs: ms, progressAt: (at) => Math.min(0.5, percent((1.5 * (at - startMs)) / (ms - startMs))) };
  },
  'jumps 0, 90, 99': (ms, random) => {
    const [first, second] = [ms * (0.1 + 0.2 * random()), ms * (0.4 + 0.2 * random())];
    return { endMs: ms, progressAt: (at) => (at < first ? 0 : at < second ? 0.9 : 0.99) };
  },
  // Seed 002: P = min(95, floor(elapsed / estimated_max · 100)).
  'a clock': (ms, _random, [, longestMs]) => ({
    endMs: ms,
    progressAt: (at) => Math.min(0.95, Math.floor((100 * at) / longestMs) / 100),
  }),
  'begins anew': (ms, random) => {
    const startMs = queued(ms, random);
    return { endMs: ms, progressAt: (at) => percent(((2.5 * (at - startMs)) / (ms - startMs)) % 1) };
  },
} satisfies Record<string, Progress>;

export type ProgressName = keyof typeof PROGRESS;

/** What came of many tasks. */
export interface Outcome {
  tasks: number;
  /** Per task, the one that finds it finished included. */
  polls: number;
  /** From the end of a task to the poll that finds it. */
  meanDelayMs: number;
  p95DelayMs: number;
  meanTaskMs: number;
  /** The shortest and longest interval that was waited. */
  shortestMs: number;
  longestMs: number;
}

/** What is to be played through. */
export interface Play {
  times: Times;
  progress: ProgressName;
  bounds: PollBounds;
  /** What the gateway says beforehand of how long these tasks take. */
  said: DurationRange;
  /** Tasks that a client has learned from before it is measured; 0: each task is the first of its model. */
  taught: number;
  /** Clients that learn for themselves. */
  clients: number;
  /** Tasks measured per client. */
  tasks: number;
  seed: number;
  /** Progress is not told. */
  isHidden?: boolean;
  /** Time of an exchange: the gateway reads its clock somewhere within. 0 unless given. */
  exchangeMs?: number;
}

/** Plays tasks through, one after the other, under the policy. */
export function play(at: Play): Outcome {
  const random = seeded(at.seed);
  const delays: number[] = [];
  let [polls, taskMs, shortestMs, longestMs] = [0, 0, Number.POSITIVE_INFINITY, 0];
  const exchangeMs = at.exchangeMs ?? 0;
  for (let client = 0; client < at.clients; client++) {
    let durations = new Durations({ byModality: { video: at.said } });
    for (let task = -at.taught; task < at.tasks; task++) {
      if (at.taught === 0) durations = new Durations({ byModality: { video: at.said } });
      const life = PROGRESS[at.progress](at.times.draw(random), random, at.said);
      const known = durations.of('model', 'video');
      let [nowMs, made, seen] = [0, 0, UNWATCHED];
      for (;;) {
        const waitMs = nextDelay({ elapsedMs: nowMs, watched: seen, known }, at.bounds, random);
        [shortestMs, longestMs] = [Math.min(shortestMs, waitMs), Math.max(longestMs, waitMs)];
        const askedMs = nowMs + waitMs;
        nowMs = askedMs + exchangeMs;
        made++;
        const readMs = askedMs + exchangeMs * random();
        if (readMs >= life.endMs) break;
        seen = watched(seen, {
          askedMs,
          elapsedMs: nowMs,
          progress: at.isHidden ? undefined : life.progressAt(readMs),
        });
      }
      durations.learn('model', 'video', nowMs, seen);
      if (task < 0) continue;
      polls += made;
      delays.push(nowMs - life.endMs);
      taskMs += life.endMs;
    }
  }
  delays.sort((a, b) => a - b);
  const tasks = delays.length;
  return {
    tasks,
    polls: polls / tasks,
    meanDelayMs: delays.reduce((sum, delay) => sum + delay, 0) / tasks,
    p95DelayMs: delays[Math.floor(tasks * 0.95)] ?? 0,
    meanTaskMs: taskMs / tasks,
    shortestMs,
    longestMs,
  };
}

/** What a fixed interval makes of tasks of that mean duration: whatever they are, their ends fall anywhere within it. */
export function fixed(
  intervalMs: number,
  meanTaskMs: number,
): { polls: number; meanDelayMs: number; p95DelayMs: number } {
  return { polls: meanTaskMs / intervalMs + 0.5, meanDelayMs: intervalMs / 2, p95DelayMs: 0.95 * intervalMs };
}

/** The mean delay of the fixed interval that makes `polls` per task. */
export function fixedDelayMs(polls: number, meanTaskMs: number): number {
  return meanTaskMs / (polls - 0.5) / 2;
}
