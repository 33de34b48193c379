// From words to four pictures and on by their buttons: named in every way, built on every kind of parent, refused before sending.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buttonNamed, modelOf } from '../../src/gateways/ima-router/midjourney-buttons.js';
import {
  ConfigError,
  type ImaRouter,
  InvalidRequestError,
  type MidjourneyParent,
  TaskNotFoundError,
} from '../../src/index.js';
import { gateways, posts } from '../lifecycle/support.js';
import { clientFor } from '../support/client.js';
import { errorOf } from '../support/error-of.js';
import { json } from '../support/server.js';
import { button, finished, gateway, grid, PROMPT } from './support.js';

const { mockWith, server } = gateways();

describe('a button of a finished grid', () => {
  test('imagine gives four pictures, and what can be done with them', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    const task = await ima.midjourney.imagine({ prompt: 'a fox --ar 16:9', botType: 'NIJI_JOURNEY' });
    expect(task.model).toBe('mj_imagine');
    expect(ima.midjourney.buttons(task)).toEqual([]);
    const pictures = await task.result();
    expect(pictures.outputs.map(({ kind }) => kind)).toEqual(['image', 'image', 'image', 'image']);
    expect(new Set(pictures.outputs.map(({ url }) => url)).size).toBe(4);
    const labels = ima.midjourney.buttons(pictures).map(({ label }) => label);
    expect(labels).toEqual(expect.arrayContaining(['U1', 'V4', 'Vary (Subtle)', 'Pan left', 'Remix']));
    expect(ima.midjourney.buttons(task)).toEqual(ima.midjourney.buttons(pictures));
  });

  test('is found by label, by words, by id, and as it came', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    const { pictures } = await grid(ima);
    const second = ima.midjourney.buttons(pictures).find(({ label }) => label === 'U2');
    if (second === undefined) throw new Error('no U2');
    const ways = ['U2', ' u2 ', 'upscale 2', 'Upscale #2', second.customId, second, { ...second, emoji: '' }];
    for (const way of ways) {
      const upscaled = await ima.midjourney.change(pictures, way);
      expect(upscaled.model).toBe('mj_upscale');
      expect((await upscaled.result()).outputs).toHaveLength(1);
    }
    // The mock takes nothing but the buttons of the parent.
    expect(mock.ledger.submits.map(({ model, paid }) => [model, paid])).toEqual([
      ['mj_imagine', true],
      ...ways.map(() => ['mj_upscale', true]),
    ]);
  });

  test.each([
    ['V3', 'mj_variation'],
    ['vary 3', 'mj_variation'],
    ['Vary (Subtle)', 'mj_low_variation'],
    ['subtle', 'mj_low_variation'],
    ['vary strong', 'mj_high_variation'],
    ['reroll', 'mj_reroll'],
    ['🔄', 'mj_reroll'],
    ['Zoom Out 2x', 'mj_zoom'],
    ['zoom 2', 'mj_zoom'],
    ['pan left', 'mj_pan'],
    ['Pan_Down', 'mj_pan'],
    ['custom zoom', 'mj_custom_zoom'],
  ])('%s is %s', async (name, model) => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    const { task } = await grid(ima);
    const next = await ima.midjourney.change(task, name, model === 'mj_custom_zoom' ? { prompt: '--zoom 1.5' } : {});
    expect(next.model).toBe(model);
    expect(mock.ledger.submits.at(-1)).toMatchObject({ model, path: '/mj/submit/change', paid: true, taskId: next.id });
  });

  test('sends exactly what was asked for', async () => {
    const at = await gateway(server);
    const { ima } = clientFor(at.url);
    const buttons = [button('MJ::CustomZoom::1::abc', 'Custom Zoom', '🔍')];
    const parent = { id: '1700000000009', raw: finished('1700000000009', buttons) };
    await ima.midjourney.change(parent, 'Custom Zoom', { prompt: '--ar 16:9 --zoom 1.5', state: 'mine' });
    await ima.midjourney.change(parent, 'Custom Zoom', { model: 'mj_zoom' });
    const body = { taskId: '1700000000009', customId: 'MJ::CustomZoom::1::abc' };
    expect(at.bodies).toEqual([
      { model: 'mj_custom_zoom', ...body, prompt: '--ar 16:9 --zoom 1.5', state: 'mine' },
      { model: 'mj_zoom', ...body },
    ]);
    expect(at.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'POST /mj/submit/change',
      'POST /mj/submit/change',
    ]);
  });
});

