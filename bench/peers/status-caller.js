// One contender makes status calls, so many at a time, in a process of its own; prints what they cost as JSON.
// node status-caller.js <contender> <calls> <concurrency>, with BENCH_URL and BENCH_OURS set by stage.ts.

import { Agent, get } from 'node:http';

const [, , name = '', calls = '', concurrency = ''] = process.argv;
const url = process.env.BENCH_URL ?? '';
const { hostname, port } = new URL(url);
const key = 'sk-bench-0123456789';
const headers = { authorization: `Bearer ${key}`, accept: 'application/json' };

/** Each makes the function that asks for the status of task `id` once, by the contender's own status call. */
const CONTENDERS = {
  async 'raw fetch'() {
    return async (id) => (await fetch(`${url}/v1/videos/${id}`, { headers })).json();
  },
  async 'node:http'() {
    const agent = new Agent({ keepAlive: true, maxSockets: Number(concurrency) });
    return (id) =>
      new Promise((resolve, reject) => {
        get({ hostname, port, path: `/v1/videos/${id}`, agent, headers }, (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk) => {
            text += chunk;
          });
          response.on('end', () => resolve(JSON.parse(text)));
        }).on('error', reject);
      });
  },
  async 'openapi-fetch'() {
    const { default: createClient } = await import('openapi-fetch');
    const client = createClient({ baseUrl: url, headers });
    return async (id) => (await client.GET('/v1/videos/{task_id}', { params: { path: { task_id: id } } })).data;
  },
  async openai() {
    const { default: OpenAI } = await import('openai');
    const client = new OpenAI({ apiKey: key, baseURL: `${url}/v1` });
    return (id) => client.videos.retrieve(id);
  },
  async replicate() {
    const { default: Replicate } = await import('replicate');
    const client = new Replicate({ auth: key, baseUrl: `${url}/v1` });
    return (id) => client.predictions.get(id);
  },
  async '@fal-ai/client'() {
    const { createFalClient } = await import('@fal-ai/client');
    const client = createFalClient({
      credentials: key,
      // Its host is fixed: this is the hook that it offers.
      requestMiddleware: async (request) => ({
        ...request,
        url: request.url.replace('https://queue.fal.run', url),
      }),
    });
    return (id) => client.queue.status('fal-ai/bench', { requestId: id });
  },
  async '@runwayml/sdk'() {
    const { default: RunwayML } = await import('@runwayml/sdk');
    const client = new RunwayML({ apiKey: key, baseURL: url });
    return (id) => client.tasks.retrieve(id);
  },
  ours: () => ours({}),
  'ours (own fetch)': () => ours({ fetch: (input, init) => fetch(input, init) }),
};

async function ours(options) {
  const { ImaRouter } = await import(process.env.BENCH_OURS ?? '');
  const ima = new ImaRouter({ apiKey: key, baseUrl: url, poll: { perSecond: 1e6 }, ...options });
  const tasks = new Map();
  return async (id) => {
    let task = tasks.get(id);
    if (task === undefined) {
      task = ima.task(id, { pollPath: '/v1/videos/{task_id}' });
      tasks.set(id, task);
    }
    return (await task.refresh()).raw;
  };
}

/** Distinct tasks that are asked for in turn. */
const TASKS = 1000;

async function make(ask, many) {
  let begun = 0;
  await Promise.all(
    Array.from({ length: Number(concurrency) }, async () => {
      while (begun < many) {
        const { status } = await ask(`task_${(begun++ % TASKS).toString(16).padStart(32, '0')}`);
        if (status !== 'in_progress') throw new Error(`${name} was told ${status}`);
      }
    }),
  );
}

const contender = CONTENDERS[name];
if (contender === undefined) throw new Error(`no contender "${name}"`);
const ask = await contender();
await make(ask, Number(calls) / 2); // compiled and connected
const [cpu, startedAt] = [process.cpuUsage(), performance.now()];
await make(ask, Number(calls));
const [{ user, system }, ms] = [process.cpuUsage(cpu), performance.now() - startedAt];
console.log(
  JSON.stringify({
    perSecond: (Number(calls) / ms) * 1000,
    cpuUs: (user + system) / Number(calls),
    peakMb: process.resourceUsage().maxRSS / 1024,
  }),
);
process.exit();
