// Sizes are read from real files of every kind; a header that lies, ends early or goes in circles costs no more than its bytes.

import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sizeOf } from '../../src/media/measure.js';
import type { MediaKind } from '../../src/media/sniff.js';
import { clientFor } from '../support/client.js';
import { json, serve } from '../support/server.js';
import { honest, room, send } from './support.js';

const fixtures = new URL('fixtures/', import.meta.url);
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ima-measure-'));
});
afterAll(() => rm(folder, { recursive: true }));

const fixture = (name: string): Promise<Buffer> => readFile(new URL(name, fixtures));

async function measured(bytes: Uint8Array, kind: MediaKind) {
  const path = join(folder, 'file');
  await writeFile(path, bytes);
  return sizeOf(path, kind);
}

/** An MP4 box. */
function box(type: string, ...bodies: Uint8Array[]): Buffer {
  const body = Buffer.concat(bodies);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + body.length);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, body]);
}

/** The same with its length in the longer form. */
function longBox(type: string, body: Uint8Array): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt32BE(1);
  head.write(type, 4, 'latin1');
  head.writeBigUInt64BE(BigInt(16 + body.length), 8);
  return Buffer.concat([head, body]);
}

/** The same to the end of the file. */
function endlessBox(type: string, body: Uint8Array): Buffer {
  const whole = box(type, body);
  whole.writeUInt32BE(0);
  return whole;
}

/** A track's head: version 0, or 1 with its longer times; `a` is the first number of its matrix. */
function track(width: number, height: number, { a = 65536, version = 0 } = {}): Buffer {
  const tkhd = Buffer.alloc(version === 0 ? 84 : 96);
  tkhd[0] = version;
  tkhd.writeInt32BE(a, tkhd.length - 44);
  tkhd.writeUInt32BE(width * 65536, tkhd.length - 8);
  tkhd.writeUInt32BE(height * 65536, tkhd.length - 4);
  return box('trak', box('edts', Buffer.alloc(20)), box('tkhd', tkhd));
}

/** `jpeg` with an Exif note that says how it is to be shown (tag 0x0112). */
function oriented(jpeg: Buffer, orientation: number): Buffer {
  const exif = Buffer.from(
    '457869660000' + '4d4d002a00000008' + '0001' + '011200030000000100000000' + '00000000',
    'hex',
  );
  exif.writeUInt16BE(orientation, 6 + 8 + 2 + 8);
  const head = Buffer.from([0xff, 0xe1, 0, exif.length + 2]);
  return Buffer.concat([jpeg.subarray(0, 2), head, exif, jpeg.subarray(2)]);
}

describe('pictures', () => {
  test.each(['plain.png', 'plain.jpg', 'plain.gif', 'plain.webp', 'plain.avif'])('%s', async (name) => {
    expect(await measured(await fixture(name), 'image')).toEqual({ width: 64, height: 48 });
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('a JPEG with the Exif orientation %i, as it is shown', async (orientation) => {
    const shown = orientation < 5 ? { width: 64, height: 48 } : { width: 48, height: 64 };
    expect(await measured(oriented(await fixture('plain.jpg'), orientation), 'image')).toEqual(shown);
  });

  test('a JPEG whose size stands behind a large profile', async () => {
    const jpeg = await fixture('plain.jpg');
    const profile = Buffer.concat([Buffer.from([0xff, 0xe2, 0xff, 0xff]), Buffer.alloc(0xfffd, 1)]);
    const heavy = Buffer.concat([jpeg.subarray(0, 2), profile, profile, profile, jpeg.subarray(2)]);
    expect(await measured(heavy, 'image')).toEqual({ width: 64, height: 48 });
  });
});

describe('films', () => {
  test.each(['front.mp4', 'end.mp4', 'frag.mp4', 'plain.mov'])('%s', async (name) => {
    expect(await measured(await fixture(name), 'video')).toEqual({ width: 64, height: 48 });
  });

  test('one that is shown turned by a quarter, as it is shown', async () => {
    expect(await measured(await fixture('turned.mp4'), 'video')).toEqual({ width: 48, height: 64 });
  });

  test('the largest of several tracks; sound has no size', async () => {
    const film = Buffer.concat([box('moov', track(0, 0), track(64, 48), track(640, 480), track(320, 240))]);
    expect(await measured(film, 'video')).toEqual({ width: 640, height: 480 });
  });

  test.each([
    ['with lengths of 64 bits', longBox('moov', track(64, 48)), { width: 64, height: 48 }],
    ['with times of 64 bits', box('moov', track(64, 48, { version: 1 })), { width: 64, height: 48 }],
    ['upside down', box('moov', track(64, 48, { a: -65536 })), { width: 64, height: 48 }],
    ['turned by a quarter', box('moov', track(64, 48, { a: 0 })), { width: 48, height: 64 }],
    ['with an index that goes on to the end', endlessBox('moov', track(64, 48)), { width: 64, height: 48 }],
    ['with zeros behind its tracks', box('moov', track(64, 48), Buffer.alloc(64)), { width: 64, height: 48 }],
    ['with sound only', box('moov', track(0, 0)), undefined],
    ['without an index', box('mdat', Buffer.alloc(100)), undefined],
    ['whose index is not all there', box('moov', track(64, 48)).subarray(0, 60), undefined],
  ])('%s', async (_, index, size) => {
    const film = Buffer.concat([box('ftyp', Buffer.from('isom')), index]);
    expect(await measured(film, 'video')).toEqual(size);
  });

  test('an index behind more than four gigabytes', async () => {
    const path = join(folder, 'large.mp4');
    const handle = await open(path, 'w');
    const head = Buffer.alloc(16);
    head.writeUInt32BE(1);
    head.write('mdat', 4);
    head.writeBigUInt64BE(5_000_000_000n, 8);
    await handle.write(head, 0, 16, 0);
    await handle.write(box('moov', track(64, 48)), 0, undefined, 5_000_000_000);
    await handle.close();
    expect(await sizeOf(path, 'video')).toEqual({ width: 64, height: 48 });
    await rm(path);
  });

  test('a million empty boxes are not all looked at', async () => {
    const film = Buffer.alloc(1_000_000 * 8);
    for (let at = 0; at < film.length; at += 8) film.writeUInt32BE(8, at);
    const before = process.cpuUsage();
    expect(await measured(film, 'video')).toBeUndefined();
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1e6).toBeLessThan(5);
  });
});

describe('what cannot be measured', () => {
  test('sound, a missing file, a folder', async () => {
    expect(await measured(await fixture('front.mp4'), 'audio')).toBeUndefined();
    expect(await sizeOf(join(folder, 'not-there'), 'image')).toBeUndefined();
    expect(await sizeOf(folder, 'image')).toBeUndefined();
    expect(await sizeOf(folder, 'video')).toBeUndefined();
  });

  test('an empty file', async () => {
    expect(await measured(Buffer.alloc(0), 'image')).toBeUndefined();
    expect(await measured(Buffer.alloc(0), 'video')).toBeUndefined();
  });

  const names = ['plain.png', 'plain.jpg', 'plain.gif', 'plain.webp', 'plain.avif', 'end.mp4', 'turned.mp4'];
  test.each(names)(
    '%s with bytes that are wrong, and cut anywhere: never an error, and never for ever',
    async (name) => {
      const good = await fixture(name);
      const kind = /\.mp4$/.test(name) ? 'video' : 'image';
      const wrong = fc.array(fc.tuple(fc.nat(good.length - 1), fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 255))), {
        maxLength: 8,
      });
      await fc.assert(
        fc.asyncProperty(wrong, fc.nat(good.length), async (changes, length) => {
          const bytes = Buffer.from(good);
          for (const [at, byte] of changes) bytes[at] = byte;
          const size = await measured(bytes.subarray(0, length), kind);
          if (size === undefined) return;
          expect(size.width).toBeGreaterThan(0);
          expect(size.height).toBeGreaterThan(0);
        }),
        { numRuns: 60 },
      );
    },
  );

  test('noise', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.constantFrom('image', 'video'), async (bytes, kind) => {
        await measured(bytes, kind);
        await measured(box('moov', bytes), kind);
        await measured(box('moov', box('trak', bytes)), kind);
        await measured(box('moov', box('trak', box('tkhd', bytes))), kind);
      }),
      { numRuns: 60 },
    );
  });
});

