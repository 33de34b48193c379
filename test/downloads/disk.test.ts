// Disks that are full, folders that may not be written, processes that die or meet at one name: a file is whole or not there.

import { execFileSync } from 'node:child_process';
import {
  chmod,
  chown,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir, uptime } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Owner, thisProcess } from '../../src/disk/index.js';
import type { Output } from '../../src/index.js';
import { errorOf } from '../support/error-of.js';
import { children } from './children.js';
import { type Host, honest, picture, room, send, until } from './support.js';

const here = room();
const child = children();

const bytes = picture(200_000);
const ETAG = '"v1"';
const version = { bytes, etag: ETAG };
const PARTS = ['a.png.meta.part', 'a.png.part'];

/** A host that gives 90,000 bytes and then nothing, until it is told to be good. */
async function stallingHost(cut = 90_000): Promise<Host & { mend: () => void }> {
  let isGood = false;
  const host = await here.host((asked, socket) => {
    send(socket, honest(asked, version), isGood ? {} : { cut, ends: 'silent' });
  });
  return Object.assign(host, {
    mend: () => {
      isGood = true;
    },
  });
}

/** A host that gives the rest when it is told to. */
async function steppingHost(cut: number): Promise<Host & { goOn: () => void }> {
  const rests: (() => void)[] = [];
  const host = await here.host((asked, socket) => {
    const answer = honest(asked, version);
    send(socket, answer, { cut, ends: 'silent' });
    rests.push(() => socket.end(answer.body.subarray(cut)));
  });
  return Object.assign(host, {
    goOn: () => {
      for (const rest of rests.splice(0)) rest();
    },
  });
}

/** A host that does all that it should. */
const goodHost = () => here.host((asked, socket) => send(socket, honest(asked, version)));

const target = () => join(here.folder, 'a.png');
const ranges = ({ asked }: Host) => asked.map(({ from }) => from);

/** What lies at `path`, and nothing half-made beside it. */
async function expectWhole(names: string[] = ['a.png']): Promise<void> {
  expect(await here.names()).toEqual(names);
  expect((await readFile(target())).equals(bytes)).toBe(true);
}

async function metaOf(path = target()): Promise<{ owner: unknown; entity?: { etag?: string } }> {
  return JSON.parse(await readFile(`${path}.meta.part`, 'utf8'));
}

/** Tests run as root too, whom no permission stops: there a child is nobody. */
const isRoot = process.getuid?.() === 0;
const NOBODY = 65534;
const uid = isRoot ? { uid: NOBODY } : {};

async function writableByNobody(): Promise<void> {
  await chmod(here.folder, 0o755);
  if (isRoot) await chown(here.folder, NOBODY, NOBODY);
}

