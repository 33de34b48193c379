// From reading to reading: a state never goes back, an end is an end, and what was known is not forgotten.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OutputFacts } from '../../src/media/index.js';
import {
  fold as foldRead,
  INITIAL,
  isTerminal,
  type Progressed,
  type StateReading,
  statusOf,
} from '../../src/tasks/state.js';

const outputs: OutputFacts[] = [{ url: 'https://cdn.example.com/a.mp4', kind: 'video' }];
const error = { message: 'no GPU', kind: 'upstream' } as const;

/** As a gateway reads that has the common words: the status is what they say, unless the answer says more. */
const fold = (before: Progressed, reading: StateReading) =>
  foldRead(before, {
    ...reading,
    status: reading.status ?? (reading.word === undefined ? undefined : statusOf(reading.word)),
  });

/** The state after readings, each given by what is not usual of it. */
function folded(...readings: Partial<StateReading>[]): Progressed {
  return readings.reduce<Progressed>(
    (before, reading) => fold(before, { word: undefined, outputs: [], ...reading }).state,
    INITIAL,
  );
}

test('a word and its status', () => {
  const words: Record<string, string[]> = {
    queued: ['', 'not_start', 'submitted', 'queued', 'pending', 'modal'],
    running: ['processing', 'in_progress', 'running'],
    succeeded: ['completed', 'success', 'succeeded', 'done'],
    failed: ['failed', 'failure', 'error'],
    cancelled: ['cancel', 'cancelled', 'canceled'],
  };
  for (const [status, spellings] of Object.entries(words)) {
    for (const word of spellings)
      expect([word, statusOf(word), statusOf(` ${word.toUpperCase()} `)]).toEqual([word, status, status]);
  }
});

test('what a word means is for its gateway to say: one that it does not know counts as running, whoever else knows it', () => {
  const { state, unknownWord } = foldRead(INITIAL, { word: 'completed', outputs });
  expect(state).toMatchObject({ status: 'running', rawStatus: 'completed' });
  expect(unknownWord).toBe(true);
});

describe('on the way', () => {
  test('queued after running is a replica that lags', () => {
    expect(folded({ word: 'running' }, { word: 'queued' })).toMatchObject({ status: 'running', rawStatus: 'queued' });
  });

  test('an answer without a word changes no state, and keeps what it brings', () => {
    const before = folded({ word: 'running', progress: 0.4, requestId: 'a' });
    const { state, unknownWord } = fold(before, { word: undefined, outputs: [], progress: 0.5, costUsd: 1 });
    expect(unknownWord).toBe(false);
    expect(state).toEqual({ ...before, progress: 0.5, costUsd: 1 });
    expect(folded({}, {})).toEqual(INITIAL);
    expect(folded({ word: 'MODAL', needs: 'modal' }, {})).toMatchObject({ needs: 'modal' });
  });

  test('progress that is no number is none', () => {
    for (const progress of [Number.NaN, Number.POSITIVE_INFINITY, undefined]) {
      expect(folded({ word: 'running', progress: 0.4 }, { word: 'running', progress }).progress).toBe(0.4);
    }
  });

  test('an answer without a word is no further claim of success', () => {
    const claimed = folded({ word: 'completed' });
    expect(fold(claimed, { word: undefined, outputs: [] })).toMatchObject({ withoutOutput: false, state: claimed });
  });

  test('what the answer as a whole says goes before its word', () => {
    expect(folded({ word: 'completed', status: 'failed', error })).toMatchObject({
      status: 'failed',
      rawStatus: 'completed',
      error,
    });
    expect(folded({ status: 'failed', error })).toMatchObject({ status: 'failed', rawStatus: '' });
  });

  test('no error, and no time of completion, before an end', () => {
    const state = folded({ word: 'running', error, completedAt: '2026-01-01T00:00:00.000Z' });
    expect(state).not.toHaveProperty('error');
    expect(state).not.toHaveProperty('completedAt');
  });

  test('it needs its caller until it goes on', () => {
    const waiting = folded({ word: 'MODAL', needs: 'modal' });
    expect(waiting.needs).toBe('modal');
    expect(fold(waiting, { word: 'MODAL', outputs: [], needs: 'modal' }).state.needs).toBe('modal');
    for (const word of ['queued', 'running', 'odd', 'failed', 'completed']) {
      expect(fold(waiting, { word, outputs: [] }).state).not.toHaveProperty('needs');
    }
    expect(folded({ word: 'failed', needs: 'modal' })).not.toHaveProperty('needs');
  });

  test('results that a gateway gives one by one are not forgotten', () => {
    const [first] = outputs;
    const partly = folded({ word: 'running', outputs });
    expect(partly).toMatchObject({ status: 'running', outputs: [first] });
    expect(fold(partly, { word: 'completed', outputs: [] })).toMatchObject({
      withoutOutput: false,
      state: { status: 'succeeded', outputs: [first] },
    });
    expect(fold(partly, { word: 'cancelled', outputs: [] }).state).toMatchObject({
      status: 'cancelled',
      outputs: [first],
    });
  });
});

