// What the gateway may answer to a step: codes that mean a task, codes that mean none, and which of them are sent again.

import { describe, expect, test } from 'vitest';
import {
  InvalidRequestError,
  MemoryJournal,
  ServerError,
  SubmitUnknownError,
  TaskFailedError,
  TaskNotFoundError,
} from '../../src/index.js';
import { gateways, paid } from '../lifecycle/support.js';
import { clientFor } from '../support/client.js';
import { errorOf } from '../support/error-of.js';
import { finished, gateway, grid, PROMPT, taken } from './support.js';

const { mockWith, server } = gateways();

describe('a task', () => {
  test.each([
    [1, 'Submit success'],
    [22, '排队中，前面还有1个任务'],
    [21, '任务已存在（处理中或者有结果了）'],
  ])('code %i: the id is the task’s, and what was said stands in `raw`', async (code, description) => {
    const mock = await mockWith();
    const answer = taken('{taskId}', code, description);
    mock.fault({ on: 'submit', act: 'answer', taken: true, status: 200, body: answer });
    const { ima } = clientFor(mock.url);
    const task = await ima.midjourney.imagine(PROMPT);
    expect(task.id).toBe(mock.ledger.submits[0]?.taskId);
    expect(task.state).toMatchObject({ status: 'queued', raw: { ...answer, result: task.id } });
    expect(task.state.needs).toBeUndefined();
    expect((await task.result()).outputs).toHaveLength(4);
    expect(mock.ledger.submits).toHaveLength(1);
  });

  test('an id of more digits than a number holds is kept to the last one', async () => {
    const at = await server((request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        request.method === 'POST'
          ? '{"code":1,"description":"ok","result":14001929738841620987}'
          : JSON.stringify(finished('14001929738841620987', [])),
      );
    });
    const task = await clientFor(at.url).ima.midjourney.imagine(PROMPT);
    expect(task.id).toBe('14001929738841620987');
    await task.result();
    expect(at.requests[1]?.url).toBe('/mj/task/14001929738841620987/fetch');
  });

  test('that is there already, by code 21, is one task and one record, whoever asks again', async () => {
    const at = await gateway(server, { submit: (nth) => taken('17', nth === 1 ? 1 : 21, 'task exists') });
    const journal = new MemoryJournal();
    const { ima } = clientFor(at.url, { journal });
    const first = await ima.midjourney.imagine(PROMPT);
    const again = await ima.midjourney.imagine(PROMPT);
    expect([again.id, again.toJSON().key]).toEqual([first.id, first.toJSON().key]);
    const [record, ...others] = await journal.list();
    expect(others).toEqual([]);
    // The one that was paid for is the first.
    expect(record).toMatchObject({ state: 'submitted', taskId: '17', traceId: first.traceId });
    await again.result();
    expect(await journal.list()).toMatchObject([{ state: 'succeeded' }]);
  });

  test('that has ended, by code 21, keeps its record with all that it came to, and is not pending again', async () => {
    const at = await gateway(server, { submit: (nth) => taken('17', nth === 1 ? 1 : 21, 'task exists') });
    const journal = new MemoryJournal();
    const { ima } = clientFor(at.url, { journal });
    const first = await ima.midjourney.imagine(PROMPT);
    await first.result();
    const before = await journal.list();
    for (const prompt of [PROMPT.prompt, 'a fox, please']) {
      const again = await ima.midjourney.imagine({ prompt });
      expect([again.id, again.toJSON().key]).toEqual([first.id, first.toJSON().key]);
      expect(await journal.list()).toEqual(before);
      expect(await ima.resume()).toEqual([]);
      expect((await again.result()).outputs).toHaveLength(1);
    }
    expect(before).toMatchObject([{ state: 'succeeded', outputs: 1, traceId: first.traceId }]);
    expect(await journal.list()).toEqual(before);
  });

  test.each([
    'Task already exists: a cat at the window',
    'task exists: a modal jazz band waiting at the window',
    '任务已存在：窗口边的猫',
  ])('that is there already, by code 21, waits for nobody because its prompt speaks of windows: %s', async (words) => {
    const at = await gateway(server, { submit: () => taken('17', 21, words) });
    const task = await clientFor(at.url).ima.midjourney.imagine(PROMPT);
    expect(task.state.needs).toBeUndefined();
    expect((await task.result()).outputs).toHaveLength(1);
  });

  test.each([
    [{ description: 'Waiting for window confirm' }],
    [{ description: '窗口等待' }],
    [{ description: '弹窗确认' }],
    [{ description: 'task exists', properties: { status: 'MODAL' } }],
  ])('that waits at a window says so: %j', async (answer) => {
    const at = await gateway(server, { submit: () => ({ ...taken('17', 21), ...answer }) });
    const task = await clientFor(at.url).ima.midjourney.imagine(PROMPT);
    expect(task.state.needs).toBe('modal');
  });
});

