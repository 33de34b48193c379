// When a task is asked next: what is known of durations, what progress foretells, and what that is worth against fixed intervals.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DurationKnowledge, Durations, survival } from '../../src/tasks/durations.js';
import { DEFAULT_BOUNDS, nextDelay, type PollBounds } from '../../src/tasks/pace.js';
import { ATTACHED, foretold, UNWATCHED, type Watched, watched } from '../../src/tasks/progress.js';
import { Optimum } from '../support/poll-optimum.js';
import {
  bell,
  even,
  fixed,
  fixedDelayMs,
  type Outcome,
  type Play,
  PROGRESS,
  type Progress,
  type ProgressName,
  play,
  seeded,
} from '../support/poll-world.js';

const WIDE: PollBounds = { minMs: 500, maxMs: 60_000 };
const middle = () => 0.5;
/** Knows nothing but that videos take one to two minutes. */
const minutes = () => new Durations({ byModality: { video: [60_000, 120_000] } });

/** Numbers as they should be, and as they should not. */
const anyNumber = fc.oneof(
  fc.double(),
  fc.double({ min: 0, max: 400_000, noNaN: true }),
  fc.constantFrom(0, -1, 1e300),
);
const anyProgress = fc.option(
  fc.oneof(
    fc.double(),
    fc.integer({ min: 0, max: 100 }).map((percent) => percent / 100),
  ),
  {
    nil: undefined,
  },
);
const anyReadings = fc.array(fc.record({ askedMs: anyNumber, elapsedMs: anyNumber, progress: anyProgress }), {
  maxLength: 30,
});
const seenAfter = (readings: readonly Parameters<typeof watched>[1][], start = UNWATCHED) =>
  readings.reduce(watched, start);

