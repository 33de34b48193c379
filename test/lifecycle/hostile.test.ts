// What a hostile reader tried: stores that throw or hang, crashes in mid-batch, doubts, live objects, sources that never answer.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import {
  type BatchItem,
  DirectoryJournal,
  type JournalRecord,
  MemoryJournal,
  SubmitUnknownError,
} from '../../src/index.js';
import { type Mock, type MockOptions, startMock } from '../../src/mock/index.js';
import { clientFor } from '../support/client.js';
import { json, serve, type TestServer } from '../support/server.js';

const request = { model: 'gemini-2.5-flash-image', prompt: 'x' } as const;
const wanted = (count: number) => Array.from({ length: count }, (_, i) => ({ ...request, prompt: `picture ${i}` }));

const open: (Mock | TestServer)[] = [];
async function mockWith(options: MockOptions = {}): Promise<Mock> {
  const mock = await startMock({ speed: 500, seed: 5, ...options });
  open.push(mock);
  return mock;
}
async function server(...args: Parameters<typeof serve>): Promise<TestServer> {
  const made = await serve(...args);
  open.push(made);
  return made;
}
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

/** Tasks that go on, asked for at a server that counts how many ask at once. */
async function counting(): Promise<{ at: TestServer; crowd: { now: number; most: number } }> {
  const crowd = { now: 0, most: 0 };
  const at = await server((_, response) => {
    crowd.most = Math.max(crowd.most, ++crowd.now);
    setTimeout(() => {
      crowd.now--;
      json(response, { status: 'in_progress' });
    }, 5);
  });
  return { at, crowd };
}

