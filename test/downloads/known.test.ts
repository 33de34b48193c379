// What the journal knows of files: nothing is fetched twice that is there and whole, and nothing is taken for it that is not.

import { createHash } from 'node:crypto';
import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type BatchItem, type ClientOptions, type JournalRecord, MemoryJournal } from '../../src/index.js';
import { clientFor } from '../support/client.js';
import { errorOf } from '../support/error-of.js';
import { json, serve } from '../support/server.js';
import { honest, picture, room, SOON, send } from './support.js';

const here = room();
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const request = { model: 'gemini-2.5-flash-image', prompt: 'x' } as const;

/** A gateway that finishes at once whatever it is asked for, with `count` pictures each, on a host that tests may hurt. */
async function shop(count = 1) {
  /** By path; undefined: the host has trouble with it. */
  const files = new Map<string, Buffer | undefined>();
  const host = await here.host((asked, socket) => {
    const path = asked.path.replace(/\?.*/, '');
    const bytes = files.get(path);
    if (bytes === undefined) {
      send(socket, { status: 500, fields: { 'content-length': 0 }, body: Buffer.alloc(0) });
    } else {
      send(socket, honest(asked, { bytes, etag: `"${sha256(bytes)}"` }));
    }
  });
  let sold = 0;
  const gateway = await serve(({ method, url }, response) => {
    if (method === 'POST') {
      const id = `t${++sold}`;
      for (let i = 0; i < count; i++) files.set(`/${id}/${i}.png`, picture(3000, 10 * sold + i));
      return json(response, { id, object: 'video', status: 'queued' });
    }
    const id = url.split('/').at(-1) ?? '';
    // As signatures do, the query changes from time to time.
    const results = Array.from({ length: count }, (_, i) => ({ url: `${host.url}/${id}/${i}.png?at=${Date.now()}` }));
    return json(response, { id, object: 'video', status: 'completed', results });
  });
  here.later(gateway.close);
  const journal = join(here.folder, 'journal');
  return {
    files,
    gateway,
    out: join(here.folder, 'out'),
    /** A client as a new process would make it. */
    client: (options: ClientOptions = {}) => clientFor(gateway.url, { ...SOON, journal, ...options }),
    /** Paths that were asked for since the last time. */
    fetched: () => host.asked.splice(0).map(({ path }) => path.replace(/\?.*/, '')),
  };
}

async function only<Item>(items: AsyncIterable<Item> | Promise<Item[]>): Promise<Item> {
  const found: Item[] = [];
  for await (const item of Symbol.asyncIterator in items ? items : await items) found.push(item);
  const [first] = found;
  if (first === undefined || found.length > 1) throw new Error(`${found.length} items`);
  return first;
}

