// A request that names an asset it cannot use is refused before it is paid for, by whoever can know.

import { afterEach, describe, expect, test, vi } from 'vitest';
import { ImaRouter, MemoryJournal } from '../../src/index.js';
import { folders } from '../journal/support.js';
import { all, gateways, moment, paid } from '../lifecycle/support.js';
import { dig } from '../mock/helpers.js';
import { clientFor } from '../support/client.js';
import { errorOf } from '../support/error-of.js';
import { DOMESTIC_VIDEO, FACE, library, UPLOAD, VIDEO, yes } from './support.js';

const { mockWith } = gateways();
const folder = folders();
afterEach(() => vi.useRealTimers());
const REJECTED = 'https://example.com/stranger.png';
const smiles = (asset: string) => ({ prompt: 'she smiles', images: [asset] });

describe('the channel', () => {
  test('of an asset must be that of the model: refused in every verb, also by a fresh client with the same journal', async () => {
    const mock = await mockWith();
    const journal = await folder();
    const { ima } = clientFor(mock.url, { journal });
    const asset = await ima.assets.ensure(FACE, { for: VIDEO });
    const before = paid(mock);
    const wrong = { model: DOMESTIC_VIDEO, ...smiles(asset) } as const;
    for (const client of [ima, clientFor(mock.url, { journal }).ima]) {
      const items = await all(client.batch([wrong]));
      for (const error of [
        await errorOf(client.submit(wrong)),
        await errorOf(client.generate(wrong)),
        await errorOf(client.validate(wrong)),
        items[0]?.error,
      ]) {
        expect(error).toMatchObject({
          name: 'InvalidRequestError',
          code: 'invalid_request',
          mayBeBilled: false,
          issues: [{ rule: 'assets.channel', path: ['images', 0], received: `"${asset}"` }],
        });
      }
      const nested = {
        model: DOMESTIC_VIDEO,
        prompt: 'x',
        metadata: { reference_video_urls: [asset] },
      } as const;
      expect(await errorOf(client.validate(nested))).toMatchObject({ issues: [{ rule: 'assets.channel' }] });
      // Its own channel may have it, and words are words.
      await client.validate({ model: 'seedance-2.0-fast', ...smiles(asset) });
      await client.validate({ model: DOMESTIC_VIDEO, prompt: asset });
    }
    expect(paid(mock)).toBe(before);
    await ima.submit(wrong, { validate: 'schema' });
    expect(paid(mock)).toBe(before + 1);
  });

  test('domestic has three names, and an asset that nobody here knows passes', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    for (const model of ['ima-pro-upload', 'ima-pro-upload-cn', 'seedance-upload-cn'] as const) {
      const group = await ima.assets.groups.create({ model, name: 'x' });
      const asset = await ima.assets.ready(await ima.assets.create({ model, group_id: group.id, url: FACE }));
      await ima.validate({ model: DOMESTIC_VIDEO, ...smiles(asset.url) });
      const error = await errorOf(ima.validate({ model: VIDEO, ...smiles(asset.url) }));
      expect(error).toMatchObject({ issues: [{ rule: 'assets.channel' }] });
      // Another journal cannot know.
      await clientFor(mock.url).ima.validate({ model: VIDEO, ...smiles(asset.url) });
    }
  });

  test('every model that the document gives an upload model has one that this library knows', () => {
    const { models } = new ImaRouter();
    const takers = models.list().filter(({ uploadModel }) => uploadModel !== undefined);
    expect(takers.length).toBeGreaterThan(3);
    for (const { uploadModel = '' } of takers) expect(models.get(uploadModel)?.modality).toBe('asset');
  });
});

