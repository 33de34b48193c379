// What tests of downloads share: finished tasks whose results lie on hosts that answer as the test says, byte for byte.

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { type IncomingHttpHeaders, type ServerResponse, STATUS_CODES } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, vi } from 'vitest';
import type { ClientOptions, ImaRouter, Output, TaskResult } from '../../src/index.js';
import { clientFor, type TestClient } from '../support/client.js';
import { json, serve, type TestServer } from '../support/server.js';

/** A real picture: 34,950 bytes. */
export const png = await readFile(new URL('../../src/mock/media/picture.png', import.meta.url));

/** Both ways that results come by. */
export const WAYS: [string, ClientOptions][] = [
  ['sockets', {}],
  ['the caller’s fetch', { fetch: (input, init) => fetch(input, init) }],
];

/** Retries that nobody has to wait for. */
export const SOON: ClientOptions = { retry: { baseMs: 1, capMs: 5 } };

/** Signature and header of a PNG, and a chunk without data, of which the last one is. */
const PNG_HEAD = 33;
const PNG_CHUNK = 12;

/** So many bytes in the form of a picture, if that many are enough; another seed gives other bytes at nearly every place. */
export function picture(size: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(size);
  let state = seed >>> 0;
  for (let at = 0; at < size; at++) {
    // Numerical Recipes' generator: its high bits look random.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[at] = state >>> 24;
  }
  png.copy(bytes, 0, 0, Math.min(PNG_HEAD, size));
  const noise = size - PNG_HEAD - 2 * PNG_CHUNK;
  if (noise < 0) return bytes;
  bytes.writeUInt32BE(noise, PNG_HEAD);
  bytes.write('noIs', PNG_HEAD + 4, 'latin1');
  png.copy(bytes, size - PNG_CHUNK, png.length - PNG_CHUNK);
  return bytes;
}

/** A finished task, and who knows of it. */
export interface Finished extends TestClient {
  ima: ImaRouter;
  result: TaskResult;
  /** The first of its outputs. */
  output: Output;
  gateway: TestServer;
}

export interface FinishedOptions {
  /** What the gateway says of the result beside its URL. */
  declared?: object;
  client?: ClientOptions;
}

/** What one file of tests opens: closed and gone after each test. */
export interface Room {
  /** Empty at the start of each test. */
  readonly folder: string;
  /** The names in it, sorted. */
  names(): Promise<string[]>;
  /** To be done at the end of the test; the last comes first. */
  later(close: () => unknown): void;
  /** A finished image task with one result, at `url`. */
  task(url: string, options?: FinishedOptions): Promise<Finished>;
  /** The same, with its result at `a.png?Signature=s3cret` of a host of its own, which `media` answers for. */
  finished(
    media: (response: ServerResponse, host: TestServer) => void,
    options?: FinishedOptions,
  ): Promise<Finished & { cdn: TestServer }>;
  /** A host made of bare sockets; with `tls` it is `https://localhost`. */
  host(conduct: Conduct, options?: { tls?: TlsOptions; address?: string }): Promise<Host>;
}

/** To be called once, at the top of a file of tests. */
export function room(): Room {
  const closing: (() => unknown)[] = [];
  let folder = '';
  beforeEach(async () => {
    // How long a pause is, chance decides: here it is as short as it may be.
    vi.spyOn(Math, 'random').mockReturnValue(0);
    folder = await mkdtemp(join(tmpdir(), 'ima-router-'));
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
    await rm(folder, { recursive: true, force: true });
  });
  const task: Room['task'] = async (url, { declared = {}, client = {} } = {}) => {
    const gateway = await serve((_, response) =>
      json(response, { id: 't1', object: 'video', status: 'completed', results: [{ url, ...declared }] }),
    );
    closing.push(gateway.close);
    const { ima, warnings } = clientFor(gateway.url, { ...SOON, ...client });
    const result = await ima.task('t1', { model: 'gemini-2.5-flash-image' }).result();
    const [output] = result.outputs;
    if (output === undefined) throw new Error('no output');
    return { ima, warnings, result, output, gateway };
  };
  return {
    get folder() {
      return folder;
    },
    names: async () => (await readdir(folder)).sort(),
    later: (close) => void closing.push(close),
    task,
    finished: async (media, options) => {
      const cdn: TestServer = await serve((_, response) => media(response, cdn));
      closing.push(cdn.close);
      return { ...(await task(`${cdn.url}/a.png?Signature=s3cret`, options)), cdn };
    },
    host: async (conduct, options) => {
      const host = await listening(conduct, options);
      closing.push(host.close);
      return host;
    },
  };
}

/** A GET as it came over the wire. */
export interface Asked {
  /** With its query. */
  path: string;
  headers: IncomingHttpHeaders;
  /** The first byte that is asked for, where a part is. */
  from: number | undefined;
  /** Of all GETs that the host got, from 1. */
  count: number;
}

/** What a host does with a GET. */
export type Conduct = (asked: Asked, socket: Socket) => void;

