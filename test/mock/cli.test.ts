// `ima-router mock` as a program: it says where it is, answers, and ends well on Ctrl-C.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { startMock } from '../../src/mock/index.js';
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

it('plays the gateway that is named, and shows how to try that one', async () => {
  const child = run('--port', '0', '--gateway', 'imini', '--speed', '1000');
  const [said, exit] = [text(child.stderr), once(child, 'exit')];
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const url = line.toString().trim();
  child.kill('SIGINT');
  expect((await exit)[0]).toBe(0);
  const shown = await said;
  expect(shown).toContain('Mock gateway for imini (seed');
  expect(shown).toContain(`curl -s ${url}/v1/images/tasks/<task_id> -H 'Authorization: Bearer sk-mock'`);
  expect(shown).toContain('Keys: any, except sk-expired (401) and sk-empty (402 for what costs money).');
});

it.each(['ima-router', 'imini'] as const)('%s: the lines that it shows are for a shell, and work', async (gateway) => {
  await using mock = await startMock({ gateway });
  const [, submit = '', poll = ''] = /^( {2}curl.*\n.*')\n( {2}curl.*)\n/.exec(mock.tryIt) ?? [];
  const shell = async (line: string) => {
    const child = spawn('sh', ['-c', line]);
    return JSON.parse(await text(child.stdout)) as unknown;
  };
  const id = String(dig(await shell(submit), 'task_id'));
  expect(mock.ledger.submits).toMatchObject([{ taskId: id, paid: true, status: 200 }]);
  await shell(poll.replace('<task_id>', id));
  expect(mock.ledger.polls).toMatchObject([{ taskId: id, status: 200 }]);
});

/** How a few submits end, one after the other: by a status, or without one. */
async function daySeenAt(url: string): Promise<(number | 'lost')[]> {
  const seen: (number | 'lost')[] = [];
  for (let nth = 0; nth < 20; nth++) {
    const headers = { authorization: 'Bearer k', 'content-type': 'application/json', 'x-trace-id': `day-${nth}` };
    const made = fetch(`${url}/v1/videos`, { method: 'POST', headers, body: JSON.stringify(CLIP) });
    const read = made.then(async (answer) => {
      await answer.text();
      return answer.status;
    });
    seen.push(await read.catch(() => 'lost' as const));
  }
  return seen;
}

it('has a bad day on demand: the one that a mock in a program has by that seed and rate', async () => {
  const child = run('--port', '0', '--seed', '5', '--speed', '1000', '--chaos', '0.5');
  const [said, exit] = [text(child.stderr), once(child, 'exit')];
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const seen = await daySeenAt(line.toString().trim());
  child.kill('SIGINT');
  expect((await exit)[0]).toBe(0);
  expect(await said).toContain('chaos 0.5');
  await using same = await startMock({ seed: 5, speed: 1000, chaos: { rate: 0.5 } });
  expect(await daySeenAt(same.url)).toEqual(seen);
  expect(same.ledger.submits.filter(({ fault }) => fault !== undefined).length).toBeGreaterThan(5);
});

it.each([
  ['--speed', 'fast', /argument 'fast' is invalid/],
  ['--chaos', '1.01', /argument '1\.01' is invalid\. It must be a share from 0/],
  ['--chaos', '-0.1', /argument '-0\.1' is invalid\. It must be a share from 0/],
  ['--chaos', 'often', /argument 'often' is invalid\. It must be a share from 0/],
  ['--chaos', '', /argument '' is invalid\. It must be a share from 0/],
  ['--gateway', 'imono', /argument 'imono' is invalid\. Allowed choices are ima-router, imini\./],
])('refuses a flag that makes no sense, in one sentence: %s %j', async (flag, value, sentence) => {
  const child = run(`${flag}=${value}`);
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  expect(code).toBe(2);
  expect(said).toMatch(sentence);
  expect(said.trim().split('\n')).toHaveLength(1);
});

it('names all its flags in its help', async () => {
  const child = run('--help');
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  expect(code).toBe(0);
  for (const flag of ['--port', '--host', '--speed', '--seed', '--chaos <rate>', '--gateway <name>'])
    expect(said).toContain(flag);
});
