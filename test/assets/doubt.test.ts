// Who says that an asset is gone, or that an upload was not taken, and when he is believed: money hangs on both.

import { describe, expect, test } from 'vitest';
import { MemoryJournal } from '../../src/index.js';
import { clientFor } from '../support/client.js';
import { errorOf } from '../support/error-of.js';
import { FACE, library, no, VIDEO, yes } from './support.js';

const smiles = (asset: string) => ({ model: VIDEO, prompt: 'she smiles', images: [asset] }) as const;
const FOREIGN = [
  [404, { message: 'no Route matched with those values' }],
  [404, { error: 'Not Found' }],
  [404, { error: { message: 'Invalid URL (POST /v1/assets/get)', type: 'invalid_request_error', code: '' } }],
  [404, { error: { message: 'asset not found', type: 'new_api_error' } }],
  [404, no('asset not found')],
  [200, { error: { message: 'asset not found', type: 'new_api_error' } }],
] as const;
/** Of other things that are missing, or of another asset. */
const OF_OTHERS = [
  'asset group not found',
  'asset channel not found',
  'asset model not found',
  'asset service not found',
  'asset feature not found',
  'asset asset-10 not found',
  'asset not found in group group-1',
  'task not found',
];

describe('an asset that is still there', () => {
  test.each(FOREIGN)('is not bought again for a foreign HTTP %d %j', async (status, body) => {
    let isAway = false;
    let isOver = false;
    const gateway = await library({
      get: ({ id }, response) => {
        if (!isAway) return yes({ Id: id, Status: isOver ? 'Active' : 'Processing' });
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(body));
        return undefined;
      },
    });
    const journal = new MemoryJournal();
    const { ima } = clientFor(gateway.url, { journal });
    // At the review, which is asked about until it answers …
    await errorOf(ima.assets.ensure(FACE, { for: VIDEO, timeoutMs: 300 }));
    isAway = true;
    for (let at = 0; at < 2; at++) await errorOf(ima.assets.ensure(FACE, { for: VIDEO, timeoutMs: 300 }));
    isAway = false;
    isOver = true;
    expect(await ima.assets.ensure(FACE, { for: VIDEO })).toBe('asset://asset-1');
    // … and after it.
    isAway = true;
    const fresh = clientFor(gateway.url, { journal }).ima;
    for (const client of [ima, fresh]) await errorOf(client.assets.ensure(FACE, { for: VIDEO }));
    await fresh.validate(smiles('asset://asset-1'));
    isAway = false;
    expect(await fresh.assets.ensure(FACE, { for: VIDEO })).toBe('asset://asset-1');
    expect(gateway.bodies('create')).toHaveLength(1);
    await gateway.close();
  });

  test.each(OF_OTHERS)('is not bought again for "%s"', async (words) => {
    let isAway = false;
    const gateway = await library({
      get: ({ id }) => (isAway ? no(words) : yes({ Id: id, Status: 'Active' })),
    });
    const { ima } = clientFor(gateway.url);
    await ima.assets.ensure(FACE, { for: VIDEO });
    isAway = true;
    for (let at = 0; at < 2; at++) await errorOf(ima.assets.ensure(FACE, { for: VIDEO }));
    isAway = false;
    expect(await ima.assets.ensure(FACE, { for: VIDEO })).toBe('asset://asset-1');
    expect(gateway.bodies('create')).toHaveLength(1);
    await gateway.close();
  });

  test('is not bought again where the gateway takes its word back when it is asked again', async () => {
    let lies = 0;
    let then: unknown;
    const gateway = await library({
      get: ({ id }) => (lies-- > 0 ? no('asset not found') : (then ?? yes({ Id: id, Status: 'Active' }))),
    });
    const { ima } = clientFor(gateway.url);
    await ima.assets.ensure(FACE, { for: VIDEO });
    for (const trouble of [undefined, no('asset group not found')]) {
      lies = 1;
      then = trouble;
      expect((await errorOf(ima.assets.ensure(FACE, { for: VIDEO }))).code).toBe('task_not_found');
    }
    lies = 0;
    then = undefined;
    expect(await ima.assets.ensure(FACE, { for: VIDEO })).toBe('asset://asset-1');
    expect(gateway.bodies('create')).toHaveLength(1);
    await gateway.close();
  });
});