async function all<Request>(items: AsyncIterable<BatchItem<Request>>): Promise<BatchItem<Request>[]> {
  const found: BatchItem<Request>[] = [];
  for await (const item of items) found.push(item);
  return found;
}
const paid = (mock: Mock) => mock.ledger.submits.filter((submit) => submit.paid).length;
const posts = (at: TestServer) => at.requests.filter(({ method }) => method === 'POST');
const moment = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('never paid twice', () => {
  test('a batch item whose process died in mid-POST is unknown, not new', async () => {
    const mock = await mockWith({ faults: [{ on: 'submit', act: 'reset-after' }] });
    const journal = new MemoryJournal();
    await all(clientFor(mock.url, { journal }).ima.batch(wanted(1)));
    const [record] = await journal.list({ state: 'unknown' });
    await journal.put({ ...(record as JournalRecord), state: 'intent' });
    const { ima, warnings } = clientFor(mock.url, { journal });
    const [item] = await all(ima.batch(wanted(1)));
    expect(item?.error).toMatchObject({ code: 'submit_unsettled', mayBeBilled: true });
    expect(warnings).toMatchObject([{ code: 'submit_cut_off' }]);
    expect(mock.ledger.submits).toHaveLength(1);
  });

  test.each([
    [400, { code: 'invalid_request', message: 'no' }],
    [429, { code: 'x', message: 'slow down' }],
  ])('who resends what is unknown and then hears %i knows no more than before', async (status, body) => {
    const at = await server((_, response, count) => {
      if (count === 1) response.socket?.resetAndDestroy();
      else json(response, body, status);
    });
    const { ima } = clientFor(at.url, { retry: { unknownSubmits: true, baseMs: 2, attempts: 3 } });
    const error = await ima.submit(request).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(SubmitUnknownError);
    expect(error).toMatchObject({ mayBeBilled: true });
    expect(await ima.journal.list()).toMatchObject([{ state: 'unknown' }]);
  });

  test('a 303 says that it was taken: the record stays', async () => {
    const at = await server((_, response) => response.writeHead(303, { location: '/elsewhere' }).end());
    const { ima } = clientFor(at.url);
    await expect(ima.submit(request)).rejects.toMatchObject({ code: 'unexpected_redirect', mayBeBilled: true });
    expect(await ima.journal.list()).toMatchObject([{ state: 'unknown' }]);
    await all(ima.batch([request]));
    const [item] = await all(ima.batch([request]));
    expect(item?.error).toMatchObject({ code: 'submit_unsettled' });
    expect(posts(at)).toHaveLength(2);
  });

  test('a batch item whose record is torn is not bought again until somebody deletes it', async () => {
    const mock = await mockWith();
    const folder = await mkdtemp(join(tmpdir(), 'ima-torn-'));
    const run = (journal: DirectoryJournal) => all(clientFor(mock.url, { journal }).ima.batch(wanted(1)));
    try {
      const [first] = await run(new DirectoryJournal(folder));
      const key = first?.key ?? '';
      await writeFile(join(folder, `${key}.json`), '{"v":1,"key":"b-');
      const journal = new DirectoryJournal(folder);
      for (let time = 1; time <= 2; time++) {
        expect((await run(journal))[0]?.error).toMatchObject({ code: 'journal_torn', param: 'key' });
      }
      expect(paid(mock)).toBe(1);
      await journal.delete(key);
      expect((await run(journal))[0]?.result?.status).toBe('succeeded');
      expect(paid(mock)).toBe(2);
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 9 });
    }
  });

  test('an id that could not be written down once is written later, and its batch buys nothing twice', async () => {
    const mock = await mockWith();
    class Blinking extends MemoryJournal {
      #failed = new Set<string>();
      override async put(record: JournalRecord): Promise<void> {
        if (record.state === 'submitted' && !this.#failed.has(record.key)) {
          this.#failed.add(record.key);
          throw new Error('the disk blinked');
        }
        await super.put(record);
      }
    }
    const journal = new Blinking();
    const { ima, warnings } = clientFor(mock.url, { journal });
    const [first] = await all(ima.batch(wanted(1)));
    expect(warnings).toMatchObject([{ code: 'journal_write_failed' }]);
    expect(await journal.list()).toMatchObject([{ state: 'succeeded', taskId: first?.task?.id }]);
    const [again] = await all(clientFor(mock.url, { journal }).ima.batch(wanted(1)));
    expect(again).toMatchObject({ continued: true, result: { status: 'succeeded' } });
    expect(paid(mock)).toBe(1);
  });

  test('while a task runs, an id that is missing in the journal is noted with the next status call', async () => {
    const mock = await mockWith({ speed: 1 });
    let isBroken = true;
    class Blinking extends MemoryJournal {
      override async put(record: JournalRecord): Promise<void> {
        if (record.state === 'submitted' && isBroken) throw new Error('the disk blinked');
        await super.put(record);
      }
    }
    const journal = new Blinking();
    const { ima } = clientFor(mock.url, { journal });
    const task = await ima.submit(request);
    await task.refresh();
    expect(await journal.list()).toMatchObject([{ state: 'intent' }]);
    isBroken = false;
    await task.refresh();
    await expect.poll(() => journal.list()).toMatchObject([{ state: 'submitted', taskId: task.id }]);
  });

  test('a record that succeeded without an id is not bought again', async () => {
    const mock = await mockWith();
    const journal = new MemoryJournal();
    await all(clientFor(mock.url, { journal }).ima.batch(wanted(1)));
    const [{ taskId: _, ...record } = {} as JournalRecord] = await journal.list();
    await journal.put(record);
    const [item] = await all(clientFor(mock.url, { journal }).ima.batch(wanted(1)));
    expect(item?.error).toMatchObject({ code: 'submit_unsettled' });
    expect(paid(mock)).toBe(1);
  });

  test('a network error that a fetch gives as an answer is none', async () => {
    const { ima } = clientFor('http://127.0.0.1:9', { fetch: async () => Response.error() });
    await expect(ima.submit(request)).rejects.toMatchObject({ code: 'submit_unknown', mayBeBilled: true });
    expect(await ima.journal.list()).toMatchObject([{ state: 'unknown' }]);
  });

  test('an object that is used again for each request is taken as it is when it comes', async () => {
    const at = await server((seen, response) => {
      if (seen.method === 'POST') setTimeout(() => json(response, { id: JSON.parse(seen.body).prompt }), 5);
      else json(response, { status: 'succeeded', url: 'https://c.example/a.png' });
    });
    const { ima } = clientFor(at.url);
    function* source() {
      const one = { model: request.model, prompt: '' };
      for (const prompt of 'abcdef') {
        one.prompt = prompt;
        yield one;
      }
    }
    await all(ima.batch(source(), { concurrency: 3 }));
    expect(
      posts(at)
        .map(({ body }) => JSON.parse(body).prompt)
        .sort()
        .join(''),
    ).toBe('abcdef');
  });

  test('after the abort of a batch nothing is sent, in a backoff neither', async () => {
    const at = await server((_, response) => json(response, { code: 'x', message: 'slow down' }, 429));
    const { ima } = clientFor(at.url, { retry: { baseMs: 300, capMs: 300 } });
    const controller = new AbortController();
    const run = all(ima.batch(wanted(1), { signal: controller.signal }));
    while (at.requests.length === 0) await moment(2);
    controller.abort();
    await expect(run).rejects.toMatchObject({ name: 'AbortError' });
    await moment(400);
    expect(at.requests).toHaveLength(1);
    expect(await ima.journal.list()).toEqual([]);
  });
});