describe('the next poll', () => {
  test('is within its bounds, whatever anybody claims', () => {
    fc.assert(
      fc.property(
        fc.record({
          elapsedMs: anyNumber,
          readings: anyReadings,
          start: fc.constantFrom(UNWATCHED, ATTACHED),
          ends: fc.array(anyNumber, { maxLength: 5 }),
          bounds: fc
            .oneof(
              { weight: 4, arbitrary: fc.double({ min: -3, max: 6, noNaN: true }).map((power) => 10 ** power) },
              fc.constantFrom(Number.MIN_VALUE, 1e11, Number.MAX_VALUE),
            )
            .chain((minMs) =>
              fc
                .oneof(fc.double({ min: 1, max: 100, noNaN: true }), fc.constantFrom(1, 1e9, Number.MAX_VALUE))
                .map((factor) => ({ minMs, maxMs: Math.min(Number.MAX_VALUE, minMs * factor) })),
            ),
          random: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(Number.NaN, -1, 1, 2)),
        }),
        ({ elapsedMs, readings, start, ends, bounds, random }) => {
          const seen = seenAfter(readings, start);
          const durations = minutes();
          for (const ms of ends) durations.learn('m', 'video', ms, seen);
          const known = durations.of('m', 'video');
          for (const at of [{ elapsedMs, watched: seen, known }, { elapsedMs }]) {
            const delay = nextDelay(at, bounds, () => random);
            expect(delay).toBeGreaterThanOrEqual(bounds.minMs);
            expect(delay).toBeLessThanOrEqual(bounds.maxMs);
          }
        },
      ),
    );
  });

  test('is decided at once between bounds that no timer can tell apart', () => {
    const bounds = { minMs: Number.MIN_VALUE, maxMs: 50 * Number.MIN_VALUE };
    expect(nextDelay({ elapsedMs: 0 }, bounds, middle)).toBe(Number.MIN_VALUE);
  });

  test('waits for the time at which such tasks begin to end, and is frequent while they do', () => {
    const known = minutes().of('m', 'video');
    const delay = (elapsedMs: number, bounds: PollBounds) => {
      const seen = { ...UNWATCHED, seenMs: elapsedMs };
      return nextDelay({ elapsedMs, watched: seen, known }, bounds, middle);
    };
    expect(delay(0, DEFAULT_BOUNDS)).toBeGreaterThan(8000);
    expect(delay(20_000, WIDE)).toBeGreaterThan(20_000);
    expect(delay(85_000, WIDE)).toBeLessThan(4000);
    // A task that outlives all knowledge is asked less and less often.
    const later = [130_000, 600_000, 6_000_000, 1e9].map((elapsedMs) => delay(elapsedMs, WIDE));
    expect(later).toEqual(later.toSorted((a, b) => a - b));
    expect(later.at(-1)).toBeGreaterThan(55_000);
  });

  test('comes at once where the end may be long past: a resumed task, one known by its id, polls that failed', () => {
    const known = minutes().of('m', 'video');
    const at = (elapsedMs: number, seen: Watched) =>
      nextDelay({ elapsedMs, watched: seen, known }, DEFAULT_BOUNDS, middle);
    expect(at(300_000, UNWATCHED)).toBeLessThan(3500);
    expect(at(0, ATTACHED)).toBeLessThan(3500);
    const seen = seenAfter([{ askedMs: 50_000, elapsedMs: 50_000, progress: undefined }]);
    expect(at(140_000, seen)).toBeLessThan(3500);
    // The same age, but just seen unfinished.
    expect(at(140_000, { ...seen, seenMs: 140_000 })).toBeGreaterThan(4000);
  });

  test('of a task of unknown age is not put off by how young it looks', () => {
    const known = minutes().of('m', 'video');
    const seen = (start: Watched) => seenAfter([{ askedMs: 3000, elapsedMs: 3000, progress: undefined }], start);
    const delay = (start: Watched) => nextDelay({ elapsedMs: 3000, watched: seen(start), known }, WIDE, middle);
    expect(delay(ATTACHED)).toBeLessThan(5000);
    expect(delay(UNWATCHED)).toBeGreaterThan(20_000);
  });

  test('is drawn apart for tasks that were submitted together, at the bounds too, and tight where it is aimed', () => {
    const known = { ...minutes().of('m', 'video'), honesty: 0.99, lateness: 0 };
    const spread = (elapsedMs: number, seen: Watched) => {
      const [least = 0, , most = 0] = [0, 0.5, 1].map((drawn) =>
        nextDelay({ elapsedMs, watched: seen, known }, DEFAULT_BOUNDS, () => drawn),
      );
      return { least, most, part: (most - least) / most };
    };
    const fresh = spread(0, UNWATCHED);
    expect(fresh.most).toBe(DEFAULT_BOUNDS.maxMs);
    expect(fresh.part).toBeGreaterThan(0.2);
    const busy = spread(85_000, { ...UNWATCHED, seenMs: 85_000 });
    expect(busy.least).toBe(DEFAULT_BOUNDS.minMs);
    expect(busy.part).toBeGreaterThan(0.05);
    // A percent per second from 5 s on: ends at 105 s.
    const readings = [15, 55, 85, 98.2].map((s) => ({
      askedMs: s * 1000,
      elapsedMs: s * 1000,
      progress: shown(s - 5),
    }));
    const aimed = spread(98_200, seenAfter(readings));
    expect(98_200 + aimed.least).toBeGreaterThan(104_500);
    expect(98_200 + aimed.most).toBeLessThan(106_000);
    expect(aimed.most - aimed.least).toBeLessThanOrEqual(60);
    for (let now = 93_000; now < 98_000; now += 50) {
      expect(spread(now, { ...seenAfter(readings), seenMs: now }).most).toBeLessThanOrEqual(DEFAULT_BOUNDS.maxMs);
    }
  });
});

/** As a gateway shows it: whole percents, rounded down. */
const shown = (percent: number) => (percent < 0 ? 0 : Math.min(99, Math.max(1, Math.floor(percent))) / 100);

