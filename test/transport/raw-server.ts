// A TCP server that answers HTTP as a test writes it, byte for byte, and knows which of its sockets are open.

import { createServer, type Socket } from 'node:net';

/** A request as it came over the wire. */
export interface RawRequest {
  /** Method, target, version. */
  line: string;
  /** In lower case by name. */
  headers: Record<string, string>;
}

export interface RawServer {
  url: string;
  requests: RawRequest[];
  /** Sockets that are open now. */
  sockets: Set<Socket>;
  /** Resolves when every socket that has carried a request is closed. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

/** Calls `answer` once for each request; requests come without a body. */
export async function serveRaw(answer: (socket: Socket) => void): Promise<RawServer> {
  const requests: RawRequest[] = [];
  const sockets = new Set<Socket>();
  const used = new Set<Socket>();
  let onIdle: (() => void) | undefined;
  const server = createServer((socket) => {
    sockets.add(socket);
    let text = '';
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      used.delete(socket);
      if (used.size === 0) onIdle?.();
    });
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        requests.push(parsed(text.slice(0, end)));
        text = text.slice(end + 4);
        used.add(socket);
        answer(socket);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    sockets,
    idle: () => (used.size === 0 ? Promise.resolve() : new Promise((resolve) => (onIdle = resolve))),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function parsed(head: string): RawRequest {
  const [line = '', ...rest] = head.split('\r\n');
  const headers = rest.map((one) => [one.slice(0, one.indexOf(':')).toLowerCase(), one.slice(one.indexOf(':') + 2)]);
  return { line, headers: Object.fromEntries(headers) };
}
