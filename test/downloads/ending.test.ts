// Where files end by their own format: whole ones are known, and one that is cut, wherever that is, never passes for whole.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endingOf, endingOfBytes } from '../../src/media/ending.js';
import { sniff } from '../../src/media/sniff.js';

const fixture = (name: string): Promise<Buffer> => readFile(new URL(`fixtures/${name}`, import.meta.url));

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ima-ending-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** How `bytes` end, which is the same on the disk and in memory. */
async function ending(bytes: Uint8Array, contentType: string) {
  const path = join(folder, 'file');
  await writeFile(path, bytes);
  const [onDisk, inMemory] = [await endingOf(path, contentType), await endingOfBytes(bytes, contentType)];
  expect(inMemory).toBe(onDisk);
  return onDisk;
}

describe.each([
  ...['end.mp4', 'frag.mp4', 'front.mp4', 'turned.mp4', 'plain.mov'],
  ...['plain.avif', 'plain.gif', 'plain.jpg', 'plain.png', 'plain.webp'],
])('%s', (name) => {
  test('is whole, and cut anywhere it is not', async () => {
    const bytes = await fixture(name);
    const contentType = sniff(bytes)?.contentType ?? '';
    expect(await ending(bytes, contentType)).toBe('whole');
    const whole: number[] = [];
    for (let at = 0; at < bytes.length; at++) {
      if ((await endingOfBytes(bytes.subarray(0, at), contentType)) === 'whole') whole.push(at);
    }
    expect(whole).toEqual([]);
  });

  test('with anything behind it is not cut', async () => {
    const bytes = await fixture(name);
    const more = Buffer.concat([bytes, Buffer.alloc(100)]);
    expect(await ending(more, sniff(bytes)?.contentType ?? '')).not.toBe('cut');
  });
});

describe('pictures whose end stands in them more than once', () => {
  const noise = (size: number, seed: number): Buffer => {
    const bytes = Buffer.alloc(size);
    for (let at = 0, state = seed; at < size; at++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      bytes[at] = state >>> 24;
    }
    return bytes;
  };

  /** A GIF of `size` bytes of coded data, in which the byte of a trailer stands now and then. */
  function gif(size: number, seed: number, { local = false } = {}): Buffer {
    const pieces: Buffer[] = [];
    for (let at = 0; at < size; at += 255) {
      const piece = noise(Math.min(255, size - at), seed + at);
      pieces.push(Buffer.from([piece.length]), piece);
    }
    const screen = Buffer.from([...Buffer.from('GIF89a'), 16, 0, 16, 0, 0x91, 0, 0]);
    const note = Buffer.from([0x21, 0xfe, 3, 0x3b, 0x3b, 0x3b, 0]);
    const image = Buffer.from([0x2c, 0, 0, 0, 0, 16, 0, 16, 0, local ? 0x80 : 0]);
    const colours = local ? noise(6, seed) : Buffer.alloc(0);
    return Buffer.concat([
      screen,
      noise(12, seed),
      note,
      image,
      colours,
      Buffer.from([8]),
      ...pieces,
      Buffer.from([0, 0x3b]),
    ]);
  }

  /** A JPEG with a small one inside its notes, coded data with stuffed bytes and restarts, and a second scan. */
  function jpeg(size: number, seed: number): Buffer {
    const data = noise(size, seed);
    for (let at = 0; at < size; at++) {
      // As an encoder writes them: 255 is followed by nothing but 0, or the number of a restart.
      if (data[at] === 0xff) data[++at] = at % 2 === 0 ? 0 : 0xd3;
    }
    if (data[size - 1] === 0xff) data[size - 1] = 7;
    const inner = Buffer.from([0xff, 0xd8, 0xff, 0xda, 0, 2, 1, 2, 3, 0xff, 0xd9]);
    const thumbnail = Buffer.concat([Buffer.from([0xff, 0xe1, 0, 2 + inner.length]), inner]);
    const scan = Buffer.from([0xff, 0xda, 0, 4, 0xff, 0xd9]);
    const fill = Buffer.from([0xff, 0xff]);
    return Buffer.concat([
      Buffer.from([0xff, 0xd8]),
      thumbnail,
      scan,
      data,
      fill,
      scan,
      data,
      Buffer.from([0xff, 0xd9]),
    ]);
  }

  test.each([
    ['image/gif', (size: number, seed: number) => gif(size, seed)],
    ['image/gif', (size: number, seed: number) => gif(size, seed, { local: true })],
    ['image/jpeg', jpeg],
  ] as const)('%s, of any size, cut anywhere', async (contentType, made) => {
    const cuts = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 200_000 }), fc.nat(), cuts, async (size, seed, share) => {
        const bytes = made(size, seed);
        expect(await endingOfBytes(bytes, contentType)).toBe('whole');
        expect(await endingOfBytes(bytes.subarray(0, Math.floor(share * bytes.length)), contentType)).toBe('cut');
      }),
      { numRuns: 60 },
    );
  });

  test('on the disk, over many reads', async () => {
    const [picture, photo] = [gif(150_000, 3), jpeg(150_000, 3)];
    expect(await ending(picture, 'image/gif')).toBe('whole');
    expect(await ending(picture.subarray(0, -1), 'image/gif')).toBe('cut');
    expect(await ending(photo, 'image/jpeg')).toBe('whole');
    expect(await ending(photo.subarray(0, -1), 'image/jpeg')).toBe('cut');
  });
});

