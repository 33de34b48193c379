// `spec:pull` against a real server: what is published is taken over, trouble is one clear sentence and changes nothing.
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { isObject, type JsonObject, objectAt, writeYaml } from '../../scripts/spec/json.js';
import { mergeAliases } from '../../scripts/spec/merge.js';
import { pull } from '../../scripts/spec/pull.js';
import { contentsOf, document, FROZEN, gateway, temporaryDir } from './helpers.js';
import { cutOff, html, startVendor, status, type Vendor } from './vendor-server.js';

const IMPORT = '/openapi/en.import.yaml';
const aliasText = await readFile(FROZEN, 'utf8');
const importText = writeYaml(mergeAliases(await document(FROZEN)));
const page = '# entry\nBreaking changes since: 2026-05-13\n';

/** A vendor that publishes a small document in import form, and an entry page. */
const small = writeYaml({
  openapi: '3.0.3',
  info: { title: 'small', version: '9.9' },
  paths: {
    '/v1/videos': {
      post: {
        operationId: 'submit',
        requestBody: {
          content: {
            'application/json': {
              schema: { type: 'object', properties: { model: { type: 'string', enum: ['m-1'] } } },
              examples: { one: { value: { model: 'm-1' } } },
            },
          },
        },
        responses: { 200: { description: 'ok' } },
      },
    },
  },
});

const smallVendor = (): Promise<Vendor> => startVendor({ [IMPORT]: small, '/llms.txt': page });

test('all published files are taken over, and the lock says where each came from', async () => {
  const index = JSON.stringify({ models: [{ modelId: 'm-1', endpoints: ['POST /v1/videos'] }] });
  const vendor = await smallVendor();
  vendor.files.set('/model-index.json', index);
  vendor.files.set('/model-index.schema.json', '{"type":"object"}');
  vendor.files.set('/test-cases.json', '[{"model":"m-1"}]');
  vendor.files.set('/openapi/en.yaml', small);
  const dir = join(await temporaryDir(), 'openapi');
  const { changed, lock } = await pull({ gateway, dir, base: vendor.url, now: () => new Date('2026-06-01T00:00:00Z') });

  const contents = await contentsOf(dir);
  expect(contents).toMatchObject({
    'en.import.yaml': small,
    'en.yaml': small,
    'llms.txt': page,
    'model-index.json': index,
    'test-cases.json': '[{"model":"m-1"}]',
  });
  expect(changed).toHaveLength(7);
  expect(lock).toMatchObject({ gateway: 'ima-router', specVersion: '9.9', breakingChangesSince: '2026-05-13' });
  expect(lock.files['en.import.yaml']).toMatchObject({
    origin: vendor.url + IMPORT,
    bytes: small.length,
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    etag: expect.any(String),
    pulledAt: '2026-06-01T00:00:00.000Z',
  });
  expect(JSON.parse(contents['sources.lock.json'] ?? '')).toEqual(lock);
});

test('a second pull asks conditionally, gets 304 and changes nothing', async () => {
  const vendor = await smallVendor();
  const dir = await temporaryDir();
  await pull({ gateway, dir, base: vendor.url, now: () => new Date(1) });
  const before = await contentsOf(dir);
  vendor.seen.length = 0;
  const { changed } = await pull({ gateway, dir, base: vendor.url, now: () => new Date(2) });
  expect(changed).toEqual([]);
  expect(vendor.seen).toContain(`304 ${IMPORT}`);
  expect(vendor.seen).toContain('304 /llms.txt');
  expect(await contentsOf(dir)).toEqual(before);
});

test('a file that was edited by hand is not believed to be the one of the ETag', async () => {
  const vendor = await smallVendor();
  const dir = await temporaryDir();
  await pull({ gateway, dir, base: vendor.url });
  const before = await contentsOf(dir);
  await writeFile(join(dir, 'en.import.yaml'), 'edited');
  expect((await pull({ gateway, dir, base: vendor.url })).changed).toEqual(['en.import.yaml']);
  expect(await contentsOf(dir)).toEqual(before);
});

test('what the vendor does not publish is derived, and the lock says so', async () => {
  const vendor = await smallVendor();
  const dir = await temporaryDir();
  const lines: string[] = [];
  const { lock } = await pull({ gateway, dir, base: vendor.url, log: (line) => lines.push(line) });
  expect(lock.files['model-index.json']).toMatchObject({ derivedFrom: 'en.import.yaml' });
  expect(lock.files['test-cases.json']).toMatchObject({ derivedFrom: 'en.import.yaml' });
  expect(lines.join('\n')).toMatch(/model-index\.json +derived from en\.import\.yaml/);
  const { 'model-index.json': index = '', 'test-cases.json': cases = '' } = await contentsOf(dir);
  expect(JSON.parse(index).models).toMatchObject([{ modelId: 'm-1', modality: 'video' }]);
  expect(JSON.parse(cases).cases).toMatchObject([{ modelId: 'm-1', expect: 'accept' }]);
});

