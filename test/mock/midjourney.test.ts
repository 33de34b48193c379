// Midjourney's chain and its codes: from imagine by buttons to an upscale, through a window, and what else a submit may answer.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Bench, bench, dig } from './helpers.js';

let here: Bench;

beforeAll(async () => {
  here = await bench();
});
afterEach(() => expect(here.mock.deviations).toEqual([]));
afterAll(() => here.mock.close());

const IMAGINE = { model: 'mj_imagine', prompt: 'a fox' };
const lastSubmit = () => here.mock.ledger.submits.at(-1);

async function task(id: unknown): Promise<unknown> {
  return (await here.get(`/mj/task/${id}/fetch`)).body;
}

async function submitted(path: string, body: object): Promise<unknown> {
  const answer = await here.post(`/mj/submit/${path}`, body);
  expect(answer).toMatchObject({ status: 200, body: { code: 1, result: expect.stringMatching(/^17\d{11}$/) } });
  return dig(answer.body, 'result');
}

/** A finished task, and its button of that label. */
async function grid(label: string): Promise<{ id: unknown; customId: unknown }> {
  const id = await submitted('imagine', IMAGINE);
  here.pass(60);
  const buttons = dig(await task(id), 'buttons');
  const button = Array.isArray(buttons) ? buttons.find((one) => dig(one, 'label') === label) : undefined;
  return { id, customId: dig(button, 'customId') };
}

async function imageOf(id: unknown) {
  const headers = { authorization: `Bearer ${here.mock.apiKey}` };
  const response = await fetch(`${here.mock.url}/mj/image/${id}`, { headers });
  return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()).toString('latin1', 1, 4) };
}

describe('the chain', () => {
  it('goes from imagine by a button to an upscale and its picture', async () => {
    const { id, customId } = await grid('U2');
    const child = await submitted('change', { model: 'mj_upscale', taskId: id, customId });
    expect((await imageOf(child)).status).toBe(400);
    here.pass(60);
    expect(await task(child)).toMatchObject({ id: child, action: 'UPSCALE', status: 'SUCCESS', progress: '100%' });
    expect(await imageOf(child)).toEqual({ status: 200, bytes: 'PNG' });
    expect((await imageOf('17')).status).toBe(404);
  });

  it('begins with a blend too, which names no model', async () => {
    const base64Array = ['https://example.com/a.png', 'https://example.com/b.png'];
    const id = await submitted('blend', { base64Array });
    here.pass(60);
    expect(await task(id)).toMatchObject({ action: 'BLEND', status: 'SUCCESS' });
    expect(lastSubmit()).not.toHaveProperty('model');
    expect((await here.post('/mj/submit/blend', { base64Array: base64Array.slice(1) })).status).toBe(400);
  });

  it('waits at a window, says so with code 21, and goes on under the same id', async () => {
    const { id, customId } = await grid('Custom Zoom');
    const zoom = { model: 'mj_custom_zoom', taskId: id, customId };
    const answer = (await here.post('/mj/submit/change', zoom)).body;
    expect(answer).toMatchObject({ code: 21, description: 'Waiting for window confirm', properties: { remix: true } });
    const parked = dig(answer, 'result');
    expect(lastSubmit()).toMatchObject({ taskId: parked, paid: true });
    here.pass(600);
    expect(await task(parked)).toMatchObject({ status: 'MODAL', progress: '0%' });
    const modal = {
      model: 'mj_remix',
      taskId: parked,
      customId,
      prompt: 'a fox --zoom 1.5',
      maskBase64: 'iVBORw0KGgo=',
    };
    expect(await submitted('modal', modal)).toBe(parked);
    here.pass(60);
    expect(await task(parked)).toMatchObject({ id: parked, status: 'SUCCESS' });

    const prompted = await submitted('change', { ...zoom, prompt: 'a fox --zoom 2' });
    here.pass(60);
    expect(await task(prompted)).toMatchObject({ action: 'ZOOM', status: 'SUCCESS', prompt: 'a fox --zoom 2' });
  });
});

describe('other codes', () => {
  it('22: queued, and taken under the id that the answer names', async () => {
    const body = { code: 22, description: '排队中，前面还有1个任务', result: '{taskId}', properties: { ahead: 1 } };
    here.mock.fault({ on: 'submit', act: 'answer', taken: true, status: 200, body });
    const answer = await here.post('/mj/submit/imagine', IMAGINE);
    expect(answer).toMatchObject({ status: 200, body: { ...body, result: expect.stringMatching(/^17\d{11}$/) } });
    const id = dig(answer.body, 'result');
    expect(lastSubmit()).toMatchObject({ taskId: id, paid: true, status: 200, fault: 'answer' });
    here.pass(60);
    expect(await task(id)).toMatchObject({ status: 'SUCCESS' });
  });

  it.each([
    [23, '队列已满，请稍后尝试'],
    [4, 'task_status_not_success'],
  ])('%i: not taken, and the words are left as they are', async (code, description) => {
    const body = { code, description, result: '{taskId}' };
    here.mock.fault({ on: 'submit', act: 'answer', status: 200, body });
    expect(await here.post('/mj/submit/imagine', IMAGINE)).toEqual({ status: 200, body });
    expect(lastSubmit()).toMatchObject({ paid: false, status: 200 });
    expect(lastSubmit()).not.toHaveProperty('taskId');
  });

  it('a read that is struck leaves them as they are, too', async () => {
    const id = await submitted('imagine', IMAGINE);
    here.mock.fault({ on: 'poll', act: 'answer', status: 200, body: { id: '{taskId}' } });
    expect(await task(id)).toEqual({ id: '{taskId}' });
  });

  it('an answer may say no to what was taken, and nothing else may choose', async () => {
    here.mock.fault({ on: 'submit', act: 'answer', taken: true, status: 502, body: 'gone' });
    const headers = { authorization: 'Bearer k', 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify(IMAGINE) };
    const answer = await fetch(`${here.mock.url}/mj/submit/imagine`, init);
    expect([answer.status, await answer.text()]).toEqual([502, 'gone']);
    expect(lastSubmit()).toMatchObject({ paid: true, status: 502, taskId: expect.any(String) });
    expect(() => here.mock.fault({ on: 'submit', act: 'hang', taken: false })).toThrow('Only an answer may be taken');
  });
});

describe('headers that the gateway’s features go by', () => {
  it('arrive, and the ledger has them', async () => {
    await here.post('/mj/submit/imagine', IMAGINE, { 'X-Youchuan-Setting': '{"speed":"fast"}', 'x-other': 'y' });
    expect(lastSubmit()?.headers).toEqual({ 'x-youchuan-setting': '{"speed":"fast"}' });
    const clip = { model: 'seedance-2.0', prompt: 'rain' };
    expect((await here.post('/v1/videos', clip, { 'x-moderation': 'enabled' })).status).toBe(200);
    expect(lastSubmit()).toMatchObject({ headers: { 'x-moderation': 'enabled' }, paid: true });
    expect((await here.post('/v1/videos', clip, { 'x-moderation': 'disabled' })).status).toBe(400);
    expect(lastSubmit()).toMatchObject({ headers: { 'x-moderation': 'disabled' }, paid: false });
    await here.post('/v1/videos', clip);
    expect(lastSubmit()).not.toHaveProperty('headers');
  });
});
