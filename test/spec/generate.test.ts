// `generate`: the same input gives the same bytes, and a value that appears in the spec appears in all that is made of it.
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { generate } from '../../scripts/generate/generate.js';
import { pull } from '../../scripts/spec/pull.js';
import { contentsOf, FROZEN, gateway, pipeline, temporaryDir, typeErrors } from './helpers.js';

const runCommand = (...options: string[]): Promise<unknown> =>
  promisify(execFile)(process.execPath, ['--import', 'tsx', ...options]);

let frozenOnce: Promise<string> | undefined;
/** The types of the frozen document; made once. */
function frozenRequests(): Promise<string> {
  frozenOnce ??= pipeline(FROZEN).then(({ outDir }) => readFile(join(outDir, 'requests.ts'), 'utf8'));
  return frozenOnce;
}

test('the same input gives the same bytes, and the second run touches nothing', async () => {
  const { openapiDir, outDir } = await pipeline(FROZEN);
  const again = await temporaryDir();
  expect((await generate({ gateway, openapiDir, outDir: again })).changed).toHaveLength(6);
  expect(await contentsOf(again)).toEqual(await contentsOf(outDir));
  expect((await generate({ gateway, openapiDir, outDir })).changed).toEqual([]);
});

test('a new enum value in the spec becomes a typed, routable, validated model with no hand edit', async () => {
  const dir = await temporaryDir();
  const copy = join(dir, 'copy.yaml');
  const source = await readFile(FROZEN, 'utf8');
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
    needsPublicUrl: true,
  });
  const { schemas } = await import(pathToFileURL(join(outDir, 'schemas.ts')).href);
  expect(schemas.ImaProVideoCreateRequest.properties.model.enum).toContain('seedance-9.0');

  const use = `submit({ model: 'seedance-9.0', prompt: 'a puppy runs' });`;
  expect(await typeErrors(await readFile(join(outDir, 'requests.ts'), 'utf8'), use)).toEqual([]);
  const before = await typeErrors(await frozenRequests(), use);
  expect(before.join()).toMatch(/not assignable/);
});

test('the types know what each model needs', async () => {
  const requests = await frozenRequests();
  const image = "'https://example.com/a.png'";
  const good = `
submit({ model: 'MiniMax-Hailuo-2.3-Fast', prompt: 'x', metadata: { first_frame_image: ${image} } });
submit({ model: 'MiniMax-Hailuo-2.3', prompt: 'x' });
submit({ model: 'wan2.6-i2v', prompt: 'x', images: [${image}], duration: 5 });
submit({ model: 'happyhorse-1.0-video-edit', prompt: 'x', metadata: { video_url: ${image} } });
submit({ model: 'kling-v3-omni-video', video_list: [{ video_url: ${image}, keep_original_sound: 'yes' }] });
submit({ model: 'seed-tts-2.0', text: 'hello', voice: 'v' });
submit({ model: 'sonic', prompt: 'a song' });
send({ model: 'gpt-4o', messages: [{ role: 'user', content: 'x' }] });`;
  expect(await typeErrors(requests, good)).toEqual([]);
  const bad = [
    ["submit({ model: 'MiniMax-Hailuo-2.3-Fast', prompt: 'x' });", /'metadata' is missing/],
    ["submit({ model: 'wan2.6-i2v', prompt: 'x' });", /'image' is missing|'images' is missing|not assignable/],
    ["submit({ model: 'kling-v3-video', prompt: 'x', duration: 16 });", /'16' is not assignable/],
    ["submit({ model: 'kling-v3-video', promt: 'x' });", /'promt' does not exist/],
    ["submit({ model: 'gpt-2' });", /not assignable/],
    // A chat model answers at once: there is no task to wait for.
    ["submit({ model: 'gpt-4o', messages: [{ role: 'user', content: 'x' }] });", /not assignable/],
  ] as const;
  const found = await typeErrors(requests, bad.map(([line]) => line).join('\n'));
  expect(found).toHaveLength(bad.length);
  for (const [index, [, message]] of bad.entries()) expect(found[index]).toMatch(message);
});

test('a model that only the pulled index names is in the catalogue, without a schema', async () => {
  const { openapiDir, outDir } = await pipeline(FROZEN);
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
  const source = await readFile(FROZEN, 'utf8');
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
