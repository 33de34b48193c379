// A relay between a client and a gateway: counts their exchanges, and strikes its client dead at one byte of one of them.

import { connect, createServer, type Socket } from 'node:net';

/**
 * The instant, as the wire sees it.
 * - `departing`: the request is on its way; the gateway gets a part of it, and will never get the rest.
 * - `taken`: the gateway has it whole and has answered; no byte of that has come through.
 * - `answering`: a part of the answer has come through.
 * - `answered`: all of it has, just now.
 */
export const WIRE_INSTANTS = ['departing', 'taken', 'answering', 'answered'] as const;

export interface Cut {
  when: (typeof WIRE_INSTANTS)[number];
  method: 'POST' | 'GET';
  /** Which exchange of that method, from 1. */
  nth: number;
  /** Where in the bytes, for those that part: 0 to 1. */
  at: number;
}

export interface Relay {
  url: string;
  /** Exchanges begun. */
  counts: Record<Cut['method'], number>;
  /** The trace id of the exchange that was struck, once it was. */
  struck: string | undefined;
  close(): Promise<void>;
}

/** One request and its answer, in bytes gone through. */
interface Exchange {
  isStruck: boolean;
  traceId: string;
  up: number;
  down: number;
  /** Lengths of both messages, heads included; of the answer once its head is known. */
  upTotal: number;
  downTotal: number | undefined;
}

/** `kill` resolves when the client is dead: what the relay holds back until then, the client has never had. */
export async function relayTo(gatewayUrl: string, cut?: Cut, kill: () => Promise<void> = async () => {}) {
  const target = new URL(gatewayUrl);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const gateway = connect(Number(target.port), target.hostname);
    for (const socket of [client, gateway]) {
      sockets.add(socket.setNoDelay(true));
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
    }
    void carried(client, gateway).finally(() => {
      client.destroy();
      gateway.destroy();
    });
  });

  async function strike({ traceId }: Exchange): Promise<void> {
    relay.struck = traceId;
    await kill();
  }

  function begin(head: Buffer): Exchange {
    const method = head.subarray(0, 4).toString() === 'POST' ? 'POST' : 'GET';
    const nth = ++relay.counts[method];
    const isStruck = cut?.method === method && cut.nth === nth;
    const [, traceId = ''] = /^x-trace-id: (\S+)/im.exec(head.toString('latin1')) ?? [];
    return { isStruck, traceId, up: 0, down: 0, upTotal: lengthOf(head), downTotal: undefined };
  }

  /** Both directions of one connection, until either ends. */
  async function carried(client: Socket, gateway: Socket): Promise<void> {
    let exchange: Exchange | undefined;
    const up = async (): Promise<void> => {
      for await (const chunk of client) {
        // Nothing is pipelined: what comes after an answer is the next request.
        if (exchange === undefined || exchange.down > 0) exchange = begin(chunk);
        const end = exchange.isStruck && cut?.when === 'departing' ? partOf(exchange.upTotal, cut.at) : Infinity;
        const part = chunk.subarray(0, end - exchange.up);
        exchange.up += part.length;
        await sent(gateway, part);
        if (exchange.up === end) return strike(exchange);
      }
    };
    const down = async (): Promise<void> => {
      for await (const chunk of gateway) {
        if (exchange === undefined) throw new Error('an answer to nothing');
        if (exchange.isStruck && cut?.when === 'taken') return strike(exchange);
        exchange.downTotal ??= lengthOf(chunk);
        const end = exchange.isStruck ? endOf(cut, exchange.downTotal) : Infinity;
        const part = chunk.subarray(0, end - exchange.down);
        exchange.down += part.length;
        await sent(client, part);
        if (exchange.down === end) return strike(exchange);
      }
    };
    // A side that is gone ends the connection, whether it said so or not.
    await Promise.race([up(), down()]).catch(() => {});
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const relay: Relay = {
    url: `http://127.0.0.1:${address.port}`,
    counts: { POST: 0, GET: 0 },
    struck: undefined,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return relay;
}

function endOf(cut: Cut | undefined, total: number): number {
  if (cut?.when === 'answering') return partOf(total, cut.at);
  return cut?.when === 'answered' ? total : Infinity;
}

/** More than nothing, less than all. */
function partOf(total: number, at: number): number {
  return Math.min(total - 1, 1 + Math.floor(at * (total - 1)));
}

/** Of a message, by its first piece, which has all of its head: none here is longer than a packet. */
function lengthOf(piece: Buffer): number {
  const text = piece.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) throw new Error(`a head in pieces: ${text.slice(0, 80)}`);
  const [, length = '0'] = /^content-length: (\d+)/im.exec(text.slice(0, end)) ?? [];
  return end + 4 + Number(length);
}

function sent(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => socket.write(bytes, (error) => (error ? reject(error) : resolve())));
}