describe('an asset that is gone', () => {
  test.each([
    'asset not found',
    'asset asset-1 not found',
    'Asset "asset-1" does not exist',
    'doubao asset request failed: NotFound: The specified asset ID asset-1 is not found. (code=404, log_id=x)',
  ])('is bought again for "%s", and no review is said to have refused it', async (words) => {
    let isGone = false;
    const gateway = await library({
      get: ({ id }) => (isGone && id === 'asset-1' ? no(words) : yes({ Id: id, Status: 'Active' })),
    });
    const journal = new MemoryJournal();
    const { ima } = clientFor(gateway.url, { journal });
    await ima.assets.ensure(FACE, { for: VIDEO });
    isGone = true;
    expect(await ima.assets.ensure(FACE, { for: VIDEO })).toBe('asset://asset-2');
    expect(gateway.bodies('create')).toHaveLength(2);
    const [record] = await journal.list({ taskId: 'asset-1' });
    expect(record).toMatchObject({ state: 'failed', error: { code: 'asset_gone' } });
    // Nothing is known of it: the gateway decides.
    for (const client of [ima, clientFor(gateway.url, { journal }).ima]) {
      await client.validate(smiles('asset://asset-1'));
    }
    await gateway.close();
  });

  test('before its review is over is no asset under review any more', async () => {
    let isGone = false;
    const gateway = await library({
      get: ({ id }) =>
        id === 'asset-1' && isGone
          ? no('asset not found')
          : yes({ Id: id, Status: id === 'asset-1' ? 'Processing' : 'Active' }),
    });
    const { ima } = clientFor(gateway.url);
    await errorOf(ima.assets.ensure(FACE, { for: VIDEO, timeoutMs: 300 }));
    await ima.assets.get('asset-1');
    expect(await errorOf(ima.validate(smiles('asset://asset-1')))).toMatchObject({
      issues: [{ rule: 'assets.unreviewed' }],
    });
    isGone = true;
    expect(await ima.assets.ensure(FACE, { for: VIDEO })).toBe('asset://asset-2');
    await ima.validate(smiles('asset://asset-1'));
    await gateway.close();
  });

  test('is so at the gateway that says it: one journal serves two, and neither spoils the other’s', async () => {
    const [one, two] = [await library(), await library({ create: () => yes({ Id: 'asset-of-two' }) })];
    const journal = new MemoryJournal();
    for (let at = 0; at < 3; at++) {
      expect(await clientFor(one.url, { journal }).ima.assets.ensure(FACE, { for: VIDEO })).toBe('asset://asset-1');
      expect(await clientFor(two.url, { journal }).ima.assets.ensure(FACE, { for: VIDEO })).toBe(
        'asset://asset-of-two',
      );
      // The same address, written otherwise.
      const alike = clientFor(`${one.url}/v1/`, { journal }).ima;
      expect(await alike.assets.ensure(FACE, { for: VIDEO })).toBe('asset://asset-1');
    }
    expect([one.bodies('create').length, two.bodies('create').length]).toEqual([1, 1]);
    // Nobody asked one gateway for the other's asset.
    expect(one.bodies('get').every(({ id }) => id === 'asset-1')).toBe(true);
    await Promise.all([one.close(), two.close()]);
  });
});

const BEHIND = 'doubao asset request failed: ';

