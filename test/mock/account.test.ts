// The balance of a key: it sinks with what is paid, by as much as each thing says that it costs.

import { expect, it } from 'vitest';
import { bench, CLIP, dig } from './helpers.js';

const PATH = '/api/usage/token/user-balance';
const CHAT = { model: 'gpt-5.1', messages: [{ role: 'user', content: 'hello' }] };
const ASSET = { group_id: 'none', url: 'https://example.com/a.png' };

it('sinks with what is paid, and with nothing else', async () => {
  await using here = await bench();
  const { post, get, pass, mock } = here;
  const balance = async () => {
    const { status, body } = await get(PATH);
    expect(status).toBe(200);
    expect(body).toMatchObject({ success: true, message: '', data: { object: 'user_balance', currency: 'USD' } });
    const [left, used] = [Number(dig(body, 'data.balance_usd')), Number(dig(body, 'data.used_amount_usd'))];
    expect(Number.isInteger(dig(body, 'data.quota'))).toBe(true);
    expect(dig(body, 'data.quota')).toBe(Math.round(left * 500_000));
    expect(dig(body, 'data.used_quota')).toBe(Math.round(used * 500_000));
    expect(left + used).toBeCloseTo(1000, 6);
    return left;
  };
  const start = await balance();
  expect(start).toBe(1000);

  const id = dig((await post('/v1/videos', CLIP)).body, 'id');
  const afterVideo = await balance();
  pass(200);
  const cost = Number(dig((await get(`/v1/videos/${id}`)).body, 'amount_usd'));
  expect(cost).toBeGreaterThan(0.1);
  expect(start - afterVideo).toBeCloseTo(cost, 6);

  let last = afterVideo;
  for (const [path, body] of [
    ['/v1/images/generations', { model: 'gpt-image-2', prompt: 'a fox' }],
    ['/v1/chat/completions', CHAT],
    ['/v1/chat/completions', { ...CHAT, stream: true, max_tokens: 1 }],
    ['/v1/responses', { model: 'gpt-5.5', input: 'hello' }],
    ['/v1/embeddings', { model: 'text-embedding-3-small', input: 'x', dimensions: 1 }],
  ] as const) {
    const answer = fetch(mock.url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${mock.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    await (await answer).text();
    const now = await balance();
    expect(now, path).toBeLessThan(last);
    last = now;
  }

  mock.fault({ on: 'submit', act: 'reset-before' });
  await post('/v1/videos', CLIP).catch(() => undefined);
  await post('/v1/videos', { model: 'sora-9' });
  await post('/v1/assets/create', ASSET);
  expect(await balance()).toBe(last);
  mock.fault({ on: 'submit', act: 'reset-after' });
  await post('/v1/videos', CLIP).catch(() => undefined);
  expect(last - (await balance())).toBeCloseTo(cost, 6);
  expect(mock.deviations).toEqual([]);
});

it('is each key’s own, nothing for sk-empty, and says no in words of its own', async () => {
  await using here = await bench();
  const { post, get, mock } = here;
  await post('/v1/videos', CLIP, { authorization: 'Bearer somebody' });
  const left = async (key: string) =>
    dig((await get(PATH, { authorization: `Bearer ${key}` })).body, 'data.balance_usd');
  expect(await left('somebody')).toBeLessThan(1000);
  expect(await left(mock.apiKey)).toBe(1000);
  expect(await left('sk-empty')).toBe(0);
  for (const authorization of ['', 'Bearer sk-expired']) {
    expect(await get(PATH, { authorization })).toEqual({
      status: 401,
      body: { success: false, message: '无效的令牌' },
    });
  }
  expect(mock.deviations).toEqual([]);
});
