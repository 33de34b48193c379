// What a download costs: throughput, CPU and memory of this library, of curl, of fetch and of node:http, side by side.
// npx tsx bench/downloads.ts [--rounds 5] [--sizes 64,1024 (MiB)] [--https (too)] [--dir <where files go>] [--only ours,…] [--node24]; exits 1 below the goals.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { count, machine, median, Stage, shuffled, underNode24 } from './peers/stage.js';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    sizes: { type: 'string', default: '64,1024' },
    https: { type: 'boolean', default: false },
    dir: { type: 'string', default: tmpdir() },
    only: { type: 'string', default: '' },
    node24: { type: 'boolean', default: false },
  },
});
if (options.node24) underNode24(fileURLToPath(import.meta.url), process.argv.slice(2));

const BASE = 'curl';
/** Ours brings its file to the disk itself before it gives it its name: so curl is taken with and without that. */
const SYNCED = 'curl + sync';
const FETCH = 'fetch + pipeline';
/** No download: how much of the others' CPU goes into the sum. */
const HASH = 'sha256 alone';
const CONTENDERS = ['ours', BASE, FETCH, 'fetch + pipeline + sha256', 'node:http gathered + sha256', HASH];

/** Issue 5, beside curl: its throughput, less what is noise; this many times its CPU; and this much memory. */
const GOAL = { throughput: 1, noise: 0.1, cpu: 1.3, growthMb: 40 };

const MIB = 2 ** 20;
/** The head of an mp4's `mdat` box has four bytes for its length. */
const MOST_MIB = 4095;

/** Times in milliseconds; memory over what the process had before its download. */
interface Run {
  /** Absent where no file was made. */
  path?: string;
  ms: number;
  cpuMs: number;
  /** By the kernel's own mark, and by a sample every 10 ms. */
  growthMb?: number;
  sampledMb?: number;
  /** The first download of the process, of 64 KiB. */
  firstMs?: number;
  /** Of curl: what its process takes to begin, which `cpuMs` is without, and the `sync -d` afterwards. */
  startCpuMs?: number;
  syncMs?: number;
  syncCpuMs?: number;
}

/** What came of all rounds of one film; the speed of a file that is not what was sent is no speed. */
interface Taken {
  runs: Map<string, Run[]>;
  /** By contender. */
  wrongFiles: Map<string, number>;
}

interface Facts {
  bases: Record<string, string>;
  sha256: string;
}

const rounds = count('rounds', options.rounds);
const sizes = options.sizes.split(',').map((size) => count('sizes', size));
if (Math.max(...sizes) > MOST_MIB) throw new Error(`--sizes takes at most ${MOST_MIB} MiB`);
const asked = options.only === '' ? CONTENDERS : [BASE, ...options.only.split(',')];
const names = CONTENDERS.filter((name) => asked.includes(name));
const authority = fileURLToPath(new URL('../test/support/tls/authority.pem', import.meta.url));
// Read by every process that is started from here on.
process.env.NODE_EXTRA_CA_CERTS = authority;

await mkdir(options.dir, { recursive: true });
const folder = await mkdtemp(join(resolve(options.dir), 'ima-downloads-'));
try {
  const stage = await Stage.open('download-server.js');
  try {
    for (const scheme of options.https ? ['http', 'https'] : ['http']) {
      for (const size of sizes) report(scheme, size, await measured(stage, scheme, size));
    }
  } finally {
    await stage.close();
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** All rounds of one film. */
async function measured(stage: Stage, scheme: string, size: number): Promise<Taken> {
  const bytes = size * MIB;
  const facts: Facts = JSON.parse(await (await fetch(`${stage.url}/facts/${bytes}`)).text());
  const runs = new Map<string, Run[]>([...names, SYNCED].map((name) => [name, []]));
  const wrongFiles = new Map<string, number>();
  for (let round = 1; round <= rounds; round++) {
    for (const name of shuffled(names, round)) {
      const own = await mkdtemp(join(folder, 'run-'));
      const args = [name, scheme, facts.bases[scheme] ?? '', bytes, own];
      await touched(join(own, 'touched'), bytes);
      const run = await stage.run<Run>('download-caller.js', args);
      const isRight = run.path === undefined || (await sumOf(run.path)) === facts.sha256;
      await rm(own, { recursive: true });
      if (!isRight) {
        wrongFiles.set(name, (wrongFiles.get(name) ?? 0) + 1);
        continue;
      }
      runs.get(name)?.push(run);
      const { syncMs, syncCpuMs } = run;
      if (syncMs !== undefined && syncCpuMs !== undefined) {
        runs.get(SYNCED)?.push({ ms: run.ms + syncMs, cpuMs: run.cpuMs + syncCpuMs });
      }
    }
  }
  return { runs, wrongFiles };
}

/**
 * As much of the page cache as a run will need, in use a moment before it: a virtual machine may give free memory back to
 * its host after two seconds, and whoever comes next pays for each page, up to four times the price of a write.
 */
async function touched(path: string, bytes: number): Promise<void> {
  const handle = await open(path, 'w');
  const block = Buffer.alloc(MIB, 1);
  for (let at = 0; at < bytes; at += MIB) await handle.write(block);
  await handle.close();
  await rm(path);
}

async function sumOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: MIB }), hash);
  return hash.digest('hex');
}

