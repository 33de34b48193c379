// The `#alias` document folds into the import form: 38 real paths, nothing lost, the same every time.
import { expect, test } from 'vitest';
import {
  arrayAt,
  isObject,
  type Json,
  type JsonObject,
  objectAt,
  readYaml,
  stringAt,
  writeYaml,
} from '../../scripts/spec/json.js';
import { METHODS, mergeAliases, operationIdFor, pathParameterNames } from '../../scripts/spec/merge.js';
import { document, FROZEN } from './helpers.js';

const source = await document(FROZEN);
const merged = mergeAliases(source);

function operations(root: JsonObject): { path: string; method: string; value: JsonObject }[] {
  return Object.entries(objectAt(root, 'paths') ?? {}).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const value = objectAt(item, method);
      return value ? [{ path, method, value }] : [];
    }),
  );
}

const operation = (path: string, method: string): JsonObject =>
  objectAt(objectAt(objectAt(merged, 'paths'), path), method) ?? {};

const media = (holder: Json | undefined): JsonObject => objectAt(objectAt(holder, 'content'), 'application/json') ?? {};

function exampleNames(root: JsonObject, side: 'request' | 'response'): string[] {
  return operations(root).flatMap(({ path, method, value }) => {
    const real = `${method} ${path.split('#')[0]}`;
    const holders =
      side === 'request' ? [['', value.requestBody] as const] : Object.entries(objectAt(value, 'responses') ?? {});
    return holders.flatMap(([status, holder]) =>
      Object.keys(objectAt(media(holder), 'examples') ?? {}).map((name) => `${real} ${status} ${name}`),
    );
  });
}

test('68 path keys become 38 real paths, and none holds a "#"', () => {
  expect(Object.keys(objectAt(source, 'paths') ?? {})).toHaveLength(68);
  const paths = Object.keys(objectAt(merged, 'paths') ?? {});
  expect(paths).toHaveLength(38);
  expect(paths.filter((path) => path.includes('#'))).toEqual([]);
});

test('all 128 schemas stay', () => {
  expect(objectAt(merged, 'components')).toEqual(objectAt(source, 'components'));
  expect(Object.keys(objectAt(objectAt(merged, 'components'), 'schemas') ?? {})).toHaveLength(128);
});

test('a request body is one union of the leaf schemas, none of them twice', () => {
  const variants = (path: string): string[] =>
    arrayAt(media(operation(path, 'post').requestBody).schema, 'anyOf').map(
      (member) => stringAt(member, '$ref')?.split('/').at(-1) ?? 'inline',
    );
  expect(variants('/v1/videos')).toHaveLength(16);
  expect(variants('/v1/images/generations')).toHaveLength(11);
  expect(variants('/v1/video/generations')).toEqual([
    'MiniMaxVideoGenerationRequest',
    'KlingUnifiedVideoRequest',
    'ViduVideoRequest',
    'PixverseVideoCreateRequest',
  ]);
  // Vidu stands on two alias pages of /v1/videos and inside one wrapper; HappyHorse and Wan 2.6 are unions themselves.
  for (const path of ['/v1/videos', '/v1/images/generations', '/v1/video/generations']) {
    expect(new Set(variants(path)).size).toBe(variants(path).length);
  }
  expect(variants('/v1/videos')).toContain('Happyhorse10R2VVideoCreateRequest');
  expect(variants('/v1/videos')).not.toContain('Happyhorse10VideoCreateRequest');
  expect(media(operation('/v1/music/generations', 'post').requestBody).schema).toEqual({
    $ref: '#/components/schemas/ImaMusicCreateTaskRequest',
  });
});

test('every named example is still there: 188 of requests, and all of responses', () => {
  expect(exampleNames(source, 'request')).toHaveLength(188);
  expect(exampleNames(merged, 'request')).toHaveLength(188);
  // The page of the bare key keeps its names; an alias page whose name is taken by other content gets its own prefix.
  expect(exampleNames(source, 'response')).toHaveLength(119);
  expect(exampleNames(merged, 'response')).toHaveLength(119);
});

