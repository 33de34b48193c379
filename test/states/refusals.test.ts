// How the gateway says no: read by code and words before the HTTP status, and told from what others say in its place.

import { describe, expect, test } from 'vitest';
import { refused } from './support.js';

const nested = (message: string, code: unknown = '', more = {}) => ({
  error: { message, type: 'new_api_error', code, ...more },
});
const flat = (code: unknown, message: string) => ({ code, message, data: null });
const saturated = '当前分组上游负载已饱和，请稍后再试';

describe('code and words go before the status', () => {
  test.each([
    ['balance', 403, nested('Insufficient quota Please recharge at https://x', 'insufficient_user_quota')],
    ['balance', 403, nested('no', 'pre_consume_token_quota_failed')],
    ['balance', 403, nested('预扣费额度失败, 用户剩余额度: 0')],
    ['balance', 403, nested('Insufficient quota Please recharge')],
    ['balance', 400, flat('quota_exhausted', 'no')],
    ['balance', 400, nested('insufficient balance')],
    ['balance', 400, nested('user quota is not enough, need: 5')],
    ['balance', 400, nested('用户余额不足')],
    ['balance', 400, nested('该令牌额度不足')],
    ['balance', 402, nested('pay')],
    ['balance', 500, flat('insufficient_user_quota', 'no')],
    ['permission', 403, nested('Your IP is not in the allowed list')],
    ['permission', 403, nested('user is banned')],
    ['permission', 403, nested('group deprecated')],
    ['task-not-found', 400, flat('task_not_exist', 'task_not_exist')],
    ['task-not-found', 404, flat('task_not_exist', 'task_not_exist')],
    ['task-not-found', 404, nested('Task not found')],
    ['task-not-found', 400, flat('x', 'task_not_exist')],
    ['invalid', 400, flat('x', 'the task not found was ours')],
    ['task-not-found', 400, { code: 4, description: 'task_no_found' }],
    ['rate', 429, flat('fail_to_fetch_task', saturated)],
    ['rate', 429, nested('request limit reached: at most 60 requests within 1 minutes')],
    ['rate', 429, { description: saturated, type: 'upstream_error', code: 30 }],
    ['rate', 429, nested('anything')],
    ['rate', 503, nested(saturated)],
    ['rate', 503, nested('request limit reached: at most 60 requests within 1 minutes')],
    ['upstream-not-found', 429, nested(saturated, 'bad_response_status_code', { param: '404' })],
    ['upstream-not-found', 429, nested(saturated, 'bad_response_status_code', { param: 404 })],
    ['rate', 429, nested(saturated, 'bad_response_status_code', { param: '429' })],
    ['rate', 429, nested('task 404 waits', 'bad_response_status_code')],
    ['upstream-not-found', 404, flat('fail_to_fetch_task', '{"detail":"Not Found"}')],
    ['upstream-not-found', 500, flat('fail_to_fetch_task', '{"detail":"Not Found"}')],
    ['not-found', 404, nested('Invalid URL (GET /v1/x)')],
    ['busy', 400, { code: 4, description: 'task_status_not_success', type: 'upstream_error' }],
    // Midjourney's envelope says `upstream_error` of everything, with a blank behind its words.
    ['balance', 400, { code: 4, description: 'quota_not_enough ', type: 'upstream_error' }],
    ['balance', 403, { code: 4, description: 'quota_exhausted', type: 'upstream_error' }],
    ['balance', 403, nested('quota_not_enough')],
    ['balance', 500, flat('quota_not_enough', 'no')],
    // The gateway's own key and account at its upstream.
    ['upstream-refused', 401, { error: { message: 'Incorrect API key', type: 'upstream_error', code: 'x' } }],
    ['upstream-refused', 403, { error: { message: 'Forbidden', type: 'upstream_error' } }],
    ['upstream-refused', 402, { error: { message: 'pay', type: 'upstream_error' } }],
    ['upstream-refused', 401, nested('bad response status code 401', 'bad_response_status_code')],
    ['upstream-refused', 403, nested('no', 'bad_response_status_code', { param: '403' })],
    ['upstream-refused', 401, flat('fail_to_fetch_task', '{"error":{"message":"Invalid token"}}')],
    ['upstream-refused', 403, { code: 4, description: 'no', type: 'upstream_error' }],
    ['server', 500, { error: { message: 'quota_not_enough', type: 'upstream_error', code: 'x' } }],
    ['authentication', 401, nested('token not provided')],
    ['authentication', 401, { success: false, message: '无效的令牌' }],
    ['authentication', 401, nested('Insufficient permissions')],
    ['invalid', 400, flat('500', 'status_code=500, task_id is empty')],
    ['invalid', 400, flat('2013', 'does not support resolution 720P')],
    ['invalid', 400, flat(429, 'at most 429 frames')],
    ['invalid', 413, flat('read_request_body_failed', 'too large')],
    ['invalid', 501, flat('not_implemented', 'no')],
    // The document shows these words under 500 as well: the same body is refused again.
    ['invalid', 500, flat('500', 'Portraits are not supported yet')],
    [
      'invalid',
      500,
      flat('500', 'the parameter video pixel count specified in the request must be less than or equal to 927408'),
    ],
    [
      'invalid',
      500,
      flat(
        'fail_to_fetch_task',
        '{"error":{"code":"InputTextSensitiveContentDetected","message":"the input text is sensitive"}}',
      ),
    ],
    ['server', 500, flat('do_request_failed', 'do request failed')],
    ['server', 500, flat('get_task_failed', 'failed to fetch task from upstream')],
    ['server', 500, flat('x', 'failed to download the image: connection reset')],
    ['server', 500, flat('x', 'at most 400 characters')],
    ['server', 503, nested('no available channel', 'get_channel_failed')],
  ])('%s: HTTP %i %j', (kind, status, body) => expect(refused(body, status)?.kind).toBe(kind));

  test('an upstream’s words on its account or task are not about the caller’s', () => {
    const words = 'insufficient quota';
    expect(refused(flat('fail_to_fetch_task', words), 500)?.kind).toBe('server');
    expect(refused(flat('fail_to_fetch_task', words), 403)?.kind).toBe('upstream-refused');
    expect(refused({ error: { message: words, type: 'upstream_error', code: 'x' } }, 500)?.kind).toBe('server');
    expect(refused(flat('x', words), 403)?.kind).toBe('balance');
  });
});

