// What a step builds on stands in the journal: one line of ancestry, also from another process, also where part of it is unknown.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ImaRouter, type Journal, MemoryJournal } from '../../src/index.js';
import { gateways, paid } from '../lifecycle/support.js';
import { clientFor } from '../support/client.js';
import { errorOf } from '../support/error-of.js';
import { finished, gateway, grid, PROMPT } from './support.js';

const { mockWith, server } = gateways();

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ima-lines-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const lineOf = async ({ journal }: ImaRouter, taskId: string) => (await journal.list({ taskId }))[0]?.ancestry;

describe('a chain', () => {
  test('imagine → variation 3 → upscale 1 is one line', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    const { task } = await grid(ima);
    const variation = await ima.midjourney.change(task, 'variation 3');
    const upscaled = await ima.midjourney.change(await variation.result(), 'upscale 1');
    const files = await (await upscaled.result()).download(join(folder, 'upscaled.png'));
    expect(files).toMatchObject([{ contentType: 'image/png' }]);
    expect(await lineOf(ima, task.id)).toBeUndefined();
    expect(await lineOf(ima, variation.id)).toEqual([task.id]);
    expect(await lineOf(ima, upscaled.id)).toEqual([task.id, variation.id]);
    expect((await ima.journal.list()).map(({ state }) => state)).toEqual(['succeeded', 'succeeded', 'succeeded']);
    expect(mock.ledger.paidTwice()).toEqual([]);
  });

  test('goes on in other clients that share the journal, by handle or by id alone', async () => {
    const mock = await mockWith();
    const journal = join(folder, 'shared');
    const first = await grid(clientFor(mock.url, { journal }).ima);
    const second = await clientFor(mock.url, { journal }).ima.midjourney.change(first.task.toJSON(), 'V3');
    await second.result();
    const last = clientFor(mock.url, { journal }).ima;
    const third = await last.midjourney.change(second.id, 'U1');
    expect(await lineOf(last, third.id)).toEqual([first.task.id, second.id]);
    const remixed = await last.midjourney.modal(second.id, { customId: 'Remix', prompt: 'a wolf' });
    expect(await lineOf(last, remixed.id)).toEqual([first.task.id, second.id]);
  });

  test('begins with its parent where the journal knows no more', async () => {
    const mock = await mockWith();
    const { task } = await grid(clientFor(mock.url).ima);
    const stranger = clientFor(mock.url).ima;
    const next = await stranger.midjourney.change(task.id, 'V1');
    await next.result();
    const last = await stranger.midjourney.change(next, 'U1');
    expect(await lineOf(stranger, last.id)).toEqual([task.id, next.id]);
  });

  test('a torn file of another record changes nothing', async () => {
    const mock = await mockWith();
    const journal = join(folder, 'torn');
    const { ima, warnings } = clientFor(mock.url, { journal });
    const { task } = await grid(ima);
    await writeFile(join(journal, 'torn.json'), '{"v":1,"key":"to');
    const next = await ima.midjourney.change(task, 'V1');
    expect(await lineOf(ima, next.id)).toEqual([task.id]);
    expect(warnings.map(({ code }) => code)).toEqual(['journal_corrupt']);
  });

  test('another gateway’s record of the same id says nothing', async () => {
    const mock = await mockWith();
    const journal = new MemoryJournal();
    const { task } = await grid(clientFor(mock.url, { journal }).ima);
    const [record] = await journal.list();
    if (record === undefined) throw new Error('no record');
    await journal.put({ ...record, gateway: 'another', ancestry: ['x'] });
    const { ima } = clientFor(mock.url, { journal });
    const next = await ima.midjourney.change(task.id, 'V1');
    expect(await lineOf(ima, next.id)).toEqual([task.id]);
  });

  test('a store that cannot be searched is a warning; one that cannot be written stops the step', async () => {
    const mock = await mockWith();
    const { task } = await grid(clientFor(mock.url).ima);
    const memory = new MemoryJournal();
    const broken = (what: 'put' | 'list'): Journal => ({
      put: (record) => (what === 'put' ? Promise.reject(new Error('disk on fire')) : memory.put(record)),
      get: (key) => memory.get(key),
      list: () => Promise.reject(new Error('disk on fire')),
      delete: (key) => memory.delete(key),
    });
    const searching = clientFor(mock.url, { journal: broken('list') });
    const next = await searching.ima.midjourney.change(task.id, 'V1');
    const message = expect.stringContaining(`What task ${task.id} builds on could not be looked up: disk on fire`);
    expect(searching.warnings).toContainEqual({ code: 'journal_unavailable', message });
    expect(await memory.list({ taskId: next.id })).toMatchObject([{ ancestry: [task.id] }]);
    const before = paid(mock);
    const stopped = await errorOf(clientFor(mock.url, { journal: broken('put') }).ima.midjourney.change(task.id, 'V1'));
    expect(stopped).toMatchObject({ code: 'journal_unavailable', mayBeBilled: false });
    expect(paid(mock)).toBe(before);
  });

  test('what was submitted without this verb has no line, and can be built on', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    const task = await ima.submit({ model: 'mj_imagine', ...PROMPT });
    await task.result();
    const next = await ima.midjourney.change(task, 'V1');
    expect(await lineOf(ima, next.id)).toEqual([task.id]);
  });

  test('steps that are equal while pending are one with `dedupe`, and two without', async () => {
    const at = await gateway(server, { state: (id) => finished(id, []) });
    const { ima } = clientFor(at.url);
    const parent = { id: '17', raw: finished('17', [{ customId: 'MJ::JOB::upsample::1::a', label: 'U1' }]) };
    const first = await ima.midjourney.change(parent, 'U1', { dedupe: 'attach' });
    const same = await ima.midjourney.change(parent, 'upscale 1', { dedupe: 'attach', traceId: 'mine' });
    expect([same.id, same.traceId]).toEqual([first.id, first.traceId]);
    const other = await ima.midjourney.change(parent, 'U1');
    expect(other.id).not.toBe(first.id);
    expect(at.bodies).toHaveLength(2);
  });
});
