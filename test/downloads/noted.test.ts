// What the journal knows of saved files: nothing is lost where several note at once, and outputs are counted, not files.

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { clientFor } from '../support/client.js';
import { json, serve } from '../support/server.js';
import { head, honest, picture, room, SOON, send } from './support.js';

const here = room();

describe('what the journal knows of files', () => {
  /** A gateway with one task of so many pictures, which it forgets when it is told to. */
  async function pictures(count: number, answers: (asked: { path: string }) => boolean = () => true) {
    const host = await here.host((asked, socket) => {
      const own = picture(20_000, Number(/\d+/.exec(asked.path)?.[0]) + 1);
      if (answers(asked)) send(socket, honest(asked, { bytes: own, etag: '"e"' }));
      else socket.end(head(500, { 'content-length': 0 }));
    });
    const gone = { error: { message: 'task_not_exist', type: 'invalid_request_error', code: 'task_not_exist' } };
    let isForgotten = false;
    const gateway = await serve((request, response) => {
      if (request.method === 'POST')
        return json(response, { id: 't1', task_id: 't1', object: 'video', status: 'queued' });
      if (isForgotten) return json(response, gone, 404);
      const results = Array.from({ length: count }, (_, at) => ({ url: `${host.url}/${at}.png` }));
      json(response, { id: 't1', object: 'video', status: 'completed', results });
    });
    here.later(gateway.close);
    const client = () => clientFor(gateway.url, { ...SOON, journal: join(here.folder, 'tasks') }).ima;
    const outDir = join(here.folder, 'out');
    const batch = async () => {
      const items = [];
      const request = { model: 'gemini-2.5-flash-image', prompt: 'a village' };
      for await (const item of client().batch([request], { outDir })) items.push(item);
      const [item] = items;
      if (item === undefined) throw new Error('no item');
      return item;
    };
    const forget = (): void => {
      isForgotten = true;
    };
    return { client, batch, outDir, forget, gateway };
  }

  test('two clients that note at once lose nothing of each other', async () => {
    const { client } = await pictures(12);
    const outputsOf = async (ima: ReturnType<typeof client>) =>
      (await ima.task('t1', { model: 'gemini-2.5-flash-image' }).result()).outputs;
    await (await client().submit({ model: 'gemini-2.5-flash-image', prompt: 'a village' })).result();
    const [one, other] = [await outputsOf(client()), await outputsOf(client())];
    const folder = join(here.folder, 'out/');
    const saved = one.map((output, at) => (at % 2 === 0 ? output : other[at])?.download(folder));
    expect((await Promise.all(saved)).map((file) => file?.skipped)).toEqual(Array(12).fill(undefined));
    const again = await Promise.all((await outputsOf(client())).map((output) => output.download(folder)));
    expect(again.map(({ skipped }) => skipped)).toEqual(Array(12).fill(true));
  }, 20_000);

  test('a batch counts outputs, not files: copies elsewhere, or gone, do not matter', async () => {
    const { batch, outDir, forget, gateway } = await pictures(2);
    const bought = await batch();
    await mkdir(join(here.folder, 'gallery'));
    await bought.result?.download(join(here.folder, 'gallery/'));
    const copy = await bought.result?.outputs[1]?.download(join(outDir, 'copy.png'));
    await rm(copy?.path ?? '');
    forget();
    const again = await batch();
    expect(again.error).toBeUndefined();
    expect(again.files).toEqual(bought.files?.map((file) => ({ ...file, skipped: true })));
    expect(gateway.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  test('one output under two names is not two outputs', async () => {
    const { batch, outDir, forget } = await pictures(2, ({ path }) => path === '/0.png');
    const bought = await batch();
    expect(bought.error).toMatchObject({ code: 'http_status' });
    await bought.result?.outputs[0]?.download(join(outDir, 'copy.png'));
    forget();
    const again = await batch();
    expect(again.error).toMatchObject({ code: 'task_not_found' });
    expect(again.files).toBeUndefined();
  });
});
