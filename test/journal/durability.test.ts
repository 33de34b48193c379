// What is on the disk when a call resolves, and what is saved when the disk takes no more: asked of real processes.

import { execFileSync } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JournalRecord } from '../../src/index.js';
import type { Worker } from './support.js';
import { content, folders, jsonOf, mostOpen, opened, record, until, workers } from './support.js';

const folder = folders();
const worker = workers();

const intent = record('k1', { request: { prompt: 'x'.repeat(500) } });
const submitted = record('k1', { request: intent.request ?? {}, state: 'submitted', taskId: 'task_1' });

/** In order, and nothing else between them that concerns the disk. */
const REPLACE = ['open wx k1.tmp', 'write k1.tmp', 'sync k1.tmp', 'close k1.tmp', 'rename k1.tmp k1.json'];
const syncOf = (directory: string) => {
  const name = directory.split('/').at(-1);
  return [`open r ${name}`, `sync ${name}`, `close ${name}`];
};

describe('before a put resolves', () => {
  test('the directory and its mark are on the disk, then the record, then its name', async () => {
    const directory = join(await folder(), 'deep', 'journal');
    const child = await worker(directory);
    const { log } = await child.ask({ call: 'put', record: intent });
    expect(log).toEqual([
      'open wx journal.tmp',
      'write journal.tmp',
      'sync journal.tmp',
      'close journal.tmp',
      'link journal.tmp journal.json',
      ...syncOf(directory),
      ...syncOf(join(directory, '../..')),
      ...syncOf(join(directory, '..')),
      expect.stringMatching(/^open \d+ journal\.json$/),
      'close journal.json',
      ...REPLACE,
      ...syncOf(directory),
      'resolved',
    ]);
    await child.end();
  });

  test.each(['submitted', 'unknown'] as const)('so it is for %s', async (state) => {
    const directory = await folder();
    const child = await worker(directory);
    await child.ask({ call: 'put', record: intent });
    const { log } = await child.ask({ call: 'put', record: { ...submitted, state } });
    expect(log).toEqual([...REPLACE, ...syncOf(directory), 'resolved']);
    await child.end();
  });

  test.each(['succeeded', 'failed', 'cancelled'] as const)(
    'for %s the name may come later: the bytes are there before it, so that a power cut leaves one of the two',
    async (state) => {
      const directory = await folder();
      const child = await worker(directory);
      await child.ask({ call: 'put', record: intent });
      const { log } = await child.ask({ call: 'put', record: { ...submitted, state } });
      expect(log).toEqual([...REPLACE, 'resolved']);
      await child.end();
    },
  );

  test('a deletion is durable too', async () => {
    const directory = await folder();
    const child = await worker(directory);
    await child.ask({ call: 'put', record: intent });
    expect((await child.ask({ call: 'delete', key: 'k1' })).log).toEqual([...syncOf(directory), 'resolved']);
    expect((await child.ask({ call: 'delete', key: 'k1' })).log).toEqual(['resolved']);
    await child.end();
  });

  test('many puts share the fsync of the directory, and each has one that began after its rename', async () => {
    const directory = await folder();
    const child = await worker(directory);
    await child.ask({ call: 'put', record: intent });
    // Slow enough that others always come while one runs.
    await child.ask({ call: 'slow', ms: 100 });
    const records = Array.from({ length: 100 }, (_, index) => record(`p${index}`));
    const { log } = await child.ask({ call: 'puts', records });
    const [begin = '', sync = ''] = syncOf(directory);
    expect(log.filter((line) => line === sync).length).toBeLessThan(records.length);
    const lastRename = log.findLastIndex((line) => line.startsWith('rename'));
    const lastBegin = log.lastIndexOf(begin);
    expect(lastBegin).toBeGreaterThan(lastRename);
    expect(log.indexOf(sync, lastBegin)).toBeLessThan(log.indexOf('resolved'));
    expect(log.filter((line) => /^sync p\d+\.tmp$/.test(line))).toHaveLength(records.length);
    // And they do not take all handles and threads of the process.
    expect(mostOpen(log, / p\d+\.tmp$/)).toBe(3);
    await child.end();
  });

  test('a directory that cannot be synced is told for what it is, and an intent leaves no trace', async () => {
    const directory = await folder();
    const child = await worker(directory);
    await child.ask({ call: 'put', record: submitted });
    await child.ask({ call: 'fault', faults: [{ call: 'sync', name: `${directory}$`, code: 'EIO', times: 1 }] });
    const { error } = await child.ask({ call: 'put', record: record('k2') });
    expect(error).toMatchObject({ code: 'journal_unavailable' });
    expect(await content(directory)).toEqual(['journal.json', 'k1.json']);
    // Some file systems have no such thing, and there is nothing to be done.
    await child.ask({ call: 'fault', faults: [{ call: 'sync', name: `${directory}$`, code: 'EINVAL', times: 9 }] });
    expect((await child.ask({ call: 'put', record: record('k2') })).error).toBeUndefined();
    await child.end();
  });
});

