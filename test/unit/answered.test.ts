// For how long an old word about a task's waiting is not believed, and that what is remembered of it does not grow.

import { expect, test } from 'vitest';
import { Answered } from '../../src/tasks/answered.js';
import type { StateReading } from '../../src/tasks/state.js';

const waits: StateReading = { word: 'MODAL', status: 'queued', outputs: [], needs: 'modal', needsHint: 'Answer it.' };

test('for a minute after the answer, of that task alone', () => {
  let now = 1000;
  const answered = new Answered(() => now);
  expect(answered.read('17', waits)?.needs).toBe('modal');
  answered.add('17');
  expect(answered.read('17', waits)).toMatchObject({ word: 'MODAL', status: 'queued' });
  expect(answered.read('17', waits)?.needs).toBeUndefined();
  expect(answered.read('18', waits)?.needs).toBe('modal');
  expect(answered.read('17', null)).toBeNull();
  now += 59_999;
  expect(answered.has('17')).toBe(true);
  answered.add('18');
  now += 1;
  expect(answered.read('17', waits)?.needs).toBe('modal');
  expect(answered.has('18')).toBe(true);
  // Answered again: another window.
  answered.add('17');
  now += 59_999;
  expect([answered.has('17'), answered.has('18')]).toEqual([true, false]);
});
