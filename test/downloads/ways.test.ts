// The bytes themselves, however they come: in the head's packet or in drips, few or many, encrypted or not, cut or reset.

import { readFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { describe, expect, test, vi } from 'vitest';
import type { ClientOptions } from '../../src/index.js';
import { authority, certificates, key } from '../support/tls/certificates.js';
import { type Conduct, chunked, type Fields, head, honest, picture, room, SOON, send, until, WAYS } from './support.js';

const here = room();
const MIB = 1024 * 1024;

/** Writes the pieces, each a packet of its own as far as that can be had, some milliseconds apart. */
async function drip(socket: Socket, pieces: readonly (Buffer | string)[], everyMs = 2): Promise<void> {
  for (const piece of pieces) {
    if (socket.destroyed) return;
    await new Promise((resolve) => socket.write(piece, resolve));
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  socket.end();
}

const split = (bytes: Buffer, size: number): Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size));

/** The file as it came to the disk, and what was told of it. */
async function saved(url: string, client: ClientOptions, options = {}) {
  const { output } = await here.task(url, { client: { ...SOON, ...client } });
  const file = await output.download(join(here.folder, 'a.png'), options);
  return { file, bytes: await readFile(file.path) };
}

const WITH_TLS = WAYS.flatMap(([name, client]): [string, ClientOptions, boolean][] =>
  // The platform's fetch cannot be told of the test's authority without an agent of another package.
  client.fetch === undefined
    ? [
        [name, client, false],
        [`${name}, encrypted`, client, true],
      ]
    : [[name, client, false]],
);

