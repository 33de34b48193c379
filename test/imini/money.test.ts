// What is sent again and what never: by the gateway's own refusals, by what edges say in its place, by ids that turn up anywhere.

import { afterEach, describe, expect, test } from 'vitest';
import { Imini } from '../../src/gateways/imini/index.js';
import { ImaRouterError } from '../../src/index.js';
import { json, serve, type TestServer } from '../support/server.js';

const request = { model: 'google/nano-banana', prompt: 'a cat' } as const;
let server: TestServer | undefined;
afterEach(async () => {
  await server?.close();
});

/** What a submit comes to that is always answered so, how often it was sent, and what the journal says then. */
async function bought(body: unknown, status: number) {
  const gateway = await serve((_, response) => json(response, body, status));
  server = gateway;
  const client = new Imini({
    apiKey: 'sk-test-0123456789',
    baseUrl: gateway.url,
    retry: { baseMs: 1, capMs: 5 },
    onWarning: () => {},
  });
  const end = await client.submit(request).then(
    (task) => ({ id: task.id }),
    (error: unknown) => {
      if (!ImaRouterError.is(error)) throw error;
      const { name, mayBeBilled, requestId } = error;
      return { name, mayBeBilled, requestId };
    },
  );
  const states = (await client.journal.list()).map(({ state }) => state);
  return { ...end, posts: gateway.requests.length, states };
}

describe('never sent again, and written down as unknown', () => {
  const error = { code: 'INTERNAL_ERROR', message: 'x', request_id: 'req_1' };
  test.each<[number, unknown]>([
    [504, { code: 504, message: 'Gateway Time-out' }],
    [502, { code: 502, message: 'Bad Gateway' }],
    [524, { code: 524, message: 'A timeout occurred' }],
    [504, { error: { message: 'upstream request timeout' } }],
    [504, { error: { code: 504, message: 'x', status: 'DEADLINE_EXCEEDED' } }],
    [408, { error: { code: 'REQUEST_TIMEOUT', message: 'x' } }],
    [500, { error: { ...error, task_id: 'task_1' } }],
    [500, { error, data: { task_id: 'task_1' } }],
    [500, { error: { ...error, details: { task_id: 'task_1' } } }],
    [429, { error: { code: 'RATE_LIMITED', message: 'x', task_id: 'task_1' } }],
    [409, { task_id: 'task_1', code: 'CONFLICT', message: 'already submitted' }],
    [400, { task_id: 'task_1', error: { code: 'INVALID_OUTPUT', message: 'generated image flagged' } }],
    [200, { error, data: { id: 'task_1' } }],
    [200, { code: 'ACCEPTED', message: 'your task is being created' }],
    [200, { code: 'success', message: 'Task queued', id: 'x' }],
    [200, { error: { code: 'UPSTREAM_TIMEOUT', message: 'upstream timed out' } }],
    [200, { task_id: 0 }],
    [200, {}],
    // Who lost patience, however he spells it, and whatever else he calls it.
    [504, { error: { code: 'UPSTREAM_ERROR', message: 'x', status: 504, request_id: 'req_1' } }],
    [524, { error: { code: 'UPSTREAM_ERROR', message: 'x' } }],
    [502, { error: { code: 'UPSTREAM_ERROR', message: 'Timeout waiting for the model' } }],
    [500, { error: { code: 'INTERNAL_ERROR', message: 'Deadline exceeded' } }],
    [500, { error: { code: 'INTERNAL_ERROR', message: 'read ETIMEDOUT' } }],
    [500, { error: { code: 'INTERNAL_ERROR', message: '上游超时' } }],
    [500, { error: { code: 'UPSTREAM_TIMEDOUT', message: 'x' } }],
    [200, { error: { code: 'INTERNAL_ERROR', message: 'x', status: 504 } }],
    // Who is busy with it.
    [200, { message: 'System busy, your task has been queued' }],
    [200, { message: 'Server is busy. Your request has been added to the queue.' }],
    [200, { message: 'server busy, processing your request' }],
    [200, { message: 'The queue is not full' }],
    // A task beside an error of a 5xx, in whatever way it is named.
    [500, { error: { code: 'INVALID_STATE', message: 'could not save the task', status: 500 }, task_id: 'task_77' }],
    [500, { error: { code: 'INSUFFICIENT_CREDITS', message: 'x' }, task_id: 'task_77' }],
    [500, { error: { code: 'TOKEN_REFRESH_FAILED', message: 'x' } }],
    [500, { error, data: 'task_01abc' }],
    [500, { error, poll_url: 'https://gateway.example/tasks/x' }],
    [500, { error: { code: 'INTERNAL_ERROR', message: 'x' }, status: 'processing' }],
    [500, { error, images: [{ url: 'https://cdn.example/a.png' }] }],
    [500, { error: { code: 'INTERNAL_ERROR', message: 'task already submitted' } }],
    [500, { error: { code: 'FUNCTION_INVOCATION_FAILED', message: 'x' } }],
  ])('HTTP %i %j', async (status, body) => {
    const end = await bought(body, status);
    expect(end).toMatchObject({ name: 'SubmitUnknownError', mayBeBilled: true, posts: 1, states: ['unknown'] });
    if (JSON.stringify(body).includes('req_1')) expect(end).toMatchObject({ requestId: 'req_1' });
  });
});

describe('refused: nothing was bought, and nothing is written down', () => {
  test.each<[number, unknown, string, number]>([
    [400, { error: { code: 'INVALID_PROMPT', message: 'x' } }, 'InvalidRequestError', 1],
    [402, { code: 'INSUFFICIENT_CREDITS', message: 'x', status: 402 }, 'InsufficientBalanceError', 1],
    [200, { code: 'INSUFFICIENT_CREDITS', message: 'x', status: '402' }, 'InsufficientBalanceError', 1],
    [429, { error: { code: 'QUOTA_EXCEEDED', message: 'rate quota exceeded' } }, 'RateLimitError', 4],
    [500, { error: { code: 'INTERNAL_ERROR', message: 'x' } }, 'ServerError', 4],
    [502, { error: { code: 'UPSTREAM_ERROR', message: 'x' } }, 'ServerError', 4],
    [503, { code: 'INTERNAL_ERROR', message: 'x', status: 503, request_id: 'r' }, 'ServerError', 4],
    [500, { error: { code: 'INSUFFICIENT_CREDITS', message: 'x' } }, 'InsufficientBalanceError', 1],
    [200, { message: 'queue full' }, 'ServerError', 4],
  ])('HTTP %i %j', async (status, body, name, posts) => {
    expect(await bought(body, status)).toMatchObject({ name, mayBeBilled: false, posts, states: [] });
  });
});

test('taken, wherever its id stands, with all its digits', async () => {
  expect(await bought({ task_id: 'task_1' }, 200)).toMatchObject({ id: 'task_1', posts: 1, states: ['submitted'] });
  expect(await bought({ code: 0, message: 'ok', data: { task_id: 'task_2' } }, 200)).toMatchObject({ id: 'task_2' });
});
