// The gateway's own copy of a picture, and the header by which Midjourney's channel is set.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigError, DownloadError } from '../../src/index.js';
import { gateways } from '../lifecycle/support.js';
import { clientFor } from '../support/client.js';
import { errorOf } from '../support/error-of.js';
import { button, finished, gateway, grid, PROMPT } from './support.js';

const { mockWith, server } = gateways();

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ima-pictures-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('image', () => {
  test('is the first picture, with the key, by task, result, JSON and id', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    const { task, pictures } = await grid(ima);
    const bytes = Buffer.from(await ima.midjourney.image(task.id).arrayBuffer());
    expect(bytes.subarray(1, 4).toString()).toBe('PNG');
    for (const [at, parent] of [task, pictures, task.state, task.toJSON(), task.id].entries()) {
      const image = ima.midjourney.image(parent);
      expect(image).toMatchObject({ kind: 'image', url: `${mock.url}/mj/image/${task.id}` });
      const { path } = await image.download(join(folder, `image-${at}.png`));
      expect(await readFile(path)).toEqual(bytes);
    }
    expect(new Set(mock.ledger.downloads.map(({ path }) => path))).toEqual(new Set([`/mj/image/${task.id}`]));
    expect(mock.ledger.submits).toHaveLength(1);
  });

  test('makes no call before it is asked for bytes, and says what is wrong then', async () => {
    const mock = await mockWith({ speed: 1 });
    const { ima } = clientFor(mock.url);
    const unfinished = await ima.midjourney.imagine(PROMPT);
    const image = ima.midjourney.image(unfinished);
    expect(mock.ledger.downloads).toEqual([]);
    expect(await errorOf(image.download(join(folder, 'early.png')))).toBeInstanceOf(DownloadError);
    const unknown = ima.midjourney.image('17').download(join(folder, 'unknown.png'));
    expect(await errorOf(unknown)).toMatchObject({ taskId: '17' });
    for (const id of ['', '../x', 'a b']) expect(() => ima.midjourney.image(id)).toThrow(ConfigError);
  });
});

describe('x-youchuan-setting', () => {
  const setting = '{"speed":"fast"}';

  test('arrives with each step, by its own option or as a header, and with each retry', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    const { task } = await grid(ima);
    const busy = { code: 23, description: '队列已满' };
    mock.fault({ on: 'submit', act: 'answer', status: 200, body: busy });
    await ima.midjourney.imagine(PROMPT, { youchuanSetting: setting });
    await ima.midjourney.blend(
      { base64Array: ['https://a.example/1.png', 'https://a.example/2.png'] },
      { youchuanSetting: setting },
    );
    await ima.midjourney.change(task, 'U1', { headers: { 'X-Youchuan-Setting': setting } });
    await ima.midjourney.modal(task, { customId: 'Remix', prompt: 'x' }, { youchuanSetting: setting });
    await ima.midjourney.imagine(PROMPT, { youchuanSetting: setting, headers: { 'X-Youchuan-Setting': 'other' } });
    expect(mock.ledger.submits.map(({ path, headers }) => [path, headers?.['x-youchuan-setting']])).toEqual([
      ['/mj/submit/imagine', undefined],
      ['/mj/submit/imagine', setting],
      ['/mj/submit/imagine', setting],
      ['/mj/submit/blend', setting],
      ['/mj/submit/change', setting],
      ['/mj/submit/modal', setting],
      ['/mj/submit/imagine', setting],
    ]);
  });

  test('is refused where it says nothing, and so are headers that are not for users, at every step', async () => {
    const at = await gateway(server);
    const { ima } = clientFor(at.url);
    const elsewhere = { headers: { 'x-youchuan-setting': setting } };
    expect(await errorOf(ima.submit({ model: 'seedance-2.0', prompt: 'rain' }, elsewhere))).toMatchObject({
      code: 'bad_option',
      param: 'headers.x-youchuan-setting',
    });
    const parent = {
      id: '17',
      raw: finished('17', [button('MJ::RemixModal::a', 'Remix'), button('MJ::JOB::reroll::0::a')]),
    };
    const blend = { base64Array: ['https://a.example/1.png', 'https://a.example/2.png'] };
    for (const name of ['authorization', 'Content-Type', 'X-Trace-Id', 'host', 'bad name']) {
      const options = { headers: { [name]: 'x' } };
      const steps = [
        () => ima.midjourney.imagine(PROMPT, options),
        () => ima.midjourney.blend(blend, options),
        () => ima.midjourney.change(parent, 'reroll', options),
        () => ima.midjourney.modal(parent, { customId: 'Remix', prompt: 'x' }, options),
      ];
      for (const step of steps) {
        expect(await errorOf(step())).toMatchObject({ code: 'bad_option', param: 'headers', mayBeBilled: false });
      }
    }
    expect(await errorOf(ima.midjourney.imagine(PROMPT, { youchuanSetting: 'two\nlines' }))).toBeInstanceOf(
      ConfigError,
    );
    for (const youchuanSetting of [null, '', ' ', 7, {}]) {
      const options: object = { youchuanSetting };
      expect(await errorOf(ima.midjourney.imagine(PROMPT, options))).toMatchObject({
        code: 'bad_option',
        param: 'youchuanSetting',
      });
    }
    // Beside the setting they are looked at too.
    for (const headers of ['abc', null, [['x-mine', 'a']], new Map([['x-mine', 'a']])]) {
      const options: object = { youchuanSetting: setting, headers };
      expect(await errorOf(ima.midjourney.imagine(PROMPT, options))).toMatchObject({
        code: 'bad_option',
        param: 'headers',
      });
    }
    expect(at.requests).toEqual([]);
  });
});