describe('where no file can be made', () => {
  test.each(['file/', 'file/deeper/', 'file/a.png'])('a file where the folder should be: %s', async (where) => {
    const host = await goodHost();
    const { output } = await here.task(`${host.url}/a.png`);
    await writeFile(join(here.folder, 'file'), 'mine');
    const error = await errorOf(output.download(join(here.folder, where)));
    expect(error).toMatchObject({ name: 'DownloadError', code: 'not_writable', retryable: false, taskId: 't1' });
    expect(error.message).toContain(here.folder);
    expect(host.asked).toEqual([]);
    expect(await readFile(join(here.folder, 'file'), 'utf8')).toBe('mine');
  });

  test('a folder where the file should be', async () => {
    const host = await goodHost();
    const { output } = await here.task(`${host.url}/a.png`);
    const inTheWay = join(here.folder, 'pic.png');
    await mkdir(inTheWay);
    await expect(output.download(`${here.folder}/`, { name: 'pic' })).rejects.toMatchObject({ code: 'exists' });
    const replacing = output.download(`${here.folder}/`, { name: 'pic', overwrite: true, keepPart: false });
    await expect(replacing).rejects.toMatchObject({ code: 'not_writable' });
    expect((await stat(inTheWay)).isDirectory()).toBe(true);
    expect(await here.names()).toEqual(['pic.png']);
  });

  test('a folder where the part should be: the part gets another name', async () => {
    const host = await goodHost();
    const { output } = await here.task(`${host.url}/a.png`);
    await mkdir(`${target()}.part`);
    await output.download(target());
    await expectWhole(['a.png', 'a.png.part']);
  });

  test.skipIf(process.platform === 'win32')('a folder that may not be written', async () => {
    const host = await goodHost();
    const { gateway } = await here.task(`${host.url}/a.png`);
    await writableByNobody();
    await chmod(here.folder, 0o555);
    const one = await child({ gateway: gateway.url, target: target(), ...uid });
    expect(await one.report).toMatchObject({ code: 'not_writable', retryable: false });
    expect((await one.report)?.message).toContain('EACCES');
    expect(host.asked).toEqual([]);
    await chmod(here.folder, 0o755);
    expect(await here.names()).toEqual([]);
  });

  test.skipIf(process.platform === 'win32')(
    'a folder that lost its right meanwhile: all that came is kept, and is enough when the right is back',
    async () => {
      const host = await steppingHost(90_000);
      const { gateway } = await here.task(`${host.url}/a.png`);
      await writableByNobody();
      const one = await child({ gateway: gateway.url, target: target(), ...uid });
      await until(async () => (await sizeOf(`${target()}.part`)) === 90_000);
      await chmod(here.folder, 0o555);
      host.goOn();
      expect(await one.report).toMatchObject({ code: 'not_writable' });
      await chmod(here.folder, 0o755);
      expect(await here.names()).toEqual(PARTS);
      expect((await metaOf()).owner).toBeNull();
      const two = await child({ gateway: gateway.url, target: target(), ...uid });
      expect(await two.report).toMatchObject({ path: target() });
      expect(host.asked).toHaveLength(1);
      await expectWhole();
    },
  );

  test.skipIf(process.platform === 'win32')('a limit on the size of files', async () => {
    const host = await steppingHost(90_000);
    const { gateway } = await here.task(`${host.url}/a.png`);
    // In units of 1,024 bytes; without the trap the system ends the process.
    const one = await child({ gateway: gateway.url, target: target() }, "trap '' XFSZ; ulimit -f 100");
    await until(async () => (await sizeOf(`${target()}.part`)) === 90_000);
    host.goOn();
    expect(await one.report).toMatchObject({ code: 'disk_full', retryable: true });
    expect((await one.report)?.message).toContain('EFBIG');
    expect(await here.names()).toEqual(PARTS);
    const two = await child({ gateway: gateway.url, target: target() });
    await until(() => host.asked.length === 2);
    host.goOn();
    expect(await two.report).toMatchObject({ path: target() });
    expect(ranges(host)).toEqual([undefined, 102_400]);
    await expectWhole();
  });
});

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
}

const canMount = process.platform === 'linux' && isRoot;

describe.skipIf(!canMount)('a real disk that is full (needs the right to mount)', () => {
  let disk = '';
  let mounted = false;
  beforeAll(async () => {
    disk = await mkdtemp(join(tmpdir(), 'ima-download-disk-'));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', disk], { stdio: 'ignore' });
      mounted = true;
    } catch {
      // Told by each test.
    }
  });
  afterAll(async () => {
    if (mounted) execFileSync('umount', [disk]);
    await rm(disk, { recursive: true });
  });
  const resized = (size: string) => execFileSync('mount', ['-o', `remount,size=${size}`, disk]);

  test('what fits is kept, again and again; with space it goes on from there', async (context) => {
    context.skip(!mounted, 'no right to mount');
    const host = await steppingHost(90_000);
    const { output } = await here.task(`${host.url}/a.png`);
    const path = join(disk, 'a.png');
    const first = errorOf(output.download(path));
    await until(async () => (await sizeOf(`${path}.part`)) === 90_000);
    host.goOn();
    for (const trouble of [first, undefined]) {
      const error = await (trouble ?? errorOf(output.download(path)));
      expect(error).toMatchObject({ name: 'DownloadError', code: 'disk_full', retryable: true, mayBeBilled: true });
      expect(error.message).toContain(disk);
      expect(error.message).toContain('ENOSPC');
      expect((await metaOf(path)).owner).toBeNull();
    }
    const kept = (await sizeOf(`${path}.part`)) ?? 0;
    expect(kept).toBeGreaterThanOrEqual(90_000);
    resized('1m');
    const second = output.download(path);
    await until(() => host.asked.length === 2);
    host.goOn();
    await second;
    expect(ranges(host)).toEqual([undefined, kept]);
    expect((await readFile(path)).equals(bytes)).toBe(true);
    await rm(path);
    resized('128k');
  });

  test('what fits is kept also of the very first write', async (context) => {
    context.skip(!mounted, 'no right to mount');
    const host = await goodHost();
    const { output } = await here.task(`${host.url}/a.png`);
    const path = join(disk, 'c.png');
    await expect(output.download(path)).rejects.toMatchObject({ code: 'disk_full' });
    const kept = (await sizeOf(`${path}.part`)) ?? 0;
    expect(kept).toBeGreaterThan(60_000);
    resized('1m');
    await output.download(path);
    expect(ranges(host)).toEqual([undefined, kept]);
    expect((await readFile(path)).equals(bytes)).toBe(true);
    await rm(path);
    resized('128k');
  });

  test('an abort on a full disk lets go all the same', async (context) => {
    context.skip(!mounted, 'no right to mount');
    const host = await stallingHost(40_000);
    const { output } = await here.task(`${host.url}/a.png`);
    const path = join(disk, 'b.png');
    const controller = new AbortController();
    const downloading = errorOf(output.download(path, { signal: controller.signal }));
    await until(async () => (await sizeOf(`${path}.part`)) === 40_000);
    await writeFile(join(disk, 'filler'), Buffer.alloc(1 << 20)).catch(() => {});
    controller.abort();
    expect((await downloading).code).toBe('aborted');
    expect((await metaOf(path)).owner).toBeNull();
    await rm(join(disk, 'filler'));
    resized('1m');
    host.mend();
    await output.download(path);
    expect(ranges(host)).toEqual([undefined, 40_000]);
    expect((await readFile(path)).equals(bytes)).toBe(true);
    await rm(path);
    resized('128k');
  });
});

