// Several pictures made into one: at a path of its own by URLs, or beside `dimensions` by whatever bytes there are.

import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BlendBody, ConfigError, InvalidRequestError } from '../../src/index.js';
import { gateways } from '../lifecycle/support.js';
import { clientFor } from '../support/client.js';
import { errorOf } from '../support/error-of.js';
import { gateway } from './support.js';

const { mockWith, server } = gateways();

const picture = new URL('../../src/mock/media/picture.png', import.meta.url);
const URLS = ['https://example.com/a.png', 'https://example.com/b.png'];

let folder = '';
let png = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ima-blend-'));
  await copyFile(picture, join(folder, 'a.png'));
  png = `data:image/png;base64,${(await readFile(picture)).toString('base64')}`;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('blend with URLs', () => {
  test('goes to its own path, names no model on the wire, and is a task like any other', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    const task = await ima.midjourney.blend({ base64Array: URLS, prompt: 'cinematic style' });
    expect(task.model).toBe('mj_blend');
    expect(mock.ledger.submits[0]).toMatchObject({ path: '/mj/submit/blend', paid: true, taskId: task.id });
    expect(mock.ledger.submits[0]).not.toHaveProperty('model');
    const pictures = await task.result();
    expect(pictures.outputs).toHaveLength(4);
    expect(await ima.journal.list()).toMatchObject([
      {
        model: 'mj_blend',
        endpoint: '/mj/submit/blend',
        modality: 'image',
        state: 'succeeded',
        request: { base64Array: URLS },
      },
    ]);
    const upscaled = await ima.midjourney.change(pictures, 'U4');
    expect(await ima.journal.list({ taskId: upscaled.id })).toMatchObject([{ ancestry: [task.id] }]);
    // Its JSON is enough for another process.
    expect(
      (
        await clientFor(mock.url)
          .ima.task(JSON.parse(JSON.stringify(task)))
          .result()
      ).outputs,
    ).toHaveLength(4);
  });

  test('sends the body as it is', async () => {
    const at = await gateway(server);
    await clientFor(at.url).ima.midjourney.blend({ base64Array: URLS, botType: 'NIJI_JOURNEY', state: 's' });
    expect(at.bodies).toEqual([{ base64Array: URLS, botType: 'NIJI_JOURNEY', state: 's' }]);
  });

  test('too few, too many, none, and what is no URL is refused before it is sent', async () => {
    const at = await gateway(server);
    const { ima } = clientFor(at.url);
    const blend = ima.midjourney.blend.bind(ima.midjourney) as (body: unknown) => Promise<unknown>;
    const five = Array.from({ length: 6 }, (_, n) => `https://example.com/${n}.png`);
    for (const base64Array of [[], URLS.slice(1), five, undefined, null, 'x', [URLS[0], 7], [URLS[0], null]]) {
      const error = await errorOf(blend({ base64Array }));
      expect(error).toBeInstanceOf(InvalidRequestError);
      expect(error).toMatchObject({ code: 'invalid_request', phase: 'validate', mayBeBilled: false });
      expect(error.message).toContain('POST /mj/submit/blend: base64Array');
    }
    for (const local of [png, png.slice(22), join(folder, 'a.png'), await readFile(picture)]) {
      const error = await errorOf(blend({ base64Array: [URLS[0], local] }));
      expect(error).toMatchObject({ code: 'local_media', issues: [{ path: ['base64Array', 1] }] });
    }
    for (const body of [undefined, null, 'x', { base64Array: URLS, prompt: 1n }]) {
      expect(await errorOf(blend(body))).toMatchObject({ code: 'invalid_request' });
    }
    expect(at.requests).toEqual([]);
    await ima.midjourney.blend({ base64Array: five.slice(0, 5) });
    expect(at.bodies).toHaveLength(1);
  });

  test('is checked as far as it should be, by call or by client', async () => {
    const at = await gateway(server);
    const one = { base64Array: URLS.slice(1) };
    await clientFor(at.url, { validate: 'off' }).ima.midjourney.blend(one);
    await clientFor(at.url).ima.midjourney.blend(one, { validate: 'off' });
    expect(at.bodies).toEqual([one, one]);
    const { ima } = clientFor(at.url, { validate: 'off' });
    expect(await errorOf(ima.midjourney.blend(one, { validate: 'full' }))).toBeInstanceOf(InvalidRequestError);
    expect(await errorOf(ima.midjourney.blend(one, { validate: 'of' } as object))).toBeInstanceOf(ConfigError);
    expect(at.bodies).toHaveLength(2);
  });

  test('with `hostFile` local pictures become URLs', async () => {
    const at = await gateway(server);
    const hosted: string[] = [];
    const { ima } = clientFor(at.url, {
      hostFile: (file, { model, field }) => {
        hosted.push(`${model} ${field} ${file.type}`);
        return `https://bucket.example/${hosted.length}.png`;
      },
    });
    await ima.midjourney.blend({ base64Array: [join(folder, 'a.png'), URLS[1] ?? ''] });
    expect(hosted).toEqual(['mj_blend base64Array.0 image/png']);
    expect(at.bodies).toEqual([{ base64Array: ['https://bucket.example/1.png', URLS[1]] }]);
  });

  test('an equal one that is pending is attached to, in any order of fields; other pictures are another purchase', async () => {
    const mock = await mockWith({ speed: 1 });
    const { ima } = clientFor(mock.url);
    const options = { dedupe: 'attach' } as const;
    const first = await ima.midjourney.blend({ base64Array: URLS, prompt: 'x' }, options);
    const same = await ima.midjourney.blend({ prompt: 'x', base64Array: [...URLS] }, options);
    expect([same.id, same.traceId]).toEqual([first.id, first.traceId]);
    const others: [BlendBody, object][] = [
      [{ base64Array: URLS.toReversed(), prompt: 'x' }, {}],
      [{ base64Array: URLS }, {}],
      [{ base64Array: URLS, prompt: 'x' }, { youchuanSetting: '{"speed":"fast"}' }],
    ];
    for (const [body, more] of others) {
      expect((await ima.midjourney.blend(body, { ...options, ...more })).id).not.toBe(first.id);
    }
    expect(mock.ledger.submits).toHaveLength(1 + others.length);
  });

  test('a full queue is waited out, an answer that never came is not repeated', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    mock.fault({ on: 'submit', act: 'answer', status: 200, body: { code: 23, description: '队列已满，请稍后尝试' } });
    await ima.midjourney.blend({ base64Array: URLS });
    mock.fault({ on: 'submit', act: 'reset-after' });
    expect(await errorOf(ima.midjourney.blend({ base64Array: URLS }))).toMatchObject({ code: 'submit_unknown' });
    expect(mock.ledger.submits.map((one) => one.paid)).toEqual([false, true, true]);
  });
});

