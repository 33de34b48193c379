// The watch of the vendor's spec, against a real server and in a real repository: what moved becomes a branch and a report, and else nothing is different.
import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { publish, type WatchResult, watch } from '../../scripts/diff/watch.js';
import { generate } from '../../scripts/generate/generate.js';
import { isObject, type JsonObject, objectAt, readYaml, writeYaml } from '../../scripts/spec/json.js';
import { pull } from '../../scripts/spec/pull.js';
import { contentsOf, gateway, temporaryDir } from './helpers.js';
import { html, startVendor, type Vendor } from './vendor-server.js';

const IMPORT = '/openapi/en.import.yaml';
const page = (date: string): string => `# entry\nBreaking changes since: ${date}\n`;

/** A vendor of two models; `edit` is given the schema of their request. */
function published(version: string, edit: (properties: JsonObject) => void = () => {}): string {
  const properties: JsonObject = {
    model: { type: 'string', enum: ['m-1', 'm-2'] },
    prompt: { type: 'string', maxLength: 500 },
  };
  edit(properties);
  const task = {
    type: 'object',
    properties: { id: { type: 'string' }, status: { type: 'string', enum: ['queued', 'failed'] } },
  };
  const answers = { 200: { description: 'ok', content: { 'application/json': { schema: task } } } };
  return writeYaml({
    openapi: '3.0.3',
    info: { title: 'small', version },
    paths: {
      '/v1/videos': {
        post: {
          operationId: 'submit',
          requestBody: {
            content: { 'application/json': { schema: { type: 'object', required: ['model'], properties } } },
          },
          responses: answers,
        },
      },
      '/v1/videos/{task_id}': {
        get: {
          operationId: 'poll',
          parameters: [{ name: 'task_id', in: 'path', required: true, schema: { type: 'string' } }],
          responses: answers,
        },
      },
    },
  });
}

interface Desk {
  vendor: Vendor;
  root: string;
  reportFile: string;
  git: (...args: string[]) => Promise<string>;
  run: (...checks: string[][]) => Promise<WatchResult>;
}

/** A repository that is up to date with a vendor. */
async function desk(): Promise<Desk> {
  const vendor = await startVendor({ [IMPORT]: published('1.0'), '/llms.txt': page('2026-05-13') });
  const dir = await temporaryDir();
  const [root, reportFile] = [join(dir, 'checkout'), join(dir, 'report.md')];
  const [openapiDir, outDir] = [join(root, gateway.openapiDir), join(root, gateway.generatedDir)];
  await mkdir(root);
  await pull({ gateway, dir: openapiDir, base: vendor.url });
  await generate({ gateway, openapiDir, outDir });
  const git = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)('git', args, { cwd: root })).stdout.trim();
  await git('init', '-q', '-b', 'main');
  await git('add', '.');
  await git('-c', 'user.name=t', '-c', 'user.email=t@example.com', 'commit', '-q', '-m', 'start');
  const run = (...checks: string[][]): Promise<WatchResult> =>
    watch({ gateway, root, base: vendor.url, reportFile, checks });
  return { vendor, root, reportFile, git, run };
}

const passes = [process.execPath, '-e', ''];
const fails = [process.execPath, '-e', 'console.error("one test of many failed"); process.exitCode = 1'];
const isThere = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );

/** What must be the same where the watch had nothing to do, or failed. */
async function traces({ root, git, reportFile }: Desk): Promise<unknown> {
  return {
    openapi: await contentsOf(join(root, gateway.openapiDir)),
    generated: await contentsOf(join(root, gateway.generatedDir)),
    branches: await git('branch', '--list'),
    head: await git('rev-parse', 'HEAD'),
    status: await git('status', '--porcelain'),
    hasReport: await isThere(reportFile),
  };
}

test('nothing was published anew: no branch, no report', async () => {
  const own = await desk();
  const before = await traces(own);
  expect(await own.run(fails)).toEqual({ kind: 'unchanged' });
  expect(await traces(own)).toEqual(before);
  expect(before).toMatchObject({ hasReport: false, status: '' });
});

test('the same files under another ETag are no news', async () => {
  const own = await desk();
  const before = await traces(own);
  own.vendor.files.set(IMPORT, (_, response) => {
    response.writeHead(200, { etag: '"moved"' }).end(published('1.0'));
  });
  expect(await own.run(fails)).toEqual({ kind: 'unchanged' });
  expect(await traces(own)).toEqual(before);
});

