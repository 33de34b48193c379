// The validation schemas: zod and ajv say of them what ajv says of the vendor's own schema, `if`/`then` included.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fullFormats } from 'ajv-formats/dist/formats.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { catalog } from '../../generated/ima-router/catalog.js';
import { definitions, schemas } from '../../generated/ima-router/schemas.js';
import { referencesIn } from '../../scripts/generate/hoist.js';
import { URI_PATTERN } from '../../scripts/generate/uri.js';
import { isObject, type Json, type JsonObject, readJson, stringAt } from '../../scripts/spec/json.js';
import { operationsOf } from '../../scripts/spec/operations.js';
import { deriveTestCases } from '../../scripts/spec/test-cases.js';
import { GENERATED, newAjv, referenceValidator } from './helpers.js';
import { mutations } from './mutations.js';

const root = readJson(await readFile(join(GENERATED, 'openapi.json'), 'utf8'), 'openapi.json');
if (!isObject(root)) throw new Error('openapi.json holds no object');
const cases = deriveTestCases(root, '', '').cases;

/** One schema and the definitions it reaches: what the library puts together at run time. */
function assembled(key: string): JsonObject {
  const reached: Record<string, Json> = {};
  const follow = (schema: unknown): void => {
    for (const name of referencesIn(asJson(schema))) {
      if (name in reached) continue;
      reached[name] = asJson(definitions[name]);
      follow(definitions[name]);
    }
  };
  const schema = asJson(schemas[key]);
  follow(schema);
  return { ...(isObject(schema) ? schema : {}), definitions: reached };
}

function asJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value));
}

const reference = referenceValidator(root);
const ajv = newAjv();

interface Judges {
  key: string;
  vendor: (body: unknown) => boolean;
  ajv: (body: unknown) => boolean;
  zod: (body: unknown) => boolean;
}

const judges = new Map<string, Judges>();
function judgesOf(key: string, path: string): Judges {
  const held = judges.get(key);
  if (held) return held;
  const name = key.split(':')[0];
  const variant = operationsOf(isObject(root) ? root : {})
    .filter((operation) => operation.path === path)
    .flatMap((operation) => operation.variants)
    .find((candidate) => candidate.name === name);
  if (!variant) throw new Error(`no schema ${name} at ${path}`);
  const schema = assembled(key);
  const [vendor, own] = [reference(variant.schema), ajv.compile(schema)];
  const parser = z.fromJSONSchema(schema, { defaultTarget: 'draft-7' });
  const made: Judges = {
    key,
    vendor: (body) => vendor(body),
    ajv: (body) => own(body),
    zod: (body) => parser.safeParse(body).success,
  };
  judges.set(key, made);
  return made;
}

/** Every model on every endpoint where it has a schema, with the examples of that schema as its own. */
const targets = catalog.models.flatMap((model) =>
  model.endpoints.flatMap(({ path, schema }) => {
    if (schema === null) return [];
    const name = schema.split(':')[0];
    const alike = new Set(
      catalog.models
        .filter((other) =>
          other.endpoints.some((endpoint) => endpoint.path === path && endpoint.schema?.split(':')[0] === name),
        )
        .map((other) => other.id),
    );
    const bodies = cases
      .filter((item) => item.path === path && item.modelId !== null && alike.has(item.modelId))
      .map((item): JsonObject => ({ ...(isObject(item.body) ? item.body : {}), model: model.id }));
    return [{ id: model.id, path, schema, bodies }];
  }),
);

test('every request example of the spec passes, for the model it is about', () => {
  let compared = 0;
  for (const { modelId, path, body, id } of cases) {
    const endpoint = catalog.models.find((model) => model.id === modelId)?.endpoints.find((one) => one.path === path);
    if (!endpoint?.schema) continue;
    const { vendor, ajv: own, zod } = judgesOf(endpoint.schema, path);
    expect([vendor(body), own(body), zod(body)], id).toEqual([true, true, true]);
    compared++;
  }
  expect(compared).toBe(184); // all but the four whose body takes or gives no model
});

test('on thousands of spoilt bodies the three verdicts are one', () => {
  const seen = new Map<string, number>();
  const disagreements: string[] = [];
  let compared = 0;
  let accepted = 0;
  for (const { path, schema, bodies } of targets) {
    // Models that share a schema need no more than one round.
    if (seen.has(`${schema} ${path}`)) continue;
    seen.set(`${schema} ${path}`, 1);
    const { vendor, ajv: own, zod } = judgesOf(schema, path);
    for (const body of bodies.slice(0, 4)) {
      for (const mutant of mutations(body, bodies)) {
        const verdict = vendor(mutant);
        if (own(mutant) !== verdict || zod(mutant) !== verdict) {
          disagreements.push(`${schema}: the spec says ${verdict} of ${JSON.stringify(mutant)}`);
        }
        compared++;
        if (verdict) accepted++;
      }
    }
  }
  expect(disagreements.slice(0, 5)).toEqual([]);
  expect(compared).toBeGreaterThan(50_000);
  expect(accepted).toBeGreaterThan(2_000);
});

