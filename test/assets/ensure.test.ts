// From media to `asset://…`: uploaded once whoever asks again, by bytes wherever they lie, as what they are.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { DirectoryJournal, ImaRouter, type JournalRecord, MemoryJournal } from '../../src/index.js';
import { folders } from '../journal/support.js';
import { gateways, paid } from '../lifecycle/support.js';
import { clientFor } from '../support/client.js';
import { errorOf } from '../support/error-of.js';
import { all, DOMESTIC_VIDEO, FACE, library, MP3, MP4, no, PNG, UPLOAD, uploads, VIDEO, yes } from './support.js';

const { mockWith } = gateways();
const folder = folders();

describe('ensure', () => {
  test('uploads for the right channel, waits for the review, and the video takes the address', async () => {
    const mock = await mockWith();
    const { ima, warnings } = clientFor(mock.url);
    const asset = await ima.assets.ensure(FACE, { for: VIDEO, name: 'Ann' });
    expect(asset).toMatch(/^asset:\/\/asset-/);
    const seen = await ima.assets.get(asset);
    expect(seen).toMatchObject({ url: asset, status: 'Active', name: 'Ann', type: 'Image', sourceUrl: FACE });
    const groups = await all(ima.assets.groups.list({ model: UPLOAD }));
    expect(groups).toMatchObject([{ id: seen.groupId, name: `ima-router ${UPLOAD}` }]);
    const video = await ima.generate({ model: VIDEO, prompt: 'she smiles', images: [asset] });
    expect(video.status).toBe('succeeded');
    expect(paid(mock)).toBe(2);
    expect(warnings).toEqual([]);
  });

  test('pays nothing the second time: same client, another name, another client with the same journal', async () => {
    const mock = await mockWith();
    const journal = await folder();
    const { ima } = clientFor(mock.url, { journal });
    const asset = await ima.assets.ensure(FACE, { for: VIDEO });
    expect(await ima.assets.ensure(new URL(FACE), { for: 'seedance-2.0-fast', name: 'Ann' })).toBe(asset);
    const other = clientFor(mock.url, { journal });
    expect(await other.ima.assets.ensure(FACE, { for: VIDEO })).toBe(asset);
    await ima.assets.forgetGroups();
    expect(await ima.assets.ensure(FACE, { for: VIDEO })).toBe(asset);
    expect(uploads(mock)).toHaveLength(1);
    // What is asked for otherwise is another asset.
    expect(await ima.assets.ensure(FACE, { for: DOMESTIC_VIDEO })).not.toBe(asset);
    expect(await ima.assets.ensure(`${FACE}?v=2`, { for: VIDEO })).not.toBe(asset);
    expect(uploads(mock)).toHaveLength(3);
  });

  test('is one upload for all who ask together, in one client and in several', async () => {
    const mock = await mockWith();
    const journal = await folder();
    const clients = [1, 2, 3].map(() => clientFor(mock.url, { journal }).ima);
    const all = await Promise.all(
      clients.flatMap((ima) => [1, 2, 3].map(() => ima.assets.ensure(FACE, { for: VIDEO }))),
    );
    expect(new Set(all).size).toBe(1);
    expect(uploads(mock)).toHaveLength(1);
  });

  test('is one upload though the first was reviewed while the second waited for its turn', async () => {
    // The answer to the upload brings the end of its review, so that nothing is pending when the next one looks.
    const gateway = await library({ create: () => yes({ Id: 'asset-1', Status: 'Active' }) });
    const journal = new MemoryJournal();
    let hosting = 0;
    const clients = [1, 2].map(
      () =>
        clientFor(gateway.url, {
          journal,
          hostFile: async () => {
            hosting++;
            // Long enough for the other one to look, and find nothing.
            await new Promise((resolve) => setTimeout(resolve, 150));
            return 'https://cdn.example/x.png';
          },
        }).ima,
    );
    const all = await Promise.all(clients.map((ima) => ima.assets.ensure(PNG, { for: VIDEO })));
    expect(all).toEqual(['asset://asset-1', 'asset://asset-1']);
    expect(gateway.bodies('create')).toHaveLength(1);
    expect(hosting).toBeGreaterThan(0);
    await gateway.close();
  });

  test('knows local media by their bytes, wherever they lie and wherever they are hosted', async () => {
    const mock = await mockWith();
    const directory = await folder();
    const path = join(directory, 'face.png');
    await writeFile(path, PNG);
    let hosted = 0;
    const journal = new MemoryJournal();
    const client = () =>
      clientFor(mock.url, { journal, hostFile: async (file) => `https://cdn.example/${++hosted}/${file.name}` }).ima;
    const asset = await client().assets.ensure(path, { for: VIDEO });
    expect(mock.ledger.submits).toHaveLength(1);
    for (const same of [
      pathToFileURL(path).href,
      pathToFileURL(path),
      PNG,
      new Uint8Array(PNG),
      new Uint8Array(PNG).buffer,
      new Blob([PNG]),
      new File([PNG], 'other.png', { type: 'image/png' }),
      `data:image/png;base64,${PNG.toString('base64')}`,
    ]) {
      expect(await client().assets.ensure(same, { for: VIDEO })).toBe(asset);
    }
    expect([uploads(mock).length, hosted]).toEqual([1, 1]);
    await writeFile(path, Buffer.concat([PNG, PNG]));
    expect(await client().assets.ensure(path, { for: VIDEO })).not.toBe(asset);
    expect([uploads(mock).length, hosted]).toEqual([2, 2]);
  });

  test('refuses local media without hostFile before any call', async () => {
    const gateway = await library();
    const { ima } = clientFor(gateway.url);
    for (const local of [PNG, new Blob([PNG]), './face.png', 'data:image/png;base64,AAAA']) {
      const error = await errorOf(ima.assets.ensure(local, { for: VIDEO }));
      expect([error.name, error.code]).toEqual(['InvalidRequestError', 'local_media']);
    }
    expect(gateway.requests).toEqual([]);
    await gateway.close();
  });

  test('uploads media as what they are: by what the caller says, their type, their bytes, their name', async () => {
    const gateway = await library();
    const directory = await folder();
    const named = async (name: string, bytes: Buffer) => {
      await writeFile(join(directory, name), bytes);
      return join(directory, name);
    };
    const { ima } = clientFor(gateway.url, {
      hostFile: async (file) => `https://cdn.example/${file.size}/${file.name}.bin`,
    });
    const cases: [Parameters<typeof ima.assets.ensure>[0], string, ('Image' | 'Video' | 'Audio')?][] = [
      ['https://example.com/a.mp4?x=1', 'Video'],
      ['https://example.com/a.MP3', 'Audio'],
      [new URL('https://example.com/a.webm'), 'Video'],
      ['https://example.com/a', 'Image'],
      ['https://example.com/b', 'Audio', 'Audio'],
      ['https://example.com/c.png?file=x.mp4', 'Image'],
      [MP4, 'Video'],
      [new Blob([MP3]), 'Audio'],
      [new Blob([MP4, MP4], { type: 'video/quicktime' }), 'Video'],
      [{ size: 820, type: '', arrayBuffer: async () => new Uint8Array(Buffer.concat([MP3, MP3])).buffer }, 'Audio'],
      [new Blob([Buffer.alloc(300, 1)], { type: 'video/x-unheard-of' }), 'Video'],
      [new File([Buffer.alloc(301, 1)], 'hum.aac'), 'Audio'],
      [PNG, 'Image'],
      [await named('without-extension', Buffer.concat([MP4, MP3])), 'Video'],
      [await named('song.mp3', Buffer.concat([MP3, MP4])), 'Audio'],
      [`data:;base64,${Buffer.concat([MP4, PNG]).toString('base64')}`, 'Video'],
      [`data:video/mp4;base64,${Buffer.concat([MP4, MP4, MP4]).toString('base64')}`, 'Video'],
    ];
    const wrong: unknown[] = [];
    for (const [source, type, told] of cases) {
      await ima.assets.ensure(source, { for: VIDEO, type: told });
      const sent = gateway.bodies('create').at(-1);
      if (sent?.asset_type !== type) wrong.push([source, type, sent]);
    }
    expect(wrong).toEqual([]);
    await gateway.close();
  });

  test('is one upload per key: another account neither sees nor spoils what is there', async () => {
    const mock = await mockWith();
    const journal = new MemoryJournal();
    const [one, two] = ['sk-one-0123456789', 'sk-two-0123456789'].map(
      (apiKey) => clientFor(mock.url, { journal, apiKey }).ima,
    );
    const [mine, theirs] = [
      await one?.assets.ensure(FACE, { for: VIDEO }),
      await two?.assets.ensure(FACE, { for: VIDEO }),
    ];
    expect(mine).not.toBe(theirs);
    expect(await one?.assets.ensure(FACE, { for: VIDEO })).toBe(mine);
    expect(await two?.assets.ensure(FACE, { for: VIDEO })).toBe(theirs);
    expect(uploads(mock)).toHaveLength(2);
  });
});

