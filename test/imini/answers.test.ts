// How imini's answers read: submits without a status, four documented words, nulls until the end, errors nested or flat.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readers } from '../../src/gateways/imini/readers.js';
import { readRefusal } from '../../src/gateways/imini/refusal.js';
import { fold, INITIAL } from '../../src/tasks/state.js';
import { Answer } from '../../src/transport/index.js';

const answer = (body: unknown, status = 200): Answer =>
  new Answer(status, new Headers(), new TextEncoder().encode(JSON.stringify(body)));
const submit = (body: unknown, status = 200) =>
  readers.readSubmit(answer(body, status), { path: '/v1/images/generate', modality: 'image' });
const state = (body: unknown, status = 200) =>
  readers.readState(answer(body, status), { pollPath: '/v1/images/tasks/{task_id}', modality: 'image', id: 'task_1' });

const task = (more: Record<string, unknown>) => ({
  task_id: 'task_1',
  model: 'google/nano-banana',
  created_at: '2026-03-30T10:00:00Z',
  completed_at: null,
  images: null,
  error: null,
  request_id: 'req_1',
  ...more,
});
const picture = { url: 'https://file.iminicdn.com/file/a.png', width: 1284, height: 716 };
const film = { ...picture, url: 'https://file.iminicdn.com/file/a.mp4', duration: 5 };

describe('a submit', () => {
  test('is answered without a status: an id, and a request id to remember', () => {
    expect(submit({ task_id: 'task_1', model: 'm', created_at: '2026-04-07T03:00:17.062Z', request_id: 'r' })).toEqual({
      id: 'task_1',
      state: expect.objectContaining({
        word: undefined,
        outputs: [],
        createdAt: '2026-04-07T03:00:17.062Z',
        requestId: 'r',
      }),
    });
  });

  test.each([
    ['nested', { error: { code: 'INSUFFICIENT_CREDITS', message: 'no credits', status: 402, request_id: 'r' } }],
    ['flat', { code: 'INSUFFICIENT_CREDITS', message: 'no credits', status: 402, request_id: 'r' }],
  ])('refused in so many words, %s, is no task, also under 200', (_, body) => {
    const refusal = { kind: 'balance', gatewayCode: 'INSUFFICIENT_CREDITS', message: 'no credits', requestId: 'r' };
    expect(submit(body)).toEqual({ refusal });
    expect(readRefusal(answer(body, 402))).toEqual(refusal);
  });

  test.each([
    null,
    [],
    {},
    { status: 'queued' },
    { task_id: '' },
    { task_id: 0 },
    { message: 'your task was submitted' },
    { message: 'queue full', id: 'x' },
    // An envelope that says that all went well, and keeps the task to itself.
    { code: 0, message: 'ok', data: { id: 'x' } },
    { code: 200, message: 'success', data: 'task_7' },
    { code: 'ACCEPTED', message: 'your task is being created' },
    { code: 'SUCCESS', message: 'Task queued', id: 'x' },
    // A task is named, and then something went wrong.
    { error: { code: 'INTERNAL_ERROR', message: 'x' }, data: { id: 'task_1' } },
    { error: { code: 'INTERNAL_ERROR', message: 'x', task_id: 'task_1' } },
    { taskId: 'task_1', error: { code: 'UPSTREAM_ERROR', message: 'x' } },
    // Who lost patience does not know.
    { error: { code: 'UPSTREAM_TIMEOUT', message: 'upstream timed out' } },
    { error: { code: 'UPSTREAM_ERROR', message: 'deadline exceeded' } },
    // Of a code that nobody knows, nobody knows what it means.
    { error: { code: 'WEIRD', message: 'x' } },
  ])('that nobody understands is bought again by nobody: %j', (body) => expect(submit(body)).toBeNull());

  test('with an id wherever one may stand, and with all its digits', () => {
    expect(submit({ code: 0, message: 'ok', data: { task_id: 'task_7' } })).toMatchObject({ id: 'task_7' });
    const long = new Answer(200, new Headers(), new TextEncoder().encode('{"task_id": 2041350318103396352}'));
    expect(readers.readSubmit(long, { path: '/v1/images/generate', modality: 'image' })).toMatchObject({
      id: '2041350318103396352',
    });
  });

  test.each([
    [{ message: 'queue full' }, 'busy'],
    [{ code: 'INSUFFICIENT_CREDITS', message: 'x', status: '402' }, 'balance'],
    [{ status: 'failed', error: { code: 'INSUFFICIENT_CREDITS', message: 'x' } }, 'balance'],
    [{ error: { code: 'INTERNAL_ERROR', message: 'x' } }, 'server'],
    [{ error: { code: 'INVALID_PARAMETER', message: 'x' }, data: { id: 'exchange_1' } }, 'invalid'],
  ])('refused for sure under 200: %j', (body, kind) => expect(submit(body)).toMatchObject({ refusal: { kind } }));

  test('an error beside an id may have come after the task, unless it is of a kind that comes before any', () => {
    const mayHave = (code: string, status: number, message = 'x') =>
      readers.mayHaveBeenTaken(answer({ task_id: 'task_1', error: { code, message } }, status));
    expect(mayHave('UPSTREAM_ERROR', 502)).toBe(true);
    expect(mayHave('INTERNAL_ERROR', 500)).toBe(true);
    expect(mayHave('INVALID_PARAMETER', 400)).toBe(false);
    expect(mayHave('INSUFFICIENT_CREDITS', 402)).toBe(false);
    expect(mayHave('CONFLICT', 409, 'already submitted')).toBe(true);
    expect(mayHave('INVALID_OUTPUT', 400, 'generated image flagged')).toBe(true);
    for (const body of [
      { error: { code: 'INTERNAL_ERROR', message: 'x', task_id: 'task_1' } },
      { error: { code: 'INTERNAL_ERROR', message: 'x', details: { task_id: 'task_1' } } },
      { error: { code: 'INTERNAL_ERROR', message: 'x' }, data: { task_id: 'task_1' } },
      { taskId: 'task_1', error: { code: 'INTERNAL_ERROR', message: 'x' } },
      { error: { code: 'RATE_LIMITED', message: 'x', task_id: 'task_1' } },
    ]) {
      for (const status of [429, 500, 502]) expect(readers.mayHaveBeenTaken(answer(body, status))).toBe(true);
    }
    expect(readers.mayHaveBeenTaken(answer({ error: { code: 'INTERNAL_ERROR', message: 'x' } }, 500))).toBe(false);
  });
});