describe('a budget', () => {
  test('is kept when nobody says what became of a purchase', async () => {
    const mock = await mockWith({ speed: 1 });
    const { ima } = clientFor(mock.url);
    const items = await all(ima.batch(wanted(6), { maxCostUsd: 0.01, timeoutMs: 1 }));
    expect(paid(mock)).toBe(1);
    expect(items.filter(({ error }) => (error as { code?: string }).code === 'cost_unknown')).toHaveLength(5);
  });

  test('is kept over runs of a gateway that tells no cost', async () => {
    const mock = await mockWith();
    const journal = new MemoryJournal();
    const requests = Array.from({ length: 8 }, (_, i) => ({ model: 'kling-v2-6', prompt: `puppy ${i}` }));
    const options = { maxCostUsd: 3, estimateUsd: () => 1, endpoint: '/kling/v1/videos/text2video' };
    for (let run = 0; run < 3; run++) await all(clientFor(mock.url, { journal }).ima.batch(requests, options));
    expect(paid(mock)).toBe(3);
  });

  test('counts what failed and was charged, in this run and in earlier ones', async () => {
    const at = await server((seen, response) =>
      seen.method === 'POST'
        ? json(response, { id: `t${at.requests.length}` })
        : json(response, { id: 't', status: 'failed', amount_usd: 0.5, error: { message: 'no' } }),
    );
    const journal = new MemoryJournal();
    const options = { maxCostUsd: 1, estimateUsd: () => 0.5 };
    for (let run = 1; run <= 4; run++) {
      const updates: number[] = [];
      const onUpdate = ({ totals }: { totals: { costUsd: number } }) => updates.push(totals.costUsd);
      await all(clientFor(at.url, { journal }).ima.batch(wanted(2), { ...options, onUpdate }));
      expect(updates.at(-1)).toBe(run === 1 ? 1 : 0);
    }
    expect(posts(at)).toHaveLength(2);
    // With a larger budget the same key is bought again, and its loss is carried on.
    await all(clientFor(at.url, { journal }).ima.batch(wanted(2), { ...options, maxCostUsd: 1.5 }));
    expect(posts(at)).toHaveLength(3);
    expect((await journal.list()).map(({ spentUsd = 0, costUsd = 0 }) => spentUsd + costUsd).sort()).toEqual([0.5, 1]);
    await all(clientFor(at.url, { journal }).ima.batch(wanted(2), { ...options, maxCostUsd: 1.5 }));
    expect(posts(at)).toHaveLength(3);
  });

  test('counts what earlier runs bought further down the list', async () => {
    const mock = await mockWith();
    const journal = new MemoryJournal();
    const { ima } = clientFor(mock.url, { journal });
    const old = await all(ima.batch(wanted(3)));
    const cost = Math.max(...old.map(({ result }) => result?.costUsd ?? 0));
    const fresh = Array.from({ length: 3 }, (_, i) => ({ ...request, prompt: `new ${i}` }));
    await all(clientFor(mock.url, { journal }).ima.batch([...fresh, ...wanted(3)], { maxCostUsd: cost * 3 }));
    expect(paid(mock)).toBe(3);
  });

  test.each([
    [400, { code: 'invalid_request', message: 'bad', data: { id: 'x1' } }, 'request_refused'],
    [403, { code: 'insufficient_user_quota', message: 'no', id: 'req1' }, 'insufficient_balance'],
    [503, { message: 'x', error: { message: 'busy', type: 'x' }, request_id: 'r1' }, 'server_error'],
  ])('a sure no is one, whatever id it names: %i %j', async (status, body, code) => {
    const at = await server((_, response) => json(response, body, status));
    await expect(clientFor(at.url).ima.submit(request)).rejects.toMatchObject({ code, mayBeBilled: false });
  });

  test.each([-1, Number.NaN])('an estimate of %d is told', async (estimate) => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    const [item] = await all(ima.batch(wanted(1), { maxCostUsd: 1, estimateUsd: () => estimate }));
    expect(item?.error).toMatchObject({ code: 'bad_option', param: 'estimateUsd' });
    expect(() => ima.batch(wanted(1), JSON.parse('{"maxCostUSD":1}'))).toThrow('is not an option');
    expect(mock.ledger.submits).toEqual([]);
  });
});