describe('the journal', () => {
  test('notes each file: which output, where, how large, its sha256 and when it was changed', async () => {
    const { client, out, files } = await shop(3);
    const { ima } = client();
    const saved = await (await ima.generate(request)).download(`${out}/`);
    const record = await only(ima.journal.list({}));
    expect(record.state).toBe('succeeded');
    const noted = [...(record.files ?? [])].sort((a, b) => (a.index ?? 0) - (b.index ?? 0));
    expect(noted).toEqual(
      await Promise.all(
        [0, 1, 2].map(async (index) => {
          const bytes = files.get(`/t1/${index}.png`) ?? Buffer.alloc(0);
          const path = join(out, `gemini-2.5-flash-image-t1-${index}.png`);
          const { mtimeMs: modifiedMs } = await stat(path);
          return { index, path, bytes: 3000, sha256: sha256(bytes), contentType: 'image/png', modifiedMs };
        }),
      ),
    );
    expect(saved.map(({ sha256, path, bytes, skipped }) => ({ sha256, path, bytes, skipped }))).toEqual(
      noted.map(({ sha256, path, bytes }) => ({ sha256, path, bytes, skipped: undefined })),
    );
  });

  test('another process is given what is there, and fetches nothing', async () => {
    const { client, out, fetched } = await shop(2);
    const first = await (await client().ima.generate(request)).download(`${out}/`);
    expect(fetched()).toHaveLength(2);
    const { ima } = client();
    const result = await ima.task('t1', { model: request.model }).result();
    expect(await result.download(`${out}/`)).toEqual(first.map((file) => ({ ...file, skipped: true })));
    expect(fetched()).toEqual([]);
  });

  test('without a journal the handle itself knows, another handle does not', async () => {
    const { client, out, fetched } = await shop();
    const { ima } = client({ journal: undefined });
    const result = await ima.generate(request);
    await result.download(`${out}/`);
    expect(await result.download(`${out}/`)).toMatchObject([{ skipped: true }]);
    expect(fetched()).toHaveLength(1);
    const again = await client({ journal: new MemoryJournal() }).ima.task('t1', { model: request.model }).result();
    await expect(again.download(`${out}/`)).rejects.toMatchObject({ code: 'exists' });
  });

  test('knows the file of one output from that of another, and under another name it is another file', async () => {
    const { client, out, fetched } = await shop(2);
    const { ima } = client();
    const result = await ima.generate(request);
    await result.outputs[0]?.download(join(out, 'a.png'));
    fetched();
    await expect(result.outputs[1]?.download(join(out, 'a.png'))).rejects.toMatchObject({ code: 'exists' });
    expect(await result.outputs[0]?.download(join(out, 'b.png'))).not.toHaveProperty('skipped');
    expect(await result.outputs[0]?.download(join(out, 'a.png'))).toMatchObject({ skipped: true });
    expect(fetched()).toEqual(['/t1/0.png']);
    expect((await only(ima.journal.list({}))).files?.map(({ path }) => basename(path))).toEqual(['a.png', 'b.png']);
  });

  test('a file whose time alone was changed is the same; its bytes are looked at', async () => {
    const { client, out, fetched } = await shop();
    const { ima } = client();
    const [file] = await (await ima.generate(request)).download(`${out}/`);
    await utimes(file?.path ?? '', new Date(0), new Date(0));
    fetched();
    const result = await client().ima.task('t1', { model: request.model }).result();
    expect(await result.download(`${out}/`)).toMatchObject([{ skipped: true }]);
    expect(fetched()).toEqual([]);
  });

  test.each<[string, (path: string) => Promise<void>]>([
    ['longer', (path) => writeFile(path, Buffer.alloc(4000))],
    ['changed at the same length', (path) => writeFile(path, Buffer.alloc(3000))],
    ['empty', (path) => writeFile(path, '')],
  ])('a file that is %s is not taken for it: it stays, or is replaced where that was asked for', async (_, hurt) => {
    const { client, out, files, fetched } = await shop();
    const { ima } = client();
    const [file] = await (await ima.generate(request)).download(`${out}/`);
    const path = file?.path ?? '';
    await hurt(path);
    const hurtBytes = await readFile(path);
    const result = await client().ima.task('t1', { model: request.model }).result();
    await expect(result.download(`${out}/`)).rejects.toMatchObject({ code: 'exists' });
    expect(await readFile(path)).toEqual(hurtBytes);
    fetched();
    expect(await result.download(`${out}/`, { overwrite: 'unverified' })).toEqual([file]);
    expect(await readFile(path)).toEqual(files.get('/t1/0.png'));
    expect(fetched()).toEqual(['/t1/0.png']);
    // Now it is known again.
    expect(await result.download(`${out}/`, { overwrite: 'unverified' })).toMatchObject([{ skipped: true }]);
    expect(await result.download(`${out}/`)).toMatchObject([{ skipped: true }]);
    expect(fetched()).toEqual([]);
  });

  test('the time of the last change is enough where the size is the same, and only there', async () => {
    const { client, out, fetched } = await shop();
    const { ima } = client();
    const [file] = await (await ima.generate(request)).download(`${out}/`);
    const path = file?.path ?? '';
    const noted = new Date(1_700_000_000_000);
    const record = await only(ima.journal.list({}));
    await ima.journal.put({
      ...record,
      files: (record.files ?? []).map((one) => ({ ...one, modifiedMs: noted.getTime() })),
    });
    fetched();
    const result = await client().ima.task('t1', { model: request.model }).result();
    await writeFile(path, Buffer.alloc(3000));
    await utimes(path, noted, noted);
    expect(await result.download(`${out}/`)).toMatchObject([{ skipped: true }]);
    await writeFile(path, Buffer.alloc(2999));
    await utimes(path, noted, noted);
    await expect(result.download(`${out}/`)).rejects.toMatchObject({ code: 'exists' });
  });

  test('`overwrite: true` fetches what is there too; the newest bytes are what is known', async () => {
    const { client, out, files, fetched } = await shop();
    const { ima } = client();
    const result = await ima.generate(request);
    const before = await result.download(`${out}/`);
    // The vendor may make the file anew: another coder, a watermark.
    files.set('/t1/0.png', picture(3000, 99));
    const after = await result.download(`${out}/`, { overwrite: true });
    expect(after[0]?.sha256).not.toBe(before[0]?.sha256);
    expect(fetched()).toHaveLength(2);
    expect(await result.download(`${out}/`)).toMatchObject([{ sha256: after[0]?.sha256, skipped: true }]);
    expect((await only(ima.journal.list({}))).files).toHaveLength(1);
    expect(fetched()).toEqual([]);
  });

  test('a second call after some outputs failed fetches only those', async () => {
    const { client, out, files, fetched } = await shop(4);
    const { ima } = client();
    const result = await ima.generate(request);
    const whole = files.get('/t1/2.png');
    files.set('/t1/2.png', undefined);
    const error = await errorOf(result.download(`${out}/`));
    expect(error).toMatchObject({ name: 'DownloadError', code: 'http_status', status: 500, taskId: 't1' });
    expect(error.hint).toMatch(/^3 of 4 outputs are saved\./);
    files.set('/t1/2.png', whole);
    fetched();
    const saved = await result.download(`${out}/`);
    expect(saved.map(({ skipped }) => skipped)).toEqual([true, true, undefined, true]);
    expect(fetched()).toEqual(['/t1/2.png']);
  });

  test('one that cannot be read, or written, does not stand in the way of a download', async () => {
    const { client, out } = await shop();
    const broken = new MemoryJournal();
    const { ima, warnings } = client({ journal: broken });
    const result = await ima.generate(request);
    broken.get = async () => Promise.reject(new Error('the store is down'));
    const [file] = await result.download(`${out}/`);
    expect(await readFile(file?.path ?? '')).toHaveLength(3000);
    expect(warnings.map(({ code }) => code)).toContain('journal_unavailable');
  });

  test('a task that `resume` gives back knows what was saved of it', async () => {
    const { client, out, fetched } = await shop();
    const journal = new MemoryJournal();
    const { ima } = client({ journal });
    await (await ima.generate(request)).download(`${out}/`);
    // As after a crash in which the note of the end was lost, and that of the file was not.
    const record: JournalRecord = { ...(await only(journal.list({}))), state: 'submitted' };
    const later = new MemoryJournal();
    await later.put(record);
    fetched();
    const task = await only(client({ journal: later }).ima.resume());
    expect(await (await task.result()).download(`${out}/`)).toMatchObject([{ skipped: true }]);
    expect(fetched()).toEqual([]);
    expect((await only(later.list({}))).files).toHaveLength(1);
  });
});