describe('a state', () => {
  test.each([
    ['queued', 'queued'],
    ['pending', 'queued'],
    ['processing', 'running'],
    ['PROCESSING', 'running'],
  ])('%s is %s, with nothing to show yet', (word, status) => {
    expect(state(task({ status: word }))).toMatchObject({ word, status, outputs: [], requestId: 'req_1' });
  });

  test('succeeded shows every picture or film, with its own size; a cover is no result', () => {
    expect(
      state(task({ status: 'succeeded', completed_at: '2026-03-30T10:00:12Z', images: [picture, picture] })),
    ).toMatchObject({
      status: 'succeeded',
      completedAt: '2026-03-30T10:00:12.000Z',
      outputs: [
        { ...picture, kind: 'image' },
        { ...picture, kind: 'image' },
      ],
    });
    const cover = 'https://file.iminicdn.com/file/cover.jpg';
    const read = state(task({ status: 'succeeded', images: undefined, videos: [{ ...film, cover_url: cover }] }));
    expect(read?.outputs).toEqual([{ url: film.url, kind: 'video', width: 1284, height: 716, durationSeconds: 5 }]);
    // Without its video, the still is not shown in its place.
    expect(state(task({ status: 'succeeded', videos: [{ cover_url: cover }] }))?.outputs).toEqual([]);
  });

  test.each(['completed', 'success', 'done', 'running', 'cancelled', 'error', 'whatever'])(
    '%s is no word of this gateway: told, and never taken for an end',
    (word) => {
      const read = state(task({ status: word, images: [picture], error: { code: 'X', message: 'y' } }));
      if (read === null) throw new Error('it tells a state');
      expect(read).toMatchObject({ word, status: undefined, outputs: [] });
      expect(fold(INITIAL, read)).toMatchObject({ unknownWord: true, state: { status: 'running', rawStatus: word } });
    },
  );

  test.each([
    ['flagged', { code: 'INVALID_PROMPT', message: 'The prompt was refused', status: 400 }, 'moderation'],
    ['flagged, in words', { code: 'INVALID_PARAMETER', message: 'flagged by content safety' }, 'moderation'],
    ['too long', { code: 'INVALID_PROMPT', message: 'prompt too long', status: 400 }, 'input'],
    ['wrong', { code: 'INVALID_PARAMETER', message: 'resolution must be 1K', status: 400 }, 'input'],
    ['wrong by its status', { message: 'bad picture', status: 400 }, 'input'],
    ['poor', { code: 'INSUFFICIENT_CREDITS', message: 'x', status: 403 }, 'balance'],
    ['upstream', { code: 'UPSTREAM_ERROR', message: 'x', status: 502 }, 'upstream'],
    ['late', { code: 'TASK_TIMEOUT', message: 'x', status: 500 }, 'timeout'],
    ['strange', { message: 'x' }, 'unknown'],
  ])('failed, since it was %s, comes as 200', (_, error, kind) => {
    expect(state(task({ status: 'failed', error: { ...error, request_id: 'req_2' } }))).toMatchObject({
      status: 'failed',
      error: { message: error.message, kind, ...('code' in error ? { code: error.code } : {}) },
      requestId: 'req_1',
    });
  });

  test('failed without a reason, with one beside it, with a request id in the error only', () => {
    expect(state(task({ status: 'failed' }))?.error).toEqual({
      message: 'the gateway gives no reason',
      kind: 'unknown',
    });
    expect(state({ ...task({ status: 'failed' }), code: 'INVALID_PROMPT', message: 'no' })?.error).toMatchObject({
      code: 'INVALID_PROMPT',
      kind: 'moderation',
    });
    expect(state({ ...task({ status: 'failed' }), error: {}, message: 'why', code: 'X' })?.error).toMatchObject({
      message: 'why',
      code: 'X',
    });
    expect(
      state(task({ status: 'failed', request_id: undefined, error: { message: 'x', request_id: 'req_9' } })),
    ).toMatchObject({ requestId: 'req_9' });
  });

  test('an error about the request without a status word is a failure, if it is said again and again', () => {
    const error = { code: 'INVALID_PROMPT', message: 'no' };
    expect(state(task({ error }))).toMatchObject({ status: 'failed', isUnsure: true, error: { kind: 'moderation' } });
    expect(state(task({ status: null, error: { code: 'UPSTREAM_ERROR', message: 'no' } }))).toMatchObject({
      status: undefined,
    });
  });

  test('trouble of the call is no state, though it echoes the id', () => {
    for (const code of ['TASK_NOT_FOUND', 'INVALID_API_KEY']) {
      const body = { task_id: 'task_1', error: { code, message: 'x', status: 404 } };
      expect(state(body)).toBeNull();
      expect(readRefusal(answer(body))).toMatchObject({ gatewayCode: code });
    }
  });

  test('wrapped, or under a number, it is none', () => {
    expect(state({ code: 0, message: 'ok', data: task({ status: 'succeeded', images: [picture] }) })).toBeNull();
    expect(state({ code: 'TASK_NOT_FOUND', message: 'x', status: '404' })).toBeNull();
  });

  test.each([null, {}, [], 'succeeded', { status: 5 }, { images: [picture] }, { error: { message: 'x' } }])(
    'nothing is learned from %j',
    (body) => expect(state(body)).toBeNull(),
  );

  test('whatever comes, an end is only what the two documented words say', () => {
    const anything = fc.dictionary(
      fc.constantFrom('task_id', 'status', 'images', 'videos', 'error', 'completed_at', 'code', 'message'),
      fc.oneof(
        fc.json().map((text) => JSON.parse(text) as unknown),
        fc.constantFrom('succeeded', 'failed', 'completed', 'queued'),
        fc.constant([picture]),
      ),
    );
    let ends = 0;
    fc.assert(
      fc.property(anything, (body) => {
        const read = state(body);
        if (read?.status !== 'succeeded' && read?.status !== 'failed') return;
        ends++;
        expect(String(body.status).trim().toLowerCase()).toBe(read.status);
        for (const { url } of read.outputs) expect(url).toMatch(/^https?:\/\//);
      }),
      { seed: 6, numRuns: 3000 },
    );
    expect(ends).toBeGreaterThan(100);
  });
});

describe('a refusal', () => {
  const kind = (status: number, error: Record<string, unknown> | string) =>
    readRefusal(answer(typeof error === 'string' ? { error } : { error }, status))?.kind;

  test.each([
    [402, { code: 'INSUFFICIENT_CREDITS', message: 'x' }, 'balance'],
    [403, { code: 'INSUFFICIENT_CREDITS', message: 'x' }, 'balance'],
    [403, { code: 'QUOTA_EXHAUSTED', message: 'x' }, 'balance'],
    [403, { message: 'Your quota is exhausted' }, 'balance'],
    [403, { code: 'FORBIDDEN', message: 'this key may not' }, 'permission'],
    [403, { message: 'not for you' }, 'permission'],
    [400, { code: 'INVALID_PROMPT', message: 'x' }, 'invalid'],
    [400, { message: 'x' }, 'invalid'],
    [401, { code: 'INVALID_API_KEY', message: 'x' }, 'authentication'],
    [404, { code: 'TASK_NOT_FOUND', message: 'x' }, 'task-not-found'],
    [400, { code: 'TASK_NOT_FOUND', message: 'x' }, 'task-not-found'],
    [429, { code: 'RATE_LIMITED', message: 'x' }, 'rate'],
    [500, { code: 'RATE_LIMITED', message: 'x' }, 'rate'],
    [500, { code: 'INTERNAL_ERROR', message: 'x' }, 'server'],
    [502, { code: 'UPSTREAM_ERROR', message: 'x' }, 'server'],
    [429, { code: 'QUOTA_EXCEEDED', message: 'rate quota exceeded' }, 'rate'],
    [429, { code: 'INSUFFICIENT_CREDITS', message: 'x' }, 'balance'],
  ])('%i %j is about %s', (status, error, expected) => expect(kind(status, error)).toBe(expected));

  test("a page of an edge, or a proxy's words, are not the gateway's", () => {
    for (const body of [
      { message: 'Endpoint request timed out' },
      { code: 504, message: 'Gateway Time-out' },
      { code: 'INTERNAL_ERROR', message: 'x' },
      { error: { message: 'upstream request timeout' } },
      { error: { code: 504, message: 'x', status: 'DEADLINE_EXCEEDED' } },
      { error: { code: 'REQUEST_TIMEOUT', message: 'x' } },
      { error: 'bad gateway' },
      {},
      [],
      null,
      'x',
    ]) {
      for (const status of [408, 500, 502, 504]) expect(readRefusal(answer(body, status))).toBeNull();
    }
    expect(readRefusal(answer({ message: 'no' }, 400))).toMatchObject({ kind: 'invalid', message: 'no' });
  });

  test('a task is none, and neither is an answer of which nothing is known', () => {
    expect(readRefusal(answer(task({ status: 'failed', error: { code: 'X', message: 'y' } })))).toBeNull();
    expect(readRefusal(answer({ task_id: 'task_1', error: { code: 'X', message: 'y' } }))).toBeNull();
    expect(readRefusal(answer({ hello: 1 }))).toBeNull();
  });
});
