// How long tasks take, model by model: first from what a gateway says of them, then more and more from those that ended.

import type { Modality } from '../catalog/index.js';
import { FARTHEST_MS, foretold, type Span, type Watched } from './progress.js';

/** Most tasks take between these, in milliseconds. */
export type DurationRange = readonly [fromMs: number, toMs: number];

/** What a gateway says beforehand of how long things take. Pure data. */
export interface DurationPriors {
  readonly byModality: Readonly<Partial<Record<Modality, DurationRange>>>;
  /** By model id, where more is known than of the modality. */
  readonly byModel?: Readonly<Record<string, DurationRange>>;
}

/** What is known of how long a model takes, at one moment. Pure data; ask again after each task. */
export interface DurationKnowledge {
  /** The durations that 0, 1/16, 2/16, … of its tasks stay under; 0 and 1 taken a little inward. */
  readonly quantilesMs: readonly number[];
  /** The same of the time that is left to a task of unknown age. */
  readonly leftMs: readonly number[];
  /** 0..1: how far a forecast by progress is believed, by what became of earlier ones. */
  readonly honesty: number;
  /** How much later than foretold the end has come of late, as a share of the time foretold. */
  readonly lateness: number;
}

/** Where a gateway says nothing: from a fast image to a slow video. */
const FALLBACK_RANGE: DurationRange = [10_000, 600_000];

/** Tasks remembered per model: enough to know the shape, few enough to follow a gateway that gets slower. */
const REMEMBERED = 64;

/** What is said beforehand weighs as much as this many tasks. */
const PRIOR_WEIGHT = 4;

/**
 * Where the tasks of a range are thought to be, from −1 (its begin) to 1 (its end): eighths of a normal distribution of
 * which 90 % lie within. Measured, it costs less where durations are spread evenly than the reverse.
 */
const PRIOR_POINTS = [-0.932, -0.539, -0.297, -0.0955, 0.0955, 0.297, 0.539, 0.932] as const;

/** How far each of these points speaks for its neighbours, as a part of half the range: beyond its ends, too. */
const PRIOR_WIDTH = 0.25;

/** How far one remembered task speaks for its neighbours, in standard deviations of them all (less with more tasks). */
const BANDWIDTH = 0.7;

/** No two tasks are alike to less than this share of their duration. */
const LEAST_BANDWIDTH = 0.01;

/** A logistic curve of scale 1/1.7 is nearly a normal one of deviation 1, and cheaper. */
const LOGISTIC = 1.7;

/** The first and the last quantile: beyond, few observations say little. */
const OUTERMOST = 0.01;

const QUANTILES = 16;

/** Steps in which the distribution is looked through for its quantiles. */
const STEPS = 128;

/** So often a span is halved to find a moment in it: to a thousandth. */
const HALVINGS = 10;

/**
 * This share of all tasks is thought to end at any time at all, however short or long. A task that outlives all
 * knowledge is then asked less and less often, and one that is done far too early is found.
 */
const ANY_TIME = 0.02;

/**
 * Progress of an unknown model is believed this far: an honest one is learned in a few tasks; a clock that only looks
 * like progress costs the first of them little.
 */
const FIRST_HONESTY = 0.1;

/** Never believed nor disbelieved for good. At the most, some polls still go where only durations lead. */
const LEAST_HONESTY = 0.02;
const MOST_HONESTY = 0.99;

/** Forecasts that the honesty is an average of: first it weighs like so many, later like at most so many. */
const HONESTY_FIRST_WEIGHT = 2;
const HONESTY_MOST_WEIGHT = 12;

/** An end this much later than foretold, as a share of the time foretold, is late and not wrong. */
const LATE = 0.05;

/** Until it is learned: percents may be rounded and not cut, which foretells the end half a percent too early. */
const FIRST_LATENESS = 0.006;

/** Lateness is forgotten by this factor per task. */
const LATENESS_FADES = 0.8;

/** Where nothing is known at all. */
export const NOTHING_KNOWN: DurationKnowledge = beforehand(FALLBACK_RANGE);

/** What one model has taught. */
interface Learned {
  readonly prior: DurationRange;
  /** A ring of the last durations. */
  readonly durationsMs: number[];
  count: number;
  /** `count` when the quantiles were made. */
  madeAt: number;
  quantilesMs: readonly number[];
  leftMs: readonly number[];
  honesty: number;
  honestyWeight: number;
  lateness: number;
  knowledge: DurationKnowledge | undefined;
}

