// Records, directories and processes for the tests of the directory journal.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach } from 'vitest';
import { DirectoryJournal, type JournalRecord, type Warning } from '../../src/index.js';
import { bundled } from '../support/bundled.js';
import type { Answer, Step } from './child.js';

/** A record of an intent, with what `change` says. */
export function record(key: string, change: Partial<JournalRecord> = {}): JournalRecord {
  return {
    v: 1,
    key,
    gateway: 'mock',
    model: 'kling-v3-video',
    endpoint: '/v1/videos',
    pollPath: '/v1/videos/{task_id}',
    modality: 'video',
    traceId: 'trace-1',
    state: 'intent',
    createdAt: '2026-11-01T10:00:00.000Z',
    updatedAt: '2026-11-01T10:00:00.000Z',
    ...change,
  };
}

/** An ISO date, `days` ago. */
export function daysAgo(days: number): string {
  return new Date(Date.now() - days * 86_400_000).toISOString();
}

/** Makes directories that are gone after the test. */
export function folders(): () => Promise<string> {
  const made: string[] = [];
  afterEach(async () => {
    for (const folder of made.splice(0)) {
      // An instance may still be clearing up in there.
      await rm(folder, { recursive: true, force: true, maxRetries: 9 });
    }
  });
  return async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ima-journal-'));
    made.push(folder);
    return folder;
  };
}

/** A journal and what it warned of. */
export function opened(directory: string | URL): { journal: DirectoryJournal; warnings: Warning[] } {
  const journal = new DirectoryJournal(directory);
  const warnings: Warning[] = [];
  journal.report((warning) => warnings.push(warning));
  return { journal, warnings };
}

/** All that lies in a directory, in order. */
export async function content(directory: string): Promise<string[]> {
  return (await readdir(directory, { recursive: true })).sort();
}

/** The JSON of a file; undefined while there is none. */
export async function jsonOf(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : JSON.parse(text);
}

/** Puts a file where a journal finds it. */
export async function plant(directory: string, name: string, content: string | Uint8Array): Promise<string> {
  await writeFile(join(directory, name), content);
  return join(directory, name);
}

/** How many files were open at once, of those that match, by the log of a child. */
export function mostOpen(log: string[], name: RegExp): number {
  let [open, most] = [0, 0];
  for (const line of log) {
    if (!name.test(line)) continue;
    if (line.startsWith('open')) open++;
    if (line.startsWith('close')) open--;
    most = Math.max(most, open);
  }
  return most;
}

/** Resolves when `isSo` holds. */
export async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** A process of its own that works on a journal, step by step. */
export interface Worker {
  process: ChildProcess;
  ask(step: Step): Promise<Answer>;
  /** Nothing more to do: the process should end by itself. Resolves to its exit code, null if a signal ended it. */
  end(): Promise<number | null>;
}

/**
 * Makes processes that run `child.ts`, bundled once: starting them through a compiler takes seconds. Those that a test
 * leaves behind are killed after it.
 */
export function workers(): (directory: string, as?: { uid: number; gid: number }) => Promise<Worker> {
  let bundle: Promise<string> | undefined;
  const living = new Set<ChildProcess>();
  afterEach(async () => {
    for (const child of living) {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    }
  });
  afterAll(async () => {
    if (bundle !== undefined) await rm(join(await bundle, '..'), { recursive: true, force: true });
  });
  return async (directory, as = undefined) => {
    bundle ??= bundled(new URL('child.ts', import.meta.url));
    const args = [await bundle, directory, ...(as === undefined ? [] : [String(as.uid), String(as.gid)])];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    living.add(child);
    // A child that was killed takes no more steps: `ask` says so.
    child.stdin.on('error', () => {});
    const exit = new Promise<number | null>((resolve) => {
      const over = (code: number | null): void => {
        living.delete(child);
        resolve(code);
      };
      child.once('exit', over);
      child.once('error', () => over(null));
    });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    return {
      process: child,
      async ask(step) {
        child.stdin.write(`${JSON.stringify(step)}\n`);
        const { value, done } = await lines.next();
        if (done === true) throw new Error('the child ended');
        return JSON.parse(value);
      },
      end() {
        child.stdin.end();
        return exit;
      },
    };
  };
}