describe('progress', () => {
  test('foretells a span in which the end is, for every straight line and every way of asking', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 60_000 }),
        fc.integer({ min: 2000, max: 600_000 }),
        fc.array(fc.tuple(fc.integer({ min: 500, max: 60_000 }), fc.nat(2000)), { minLength: 2, maxLength: 40 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (lengthOfQueue, lengthOfRun, polls, read) => {
          const queueMs = Math.min(lengthOfQueue, lengthOfRun);
          const endMs = queueMs + lengthOfRun;
          let [nowMs, seen] = [0, UNWATCHED];
          for (const [waitMs, exchangeMs] of polls) {
            const askedMs = nowMs + waitMs;
            nowMs = askedMs + exchangeMs;
            const readMs = askedMs + read * exchangeMs;
            if (readMs >= endMs) break;
            const progress = shown((100 * (readMs - queueMs)) / lengthOfRun);
            seen = watched(seen, { askedMs, elapsedMs: nowMs, progress });
            const span = foretold(seen);
            if (span === undefined && nowMs < endMs) throw new Error(`no line at ${nowMs} of ${endMs}`);
            expect(span?.toMs ?? endMs).toBeGreaterThan(endMs - 1);
            expect(span?.fromMs ?? endMs).toBeLessThan(Math.max(endMs, nowMs) + 1);
          }
        },
      ),
    );
  });

  test('that is told late foretells an end that is told late', () => {
    const life: Progress = PROGRESS['in 15 s steps'];
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 30_000, max: 400_000 }),
        fc.integer({ min: 500, max: 40_000 }),
        (seed, ms, everyMs) => {
          const { endMs, progressAt } = life(ms, seeded(seed), [0, 0]);
          let seen: Watched = { ...UNWATCHED, staleMs: 15_000 };
          for (let nowMs = everyMs; nowMs < endMs; nowMs += everyMs) {
            seen = watched(seen, { askedMs: nowMs, elapsedMs: nowMs, progress: progressAt(nowMs) });
            expect(seen.staleMs).toBe(15_000);
            expect(foretold(seen)?.fromMs).toBeLessThan(endMs);
            expect(foretold(seen)?.toMs).toBeGreaterThan(endMs - 1);
          }
        },
      ),
    );
  });

  test('that has not begun says that the end is as far away as the submit, unless nobody knows when that was', () => {
    const waiting = { askedMs: 20_000, elapsedMs: 20_000, progress: 0 };
    expect(foretold(seenAfter([waiting]))?.fromMs).toBeGreaterThan(39_000);
    expect(foretold(seenAfter([waiting], ATTACHED))?.fromMs).toBeLessThan(20_001);
  });

  test('is narrowed by every poll: ten of them tell the end to a second in a hundred', () => {
    let seen = UNWATCHED;
    for (let at = 9700; at < 95_000; at += 9900) {
      seen = watched(seen, { askedMs: at, elapsedMs: at, progress: shown((at - 8000) / 920) });
    }
    const span = foretold(seen);
    expect(span?.fromMs).toBeLessThan(100_000);
    expect(span?.toMs).toBeGreaterThan(100_000);
    expect((span?.toMs ?? 0) - (span?.fromMs ?? 0)).toBeLessThan(1500);
  });

  test('that stands still, jumps or begins anew refutes what it foretold, which is remembered', () => {
    const at = (elapsedMs: number, percent: number) => ({
      askedMs: elapsedMs,
      elapsedMs,
      progress: percent / 100,
    });
    const honest = seenAfter([at(10_000, 0), at(20_000, 10), at(30_000, 20), at(40_000, 30)]);
    expect(honest.told?.toMs).toBeLessThan(130_000);
    const stuck = seenAfter([at(50_000, 30), at(60_000, 30)], honest);
    expect(stuck.told).toEqual(honest.told);
    expect(foretold(stuck)?.toMs).toBeGreaterThan(1_000_000);
    const anew = seenAfter([at(50_000, 2), at(60_000, 12), at(70_000, 22)], honest);
    expect(foretold(anew)?.toMs).toBeGreaterThan(140_000);
    expect(anew.staleMs).toBe(0);
    const late = seenAfter([at(50_000, 30), at(60_000, 50), at(70_000, 50), at(80_000, 70)], honest);
    expect(late.staleMs).toBeGreaterThanOrEqual(10_000);
    // All done, and yet not done.
    const full = seenAfter([at(50_000, 40), at(60_000, 50), at(109_000, 100)], honest);
    expect(foretold(full)?.toMs).toBeLessThan(115_000);
  });

  test('that narrows with every single percent stays small all the same', () => {
    let seen = UNWATCHED;
    for (let percent = 2; percent < 99; percent++) {
      // The tangents of a circle around start 150 s and length 400 s: each reading cuts off another corner.
      const share = percent / 100;
      const elapsedMs = 150_000 + 400_000 * share + 100_000 * Math.sqrt(1 + share ** 2);
      seen = watched(seen, { askedMs: 0, elapsedMs, progress: share });
    }
    expect(seen.lines?.length).toBeGreaterThan(24);
    expect(seen.lines?.length).toBeLessThanOrEqual(32);
  });

  test('of any kind gives an ordered span and stays small', () => {
    fc.assert(
      fc.property(anyReadings, fc.constantFrom(UNWATCHED, ATTACHED), (readings, start) => {
        const seen = seenAfter(readings, start);
        expect(seen.lines?.length ?? 0).toBeLessThanOrEqual(32);
        expect(seen.lines?.every(Number.isFinite) ?? true).toBe(true);
        const span = foretold(seen);
        if (span === undefined) return;
        expect(span.fromMs).toBeGreaterThanOrEqual(seen.seenMs);
        expect(span.toMs).toBeGreaterThan(span.fromMs);
      }),
    );
  });
});

