// When imini is asked: first after 2, 3 and 5 s, then as is known of the task; 5 s of silence after a 429; how long a wait lasts.

import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { Imini } from '../../src/gateways/imini/index.js';
import { type ClientOptions, ImaRouterError, WaitTimeoutError } from '../../src/index.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

interface Call {
  atMs: number;
  method: string;
  path: string;
}

/** A gateway that answers at once, as `reply` says; undefined is a task at work. */
function gatewayOf(reply: (call: Call, nth: number) => { status: number; body: unknown } | undefined) {
  const calls: Call[] = [];
  const fetch: NonNullable<ClientOptions['fetch']> = async (url, init) => {
    const call = { atMs: performance.now(), method: init?.method ?? 'GET', path: new URL(url).pathname };
    calls.push(call);
    const ofItsOwn = {
      status: 200,
      body: { task_id: 'task_1', request_id: 'req_9', ...(call.method === 'GET' ? { status: 'processing' } : {}) },
    };
    const { status, body } = reply(call, calls.length) ?? ofItsOwn;
    return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
  };
  const polls = () => calls.filter(({ method }) => method === 'GET').map(({ atMs }) => atMs);
  return { calls, fetch, polls };
}

const clientOf = (fetch: ClientOptions['fetch'], options: ClientOptions = {}) =>
  new Imini({ apiKey: 'sk-test-0123456789', fetch, onWarning: () => {}, ...options });

const picture = { model: 'google/nano-banana', prompt: 'a cat' } as const;
const film = { model: 'kling/kling-v3', prompt: 'a cat' } as const;

/** What loads on first use is real work, in real time: the clock stands meanwhile. */
beforeAll(async () => {
  await new Imini().validate(picture);
});

