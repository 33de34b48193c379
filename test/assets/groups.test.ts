// The group of an upload: found, made, remembered, one per channel, and found anew when it turns out to be gone.

import { describe, expect, test } from 'vitest';
import { MemoryJournal } from '../../src/index.js';
import { folders } from '../journal/support.js';
import { gateways } from '../lifecycle/support.js';
import { clientFor } from '../support/client.js';
import { errorOf } from '../support/error-of.js';
import { all, DOMESTIC_VIDEO, FACE, library, no, UPLOAD, uploads, VIDEO, yes } from './support.js';

const { mockWith } = gateways();
const folder = folders();
const face = (number: number) => `https://example.com/face-${number}.png`;

describe('the group', () => {
  test('is made once, found by other journals, and remembered in this one', async () => {
    const gateway = await library();
    const journal = await folder();
    const { ima } = clientFor(gateway.url, { journal });
    await ima.assets.ensure(face(1), { for: VIDEO });
    await ima.assets.ensure(face(2), { for: VIDEO });
    expect(gateway.bodies('group/list')).toHaveLength(1);
    expect(gateway.bodies('group/create')).toEqual([
      { model: UPLOAD, name: `ima-router ${UPLOAD}`, group_type: 'AIGC', description: expect.any(String) },
    ]);
    await clientFor(gateway.url, { journal }).ima.assets.ensure(face(3), { for: VIDEO });
    expect(gateway.bodies('group/list')).toHaveLength(1);
    expect(gateway.bodies('create').map(({ group_id: id }) => id)).toEqual(['group-1', 'group-1', 'group-1']);
    await gateway.close();
  });

  test('is the one of that very name, on whatever page it stands', async () => {
    const others = Array.from({ length: 100 }, (_, at) => ({ Id: `group-x${at}`, Name: `ima-router ${UPLOAD} ${at}` }));
    const gateway = await library({
      'group/list': ({ page_number: page }) =>
        yes({ Items: page === 1 ? others : [{ Id: 'group-7', Name: `ima-router ${UPLOAD}` }], TotalCount: 101 }),
    });
    await clientFor(gateway.url).ima.assets.ensure(FACE, { for: VIDEO });
    expect(gateway.bodies('create')).toMatchObject([{ group_id: 'group-7' }]);
    expect(gateway.bodies('group/create')).toEqual([]);
    await gateway.close();
  });

  test('is another one in another channel, and for another key', async () => {
    const mock = await mockWith();
    const journal = new MemoryJournal();
    const { ima } = clientFor(mock.url, { journal });
    const other = clientFor(mock.url, { journal, apiKey: 'sk-other-0123456789' }).ima;
    const groupOf = async (client: typeof ima, model: string) => {
      const asset = await client.assets.ensure(FACE, { for: model });
      return (await client.assets.get(asset)).groupId;
    };
    const groups = [await groupOf(ima, VIDEO), await groupOf(ima, DOMESTIC_VIDEO), await groupOf(other, VIDEO)];
    expect(new Set(groups).size).toBe(3);
    // Models of one channel share it.
    const again = await ima.assets.get(await ima.assets.ensure(face(2), { for: 'seedance-2.0-fast' }));
    expect(again.groupId).toBe(groups[0]);
    // Nobody tried another one's.
    expect(mock.ledger.submits.every((submit) => submit.paid)).toBe(true);
  });

  test('is looked for once by all who need it, and the abort of one is nobody else’s', async () => {
    const waiting: (() => void)[] = [];
    const gateway = await library({
      'group/list': (_, response) => {
        waiting.push(() => {
          response.writeHead(200, { 'content-type': 'application/json' });
          response.end(JSON.stringify(yes({ Items: null })));
        });
      },
    });
    const { ima } = clientFor(gateway.url);
    const control = new AbortController();
    const first = errorOf(ima.assets.ensure(face(1), { for: VIDEO, signal: control.signal }));
    const second = ima.assets.ensure(face(2), { for: VIDEO });
    await expect.poll(() => waiting.length).toBe(1);
    control.abort(new Error('enough'));
    const error = await first;
    expect([error.name, error.code, error.mayBeBilled]).toEqual(['AbortError', 'aborted', false]);
    for (const go of waiting) go();
    expect(await second).toBe('asset://asset-1');
    expect([gateway.bodies('group/list').length, gateway.bodies('group/create').length]).toEqual([1, 1]);
    expect(gateway.bodies('create').map(({ url }) => url)).toEqual([face(2)]);
    await gateway.close();
  });

  test('is looked for on fifty pages, and then made: a list without an end is no way to wait', async () => {
    const gateway = await library({
      'group/list': ({ page_number: page }) => yes({ Items: [{ Id: `group-x${page}`, Name: 'another' }] }),
    });
    expect(await clientFor(gateway.url).ima.assets.ensure(FACE, { for: VIDEO })).toBe('asset://asset-1');
    expect([gateway.bodies('group/list').length, gateway.bodies('group/create').length]).toEqual([50, 1]);
    await gateway.close();
  });

  test('is looked for no longer when the last who waited has left, by signal or out of patience', async () => {
    let isEndless = true;
    const gateway = await library({
      'group/list': ({ page_number: page }, response) => {
        const name = isEndless ? 'another' : `ima-router ${UPLOAD}`;
        const answer = JSON.stringify(yes({ Items: [{ Id: `group-${page}`, Name: name }] }));
        // Slow enough that fifty pages would take seconds.
        setTimeout(() => response.writeHead(200, { 'content-type': 'application/json' }).end(answer), 60);
      },
    });
    const { ima } = clientFor(gateway.url);
    const control = new AbortController();
    const [first, second] = [
      errorOf(ima.assets.ensure(face(1), { for: VIDEO, signal: control.signal })),
      errorOf(ima.assets.ensure(face(2), { for: VIDEO, timeoutMs: 400 })),
    ];
    await expect.poll(() => gateway.bodies('group/list').length).toBeGreaterThan(1);
    control.abort();
    expect(await first).toMatchObject({ code: 'aborted', mayBeBilled: false });
    // The other one waits on.
    const before = gateway.bodies('group/list').length;
    await expect.poll(() => gateway.bodies('group/list').length).toBeGreaterThan(before);
    expect(await second).toMatchObject({
      name: 'WaitTimeoutError',
      code: 'wait_timeout',
      retryable: true,
      mayBeBilled: false,
    });
    const after = gateway.bodies('group/list').length;
    await new Promise((resolve) => setTimeout(resolve, 300));
    // One may have been on its way.
    expect(gateway.bodies('group/list').length).toBeLessThanOrEqual(after + 1);
    expect([gateway.bodies('group/create'), gateway.bodies('create')]).toEqual([[], []]);
    // Who comes later begins anew.
    isEndless = false;
    expect(await ima.assets.ensure(face(3), { for: VIDEO })).toBe('asset://asset-1');
    expect(gateway.bodies('create')).toMatchObject([{ group_id: 'group-1' }]);
    await gateway.close();
  });

  test('is looked for anew by who comes after the last has left, though the old search is not through', async () => {
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    let reads = 0;
    class Slow extends MemoryJournal {
      override async get(key: string) {
        if (key.startsWith('group-')) {
          reads++;
          await gate;
        }
        return super.get(key);
      }
    }
    const gateway = await library();
    const { ima } = clientFor(gateway.url, { journal: new Slow() });
    const control = new AbortController();
    const first = errorOf(ima.assets.ensure(face(1), { for: VIDEO, signal: control.signal }));
    await expect.poll(() => reads).toBe(1);
    control.abort();
    expect((await first).code).toBe('aborted');
    const second = ima.assets.ensure(face(2), { for: VIDEO });
    await expect.poll(() => reads).toBe(2);
    open();
    expect(await second).toBe('asset://asset-1');
    expect(gateway.bodies('group/list')).toHaveLength(1);
    await gateway.close();
  });

  test('that could not be looked up is looked up again', async () => {
    const gateway = await library({
      'group/list': (_, __, count) => (count === 1 ? no('asset feature is disabled') : yes({ Items: [] })),
    });
    const { ima } = clientFor(gateway.url);
    const error = await errorOf(ima.assets.ensure(FACE, { for: VIDEO }));
    expect([error.code, error.mayBeBilled]).toEqual(['request_refused', false]);
    expect(await ima.assets.ensure(FACE, { for: VIDEO })).toBe('asset://asset-1');
    await gateway.close();
  });
});