describe('a parent', () => {
  test('may be a task, a state, a result, its JSON, an id, here and in another client', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    const { task, pictures } = await grid(ima);
    const elsewhere = clientFor(mock.url).ima;
    const again = elsewhere.task(JSON.parse(JSON.stringify(task)));
    const ways: [ImaRouter, MidjourneyParent, polls: number][] = [
      [ima, task, 0],
      [ima, task.state, 0],
      [ima, pictures, 0],
      [elsewhere, JSON.parse(JSON.stringify(pictures)), 0],
      // These know no buttons yet: the gateway is asked, once.
      [elsewhere, again, 1],
      [elsewhere, again, 0],
      [elsewhere, task.toJSON(), 1],
      [elsewhere, task.id, 1],
    ];
    for (const [client, parent, polls] of ways) {
      const before = mock.ledger.polls.length;
      const next = await client.midjourney.change(parent, 'U1');
      expect(mock.ledger.polls.length - before).toBe(polls);
      expect(next.model).toBe('mj_upscale');
    }
    // An id of a button is passed on as it is, the gateway knows best.
    const [{ customId = '' } = {}] = ima.midjourney.buttons(pictures);
    const before = mock.ledger.polls.length;
    expect((await elsewhere.midjourney.change(task.id, customId)).model).toBe('mj_upscale');
    expect(mock.ledger.polls.length).toBe(before);
  });

  test('that offers no such button is told with all that it offers, and nothing is sent', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    const { task } = await grid(ima);
    for (const wanted of ['U5', 'upscale 5', 'upscale 0', 'make it better', 'MJ::JOB::upsample::1::other', '.*', 'U']) {
      const error = await errorOf(ima.midjourney.change(task, wanted));
      expect(error).toBeInstanceOf(InvalidRequestError);
      expect(error).toMatchObject({ code: 'no_such_button', phase: 'validate', mayBeBilled: false, taskId: task.id });
      expect(error.message).toContain(JSON.stringify(wanted));
      expect(error.hint).toMatch(/^It has: U1, U2, U3, U4, V1, .*Pan down, Remix\.$/);
    }
    expect(mock.ledger.submits).toHaveLength(1);
  });

  test('that has not finished is not built on', async () => {
    const mock = await mockWith({ speed: 1 });
    const { ima } = clientFor(mock.url);
    const task = await ima.midjourney.imagine(PROMPT);
    for (const parent of [task, task.id, task.toJSON()]) {
      const error = await errorOf(ima.midjourney.change(parent, 'U1'));
      expect(error).toMatchObject({
        code: 'parent_unfinished',
        mayBeBilled: false,
        hint: 'Wait for its `result()` first.',
      });
      expect(error.message).toMatch(/offers no buttons yet \((queued|running)\)/);
    }
    expect(mock.ledger.submits).toHaveLength(1);
  });

  test('that has failed, or has succeeded without buttons, is told apart from one that has not finished', async () => {
    const mock = await mockWith({ outcome: () => 'failed' });
    const { ima } = clientFor(mock.url);
    const task = await ima.midjourney.imagine(PROMPT);
    await errorOf(task.result());
    for (const parent of [task, task.id]) {
      expect(await errorOf(ima.midjourney.change(parent, 'U1'))).toMatchObject({
        code: 'parent_failed',
        message: expect.stringContaining('it has failed'),
      });
    }
    expect(mock.ledger.submits).toHaveLength(1);
    const odd: unknown[] = [
      null,
      undefined,
      'U1',
      {},
      [],
      [null, 1, 'U1', {}, { label: 'U1' }, { customId: '' }, { customId: {} }],
    ];
    for (const buttons of odd) {
      const at = await gateway(server, { state: (id) => finished(id, buttons) });
      const other = clientFor(at.url).ima;
      for (const parent of ['17', { id: '17', raw: finished('17', buttons) }, { id: '17', raw: null }, { id: '17' }]) {
        expect(await errorOf(other.midjourney.change(parent, 'U1'))).toMatchObject({ code: 'no_such_button' });
      }
      expect(posts(at)).toEqual([]);
    }
    const cancelled = await gateway(server, { state: (id) => ({ id, status: 'CANCEL', buttons: null }) });
    expect(await errorOf(clientFor(cancelled.url).ima.midjourney.change('17', 'U1'))).toMatchObject({
      code: 'parent_failed',
      message: expect.stringContaining('been cancelled'),
    });
  });

  test('that the gateway does not know, or that nobody could, is told as such', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    expect(await errorOf(ima.midjourney.change('17', 'U1'))).toBeInstanceOf(TaskNotFoundError);
    const refused = await errorOf(ima.midjourney.change('17', 'MJ::JOB::upsample::1::abc'));
    expect(refused).toBeInstanceOf(TaskNotFoundError);
    expect(refused).toMatchObject({ phase: 'submit', mayBeBilled: false });
    const nobody: unknown[] = ['', 'a b', '../x', null, undefined, 1, {}, { id: 1 }];
    for (const parent of nobody) {
      const change = ima.midjourney.change.bind(ima.midjourney) as (
        parent: unknown,
        button: unknown,
      ) => Promise<unknown>;
      expect(await errorOf(change(parent, 'U1'))).toBeInstanceOf(ConfigError);
    }
    for (const wanted of ['', ' ', null, undefined, 7, {}, { label: 'U1' }]) {
      const change = ima.midjourney.change.bind(ima.midjourney) as (
        parent: unknown,
        button: unknown,
      ) => Promise<unknown>;
      expect(await errorOf(change('17', wanted))).toMatchObject({ code: 'bad_option', param: 'button' });
    }
    expect(await errorOf(ima.midjourney.change('17', 'U1', { modal: 'mj_zoom' } as object))).toBeInstanceOf(
      ConfigError,
    );
  });

  test('whose state cannot be read now is not built on, and asked for once', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    const { task } = await grid(ima);
    mock.fault({ on: 'poll', act: 'answer', status: 500 });
    expect(await errorOf(ima.midjourney.change(task.id, 'U1'))).toMatchObject({ phase: 'poll', retryable: true });
    const stop = new AbortController();
    stop.abort();
    expect((await errorOf(ima.midjourney.change(task.id, 'U1', { signal: stop.signal }))).name).toBe('AbortError');
    expect(mock.ledger.submits).toHaveLength(1);
  });
});

