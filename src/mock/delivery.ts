// How an answer goes out over its connection: whole, in pieces, cut, too late or not at all.

import type { ServerResponse } from 'node:http';
import { SLOW_PIECES, type Strike } from './strike.js';

/** An answer as it goes out. Text goes out in one piece with its headers, which is cheaper. */
export interface Wire {
  status: number;
  headers: Record<string, string>;
  body: string | Buffer;
}

/** Sends answers; `close` forgets those that are still under way. */
export class Delivery {
  private readonly timers = new Set<NodeJS.Timeout>();

  send(response: ServerResponse, wire: Wire, way: Strike['way'] = { how: 'whole' }): void {
    switch (way.how) {
      case 'whole':
        head(response, wire, Buffer.byteLength(wire.body)).end(wire.body);
        return;
      case 'half': {
        const half = halfOf(wire.body);
        head(response, wire, half.length).end(half);
        return;
      }
      case 'cut':
        head(response, wire, Buffer.byteLength(wire.body)).write(halfOf(wire.body), () => response.socket?.destroy());
        return;
      case 'slow':
        this.trickle(head(response, wire, Buffer.byteLength(wire.body)), Buffer.from(wire.body), way.everyMs);
        return;
      case 'reset':
        response.socket?.resetAndDestroy();
        return;
      case 'hang':
        if (way.forMs !== undefined) this.later(way.forMs, response, () => response.socket?.resetAndDestroy());
        return;
    }
  }

  /** The headers alone, as an answer to HEAD. */
  sendHead(response: ServerResponse, wire: Wire): void {
    head(response, wire, Buffer.byteLength(wire.body)).end();
  }

  close(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }

  private trickle(response: ServerResponse, bytes: Buffer, everyMs: number): void {
    const size = Math.max(1, Math.ceil(bytes.length / SLOW_PIECES));
    const next = (from: number): void => {
      if (from >= bytes.length) {
        response.end();
        return;
      }
      response.write(bytes.subarray(from, from + size));
      this.later(everyMs, response, () => next(from + size));
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

function head(response: ServerResponse, { status, headers }: Wire, length: number): ServerResponse {
  headers['content-length'] = String(length);
  return response.writeHead(status, headers);
}

function halfOf(body: string | Buffer): Buffer {
  const bytes = Buffer.from(body);
  return bytes.subarray(0, Math.floor(bytes.length / 2));
}
