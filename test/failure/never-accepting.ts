// A listener whose queue is full: connections to it hang. A process of its own, since Node accepts all by itself.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';

/** Listens, says its port, and blocks until it is told to go on; then takes what has queued, and says what came. */
const LISTENER = `
  import { readSync, writeSync } from 'node:fs';
  import { createServer } from 'node:net';
  const seen = { connections: 0, bytes: 0 };
  let open = 0;
  let isLast = false;
  const server = createServer((socket) => {
    if (seen.connections++ === 0) writeSync(1, 'awake\\n');
    open++;
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      if (String(chunk) === 'last') isLast = true;
      else seen.bytes += chunk.length;
    });
    socket.on('close', () => {
      if (--open > 0 || !isLast) return;
      writeSync(1, JSON.stringify(seen) + '\\n');
      process.exit();
    });
  });
  server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
    writeSync(1, server.address().port + '\\n');
    readSync(0, Buffer.alloc(1));
  });
`;

/** A connection on this machine that takes longer is not taken at all. */
const CONNECTED_WITHIN_MS = 250;

export interface NeverAccepting {
  url: string;
  /** Connections that fill the queue. */
  queued: number;
  /** Has the listener accept all that queued up; gives what it took in, then and in all. */
  received(): Promise<{ connections: number; bytes: number }>;
  close(): void;
}

export async function neverAccepting(): Promise<NeverAccepting> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', LISTENER], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const port = Number(await lineOf(child));
  const fillers: Socket[] = [];
  let queued = 0;
  while (await connects(port, fillers)) queued++;
  return {
    url: `http://127.0.0.1:${port}`,
    queued,
    received: async () => {
      for (const filler of fillers) filler.destroy();
      child.stdin.write('x');
      await lineOf(child);
      // Queues are served in order: when this one has come to its end, so has all that came before it.
      const line = lineOf(child);
      connect(port, '127.0.0.1').end('last');
      const { connections, bytes } = JSON.parse(await line);
      return { connections: connections - 1, bytes };
    },
    close: () => {
      for (const filler of fillers) filler.destroy();
      child.kill('SIGKILL');
    },
  };
}

async function connects(port: number, fillers: Socket[]): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  fillers.push(socket);
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), CONNECTED_WITHIN_MS);
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

async function lineOf(child: ChildProcessByStdio<Writable, Readable, null>): Promise<string> {
  const [chunk] = await once(child.stdout, 'data');
  return String(chunk).trim();
}
