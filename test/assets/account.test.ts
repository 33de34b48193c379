// The balance: read in dollars whatever the gateway counts in, and repeated by the error that says it is not enough.

import { expect, test } from 'vitest';
import { InsufficientBalanceError } from '../../src/index.js';
import { gateways } from '../lifecycle/support.js';
import { clientFor } from '../support/client.js';
import { errorOf } from '../support/error-of.js';
import { json } from '../support/server.js';
import { FACE, VIDEO } from './support.js';

const { mockWith, server } = gateways();

test('sinks by what is paid', async () => {
  const mock = await mockWith();
  const { ima } = clientFor(mock.url);
  expect(await ima.account.balance()).toMatchObject({ balanceUsd: 1000, usedUsd: 0, currency: 'USD' });
  await ima.assets.ensure(FACE, { for: VIDEO });
  const { balanceUsd, usedUsd } = await ima.account.balance();
  expect(balanceUsd).toBeCloseTo(999.99, 6);
  expect(usedUsd).toBeCloseTo(0.01, 6);
});

test('is what an error of an empty account repeats, once it has been asked for', async () => {
  const mock = await mockWith();
  const { ima } = clientFor(mock.url, { apiKey: 'sk-empty' });
  const first = await errorOf(ima.assets.ensure(FACE, { for: VIDEO }));
  expect(first).toMatchObject({ code: 'insufficient_balance', mayBeBilled: false });
  expect(first).not.toHaveProperty('balanceUsd');
  const before = Date.now();
  await ima.account.balance();
  for (const call of [() => ima.assets.ensure(FACE, { for: VIDEO }), () => ima.submit({ model: VIDEO, prompt: 'x' })]) {
    const error = await errorOf(call());
    if (!(error instanceof InsufficientBalanceError)) throw error;
    expect(error.balanceUsd).toBe(0);
    expect(Math.abs(Date.parse(error.balanceAt ?? '') - before)).toBeLessThan(5000);
  }
  expect(await ima.journal.list({ state: 'intent' })).toEqual([]);
});

test('with a bad key is refused in the words of that path', async () => {
  const mock = await mockWith();
  const { ima } = clientFor(mock.url, { apiKey: 'sk-expired' });
  const error = await errorOf(ima.account.balance());
  expect(error).toMatchObject({
    name: 'AuthenticationError',
    status: 401,
    body: { success: false, message: '无效的令牌' },
  });
});

test('is read from either unit, and nothing is made up', async () => {
  let answer: unknown;
  const gateway = await server((_, response) => json(response, answer));
  const { ima } = clientFor(gateway.url, { retry: { attempts: 1 } });
  for (const [said, read] of [
    [
      { success: true, data: { balance_usd: '1.5', used_amount_usd: 2 } },
      { balanceUsd: 1.5, usedUsd: 2, currency: 'USD' },
    ],
    [{ data: { quota: 250_000, quota_per_unit: 500_000, currency: 'CNY' } }, { balanceUsd: 0.5, currency: 'CNY' }],
    [{ balance_usd: -0.25 }, { balanceUsd: -0.25, currency: 'USD' }],
  ] as const) {
    answer = said;
    const { raw, ...balance } = await ima.account.balance();
    expect([balance, raw]).toEqual([read, said]);
  }
  for (const said of [{}, { success: true, data: { quota: 5 } }, { data: { quota: 5, quota_per_unit: 0 } }, []]) {
    answer = said;
    expect((await errorOf(ima.account.balance())).code).toBe('invalid_response');
  }
  const asked = gateway.requests.length;
  for (const timeoutMs of [-1, Number.NaN]) {
    expect((await errorOf(ima.account.balance({ timeoutMs }))).code).toBe('bad_option');
  }
  expect(gateway.requests).toHaveLength(asked);
  answer = { success: false, message: 'user is banned' };
  expect((await errorOf(ima.account.balance())).code).toBe('request_refused');
});