describe('durations', () => {
  const seenAt = (seenMs: number): Watched => ({ ...UNWATCHED, seenMs });
  const typical = (known: DurationKnowledge) => known.quantilesMs[8] ?? 0;

  test('are what the gateway says of the model, else of the modality, until tasks teach otherwise', () => {
    const durations = new Durations({
      byModality: { video: [60_000, 360_000] },
      byModel: { fast: [20_000, 40_000] },
    });
    expect(typical(durations.of('fast', 'video'))).toBeCloseTo(28_284, -3);
    expect(typical(durations.of('constructor', 'video'))).toBeCloseTo(146_969, -3);
    expect(typical(durations.of('unheard of', 'music'))).toBeGreaterThan(10_000);
    for (let task = 0; task < 30; task++) durations.learn('fast', 'video', 5100 + task, seenAt(4900));
    expect(typical(durations.of('fast', 'video'))).toBeLessThan(6000);
    expect(typical(durations.of('other', 'video'))).toBeCloseTo(146_969, -3);
    // Slower since today: the old ones are forgotten.
    for (let task = 0; task < 64; task++) durations.learn('fast', 'video', 90_500 + task, seenAt(89_500));
    expect(typical(durations.of('fast', 'video'))).toBeGreaterThan(85_000);
  });

  test('of a task that was found finished long after are guessed from the others, not taken at their word', () => {
    const durations = minutes();
    for (let task = 0; task < 20; task++) durations.learn('m', 'video', 3_600_000, UNWATCHED);
    expect(typical(durations.of('m', 'video'))).toBeLessThan(100_000);
    for (let task = 0; task < 20; task++) durations.learn('m', 'video', 1e9, seenAt(9e8));
    expect(typical(durations.of('m', 'video'))).toBeLessThan(100_000);
  });

  test('of tasks of unknown age teach nothing', () => {
    const durations = minutes();
    const before = typical(durations.of('m', 'video'));
    for (let task = 0; task < 20; task++) durations.learn('m', 'video', 4000, { ...ATTACHED, seenMs: 3000 });
    expect(typical(durations.of('m', 'video'))).toBe(before);
  });

  test('leave some hope at any time, and ever less', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(anyNumber, anyReadings), { maxLength: 20 }),
        fc.array(fc.double({ min: 0, max: 1e12, noNaN: true }), { minLength: 2 }),
        (ends, times) => {
          const durations = minutes();
          for (const [ms, readings] of ends) durations.learn('m', 'video', ms, seenAfter(readings));
          const { quantilesMs, leftMs, honesty, lateness } = durations.of('m', 'video');
          for (const quantiles of [quantilesMs, leftMs]) {
            const left = times.toSorted((a, b) => a - b).map((ms) => survival(quantiles, ms));
            expect(left).toEqual(left.toSorted((a, b) => b - a));
            expect(Math.min(...left)).toBeGreaterThan(0);
            expect(Math.max(...left)).toBeLessThanOrEqual(1);
          }
          expect(honesty).toBeGreaterThan(0);
          expect(honesty).toBeLessThan(1);
          expect(lateness).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });

  test('and whether progress is honest is learned by what came of it, both ways', () => {
    const durations = new Durations({ byModality: { video: [60_000, 360_000] } });
    const random = seeded(5);
    const live = (progress: ProgressName, tasks: number) => {
      for (let task = 0; task < tasks; task++) {
        const life = PROGRESS[progress](even(60_000, 360_000).draw(random), random, [60_000, 360_000]);
        let [nowMs, seen] = [0, UNWATCHED];
        for (;;) {
          const known = durations.of('m', 'video');
          nowMs += nextDelay({ elapsedMs: nowMs, watched: seen, known }, WIDE, random);
          if (nowMs >= life.endMs) break;
          seen = watched(seen, { askedMs: nowMs, elapsedMs: nowMs, progress: life.progressAt(nowMs) });
        }
        durations.learn('m', 'video', nowMs, seen);
      }
      return durations.of('m', 'video').honesty;
    };
    expect(live('none', 5)).toBe(new Durations({ byModality: {} }).of('m', 'video').honesty);
    expect(live('honest', 200)).toBeGreaterThan(0.98);
    // The gateway changes: what looks like progress is a clock now. Polls that were not aimed find that out, however long it was honest.
    expect(live('a clock', 200)).toBeLessThan(0.05);
    expect(live('honest', 25)).toBeGreaterThan(0.8);
  });
});

