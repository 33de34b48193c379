// After a submit that failed, nothing of this library keeps the process alive: it exits by itself.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { brokenTlsGateway, type Conduct, plainGateway } from './raw-gateway.js';

let directory = '';
let child = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ima-router-exit-'));
  child = join(directory, 'child.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('./exit-child.ts', import.meta.url))],
    outfile: child,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  });
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

/** From the error to the exit. What is left of that is Node's own way out, on a machine with other things to do. */
const EXITS_WITHIN_MS = 2000;

const answer = (status: string, body: string): Conduct => ({
  received: (socket) => socket.write(`HTTP/1.1 ${status}\r\ncontent-length: ${body.length}\r\n\r\n${body}`),
});

// None of these gateways closes a connection by itself, unless that is its way to fail.
test.each<[string, string, typeof plainGateway, Conduct, string]>([
  ['refused', 'refused', plainGateway, {}, 'ConnectionError connection_failed'],
  ['cut in mid-handshake', '', brokenTlsGateway, { connected: (s) => s.end() }, 'ConnectionError connection_failed'],
  ['reset', '', plainGateway, { received: (s) => s.resetAndDestroy() }, 'SubmitUnknownError submit_unknown'],
  ['silent', 'timeout', plainGateway, {}, 'SubmitUnknownError submit_unknown'],
  // Node's fetch cannot call off a connection that is being made: that ends by the platform's own timeout, 10 s unless
  // shortened, as it is here.
  ['silent in mid-handshake', 'connecting', brokenTlsGateway, {}, 'ConnectionError connection_failed'],
  ['silent, and the caller gives up', 'abort', plainGateway, {}, 'SubmitUnknownError submit_unknown'],
  ['a page of an edge', '', plainGateway, answer('502 Bad Gateway', '<html>'), 'SubmitUnknownError submit_unknown'],
  [
    'a refusal',
    '',
    plainGateway,
    answer('401 No', '{"error":{"message":"no"}}'),
    'AuthenticationError authentication_failed',
  ],
  ['a task that does not end', 'wait', plainGateway, answer('200 OK', '{"id":"t1"}'), 'WaitTimeoutError wait_timeout'],
])('%s', async (_, act, serve, conduct, said) => {
  let received = () => {};
  const gateway = await serve({
    ...conduct,
    received: (socket, seen) => {
      conduct.received?.(socket, seen);
      received();
    },
  });
  if (act === 'refused') await gateway.close();
  const running = spawn(process.execPath, [child, gateway.url, act], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(running, 'exit');
  if (act === 'abort') {
    received = () => {
      received = () => {};
      running.kill('SIGUSR2');
    };
  }
  try {
    const [line] = await Promise.race([once(running.stdout, 'data'), exited]);
    const saidAt = performance.now();
    expect(String(line).trim()).toBe(said);
    const stillThere = sleep(EXITS_WITHIN_MS, ['still there']);
    expect(await Promise.race([exited, stillThere])).toEqual([0, null]);
    expect(performance.now() - saidAt).toBeLessThan(EXITS_WITHIN_MS);
  } finally {
    running.kill('SIGKILL');
    if (act !== 'refused') await gateway.close();
  }
});
