// One contender waits for many tasks at once, in a process of its own; prints what it cost and how late it knew as JSON.
// node waiter.js <contender> <tasks> <interval ms> <polls per second, for ours> <run>, with BENCH_URL and BENCH_OURS set by stage.ts.

import { setTimeout as sleep } from 'node:timers/promises';

const [, , name = '', tasks = '', interval = '', perSecond = '', run = ''] = process.argv;
const url = process.env.BENCH_URL ?? '';
const intervalMs = Number(interval);
const key = 'sk-bench-0123456789';
const headers = { authorization: `Bearer ${key}`, accept: 'application/json' };
/** On one clock with the server: the machine's. */
const now = () => performance.timeOrigin + performance.now();
/** Calls that broke; a loop as people write it tries again. */
let broken = 0;

/** Each makes a function that waits for a task and gives the last answer. */
const CONTENDERS = {
  'raw fetch': () => loop((id) => status(id)),
  'raw fetch, 32 at once': () => {
    const gate = new Gate(32);
    return loop((id) => gate.through(() => status(id)));
  },
  ours: () => ours({ minMs: intervalMs }),
  'ours, at each interval': () => ours({ minMs: intervalMs, maxMs: intervalMs }),
};

async function ours(bounds) {
  const { ImaRouter } = await import(process.env.BENCH_OURS ?? '');
  const ima = new ImaRouter({ apiKey: key, baseUrl: url, poll: { ...bounds, perSecond: Number(perSecond) } });
  return async (id) => (await ima.task(id, { pollPath: '/v1/videos/{task_id}' }).result()).raw;
}

async function status(id) {
  return (await fetch(`${url}/v1/videos/${id}`, { headers })).json();
}

function loop(ask) {
  return async (id) => {
    for (;;) {
      try {
        const answer = await ask(id);
        if (answer.status === 'completed') return answer;
      } catch {
        broken++;
      }
      await sleep(intervalMs);
    }
  };
}

/** Lets so many through at a time, the others in the order in which they came. */
class Gate {
  #places;
  #queue = [];

  constructor(places) {
    this.#places = places;
  }

  async through(work) {
    if (this.#places === 0) await new Promise((resolve) => this.#queue.push(resolve));
    else this.#places--;
    try {
      return await work();
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#places++;
      else next();
    }
  }
}

const contender = CONTENDERS[name];
if (contender === undefined) throw new Error(`no contender "${name}"`);
const wait = await contender();
const baseline = process.memoryUsage.rss();
const [cpu, startedAt] = [process.cpuUsage(), performance.now()];
const delays = await Promise.all(
  Array.from({ length: Number(tasks) }, async (_, at) => {
    const id = `task_${run}_${at.toString(16).padStart(8, '0')}`;
    const { status, bench_ended_at: endedAt } = await wait(id);
    if (status !== 'completed') throw new Error(`${id} came back as ${status}`);
    return now() - endedAt;
  }),
);
const [{ user, system }, wallMs] = [process.cpuUsage(cpu), performance.now() - startedAt];
const peakMb = (process.resourceUsage().maxRSS * 1024 - baseline) / 2 ** 20;
const sorted = [...delays].sort((a, b) => a - b);
console.log(
  JSON.stringify({
    wallMs,
    delayMs: delays.reduce((sum, delay) => sum + delay, 0) / delays.length,
    lateMs: sorted[Math.floor(sorted.length * 0.95)],
    cpuMs: (user + system) / 1000,
    peakMb,
    broken,
  }),
);
process.exit();
