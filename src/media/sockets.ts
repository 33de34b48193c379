// A GET over Node's sockets: plain bodies are read straight into two big buffers, all else goes through Node's own parser.

import { lookup } from 'node:dns';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, isIP, type LookupFunction, type OnReadOpts, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { isPrivateAddress, isPrivateHost } from '../transport/index.js';
import { type Ask, PLAIN, type Reply } from './exchange.js';
import { privateAddress, type Subject } from './failure.js';
import { PIECE_BYTES, PIECE_MS, Pieces } from './pieces.js';

/** What Node reads at once where its parser wants to see the bytes: the head of an answer, chunks, encoded bodies. */
const HEAD_BYTES = 64 * 1024;

/** A buffer with less room than this is given on: reading the rest would take a call for a few bytes. */
const LEAST_ROOM_BYTES = PIECE_BYTES / 8;

/** What fetch sends by itself. */
const HEADERS = { accept: '*/*', 'user-agent': 'node' };

const DECODERS: Readonly<Record<string, () => ReturnType<typeof createGunzip>>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** Asks over a connection of its own. Rejects where no answer comes, and with `private_address` before anything is sent. */
export function socketWire(ask: Ask): Promise<Reply> {
  const { hostname } = new URL(ask.url);
  if (!ask.isTrusted && isPrivateHost(hostname)) return Promise.reject(privateAddress(ask.subject, hostname));
  return new Promise((resolve, reject) => {
    const exchange = new Exchange(ask);
    exchange.begin(resolve, reject);
  });
}

/** Only public addresses of a name: where there is none, the connection fails with `private_address`. */
function publicLookup(subject: Subject): LookupFunction {
  return (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return done(error, []);
      const open = found.filter(({ address }) => !isPrivateAddress(address));
      const [first] = open;
      if (first === undefined) return done(privateAddress(subject, hostname), []);
      return options.all === true ? done(null, open) : done(null, first.address, first.family);
    });
  };
}

/** One GET and its answer. */
class Exchange {
  readonly #ask: Ask;
  #request: ClientRequest | undefined;
  #socket: Socket | undefined;
  /** The answer whose head was read last, if its body is a plain one of known length that the parser need not see. */
  #plain: { message: IncomingMessage; direct: Direct } | undefined;
  /** Takes what the socket reads, once the parser is passed by. */
  #direct: Direct | undefined;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  begin(resolve: (reply: Reply) => void, reject: (error: unknown) => void): void {
    const { url, headers, signal } = this.#ask;
    const isSecure = url.startsWith('https:');
    const request = (isSecure ? httpsRequest : httpRequest)(url, {
      method: 'GET',
      headers: { ...HEADERS, ...PLAIN, ...headers },
      signal,
      createConnection: () => this.#connected(isSecure),
    });
    this.#request = request;
    request.on('error', (error) => {
      reject(error);
      this.#plain?.direct.end(error);
    });
    request.on('close', () => this.#plain?.direct.end(new Error('the connection ended before the body did')));
    // Without this, Node closes the connection and says nothing.
    request.on('upgrade', (_message, socket) => {
      socket.destroy();
      reject(new Error('the server wants to speak another protocol'));
    });
    request.on('response', (message) => {
      try {
        resolve(this.#answered(message));
      } catch (error) {
        request.destroy();
        reject(error);
      }
    });
    request.end();
  }

  #connected(isSecure: boolean): Socket {
    const { url, isTrusted, subject } = this.#ask;
    const { hostname, port } = new URL(url);
    // As `URL` writes it, IPv6 stands in brackets.
    const host = hostname.replace(/^\[|\]$/g, '');
    const to = {
      host,
      port: port === '' ? (isSecure ? 443 : 80) : Number(port),
      onread: this.#reading(),
      ...(isTrusted ? {} : { lookup: publicLookup(subject) }),
    };
    const tls = { ...to, ...(isIP(host) === 0 ? { servername: host } : {}), ALPNProtocols: ['http/1.1'] };
    this.#socket = isSecure ? connectTls(tls) : connect(to);
    return this.#socket;
  }