describe('what it says', () => {
  test('the inner words of an upstream’s body', () => {
    expect(refused(flat('fail_to_fetch_task', '{"detail":"Not Found"}'), 404)).toMatchObject({
      message: 'Not Found',
      gatewayCode: 'fail_to_fetch_task',
    });
  });

  test('the id of the exchange: from the message, else from the headers', () => {
    const headers = { 'x-oneapi-request-id': 'h1' };
    expect(refused(nested('no (request id: 2026abc)'), 400, headers)).toMatchObject({
      message: 'no',
      requestId: '2026abc',
    });
    expect(refused(nested('no'), 400, headers)).toMatchObject({ requestId: 'h1' });
    expect(refused(nested('no'), 400, { 'x-request-id': 'h2' })).toMatchObject({ requestId: 'h2' });
    expect(refused(nested('no'), 400)?.requestId).toBeUndefined();
  });

  test('code and param, in words or numbers', () => {
    expect(refused(nested('no', 'c', { param: 'size' }), 400)).toMatchObject({ gatewayCode: 'c', param: 'size' });
    expect(refused(flat(2013, 'no'), 400)).toMatchObject({ gatewayCode: '2013' });
    expect(refused(nested('no', ''), 400)?.gatewayCode).toBeUndefined();
  });

  test('which input it names, where the request is at fault', () => {
    expect(refused(flat('x', 'content[1] may contain real person'), 400)?.inputIndex).toBe(1);
    expect(refused(flat('x', 'content[1] may contain real person'), 429)?.inputIndex).toBeUndefined();
  });

  test('a code alone is a word', () => {
    expect(refused({ code: 'model_price_error', message: '', data: null }, 400)?.message).toBe('model_price_error');
  });
});

