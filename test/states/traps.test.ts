// The traps among the answers, each by its name: what looks like an end and is none, what looks like a submit and is none.

import { describe, expect, test } from 'vitest';
import { fold, INITIAL, isTerminal, type StateReading, statusOf } from '../../src/tasks/state.js';
import { phases, read, readText, stateOf, submitted, submittedText } from './support.js';

const url = 'https://cdn.example.com/a.mp4';
describe('what says nothing of a task', () => {
  test.each([
    [
      '{"code":"success","data":null}: the gateway’s answer for an empty one of its upstream',
      { code: 'success', data: null },
    ],
    ['an empty object', {}],
    ['null', null],
    ['a list', []],
    ['a number', 1],
    ['a text', 'completed'],
    ['a status that is a number', { status: 200 }],
    ['a status that is null', { status: null, data: { status: null } }],
    ['a status that is an object', { status: { word: 'completed' }, results: [{ url }] }],
    ['a status that is true', { status: true }],
    ['a data that is a list', { data: [{ status: 'completed', url }] }],
    ['null fields everywhere', { id: null, status: null, data: null, results: null, error: null, metadata: null }],
    ['a status three levels down', { data: { data: { status: 'SUCCESS', url } } }],
  ])('%s', (_, body) => expect(read(body)).toBeNull());

  test.each(['', ' ', '<html>completed</html>', '{"status":"completed","url":"https://cdn.exam', '\u{feff}', 'NaN'])(
    'what is no JSON: %j',
    (text) => expect(readText(text)).toBeNull(),
  );
});

describe('status words', () => {
  test.each(phases.map(({ name, ...rest }) => [name, rest] as const))('%s: in any case', (_, { phase, modality }) => {
    const respelt = (spell: (word: string) => string) =>
      JSON.parse(
        JSON.stringify(phase.body, (key, value) =>
          key === 'status' && typeof value === 'string' ? spell(value) : value,
        ),
      );
    for (const spell of [
      (word: string) => word.toUpperCase(),
      (word: string) => word.toLowerCase(),
      (word: string) => ` ${word.slice(0, 1).toUpperCase()}${word.slice(1).toLowerCase()}\n`,
    ]) {
      const { rawStatus: _raw, ...state } = stateOf(respelt(spell), modality);
      const { rawStatus: _expected, ...expected } = phase.state;
      expect(state).toEqual(expected);
    }
  });

  test('"" is a queued task', () => expect(stateOf({ status: '', progress: 0 }).status).toBe('queued'));

  test('"" outside of a word inside is no word', () => {
    expect(stateOf({ status: '', data: { status: 'SUCCESS', url } }).status).toBe('succeeded');
    expect(stateOf({ status: '', data: { status: '' } }).status).toBe('queued');
  });

  test('a number outside does not hide the word inside', () => {
    expect(stateOf({ status: 200, data: { status: 'processing' } }).status).toBe('running');
  });

  test('MODAL waits for the caller, is no end, and is over when the task goes on', () => {
    const waiting = stateOf({ status: 'Modal' }, 'image');
    expect(waiting).toMatchObject({ needs: 'modal', rawStatus: 'Modal' });
    expect(isTerminal(waiting.status)).toBe(false);
    for (const status of ['SUBMITTED', 'IN_PROGRESS', 'CANCEL', 'FAILURE', 'odd']) {
      expect(stateOf({ status }, 'image', waiting)).not.toHaveProperty('needs');
    }
  });

  test('an unknown word is running, and is reported', () => {
    const reading = read({ status: 'warming_up' });
    expect(fold(INITIAL, reading as StateReading)).toMatchObject({
      unknownWord: true,
      state: { status: 'running', rawStatus: 'warming_up' },
    });
    for (const word of ['constructor', '__proto__', 'toString', 'hasOwnProperty'])
      expect(statusOf(word)).toBeUndefined();
  });

  test('a huge word is cut, and does not become another one by that', () => {
    const state = stateOf({ status: `completed${' '.repeat(5_000_000)}x`, results: [{ url }] });
    expect(state.status).toBe('running');
    expect(state.rawStatus.length).toBeLessThan(200);
    expect(stateOf({ status: `${' '.repeat(5000)}completed`, results: [{ url }] }).status).toBe('succeeded');
  });
});