  /** Where the socket puts what it reads, and who is told of it. */
  #reading(): OnReadOpts {
    let head: Buffer | undefined;
    return {
      buffer: () => {
        if (this.#direct !== undefined) {
          head = undefined;
          return this.#direct.room;
        }
        head ??= Buffer.allocUnsafeSlow(HEAD_BYTES);
        return head;
      },
      callback: (count, buffer) => {
        this.#ask.alive();
        if (this.#direct !== undefined) return this.#direct.filled(count, buffer);
        // The parser listens to the socket as ever. It gets a copy, since it may keep what it is given.
        this.#socket?.emit('data', Buffer.from(buffer.subarray(0, count)));
        if (this.#plain === undefined) return true;
        // From here on all that comes is the body, as long as it was said to be; its beginning came with the head.
        const { message, direct } = this.#plain;
        this.#direct = direct;
        const first: unknown = message.read();
        return direct.begin(Buffer.isBuffer(first) ? first : Buffer.alloc(0));
      },
    };
  }

  #answered(message: IncomingMessage): Reply {
    const encoding = message.headers['content-encoding']?.trim().toLowerCase() || 'identity';
    const length = message.headers['content-length'];
    const isPlain = encoding === 'identity' && message.headers['transfer-encoding'] === undefined;
    const body = isPlain && length !== undefined ? this.#plainBody(message, Number(length)) : parsed(message, encoding);
    return {
      status: message.statusCode ?? 0,
      header: (name) => {
        const value = message.headers[name];
        return value === undefined ? null : String(value);
      },
      read: () => body.read(),
      close: () => this.#request?.destroy(),
    };
  }

  #plainBody(message: IncomingMessage, length: number): Direct {
    const isSecure = this.#ask.url.startsWith('https:');
    const direct = new Direct(length, { resume: () => this.#socket?.resume(), mayOverrun: isSecure });
    this.#plain = { message, direct };
    message.on('error', (error) => direct.end(error));
    return direct;
  }
}

/** A body that Node's parser takes apart, decoded where it is encoded. Throws for a coding that is not known. */
function parsed(message: IncomingMessage, encoding: string): Pieces {
  const decoder = encoding === 'identity' ? undefined : DECODERS[encoding];
  if (encoding !== 'identity' && decoder === undefined) throw new Error(`unknown content-encoding "${encoding}"`);
  const body: Readable = decoder === undefined ? message : message.pipe(decoder());
  const pieces = new Pieces(() => body.resume());
  body.on('data', (chunk: Buffer) => {
    if (!pieces.push(chunk)) body.pause();
  });
  body.on('end', () => pieces.end());
  const broke = (error: unknown) => pieces.end({ error });
  body.on('error', broke);
  message.on('error', broke);
  return pieces;
}

/**
 * A body of known length, read by the socket straight into one of two buffers: while a piece of one is written to the
 * disk, the other one fills.
 */
class Direct {
  readonly #size: number;
  readonly #buffers: [Buffer, Buffer | undefined];
  readonly #resume: () => void;
  /** Which buffer the socket fills, how far it is, and from where on it was not given away yet. */
  #filling: 0 | 1 = 0;
  #filled = 0;
  #given = 0;
  /** Where the socket reads to while there is no room: a TLS socket gives on all that it has deciphered, asked or not. */
  readonly #spare: Buffer | undefined;
  /** What came there, and waits for room. */
  #over: Uint8Array[] = [];
  /** The filling one is full, and waits for its reader: until then nothing is read. */
  #isFull = false;
  /** Bytes that are still to come from the socket. */
  #left: number;
  #error: { error: unknown } | undefined;
  #reader: { resolve: (piece: readonly Uint8Array[] | null) => void; reject: (error: unknown) => void } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(length: number, { resume, mayOverrun }: { resume: () => void; mayOverrun: boolean }) {
    this.#left = length;
    this.#size = Math.max(1, Math.min(PIECE_BYTES, length));
    this.#buffers = [Buffer.allocUnsafeSlow(this.#size), undefined];
    this.#resume = resume;
    if (mayOverrun) this.#spare = Buffer.allocUnsafeSlow(HEAD_BYTES);
  }