const troubles: [string, Partial<Record<string, Parameters<Vendor['files']['set']>[1] | undefined>>, RegExp][] = [
  ['a missing import form', { [IMPORT]: undefined }, /en\.import\.yaml does not exist \(HTTP 404\)/],
  ['a server error', { [IMPORT]: status(503) }, /answered HTTP 503\. The server is in trouble/],
  ['a refusal', { [IMPORT]: status(403) }, /answered HTTP 403\. Check the address/],
  ['HTML instead of YAML', { [IMPORT]: html }, /en\.import\.yaml answered with a web page \(HTML\)/],
  [
    'HTML under a false flag',
    { [IMPORT]: '<!DOCTYPE html><p>hello' },
    /is a web page \(HTML\), not an OpenAPI document/,
  ],
  ['HTML instead of the index', { '/model-index.json': html }, /model-index\.json answered with a web page/],
  ['a body that breaks off', { [IMPORT]: cutOff(importText) }, /en\.import\.yaml was cut off after \d+/],
  [
    'a body shorter than the document',
    { [IMPORT]: importText.slice(0, 300_000) },
    /en\.import\.yaml (refers to #\/components|is not valid YAML)/,
  ],
  ['an empty body', { [IMPORT]: '' }, /is empty; expected an OpenAPI document/],
  ['no paths', { [IMPORT]: 'openapi: 3.0.3\ninfo: {title: x, version: "1"}\n' }, /has no `paths`/],
  ['another version of OpenAPI', { [IMPORT]: 'swagger: "2.0"\npaths: {/a: {}}\n' }, /does not say `openapi: 3\.x`/],
  [
    'an alias path in the import form',
    { [IMPORT]: aliasText },
    /should be the import form, but its path \/v1\/images\/generations#gpt-image holds a "#"/,
  ],
  [
    'an index without models',
    { '/model-index.json': '{"hello":1}' },
    /model-index\.json names no model: it is not a model index/,
  ],
  ['test cases that are no JSON', { '/test-cases.json': '{"cases": [' }, /test-cases\.json is not valid JSON/],
];

for (const [what, files, message] of troubles) {
  test(`${what}: one clear sentence, and nothing on disk changes`, async () => {
    const vendor = await smallVendor();
    const dir = await temporaryDir();
    await pull({ gateway, dir, base: vendor.url });
    const before = await contentsOf(dir);
    // Everything else is new at the same time: none of it may arrive.
    vendor.files.set('/llms.txt', 'Breaking changes since: 2027-01-01');
    for (const [path, content] of Object.entries(files)) {
      if (content === undefined) vendor.files.delete(path);
      else vendor.files.set(path, content);
    }
    const failure = await pull({ gateway, dir, base: vendor.url }).catch((error: unknown) => String(error));
    expect(failure).toMatch(message);
    expect(failure).toMatch(/Nothing under .* was changed\.$/);
    expect(await contentsOf(dir)).toEqual(before);
  });
}

test('an unreachable vendor and one that does not answer in time', async () => {
  const vendor = await startVendor({ [IMPORT]: () => {} });
  const dir = await temporaryDir();
  await expect(pull({ gateway, dir, base: 'http://127.0.0.1:1' })).rejects.toThrow(/could not be reached/);
  await expect(pull({ gateway, dir, base: vendor.url, timeoutMs: 100 })).rejects.toThrow('gave no answer within 0.1 s');
  expect(await contentsOf(dir)).toEqual({});
});

test('a file larger than the limit is not read to its end', async () => {
  const vendor = await startVendor({ [IMPORT]: importText });
  const failure = pull({ gateway, dir: await temporaryDir(), base: vendor.url, maxBytes: 1000 });
  await expect(failure).rejects.toThrow('is larger than 1000 bytes');
});

test('--from takes the alias form and derives the rest', async () => {
  const dir = await temporaryDir();
  const { lock } = await pull({ gateway, dir, from: FROZEN });
  const made = await contentsOf(dir);
  expect(made['en.yaml']).toBe(aliasText);
  expect(made['en.import.yaml']).toBe(importText);
  expect(JSON.parse(made['model-index.json'] ?? '').models).toHaveLength(119);
  expect(lock.files['en.yaml']).toEqual({ origin: 'file:en.1.5.17.yaml', sha256: expect.any(String), bytes: 540_755 });
  expect(lock.files['en.import.yaml']).toMatchObject({ derivedFrom: 'en.yaml' });
});

test('the lock of a local file is the same wherever and whenever it is made', async () => {
  const [one, two] = [await temporaryDir(), await temporaryDir()];
  await mkdir(join(one, 'source'));
  await writeFile(join(one, 'source', 'en.1.5.17.yaml'), aliasText);
  await pull({ gateway, dir: join(one, 'out'), from: join(one, 'source', 'en.1.5.17.yaml'), now: () => new Date(1) });
  await pull({ gateway, dir: join(two, 'out'), from: FROZEN, now: () => new Date(2) });
  expect(await contentsOf(join(one, 'out'))).toEqual(await contentsOf(join(two, 'out')));
});

test('--from takes the import form, by URL too, and keeps it to the letter', async () => {
  const vendor = await startVendor({ '/anything.yaml': importText });
  const dir = await temporaryDir();
  const { lock } = await pull({ gateway, dir, from: `${vendor.url}/anything.yaml` });
  expect(await readFile(join(dir, 'en.import.yaml'), 'utf8')).toBe(importText);
  expect(lock.files['en.import.yaml']).toMatchObject({ origin: `${vendor.url}/anything.yaml` });
  expect(lock.files['en.yaml']).toBeUndefined();
});

test('--from refuses an alias path under the name of an import form, and a file that is not there', async () => {
  const dir = await temporaryDir();
  const wrong = join(dir, 'en.import.yaml');
  await writeFile(wrong, aliasText);
  await expect(pull({ gateway, dir: join(dir, 'out'), from: wrong })).rejects.toThrow('holds a "#"');
  await expect(pull({ gateway, dir: join(dir, 'out'), from: join(dir, 'none.yaml') })).rejects.toThrow(
    /none\.yaml does not exist\. Pass an existing file or an http\(s\) URL to --from\./,
  );
});

test('a copy that lost its end is refused, wherever it was cut; --allow-shrink takes it', async () => {
  const dir = await temporaryDir();
  const whole = join(dir, 'whole.import.yaml');
  const cut = join(dir, 'cut.import.yaml');
  await writeFile(whole, importText);
  const out = join(dir, 'out');
  await pull({ gateway, dir: out, from: whole });
  const before = await contentsOf(out);
  // In the middle of a line, and at the end of each of the last lines.
  const ends = [importText.length - 1, importText.length - 336];
  for (let end = importText.length - 1; ends.length < 12; end = importText.lastIndexOf('\n', end - 1)) {
    if (end < importText.length - 1) ends.push(end + 1);
  }
  for (const end of ends) {
    await writeFile(cut, importText.slice(0, end));
    const failure = await pull({ gateway, dir: out, from: cut }).catch((error: unknown) => String(error));
    expect(failure, String(end)).toMatch(/it was probably cut off.* pass --allow-shrink\./);
  }
  expect(await contentsOf(out)).toEqual(before);
  await writeFile(cut, importText.slice(0, importText.lastIndexOf('\n', importText.length - 2) + 1));
  expect((await pull({ gateway, dir: out, from: cut, allowShrink: true })).changed).toContain('en.import.yaml');
});

test('what is gone from the previous copy is named: sections, and more than a tenth of anything', async () => {
  const parsed = await document(FROZEN);
  const dir = await temporaryDir();
  const from = join(dir, 'next.yaml');
  const out = join(dir, 'out');
  await pull({ gateway, dir: out, from: FROZEN });
  const attempt = async (
    change: (paths: JsonObject, schemas: JsonObject, next: JsonObject) => void,
  ): Promise<string> => {
    const next = structuredClone(parsed);
    const paths = objectAt(next, 'paths') ?? {};
    change(paths, objectAt(objectAt(next, 'components'), 'schemas') ?? {}, next);
    await writeFile(from, writeYaml(next));
    return await pull({ gateway, dir: out, from }).then(
      () => 'taken',
      (error: unknown) => String(error),
    );
  };
  expect(await attempt((_paths, _schemas, next) => delete next.tags)).toMatch(
    /has lost sections of the copy here: tags\./,
  );
  const losesPaths = await attempt((paths) => {
    for (const path of Object.keys(paths).slice(0, 20)) delete paths[path];
  });
  expect(losesPaths).toMatch(/has lost 20 of 68 paths of the copy here: \/.*, and 15 more\. If it is really meant so/);
  const losesRules = await attempt((_paths, schemas) => {
    for (const schema of Object.values(schemas).slice(0, 60)) if (isObject(schema)) delete schema.required;
  });
  expect(losesRules).toMatch(/has lost \d+ of \d+ required properties/);
  // A family that is retired is no accident.
  const retired = await attempt((paths) => {
    delete paths['/v1/images/generations#pruna'];
  });
  expect(retired).toBe('taken');
});

test('--from <URL> asks conditionally; a 304 that nobody asked for is called by its name', async () => {
  const vendor = await startVendor({ '/spec.yaml': aliasText });
  const dir = await temporaryDir();
  const from = `${vendor.url}/spec.yaml`;
  await pull({ gateway, dir, from, now: () => new Date(1) });
  const before = await contentsOf(dir);
  vendor.seen.length = 0;
  expect((await pull({ gateway, dir, from, now: () => new Date(2) })).changed).toEqual([]);
  expect(vendor.seen).toEqual(['304 /spec.yaml']);
  expect(await contentsOf(dir)).toEqual(before);

  vendor.files.set('/odd.yaml', status(304));
  const odd = pull({ gateway, dir, from: `${vendor.url}/odd.yaml` });
  await expect(odd).rejects.toThrow(/odd\.yaml answered HTTP 304 \(unchanged\), although no copy of it was mentioned/);
});

test('--from <folder> is one clear sentence', async () => {
  const failure = pull({ gateway, dir: await temporaryDir(), from: 'test/spec' });
  await expect(failure).rejects.toThrow(/^test\/spec is a folder\. Name one file in it\. Nothing under/);
});

test('an alias form of another version does not stay beside a newer import form', async () => {
  const newer = importText.replace(/^( {2}version: ).*$/m, '$19.9.9');
  const sameVersion = await temporaryDir();
  const file = join(sameVersion, 'x.import.yaml');
  await writeFile(file, importText);
  const kept = join(sameVersion, 'out');
  await pull({ gateway, dir: kept, from: FROZEN });
  expect(Object.keys((await pull({ gateway, dir: kept, from: file })).lock.files)).toContain('en.yaml');

  const vendor = await startVendor({ [IMPORT]: newer, '/llms.txt': page });
  const published = await temporaryDir();
  const local = await temporaryDir();
  await writeFile(file, newer);
  for (const [dir, how] of [
    [published, { base: vendor.url }],
    [local, { from: file }],
  ] as const) {
    await pull({ gateway, dir, from: FROZEN });
    const { changed, lock } = await pull({ gateway, dir, ...how });
    expect(changed).toContain('en.yaml');
    expect(lock.specVersion).toBe('9.9.9');
    expect(lock.files['en.yaml']).toBeUndefined();
    expect(Object.keys(await contentsOf(dir))).toEqual([...Object.keys(lock.files), 'sources.lock.json'].sort());
  }
  // One that is published late is left out until it has caught up.
  vendor.files.set('/openapi/en.yaml', aliasText);
  expect((await pull({ gateway, dir: published, base: vendor.url })).lock.files['en.yaml']).toBeUndefined();
  vendor.files.set('/openapi/en.yaml', aliasText.replace(/^( {2}version: ).*$/m, '$19.9.9'));
  expect((await pull({ gateway, dir: published, base: vendor.url })).lock.files['en.yaml']).toBeDefined();
});

test("our schema of our index does not stay beside the vendor's index", async () => {
  const vendor = await smallVendor();
  const dir = await temporaryDir();
  expect((await pull({ gateway, dir, base: vendor.url })).lock.files['model-index.schema.json']).toBeDefined();
  vendor.files.set('/model-index.json', '{"models":[{"id":"m-1","endpoints":["/v1/videos"]}]}');
  expect((await pull({ gateway, dir, base: vendor.url })).changed).toContain('model-index.schema.json');
  expect(Object.keys(await contentsOf(dir))).not.toContain('model-index.schema.json');
});

test('deriving once more from the copy at hand keeps what the lock says of its origin', async () => {
  const dir = await temporaryDir();
  const origin = 'https://vendor.example/openapi/en.yaml';
  await pull({ gateway, dir, from: FROZEN, origin });
  const before = await contentsOf(dir);
  const { changed, lock } = await pull({ gateway, dir, from: join(dir, 'en.yaml') });
  expect(changed).toEqual([]);
  expect(lock.files['en.yaml']).toMatchObject({ origin });
  expect(await contentsOf(dir)).toEqual(before);
  // Once it was edited it is no longer what came from there.
  await writeFile(join(dir, 'en.yaml'), `${aliasText}# edited\n`);
  const edited = await pull({ gateway, dir, from: join(dir, 'en.yaml') });
  expect(edited.lock.files['en.yaml']).toMatchObject({ origin: 'file:en.yaml' });
});

test('the command ends with 1 and one line on stderr', async () => {
  const dir = await temporaryDir();
  const run = promisify(execFile)(process.execPath, [
    ...['--import', 'tsx', 'scripts/spec-pull.ts', '--from', join(dir, 'none.yaml'), '--openapi-dir', join(dir, 'out')],
  ]);
  const failure = await run.then(
    () => undefined,
    (error: { code: number; stderr: string }) => error,
  );
  expect(failure?.code).toBe(1);
  expect(failure?.stderr.trim()).toMatch(/^spec:pull failed: .*none\.yaml does not exist\..* was changed\.$/);
});
