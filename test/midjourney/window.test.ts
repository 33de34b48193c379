// A window is a state and not a hang: a step that waits for its caller says so, is answered under its id, and is one purchase.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ConfigError,
  type ImaRouter,
  InvalidRequestError,
  MemoryJournal,
  type Task,
  TaskNeedsInputError,
} from '../../src/index.js';
import { all, gateways, posts } from '../lifecycle/support.js';
import { clientFor } from '../support/client.js';
import { errorOf } from '../support/error-of.js';
import { button, finished, gateway, grid, taken } from './support.js';

const { mockWith, server } = gateways();

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ima-window-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The mock opens a window for a custom zoom without words; the document wants words, so that this goes past its rule. */
const PAST_RULES = { validate: 'schema' } as const;

async function atWindow(ima: ImaRouter): Promise<{ picture: Task; zoom: Task; customId: string }> {
  const { task: picture, pictures } = await grid(ima);
  const zoom = await ima.midjourney.change(picture, 'Custom Zoom', PAST_RULES);
  const customId = ima.midjourney.buttons(pictures).find(({ label }) => label === 'Custom Zoom')?.customId;
  return { picture, zoom, customId: customId ?? '' };
}

const WORDS = { prompt: 'a fox --zoom 1.5' };

describe('a step that opens a window', () => {
  test('waits for its caller at once, without a call', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    const { zoom } = await atWindow(ima);
    const polls = mock.ledger.polls.length;
    expect(zoom.state).toMatchObject({
      status: 'queued',
      needs: 'modal',
      raw: { description: 'Waiting for window confirm' },
    });
    expect(mock.ledger.polls).toHaveLength(polls);
    expect(await ima.journal.list({ taskId: zoom.id })).toMatchObject([{ state: 'submitted' }]);
  });

  test('ends every wait with the call that answers it, and no wait hangs', async () => {
    const mock = await mockWith();
    const { ima, warnings } = clientFor(mock.url);
    const { zoom } = await atWindow(ima);
    const error = await errorOf(zoom.result());
    expect(mock.ledger.polls.some(({ taskId }) => taskId === zoom.id)).toBe(false);
    expect(error).toBeInstanceOf(TaskNeedsInputError);
    expect(error).toMatchObject({ code: 'task_needs_input', taskId: zoom.id, mayBeBilled: true });
    expect(error.hint).toContain(`ima.midjourney.modal('${zoom.id}', { customId, prompt })`);
    const states: string[] = [];
    for await (const { rawStatus, needs } of zoom.updates()) states.push(`${rawStatus} ${needs}`);
    expect(states).toEqual([' modal', 'MODAL modal']);
    // A handle that knows the id alone sees it too.
    expect(await errorOf(ima.task(zoom.toJSON()).result())).toMatchObject({ hint: error.hint });
    const asked = mock.ledger.polls.filter(({ taskId }) => taskId === zoom.id).length;
    expect(asked).toBe(2);
    expect(warnings).toEqual([]);
  });

  test('goes on under its id when it is answered, and the old handle sees it', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    const { picture, zoom, customId } = await atWindow(ima);
    const answered = await ima.midjourney.modal(zoom, { customId, ...WORDS });
    expect(answered.id).toBe(zoom.id);
    expect(answered.state.needs).toBeUndefined();
    expect((await zoom.result()).outputs).not.toHaveLength(0);
    expect((await answered.result()).outputs).not.toHaveLength(0);
    expect(zoom.state.needs).toBeUndefined();
    // One task, one record: what it builds on is the picture, and not itself.
    const records = await ima.journal.list({ taskId: zoom.id });
    expect(records).toMatchObject([{ state: 'succeeded', ancestry: [picture.id], request: { customId, ...WORDS } }]);
    expect(await ima.journal.list()).toHaveLength(2);
  });

  test('a wait that began before the answer is over; one that begins after it waits for the end', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    const { zoom, customId } = await atWindow(ima);
    await errorOf(zoom.result());
    await ima.midjourney.modal(zoom.id, { customId, ...WORDS });
    const states: string[] = [];
    for await (const { status } of zoom.updates()) states.push(status);
    expect(states.at(-1)).toBe('succeeded');
  });

  test('trouble on the way to the first look is waited out', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    const { zoom, customId } = await atWindow(ima);
    await ima.midjourney.modal(zoom, { customId, ...WORDS });
    mock.fault({ on: 'poll', act: 'answer', status: 502, body: '<html>', times: 2 });
    expect((await zoom.result()).outputs).not.toHaveLength(0);
  });

  test('its button need not be named where the journal knows it', async () => {
    const mock = await mockWith();
    const journal = join(folder, 'known');
    const { zoom, customId } = await atWindow(clientFor(mock.url, { journal }).ima);
    const later = clientFor(mock.url, { journal }).ima;
    const json: unknown = JSON.parse(JSON.stringify(zoom));
    const answered = await later.midjourney.modal(later.task(zoom.toJSON()), WORDS);
    expect(answered.id).toBe(zoom.id);
    expect((await later.journal.list({ taskId: zoom.id }))[0]?.request).toMatchObject({ customId, ...WORDS });
    // Once it is answered it waits no more, and what it was made with says nothing.
    await answered.result();
    expect(await errorOf(later.midjourney.modal(answered, WORDS))).toMatchObject({
      code: 'bad_option',
      param: 'customId',
    });
    expect(json).toMatchObject({ id: zoom.id });
    // A client that knows nothing of it must be told.
    const stranger = clientFor(mock.url).ima;
    expect(await errorOf(stranger.midjourney.modal({ id: zoom.id, needs: 'modal' }, WORDS))).toBeInstanceOf(
      ConfigError,
    );
  });

  test('a gateway that is slow to hear of the answer holds nobody up: its old word is waited out', async () => {
    let answered = 0;
    const at = await gateway(server, {
      submit: (nth) => (nth === 1 ? taken('17', 21, '等待窗口确认') : taken('17')),
      state: (id) => (answered++ < 3 ? { id, status: 'MODAL', progress: '0%' } : finished(id, [])),
    });
    const { ima } = clientFor(at.url);
    const parent = { id: '16', raw: finished('16', [button('MJ::CustomZoom::1::a', 'Custom Zoom')]) };
    const zoom = await ima.midjourney.change(parent, 'Custom Zoom', PAST_RULES);
    expect(zoom.state.needs).toBe('modal');
    const fresh = await ima.midjourney.modal(zoom.id, { customId: 'MJ::CustomZoom::1::a', ...WORDS });
    const known = ima.task(zoom.toJSON());
    const ends = await Promise.all([zoom, fresh, known].map(async (handle) => (await handle.result()).outputs.length));
    expect(ends).toEqual([1, 1, 1]);
    expect(answered).toBeGreaterThan(3);
  });

  test('one that opens another window by its answer waits again, at once', async () => {
    const at = await gateway(server, {
      submit: () => taken('17', 21, 'Waiting for window confirm'),
      state: (id) => ({ id, status: 'MODAL', progress: '0%' }),
    });
    const { ima } = clientFor(at.url);
    const customId = 'MJ::RemixModal::a';
    const task = await ima.midjourney.modal('16', { customId, ...WORDS });
    expect(task.state.needs).toBe('modal');
    expect(await errorOf(task.result())).toBeInstanceOf(TaskNeedsInputError);
    expect(await errorOf(task.result())).toBeInstanceOf(TaskNeedsInputError);
    expect(at.requests.map(({ method }) => method)).toEqual(['POST', 'GET']);
  });

  test('words that speak of no window leave it to the status', async () => {
    const at = await gateway(server, {
      submit: () => taken('17', 21, 'task exists'),
      state: (id, nth) => (nth === 1 ? { id, status: 'MODAL', progress: '0%' } : finished(id, [])),
    });
    const task = await clientFor(at.url).ima.midjourney.imagine({ prompt: 'x' });
    expect(task.state.needs).toBeUndefined();
    expect(await errorOf(task.result())).toBeInstanceOf(TaskNeedsInputError);
    expect((await task.result()).outputs).toHaveLength(1);
  });
});

