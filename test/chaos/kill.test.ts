// SIGKILL between any two steps, then resumed: nothing lost, nothing paid twice, what nobody can know is reported as unknown.
// Full run: npm run chaos. Replay one: CHAOS_SEED=<seed> CHAOS_KILL=<step> npm run chaos -- kill

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ImaRouter, type JournalRecord } from '../../src/index.js';
import { type Mock, startMock } from '../../src/mock/index.js';
import { requestsOf } from './kill-work.js';

const isFull = process.env.CHAOS === 'full';
const KILLS = isFull ? 200 : 16;
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

interface Run {
  mock: Mock;
  name: string;
  journal: string;
}

async function begun(index: string): Promise<Run> {
  const mock = await startMock({ speed: 1000, seed: 7 });
  return { mock, name: `run-${index}`, journal: join(folder, `journal-${index}`) };
}

const argsOf = ({ mock, journal, name }: Run, at: number) => [child, mock.url, journal, name, String(at)];

/** Dies at that step, or gets through if it has fewer. */
async function killedAt(run: Run, at: number): Promise<'killed' | 'through'> {
  const one = spawn(process.execPath, argsOf(run, at), { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  one.stderr.on('data', (text) => {
    said += text;
  });
  const [code, signal] = await once(one, 'exit');
  if (signal === 'SIGKILL') return 'killed';
  if (code !== 0) throw new Error(`the child ended with ${code}: ${said}`);
  return 'through';
}

/** What the next morning does: takes up what is left, and does the same work again. */
async function resumed({ mock, journal, name }: Run): Promise<{ records: JournalRecord[]; warnings: string[] }> {
  const warnings: string[] = [];
  const ima = new ImaRouter({
    apiKey: 'sk-kill-0123456789',
    baseUrl: mock.url,
    journal,
    poll: { minMs: 10, maxMs: 30, perSecond: 1000 },
    onWarning: ({ code }) => warnings.push(code),
  });
  await Promise.all((await ima.resume()).map((task) => task.result()));
  expect(await ima.resume()).toEqual([]);
  const { items } = requestsOf(name);
  for await (const { error, result } of ima.batch(items)) {
    if (result === undefined) expect(error).toMatchObject({ code: 'submit_unsettled' });
  }
  return { records: await ima.journal.list(), warnings };
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

test(`killed at ${KILLS} instants, then resumed: nothing lost, nothing paid twice`, {
  timeout: isFull ? 600_000 : 60_000,
}, async () => {
  const whole = await begun('whole');
  const { stdout } = await promisify(execFile)(process.execPath, argsOf(whole, 0));
  const { steps } = JSON.parse(stdout) as { steps: number };
  const calm = await resumed(whole);
  check(whole, calm.records, calm.warnings);
  expect(calm.records.map(({ state }) => state)).toEqual(['succeeded', 'succeeded', 'succeeded', 'succeeded']);
  await whole.mock.close();
  expect(steps).toBeGreaterThan(60);

  const random = chance(seed);
  const instants =
    process.env.CHAOS_KILL === undefined
      ? Array.from({ length: KILLS }, () => 1 + Math.floor(random() * steps))
      : [Number(process.env.CHAOS_KILL)];
  const seen = { killed: 0, through: 0, unknown: 0, resumed: 0 };
  const rest = instants.map((at, index) => ({ at, index }));
  const work = async () => {
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
      const run = await begun(String(next.index));
      try {
        seen[await killedAt(run, next.at)]++;
        const { records, warnings } = await resumed(run);
        check(run, records, warnings);
        const unknown = records.filter(({ state }) => state === 'unknown').length;
        if (unknown > 0) seen.unknown++;
        else seen.resumed++;
      } catch (error) {
        const replay = `CHAOS_SEED=${seed} CHAOS_KILL=${next.at} npm run chaos -- kill`;
        throw new Error(`killed at step ${next.at} of ${steps}; replay: ${replay}`, { cause: error });
      } finally {
        await run.mock.close();
      }
    }
  };
  await Promise.all([work(), work()]);
  console.log(`kill: ${JSON.stringify({ seed, steps, ...seen })}`);
  // The instants must not all fall where nothing is at stake.
  expect(seen.killed).toBeGreaterThan(KILLS / 2);
  if (KILLS >= 16 && process.env.CHAOS_KILL === undefined) expect(seen.resumed).toBeGreaterThan(0);
});