  /** Where the socket is to read to next. While the filling buffer is full, that is the other one, for later. */
  get room(): Buffer {
    if (!this.#isFull) return this.#buffer(this.#filling).subarray(this.#filled);
    return this.#spare ?? this.#buffer(this.#other);
  }

  /** The part of the body that came with the head; false when the socket should not read on. */
  begin(first: Buffer): boolean {
    return this.#taken(first);
  }

  /** So many bytes have come into `room` as it was then; false when the socket should not read on. */
  filled(count: number, room: Uint8Array): boolean {
    return room === this.#spare ? this.#taken(room.subarray(0, count)) : this.#advanced(Math.min(count, this.#left));
  }

  /** Bytes that came elsewhere: as many as there is room for go where they belong, the others wait. */
  #taken(bytes: Uint8Array): boolean {
    const most = this.#isFull ? 0 : Math.min(this.#size - this.#filled, this.#left);
    // A copy: more may come to the same place.
    if (bytes.length > most && this.#left > most) this.#over.push(Buffer.from(bytes.subarray(most)));
    const here = bytes.subarray(0, most);
    this.#buffer(this.#filling).set(here, this.#filled);
    return this.#advanced(here.length);
  }

  #advanced(bytes: number): boolean {
    this.#filled += bytes;
    this.#left -= bytes;
    const isFull = this.#left === 0 || this.#size - this.#filled < LEAST_ROOM_BYTES;
    if (this.#reader === undefined) this.#isFull = isFull;
    else if (isFull) this.#giveAll();
    else this.#giveSoon();
    return this.#left > 0 && !this.#isFull;
  }

  /** The connection is over. What came before is given first. */
  end(error: unknown): void {
    if (this.#left === 0 || this.#error !== undefined) return;
    this.#error = { error };
    if (this.#reader !== undefined) this.#giveRest();
  }

  read(): Promise<readonly Uint8Array[] | null> {
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
      if (this.#isFull) {
        this.#isFull = false;
        this.#giveAll();
        if (this.#left > 0 && !this.#isFull) this.#resume();
      } else if (this.#left === 0 || this.#error !== undefined) {
        this.#giveRest();
      } else if (this.#filled > this.#given) {
        this.#giveSoon();
      }
    });
  }

  get #other(): 0 | 1 {
    return this.#filling === 0 ? 1 : 0;
  }

  #buffer(which: 0 | 1): Buffer {
    this.#buffers[which] ??= Buffer.allocUnsafeSlow(this.#size);
    return this.#buffers[which];
  }

  /** What is in the filling buffer, which goes to the reader as a whole; the socket fills the other one. */
  #giveAll(): void {
    this.#give();
    this.#filling = this.#other;
    this.#filled = 0;
    this.#given = 0;
    for (const bytes of this.#over.splice(0)) this.#taken(bytes);
  }

  /** What came lately, though there is room: the socket goes on behind it. */
  #giveSoon(): void {
    this.#timer ??= setTimeout(() => this.#give(), PIECE_MS);
  }

  #giveRest(): void {
    if (this.#filled > this.#given) {
      this.#give();
      return;
    }
    const reader = this.#reader;
    this.#reader = undefined;
    clearTimeout(this.#timer);
    if (this.#left === 0 || this.#error === undefined) reader?.resolve(null);
    else reader?.reject(this.#error.error);
  }

  #give(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const piece = this.#buffer(this.#filling).subarray(this.#given, this.#filled);
    this.#given = this.#filled;
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.resolve([piece]);
  }
}