describe('two at one name', () => {
  test('while a process lives it has the name; what it leaves at its death is gone on with', async () => {
    const host = await stallingHost();
    const { gateway, output } = await here.task(`${host.url}/a.png?sig=1`);
    const one = await child({ gateway: gateway.url, target: target() });
    await until(async () => (await sizeOf(`${target()}.part`)) === 90_000);
    const error = await errorOf(output.download(target()));
    expect(error).toMatchObject({ name: 'DownloadError', code: 'in_progress', retryable: true });
    expect(await here.names()).toEqual(PARTS);
    one.process.kill('SIGKILL');
    expect(await one.report).toBeUndefined();
    host.mend();
    await output.download(target());
    expect(ranges(host)).toEqual([undefined, 90_000]);
    expect(host.asked[1]?.headers['if-range']).toBe(ETAG);
    await expectWhole();
  });

  test('another client of the same process is another one too', async () => {
    const host = await stallingHost();
    const [one, two] = await Promise.all([here.task(`${host.url}/a.png`), here.task(`${host.url}/a.png`)]);
    const controller = new AbortController();
    const first = errorOf(one.output.download(target(), { signal: controller.signal }));
    await until(async () => (await sizeOf(`${target()}.part`)) === 90_000);
    await expect(two.output.download(target())).rejects.toMatchObject({ code: 'in_progress' });
    controller.abort();
    expect((await first).code).toBe('aborted');
    host.mend();
    await two.output.download(target());
    expect(ranges(host)).toEqual([undefined, 90_000]);
    await expectWhole();
  });

  /** A host that answers nobody until it may. */
  async function patientHost() {
    const waiting: (() => void)[] = [];
    const host = await here.host((asked, socket) => {
      waiting.push(() => send(socket, honest(asked, version)));
    });
    return Object.assign(host, {
      goOn: () => {
        for (const answer of waiting.splice(0)) answer();
      },
    });
  }

  test('of eight processes at the part of a dead one exactly one goes on', async () => {
    const host = await patientHost();
    const { gateway } = await here.task(`${host.url}/a.png`);
    await plant(host, { owner: await deadOwner() });
    const all = await Promise.all(
      Array.from({ length: 8 }, () =>
        child({ gateway: gateway.url, target: target(), options: { idleTimeoutMs: 15_000 } }),
      ),
    );
    const reports = all.map(({ report }) => report);
    let over = 0;
    // However long it takes to start eight processes.
    await new Promise<void>((resolve) => {
      for (const report of reports) report.then(() => ++over === 7 && resolve());
    });
    await until(() => host.asked.length > 0);
    host.goOn();
    const codes = (await Promise.all(reports)).map((told) => told?.code ?? 'saved');
    expect(codes.sort()).toEqual([...Array<string>(7).fill('in_progress'), 'saved']);
    expect(ranges(host)).toEqual([90_000]);
    await expectWhole();
  });

  test('of fifty clients of one process exactly one goes on', async () => {
    const host = await patientHost();
    await plant(host, { owner: await deadOwner() });
    const tasks = await Promise.all(Array.from({ length: 50 }, () => here.task(`${host.url}/a.png`)));
    let over = 0;
    const codes = tasks.map(({ output }) =>
      output
        .download(target())
        .then(
          () => 'saved',
          ({ code }) => code,
        )
        .finally(() => over++),
    );
    await until(() => over === 49 && host.asked.length > 0);
    host.goOn();
    expect((await Promise.all(codes)).sort()).toEqual([...Array<string>(49).fill('in_progress'), 'saved']);
    expect(ranges(host)).toEqual([90_000]);
    await expectWhole();
  });
});