describe('what cannot be meant', () => {
  test('is refused before anything is sent', async () => {
    const gateway = await library();
    const { ima } = clientFor(gateway.url);
    const loose = (source: unknown, options: unknown) =>
      errorOf(Reflect.apply(ima.assets.ensure, ima.assets, [source, options]));
    for (const [options, code] of [
      [undefined, 'bad_option'],
      [{}, 'bad_option'],
      [{ for: VIDEO, model: UPLOAD }, 'bad_option'],
      [{ for: VIDEO, timeoutMs: -1 }, 'bad_option'],
      [{ for: VIDEO, signal: 'no' }, 'bad_option'],
      [{ for: VIDEO, traceId: 'two words' }, 'bad_option'],
      [{ for: VIDEO, name: 'n'.repeat(65) }, 'bad_option'],
      [{ for: VIDEO, name: '🦊'.repeat(65) }, 'bad_option'],
      [{ for: VIDEO, groupId: '' }, 'bad_option'],
      [{ for: VIDEO, type: 'Film' }, 'invalid_request'],
      [{ for: 'seedance-9' }, 'unknown_model'],
      [{ for: 'kling-v3-video' }, 'takes_no_assets'],
      [{ for: UPLOAD }, 'takes_no_assets'],
    ] as const) {
      expect([options, (await loose(FACE, options)).code]).toEqual([options, code]);
    }
    const noMedia = [
      ...[undefined, null, 5, '', 'dog', true, {}, [], new Map(), new Date(), new ReadableStream(), () => FACE],
      ...[new DataView(new ArrayBuffer(8)), new Float32Array(8), { href: 5 }, { href: FACE }, new Response('x')],
      ...[Promise.resolve(FACE), { size: 1, type: '', arrayBuffer: 5 }],
    ];
    for (const source of noMedia) {
      expect(['bad_option', 'invalid_request', 'local_media']).toContain((await loose(source, { for: VIDEO })).code);
    }
    const keyless = new ImaRouter({ baseUrl: gateway.url });
    expect((await errorOf(keyless.assets.ensure(FACE, { for: VIDEO }))).code).toBe('missing_api_key');
    expect(gateway.requests).toEqual([]);
    await gateway.close();
  });

  test('is refused by a client that checks nothing too: it would be paid for', async () => {
    const gateway = await library();
    for (const validate of ['off', 'schema'] as const) {
      const hosts = [undefined, async () => 'https://cdn.example/x.png'];
      for (const hostFile of hosts) {
        const { ima } = clientFor(gateway.url, { validate, hostFile });
        for (const source of ['./nope.png', 'asset://x/y', 'not a url', 'ftp://example.com/x.png', 'blob:x']) {
          const error = await errorOf(ima.assets.ensure(source, { for: VIDEO }));
          expect([source, error.name, error.mayBeBilled]).toEqual([source, 'InvalidRequestError', false]);
        }
      }
    }
    expect(gateway.bodies('create')).toEqual([]);
    const { ima } = clientFor(gateway.url, { validate: 'off', hostFile: async () => 'https://cdn.example/x.png' });
    expect(await ima.assets.ensure(PNG, { for: VIDEO })).toBe('asset://asset-1');
    expect(await ima.assets.ensure(FACE, { for: VIDEO })).toBe('asset://asset-2');
    await gateway.close();
  });

  test('is no name of sixty-four signs, whatever they are written with', async () => {
    const gateway = await library();
    const name = '🦊'.repeat(64);
    await clientFor(gateway.url).ima.assets.ensure(FACE, { for: VIDEO, name });
    expect(gateway.bodies('create')).toMatchObject([{ name }]);
    await gateway.close();
  });
});

