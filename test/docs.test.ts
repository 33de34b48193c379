// What the documents say is true: examples run, the README shows them verbatim, error and warning codes are all listed.

import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { ImaRouter } from '../src/index.js';
import { isAt, type Recorder, record } from './support/recorder.js';
import { serve, type TestServer } from './support/server.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string) => readFile(join(root, path), 'utf8');
const examples = (await readdir(join(root, 'examples'))).filter((name) => name.endsWith('.ts'));

const docs = async () => (await readdir(join(root, 'docs'))).map((name) => `docs/${name}`);
const keys = Object.fromEntries(['AWS_ACCESS_KEY_ID', 'R2_ACCESS_KEY_ID', 'GCS_HMAC_ID'].map((name) => [name, 'id']));
for (const name of ['AWS_SECRET_ACCESS_KEY', 'R2_SECRET_ACCESS_KEY', 'GCS_HMAC_SECRET']) keys[name] = 'secret';

/** What each example asked of the gateway. */
const asked = new Map<string, Recorder['calls']>();

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
    const recorder = await record(inject('mockUrl'));
    const { stdout, stderr } = await run(
      process.execPath,
      ['--import', import.meta.resolve('tsx'), join(root, 'examples', name)],
      {
        cwd: folder,
        env: {
          ...process.env,
          TSX_TSCONFIG_PATH: join(root, 'tsconfig.json'),
          IMAROUTER_API_KEY: 'sk-example-0123456789',
          IMAROUTER_BASE_URL: recorder.url,
          IMINI_API_KEY: 'sk-example-9876543210',
          IMINI_BASE_URL: inject('iminiMockUrl'),
          BUCKET_URL: `${bucket.url}/my-bucket`,
          ...keys,
        },
      },
    );
    await recorder.close();
    asked.set(name, recorder.calls);
    expect(stderr).toBe('');
    if (name === 'generate.ts') expect(stdout).toMatch(/kling-v3-video-task_\w+-0\.mp4 [0-9a-f]{64} [\d.]+/);
    if (name === 'download.ts') expect(stdout).toMatch(/-image-0\.png \d+ [0-9a-f]{64} false\nimage \d{4,}\n$/);
    if (name === 'two-gateways.ts') {
      expect(stdout).toMatch(/^kling-v3-video video\/mp4 [0-9a-f]{64}\ngoogle\/nano-banana image\/png [0-9a-f]{64}\n$/);
    }
    if (name === 'chat.ts') expect(stdout).toMatch(/fox[\s\S]*\n\d+ \d+\n$/);
    if (name === 'chat-broken.ts') expect(stdout).toBe('stream_cut true true\n');
    if (name === 'chat-tools.ts') expect(stdout).toBe("[ 'get_weather' ]\nstop\n");
    if (name === 'responses.ts') expect(stdout).toMatch(/^completed .*gateway/);
    if (name === 'messages.ts') expect(stdout).toMatch(/^end_turn .*gateway/);
    if (name === 'embeddings.ts') expect(stdout).toMatch(/^3 \d+ true true\n$/);
    if (name === 'openai-sdk.ts') expect(stdout).toMatch(/gateway[\s\S]*hello/);
    if (name === 'anthropic-sdk.ts') expect(stdout).toContain('gateway');
    if (name === 'endpoints.ts') expect(stdout).toMatch(/^\/v1\/videos .*\n(succeeded video\n){4}$/);
    if (name === 'speech.ts') expect(stdout).toMatch(/^audio\/\w+ \d+\n$/);
    if (name === 'asset-library.ts') {
      expect(stdout).toBe(
        'true true\nportraits for the spring campaign\nmarketing\nActive\ntrue spring portrait\ntrue\n',
      );
    }
    if (name === 'midjourney-blend.ts') expect(stdout.trim().split('\n')).toHaveLength(4);
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

describe('docs/coverage.md', () => {
  test('has every operation of the document, with a verb that exists, an example that calls it, and a contract test', async () => {
    const { paths } = JSON.parse(await read('generated/ima-router/openapi.json')) as { paths: Record<string, object> };
    const operations = Object.entries(paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const row =
      /^\| `([A-Z]+) ([^`]+)` \| `ima\.([\w.]+)[^`]*`[^|]* \| \[[\w-]+\]\(\.\.\/examples\/([\w-]+\.ts)\) \| `([^`]+)` \|$/gm;
    const rows = [...(await read('docs/coverage.md')).matchAll(row)];
    expect(rows.map(([, method, path]) => `${method} ${path}`).sort()).toEqual(operations.sort());
    const ima = new ImaRouter();
    for (const [, method, path = '', verb = '', example = '', contract] of rows) {
      const found = verb.split('.').reduce<unknown>((place, name) => Reflect.get(Object(place), name), ima);
      expect(found, verb).toBeTypeOf('function');
      const calls = asked.get(example) ?? [];
      const isMade = calls.some((call) => call.method === method && isAt(path, call.path) && call.status === 200);
      expect(isMade, `${example} calls ${method} ${path}`).toBe(true);
      expect(contract).toBe(`${method} ${path}`);
    }
    const contracts = await read('test/contract/paths.test.ts');
    for (const operation of operations) expect(contracts).toContain(`'${operation}': `);
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
