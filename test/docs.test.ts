// What the documents say is true: examples run, the README shows them verbatim, error and warning codes are all listed.

import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { serve, type TestServer } from './support/server.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string) => readFile(join(root, path), 'utf8');
const examples = (await readdir(join(root, 'examples'))).filter((name) => name.endsWith('.ts'));

const docs = async () => (await readdir(join(root, 'docs'))).map((name) => `docs/${name}`);
const keys = Object.fromEntries(['AWS_ACCESS_KEY_ID', 'R2_ACCESS_KEY_ID', 'GCS_HMAC_ID'].map((name) => [name, 'id']));
for (const name of ['AWS_SECRET_ACCESS_KEY', 'R2_SECRET_ACCESS_KEY', 'GCS_HMAC_SECRET']) keys[name] = 'secret';

let folder = '';
let bucket: TestServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ima-router-docs-'));
  await copyFile(join(root, 'src/mock/media/picture.png'), join(folder, 'dog.png'));
  bucket = await serve((_, response) => response.end());
});
afterAll(async () => {
  await bucket.close();
  await rm(folder, { recursive: true, force: true });
});

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
          IMINI_API_KEY: 'sk-example-9876543210',
          IMINI_BASE_URL: inject('iminiMockUrl'),
          BUCKET_URL: `${bucket.url}/my-bucket`,
          ...keys,
        },
      },
    );
    expect(stderr).toBe('');
    if (name === 'generate.ts') expect(stdout).toMatch(/kling-v3-video-task_\w+-0\.mp4 [0-9a-f]{64} [\d.]+/);
    if (name === 'download.ts') expect(stdout).toMatch(/-image-0\.png \d+ [0-9a-f]{64} false\nimage \d{4,}\n$/);
    if (name === 'two-gateways.ts') {
      expect(stdout).toMatch(/^kling-v3-video video\/mp4 [0-9a-f]{64}\ngoogle\/nano-banana image\/png [0-9a-f]{64}\n$/);
    }
    if (name === 'mock.ts') expect(stdout).toContain('succeeded 1 []');
    if (name === 'models.ts') expect(stdout).toContain("did you mean [ 'kling-v2-6'");
    if (name === 'live-model.ts') expect(stdout).toBe('0 new, 0 gone\nkling-v3-video\n');
    if (name === 'validate.ts') expect(stdout).toContain('promt expected `prompt` received "a puppy"');
    if (name.startsWith('host-')) expect(stdout).toMatch(/^\w+\n$/);
  });

  test('each is shown verbatim, and nothing is shown that does not run', async () => {
    const pages = await Promise.all(['README.md', ...(await docs())].map(read));
    const shown = pages.flatMap((page) => [...page.matchAll(/<!-- examples\/([\w-]+\.ts) -->\n```ts\n([\s\S]*?)```/g)]);
    expect(shown.map(([, name]) => name).sort()).toEqual([...examples].sort());
    for (const [, name = '', code] of shown) expect(code, name).toBe(await read(`examples/${name}`));
    expect(pages.flatMap((page) => [...page.matchAll(/```(?:ts|js)\n/g)])).toHaveLength(shown.length);
  });

  test('the hosting examples signed what they put, and the gateway got a signed URL', () => {
    expect(bucket.requests).toHaveLength(3);
    for (const { method, url, headers, body } of bucket.requests) {
      expect(method).toBe('PUT');
      expect(url).toMatch(/^\/my-bucket\/[0-9a-f-]{36}-dog\.png$/);
      expect(headers.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=id\/\d{8}\/(eu-central-1|auto)\/s3\//);
      expect(headers['content-type']).toBe('image/png');
      expect(body).toContain('PNG');
    }
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
