// The one that dies: a small honest day of work. Kills itself at the n-th step, a step being either side of any file call; or is killed.
// argv: gateway's name and URL, journal folder, name of the run, way of its requests, step to die at (0 = never). Says how many steps it came through.

import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gatewayNamed } from './gateways.js';
import { requestsOf } from './kill-work.js';

const [name = '', baseUrl = '', journal = '', run = '', way = '', at = '0'] = process.argv.slice(2);
const dieAt = Number(at);
let steps = 0;

function step(): void {
  steps++;
  // Nothing runs after this line, no handler, no flush: what the kernel has is all that is left.
  if (steps === dieAt) process.kill(process.pid, 'SIGKILL');
}

/** `call` with a step on either side of it. */
function between<Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) {
  return async function (this: unknown, ...args: Args): Promise<Result> {
    step();
    const result = await Reflect.apply(call, this, args);
    step();
    return result;
  };
}

const probe = await fs.open(join(tmpdir(), `ima-kill-${process.pid}`), 'w');
const handles: object = Object.getPrototypeOf(probe);
for (const call of ['write', 'writeFile', 'sync', 'datasync', 'truncate', 'stat', 'close']) {
  Reflect.set(handles, call, between(Reflect.get(handles, call)));
}
await fs.rm(join(tmpdir(), `ima-kill-${process.pid}`));
await probe.close();
for (const call of [
  'open',
  'rename',
  'link',
  'unlink',
  'rm',
  'rmdir',
  'mkdir',
  'readdir',
  'readFile',
  'writeFile',
  'stat',
  'lstat',
  'utimes',
]) {
  Reflect.set(fs, call, between(Reflect.get(fs, call)));
}
syncBuiltinESMExports();
steps = 0;

const gateway = gatewayNamed(name);
const { client, families } = gateway.open({
  apiKey: 'sk-kill-0123456789',
  baseUrl,
  journal,
  poll: { minMs: 10, maxMs: 30, perSecond: 1000 },
  // `platform`: through the dispatcher beneath fetch. `own`: by a function of the user, beneath which nobody sees.
  ...(way === 'own' && { fetch: (input: string, init?: RequestInit) => fetch(input, init) }),
});

const { items, alone } = requestsOf(run, gateway.model);
const work = async () => {
  for await (const item of client.batch(items, { concurrency: 2 })) if (item.error !== undefined) throw item.error;
};
const single = async () => {
  await (await families[0].buy(alone, { traceId: `${run}-single`, dedupe: 'attach' })).result();
};
await Promise.all([work(), single()]);
console.log(JSON.stringify({ steps }));
