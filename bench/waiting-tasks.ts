// What waiting for thousands of tasks costs: CPU, memory, status calls and lateness, beside the loop that people write.
// npx tsx bench/waiting-tasks.ts [--rounds 3] [--tasks 5000] [--interval 100] [--per-second 1000000] [--node24]; exits 1 below the goals.

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { count, machine, median, Stage, shuffled, underNode24 } from './peers/stage.js';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    tasks: { type: 'string', default: '5000' },
    interval: { type: 'string', default: '100' },
    'per-second': { type: 'string', default: '1000000' },
    node24: { type: 'boolean', default: false },
  },
});
if (options.node24) underNode24(fileURLToPath(import.meta.url), process.argv.slice(2));

const BASE = 'raw fetch';
/** Ours takes the interval as the shortest one; with `at each interval` as the longest too, which gives its pace away. */
const CONTENDERS = ['ours', 'ours, at each interval', 'raw fetch, 32 at once', BASE];
/** Issue 4: at most this part of what bare fetch takes, in CPU and in memory. */
const GOAL = 0.4;

interface Run {
  wallMs: number;
  /** From a task's end to the moment its waiter knows, in the mean and for the 95th of a hundred. */
  delayMs: number;
  lateMs: number;
  cpuMs: number;
  /** Most memory, over what the process had before its first call. */
  peakMb: number;
  broken: number;
  polls: number;
}

const rounds = count('rounds', options.rounds);
const [tasks, interval] = [count('tasks', options.tasks), count('interval', options.interval)];
/** What ours is held to, all tasks together; by default to nothing, as the others are. */
const perSecond = count('per-second', options['per-second']);
const taken = new Map<string, Run[]>(CONTENDERS.map((name) => [name, []]));
const stage = await Stage.open('waiting-server.js');
try {
  for (let round = 1; round <= rounds; round++) {
    for (const name of shuffled(CONTENDERS, round)) {
      const before = await polls();
      const args = [name, tasks, interval, perSecond, `${round}-${CONTENDERS.indexOf(name)}`];
      const run = await stage.run<Omit<Run, 'polls'>>('waiter.js', args);
      taken.get(name)?.push({ ...run, polls: (await polls()) - before });
    }
  }
} finally {
  await stage.close();
}

async function polls(): Promise<number> {
  const answer: { polls: number } = JSON.parse(await (await fetch(`${stage.url}/polls`)).text());
  return answer.polls;
}

const middle = (name: string, fact: keyof Run) => median((taken.get(name) ?? []).map((run) => run[fact]));
const ratio = (name: string, fact: keyof Run) => middle(name, fact) / middle(BASE, fact);
const COLUMNS: (readonly [keyof Run, string, number])[] = [
  ...([
    ['wallMs', 'wall s', 1000],
    ['polls', 'polls', 1],
    ['delayMs', 'delay ms', 1],
  ] as const),
  ...([
    ['lateMs', 'p95 ms', 1],
    ['cpuMs', 'CPU s', 1000],
    ['peakMb', 'memory MB', 1],
  ] as const),
];
const table = new Table({
  head: [`${tasks} tasks`, ...COLUMNS.flatMap(([, title]) => [title, '×']), 'broken calls'],
  style: { head: [], border: [], compact: true },
  colAligns: ['left', ...Array<'right'>(2 * COLUMNS.length + 1).fill('right')],
});
for (const name of CONTENDERS) {
  const cells = COLUMNS.flatMap(([fact, , unit]) => [
    (middle(name, fact) / unit).toFixed(unit === 1 ? 0 : 1),
    ratio(name, fact).toFixed(2),
  ]);
  table.push([name, ...cells, middle(name, 'broken')]);
}
console.log(table.toString());
console.log(
  `medians of ${rounds} interleaved rounds, tasks of 4 to 8 s asked for every ${interval} ms, ours at most ${perSecond} calls/s; below 12 % is noise`,
);
console.log(machine());
for (const [fact, what] of [
  ['cpuMs', 'CPU'],
  ['peakMb', 'memory'],
] as const) {
  const reached = ratio('ours', fact);
  console.log(`${reached <= GOAL ? 'pass' : 'FAIL'}: ours ${reached.toFixed(2)} × ${BASE} in ${what}, goal ${GOAL} ×`);
  if (reached > GOAL) process.exitCode = 1;
}