describe('a refused upload', () => {
  test.each([
    `${BEHIND}status 502 bad gateway`,
    `${BEHIND}ServiceUnavailable`,
    `${BEHIND}Post "https://ark": context canceled`,
    `${BEHIND}http2: server sent GOAWAY and closed the connection; LastStreamID=1`,
    `${BEHIND}http: server closed idle connection`,
    `${BEHIND}invalid character '<' looking for beginning of value`,
    `${BEHIND}unmarshal response failed`,
    `${BEHIND}unknown error (code=InternalError, log_id=x)`,
    `${BEHIND}the request exceeded its time limit`,
    `${BEHIND}InvalidParameter: upstream says so (code=500, log_id=x)`,
    `${BEHIND}words that nobody knows`,
    'Post "https://ark": words that nobody knows',
    'service unavailable',
    'asset created but failed to save: database is locked',
    'asset created but failed to save: insufficient quota',
    'failed to save asset: disk is full',
    'your asset is processing',
  ])('is of unknown fate, and never sent again, for "%s"', async (words) => {
    const gateway = await library({ create: () => no(words) });
    const { ima } = clientFor(gateway.url);
    const error = await errorOf(ima.assets.ensure(FACE, { for: VIDEO }));
    expect([error.name, error.code, error.mayBeBilled]).toEqual(['SubmitUnknownError', 'submit_unknown', true]);
    expect((await errorOf(ima.assets.ensure(FACE, { for: VIDEO }))).code).toBe('submit_unsettled');
    expect(gateway.bodies('create')).toHaveLength(1);
    await gateway.close();
  });

  test.each([
    ['InvalidRequestError', 1, `${BEHIND}InvalidParameter.DurationTooLong: Duration is 20s (code=400, log_id=x)`],
    ['InvalidRequestError', 1, `${BEHIND}The request failed because the input image may contain real person`],
    ['InvalidRequestError', 1, `${BEHIND}asset count exceeds max limit 1000`],
    ['InvalidRequestError', 1, `${BEHIND}QuotaExceeded: too much`],
    ['ServerError', 1, `${BEHIND}insufficient balance`],
    ['ServerError', 1, `${BEHIND}Post "https://ark": dial tcp 10.0.0.1:443: connect: connection refused`],
    ['InvalidRequestError', 1, `${BEHIND}Post "https://ark": dial tcp: lookup ark: no such host`],
    ['InvalidRequestError', 1, 'the image was not accepted: it may contain real person'],
    ['InvalidRequestError', 1, 'no channel provides asset model'],
    ['InvalidRequestError', 1, 'model seedance-upload is not available for your group'],
    ['InsufficientBalanceError', 1, 'user quota is not enough, need: 5000'],
    ['ServerError', 4, 'upstream is overloaded'],
  ])('is a %s, not billed, after %i calls for "%s"', async (name, calls, words) => {
    const gateway = await library({ create: () => no(words) });
    const { ima } = clientFor(gateway.url);
    const error = await errorOf(ima.assets.ensure(FACE, { for: VIDEO }));
    expect([error.name, error.mayBeBilled]).toEqual([name, false]);
    expect(gateway.bodies('create')).toHaveLength(calls);
    expect((await ima.journal.list()).filter(({ endpoint }) => endpoint === '/v1/assets/create')).toEqual([]);
    await gateway.close();
  });
});

test('what a review said is shown without secrets', async () => {
  const key = 'sk-test-0123456789';
  const said = `cannot fetch https://cdn.example/a.png?X-Signature=5ec2e7 with ${key}`;
  const gateway = await library({
    get: ({ id }) => yes({ Id: id, Status: 'Failed', Error: { Code: 'X', Message: said } }),
  });
  const { ima } = clientFor(gateway.url);
  await errorOf(ima.assets.ready('asset-7'));
  await errorOf(ima.assets.get('asset-8').then(() => ima.assets.ensure('asset://asset-8', { for: VIDEO })));
  for (const asset of ['asset://asset-7', 'asset://asset-8']) {
    for (const error of [
      await errorOf(ima.assets.ensure(asset, { for: VIDEO })),
      await errorOf(ima.validate(smiles(asset))),
    ]) {
      const text = JSON.stringify([error, error.message, Reflect.get(error, 'issues')]);
      expect(text).toContain('cannot fetch https://cdn.example/a.png?***');
      for (const secret of [key, key.slice(3), '5ec2e7']) expect(text).not.toContain(secret);
    }
  }
  // Nor is an address that holds one.
  const error = await errorOf(ima.assets.get(key).then(() => ima.assets.ensure(`asset://${key}`, { for: VIDEO })));
  expect(JSON.stringify([error, Reflect.get(error, 'issues')])).not.toContain(key);
  await gateway.close();
});