describe('no task', () => {
  test('code 23, a full queue: sent again like a 503, with the same trace id, and paid once', async () => {
    const mock = await mockWith();
    const body = { code: 23, description: '队列已满，请稍后尝试', result: '14001929738841620', properties: {} };
    mock.fault({ on: 'submit', act: 'answer', status: 200, body });
    // By its number alone, whatever it says.
    mock.fault({ on: 'submit', act: 'answer', nth: 2, status: 200, body: { ...body, description: 'not now' } });
    const { ima } = clientFor(mock.url);
    expect((await (await ima.midjourney.imagine(PROMPT)).result()).outputs).toHaveLength(4);
    expect(mock.ledger.submits.map((one) => one.paid)).toEqual([false, false, true]);
    expect(new Set(mock.ledger.submits.map(({ traceId }) => traceId)).size).toBe(1);

    mock.fault({ on: 'submit', act: 'answer', status: 200, body, times: 4 });
    const error = await errorOf(ima.midjourney.imagine(PROMPT));
    expect(error).toBeInstanceOf(ServerError);
    expect(error).toMatchObject({ code: 'submit_refused', retryable: true, mayBeBilled: false, gatewayCode: '23' });
    expect(error.message).toContain('队列已满');
    expect(paid(mock)).toBe(1);
    expect(await ima.journal.list()).toHaveLength(1);
  });

  test.each([
    [4, 'parameter error: prompt cannot be empty'],
    [4, 'button_not_found'],
    [24, '可能包含敏感词'],
    [24, 'Banned prompt detected: nude'],
    [24, 'banned_prompt'],
    [24, 'not with these words'],
    [4, 'Invalid parameter: `--sw 9999` must be between 0 and 1000'],
  ])('code %i, %s: refused, in its own words, and never sent again', async (code, description) => {
    for (const status of [200, 400]) {
      const mock = await mockWith();
      const body = {
        code,
        description,
        properties: { bannedWord: 'nude' },
        ...(status === 400 ? { type: 'upstream_error' } : {}),
      };
      mock.fault({ on: 'submit', act: 'answer', status, body });
      const { ima } = clientFor(mock.url);
      const error = await errorOf(ima.midjourney.imagine(PROMPT));
      expect(error).toBeInstanceOf(InvalidRequestError);
      expect(error).toMatchObject({
        code: 'request_refused',
        retryable: false,
        mayBeBilled: false,
        gatewayCode: String(code),
      });
      expect(error.message).toContain(description);
      expect(error.body).toMatchObject(body);
      expect(mock.ledger.submits).toHaveLength(1);
      expect(await ima.journal.list()).toEqual([]);
    }
  });

  test('a code that nobody knows is a no, and not sent again: its words alone say that nothing was bought', async () => {
    const mock = await mockWith();
    mock.fault({ on: 'submit', act: 'answer', status: 200, body: { code: 9, description: 'cannot do that now' } });
    const error = await errorOf(clientFor(mock.url).ima.midjourney.imagine(PROMPT));
    expect(error).toMatchObject({ code: 'submit_refused', mayBeBilled: false });
    expect(mock.ledger.submits).toHaveLength(1);
  });

  test('a good code without an id leaves everything open', async () => {
    for (const body of [
      { code: 1, description: 'Submit success' },
      { code: 22, description: 'queued', result: '' },
    ]) {
      const mock = await mockWith();
      mock.fault({ on: 'submit', act: 'answer', status: 200, body });
      const { ima } = clientFor(mock.url);
      expect(await errorOf(ima.midjourney.imagine(PROMPT))).toBeInstanceOf(SubmitUnknownError);
      expect(mock.ledger.submits).toHaveLength(1);
      expect(await ima.journal.list()).toMatchObject([{ state: 'unknown', model: 'mj_imagine' }]);
    }
  });

  test('task_no_found is a task that is not there; task_status_not_success passes, and is sent again', async () => {
    for (const status of [200, 400]) {
      const mock = await mockWith();
      const { ima } = clientFor(mock.url);
      const { task } = await grid(ima);
      const no = (description: string) => ({ code: 4, description, type: 'upstream_error' });
      mock.fault({ on: 'submit', act: 'answer', status, body: no('task_no_found') });
      const lost = await errorOf(ima.midjourney.change(task, 'U1'));
      expect(lost).toBeInstanceOf(TaskNotFoundError);
      expect(lost).toMatchObject({ phase: 'submit', mayBeBilled: false, retryable: false });
      expect(mock.ledger.submits).toHaveLength(2);
      // A button pressed in the moment that its task ends.
      mock.fault({ on: 'submit', act: 'answer', status, body: no('task_status_not_success') });
      await ima.midjourney.change(task, 'U1');
      expect(mock.ledger.submits.map((one) => one.paid)).toEqual([true, false, false, true]);
    }
  });

  test('a 429 of its own form is waited out', async () => {
    const mock = await mockWith();
    const body = { code: 30, description: '当前分组上游负载已饱和，请稍后再试', type: 'upstream_error' };
    mock.fault({ on: 'submit', act: 'answer', status: 429, body });
    const { ima } = clientFor(mock.url);
    await ima.midjourney.imagine(PROMPT);
    expect(mock.ledger.submits.map((one) => one.paid)).toEqual([false, true]);
  });
});

describe('a task that fails', () => {
  test.each([
    ['Banned prompt detected', 'moderation'],
    ['[Invalid parameter] `--sw 9999` is not within the range', 'input'],
    ['可能包含敏感词', 'moderation'],
    ['任务超时', 'timeout'],
    ['Job action restricted', 'unknown'],
  ])('%s', async (failReason, kind) => {
    const at = await gateway(server, {
      state: (id) => ({ id, status: 'FAILURE', progress: '0%', failReason, buttons: [], imageUrl: '' }),
    });
    const task = await clientFor(at.url).ima.midjourney.imagine(PROMPT);
    const error = await errorOf(task.result());
    expect(error).toBeInstanceOf(TaskFailedError);
    expect(error.message).toContain(failReason);
    expect(task.state.error).toMatchObject({ kind, message: failReason });
    expect(at.bodies).toHaveLength(1);
  });

  test('cancelled by the gateway', async () => {
    const at = await gateway(server, { state: (id) => ({ id, status: 'CANCEL', progress: '0%' }) });
    const task = await clientFor(at.url).ima.midjourney.imagine(PROMPT);
    expect(await errorOf(task.result())).toMatchObject({ code: 'task_cancelled' });
  });
});