describe('against fixed intervals (all of it: npm run bench:poll)', () => {
  const base = { bounds: WIDE, taught: 20, clients: 3, tasks: 80, seed: 1 } satisfies Partial<Play>;
  const ratio = (outcome: Outcome) => outcome.meanDelayMs / fixedDelayMs(outcome.polls, outcome.meanTaskMs);
  const model = { times: even(60_000, 120_000), said: [60_000, 120_000] } satisfies Partial<Play>;

  test('without progress: half the delay at as many polls, where any policy can; near the best where none can', () => {
    const wide = play({ ...base, ...model, progress: 'none' });
    expect(ratio(wide)).toBeLessThan(0.45);
    const narrow = play({ ...base, ...model, progress: 'none', bounds: DEFAULT_BOUNDS });
    const best = new Optimum(model.times, DEFAULT_BOUNDS);
    expect(best.leastRatio()).toBeGreaterThan(0.5);
    expect(narrow.meanDelayMs).toBeLessThan(1.25 * best.leastDelayMs(narrow.polls));
  });

  test('what it knew before is worth it, and what it learns makes up for not knowing', () => {
    const times = bell(180_000, 360_000);
    const known = play({
      ...base,
      times,
      said: [180_000, 360_000],
      progress: 'none',
      taught: 0,
      tasks: 100,
      clients: 1,
    });
    const unknown = play({
      ...base,
      times,
      said: [60_000, 360_000],
      progress: 'none',
      taught: 0,
      tasks: 100,
      clients: 1,
    });
    const learned = play({ ...base, times, said: [60_000, 360_000], progress: 'none', taught: 50 });
    expect(ratio(known)).toBeLessThan(0.55);
    expect(ratio(unknown)).toBeGreaterThan(0.65);
    expect(ratio(learned)).toBeLessThan(0.55);
  });

  test('with honest progress: less than a quarter of the polls and of the delay', () => {
    const own = play({ ...base, ...model, progress: 'honest' });
    const other = fixed(3000, own.meanTaskMs);
    expect(own.polls).toBeLessThan(0.2 * other.polls);
    expect(own.meanDelayMs).toBeLessThan(0.25 * other.meanDelayMs);
    const narrow = play({ ...base, ...model, progress: 'honest', bounds: DEFAULT_BOUNDS });
    expect(narrow.polls).toBeLessThan(1.15 * (narrow.meanTaskMs / DEFAULT_BOUNDS.maxMs + 0.5));
    expect(narrow.meanDelayMs).toBeLessThan(0.25 * other.meanDelayMs);
  });

  test('the time of an exchange is no contradiction to honest progress', () => {
    const own = play({ ...base, ...model, progress: 'honest', exchangeMs: 700 });
    // Half of the exchange at least is delay whatever one does.
    expect(own.meanDelayMs).toBeLessThan(1300);
    expect(own.polls).toBeLessThan(7);
  });

  test.each(
    (['stuck at 0', 'stuck at 50', 'jumps 0, 90, 99', 'a clock', 'begins anew'] as const).flatMap((progress) => [
      { progress, bounds: DEFAULT_BOUNDS },
      { progress, bounds: WIDE },
    ]),
  )('dishonest progress, $progress, in $bounds.minMs–$bounds.maxMs ms costs little', ({ progress, bounds }) => {
    const at: Play = { ...base, ...model, progress, bounds };
    const [without, own] = [play({ ...at, isHidden: true }), play(at)];
    expect(own.polls).toBeLessThan(1.25 * without.polls);
    expect(own.meanDelayMs).toBeLessThan(1.25 * without.meanDelayMs);
  });

  test('nor does it on the first task of a model, of which nothing has been learned', () => {
    const at: Play = { ...base, times: even(60_000, 360_000), said: [60_000, 360_000], progress: 'a clock', taught: 0 };
    const [without, own] = [play({ ...at, isHidden: true }), play(at)];
    expect(own.polls).toBeLessThan(1.2 * without.polls);
    expect(own.meanDelayMs).toBeLessThan(1.2 * without.meanDelayMs);
  });

  test.each(['rounded percents', 'done 4–6 s after 99 %'] as const)(
    'honest progress with a fault, %s, is learned to be late',
    (progress) => {
      const at: Play = { ...base, ...model, progress, bounds: DEFAULT_BOUNDS };
      const [without, own] = [play({ ...at, isHidden: true }), play(at)];
      expect(own.polls).toBeLessThan(0.85 * without.polls);
      expect(own.meanDelayMs).toBeLessThan(1.1 * without.meanDelayMs);
    },
  );
});
