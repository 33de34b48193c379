// The asset library: groups bound to a channel, a review that takes its time, errors under HTTP 200, and videos that depend on it.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Bench, bench, dig } from './helpers.js';

const URL = 'https://example.com/face.png';
const REJECTED = 'https://example.com/stranger.png';
const OVERSEAS = 'seedance-upload';

let here: Bench;

beforeEach(async () => {
  here = await bench({ outcome: ({ body }) => (dig(body, 'url') === REJECTED ? 'failed' : 'succeeded') });
});
afterEach(async () => {
  expect(here.mock.deviations).toEqual([]);
  await here.mock.close();
});

const call = (path: string, body: object = {}, headers?: Record<string, string>) =>
  here.post(`/v1/assets/${path}`, body, headers);

async function data(path: string, body: object = {}): Promise<unknown> {
  const answer = await call(path, body);
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({ success: true, message: '' });
  return dig(answer.body, 'data');
}

/** Why a call is refused: always under HTTP 200. */
async function no(path: string, body: object, headers?: Record<string, string>): Promise<unknown> {
  const answer = await call(path, body, headers);
  expect(answer).toMatchObject({ status: 200, body: { success: false } });
  expect(answer.body).not.toHaveProperty('data');
  return dig(answer.body, 'message');
}

const idOf = async (path: string, body: object) => String(dig(await data(path, body), 'Id'));
const group = (model?: string, name = 'faces') => idOf('group/create', { name, ...(model ? { model } : {}) });
const asset = (id: string, more: object = {}) => idOf('create', { group_id: id, url: URL, ...more });
const statusOf = async (id: string) => dig(await data('get', { id }), 'Status');

function ids(page: unknown): unknown[] {
  const items = dig(page, 'Items');
  return Array.isArray(items) ? items.map((item) => dig(item, 'Id')) : [];
}

describe('a group and its assets', () => {
  it('are made, read and renamed', async () => {
    const made = await data('group/create', { name: 'faces', description: 'of actors', model: OVERSEAS });
    const id = String(dig(made, 'Id'));
    expect(id).toMatch(/^group-20260101000000-[a-z0-9]{5}$/);
    const told = { Id: id, Name: 'faces', Title: 'faces', Description: 'of actors', GroupType: 'AIGC' };
    expect(made).toMatchObject({ ...told, ProjectName: 'default', CreateTime: '2026-01-01T00:00:00Z' });
    expect(await data('group/get', { id })).toEqual(made);
    here.pass(60);
    expect(await data('group/update', { id, name: 'people' })).toEqual({ Id: id });
    expect(await data('group/get', { id })).toMatchObject({
      Name: 'people',
      Description: 'of actors',
      CreateTime: '2026-01-01T00:00:00Z',
      UpdateTime: '2026-01-01T00:01:00Z',
    });

    const face = await asset(id, { model: OVERSEAS, name: 'Ann' });
    expect(face).toMatch(/^asset-20260101000100-[a-z0-9]{5}$/);
    expect(await data('get', { id: face })).toMatchObject({
      Id: face,
      Name: 'Ann',
      URL,
      GroupId: id,
      AssetType: 'Image',
      Status: 'Processing',
    });
    expect(await data('update', { id: face, name: 'Bea' })).toEqual({ Id: face });
    expect(dig(await data('get', { id: face }), 'Name')).toBe('Bea');
    expect(await data('quota')).toEqual({ enabled: true, max_count_per_user: 1000, current_count: 1 });
  });

  it('are reviewed within some ten seconds, and a rejection says why', async () => {
    const id = await group();
    const good = await asset(id);
    const bad = await asset(id, { url: REJECTED });
    here.pass(6);
    expect([await statusOf(good), await statusOf(bad)]).toEqual(['Processing', 'Processing']);
    here.pass(8);
    expect([await statusOf(good), await statusOf(bad)]).toEqual(['Active', 'Failed']);
    expect(await data('get', { id: good })).not.toHaveProperty('Error');
    expect(await data('get', { id: bad })).toMatchObject({
      Error: {
        Code: 'InputImageSensitiveContentDetected.PrivacyInformation',
        Message: expect.stringContaining('may contain real person'),
      },
    });
  });

  it('are reviewed faster by a faster mock', async () => {
    await using fast = await bench({ speed: 10 });
    const post = async (path: string, body: object) => (await fast.post(`/v1/assets/${path}`, body)).body;
    const id = dig(
      await post('create', { group_id: dig(await post('group/create', { name: 'x' }), 'data.Id'), url: URL }),
      'data.Id',
    );
    const status = async () => dig(await post('get', { id }), 'data.Status');
    fast.pass(0.6);
    expect(await status()).toBe('Processing');
    fast.pass(0.8);
    expect(await status()).toBe('Active');
  });

  it('only the upload is paid, and the ledger knows how its review ends', async () => {
    const id = await group();
    const [good, bad] = [await asset(id), await asset(id, { url: REJECTED })];
    await call('list');
    await no('create', { group_id: 'group-none', url: URL });
    const made = { path: '/v1/assets/create', paid: true, status: 200 };
    expect(here.mock.ledger.submits).toMatchObject([
      { ...made, taskId: good, outcome: 'succeeded' },
      { ...made, taskId: bad, outcome: 'failed' },
      { ...made, paid: false },
    ]);
    expect(here.mock.ledger.submits).toHaveLength(3);
    expect(here.mock.ledger.submits[2]).not.toHaveProperty('taskId');
  });

  it('belong to the key that made them', async () => {
    const id = await group();
    const face = await asset(id);
    const stranger = { authorization: 'Bearer somebody' };
    expect(await no('group/get', { id }, stranger)).toBe('asset group not found');
    expect(await no('get', { id: face }, stranger)).toBe('asset not found');
    expect(dig((await call('list', {}, stranger)).body, 'data.TotalCount')).toBe(0);
    expect(dig((await call('quota', {}, stranger)).body, 'data.current_count')).toBe(0);
  });
});