describe('a store that throws at once', () => {
  test('after the POST costs a warning, never the id', async () => {
    const mock = await mockWith();
    class Abrupt extends MemoryJournal {
      override put(record: JournalRecord): Promise<void> {
        if (record.state !== 'intent') throw new Error('disk gone');
        return super.put(record);
      }
    }
    const { ima, warnings } = clientFor(mock.url, { journal: new Abrupt() });
    const task = await ima.submit(request);
    expect((await task.result()).status).toBe('succeeded');
    expect(new Set(warnings.map(({ code }) => code))).toEqual(new Set(['journal_write_failed']));
  });

  test('when asked for a claim stops what needs one, and nothing else', async () => {
    const mock = await mockWith();
    const unhandled: unknown[] = [];
    const hear = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', hear);
    class Claimless extends MemoryJournal {
      override claim(): Promise<boolean> {
        throw new Error('no claims today');
      }
    }
    const { ima, warnings } = clientFor(mock.url, { journal: new Claimless() });
    await expect(ima.submit(request)).rejects.toMatchObject({ code: 'journal_unavailable' });
    await expect(ima.submit(request, { dedupe: 'attach' })).rejects.toMatchObject({ code: 'journal_unavailable' });
    const [item] = await all(ima.batch([request]));
    expect(item?.error).toMatchObject({ code: 'journal_unavailable' });
    const raw = await clientFor(mock.url).ima.submit(request);
    await ima.task(raw.toJSON()).result();
    await moment(10);
    process.off('unhandledRejection', hear);
    expect(warnings.map(({ code }) => code)).toContain('journal_claim_failed');
    expect(unhandled).toEqual([]);
    expect(mock.ledger.submits).toHaveLength(1);
  });
});