describe.each(WITH_TLS)('over %s', (_, client, isSecure) => {
  const hostOf = async (conduct: Conduct) => {
    if (isSecure) trustTheAuthority();
    return here.host(conduct, isSecure ? { tls: { key, cert: certificates.good } } : {});
  };
  const expectExact = async (bytes: Buffer, conduct: Conduct, options = {}) => {
    const host = await hostOf(conduct);
    const { file, bytes: came } = await saved(`${host.url}/a.png`, client, options);
    expect(came.equals(bytes)).toBe(true);
    expect(file.bytes).toBe(bytes.length);
    expect(await here.names()).toEqual(['a.png']);
    return host;
  };
  const plain = (bytes: Buffer): Fields => ({ 'content-length': bytes.length });

  test.each([
    1024,
    4095,
    4096,
    4097,
    65_535,
    65_536,
    65_537,
    MIB - 1,
    MIB,
    MIB + 1,
    2 * MIB - 100,
    2 * MIB + 100,
    8 * MIB - 3,
  ])('%d bytes, of known length and in chunks', async (size) => {
    const bytes = picture(size, size);
    const { asked } = await expectExact(bytes, (one, socket) => send(socket, honest(one, { bytes })));
    expect(asked).toHaveLength(1);
    await expectExact(
      bytes,
      (_asked, socket) =>
        send(socket, { status: 200, fields: { 'transfer-encoding': 'chunked' }, body: chunked(bytes, 60_000) }),
      { overwrite: true },
    );
  });

  test('the smallest picture there is, with the head', async () => {
    const gif = Buffer.from('GIF89a\x01\0\x01\0\0\0\0;', 'latin1');
    await expectExact(
      gif,
      (_asked, socket) => void socket.end(Buffer.concat([Buffer.from(head(200, plain(gif))), gif])),
    );
  });

  test('no byte at all', async () => {
    const host = await hostOf((_asked, socket) => void socket.write(head(200, { 'content-length': 0 })));
    await expect(saved(`${host.url}/a.png`, client)).rejects.toMatchObject({ code: 'empty' });
    expect(await here.names()).toEqual([]);
  });

  test.each([1, 100, 16_384, 60_000, 65_000, 200_000])(
    'the head and %d bytes in one packet, the rest after it',
    async (size) => {
      const bytes = picture(300_000, 7);
      const first = Buffer.concat([Buffer.from(head(200, plain(bytes))), bytes.subarray(0, size)]);
      await expectExact(bytes, (_asked, socket) => void drip(socket, [first, bytes.subarray(size)], 20));
    },
  );

  test('a head in drips of a byte', async () => {
    const bytes = picture(20_000, 8);
    const text = Buffer.from(head(200, { ...plain(bytes), etag: '"e"' }));
    await expectExact(bytes, (_asked, socket) => void drip(socket, [...split(text, 1), bytes], 0));
  });

  test('a body in drips, of known length', async () => {
    const bytes = picture(9000, 9);
    await expectExact(bytes, (_asked, socket) => void drip(socket, [head(200, plain(bytes)), ...split(bytes, 301)]));
  });

  test('a body in drips, in chunks', async () => {
    const bytes = picture(9000, 10);
    const body = chunked(bytes, 77);
    const start = head(200, { 'transfer-encoding': 'chunked' });
    await expectExact(bytes, (_asked, socket) => void drip(socket, [start, ...split(body, 301)]));
  });

  test('drips are no silence, and are told of as they come', async () => {
    const bytes = picture(40_000, 11);
    const pieces = split(bytes, 2000);
    const seen: number[] = [];
    const host = await expectExact(
      bytes,
      (_asked, socket) => void drip(socket, [head(200, plain(bytes)), ...pieces], 10),
      {
        idleTimeoutMs: 200,
        onProgress: (progress: { bytes: number }) => seen.push(progress.bytes),
      },
    );
    expect(host.asked).toHaveLength(1);
    expect(seen.length).toBeGreaterThan(2);
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(bytes.length);
  });

  test('large and small pieces in turn, faster and slower than they are taken', async () => {
    const bytes = picture(5 * MIB + 12_345, 12);
    const pieces: Buffer[] = [];
    for (let at = 0, size = 1; at < bytes.length; at += size, size = ((size * 7 + 3) % 900_001) + 1) {
      pieces.push(bytes.subarray(at, at + size));
    }
    await expectExact(bytes, (_asked, socket) => void drip(socket, [head(200, plain(bytes)), ...pieces], 1));
  });

  test('what follows the body is not of it: not taken, and where it is seen, not believed either', async () => {
    const bytes = picture(2 * MIB, 13);
    const after = Buffer.from(head(500, { 'content-length': 0 }));
    const host = await hostOf((_asked, socket) => {
      socket.end(Buffer.concat([Buffer.from(head(200, plain(bytes))), bytes, after]));
    });
    const ended = await saved(`${host.url}/a.png`, client).catch((error: unknown) => ({ error }));
    if ('error' in ended) expect(ended.error).toMatchObject({ code: 'truncated' });
    else expect(ended.bytes.equals(bytes)).toBe(true);
    expect(await here.names()).toEqual('error' in ended ? [] : ['a.png']);
  });

  test.each(['end', 'resetAndDestroy'] as const)('a connection that goes (%s) at any place', async (how) => {
    const bytes = picture(3 * MIB, 14);
    const places = [0, 1, 4096, MIB - 1, MIB, MIB + 1, 2 * MIB + 17, bytes.length - 1];
    const go = (socket: Socket): unknown =>
      how === 'resetAndDestroy' && !(socket instanceof tls.TLSSocket) ? socket.resetAndDestroy() : socket.destroy();
    const host = await expectExact(bytes, (asked, socket) => {
      const { status, fields, body } = honest(asked, { bytes, etag: '"e"' });
      const stop = places[asked.count - 1] ?? bytes.length;
      const here = Buffer.concat([
        Buffer.from(head(status, fields)),
        body.subarray(0, Math.max(0, stop - (asked.from ?? 0))),
      ]);
      socket.write(here, () => (how === 'end' ? socket.end() : go(socket)));
    });
    expect(host.asked.length).toBeGreaterThan(3);
    // Asked for is only ever what is missing.
    const froms = host.asked.map(({ from = 0 }) => from);
    expect(froms).toEqual(froms.toSorted((a, b) => a - b));
  });

  test('two at once from one host do not mix', async () => {
    const all = Array.from({ length: 6 }, (_, seed) => picture(700_000 + seed, 100 + seed));
    const host = await hostOf((asked, socket) => {
      const bytes = all[Number(asked.path.slice(1))] ?? Buffer.alloc(0);
      void drip(socket, [head(200, plain(bytes)), ...split(bytes, 130_000)], 1);
    });
    const files = await Promise.all(
      all.map(async (_bytes, index) => {
        const { output } = await here.task(`${host.url}/${index}`, { client: { ...SOON, ...client } });
        return output.download(join(here.folder, `${index}.png`));
      }),
    );
    for (const [index, { path }] of files.entries()) {
      expect((await readFile(path)).equals(all[index] ?? Buffer.alloc(0))).toBe(true);
    }
  });

  test('when it is over, or given up, no connection is left that works', async () => {
    const bytes = picture(MIB, 15);
    const host = await hostOf((asked, socket) =>
      send(socket, honest(asked, { bytes }), { cut: MIB / 2, ends: 'silent' }),
    );
    await expect(saved(`${host.url}/a.png`, client, { idleTimeoutMs: 40 })).rejects.toMatchObject({ code: 'stalled' });
    await until(() => host.busy.size === 0);
  });
});