describe('lists', () => {
  it('come in pages, newest first unless asked otherwise', async () => {
    const id = await group();
    const made: string[] = [];
    for (let turn = 0; turn < 5; turn++) {
      made.push(await asset(id, { name: `face ${turn}` }));
      here.pass(1);
    }
    const page = (body: object) => data('list', { page_size: 2, ...body });
    expect(await page({})).toMatchObject({ TotalCount: 5, PageNumber: 1, PageSize: 2 });
    const newest = [...made].reverse();
    expect(ids(await page({}))).toEqual(newest.slice(0, 2));
    expect(ids(await page({ page_number: 3 }))).toEqual(newest.slice(4));
    expect(ids(await page({ page_number: 4 }))).toEqual([]);
    expect(ids(await page({ sort_by: 'CreateTime', sort_order: 'Asc' }))).toEqual(made.slice(0, 2));
    await call('update', { id: made[1], name: 'again' });
    expect(ids(await page({ sort_by: 'UpdateTime', page_size: 1 }))).toEqual([made[1]]);
    for (const wrong of [{ sort_by: 'createtime' }, { sort_order: 'desc' }, { page_size: 101 }]) {
      expect((await call('list', wrong)).status).toBe(400);
    }
  });

  it('are filtered by group, name, state, project and channel', async () => {
    const [home, abroad] = [await group('ima-pro-upload-cn', 'home'), await group(OVERSEAS, 'abroad')];
    const old = await asset(home, { name: 'old one', url: REJECTED });
    const reviewed = await asset(home, { name: 'old two' });
    here.pass(30);
    const fresh = await asset(abroad, { model: OVERSEAS, name: 'new', project_name: 'film' });
    const found = async (body: object) => ids(await data('list', body));
    expect(await found({})).toEqual([reviewed, old]);
    expect(await found({ project_name: 'film' })).toEqual([fresh]);
    expect(await found({ filters: { name: 'two' } })).toEqual([reviewed]);
    expect(await found({ filters: { statuses: ['Failed', 'Processing'] } })).toEqual([old]);
    expect(await found({ filters: { statuses: ['Processing'] }, project_name: 'film' })).toEqual([fresh]);
    expect(await found({ filters: { group_ids: [abroad] } })).toEqual([]);
    expect(await found({ filters: { group_ids: [home] }, sort_by: 'GroupId' })).toHaveLength(2);
    expect(await found({ model: OVERSEAS })).toEqual([]);
    expect(await found({ model: 'seedance-upload-cn' })).toEqual([reviewed, old]);

    const groups = async (body: object) => ids(await data('group/list', body));
    expect(await groups({})).toEqual([abroad, home]);
    expect(await groups({ model: OVERSEAS })).toEqual([abroad]);
    expect(await groups({ filters: { name: 'hom', group_type: 'AIGC' } })).toEqual([home]);
    expect(await groups({ filters: { group_type: 'other' } })).toEqual([]);
  });
});