describe('what hangs holds nobody', () => {
  test('a store, before the POST', async () => {
    const mock = await mockWith();
    class Hanging extends MemoryJournal {
      override put(): Promise<void> {
        return new Promise(() => {});
      }
    }
    const controller = new AbortController();
    const submitted = clientFor(mock.url, { journal: new Hanging() }).ima.submit(request, {
      signal: controller.signal,
    });
    await moment(20);
    controller.abort();
    await expect(submitted).rejects.toMatchObject({ name: 'AbortError', mayBeBilled: false });
    expect(mock.ledger.submits).toEqual([]);
  });

  test.each(['claim', 'get', 'list'] as const)('a store that is silent when asked for `%s`', async (call) => {
    const mock = await mockWith();
    const journal = new MemoryJournal();
    Object.assign(journal, { [call]: () => new Promise(() => {}) });
    for (const run of [
      (signal: AbortSignal) =>
        all(clientFor(mock.url, { journal }).ima.batch(wanted(3), { signal, maxCostUsd: 1, estimateUsd: () => 0.1 })),
      (signal: AbortSignal) => clientFor(mock.url, { journal }).ima.submit(request, { signal, dedupe: 'attach' }),
    ]) {
      const controller = new AbortController();
      const running = run(controller.signal);
      const ended = running.catch((e: unknown) => e);
      await moment(20);
      const isPending = await Promise.race([ended.then(() => false), moment(1).then(() => true)]);
      controller.abort();
      // A purchase by `dedupe` looks nothing up by key.
      if (isPending) expect(await ended).toMatchObject({ name: 'AbortError', mayBeBilled: false });
      else expect(call).toBe('get');
    }
    expect(mock.ledger.submits.length).toBe(call === 'get' ? 1 : 0);
  });

  test('a source of requests, and it hears that nobody comes any more', async () => {
    const mock = await mockWith();
    let isLeft = false;
    const source: AsyncIterable<typeof request> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return: async () => {
          isLeft = true;
          return { done: true, value: undefined };
        },
      }),
    };
    const controller = new AbortController();
    const run = all(clientFor(mock.url).ima.batch(source, { signal: controller.signal }));
    await moment(10);
    controller.abort();
    await expect(run).rejects.toMatchObject({ name: 'AbortError', mayBeBilled: false });
    expect(isLeft).toBe(true);
  });

  test('a client without a key says so at once', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url, { apiKey: undefined });
    await expect(ima.task('t1', { model: request.model }).result()).rejects.toMatchObject({ code: 'missing_api_key' });
  });
});