describe('who comes later', () => {
  test('resume gives the task that waits, once, also after it was answered; a wait ends with the same hint', async () => {
    const mock = await mockWith();
    const journal = join(folder, 'resume');
    const { zoom, customId } = await atWindow(clientFor(mock.url, { journal }).ima);
    const second = clientFor(mock.url, { journal }).ima;
    const [resumed, ...others] = await second.resume();
    expect([resumed?.id, others.length]).toEqual([zoom.id, 0]);
    const error = await errorOf(resumed?.result() ?? Promise.resolve());
    expect(error).toBeInstanceOf(TaskNeedsInputError);
    expect(error.hint).toContain('ima.midjourney.modal');
    await second.midjourney.modal(zoom.id, { customId, ...WORDS });
    const third = clientFor(mock.url, { journal }).ima;
    const pending = await third.resume();
    expect(pending.map(({ id }) => id)).toEqual([zoom.id]);
    expect((await pending[0]?.result())?.outputs).not.toHaveLength(0);
    expect(await third.resume()).toEqual([]);
    expect((await third.journal.list()).map(({ state }) => state)).toEqual(['succeeded', 'succeeded']);
  });

  test('an end that is noted while the answer comes in is the last word: nothing is pending again', async () => {
    const at = await gateway(server, {
      submit: (nth) => (nth === 1 ? taken('17', 21, 'Waiting for window confirm') : taken('17')),
    });
    const journal = new MemoryJournal();
    let ended = (): void => {};
    const end = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const { ima } = clientFor(at.url, {
      journal: {
        ...{ get: (key) => journal.get(key), list: (filter) => journal.list(filter) },
        put: async (record) => {
          await journal.put(record);
          if (record.state === 'succeeded') ended();
        },
        // The intent of the answer is taken back when the task has ended.
        delete: async (key) => {
          await end;
          await journal.delete(key);
        },
      },
    });
    const customId = 'MJ::CustomZoom::1::a';
    const parent = { id: '16', raw: finished('16', [button(customId, 'Custom Zoom')]) };
    const zoom = await ima.midjourney.change(parent, 'Custom Zoom', PAST_RULES);
    const answering = ima.midjourney.modal(zoom, { customId, ...WORDS });
    // The answer has gone out; the task ends before the record of it is made.
    await expect.poll(() => at.bodies.length).toBe(2);
    expect((await ima.task(zoom.toJSON()).result()).outputs).toHaveLength(1);
    expect((await answering).id).toBe('17');
    expect(await journal.list()).toMatchObject([
      { key: zoom.toJSON().key, state: 'succeeded', taskId: '17', outputs: 1, request: { customId, ...WORDS } },
    ]);
    expect(await ima.resume()).toEqual([]);
  });

  test('a second answer to a finished task leaves its end where it is', async () => {
    const at = await gateway(server, {
      submit: (nth) => (nth === 1 ? taken('17', 21, 'Waiting for window confirm') : taken('17')),
    });
    const { ima } = clientFor(at.url);
    const customId = 'MJ::CustomZoom::1::a';
    const parent = { id: '16', raw: finished('16', [button(customId, 'Custom Zoom')]) };
    const zoom = await ima.midjourney.change(parent, 'Custom Zoom', PAST_RULES);
    await (await ima.midjourney.modal(zoom, { customId, ...WORDS })).result();
    const again = await ima.midjourney.modal(zoom.id, { customId, prompt: 'a wolf --zoom 2' });
    expect(again.toJSON().key).toBe(zoom.toJSON().key);
    expect(await ima.journal.list()).toMatchObject([{ state: 'succeeded', outputs: 1, taskId: '17' }]);
    expect(await ima.resume()).toEqual([]);
  });

  test('an equal answer to the window attaches to the one that is pending', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url, { poll: { minMs: 3000, maxMs: 3000 } });
    const fast = clientFor(mock.url, { journal: ima.journal }).ima;
    const { zoom, customId } = await atWindow(fast);
    const first = await ima.midjourney.modal(zoom.id, { customId, ...WORDS }, { dedupe: 'attach' });
    const submits = mock.ledger.submits.length;
    const second = await ima.midjourney.modal(zoom.id, { customId, ...WORDS }, { dedupe: 'attach' });
    expect([second.id, second.traceId]).toEqual([first.id, first.traceId]);
    expect(mock.ledger.submits).toHaveLength(submits);
  });

  test('a batch tells it of its item, and finds the answered task when it runs again', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    const { pictures } = await grid(ima);
    const customId = ima.midjourney.buttons(pictures).find(({ label }) => label === 'Custom Zoom')?.customId ?? '';
    const requests = [{ model: 'mj_custom_zoom', taskId: pictures.id, customId }];
    const [waiting] = await all(ima.batch(requests, PAST_RULES));
    expect(waiting?.error).toBeInstanceOf(TaskNeedsInputError);
    const task = waiting?.task;
    if (task === undefined) throw new Error('no task');
    await ima.midjourney.modal(task, WORDS);
    const submits = mock.ledger.submits.length;
    const [done] = await all(ima.batch(requests, PAST_RULES));
    expect(done).toMatchObject({ continued: true, key: waiting?.key, result: { id: task.id } });
    expect(mock.ledger.submits).toHaveLength(submits);
    expect(await ima.journal.list({ taskId: task.id })).toMatchObject([{ key: waiting?.key, state: 'succeeded' }]);
  });

  test('a batch keeps a record of its own for a task that was there before it', async () => {
    const at = await gateway(server, { submit: (nth) => taken('17', nth === 1 ? 1 : 21, 'task exists') });
    const { ima } = clientFor(at.url);
    await ima.midjourney.imagine({ prompt: 'a fox' });
    const requests = [{ model: 'mj_imagine', prompt: 'a fox' }];
    const [first] = await all(ima.batch(requests));
    expect(first).toMatchObject({ continued: false, result: { id: '17' } });
    const [again] = await all(ima.batch(requests));
    expect(again).toMatchObject({ continued: true, key: first?.key, result: { id: '17' } });
    expect(at.bodies).toHaveLength(2);
  });

  test('who does not know the task that waits has it as the first of its line, and not as its own parent', async () => {
    const mock = await mockWith();
    const { zoom, customId } = await atWindow(clientFor(mock.url).ima);
    const stranger = clientFor(mock.url).ima;
    const answered = await stranger.midjourney.modal(zoom.id, { customId, ...WORDS });
    expect(answered.id).toBe(zoom.id);
    expect(await stranger.journal.list()).toMatchObject([{ taskId: zoom.id, state: 'submitted', ancestry: [] }]);
  });

  test('an answer of unknown fate is written down beside the task that waits', async () => {
    const mock = await mockWith();
    const journal = new MemoryJournal();
    const { ima } = clientFor(mock.url, { journal });
    const { zoom, customId } = await atWindow(ima);
    mock.fault({ on: 'submit', act: 'reset-after' });
    const error = await errorOf(ima.midjourney.modal(zoom, { customId, ...WORDS }));
    expect(error).toMatchObject({ code: 'submit_unknown', mayBeBilled: true });
    const states = (await journal.list()).map(({ state, taskId }) => [state, taskId]);
    expect(states).toContainEqual(['submitted', zoom.id]);
    expect(states).toContainEqual(['unknown', undefined]);
    // It was taken: the task tells.
    expect((await zoom.result()).outputs).not.toHaveLength(0);
  });

  test('an answer that is refused leaves the window open', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    const { zoom, customId } = await atWindow(ima);
    const body = { code: 24, description: '可能包含敏感词' };
    mock.fault({ on: 'submit', act: 'answer', status: 200, body });
    expect(await errorOf(ima.midjourney.modal(zoom, { customId, prompt: 'nude' }))).toMatchObject({
      code: 'request_refused',
    });
    expect(await errorOf(zoom.result())).toBeInstanceOf(TaskNeedsInputError);
    expect(await ima.journal.list({ taskId: zoom.id })).toMatchObject([{ state: 'submitted' }]);
    await ima.midjourney.modal(zoom, WORDS);
    await zoom.result();
  });

  test('a button cannot be pressed on what waits', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    const { zoom } = await atWindow(ima);
    const error = await errorOf(ima.midjourney.change(zoom, 'U1'));
    expect(error).toMatchObject({ code: 'parent_unfinished', message: expect.stringContaining('waits at a window') });
    expect(error.hint).toContain(`ima.midjourney.modal('${zoom.id}'`);
  });
});

