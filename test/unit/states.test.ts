// All the shapes in which a task's state arrives, folded into one; and the traps among them.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Modality } from '../../src/catalog/index.js';
import { readers } from '../../src/gateways/ima-router/readers.js';
import type { OutputFacts } from '../../src/media/index.js';
import { fold, INITIAL, isTerminal, type StateReading, statusOf } from '../../src/tasks/state.js';
import { Answer } from '../../src/transport/index.js';

function answer(body: unknown, status = 200): Answer {
  return new Answer(
    status,
    new Headers(),
    new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body)),
  );
}

function read(body: unknown, modality: Modality = 'video', pollPath = '/v1/videos/{task_id}'): StateReading | null {
  return readers.readState(answer(body), { pollPath, modality });
}

const url = 'https://cdn.example.com/a.mp4';

describe('where the result is', () => {
  const shapes: [string, Modality, unknown][] = [
    ['results[]', 'video', { status: 'completed', results: [{ url }] }],
    ['metadata.url', 'video', { status: 'completed', metadata: { url } }],
    ['video_url', 'video', { status: 'completed', video_url: url }],
    ['data.result_url', 'video', { code: 'success', data: { status: 'SUCCESS', progress: '100%', result_url: url } }],
    [
      'data.data.content.video_url',
      'video',
      { code: 'success', data: { status: 'SUCCESS', data: { content: { video_url: url } } } },
    ],
    ['data.url', 'image', { code: 'success', data: { status: 'succeeded', url } }],
    ['result.data[].url', 'image', { id: 'x', object: 'image', status: 'succeeded', result: { data: [{ url }] } }],
    ['data.data[].url', 'music', { code: 'success', data: { status: 'succeeded', data: [{ url }] } }],
    ['data.data[].audio_url', 'music', { code: 'success', data: { status: 'succeeded', data: [{ audio_url: url }] } }],
    ['urls[]', 'image', { status: 'SUCCESS', urls: [url], imageUrl: 'https://cdn.example.com/grid.png' }],
    ['imageUrl', 'image', { status: 'SUCCESS', imageUrl: url }],
  ];
  test.each(shapes)('%s', (_, modality, body) => {
    const reading = read(body, modality);
    expect(reading?.outputs).toHaveLength(1);
    expect(reading?.outputs[0]).toMatchObject({ url, kind: modality === 'music' ? 'audio' : modality });
    expect(fold(INITIAL, reading as StateReading).state.status).toBe('succeeded');
  });

  test('inline bytes become a data: URL', () => {
    const reading = read({ status: 'succeeded', result: { data: [{ b64_json: 'aGk=' }] } }, 'image');
    expect(reading?.outputs[0]?.url).toBe('data:image/png;base64,aGk=');
  });

  test('two songs, with titles and lengths', () => {
    const data = [
      { url, title: 'A', duration: 180 },
      { url, title: 'B', duration: '182' },
    ];
    const reading = read({ code: 'success', data: { status: 'succeeded', data, amount_usd: 0.15 } }, 'music');
    expect(reading?.outputs.map((output) => [output.title, output.durationSeconds])).toEqual([
      ['A', 180],
      ['B', 182],
    ]);
    expect(reading?.costUsd).toBe(0.15);
  });
});

