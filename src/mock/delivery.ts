// How an answer goes out over its connection: whole, in pieces, cut, too late or not at all.

import type { ServerResponse } from 'node:http';
import { lengthOf, type Pieces, partOf } from './pieces.js';
import { type Part, SLOW_PIECES, type Strike } from './strike.js';

/** An answer as it goes out. With `transfer-encoding` among its headers it has no Content-Length. */
export interface Wire {
  status: number;
  headers: Record<string, string>;
  body: string | Pieces;
  /** Content-Length to claim. Default: that of the body. */
  length?: number;
}

/** Up to here a body goes out in one piece with its headers, which is cheaper. */
const ONE_PIECE_BYTES = 2 ** 20;

const NOTHING = Buffer.alloc(0);

/** Sends answers; `close` forgets those that are still under way. */
export class Delivery {
  private readonly timers = new Set<NodeJS.Timeout>();

  send(response: ServerResponse, wire: Wire, way: Strike['way'] = { how: 'whole' }): void {
    switch (way.how) {
      case 'whole':
        sendWhole(response, wire);
        return;
      case 'half':
        sendWhole(response, { ...wire, body: start(wire.body, { share: 0.5 }) });
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
  if (headers['transfer-encoding'] === undefined) {
    headers['content-length'] = String(length ?? (typeof body === 'string' ? Buffer.byteLength(body) : lengthOf(body)));
  }
  return response.writeHead(status, headers);
}

function sendWhole(response: ServerResponse, wire: Wire): void {
  const { body } = wire;
  head(response, wire);
  if (typeof body === 'string') response.end(body);
  else if (lengthOf(body) <= ONE_PIECE_BYTES) response.end(Buffer.concat(body));
  else pour(response, body, () => response.end());
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

function start(body: string | Pieces, part: Part): Pieces {
  const pieces = piecesOf(body);
  return partOf(pieces, 0, 'bytes' in part ? part.bytes : Math.floor(lengthOf(pieces) * part.share));
}

function piecesOf(body: string | Pieces): Pieces {
  return typeof body === 'string' ? [Buffer.from(body)] : body;
}