describe('who says it', () => {
  // Behind a load balancer that lost patience a paid task may be running.
  test.each([
    { message: 'Endpoint request timed out' },
    { message: 'Internal Server Error' },
    { error: 'upstream timed out' },
    { error: { code: 'FUNCTION_INVOCATION_TIMEOUT', message: 'This function has timed out.' } },
    { error: { message: '', type: 'x' } },
    { code: 504, message: 'gateway timeout' },
    { code: 504, message: 'x', type: 'timeout' },
    { code: 504, description: 'gateway timeout' },
    { description: 'gateway timeout', type: 'x' },
    { data: null, message: 'x' },
    { status: 500, error: 'Internal Server Error', path: '/v1/videos' },
    { success: false, errors: [{ code: 1000 }] },
    { type: 'about:blank', title: 'Bad Gateway', detail: 'no', status: 502 },
    {},
    [],
    'busy',
    null,
    12,
  ])('a 5xx or 408 in another form is nobody’s word: %j', (body) => {
    for (const status of [408, 500, 502, 503, 504, 524]) expect(refused(body, status)).toBeNull();
  });

  test.each([
    nested('busy'),
    flat('x', 'busy'),
    { success: false, message: 'busy' },
    { code: 4, description: 'busy', type: 'upstream_error' },
    { code: 'x', message: 'busy', data: { task_id: '', id: 0 } },
  ])('a 5xx in the gateway’s own is: %j', (body) => {
    for (const status of [500, 502, 503, 504]) expect(refused(body, status)).toMatchObject({ message: 'busy' });
  });

  test('below 500 nothing was taken, and any words are worth having', () => {
    for (const body of [
      { message: 'no' },
      { error: 'no' },
      { error: { message: 'no' } },
      { detail: 'x', message: 'no' },
    ]) {
      expect(refused(body, 400)).toMatchObject({ kind: 'invalid', message: 'no' });
    }
    for (const body of [{}, { foo: 1 }, [], null, 'no']) expect(refused(body, 400)).toBeNull();
  });
});

describe('with status 200', () => {
  test.each([
    // Field-notes A1, "Assets".
    ['invalid', { success: false, message: 'asset group not found' }],
    ['invalid', { success: false, message: 'asset feature is disabled' }],
    ['invalid', { success: false, message: 'asset count exceeds max limit 50' }],
    ['invalid', { success: false, message: 'model x is not available for your group' }],
    ['invalid', { success: false, message: 'no channel provides asset model' }],
    ['balance', { success: false, message: 'user quota is not enough, need: 12' }],
    [
      'invalid',
      {
        success: false,
        message:
          'doubao asset request failed: InvalidParameter.DurationTooLong: Duration must be between 1.8s and 15.2s',
      },
    ],
    ['busy', { success: false, message: 'upstream unavailable' }],
    ['rate', { success: false, message: saturated }],
    ['authentication', { success: false, message: '无效的令牌' }],
    ['authentication', { success: false, message: 'token status is unavailable' }],
    ['authentication', { success: false, message: 'token not provided' }],
    ['task-not-found', flat('task_not_exist', 'task_not_exist')],
    ['task-not-found', { id: 0, ...flat('task_not_exist', 'task_not_exist') }],
    ['balance', nested('no', 'insufficient_user_quota')],
    ['upstream-refused', { success: false, message: 'invalid api key', type: 'upstream_error' }],
  ])('%s: %j', (kind, body) => expect(refused(body, 200)).toMatchObject({ kind }));

  test.each([
    { success: true, message: '', data: { Id: 'asset-1' } },
    { success: false },
    { success: 'false', message: 'x' },
    { success: false, message: 'no', status: 'processing' },
    { success: false, message: 'no', data: { status: 'processing' } },
    { id: 'task_1', status: 'failed', error: { message: 'no', type: 'x' } },
    { code: 'success', data: null },
    { id: 'x', code: 'task_not_exist', message: 'no' },
    { code: 'task_not_exist', message: 'no', data: { id: 'x' } },
    { code: 'task_not_exist', message: 'no' },
    { code: 'success', message: 'ok', data: { status: 'failed', error: { message: 'no' } } },
    { id: 'chatcmpl-1', choices: [], error: null },
    { code: 'invalid_request', message: 'queued', data: null },
    { error: { message: 'no' } },
    { message: 'hello' },
    [],
    null,
  ])('no refusal: %j', (body) => expect(refused(body, 200)).toBeNull());
});
