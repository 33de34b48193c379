// Faults strike where they are set, and the ledger tells what they cost.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Fault, Mock } from '../../src/mock/index.js';
import { type Bench, begin, bench, CLIP, dig } from './helpers.js';

let here: Bench;
let mock: Mock;
let before: number;

beforeAll(async () => {
  here = await bench();
  mock = here.mock;
});
beforeEach(() => {
  before = mock.ledger.submits.length;
});
afterEach(() => expect(mock.deviations).toEqual([]));
afterAll(() => mock.close());

const submit = (trace?: string) => here.post('/v1/videos', CLIP, trace ? { 'x-trace-id': trace } : {});
const submits = () => mock.ledger.submits.slice(before);

async function finished(): Promise<string> {
  const id = String(dig((await submit()).body, 'id'));
  here.pass(200);
  return id;
}

describe('on submit', () => {
  it('reset-before: nothing is taken, nothing is paid', async () => {
    mock.fault({ on: 'submit', act: 'reset-before' });
    await expect(submit('trace-1')).rejects.toThrow('fetch failed');
    expect((await submit('trace-1')).status).toBe(200);
    expect(submits()).toMatchObject([
      { path: '/v1/videos', model: CLIP.model, paid: false, traceId: 'trace-1', status: null },
      { path: '/v1/videos', model: CLIP.model, paid: true, traceId: 'trace-1', status: 200 },
    ]);
    expect(submits()[0]).not.toHaveProperty('taskId');
    expect(mock.ledger.paidTwice()).toEqual([]);
  });

  it('reset-after: the task lives and is paid, and a second try pays twice', async () => {
    mock.fault({ on: 'submit', act: 'reset-after' });
    await expect(submit('trace-2')).rejects.toThrow('fetch failed');
    const lost = submits()[0];
    expect(lost).toMatchObject({ paid: true, status: null, traceId: 'trace-2' });
    expect((await here.get(`/v1/videos/${lost?.taskId}`)).status).toBe(200);
    expect(mock.ledger.paidTwice()).toEqual([]);
    await submit('trace-2');
    expect(mock.ledger.paidTwice()).toEqual(['trace-2']);
  });

  it('hang: taken and paid, never answered', async () => {
    mock.fault({ on: 'submit', act: 'hang' });
    const request = fetch(`${mock.url}/v1/videos`, {
      method: 'POST',
      headers: { authorization: 'Bearer k', 'content-type': 'application/json' },
      body: JSON.stringify(CLIP),
      signal: AbortSignal.timeout(200),
    });
    await expect(request).rejects.toThrow('aborted due to timeout');
    expect(submits()).toMatchObject([{ paid: true, status: null }]);
  });

  it('answer: the given answer, word for word, and no task', async () => {
    mock.fault({ on: 'submit', act: 'answer', status: 429, headers: { 'Retry-After': '7' }, body: { code: 'busy' } });
    mock.fault({ on: 'submit', act: 'answer', status: 502, headers: { 'content-type': 'text/html' }, body: '<html>' });
    mock.fault({ on: 'submit', act: 'answer', status: 429 });
    const send = () =>
      fetch(`${mock.url}/v1/videos`, {
        method: 'POST',
        headers: { authorization: 'Bearer k', 'content-type': 'application/json' },
        body: JSON.stringify(CLIP),
      });
    const json = await send();
    expect([json.status, json.headers.get('retry-after'), await json.json()]).toEqual([429, '7', { code: 'busy' }]);
    const html = await send();
    expect([html.status, html.headers.get('content-type'), await html.text()]).toEqual([502, 'text/html', '<html>']);
    const empty = await send();
    expect([empty.status, empty.headers.get('content-length')]).toEqual([429, '0']);
    expect(submits().map(({ paid, status }) => [paid, status])).toEqual([
      [false, 429],
      [false, 502],
      [false, 429],
    ]);
  });

  it('truncate and slow: the answer is on its way when it breaks off, or when patience ends', async () => {
    mock.fault({ on: 'submit', act: 'truncate' });
    await expect(submit()).rejects.toThrow('terminated');
    mock.fault({ on: 'submit', act: 'slow', everyMs: 5 });
    const started = performance.now();
    expect((await submit()).status).toBe(200);
    expect(performance.now() - started).toBeGreaterThan(80);
    expect(submits().map(({ paid }) => paid)).toEqual([true, true]);
  });

  it('truncate and stall: as much of it arrives as asked for, and the task is made and paid', async () => {
    const sent = async (fault: Pick<Fault, 'at' | 'bytes'>, act: 'truncate' | 'stall') => {
      mock.fault({ on: 'submit', act, ...fault });
      const headers = { authorization: 'Bearer k', 'content-type': 'application/json' };
      const answer = await begin(`${mock.url}/v1/videos`, { method: 'POST', headers }, JSON.stringify(CLIP));
      const length = Number(answer.headers['content-length']);
      if (act === 'truncate') await answer.over;
      else await answer.has(fault.bytes ?? Math.floor(length * (fault.at ?? 0.5)));
      const got = answer.bytes().length;
      answer.leave();
      return [got, length, answer.status] as const;
    };
    for (const act of ['truncate', 'stall'] as const) {
      const [half, length, status] = await sent({}, act);
      expect([half, status]).toEqual([Math.floor(length / 2), 200]);
      expect((await sent({ at: 0 }, act))[0]).toBe(0);
      expect((await sent({ at: 0.9 }, act))[0]).toBe(Math.floor(length * 0.9));
      expect((await sent({ at: 1 }, act))[0]).toBe(length);
      expect((await sent({ bytes: 1 }, act))[0]).toBe(1);
    }
    const [all, length] = await sent({ bytes: 1_000_000 }, 'truncate');
    expect(all).toBe(length);
    expect(submits().every(({ paid, status, taskId }) => paid && status === 200 && taskId !== undefined)).toBe(true);
  });

  it('counts synchronous calls that cost money too', async () => {
    const ask = { model: 'gpt-5.1', messages: [{ role: 'user', content: 'hello' }] };
    mock.fault({ on: 'submit', act: 'reset-after' });
    await expect(here.post('/v1/chat/completions', ask)).rejects.toThrow('fetch failed');
    expect((await here.post('/v1/chat/completions', ask)).status).toBe(200);
    expect((await here.get('/api/usage/token/user-balance')).status).toBe(200);
    expect(submits()).toMatchObject([
      { path: '/v1/chat/completions', model: 'gpt-5.1', paid: true, status: null },
      { path: '/v1/chat/completions', paid: true, status: 200 },
    ]);
  });
});