describe('the review', () => {
  test('that refused an asset is told before a video is paid for, whoever heard of it', async () => {
    const mock = await mockWith({ outcome: ({ body }) => (dig(body, 'url') === REJECTED ? 'failed' : 'succeeded') });
    const journal = await folder();
    const { ima } = clientFor(mock.url, { journal });
    const group = await ima.assets.groups.create({ model: UPLOAD, name: 'x' });
    const asset = await ima.assets.create({ model: UPLOAD, group_id: group.id, url: REJECTED });
    expect((await errorOf(ima.assets.ready(asset))).name).toBe('TaskFailedError');
    const refused = { issues: [{ rule: 'assets.refused', message: expect.stringContaining('real person') }] };
    for (const client of [ima, clientFor(mock.url, { journal }).ima]) {
      expect(await errorOf(client.submit({ model: VIDEO, ...smiles(asset.url) }))).toMatchObject(refused);
      expect(await errorOf(client.assets.ensure(asset.url, { for: VIDEO }))).toMatchObject(refused);
    }
    // One that has it from elsewhere knows when it has waited, or seen it in a list.
    const waiting = clientFor(mock.url).ima;
    expect((await errorOf(waiting.assets.ready(asset.id))).name).toBe('TaskFailedError');
    expect(await errorOf(waiting.submit({ model: VIDEO, ...smiles(asset.url) }))).toMatchObject(refused);
    const looking = clientFor(mock.url).ima;
    for await (const seen of looking.assets.list()) expect(seen.status).toBe('Failed');
    expect(await errorOf(looking.submit({ model: VIDEO, ...smiles(asset.url) }))).toMatchObject(refused);
    expect(paid(mock)).toBe(1);
  });

  test('that is not over is told while it is new, and forgotten when it ends, here or elsewhere', async () => {
    let isOver = false;
    const gateway = await library({ get: ({ id }) => yes({ Id: id, Status: isOver ? 'Active' : 'Processing' }) });
    const journal = new MemoryJournal();
    const { ima } = clientFor(gateway.url, { journal });
    const other = clientFor(gateway.url, { journal }).ima;
    const asset = await ima.assets.create({ model: UPLOAD, group_id: 'group-1', url: FACE });
    const request = { model: VIDEO, ...smiles(asset.url) } as const;
    for (const client of [ima, other]) {
      expect(await errorOf(client.submit(request))).toMatchObject({
        issues: [{ rule: 'assets.unreviewed', expected: expect.stringContaining(`ready('${asset.id}')`) }],
      });
    }
    isOver = true;
    await other.assets.ready(asset);
    for (const client of [ima, other]) expect(await client.validate(request)).toBe(request);
    await gateway.close();
  });

  test('that nobody has asked about for a minute may be over: the gateway decides', async () => {
    const gateway = await library({ get: ({ id }) => yes({ Id: id, Status: 'Processing' }) });
    const journal = new MemoryJournal();
    const { ima } = clientFor(gateway.url, { journal });
    const asset = await ima.assets.create({ model: UPLOAD, group_id: 'group-1', url: FACE });
    const [record] = await journal.list();
    if (record === undefined) throw new Error('no record');
    await journal.put({ ...record, createdAt: new Date(Date.now() - 65_000).toISOString() });
    const fresh = clientFor(gateway.url, { journal }).ima;
    await fresh.validate({ model: VIDEO, ...smiles(asset.url) });
    await gateway.close();
  });
});

describe('models that take none', () => {
  test('refuse an asset in any field that speaks of media, on every path that makes tasks', async () => {
    const gateway = await library();
    const ima = new ImaRouter({ apiKey: 'sk-test-0123456789', baseUrl: gateway.url });
    const address = 'asset://asset-1';
    const bodies = [
      { image: address },
      { images: [address] },
      { metadata: { image_urls: [address] } },
      { video_url: address },
      { audio_url: address },
    ];
    const passed: unknown[] = [];
    for (const { id, endpoints, uploadModel } of ima.models.list()) {
      for (const { path, pollPath } of endpoints) {
        if (pollPath === null || (uploadModel !== undefined && path === '/v1/videos')) continue;
        for (const more of bodies) {
          const request = { model: id, prompt: 'x', ...more };
          const error = await ima.validate(request, { endpoint: path }).catch((thrown: unknown) => thrown);
          if (error === request) passed.push([path, request]);
        }
      }
    }
    expect(passed).toEqual([]);
    expect(gateway.requests).toEqual([]);
    await gateway.close();
  });

  test('say so where the document would let it pass', async () => {
    const error = await errorOf(
      clientFor('http://127.0.0.1:9').ima.validate({ model: 'mj_imagine', prompt: 'x', image: 'asset://asset-1' }),
    );
    expect(error).toMatchObject({ issues: [{ rule: 'media.asset-protocol', path: ['image'] }] });
  });

  test('and the native contents path, which takes https alone', async () => {
    const { ima } = clientFor('http://127.0.0.1:9');
    const error = await errorOf(
      ima.validate(
        {
          model: VIDEO,
          content: [{ type: 'image_url', image_url: { url: 'asset://asset-1' }, role: 'reference_image' }],
        },
        { endpoint: '/api/v1/contents/generations/tasks' },
      ),
    );
    expect(error).toMatchObject({ code: 'invalid_request', param: 'content.0.image_url.url' });
  });
});

test('a journal that cannot be asked keeps nobody from a request', async () => {
  const { ima, warnings } = clientFor('http://127.0.0.1:9', {
    journal: {
      put: async () => {},
      get: async () => undefined,
      list: () => Promise.reject(new Error('away')),
      delete: async () => {},
    },
  });
  await ima.validate({ model: VIDEO, ...smiles('asset://asset-1') });
  expect(warnings).toMatchObject([{ code: 'journal_unavailable' }]);
});

