// Tasks that run for 4 to 8 seconds from the moment they are first asked for, by their id; says where on its first line.
// GET /polls tells how many status calls it has answered.

import { createServer } from 'node:http';

/** The shortest and the longest task, in milliseconds. */
const [LEAST_MS, MOST_MS] = [4000, 8000];

/** By id: when a task was first asked for and when it ends, in epoch milliseconds. */
const tasks = new Map();
let polls = 0;

/** On one clock with the processes that ask: the machine's. */
const now = () => performance.timeOrigin + performance.now();

/** The same part between 0 and 1 for the same id: a Fibonacci hash of its last eight hexadecimal digits. */
const part = (id) => (Math.imul(Number.parseInt(id.slice(-8), 16), 2654435761) >>> 0) / 2 ** 32;

const server = createServer((request, response) => {
  const path = request.url;
  if (path === '/polls') {
    response.end(JSON.stringify({ polls }));
    return;
  }
  polls++;
  const id = path.slice(path.lastIndexOf('/') + 1);
  let task = tasks.get(id);
  if (task === undefined) {
    const startedAt = now();
    task = { startedAt, endsAt: startedAt + LEAST_MS + part(id) * (MOST_MS - LEAST_MS) };
    tasks.set(id, task);
  }
  const at = now();
  const isOver = at >= task.endsAt;
  const body = JSON.stringify({
    ...{ id, task_id: id, object: 'video', model: 'kling-v3-video', created_at: Math.floor(task.startedAt / 1000) },
    status: isOver ? 'completed' : 'in_progress',
    progress: isOver ? 100 : Math.floor((100 * (at - task.startedAt)) / (task.endsAt - task.startedAt)),
    // As the gateway does, the request comes back with the state; it makes the answer some 600 bytes.
    prompt: 'a puppy runs across a meadow in the first light of the day, dew on the grass, '.repeat(4),
    metadata: { size: '1280x720', seconds: '5', ...(isOver ? { url: `https://files.test/${id}.mp4` } : {}) },
    bench_ended_at: task.endsAt,
  });
  response.writeHead(200, ['content-type', 'application/json', 'content-length', String(Buffer.byteLength(body))]);
  response.end(body);
});
server.keepAliveTimeout = 60_000;
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
