// `ima-router mock` as a program: it says where it is, answers, and ends well on Ctrl-C.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { CLIP, dig } from './helpers.js';

const run = (...flags: string[]) =>
  spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', 'mock', ...flags], { stdio: 'pipe' });

async function text(stream: NodeJS.ReadableStream): Promise<string> {
  let all = '';
  for await (const chunk of stream) all += chunk;
  return all;
}

it('prints its address alone on stdout, help on stderr, and ends with 0 on SIGINT', async () => {
  const child = run('--port', '0', '--seed', '5', '--speed', '1000');
  const [said, exit] = [text(child.stderr), once(child, 'exit')];
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const url = line.toString().trim();
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  const headers = { authorization: 'Bearer k', 'content-type': 'application/json' };
  const made = await fetch(`${url}/v1/videos`, { method: 'POST', headers, body: JSON.stringify(CLIP) });
  expect(dig(await made.json(), 'model')).toBe(CLIP.model);
  child.kill('SIGINT');
  expect((await exit)[0]).toBe(0);
  expect(await said).toMatch(/seed 5[\s\S]*curl -s http[\s\S]*1 submits, 0 polls, 0 downloads; paid twice: 0/);
});

it('refuses a flag that makes no sense, in one sentence', async () => {
  const child = run('--speed', 'fast');
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  expect(code).toBe(1);
  expect(said).toContain("argument 'fast' is invalid");
});