describe('films', () => {
  const box = (type: string, body: Uint8Array, told = 8 + body.length): Buffer => {
    const headOf = Buffer.alloc(8);
    headOf.writeUInt32BE(told);
    headOf.write(type, 4, 'latin1');
    return Buffer.concat([headOf, body]);
  };
  /** An index that names a piece of data at each of these places. */
  const index = (...places: number[]): Buffer => {
    const stco = Buffer.alloc(8 + 4 * places.length);
    stco.writeUInt32BE(places.length, 4);
    for (const [at, place] of places.entries()) stco.writeUInt32BE(place, 8 + 4 * at);
    const stbl = box('stbl', box('stco', stco));
    return box('moov', box('trak', box('mdia', box('minf', stbl))));
  };
  const type = box('ftyp', Buffer.from('isom\0\0\0\0isom', 'latin1'));
  const data = (size = 1000): Buffer => box('mdat', Buffer.alloc(size, 7));
  const fragment = [box('moof', Buffer.alloc(90)), data()];

  test.each<[string, Buffer[], string]>([
    ['its index before its data', [type, index(200), data()], 'whole'],
    ['its index behind its data', [type, data(), index(100)], 'whole'],
    ['nothing but its type', [type], 'cut'],
    ['data, and no index yet', [type, data()], 'cut'],
    ['an index, and no data yet', [type, index(200)], 'cut'],
    ['data in two boxes of which one is missing', [type, index(200, 1900), data()], 'cut'],
    ['data in two boxes', [type, index(200, 1900), data(), data()], 'whole'],
    ['an index that names nothing', [type, index(), data()], 'unclear'],
    ['data to the end of the file', [type, index(200), box('mdat', Buffer.alloc(500), 0)], 'unclear'],
    ['data to the end of the file, and no index', [type, box('mdat', Buffer.alloc(500), 0)], 'unclear'],
    ['fragments, and no end of them', [type, index(), ...fragment], 'unclear'],
    ['a fragment without its data', [type, index(), ...fragment, box('moof', Buffer.alloc(90))], 'cut'],
    ['fragments and the index of those', [type, index(), ...fragment, box('mfra', Buffer.alloc(30))], 'whole'],
    ['a segment of a longer one', [box('styp', Buffer.from('msdh\0\0\0\0')), ...fragment], 'unclear'],
    ['a few bytes behind its end', [type, index(200), data(), Buffer.alloc(5, 1)], 'unclear'],
  ])('%s', async (_, parts, how) => {
    expect(await ending(Buffer.concat(parts), 'video/mp4')).toBe(how);
  });

  test('a series of pictures is a film', async () => {
    const series = box('ftyp', Buffer.from('avis\0\0\0\0avis', 'latin1'));
    const meta = box('meta', Buffer.alloc(50));
    expect(await ending(Buffer.concat([series, meta, data()]), 'image/avif')).toBe('cut');
    expect(await ending(Buffer.concat([series, meta, data(), index(100)]), 'image/avif')).toBe('whole');
  });
});

test('a WebP whose writer did not know its length yet', async () => {
  const bytes = Buffer.concat([Buffer.from('RIFF\0\0\0\0WEBPVP8 ', 'latin1'), Buffer.alloc(3000, 7)]);
  expect(await ending(bytes, 'image/webp')).toBe('unclear');
});

test('noise is never an error, and ends', async () => {
  const types = fc.constantFrom('video/mp4', 'image/avif', 'image/png', 'image/webp', 'image/jpeg', 'image/gif');
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), types, async (bytes, contentType) => {
      expect(['whole', 'cut', 'unclear']).toContain(await endingOfBytes(bytes, contentType));
    }),
    { numRuns: 500 },
  );
});
