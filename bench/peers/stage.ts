// What the speed benches stand on: the peers installed, this library bundled, a server beside them, one process per run.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '../..');

/** Runs the bench that was called with `--node24` under Node 24, and ends with its exit code. */
export function underNode24(script: string, args: readonly string[]): never {
  const node = execFileSync('npx', ['-y', '-p', 'node@24', 'node', '-p', 'process.execPath'], { encoding: 'utf8' });
  const rest = args.filter((arg) => arg !== '--node24');
  try {
    execFileSync(node.trim(), ['--import', import.meta.resolve('tsx'), script, ...rest], {
      cwd: root,
      stdio: 'inherit',
    });
  } catch (error) {
    process.exit(error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : 1);
  }
  process.exit(0);
}

/** A server in a process of its own, and whatever runs against it. */
export class Stage {
  readonly #folder: string;
  readonly #server: ChildProcess;
  readonly url: string;

  private constructor(folder: string, server: ChildProcess, url: string) {
    this.#folder = folder;
    this.#server = server;
    this.url = url;
  }

  /** Installs the peers where they are missing, bundles `src/`, starts `server` (a file beside this one). */
  static async open(server: string): Promise<Stage> {
    if (!existsSync(join(here, 'node_modules'))) {
      execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: here, stdio: ['ignore', 'ignore', 'inherit'] });
    }
    const folder = await mkdtemp(join(tmpdir(), 'ima-bench-'));
    await build({
      ...{ entryPoints: [join(root, 'src/index.ts')], outdir: folder, absWorkingDir: root, logLevel: 'error' },
      ...{ bundle: true, splitting: true, format: 'esm', platform: 'node', target: 'node20' },
      ...{ outExtension: { '.js': '.mjs' } },
    });
    const child = spawn(process.execPath, [join(here, server)], { stdio: ['ignore', 'pipe', 'inherit'] });
    const url = await new Promise<string>((resolve, reject) => {
      child.stdout.once('data', (line) => resolve(String(line).trim()));
      child.once('exit', (code) => reject(new Error(`${server} ended with ${code}`)));
    });
    return new Stage(folder, child, url);
  }

  /** Runs `script` (a file beside this one) in a fresh process and gives what it prints as JSON. */
  run<Result>(script: string, args: readonly (string | number)[]): Promise<Result> {
    const child = spawn(process.execPath, [join(here, script), ...args.map(String)], {
      env: { ...process.env, BENCH_URL: this.url, BENCH_OURS: join(this.#folder, 'index.mjs') },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let printed = '';
    child.stdout.on('data', (chunk) => {
      printed += chunk;
    });
    return new Promise((resolve, reject) => {
      child.once('close', (code) => {
        if (code === 0) resolve(JSON.parse(printed));
        else reject(new Error(`${script} ${args.join(' ')} ended with ${code}`));
      });
    });
  }

  async close(): Promise<void> {
    this.#server.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Names of the peers with their versions. */
export async function peerVersions(): Promise<Record<string, string>> {
  const manifest: { dependencies: Record<string, string> } = JSON.parse(
    await readFile(join(here, 'package.json'), 'utf8'),
  );
  return manifest.dependencies;
}

/** The middle one; of an even number the lower of the two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
}

/** In another order each round, the same every time, so that no contender always follows the same one. */
export function shuffled<T>(items: readonly T[], round: number): T[] {
  return items
    .map((item, at) => ({ item, key: Math.imul((at + 1) * 2654435761, round * 40503 + 1) >>> 0 }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

/** What stands under every table. */
export function machine(): string {
  const { undici } = process.versions;
  return `Node ${process.version} (undici ${undici}), ${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown CPU'}`;
}

/** A whole number from 1, as a command line gives it. */
export function count(name: string, text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1) throw new Error(`--${name} takes a whole number from 1`);
  return number;
}
