// What the gateway's words become in the caller's hand: the class of an error, whether it is tried again, what to do next.

import { afterEach, describe, expect, test } from 'vitest';
import {
  AuthenticationError,
  type ImaRouter,
  type ImaRouterError,
  InsufficientBalanceError,
  InvalidRequestError,
  PermissionError,
  RateLimitError,
  ServerError,
  SubmitUnknownError,
  TaskCancelledError,
  TaskFailedError,
  TaskNotFoundError,
} from '../../src/index.js';
import { clientFor } from '../support/client.js';
import { errorOf } from '../support/error-of.js';
import { json, serve, type TestServer } from '../support/server.js';

const request = { model: 'kling-v3-video', prompt: 'a puppy' } as const;
const saturated = '当前分组上游负载已饱和，请稍后再试';

const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

/** A gateway that answers submits with an id, and everything else with these, the last one for ever. */
async function gateway(
  answers: { status?: number; body?: unknown }[],
  submit: { status?: number; body?: unknown } = {},
) {
  const server = await serve((seen, response, count) => {
    const { status = 200, body } =
      seen.method === 'POST'
        ? { status: submit.status, body: 'body' in submit ? submit.body : { id: 't1' } }
        : (answers[Math.min(count - 2, answers.length - 1)] ?? {});
    if (body === undefined) response.writeHead(status).end();
    else json(response, body, status);
  });
  servers.push(server);
  return { server, ...clientFor(server.url) };
}

describe('a submit', () => {
  const cases: [string, number, unknown, typeof ImaRouterError, object][] = [
    [
      'no balance, as 403',
      403,
      { error: { code: 'pre_consume_token_quota_failed', message: 'no (request id: r1)', type: 'new_api_error' } },
      InsufficientBalanceError,
      { code: 'insufficient_balance', retryable: false, requestId: 'r1' },
    ],
    [
      'an upstream’s 404 that comes as a 429',
      429,
      { error: { message: saturated, type: 'x', code: 'bad_response_status_code', param: '404' } },
      ServerError,
      {
        code: 'upstream_not_found',
        retryable: false,
        param: '404',
        hint: 'The model behind the gateway is not there: choose another endpoint or model, or ask the vendor.',
      },
    ],
    [
      'an upstream’s body inside the message',
      404,
      { code: 'fail_to_fetch_task', message: '{"detail":"Not Found"}', data: null },
      ServerError,
      {
        code: 'upstream_not_found',
        retryable: false,
        message: 'POST /v1/videos was refused (HTTP 404): Not Found',
        gatewayCode: 'fail_to_fetch_task',
      },
    ],
    [
      'load, as Midjourney says it',
      429,
      { description: saturated, type: 'upstream_error', code: 30 },
      RateLimitError,
      { retryable: true },
    ],
    [
      'a limiter’s words',
      429,
      { error: { message: 'request limit reached: at most 60 requests within 1 minutes' } },
      RateLimitError,
      { retryable: true },
    ],
    [
      'a person in a picture, as 500',
      500,
      { code: '500', message: 'content[1] may contain real person', data: null },
      InvalidRequestError,
      { code: 'request_refused', retryable: false, inputIndex: 1 },
    ],
    [
      'a bad key, as success: false',
      401,
      { success: false, message: '无效的令牌' },
      AuthenticationError,
      { code: 'authentication_failed', retryable: false },
    ],
    [
      'a number in the words',
      400,
      { code: 'x', message: 'at most 500 of 429', data: null },
      InvalidRequestError,
      { retryable: false },
    ],
    [
      'no balance, as Midjourney says it',
      400,
      { code: 4, description: 'quota_not_enough', type: 'upstream_error' },
      InsufficientBalanceError,
      { code: 'insufficient_balance', retryable: false },
    ],
    [
      'an upstream that refuses the gateway’s key',
      401,
      { error: { message: 'Incorrect API key provided', type: 'upstream_error', code: 'bad_response_status_code' } },
      ServerError,
      {
        code: 'upstream_refused',
        retryable: false,
        hint: 'What stands behind the gateway refused the gateway, not your key: choose another endpoint or model, or ask the vendor.',
      },
    ],
    [
      'no balance, beside the id of the exchange',
      200,
      { error: { code: 'insufficient_user_quota', message: 'no', type: 'new_api_error' }, id: 'req-1' },
      InsufficientBalanceError,
      { code: 'insufficient_balance', retryable: false },
    ],
    [
      'an error under code 200',
      200,
      { code: 200, error: { code: 'c', message: 'no room' } },
      ServerError,
      { code: 'submit_refused', retryable: true },
    ],
  ];
  test.each(cases)('%s', async (_, status, body, type, facts) => {
    const { server, ima } = await gateway([], { status, body });
    const error = await errorOf(ima.submit(request));
    expect(error).toBeInstanceOf(type);
    expect(error).toMatchObject({ status, mayBeBilled: false, ...facts });
    expect(server.requests).toHaveLength(error.retryable ? 4 : 1);
    expect(await ima.journal.list()).toEqual([]);
  });

  test.each([
    { code: 1, description: 'Submit success' },
    { code: 'success', message: 'ok', data: null },
    { status: 'queued', message: 'your task is in the queue' },
    // An error, and an id of nobody knows what.
    { id: 'req-1', code: 500, message: 'no' },
    { success: false, data: { id: 'x' } },
  ])('what may be a task, and says no id that is surely one, is not sent again: %j', async (body) => {
    const { server, ima } = await gateway([], { body });
    expect(await errorOf(ima.submit(request))).toBeInstanceOf(SubmitUnknownError);
    expect(server.requests).toHaveLength(1);
    expect(await ima.journal.list()).toMatchObject([{ state: 'unknown' }]);
  });
});

