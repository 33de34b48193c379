// Whose turn it is: order, budget, places, deadlines, and what one "too many requests" means for everybody.

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Heap } from '../../src/tasks/heap.js';
import { Scheduler, type Turn } from '../../src/tasks/scheduler.js';

let startedAt = 0;
beforeEach(() => {
  vi.useFakeTimers();
  startedAt = Date.now();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const now = () => Date.now() - startedAt;
const scheduler = (perSecond: number) =>
  new Scheduler({ perSecond, now, longestQuietMs: 8000, backoffMs: (n) => 1000 * 2 ** (n - 1) });
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** Asks for turns by name and notes when they came. */
function story(of: Scheduler) {
  const came: [string, number][] = [];
  const turns = new Map<string, Turn>();
  const ask = (name: string, dueAt: number, holds = false) =>
    of.turn(dueAt, (turn) => {
      came.push([name, now()]);
      if (holds) turns.set(name, turn);
      else turn.end();
    });
  return { came, ask, turns };
}

describe('turns', () => {
  test('come in order of their time, first come first served, within the budget', async () => {
    const { came, ask } = story(scheduler(100));
    ask('late', 40);
    for (const name of ['a', 'b', 'c']) ask(name, 0);
    await pass(100);
    expect(came).toEqual([
      ['a', 0],
      ['b', 10],
      ['c', 20],
      ['late', 40],
    ]);
  });

  test('an idle hour saves up no burst', async () => {
    const { came, ask } = story(scheduler(1));
    await pass(3_600_000);
    ask('a', 0);
    ask('b', 0);
    await pass(2000);
    expect(came.map(([, at]) => at - 3_600_000)).toEqual([0, 1000]);
  });

  test('a wish that was taken back wakes nobody and leaves no timer', async () => {
    const { came, ask } = story(scheduler(100));
    const back = ask('far', 60_000);
    ask('near', 5);
    back();
    back();
    await pass(100);
    expect(came).toEqual([['near', 5]]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('no timer is too long', async () => {
    const { came, ask } = story(scheduler(100));
    ask('in a month', 2 ** 31 + 100);
    await pass(2 ** 31 + 50);
    expect(came).toEqual([]);
    await pass(50);
    expect(came).toEqual([['in a month', 2 ** 31 + 100]]);
  });

  test('ten thousand waits are one timer', async () => {
    const of = scheduler(1e6);
    const { ask } = story(of);
    const backs = Array.from({ length: 10_000 }, (_, i) => ask(String(i), 1000 + i));
    expect(vi.getTimerCount()).toBe(1);
    for (const back of backs) back();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('under more load than the budget bears, all get their turn equally often', async () => {
    const of = scheduler(100);
    const counts = new Map<number, number>();
    const again = (i: number) =>
      of.turn(now() + 100, (turn) => {
        counts.set(i, (counts.get(i) ?? 0) + 1);
        turn.end();
        if (now() < 10_000) again(i);
      });
    for (let i = 0; i < 50; i++) again(i);
    await pass(12_000);
    const values = [...counts.values()];
    expect(counts.size).toBe(50);
    expect(Math.max(...values) - Math.min(...values)).toBeLessThanOrEqual(1);
  });
});

describe('alarms', () => {
  test('ring on time, whatever the budget says', async () => {
    const of = scheduler(0.001);
    const { came, ask } = story(of);
    ask('first', 0);
    const back = ask('second', 0);
    of.alarm(50, () => came.push(['alarm', now()]));
    const never = of.alarm(70, () => came.push(['never', now()]));
    never();
    await pass(100);
    expect(came).toEqual([
      ['first', 0],
      ['alarm', 50],
    ]);
    back();
  });
});

describe('places', () => {
  test('thirty-two at once; a freed place is taken at once', async () => {
    const { came, ask, turns } = story(scheduler(1e6));
    for (let i = 0; i < 40; i++) ask(String(i), 0, true);
    await pass(10);
    expect(came).toHaveLength(32);
    turns.get('3')?.end();
    turns.get('3')?.end();
    expect(came).toHaveLength(33);
    for (const turn of turns.values()) turn.end();
    expect(came).toHaveLength(40);
    for (const turn of turns.values()) turn.end();
  });

  test('those that hang do not hold up the others, but do not take the whole world either', async () => {
    const { came, ask, turns } = story(scheduler(1e6));
    for (let i = 0; i < 200; i++) ask(String(i), 0, true);
    await pass(2999);
    expect(came).toHaveLength(32);
    await pass(1);
    expect(came).toHaveLength(64);
    await pass(10_000);
    expect(came).toHaveLength(128);
    for (let round = 0; round < 5; round++) for (const turn of [...turns.values()]) turn.end();
    await pass(10);
    expect(came).toHaveLength(200);
    for (const turn of turns.values()) turn.end();
  });
});

describe('too many requests', () => {
  test('one slows everybody; those under way together count once; it gets better again', async () => {
    const of = scheduler(100);
    const { came, ask } = story(of);
    await pass(10);
    of.slowDown(5);
    of.slowDown(6);
    of.slowDown(7);
    for (const name of ['a', 'b', 'c']) ask(name, 0);
    await pass(5000);
    // A second of silence, then half the rate.
    expect(came).toEqual([
      ['a', 1010],
      ['b', 1030],
      ['c', 1050],
    ]);
    of.slowDown(now());
    ask('d', 0);
    await pass(1999);
    expect(came).toHaveLength(3);
    await pass(1);
    expect(came).toHaveLength(4);
    for (let i = 0; i < 64; i++) of.goesWell(now());
    ask('e', 0);
    ask('f', 0);
    await pass(60);
    expect(came.slice(4).map(([, at]) => at - (came[4]?.[1] ?? 0))).toEqual([0, 10]);
    of.slowDown(now());
    ask('g', 0);
    await pass(1000);
    expect(came).toHaveLength(7);
  });

  test('Retry-After is kept to; an alarm is not', async () => {
    const of = scheduler(1000);
    const { came, ask } = story(of);
    of.slowDown(0, 7000);
    ask('a', 0);
    of.alarm(100, () => came.push(['deadline', now()]));
    await pass(8000);
    expect(came).toEqual([
      ['deadline', 100],
      ['a', 7000],
    ]);
  });
});

describe('heap', () => {
  test('gives back in order what is not gone', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 50 }), fc.boolean()), { maxLength: 400 }), (numbers) => {
        const heap = new Heap<{ at: number; order: number; gone: boolean }>(
          (a, b) => a.at < b.at || (a.at === b.at && a.order < b.order),
        );
        const items = numbers.map(([at, gone], order) => ({ at, order, gone: false, wanted: !gone }));
        for (const item of items) heap.push(item);
        for (const item of items.filter(({ wanted }) => !wanted)) {
          item.gone = true;
          heap.left();
        }
        const expected = items.filter(({ wanted }) => wanted).sort((a, b) => a.at - b.at || a.order - b.order);
        for (const item of expected) {
          expect(heap.first()).toBe(item);
          item.gone = true;
          heap.left();
        }
        expect(heap.first()).toBeUndefined();
      }),
    );
  });
});