describe('what the gateway said of a result beforehand', () => {
  const here = room();

  /** Saves `bytes`, of which that was declared; the warnings. */
  async function warned(bytes: Buffer, declared: object, model = 'gemini-2.5-flash-image') {
    const host = await here.host((asked, socket) => send(socket, honest(asked, { bytes })));
    const gateway = await serve((_, response) =>
      json(response, {
        id: 't1',
        object: 'video',
        status: 'completed',
        results: [{ url: `${host.url}/a`, ...declared }],
      }),
    );
    here.later(gateway.close);
    const { ima, warnings } = clientFor(gateway.url);
    const [file] = await (await ima.task('t1', { model }).result()).download(`${here.folder}/`);
    expect((await readFile(file?.path ?? '')).equals(bytes)).toBe(true);
    return warnings;
  }

  test('holds: nothing is said', async () => {
    const png = await fixture('plain.png');
    expect(await warned(png, { size: png.length, width: 64, height: 48 })).toEqual([]);
  });

  test.each([
    ['nothing', {}],
    ['nonsense', { size: -5, width: 0, height: 'tall' }],
  ])('is %s: nothing is said', async (_, declared) => {
    expect(await warned(await fixture('plain.png'), declared)).toEqual([]);
  });

  test('another number of bytes', async () => {
    const png = await fixture('plain.png');
    const [warning, ...others] = await warned(png, { size: 5 });
    expect(others).toEqual([]);
    expect(warning).toMatchObject({ code: 'size_mismatch', taskId: 't1' });
    expect(warning?.message).toContain('5 bytes');
    expect(warning?.message).toContain(`${png.length} came`);
  });

  test.each([
    [{ width: 640, height: 480 }, '640×480'],
    [{ width: 48, height: 64 }, '48×64'],
    [{ width: 65 }, '65×?'],
    [{ height: 49 }, '?×49'],
  ])('a picture of another size: %j', async (declared, shown) => {
    const warnings = await warned(await fixture('plain.png'), declared);
    expect(warnings.map(({ code }) => code)).toEqual(['dimension_mismatch']);
    expect(warnings[0]?.message).toContain(shown);
    expect(warnings[0]?.message).toContain('64×48');
  });

  test.each([{ width: 64 }, { height: 48 }])('half of it, which holds: %j', async (declared) => {
    expect(await warned(await fixture('plain.png'), declared)).toEqual([]);
  });

  test('a film, and one that is turned', async () => {
    const declared = { width: 48, height: 64 };
    const model = 'kling-v3-video';
    const [lying] = await warned(await fixture('end.mp4'), declared, model);
    expect(lying?.code).toBe('dimension_mismatch');
    await rm(here.folder, { recursive: true });
    expect(await warned(await fixture('turned.mp4'), declared, model)).toEqual([]);
  });

  test('what cannot be measured is not contradicted', async () => {
    const cut = (await fixture('end.mp4')).subarray(0, 200);
    expect(await warned(cut, { width: 48, height: 64 }, 'kling-v3-video')).toEqual([]);
  });
});