test('names that collide stay apart, each with its own content', () => {
  const examples = objectAt(media(operation('/v1/video/generations', 'post').requestBody), 'examples');
  const names = Object.keys(examples ?? {});
  const own = names.filter((name) => name.endsWith('text2video') && !name.includes('hailuo'));
  expect(own.length).toBeGreaterThan(1);
  expect(new Set(own.map((name) => JSON.stringify(examples?.[name]))).size).toBe(own.length);

  const page = (model: string, name = 'basic'): JsonObject => ({
    post: {
      requestBody: { content: { 'application/json': { examples: { [name]: { value: { model } } } } } },
      responses: { 200: { description: 'ok' } },
    },
  });
  const folded = mergeAliases({
    openapi: '3.0.3',
    paths: { '/x': page('a'), '/x#b': page('b'), '/x#c': page('a'), '/x#d': page('d', 'other') },
  });
  const kept = objectAt(media(objectAt(objectAt(objectAt(folded, 'paths'), '/x'), 'post')?.requestBody), 'examples');
  expect(kept).toEqual({
    basic: { value: { model: 'a' } }, // the page c says the same once more
    b_basic: { value: { model: 'b' } },
    other: { value: { model: 'd' } },
  });
});

test('an example that is a bare string becomes an Example Object without value', () => {
  const bad = objectAt(operation('/v1/videos', 'post'), 'responses');
  expect(objectAt(media(bad?.['400']), 'examples')?.['Text content is required']).toEqual({
    summary: expect.any(String),
  });
});

test('every operation has an id of its own; one without gets it from method and path', () => {
  const ids = operations(merged).map(({ value }) => stringAt(value, 'operationId'));
  expect(ids.every((id) => id !== undefined && id !== '')).toBe(true);
  expect(new Set(ids).size).toBe(38);
  expect(stringAt(operation('/v1/videos', 'post'), 'operationId')).toBe('createImaProVideoTask');
  expect(stringAt(operation('/v1/chat/completions', 'post'), 'operationId')).toBe('postV1ChatCompletions');
  expect(operationIdFor('get', '/v1/video/generations/{task_id}')).toBe('getV1VideoGenerationsByTaskId');
});

test('every {parameter} of a path is declared', () => {
  for (const { path, value } of operations(merged)) {
    const declared = arrayAt(value, 'parameters').map((parameter) => stringAt(parameter, 'name'));
    for (const name of pathParameterNames(path)) expect(declared, path).toContain(name);
  }
  const bare = mergeAliases({ paths: { '/t/{id}': { get: { responses: {} } } } });
  expect(arrayAt(objectAt(objectAt(objectAt(bare, 'paths'), '/t/{id}'), 'get'), 'parameters')).toEqual([
    { name: 'id', in: 'path', required: true, schema: { type: 'string' } },
  ]);
});

test('the text of every page stands in the merged description, and the page is on record', () => {
  for (const { path, method, value } of operations(source)) {
    const [real = '', alias] = path.split('#');
    const target = operation(real, method);
    expect(stringAt(target, 'description') ?? '').toContain((stringAt(value, 'description') ?? '').trimEnd());
    if (alias === undefined) continue;
    const pages = arrayAt(target, 'x-alias-pages').map((page) => stringAt(page, 'alias'));
    expect(pages).toContain(alias);
    expect(arrayAt(target, 'tags')).toEqual(expect.arrayContaining(arrayAt(value, 'tags')));
  }
  expect(operation('/v1/videos', 'post')['x-playground-portrait-asset-models']).toBeDefined();
});

test('folding a folded document changes nothing', () => {
  const text = writeYaml(merged);
  const again = readYaml(text, 'en.import.yaml');
  expect(isObject(again) && writeYaml(mergeAliases(again))).toBe(text);
});

test('strings that a YAML 1.1 reader would take for something else are quoted', () => {
  const tricky = [
    'yes',
    'no',
    'on',
    'off',
    'y',
    '1e3',
    '12:30',
    '0o7',
    '010',
    '~',
    'null',
    '1_000',
    '720p',
    '2026-05-13',
  ];
  const text = writeYaml({ tricky });
  for (const word of ['yes', 'no', 'on', 'off', '1e3', '12:30', '010', '2026-05-13', '1_000']) {
    expect(text).toMatch(new RegExp(`- ["']${word}["']`));
  }
  expect(readYaml(text, 'text')).toEqual({ tricky });
});

test('ids that two operations share are told apart, and a document without paths is refused', () => {
  const twice = mergeAliases({
    paths: { '/a': { get: { operationId: 'same' } }, '/b': { get: { operationId: 'same' } } },
  });
  expect(operations(twice).map(({ value }) => value.operationId)).toEqual(['same', 'getB']);
  expect(() => mergeAliases({ openapi: '3.0.3' })).toThrow('no `paths`');
});