describe('https', () => {
  const bytes = picture(10_000, 20);
  const of = (cert: string) =>
    here.host((asked, socket) => send(socket, honest(asked, { bytes })), { tls: { key, cert } });

  test.each([
    ['selfSigned', /self-signed|self signed/i],
    ['expired', /expired/],
    ['notYetValid', /not yet valid/],
    ['elsewhere', /does not match/],
  ] as const)('a certificate that is %s is refused before anything is asked', async (which, reason) => {
    trustTheAuthority();
    const host = await of(certificates[which]);
    const error = await saved(`${host.url}/a.png`, {}).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'transfer_failed', phase: 'download', taskId: 't1' });
    expect(String(error)).toMatch(reason);
    expect(host.asked).toHaveLength(0);
    expect(await here.names()).toEqual([]);
  });

  test('an authority that nobody trusts', async () => {
    const host = await of(certificates.good);
    await expect(saved(`${host.url}/a.png`, {})).rejects.toMatchObject({ code: 'transfer_failed' });
    expect(host.asked).toHaveLength(0);
  });

  test('an address instead of a name, which is in the certificate', async () => {
    trustTheAuthority();
    const host = await of(certificates.good);
    expect((await saved(`${host.url.replace('localhost', '127.0.0.1')}/a.png`, {})).bytes.equals(bytes)).toBe(true);
  });

  test.each<[string, (socket: Socket) => void, string]>([
    ['speaks no TLS', (socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'), 'transfer_failed'],
    ['hangs up', (socket) => void socket.end(), 'transfer_failed'],
    ['begins no handshake', () => {}, 'stalled'],
  ])('a server that %s', async (_what, greet, code) => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      greet(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    here.later(() => server.close());
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const waiting = saved(`https://127.0.0.1:${address.port}/a.png`, {}, { idleTimeoutMs: 60 });
    await expect(waiting).rejects.toMatchObject({ code });
  });

  test('a way that leads back to plain http is not gone', async () => {
    trustTheAuthority();
    const open = await here.host((asked, socket) => send(socket, honest(asked, { bytes })));
    const host = await here.host(
      (_asked, socket) => send(socket, { status: 302, fields: { location: `${open.url}/a` }, body: Buffer.alloc(0) }),
      { tls: { key, cert: certificates.good } },
    );
    await expect(saved(`${host.url}/a.png`, {})).rejects.toMatchObject({ code: 'bad_redirect' });
    expect(open.asked).toHaveLength(0);
  });
});

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));

describe.skipIf(!hasIpv6)('IPv6', () => {
  test.each(WAYS)('over %s', async (_, client) => {
    const bytes = picture(100_000, 21);
    const host = await here.host((asked, socket) => send(socket, honest(asked, { bytes })), { address: '::1' });
    expect(host.url).toContain('[::1]');
    expect((await saved(`${host.url}/a.png`, client)).bytes.equals(bytes)).toBe(true);
    expect(host.asked[0]?.headers.host).toBe(host.url.slice('http://'.length));
  });
});

test('a fetch of the caller’s own that hears no signal does not hold a download', async () => {
  const deaf: ClientOptions['fetch'] = (input, init) => fetch(input, { ...init, signal: null });
  const host = await here.host((asked, socket) =>
    send(socket, honest(asked, { bytes: picture(50_000) }), { cut: 20_000, ends: 'silent' }),
  );
  await expect(saved(`${host.url}/a.png`, { fetch: deaf }, { idleTimeoutMs: 80 })).rejects.toMatchObject({
    code: 'stalled',
  });
  await until(() => host.busy.size === 0);
});

const createContext = tls.createSecureContext;

/** As if the test's authority were one of the system's: there is no other door to that within a process (Node 20). */
function trustTheAuthority(): void {
  vi.spyOn(tls, 'createSecureContext').mockImplementation((options) => createContext({ ...options, ca: authority }));
}
