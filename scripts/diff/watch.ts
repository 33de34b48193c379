// What the watch of the vendor's spec does: pull, diff, generate, check, and leave a branch and a report, or nothing at all.
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { GatewayConfig } from '../gateways.js';
import { generate } from '../generate/generate.js';
import { digest, putInPlace, readText } from '../spec/files.js';
import { LOCK_FILE, type Lock } from '../spec/lock.js';
import { pull } from '../spec/pull.js';
import { type Diff, diffDocuments } from './diff.js';
import { markdownReport } from './report.js';
import { readSide } from './source.js';
import { code } from './words.js';

export interface WatchOptions {
  gateway: GatewayConfig;
  /** A checkout with a clean tree; the branch is made in it. */
  root: string;
  /** Another origin for the vendor's files. */
  base?: string | undefined;
  /** Where the report goes. */
  reportFile: string;
  /** What must pass, each a program with its arguments, run in `root`. */
  checks: readonly (readonly string[])[];
  log?: (line: string) => void;
}

/** `unchanged`: nothing was published that matters, and nothing is different on disk. */
export type WatchResult =
  | { kind: 'unchanged' }
  | { kind: 'moved'; diff: Diff; branch: string; title: string; labels: string[]; checksPassed: boolean };

/** Of a failed check, the end is shown: there the reason stands. */
const SHOWN_CHARACTERS = 3000;
/** The output of a whole test run. */
const MOST_BYTES = 64 * 1024 * 1024;
const AUTHOR = ['-c', 'user.name=spec watch', '-c', 'user.email=spec-watch@users.noreply.github.com'];

/** Throws one sentence where the pull fails or the tree is not clean; then nothing is changed. */
export async function watch(options: WatchOptions): Promise<WatchResult> {
  const { gateway, root, base } = options;
  const log = options.log ?? (() => {});
  const paths = [gateway.openapiDir, gateway.generatedDir];
  const dirty = await git(root, 'status', '--porcelain', '--', ...paths);
  if (dirty !== '')
    throw new Error(`${paths.join(' and ')} hold changes that are not committed: commit or drop them first.`);
  const kept = await mkdtemp(join(tmpdir(), 'spec-watch-'));
  try {
    const dir = join(root, gateway.openapiDir);
    await cp(dir, kept, { recursive: true });
    const { changed, lock } = await pull({ gateway, dir, base, log });
    const before = await readSide(join(kept, gateway.document), gateway);
    const after = await readSide(join(dir, gateway.document), gateway);
    const diff = diffDocuments(before, after, gateway);
    // Another ETag of the same files is no news.
    if (diff.verdict === undefined && changed.every((name) => name === LOCK_FILE)) {
      await putInPlace(dir, new Map([[LOCK_FILE, (await readText(join(kept, LOCK_FILE))) ?? '']]));
      return { kind: 'unchanged' };
    }
    return await prepare(options, diff, { changed, branch: branchOf(lock) });
  } catch (error) {
    await git(root, 'checkout', '-q', '--', ...paths);
    await git(root, 'clean', '-fdq', '--', ...paths);
    throw error;
  } finally {
    await rm(kept, { recursive: true, force: true });
  }
}

/** The same for the same files: who has answered to one edition in a branch need not be asked again. */
function branchOf({ gateway, specVersion, breakingChangesSince, files }: Lock): string {
  const contents = Object.entries(files).map(([name, { sha256 }]) => `${name} ${sha256}`);
  const { sha256 } = digest([...contents.sort(), breakingChangesSince ?? ''].join('\n'));
  return `spec/${gateway}-${specVersion.replaceAll(/[^\w.-]+/g, '_')}-${sha256.slice(0, 8)}`;
}

async function prepare(
  options: WatchOptions,
  diff: Diff,
  { changed, branch }: { changed: readonly string[]; branch: string },
): Promise<WatchResult> {
  const { gateway, root, reportFile } = options;
  const generation = await generated(options);
  const checks = generation.isGood ? await checked(options) : [];
  const checksPassed = generation.isGood && checks.every(({ isGood }) => isGood);
  const title = titleOf(diff, gateway.name);
  const notes = [
    `Changed under ${code(gateway.openapiDir)}: ${changed.map(code).join(', ')}.`,
    ...generation.notes,
    ...checks.map(noteOf),
    'Checks were run before this pull request was opened: a pull request that a workflow opens starts no other workflow.',
  ];
  await writeFile(reportFile, markdownReport(diff, notes));
  await git(root, 'checkout', '-q', '-B', branch);
  await git(root, 'add', '--', gateway.openapiDir, gateway.generatedDir);
  await git(root, ...AUTHOR, 'commit', '-q', '-m', title);
  const labels = [`spec: ${diff.verdict ?? 'cosmetic'}`, ...(checksPassed ? [] : ['spec: checks failed'])];
  return { kind: 'moved', diff, branch, title, labels, checksPassed };
}

