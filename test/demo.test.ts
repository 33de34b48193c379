// The README's first command, as a stranger runs it: plain lines, a table, each gateway's kinds of file; and Ctrl-C in the middle.

import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const script = fileURLToPath(new URL('../scripts/demo.ts', import.meta.url));
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'demo-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

function demo(args: string[], onStderr: (text: string, interrupt: () => void) => void = () => {}): Promise<Ended> {
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...args]);
  const ended: Ended = { code: null, stdout: '', stderr: '' };
  child.stdout.on('data', (text: Buffer) => {
    ended.stdout += text;
  });
  child.stderr.on('data', (text: Buffer) => {
    ended.stderr += text;
    onStderr(ended.stderr, () => child.kill('SIGINT'));
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ ...ended, code })));
}

/** What a run at each gateway leaves and says. */
const RUNS = [
  {
    gateway: 'ima-router',
    flags: [],
    files: ['image.png', 'song-1.mp3', 'song-2.mp3', 'speech.mp3', 'video.mp4'],
    models: ['kling-v3-video', 'gemini-2.5-flash-image', 'sonic', 'seed-tts-2.0'],
    running: /video +\d+ % {2}in_progress/,
    real: 'IMAROUTER_API_KEY=sk-… npm run demo:real\n',
    keyless: 'No API key for ima-router: set IMAROUTER_API_KEY or pass { apiKey }.',
  },
  {
    gateway: 'imini',
    flags: ['--gateway', 'imini'],
    files: ['image.png', 'video.mp4'],
    models: ['kling/kling-v3', 'google/nano-banana'],
    running: /video +\d+ % {2}processing/,
    real: 'IMINI_API_KEY=sk-… npm run demo:real -- --gateway imini\n',
    keyless: 'No API key for imini: set IMINI_API_KEY or pass { apiKey }.',
  },
];

test.each(RUNS)('$gateway: makes one of each kind', { timeout: 60_000 }, async (run) => {
  const out = join(folder, run.gateway);
  const { code, stdout, stderr } = await demo([...run.flags, '--speed', '100', '--out', out]);
  expect(stdout + stderr).toMatch(/All files decode, say \w+( and \w+)*\./);
  expect(code).toBe(0);
  expect((await readdir(out)).sort()).toEqual(['SHA256SUMS', ...run.files]);
  expect(stderr).toMatch(run.running);
  for (const model of run.models) expect(stdout).toContain(model);
  expect(stdout).toContain(run.real);
  expect(
    Math.max(
      ...stdout
        .split('\n')
        .slice(2)
        .map((line) => line.length),
    ),
  ).toBeLessThanOrEqual(110);
  const table = stdout.split('\n').filter((line) => line.includes('…') && !line.includes('npm'));
  expect(Math.max(...table.map((line) => line.length))).toBeLessThanOrEqual(80 + out.length);
});

test('Ctrl-C stops the waiting, says that the tasks run on, and exits with 130', { timeout: 60_000 }, async () => {
  let sent = false;
  const { code, stderr } = await demo(['--speed', '1', '--out', join(folder, 'none')], (text, interrupt) => {
    if (sent || !text.includes('video')) return;
    sent = true;
    interrupt();
  });
  expect(code).toBe(130);
  expect(stderr.match(/it runs on/g)?.length ?? 0).toBeGreaterThan(0);
  expect(stderr).toContain('stopped waiting');
  expect(stderr).not.toContain('failed');
});

test('a folder that cannot be is told before anything is bought', { timeout: 60_000 }, async () => {
  const { code, stdout, stderr } = await demo(['--out', fileURLToPath(import.meta.url)]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^The folder \S+ cannot be used, so nothing was started \(EEXIST/);
  expect(stdout).toBe('');
});

test.each(RUNS)('$gateway: without a key the real run ends in one sentence', { timeout: 60_000 }, async (run) => {
  const { code, stderr } = await demo([...run.flags, '--real', '--out', join(folder, 'none')]);
  expect(code).toBe(1);
  expect(stderr).toContain(run.keyless);
});

test('a gateway that nobody knows is told in one sentence', { timeout: 60_000 }, async () => {
  const { code, stdout, stderr } = await demo(['--gateway', 'imono', '--out', folder]);
  expect(code).toBe(1);
  expect(stderr.trim()).toMatch(/^error: .*'imono' is invalid\. Allowed choices are ima-router, imini\.$/);
  expect(stdout).toBe('');
});