describe('a button that opens a window', () => {
  test('is told with the call that answers it', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    const { task, pictures } = await grid(ima);
    const remix = ima.midjourney.buttons(pictures).find(({ label }) => label === 'Remix');
    const error = await errorOf(ima.midjourney.change(task, 'remix'));
    expect(error).toMatchObject({ code: 'needs_modal', mayBeBilled: false });
    expect(error.message).toContain('"Remix" opens a window');
    expect(error.hint).toContain(`ima.midjourney.modal(parent, { customId: '${remix?.customId}'`);
    expect(mock.ledger.submits).toHaveLength(1);
    const next = await ima.midjourney.modal(task, { customId: remix?.customId ?? '', prompt: 'a wolf' });
    expect((await next.result()).outputs).not.toHaveLength(0);
  });

  test('one that nobody knows asks for the action, and goes by it', async () => {
    const at = await gateway(server);
    const { ima } = clientFor(at.url);
    const parent = { id: '17', raw: finished('17', [button('MJ::JOB::animate_high::1::abc', '', '🎞️')]) };
    expect(await errorOf(ima.midjourney.change(parent, '🎞'))).toMatchObject({ code: 'unknown_button' });
    expect(at.bodies).toEqual([]);
    await ima.midjourney.change(parent, '🎞', { model: 'mj_variation' });
    expect(at.bodies).toEqual([{ model: 'mj_variation', taskId: '17', customId: 'MJ::JOB::animate_high::1::abc' }]);
  });
});

