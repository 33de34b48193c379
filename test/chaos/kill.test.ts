// SIGKILL at any file call and any byte on the wire, then resumed: nothing lost, nothing paid twice, what nobody can know is unknown.
// Full run: npm run chaos. Replay one: CHAOS_KILL=<the instant as a failure names it> npx vitest run test/chaos/kill

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JournalRecord } from '../../src/index.js';
import { type Mock, startMock } from '../../src/mock/index.js';
import { GATEWAYS, type Gateway } from './gateways.js';
import { requestsOf } from './kill-work.js';
import { type Cut, type Relay, relayTo, WIRE_INSTANTS } from './relay.js';

const isFull = process.env.CHAOS === 'full';
const KILLS = isFull ? 200 : 10;
const seed = Number(process.env.CHAOS_SEED ?? 20_261_121);

let folder = '';
let child = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ima-kill-'));
  child = join(folder, 'child.mjs');
  // Once, for plain Node: two hundred starts of a compiler would be most of the time.
  await build({
    entryPoints: [fileURLToPath(new URL('./kill-child.ts', import.meta.url))],
    outfile: child,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    banner: { js: "import { createRequire as __r } from 'node:module'; const require = __r(import.meta.url);" },
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Numbers from 0 to 1 that are the same for the same seed. */
function chance(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const WAYS = ['platform', 'own'] as const;
const KINDS = ['file', ...WIRE_INSTANTS] as const;

/** When a child dies. `file`: at the `nth` side of a file call. Else at that byte of the `nth` exchange of that method. */
interface Instant extends Omit<Cut, 'when'> {
  way: (typeof WAYS)[number];
  kind: (typeof KINDS)[number];
}

const textOf = ({ way, kind, method, nth, at }: Instant) => [way, kind, method, nth, at].join(',');

function instantOf(text: string): Instant {
  const [way, kind, method, nth, at] = text.split(',');
  const found = {
    way: WAYS.find((one) => one === way),
    kind: KINDS.find((one) => one === kind),
    method: METHODS.find((one) => one === method),
  };
  if (found.way === undefined || found.kind === undefined || found.method === undefined) {
    throw new RangeError(`CHAOS_KILL must be as a failure names it, not ${text}`);
  }
  return { way: found.way, kind: found.kind, method: found.method, nth: Number(nth), at: Number(at) };
}

/** Most at submits: there the money is. */
const METHODS = ['POST', 'POST', 'POST', 'GET'] as const;

/** Every kind of instant in every way, in turn; where each falls, the seed says. */
function instants(count: number, whole: { steps: number; POST: number; GET: number }): Instant[] {
  const random = chance(seed);
  const upTo = (limit: number) => 1 + Math.floor(random() * limit);
  const turns = WAYS.flatMap((way) => KINDS.map((kind) => ({ way, kind })));
  return Array.from({ length: Math.ceil(count / turns.length) }, () => turns)
    .flat()
    .slice(0, count)
    .map(({ way, kind }) => {
      const method = METHODS[upTo(METHODS.length) - 1] ?? 'POST';
      return { way, kind, method, nth: upTo(kind === 'file' ? whole.steps : whole[method]), at: random() };
    });
}

interface Run {
  gateway: Gateway;
  mock: Mock;
  relay: Relay;
  name: string;
  journal: string;
  /** Starts the child, and says how it ended. */
  live(): Promise<'killed' | 'through'>;
  said: { stdout: string; stderr: string };
  close(): Promise<void>;
}

async function begun(gateway: Gateway, index: string, { kind, way, ...rest }: Instant): Promise<Run> {
  const mock = await startMock({ gateway: gateway.name, speed: 1000, seed: 7 });
  let kill = async (): Promise<void> => {};
  const cut = kind === 'file' ? undefined : { ...rest, when: kind };
  const relay = await relayTo(mock.url, cut, () => kill());
  const said = { stdout: '', stderr: '' };
  const [name, journal] = [`run-${index}`, join(folder, `journal-${gateway.name}-${index}`)];
  const dieAt = kind === 'file' ? rest.nth : 0;
  const live = async () => {
    const one = spawn(process.execPath, [child, gateway.name, relay.url, journal, name, way, String(dieAt)]);
    one.stdout.on('data', (text) => (said.stdout += text));
    one.stderr.on('data', (text) => (said.stderr += text));
    const ended = once(one, 'close');
    kill = async () => {
      one.kill('SIGKILL');
      await ended;
    };
    const [code, signal] = await ended;
    if (signal === 'SIGKILL') return 'killed';
    if (code !== 0) throw new Error(`the child ended with ${code}: ${said.stderr}`);
    return 'through';
  };
  const close = async () => {
    await relay.close();
    await mock.close();
  };
  return { gateway, mock, relay, name, journal, live, said, close };
}

/** What the next morning does: takes up what is left, and does the same work again. */
async function resumed({
  gateway,
  relay,
  journal,
  name,
}: Run): Promise<{ records: JournalRecord[]; warnings: string[] }> {
  const warnings: string[] = [];
  const { client } = gateway.open({
    apiKey: 'sk-kill-0123456789',
    baseUrl: relay.url,
    journal,
    poll: { minMs: 10, maxMs: 30, perSecond: 1000 },
    onWarning: ({ code }) => warnings.push(code),
  });
  await Promise.all((await client.resume()).map((task) => task.result()));
  expect(await client.resume()).toEqual([]);
  const { items } = requestsOf(name, gateway.model);
  for await (const { error, result } of client.batch(items)) {
    if (result === undefined) expect(error).toMatchObject({ code: 'submit_unsettled' });
  }
  return { records: await client.journal.list(), warnings };
}

function check({ mock }: Run, records: readonly JournalRecord[], warnings: readonly string[]): void {
  const { submits } = mock.ledger;
  // Nothing is left half said.
  expect(records.filter(({ state }) => state !== 'succeeded' && state !== 'unknown')).toEqual([]);
  // Each purchase stands in the journal: by its task, or as one whose fate nobody knows.
  for (const { traceId, taskId } of submits.filter(({ paid }) => paid)) {
    const record = records.find((one) => one.traceId === traceId);
    expect(record, `the purchase ${traceId} (${taskId}) is lost`).toBeDefined();
    if (record?.state === 'succeeded') expect(record.taskId).toBe(taskId);
  }
  // Each request was bought once at most.
  expect(mock.ledger.paidTwice()).toEqual([]);
  const bought = records
    .filter(({ traceId }) => submits.some((submit) => submit.paid && submit.traceId === traceId))
    .map(({ request }) => JSON.stringify(request));
  expect(new Set(bought).size).toBe(bought.length);
  // What is called unknown was cut off in its submit, and said.
  const unknown = records.filter(({ state }) => state === 'unknown').length;
  expect(warnings.filter((code) => code === 'submit_cut_off')).toHaveLength(unknown);
  // Only the process that died leaves such: two at work in the batch and one beside it.
  expect(unknown).toBeLessThanOrEqual(3);
}

/** A submit of which no whole answer came through is in doubt, and stays so. */
function checkStruck({ relay }: Run, { kind, method }: Instant, records: readonly JournalRecord[]): void {
  if (relay.struck === undefined || method !== 'POST' || kind === 'answered') return;
  expect(records.find(({ traceId }) => traceId === relay.struck)?.state, `the submit ${relay.struck}`).toBe('unknown');
}

test.each(GATEWAYS)(
  `$name: killed at ${KILLS} instants, then resumed: nothing lost, nothing paid twice`,
  {
    timeout: isFull ? 600_000 : 60_000,
  },
  async (gateway) => {
    const whole = await begun(gateway, 'whole', { way: 'platform', kind: 'file', method: 'POST', nth: 0, at: 0 });
    expect(await whole.live()).toBe('through');
    const { steps } = JSON.parse(whole.said.stdout) as { steps: number };
    const size = { steps, ...whole.relay.counts };
    const calm = await resumed(whole);
    check(whole, calm.records, calm.warnings);
    expect(calm.records.map(({ state }) => state)).toEqual(['succeeded', 'succeeded', 'succeeded', 'succeeded']);
    await whole.close();
    expect(size.steps).toBeGreaterThan(60);
    expect(size.POST).toBe(4);

    const one = process.env.CHAOS_KILL;
    const plan = one === undefined ? instants(KILLS, size) : [instantOf(one)];
    const seen = { killed: 0, through: 0, unknown: 0, resumed: 0 };
    const killed = new Set<string>();
    const rest = plan.entries();
    const work = async () => {
      for (const [index, instant] of rest) {
        const run = await begun(gateway, String(index), instant);
        try {
          const end = await run.live();
          seen[end]++;
          if (end === 'killed') killed.add(`${instant.way} ${instant.kind}`);
          const { records, warnings } = await resumed(run);
          check(run, records, warnings);
          checkStruck(run, instant, records);
          if (records.some(({ state }) => state === 'unknown')) seen.unknown++;
          else seen.resumed++;
        } catch (error) {
          const replay = `CHAOS_KILL=${textOf(instant)} npx vitest run test/chaos/kill -t ${gateway.name}`;
          throw new Error(`killed at ${textOf(instant)}, run ${index} of seed ${seed}; replay: ${replay}`, {
            cause: error,
          });
        } finally {
          await run.close();
        }
      }
    };
    await Promise.all([work(), work()]);
    console.log(`kill: ${JSON.stringify({ gateway: gateway.name, seed, ...size, ...seen })}`);
    if (one !== undefined) return;
    // The instants must not all fall where nothing is at stake: each kind struck, in each way, between departure and answer too.
    expect([...killed].sort()).toEqual(WAYS.flatMap((way) => KINDS.map((kind) => `${way} ${kind}`)).sort());
    expect(seen.killed).toBeGreaterThan(KILLS / 2);
    expect(seen.unknown).toBeGreaterThan(0);
    expect(seen.resumed).toBeGreaterThan(0);
  },
);
