// The main job, shown: one of each kind that a gateway makes, from request to checked file. Free against the mock.

import { access, constants, mkdir, writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import Table from 'cli-table3';
import { Command, Option } from 'commander';
import { type ClientOptions, ImaRouterError, type TaskResult, type TaskState } from '../src/index.js';
import { type Mock, type MockGatewayName, startMock } from '../src/mock/index.js';
import { decode } from './demo/decode.js';
import { type Job, shops } from './demo/jobs.js';
import { type Board, board } from './demo/progress.js';

/** The mock's durations are the same at every run, so that the demo ends in time. */
const SEED = 7;

/** One saved file, as the table shows it. */
interface Row {
  model: string;
  time: string;
  polls: string;
  cost: string;
  path: string;
  sha256: string;
  judge: string;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
}

async function main(): Promise<number> {
  const { gateway, real, out, speed } = new Command('demo')
    .description('Generates one of each kind that a gateway makes, and saves them.')
    .addOption(new Option('--gateway <name>', 'which one').choices(Object.keys(shops)).default('ima-router'))
    .option('--real', 'buy them from the real gateway, with the key in your environment (costs money)', false)
    .option('-o, --out <dir>', 'where the files go', 'out/')
    .option('--speed <factor>', 'how much faster than life the mock runs', Number, 12)
    .parse()
    .opts<{ gateway: MockGatewayName; real: boolean; out: string; speed: number }>();

  // Before anything is bought: a result that cannot be stored is half lost.
  try {
    await mkdir(out, { recursive: true });
    await access(out, constants.W_OK);
  } catch (error) {
    throw new Error(`The folder ${out} cannot be used, so nothing was started (${explain(error)}).`, { cause: error });
  }

  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort(new Error('Ctrl-C')));
  const polls = new Map<string, number>();
  const logger = pollCounter(polls);

  const mock = real ? undefined : await startMock({ gateway, speed, seed: SEED });
  const { jobs: jobsOf, keyVariable } = shops[gateway];
  const jobs = jobsOf({ logger, ...(mock === undefined ? {} : atMock(mock, speed)) });
  console.log(
    mock === undefined
      ? `Buying ${jobs.length} generations from the real gateway:\n`
      : `The bundled mock answers at ${mock.url}, ${speed} times faster than life; nothing is bought.\n`,
  );

  const shown = board(
    jobs.map((job) => job.label),
    process.stderr,
  );
  const results = await Promise.allSettled(
    jobs.map((job) => one(job, { out, shown, polls, signal: interrupted.signal })),
  );
  shown.stop();
  await mock?.close();

  const rows = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
  const failures = new Set(results.flatMap((result) => (result.status === 'rejected' ? [explain(result.reason)] : [])));
  if (rows.length > 0) {
    console.log(`\n${tableOf(rows)}`);
    const sums = join(out, 'SHA256SUMS');
    await writeFile(sums, rows.map((row) => `${row.sha256}  ${basename(row.path)}\n`).join(''));
    console.log(`\n${verdict(rows)} Full sums: ${relative('.', sums)}`);
  }
  for (const failure of failures) console.error(`\n${failure}`);
  if (interrupted.signal.aborted) {
    if (mock !== undefined) console.error('\nStopped. The mock is gone, and its tasks with it.');
    return 130;
  }
  const flags = gateway === 'ima-router' ? '' : ` -- --gateway ${gateway}`;
  if (!real) {
    console.log(`The same from the real gateway (it costs money): ${keyVariable}=sk-… npm run demo:real${flags}`);
  }
  return failures.size > 0 ? 1 : 0;
}

function atMock(mock: Mock, speed: number): ClientOptions {
  const poll = { minMs: 3000 / speed, maxMs: 10_000 / speed, perSecond: 100 };
  return { baseUrl: mock.url, apiKey: mock.apiKey, poll };
}

/** Counts the status calls of each task, seen through the client's own log. */
function pollCounter(polls: Map<string, number>) {
  return {
    debug: (_: string, fields: Record<string, unknown> = {}) => {
      const id = String(fields.path).split('/').pop() ?? '';
      if (fields.method === 'GET') polls.set(id, (polls.get(id) ?? 0) + 1);
    },
    info: () => {},
    warn: () => {},
    error: () => {},
  };
}

async function one(
  job: Job,
  at: { out: string; shown: Board; polls: Map<string, number>; signal: AbortSignal },
): Promise<Row[]> {
  const { label } = job;
  const { signal, shown } = at;
  const startedAt = Date.now();
  let progress = 0;
  const onUpdate = (state: TaskState) => {
    progress = state.progress ?? 0;
    shown.update(label, progress, state.rawStatus || state.status);
  };
  let result: TaskResult | undefined;
  try {
    result = await job.run({ onUpdate, signal });
    const time = `${((Date.now() - startedAt) / 1000).toFixed(1)} s`;
    const files = await result.download(`${at.out}/`, { name: label, overwrite: true, signal });
    const { model, costUsd, id } = result;
    return await Promise.all(
      files.map(async ({ path, sha256 }, index) => {
        const first = index === 0;
        const { by: judge } = await decode(path);
        return {
          model: first ? model : '',
          time: first ? time : '',
          polls: first ? String(at.polls.get(id) ?? 0) : '',
          cost: first ? (costUsd === undefined ? 'unknown' : `$${costUsd}`) : '',
          path: relative('.', path),
          sha256,
          judge,
        };
      }),
    );
  } catch (error) {
    shown.update(label, progress, signal.aborted ? 'stopped waiting' : 'failed');
    if (result === undefined || ImaRouterError.is(error)) throw error;
    // Bought and stored: whatever is wrong with the file, its owner must be able to find the task.
    throw new Error(
      `Task ${result.id} (${result.model}) is done and paid, but its file is not as it should be: ${explain(error)}`,
    );
  }
}

function verdict(rows: readonly Row[]): string {
  const judges = new Set(rows.map((row) => row.judge));
  if (judges.delete('nobody')) return 'Not all files were checked: some are of a format that only ffmpeg reads.';
  return `All files decode, say ${[...judges].join(' and ')}.`;
}

/** At most 80 columns: a terminal that wraps a table shows noise. */
function tableOf(rows: readonly Row[]): string {
  const none = Object.fromEntries(
    [
      'top',
      'top-mid',
      'top-left',
      'top-right',
      'bottom',
      'bottom-mid',
      'bottom-left',
      'bottom-right',
      'left',
      'left-mid',
      'mid',
      'mid-mid',
      'right',
      'right-mid',
    ].map((name) => [name, '']),
  );
  const table = new Table({
    head: ['model', 'time', 'polls', 'cost', 'file', 'sha256'],
    chars: { ...none, middle: ' ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: ['left', 'right', 'right', 'right', 'left', 'left'],
  });
  for (const row of rows)
    table.push([row.model, row.time, row.polls, row.cost, row.path, `${row.sha256.slice(0, 12)}…`]);
  return table.toString();
}

function explain(error: unknown): string {
  if (ImaRouterError.is(error)) return `${error.message}${error.hint === '' ? '' : `\n${error.hint}`}`;
  return error instanceof Error ? error.message : String(error);
}
