// `generate`: the same input gives the same bytes, and a value that appears in the spec appears in all that is made of it.
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { generate } from '../../scripts/generate/generate.js';
import { pull } from '../../scripts/spec/pull.js';
import { contentsOf, GENERATED, gateway, OPENAPI, temporaryDir } from './helpers.js';

/** Pulls `from` and generates, in temporary folders. */
async function pipeline(from: string): Promise<{ openapiDir: string; outDir: string }> {
  const dir = await temporaryDir();
  const [openapiDir, outDir] = [join(dir, 'openapi'), join(dir, 'generated')];
  await pull({ gateway, dir: openapiDir, from });
  await generate({ gateway, openapiDir, outDir });
  return { openapiDir, outDir };
}

const runCommand = (...options: string[]): Promise<unknown> =>
  promisify(execFile)(process.execPath, ['--import', 'tsx', ...options]);

/** The messages of tsc on `code`, with the given requests.ts beside it. */
async function typeErrors(requests: string, code: string): Promise<string[]> {
  const dir = await temporaryDir();
  const file = join(dir, 'use.ts');
  await writeFile(join(dir, 'requests.ts'), requests);
  await writeFile(
    file,
    `import type { ModelId, PreferredEndpoint, RequestBodies } from './requests.js';
type Request<M extends ModelId> = { model: M } & RequestBodies[M][PreferredEndpoint[M] & keyof RequestBodies[M]];
declare function submit<M extends ModelId>(request: Request<M>): void;
${code}\n`,
  );
  const program = ts.createProgram([file], {
    ...{ strict: true, exactOptionalPropertyTypes: true, noEmit: true, types: [], lib: ['lib.es2022.d.ts'] },
    ...{ module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
  });
  return ts.getPreEmitDiagnostics(program).map((found) => ts.flattenDiagnosticMessageText(found.messageText, '\n'));
}

test('what is committed under generated/ is what the committed spec gives, byte for byte, twice', async () => {
  const committed = await contentsOf(GENERATED);
  for (const outDir of [await temporaryDir(), await temporaryDir()]) {
    const { changed } = await generate({ gateway, openapiDir: OPENAPI, outDir });
    expect(changed).toHaveLength(5);
    const made = await contentsOf(outDir);
    for (const [name, text] of Object.entries(made)) expect(text === committed[name], name).toBe(true);
    expect((await generate({ gateway, openapiDir: OPENAPI, outDir })).changed).toEqual([]);
  }
});

test('a new enum value in the spec becomes a typed, routable, validated model with no hand edit', async () => {
  const dir = await temporaryDir();
  const copy = join(dir, 'copy.yaml');
  const source = await readFile(join(OPENAPI, 'en.yaml'), 'utf8');
  const changed = source.replace(
    /( {4}ImaProVideoCreateRequest:[\s\S]*?enum:\n)( +)(- seedance-2\.0\n)/,
    '$1$2$3$2- seedance-9.0\n',
  );
  expect(changed).not.toBe(source);
  await writeFile(copy, changed);
  const [openapiDir, outDir] = [join(dir, 'openapi'), join(dir, 'generated')];
  await runCommand('scripts/spec-pull.ts', '--from', copy, '--openapi-dir', openapiDir);
  await runCommand('scripts/generate.ts', '--openapi-dir', openapiDir, '--out', outDir);

  const { catalog } = await import(pathToFileURL(join(outDir, 'catalog.ts')).href);
  expect(catalog.models.find((model: { id: string }) => model.id === 'seedance-9.0')).toEqual({
    id: 'seedance-9.0',
    modality: 'video',
    endpoints: [
      {
        method: 'POST',
        path: '/v1/videos',
        pollPath: '/v1/videos/{task_id}',
        schema: 'ImaProVideoCreateRequest',
        operationId: 'createImaProVideoTask',
        evidence: 'schema',
      },
    ],
    evidence: 'schema',
  });
  const { schemas } = await import(pathToFileURL(join(outDir, 'schemas.ts')).href);
  expect(schemas.ImaProVideoCreateRequest.properties.model.enum).toContain('seedance-9.0');

  const use = `submit({ model: 'seedance-9.0', prompt: 'a puppy runs' });`;
  expect(await typeErrors(await readFile(join(outDir, 'requests.ts'), 'utf8'), use)).toEqual([]);
  const before = await typeErrors(await readFile(join(GENERATED, 'requests.ts'), 'utf8'), use);
  expect(before.join()).toMatch(/not assignable/);
});

test('the types know what each model needs', async () => {
  const requests = await readFile(join(GENERATED, 'requests.ts'), 'utf8');
  const image = "'https://example.com/a.png'";
  const good = `
submit({ model: 'MiniMax-Hailuo-2.3-Fast', prompt: 'x', metadata: { first_frame_image: ${image} } });
submit({ model: 'MiniMax-Hailuo-2.3', prompt: 'x' });
submit({ model: 'wan2.6-i2v', prompt: 'x', images: [${image}], duration: 5 });
submit({ model: 'happyhorse-1.0-video-edit', prompt: 'x', metadata: { video_url: ${image} } });
submit({ model: 'kling-v3-omni-video', video_list: [{ video_url: ${image}, keep_original_sound: 'yes' }] });
submit({ model: 'seed-tts-2.0', text: 'hello', voice: 'v' });
submit({ model: 'sonic', prompt: 'a song' });`;
  expect(await typeErrors(requests, good)).toEqual([]);
  const bad = [
    ["submit({ model: 'MiniMax-Hailuo-2.3-Fast', prompt: 'x' });", /'metadata' is missing/],
    ["submit({ model: 'wan2.6-i2v', prompt: 'x' });", /'image' is missing|'images' is missing|not assignable/],
    ["submit({ model: 'kling-v3-video', prompt: 'x', duration: 16 });", /'16' is not assignable/],
    ["submit({ model: 'kling-v3-video', promt: 'x' });", /'promt' does not exist/],
    ["submit({ model: 'gpt-2' });", /not assignable/],
  ] as const;
  const found = await typeErrors(requests, bad.map(([line]) => line).join('\n'));
  expect(found).toHaveLength(bad.length);
  for (const [index, [, message]] of bad.entries()) expect(found[index]).toMatch(message);
});

test('a model that only the pulled index names is in the catalogue, without a schema', async () => {
  const { openapiDir, outDir } = await pipeline(join(OPENAPI, 'en.yaml'));
  const index = JSON.parse(await readFile(join(openapiDir, 'model-index.json'), 'utf8'));
  index.models.push({ modelId: 'brand-new', endpoints: ['POST /v1/videos'], pollEndpoint: '/v1/videos/{task_id}' });
  await writeFile(join(openapiDir, 'model-index.json'), JSON.stringify(index));
  await generate({ gateway, openapiDir, outDir });
  const { catalog } = await import(pathToFileURL(join(outDir, 'catalog.ts')).href);
  expect(catalog.models.at(-1)).toMatchObject({
    id: 'brand-new',
    evidence: 'index',
    endpoints: [{ path: '/v1/videos', pollPath: '/v1/videos/{task_id}', schema: null }],
  });
  expect(await readFile(join(outDir, 'requests.ts'), 'utf8')).not.toContain('brand-new');
});

test('a schema that cannot be carried over costs its model the local check, not the run', async () => {
  const dir = await temporaryDir();
  const copy = join(dir, 'copy.yaml');
  const source = await readFile(join(OPENAPI, 'en.yaml'), 'utf8');
  await writeFile(
    copy,
    source.replace(/( {4}ImaMusicCreateTaskRequest:\n)( +)/, '$1$2minProperties: 1\n$2patternProperties: {}\n$2'),
  );
  const openapiDir = join(dir, 'openapi');
  await pull({ gateway, dir: openapiDir, from: copy });
  const lines: string[] = [];
  await generate({ gateway, openapiDir, outDir: join(dir, 'out'), log: (line) => lines.push(line) });
  expect(lines).toContain(
    'no local validation for ImaMusicCreateTaskRequest: its schema has the keyword `patternProperties`',
  );
});

test('without a spec the command says what to do, and writes nothing', async () => {
  const dir = await temporaryDir();
  const outDir = join(dir, 'out');
  await expect(generate({ gateway, openapiDir: dir, outDir })).rejects.toThrow(
    /en\.import\.yaml does not exist\. Run npm run spec:pull first\./,
  );
  expect(await contentsOf(dir)).toEqual({});
});
