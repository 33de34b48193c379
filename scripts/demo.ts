// The main job, shown: one video, image, song and speech from request to checked file. Free against the mock.

import { relative, resolve } from 'node:path';
import Table from 'cli-table3';
import { Command } from 'commander';
import { ImaRouter, ImaRouterError, type TaskState } from '../src/index.js';
import { startMock } from '../src/mock/index.js';
import { decode } from './demo/decode.js';
import { board } from './demo/progress.js';

const { real, out, speed } = new Command('demo')
  .description('Generates a video, an image, a song and a speech, and saves them.')
  .option('--real', 'buy them from the real gateway with IMAROUTER_API_KEY (costs money)', false)
  .option('-o, --out <dir>', 'where the files go', 'out/')
  .option('--speed <factor>', 'how much faster than life the mock runs', Number, 12)
  .parse()
  .opts<{ real: boolean; out: string; speed: number }>();

/** The same durations at every run, so that the demo ends in time. */
const SEED = 7;

/** The smallest request of each kind: a real run buys exactly these. */
const jobs = [
  {
    label: 'video',
    run: (ima: ImaRouter, o: Options) =>
      ima.generate({ model: 'kling-v3-video', prompt: 'A puppy runs across a meadow, morning light.', duration: 5 }, o),
  },
  {
    label: 'image',
    run: (ima: ImaRouter, o: Options) =>
      ima.generate({ model: 'gemini-2.5-flash-image', prompt: 'A watercolour postcard of a mountain village.' }, o),
  },
  {
    label: 'song',
    run: (ima: ImaRouter, o: Options) =>
      ima.generate({ model: 'sonic', prompt: 'Bright synth-pop with a catchy chorus.' }, o),
  },
  {
    label: 'speech',
    run: (ima: ImaRouter, o: Options) =>
      ima.generate(
        { model: 'seed-tts-2.0', input: 'Hello, and welcome.', voice: 'zh_female_shuangkuaisisi_uranus' },
        o,
      ),
  },
] as const;

interface Options {
  onUpdate: (state: TaskState) => void;
  signal: AbortSignal;
}

/** Status calls per task id, seen through the client's own log. */
const polls = new Map<string, number>();
const logger = {
  debug: (_: string, fields: Record<string, unknown> = {}) => {
    const id = String(fields.path).split('/').pop() ?? '';
    if (fields.method === 'GET') polls.set(id, (polls.get(id) ?? 0) + 1);
  },
  info: () => {},
  warn: () => {},
  error: () => {},
};

/** Who said that the files decode. */
const judges = new Set<string>();

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort(new Error('Ctrl-C')));

const mock = real ? undefined : await startMock({ speed, seed: SEED });
const ima =
  mock === undefined
    ? new ImaRouter({ logger })
    : new ImaRouter({
        logger,
        baseUrl: mock.url,
        apiKey: mock.apiKey,
        poll: { minMs: 3000 / speed, maxMs: 10_000 / speed, perSecond: 100 },
      });

console.log(
  mock === undefined
    ? 'Buying four generations from the real gateway:\n'
    : `The bundled mock answers at ${mock.url}, ${speed} times faster than life; nothing is bought.\n`,
);
const shown = board(
  jobs.map((job) => job.label),
  process.stderr,
);
const results = await Promise.allSettled(jobs.map(one));
shown.stop();
await mock?.close();

const failures = results.flatMap((result) => (result.status === 'rejected' ? [explain(result.reason)] : []));
if (failures.length === results.length && new Set(failures).size === 1) {
  // One cause for all, such as a missing key: one sentence.
  console.error(`\n${failures[0]}`);
} else {
  const head = ['', 'model', 'time', 'polls', 'cost', 'file', 'holds', 'sha256'];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const [index, result] of results.entries()) {
    if (result.status === 'fulfilled') table.push(...result.value);
    else table.push([jobs[index]?.label ?? '', { colSpan: head.length - 1, content: explain(result.reason) }]);
  }
  console.log(`\n${table.toString()}`);
}
const failed = failures.length > 0;
if (!failed) console.log(`\nAll files decode (${[...judges].join(', ')}).`);
if (!real)
  console.log('The same against the real gateway (it costs money):\n  IMAROUTER_API_KEY=sk-… npm run demo:real');
process.exitCode = interrupted.signal.aborted ? 130 : failed ? 1 : 0;

async function one({ label, run }: (typeof jobs)[number]): Promise<string[][]> {
  const startedAt = Date.now();
  const onUpdate = (state: TaskState) => shown.update(label, state.progress ?? 0, state.rawStatus || state.status);
  try {
    const result = await run(ima, { onUpdate, signal: interrupted.signal });
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
    const files = await result.download(out.endsWith('/') ? out : `${out}/`, {
      name: label,
      overwrite: true,
      signal: interrupted.signal,
    });
    return await Promise.all(
      files.map(async (file, index) => {
        const decoded = await decode(file.path);
        judges.add(decoded.by);
        const first = index === 0;
        return [
          first ? label : '',
          first ? result.model : '',
          first ? `${seconds} s` : '',
          first ? String(polls.get(result.id) ?? 0) : '',
          first ? (result.costUsd === undefined ? 'unknown' : `$${result.costUsd}`) : '',
          relative(process.cwd(), resolve(file.path)),
          decoded.summary,
          file.sha256.slice(0, 12),
        ];
      }),
    );
  } catch (error) {
    shown.update(label, 0, 'failed');
    throw error;
  }
}

function explain(error: unknown): string {
  if (ImaRouterError.is(error)) return `${error.message}${error.hint === '' ? '' : `\n${error.hint}`}`;
  return error instanceof Error ? error.message : String(error);
}