/** Of this machine, and no more. */
async function deadOwner(): Promise<Owner> {
  return { ...(await thisProcess()), pid: 2 ** 22 - 1 };
}

interface Planted {
  owner: Owner | null;
  size?: number;
  of?: string;
  syncedBytes?: number;
  bootId?: string;
  /** When the part was last written. */
  at?: Date;
  etag?: string;
}

/** What a process left that got `size` bytes of the file of `host`. */
async function plant(host: Pick<Host, 'url'>, left: Planted, path = target()): Promise<void> {
  const { owner, size = 90_000, of = JSON.stringify(['t1', 0]), syncedBytes = 0, bootId, at, etag = ETAG } = left;
  const entity = { url: `${host.url}/a.png`, etag, total: bytes.length };
  await writeFile(`${path}.part`, bytes.subarray(0, size));
  await writeFile(`${path}.meta.part`, JSON.stringify({ v: 1, id: 'x', of, owner, entity, syncedBytes, bootId }));
  if (at !== undefined) for (const end of ['.part', '.meta.part']) await utimes(path + end, at, at);
}

const longAgo = new Date(Date.now() - 20 * 60_000);
const beforeBoot = new Date(Date.now() - uptime() * 1000 - 5000);

describe('what an earlier process left', () => {
  /** Downloads what was planted; resolves to where its requests began. */
  async function continued(left: (self: Owner) => Planted): Promise<(number | undefined)[]> {
    const host = await goodHost();
    const { output } = await here.task(`${host.url}/a.png`);
    await plant(host, left(await thisProcess()));
    await output.download(target());
    await expectWhole();
    return ranges(host);
  }

  test.each<[string, (self: Owner) => Owner | null]>([
    ['that let go', () => null],
    ['that is dead', (self) => ({ ...self, pid: 2 ** 22 - 1 })],
    ['whose number another one has now', (self) => ({ ...self, startTicks: 1 })],
  ])('of a process %s: it goes on', async (_, owner) => {
    expect(await continued((self) => ({ owner: owner(self) }))).toEqual([90_000]);
  });

  test('of another machine that has been silent for long: it may wake up, so that its bytes are left to it', async () => {
    const owner = { host: 'elsewhere', bootId: 'another', pid: process.pid };
    expect(await continued(() => ({ owner, at: longAgo }))).toEqual([undefined]);
  });

  test.each<[string, (self: Owner) => Owner]>([
    ['that lives', (self) => self],
    ['of another machine, a moment ago', () => ({ host: 'elsewhere', bootId: 'another', pid: process.pid })],
  ])('of a process %s: it is left alone', async (_, owner) => {
    const host = await goodHost();
    const { output } = await here.task(`${host.url}/a.png`);
    await plant(host, { owner: owner(await thisProcess()) });
    const before = await readFile(`${target()}.meta.part`);
    await expect(output.download(target())).rejects.toMatchObject({ code: 'in_progress' });
    await expect(output.download(target(), { overwrite: true })).rejects.toMatchObject({ code: 'in_progress' });
    expect(host.asked).toEqual([]);
    expect(await here.names()).toEqual(PARTS);
    expect(await readFile(`${target()}.meta.part`)).toEqual(before);
    expect(await sizeOf(`${target()}.part`)).toBe(90_000);
  });

  test('before the machine went down: only what is known to be on the disk counts', async () => {
    expect(await continued(() => ({ owner: null, at: beforeBoot, syncedBytes: 50_000 }))).toEqual([50_000]);
  });

  test('before the machine went down, and nothing known to be on the disk: from the beginning', async () => {
    expect(await continued(() => ({ owner: null, at: beforeBoot }))).toEqual([undefined]);
  });

  test('before the machine started anew, whatever its clock says since: only what is known to be on the disk counts', async () => {
    const left = (self: Owner) => ({ owner: { ...self, bootId: 'another' }, syncedBytes: 50_000 });
    expect(await continued(left)).toEqual([50_000]);
    await rm(target());
    // Who took it over since, and died too, had not yet made sure of it.
    const since = (self: Owner) => ({ owner: { ...self, pid: 2 ** 22 - 1 }, bootId: 'another', syncedBytes: 50_000 });
    expect(await continued(since)).toEqual([50_000]);
  });

  test('in this start of the machine, whatever the times of its files say: it goes on', async () => {
    expect(await continued((self) => ({ owner: { ...self, pid: 2 ** 22 - 1 }, at: beforeBoot }))).toEqual([90_000]);
  });

  test('holes that a power cut left in bytes that were not synced are not taken for the file', async () => {
    const host = await goodHost();
    const { output } = await here.task(`${host.url}/a.png`);
    await plant(host, { owner: null, size: 50_000, syncedBytes: 50_000 });
    await truncate(`${target()}.part`, 90_000);
    await utimes(`${target()}.part`, beforeBoot, beforeBoot);
    await output.download(target());
    expect(ranges(host)).toEqual([50_000]);
    await expectWhole();
  });

  test.each([
    ['beside its own', true],
    ['in place of its own', false],
  ])('all of it, with a name for the moment %s: nothing is fetched, and nothing stays', async (_, isBeside) => {
    const host = await goodHost();
    const { output } = await here.task(`${host.url}/a.png`);
    await plant(host, { owner: { ...(await thisProcess()), pid: 2 ** 22 - 1 }, size: bytes.length });
    const staged = `${target()}.x.tmp.part`;
    await (isBeside ? link(`${target()}.part`, staged) : rename(`${target()}.part`, staged));
    await output.download(target());
    expect(host.asked).toEqual([]);
    await expectWhole();
  });

  test('all of it, only without its name: nothing is fetched', async () => {
    expect(await continued(() => ({ owner: null, size: bytes.length }))).toEqual([]);
  });

  test('more than there should be: from the beginning', async () => {
    const host = await goodHost();
    const { output } = await here.task(`${host.url}/a.png`);
    await plant(host, { owner: null });
    await writeFile(`${target()}.part`, Buffer.concat([bytes, bytes]));
    await output.download(target());
    expect(ranges(host)).toEqual([undefined]);
    await expectWhole();
  });

  test('of another version: the server gives the whole', async () => {
    expect(await continued(() => ({ owner: null, etag: '"v0"' }))).toEqual([90_000]);
  });

  test.each([
    ['of another task', JSON.stringify(['t2', 0])],
    ['of another output of it', JSON.stringify(['t1', 1])],
  ])('%s: from the beginning', async (_, of) => {
    expect(await continued(() => ({ owner: null, of }))).toEqual([undefined]);
  });

  test('a note without its bytes', async () => {
    const host = await goodHost();
    const { output } = await here.task(`${host.url}/a.png`);
    await plant(host, { owner: null });
    await rm(`${target()}.part`);
    await output.download(target());
    expect(ranges(host)).toEqual([undefined]);
    await expectWhole();
  });

  test.each([200, 404])('a .part that is none of ours stays, whatever comes of the download (%s)', async (status) => {
    const host = await here.host((asked, socket) =>
      status === 200
        ? void send(socket, honest(asked, { bytes, etag: '"e"' }))
        : void socket.end('HTTP/1.1 404 Gone\r\ncontent-length: 0\r\n\r\n'),
    );
    const { output } = await here.task(`${host.url}/a.png`);
    await writeFile(`${target()}.part`, 'precious');
    const saving = output.download(target());
    if (status === 200) await saving;
    else await expect(saving).rejects.toMatchObject({ code: 'expired' });
    expect(await readFile(`${target()}.part`, 'utf8')).toBe('precious');
    expect(await here.names()).toEqual(status === 200 ? ['a.png', 'a.png.part'] : ['a.png.part']);
  });

  test('a process died right after it gave the file its name: it is found to be this result', async () => {
    const host = await goodHost();
    const { output } = await here.task(`${host.url}/a.png`);
    await plant(host, { owner: null });
    await writeFile(`${target()}.part`, bytes);
    await link(`${target()}.part`, target());
    const file = await output.download(target());
    expect(file).toMatchObject({ path: target(), bytes: bytes.length });
    expect(host.asked).toEqual([]);
    await expectWhole();
  });

  test('a part that has another name too: that one keeps its bytes', async () => {
    const host = await goodHost();
    const { output } = await here.task(`${host.url}/a.png`);
    await plant(host, { owner: null });
    await link(`${target()}.part`, join(here.folder, 'other'));
    await output.download(target());
    expect((await readFile(join(here.folder, 'other'))).equals(bytes.subarray(0, 90_000))).toBe(true);
    await expectWhole(['a.png', 'other']);
  });

  test.each([
    ['torn', '{"v":1,"id":"x","of":"[\\"t1\\"'],
    ['empty', ''],
    ['of a later version of this library', JSON.stringify({ v: 2, id: 'x', of: '["t1",0]', owner: null })],
    ['of something else', '[1, 2, 3]'],
  ])('a note that is %s: somebody may be at it for a minute; then from the beginning', async (_, text) => {
    const host = await goodHost();
    const { output } = await here.task(`${host.url}/a.png`);
    await plant(host, { owner: null });
    await writeFile(`${target()}.meta.part`, text);
    await expect(output.download(target())).rejects.toMatchObject({ code: 'in_progress' });
    expect(host.asked).toEqual([]);
    for (const name of PARTS) await utimes(join(here.folder, name), longAgo, longAgo);
    await output.download(target());
    expect(ranges(host)).toEqual([undefined]);
    await expectWhole();
  });
});