test('what the vendor puts in `if`/`then` is decided by the model', () => {
  const at = '/v1/videos';
  const judge = (body: JsonObject): boolean =>
    judgesOf(`MiniMaxVideosCreateRequest:${stringAt(body, 'model')}`, at).zod(body);
  const frame = { metadata: { first_frame_image: 'https://example.com/a.png' } };
  expect(judge({ model: 'MiniMax-Hailuo-2.3-Fast', prompt: 'x' })).toBe(false);
  expect(judge({ model: 'MiniMax-Hailuo-2.3-Fast', prompt: 'x', size: '768p', ...frame })).toBe(true);
  expect(judge({ model: 'MiniMax-Hailuo-2.3-Fast', prompt: 'x', size: '512p', ...frame })).toBe(false);
  expect(judge({ model: 'MiniMax-Hailuo-02', prompt: 'x', size: '512p', duration: 10 })).toBe(true);
  expect(judge({ model: 'MiniMax-Hailuo-02', prompt: 'x', size: '1080p', duration: 10 })).toBe(false);
  expect(judge({ model: 'MiniMax-Hailuo-02', prompt: 'x', duration: 10 })).toBe(false); // an absent size meets the `if` too
});

test('the two intended differences from the document', () => {
  const omni = judgesOf('KlingV3OmniVideoCreateRequest', '/v1/videos');
  const body = (sound: Json): JsonObject => ({
    model: 'kling-v3-omni-video',
    video_list: [{ video_url: 'https://example.com/a.mp4', keep_original_sound: sound }],
  });
  // 1. A repair (scripts/gateways.ts): the document's enum [true, false] of type string lets nothing pass.
  expect([omni.zod(body('yes')), omni.zod(body('no')), omni.zod(body(true))]).toEqual([true, true, false]);
  // 2. Integers beyond 2^53, which JavaScript cannot hold exactly, are refused.
  const chat = judgesOf('ChatCompletionRequest', '/v1/chat/completions');
  const huge = { model: 'gpt-4o', messages: [{ role: 'user', content: 'x' }], max_tokens: 1e20 };
  expect([chat.vendor(huge), chat.ajv(huge), chat.zod(huge)]).toEqual([true, false, false]);
});

test('bodies without a model have a schema too', () => {
  const withSchema = catalog.operations.filter((operation) => operation.schema !== null);
  expect(withSchema.map((operation) => operation.path).sort()).toEqual([
    '/mj/submit/blend',
    '/v1/assets/get',
    '/v1/assets/group/get',
    '/v1/assets/group/update',
    '/v1/assets/quota',
    '/v1/assets/update',
  ]);
  const blend = judgesOf('submitMidjourneyBlend', '/mj/submit/blend');
  const two = ['https://example.com/a.png', 'https://example.com/b.png'];
  expect([blend.zod({ base64Array: two }), blend.zod({ base64Array: two.slice(1) })]).toEqual([true, false]);
});

test('no schema says anything that zod reads differently', () => {
  const text = JSON.stringify([definitions, schemas]);
  for (const word of [
    '"if"',
    '"then"',
    '"nullable"',
    '"format"',
    '"default"',
    '"description"',
    '"x-',
    '"discriminator"',
  ]) {
    // As keywords; fields of requests may bear such names.
    expect(text.includes(`${word}:"`) || text.includes(`${word}:{"properties"`), word).toBe(false);
  }
  for (const [key, schema] of Object.entries(schemas)) {
    expect(
      isObject(schema) &&
        ('properties' in schema ? !('anyOf' in schema || 'oneOf' in schema || 'allOf' in schema) : true),
      key,
    ).toBe(true);
  }
});

test('the pattern for URIs gives the verdict of ajv-formats', () => {
  const { uri } = fullFormats;
  if (typeof uri !== 'function') throw new Error('ajv-formats has changed: its `uri` is no function any more');
  const [plain, unicode] = [new RegExp(URI_PATTERN), new RegExp(URI_PATTERN, 'u')];
  const letters = fc.constantFrom(...'abzAFZ019:/?#[]@!$&\'()*+,;=-._~% <>"{}|^`é例');
  const text = (max: number) => fc.string({ unit: letters, maxLength: max });
  const uris = fc.oneof(
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
    text(30),
    text(20).map((rest) => `http://${rest}`),
    fc.ipV6().map((address) => `http://[${address}]:80/x`),
    fc.string({ unit: fc.constantFrom(...'0123456789abcdefF:.v'), maxLength: 40 }).map((host) => `HTTP://[${host}]`),
  );
  fc.assert(
    fc.property(uris, (value) => {
      expect([plain.test(value), unicode.test(value)]).toEqual([uri(value), uri(value)]);
    }),
    { numRuns: 20_000, seed: 1 },
  );
});