describe('waiting', () => {
  test('everybody hears of the end, who looks away too', async () => {
    const mock = await mockWith();
    const task = await clientFor(mock.url).ima.submit(request);
    const slow: string[] = [];
    for await (const state of task.updates()) {
      slow.push(state.status);
      if (slow.length === 1) await task.result();
    }
    expect(slow.at(-1)).toBe('succeeded');
  });

  test('an answer that brings the end at once ends the record, too', async () => {
    const at = await server((_, response) =>
      json(response, { id: 't1', status: 'succeeded', url: 'https://c.example/a.png' }),
    );
    const { ima } = clientFor(at.url);
    const task = await ima.submit(request);
    expect(task.state.status).toBe('succeeded');
    expect(await ima.journal.list()).toMatchObject([{ state: 'succeeded' }]);
    expect(await ima.resume()).toEqual([]);
  });

  test('a deadline in mid-request is one: only a moment is left for a last answer', async () => {
    const at = await server(() => {});
    const { ima } = clientFor(at.url);
    const startedAt = performance.now();
    await expect(ima.task('t1', { model: request.model }).result({ timeoutMs: 100 })).rejects.toMatchObject({
      code: 'wait_timeout',
    });
    expect(performance.now() - startedAt).toBeLessThan(3000);
    expect(at.requests.length).toBeGreaterThan(0);
  });

  test('a common deadline is one for all: each has its last call', async () => {
    let isOver = false;
    const at = await server((_, response) =>
      setTimeout(
        () => json(response, isOver ? { status: 'succeeded', url: 'https://c.example/a.png' } : { status: 'queued' }),
        50,
      ),
    );
    const { ima } = clientFor(at.url, { poll: { minMs: 60_000, perSecond: 1e6 } });
    const waits = Array.from({ length: 1500 }, (_, i) =>
      ima
        .task(`t${i}`, { model: request.model })
        .result({ timeoutMs: 300 })
        .then(
          () => 'succeeded',
          () => 'late',
        ),
    );
    isOver = true;
    expect(new Set(await Promise.all(waits))).toEqual(new Set(['succeeded']));
  });

  test('a call that is never answered blinds nobody for long', async () => {
    let asked = 0;
    const at = await server((_, response) => {
      asked++;
      if (asked > 1) json(response, { status: 'succeeded', url: 'https://c.example/a.png' });
    });
    const { ima } = clientFor(at.url);
    const task = ima.task('t1', { model: request.model });
    const patient = task.result();
    while (asked === 0) await moment(2);
    await moment(1100);
    // Whoever asks now, or is at his deadline, does not wait for a call that hangs; and all hear of the new one.
    expect((await task.refresh()).status).toBe('succeeded');
    expect((await patient).status).toBe('succeeded');
    expect(asked).toBe(2);
  });

  test('hundreds who ask for themselves at once share few sockets', async () => {
    const { at, crowd } = await counting();
    const { ima } = clientFor(at.url);
    const tasks = Array.from({ length: 300 }, (_, i) => ima.task(`t${i}`, { model: request.model }));
    const states = await Promise.all(tasks.map((task) => task.refresh()));
    expect(new Set(states.map(({ status }) => status))).toEqual(new Set(['running']));
    expect(at.requests).toHaveLength(300);
    expect(crowd.most).toBeLessThanOrEqual(32);
  });

  test('a store that is slow to note an end keeps no place from those who still wait', async () => {
    const at = await server((seen, response) =>
      json(
        response,
        seen.url.includes('slow') ? { status: 'succeeded', url: 'https://c.example/a.png' } : { status: 'queued' },
      ),
    );
    let answer = (): void => {};
    const answered = new Promise<JournalRecord[]>((resolve) => {
      answer = () => resolve([]);
    });
    class Slow extends MemoryJournal {
      override list(): Promise<JournalRecord[]> {
        return answered;
      }
    }
    const { ima } = clientFor(at.url, { journal: new Slow() });
    const ended = Array.from({ length: 40 }, (_, i) => ima.task(`slow${i}`, { model: request.model }).refresh());
    while (at.requests.length < 40) await moment(2);
    expect((await ima.task('other', { model: request.model }).refresh()).status).toBe('queued');
    answer();
    await Promise.all(ended);
  });

  test('a deadline that many share is no storm', async () => {
    const { at, crowd } = await counting();
    const { ima } = clientFor(at.url, { poll: { minMs: 60_000 } });
    const waits = Array.from({ length: 200 }, (_, i) =>
      ima
        .task(`t${i}`, { model: request.model })
        .result({ timeoutMs: 100 })
        .catch((e: unknown) => e),
    );
    for (const error of await Promise.all(waits)) expect(error).toMatchObject({ code: 'wait_timeout' });
    expect(at.requests).toHaveLength(200);
    expect(crowd.most).toBeLessThanOrEqual(32);
  });

  test('a loop over updates that was left without a word arms nothing', async () => {
    const mock = await mockWith({ speed: 1 });
    const { ima } = clientFor(mock.url);
    const task = await ima.submit(request);
    await moment(5);
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const updates = task.updates({ timeoutMs: 60_000 });
    await updates.next();
    expect(timers()).toBeLessThanOrEqual(before);
  });
});