/** The error of `work`, if it ends in one: the clock runs on until it has ended. */
async function failureOf(work: Promise<unknown>): Promise<unknown> {
  let isOver = false;
  const ended = work
    .then(
      () => undefined,
      (error: unknown) => error,
    )
    .finally(() => {
      isOver = true;
    });
  while (!isOver) {
    await vi.advanceTimersByTimeAsync(20);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return ended;
}

describe('a task is asked for', () => {
  test('2 s after its submit, 3 s and 5 s later, then every 2 to 10 s, until the patience of its kind is over', async () => {
    for (const [request, patienceMs, path] of [
      [picture, 120_000, '/imini/router/v1/images/tasks/task_1'],
      [film, 600_000, '/imini/router/v1/videos/tasks/task_1'],
    ] as const) {
      const gateway = gatewayOf(() => undefined);
      const error = await failureOf(clientOf(gateway.fetch).generate(request));
      const startedAt = gateway.calls[0]?.atMs ?? 0;
      expect(error).toBeInstanceOf(WaitTimeoutError);
      expect(error).toMatchObject({ taskId: 'task_1' });
      expect(gateway.calls[1]?.path).toBe(path);
      const polls = gateway.polls();
      const intervals = polls.map((at, index) => at - (polls[index - 1] ?? startedAt));
      const [first, second, third, ...rest] = intervals;
      for (const [interval, ms] of [
        [first, 2000],
        [second, 3000],
        [third, 5000],
      ] as const) {
        expect(interval).toBeGreaterThanOrEqual(ms);
        expect(interval).toBeLessThanOrEqual(ms * 1.15);
      }
      // The last call is made at the deadline, whenever the one before was.
      expect(Math.min(...rest.slice(0, -1))).toBeGreaterThanOrEqual(2000);
      expect(Math.max(...rest)).toBeLessThanOrEqual(10_010);
      const endedMs = (polls.at(-1) ?? 0) - startedAt;
      expect(Math.abs(endedMs - patienceMs)).toBeLessThan(100);
    }
  });

  test('from the answer to its submit on, however long that took', async () => {
    const gateway = gatewayOf((_, nth) => (nth <= 2 ? tooMany : undefined));
    const error = await failureOf(clientOf(gateway.fetch).generate(picture, { timeoutMs: 30_000 }));
    expect(error).toMatchObject({ name: 'WaitTimeoutError', requestId: 'req_9' });
    const answeredAt = gateway.calls[2]?.atMs ?? 0;
    const [first = 0, second = 0, third = 0] = gateway.polls();
    for (const [interval, ms] of [
      [first - answeredAt, 2000],
      [second - first, 3000],
      [third - second, 5000],
    ] as const) {
      expect(interval).toBeGreaterThanOrEqual(ms);
      expect(interval).toBeLessThanOrEqual(ms * 1.15);
    }
  });

  test('as its user wishes, who knows better when to begin', async () => {
    const gateway = gatewayOf(() => undefined);
    const client = clientOf(gateway.fetch, { poll: { minMs: 100, maxMs: 200 } });
    expect(await failureOf(client.generate(picture, { timeoutMs: 1000 }))).toBeInstanceOf(WaitTimeoutError);
    expect((gateway.polls()[0] ?? 0) - (gateway.calls[0]?.atMs ?? 0)).toBeLessThanOrEqual(201);
    expect(gateway.polls().length).toBeGreaterThan(4);
  });
});

const tooMany = { status: 429, body: { error: { code: 'RATE_LIMITED', message: 'slow down', status: 429 } } };

describe('after a 429', () => {
  test('a submit is sent again 5 s later at the earliest', async () => {
    const gateway = gatewayOf((_, nth) => (nth === 1 ? tooMany : undefined));
    expect(await failureOf(clientOf(gateway.fetch).submit(picture))).toBeUndefined();
    const [first, second] = gateway.calls;
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(5000);
    expect(gateway.calls).toHaveLength(2);
  });

  test('no task is asked for within 5 s, whichever it was', async () => {
    let refusedAt = 0;
    const gateway = gatewayOf((call, nth) => {
      if (call.method === 'POST' || refusedAt > 0 || nth < 5) return undefined;
      refusedAt = call.atMs;
      return tooMany;
    });
    const client = clientOf(gateway.fetch);
    const tasks = await Promise.all([client.submit(picture), client.submit(film)]);
    const waits = tasks.map((task) => failureOf(task.result({ timeoutMs: 30_000 })));
    for (const error of await Promise.all(waits)) expect(error).toBeInstanceOf(WaitTimeoutError);
    const [next] = gateway.polls().filter((at) => at > refusedAt);
    expect(refusedAt).toBeGreaterThan(0);
    expect((next ?? 0) - refusedAt).toBeGreaterThanOrEqual(5000);
  });

  test('not sooner for who asked for more patience, of another kind', async () => {
    for (const options of [{ retry: { baseMs: 2000 } }, { poll: { minMs: 3000 } }, { poll: { maxMs: 6000 } }]) {
      const gateway = gatewayOf((_, nth) => (nth === 1 ? tooMany : undefined));
      expect(await failureOf(clientOf(gateway.fetch, options).submit(picture))).toBeUndefined();
      const [first, second] = gateway.calls;
      expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(5000);
    }
  });

  test('sooner only for who asked for that', async () => {
    for (const options of [{ retry: { baseMs: 10 } }, { retry: { capMs: 100 } }, { poll: { minMs: 50, maxMs: 100 } }]) {
      const gateway = gatewayOf((_, nth) => (nth === 1 ? tooMany : undefined));
      expect(await failureOf(clientOf(gateway.fetch, options).submit(picture))).toBeUndefined();
      const [first, second] = gateway.calls;
      expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeLessThan(1001);
    }
  });
});

test('402 and 403 for credits end at once, and so does a bad key; each names the exchange', async () => {
  const refusal = (status: number, code: string) => ({
    status,
    body: { error: { code, message: 'no', status, request_id: 'req_7' } },
  });
  for (const [status, code, name] of [
    [402, 'INSUFFICIENT_CREDITS', 'InsufficientBalanceError'],
    [403, 'INSUFFICIENT_CREDITS', 'InsufficientBalanceError'],
    [403, 'FORBIDDEN', 'PermissionError'],
    [401, 'INVALID_API_KEY', 'AuthenticationError'],
    [400, 'INVALID_PROMPT', 'InvalidRequestError'],
  ] as const) {
    const gateway = gatewayOf(() => refusal(status, code));
    const error = await failureOf(clientOf(gateway.fetch).submit(picture));
    if (!ImaRouterError.is(error)) throw new Error('it is refused');
    expect([error.name, error.gatewayCode, error.requestId, error.mayBeBilled]).toEqual([name, code, 'req_7', false]);
    expect(gateway.calls).toHaveLength(1);
  }
});
