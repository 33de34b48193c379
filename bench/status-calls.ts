// What a status call costs: calls per second, CPU and memory of this library, of other SDKs and of bare fetch, side by side.
// npx tsx bench/status-calls.ts [--rounds 5] [--calls 10000] [--concurrency 64] [--only ours,…] [--node24]; exits 1 below the goal.

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { count, machine, median, peerVersions, Stage, shuffled, underNode24 } from './peers/stage.js';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    calls: { type: 'string', default: '10000' },
    concurrency: { type: 'string', default: '64' },
    only: { type: 'string', default: '' },
    node24: { type: 'boolean', default: false },
  },
});
if (options.node24) underNode24(fileURLToPath(import.meta.url), process.argv.slice(2));

const BASE = 'raw fetch';
const CONTENDERS = [
  ...['ours', 'ours (own fetch)', BASE, 'node:http'],
  ...['openapi-fetch', 'openai', 'replicate', '@fal-ai/client', '@runwayml/sdk'],
];
/** Issue 4: at least twice the calls per second of bare fetch. */
const GOAL = 2;

interface Cost {
  perSecond: number;
  cpuUs: number;
  peakMb: number;
}

const rounds = count('rounds', options.rounds);
const [calls, concurrency] = [count('calls', options.calls), count('concurrency', options.concurrency)];
const asked = options.only === '' ? CONTENDERS : [BASE, ...options.only.split(',')];
const taken = new Map<string, Cost[]>(CONTENDERS.filter((name) => asked.includes(name)).map((name) => [name, []]));
const stage = await Stage.open('status-server.js');
try {
  for (let round = 1; round <= rounds; round++) {
    for (const name of shuffled([...taken.keys()], round)) {
      taken.get(name)?.push(await stage.run<Cost>('status-caller.js', [name, calls, concurrency]));
    }
  }
} finally {
  await stage.close();
}

const versions = await peerVersions();
const middle = (name: string, fact: keyof Cost) => median((taken.get(name) ?? []).map((cost) => cost[fact]));
const ratio = (name: string, fact: keyof Cost) => middle(name, fact) / middle(BASE, fact);
const table = new Table({
  head: ['status calls', 'calls/s', 'least–most', '× fetch', 'CPU µs/call', '× fetch', 'peak MB', '× fetch'],
  style: { head: [], border: [], compact: true },
  colAligns: ['left', ...Array<'right'>(7).fill('right')],
});
for (const [name, costs] of taken) {
  const speeds = costs.map(({ perSecond }) => perSecond);
  table.push([
    versions[name] === undefined ? name : `${name} ${versions[name]}`,
    middle(name, 'perSecond').toFixed(0),
    `${Math.min(...speeds).toFixed(0)}–${Math.max(...speeds).toFixed(0)}`,
    ratio(name, 'perSecond').toFixed(2),
    middle(name, 'cpuUs').toFixed(0),
    ratio(name, 'cpuUs').toFixed(2),
    middle(name, 'peakMb').toFixed(0),
    ratio(name, 'peakMb').toFixed(2),
  ]);
}
console.log(table.toString());
console.log(`medians of ${rounds} interleaved rounds of ${calls} calls, ${concurrency} at a time; below 12 % is noise`);
console.log(machine());
if (taken.has('ours')) {
  const reached = ratio('ours', 'perSecond');
  console.log(`${reached >= GOAL ? 'pass' : 'FAIL'}: ours ${reached.toFixed(2)} × ${BASE} in calls/s, goal ${GOAL} ×`);
  process.exitCode = reached >= GOAL ? 0 : 1;
}