describe('a group that dangles', () => {
  test('is replaced: removed behind the back of its owner, and one more upload is paid', async () => {
    const mock = await mockWith();
    const journal = await folder();
    const { ima } = clientFor(mock.url, { journal });
    const { groupId = '' } = await ima.assets.get(await ima.assets.ensure(face(1), { for: VIDEO }));
    mock.forget(groupId);
    const fresh = clientFor(mock.url, { journal }).ima;
    const [second, third] = await Promise.all([2, 3].map((at) => fresh.assets.ensure(face(at), { for: VIDEO })));
    const groups = await all(fresh.assets.groups.list());
    expect(groups).toHaveLength(1);
    for (const asset of [second, third]) expect((await fresh.assets.get(asset ?? '')).groupId).toBe(groups[0]?.id);
    expect(groups[0]?.id).not.toBe(groupId);
    expect(uploads(mock)).toHaveLength(3);
    // A client that still holds the old one finds the new one, in the journal.
    expect(await ima.assets.ensure(face(4), { for: VIDEO })).toMatch(/^asset:/);
    expect(await all(fresh.assets.groups.list())).toHaveLength(1);
  });

  test.each([
    'asset group not found',
    'doubao asset request failed: InvalidParameter.GroupNotFound: The specified asset group group-1 is not found. (code=400, log_id=x)',
  ])('is known by the words "%s", though the list still has it', async (words) => {
    let made = 0;
    const gateway = await library({
      'group/list': () => yes({ Items: [{ Id: 'group-1', Name: `ima-router ${UPLOAD}` }], TotalCount: 1 }),
      'group/create': () => yes({ Id: 'group-2' }),
      create: ({ group_id: id }) => (id === 'group-1' ? no(words) : yes({ Id: `asset-${++made}` })),
    });
    const { ima } = clientFor(gateway.url);
    const [one, two] = await Promise.all([1, 2].map((at) => ima.assets.ensure(face(at), { for: VIDEO })));
    expect(new Set([one, two])).toEqual(new Set(['asset://asset-1', 'asset://asset-2']));
    expect(gateway.bodies('group/create')).toHaveLength(1);
    expect(made).toBe(2);
    const records = await ima.journal.list();
    expect(records.filter(({ endpoint }) => endpoint === '/v1/assets/create')).toHaveLength(2);
    await gateway.close();
  });

  test('twice in a row is an error, and no loop', async () => {
    let made = 1;
    const gateway = await library({
      create: () => no('asset group not found'),
      'group/create': () => yes({ Id: `group-${++made}` }),
    });
    const { ima } = clientFor(gateway.url);
    const error = await errorOf(ima.assets.ensure(FACE, { for: VIDEO }));
    expect([error.name, error.code, error.mayBeBilled]).toEqual(['InvalidRequestError', 'request_refused', false]);
    expect(gateway.bodies('create').map(({ group_id: id }) => id)).toEqual(['group-2', 'group-3']);
    expect((await ima.journal.list()).filter(({ endpoint }) => endpoint === '/v1/assets/create')).toEqual([]);
    await gateway.close();
  });

  test('that the gateway gives again is an error', async () => {
    const gateway = await library({ create: () => no('asset group not found') });
    const error = await errorOf(clientFor(gateway.url).ima.assets.ensure(FACE, { for: VIDEO }));
    expect([error.code, gateway.bodies('create').length]).toEqual(['invalid_response', 1]);
    await gateway.close();
  });

  test('and is the caller’s own is an error: his choice is not gone over', async () => {
    const gateway = await library({ create: () => no('asset group not found') });
    const { ima } = clientFor(gateway.url);
    const error = await errorOf(ima.assets.ensure(FACE, { for: VIDEO, groupId: 'group-mine' }));
    expect(error.code).toBe('request_refused');
    expect(gateway.bodies('create')).toMatchObject([{ group_id: 'group-mine' }]);
    expect(gateway.bodies('group/list')).toEqual([]);
    await gateway.close();
  });

  test.each(['model seedance-upload is not available for your group', 'no channel provides asset model'])(
    'is not what "%s" means',
    async (words) => {
      const gateway = await library({ create: () => no(words) });
      const error = await errorOf(clientFor(gateway.url).ima.assets.ensure(FACE, { for: VIDEO }));
      expect([error.code, gateway.bodies('create').length]).toEqual(['request_refused', 1]);
      await gateway.close();
    },
  );
});

test('a page that speaks of a group is no word of the gateway: the upload may be there, and is not sent again', async () => {
  const gateway = await library({
    create: (_, response) => {
      response.writeHead(502, { 'content-type': 'text/html' });
      response.end('<html>asset group not found</html>');
    },
  });
  const error = await errorOf(clientFor(gateway.url).ima.assets.ensure(FACE, { for: VIDEO }));
  expect([error.code, gateway.bodies('create').length]).toEqual(['submit_unknown', 1]);
  await gateway.close();
});

test('forgetGroups has the next one looked up', async () => {
  const gateway = await library();
  const journal = await folder();
  const { ima } = clientFor(gateway.url, { journal });
  await ima.assets.ensure(face(1), { for: VIDEO });
  await ima.assets.forgetGroups();
  await clientFor(gateway.url, { journal }).ima.assets.ensure(face(2), { for: VIDEO });
  expect(gateway.bodies('group/list')).toHaveLength(2);
  await gateway.close();
});