describe('nth and times', () => {
  it('count exchanges of their own class, from when the fault was set', async () => {
    const id = await finished();
    mock.fault({ on: 'poll', nth: 2, times: 2, act: 'answer', status: 500, body: '' });
    const statuses: number[] = [];
    for (let turn = 0; turn < 5; turn++) {
      statuses.push((await here.get(`/v1/videos/${id}`)).status);
      await submit();
    }
    expect(statuses).toEqual([200, 500, 500, 200, 200]);
  });

  it('of two that are due, the later one waits its turn', async () => {
    const id = await finished();
    mock.fault({ on: 'poll', act: 'answer', status: 500 });
    mock.fault({ on: 'poll', act: 'answer', status: 503 });
    const statuses = [];
    for (let turn = 0; turn < 3; turn++) statuses.push((await here.get(`/v1/videos/${id}`)).status);
    expect(statuses).toEqual([500, 503, 200]);
  });

  it('are checked, and so are the other numbers', () => {
    expect(() => mock.fault({ on: 'poll', nth: 0, act: 'hang' })).toThrow(RangeError);
    expect(() => mock.fault({ on: 'poll', times: 0, act: 'hang' })).toThrow(RangeError);
    for (const act of ['truncate', 'stall'] as const) {
      for (const at of [-0.01, 1.01, Number.NaN]) {
        expect(() => mock.fault({ on: 'poll', act, at })).toThrow(`A fault's at is a share from 0 to 1, got ${at}`);
      }
      for (const bytes of [0, 1.5, Number.NaN]) {
        expect(() => mock.fault({ on: 'poll', act, bytes })).toThrow(`whole number from 1, got ${bytes}`);
      }
      expect(() => mock.fault({ on: 'poll', act, at: 0.5, bytes: 5 })).toThrow('at or bytes, not both');
    }
    for (const status of [200, 299, 400]) {
      expect(() => mock.fault({ on: 'download', act: 'redirect', status })).toThrow(RangeError);
    }
  });
});