describe('a question about a task', () => {
  const done = { body: { status: 'completed', results: [{ url: 'https://c.example/a.mp4' }] } };
  const generate = (ima: ImaRouter) => ima.generate(request);

  test.each([
    ['an empty 429', { status: 429 }],
    ['a Chinese 429', { status: 429, body: { code: 'x', message: saturated, data: null } }],
    [
      'a 500 of the gateway',
      { status: 500, body: { code: 'get_task_failed', message: 'failed to fetch task from upstream', data: null } },
    ],
    ['a page', { status: 502, body: '<html>' }],
    ['nothing', { body: { code: 'success', data: null } }],
    ['an error that is nobody’s', { body: { code: 200, error: { message: 'no GPU' } } }],
    ['trouble of the call in words of a failed task', { body: { status: 'error', message: 'service unavailable' } }],
    [
      'an upstream’s 401',
      { status: 401, body: { error: { message: 'invalid key', type: 'upstream_error', code: 'x' } } },
    ],
    ['an upstream’s 403', { status: 403, body: { code: 'fail_to_fetch_task', message: 'Forbidden', data: null } }],
    ['an envelope’s word of success', { body: { status: 'success', data: { status: 'processing' } } }],
  ])('is asked again after %s, for as long as it takes', async (_, answer) => {
    const { server, ima } = await gateway([answer, answer, answer, answer, done]);
    expect((await generate(ima)).status).toBe('succeeded');
    expect(server.requests).toHaveLength(6);
  });

  const refused: [string, { status: number; body: unknown }, typeof ImaRouterError, number, string][] = [
    [
      'a key that is out of quota',
      { status: 403, body: { error: { code: 'insufficient_user_quota', message: 'no', type: 'x' } } },
      InsufficientBalanceError,
      1,
      'Top up the account, then read the task again: it keeps its id.',
    ],
    [
      'a key that is not known any more',
      { status: 401, body: { error: { code: '', message: 'token expired', type: 'x' } } },
      AuthenticationError,
      1,
      'Check the API key; the task keeps its id and can be read with a key that works.',
    ],
    [
      'a key that is not known any more, in words of a failed task',
      { status: 200, body: { status: 'error', message: '无效的令牌' } },
      AuthenticationError,
      1,
      'Check the API key; the task keeps its id and can be read with a key that works.',
    ],
    [
      'an address that is not allowed any more',
      { status: 403, body: { error: { code: '', message: 'IP not allowed', type: 'x' } } },
      PermissionError,
      1,
      'The key is known but not allowed to do this: check its group, its address list and the account.',
    ],
    [
      'a task that is not there, as 400',
      { status: 400, body: { code: 'task_not_exist', message: 'task_not_exist', data: null } },
      TaskNotFoundError,
      3,
      'Check the task id, and that the key is the one that submitted it.',
    ],
    [
      'an upstream that is not there, as 429',
      {
        status: 429,
        body: { error: { code: 'bad_response_status_code', param: '404', message: saturated, type: 'x' } },
      },
      ServerError,
      3,
      'The gateway has lost what stands behind it: read the task again later, or ask the vendor with its id.',
    ],
  ];
  test.each(refused)('is refused: %s', async (_, answer, type, polls, hint) => {
    const { server, ima } = await gateway([answer]);
    const error = await errorOf(generate(ima));
    expect(error).toBeInstanceOf(type);
    expect(error).toMatchObject({ phase: 'poll', taskId: 't1', mayBeBilled: true, retryable: false, hint });
    expect(server.requests).toHaveLength(1 + polls);
    expect(await ima.journal.list()).toMatchObject([{ state: 'submitted', taskId: 't1' }]);
  });

  test('asked once, a refusal by the upstream says that it is not about the key', async () => {
    const { ima } = await gateway([
      { status: 401, body: { error: { message: 'invalid key', type: 'upstream_error', code: 'x' } } },
    ]);
    const task = await ima.submit(request);
    const error = await errorOf(task.refresh());
    expect(error).toBeInstanceOf(ServerError);
    expect(error).toMatchObject({
      code: 'upstream_refused',
      retryable: true,
      hint: 'What stands behind the gateway refused the gateway, not your key: read the task again later.',
    });
  });

  test('asked once, load is no refused submit', async () => {
    const { ima } = await gateway([
      { status: 400, body: { code: 4, description: 'task_status_not_success', type: 'x' } },
    ]);
    const task = await ima.submit(request);
    expect(await errorOf(task.refresh())).toMatchObject({
      code: 'server_error',
      retryable: true,
      hint: 'Read the task again later; it runs on.',
    });
  });
});

