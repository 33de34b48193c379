// That the tests of this folder test what they say: the Node that was asked for, and its own fetch.

import { expect, test } from 'vitest';
import { opened } from './opened.js';
import { plainGateway } from './raw-gateway.js';

const { platform, gateway } = opened();

// `npx -p node@24` sets this variable; without it any Node will do.
const [, asked] = /^node@(\d+)/.exec(process.env.npm_config_package ?? '') ?? [];

test.runIf(asked !== undefined)('it is the Node that was asked for', () => {
  expect(process.versions.node.split('.')[0]).toBe(asked);
});

test('fetch is the platform’s own, and goes through the dispatcher that is put beneath it, until that is taken away', async () => {
  expect(Function.prototype.toString.call(fetch)).toContain('internal/deps/undici/undici');
  const there = await gateway(plainGateway({ received: (socket) => socket.end('HTTP/1.1 204 No\r\n\r\n') }));
  const init = { method: 'POST', headers: { 'x-trace-id': 'mine' } };
  const here = await platform();
  await fetch(there.url, init);
  expect(here.dispatched).toEqual(['mine']);
  await here.restore();
  await fetch(there.url, init);
  expect(here.dispatched).toEqual(['mine']);
  expect(there.posts).toEqual(['mine', 'mine']);
});