describe('refusals', () => {
  it('come under HTTP 200', async () => {
    const home = await group('ima-pro-upload-cn');
    const upload = { group_id: home, url: URL };
    expect(await no('create', { ...upload, group_id: 'group-none' })).toBe('asset group not found');
    expect(await no('group/update', { id: 'group-none' })).toBe('asset group not found');
    expect(await no('get', { id: 'asset-none' })).toBe('asset not found');
    expect(await no('update', { id: 'asset-none', name: 'x' })).toBe('asset not found');
    expect(await no('create', { ...upload, model: OVERSEAS })).toMatch(
      /^doubao asset request failed: InvalidParameter\.GroupNotFound/,
    );
    const domestic = { authorization: 'Bearer sk-domestic' };
    const unavailable = `model ${OVERSEAS} is not available for your group`;
    expect(await no('group/create', { name: 'x', model: OVERSEAS }, domestic)).toBe(unavailable);
    expect(await no('group/list', { model: OVERSEAS }, domestic)).toBe(unavailable);
    expect(await no('list', { model: OVERSEAS }, domestic)).toBe(unavailable);
    expect((await call('group/create', { name: 'x' }, domestic)).body).toMatchObject({ success: true });
    const empty = { authorization: 'Bearer sk-empty' };
    expect((await call('group/create', { name: 'x' }, empty)).body).toMatchObject({ success: true });
    expect(await no('create', upload, empty)).toBe('user quota is not enough, need: 5000');
    expect(here.mock.ledger.submits.every(({ paid }) => !paid)).toBe(true);
  });

  it('of the schema and of keys come as everywhere', async () => {
    const wrong = await call('create', { group_id: 'g' });
    expect([wrong.status, dig(wrong.body, 'message')]).toEqual([400, expect.stringContaining("'url'")]);
    expect((await call('list', {}, { authorization: 'Bearer sk-expired' })).status).toBe(401);
  });

  it('come at the limit, which counts rejected ones too', async () => {
    await using small = await bench({ maxAssets: 2, outcome: () => 'failed' });
    const post = (path: string, body: object) => small.post(`/v1/assets/${path}`, body);
    const id = dig((await post('group/create', { name: 'x' })).body, 'data.Id');
    const upload = { group_id: id, url: URL };
    for (const success of [true, true, false]) expect((await post('create', upload)).body).toMatchObject({ success });
    expect(dig((await post('create', upload)).body, 'message')).toBe('asset count exceeds max limit 2');
    expect(dig((await post('quota', {})).body, 'data')).toMatchObject({ max_count_per_user: 2, current_count: 2 });
  });
});

describe('in the other spelling', () => {
  it('all keys are snake_case, and nothing else is different', async () => {
    await using snake = await bench({ assetKeys: 'snake', outcome: () => 'failed' });
    const post = async (path: string, body: object) => (await snake.post(`/v1/assets/${path}`, body)).body;
    const id = dig(await post('group/create', { name: 'My Faces' }), 'data.id');
    expect(await post('group/get', { id })).toMatchObject({
      success: true,
      data: { name: 'My Faces', group_type: 'AIGC' },
    });
    const face = dig(await post('create', { group_id: id, url: URL }), 'data.id');
    snake.pass(20);
    expect(await post('list', {})).toMatchObject({
      data: {
        items: [
          { id: face, group_id: id, url: URL, asset_type: 'Image', status: 'Failed', error: { code: /Privacy/ } },
        ].map(({ error: _, ...item }) => item),
        total_count: 1,
        page_number: 1,
        page_size: 20,
      },
    });
    expect(dig(await post('get', { id: face }), 'data.error.code')).toContain('PrivacyInformation');
    expect(await post('get', { id: 'x' })).toEqual({ success: false, message: 'asset not found' });
    expect(snake.mock.deviations).toEqual([]);
  });
});

