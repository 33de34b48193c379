// Results without files: the same checks, held back when nobody reads, over when nobody wants more.

import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { DownloadError } from '../../src/index.js';
import {
  type Conduct,
  chunked,
  head,
  honest,
  picture,
  png,
  room,
  SOON,
  send,
  until,
  type Version,
  WAYS,
} from './support.js';

const here = room();
const SIZE = 300_000;
const HALF = SIZE / 2;
const first: Version = { bytes: picture(SIZE, 1), etag: '"one"' };
const second: Version = { bytes: picture(SIZE, 2), etag: '"two"' };

/** What a stream gives, and what it ends with. */
async function readAll(stream: ReadableStream<Uint8Array>): Promise<{ bytes: Buffer; error?: unknown }> {
  const chunks: Uint8Array[] = [];
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { bytes: Buffer.concat(chunks) };
      chunks.push(value);
    }
  } catch (error) {
    return { bytes: Buffer.concat(chunks), error };
  }
}

describe.each(WAYS)('over %s', (_, client) => {
  const result = async (conduct: Conduct) => {
    const host = await here.host(conduct);
    const task = await here.task(`${host.url}/a.png`, { client: { ...SOON, ...client } });
    return { ...task, host };
  };

  describe('a good server', () => {
    test('gives the bytes, as a stream and in memory', async () => {
      const { output } = await result((asked, socket) => send(socket, honest(asked, first)));
      expect((await readAll(await output.stream())).bytes.equals(first.bytes)).toBe(true);
      const buffer = await output.arrayBuffer();
      expect(buffer).toBeInstanceOf(ArrayBuffer);
      expect(Buffer.from(buffer).equals(first.bytes)).toBe(true);
    });

    test('tells of progress', async () => {
      const { output } = await result((asked, socket) => send(socket, honest(asked, first)));
      const seen: { bytes: number; total: number | undefined }[] = [];
      await output.arrayBuffer({ onProgress: (progress) => seen.push(progress) });
      expect(seen.at(-1)).toMatchObject({ bytes: SIZE, total: SIZE });
      expect(seen.every(({ total }) => total === SIZE)).toBe(true);
    });

    test('tells no whole where the server tells none', async () => {
      const { output } = await result((_asked, socket) =>
        send(socket, { status: 200, fields: { 'transfer-encoding': 'chunked' }, body: chunked(first.bytes) }),
      );
      const seen: (number | undefined)[] = [];
      await output.arrayBuffer({ onProgress: ({ total, etaSeconds }) => seen.push(total, etaSeconds) });
      expect(new Set(seen)).toEqual(new Set([undefined]));
    });

    test('a chunk that was handed out stays as it is', async () => {
      const large: Version = { bytes: picture(6_000_000, 9), etag: '"l"' };
      const { output } = await result((asked, socket) => send(socket, honest(asked, large)));
      const { bytes } = await readAll(await output.stream());
      expect(bytes.equals(large.bytes)).toBe(true);
    });
  });

  describe('what a file would be refused for, is refused here before anything is handed out', () => {
    const cases: [string, Conduct, string][] = [
      ['a page', (_asked, socket) => send(socket, page('<!doctype html><title>Sign in</title>')), 'wrong_media'],
      ['an error', (_asked, socket) => send(socket, page('{"error":"expired"}')), 'wrong_media'],
      ['nothing', (_asked, socket) => send(socket, page('')), 'empty'],
      ['sound', (_asked, socket) => send(socket, page(`ID3\x04\0\0\0\0\0\0${'.'.repeat(9000)}`)), 'wrong_media'],
      ['404', (_asked, socket) => send(socket, { ...page('no'), status: 404 }), 'expired'],
      ['401', (_asked, socket) => send(socket, { ...page('no'), status: 401 }), 'http_status'],
      ['a reset', (_asked, socket) => socket.resetAndDestroy(), 'transfer_failed'],
    ];
    test.each(cases)('%s', async (_what, conduct, code) => {
      const { output, gateway } = await result(conduct);
      for (const way of [output.stream(), output.arrayBuffer()]) {
        const error = await way.catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(DownloadError);
        expect(error).toMatchObject({ code, phase: 'download', taskId: 't1', mayBeBilled: true });
      }
      expect(gateway.requests.every(({ method }) => method === 'GET')).toBe(true);
    });
  });

  describe('a cut in mid-stream', () => {
    test.each([1, 4095, 4097, HALF, SIZE - 1])('after %d bytes is not noticed by who reads', async (cut) => {
      const { output, host } = await result((asked, socket) =>
        send(socket, honest(asked, first), asked.count % 2 === 1 ? { cut } : {}),
      );
      const { bytes, error } = await readAll(await output.stream());
      expect(error).toBeUndefined();
      expect(bytes.equals(first.bytes)).toBe(true);
      expect(host.asked[1]?.from).toBe(cut < 4096 ? undefined : cut);
      expect(Buffer.from(await output.arrayBuffer()).equals(first.bytes)).toBe(true);
    });

    test('a server without ranges sends what was read again: it is skipped', async () => {
      const { output } = await result((asked, socket) =>
        send(socket, honest({ ...asked, from: undefined }, first), asked.count === 1 ? { cut: HALF } : {}),
      );
      const { bytes, error } = await readAll(await output.stream());
      expect(error).toBeUndefined();
      expect(bytes.equals(first.bytes)).toBe(true);
    });

    test('the file has changed: what was handed out stands, and the stream says so', async () => {
      const { output } = await result((asked, socket) =>
        send(socket, honest(asked, asked.count === 1 ? first : second), asked.count === 1 ? { cut: HALF } : {}),
      );
      const { bytes, error } = await readAll(await output.stream());
      expect(error).toMatchObject({ code: 'changed', retryable: true, taskId: 't1' });
      expect(bytes.equals(first.bytes.subarray(0, HALF))).toBe(true);
    });

    test('the file has changed: in memory it is begun anew', async () => {
      const { output } = await result((asked, socket) =>
        send(socket, honest(asked, asked.count === 1 ? first : second), asked.count === 1 ? { cut: HALF } : {}),
      );
      expect(Buffer.from(await output.arrayBuffer()).equals(second.bytes)).toBe(true);
    });

    test('versions that cannot be told apart are taken for different ones', async () => {
      const { output } = await result((asked, socket) =>
        send(socket, honest(asked, { bytes: first.bytes }), asked.count === 1 ? { cut: HALF } : {}),
      );
      expect((await readAll(await output.stream())).error).toMatchObject({ code: 'changed' });
    });

    test('a server that answers a range with nonsense is asked for the whole, and what was read is skipped', async () => {
      const { output } = await result((asked, socket) => {
        const answer = asked.from === undefined ? honest(asked, first) : honest({ ...asked, from: 7 }, first);
        send(socket, answer, asked.count === 1 ? { cut: HALF } : {});
      });
      const { bytes, error } = await readAll(await output.stream());
      expect(error).toBeUndefined();
      expect(bytes.equals(first.bytes)).toBe(true);
    });

    test('for good: the stream ends in an error, never as if it were whole', async () => {
      const { output } = await result((asked, socket) =>
        asked.count === 1 ? send(socket, honest(asked, first), { cut: HALF }) : socket.resetAndDestroy(),
      );
      const { bytes, error } = await readAll(await output.stream());
      expect(error).toMatchObject({ code: 'transfer_failed', retryable: true });
      expect(bytes.equals(first.bytes.subarray(0, HALF))).toBe(true);
    });

    test('chunks that break off are no end', async () => {
      const { output } = await result((_asked, socket) => {
        const fields = { 'transfer-encoding': 'chunked' };
        send(socket, { status: 200, fields, body: chunked(first.bytes, 10_000, '') });
      });
      expect((await readAll(await output.stream())).error).toBeInstanceOf(DownloadError);
      await expect(output.arrayBuffer()).rejects.toBeInstanceOf(DownloadError);
    });
  });

  describe('maxBytes', () => {
    test('is known before the bytes where their number is told', async () => {
      const { output, host } = await result((asked, socket) => send(socket, honest(asked, first)));
      await expect(output.stream({ maxBytes: SIZE - 1 })).rejects.toMatchObject({ code: 'too_large' });
      await expect(output.arrayBuffer({ maxBytes: SIZE - 1 })).rejects.toMatchObject({ code: 'too_large' });
      expect(host.asked).toHaveLength(2);
      expect((await output.arrayBuffer({ maxBytes: SIZE })).byteLength).toBe(SIZE);
    });

    test('is found out on the way where it is not', async () => {
      const { output } = await result((_asked, socket) =>
        send(socket, { status: 200, fields: { 'transfer-encoding': 'chunked' }, body: chunked(first.bytes) }),
      );
      await expect(output.arrayBuffer({ maxBytes: SIZE - 1 })).rejects.toMatchObject({ code: 'too_large' });
      const { error, bytes } = await output.stream({ maxBytes: HALF }).then(readAll, (thrown: unknown) => ({
        error: thrown,
        bytes: Buffer.alloc(0),
      }));
      expect(error).toMatchObject({ code: 'too_large' });
      expect(bytes.length).toBeLessThanOrEqual(HALF);
    });
  });

  describe('silence', () => {
    test('in mid-stream, twice in a row', async () => {
      const { output, host } = await result((asked, socket) =>
        send(socket, honest(asked, first), { cut: asked.count === 1 ? HALF : 0, ends: 'silent' }),
      );
      const { bytes, error } = await readAll(await output.stream({ idleTimeoutMs: 60 }));
      expect(error).toMatchObject({ code: 'stalled' });
      expect(bytes.length).toBe(HALF);
      expect(host.asked).toHaveLength(3);
    });

    test('of who reads is none of the server', async () => {
      const large: Version = { bytes: picture(8_000_000, 3), etag: '"l"' };
      const { output, host } = await result((asked, socket) => send(socket, honest(asked, large)));
      const stream = await output.stream({ idleTimeoutMs: 50 });
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect((await readAll(stream)).bytes.equals(large.bytes)).toBe(true);
      expect(host.asked).toHaveLength(1);
    });
  });

  describe('who does not read', () => {
    /** As much as the other side takes, and how much that was. */
    const endless = (sent: { bytes: number }): Conduct => {
      const piece = picture(65_536, 4);
      const more = (socket: Parameters<Conduct>[1]): void => {
        socket.write(chunked(piece, 65_536, ''), (error) => {
          if (error) return;
          sent.bytes += piece.length;
          more(socket);
        });
      };
      return (_asked, socket) => {
        socket.write(head(200, { 'transfer-encoding': 'chunked' }));
        more(socket);
      };
    };

    test('holds the server back, and lets it go when he leaves', async () => {
      const sent = { bytes: 0 };
      const { output, host } = await result(endless(sent));
      const stream = await output.stream();
      let before = -1;
      await until(async () => {
        const isStill = before === sent.bytes;
        before = sent.bytes;
        await new Promise((resolve) => setTimeout(resolve, 50));
        return isStill;
      });
      // What sockets and kernel hold, and two chunks of ours: a few megabytes, however long it lasts.
      expect(sent.bytes).toBeLessThan(24 * 1024 * 1024);
      const reader = stream.getReader();
      const wanted = 2 * before;
      for (let read = 0; read < wanted; ) read += (await reader.read()).value?.length ?? 0;
      expect(sent.bytes).toBeGreaterThan(before);
      await reader.cancel();
      await until(() => host.busy.size === 0);
    });

    test('and aborts: the stream ends in that, and the connection too', async () => {
      const sent = { bytes: 0 };
      const { output, host } = await result(endless(sent));
      const controller = new AbortController();
      const stream = await output.stream({ signal: controller.signal });
      controller.abort(new Error('enough'));
      const { error } = await readAll(stream);
      expect(error).toMatchObject({ name: 'AbortError', code: 'aborted', phase: 'download', taskId: 't1' });
      await until(() => host.busy.size === 0);
    });
  });

  describe('abort and cancel', () => {
    test('before it began: nothing is asked for', async () => {
      const { output, host } = await result((asked, socket) => send(socket, honest(asked, first)));
      const signal = AbortSignal.abort();
      await expect(output.stream({ signal })).rejects.toMatchObject({ code: 'aborted' });
      await expect(output.arrayBuffer({ signal })).rejects.toMatchObject({ code: 'aborted' });
      expect(host.asked).toHaveLength(0);
    });

    test('while the server thinks', async () => {
      const controller = new AbortController();
      const { output, host } = await result(() => controller.abort());
      await expect(output.stream({ signal: controller.signal })).rejects.toMatchObject({ code: 'aborted' });
      await until(() => host.busy.size === 0);
    });

    test('in a pause between two attempts', async () => {
      const host = await here.host((_asked, socket) => send(socket, { ...page('later'), status: 503 }));
      const slow = { ...client, retry: { baseMs: 10_000, capMs: 10_000 } };
      const { output } = await here.task(`${host.url}/a.png`, { client: slow });
      const controller = new AbortController();
      const reading = output.arrayBuffer({ signal: controller.signal });
      await until(() => host.asked.length === 1 && host.busy.size === 0);
      controller.abort();
      await expect(reading).rejects.toMatchObject({ code: 'aborted' });
    });

    test.each(['the last byte', 'the first piece'])('cancel after %s breaks nothing', async (when) => {
      const unhandled: unknown[] = [];
      const listener = (error: unknown) => void unhandled.push(error);
      process.on('unhandledRejection', listener);
      here.later(() => process.off('unhandledRejection', listener));
      const { output } = await result((asked, socket) => send(socket, honest(asked, first), { ends: 'silent' }));
      for (let round = 0; round < 20; round++) {
        const reader = (await output.stream()).getReader();
        for (let read = 0; read < (when === 'the last byte' ? SIZE : 1); ) {
          read += (await reader.read()).value?.length ?? 0;
        }
        await reader.cancel('seen enough');
      }
      // A rejection is told of when the tasks of its turn are done.
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(unhandled).toEqual([]);
    });

    test('a signal that outlives many results keeps nothing of them', async () => {
      const { signal } = new AbortController();
      const { output } = await result((asked, socket) => send(socket, honest(asked, { bytes: png })));
      for (let round = 0; round < 5; round++) {
        await output.arrayBuffer({ signal });
        await readAll(await output.stream({ signal }));
      }
      expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    });
  });

  test('options that cannot be meant are told at once', async () => {
    const { output, host } = await result((asked, socket) => send(socket, honest(asked, first)));
    const wrong: object[] = [{ idleTimeout: 5 }, { idleTimeoutMs: 0 }, { maxBytes: -1 }];
    for (const options of wrong) {
      await expect(output.stream(options)).rejects.toMatchObject({ code: 'bad_option', name: 'ConfigError' });
      await expect(output.arrayBuffer(options)).rejects.toMatchObject({ code: 'bad_option' });
    }
    expect(host.asked).toHaveLength(0);
  });
});