test('a spec that moved additively becomes a branch with documents and code, and a report that says so', async () => {
  const own = await desk();
  own.vendor.files.set(
    IMPORT,
    published('1.1', (properties) => {
      properties.seed = { type: 'integer' };
    }),
  );
  const result = await own.run(passes);
  expect(result).toMatchObject({
    kind: 'moved',
    title: 'Spec of ima-router 1.0 → 1.1: additive',
    labels: ['spec: additive'],
    checksPassed: true,
    branch: expect.stringMatching(/^spec\/ima-router-1\.1-[0-9a-f]{8}$/),
  });
  const branch = result.kind === 'moved' ? result.branch : '';
  const changed = (await own.git('diff', '--name-only', 'main', branch)).split('\n');
  expect(changed).toContain('openapi/en.import.yaml');
  expect(changed).toContain('openapi/sources.lock.json');
  expect(changed).toContain('generated/ima-router/schemas.ts');
  expect(await own.git('show', `${branch}:generated/ima-router/schemas.ts`)).toContain('seed');
  expect(await own.git('rev-list', '--count', `main..${branch}`)).toBe('1');
  expect(await own.git('status', '--porcelain')).toBe('');

  const report = await readFile(own.reportFile, 'utf8');
  expect(report.split('\n')[0]).toBe('**ima-router 1.0 → 1.1: additive (0 breaking, 1 additive, 1 cosmetic).**');
  expect(report).toContain('| `seed` is a new optional field (a whole number) | 2: `m-1`, `m-2` | `POST /v1/videos` |');
  expect(report).toContain('passed.');
  expect(report).toMatch(/<details>\n<summary>Cosmetic \(1\)<\/summary>/);
});

