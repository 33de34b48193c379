// A GET over Node's sockets: plain bodies are read straight into big buffers, all else goes through Node's own parser.

import { lookup } from 'node:dns';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, isIP, type LookupFunction, type OnReadOpts, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { isPrivateAddress, isPrivateHost } from '../transport/index.js';
import { type Ask, isChunked, isEncoded, PLAIN, type Reply, Surplus } from './exchange.js';
import { privateAddress, type Subject } from './failure.js';
import { PIECE_BYTES, PIECE_MS, Pieces } from './pieces.js';

/** What Node reads at once where its parser wants to see the bytes: the head of an answer, chunks, encoded bodies. */
const HEAD_BYTES = 64 * 1024;

/** A buffer with less room than this share of it is given on: reading the rest would take a call for a few bytes. */
const LEAST_ROOM = 1 / 8;

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
        const chunk = Buffer.from(buffer.subarray(0, count));
        this.#socket?.emit('data', chunk);
        if (this.#plain === undefined) return true;
        // From here on all that comes is the body, as long as it was said to be; its beginning came with the head.
        const { message, direct } = this.#plain;
        this.#direct = direct;
        const first: unknown = message.read();
        const body = Buffer.isBuffer(first) ? first : Buffer.alloc(0);
        return direct.begin(body, { isMore: chunk.length - headEnd(chunk) > body.length });
      },
    };
  }

  #answered(message: IncomingMessage): Reply {
    const { 'content-length': length, 'transfer-encoding': transferEncoding = null } = message.headers;
    const encoding = message.headers['content-encoding'] ?? null;
    const isPlain = !isEncoded(encoding) && transferEncoding === null;
    const body = isPlain && length !== undefined ? this.#plainBody(message, Number(length)) : parsed(message, encoding);
    return {
      status: message.statusCode ?? 0,
      header: (name) => {
        const value = message.headers[name];
        return value === undefined ? null : String(value);
      },
      hasSureEnd: length !== undefined || isChunked(transferEncoding),
      read: () => body.read(),
      close: () => this.#request?.destroy(),
    };
  }

  #plainBody(message: IncomingMessage, length: number): Direct {
    const direct = new Direct(length, () => this.#socket?.resume());
    this.#plain = { message, direct };
    message.on('error', (error) => direct.end(error));
    return direct;
  }
}

/** Where the head ends that ends in `bytes`; those of answers that only announce another one (1xx) are passed over. */
function headEnd(bytes: Buffer): number {
  for (let at = 0; ; ) {
    const end = bytes.indexOf('\r\n\r\n', at);
    if (end < 0) return bytes.length;
    const isFinal = !/^HTTP\/1\.\d 1\d\d/.test(bytes.toString('latin1', at, at + 12));
    at = end + 4;
    if (isFinal) return at;
  }
}

/**
 * A body that Node's parser takes apart, decoded where it is encoded. A coding that is not known is passed over, as fetch
 * does it: many are none ("aws-chunked", "binary"), and of the others the signature tells.
 */