function titleOf({ before, after, verdict, dateMoved }: Diff, name: string): string {
  const version = before.version === after.version ? after.version : `${before.version} → ${after.version}`;
  const date = dateMoved ? `, breaking changes since ${after.breakingChangesSince ?? 'no date'}` : '';
  return `Spec of ${name} ${version}: ${verdict ?? 'nothing for users'}${date}`;
}

async function generated({ gateway, root }: WatchOptions): Promise<{ isGood: boolean; notes: string[] }> {
  const repairs: string[] = [];
  try {
    await generate({
      gateway,
      openapiDir: join(root, gateway.openapiDir),
      outDir: join(root, gateway.generatedDir),
      log: (line) => {
        if (!line.startsWith('repaired ')) repairs.push(line);
      },
    });
    return { isGood: true, notes: repairs.map((line) => `${code('generate')} says: ${code(line)}`) };
  } catch (error) {
    // The report is worth more than a red job: somebody has to read it to mend the generator.
    const why = error instanceof Error ? error.message : String(error);
    return { isGood: false, notes: [`**${code('generate')} failed**, so nothing was checked: ${code(why)}`] };
  }
}

interface Check {
  command: string;
  isGood: boolean;
  output: string;
}

async function checked({ root, checks, log = () => {} }: WatchOptions): Promise<Check[]> {
  const done: Check[] = [];
  for (const [program = '', ...args] of checks) {
    const command = [program, ...args].join(' ');
    log(`running ${command}`);
    const run = promisify(execFile)(program, args, { cwd: root, maxBuffer: MOST_BYTES });
    const check = await run.then(
      () => ({ command, isGood: true, output: '' }),
      (error: unknown) => ({ command, isGood: false, output: outputOf(error) }),
    );
    log(`${command} ${check.isGood ? 'passed' : 'failed'}`);
    done.push(check);
  }
  return done;
}

function outputOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const parts = ['stdout', 'stderr'].map((key) => (key in error ? String(Reflect.get(error, key)) : ''));
  return parts.join('\n').trim() || error.message;
}

function noteOf({ command, isGood, output }: Check): string {
  if (isGood) return `${code(command)} passed.`;
  // A fence of four cannot be closed by one of three in the output.
  const shown = output.slice(-SHOWN_CHARACTERS).replaceAll('````', "''''");
  return `**${code(command)} failed.** Its last words:\n\n\`\`\`\`text\n${shown}\n\`\`\`\``;
}

export interface Publication {
  root: string;
  result: Extract<WatchResult, { kind: 'moved' }>;
  reportFile: string;
  /** The remote that the branch goes to. */
  remote: string;
  /** The GitHub command line. */
  gh: string;
}

/**
 * Pushes the branch and opens its pull request; what is there already is left as it is, for somebody may be at work on it.
 * Returns whether there was anything to do.
 */
export async function publish({ root, result, reportFile, remote, gh }: Publication): Promise<boolean> {
  const { branch, title, labels } = result;
  const call = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)(gh, args, { cwd: root, maxBuffer: MOST_BYTES })).stdout.trim();
  const isThere = (await git(root, 'ls-remote', '--heads', remote, branch)) !== '';
  if (!isThere) await git(root, 'push', '--quiet', remote, `HEAD:refs/heads/${branch}`);
  const known = await call('pr', 'list', '--head', branch, '--state', 'all', '--json', 'number', '--jq', '.[0].number');
  if (known !== '') return false;
  for (const label of labels) await call('label', 'create', label, '--force', '--color', 'ededed');
  const said = ['--title', title, '--body-file', reportFile];
  await call('pr', 'create', '--head', branch, ...said, ...labels.flatMap((label) => ['--label', label]));
  return true;
}

async function git(root: string, ...args: string[]): Promise<string> {
  try {
    return (await promisify(execFile)('git', args, { cwd: root, maxBuffer: MOST_BYTES })).stdout.trim();
  } catch (error) {
    throw new Error(`git ${args[0]} failed: ${outputOf(error)}`);
  }
}