describe('a task that ended badly', () => {
  test('says why, which input was refused, and what to do', async () => {
    const message = '{"error":{"code":"x","message":"images[2] may contain real person"}} (request id: 2026abc)';
    const { ima } = await gateway([{ body: { status: 'failed', fail_reason: message } }]);
    const error = await errorOf(ima.generate(request));
    expect(error).toBeInstanceOf(TaskFailedError);
    expect(error.message).toBe('Task t1 (kling-v3-video) failed: images[2] may contain real person');
    expect(error).toMatchObject({ code: 'task_failed', inputIndex: 2, requestId: '2026abc', retryable: false });
    expect(error.hint).toContain('asset://');
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({ inputIndex: 2 });
    expect(await ima.journal.list()).toMatchObject([{ state: 'failed', error: { kind: 'moderation', inputIndex: 2 } }]);
  });

  test('names no input where the gateway names none, and keeps the general advice', async () => {
    const { ima } = await gateway([
      { body: { status: 'failed', error: { code: 'MODERATION_FAILED', message: 'no' } } },
    ]);
    const error = await errorOf(ima.generate(request));
    expect(error).not.toHaveProperty('inputIndex');
    expect(error).toMatchObject({
      gatewayCode: 'MODERATION_FAILED',
      hint: 'Change the prompt or the media that was refused; the same request will be refused again.',
    });
  });

  test('the sound was refused: again with audio off', async () => {
    const code = 'OutputAudioSensitiveContentDetected';
    const { ima } = await gateway([{ body: { status: 'failed', error: { code, message: 'no' } } }]);
    expect((await errorOf(ima.generate(request))).hint).toContain('submit again with audio off');
  });

  test('for want of balance, as Midjourney says it', async () => {
    const { ima } = await gateway([{ body: { status: 'FAILURE', failReason: 'quota_not_enough' } }]);
    expect(await errorOf(ima.generate(request))).toBeInstanceOf(TaskFailedError);
    expect(await ima.journal.list()).toMatchObject([{ state: 'failed', error: { kind: 'balance' } }]);
  });

  test('cancelled, with or without a reason', async () => {
    const silent = await gateway([{ body: { status: 'CANCEL', failReason: '' } }]);
    const error = await errorOf(silent.ima.generate(request));
    expect(error).toBeInstanceOf(TaskCancelledError);
    expect(error.message).toBe('Task t1 (kling-v3-video) was cancelled by the gateway.');
    const saying = await gateway([{ body: { status: 'CANCEL', failReason: 'on request' } }]);
    expect((await errorOf(saying.ima.generate(request))).message).toBe(
      'Task t1 (kling-v3-video) was cancelled by the gateway: on request',
    );
  });
});
