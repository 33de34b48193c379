// What one call may ask for: its own patience, no signal at all, one signal for many, and headers that nobody can spoil.

import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DEFAULT_RETRY, Stop, type TransportOptions } from '../../src/transport/index.js';
import { json, serve, type TestServer } from '../support/server.js';
import { status, transportTo } from './transport-for.js';

let server: TestServer;
/** Called for each request; nothing is answered unless it answers. */
let answer: Parameters<typeof serve>[0];

beforeEach(async () => {
  answer = (_, response) => json(response, { status: 'in_progress' });
  server = await serve((...args) => answer(...args));
});
afterEach(() => server.close());

const transportFor = (options: Partial<TransportOptions> = {}) => transportTo(server.url, options);

const waysOut: [string, TransportOptions['fetch']][] = [
  ['the short way', undefined],
  ['a fetch of their own', (input, init) => fetch(input, init)],
];

describe.each(waysOut)('by %s', (_, ownFetch) => {
  test("a call's own timeout holds for its exchange, shorter or longer than the client's", async () => {
    answer = (_, response) => void setTimeout(() => json(response, {}), 120);
    const patient = transportFor({ fetch: ownFetch });
    await expect(patient.request({ ...status, timeoutMs: 40 })).rejects.toThrow('within 40 ms');
    const hasty = transportFor({ fetch: ownFetch, requestTimeoutMs: 40 });
    await expect(hasty.request(status)).rejects.toThrow('within 40 ms');
    expect((await hasty.request({ ...status, timeoutMs: 4000 })).status).toBe(200);
    // Longer than a timer can hold: the longest timer, and not none.
    expect((await hasty.request({ ...status, timeoutMs: 2 ** 40 })).status).toBe(200);
  });

  test('fifty calls on one signal leave one listener while they last, and none after', async () => {
    const transport = transportFor({ fetch: ownFetch });
    const controller = new AbortController();
    const { signal } = controller;
    let asked = 0;
    const all = new Promise<void>((resolve) => {
      answer = () => {
        if (++asked === 50) resolve();
      };
    });
    const calls = Array.from({ length: 50 }, () => transport.request({ ...status, signal }));
    const ended = Promise.allSettled(calls);
    await all;
    expect(getEventListeners(signal, 'abort').length).toBe(1);
    controller.abort(new Error('enough'));
    const reasons = (await ended).map((one) => (one.status === 'rejected' ? one.reason.code : 'answered'));
    expect(reasons).toEqual(Array(50).fill('aborted'));
    expect(getEventListeners(signal, 'abort').length).toBe(0);
  });

  test('a stop ends a call at once, with its reason; one that was given before sends nothing', async () => {
    const transport = transportFor({ fetch: ownFetch });
    const stop = new Stop();
    answer = () => stop.abort(new Error('enough'));
    await expect(transport.request({ ...status, signal: stop })).rejects.toMatchObject({
      code: 'aborted',
      cause: new Error('enough'),
    });
    await expect(transport.request({ ...status, signal: stop })).rejects.toMatchObject({ code: 'aborted' });
    expect(server.requests.length).toBe(1);
  });

  test('a call that has ended has let go of its signal', async () => {
    const transport = transportFor({ fetch: ownFetch });
    const { signal } = new AbortController();
    await transport.request({ ...status, signal });
    answer = (_, response) => json(response, {}, 404);
    await expect(transport.request({ ...status, signal })).rejects.toThrow();
    await expect(transport.request({ ...status, signal, timeoutMs: 1, path: '/hang' })).rejects.toThrow();
    expect(getEventListeners(signal, 'abort').length).toBe(0);
  });

  test('a call that has ended leaves no timer behind', async () => {
    const transport = transportFor({ fetch: ownFetch, requestTimeoutMs: 59_123 });
    const set = vi.spyOn(globalThis, 'setTimeout');
    const cleared = vi.spyOn(globalThis, 'clearTimeout');
    await transport.request(status);
    await expect(transport.request({ ...status, signal: AbortSignal.abort() })).rejects.toThrow();
    const at = set.mock.calls.findIndex(([, ms]) => ms === 59_123);
    const timer = set.mock.results[at]?.value;
    expect(set.mock.calls.filter(([, ms]) => ms === 59_123).length).toBe(1);
    expect(cleared.mock.calls.map(([one]) => one)).toContain(timer);
    vi.restoreAllMocks();
  });

  test('an abort ends the pause before the next attempt', async () => {
    answer = (_, response) => json(response, {}, 503);
    const controller = new AbortController();
    const { signal } = controller;
    const quiet = () => {};
    const transport = transportFor({
      fetch: ownFetch,
      retry: { ...DEFAULT_RETRY, baseMs: 60_000 },
      // Told right before the pause.
      logger: {
        debug: quiet,
        warn: quiet,
        error: quiet,
        info: () => setImmediate(() => controller.abort(new Error('enough'))),
      },
    });
    const set = vi.spyOn(globalThis, 'setTimeout');
    const cleared = vi.spyOn(globalThis, 'clearTimeout');
    const asked = transport.request({ ...status, signal });
    await expect(asked).rejects.toMatchObject({ code: 'aborted', cause: new Error('enough') });
    expect([server.requests.length, getEventListeners(signal, 'abort').length]).toEqual([1, 0]);
    const pause = set.mock.calls.findIndex(([, ms]) => ms !== undefined && ms >= 30_000);
    expect(cleared.mock.calls.map(([one]) => one)).toContain(set.mock.results[pause]?.value);
    vi.restoreAllMocks();
  });

  test('a pause that is over has let go of its signal', async () => {
    answer = (_, response, count) => json(response, {}, count < 3 ? 503 : 200);
    const transport = transportFor({ fetch: ownFetch, retry: { ...DEFAULT_RETRY, baseMs: 1 } });
    const { signal } = new AbortController();
    expect((await transport.request({ ...status, signal })).status).toBe(200);
    expect([server.requests.length, getEventListeners(signal, 'abort').length]).toEqual([3, 0]);
  });

  test('headers that were handed out do not change those that are sent', async () => {
    const transport = transportFor({ fetch: ownFetch });
    Object.assign(transport.authHeaders('download'), { authorization: 'stolen', 'x-more': '1' });
    await transport.request(status);
    await transport.request({ ...status, headers: { accept: 'text/plain' } });
    await transport.request(status);
    const sent = server.requests.map(({ headers }) => [headers.authorization, headers['x-more'], headers.accept]);
    expect(sent).toEqual(
      ['application/json', 'text/plain', 'application/json'].map((accept) => ['Bearer sk-test', undefined, accept]),
    );
  });

  test('without a key nothing is sent', async () => {
    const transport = transportFor({ fetch: ownFetch, apiKey: undefined });
    await expect(transport.request(status)).rejects.toMatchObject({ code: 'missing_api_key', phase: 'poll' });
    expect(server.requests).toEqual([]);
  });
});

test('only the own origin is own', () => {
  const transport = transportFor({ baseUrl: 'https://gateway.test/prefix' });
  expect(transport.isOwnOrigin('https://gateway.test/x.mp4')).toBe(true);
  for (const foreign of [
    'http://gateway.test/',
    'https://gateway.test:444/',
    'https://x.gateway.test/',
    'no URL',
    '',
  ]) {
    expect(transport.isOwnOrigin(foreign)).toBe(false);
  }
});
