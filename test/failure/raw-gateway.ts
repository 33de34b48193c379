// A gateway made of bare sockets that counts what reached it: connections, bytes of requests, POSTs and their trace ids.

import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { certificates, key } from '../support/tls/certificates.js';

export interface RawGateway {
  url: string;
  connections: number;
  /** Bytes of HTTP that arrived: all of a plain connection's; of a TLS connection those that came encrypted. */
  requestBytes: number;
  /** The trace ids of the POSTs that arrived, as far as their head. */
  posts: string[];
  sockets: Set<Socket>;
  close(): Promise<void>;
}

/** A POST's head, whole: the first thing that a gateway would act on. */
const POST_HEAD = /POST \S+ HTTP\/1\.1\r\n(?:.+\r\n)*?x-trace-id: (\S+)\r\n(?:.+\r\n)*\r\n/gi;

/** No head is longer; what follows is body. */
const LONGEST_HEAD = 65_536;

/** What a test does with a connection: now, and at each piece that arrives. */
export interface Conduct {
  connected?: (socket: Socket) => void;
  received?: (socket: Socket, connection: RawGateway) => void;
}

/** Plain HTTP. */
export async function plainGateway(conduct: Conduct): Promise<RawGateway> {
  return listening(createServer(), 'connection', 'http://127.0.0.1', conduct, (chunk) => chunk.length);
}

/** HTTP over TLS, for `localhost`. `connected` is called when the handshake is over. */
export async function tlsGateway(conduct: Conduct, options: TlsOptions = {}): Promise<RawGateway> {
  const server = createTlsServer({ key, cert: certificates.good, ...options });
  // A handshake that fails is what some tests are about.
  server.on('tlsClientError', () => {});
  return listening(server, 'secureConnection', 'https://localhost', conduct, (chunk) => chunk.length);
}

/** Takes connections for TLS and answers by hand. */
export async function brokenTlsGateway(conduct: Conduct): Promise<RawGateway> {
  return listening(createServer(), 'connection', 'https://localhost', conduct, encryptedBytes);
}

async function listening(
  server: Server,
  event: 'connection' | 'secureConnection',
  origin: string,
  conduct: Conduct,
  requestBytesOf: (chunk: Buffer) => number,
): Promise<RawGateway> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    gateway.connections++;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.on(event, (socket: Socket) => {
    let head = '';
    let seen = 0;
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      gateway.requestBytes += requestBytesOf(chunk);
      if (head.length < LONGEST_HEAD) head += chunk.toString('latin1');
      const traceIds = [...head.matchAll(POST_HEAD)].map(([, traceId = '']) => traceId);
      gateway.posts.push(...traceIds.slice(seen));
      seen = traceIds.length;
      conduct.received?.(socket, gateway);
    });
    conduct.connected?.(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const gateway: RawGateway = {
    url: `${origin}:${address.port}`,
    connections: 0,
    requestBytes: 0,
    posts: [],
    sockets,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return gateway;
}

/** TLS records of type 23 carry what is encrypted; a handshake that does not come to its end has none. */
const APPLICATION_DATA = 23;

/** Reads a chunk as whole TLS records, which is how a client sends its handshake. */
function encryptedBytes(chunk: Buffer): number {
  let bytes = 0;
  for (let at = 0; at + 5 <= chunk.length; at += 5 + chunk.readUInt16BE(at + 3)) {
    if (chunk[at] === APPLICATION_DATA) bytes += chunk.readUInt16BE(at + 3);
  }
  return bytes;
}