describe('behind the caller’s back', () => {
  it('a group is lost with all that is in it, or an asset alone', async () => {
    const [lost, kept] = [await group(), await group()];
    const [inLost, first, second] = [await asset(lost), await asset(kept), await asset(kept)];
    here.mock.forget(lost);
    expect(await no('group/get', { id: lost })).toBe('asset group not found');
    expect(await no('create', { group_id: lost, url: URL })).toBe('asset group not found');
    expect(await no('get', { id: inLost })).toBe('asset not found');
    here.mock.forget(first);
    expect(ids(await data('list'))).toEqual([second]);
    expect(() => here.mock.forget(first)).toThrow(`no group and no asset ${first}`);
  });
});

describe('a video that uses an asset', () => {
  const submit = (model: string, more: object, path = '/v1/videos') =>
    here.post(path, { model, prompt: 'she smiles', ...more });
  const fails = async (model: string, id: string): Promise<unknown> => {
    const { status, body } = await submit(model, { images: ['https://example.com/a.png', `asset://${id}`] });
    expect(status).toBe(200);
    here.pass(200);
    const task = (await here.get(`/v1/videos/${dig(body, 'id')}`)).body;
    const submitted = {
      taskId: dig(body, 'id'),
      paid: true,
      outcome: dig(task, 'status') === 'failed' ? 'failed' : 'succeeded',
    };
    expect(here.mock.ledger.submits.at(-1)).toMatchObject(submitted);
    if (dig(task, 'status') === 'completed') return undefined;
    // As every failed task here: its error stands where the URL would be, too.
    expect(dig(task, 'metadata.url')).toBe(dig(task, 'error.message'));
    return dig(task, 'error.message');
  };

  it('succeeds with one that is active and of its channel', async () => {
    for (const [upload, models] of [
      [OVERSEAS, ['seedance-2.0', 'seedance-2.0-fast']],
      ['seedance-upload-cn', ['seedance-2.0-cn', 'seedance-2.0-fast-cn']],
      ['ima-pro-upload', ['seedance-2.0-cn']],
    ] as const) {
      const face = await asset(await group(upload), { model: upload });
      here.pass(20);
      for (const model of models) expect(await fails(model, face), `${upload} ${model}`).toBeUndefined();
    }
  });

  it('fails, paid, with one that is unknown, another’s, under review, rejected, or of another channel', async () => {
    const home = await group('ima-pro-upload-cn');
    const [good, bad] = [await asset(home), await asset(home, { url: REJECTED })];
    const model = 'seedance-2.0-cn';
    expect(await fails(model, good)).toContain(`asset://${good}: asset is not active, current status: Processing`);
    here.pass(20);
    expect(await fails(model, bad)).toContain('current status: Failed');
    expect(await fails(model, 'asset-none')).toContain('asset://asset-none: asset not found');
    expect(await fails('seedance-2.0', good)).toContain('does not belong to the channel of the model seedance-2.0');
    expect(await fails(model, good)).toBeUndefined();
    here.mock.forget(home);
    expect(await fails(model, good)).toContain('asset not found');
  });

  it('is looked for in every field, and by models that take none', async () => {
    const nested = await submit('seedance-2.0', { metadata: { reference_video_urls: ['asset://asset-x'] } });
    const other = await submit('kling-v3-video', { image: 'asset://asset-y' });
    const spoken = await submit('seedance-2.0', { prompt: 'a film called asset://asset-z' });
    here.pass(200);
    const read = async (answer: { body: unknown }) => (await here.get(`/v1/videos/${dig(answer.body, 'id')}`)).body;
    expect(dig(await read(nested), 'error.message')).toContain('asset-x');
    expect(dig(await read(other), 'error.message')).toContain('asset-y: the model kling-v3-video takes no assets');
    expect(dig(await read(spoken), 'status')).toBe('completed');
  });
});