describe('a second reader tried', () => {
  test.each([
    '{"code":10000,"message":"SUCCEED","data":{"taskId":"abc"}}',
    '{"message":"Task submitted successfully","taskId":"t-1"}',
    '{"message":"提交成功","taskId":"9"}',
    '{"message":"Endpoint request timed out"}',
    '{"success":false,"message":"request timed out"}',
    ...['queued', 'Task is queued', 'Your request has been received', 'enqueued', 'generating', '任务已加入队列'].map(
      (message) => JSON.stringify({ message }),
    ),
    ...['Generation is running, please wait', '正在生成', 'Please poll for the result', 'ok'].map((message) =>
      JSON.stringify({ message }),
    ),
    ...[{ task_ids: ['t1'] }, { data: 'task_1' }, { task: 't1' }, { result: '172839' }, { data: { uuid: 'u1' } }].map(
      (more) => JSON.stringify({ message: 'busy', ...more }),
    ),
    '{"message":"busy","poll_url":"https://gateway.example/v1/x/1"}',
    '{"message":"created","output":{"task_id":"x","task_status":"PENDING"}}',
    '{"message":"Request is being processed"}'.replace('being processed', 'in progress'),
  ])('a 200 under which a task may exist is not sent again: %s', async (body) => {
    const at = await server((_, response) => response.writeHead(200).end(body));
    const { ima } = clientFor(at.url);
    await expect(ima.submit(request)).rejects.toMatchObject({ code: 'submit_unknown' });
    expect(at.requests).toHaveLength(1);
  });

  test.each([
    [500, { code: 'x', message: 'oops', data: { task_id: 'paid-1', status: 'SUBMITTED' } }],
    [500, { id: 't1', status: 'queued', error: { message: 'oops', type: 'x' } }],
    [500, { task_id: 't1', error: { message: 'oops', type: 'x' } }],
    [500, { code: 'x', message: 'oops', data: { task: { id: 't1' } } }],
    [500, { success: false, message: 'oops', task_id: 't1' }],
    [502, { code: 'x', message: 'oops', data: null, task_id: 't1' }],
    [429, { code: 'x', message: 'slow down', data: { task_id: 't1' } }],
  ])('a %i that names a task is not sent again: %j', async (status, body) => {
    const at = await server((_, response) => json(response, body, status));
    await expect(clientFor(at.url).ima.submit(request)).rejects.toMatchObject({ code: 'submit_unknown' });
    expect(at.requests).toHaveLength(1);
  });

  test('an intent that lands late takes nothing away from who came after', async () => {
    const mock = await mockWith();
    let isSlow = true;
    class Slow extends MemoryJournal {
      override async put(record: JournalRecord): Promise<void> {
        if (isSlow && record.state === 'intent') await moment(150);
        await super.put(record);
      }
    }
    const journal = new Slow();
    const controller = new AbortController();
    const first = all(clientFor(mock.url, { journal }).ima.batch(wanted(1), { signal: controller.signal }));
    await moment(30);
    controller.abort();
    await first.catch(() => {});
    isSlow = false;
    const { ima } = clientFor(mock.url, { journal });
    await all(ima.batch(wanted(1)));
    await moment(200);
    const [item] = await all(ima.batch(wanted(1)));
    expect(item?.result?.status).toBe('succeeded');
    expect(await journal.list()).toMatchObject([{ state: 'succeeded' }]);
    expect(paid(mock)).toBe(1);
  });

  test('what earlier runs left pending further down the list counts, and is waited for first', async () => {
    const mock = await mockWith({ speed: 30 });
    const journal = new MemoryJournal();
    const estimateUsd = () => 1;
    await all(clientFor(mock.url, { journal }).ima.batch(wanted(3), { timeoutMs: 1 }));
    const fresh = Array.from({ length: 3 }, (_, i) => ({ ...request, prompt: `new ${i}` }));
    const { ima } = clientFor(mock.url, { journal });
    const options = { maxCostUsd: 3, estimateUsd, concurrency: 1, timeoutMs: 1 };
    await all(ima.batch([...fresh, ...wanted(3)], options));
    expect(paid(mock)).toBe(3);
  });

  test('a store that does not answer at the end of a task holds neither it nor the others', {
    timeout: 30_000,
  }, async () => {
    const mock = await mockWith();
    class Mute extends MemoryJournal {
      isMute = false;
      override get(key: string): Promise<JournalRecord | undefined> {
        return this.isMute ? new Promise(() => {}) : super.get(key);
      }
    }
    const journal = new Mute();
    const { ima, warnings } = clientFor(mock.url, { journal });
    const task = await ima.submit(request);
    journal.isMute = true;
    expect((await task.result()).status).toBe('succeeded');
    expect(warnings).toMatchObject([{ code: 'journal_write_failed' }]);
  });
});