describe('what is no sign of success', () => {
  test.each([
    ['progress 100', { status: 'in_progress', progress: 100 }],
    ['"100%"', { status: 'IN_PROGRESS', progress: '100%' }],
    ['completed_at', { status: 'in_progress', completed_at: 1773395600 }],
    ['results before the word', { status: 'in_progress', results: [{ url }], metadata: { url } }],
    ['an unknown word with results', { status: 'almost', results: [{ url }] }],
    ['code "success" around it', { code: 'success', message: 'success', data: { status: 'processing' } }],
    ['an amount', { status: 'processing', amount_usd: 1.2 }],
  ])('%s', (_, body) => {
    expect(stateOf(body)).toMatchObject({ status: 'running', outputs: [] });
    expect(stateOf(body)).not.toHaveProperty('completedAt');
    expect(stateOf(body).progress ?? 0).toBeLessThan(1);
  });

  test('progress 100 on a failed task', () => {
    expect(stateOf({ status: 'failed', progress: 100 })).toMatchObject({ status: 'failed', progress: 0.99 });
  });

  test('results that lag behind "completed"', () => {
    const first = fold(INITIAL, read({ status: 'completed', progress: 100, results: [] }) as StateReading);
    expect(first).toMatchObject({
      withoutOutput: true,
      state: { status: 'running', progress: 0.99, rawStatus: 'completed' },
    });
    const then = fold(first.state, read({ status: 'completed', metadata: { url } }) as StateReading);
    expect(then).toMatchObject({
      withoutOutput: false,
      state: { status: 'succeeded', progress: 1, outputs: [{ url }] },
    });
    expect(stateOf({ status: 'failed' }, 'video', first.state).status).toBe('failed');
    expect(stateOf({ status: 'in_progress' }, 'video', first.state).status).toBe('running');
  });

  test.each(['failed', 'FAILURE', 'error', 'cancelled', 'CANCEL'])(
    'a URL in the answer of a task that is %s',
    (status) => {
      const state = stateOf({
        status,
        results: [{ url }],
        metadata: { url },
        video_url: url,
        data: { content: { video_url: url } },
      });
      expect(isTerminal(state.status)).toBe(true);
      expect(state.outputs).toEqual([]);
    },
  );

  test.each([
    ['beside the word', { status: 'completed', task_code: 601300, results: [{ url }] }],
    ['as a text', { status: 'completed', task_code: '601300', results: [{ url }] }],
    ['in the data', { code: 200, data: { status: 'succeeded', task_code: 601300, url } }],
    [
      'in the raw upstream',
      {
        code: 'success',
        data: { status: 'SUCCESS', result_url: url, data: { task_status: 'completed', task_code: 601300 } },
      },
    ],
    ['without a word of the gateway', { code: 200, data: { task_status: 'completed', task_code: 601300, url } }],
    ['without any word', { code: 200, data: { task_code: 601300 } }],
  ])('task_status "completed" with a task_code other than 0: %s', (_, body) => {
    expect(stateOf(body)).toMatchObject({ status: 'failed', outputs: [], error: { code: '601300' } });
  });

  test('a task_code of 0 means nothing, nor does any while the task goes on', () => {
    expect(stateOf({ status: 'completed', task_code: 0, results: [{ url }] }).status).toBe('succeeded');
    expect(stateOf({ status: 'completed', task_code: '0', results: [{ url }] }).status).toBe('succeeded');
    expect(stateOf({ status: 'completed', task_code: null, results: [{ url }] }).status).toBe('succeeded');
    expect(stateOf({ status: 'completed', task_code: 'none', results: [{ url }] }).status).toBe('succeeded');
    expect(stateOf({ status: 'in_progress', task_code: 5 }).status).toBe('running');
    // HTTP's word for success, here and in the raw upstream.
    for (const task_code of [200, '200']) {
      expect(stateOf({ status: 'completed', task_code, results: [{ url }] }).status).toBe('succeeded');
      const data = { status: 'SUCCESS', result_url: url, data: { task_status: 'completed', task_code } };
      expect(stateOf({ code: 'success', data })).toMatchObject({ status: 'succeeded', outputs: [{ url }] });
      expect(read({ data: { task_code } })).toBeNull();
    }
    expect(stateOf({ status: 'completed', task_code: 201, results: [{ url }] }).status).toBe('failed');
    expect(stateOf({ status: 'odd', data: { task_code: 5 } }).status).toBe('running');
    expect(stateOf({ status: 'CANCEL', task_code: 5 }).status).toBe('cancelled');
    expect(read({ data: { task_status: 'processing', task_code: 5 } })).toBeNull();
  });

  test('code 200 around an error', () => {
    expect(
      stateOf({ code: 200, data: { status: 'failed', url, error: { code: 'x1', message: 'no GPU' } } }),
    ).toMatchObject({
      status: 'failed',
      error: { code: 'x1', message: 'no GPU' },
    });
    // Nobody says that this task has failed: the next answers will tell.
    expect(read({ code: 200, error: { message: 'no GPU' } })).toBeNull();
    expect(submitted({ code: 200, error: { code: 'x1', message: 'no GPU' }, data: null })).toMatchObject({
      refusal: { message: 'no GPU', gatewayCode: 'x1' },
    });
  });
});

