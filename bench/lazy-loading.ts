// What importing the package loads and costs, and what comes later: bytes of each part, milliseconds, and that neither zod nor schemas come early.
// npx tsx bench/lazy-loading.ts [--runs 11]; works on dist/ (built if missing); exits 1 if the import loads what should be lazy.

import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import Table from 'cli-table3';
import { build } from 'esbuild';

const { values: options } = parseArgs({ options: { runs: { type: 'string', default: '11' } } });
const root = fileURLToPath(new URL('..', import.meta.url));
const door = join(root, 'dist/src/index.js');
if (!existsSync(door)) execFileSync('npm', ['run', 'build'], { cwd: root, stdio: 'inherit' });
await warnIfOld();
const work = await mkdtemp(join(tmpdir(), 'ima-lazy-'));
try {
  const isLazy = await loadsLazily();
  await bytes();
  milliseconds();
  process.exitCode = isLazy ? 0 : 1;
} finally {
  await rm(work, { recursive: true, force: true });
}

async function warnIfOld(): Promise<void> {
  const built = statSync(door).mtimeMs;
  const names = await readdir(join(root, 'src'), { recursive: true });
  const newer = names.filter((name) => name.endsWith('.ts') && statSync(join(root, 'src', name)).mtimeMs > built);
  if (newer.length > 0) console.error(`dist/ is older than ${newer.length} files of src/: npm run build first`);
}

/**
 * Which files are loaded, by two witnesses: a loader hook, which sees ES modules and what is imported from them, and
 * `require.cache`, which sees CommonJS. Asked after the import, after making a client, and after one validation: if
 * they did not see zod then, they would not be believed before.
 */
async function loadsLazily(): Promise<boolean> {
  const log = join(work, 'loaded.txt');
  const hooks = join(work, 'hooks.mjs');
  await writeFile(
    hooks,
    `import { appendFileSync } from 'node:fs';
     export async function load(url, context, next) { appendFileSync(${JSON.stringify(log)}, url + '\\n'); return next(url, context); }`,
  );
  const script = `
    import { createRequire, register } from 'node:module';
    import { readFileSync } from 'node:fs';
    register(${JSON.stringify(pathToFileURL(hooks).href)});
    const seen = () => [...new Set([...readFileSync(${JSON.stringify(log)}, 'utf8').split('\\n'), ...Object.keys(createRequire(${JSON.stringify(door)}).cache)])].filter((name) => name !== '');
    const stages = {};
    const { ImaRouter } = await import(${JSON.stringify(pathToFileURL(door).href)});
    stages.import = seen();
    const ima = new ImaRouter({ apiKey: 'sk-x' });
    ima.models.list();
    stages.client = seen();
    await ima.validate({ model: 'kling-v3-video', prompt: 'x' });
    stages.validate = seen();
    console.log(JSON.stringify(stages));`;
  const stages = JSON.parse(node(script)) as Record<'import' | 'client' | 'validate', string[]>;
  const lazy = {
    zod: /\/node_modules\/zod\//,
    schemas: /\/generated\/[^/]+\/schemas\.js$/,
    rules: /\/gateways\/[^/]+\/rules\//,
    'media fields': /\/generated\/[^/]+\/media\.js$/,
  };
  const table = new Table({
    head: ['modules loaded after', 'all', ...Object.keys(lazy)],
    style: { head: [], border: [] },
  });
  for (const [stage, names] of Object.entries(stages)) {
    const own = Object.values(lazy).map((pattern) => names.filter((name) => pattern.test(name)).length);
    table.push([stage, names.length, ...own]);
  }
  console.log(table.toString());
  const count = (names: string[], pattern: RegExp) => names.filter((name) => pattern.test(name)).length;
  const early = Object.entries(lazy).filter(([, pattern]) => count(stages.client, pattern) > 0);
  const unseen = Object.entries(lazy).filter(([, pattern]) => count(stages.validate, pattern) === 0);
  for (const [name] of early) console.error(`${name}: loaded before the first validation`);
  for (const [name] of unseen)
    console.error(`${name}: not seen even after a validation, so that its absence before says nothing`);
  return early.length === 0 && unseen.length === 0;
}

