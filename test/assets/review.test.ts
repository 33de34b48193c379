// The review of an upload: waited out, refused, given up, cut off, and an upload of which nobody knows what became.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MemoryJournal } from '../../src/index.js';
import { folders } from '../journal/support.js';
import { gateways } from '../lifecycle/support.js';
import { dig } from '../mock/helpers.js';
import { bundled } from '../support/bundled.js';
import { clientFor } from '../support/client.js';
import { errorOf } from '../support/error-of.js';
import { FACE, library, no, reset, UPLOAD, uploads, VIDEO, yes } from './support.js';

const { mockWith } = gateways();
const folder = folders();
const REJECTED = 'https://example.com/stranger.png';

describe('a review that refuses', () => {
  test('says why, that the upload may be billed, and what to do', async () => {
    const mock = await mockWith({ outcome: ({ body }) => (dig(body, 'url') === REJECTED ? 'failed' : 'succeeded') });
    const { ima } = clientFor(mock.url);
    const error = await errorOf(ima.assets.ensure(REJECTED, { for: VIDEO }));
    expect(error).toMatchObject({
      name: 'TaskFailedError',
      code: 'task_failed',
      gatewayCode: 'InputImageSensitiveContentDetected.PrivacyInformation',
      mayBeBilled: true,
      message: expect.stringContaining('may contain real person'),
      hint: expect.stringContaining('Use other media'),
    });
    const [record] = await ima.journal.list({ taskId: error.taskId });
    expect(record).toMatchObject({ state: 'failed', error: { kind: 'moderation' } });
    expect(uploads(mock)).toHaveLength(1);

    // Whoever asks again pays again; the refused one stays on record, for requests that name it.
    const again = await errorOf(ima.assets.ensure(REJECTED, { for: VIDEO }));
    expect(again.taskId).not.toBe(error.taskId);
    expect(uploads(mock)).toHaveLength(2);
    for (const id of [error.taskId, again.taskId]) {
      expect(await ima.journal.list({ taskId: id })).toMatchObject([{ state: 'failed' }]);
    }
  });

  test('is not paid again as long as a later one was accepted, from any client', async () => {
    let refuses = true;
    const gateway = await library({
      get: ({ id }) =>
        refuses
          ? yes({ Id: id, Status: 'Failed', Error: { Code: 'X', Message: 'no' } })
          : yes({ Id: id, Status: 'Active' }),
    });
    const journal = new MemoryJournal();
    const { ima } = clientFor(gateway.url, { journal });
    await errorOf(ima.assets.ensure(FACE, { for: VIDEO }));
    refuses = false;
    expect(await ima.assets.ensure(FACE, { for: VIDEO })).toBe('asset://asset-2');
    expect(await clientFor(gateway.url, { journal }).ima.assets.ensure(FACE, { for: VIDEO })).toBe('asset://asset-2');
    // What was good once and is refused now is told, not silently paid for; whoever asks then pays.
    refuses = true;
    expect(await errorOf(ima.assets.ensure(FACE, { for: VIDEO }))).toMatchObject({
      code: 'task_failed',
      taskId: 'asset-2',
    });
    expect(gateway.bodies('create')).toHaveLength(2);
    refuses = false;
    expect(await ima.assets.ensure(FACE, { for: VIDEO })).toBe('asset://asset-3');
    await gateway.close();
  });
});

describe('trouble during the review', () => {
  test('is waited out: 429, 5xx, pages, nothing, an unknown word', async () => {
    const said: ((id: unknown) => [number, string])[] = [
      () => [429, ''],
      () => [500, JSON.stringify({ error: { message: 'x', type: 'new_api_error' } })],
      () => [502, '<html>bad gateway</html>'],
      () => [200, JSON.stringify({ code: 'success', data: null })],
      () => [200, JSON.stringify(no('doubao asset request failed: InternalError'))],
      (id) => [200, JSON.stringify(yes({ Id: id, Status: 'Brooding' }))],
    ];
    const gateway = await library({
      get: ({ id }, response, count) => {
        const [status, body] = said[count - 1]?.(id) ?? [200, JSON.stringify(yes({ id, status: 'active' }))];
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(body);
      },
    });
    const { ima, warnings } = clientFor(gateway.url);
    expect(await ima.assets.ensure(FACE, { for: VIDEO })).toBe('asset://asset-1');
    expect(gateway.bodies('get')).toHaveLength(said.length + 1);
    expect(gateway.bodies('create')).toHaveLength(1);
    expect(warnings).toMatchObject([{ code: 'unknown_status', message: expect.stringContaining('Brooding') }]);
    await gateway.close();
  });

  test('with the key ends the wait at once', async () => {
    const gateway = await library({
      get: (_, response) => {
        response.writeHead(401, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ error: { message: 'token expired', type: 'new_api_error' } }));
      },
    });
    const error = await errorOf(clientFor(gateway.url).ima.assets.ensure(FACE, { for: VIDEO }));
    expect(error).toMatchObject({ name: 'AuthenticationError', taskId: 'asset-1', mayBeBilled: true });
    await gateway.close();
  });
});