describe('on poll', () => {
  it.each(['reset-before', 'reset-after'] as const)('%s cuts the connection', async (act) => {
    const id = await finished();
    mock.fault({ on: 'poll', act });
    await expect(here.get(`/v1/videos/${id}`)).rejects.toThrow('fetch failed');
    expect((await here.get(`/v1/videos/${id}`)).status).toBe(200);
    expect(mock.ledger.polls.slice(-2)).toMatchObject([
      { taskId: id, status: null },
      { taskId: id, status: 200 },
    ]);
  });
});

describe('on download', () => {
  it('truncate cuts a file in the middle, and Range fetches the rest', async () => {
    const id = await finished();
    const url = `${mock.url}/_media/${id}/0.mp4`;
    const whole = Buffer.from(await (await fetch(url)).arrayBuffer());
    mock.fault({ on: 'download', act: 'truncate' });
    const cut = await fetch(url);
    expect(Number(cut.headers.get('content-length'))).toBe(whole.length);
    const got: Uint8Array[] = [];
    const reading = async () => {
      for await (const chunk of cut.body ?? []) got.push(chunk);
    };
    await expect(reading()).rejects.toThrow('terminated');
    const first = Buffer.concat(got);
    expect(first.length).toBe(Math.floor(whole.length / 2));
    const range = `bytes=${first.length}-`;
    const rest = await fetch(url, { headers: { range, 'if-range': cut.headers.get('etag') ?? '' } });
    expect(rest.status).toBe(206);
    expect(Buffer.concat([first, Buffer.from(await rest.arrayBuffer())])).toEqual(whole);
    expect(mock.ledger.downloads.slice(-3)).toMatchObject([
      { taskId: id, status: 200 },
      { taskId: id, status: 200 },
      { taskId: id, status: 206, range },
    ]);
  });

  it('does not count HEAD', async () => {
    const id = await finished();
    const url = `${mock.url}/_media/${id}/0.mp4`;
    mock.fault({ on: 'download', act: 'answer', status: 403 });
    expect((await fetch(url, { method: 'HEAD' })).status).toBe(200);
    expect((await fetch(url)).status).toBe(403);
  });
});

describe('close', () => {
  it('ends hanging and trickling answers at once and leaves nothing behind', async () => {
    const other = await bench({
      faults: [
        { on: 'submit', act: 'hang' },
        { on: 'submit', nth: 2, act: 'slow', everyMs: 60_000 },
      ],
    });
    const hanging = expect(other.post('/v1/videos', CLIP)).rejects.toThrow();
    while (other.mock.ledger.submits.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
    const trickling = expect(other.post('/v1/videos', CLIP)).rejects.toThrow();
    while (other.mock.ledger.submits.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const running = timers();
    const started = performance.now();
    await other.mock.close();
    await Promise.all([hanging, trickling]);
    expect(performance.now() - started).toBeLessThan(500);
    expect(timers()).toBeLessThan(running);
    await expect(fetch(other.mock.url)).rejects.toThrow('fetch failed');
    await other.mock.close();
  });
});
