// What a batch may spend: what is under way, unknown, charged in vain or bought by earlier runs counts too.

import { describe, expect, test } from 'vitest';
import { type JournalRecord, MemoryJournal } from '../../src/index.js';
import { clientFor } from '../support/client.js';
import { json } from '../support/server.js';
import { all, gateways, paid, posts, request, wanted } from './support.js';

const { mockWith, server } = gateways();

describe('a budget', () => {
  test('is kept when nobody says what became of a purchase', async () => {
    const mock = await mockWith({ speed: 1 });
    const { ima } = clientFor(mock.url);
    const items = await all(ima.batch(wanted(6), { maxCostUsd: 0.01, timeoutMs: 1 }));
    expect(paid(mock)).toBe(1);
    expect(items.filter(({ error }) => (error as { code?: string }).code === 'cost_unknown')).toHaveLength(5);
  });

  test('is kept over runs of a gateway that tells no cost', async () => {
    const mock = await mockWith();
    const journal = new MemoryJournal();
    const requests = Array.from({ length: 8 }, (_, i) => ({ model: 'kling-v2-6', prompt: `puppy ${i}` }));
    const options = { maxCostUsd: 3, estimateUsd: () => 1, endpoint: '/kling/v1/videos/text2video' };
    for (let run = 0; run < 3; run++) await all(clientFor(mock.url, { journal }).ima.batch(requests, options));
    expect(paid(mock)).toBe(3);
  });

  test('counts what failed and was charged, in this run and in earlier ones', async () => {
    const at = await server((seen, response) =>
      seen.method === 'POST'
        ? json(response, { id: `t${at.requests.length}` })
        : json(response, { id: 't', status: 'failed', amount_usd: 0.5, error: { message: 'no' } }),
    );
    const journal = new MemoryJournal();
    const options = { maxCostUsd: 1, estimateUsd: () => 0.5 };
    for (let run = 1; run <= 4; run++) {
      const updates: number[] = [];
      const onUpdate = ({ totals }: { totals: { costUsd: number } }) => updates.push(totals.costUsd);
      await all(clientFor(at.url, { journal }).ima.batch(wanted(2), { ...options, onUpdate }));
      expect(updates.at(-1)).toBe(run === 1 ? 1 : 0);
    }
    expect(posts(at)).toHaveLength(2);
    // With a larger budget the same key is bought again, and its loss is carried on.
    await all(clientFor(at.url, { journal }).ima.batch(wanted(2), { ...options, maxCostUsd: 1.5 }));
    expect(posts(at)).toHaveLength(3);
    expect((await journal.list()).map(({ spentUsd = 0, costUsd = 0 }) => spentUsd + costUsd).sort()).toEqual([0.5, 1]);
    await all(clientFor(at.url, { journal }).ima.batch(wanted(2), { ...options, maxCostUsd: 1.5 }));
    expect(posts(at)).toHaveLength(3);
  });

  test('counts what earlier runs bought further down the list', async () => {
    const mock = await mockWith();
    const journal = new MemoryJournal();
    const { ima } = clientFor(mock.url, { journal });
    const old = await all(ima.batch(wanted(3)));
    const cost = Math.max(...old.map(({ result }) => result?.costUsd ?? 0));
    const fresh = Array.from({ length: 3 }, (_, i) => ({ ...request, prompt: `new ${i}` }));
    await all(clientFor(mock.url, { journal }).ima.batch([...fresh, ...wanted(3)], { maxCostUsd: cost * 3 }));
    expect(paid(mock)).toBe(3);
  });

  test.each([
    [400, { code: 'invalid_request', message: 'bad', data: { id: 'x1' } }, 'request_refused'],
    [403, { code: 'insufficient_user_quota', message: 'no', id: 'req1' }, 'insufficient_balance'],
    [503, { message: 'x', error: { message: 'busy', type: 'x' }, request_id: 'r1' }, 'server_error'],
  ])('a sure no is one, whatever id it names: %i %j', async (status, body, code) => {
    const at = await server((_, response) => json(response, body, status));
    await expect(clientFor(at.url).ima.submit(request)).rejects.toMatchObject({ code, mayBeBilled: false });
  });

  test.each([-1, Number.NaN])('an estimate of %d is told', async (estimate) => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    const [item] = await all(ima.batch(wanted(1), { maxCostUsd: 1, estimateUsd: () => estimate }));
    expect(item?.error).toMatchObject({ code: 'bad_option', param: 'estimateUsd' });
    expect(() => ima.batch(wanted(1), JSON.parse('{"maxCostUSD":1}'))).toThrow('is not an option');
    expect(mock.ledger.submits).toEqual([]);
  });

  test('what was pending and ends elsewhere, or cannot be held, holds up nobody', async () => {
    for (const trouble of ['failed meanwhile', 'succeeded meanwhile', 'deleted meanwhile', 'no claim'] as const) {
      const mock = await mockWith();
      class Moving extends MemoryJournal {
        isMoving = false;
        #looks = 0;
        #claims = 0;
        override async get(key: string): Promise<JournalRecord | undefined> {
          const record = await super.get(key);
          // Right after the batch has looked through its list.
          if (this.isMoving && record?.state === 'submitted' && ++this.#looks === 2 && trouble !== 'no claim') {
            if (trouble === 'deleted meanwhile') await this.delete(key);
            else await this.put({ ...record, state: trouble === 'failed meanwhile' ? 'failed' : 'succeeded' });
          }
          return record;
        }
        override async claim(name: string): Promise<boolean> {
          if (this.isMoving && trouble === 'no claim' && this.#claims++ === 1) throw new Error('EIO');
          return super.claim(name);
        }
      }
      const journal = new Moving();
      await all(clientFor(mock.url, { journal }).ima.batch(wanted(2)));
      for (const record of await journal.list()) await journal.put({ ...record, state: 'submitted' });
      journal.isMoving = true;
      const { ima } = clientFor(mock.url, { journal });
      // Where one could not be held its cost is not known: with this little nothing more may be bought.
      const maxCostUsd = trouble === 'no claim' ? 1e-6 : 5;
      const items = await all(ima.batch(wanted(4), { concurrency: 1, maxCostUsd }));
      expect(items).toHaveLength(4);
      const good = items.filter(({ result }) => result?.status === 'succeeded');
      expect(good).toHaveLength(trouble === 'no claim' ? 1 : 4);
    }
  });
});