describe('giving up', () => {
  test('by signal or timeout leaves the asset where it is, says how to go on, and pays nothing when one does', async () => {
    let isOver = false;
    const gateway = await library({ get: ({ id }) => yes({ Id: id, Status: isOver ? 'Active' : 'Processing' }) });
    const { ima } = clientFor(gateway.url);
    const control = new AbortController();
    const first = errorOf(ima.assets.ensure(FACE, { for: VIDEO, signal: control.signal }));
    await expect.poll(() => gateway.bodies('get').length).toBeGreaterThan(0);
    control.abort();
    const hint = expect.stringContaining("ima.assets.ready('asset-1')");
    expect(await first).toMatchObject({
      name: 'AbortError',
      code: 'wait_aborted',
      taskId: 'asset-1',
      mayBeBilled: true,
      hint,
    });
    const late = await errorOf(ima.assets.ensure(FACE, { for: VIDEO, timeoutMs: 30 }));
    expect(late).toMatchObject({
      name: 'WaitTimeoutError',
      taskId: 'asset-1',
      mayBeBilled: true,
      retryable: true,
      hint,
    });
    expect(await errorOf(ima.assets.ready('asset://asset-1', { timeoutMs: 30 }))).toMatchObject({
      code: 'wait_timeout',
      hint,
    });
    isOver = true;
    expect(await ima.assets.ready('asset-1')).toMatchObject({
      id: 'asset-1',
      status: 'Active',
      url: 'asset://asset-1',
    });
    expect(await ima.assets.ensure(FACE, { for: VIDEO })).toBe('asset://asset-1');
    expect(gateway.bodies('create')).toHaveLength(1);
    await gateway.close();
  });

  test('before anything is sent buys nothing', async () => {
    const gateway = await library();
    const error = await errorOf(
      clientFor(gateway.url).ima.assets.ensure(FACE, { for: VIDEO, signal: AbortSignal.abort() }),
    );
    expect([error.name, error.mayBeBilled]).toEqual(['AbortError', false]);
    expect(gateway.requests).toEqual([]);
    await gateway.close();
  });
});

describe('a process that dies', () => {
  test('between upload and review: the next one goes on with the same asset', async () => {
    let isOver = false;
    const gateway = await library({ get: ({ id }) => yes({ Id: id, Status: isOver ? 'Active' : 'Processing' }) });
    const journal = await folder();
    const bundle = await bundled(new URL('child.ts', import.meta.url));
    const child = spawn(process.execPath, [bundle, gateway.url, journal, FACE, VIDEO], { stdio: 'inherit' });
    await expect.poll(() => gateway.bodies('get').length, { timeout: 15_000 }).toBeGreaterThan(0);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await rm(join(bundle, '..'), { recursive: true, force: true });
    isOver = true;
    const { ima } = clientFor(gateway.url, { journal });
    expect(await ima.assets.ensure(FACE, { for: VIDEO })).toBe('asset://asset-1');
    expect(gateway.bodies('create')).toHaveLength(1);
    await gateway.close();
  });

  test('in mid-upload: the next one does not pay for what nobody knows', async () => {
    const gateway = await library({ create: () => undefined });
    const journal = await folder();
    const bundle = await bundled(new URL('child.ts', import.meta.url));
    const child = spawn(process.execPath, [bundle, gateway.url, journal, FACE, VIDEO], { stdio: 'inherit' });
    await expect.poll(() => gateway.bodies('create').length, { timeout: 15_000 }).toBe(1);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await rm(join(bundle, '..'), { recursive: true, force: true });
    const { ima, warnings } = clientFor(gateway.url, { journal });
    const error = await errorOf(ima.assets.ensure(FACE, { for: VIDEO }));
    expect(error).toMatchObject({ name: 'SubmitUnknownError', code: 'submit_unsettled', mayBeBilled: true });
    expect(warnings).toMatchObject([{ code: 'submit_cut_off' }]);
    expect(gateway.bodies('create')).toHaveLength(1);
    await gateway.close();
  });
});