describe('a result that came inline', () => {
  const inline = (bytes: Buffer | string, type = 'image/png') =>
    here.task(`data:${type};base64,${Buffer.from(bytes).toString('base64')}`);

  test('as a stream, in memory and as a file', async () => {
    const { output } = await inline(png);
    expect((await readAll(await output.stream())).bytes.equals(png)).toBe(true);
    expect(Buffer.from(await output.arrayBuffer()).equals(png)).toBe(true);
    expect(await output.download(`${here.folder}/`)).toMatchObject({ bytes: png.length, contentType: 'image/png' });
    expect(await here.names()).toEqual(['gemini-2.5-flash-image-t1-0.png']);
  });

  test.each([
    ['<html>no</html>', 'wrong_media'],
    ['', 'empty'],
  ])('%j is refused', async (text, code) => {
    const { output } = await inline(text);
    await expect(output.stream()).rejects.toMatchObject({ code });
    await expect(output.arrayBuffer()).rejects.toMatchObject({ code });
    await expect(output.download(`${here.folder}/`)).rejects.toMatchObject({ code });
    expect(await here.names()).toEqual([]);
  });

  test('maxBytes holds for it as well', async () => {
    const { output } = await inline(png);
    await expect(output.arrayBuffer({ maxBytes: png.length - 1 })).rejects.toMatchObject({ code: 'too_large' });
  });
});

/** Text, said to be a picture. */
function page(text: string) {
  const body = Buffer.from(text, 'latin1');
  return { status: 200, fields: { 'content-type': 'image/png', 'content-length': body.length }, body };
}
