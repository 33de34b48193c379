// The validation schemas of the frozen document: what its examples, its `if`/`then` and its oddities come to.
import { fullFormats } from 'ajv-formats/dist/formats.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { URI_PATTERN } from '../../scripts/generate/uri.js';
import { isObject, type Json, type JsonObject, stringAt } from '../../scripts/spec/json.js';
import { frozen } from './helpers.js';
import { Court } from './judges.js';

let courtOnce: Promise<Court> | undefined;
const court = (): Promise<Court> => {
  courtOnce ??= frozen().then((made) => new Court(made));
  return courtOnce;
};

test('every request example passes, for the model it is about', async () => {
  let examples = 0;
  for await (const { id, verdicts } of (await court()).examples()) {
    expect(verdicts, id).toEqual([true, true, true]);
    examples++;
  }
  expect(examples).toBe(184); // all but the four whose body takes or gives no model
});

test('what the vendor puts in `if`/`then` is decided by the model', async () => {
  const judges = await court();
  const at = '/v1/videos';
  const judge = (body: JsonObject): boolean =>
    judges.of(`MiniMaxVideosCreateRequest:${stringAt(body, 'model')}`, at).zod(body);
  const frame = { metadata: { first_frame_image: 'https://example.com/a.png' } };
  expect(judge({ model: 'MiniMax-Hailuo-2.3-Fast', prompt: 'x' })).toBe(false);
  expect(judge({ model: 'MiniMax-Hailuo-2.3-Fast', prompt: 'x', size: '768p', ...frame })).toBe(true);
  expect(judge({ model: 'MiniMax-Hailuo-2.3-Fast', prompt: 'x', size: '512p', ...frame })).toBe(false);
  expect(judge({ model: 'MiniMax-Hailuo-02', prompt: 'x', size: '512p', duration: 10 })).toBe(true);
  expect(judge({ model: 'MiniMax-Hailuo-02', prompt: 'x', size: '1080p', duration: 10 })).toBe(false);
  expect(judge({ model: 'MiniMax-Hailuo-02', prompt: 'x', duration: 10 })).toBe(false); // an absent size meets the `if` too
});

test('the two intended differences from the document', async () => {
  const judges = await court();
  const omni = judges.of('KlingV3OmniVideoCreateRequest', '/v1/videos');
  const body = (sound: Json): JsonObject => ({
    model: 'kling-v3-omni-video',
    video_list: [{ video_url: 'https://example.com/a.mp4', keep_original_sound: sound }],
  });
  // 1. A repair (scripts/gateways.ts): the document's enum [true, false] of type string lets nothing pass.
  expect([omni.zod(body('yes')), omni.zod(body('no')), omni.zod(body(true))]).toEqual([true, true, false]);
  // 2. Integers beyond 2^53, which JavaScript cannot hold exactly, are refused.
  const chat = judges.of('ChatCompletionRequest', '/v1/chat/completions');
  const huge = { model: 'gpt-4o', messages: [{ role: 'user', content: 'x' }], max_tokens: 1e20 };
  expect([chat.vendor(huge), chat.ajv(huge), chat.zod(huge)]).toEqual([true, false, false]);
});

test('bodies without a model have a schema too', async () => {
  const { catalog } = await frozen();
  const judges = await court();
  const withSchema = catalog.operations.filter((operation) => operation.schema !== null);
  expect(withSchema.map((operation) => operation.path).sort()).toEqual([
    '/mj/submit/blend',
    '/v1/assets/get',
    '/v1/assets/group/get',
    '/v1/assets/group/update',
    '/v1/assets/quota',
    '/v1/assets/update',
  ]);
  const blend = judges.of('submitMidjourneyBlend', '/mj/submit/blend');
  const two = ['https://example.com/a.png', 'https://example.com/b.png'];
  expect([blend.zod({ base64Array: two }), blend.zod({ base64Array: two.slice(1) })]).toEqual([true, false]);
});

test('no schema says anything that zod reads differently', async () => {
  const { definitions, schemas } = await frozen();
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
  // A picture of 10 MB as a data URL: the expression of ajv-formats runs out of stack there.
  const long = `data:image/png;base64,${'Ab+/'.repeat(3_500_000)}`;
  expect([plain.test(long), unicode.test(long), plain.test(`${long}"`)]).toEqual([true, true, false]);
  expect([plain.test(`https://a/${long}%20`), plain.test(`https://a/${long}%2`)]).toEqual([true, false]);
});