describe('an end', () => {
  test('stands, whatever comes after it', () => {
    for (const [word, status] of [
      ['completed', 'succeeded'],
      ['failed', 'failed'],
      ['cancelled', 'cancelled'],
    ] as const) {
      const ended = folded({
        word,
        outputs: status === 'succeeded' ? outputs : [],
        ...(status === 'failed' ? { error } : {}),
      });
      expect(ended.status).toBe(status);
      for (const other of ['', 'running', 'completed', 'failed', 'cancelled', 'odd', undefined]) {
        if (other === word) continue;
        const next = fold(ended, {
          word: other,
          outputs: [{ url: 'https://other.example', kind: 'video' }],
          error,
          costUsd: 9,
        });
        expect(next).toEqual({ state: ended, unknownWord: false, withoutOutput: false });
      }
    }
  });

  test('said again may bring a fresh URL, a price, a reason; and takes nothing away', () => {
    const fresh: OutputFacts[] = [{ url: 'https://cdn.example.com/a.mp4?sig=2', kind: 'video' }];
    const ended = folded({ word: 'completed', outputs, costUsd: 1 });
    expect(fold(ended, { word: 'SUCCESS', outputs: fresh, costUsd: 2 }).state).toMatchObject({
      outputs: fresh,
      costUsd: 2,
    });
    expect(fold(ended, { word: 'completed', outputs: [] })).toEqual({
      state: ended,
      unknownWord: false,
      withoutOutput: false,
    });
    const failed = folded({ word: 'failed' });
    expect(fold(failed, { word: 'failed', outputs: [], error }).state.error).toEqual(error);
    expect(fold(folded({ word: 'failed', error }), { word: 'failed', outputs: [] }).state.error).toEqual(error);
  });

  test('of success needs a result', () => {
    const claimed = fold(INITIAL, {
      word: 'completed',
      outputs: [],
      progress: 1,
      completedAt: '2026-01-01T00:00:00.000Z',
    });
    expect(claimed).toEqual({
      state: { status: 'running', rawStatus: 'completed', outputs: [], progress: 0.99 },
      unknownWord: false,
      withoutOutput: true,
    });
    expect(fold(claimed.state, { word: 'failed', outputs: [], error }).state).toMatchObject({
      status: 'failed',
      error,
    });
    expect(fold(claimed.state, { word: 'completed', outputs }).state).toMatchObject({
      status: 'succeeded',
      progress: 1,
    });
  });
});

test('over any readings: no step back, progress never falls and is 1 only on success', () => {
  const order = { queued: 0, running: 1, succeeded: 2, failed: 2, cancelled: 2 };
  const reading: fc.Arbitrary<StateReading> = fc.record(
    {
      word: fc.constantFrom('queued', 'running', 'completed', 'failed', 'CANCEL', 'odd', '', 'modal', undefined),
      status: fc.constantFrom('failed', undefined),
      progress: fc.option(fc.double({ min: -1, max: 3 }), { nil: undefined }),
      outputs: fc.constantFrom<OutputFacts[]>([], outputs),
      error: fc.constantFrom(error, undefined),
      needs: fc.constantFrom('modal', undefined),
      costUsd: fc.constantFrom(1, undefined),
    },
    { requiredKeys: ['word', 'outputs'] },
  );
  fc.assert(
    fc.property(fc.array(reading, { maxLength: 20 }), (readings) => {
      let state = INITIAL;
      for (const next of readings) {
        const { state: now, withoutOutput } = fold(state, next);
        expect(order[now.status]).toBeGreaterThanOrEqual(order[state.status]);
        expect(now.progress ?? 0).toBeGreaterThanOrEqual(state.progress ?? 0);
        expect(now.progress === 1).toBe(now.status === 'succeeded');
        if (isTerminal(state.status)) expect(now.status).toBe(state.status);
        if (now.status === 'succeeded') expect(now.outputs).not.toEqual([]);
        if (withoutOutput) expect(now.status).toBe('running');
        if (now.error !== undefined) expect(['failed', 'cancelled']).toContain(now.status);
        if (now.needs !== undefined) expect(isTerminal(now.status)).toBe(false);
        if (state.costUsd !== undefined) expect(now.costUsd).toBe(1);
        state = now;
      }
    }),
    { numRuns: 1000 },
  );
});
