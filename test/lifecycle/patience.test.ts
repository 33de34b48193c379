import { describe, expect, test } from 'vitest';
import { type JournalRecord, MemoryJournal } from '../../src/index.js';
import { clientFor } from '../support/client.js';
import { json, type TestServer } from '../support/server.js';
import { gateways, moment, request } from './support.js';

const { mockWith, server } = gateways();

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

  test('a call that hangs is not all that is waited for; the answer that comes first is', async () => {
    const at = await server((_, response, count) => {
      const answer = () => json(response, { id: 't', status: 'succeeded', url: 'https://c.example/a.png' });
      // All answers are slower than somebody asks anew.
      if (count > 1) setTimeout(answer, 1300);
      else setTimeout(answer, 1600);
    });
    const { ima } = clientFor(at.url);
    const task = ima.task('t1', { model: request.model });
    const result = task.result();
    const asking = setInterval(() => task.refresh().catch(() => {}), 1050);
    expect((await result).status).toBe('succeeded');
    clearInterval(asking);
    expect(at.requests.length).toBeLessThanOrEqual(2);
  });

  test('where a call hangs, what the next one says counts at once', async () => {
    for (const status of [401, 503]) {
      const at = await server((_, response, count) => {
        if (count === 2) json(response, { code: 'x', message: 'no', data: null }, status);
        else if (count > 2) json(response, { id: 't', status: 'succeeded', url: 'https://c.example/a.png' });
      });
      const task = clientFor(at.url).ima.task('t', { model: request.model });
      const waiting = task.result().catch((e: unknown) => e);
      while (at.requests.length === 0) await moment(2);
      await moment(1050);
      await expect(task.refresh()).rejects.toMatchObject({ status });
      if (status === 401) expect(await waiting).toMatchObject({ code: 'authentication_failed' });
      else expect(await waiting).toMatchObject({ status: 'succeeded' });
      expect(at.requests).toHaveLength(status === 401 ? 2 : 3);
    }
  });

  test('two deadlines on one handle whose call hangs', async () => {
    const at = await server(() => {});
    const task = clientFor(at.url).ima.task('t', { model: request.model });
    const startedAt = performance.now();
    const ends = [1300, 1500].map((timeoutMs) =>
      task.result({ timeoutMs }).catch(() => performance.now() - startedAt - timeoutMs),
    );
    for (const lateMs of await Promise.all(ends)) expect(lateMs).toBeLessThan(3500);
  });

  test.each([
    { id: 'req-77', status: 'error', message: 'service unavailable' },
    { status: 'error', message: 'service unavailable', data: { request_id: 'r1' } },
    { status: 'error', message: 'Too many requests', data: { status: 'error', retry_after: 3 } },
    { status: 'error', code: 503, message: 'Service Unavailable', created_at: 1773395600 },
  ])('one failure of a call ends no task: %j', async (body) => {
    const at = await server((_, response, count) =>
      json(response, count === 1 ? body : { id: 't', status: 'succeeded', url: 'https://c.example/a.png' }),
    );
    const task = clientFor(at.url).ima.task('t', { model: request.model });
    expect((await task.result()).status).toBe('succeeded');
  });

  test('an end without anything of a task is one when it is told three times in a row', async () => {
    const lean = { status: 'error', message: 'failed to fetch task' };
    const story = [lean, lean, { id: 't', status: 'processing' }, lean, lean, { id: 't', status: 'processing' }];
    const at = await server((_, response, count) => json(response, story[count - 1] ?? { status: 'failed' }));
    const { ima } = clientFor(at.url);
    const error = await ima
      .task('t1', { model: request.model })
      .result()
      .catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'task_failed' });
    expect(at.requests).toHaveLength(story.length + 3);
  });

  test('a page with 404 is no word on the task', async () => {
    const at = await server((_, response, count) => {
      if (count > 12) json(response, { id: 't', status: 'succeeded', url: 'https://c.example/a.png' });
      else
        response
          .writeHead(404, { 'content-type': 'text/html' })
          .end(count % 2 === 0 ? '<html>nothing here</html>' : '');
    });
    const { ima } = clientFor(at.url);
    expect((await ima.task('t1', { model: request.model }).result()).status).toBe('succeeded');
  });

  test('an answer may take as long as one exchange: large ones are read', async () => {
    const at = await server((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"id":"t","status":"succeeded",');
      setTimeout(() => response.end('"url":"https://c.example/a.png"}'), 2500);
    });
    const { ima } = clientFor(at.url);
    expect((await ima.task('t1', { model: request.model }).refresh()).status).toBe('succeeded');
    expect(at.requests).toHaveLength(1);
  });
});
