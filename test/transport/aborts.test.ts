// Many waits on one signal: heard by one listener, in order, and left without a trace.

import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Aborts, Stop } from '../../src/transport/index.js';

const listenersOf = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

test('ten thousand waits are one listener, and the last one to leave takes it along', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on('warning', onWarning);
  const { signal } = new AbortController();
  const aborts = new Aborts();
  const offs = Array.from({ length: 10_000 }, () => aborts.on(signal, () => {}));
  expect(listenersOf(signal)).toBe(1);
  for (const off of offs.slice(1)) off();
  expect(listenersOf(signal)).toBe(1);
  offs[0]?.();
  expect(listenersOf(signal)).toBe(0);
  aborts.on(signal, () => {});
  expect(listenersOf(signal)).toBe(1);
  await new Promise(setImmediate);
  process.off('warning', onWarning);
  expect(warnings).toEqual([]);
});

test('the listeners are called once, in order, with the signal fired; those who left are not', () => {
  const controller = new AbortController();
  const aborts = new Aborts();
  const heard: string[] = [];
  const hear = (name: string) => aborts.on(controller.signal, () => heard.push(`${name} ${controller.signal.reason}`));
  hear('a');
  const off = hear('b');
  hear('c');
  off();
  hear('d');
  off(); // again: nobody else is sent away
  controller.abort('now');
  expect(heard).toEqual(['a now', 'c now', 'd now']);
  expect(listenersOf(controller.signal)).toBe(0);
});

test('one that is sent away while the others are called is not called', () => {
  const controller = new AbortController();
  const aborts = new Aborts();
  const heard: string[] = [];
  aborts.on(controller.signal, () => {
    heard.push('first');
    off();
    // Too late: the signal has fired.
    aborts.on(controller.signal, () => heard.push('late'));
  });
  const off = aborts.on(controller.signal, () => heard.push('second'));
  aborts.on(controller.signal, () => heard.push('third'));
  controller.abort();
  expect(heard).toEqual(['first', 'third']);
});

test('the same function twice is two waits', () => {
  const controller = new AbortController();
  const aborts = new Aborts();
  let calls = 0;
  const listener = () => calls++;
  aborts.on(controller.signal, listener);
  aborts.on(controller.signal, listener)();
  controller.abort();
  expect(calls).toBe(1);
});

test('without a signal, or with one that has fired, nobody is ever called', () => {
  const aborts = new Aborts();
  const never = () => {
    throw new Error('called');
  };
  aborts.on(undefined, never)();
  aborts.on(AbortSignal.abort(), never)();
});

test('signals do not mix, and neither do listeners of different keepers', () => {
  const [a, b] = [new AbortController(), new AbortController()];
  const [one, other] = [new Aborts(), new Aborts()];
  const heard: string[] = [];
  one.on(a.signal, () => heard.push('one a'));
  one.on(b.signal, () => heard.push('one b'));
  other.on(a.signal, () => heard.push('other a'));
  a.abort();
  expect(heard).toEqual(['one a', 'other a']);
  b.abort();
  expect(heard).toEqual(['one a', 'other a', 'one b']);
});

test('in any order of coming and going, exactly those who stay are called', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ comes: fc.boolean(), which: fc.nat(20) }), { maxLength: 60 }), (steps) => {
      const controller = new AbortController();
      const aborts = new Aborts();
      const called: number[] = [];
      const staying: { id: number; off: () => void }[] = [];
      for (const [id, { comes, which }] of steps.entries()) {
        if (comes) staying.push({ id, off: aborts.on(controller.signal, () => called.push(id)) });
        else staying.splice(which, 1)[0]?.off();
        expect(listenersOf(controller.signal)).toBe(staying.length > 0 ? 1 : 0);
      }
      controller.abort();
      expect(called).toEqual(staying.map(({ id }) => id));
    }),
  );
});

test('a stop is heard like a signal: once, in order, with its reason, and not by those who left or came late', () => {
  const aborts = new Aborts();
  const stop = new Stop();
  const heard: string[] = [];
  const hear = (name: string) => aborts.on(stop, () => heard.push(`${name} ${stop.aborted} ${stop.reason}`));
  hear('a');
  const off = hear('b');
  hear('c');
  off();
  expect([stop.aborted, stop.reason]).toEqual([false, undefined]);
  stop.abort('enough');
  stop.abort('more than enough');
  hear('late');
  stop.on(() => heard.push('too late'));
  expect(heard).toEqual(['a true enough', 'c true enough']);
  expect([stop.aborted, stop.reason]).toEqual([true, 'enough']);
});
