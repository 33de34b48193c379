// A broken download goes on where it stopped, with the bytes of one version only; what cannot be told apart starts over.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DownloadError } from '../../src/index.js';
import {
  type Asked,
  type Conduct,
  chunked,
  type Honest,
  head,
  honest,
  picture,
  room,
  send,
  type Version,
  WAYS,
} from './support.js';

const here = room();
const SIZE = 200_000;
const HALF = SIZE / 2;
const first: Version = { bytes: picture(SIZE, 1), etag: '"one"' };
const second: Version = { bytes: picture(SIZE, 2), etag: '"two"' };
/** As HTTP writes it. */
const ago = (seconds: number): string => new Date(Date.now() - seconds * 1000).toUTCString();

describe.each(WAYS)('over %s', (_, client) => {
  const few = { ...client, retry: { attempts: 3, baseMs: 1, capMs: 5 } };

  /** A task whose result lies on a host that does so. */
  const result = async (conduct: Conduct) => {
    const host = await here.host(conduct);
    const task = await here.task(`${host.url}/a.png?Signature=1`, { client: few });
    const path = join(here.folder, 'a.png');
    return { ...task, host, path, download: (options = {}) => task.output.download(path, options) };
  };

  /** The name holds this version, and nothing else is in the folder. */
  const expectWhole = async ({ bytes }: Version): Promise<void> => {
    expect((await readFile(join(here.folder, 'a.png'))).equals(bytes)).toBe(true);
    expect(await here.names()).toEqual(['a.png']);
  };

  test.each([1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 99])('cut at %i percent', async (percent) => {
    const cut = (SIZE * percent) / 100;
    const { host, download } = await result((asked, socket) =>
      send(socket, honest(asked, first), asked.count === 1 ? { cut, ends: 'reset' } : {}),
    );
    const file = await download();
    expect(file).toMatchObject({ bytes: SIZE, contentType: 'image/png' });
    await expectWhole(first);
    expect(host.asked).toHaveLength(2);
    // A reset may overtake some of what was sent before it.
    const { from = 0, headers } = host.asked[1] ?? {};
    expect(from).toBeLessThanOrEqual(cut);
    if (from > 0) expect(headers).toMatchObject({ range: `bytes=${from}-`, 'if-range': '"one"' });
  });

  test('cut at its first byte, and at its last but one', async () => {
    const cuts = [1, SIZE - 2];
    const { host, download } = await result((asked, socket) =>
      send(socket, honest(asked, first), { cut: cuts[asked.count - 1] }),
    );
    await download();
    await expectWhole(first);
    expect(host.asked.map(({ from }) => from)).toEqual([undefined, undefined, SIZE - 2]);
  });

  test('cut far more often than there are attempts, as long as each brings something', async () => {
    const { host, download } = await result((asked, socket) =>
      send(socket, honest(asked, first), { cut: Math.ceil(SIZE / 9) }),
    );
    const seen: number[] = [];
    await download({ onProgress: ({ bytes }: { bytes: number }) => seen.push(bytes) });
    await expectWhole(first);
    expect(host.asked).toHaveLength(9);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  test('attempts that bring nothing are counted, and counted anew after one that does', async () => {
    const { host, download } = await result((asked, socket) =>
      asked.count % 3 === 0 ? send(socket, honest(asked, first), { cut: HALF / 2 }) : socket.resetAndDestroy(),
    );
    await download();
    await expectWhole(first);
    // Four quarters, each at the third attempt; the connection that brings the last one ends as it should.
    expect(host.asked).toHaveLength(12);
  });

  test('so little that it is as good as nothing counts as nothing', async () => {
    const { host, download } = await result((asked, socket) => send(socket, honest(asked, first), { cut: 100 }));
    await expect(download({ keepPart: false })).rejects.toMatchObject({ retryable: true, phase: 'download' });
    expect(host.asked).toHaveLength(3);
    expect(await here.names()).toEqual([]);
  });

  test('silence twice in a row is the end of it, with what came kept', async () => {
    const { host, download } = await result((asked, socket) =>
      send(socket, honest(asked, first), { cut: asked.count === 1 ? HALF : 0, ends: 'silent' }),
    );
    await expect(download({ idleTimeoutMs: 100 })).rejects.toMatchObject({ code: 'stalled', retryable: true });
    expect(host.asked.map(({ from }) => from)).toEqual([undefined, HALF, HALF]);
    expect(await here.names()).toEqual(['a.png.meta.part', 'a.png.part']);
    expect((await readFile(join(here.folder, 'a.png.part'))).equals(first.bytes.subarray(0, HALF))).toBe(true);
  });

  test('the next call goes on, and asks for no byte twice', async () => {
    const { host, download } = await result((asked, socket) => {
      if (asked.count === 1) return send(socket, honest(asked, first), { cut: HALF });
      if (asked.count <= 4) return socket.resetAndDestroy();
      send(socket, honest(asked, first));
    });
    const broken = await download().catch((error: unknown) => error);
    expect(broken).toBeInstanceOf(DownloadError);
    expect(broken).toMatchObject({ code: 'transfer_failed', taskId: 't1', mayBeBilled: true, retryable: true });
    expect(String(broken)).not.toContain('Signature');
    const seen: number[] = [];
    await download({ onProgress: ({ bytes }: { bytes: number }) => seen.push(bytes) });
    await expectWhole(first);
    expect(host.asked.at(-1)?.from).toBe(HALF);
    expect(seen[0]).toBeGreaterThan(HALF);
  });

  test('a whole part whose end was not told of is published without a byte more', async () => {
    const { host, download } = await result((asked, socket) =>
      send(socket, honest(asked, first), { cut: asked.count === 1 ? HALF : 1, ends: 'silent' }),
    );
    const controller = new AbortController();
    const onProgress = () => controller.abort();
    await expect(download({ signal: controller.signal, onProgress })).rejects.toMatchObject({ name: 'AbortError' });
    // What a process that dies just before it gives the name leaves behind.
    const { appendFile } = await import('node:fs/promises');
    const { size } = await import('node:fs').then(({ statSync }) => statSync(join(here.folder, 'a.png.part')));
    await appendFile(join(here.folder, 'a.png.part'), first.bytes.subarray(size));
    await download();
    await expectWhole(first);
    expect(host.asked).toHaveLength(1);
  });

  describe('a server that knows no ranges', () => {
    test('and sends the same again: what is there is not written twice', async () => {
      const { host, download } = await result((asked, socket) =>
        send(socket, honest({ ...asked, from: undefined }, first), { cut: asked.count === 1 ? HALF : undefined }),
      );
      const seen: number[] = [];
      await download({ onProgress: ({ bytes }: { bytes: number }) => seen.push(bytes) });
      await expectWhole(first);
      expect(host.asked.map(({ from }) => from)).toEqual([undefined, HALF]);
      expect(seen).toEqual(seen.toSorted((a, b) => a - b));
      expect(new Set(seen).size).toBe(seen.length);
    });

    test('and cuts each time a little later', async () => {
      const { download } = await result((asked, socket) =>
        send(socket, honest({ ...asked, from: undefined }, first), { cut: Math.ceil((SIZE / 4) * asked.count) }),
      );
      await download();
      await expectWhole(first);
    });

    test('and tells no length: the whole comes in chunks, twice', async () => {
      const { download } = await result(({ count }, socket) => {
        const fields = { etag: '"one"', 'transfer-encoding': 'chunked' };
        const body = chunked(first.bytes);
        send(socket, { status: 200, fields, body }, { cut: count === 1 ? HALF : undefined });
      });
      await download();
      await expectWhole(first);
    });
  });

  describe('the file has changed meanwhile', () => {
    /** The first answer, cut in the middle; what comes then. */
    const changed = (change: (asked: Asked) => Honest, before: Version = first) =>
      result((asked, socket) => {
        if (asked.count === 1) return send(socket, honest(asked, before), { cut: HALF });
        send(socket, change(asked));
      });

    test('and an honest server sends the new one whole', async () => {
      const { host, download } = await changed((asked) => honest(asked, second));
      await download();
      await expectWhole(second);
      expect(host.asked).toHaveLength(2);
    });

    test('to a shorter one', async () => {
      const shorter = { bytes: picture(HALF / 2, 3), etag: '"three"' };
      const { download } = await changed((asked) => honest(asked, shorter));
      expect(await download()).toMatchObject({ bytes: HALF / 2 });
      await expectWhole(shorter);
    });

    /** A server that does not look at If-Range. */
    const careless = (asked: Asked, version: Version): Honest =>
      honest({ ...asked, headers: { ...asked.headers, 'if-range': undefined } }, version);
    const without = (answer: Honest, ...names: string[]): Honest => ({
      ...answer,
      fields: { ...answer.fields, ...Object.fromEntries(names.map((name) => [name, undefined])) },
    });

    test.each<[string, Version, (asked: Asked) => Honest, Version]>([
      ['another ETag', first, (asked) => careless(asked, second), second],
      ['a weak ETag', first, (asked) => careless(asked, { ...second, etag: 'W/"two"' }), second],
      ['no ETag', first, (asked) => careless(asked, { ...second, etag: undefined }), second],
      [
        'another length',
        first,
        (asked) => careless(asked, { bytes: picture(SIZE + 7, 4), etag: '"one"' }),
        { bytes: picture(SIZE + 7, 4) },
      ],
      [
        'another date',
        { bytes: first.bytes, lastModified: ago(7200) },
        (asked) => careless(asked, { bytes: second.bytes, lastModified: ago(3600) }),
        second,
      ],
      [
        'a range that begins elsewhere',
        first,
        (asked) => honest({ ...asked, from: asked.from && asked.from / 2 }, first),
        first,
      ],
      [
        'no Content-Range',
        first,
        (asked) => (asked.from === undefined ? honest(asked, first) : without(honest(asked, first), 'content-range')),
        first,
      ],
      ['416', first, (asked) => (asked.from === undefined ? honest(asked, second) : range416(SIZE)), second],
      [
        'a part of an encoded file',
        first,
        (asked) =>
          asked.from === undefined
            ? honest(asked, second)
            : { ...honest(asked, first), fields: { ...honest(asked, first).fields, 'content-encoding': 'gzip' } },
        second,
      ],
    ])('and a careless one answers a range with %s', async (_what, before, change, expected) => {
      const { host, download } = await changed(change, before);
      await download();
      await expectWhole(expected);
      // The whole was asked for again, once.
      expect(host.asked.map(({ from }) => from)).toEqual([undefined, HALF, undefined]);
    });

    test('and the part is from an earlier call', async () => {
      const { download } = await result((asked, socket) => {
        if (asked.count === 1) return send(socket, honest(asked, first), { cut: HALF });
        if (asked.count <= 4) return socket.resetAndDestroy();
        send(socket, honest(asked, second));
      });
      await expect(download()).rejects.toMatchObject({ code: 'transfer_failed' });
      expect(await here.names()).toContain('a.png.part');
      await download();
      await expectWhole(second);
    });

    test('while there is one attempt only: what cannot be gone on with is still begun anew', async () => {
      const host = await here.host((asked, socket) => {
        if (asked.count === 1) return send(socket, honest(asked, first), { cut: HALF });
        send(socket, asked.from === undefined ? honest(asked, second) : range416(SIZE));
      });
      const { output } = await here.task(`${host.url}/a.png`, { client: { ...client, retry: { attempts: 1 } } });
      await output.download(join(here.folder, 'a.png'));
      await expectWhole(second);
    });
  });

  describe('what tells versions apart', () => {
    const cutOnce = (version: Version, fields = {}) =>
      result((asked, socket) => {
        const answer = honest(asked, version);
        send(
          socket,
          { ...answer, fields: { ...answer.fields, ...fields } },
          { cut: asked.count === 1 ? HALF : undefined },
        );
      });

    test.each<[string, Version, object, string | undefined]>([
      ['a strong ETag', { bytes: first.bytes, etag: '"x"' }, {}, '"x"'],
      ['an ETag rather than a date', { bytes: first.bytes, etag: '"x"', lastModified: ago(3600) }, {}, '"x"'],
      ['a weak ETag', { bytes: first.bytes, etag: 'W/"x"' }, {}, undefined],
      ['an ETag without quotes', { bytes: first.bytes, etag: 'x' }, {}, undefined],
      ['nothing', { bytes: first.bytes }, {}, undefined],
      ['a date a second ago', { bytes: first.bytes, lastModified: ago(1) }, {}, undefined],
      [
        'a date without the answer’s own',
        { bytes: first.bytes, lastModified: ago(3600) },
        { date: undefined },
        undefined,
      ],
      ['a date that is none', { bytes: first.bytes, lastModified: 'yesterday' }, {}, undefined],
    ])('%s', async (_what, version, fields, ifRange) => {
      const { host, download } = await cutOnce(version, fields);
      await download();
      await expectWhole(version);
      expect(host.asked).toHaveLength(2);
      expect(host.asked[1]?.from).toBe(ifRange === undefined ? undefined : HALF);
      expect(host.asked[1]?.headers['if-range']).toBe(ifRange);
    });

    test('a date an hour ago', async () => {
      const lastModified = ago(3600);
      const { host, download } = await cutOnce({ bytes: first.bytes, lastModified });
      await download();
      await expectWhole(first);
      expect(host.asked[1]?.headers['if-range']).toBe(lastModified);
    });

    test('a date and a weak ETag beside it', async () => {
      const lastModified = ago(3600);
      const { host, download } = await cutOnce({ bytes: first.bytes, etag: 'W/"x"', lastModified });
      await download();
      await expectWhole(first);
      expect(host.asked[1]?.headers['if-range']).toBe(lastModified);
    });

    test('without any of it nothing is left of a transfer that fails', async () => {
      const { download } = await result((asked, socket) =>
        send(socket, honest(asked, { bytes: first.bytes }), { cut: HALF }),
      );
      await expect(download()).rejects.toBeInstanceOf(DownloadError);
      expect(await here.names()).toEqual([]);
    });
  });

  describe('a server that lies about what it sends', () => {
    test('more than the range that it tells of: begun anew', async () => {
      const { download } = await result((asked, socket) => {
        if (asked.count === 1) return send(socket, honest(asked, first), { cut: HALF });
        const { status, fields, body } = honest(asked, first);
        if (status === 200) return send(socket, { status, fields, body });
        const more = Buffer.concat([body, Buffer.from('more')]);
        send(socket, {
          status,
          fields: { ...fields, 'content-length': undefined, 'transfer-encoding': 'chunked' },
          body: chunked(more),
        });
      });
      await download();
      await expectWhole(first);
    });

    test('a range of unknown whole is no end of a file', async () => {
      const { download } = await result((asked, socket) => {
        const { status, fields, body } = honest(asked, first);
        const chunks = { ...fields, 'content-length': undefined, 'transfer-encoding': 'chunked' };
        if (status === 200) {
          return send(socket, { status, fields: chunks, body: chunked(body) }, asked.count === 1 ? { cut: HALF } : {});
        }
        const { from = 0 } = asked;
        const part = body.subarray(0, 1000);
        const range = `bytes ${from}-${from + 999}/*`;
        send(socket, { status, fields: { ...fields, 'content-length': 1000, 'content-range': range }, body: part });
      });
      await download();
      await expectWhole(first);
    });

    test.each<[string, (from: number) => { body: Buffer; range: string }]>([
      [
        'as many bytes as are missing, but from elsewhere',
        (from) => ({ body: first.bytes.subarray(7, 7 + SIZE - from), range: `7-${7 + SIZE - from - 1}/${SIZE}` }),
      ],
      [
        'as many bytes as are missing, but of a longer file',
        (from) => ({ body: second.bytes.subarray(from), range: `${from}-${SIZE - 1}/${SIZE + 7}` }),
      ],
    ])('%s', async (_what, lie) => {
      const { host, download } = await result((asked, socket) => {
        const { from } = asked;
        if (from === undefined) return send(socket, honest(asked, first), asked.count === 1 ? { cut: HALF } : {});
        const { body, range } = lie(from);
        const fields = { etag: '"one"', 'content-length': body.length, 'content-range': `bytes ${range}` };
        send(socket, { status: 206, fields, body });
      });
      await download();
      await expectWhole(first);
      expect(host.asked.map(({ from }) => from)).toEqual([undefined, HALF, undefined]);
    });

    test('the rest in small ranges', async () => {
      const { host, download } = await result((asked, socket) => {
        if (asked.count === 1) return send(socket, honest(asked, first), { cut: HALF });
        const { from = 0 } = asked;
        const body = first.bytes.subarray(from, from + 30_000);
        const range = `bytes ${from}-${from + body.length - 1}/${SIZE}`;
        const fields = { etag: '"one"', 'content-length': body.length, 'content-range': range };
        send(socket, { status: 206, fields, body });
      });
      await download();
      await expectWhole(first);
      expect(host.asked).toHaveLength(5);
    });

    test('the same version again, but shorter than what there is of it', async () => {
      const small = picture(HALF / 2, 5);
      const { download } = await result((asked, socket) => {
        const bytes = asked.count === 1 ? first.bytes : small;
        const body = chunked(bytes);
        const fields = { etag: '"one"', 'transfer-encoding': 'chunked' };
        send(socket, { status: 200, fields, body }, asked.count === 1 ? { cut: HALF } : {});
      });
      await download();
      await expectWhole({ bytes: small });
    });

    test('206 to who asked for all', async () => {
      const { host, download } = await result((asked, socket) => send(socket, honest({ ...asked, from: 5 }, first)));
      await expect(download()).rejects.toMatchObject({ code: 'http_status', status: 206 });
      expect(host.asked).toHaveLength(3);
      expect(await here.names()).toEqual([]);
    });
  });

  test('keepPart: false leaves nothing, whatever came', async () => {
    const { download } = await result((asked, socket) =>
      send(socket, honest(asked, first), { cut: HALF, ends: 'silent' }),
    );
    const controller = new AbortController();
    const options = { keepPart: false, signal: controller.signal, onProgress: () => controller.abort() };
    await expect(download(options)).rejects.toMatchObject({ name: 'AbortError' });
    expect(await here.names()).toEqual([]);
  });

  test('an abort keeps what came, and a later call goes on with it', async () => {
    const { host, download } = await result((asked, socket) =>
      send(socket, honest(asked, first), asked.count === 1 ? { cut: HALF, ends: 'silent' } : {}),
    );
    const controller = new AbortController();
    const aborted = await download({
      signal: controller.signal,
      onProgress: ({ bytes }: { bytes: number }) => bytes === HALF && controller.abort(),
    }).catch((error: unknown) => error);
    expect(aborted).toMatchObject({ name: 'AbortError', code: 'aborted', phase: 'download', taskId: 't1' });
    expect(await here.names()).toEqual(['a.png.meta.part', 'a.png.part']);
    await download();
    await expectWhole(first);
    expect(host.asked[1]?.from).toBe(HALF);
  });

  test('another result does not go on with the part of this one', async () => {
    const { host, download } = await result((asked, socket) =>
      send(socket, honest(asked, first), { cut: asked.count === 1 ? HALF : 0, ends: 'silent' }),
    );
    await expect(download({ idleTimeoutMs: 60 })).rejects.toMatchObject({ code: 'stalled' });
    const other = await here.host((asked, socket) => send(socket, honest(asked, { ...second, etag: '"one"' })));
    // The same task and output, now at another path: other bytes for all that anybody knows.
    const { output } = await here.task(`${other.url}/b.png`, { client: few });
    await output.download(join(here.folder, 'a.png'));
    await expectWhole(second);
    expect(other.asked.map(({ from }) => from)).toEqual([undefined]);
    expect(host.asked.length).toBeGreaterThan(0);
  });
});

function range416(size: number): Honest {
  return { status: 416, fields: { 'content-range': `bytes */${size}`, 'content-length': 0 }, body: Buffer.alloc(0) };
}

test('what is sent is what this file says', () => {
  expect(head(206, { a: 1, b: undefined })).toBe('HTTP/1.1 206 Partial Content\r\na: 1\r\n\r\n');
});
