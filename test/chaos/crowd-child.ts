// Many tasks that are waited for in one process; says what they cost in memory, processor time, sockets and timers, and ends by itself.
// argv: gateway URL, how many, for how many milliseconds.

import { ImaRouter } from '../../src/index.js';

const [baseUrl = '', count = '0', forMs = '0'] = process.argv.slice(2);
const ima = new ImaRouter({ apiKey: 'sk-crowd-0123456789', baseUrl, poll: { perSecond: 1000 } });
const model = 'kling-v3-video';

const settled = async (): Promise<number> => {
  // Two rounds: the first frees what holds the rest.
  for (let i = 0; i < 2; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return process.memoryUsage().heapUsed;
};
const count$ = (kind: string) => process.getActiveResourcesInfo().filter((name) => name === kind).length;

// One poll beforehand, so that what loads once is not counted as a task's.
await ima.task('warm-up', { model }).refresh();
const before = await settled();
const controller = new AbortController();
const waits = Array.from({ length: Number(count) }, (_, i) =>
  ima
    .task(`task-${i}`, { model })
    .result({ signal: controller.signal })
    .catch((error: unknown) => error),
);
await new Promise((resolve) => setTimeout(resolve, 0));
const after = await settled();
const cpu = process.cpuUsage();
const startedAt = performance.now();
let sockets = 0;
let timers = 0;
const sample = setInterval(() => {
  sockets = Math.max(sockets, count$('TCPSocketWrap'));
  // Ours to watch with is one of them.
  timers = Math.max(timers, count$('Timeout') - 1);
}, 20);
await new Promise((resolve) => setTimeout(resolve, Number(forMs)));
clearInterval(sample);
const used = process.cpuUsage(cpu);
const wallMs = performance.now() - startedAt;
const abortedAt = performance.now();
controller.abort();
const errors = await Promise.all(waits);
console.log(
  JSON.stringify({
    bytesPerTask: Math.round((after - before) / Number(count)),
    cpuPercent: Math.round(((used.user + used.system) / 1000 / wallMs) * 1000) / 10,
    sockets,
    timers,
    abortMs: Math.round(performance.now() - abortedAt),
    aborted: errors.filter((error) => error instanceof Error && error.name === 'AbortError').length,
  }),
);
// No process.exit: that it ends is part of what is tested.
