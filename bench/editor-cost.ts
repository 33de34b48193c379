// What the types cost an editor: ten lines on the public door against the same with plain fetch, both through tsc; at most 1.2 times.
// npx tsx bench/editor-cost.ts [--runs 21] [--package <folder of another build>]; works on dist/ (built if missing); exits 1 above the bar.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const BAR = 1.2;
const { values: options } = parseArgs({
  options: { runs: { type: 'string', default: '21' }, package: { type: 'string' } },
});
/** Each file this often, in turns, so that a busy machine is unjust to both; the fastest run of each is compared. */
const ROUNDS = Number(options.runs);
const root = fileURLToPath(new URL('..', import.meta.url));
const measured = resolve(options.package ?? root);
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

const FILES = {
  fetch: `const headers = { authorization: \`Bearer \${process.env.IMAROUTER_API_KEY}\`, 'content-type': 'application/json' };
const body = { model: 'kling-v3-video', prompt: 'a puppy runs across a meadow', duration: 5, aspect_ratio: '16:9' };
const address = 'https://api.imarouter.com/v1/videos';
const answer = await fetch(address, { method: 'POST', headers, body: JSON.stringify(body) });
let task = (await answer.json()) as { id: string; status: string; progress?: number; results?: { url: string }[] };
while (task.status !== 'completed') {
  task = (await (await fetch(\`\${address}/\${task.id}\`, { headers })).json()) as typeof task;
  console.log(task.status, task.progress);
}
for (const { url } of task.results ?? []) console.log(url, (await (await fetch(url)).arrayBuffer()).byteLength);
export {};
`,
  'ima-router': `import { ImaRouter } from 'ima-router';

const ima = new ImaRouter();
const video = await ima.generate(
  { model: 'kling-v3-video', prompt: 'a puppy runs across a meadow', duration: 5, aspect_ratio: '16:9' },
  { timeoutMs: 600_000, onUpdate: (state) => console.log(state.status, state.progress) },
);
for (const file of await video.download('out/')) {
  console.log(file.path, file.bytes);
}
`,
};
type File = keyof typeof FILES;
const NAMES: readonly File[] = ['fetch', 'ima-router'];
const LIBS = { 'ES2022 and node': ['ES2022'], 'default libs and node': undefined };
const TOTAL = 'Total time';
const ROWS = ['Parse time', 'Bind time', 'Check time', TOTAL, 'Files', 'Types', 'Instantiations', 'Memory used'];

type Figures = Record<string, number>;

if (!existsSync(join(measured, 'dist/src/index.d.ts'))) {
  execFileSync('npm', ['run', 'build'], { cwd: measured, stdio: 'inherit' });
}
const project = await mkdtemp(join(tmpdir(), 'ima-editor-cost-'));
try {
  await consumer(project);
  const ratios = Object.entries(LIBS).map(([name, lib]) => compare(name, lib));
  const worst = Math.max(...ratios);
  console.log(`worst ratio ${worst.toFixed(2)}, allowed ${BAR}`);
  process.exitCode = worst > BAR ? 1 : 0;
} finally {
  await rm(project, { recursive: true, force: true });
}

/** A project that has installed the package: its `exports` are what is read. */
async function consumer(dir: string): Promise<void> {
  await mkdir(join(dir, 'node_modules/@types'), { recursive: true });
  await symlink(measured, join(dir, 'node_modules/ima-router'), 'junction');
  await symlink(join(root, 'node_modules/@types/node'), join(dir, 'node_modules/@types/node'), 'junction');
  await writeFile(join(dir, 'package.json'), '{"type":"module"}');
  for (const name of NAMES) await writeFile(join(dir, `${name}.ts`), FILES[name]);
}

function compare(name: string, lib: readonly string[] | undefined): number {
  const runs: Record<File, Figures[]> = { fetch: [], 'ima-router': [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const file of NAMES) runs[file].push(typeCheck(file, lib));
  }
  const of = (file: File, row: string, quantile: number): number => {
    const sorted = runs[file].map((figures) => figures[row] ?? Number.NaN).sort((a, b) => a - b);
    return sorted[Math.floor((sorted.length - 1) * quantile)] ?? Number.NaN;
  };
  console.log(`\n${name}: fastest (median) of ${ROUNDS}`);
  for (const row of ROWS) {
    const cells = NAMES.map((file) => {
      const [least, middle] = [of(file, row, 0), of(file, row, 0.5)];
      return row.endsWith('time') ? `${least.toFixed(2)} s (${middle.toFixed(2)})` : `${least}`;
    });
    console.log(`${row.padEnd(16)}${cells.map((cell) => cell.padStart(18)).join('')}`);
  }
  const ratio = of('ima-router', TOTAL, 0) / of('fetch', TOTAL, 0);
  const pairs = runs['ima-router'].map((ours, round) => (ours[TOTAL] ?? 0) / (runs.fetch[round]?.[TOTAL] ?? 0));
  const middle = pairs.sort((a, b) => a - b)[Math.floor(pairs.length / 2)] ?? Number.NaN;
  console.log(
    `ratio of the fastest totals ${ratio.toFixed(2)} (of the totals of one round, median: ${middle.toFixed(2)})`,
  );
  return ratio;
}

function typeCheck(file: File, lib: readonly string[] | undefined): Figures {
  const flags = ['--strict', '--noEmit', '--skipLibCheck', '--target', 'es2022', '--module', 'nodenext'];
  const libs = lib === undefined ? [] : ['--lib', lib.join(',')];
  const told = spawnSync(
    process.execPath,
    [tsc, ...flags, '--types', 'node', ...libs, '--extendedDiagnostics', `${file}.ts`],
    { cwd: project, encoding: 'utf8' },
  );
  if (told.status !== 0) throw new Error(`tsc does not accept ${file}.ts:\n${told.stdout}${told.stderr}`);
  return Object.fromEntries(
    [...told.stdout.matchAll(/^([A-Z][\w ]*):\s+([\d.]+)/gm)].map(([, row = '', figure]) => [row, Number(figure)]),
  );
}
