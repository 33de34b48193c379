// Processes that save results, for tests of what happens between them and after their death.

import { type ChildProcess, spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach } from 'vitest';
import { bundled } from '../support/bundled.js';
import type { Errand, Report } from './save-child.js';

export interface Child {
  process: ChildProcess;
  /** What it said at its end; undefined for one that was killed. */
  report: Promise<Report | undefined>;
}

/** Makes processes that run `save-child.ts`, bundled once. Those that a test leaves behind are killed after it. */
export function children(): (errand: Errand, limits?: string) => Promise<Child> {
  let bundle: Promise<string> | undefined;
  const living = new Set<ChildProcess>();
  afterEach(() => {
    for (const child of living) child.kill('SIGKILL');
  });
  afterAll(async () => {
    if (bundle !== undefined) await rm(join(await bundle, '..'), { recursive: true, force: true });
  });
  return async (errand, limits) => {
    bundle ??= bundled(new URL('save-child.ts', import.meta.url));
    const args = [await bundle, JSON.stringify(errand)];
    const [command, ...rest] =
      limits === undefined ? [process.execPath] : ['bash', '-c', `${limits}; exec "$@"`, 'bash', process.execPath];
    const child = spawn(command, [...rest, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    living.add(child);
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const report = new Promise<Report | undefined>((resolve) => {
      const over = (): void => {
        living.delete(child);
        resolve(said === '' ? undefined : JSON.parse(said));
      };
      child.once('close', over);
      child.once('error', over);
    });
    return { process: child, report };
  };
}