describe('a verb', () => {
  test('buys nothing but its own: another model is refused before anything is sent', async () => {
    const at = await gateway(server);
    const { midjourney } = clientFor(at.url).ima;
    const verbs: Record<'imagine' | 'blend' | 'change' | 'modal', (...args: unknown[]) => Promise<unknown>> = {
      imagine: midjourney.imagine.bind(midjourney) as (...args: unknown[]) => Promise<unknown>,
      blend: midjourney.blend.bind(midjourney) as (...args: unknown[]) => Promise<unknown>,
      change: midjourney.change.bind(midjourney) as (...args: unknown[]) => Promise<unknown>,
      modal: midjourney.modal.bind(midjourney) as (...args: unknown[]) => Promise<unknown>,
    };
    const base64Array = ['https://a.example/1.png', 'https://a.example/2.png'];
    const customId = 'MJ::RemixModal::a';
    const parent = { id: '17', raw: finished('17', [button('MJ::JOB::upsample::1::a', 'U1')]) };
    // As data that writes itself, a body could name its model past any look at its fields.
    const sly = { ...PROMPT, toJSON: () => ({ model: 'kling-v3-video', ...PROMPT }) };
    const orders: [verb: keyof typeof verbs, args: unknown[], code: string][] = [
      ['imagine', [{ model: 'kling-v3-video', ...PROMPT }], 'wrong_model'],
      ['imagine', [{ model: 'mj_blend', base64Array, dimensions: 'SQUARE' }], 'wrong_model'],
      ['imagine', [{ model: null, ...PROMPT }], 'wrong_model'],
      ['imagine', [sly], 'wrong_endpoint'],
      ['blend', [{ model: 'mj_imagine', base64Array, dimensions: 'SQUARE', ...PROMPT }], 'wrong_model'],
      ['blend', [{ model: 'mj_imagine', base64Array }], 'wrong_model'],
      ['modal', ['17', { model: 'mj_imagine', customId, ...PROMPT }], 'wrong_model'],
      ['change', [parent, 'U1', { model: 'kling-v3-video', ...PROMPT }], 'wrong_endpoint'],
      ['change', [parent, 'U1', { model: 'mj_imagine', ...PROMPT }], 'wrong_endpoint'],
    ];
    for (const [verb, args, code] of orders) {
      for (const validate of ['full', 'off']) {
        const options = verb === 'change' ? [] : [{ validate }];
        const error = await errorOf(verbs[verb](...args, ...options));
        expect(error).toBeInstanceOf(InvalidRequestError);
        expect(error).toMatchObject({ code, mayBeBilled: false });
      }
    }
    expect(at.requests).toEqual([]);
    // Its own may be named.
    await midjourney.imagine({ model: 'mj_imagine', ...PROMPT });
    await verbs.modal('17', { model: 'mj_remix', customId, ...PROMPT });
    expect(at.requests.map(({ url }) => url)).toEqual(['/mj/submit/imagine', '/mj/submit/modal']);
  });

  test('is gone where the live index has no such model, at both paths of blend', async () => {
    const models = [{ modelId: 'x', endpoints: [{ method: 'POST', path: '/v1/videos' }] }];
    const at = await server((_, response) => json(response, { models }));
    const { ima } = clientFor(at.url);
    await ima.models.refresh();
    const base64Array = ['https://a.example/1.png', 'https://a.example/2.png'];
    const steps = [
      () => ima.midjourney.imagine(PROMPT),
      () => ima.midjourney.blend({ base64Array }),
      () => ima.midjourney.blend({ base64Array, dimensions: 'SQUARE' }),
    ];
    for (const step of steps) expect(await errorOf(step())).toMatchObject({ code: 'unknown_model' });
    expect(posts(at)).toEqual([]);
  });
});

