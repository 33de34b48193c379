// Answers every GET with the status of a running task, as fast as node:http can, and says where on its first line.

import { createServer } from 'node:http';

const body = Buffer.from(
  JSON.stringify({
    id: 'task_0123456789abcdef0123456789abcdef',
    task_id: 'task_0123456789abcdef0123456789abcdef',
    object: 'video',
    model: 'kling-v3-video',
    status: 'in_progress',
    progress: 42,
    created_at: 1_760_000_000,
    // As the gateway does, the request comes back with the state; it makes the answer some 600 bytes.
    prompt: 'a puppy runs across a meadow in the first light of the day, dew on the grass, '.repeat(4),
    metadata: { size: '1280x720', seconds: '5', quality: 'standard' },
  }),
);
const headers = [
  ...['content-type', 'application/json; charset=utf-8', 'content-length', String(body.length)],
  ...['cache-control', 'no-store', 'x-oneapi-request-id', '2026112114534512345678AbCdEfGh', 'server', 'bench'],
];

const server = createServer((_, response) => {
  response.writeHead(200, headers);
  response.end(body);
});
server.keepAliveTimeout = 60_000;
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
