// Forms in which a vendor may add a family: each goes from the document through types and validation with no hand edit.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInstance } from '@stoplight/prism-http';
import { getHttpOperationsFromSpec } from '@stoplight/prism-http/dist/utils/operations.js';
import { expect, test } from 'vitest';
import { type Json, type JsonObject, writeYaml } from '../../scripts/spec/json.js';
import { type Generated, generatedIn, pipeline, temporaryDir, typeErrors } from './helpers.js';
import { Court } from './judges.js';

const AT = '/v1/videos';
const ref = (name: string): JsonObject => ({ $ref: `#/components/schemas/${name}` });
const body = (schema: Json): JsonObject => ({
  post: {
    requestBody: { content: { 'application/json': { schema } } },
    responses: { 200: { description: 'ok', content: { 'application/json': { example: { id: 'task_1' } } } } },
  },
});
const object = (properties: JsonObject, required: string[]): JsonObject => ({
  ...{ type: 'object', additionalProperties: false },
  ...{ required, properties: { model: { type: 'string' }, ...properties } },
});
const text: JsonObject = { type: 'string' };
const enumOf = (...ids: string[]): JsonObject => ({ type: 'string', enum: ids });

/** Two pages on one path: the family in question, and an old one. */
const page = (schema: Json, schemas: JsonObject): JsonObject => ({
  openapi: '3.0.3',
  info: { title: 'families', version: '1' },
  paths: {
    [AT]: body(ref('Old')),
    [`${AT}#new`]: body(schema),
    [`${AT}/{task_id}`]: { get: { responses: { 200: { description: 'ok' } } } },
  },
  components: { schemas: { Old: object({ model: enumOf('old-1'), prompt: text }, ['model', 'prompt']), ...schemas } },
});

const leaves = {
  Text: object({ prompt: text }, ['model', 'prompt']),
  Image: object({ image: text }, ['model', 'image']),
};
const mapping = { 'new-t': '#/components/schemas/Text', 'new-i': 'Image' };
const union = { oneOf: [ref('Text'), ref('Image')], discriminator: { propertyName: 'model', mapping } };

/** The union of the two families of a discriminator, in all places where it may stand. */
const discriminated: [string, JsonObject][] = [
  ['inline', page(union, leaves)],
  ['as a component', page(ref('Both'), { ...leaves, Both: union })],
  ['within another union', page({ anyOf: [ref('Both')] }, { ...leaves, Both: union })],
  ['with an extension beside it', page(ref('Both'), { ...leaves, Both: { ...union, 'x-note': 'y', example: {} } })],
  ['over members of a mixed union', page({ oneOf: [union, object({ model: enumOf('third') }, ['model'])] }, leaves)],
  ['alone on its path', { ...page(union, leaves), paths: { [AT]: body(union), [`${AT}/{task_id}`]: { get: {} } } }],
  [
    'over a union that is a target itself',
    page(
      {
        oneOf: [ref('Text'), ref('Inner')],
        discriminator: { propertyName: 'model', mapping: { ...mapping, 'new-i': 'Inner' } },
      },
      { ...leaves, Inner: { anyOf: [ref('Image')] } },
    ),
  ],
  [
    'on a base that the members extend',
    page(ref('Base'), {
      Base: {
        type: 'object',
        required: ['model'],
        properties: { model: text },
        discriminator: { propertyName: 'model', mapping },
      },
      Text: { allOf: [ref('Base'), { required: ['prompt'], properties: { prompt: text } }] },
      Image: { allOf: [ref('Base'), { required: ['image'], properties: { image: text } }] },
    }),
  ],
];

async function made(source: JsonObject): Promise<Generated & { requests: string }> {
  const file = join(await temporaryDir(), 'family.yaml');
  await writeFile(file, writeYaml(source));
  const { outDir } = await pipeline(file);
  return { ...(await generatedIn(outDir)), requests: await readFile(join(outDir, 'requests.ts'), 'utf8') };
}

function verdictOf({ catalog, ...rest }: Generated): (request: JsonObject) => boolean | string {
  const court = new Court({ catalog, ...rest });
  return (request) => {
    const model = catalog.models.find(({ id }) => id === request.model);
    const schema = model?.endpoints.find(({ path }) => path === AT)?.schema;
    return schema ? court.of(schema, AT).zod(request) : `no schema for ${String(request.model)}`;
  };
}

for (const [where, source] of discriminated) {
  test(`ids that only a discriminator names, ${where}: routed, typed, validated`, async () => {
    const result = await made(source);
    const ids = result.catalog.models.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(['new-i', 'new-t']));
    for (const { id, endpoints } of result.catalog.models) {
      expect(endpoints[0], id).toMatchObject({ path: AT, pollPath: `${AT}/{task_id}`, schema: expect.any(String) });
    }
    const good = `
submit({ model: 'new-t', prompt: 'x' });
submit({ model: 'new-i', image: 'x' });`;
    expect(await typeErrors(result.requests, good)).toEqual([]);
    const bad = `
submit({ model: 'new-t', image: 'x' });
submit({ model: 'new-i', prompt: 'x' });
submit({ model: 'new-x', prompt: 'x' });`;
    expect(await typeErrors(result.requests, bad)).toHaveLength(3);
    const verdict = verdictOf(result);
    expect(verdict({ model: 'new-t', prompt: 'x' })).toBe(true);
    expect(verdict({ model: 'new-i', image: 'x' })).toBe(true);
    expect(verdict({ model: 'new-t', image: 'x' })).toBe(false);
    expect(verdict({ model: 'new-i' })).toBe(false);
  });
}