function report(scheme: string, size: number, { runs, wrongFiles }: Taken): void {
  const all = (name: string, fact: (run: Run) => number | undefined) =>
    (runs.get(name) ?? []).flatMap((run) => fact(run) ?? []);
  const middle = (name: string, fact: (run: Run) => number | undefined) => median(all(name, fact));
  const speed = ({ ms }: Run) => (size / ms) * 1000;
  const cpu = ({ cpuMs }: Run) => cpuMs;
  const ratio = (name: string, fact: (run: Run) => number, base = BASE) => middle(name, fact) / middle(base, fact);
  const shown = (value: number, digits = 0) => (!Number.isFinite(value) ? '–' : value.toFixed(digits));
  const spread = (name: string, fact: (run: Run) => number) => {
    const values = all(name, fact);
    return values.length === 0 ? '–' : `${shown(Math.min(...values))}–${shown(Math.max(...values))}`;
  };
  const table = new Table({
    head: [
      ...[`${size} MiB, ${scheme}`, 'MiB/s', 'least–most', '× curl', `× ${SYNCED}`],
      ...['CPU ms', 'least–most', '× curl', 'memory MB', 'sampled', 'first ms'],
    ],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', ...Array<'right'>(10).fill('right')],
  });
  for (const name of [...names.slice(0, names.indexOf(BASE) + 1), SYNCED, ...names.slice(names.indexOf(BASE) + 1)]) {
    const cells = [
      ...[shown(middle(name, speed)), spread(name, speed), shown(ratio(name, speed), 2)],
      ...[
        shown(ratio(name, speed, SYNCED), 2),
        shown(middle(name, cpu)),
        spread(name, cpu),
        shown(ratio(name, cpu), 2),
      ],
      ...[
        shown(
          middle(name, (run) => run.growthMb),
          1,
        ),
        shown(
          middle(name, (run) => run.sampledMb),
          1,
        ),
      ],
      shown(middle(name, (run) => run.firstMs)),
    ];
    // Of the sum alone only the CPU means something: columns 4 to 6.
    table.push([name, ...cells.map((cell, at) => (name !== HASH || (at >= 4 && at <= 6) ? cell : '–'))]);
  }
  console.log(table.toString());
  const start = middle(BASE, ({ startCpuMs }) => startCpuMs);
  console.log(
    `medians of ${rounds} interleaved rounds, files in ${resolve(options.dir)}; curl's CPU is without the ${shown(start)} ms of its start; below ${GOAL.noise * 100} % is noise`,
  );
  console.log(machine());
  for (const [name, wrong] of wrongFiles) {
    console.log(`FAIL: ${name} made another file than was sent in ${wrong} of ${rounds} rounds, which are not counted`);
    process.exitCode = 1;
  }
  if (all('ours', cpu).length === 0) return;
  for (const base of [BASE, SYNCED]) {
    const reached = ratio('ours', speed, base);
    const word =
      reached >= GOAL.throughput ? 'met' : reached > GOAL.throughput - GOAL.noise ? 'met within noise' : 'MISSED';
    verdict(word, `throughput ${shown(reached, 2)} × ${base}, goal ${GOAL.throughput.toFixed(1)} ×`);
  }
  const cost = ratio('ours', cpu);
  verdict(cost <= GOAL.cpu ? 'met' : 'MISSED', `CPU ${shown(cost, 2)} × ${BASE}, goal ${GOAL.cpu} ×`);
  const grown = Math.max(...all('ours', (run) => Math.max(run.growthMb ?? 0, run.sampledMb ?? 0)));
  verdict(
    grown < GOAL.growthMb ? 'met' : 'MISSED',
    `memory ${shown(grown, 1)} MB more in the worst round, goal under ${GOAL.growthMb} MB`,
  );
  if (runs.has(FETCH)) {
    console.log(`no goal: ours, throughput ${shown(ratio('ours', speed, FETCH), 2)} × ${FETCH}`);
    console.log(`no goal: ours, CPU ${shown(ratio('ours', cpu, FETCH), 2)} × ${FETCH}`);
  }
}

function verdict(word: string, what: string): void {
  console.log(`${word}: ours, ${what}`);
  if (word === 'MISSED') process.exitCode = 1;
}