test('a live index that lists video models alone takes nobody’s uploads away', async () => {
  const index = { models: [{ modelId: VIDEO, endpoints: [{ method: 'POST', path: '/v1/videos' }] }] };
  const mock = await mockWith();
  const { ima } = clientFor(mock.url, {
    fetch: async (input, init) =>
      String(input).includes('model-index') ? new Response(JSON.stringify(index)) : fetch(input, init),
  });
  expect(await ima.models.refresh()).toMatchObject({ models: 1 });
  expect(ima.models.get(UPLOAD)).toBeUndefined();
  const asset = await ima.assets.ensure(FACE, { for: VIDEO });
  expect(uploads(mock)).toHaveLength(1);
  expect(await ima.assets.ensure(FACE, { for: VIDEO })).toBe(asset);
  await ima.validate({ model: VIDEO, prompt: 'x', images: [asset] });
  // What the document refuses of them is refused as before.
  const group = await ima.assets.groups.create({ model: UPLOAD, name: 'mine' });
  const wrong = ima.assets.create({ model: UPLOAD, group_id: group.id, url: 'https://example.com/a.mp4' });
  expect((await errorOf(wrong)).code).toBe('invalid_request');
  expect((await errorOf(all(ima.assets.list({ model: UPLOAD, page_size: 101 })))).code).toBe('invalid_request');
  expect((await errorOf(ima.assets.ensure(FACE, { for: DOMESTIC_VIDEO }))).code).toBe('unknown_model');
});

