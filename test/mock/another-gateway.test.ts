// A second gateway is a second data file and document, and nothing else: a toy one, in words of its own.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import type { MockGateway } from '../../src/mock/gateway.js';
import { startGateway } from '../../src/mock/start.js';

const answer = (example: object) => ({
  responses: {
    200: {
      description: 'ok',
      content: { 'application/json': { schema: { type: 'object' }, examples: { e: { value: example } } } },
    },
  },
});

const body = { required: true, content: { 'application/json': { schema: { type: 'object' } } } };

const DOCUMENT = {
  openapi: '3.0.3',
  info: { title: 'toy', version: '1' },
  paths: {
    '/make': {
      post: {
        requestBody: {
          required: true,
          content: {
            'application/json': {
              schema: { type: 'object', required: ['engine'], properties: { engine: { enum: ['toy-1'] } } },
            },
          },
        },
        ...answer({ job: 'x' }),
      },
    },
    '/talk': { post: { requestBody: body, ...answer({}) } },
    '/ping': { get: answer({ pong: true }) },
    '/look/{task_id}': {
      get: {
        parameters: [{ name: 'task_id', in: 'path', required: true, schema: { type: 'string' } }],
        ...answer({ state: 'READY', pictures: [{ href: 'x' }, { href: 'y' }] }),
      },
    },
  },
};

const refusal = (status: number) => ({ status, body: { oops: `${status} {path} {reasons}` } });

const folder = await mkdtemp(join(tmpdir(), 'mock-gateway-'));
const file = join(folder, 'toy.json');
await writeFile(file, JSON.stringify(DOCUMENT));
afterAll(() => rm(folder, { recursive: true }));

const TOY: MockGateway = {
  name: 'toy',
  document: pathToFileURL(file),
  modelField: 'engine',
  traceHeader: 'x-toy',
  headers: {},
  keys: {},
  paces: { slow: { seconds: 10, spread: 0 } },
  fields: { job: '{id}', href: '{url}', state: '{word}' },
  tryIt: { path: '/make', body: { engine: 'toy-1' }, poll: '/look/<task_id>' },
  submits: [
    {
      path: '/make',
      kind: 'image',
      pace: 'slow',
      outputs: 2,
      answer: {},
      id: { prefix: 'J', alphabet: 'digits', length: 4 },
    },
  ],
  polls: [
    {
      path: '/look/{task_id}',
      reads: ['/make'],
      statusAt: ['state'],
      phases: {
        queued: { word: 'LINE', own: [{ state: '' }] },
        running: { word: 'WORK', own: [{ state: '', note: '{percent} of 100' }] },
        succeeded: { word: 'READY' },
        failed: { word: 'BROKEN', own: [{ state: '' }] },
      },
    },
  ],
  binaries: [],
  paid: ['/talk'],
  services: {
    chats: [{ path: '/talk', protocol: 'messages', thinks: ['toy-'], price: { input: 0, output: 0 } }],
  },
  troubles: { rateLimits: [], serverErrors: [refusal(599)], busy: [], nothing: [], unknownWords: ['NAPPING'] },
  refusals: {
    noKey: refusal(401),
    badBody: refusal(422),
    unknownRoute: refusal(404),
    unknownTask: refusal(410),
    tooLarge: refusal(413),
  },
};

it('plays a gateway that it knows only from data', async () => {
  let now = 0;
  await using mock = await startGateway(TOY, { seed: 1, clock: () => now });
  const ask = async (path: string, body?: object) => {
    const headers = { authorization: 'Bearer k', 'content-type': 'application/json', 'x-toy': 't' };
    const init = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
    return (await fetch(mock.url + path, init)).json();
  };
  const { job } = (await ask('/make', { engine: 'toy-1' })) as { job: string };
  expect(job).toMatch(/^J\d{4}$/);
  expect(await ask(`/look/${job}`)).toEqual({ state: 'LINE' });
  now = 9_999;
  expect(await ask(`/look/${job}`)).toEqual({ state: 'WORK', note: '99 of 100' });
  now = 10_000;
  const base = `${mock.url}/_media/${job}`;
  expect(await ask(`/look/${job}`)).toEqual({
    state: 'READY',
    pictures: [{ href: `${base}/0.png` }, { href: `${base}/1.png` }],
  });
  expect(await ask('/look/none')).toEqual({ oops: '410 /look/none {reasons}' });
  expect(await ask('/make', { engine: 'toy-2' })).toMatchObject({ oops: expect.stringContaining("found 'toy-2'") });
  expect(mock.ledger.submits).toMatchObject([
    { model: 'toy-1', traceId: 't', paid: true },
    { model: 'toy-2', paid: false },
  ]);

  // What answers at once: a public protocol on a path of its own, and the document for all that nobody else answers.
  const talk = await ask('/talk', { engine: 'toy-1', messages: [{ role: 'user', content: 'hi' }] });
  expect(talk).toMatchObject({ type: 'message', model: 'toy-1', content: [{ type: 'thinking' }, { type: 'text' }] });
  expect(mock.ledger.submits.at(-1)).toMatchObject({ path: '/talk', paid: true });
  expect(await ask('/ping')).toEqual({ pong: true });
  expect(() => mock.forget('group-1')).toThrow(RangeError);
  expect(mock.deviations).toEqual([]);
});

it('has its bad days in its own words; trouble that it has no words for does not happen', async () => {
  const kinds = ['server-error', 'busy', 'rate-limit', 'unknown-word', 'nothing'] as const;
  await using mock = await startGateway(TOY, { seed: 1, speed: 1e6, chaos: { rate: 1, kinds } });
  const headers = { authorization: 'Bearer k', 'content-type': 'application/json' };
  const answers = new Set<string>();
  for (let turn = 0; turn < 40; turn++) {
    const init = { method: 'POST', headers: { ...headers, 'x-toy': `t${turn}` }, body: '{"engine":"toy-1"}' };
    await fetch(`${mock.url}/make`, init);
    const [first] = mock.ledger.submits.flatMap(({ taskId }) => taskId ?? []);
    const response = await fetch(`${mock.url}/look/${first ?? 'none'}`, { headers });
    answers.add(await response.text());
  }
  const { submits, polls } = mock.ledger;
  expect(new Set([...submits, ...polls].map(({ fault }) => fault))).toEqual(new Set(['server-error', 'unknown-word']));
  expect([...answers].filter((text) => text.includes('"state":"NAPPING"'))).toHaveLength(1);
  expect([...answers].filter((text) => text.includes('"oops":"599'))).toHaveLength(1);
  expect(mock.deviations).toEqual([]);
});
