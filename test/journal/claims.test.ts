// Who holds what, among instances, processes and machines: never two, and never one who is dead.

import { spawn } from 'node:child_process';
import { chown, mkdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Owner } from '../../src/disk/index.js';
import { DirectoryJournal } from '../../src/index.js';
import { content, folders, jsonOf, opened, record, until, workers } from './support.js';

const folder = folders();
const worker = workers();
const onLinux = process.platform === 'linux';

describe('two instances', () => {
  test('one has it, until it gives it back; nobody has it twice, the holder neither', async () => {
    const directory = await folder();
    const [a, b] = [new DirectoryJournal(directory), new DirectoryJournal(directory)];
    expect(await a.claim('k1')).toBe(true);
    expect(await a.claim('k1')).toBe(false);
    expect(await b.claim('k1')).toBe(false);
    await b.release('k1');
    expect(await b.claim('k1')).toBe(false);
    expect(await b.claim('k2')).toBe(true);
    await a.release('k1');
    expect(await b.claim('k1')).toBe(true);
    expect(await a.claim('k1')).toBe(false);
  });

  test('leave nothing behind but who they are', async () => {
    const directory = await folder();
    const journal = new DirectoryJournal(directory);
    await journal.put(record('k1'));
    await journal.claim('k1');
    await journal.release('k1');
    await journal.release('k1');
    const [owner, ...rest] = await content(join(directory, 'owners'));
    expect(rest).toEqual([]);
    expect(await content(directory)).toEqual(['claims', 'journal.json', 'k1.json', 'owners', `owners/${owner}`]);
    const about = await jsonOf(join(directory, 'owners', owner ?? ''));
    expect(about).toMatchObject({ host: hostname(), pid: process.pid });
    if (onLinux) {
      const self = await readFile('/proc/self/stat', 'utf8');
      const [, ...fields] = self.slice(self.lastIndexOf(')')).split(' ');
      expect(about).toMatchObject({
        bootId: (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim(),
        pidNamespace: expect.stringMatching(/^pid:\[\d+\]$/),
        startTicks: Number(fields[19]),
      });
    }
  });

  test('asked for at once by many instances, every name has one owner, and each call an answer', async () => {
    const directory = await folder();
    const journals = Array.from({ length: 6 }, () => new DirectoryJournal(directory));
    const names = Array.from({ length: 20 }, (_, index) => `n${index}`);
    const claimed = await Promise.all(
      names.map(async (name) => {
        const answers = await Promise.all(journals.map((journal) => journal.claim(name)));
        return answers.filter(Boolean).length;
      }),
    );
    expect(claimed).toEqual(names.map(() => 1));
  });

  test('a claim that cannot be looked at leaves no flag behind', async () => {
    const directory = await folder();
    const child = await worker(directory);
    await child.ask({ call: 'claim', key: 'other' });
    await child.ask({
      call: 'fault',
      faults: [{ call: 'open', flags: 'r+', name: 'claims', code: 'EMFILE', times: 1 }],
    });
    expect((await child.ask({ call: 'claim', key: 'k1' })).error).toMatchObject({ code: 'journal_unavailable' });
    expect(await new DirectoryJournal(directory).claim('k1')).toBe(true);
    expect((await child.ask({ call: 'claim', key: 'k1' })).value).toBe(false);
    await child.end();
  });
});

describe('processes', () => {
  test('what a process holds, another one does not get; one that is killed holds nothing', async () => {
    const directory = await folder();
    const [a, b] = [await worker(directory), await worker(directory)];
    expect((await a.ask({ call: 'claim', key: 'k1' })).value).toBe(true);
    expect((await b.ask({ call: 'claim', key: 'k1' })).value).toBe(false);
    a.process.kill('SIGKILL');
    await a.end();
    expect((await b.ask({ call: 'claim', key: 'k1' })).value).toBe(true);
    expect(await content(join(directory, 'claims/k1'))).toHaveLength(1);
    expect(await b.end()).toBe(0);
  });

  test.skipIf(process.platform === 'win32')('one that is stopped for a while still holds it', async () => {
    const directory = await folder();
    const holder = await worker(directory);
    expect((await holder.ask({ call: 'claim', key: 'k1' })).value).toBe(true);
    holder.process.kill('SIGSTOP');
    // Long enough to miss every heartbeat.
    const [owner = ''] = await content(join(directory, 'owners'));
    await utimes(join(directory, 'owners', owner), 1, 1);
    expect(await new DirectoryJournal(directory).claim('k1')).toBe(!onLinux);
    holder.process.kill('SIGCONT');
    await holder.ask({ call: 'release', key: 'k1' });
    if (onLinux) expect(await new DirectoryJournal(directory).claim('k1')).toBe(true);
    await holder.end();
  });

  test('one that holds claims ends by itself, and what it held is free', async () => {
    const directory = await folder();
    const child = await worker(directory);
    expect((await child.ask({ call: 'claim', key: 'k1' })).value).toBe(true);
    expect(await child.end()).toBe(0);
    expect(await content(join(directory, 'claims/k1'))).toHaveLength(1);
    expect(await new DirectoryJournal(directory).claim('k1')).toBe(true);
  });

  test('eight at once, for two hundred names: each name has exactly one owner', { timeout: 60_000 }, async () => {
    const directory = await folder();
    const racers = await Promise.all(Array.from({ length: 8 }, () => worker(directory)));
    const names = Array.from({ length: 200 }, (_, index) => `n${index}`);
    // All are up before the first begins.
    for (const racer of racers) await racer.ask({ call: 'list' });
    const startAt = Date.now() + 100;
    const answers = await Promise.all(
      racers.map((racer, index) => {
        const turned = [...names.slice(index * 3), ...names.slice(0, index * 3)];
        return racer.ask({ call: 'race', names: index % 2 === 0 ? names : turned, startAt });
      }),
    );
    const won = answers.map(({ value }) => (Array.isArray(value) ? value : []));
    expect(won.flat().sort()).toEqual([...names].sort());
    for (const racer of racers) expect(await racer.end()).toBe(0);
  });

  test('whom a dead one blocked go on: eight at once, for what a killed process held', {
    timeout: 60_000,
  }, async () => {
    const directory = await folder();
    const names = Array.from({ length: 50 }, (_, index) => `n${index}`);
    const dying = await worker(directory);
    expect((await dying.ask({ call: 'race', names, startAt: 0 })).value).toHaveLength(50);
    const racers = await Promise.all(Array.from({ length: 4 }, () => worker(directory)));
    for (const racer of racers) expect((await racer.ask({ call: 'race', names, startAt: 0 })).value).toEqual([]);
    dying.process.kill('SIGKILL');
    await dying.end();
    const answers = await Promise.all(racers.map((racer) => racer.ask({ call: 'race', names, startAt: 0 })));
    expect(answers.flatMap(({ value }) => value).sort()).toEqual([...names].sort());
  });
});

describe('who is alive', () => {
  const ID = '0b5e0f6e-1111-4111-8111-111111111111';
  let directory = '';
  let self: Owner;
  beforeEach(async () => {
    directory = await folder();
    const journal = new DirectoryJournal(directory);
    await journal.claim('mine');
    const [file = ''] = await content(join(directory, 'owners'));
    self = JSON.parse(await readFile(join(directory, 'owners', file), 'utf8'));
  });

  /** A flag of somebody who says `text` of himself, and did so `silentSeconds` ago. As always, the flag comes last. */
  async function flagOf(text: string | undefined, silentSeconds: number): Promise<void> {
    if (text !== undefined) {
      const path = join(directory, 'owners', `${ID}.json`);
      await writeFile(path, text);
      const then = Date.now() / 1000 - silentSeconds;
      await utimes(path, then, then);
    }
    await mkdir(join(directory, 'claims/k1'), { recursive: true });
    await writeFile(join(directory, 'claims/k1', ID), 'held\n');
  }

  const other: Owner = { host: 'elsewhere', bootId: 'b', pidNamespace: 'pid:[1]', pid: 1, startTicks: 1 };
  const { bootId: _, startTicks: __, pidNamespace: ___, ...untold } = { ...other, host: hostname(), pid: process.pid };
  /** The pid of a process that has ended: no system goes that far. */
  const gone = 2 ** 30;

  type Row = [
    who: string,
    about: (self: Owner) => object | string | undefined,
    silentSeconds: number,
    is: 'alive' | 'dead',
  ];
  const anywhere: Row[] = [
    ['nobody: there is no such owner', () => undefined, 0, 'dead'],
    ['this machine, a process that is gone', (self) => ({ ...self, pid: gone }), 0, 'dead'],
    ['another machine, with a heartbeat', () => other, 50, 'alive'],
    ['another machine, silent', () => other, 70, 'dead'],
    ['another machine with the number of a living process', () => ({ ...other, pid: process.pid }), 70, 'dead'],
    ['a machine that tells nothing, with a heartbeat', () => ({ host: 'elsewhere', pid: gone }), 50, 'alive'],
    ['a machine that tells nothing, silent', () => ({ host: 'elsewhere', pid: gone }), 70, 'dead'],
    ['something that nobody can read, just now', () => '{"host":', 50, 'alive'],
    ['something that nobody can read, silent', () => '{"host":', 70, 'dead'],
    ['a process number that is none', (self) => ({ ...self, pid: -1 }), 70, 'dead'],
  ];
  const linux: Row[] = [
    ['this process', (self) => self, 9999, 'alive'],
    ['this process, before it was ours', (self) => ({ ...self, startTicks: 1 }), 0, 'dead'],
    ['this machine under another name', (self) => ({ ...self, host: 'renamed' }), 9999, 'alive'],
    ['this machine before it was started anew', (self) => ({ ...self, bootId: 'b' }), 0, 'dead'],
    ['another container here, with a heartbeat', (self) => ({ ...self, pidNamespace: 'pid:[1]' }), 50, 'alive'],
    ['another container here, silent', (self) => ({ ...self, pidNamespace: 'pid:[1]' }), 70, 'dead'],
    ['this process, not told when it began', ({ startTicks: _, ...rest }) => rest, 500, 'alive'],
    ['this process, not told when it began, silent', ({ startTicks: _, ...rest }) => rest, 700, 'dead'],
  ];
  const elsewhere: Row[] = [
    ['this machine, a living number', () => untold, 500, 'alive'],
    ['this machine, a living number, silent', () => untold, 700, 'dead'],
  ];
  test.each([...anywhere, ...(onLinux ? linux : elsewhere)])('%s', async (_, about, silentSeconds, verdict) => {
    const said = about(self);
    await flagOf(typeof said === 'object' ? JSON.stringify(said) : said, silentSeconds);
    expect(await new DirectoryJournal(directory).claim('k1')).toBe(verdict === 'dead');
    const flags = await content(join(directory, 'claims/k1'));
    expect(flags.includes(ID)).toBe(verdict === 'alive');
  });

  test.skipIf(process.getuid?.() !== 0)(
    'a process of somebody else is alive, though it may not be signalled',
    async () => {
      const nobody = { uid: 65534, gid: 65534 };
      await flagOf(JSON.stringify(self), 9999);
      for (const path of ['', ...(await content(directory))])
        await chown(join(directory, path), nobody.uid, nobody.gid);
      const child = await worker(directory, nobody);
      expect((await child.ask({ call: 'claim', key: 'k1' })).value).toBe(false);
      await writeFile(join(directory, 'owners', `${ID}.json`), JSON.stringify({ ...self, startTicks: 1 }));
      expect((await child.ask({ call: 'claim', key: 'k1' })).value).toBe(true);
      await child.end();
    },
  );

  test.skipIf(!onLinux)('a zombie is dead, though it answers', async () => {
    // The second `sleep` takes the place of the shell, and asks nobody how the first one ended.
    const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const chunks: Buffer[] = [];
      parent.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
      await until(() => Buffer.concat(chunks).includes('\n'));
      const pid = Number(Buffer.concat(chunks).toString());
      const line = () => readFile(`/proc/${pid}/stat`, 'utf8');
      await until(async () => (await readFile(`/proc/${parent.pid}/comm`, 'utf8')) === 'sleep\n');
      process.kill(pid, 'SIGKILL');
      await until(async () => / Z /.test(await line()));
      expect(() => process.kill(pid, 0)).not.toThrow();
      const startTicks = Number((await line()).split(') ')[1]?.split(' ')[19]);
      await flagOf(JSON.stringify({ ...self, pid, startTicks }), 0);
      expect(await new DirectoryJournal(directory).claim('k1')).toBe(true);
    } finally {
      parent.kill('SIGKILL');
    }
  });

  test('time is what the file server says: a machine whose clock is an hour off is judged the same', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 });
    try {
      await flagOf(JSON.stringify(other), 3600 + 50);
      expect(await new DirectoryJournal(directory).claim('k1')).toBe(false);
      await flagOf(JSON.stringify(other), 3600 + 70);
      expect(await new DirectoryJournal(directory).claim('k1')).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });

  test('who was silent and comes back is asked anew, not remembered as dead', async () => {
    const journal = new DirectoryJournal(directory);
    await flagOf(JSON.stringify(other), 70);
    expect(await journal.claim('k1')).toBe(true);
    await journal.release('k1');
    await flagOf(JSON.stringify(other), 0);
    expect(await journal.claim('k1')).toBe(false);
  });
});