describe('the journal', () => {
  test('shows uploads and groups, holds no key, and resume does not hand uploads out', async () => {
    const gateway = await library({ get: ({ id }) => yes({ Id: id, Status: 'Processing' }) });
    const directory = await folder();
    const { ima } = clientFor(gateway.url, { journal: directory });
    const error = await errorOf(ima.assets.ensure(FACE, { for: VIDEO, timeoutMs: 300 }));
    expect(error.code).toBe('wait_timeout');
    const later = clientFor(gateway.url, { journal: directory }).ima;
    expect(await later.resume()).toEqual([]);
    const records = await later.journal.list();
    expect(records.map(({ endpoint, state, taskId, modality }) => ({ endpoint, state, taskId, modality }))).toEqual(
      expect.arrayContaining([
        { endpoint: '/v1/assets/create', state: 'submitted', taskId: 'asset-1', modality: 'asset' },
        { endpoint: '/v1/assets/group/create', state: 'succeeded', taskId: 'group-1', modality: 'asset' },
      ]),
    );
    const key = 'sk-test-0123456789';
    const text = JSON.stringify(records);
    for (const secret of [key, key.slice(3)]) {
      expect(text).not.toContain(secret);
      for (const hash of ['sha1', 'sha256', 'sha512', 'md5']) {
        const { createHash } = await import('node:crypto');
        for (const form of ['hex', 'base64', 'base64url'] as const) {
          expect(text).not.toContain(createHash(hash).update(secret).digest(form).slice(0, 20));
        }
      }
    }
    await gateway.close();
  });

  test('keeps what is in use from being pruned as old', async () => {
    const gateway = await library();
    const directory = await folder();
    const journal = new DirectoryJournal(directory);
    const { ima } = clientFor(gateway.url, { journal });
    await ima.assets.ensure(FACE, { for: VIDEO });
    const [record] = (await journal.list()).filter(({ endpoint }) => endpoint === '/v1/assets/create');
    const old = { ...(record as JournalRecord), updatedAt: new Date(Date.now() - 20 * 86_400_000).toISOString() };
    await journal.put(old);
    await ima.assets.ensure(FACE, { for: VIDEO });
    const kept = await journal.get(old.key);
    expect(Date.now() - Date.parse(kept?.updatedAt ?? '')).toBeLessThan(60_000);
    expect(kept).toMatchObject({ taskId: 'asset-1', state: 'succeeded' });
    await gateway.close();
  });

  test('that cannot be read keeps an upload from being paid for', async () => {
    const gateway = await library();
    const memory = new MemoryJournal();
    const { ima } = clientFor(gateway.url, { journal: memory });
    await ima.assets.ensure(FACE, { for: VIDEO });
    const away = () => Promise.reject(new Error('away'));
    const journal = { put: away, get: away, list: away, delete: away };
    const error = await errorOf(clientFor(gateway.url, { journal }).ima.assets.ensure(FACE, { for: VIDEO }));
    expect([error.code, error.mayBeBilled]).toEqual(['journal_unavailable', false]);
    expect(gateway.bodies('create')).toHaveLength(1);
    await gateway.close();
  });
});