describe('traps', () => {
  test('the error text of a failed task sits in metadata.url', () => {
    const reading = read({
      status: 'failed',
      progress: 100,
      metadata: { url: 'video generation failed: internal error: 601300' },
    });
    expect(reading).toMatchObject({
      outputs: [],
      error: { message: 'video generation failed: internal error: 601300', kind: 'input' },
    });
    const { state } = fold(INITIAL, reading as StateReading);
    expect(state).toMatchObject({ status: 'failed', progress: 0.99 });
  });

  test.each(['in_progress', 'failed'])('a URL in the answer of a task that is %s is no result', (status) => {
    expect(read({ status, metadata: { url }, results: [{ url }] })?.outputs).toEqual([]);
  });

  test.each(['javascript:alert(1)', '/v1/x.mp4', 'file:///etc/passwd', 'https://', 'oops'])('%s is no URL', (text) => {
    expect(read({ status: 'completed', metadata: { url: text } })?.outputs).toEqual([]);
  });

  test('an empty status word is a queued task', () => {
    expect(fold(INITIAL, read({ status: '', progress: 0 }) as StateReading).state.status).toBe('queued');
  });

  test('progress comes as a number or as "42%"', () => {
    expect(read({ status: 'in_progress', progress: 42 })?.progress).toBe(0.42);
    expect(read({ data: { status: 'IN_PROGRESS', progress: '42%' } })?.progress).toBe(0.42);
  });

  test('an answer that says nothing', () => {
    for (const body of ['', 'null', '[]', '1', { code: 'success', data: null }, {}, { data: [] }])
      expect(read(body)).toBeNull();
  });

  test('success without a result is not success yet', () => {
    const folded = fold(INITIAL, read({ status: 'completed', progress: 100 }) as StateReading);
    expect(folded).toMatchObject({ withoutOutput: true, state: { status: 'running', progress: 0.99 } });
  });

  test('an unknown word is running, and reported', () => {
    expect(fold(INITIAL, read({ status: 'warming_up' }) as StateReading)).toMatchObject({
      unknownWord: true,
      state: { status: 'running', rawStatus: 'warming_up' },
    });
    for (const word of ['constructor', '__proto__', 'toString']) expect(statusOf(word)).toBeUndefined();
  });

  test('a task that waits for its caller says so', () => {
    const { state } = fold(INITIAL, read({ status: 'MODAL' }, 'image', '/mj/task/{task_id}/fetch') as StateReading);
    expect(state.needs).toBe('modal');
    expect(isTerminal(state.status)).toBe(false);
  });

  test.each([
    ['{"message":"queue full"}', 'busy', 'queue full'],
    ['{"code":"insufficient_user_quota","message":"no quota"}', 'balance', 'no quota'],
    ['{"code":4,"description":"x","result":"1712"}', 'busy', 'x'],
    ['{"code":"insufficient_user_quota","message":"no"}', 'balance', 'no'],
    ['{"code":"task_not_exist","message":"no"}', 'task-not-found', 'no'],
    ['{"message":"user quota is not enough, need: 5"}', 'balance', 'user quota is not enough, need: 5'],
    ['{"code":4,"description":"task_status_not_success"}', 'busy', 'task_status_not_success'],
  ])('a submit without an id: %s', (body, kind, message) => {
    expect(readers.readSubmit(answer(body), { path: '/v1/videos', modality: 'video' })).toMatchObject({
      refusal: { kind, message },
    });
  });

  test.each([
    '{}',
    '{"id":""}',
    '[]',
    '"ok"',
    'null',
    '{"code":"success","message":"ok","data":null}',
    '{"request_id":"r"}',
  ])('a submit that nobody understands: %s', (body) =>
    expect(readers.readSubmit(answer(body), { path: '/v1/videos', modality: 'video' })).toBeNull(),
  );

  test.each([
    [{ id: 'a', task_id: 'a', status: '' }, 'a'],
    [{ code: 'success', data: { task_id: 'b' } }, 'b'],
    [{ code: 1, description: 'ok', result: '1712' }, '1712'],
    [{ code: 21, description: 'exists', result: '1712' }, '1712'],
    [{ code: 22, description: 'queued', result: 1712 }, '1712'],
  ])('a submit with its id: %o', (body, id) => {
    expect(readers.readSubmit(answer(body), { path: '/v1/videos', modality: 'video' })).toMatchObject({ id });
  });
});

describe('whatever arrives', () => {
  test('any JSON is read without a throw, and no URL is made up', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom<Modality>('video', 'image', 'music', 'speech'), (body, modality) => {
        const reading = read(body, modality);
        for (const output of reading?.outputs ?? []) expect(output.url).toMatch(/^(https?|data):/);
        readers.readSubmit(answer(body), { path: '/v1/videos', modality });
      }),
      { numRuns: 500 },
    );
  });

  test('progress never falls and is 1 only on success', () => {
    const reading = fc.record({
      word: fc.constantFrom('queued', 'running', 'completed', 'failed', 'odd', ''),
      progress: fc.option(fc.double({ min: -1, max: 3 }), { nil: undefined }),
      outputs: fc.constantFrom<OutputFacts[]>([], [{ url, kind: 'video' }]),
    });
    fc.assert(
      fc.property(fc.array(reading, { maxLength: 20 }), (readings) => {
        let state = INITIAL;
        for (const next of readings) {
          const after = fold(state, next).state;
          expect(after.progress ?? 0).toBeGreaterThanOrEqual(state.progress ?? 0);
          expect(after.progress === 1).toBe(after.status === 'succeeded');
          if (isTerminal(state.status)) expect(after.status).toBe(state.status);
          state = after;
        }
      }),
    );
  });
});