test('a spec that breaks something says so first, the date that moved before all', async () => {
  const own = await desk();
  own.vendor.files.set('/llms.txt', page('2026-09-01'));
  own.vendor.files.set(
    IMPORT,
    published('2.0', (properties) => {
      properties.prompt = { type: 'string', maxLength: 100 };
    }),
  );
  const result = await own.run(passes);
  expect(result).toMatchObject({
    title: 'Spec of ima-router 1.0 → 2.0: breaking, breaking changes since 2026-09-01',
    labels: ['spec: breaking'],
  });
  const report = await readFile(own.reportFile, 'utf8');
  const [first, , second] = report.split('\n');
  expect(first).toMatch(/^\*\*Breaking changes since: 2026-09-01 \(was 2026-05-13\)\.\*\*/);
  expect(second).toMatch(/^\*\*ima-router 1\.0 → 2\.0: breaking \(2 breaking, 0 additive/);
  expect(report).toContain('`prompt` takes at most 100 characters now, was at most 500 characters');
  expect(report).toContain('## What to do');
});

test('the date alone is news, and breaking: the vendor says what the document does not show', async () => {
  const own = await desk();
  own.vendor.files.set('/llms.txt', page('2026-09-01'));
  const result = await own.run(passes);
  expect(result).toMatchObject({ kind: 'moved', labels: ['spec: breaking'] });
  expect(await readFile(own.reportFile, 'utf8')).toContain('breaking changes since 2026-09-01 (was 2026-05-13)');
});

test('checks that fail are told in the report with their last words, and the branch is there all the same', async () => {
  const own = await desk();
  own.vendor.files.set(IMPORT, published('1.1'));
  const result = await own.run(fails, passes);
  expect(result).toMatchObject({ checksPassed: false, labels: ['spec: cosmetic', 'spec: checks failed'] });
  const report = await readFile(own.reportFile, 'utf8');
  expect(report).toContain('failed.** Its last words:');
  expect(report).toContain('one test of many failed');
  expect(await own.git('rev-parse', '--abbrev-ref', 'HEAD')).toMatch(/^spec\/ima-router-1\.1-/);
});

test.each([
  ['a web page', html],
  ['half a document', 'openapi: 3.0.3\npaths:\n'],
  ['nothing at all', undefined],
])('%s where the document was: the pull fails, and nothing is changed', async (_, answer) => {
  const own = await desk();
  const before = await traces(own);
  if (answer === undefined) own.vendor.files.delete(IMPORT);
  else own.vendor.files.set(IMPORT, answer);
  await expect(own.run(passes)).rejects.toThrow(/Nothing under .*openapi was changed\.$/);
  expect(await traces(own)).toEqual(before);
});

test('trouble after the pull puts everything back', async () => {
  const own = await desk();
  const before = await traces(own);
  own.vendor.files.set(IMPORT, published('1.1'));
  const nowhere = join(own.root, 'none', 'report.md');
  const { root, vendor } = own;
  const failing = watch({ gateway, root, base: vendor.url, reportFile: nowhere, checks: [passes] });
  await expect(failing).rejects.toThrow(/ENOENT/);
  expect(await traces(own)).toEqual(before);
});

test('work that is not committed is not swept into the branch: the watch refuses', async () => {
  const own = await desk();
  await writeFile(join(own.root, 'openapi', 'notes.txt'), 'mine');
  own.vendor.files.set(IMPORT, published('1.1'));
  await expect(own.run(passes)).rejects.toThrow(/hold changes that are not committed/);
  expect(await readFile(join(own.root, 'openapi', 'notes.txt'), 'utf8')).toBe('mine');
});

test('publishing pushes the branch and opens one pull request; a second time nothing is touched', async () => {
  const own = await desk();
  const dir = await temporaryDir();
  const [remote, gh, calls] = [join(dir, 'remote.git'), join(dir, 'gh'), join(dir, 'calls')];
  await own.git('init', '-q', '--bare', remote);
  await writeFile(
    gh,
    `#!/bin/sh\necho "$*" >> ${calls}\nif [ "$1 $2" = "pr list" ] && grep -q "pr create" ${calls}; then echo 7; fi\n`,
  );
  await chmod(gh, 0o755);
  own.vendor.files.set(IMPORT, published('1.1'));
  const result = await own.run(passes);
  if (result.kind !== 'moved') throw new Error('nothing moved');
  const publication = { root: own.root, result, reportFile: own.reportFile, remote, gh };

  expect(await publish(publication)).toBe(true);
  expect(await own.git('ls-remote', '--heads', remote)).toContain(`refs/heads/${result.branch}`);
  const said = await readFile(calls, 'utf8');
  expect(said).toContain('label create spec: cosmetic --force');
  expect(said).toContain(
    `pr create --head ${result.branch} --title ${result.title} --body-file ${own.reportFile} --label spec: cosmetic`,
  );

  await own.git('-c', 'user.name=t', '-c', 'user.email=t@example.com', 'commit', '-q', '--allow-empty', '-m', 'later');
  const pushed = await own.git('ls-remote', '--heads', remote);
  expect(await publish(publication)).toBe(false);
  expect(await own.git('ls-remote', '--heads', remote)).toBe(pushed);
  expect((await readFile(calls, 'utf8')).match(/pr create/g)).toHaveLength(1);
});

test('the command: 0 and one line where nothing moved, 1 and one line on stderr where the pull fails', async () => {
  const own = await desk();
  const command = (base: string): Promise<{ stdout: string; stderr: string }> =>
    promisify(execFile)(process.execPath, [
      ...['--import', 'tsx', 'scripts/spec-watch.ts', '--root', own.root, '--base', base],
      ...['--report', own.reportFile, '--check', 'true'],
    ]);
  expect((await command(own.vendor.url)).stdout).toMatch(/Nothing moved: no branch, no report\.\n$/);
  own.vendor.files.delete(IMPORT);
  const failure = await command(own.vendor.url).then(
    () => undefined,
    (error: { code: number; stderr: string }) => error,
  );
  expect(failure?.code).toBe(1);
  expect(failure?.stderr.trim()).toMatch(/^spec:watch failed: .*was changed\.$/);
});

test('the workflow: what it runs is in package.json, its rights are two, and no action is of a third party', async () => {
  const text = await readFile('.github/workflows/spec.yml', 'utf8');
  const workflow = readYaml(text, 'spec.yml');
  const scripts = objectAt(readYaml(await readFile('package.json', 'utf8'), 'package.json'), 'scripts') ?? {};
  expect(Object.keys(objectAt(workflow, 'on') ?? {}).sort()).toEqual(['schedule', 'workflow_dispatch']);
  expect(objectAt(workflow, 'permissions')).toEqual({ contents: 'write', 'pull-requests': 'write' });
  const steps = Object.values(objectAt(workflow, 'jobs') ?? {}).flatMap((job) =>
    isObject(job) && Array.isArray(job.steps) ? job.steps.filter(isObject) : [],
  );
  const actions = steps.flatMap(({ uses }) => (typeof uses === 'string' ? [uses.split('@')[0]] : []));
  expect(actions).toEqual(['actions/checkout', 'actions/setup-node']);
  const runs = steps.flatMap(({ run }) => (typeof run === 'string' ? [run] : []));
  const named = [...runs.join('\n').matchAll(/npm run ([\w:]+)/g)].map((match) => match[1] ?? '');
  expect(named).toContain('spec:watch');
  for (const name of named) expect(Object.keys(scripts)).toContain(name);
  // What a vendor wrote must never be read by a shell: no expression stands in a command.
  for (const run of runs) expect(run).not.toContain('${{');
  const entry = await readFile('scripts/spec-watch.ts', 'utf8');
  for (const [, name = ''] of entry.matchAll(/'npm run ([\w:]+)'/g)) expect(Object.keys(scripts)).toContain(name);
});