describe('names of buttons', () => {
  const named = (wanted: string, ...buttons: ReturnType<typeof button>[]) =>
    buttonNamed(wanted, buttons, '17').customId;

  test('an emoji counts with or without its mark; one that several show is asked about', () => {
    const left = button('MJ::JOB::pan_left::1::abc', '', '⬅\u{FE0F}');
    const zooms = [
      button('MJ::Outpaint::50::1::abc', 'Zoom Out 2x', '🔍'),
      button('MJ::Outpaint::75::1::abc', 'Zoom Out 1.5x', '🔍'),
    ];
    expect(named('⬅', left, ...zooms)).toBe(left.customId);
    expect(named('⬅\u{FE0F}', left, ...zooms)).toBe(left.customId);
    expect(named('zoom out 1.5x', left, ...zooms)).toBe('MJ::Outpaint::75::1::abc');
    expect(() => named('🔍', left, ...zooms)).toThrow('"🔍" fits several buttons of task 17: nothing was sent.');
    try {
      named('🔍', left, ...zooms);
    } catch (error) {
      expect(error).toMatchObject({
        code: 'ambiguous_button',
        hint: 'Say which one by its customId: MJ::Outpaint::50::1::abc, MJ::Outpaint::75::1::abc.',
      });
    }
    // The same button twice is one.
    expect(named('⬅', left, left)).toBe(left.customId);
  });

  test('a side is the one that was named', () => {
    const sides = ['left', 'right', 'up', 'down'].map((side) => button(`MJ::JOB::pan_${side}::1::abc`));
    for (const [at, name] of ['pan left', 'Pan Right', 'pan_up', 'PAN DOWN'].entries()) {
      expect(named(name, ...sides)).toBe(sides[at]?.customId);
    }
  });

  test('an upscaled picture has other upscales than a grid', () => {
    const upscaled = [
      button('MJ::JOB::upsample_v6_2x_subtle::1::abc::SOLO', 'Upscale (Subtle)'),
      button('MJ::JOB::upsample_v6_2x_creative::1::abc::SOLO', '', '🎨'),
    ];
    expect(named('upscale subtle', ...upscaled)).toBe(upscaled[0]?.customId);
    expect(named('upscale (creative)', ...upscaled)).toBe(upscaled[1]?.customId);
    expect(() => named('upscale 1', ...upscaled)).toThrow('has no button');
    for (const { customId } of upscaled) expect(modelOf({ customId, label: '' })).toBe('mj_upscale');
  });

  test('numbers beyond four are told apart', () => {
    const many = [1, 2, 11, 12].map((n) => button(`MJ::JOB::upsample::${n}::abc`, n > 10 ? `U${n}` : ''));
    for (const n of [1, 2, 11, 12]) expect(named(`upscale ${n}`, ...many)).toBe(`MJ::JOB::upsample::${n}::abc`);
    expect(named('U12', ...many)).toBe('MJ::JOB::upsample::12::abc');
    expect(() => named('upscale 111', ...many)).toThrow('has no button');
  });

  test('any label finds its own button, whatever stands in it; any other text finds none', () => {
    const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter((text) => text.trim() !== '');
    const special = fc.stringMatching(/^[.*+?^${}()|[\]\\#$&]{1,6}$/);
    fc.assert(
      fc.property(fc.uniqueArray(fc.oneof(word, special), { minLength: 2, maxLength: 6, selector: fold }), (labels) => {
        const all = labels.map((label, at) => button(`MJ::X::${at}`, label));
        const [stranger = ''] = labels;
        for (const [at, label] of labels.entries()) expect(named(label, ...all)).toBe(`MJ::X::${at}`);
        expect(() => named(stranger, ...all.slice(1))).toThrow('has no button');
      }),
    );
  });
});

const fold = (text: string) => text.replaceAll('\u{FE0F}', '').trim().toLowerCase();