describe('blend with dimensions', () => {
  test('goes to imagine as mj_blend, and takes data URLs, paths and bytes', async () => {
    const at = await gateway(server);
    const { ima } = clientFor(at.url);
    const base64Array = [png, join(folder, 'a.png'), await readFile(picture), URLS[0] ?? ''];
    const task = await ima.midjourney.blend({ base64Array, dimensions: 'SQUARE' });
    expect(task.model).toBe('mj_blend');
    expect(at.requests[0]?.url).toBe('/mj/submit/imagine');
    expect(at.bodies).toEqual([{ model: 'mj_blend', base64Array: [png, png, png, URLS[0]], dimensions: 'SQUARE' }]);
  });

  test('the mock takes it too, and wrong numbers are refused before', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    const task = await ima.midjourney.blend({ base64Array: [png, png], dimensions: 'PORTRAIT' });
    expect((await task.result()).outputs).toHaveLength(4);
    for (const base64Array of [[], [png], Array<string>(6).fill(png)]) {
      const error = await errorOf(ima.midjourney.blend({ base64Array, dimensions: 'PORTRAIT' }));
      expect(error).toMatchObject({ code: 'invalid_request', issues: [{ rule: 'midjourney.blend-images' }] });
    }
    const odd = { base64Array: [png, png], dimensions: 'ROUND' } as unknown as BlendBody;
    expect(await errorOf(ima.midjourney.blend(odd))).toMatchObject({ param: 'dimensions' });
    expect(mock.ledger.submits).toHaveLength(1);
  });
});