export interface Host {
  /** Origin, without a slash. */
  url: string;
  asked: Asked[];
  /** Those that are open now. */
  sockets: Set<Socket>;
  /** Those that are open now and have carried a request: who asks may hold a spare one. */
  busy: Set<Socket>;
  close(): Promise<void>;
}

async function listening(conduct: Conduct, { tls, address = '127.0.0.1' }: Parameters<Room['host']>[1] = {}) {
  const asked: Asked[] = [];
  const sockets = new Set<Socket>();
  const busy = new Set<Socket>();
  const server: Server = tls === undefined ? createServer() : createTlsServer(tls);
  server.on('tlsClientError', () => {});
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    let text = '';
    socket.setNoDelay(true);
    socket.on('close', () => busy.delete(socket));
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        const one = askedIn(text.slice(0, end), asked.length + 1);
        text = text.slice(end + 4);
        asked.push(one);
        busy.add(socket);
        conduct(one, socket);
      }
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, address, resolve);
  });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('no port');
  const name = address.includes(':') ? `[${address}]` : address;
  const host: Host = {
    url: tls === undefined ? `http://${name}:${bound.port}` : `https://localhost:${bound.port}`,
    asked,
    sockets,
    busy,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return host;
}

function askedIn(head: string, count: number): Asked {
  const [line = '', ...rest] = head.split('\r\n');
  const headers = Object.fromEntries(
    rest.map((one) => [one.slice(0, one.indexOf(':')).toLowerCase(), one.slice(one.indexOf(':') + 1).trim()]),
  );
  const from = /^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1];
  return { path: line.split(' ')[1] ?? '', headers, from: from === undefined ? undefined : Number(from), count };
}

/** Header fields by name; undefined ones are left out. */
export type Fields = Record<string, string | number | undefined>;

/** The head of an answer, up to its body. */
export function head(status: number, fields: Fields = {}): string {
  const lines = Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Odd'}`, ...lines, '', ''].join('\r\n');
}

/** One version of a file, and how its server tells it from others. */
export interface Version {
  bytes: Buffer;
  etag?: string | undefined;
  lastModified?: string | undefined;
}

/** What a server that keeps to RFC 9110 says when it has `version`. */
export interface Honest {
  status: number;
  fields: Fields;
  body: Buffer;
}

/** The answer of a server that keeps to RFC 9110. */
export function honest({ headers, from }: Asked, { bytes, etag, lastModified }: Version): Honest {
  const about = { etag, 'last-modified': lastModified, date: new Date().toUTCString(), 'content-type': 'image/png' };
  const given = headers['if-range'];
  const isSame = given === undefined || given === (String(given).startsWith('"') ? etag : lastModified);
  if (from === undefined || !isSame) {
    return { status: 200, fields: { ...about, 'content-length': bytes.length }, body: bytes };
  }
  if (from >= bytes.length) {
    const fields = { 'content-range': `bytes */${bytes.length}`, 'content-length': 0 };
    return { status: 416, fields, body: Buffer.alloc(0) };
  }
  const body = bytes.subarray(from);
  const range = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
  return { status: 206, fields: { ...about, 'content-range': range, 'content-length': body.length }, body };
}

/** How much of an answer's body is sent, and what comes then. */
export interface Ending {
  /** Bytes of the body; all of them where it is not said. */
  cut?: number | undefined;
  /** After that: the end of the connection (FIN), its reset (RST), or silence. */
  ends?: 'closed' | 'reset' | 'silent';
}

/** Sends an answer, whole or up to where it is cut. */
export function send(socket: Socket, { status, fields, body }: Honest, { cut, ends = 'closed' }: Ending = {}): void {
  // Said beforehand, so that nobody sends another request to a connection that is about to go. Not with chunks: there
  // Node 20's fetch takes any end of such a connection for the end of the body (answers.test.ts has that story).
  const isLast = ends !== 'silent' && fields['transfer-encoding'] === undefined;
  const all = isLast ? { connection: 'close', ...fields } : fields;
  const bytes = Buffer.concat([Buffer.from(head(status, all), 'latin1'), body.subarray(0, cut)]);
  socket.write(bytes, () => {
    if (ends === 'closed') socket.end();
    if (ends === 'reset') socket.resetAndDestroy();
  });
}

/** A body in chunks of about that many bytes (RFC 9112, 7.1). */
export function chunked(body: Buffer, size = 10_000, end = '0\r\n\r\n'): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; at += size) {
    const chunk = body.subarray(at, at + size);
    parts.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'));
  }
  return Buffer.concat([...parts, Buffer.from(end)]);
}

/** A body as a server sends it that packs what it was not asked to pack. */
export function gzipped(bytes: Buffer): { fields: Fields; body: Buffer } {
  const body = gzipSync(bytes);
  return { fields: { 'content-encoding': 'gzip', 'content-length': body.length }, body };
}

/** What a test waits for without knowing when it comes: tried until it holds, for five seconds at most. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 5000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error('it never held');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
