// How an answer goes out over its connection: whole, in pieces, cut, too late or not at all.

import type { ServerResponse } from 'node:http';
import type { EventStream } from './event-stream.js';
import { lengthOf, type Pieces, partOf } from './pieces.js';
import { type Part, SLOW_PIECES, type Strike } from './strike.js';

/** An answer as it goes out. A stream, or one with `transfer-encoding` among its headers, has no Content-Length. */
export interface Wire {
  status: number;
  headers: Record<string, string>;
  body: string | Pieces | EventStream;
  /** Content-Length to claim. Default: that of the body. */
  length?: number;
}

/** One that has all its bytes at hand. */
export interface FileWire extends Wire {
  body: string | Pieces;
}

/** Up to here a body goes out in one piece with its headers, which is cheaper. */
const ONE_PIECE_BYTES = 2 ** 20;

/** Shorter pauses than this no timer can keep: the events go out as fast as they are read. */
const LEAST_PAUSE_MS = 1;

const NOTHING = Buffer.alloc(0);

/** Sends answers; `close` forgets those that are still under way. */
export class Delivery {
  private readonly timers = new Set<NodeJS.Timeout>();

  send(response: ServerResponse, wire: Wire, way: Strike['way'] = { how: 'whole' }): void {
    switch (way.how) {
      case 'whole':
        this.sendWhole(response, wire);
        return;
      case 'half':
        this.sendWhole(response, { ...wire, body: start(wire.body, { share: 0.5 }) });
        return;
      case 'trouble':
        this.sendWhole(response, isStream(wire.body) ? { ...wire, body: broken(wire.body, way) } : wire);
        return;
      case 'cut':
        pour(head(response, wire), start(wire.body, way.part), () => response.socket?.destroy());
        return;
      case 'stall':
        pour(head(response, wire), start(wire.body, way.part), () => this.fallSilent(response, way.forMs));
        return;
      case 'slow':
        this.trickle(head(response, wire), piecesOf(wire.body), way.everyMs);
        return;
      case 'reset':
        response.socket?.resetAndDestroy();
        return;
      case 'hang':
        this.fallSilent(response, way.forMs);
        return;
    }
  }

  /** The headers alone, as an answer to HEAD. */
  sendHead(response: ServerResponse, wire: Wire): void {
    head(response, wire).end();
  }

  close(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }

  private sendWhole(response: ServerResponse, wire: Wire): void {
    const { body } = wire;
    head(response, wire);
    if (typeof body === 'string') response.end(body);
    else if (isStream(body)) this.tell(response, body);
    else if (lengthOf(body) <= ONE_PIECE_BYTES) response.end(Buffer.concat(body));
    else pour(response, body, () => response.end());
  }

  /** Event by event, with a pause before each but the first. */
  private tell(response: ServerResponse, { events, everyMs }: EventStream): void {
    const pieces = events.map((event) => Buffer.from(event));
    if (everyMs < LEAST_PAUSE_MS) {
      pour(response, pieces, () => response.end());
      return;
    }
    const next = (index: number): void =>
      pour(response, pieces.slice(index, index + 1), () => {
        if (index + 1 >= pieces.length) response.end();
        else this.later(everyMs, response, () => next(index + 1));
      });
    next(0);
  }

  private fallSilent(response: ServerResponse, forMs: number | undefined): void {
    if (forMs !== undefined) this.later(forMs, response, () => response.socket?.resetAndDestroy());
  }

  private trickle(response: ServerResponse, pieces: Pieces, everyMs: number): void {
    const length = lengthOf(pieces);
    const size = Math.max(1, Math.ceil(length / SLOW_PIECES));
    const next = (from: number): void => {
      if (from >= length) {
        response.end();
        return;
      }
      pour(response, partOf(pieces, from, from + size), () => this.later(everyMs, response, () => next(from + size)));
    };
    next(0);
  }

  /** Does it then, unless the caller has gone by that time. */
  private later(ms: number, response: ServerResponse, act: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      if (!response.destroyed) act();
    }, ms);
    this.timers.add(timer);
  }
}

function head(response: ServerResponse, { status, headers, body, length }: Wire): ServerResponse {
  if (headers['transfer-encoding'] === undefined && !isStream(body)) {
    headers['content-length'] = String(length ?? (typeof body === 'string' ? Buffer.byteLength(body) : lengthOf(body)));
  }
  return response.writeHead(status, headers);
}

/** Writes headers and pieces as fast as the caller reads, then does `then`; never, where the caller goes before. */
function pour(response: ServerResponse, pieces: Pieces, then: () => void, from = 0): void {
  for (let index = from; index < pieces.length; index++) {
    if (!response.write(pieces[index])) {
      response.once('drain', () => pour(response, pieces, then, index + 1));
      return;
    }
  }
  response.write(NOTHING, (gone) => {
    if (!gone) then();
  });
}

function start(body: Wire['body'], part: Part): Pieces {
  const pieces = piecesOf(body);
  return partOf(pieces, 0, bytesOf(part, lengthOf(pieces)));
}

function bytesOf(part: Part, length: number): number {
  return 'bytes' in part ? part.bytes : Math.floor(length * part.share);
}

function piecesOf(body: Wire['body']): Pieces {
  if (isStream(body)) return body.events.map((event) => Buffer.from(event));
  return typeof body === 'string' ? [Buffer.from(body)] : body;
}

function isStream(body: Wire['body']): body is EventStream {
  return typeof body === 'object' && 'events' in body;
}

/** The stream up to there, whole events only, and what it says when it breaks off. */
function broken(stream: EventStream, { part, data }: { part: Part; data: string | undefined }): EventStream {
  const lengths = stream.events.map((event) => Buffer.byteLength(event));
  let left = bytesOf(
    part,
    lengths.reduce((sum, length) => sum + length, 0),
  );
  const over = lengths.findIndex((length) => {
    left -= length;
    return left < 0;
  });
  const sent = over < 0 ? lengths.length : over;
  return { ...stream, events: [...stream.events.slice(0, sent), stream.trouble(sent, data)] };
}
