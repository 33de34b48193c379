// Ten thousand waits in one process: what each costs, that they share a few sockets and timers, and that an abort frees them all.

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { json, serve, type TestServer } from '../support/server.js';

const isFull = process.env.CHAOS === 'full';
const COUNT = isFull ? 10_000 : 2000;
const FOR_MS = isFull ? 20_000 : 4000;

let folder = '';
let server: TestServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ima-crowd-'));
  server = await serve((_, response) => json(response, { id: 't', status: 'in_progress', progress: 0 }));
  await build({
    entryPoints: [fileURLToPath(new URL('./crowd-child.ts', import.meta.url))],
    outfile: join(folder, 'child.mjs'),
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
  });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

test(`${COUNT} waits in one process`, { timeout: 120_000 }, async () => {
  const args = ['--expose-gc', join(folder, 'child.mjs'), server.url, String(COUNT), String(FOR_MS)];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout: FOR_MS + 60_000 });
  expect(stderr).toBe('');
  const seen = JSON.parse(stdout) as Record<string, number>;
  console.log(`crowd: ${JSON.stringify({ count: COUNT, polls: server.requests.length, ...seen })}`);
  expect(seen.aborted).toBe(COUNT);
  // A handle, a generator and a place in two heaps. The bound is twice what was seen, so that it catches a leak of kind.
  expect(seen.bytesPerTask).toBeLessThan(8000);
  // In flight at most, and the few that Node keeps.
  expect(seen.sockets).toBeLessThanOrEqual(40);
  expect(seen.timers).toBeLessThanOrEqual(40);
  expect(server.requests.length).toBeGreaterThan(COUNT / 4);
});
