// The first promise: a submit that may have been taken is never sent twice, and no id is lost on the way.

import { afterEach, describe, expect, test } from 'vitest';
import { type Journal, type JournalRecord, MemoryJournal, SubmitUnknownError } from '../../src/index.js';
import { type Mock, type MockOptions, startMock } from '../../src/mock/index.js';
import { clientFor } from '../support/client.js';
import { json, serve } from '../support/server.js';

const request = { model: 'gemini-2.5-flash-image', prompt: 'x' } as const;
const open: Mock[] = [];
async function mockWith(options: MockOptions): Promise<Mock> {
  const mock = await startMock({ speed: 500, seed: 3, ...options });
  open.push(mock);
  return mock;
}
afterEach(async () => {
  for (const mock of open.splice(0)) await mock.close();
});

describe('a submit without a trustworthy answer', () => {
  test.each(['reset-before', 'reset-after'] as const)('%s: sent once, journalled as unknown', async (act) => {
    const mock = await mockWith({ faults: [{ on: 'submit', act }] });
    const { ima } = clientFor(mock.url);
    const error = await ima.submit(request).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(SubmitUnknownError);
    expect(error).toMatchObject({ code: 'submit_unknown', mayBeBilled: true, retryable: false, phase: 'submit' });
    expect(mock.ledger.submits).toHaveLength(1);
    const records = await ima.journal.list();
    expect(records).toMatchObject([{ state: 'unknown', traceId: mock.ledger.submits[0]?.traceId }]);
    expect(String(error)).toContain('it is not sent again');
  });

  test('a silent gateway, until our own timeout', async () => {
    const mock = await mockWith({ faults: [{ on: 'submit', act: 'hang' }] });
    const { ima } = clientFor(mock.url, { requestTimeoutMs: 150 });
    await expect(ima.submit(request)).rejects.toBeInstanceOf(SubmitUnknownError);
    expect(mock.ledger.submits).toHaveLength(1);
  });

  test.each([
    ['an HTML 502 of an edge', 502, '<html><h1>Bad gateway</h1></html>'],
    ['an empty 504', 504, ''],
    ['a 200 that is not JSON', 200, '<html>hello</html>'],
    ['an empty 200', 200, ''],
    ['a load balancer’s JSON', 504, '{"message":"Endpoint request timed out"}'],
    ['a proxy’s JSON', 502, '{"error":"Bad Gateway"}'],
    ['a proxy that lost patience', 408, ''],
    ['a 200 that claims success and names no task', 200, '{"code":"success","message":"","data":{}}'],
    ['a 200 of an unknown form', 200, '{"video_id":"v1","status":"queued"}'],
    ['a 200 that is empty JSON', 200, '{}'],
  ])('%s', async (_, status, body) => {
    const mock = await mockWith({ faults: [{ on: 'submit', act: 'answer', status, body }] });
    const { ima } = clientFor(mock.url);
    await expect(ima.submit(request)).rejects.toBeInstanceOf(SubmitUnknownError);
    expect(mock.ledger.submits).toHaveLength(1);
  });

  test('the caller gives up after the request left', async () => {
    const mock = await mockWith({ faults: [{ on: 'submit', act: 'hang' }] });
    const { ima } = clientFor(mock.url);
    const controller = new AbortController();
    const submitted = ima.submit(request, { signal: controller.signal });
    while (mock.ledger.submits.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    controller.abort(new Error('changed my mind'));
    const error = await submitted.catch((e: unknown) => e);
    expect(error).toBeInstanceOf(SubmitUnknownError);
    expect(String(error)).toContain('changed my mind');
  });

  test('a logger that throws, at once or later, costs nothing', async () => {
    const mock = await mockWith({});
    const angry = (): never => {
      throw new Error('log disk full');
    };
    const logger = { debug: angry, info: async () => angry(), warn: angry, error: angry };
    const { ima, warnings } = clientFor(mock.url, { logger, onWarning: async () => angry() });
    const result = await ima.generate(request, { onUpdate: async () => angry() });
    expect(result.status).toBe('succeeded');
    expect(mock.ledger.submits).toHaveLength(1);
    expect(warnings).toEqual([]);
  });

  test('options that are undefined are defaults', async () => {
    const server = await serve((_, response) => json(response, { code: 'x', message: 'busy', data: null }, 503));
    const { ima } = clientFor(server.url, { retry: { attempts: undefined, baseMs: 1, capMs: 5, factor: undefined } });
    await expect(ima.submit(request)).rejects.toMatchObject({ code: 'server_error' });
    await server.close();
    expect(server.requests).toHaveLength(4);
  });

  test('what was checked is what is sent, whatever happens to the object meanwhile', async () => {
    const server = await serve((_, response) => json(response, { id: 't' }));
    const { ima } = clientFor(server.url);
    const mine: { model: 'gemini-2.5-flash-image'; prompt: string } = { ...request };
    const submitted = ima.submit(mine);
    mine.prompt = 'changed';
    await submitted;
    await server.close();
    expect(server.requests[0]?.body).toBe(JSON.stringify(request));
  });

  test('only a caller who asks for it sends again', async () => {
    const mock = await mockWith({ faults: [{ on: 'submit', act: 'reset-before', nth: 1 }] });
    const { ima } = clientFor(mock.url, { retry: { unknownSubmits: true, baseMs: 5 } });
    await ima.submit(request);
    expect(mock.ledger.submits).toHaveLength(2);
  });

  test('the raw client tells a page from an answer, too', async () => {
    const server = await serve((_, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in</html>'),
    );
    const { ima } = clientFor(server.url);
    await expect(ima.api.POST('/v1/images/generations', { body: request })).rejects.toMatchObject({
      code: 'submit_unknown',
    });
    await expect(ima.api.GET('/api/usage/token/user-balance')).rejects.toMatchObject({ code: 'invalid_response' });
    await server.close();
    expect(server.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  test('the raw client keeps the same rule', async () => {
    const mock = await mockWith({ faults: [{ on: 'submit', act: 'reset-after' }] });
    const { ima } = clientFor(mock.url);
    await expect(ima.api.POST('/v1/images/generations', { body: request })).rejects.toBeInstanceOf(SubmitUnknownError);
    expect(mock.ledger.submits).toHaveLength(1);
  });
});

describe('a submit that was refused', () => {
  test('429 and 503 are sent again, under one trace id, and paid once', async () => {
    const envelope = JSON.stringify({ code: 'upstream', message: 'busy', data: null });
    const mock = await mockWith({
      faults: [
        { on: 'submit', act: 'answer', nth: 1, status: 429, headers: { 'retry-after': '0' } },
        { on: 'submit', act: 'answer', nth: 2, status: 503, body: envelope },
      ],
    });
    const { ima } = clientFor(mock.url);
    const result = await ima.generate(request);
    expect(result.status).toBe('succeeded');
    expect(mock.ledger.submits).toHaveLength(3);
    expect(new Set(mock.ledger.submits.map((submit) => submit.traceId)).size).toBe(1);
    expect(mock.ledger.submits.filter((submit) => submit.paid)).toHaveLength(1);
    expect(mock.ledger.paidTwice()).toEqual([]);
  });

  test('a 200 without an id is a refusal, not a task', async () => {
    const server = await serve((_, response) => json(response, { message: 'queue full' }));
    const { ima } = clientFor(server.url);
    const error = await ima.submit(request).catch((e: unknown) => e);
    await server.close();
    expect(error).toMatchObject({ code: 'submit_refused', retryable: true, mayBeBilled: false });
    expect(server.requests).toHaveLength(4);
    expect(await ima.journal.list()).toEqual([]);
  });

  test('a wait longer than the cap is told, not waited for', async () => {
    const server = await serve((_, response) =>
      json(response, { code: 'x', message: 'slow down' }, 429, { 'retry-after': '3600' }),
    );
    const error = await clientFor(server.url)
      .ima.submit(request)
      .catch((e: unknown) => e);
    await server.close();
    expect(error).toMatchObject({ code: 'rate_limited', retryAfterMs: 3_600_000 });
    expect(server.requests).toHaveLength(1);
  });

  test('a redirect is not followed', async () => {
    const server = await serve((_, response) =>
      response.writeHead(307, { location: 'https://elsewhere.example/' }).end(),
    );
    const error = await clientFor(server.url)
      .ima.submit(request)
      .catch((e: unknown) => e);
    await server.close();
    expect(error).toMatchObject({ name: 'InvalidResponseError', code: 'unexpected_redirect', mayBeBilled: false });
    expect(server.requests).toHaveLength(1);
  });
});

describe('what is written down', () => {
  test('the intent before the POST, the id before the first poll, the end with its cost', async () => {
    const mock = await mockWith({});
    const story: string[] = [];
    class Spy extends MemoryJournal {
      override async put(record: JournalRecord): Promise<void> {
        story.push(`${record.state}: ${mock.ledger.submits.length} submits, ${mock.ledger.polls.length} polls`);
        await super.put(record);
      }
    }
    const { ima } = clientFor(mock.url, { journal: new Spy() });
    const result = await ima.generate(request);
    expect(story[0]).toBe('intent: 0 submits, 0 polls');
    expect(story[1]).toBe('submitted: 1 submits, 0 polls');
    expect(story[2]).toMatch(/^succeeded: 1 submits, \d+ polls$/);
    expect(story).toHaveLength(3);
    const [record] = await ima.journal.list();
    expect(record).toMatchObject({ taskId: result.id, costUsd: result.costUsd, state: 'succeeded' });
    expect(JSON.stringify(record)).not.toContain('sk-test');
  });

  test('a journal that cannot be written stops the submit', async () => {
    const mock = await mockWith({});
    const broken: Journal = {
      put: () => Promise.reject(new Error('disk full')),
      get: async () => undefined,
      list: async () => [],
      delete: async () => {},
    };
    const { ima } = clientFor(mock.url, { journal: broken });
    await expect(ima.submit(request)).rejects.toMatchObject({ code: 'journal_unavailable', mayBeBilled: false });
    expect(mock.ledger.submits).toEqual([]);
  });

  test('a journal that breaks after the submit costs a warning, not the task', async () => {
    const mock = await mockWith({});
    let writes = 0;
    class Fragile extends MemoryJournal {
      override async put(record: JournalRecord): Promise<void> {
        if (++writes > 1) throw new Error('disk full');
        await super.put(record);
      }
    }
    const { ima, warnings } = clientFor(mock.url, { journal: new Fragile() });
    expect((await ima.generate(request)).status).toBe('succeeded');
    expect(warnings.map((warning) => warning.code)).toContain('journal_write_failed');
  });
});

describe('waiting', () => {
  test('trouble while polling is waited out', async () => {
    const mock = await mockWith({
      faults: [
        { on: 'poll', act: 'reset-before', nth: 1 },
        { on: 'poll', act: 'answer', nth: 2, status: 502, body: '<html>' },
        { on: 'poll', act: 'answer', nth: 3, status: 200, body: '' },
        { on: 'poll', act: 'answer', nth: 4, status: 200, body: '{"code":"success","data":null}' },
        { on: 'poll', act: 'answer', nth: 5, status: 429 },
        {
          on: 'poll',
          act: 'answer',
          nth: 6,
          status: 400,
          body: '{"code":"task_not_exist","message":"task_not_exist"}',
        },
      ],
    });
    const { ima } = clientFor(mock.url);
    expect((await ima.generate(request)).status).toBe('succeeded');
    expect(mock.ledger.submits).toHaveLength(1);
    expect(mock.ledger.polls.length).toBeGreaterThan(6);
  });

  test.each([
    [3, 404, { error: { message: 'task not exist', type: 'x', code: 'y' } }, 'task_not_found'],
    [3, 400, { code: 'task_not_exist', message: 'task_not_exist', data: null }, 'task_not_found'],
    [10, 400, { code: 'invalid_request', message: 'bad id', data: null }, 'request_refused'],
    [10, 301, {}, 'unexpected_redirect'],
  ])('%d times %s in a row is an answer: %o', async (limit, status, body, code) => {
    const trouble = { status: 502, body: '<html>' };
    const no = { status, body: JSON.stringify(body) };
    // Two refusals, then trouble on the way: the count starts again.
    const answers = [no, no, trouble];
    const server = await serve((seen, response, count) => {
      if (seen.method === 'POST') return json(response, { id: 't1' });
      const { status: code, body: text } = answers[count - 2] ?? no;
      response.writeHead(code).end(text);
    });
    const { ima } = clientFor(server.url);
    await expect(ima.generate(request)).rejects.toMatchObject({ code, taskId: 't1', mayBeBilled: true });
    await server.close();
    expect(server.requests).toHaveLength(1 + answers.length + limit);
  });

  test('a verdict stands, whatever a lagging replica says after it', async () => {
    const answers = [
      { status: 'completed', results: [{ url: 'https://c.example/a.png' }] },
      { status: 'in_progress' },
      { status: 'failed' },
    ];
    const server = await serve((_, response, count) => json(response, answers[count - 1]));
    const { ima } = clientFor(server.url);
    const task = ima.task('t1', { model: 'gemini-2.5-flash-image' });
    for (const _ of answers) expect((await task.refresh()).status).toBe('succeeded');
    expect(task.state.outputs).toHaveLength(1);
    await server.close();
  });

  test('eleven waits on one signal bring no warning from Node', async () => {
    const seen: string[] = [];
    const onWarning = (warning: Error) => seen.push(warning.name);
    process.on('warning', onWarning);
    const mock = await mockWith({});
    const { ima } = clientFor(mock.url);
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 15 }, () => ima.generate(request, { signal })));
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', onWarning);
    expect(seen).not.toContain('MaxListenersExceededWarning');
  });

  test('a key that stops working stops the wait', async () => {
    const mock = await mockWith({
      faults: [{ on: 'poll', act: 'answer', status: 401, body: '{"error":{"message":"token expired"}}' }],
    });
    const { ima } = clientFor(mock.url);
    await expect(ima.generate(request)).rejects.toMatchObject({
      name: 'AuthenticationError',
      phase: 'poll',
      mayBeBilled: true,
    });
    expect(mock.ledger.polls).toHaveLength(1);
  });

  test('a timeout is not a verdict: the task runs on and its id is in hand', async () => {
    const mock = await mockWith({ speed: 1 });
    const { ima } = clientFor(mock.url);
    const task = await ima.submit(request);
    const error = await task.result({ timeoutMs: 60 }).catch((e: unknown) => e);
    expect(error).toMatchObject({ name: 'WaitTimeoutError', taskId: task.id, mayBeBilled: true, retryable: true });
    expect(String(error)).toContain('it runs on');
    expect((await task.refresh()).status).not.toBe('failed');
  });

  test('an abort acts at once, in mid-request too', async () => {
    const mock = await mockWith({ speed: 1, faults: [{ on: 'poll', act: 'hang' }] });
    const { ima } = clientFor(mock.url);
    const task = await ima.submit(request);
    const controller = new AbortController();
    const waiting = task.result({ signal: controller.signal });
    while (mock.ledger.polls.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError', code: 'wait_aborted', taskId: task.id });
  });

  test('one waiter who leaves does not take the others along, and they share their status calls', async () => {
    const mock = await mockWith({ speed: 1, faults: [{ on: 'poll', act: 'hang', nth: 1 }] });
    const { ima } = clientFor(mock.url, { requestTimeoutMs: 400 });
    const task = await ima.submit(request);
    const controller = new AbortController();
    const leaving = task.refresh({ signal: controller.signal });
    const staying = task.refresh();
    while (mock.ledger.polls.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    controller.abort(new Error('enough'));
    await expect(leaving).rejects.toMatchObject({ code: 'wait_aborted' });
    await expect(staying).rejects.toMatchObject({ code: 'connection_lost' });
    expect(mock.ledger.polls).toHaveLength(1);
    expect((await task.refresh()).status).toBeTruthy();
  });

  test('a deadline acts at once, in mid-request too', async () => {
    const mock = await mockWith({ speed: 1, faults: [{ on: 'poll', act: 'hang' }] });
    const { ima } = clientFor(mock.url);
    const task = await ima.submit(request);
    const startedAt = Date.now();
    const error = await task.result({ timeoutMs: 100 }).catch((e: unknown) => e);
    expect(error).toMatchObject({ name: 'WaitTimeoutError', taskId: task.id });
    expect(Date.now() - startedAt).toBeLessThan(10_000);
  });

  test('a failed task says why', async () => {
    const mock = await mockWith({ outcome: () => 'failed' });
    const { ima } = clientFor(mock.url);
    const task = await ima.submit({ model: 'seedance-2.0', prompt: 'x' });
    const error = await task.result().catch((e: unknown) => e);
    expect(error).toMatchObject({ name: 'TaskFailedError', code: 'task_failed', taskId: task.id });
    expect(task.state.error?.message).toBeTruthy();
    expect(task.state.outputs).toEqual([]);
    expect(task.state.progress ?? 0).toBeLessThan(1);
  });

  test('a callback that throws does not break the wait', async () => {
    const mock = await mockWith({});
    const { ima, warnings } = clientFor(mock.url);
    const result = await ima.generate(request, {
      onUpdate: () => {
        throw new Error('mine');
      },
    });
    expect(result.status).toBe('succeeded');
    expect(warnings.every((warning) => warning.code === 'callback_threw' && warning.message.includes('mine'))).toBe(
      true,
    );
    expect(warnings.length).toBeGreaterThan(0);
  });
});