test('killed at any moment, a process leaves all that it had acknowledged, whole, and no file that is not', async () => {
  const directory = await folder();
  const acknowledged = new Map<string, JournalRecord>();
  for (const [round, delayMs] of [3, 11, 17, 29].entries()) {
    const child = await worker(directory);
    await child.ask({ call: 'list' });
    const states = ['intent', 'submitted', 'succeeded'] as const;
    const ended = (async () => {
      for (let index = 0; ; index++) {
        const one = record(`r${round}-${Math.floor(index / 3)}`, { state: states[index % 3] ?? 'intent', taskId: 't' });
        await child.ask({ call: 'put', record: one });
        acknowledged.set(one.key, one);
        if (index === 0) setTimeout(() => child.process.kill('SIGKILL'), delayMs);
      }
    })();
    await expect(ended).rejects.toThrow('the child ended');
  }
  const { journal, warnings } = opened(directory);
  const found = new Map((await journal.list()).map((one) => [one.key, one]));
  const rank = (one: JournalRecord | undefined) => ['intent', 'submitted', 'succeeded'].indexOf(one?.state ?? '');
  expect(acknowledged.size).toBeGreaterThanOrEqual(4);
  for (const [key, one] of acknowledged) expect(rank(found.get(key))).toBeGreaterThanOrEqual(rank(one));
  expect(warnings).toEqual([]);
});