/** Learns how long the models of one client take, and whether their progress is to be believed. */
export class Durations {
  readonly #priors: DurationPriors;
  readonly #models = new Map<string, Learned>();

  constructor(priors: DurationPriors) {
    this.#priors = priors;
  }

  /** What is known of a model now. Cheap: made anew only when there is something new. */
  of(model: string, modality: Modality): DurationKnowledge {
    const learned = this.#learned(model, modality);
    // The shape changes little with each further task: an eighth more of them is worth making it anew.
    if (learned.count > learned.madeAt * 1.125) {
      learned.madeAt = learned.count;
      learned.quantilesMs = quantilesOf(learned.prior, learned.durationsMs);
      learned.leftMs = leftOf(learned.quantilesMs);
    }
    const { quantilesMs, leftMs, honesty, lateness } = learned;
    learned.knowledge ??= { quantilesMs, leftMs, honesty, lateness };
    return learned.knowledge;
  }

  /**
   * Learns from a task that was found finished at `ms`; `watched` is what was known before that answer. It ended
   * somewhere between the two. For ends that a poll of this process saw, success or not.
   */
  learn(model: string, modality: Modality, ms: number, watched: Watched): void {
    // Nothing takes that long: a clock was set, or nobody was there to look.
    if (!(ms > watched.seenMs) || ms > FARTHEST_MS) return;
    const known = this.of(model, modality);
    const learned = this.#learned(model, modality);
    const ended: Span = { fromMs: watched.seenMs, toMs: ms };
    learnHonesty(learned, known, ended, watched);
    learned.knowledge = undefined;
    if (!watched.sinceSubmit) return;
    learned.durationsMs[learned.count % REMEMBERED] = Math.max(1, middleOf(known.quantilesMs, ended));
    learned.count++;
  }

  #learned(model: string, modality: Modality): Learned {
    const key = `${modality} ${model}`;
    const before = this.#models.get(key);
    if (before !== undefined) return before;
    const { byModel, byModality } = this.#priors;
    const own = byModel !== undefined && Object.hasOwn(byModel, model) ? byModel[model] : undefined;
    const prior = own ?? byModality[modality] ?? FALLBACK_RANGE;
    const learned: Learned = {
      ...beforehand(prior),
      prior,
      durationsMs: [],
      count: 0,
      madeAt: 0,
      honestyWeight: HONESTY_FIRST_WEIGHT,
      knowledge: undefined,
    };
    this.#models.set(key, learned);
    return learned;
  }
}

/** What is known of tasks of which none has been seen. */
function beforehand(range: DurationRange): DurationKnowledge {
  const quantilesMs = quantilesOf(range, []);
  return { quantilesMs, leftMs: leftOf(quantilesMs), honesty: FIRST_HONESTY, lateness: FIRST_LATENESS };
}

/** The share of tasks that take longer than `ms`. Never 0: see `ANY_TIME`. */
export function survival(quantilesMs: readonly number[], ms: number): number {
  const typicalMs = quantilesMs[QUANTILES / 2] ?? 1;
  return (1 - ANY_TIME) * (1 - shareUnder(quantilesMs, ms)) + ANY_TIME / (1 + Math.max(0, ms) / typicalMs);
}

function shareUnder(quantilesMs: readonly number[], ms: number): number {
  let low = 0;
  let high = QUANTILES;
  if (!(ms > (quantilesMs[low] ?? 0))) return 0;
  if (ms >= (quantilesMs[high] ?? 0)) return 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((quantilesMs[middle] ?? 0) <= ms) low = middle;
    else high = middle;
  }
  const fromMs = quantilesMs[low] ?? 0;
  const toMs = quantilesMs[high] ?? 0;
  return (low + (ms - fromMs) / (toMs - fromMs)) / QUANTILES;
}

/**
 * Which explains the end better, the forecast by progress or the durations alone? (Bayes, with the honesty so far as the
 * prior.) A forecast that came true also tells how late ends are.
 */