function parsed(message: IncomingMessage, encoding: string | null): Pieces {
  const decoder = DECODERS[encoding?.trim().toLowerCase() ?? ''];
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
 * disk, the other one fills. (With one buffer a file of 1 GiB takes a tenth longer, and a tenth more CPU.)
 */
class Direct {
  readonly #size: number;
  readonly #buffers: [Buffer, Buffer | undefined];
  readonly #resume: () => void;
  /**
   * Where the socket reads to while there is no room: a TLS socket gives on all that it has deciphered, asked or not, and
   * Node's parser asks for more when the beginning is taken from it.
   */
  readonly #spare = Buffer.allocUnsafeSlow(HEAD_BYTES);
  /** What came there, and waits for room. */
  #over: Buffer[] = [];
  /** Which buffer the socket fills, how far it is filled, and how far it was given away. */
  #filling: 0 | 1 = 0;
  #filled = 0;
  #given = 0;
  /** Bytes that are still to come from the socket. */
  #left: number;
  #error: { error: unknown } | undefined;
  /** More came than the server had told: then its length is not that of the file. */
  #surplus = false;
  #reader: { resolve: (piece: readonly Uint8Array[] | null) => void; reject: (error: unknown) => void } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(length: number, resume: () => void) {
    this.#left = length;
    // One more: what comes after the end is to be seen.
    this.#size = Math.min(PIECE_BYTES, length + 1);
    this.#buffers = [Buffer.allocUnsafeSlow(this.#size), undefined];
    this.#resume = resume;
  }

  /** Where the socket is to read to next. */
  get room(): Buffer {
    return this.#isFull ? this.#spare : this.#buffer.subarray(this.#filled);
  }

  /** The part of the body that came with the head; false when the socket should not read on. */
  begin(first: Buffer, { isMore }: { isMore: boolean }): boolean {
    // The parser keeps to itself what comes after the end.
    this.#surplus = isMore;
    return this.#taken(first);
  }

  /** So many bytes have come into `room` as it was then; false when the socket should not read on. */
  filled(count: number, room: Uint8Array): boolean {
    return room === this.#spare ? this.#taken(this.#spare.subarray(0, count)) : this.#advanced(count);
  }

  /** The connection is over. What came before is given first. */
  end(error: unknown): void {
    if (this.#left === 0 || this.#error !== undefined) return;
    this.#error = { error };
    if (this.#reader !== undefined) this.#give();
  }

  read(): Promise<readonly Uint8Array[] | null> {
    return new Promise((resolve, reject) => {
      // Whoever asks for more is done with what he was given.
      this.#reader = { resolve, reject };
      if (this.#isFull || this.#error !== undefined) {
        this.#give();
        if (!this.#isFull) this.#resume();
      } else if (this.#filled > this.#given) {
        this.#giveSoon();
      }
    });
  }

  /** Nothing more comes before what is there is taken. */
  get #isFull(): boolean {
    return this.#left === 0 || this.#size - this.#filled < this.#size * LEAST_ROOM;
  }

  get #buffer(): Buffer {
    this.#buffers[this.#filling] ??= Buffer.allocUnsafeSlow(this.#size);
    return this.#buffers[this.#filling] ?? this.#buffers[0];
  }

  /** The full buffer has been given away; the other one is free, since whoever had its last piece has asked for more. */
  #turn(): void {
    this.#filling = this.#filling === 0 ? 1 : 0;
    this.#filled = 0;
    this.#given = 0;
    for (const bytes of this.#over.splice(0)) this.#taken(bytes);
  }

  /** Bytes that came elsewhere: as many as there is room for go where they belong, the others wait. */
  #taken(bytes: Buffer): boolean {
    const most = this.#isFull ? 0 : Math.min(this.#size - this.#filled, this.#left);
    if (bytes.length > this.#left) this.#surplus = true;
    // A copy: more may come to the same place.
    if (bytes.length > most && this.#left > most) this.#over.push(Buffer.from(bytes.subarray(most)));
    return this.#advanced(bytes.copy(this.#buffer, this.#filled, 0, most));
  }

  #advanced(count: number): boolean {
    const bytes = Math.min(count, this.#left);
    if (count > bytes) this.#surplus = true;
    this.#filled += bytes;
    this.#left -= bytes;
    if (this.#reader !== undefined) {
      if (this.#isFull) this.#give();
      else this.#giveSoon();
    }
    return !this.#isFull;
  }

  /** What came lately, though there is room: the socket goes on behind it. */
  #giveSoon(): void {
    this.#timer ??= setTimeout(() => this.#give(), PIECE_MS);
  }

  #give(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const piece = this.#buffer.subarray(this.#given, this.#filled);
    this.#given = this.#filled;
    const reader = this.#reader;
    this.#reader = undefined;
    if (this.#isFull && this.#left > 0) this.#turn();
    if (piece.length > 0) reader?.resolve([piece]);
    else if (this.#surplus) reader?.reject(new Surplus('more bytes came than the server had told'));
    else if (this.#left === 0 || this.#error === undefined) reader?.resolve(null);
    else reader?.reject(this.#error.error);
  }
}