describe('a batch with `outDir`', () => {
  const requests = [1, 2, 3].map((n) => ({ ...request, prompt: `picture ${n}` }));

  /** One run, as of a new process; its items in the order of the requests. */
  async function run({ client, out }: Awaited<ReturnType<typeof shop>>, outDir = out) {
    const items: BatchItem<(typeof requests)[number]>[] = [];
    for await (const item of client().ima.batch(requests, { outDir })) items.push(item);
    return items.sort((a, b) => a.index - b.index);
  }
  const posts = ({ gateway }: Awaited<ReturnType<typeof shop>>) =>
    gateway.requests.filter(({ method }) => method === 'POST').length;

  test('a second run buys nothing and fetches nothing', async () => {
    const at = await shop(2);
    const first = await run(at);
    expect(at.fetched()).toHaveLength(6);
    const second = await run(at);
    expect(at.fetched()).toEqual([]);
    expect(posts(at)).toBe(3);
    expect(second.flatMap(({ files }) => files)).toEqual(
      first.flatMap(({ files }) => files?.map((file) => ({ ...file, skipped: true }))),
    );
  });

  test('a second run fetches what is missing, and replaces what is not what it was', async () => {
    const at = await shop(2);
    const files = (await run(at)).flatMap(({ files }) => files ?? []);
    const [missing = '', tampered = ''] = [files[1], files[2]].map((file) => file?.path ?? '');
    await rm(missing);
    await writeFile(tampered, 'not what it was');
    at.fetched();
    await run(at);
    const pathOnHost = (path: string) => basename(path).replace(/^.*-(t\d)-(\d)\.png$/, '/$1/$2.png');
    expect(at.fetched().sort()).toEqual([missing, tampered].map(pathOnHost).sort());
    expect(files).toHaveLength(6);
    for (const { path, sha256: known } of files) expect(sha256(await readFile(path))).toBe(known);
  });

  test('a run whose files were cut off has an item with an error; the next one fetches them, and buys nothing', async () => {
    const at = await shop();
    const { files } = at;
    const set = files.set.bind(files);
    files.set = (path, bytes) => set(path, path === '/t2/0.png' ? undefined : bytes);
    const first = await run(at);
    const failed = first.filter(({ error }) => error !== undefined);
    expect(failed).toMatchObject([{ error: { name: 'DownloadError', code: 'http_status' }, task: { id: 't2' } }]);
    set('/t2/0.png', picture(3000, 7));
    at.fetched();
    const second = await run(at);
    expect(second.every(({ files, error }) => files?.length === 1 && error === undefined)).toBe(true);
    expect(at.fetched()).toEqual(['/t2/0.png']);
    expect(posts(at)).toBe(3);
  });

  test.each(['a file', 'below a file'])(
    '%s where the folder should be: told before anything is bought',
    async (where) => {
      const at = await shop();
      const file = join(here.folder, 'file');
      await writeFile(file, '');
      const error = await errorOf(run(at, where === 'a file' ? file : join(file, 'deeper')));
      expect(error).toMatchObject({ name: 'DownloadError', code: 'not_writable', mayBeBilled: false });
      expect(error.message).toContain(file);
      expect(error.hint).toContain('Nothing was bought');
      expect(at.gateway.requests).toEqual([]);
    },
  );
});
