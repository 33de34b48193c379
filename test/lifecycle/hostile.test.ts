// What hostile readers tried: stores that throw or hang, crashes in mid-batch, doubts, live objects, sources that never answer.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import {
  DirectoryJournal,
  ImaRouterError,
  type JournalRecord,
  MemoryJournal,
  SubmitUnknownError,
} from '../../src/index.js';
import { clientFor } from '../support/client.js';
import { json } from '../support/server.js';
import { all, gateways, moment, paid, posts, request, wanted } from './support.js';

const { mockWith, server } = gateways();

/** An `AbortController` whose signal is of no class of this realm: what another realm's looks like from here. */
class ForeignController {
  readonly #own = new AbortController();
  readonly signal = {
    aborted: false,
    reason: undefined as unknown,
    addEventListener: this.#own.signal.addEventListener.bind(this.#own.signal),
    removeEventListener: this.#own.signal.removeEventListener.bind(this.#own.signal),
  };

  abort(): void {
    Object.assign(this.signal, { aborted: true, reason: new Error('foreign') });
    this.#own.abort();
  }
}

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

  test('who lost his lease while he waited for the budget writes nothing over what somebody else bought', async () => {
    const mock = await mockWith({ speed: 60 });
    const journal = new MemoryJournal();
    // A lease that a pause of a minute takes away: everybody may have every name.
    journal.claim = async () => true;
    const options = { concurrency: 2, maxCostUsd: 1.1, estimateUsd: () => 1 };
    const slow = all(clientFor(mock.url, { journal }).ima.batch(wanted(2), options));
    while ((await journal.list({ state: 'submitted' })).length < 1) await moment(5);
    const [other] = await all(clientFor(mock.url, { journal }).ima.batch(wanted(2).slice(1)));
    expect(other?.result?.status).toBe('succeeded');
    const items = await slow;
    expect(items.map(({ error }) => (error as { code?: string } | undefined)?.code)).toEqual([
      undefined,
      'held_elsewhere',
    ]);
    expect(paid(mock)).toBe(2);
    expect((await journal.list()).map(({ taskId }) => taskId)).toContain(other?.task?.id);
  });

  test('own keys are a gateway’s own: a record of another one stays', async () => {
    const mock = await mockWith();
    const journal = new MemoryJournal();
    const run = () => all(clientFor(mock.url, { journal }).ima.batch(wanted(1), { key: () => 'mine' }));
    const [first] = await run();
    expect(first?.key).not.toBe((await all(clientFor(mock.url).ima.batch(wanted(1), { key: () => 'other' })))[0]?.key);
    expect((await run())[0]).toMatchObject({ continued: true });
  });

  test.each([null, 'OK', 0, undefined, 1])('a store that answers a claim with %j has given none', async (answer) => {
    const mock = await mockWith();
    const journal = new MemoryJournal();
    Object.assign(journal, { claim: async () => answer });
    const [item] = await all(clientFor(mock.url, { journal }).ima.batch(wanted(1)));
    expect(item?.error).toMatchObject({ code: 'held_elsewhere' });
    expect(mock.ledger.submits).toEqual([]);
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

  test('a handle on an old purchase writes nothing over a newer one under the same key', async () => {
    const states = new Map<string, string>();
    const at = await server((seen, response) => {
      const id = seen.method === 'POST' ? `t${posts(at).length}` : (seen.url.split('/').at(-1) ?? '');
      json(response, { id, status: states.get(id) ?? 'processing', error: { code: 'x', message: 'no' } });
    });
    const journal = new MemoryJournal();
    const run = () => all(clientFor(at.url, { journal }).ima.batch(wanted(1), { timeoutMs: 60 }));
    const [first] = await run();
    states.set('t1', 'failed');
    expect((await run())[0]?.error).toMatchObject({ code: 'task_failed' });
    expect((await run())[0]?.error).toMatchObject({ code: 'wait_timeout', taskId: 't2' });
    expect((await first?.task?.refresh())?.status).toBe('failed');
    expect(await journal.list()).toMatchObject([{ state: 'submitted', taskId: 't2' }]);
    expect((await run())[0]).toMatchObject({ continued: true });
    expect(posts(at)).toHaveLength(2);
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

  test('a claim that hung holds nobody up once the store is back', async () => {
    const mock = await mockWith();
    class Hanging extends MemoryJournal {
      isHanging = true;
      override claim(name: string): Promise<boolean> {
        return this.isHanging ? new Promise(() => {}) : super.claim(name);
      }
    }
    const journal = new Hanging();
    const { ima } = clientFor(mock.url, { journal });
    const controller = new AbortController();
    const first = all(ima.batch(wanted(1), { signal: controller.signal })).catch((e: unknown) => e);
    await moment(20);
    controller.abort();
    expect(await first).toMatchObject({ name: 'AbortError' });
    journal.isHanging = false;
    await moment(5);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true, advanceTimeDelta: 500 });
    try {
      expect((await all(ima.batch(wanted(1))))[0]?.result?.status).toBe('succeeded');
    } finally {
      vi.useRealTimers();
    }
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

describe('answers and stores at odds', () => {
  test.each([
    '{"code":10000,"message":"SUCCEED","data":{"taskId":"abc"}}',
    '{"message":"Task submitted successfully","taskId":"t-1"}',
    '{"message":"提交成功","taskId":"9"}',
    '{"message":"Endpoint request timed out"}',
    '{"success":false,"message":"request timed out"}',
    ...['任务已提交，请勿重复提交', 'Task submitted; failed to save record', 'read: connection reset by peer'].map(
      (message) => JSON.stringify({ success: false, message }),
    ),
    ...['系统繁忙，任务排队等待中', 'GPU busy, added to queue', 'Priority slots full. Queue position: 5'].map(
      (message) => JSON.stringify({ message }),
    ),
    '{"message":"Server busy, your request will be processed later"}',
    '{"error":{"message":"Task accepted but the response could not be read","type":"upstream_error"}}',
    '{"code":9,"description":"Submit timeout"}',
    '{"code":"read_response_body_failed","message":"unexpected EOF","data":null}',
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
    ...['任务已创建，请稍后查询', '任务已存在，请勿重复提交', 'Task scheduled. Do not submit again.'].map((message) =>
      JSON.stringify({ message }),
    ),
    ...['Please check the result again later', 'It will be ready soon. Do not close this page.'].map((message) =>
      JSON.stringify({ message }),
    ),
    ...[{ status: 'accepted' }, { status: 200 }, { ok: true }, { state: 'x' }, { code: '000000' }].map((more) =>
      JSON.stringify({ message: 'not ready, try again later', ...more }),
    ),
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

  test.each([
    { code: 4, description: 'prompt不能为空', result: null },
    { code: 9, description: 'something else', result: '' },
  ])('Midjourney’s no is one, and is not sent again: %j', async (body) => {
    const at = await server((_, response) => json(response, body));
    await expect(clientFor(at.url).ima.submit(request)).rejects.toMatchObject({ code: /refused/, mayBeBilled: false });
    expect(at.requests).toHaveLength(1);
  });

  test('the id of a song that comes bare is taken', async () => {
    const id = '736a6f88-bd29-4b1e-9333-110298d7ac5b';
    const at = await server((_, response) => json(response, { code: 'success', message: '', data: id }));
    expect((await clientFor(at.url).ima.submit(request)).id).toBe(id);
  });

  test('JSON that is nested thousands of times breaks nothing', async () => {
    const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
    for (const [status, body] of [
      [400, `{"code":"x","message":"no","data":${deep(20_000)}}`],
      [404, `{"code":"x","message":"no","data":${deep(2000)}}`],
      [200, `{"id":"t","status":"failed","error":{"message":"no"},"x":${deep(20_000)}}`],
    ] as const) {
      const at = await server((_, response) => response.writeHead(status).end(body));
      const { ima } = clientFor(at.url);
      const error = await ima
        .task('t', { model: request.model })
        .result({ timeoutMs: 3000 })
        .catch((e: unknown) => e);
      expect(ImaRouterError.is(error)).toBe(true);
    }
  });

  test('an answer without end is cut off, and what a fetch gives that is no Response is no answer', async () => {
    const { ima } = clientFor('http://127.0.0.1:9', {
      fetch: (async () => ({ status: 200, ok: true, arrayBuffer: async () => new ArrayBuffer(0) })) as never,
    });
    await expect(ima.submit(request)).rejects.toMatchObject({ code: 'submit_unknown' });
    const piece = new Uint8Array(8 * 1024 * 1024);
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(piece) });
    const other = clientFor('http://127.0.0.1:9', { fetch: async () => new Response(endless) });
    const error = await other.ima
      .task('t', { model: request.model })
      .refresh()
      .catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'connection_lost' });
    expect(String((error as Error).message)).toContain('larger than');
  });

  test('a signal of another realm is as good as one of this', async () => {
    const at = await server(() => {});
    const foreign = new ForeignController();
    const submitted = clientFor(at.url).ima.submit(request, { signal: foreign.signal as never });
    while (at.requests.length === 0) await moment(2);
    foreign.abort();
    await expect(submitted).rejects.toMatchObject({ code: 'submit_unknown' });
  });

  test.each([201, 202])('%i says that something was taken, whatever its words', async (status) => {
    const at = await server((_, response) => json(response, { message: 'the queue is full' }, status));
    await expect(clientFor(at.url).ima.submit(request)).rejects.toMatchObject({ code: 'submit_unknown' });
    expect(at.requests).toHaveLength(1);
  });

  test('loose words of a hindrance are a no, and are not sent again; where there was no room they are', async () => {
    const at = await server((_, response) => json(response, { message: 'model maintenance' }));
    const no = { code: 'submit_refused', mayBeBilled: false, retryable: true };
    await expect(clientFor(at.url).ima.submit(request)).rejects.toMatchObject(no);
    expect(at.requests).toHaveLength(1);
    const full = await server((_, response) => json(response, { message: 'queue full' }));
    await expect(clientFor(full.url).ima.submit(request)).rejects.toMatchObject(no);
    expect(full.requests).toHaveLength(4);
  });

  test.each([{ error: { message: 'slow down', type: 'x', url: 'https://docs.example/limits' } }, { data: 30 }])(
    'a 429 is one, whatever it points at: %j',
    async (more) => {
      const at = await server((_, response) => json(response, { code: 'x', message: 'slow down', ...more }, 429));
      await expect(clientFor(at.url).ima.submit(request)).rejects.toMatchObject({ code: 'rate_limited' });
      expect(at.requests).toHaveLength(4);
    },
  );
});