describe('modal', () => {
  test('takes the button of a finished picture by its label, and makes a new task of it', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    const { task, pictures } = await grid(ima);
    for (const parent of [task, pictures, task.toJSON()]) {
      const remixed = await ima.midjourney.modal(parent, { customId: 'Remix', prompt: 'a wolf' });
      expect(remixed.id).not.toBe(task.id);
      expect(await ima.journal.list({ taskId: remixed.id })).toMatchObject([
        { ancestry: [task.id], model: 'mj_remix' },
      ]);
      await remixed.result();
    }
    const remixed = await ima.midjourney.modal(task.id, { customId: 'remix', prompt: 'a wolf' });
    expect((await remixed.result()).outputs).not.toHaveLength(0);
    expect(await errorOf(ima.midjourney.modal(task, { customId: 'Inpaint', prompt: 'x' }))).toMatchObject({
      code: 'no_such_button',
    });
  });

  test('sends words and mask as the document has them; bytes become a data URL', async () => {
    const at = await gateway(server);
    const { ima } = clientFor(at.url);
    const customId = 'MJ::Inpaint::1::abc::SOLO';
    const parent = { id: '17', raw: finished('17', [button(customId, 'Vary (Region)', '🖌️')]) };
    const png = (await readFile(new URL('../../src/mock/media/picture.png', import.meta.url))).toString('base64');
    await ima.midjourney.modal(parent, { customId: 'Vary (Region)', prompt: 'a hat', maskBase64: png, state: 's' });
    await ima.midjourney.modal(parent, { customId, prompt: 'a hat', maskBase64: `data:image/png;base64,${png}` });
    await ima.midjourney.modal(parent, { customId, prompt: 'a hat', maskBase64: Buffer.from(png, 'base64') });
    const body = { model: 'mj_remix', taskId: '17', customId, prompt: 'a hat' };
    expect(at.bodies).toEqual([
      { ...body, maskBase64: png, state: 's' },
      { ...body, maskBase64: `data:image/png;base64,${png}` },
      { ...body, maskBase64: `data:image/png;base64,${png}` },
    ]);
    expect(posts(at).every(({ url }) => url === '/mj/submit/modal')).toBe(true);
  });

  test('a button that opens no window is for `change`, by label, by words and by id', async () => {
    const at = await gateway(server, {
      state: (id) => finished(id, [button('MJ::JOB::upsample::1::a', 'U1'), button('MJ::JOB::reroll::0::a')]),
    });
    const { ima } = clientFor(at.url);
    const known = { id: '17', raw: finished('17', [button('MJ::JOB::upsample::1::a', 'U1')]) };
    for (const customId of ['U1', 'upscale 1', 'MJ::JOB::upsample::1::a']) {
      const before = at.requests.length;
      const errors = [await errorOf(ima.midjourney.modal(known, { customId, ...WORDS }))];
      // What stands under a finished picture needs no question.
      expect(at.requests).toHaveLength(before);
      errors.push(await errorOf(ima.midjourney.modal('17', { customId, ...WORDS })));
      for (const error of errors) {
        expect(error).toBeInstanceOf(InvalidRequestError);
        expect(error).toMatchObject({ code: 'needs_change', phase: 'validate', mayBeBilled: false });
        expect(error.hint).toContain("ima.midjourney.change(parent, 'MJ::JOB::upsample::1::a')");
      }
    }
    expect(at.bodies).toEqual([]);
    // A custom zoom is taken by both.
    const zoom = { id: '17', raw: finished('17', [button('MJ::CustomZoom::1::a', 'Custom Zoom')]) };
    await ima.midjourney.modal(zoom, { customId: 'Custom Zoom', ...WORDS });
    expect(at.bodies).toMatchObject([{ model: 'mj_remix', customId: 'MJ::CustomZoom::1::a' }]);
  });

  test('answers any button with which a task waits: where an account remixes, a variation opens a window', async () => {
    const at = await gateway(server, {
      submit: () => taken('17'),
      state: (id, nth) => (nth === 1 ? { id, status: 'MODAL', progress: '0%' } : finished(id, [])),
    });
    const customId = 'MJ::JOB::variation::3::a';
    // This client knows nothing of it, and asks once.
    const { ima } = clientFor(at.url);
    expect((await (await ima.midjourney.modal('17', { customId, ...WORDS })).result()).outputs).toHaveLength(1);
    // The journal of this one knows what was pressed.
    const other = clientFor(at.url).ima;
    const parent = { id: '16', raw: finished('16', [button(customId, 'V3')]) };
    await other.midjourney.change(parent, 'V3');
    const before = at.requests.length;
    await other.midjourney.modal('17', { customId, ...WORDS });
    expect(at.requests.slice(before).map(({ method }) => method)).toEqual(['POST']);
  });

  test('what cannot be is refused before it is sent', async () => {
    const at = await gateway(server);
    const { ima } = clientFor(at.url);
    const modal = ima.midjourney.modal.bind(ima.midjourney) as (...args: unknown[]) => Promise<unknown>;
    const customId = 'MJ::RemixModal::abc';
    expect(await errorOf(modal('17', { customId }))).toMatchObject({ code: 'invalid_request', param: 'prompt' });
    for (const body of [undefined, null, {}, { customId: ' ' }, { customId: 7 }]) {
      expect(await errorOf(modal('17', body))).toMatchObject({ code: 'bad_option', param: 'customId' });
    }
    expect(await errorOf(modal('17', { customId, prompt: 'x' }, { prompt: 'x' }))).toBeInstanceOf(ConfigError);
    expect(await errorOf(modal('17', { customId, prompt: 'x' }, null))).toBeInstanceOf(ConfigError);
    expect(at.requests).toEqual([]);
  });
});