describe('killed before one of its calls to the file system', () => {
  /**
   * Runs children that die at every second call from that one on, each in a folder of its own; tells which of them
   * `check` found bad.
   */
  async function deaths(
    from: number,
    prepare: (folder: string, host: Host) => Promise<void>,
    check: (at: { folder: string; output: Output; host: Host }) => Promise<void>,
  ): Promise<{ calls: number; bad: { dieAt: number; error: unknown }[] }> {
    const bad: { dieAt: number; error: unknown }[] = [];
    let calls = from - 2;
    let isOver = false;
    const one = async (): Promise<void> => {
      const host = await goodHost();
      const { gateway, output } = await here.task(`${host.url}/a.png`);
      while (!isOver) {
        calls += 2;
        const dieAt = calls;
        const folder = join(here.folder, String(dieAt));
        await mkdir(folder);
        await prepare(folder, host);
        const { report } = await child({ gateway: gateway.url, target: join(folder, 'a.png'), dieAt });
        if ((await report) !== undefined) isOver = true;
        else await check({ folder, output, host }).catch((error: unknown) => bad.push({ dieAt, error }));
      }
    };
    await Promise.all([one(), one(), one()]);
    return { calls, bad };
  }

  /** A name that it has got it got for all the bytes; without one the next download gets there. */
  async function wholeInTheEnd({ folder, output }: { folder: string; output: Output }): Promise<boolean> {
    const path = join(folder, 'a.png');
    const wasThere = (await sizeOf(path)) !== undefined;
    if (wasThere) expect((await readFile(path)).equals(bytes)).toBe(true);
    // Who died between the name and the tidying left the file with two names: that is known to be this result.
    const isUntidied = wasThere && (await sizeOf(`${path}.part`)) !== undefined;
    await output.download(path, { overwrite: wasThere && !isUntidied });
    expect((await readdir(folder)).includes('a.png.part')).toBe(false);
    expect((await readFile(path)).equals(bytes)).toBe(true);
    return wasThere;
  }

  test('a fresh download', async () => {
    const { calls, bad } = await deaths(
      1,
      async () => {},
      async (at) => void (await wholeInTheEnd(at)),
    );
    expect(bad).toEqual([]);
    expect(calls).toBeGreaterThan(15);
  });

  test('one that goes on: what was there is not lost, and only notes can be left', async () => {
    const { calls, bad } = await deaths(
      2,
      async (folder, host) => plant(host, { owner: null }, join(folder, 'a.png')),
      async (at) => {
        const before = at.host.asked.length;
        const wasThere = await wholeInTheEnd(at);
        const since = at.host.asked.slice(before).map(({ from }) => from);
        // Not from the beginning: from where it was, or further on.
        if (!wasThere) for (const from of since) expect(from).toBeGreaterThanOrEqual(90_000);
        const scraps = (await readdir(at.folder)).filter((name) => name !== 'a.png');
        for (const name of scraps) expect(name).toMatch(/^a\.png\.[\da-f.]+(meta|tmp)\.part$/);
      },
    );
    expect(bad).toEqual([]);
    expect(calls).toBeGreaterThan(15);
  });
});