describe('the journal is asked for assets', () => {
  /** A journal that counts. */
  class Counting extends MemoryJournal {
    lists = 0;
    override list(...filter: Parameters<MemoryJournal['list']>) {
      this.lists++;
      return super.list(...filter);
    }
  }
  const named = (...ids: string[]) => ({ model: VIDEO, prompt: 'x', images: ids.map((id) => `asset://${id}`) });

  test('once for all that it does not know, in one request and in many, and not again for a while', async () => {
    const journal = new Counting();
    const { ima } = clientFor('http://127.0.0.1:9', { journal });
    await ima.validate(named('a', 'b', 'c'));
    expect(journal.lists).toBe(1);
    await Promise.all(Array.from({ length: 20 }, () => ima.validate(named('b', 'c', 'd'))));
    expect(journal.lists).toBe(2);
    await ima.validate(named('a', 'd'));
    expect(journal.lists).toBe(2);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 29_000 });
    await ima.validate(named('a'));
    expect(journal.lists).toBe(2);
    vi.setSystemTime(Date.now() + 2000);
    await ima.validate(named('a', 'd'));
    expect(journal.lists).toBe(3);
  });

  test('once for those that it knows, however often: and yet what another process hears is heard', async () => {
    let isOver = false;
    const gateway = await library({ get: ({ id }) => yes({ Id: id, Status: isOver ? 'Failed' : 'Processing' }) });
    const journal = new Counting();
    const { ima } = clientFor(gateway.url, { journal });
    const ids: string[] = [];
    for (let at = 0; at < 2; at++) {
      ids.push((await ima.assets.create({ model: UPLOAD, group_id: 'group-1', url: `${FACE}?${at}` })).id);
    }
    const fresh = clientFor(gateway.url, { journal }).ima;
    journal.lists = 0;
    for (let at = 0; at < 3; at++) {
      const { issues } = Object(await errorOf(fresh.validate(named(...ids, 'foreign'))));
      expect(issues).toMatchObject([{ rule: 'assets.unreviewed' }, { rule: 'assets.unreviewed' }]);
    }
    expect(journal.lists).toBe(1);
    isOver = true;
    await errorOf(ima.assets.ready(ids[0] ?? ''));
    const { issues } = Object(await errorOf(fresh.validate(named(...ids))));
    expect(issues).toMatchObject([{ rule: 'assets.refused' }, { rule: 'assets.unreviewed' }]);
    await gateway.close();
  });

  test('that it missed and this client has uploaded since: it is known at once', async () => {
    const gateway = await library();
    const { ima } = clientFor(gateway.url);
    await ima.validate(named('asset-1'));
    const asset = await ima.assets.create({ model: UPLOAD, group_id: 'group-1', url: FACE });
    expect(asset.id).toBe('asset-1');
    const error = await errorOf(ima.validate({ ...named('asset-1'), model: DOMESTIC_VIDEO }));
    expect(error).toMatchObject({ issues: [{ rule: 'assets.channel' }] });
    await gateway.close();
  });

  test.each([
    { come: [['a'], ['b'], ['a', 'b']], lists: 1 },
    { come: [['a'], ['b', 'c'], ['c', 'd']], lists: 2 },
  ])('$lists times where $come come while it is being asked for a and b', async ({ come, lists }) => {
    let answer = (): void => {};
    const slow = new Promise<void>((resolve) => {
      answer = resolve;
    });
    class Slow extends Counting {
      override async list(...filter: Parameters<MemoryJournal['list']>) {
        const found = super.list(...filter);
        await slow;
        return found;
      }
    }
    const journal = new Slow();
    const { ima } = clientFor('http://127.0.0.1:9', { journal });
    const first = ima.validate(named('a', 'b'));
    await expect.poll(() => journal.lists).toBe(1);
    const later = come.map((ids) => ima.validate(named(...ids)));
    await moment(50);
    answer();
    await Promise.all([first, ...later]);
    expect(journal.lists).toBe(lists);
    await ima.validate(named(...come.flat()));
    expect(journal.lists).toBe(lists);
  });

  test('again after it could not be asked', async () => {
    let isAway = true;
    class Moody extends Counting {
      override list(...filter: Parameters<MemoryJournal['list']>) {
        return isAway ? Promise.reject(new Error('away')) : super.list(...filter);
      }
    }
    const journal = new Moody();
    const { ima, warnings } = clientFor('http://127.0.0.1:9', { journal });
    await ima.validate(named('a', 'b'));
    expect(warnings).toMatchObject([{ code: 'journal_unavailable', message: expect.stringContaining('2 assets') }]);
    isAway = false;
    await ima.validate(named('a', 'b'));
    expect(journal.lists).toBe(1);
  });
});