/** Bytes of what a bundler makes of the package: the start part and what each `import()` adds to it. */
async function bytes(): Promise<void> {
  const outdir = join(work, 'bundle');
  const { metafile } = await build({
    ...{ entryPoints: [door], outdir, bundle: true, splitting: true, minify: true, metafile: true },
    ...{ format: 'esm', platform: 'node', target: 'node20', chunkNames: '[name]-[hash]', absWorkingDir: root },
  });
  const { outputs } = metafile;
  const closure = (file: string, found = new Set<string>()): Set<string> => {
    if (found.has(file) || outputs[file] === undefined) return found;
    found.add(file);
    for (const { path, kind } of outputs[file].imports) if (kind === 'import-statement') closure(path, found);
    return found;
  };
  const start = Object.keys(outputs).find((file) => outputs[file]?.entryPoint?.endsWith('dist/src/index.js'));
  if (start === undefined) throw new Error('esbuild has made no chunk of the public door');
  const early = closure(start);
  const table = new Table({
    head: ['part', 'files', 'min', 'min+gzip'],
    style: { head: [], border: [] },
    colAligns: ['left', 'right', 'right', 'right'],
  });
  const row = async (name: string, files: readonly string[]): Promise<void> => {
    const contents = await Promise.all(files.map((file) => readFile(join(root, file))));
    const [plain, packed] = [contents, contents.map((content) => gzipSync(content, { level: 9 }))].map((list) =>
      list.reduce((sum, { length }) => sum + length, 0),
    );
    table.push([name, files.length, (plain ?? 0).toLocaleString('en'), (packed ?? 0).toLocaleString('en')]);
  };
  await row('start (import)', [...early]);
  const lazy = Object.entries(outputs).filter(([file, { entryPoint }]) => entryPoint !== undefined && !early.has(file));
  for (const [file, { entryPoint = '' }] of lazy) {
    await row(
      nameOf(entryPoint),
      [...closure(file)].filter((one) => !early.has(one)),
    );
  }
  console.log(table.toString());
}

function nameOf(entry: string): string {
  const part = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(entry)?.[1];
  if (part !== undefined) return part;
  return entry.split('/').slice(-2).join('/');
}

/** Medians over fresh processes. */
function milliseconds(): void {
  const runs = Math.max(1, Number(options.runs));
  const at = JSON.stringify(pathToFileURL(door).href);
  const zod = JSON.stringify(pathToFileURL(join(root, 'node_modules/zod/index.js')).href);
  const clock = 'const now = () => performance.now();';
  const library = `${clock}
    const a = now(); const { ImaRouter } = await import(${at}); const b = now();
    const ima = new ImaRouter({ apiKey: 'sk-x' }); const c = now();
    await ima.validate({ model: 'kling-v3-video', prompt: 'x' }); const d = now();
    await ima.validate({ model: 'kling-v3-video', prompt: 'y' }); const e = now();
    await ima.validate({ model: 'wan2.6-t2v', prompt: 'x' }); const f = now();
    console.log(JSON.stringify([b - a, c - b, d - c, e - d, f - e]));`;
  const alone = `${clock} const a = now(); await import(${zod}); console.log(JSON.stringify([now() - a]));`;
  const taken: number[][] = [];
  for (let run = 0; run < runs; run++) {
    taken.push([...(JSON.parse(node(library)) as number[]), ...(JSON.parse(node(alone)) as number[])]);
  }
  const names = [
    ...['import of the package', 'new ImaRouter', 'first validate of a model (loads zod, schemas, rules)'],
    ...['second validate of that model', 'first validate of another model (one conversion)', 'import of zod alone'],
  ];
  const table = new Table({
    head: [`ms, ${runs} fresh processes`, 'median', 'least'],
    style: { head: [], border: [] },
  });
  for (const [at, name] of names.entries()) {
    const all = taken.map((run) => run[at] ?? 0).sort((a, b) => a - b);
    table.push([name, (all[all.length >> 1] ?? 0).toFixed(2), (all[0] ?? 0).toFixed(2)]);
  }
  console.log(table.toString());
  console.log(`Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown CPU'}`);
}

function node(script: string): string {
  return execFileSync(process.execPath, ['--input-type=module', '--eval', script], { cwd: root, encoding: 'utf8' });
}
