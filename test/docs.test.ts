// What the documents say is true: examples run, the README shows them verbatim, error and warning codes are all listed.

import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string) => readFile(join(root, path), 'utf8');
const examples = (await readdir(join(root, 'examples'))).filter((name) => name.endsWith('.ts'));

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ima-router-docs-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('examples', () => {
  test.concurrent.each(examples)('%s runs against the mock', { timeout: 60_000 }, async (name) => {
    const { stdout, stderr } = await run(
      process.execPath,
      ['--import', import.meta.resolve('tsx'), join(root, 'examples', name)],
      {
        cwd: folder,
        env: {
          ...process.env,
          TSX_TSCONFIG_PATH: join(root, 'tsconfig.json'),
          IMAROUTER_API_KEY: 'sk-example-0123456789',
          IMAROUTER_BASE_URL: inject('mockUrl'),
        },
      },
    );
    expect(stderr).toBe('');
    if (name === 'generate.ts') expect(stdout).toMatch(/kling-v3-video-task_\w+-0\.mp4 [0-9a-f]{64} [\d.]+/);
    if (name === 'mock.ts') expect(stdout).toContain('succeeded 1 []');
  });

  test('the README shows each verbatim', async () => {
    const readme = await read('README.md');
    const shown = [...readme.matchAll(/<!-- examples\/([\w-]+\.ts) -->\n```ts\n([\s\S]*?)```/g)];
    expect(shown.map(([, name]) => name).sort()).toEqual([...examples].sort());
    for (const [, name = '', code] of shown) expect(code, name).toBe(await read(`examples/${name}`));
    expect([...readme.matchAll(/```ts\n/g)]).toHaveLength(shown.length);
  });
});

describe('docs/errors.md', () => {
  test('lists every code that the library throws or warns with, and no other', async () => {
    const files = (await readdir(join(root, 'src'), { recursive: true, encoding: 'utf8' })).filter(
      (name) => name.endsWith('.ts') && !/^(mock|cli)\//.test(name),
    );
    const text = (await Promise.all(files.map((name) => read(`src/${name}`)))).join('\n');
    const used = new Set([
      ...[...text.matchAll(/\bcode: (?:[\w.= ]+ \? )?'([a-z_]+)'(?: : '([a-z_]+)')?/g)].flatMap(([, a, b]) => [a, b]),
      ...[...text.matchAll(/\bwarn\(\s*'([a-z_]+)'/g)].map(([, code]) => code),
    ]);
    used.delete(undefined);
    const listed = [...(await read('docs/errors.md')).matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, code]) => code);
    expect([...listed].sort()).toEqual([...used].sort());
  });
});

test('the scripts that the README names exist', async () => {
  const readme = await read('README.md');
  const { scripts } = JSON.parse(await read('package.json')) as { scripts: Record<string, string> };
  const named = [...readme.matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
  expect(await read('.ci/run')).toMatch(/^npm test$/m);
});

test('the runtime dependencies are justified, and few', async () => {
  const { dependencies } = JSON.parse(await read('package.json')) as { dependencies: Record<string, string> };
  const page = await read('docs/dependencies.md');
  for (const name of Object.keys(dependencies)) expect(page).toContain(`| \`${name}\` |`);
});