describe('a disk that takes no more', () => {
  /** What the file holds, and that it is as long as before. */
  async function rescued(directory: string, lengthBefore: number): Promise<unknown> {
    const text = await readFile(join(directory, 'k1.json'), 'utf8');
    expect(text).toHaveLength(lengthBefore);
    expect(text.endsWith('\n')).toBe(true);
    return JSON.parse(text);
  }

  async function withIntent(directory: string, first: JournalRecord = intent): Promise<[Worker, number]> {
    const child = await worker(directory);
    await child.ask({ call: 'put', record: first });
    return [child, (await stat(join(directory, 'k1.json'))).size];
  }

  const faults = [
    ...['ENOSPC', 'EMFILE', 'EACCES'].map((code) => ({ call: 'open', flags: 'wx', code }) as const),
    { call: 'write', name: '\\.tmp$', code: 'ENOSPC' } as const,
    { call: 'sync', name: '\\.tmp$', code: 'ENOSPC' } as const,
    { call: 'rename', code: 'EPERM' } as const,
  ];
  test.each(faults)(
    '$call: $code: the id goes into the room that the intent has kept; no other intent is taken',
    async (fault) => {
      const directory = await folder();
      const [child, length] = await withIntent(directory);
      await child.ask({ call: 'fault', faults: [fault] });
      const { error, log } = await child.ask({ call: 'put', record: submitted });
      expect(error).toBeUndefined();
      expect(log.slice(-5)).toEqual(['open r+ k1.json', 'write k1.json', 'sync k1.json', 'close k1.json', 'resolved']);
      expect(await rescued(directory, length)).toEqual(submitted);
      // And so on to its end, with the same file.
      const ended = { ...submitted, state: 'failed', error: { message: 'm'.repeat(300), kind: 'upstream' } } as const;
      expect((await child.ask({ call: 'put', record: ended })).error).toBeUndefined();
      expect(await rescued(directory, length)).toEqual(ended);
      expect((await child.ask({ call: 'list', filter: { state: 'failed' } })).value).toEqual([ended]);
      expect(await opened(directory).journal.list()).toEqual([ended]);
      // An intent is refused, so that nothing is sent: a new one, and one under a key that has a file.
      for (const one of [record('k2'), intent]) {
        const { error } = await child.ask({ call: 'put', record: one });
        expect(error).toMatchObject({ name: 'ConfigError', code: 'journal_unavailable' });
        expect(error?.message).toContain(directory);
        expect(error?.hint).toMatch(/space|right|open/);
        expect(error?.cause).toContain(fault.code);
      }
      expect(await content(directory)).toEqual(['journal.json', 'k1.json']);
      await child.end();
    },
  );

  test('what does not fit goes without the body of the request', async () => {
    const directory = await folder();
    const [child, length] = await withIntent(directory);
    await child.ask({ call: 'fault', faults: [{ call: 'open', flags: 'wx', code: 'ENOSPC' }] });
    const long = { ...submitted, files: [{ path: 'p'.repeat(2100), bytes: 1, sha256: 's', contentType: 'c' }] };
    expect((await child.ask({ call: 'put', record: long })).error).toBeUndefined();
    const { request: _, ...bare } = long;
    expect(await rescued(directory, length)).toEqual(bare);
    await child.end();
  });

  test('what does not fit even so is refused, and the file stays as it was', async () => {
    const directory = await folder();
    const [child, length] = await withIntent(directory);
    await child.ask({ call: 'put', record: submitted });
    await child.ask({ call: 'fault', faults: [{ call: 'open', flags: 'wx', code: 'ENOSPC' }] });
    const long = { ...submitted, taskId: 'x'.repeat(4000) };
    const { error } = await child.ask({ call: 'put', record: long });
    expect(error).toMatchObject({ code: 'journal_unavailable', cause: expect.stringContaining('ENOSPC') });
    expect(error?.hint).toContain('Free some space');
    expect(await jsonOf(join(directory, 'k1.json'))).toEqual(submitted);
    expect(length).toBeGreaterThan(0);
    await child.end();
  });

  test('where neither a new file nor the old one can be written, it says so', async () => {
    const directory = await folder();
    const [child] = await withIntent(directory);
    await child.ask({
      call: 'fault',
      faults: [
        { call: 'open', flags: 'wx', code: 'EROFS' },
        { call: 'open', flags: 'r+', code: 'EROFS' },
      ],
    });
    const { error } = await child.ask({ call: 'put', record: submitted });
    expect(error).toMatchObject({ code: 'journal_unavailable', cause: expect.stringContaining('EROFS') });
    await child.end();
  });

  test.each(['EMFILE', 'ENFILE'])(
    '%s: while no handle is free at all, an id waits for one; an intent does not',
    async (code) => {
      const directory = await folder();
      const [child] = await withIntent(directory);
      const none = [
        { call: 'open', flags: 'wx', code, times: 3 },
        { call: 'open', flags: 'r+', code, times: 2 },
      ] as const;
      await child.ask({ call: 'fault', faults: [...none] });
      expect((await child.ask({ call: 'put', record: submitted })).error).toBeUndefined();
      expect(await jsonOf(join(directory, 'k1.json'))).toEqual(submitted);
      const { error } = await child.ask({ call: 'put', record: record('k2') });
      expect(error).toBeUndefined();
      await child.ask({ call: 'fault', faults: [{ call: 'open', flags: 'wx', code, times: 1 }] });
      expect((await child.ask({ call: 'put', record: record('k3') })).error).toMatchObject({
        code: 'journal_unavailable',
      });
      await child.end();
    },
  );

  test('an id of the greatest length fits, in any script', async () => {
    const directory = await folder();
    const [child] = await withIntent(directory);
    await child.ask({ call: 'fault', faults: [{ call: 'open', flags: 'wx', code: 'ENOSPC' }] });
    const taskId = '可'.repeat(512);
    expect((await child.ask({ call: 'put', record: { ...submitted, taskId } })).error).toBeUndefined();
    expect(await jsonOf(join(directory, 'k1.json'))).toEqual({ ...submitted, taskId });
    await child.end();
  });

  test('a file system without hard links is good enough', async () => {
    const directory = await folder();
    const child = await worker(directory);
    await child.ask({ call: 'fault', faults: [{ call: 'link', code: 'EPERM' }] });
    expect((await child.ask({ call: 'put', record: intent })).error).toBeUndefined();
    expect(await content(directory)).toEqual(['journal.json', 'k1.json']);
    await child.end();
  });
});