describe('the heartbeat', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('one timer, while anything is held', async () => {
    const { journal } = opened(await folder());
    await journal.put(record('k1'));
    expect(vi.getTimerCount()).toBe(0);
    await journal.claim('k1');
    await journal.claim('k2');
    expect(vi.getTimerCount()).toBe(1);
    await journal.release('k1');
    expect(vi.getTimerCount()).toBe(1);
    await journal.release('k2');
    expect(vi.getTimerCount()).toBe(0);
    await journal.claim('k1');
    expect(vi.getTimerCount()).toBe(1);
    await journal.release('k1');
  });

  test('renews the owner’s file every 15 seconds, and makes it again if somebody removed it', async () => {
    const directory = await folder();
    const { journal } = opened(directory);
    await journal.claim('k1');
    const [file = ''] = await content(join(directory, 'owners'));
    const path = join(directory, 'owners', file);
    const text = await readFile(path, 'utf8');
    await utimes(path, 1, 1);
    vi.advanceTimersByTime(14_000);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await stat(path)).mtimeMs).toBe(1000);
    vi.advanceTimersByTime(1000);
    await until(async () => (await stat(path)).mtimeMs > 1000);
    expect(await readFile(path, 'utf8')).toBe(text);
    await rm(path);
    vi.advanceTimersByTime(15_000);
    await until(async () => (await jsonOf(path).catch(() => undefined)) !== undefined);
    await journal.release('k1');
  });

  test('takes down a flag that could not be taken down when its claim was given back', async () => {
    const directory = await folder();
    const { journal } = opened(directory);
    await journal.claim('k1');
    const [id = ''] = await content(join(directory, 'claims', 'k1'));
    const flag = join(directory, 'claims', 'k1', id);
    // What cannot be removed as a file is.
    await rm(flag);
    await mkdir(flag);
    await expect(journal.release('k1')).rejects.toMatchObject({ code: 'journal_unavailable' });
    await rm(flag, { recursive: true });
    await writeFile(flag, 'held\n');
    const other = opened(directory).journal;
    expect(await other.claim('k1')).toBe(false);
    vi.advanceTimersByTime(15_000);
    await until(() => other.claim('k1'));
    expect(vi.getTimerCount()).toBe(1);
    await other.release('k1');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('does not bring a directory back that was removed', async () => {
    const directory = join(await folder(), 'journal');
    const { journal } = opened(directory);
    await journal.claim('k1');
    await rm(directory, { recursive: true });
    vi.advanceTimersByTime(15_000);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await expect(stat(directory)).rejects.toThrow('ENOENT');
    await journal.release('k1');
  });

  test('who held nothing for hours shows life before he raises a flag', async () => {
    const directory = await folder();
    const { journal } = opened(directory);
    await journal.claim('k1');
    await journal.release('k1');
    const [file = ''] = await content(join(directory, 'owners'));
    const path = join(directory, 'owners', file);
    await utimes(path, 1, 1);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 });
    await journal.claim('k2');
    expect((await stat(path)).mtimeMs).toBeGreaterThan(1000);
    await rm(path);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 });
    await journal.claim('k3');
    expect(await jsonOf(path)).toMatchObject({ pid: process.pid });
  });
});
