// How the library answers: keys in either case, refusals under 200, lists over pages, and numbers of a quota.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Asset, type AssetGroup, ImaRouterError } from '../../src/index.js';
import { gateways } from '../lifecycle/support.js';
import { clientFor } from '../support/client.js';
import { errorOf } from '../support/error-of.js';
import { all, FACE, library, no, UPLOAD, VIDEO, yes } from './support.js';

const { mockWith } = gateways();

/** `GroupId` as a server may spell it. */
const SPELLINGS: ((name: string) => string)[] = [
  (name) => name,
  (name) => name.replace(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`).toLowerCase(),
  (name) => name.charAt(0).toLowerCase() + name.slice(1),
  (name) => name.toLowerCase(),
  (name) => name.toUpperCase(),
];

const respelled = (value: unknown, spell: (name: string) => string): unknown =>
  Array.isArray(value)
    ? value.map((item) => respelled(item, spell))
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(Object.entries(value).map(([name, field]) => [spell(name), respelled(field, spell)]))
      : value;

const withoutRaw = ({ raw: _, ...rest }: Asset | AssetGroup) => rest;

describe('keys', () => {
  test('of any case, with underscores or without, give the same objects', async () => {
    const asset = fc.record(
      {
        Id: fc.constant('asset-1'),
        Name: fc.string(),
        GroupId: fc.constantFrom('group-1', ''),
        AssetType: fc.constantFrom('Image', 'VIDEO', 'audio', 'else'),
        Status: fc.constantFrom('Active', 'processing', 'FAILED', 'brooding'),
        ProjectName: fc.constant('default'),
        URL: fc.constant('https://example.com/x.png'),
        CreateTime: fc.constant('2026-01-01T00:00:00Z'),
        UpdateTime: fc.constant('2026-01-02T00:00:00Z'),
        Error: fc.record({ Code: fc.constant('X.Y'), Message: fc.constant('may contain real person') }),
      },
      { requiredKeys: ['Id', 'Status'] },
    );
    let answer: unknown;
    const gateway = await library({ get: () => answer, list: () => answer });
    const { ima } = clientFor(gateway.url);
    await fc.assert(
      fc.asyncProperty(asset, fc.constantFrom(...SPELLINGS), fc.boolean(), async (said, spell, hasEnvelope) => {
        const wrap = (data: unknown) => (hasEnvelope ? yes(data) : data);
        answer = yes(said);
        const plain = withoutRaw(await ima.assets.get('asset-1'));
        answer = wrap(respelled(said, spell));
        expect(withoutRaw(await ima.assets.get('asset-1'))).toEqual(plain);
        answer = wrap(respelled({ Items: [said], TotalCount: 1 }, spell));
        expect((await all(ima.assets.list())).map(withoutRaw)).toEqual([plain]);
        const isFailed = said.Status === 'FAILED';
        expect(plain).toMatchObject({ id: 'asset-1', url: 'asset://asset-1' });
        expect('error' in plain).toBe(isFailed);
        if (isFailed && said.Error !== undefined) {
          expect(plain).toMatchObject({ error: { code: 'X.Y', kind: 'moderation' } });
        }
      }),
      { numRuns: 60 },
    );
    await gateway.close();
  });

  test('in snake_case do all of ensure, against the mock', async () => {
    const mock = await mockWith({ assetKeys: 'snake' });
    const { ima } = clientFor(mock.url);
    const asset = await ima.assets.ensure(FACE, { for: VIDEO });
    expect(await ima.assets.get(asset)).toMatchObject({ status: 'Active', type: 'Image', sourceUrl: FACE });
    expect(await all(ima.assets.list({ model: UPLOAD }))).toHaveLength(1);
  });

  test('twice, one of them empty: the one that says something counts', async () => {
    const gateway = await library({ get: () => yes({ Id: 'asset-1', id: '', Status: 'Active', status: null }) });
    const { ima } = clientFor(gateway.url);
    expect(await ima.assets.get('asset-1')).toMatchObject({ id: 'asset-1', status: 'Active' });
    await gateway.close();
  });

  test('an upload is never known by the id of its group', async () => {
    const gateway = await library({ create: () => yes({ GroupId: 'group-1', Status: 'Active' }) });
    const { ima } = clientFor(gateway.url);
    const error = await errorOf(ima.assets.create({ model: UPLOAD, group_id: 'group-1', url: FACE }));
    expect(error.code).toBe('submit_unknown');
    await gateway.close();
  });
});

describe('a refusal under 200', () => {
  test('is the typed error of what it says', async () => {
    let words = '';
    const gateway = await library({ create: () => no(words), get: () => no(words), quota: () => no(words) });
    const { ima } = clientFor(gateway.url, { retry: { attempts: 1 } });
    const body = { model: UPLOAD, group_id: 'group-1', url: FACE } as const;
    for (const [said, name, code] of [
      ['asset feature is disabled', 'InvalidRequestError', 'request_refused'],
      ['asset count exceeds max limit 1000', 'InvalidRequestError', 'request_refused'],
      ['asset group not found', 'InvalidRequestError', 'request_refused'],
      ['user quota is not enough, need: 5000', 'InsufficientBalanceError', 'insufficient_balance'],
      ['无效的令牌', 'AuthenticationError', 'authentication_failed'],
      ['当前分组上游负载已饱和，请稍后再试', 'RateLimitError', 'rate_limited'],
      [
        'InvalidParameter.DurationTooLong: Duration must be between 1.8s and 15.2s',
        'InvalidRequestError',
        'request_refused',
      ],
    ] as const) {
      words = said;
      const error = await errorOf(ima.assets.create(body));
      expect([error.name, error.code, error.mayBeBilled, error.status]).toEqual([name, code, false, 200]);
      expect(error.message).toContain(said);
      for (const free of [() => ima.assets.get('asset-1'), () => ima.assets.quota()]) {
        expect((await errorOf(free())).name).toBe(name);
      }
    }
    expect(await ima.journal.list()).toEqual([]);
    await gateway.close();
  });

  test('is the same from the mock: limit, balance, channel, what is not there', async () => {
    const mock = await mockWith({ maxAssets: 1 });
    const { ima } = clientFor(mock.url);
    await ima.assets.ensure(FACE, { for: VIDEO });
    const full = await errorOf(ima.assets.ensure(`${FACE}?2`, { for: VIDEO }));
    expect([full.code, full.message]).toEqual(['request_refused', expect.stringContaining('exceeds max limit 1')]);
    expect(await ima.assets.quota()).toMatchObject({ enabled: true, maxCount: 1, count: 1 });
    const domestic = clientFor(mock.url, { apiKey: 'sk-domestic' }).ima;
    const other = await errorOf(domestic.assets.ensure(FACE, { for: VIDEO }));
    expect([other.code, other.message]).toEqual(['request_refused', expect.stringContaining('not available')]);
    expect((await errorOf(ima.assets.get('asset-none'))).code).toBe('task_not_found');
    expect((await errorOf(ima.assets.groups.get('group-none'))).code).toBe('request_refused');
    const expired = clientFor(mock.url, { apiKey: 'sk-expired' }).ima;
    expect((await errorOf(expired.assets.ensure(FACE, { for: VIDEO }))).name).toBe('AuthenticationError');
  });
});

describe('groups and assets', () => {
  test('are made, read, renamed and counted', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    const group = await ima.assets.groups.create({ model: UPLOAD, name: 'faces', description: 'of actors' });
    expect(group).toMatchObject({ name: 'faces', title: 'faces', description: 'of actors', type: 'AIGC' });
    expect(await ima.assets.groups.update({ id: group.id, name: 'people' })).toEqual({ id: group.id });
    expect(await ima.assets.groups.get(group)).toMatchObject({ id: group.id, name: 'people' });
    const asset = await ima.assets.create({ model: UPLOAD, group_id: group.id, url: FACE, name: 'Ann' });
    expect(await ima.assets.update({ id: asset.url, name: 'Bea' })).toEqual({ id: asset.id });
    expect(await ima.assets.get(asset.id)).toMatchObject({ name: 'Bea', groupId: group.id });
    expect(await all(ima.assets.list({ filters: { group_ids: [group.id] } }))).toMatchObject([{ id: asset.id }]);
    expect(await ima.assets.quota()).toMatchObject({ count: 1 });
  });

  test('need a model to be made, by type and at run time', async () => {
    const gateway = await library();
    const { ima } = clientFor(gateway.url);
    // @ts-expect-error without a model the gateway takes the domestic channel, and charges for it
    const upload = () => ima.assets.create({ group_id: 'group-1', url: FACE });
    // @ts-expect-error the same
    const group = () => ima.assets.groups.create({ name: 'faces' });
    // @ts-expect-error no upload model
    const other = () => ima.assets.create({ model: 'kling-v3-video', group_id: 'group-1', url: FACE });
    expect((await errorOf(upload())).code).toBe('invalid_request');
    expect((await errorOf(group())).code).toBe('invalid_request');
    expect((await errorOf(other())).code).toBe('wrong_endpoint');
    const typeless = ima.assets.create({ model: UPLOAD, group_id: 'group-1', url: 'https://example.com/a.mp4' });
    expect(await errorOf(typeless)).toMatchObject({ issues: [{ rule: 'assets.type-by-extension' }] });
    for (const id of ['', ' ', 'asset://']) expect((await errorOf(ima.assets.get(id))).code).toBe('bad_option');
    expect(gateway.requests).toEqual([]);
    await gateway.close();
  });
});

describe('lists', () => {
  const items = (count: number, from = 0) => Array.from({ length: count }, (_, at) => ({ Id: `asset-${from + at}` }));
  const idsOf = async (list: AsyncIterable<{ id: string }>) => (await all(list)).map(({ id }) => id);

  test('go over all pages, each asked for when its first item is', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    const group = await ima.assets.groups.create({ model: UPLOAD, name: 'x' });
    const made: string[] = [];
    for (let at = 0; at < 7; at++) {
      made.push((await ima.assets.create({ model: UPLOAD, group_id: group.id, url: `${FACE}?${at}` })).id);
    }
    for (const size of [1, 2, 7, 100]) {
      expect((await idsOf(ima.assets.list({ page_size: size }))).sort()).toEqual([...made].sort());
    }
    expect(await idsOf(ima.assets.list({ page_size: 3, page_number: 3 }))).toHaveLength(1);

    const gateway = await library({
      list: ({ page_number: page }) => yes({ Items: items(2, 2 * Number(page)), TotalCount: 100 }),
    });
    const far = clientFor(gateway.url).ima;
    for await (const { id } of far.assets.list({ page_size: 2 })) if (id === 'asset-5') break;
    expect(gateway.bodies('list').map(({ page_number: page }) => page)).toEqual([1, 2]);
    const none = far.assets.list();
    expect(gateway.bodies('list')).toHaveLength(2);
    await none.return();
    expect(gateway.bodies('list')).toHaveLength(2);
    await gateway.close();
  });

  test('end where the server tells no total, tells nothing, ignores pages, or caps them', async () => {
    let answer: (page: number, size: number) => unknown = () => null;
    const gateway = await library({
      list: ({ page_number: page, page_size: size }) => answer(Number(page), Number(size)),
    });
    const { ima } = clientFor(gateway.url);
    const asked = async (size: number) => {
      const before = gateway.bodies('list').length;
      const found = await idsOf(ima.assets.list({ page_size: size }));
      return { found: found.length, calls: gateway.bodies('list').length - before };
    };
    const slice = (page: number, size: number) => items(5).slice((page - 1) * size, page * size);
    answer = (page, size) => yes({ Items: slice(page, size) });
    expect(await asked(2)).toEqual({ found: 5, calls: 4 });
    answer = (page, size) => yes(slice(page, size));
    expect(await asked(2)).toEqual({ found: 5, calls: 4 });
    for (const empty of [{ Items: null }, { Items: null, TotalCount: 0 }, { items: [], total_count: 9 }, []]) {
      answer = () => yes(empty);
      expect(await asked(2)).toEqual({ found: 0, calls: 1 });
    }
    answer = () => yes({ Items: items(5) });
    expect(await asked(2)).toEqual({ found: 5, calls: 2 });
    answer = () => yes({ Items: items(5), TotalCount: 50 });
    expect(await asked(5)).toEqual({ found: 5, calls: 3 });
    answer = (page) => yes({ Items: slice(page, 2) });
    expect(await asked(100)).toEqual({ found: 5, calls: 4 });
    answer = (page, size) => yes({ Items: slice(page, size), TotalCount: 0 });
    expect(await asked(2)).toMatchObject({ found: 5 });
    answer = (page, size) =>
      yes({ Items: slice(page, size).map((item) => (item.Id === 'asset-1' ? {} : item)), TotalCount: 5 });
    expect(await asked(2)).toEqual({ found: 4, calls: 3 });
    for (const none of [null, {}, 'no']) {
      answer = () => yes(none);
      expect((await errorOf(idsOf(ima.assets.list()))).code).toBe('invalid_response');
    }
    await gateway.close();
  });

  test('tell nothing twice and lose nothing when things come in between pages', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 12 }),
        fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 }),
        async (size, count, arrivals) => {
          let there = items(count).map(({ Id }) => Id);
          let fresh = 0;
          const gateway = await library({
            list: ({ page_number: page }, _, call) => {
              const came = arrivals[call - 2] ?? 0;
              // As many as a page holds at most: more would push a whole page out of sight.
              for (let at = 0; at < Math.min(came, size); at++) there = [`asset-new-${fresh++}`, ...there];
              const Items = there.slice((Number(page) - 1) * size, Number(page) * size).map((Id) => ({ Id }));
              return yes({ Items, TotalCount: there.length });
            },
          });
          const found = await idsOf(clientFor(gateway.url).ima.assets.list({ page_size: size }));
          await gateway.close();
          expect(new Set(found).size).toBe(found.length);
          // Two full pages of arrivals in a row look like a server that knows no pages.
          const inARow = arrivals.some((came, at) => came >= size && (arrivals[at + 1] ?? 0) >= size);
          if (!inARow) expect(found.filter((id) => !id.includes('new'))).toHaveLength(count);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('with a model are checked before they are asked', async () => {
    const gateway = await library();
    const { ima } = clientFor(gateway.url);
    for (const list of [
      ima.assets.list({ model: UPLOAD, page_size: 101 }),
      ima.assets.groups.list({ model: UPLOAD, page_number: 0 }),
    ]) {
      expect((await errorOf(all(list))).code).toBe('invalid_request');
    }
    expect(gateway.requests).toEqual([]);
    await gateway.close();
  });
});

test('no body of any form makes a call of this family throw anything but this library’s errors', async () => {
  const gateway = await library();
  const { ima } = clientFor(gateway.url);
  const circular: Record<string, unknown> = {};
  circular.filters = circular;
  for (const body of [null, 5, 'x', [], { page_size: 1n }, circular]) {
    for (const list of [ima.assets.list, ima.assets.groups.list]) {
      const call = () => all(Reflect.apply(list, list === ima.assets.list ? ima.assets : ima.assets.groups, [body]));
      const code = (await errorOf(call())).code;
      expect([body, ['bad_option', 'invalid_request'].includes(code)]).toEqual([body, true]);
    }
    for (const call of [
      () => Reflect.apply(ima.assets.create, ima.assets, [body]),
      () => Reflect.apply(ima.assets.get, ima.assets, [body === 'x' ? '' : body]),
      () => Reflect.apply(ima.assets.update, ima.assets, [body]),
      () => Reflect.apply(ima.assets.ready, ima.assets, [body === 'x' ? '' : body]),
      () => Reflect.apply(ima.assets.groups.update, ima.assets.groups, [body]),
      () => Reflect.apply(ima.assets.groups.create, ima.assets.groups, [body]),
    ]) {
      expect(ImaRouterError.is(await errorOf(call()))).toBe(true);
    }
  }
  expect(gateway.requests).toEqual([]);
  await gateway.close();
});

test('no answer of any form makes a call of this family throw anything but this library’s errors', async () => {
  let answer: unknown;
  const gateway = await library({ get: () => answer, list: () => answer, quota: () => answer, create: () => answer });
  const { ima } = clientFor(gateway.url, { retry: { attempts: 1 } });
  const field = fc.oneof(fc.jsonValue(), fc.constantFrom('Active', 'asset-1', -1, {}, []));
  const data = fc.dictionary(fc.constantFrom('Id', 'id', 'Items', 'Status', 'Error', 'TotalCount', '__proto__'), field);
  await fc.assert(
    fc.asyncProperty(fc.oneof(data, data.map(yes), fc.jsonValue()), async (said) => {
      answer = said ?? 0;
      for (const call of [
        () => ima.assets.get('asset-1'),
        () => ima.assets.list().next(),
        () => ima.assets.quota(),
        () => ima.assets.create({ model: UPLOAD, group_id: 'group-1', url: FACE }),
      ]) {
        await call().catch((error: unknown) => expect(ImaRouterError.is(error)).toBe(true));
      }
    }),
    { numRuns: 60 },
  );
  await gateway.close();
});