describe('an asset that is no more', () => {
  test('is uploaded again, once: removed behind the back of its owner', async () => {
    const mock = await mockWith();
    const journal = new MemoryJournal();
    const { ima } = clientFor(mock.url, { journal });
    const lost = await ima.assets.ensure(FACE, { for: VIDEO });
    mock.forget(lost.slice('asset://'.length));
    const found = await ima.assets.ensure(FACE, { for: VIDEO });
    expect(found).not.toBe(lost);
    const other = clientFor(mock.url, { journal }).ima;
    expect(await other.assets.ensure(FACE, { for: VIDEO })).toBe(found);
    expect(uploads(mock)).toHaveLength(2);
  });

  test('is not taken for gone because the gateway is in trouble', async () => {
    let trouble: unknown;
    let status = 200;
    const gateway = await library({
      get: ({ id }, response) => {
        if (trouble === undefined) return yes({ Id: id, Status: 'Active' });
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(trouble));
        return undefined;
      },
    });
    const { ima } = clientFor(gateway.url, { retry: { attempts: 2, baseMs: 1 } });
    const asset = await ima.assets.ensure(FACE, { for: VIDEO });
    for (const [code, said, answer] of [
      ['request_refused', 200, no('doubao asset request failed: InternalError (code=500, log_id=1)')],
      ['request_refused', 200, no('asset feature is disabled')],
      ['authentication_failed', 401, { error: { message: 'token expired', type: 'new_api_error' } }],
      ['permission_denied', 403, { error: { message: 'banned', type: 'new_api_error' } }],
      ['server_error', 500, { error: { message: 'x', type: 'new_api_error' } }],
      ['invalid_response', 200, yes({ Name: 'no id' })],
    ] as const) {
      [trouble, status] = [answer, said];
      expect((await errorOf(ima.assets.ensure(FACE, { for: VIDEO }))).code).toBe(code);
    }
    trouble = undefined;
    expect(await ima.assets.ensure(FACE, { for: VIDEO })).toBe(asset);
    expect(gateway.bodies('create')).toHaveLength(1);
    await gateway.close();
  });

  test('in the words of what stands behind the gateway, too', async () => {
    let isGone = false;
    const gateway = await library({
      get: ({ id }) =>
        isGone && id === 'asset-1'
          ? no(`doubao asset request failed: InvalidParameter.AssetNotFound: The specified asset ${id} is not found.`)
          : yes({ Id: id, Status: 'Active' }),
    });
    const { ima } = clientFor(gateway.url);
    await ima.assets.ensure(FACE, { for: VIDEO });
    isGone = true;
    expect(await ima.assets.ensure(FACE, { for: VIDEO })).toBe('asset://asset-2');
    await gateway.close();
  });
});

describe('an address that is an asset’s already', () => {
  test('is looked at, waited for, and not uploaded', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    const { id } = await ima.assets.groups.create({ model: UPLOAD, name: 'mine' });
    const made = await ima.assets.create({ model: UPLOAD, group_id: id, url: FACE });
    expect(made.status).toBe('Processing');
    expect(await ima.assets.ensure(made.url, { for: VIDEO })).toBe(made.url);
    expect((await ima.assets.get(made)).status).toBe('Active');
    const wrong = await errorOf(ima.assets.ensure(made.url, { for: DOMESTIC_VIDEO }));
    expect(wrong).toMatchObject({ code: 'invalid_request', issues: [{ rule: 'assets.channel' }] });
    const unknown = await errorOf(ima.assets.ensure('asset://asset-none', { for: VIDEO }));
    expect(unknown.code).toBe('task_not_found');
    expect(uploads(mock)).toHaveLength(1);
  });

  test('is given back only when its review is over', async () => {
    const gateway = await library({
      get: ({ id }, _, count) => yes({ Id: id, Status: count < 4 ? 'Processing' : 'Active' }),
    });
    expect(await clientFor(gateway.url).ima.assets.ensure('asset://asset-9', { for: VIDEO })).toBe('asset://asset-9');
    expect(gateway.bodies('get')).toHaveLength(4);
    await gateway.close();
  });
});