function learnHonesty(learned: Learned, known: DurationKnowledge, ended: Span, watched: Watched): void {
  const told = watched.told ?? foretold(watched);
  if (told === undefined) return;
  const longer = (ms: number) => survival(watched.sinceSubmit ? known.quantilesMs : known.leftMs, ms);
  const toMs = told.toMs * (1 + known.lateness);
  const hitFromMs = Math.max(ended.fromMs, told.fromMs);
  const hitToMs = Math.min(ended.toMs, toMs * (1 + LATE));
  const isHit = hitToMs > hitFromMs;
  const tiny = Number.EPSILON;
  const ifHonest = isHit
    ? Math.min(1, (longer(hitFromMs) - longer(hitToMs) + tiny) / (longer(told.fromMs) - longer(toMs) + tiny))
    : 0;
  const ifNot = (longer(ended.fromMs) - longer(ended.toMs) + tiny) / (longer(ended.fromMs) + tiny);
  const honest = learned.honesty * ifHonest;
  const share = honest / (honest + (1 - learned.honesty) * ifNot);
  learned.honestyWeight = Math.min(learned.honestyWeight + 1, HONESTY_MOST_WEIGHT);
  const honesty = learned.honesty + (share - learned.honesty) / learned.honestyWeight;
  learned.honesty = Math.min(MOST_HONESTY, Math.max(LEAST_HONESTY, honesty));
  if (!isHit) return;
  const late = ended.fromMs >= told.toMs ? (ended.fromMs + ended.toMs) / 2 / told.toMs - 1 : 0;
  learned.lateness = Math.max(late, learned.lateness * LATENESS_FADES);
}

/** The moment within a span before which the task ended as likely as after it. */
function middleOf(quantilesMs: readonly number[], { fromMs, toMs }: Span): number {
  const half = (survival(quantilesMs, fromMs) + survival(quantilesMs, toMs)) / 2;
  let low = fromMs;
  let high = toMs;
  for (let step = 0; step < HALVINGS; step++) {
    const middle = (low + high) / 2;
    if (survival(quantilesMs, middle) > half) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The quantiles of all that is known: every point, said or seen, stands for a small hill on a logarithmic scale. */
function quantilesOf([fromMs, toMs]: DurationRange, seenMs: readonly number[]): readonly number[] {
  const center = (Math.log(fromMs) + Math.log(toMs)) / 2;
  const half = (Math.log(toMs) - Math.log(fromMs)) / 2;
  const weight = PRIOR_WEIGHT / PRIOR_POINTS.length;
  const priorWidth = Math.max(LEAST_BANDWIDTH, half * PRIOR_WIDTH);
  const hills = PRIOR_POINTS.map((point) => ({ at: center + point * half, weight, width: priorWidth }));
  const seen = seenMs.map(Math.log);
  const width = Math.max(LEAST_BANDWIDTH, BANDWIDTH * deviationOf(seen, half / 2) * seen.length ** -0.2);
  hills.push(...seen.map((at) => ({ at, weight: 1, width })));
  const total = PRIOR_WEIGHT + seen.length;
  const under = (at: number) =>
    hills.reduce((sum, hill) => sum + hill.weight / (1 + Math.exp((-LOGISTIC * (at - hill.at)) / hill.width)), 0) /
    total;
  const begin = Math.min(...hills.map((hill) => hill.at - 4 * hill.width));
  const end = Math.max(...hills.map((hill) => hill.at + 4 * hill.width));
  const quantiles: number[] = [];
  let [at, before, after] = [begin, 0, under(begin)];
  for (let index = 0; index <= QUANTILES; index++) {
    const share = Math.min(1 - OUTERMOST, Math.max(OUTERMOST, index / QUANTILES));
    while (after < share && at < end) {
      at += (end - begin) / STEPS;
      before = after;
      after = under(at);
    }
    const back = after > before ? (Math.max(0, after - share) / (after - before)) * ((end - begin) / STEPS) : 0;
    quantiles.push(Math.exp(at - back));
  }
  return quantiles;
}

/** The standard deviation of what was seen; of less than two, what was thought before. */
function deviationOf(seen: readonly number[], before: number): number {
  if (seen.length < 2) return before;
  const mean = seen.reduce((sum, at) => sum + at, 0) / seen.length;
  return Math.sqrt(seen.reduce((sum, at) => sum + (at - mean) ** 2, 0) / (seen.length - 1));
}

/**
 * What is left to a task that was met by chance somewhere on its way: long tasks are met more often, and the end of each
 * is as likely to be at any distance.
 */
function leftOf(quantilesMs: readonly number[]): readonly number[] {
  const longest = quantilesMs.at(-1) ?? 0;
  const total = quantilesMs.reduce((sum, ms) => sum + ms, 0);
  const leftAfter = (ms: number) => quantilesMs.reduce((sum, whole) => sum + Math.max(0, whole - ms), 0) / total;
  return quantilesMs.map((_, index) => {
    let low = 0;
    let high = longest;
    for (let step = 0; step < HALVINGS; step++) {
      const middle = (low + high) / 2;
      if (leftAfter(middle) > 1 - index / QUANTILES) low = middle;
      else high = middle;
    }
    return (low + high) / 2;
  });
}
