// The README's first command, as a stranger runs it: plain lines, a table, four kinds of file; and Ctrl-C in the middle.

import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const script = fileURLToPath(new URL('../scripts/demo.ts', import.meta.url));
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ima-router-demo-'));
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

test('makes a video, an image, a song and a speech', { timeout: 60_000 }, async () => {
  const { code, stdout, stderr } = await demo(['--speed', '100', '--out', folder]);
  expect(stdout + stderr).toMatch(/All files decode, say \w+( and \w+)*\./);
  expect(code).toBe(0);
  expect((await readdir(folder)).sort()).toEqual([
    'SHA256SUMS',
    'image.png',
    'song-1.mp3',
    'song-2.mp3',
    'speech.mp3',
    'video.mp4',
  ]);
  expect(stderr).toMatch(/video +\d+ % {2}in_progress/);
  for (const model of ['kling-v3-video', 'gemini-2.5-flash-image', 'sonic', 'seed-tts-2.0'])
    expect(stdout).toContain(model);
  expect(stdout).toContain('IMAROUTER_API_KEY=sk-… npm run demo:real');
  expect(
    Math.max(
      ...stdout
        .split('\n')
        .slice(2)
        .map((line) => line.length),
    ),
  ).toBeLessThanOrEqual(110);
  const table = stdout.split('\n').filter((line) => line.includes('…') && !line.includes('npm'));
  expect(Math.max(...table.map((line) => line.length))).toBeLessThanOrEqual(80 + folder.length);
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

test('without a key the real run ends in one sentence', { timeout: 60_000 }, async () => {
  const { code, stderr } = await demo(['--real', '--out', join(folder, 'none')]);
  expect(code).toBe(1);
  expect(stderr).toContain('No API key for ima-router: set IMAROUTER_API_KEY or pass { apiKey }.');
});