describe('the answer to a submit', () => {
  test.each([
    [{ id: 'a', task_id: 'a', status: '' }, 'a', 'queued'],
    [{ code: 'success', data: { task_id: 'b' } }, 'b', null],
    [{ code: 'success', data: { id: 'b', status: 'SUBMITTED' } }, 'b', 'queued'],
    [{ id: null, data: { task_id: 7 } }, '7', null],
    [{ code: 1, description: 'ok', result: '1712' }, '1712', null],
    [{ code: '1', description: 'ok', result: '1712' }, '1712', null],
    [{ code: 21, description: 'exists', result: '1712' }, '1712', null],
    [{ code: 22, description: 'queued', result: 1712 }, '1712', null],
    [{ id: 'a', status: 'failed', error: { message: 'x' } }, 'a', 'failed'],
    // No error beside the id.
    [{ id: 'a', error: null, success: true }, 'a', null],
    [{ id: 'a', error: '' }, 'a', null],
    [{ id: 'a', error: 'none' }, 'a', null],
    [{ id: 'a', error: { code: 0, message: 'success' } }, 'a', null],
    [{ id: 'a', error: { code: '', message: '' } }, 'a', null],
    [{ id: 'a', code: 200, message: 'ok' }, 'a', null],
    [{ code: 10000, message: 'Success', data: { id: 'a' } }, 'a', null],
    // An error, and an id that is no other thing's.
    [{ task_id: 'a', error: { code: 'x', message: 'x' } }, 'a', null],
    [{ id: 'req', code: 500, message: 'x', data: { task_id: 'a' } }, 'a', null],
    [{ id: 'a', status: 'queued', error: { code: 'x', message: 'x' } }, 'a', 'queued'],
    [{ success: false, message: 'x', data: { id: 'a', status: 'SUBMITTED' } }, 'a', 'queued'],
  ])('with an id: %j', (body, id, status) => {
    const reading = submitted(body);
    expect(reading).toMatchObject({ id });
    const state = reading !== null && 'state' in reading ? reading.state : undefined;
    expect(state == null ? null : fold(INITIAL, state).state.status).toBe(status);
  });

  test.each([
    [{ message: 'queue full' }, 'busy', 'queue full'],
    [{ code: 'insufficient_user_quota', message: 'no' }, 'balance', 'no'],
    [{ message: 'user quota is not enough, need: 5' }, 'balance', 'user quota is not enough, need: 5'],
    [{ code: 'task_not_exist', message: 'no' }, 'task-not-found', 'no'],
    [{ code: 4, description: 'task_status_not_success', type: 'upstream_error' }, 'busy', 'task_status_not_success'],
    [{ code: 4, description: 'x', result: '1712' }, 'invalid', 'x'],
    [{ code: 23, description: 'x' }, 'busy', 'x'],
    [{ code: 9, description: 'x', result: '' }, 'declined', 'x'],
    [
      { code: 30, description: '当前分组上游负载已饱和，请稍后再试', type: 'upstream_error' },
      'rate',
      '当前分组上游负载已饱和，请稍后再试',
    ],
    [{ code: 23, description: '队列已满' }, 'busy', '队列已满'],
    [{ code: 24, description: '可能包含敏感词' }, 'invalid', '可能包含敏感词'],
    [{ success: false, message: 'prompt is required' }, 'invalid', 'prompt is required'],
    [{ status: 'error', message: 'no channel' }, 'busy', 'no channel'],
    [{ error: 'no channel' }, 'busy', 'no channel'],
    [{ error: { message: 'no channel (request id: 9a)', code: 'c' } }, 'busy', 'no channel'],
    [{ code: 4, description: 'quota_not_enough', type: 'upstream_error' }, 'balance', 'quota_not_enough'],
    [{ code: 'fail_to_fetch_task', message: 'invalid api key', data: null }, 'upstream-refused', 'invalid api key'],
    [{ id: 0, code: 500, message: 'no channel' }, 'busy', 'no channel'],
    [{ id: '', task_id: '0', error: { message: 'no channel' } }, 'busy', 'no channel'],
    // The id beside it is that of the exchange, for these are said before any task is made.
    [{ error: { code: 'insufficient_user_quota', message: 'no' }, id: 'req-1' }, 'balance', 'no'],
    [{ code: 'insufficient_user_quota', message: 'no', id: 'req-1' }, 'balance', 'no'],
    [{ success: false, message: '无效的令牌', data: { id: 'x' } }, 'authentication', '无效的令牌'],
    [{ id: 'req-1', code: 401, message: 'no' }, 'authentication', 'no'],
    [{ id: 'req-1', code: '403', message: 'no' }, 'permission', 'no'],
    [{ id: 'req-1', code: 400, message: 'no' }, 'invalid', 'no'],
    [{ id: 'req-1', error: { code: 'invalid_request', message: 'no' } }, 'invalid', 'no'],
    [{ id: 'req-1', error: 'prompt is required' }, 'invalid', 'prompt is required'],
  ])('a refusal with status 200: %j', (body, kind, message) => {
    expect(submitted(body)).toMatchObject({ refusal: { kind, message } });
  });

  // A task may have been taken; what nobody understands is never sent again.
  test.each([
    {},
    { id: '' },
    { id: ' ' },
    { id: null, task_id: null, data: null },
    [],
    'ok',
    null,
    { request_id: 'r' },
    { code: 'x' },
    { code: 'success', message: 'ok', data: null },
    { code: 'SUCCESS', message: 'accepted', data: {} },
    { code: 200, message: 'accepted' },
    { code: 0, message: 'accepted' },
    { success: true, message: 'accepted' },
    { message: 'success' },
    { message: 'ok' },
    { code: 'succeeded', message: 'taken' },
    { code: 21, description: 'exists' },
    { code: 1, description: 'Submit success' },
    { code: 22, description: 'in queue', result: '' },
    { status: 'queued', message: 'your task is in the queue' },
    { data: { status: 'in_progress' }, message: 'started' },
    { code: 'success', data: { id: 0 } },
    // An error, an id, and nobody knows whose.
    { success: false, data: { id: 'x' } },
    { success: false, message: 'queue full', data: { id: 'x' } },
    { id: 'req-1', code: 500, message: 'no' },
    { id: 'req-1', code: 429, message: 'no' },
    { id: 'req-1', error: { code: 'c', message: 'no' } },
    { id: 'req-1', error: { code: 'c' } },
    { id: 'req-1', error: 'no channel' },
    { id: 'req-1', code: 'do_request_failed', message: 'no' },
    { id: 'req-1', error: { code: 'insufficient_quota', message: 'insufficient quota', type: 'upstream_error' } },
    { id: 'req-1', error: { code: 'OutputVideoSensitiveContentDetected', message: 'no' } },
    { error: { message: 'no channel' }, data: { job_id: 'j1' } },
    { message: 'the prompt must be English', data: { job_id: 'j1' } },
  ])('that claims success and gives no id, or says nothing: %j', (body) => {
    expect(submitted(body)).toBeNull();
  });

  test.each([
    ['{"id":12345678901234567890}', '12345678901234567890'],
    ['{"id": 9007199254740993 , "task_id":null}', '9007199254740993'],
    ['{"task_id" : 1234567890123456789012345,"id":1}', '1234567890123456789012345'],
    ['{"code":"success","data":{"id":1,"task_id":\n9007199254740993\n}}', '9007199254740993'],
    ['{"code":1,"description":"ok","result":1712345678901234567}', '1712345678901234567'],
    // A text that looks like one, and a name that ends like one, are left alone.
    ['{"note":"\\"id\\":9007199254740993,","a\\"id":9007199254740993,"id":7}', '7'],
    ['{"id":"9007199254740993"}', '9007199254740993'],
    ['{"id":9007199254740991}', '9007199254740991'],
    ['{"id":42}', '42'],
  ])('with an id whose digits a number may not hold: %s', (text, id) => {
    expect(submittedText(text)).toMatchObject({ id });
  });

  test.each(['{"id":9007199254740993.0}', '{"id":1e20}', '{"\\u0069d":9007199254740993}', '{"id":1.5}'])(
    'with an id of which digits are lost: %s',
    (text) => expect(submittedText(text)).toBeNull(),
  );
});