/** Tests run as root too, whom no permission stops: there the child is nobody. */
const isRoot = process.getuid?.() === 0;
const NOBODY = { uid: 65534, gid: 65534 };

test.skipIf(process.platform === 'win32')(
  'a directory that lost its right to be written: ids are saved, intents refused, records read',
  async () => {
    const base = await folder();
    await chmod(base, 0o755);
    const directory = join(base, 'journal');
    await mkdir(directory);
    if (isRoot) await chown(directory, NOBODY.uid, NOBODY.gid);
    const child = await worker(directory, isRoot ? NOBODY : undefined);
    await child.ask({ call: 'put', record: intent });
    await chmod(directory, 0o555);
    expect((await child.ask({ call: 'put', record: submitted })).error).toBeUndefined();
    expect((await child.ask({ call: 'list' })).value).toEqual([submitted]);
    const { error } = await child.ask({ call: 'put', record: record('k2') });
    expect(error).toMatchObject({ code: 'journal_unavailable', cause: expect.stringContaining('EACCES') });
    expect((await child.ask({ call: 'claim', key: 'k1' })).error).toMatchObject({ code: 'journal_unavailable' });
    expect((await child.ask({ call: 'delete', key: 'k1' })).error).toMatchObject({ code: 'journal_unavailable' });
    await child.end();
    await chmod(directory, 0o755);
  },
);

/** A disk of 64 KiB, where this machine lets us have one. */
function mount(at: string, options: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', at], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
const canMount = process.platform === 'linux' && isRoot;

describe.skipIf(!canMount)('a real disk that is full (needs the right to mount)', () => {
  let disk = '';
  let mounted = false;
  beforeAll(async () => {
    disk = await mkdtemp(join(tmpdir(), 'ima-journal-disk-'));
    mounted = mount(disk, 'size=64k');
  });
  afterAll(async () => {
    if (mounted) execFileSync('umount', [disk]);
    await rm(disk, { recursive: true });
  });

  test('the id is saved, the next intent refused; with space again all goes on', async (context) => {
    context.skip(!mounted, 'no right to mount');
    const directory = join(disk, 'journal');
    const { journal } = opened(directory);
    await journal.put(intent);
    const filler = join(disk, 'filler');
    await writeFile(filler, 'x'.repeat(1 << 20)).catch(() => {});
    await until(async () => (await stat(filler)).size > 0);
    await journal.put(submitted);
    expect(await jsonOf(join(directory, 'k1.json'))).toEqual(submitted);
    const error = await journal.put(record('k2')).catch((failure: unknown) => failure);
    expect(error).toMatchObject({ code: 'journal_unavailable', cause: { code: 'ENOSPC' } });
    expect(error).toHaveProperty('hint', expect.stringContaining('Free some space'));
    expect(await content(directory)).toEqual(['journal.json', 'k1.json']);
    await writeFile(filler, '');
    await journal.put(record('k2'));
    expect((await opened(directory).journal.list()).map(({ key }) => key)).toEqual(['k1', 'k2']);
  });

  test('mounted read-only, it can still be read', async (context) => {
    context.skip(!mounted, 'no right to mount');
    const directory = join(disk, 'journal');
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    const { journal, warnings } = opened(directory);
    expect(await journal.list()).toHaveLength(2);
    await expect(journal.put(record('k3'))).rejects.toMatchObject({
      code: 'journal_unavailable',
      cause: { code: 'EROFS' },
    });
    await expect(journal.put(submitted)).rejects.toMatchObject({ cause: { code: 'EROFS' } });
    await expect(journal.claim('k1')).rejects.toMatchObject({ code: 'journal_unavailable' });
    expect(warnings).toEqual([]);
    execFileSync('mount', ['-o', 'remount,rw', disk]);
  });
});
