// The caller stops a submit: what that means in each phase, and that no socket is left behind.

import { expect, test } from 'vitest';
import { WaitAbortedError } from '../../src/index.js';
import { opened } from './opened.js';
import { brokenTlsGateway, type Conduct, plainGateway, type RawGateway } from './raw-gateway.js';
import { expectLost, submitTo } from './submit.js';

const { platform, gateway: kept } = opened();

async function allClosed({ sockets }: RawGateway): Promise<void> {
  await Promise.all([...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
}

test('before: nothing is sent, looked up or written down', async () => {
  const gateway = await kept(plainGateway({}));
  const here = await platform();
  const { error, exchanges, records } = await submitTo(gateway.url, { signal: AbortSignal.abort() });
  expect(error).toBeInstanceOf(WaitAbortedError);
  expect(error).toMatchObject({ code: 'aborted', mayBeBilled: false });
  expect(exchanges).toEqual([]);
  expect(records).toEqual([]);
  expect(here.dispatched).toEqual([]);
  expect(gateway.connections).toBe(0);
});

test('between two tries of what was not sent: nothing is sent, nothing stays on record', async () => {
  const gateway = await kept(brokenTlsGateway({ connected: (socket) => socket.end() }));
  const here = await platform();
  const controller = new AbortController();
  const logger = {
    debug: () => {},
    // Told when the next try is due in a while.
    info: () => controller.abort(),
    warn: () => {},
    error: () => {},
  };
  const retry = { attempts: 3, baseMs: 60_000 };
  const { error, records } = await submitTo(gateway.url, { signal: controller.signal, retry, logger });
  expect(error).toBeInstanceOf(WaitAbortedError);
  expect(error).toMatchObject({ code: 'aborted', mayBeBilled: false, traceId: here.dispatched[0] });
  expect(here.dispatched).toHaveLength(1);
  expect(records).toEqual([]);
  expect(gateway).toMatchObject({ connections: 1, requestBytes: 0 });
});

test('while the name is looked up, which comes to its end nevertheless', async () => {
  const controller = new AbortController();
  const gateway = await kept(plainGateway({}));
  let isLookedUp = () => {};
  const looked = new Promise<void>((resolve) => (isLookedUp = resolve));
  const here = await platform({
    connect: {
      lookup: (_, { all }, callback) => {
        controller.abort();
        setImmediate(() => {
          if (all) callback(null, [{ address: '127.0.0.1', family: 4 }]);
          else callback(null, '127.0.0.1', 4);
          isLookedUp();
        });
      },
    },
  });
  const url = gateway.url.replace('127.0.0.1', 'localhost');
  const { error, records } = await submitTo(url, { signal: controller.signal });
  expect(error).toBeInstanceOf(WaitAbortedError);
  expect(error).toMatchObject({ code: 'aborted', mayBeBilled: false });
  expect(records).toEqual([]);
  expect(here.dispatched).toHaveLength(1);
  await looked;
  while (gateway.connections === 0) await new Promise((resolve) => setImmediate(resolve));
  await fetch(gateway.url, {
    method: 'POST',
    headers: { 'x-trace-id': 'after' },
    signal: AbortSignal.timeout(100),
  }).catch(() => {});
  expect(gateway.posts).toEqual(['after']);
});

test('in mid-handshake', async () => {
  const controller = new AbortController();
  const gateway = await kept(brokenTlsGateway({ received: () => controller.abort() }));
  await platform();
  const { error, records } = await submitTo(gateway.url, { signal: controller.signal });
  expect(error).toBeInstanceOf(WaitAbortedError);
  expect(error).toMatchObject({ code: 'aborted', mayBeBilled: false });
  expect(records).toEqual([]);
  expect(gateway.requestBytes).toBe(0);
});

const STATUS = 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n';

test.each<[string, (abort: () => void) => Conduct]>([
  ['after the request', (abort) => ({ received: abort })],
  ['in mid-head', (abort) => ({ received: (socket) => socket.write(STATUS, abort) })],
  ['in mid-body', (abort) => ({ received: (socket) => socket.write(`${STATUS}\r\n{`, abort) })],
])('%s: it may have been taken', async (_, conduct) => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const gateway = await kept(plainGateway(conduct(() => controller.abort(reason))));
  const here = await platform();
  const end = await submitTo(gateway.url, { signal: controller.signal });
  expectLost(end, { platform: here, gateway, code: [undefined], posts: 1 });
  expect(end.error).toMatchObject({ cause: reason });
  await allClosed(gateway);
});

test('in the middle of a request that no buffer holds', async () => {
  const controller = new AbortController();
  const gateway = await kept(
    plainGateway({
      received: (socket) => {
        // Stops reading: what is still to come stays on the client's side.
        socket.pause();
        controller.abort();
        socket.resume();
      },
    }),
  );
  const here = await platform();
  const LENGTH = 24 * 1024 * 1024;
  const end = await submitTo(gateway.url, { signal: controller.signal, prompt: 'x'.repeat(LENGTH) });
  expectLost(end, { platform: here, gateway, code: ['ABORT_ERR', undefined], posts: 1 });
  await allClosed(gateway);
  expect(gateway.requestBytes).toBeLessThan(LENGTH);
});

test('after the answer: the task is there', async () => {
  const controller = new AbortController();
  const gateway = await kept(
    plainGateway({ received: (socket) => socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{"id":"t1"}`) }),
  );
  await platform();
  const end = await submitTo(gateway.url, { signal: controller.signal });
  controller.abort();
  expect(end.error).toBeUndefined();
  expect(end.records).toMatchObject([{ state: 'submitted', taskId: 't1' }]);
});