test('Prism serves a path whose union was made of unions with discriminators', async () => {
  for (const [where, source] of discriminated) {
    const { root } = await made(source);
    const resources = await getHttpOperationsFromSpec(structuredClone(root));
    const silent = (): void => {};
    const log = {
      trace: silent,
      debug: silent,
      info: silent,
      success: silent,
      warn: silent,
      error: silent,
      fatal: silent,
    };
    const prism = createInstance(
      {
        ...{ isProxy: false, upstreamProxy: undefined, validateRequest: true, validateResponse: true },
        ...{ checkSecurity: false, errors: false, mock: { dynamic: false } },
      },
      { logger: { ...log, child: () => log } },
    );
    const ask = async (request: JsonObject): Promise<boolean> => {
      const input = { method: 'post' as const, url: { path: AT }, headers: { 'content-type': 'application/json' } };
      const result = await prism.request({ ...input, body: request }, resources)();
      return result._tag === 'Right' && result.right.output.statusCode === 200;
    };
    expect(await ask({ model: 'new-t', prompt: 'x' }), where).toBe(true);
    expect(await ask({ model: 'new-i', image: 'x' }), where).toBe(true);
    expect(await ask({ prompt: 'x' }), where).toBe(false);
    expect(await ask({ model: 'new-t', image: 'x' }), where).toBe(false);
    expect(await ask({ model: 'new-x', prompt: 'x' }), where).toBe(false);
  }
});

test('an id that the enum of its target refuses is no model of it', async () => {
  const closed = { ...leaves, Image: object({ model: enumOf('new-i'), image: text }, ['model', 'image']) };
  const wrong = { propertyName: 'model', mapping: { 'new-t': 'Text', 'new-x': 'Image', gone: 'Nowhere' } };
  const { catalog } = await made(page({ oneOf: [ref('Text'), ref('Image')], discriminator: wrong }, closed));
  expect(catalog.models.map(({ id, evidence }) => `${id} ${evidence}`)).toEqual([
    'new-i schema',
    'new-t discriminator',
    'old-1 schema',
  ]);
});

const composed: [string, Json, JsonObject][] = [
  [
    'allOf of inline parts',
    ref('New'),
    {
      Ids: enumOf('new-1', 'new-2'),
      New: {
        allOf: [
          { type: 'object', required: ['model'], properties: { model: ref('Ids') } },
          { type: 'object', required: ['prompt'], properties: { prompt: text, seed: { type: 'integer' } } },
        ],
      },
    },
  ],
  [
    'allOf of a base and an extension',
    { allOf: [ref('Base'), ref('Extension')] },
    {
      Base: { type: 'object', required: ['model'], properties: { model: enumOf('new-1', 'new-2') } },
      Extension: { allOf: [{ required: ['prompt'], properties: { prompt: text } }, ref('Seeded')] },
      Seeded: { properties: { seed: { type: 'integer' } } },
    },
  ],
  [
    'common fields and a choice of the rest by model',
    ref('New'),
    {
      New: {
        allOf: [
          { type: 'object', required: ['prompt'], properties: { prompt: text } },
          { oneOf: [ref('One'), ref('Two')] },
        ],
      },
      One: { type: 'object', required: ['model'], properties: { model: enumOf('new-1'), seed: { type: 'integer' } } },
      Two: { type: 'object', required: ['model'], properties: { model: enumOf('new-2'), seed: { type: 'integer' } } },
    },
  ],
  [
    'ids as a union of constants',
    ref('New'),
    {
      New: {
        type: 'object',
        required: ['model', 'prompt'],
        properties: {
          model: { anyOf: [enumOf('new-1'), enumOf('new-2')] },
          prompt: text,
          seed: { type: 'integer' },
        },
      },
    },
  ],
];

for (const [what, schema, schemas] of composed) {
  test(`${what}: every property is typed and validated`, async () => {
    const result = await made(page(schema, schemas));
    expect(result.catalog.models.map(({ id }) => id)).toEqual(['new-1', 'new-2', 'old-1']);
    const good = `
submit({ model: 'new-1', prompt: 'x', seed: 1 });
submit({ model: 'new-2', prompt: 'x' });`;
    expect(await typeErrors(result.requests, good)).toEqual([]);
    const bad = `
submit({ model: 'new-1' });
submit({ model: 'new-2', prompt: 1 });
submit({ model: 'new-1', prompt: 'x', seed: 'x' });`;
    expect(await typeErrors(result.requests, bad)).toHaveLength(3);
    const verdict = verdictOf(result);
    expect(verdict({ model: 'new-1', prompt: 'x', seed: 1 })).toBe(true);
    expect(verdict({ model: 'new-2', prompt: 'x' })).toBe(true);
    expect(verdict({ model: 'new-2' })).toBe(false);
    expect(verdict({ model: 'new-2', prompt: 'x', seed: 'x' })).toBe(false);
  });
}