describe('an upload of unknown fate', () => {
  test('is told, not paid again in another group or under another name, and bought when the caller says so', async () => {
    let isBroken = true;
    const gateway = await library({
      create: (body, response) => (isBroken ? reset(body, response) : yes({ Id: 'asset-2' })),
      'group/create': () => yes({ Id: `group-${Math.random()}` }),
    });
    const journal = await folder();
    const { ima } = clientFor(gateway.url, { journal });
    const error = await errorOf(ima.assets.ensure(FACE, { for: VIDEO }));
    expect(error).toMatchObject({ name: 'SubmitUnknownError', code: 'submit_unknown', mayBeBilled: true });
    isBroken = false;
    await ima.assets.forgetGroups();
    const later = clientFor(gateway.url, { journal }).ima;
    const unsettled = await errorOf(later.assets.ensure(FACE, { for: VIDEO, name: 'Ann' }));
    expect(unsettled).toMatchObject({ code: 'submit_unsettled', mayBeBilled: true, traceId: error.traceId });
    expect(gateway.bodies('create')).toHaveLength(1);
    const key = /journal\.delete\('(asset-[0-9a-f]+)'\)/.exec(unsettled.hint)?.[1] ?? '';
    await later.journal.delete(key);
    expect(await later.assets.ensure(FACE, { for: VIDEO })).toBe('asset://asset-2');
    await gateway.close();
  });

  test.each([
    ['an edge’s page', 502, '<html></html>'],
    ['a 200 without an id', 200, JSON.stringify(yes({ GroupId: 'group-1' }))],
    ['a 200 with nothing', 200, JSON.stringify({ code: 'success', data: null })],
    ['a no that names an asset', 200, JSON.stringify({ ...no('review failed'), data: { Id: 'asset-9' } })],
    [
      'a no of somebody who lost touch',
      200,
      JSON.stringify(no('doubao asset request failed: context deadline exceeded (Client.Timeout exceeded)')),
    ],
  ])('is what %s leaves behind: it is not sent again', async (_, status, body) => {
    const gateway = await library({
      create: (__, response) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(body);
      },
    });
    const { ima } = clientFor(gateway.url);
    expect((await errorOf(ima.assets.ensure(FACE, { for: VIDEO }))).code).toBe('submit_unknown');
    expect((await errorOf(ima.assets.ensure(FACE, { for: VIDEO }))).code).toBe('submit_unsettled');
    expect(gateway.bodies('create')).toHaveLength(1);
    await gateway.close();
  });

  test('is no matter where nothing was taken: a 429 and a busy gateway are asked again', async () => {
    const gateway = await library({
      create: (_, response, count) => {
        if (count === 1) response.writeHead(429).end();
        else return count === 2 ? no('当前分组上游负载已饱和，请稍后再试') : yes({ Id: 'asset-1' });
      },
    });
    expect(await clientFor(gateway.url).ima.assets.ensure(FACE, { for: VIDEO })).toBe('asset://asset-1');
    expect(gateway.bodies('create')).toHaveLength(3);
    await gateway.close();
  });
});

test('an asset that is gone before its review is over is uploaded again when it is asked for again', async () => {
  let isGone = false;
  const gateway = await library({
    get: ({ id }) => {
      if (id !== 'asset-1') return yes({ Id: id, Status: 'Active' });
      return isGone ? no('asset not found') : yes({ Id: id, Status: 'Processing' });
    },
  });
  const { ima } = clientFor(gateway.url);
  await errorOf(ima.assets.ensure(FACE, { for: VIDEO, timeoutMs: 300 }));
  isGone = true;
  expect(await ima.assets.ensure(FACE, { for: VIDEO })).toBe('asset://asset-2');
  expect(gateway.bodies('create')).toHaveLength(2);
  await gateway.close();
});

test('a new id that the gateway does not know yet is not uploaded again', async () => {
  const gateway = await library({
    get: ({ id }, _, count) => (count < 3 ? no('asset not found') : yes({ Id: id, Status: 'Active' })),
  });
  const { ima } = clientFor(gateway.url);
  expect(await ima.assets.ensure(FACE, { for: VIDEO })).toBe('asset://asset-1');
  expect(gateway.bodies('create')).toHaveLength(1);
  await gateway.close();
});

test('create gives the asset as soon as it is taken, and ready its end', async () => {
  const mock = await mockWith();
  const { ima } = clientFor(mock.url);
  const group = await ima.assets.groups.create({ model: UPLOAD, name: 'mine' });
  const body = { model: UPLOAD, group_id: group.id, url: FACE } as const;
  const asset = await ima.assets.create(body);
  expect(asset).toMatchObject({ status: 'Processing', url: `asset://${asset.id}` });
  expect(await ima.assets.ready(asset)).toMatchObject({ id: asset.id, status: 'Active', groupId: group.id });
  // An equal one is bought, unless the caller says otherwise: that is what create is.
  expect((await ima.assets.create(body)).id).not.toBe(asset.id);
  expect(uploads(mock)).toHaveLength(2);
});
