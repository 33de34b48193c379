// Embeddings: one unit vector for each text, always the same one, plain or packed.

import fc from 'fast-check';
import OpenAI from 'openai';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Bench, bench, dig } from './helpers.js';

const PATH = '/v1/embeddings';
const LARGE = 'text-embedding-3-large';

let here: Bench;

beforeAll(async () => {
  here = await bench();
});
afterEach(() => expect(here.mock.deviations).toEqual([]));
afterAll(() => here.mock.close());

async function vectors(input: unknown, more: object = {}): Promise<number[][]> {
  const { body } = await here.post(PATH, { model: LARGE, input, ...more });
  return dataIn(body).map((one) => (dig(one, 'embedding') as number[] | undefined) ?? []);
}

function dataIn(body: unknown): unknown[] {
  const data = dig(body, 'data');
  return Array.isArray(data) ? data : [];
}

const norm = (vector: number[]) => Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));

it('has as many numbers as the model has dimensions, or as were asked for', async () => {
  expect((await vectors('hello'))[0]).toHaveLength(3072);
  expect((await vectors('hello', { model: 'text-embedding-3-small' }))[0]).toHaveLength(1536);
  const [short = []] = await vectors('hello', { dimensions: 256 });
  expect(short).toHaveLength(256);
  expect(norm(short)).toBeCloseTo(1, 5);
});

it('has a vector of its own for each text, in order, the same for the same text', async () => {
  const texts = ['one', 'zwei', '三', 'one'];
  const { body } = await here.post(PATH, { model: LARGE, input: texts, dimensions: 8 });
  expect(body).toMatchObject({ object: 'list', model: LARGE });
  expect(dataIn(body).map((one) => [dig(one, 'object'), dig(one, 'index')])).toEqual(
    texts.map((_, index) => ['embedding', index]),
  );
  expect(dig(body, 'usage.prompt_tokens')).toBe(4);
  expect(dig(body, 'usage.total_tokens')).toBe(4);
  const [one, two, three, again] = await vectors(texts, { dimensions: 8 });
  expect(again).toEqual(one);
  expect(new Set([one, two, three].map((vector) => JSON.stringify(vector))).size).toBe(3);
  expect(await vectors(['三'], { dimensions: 8 })).toEqual([three]);
  expect((await vectors('one', { dimensions: 8, model: 'text-embedding-3-small' }))[0]).not.toEqual(one);
});

it('keeps different texts far apart', async () => {
  const [one = [], two = []] = await vectors(['one', 'two']);
  const cosine = one.reduce((sum, value, index) => sum + value * (two[index] ?? 0), 0);
  expect(Math.abs(cosine)).toBeLessThan(0.1);
});

it('is the same packed: little-endian float32, as the official SDK asks for it by itself', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string(), fc.integer({ min: 1, max: 20 }), async (input, dimensions) => {
      const request = { model: LARGE, input, dimensions, encoding_format: 'base64' };
      const packed = Buffer.from(String(dig((await here.post(PATH, request)).body, 'data.0.embedding')), 'base64');
      const numbers = Array.from({ length: dimensions }, (_, index) => packed.readFloatLE(index * 4));
      expect(packed.length).toBe(4 * dimensions);
      expect([numbers]).toEqual(await vectors(input, { dimensions }));
      expect(norm(numbers)).toBeCloseTo(1, 4);
    }),
    { numRuns: 20 },
  );
  const sdk = new OpenAI({ apiKey: here.mock.apiKey, baseURL: `${here.mock.url}/v1`, maxRetries: 0 });
  const answer = await sdk.embeddings.create({ model: LARGE, input: ['one'], dimensions: 8 });
  expect(answer.data.map(({ embedding }) => embedding)).toEqual(await vectors('one', { dimensions: 8 }));
});

it('takes 2,048 texts, and no more', async () => {
  const texts = Array.from({ length: 2048 }, (_, index) => `text ${index}`);
  const before = here.mock.ledger.submits.length;
  expect(await vectors(texts, { dimensions: 16 })).toHaveLength(2048);
  const { status, body } = await here.post(PATH, { model: LARGE, input: [...texts, 'one more'], dimensions: 16 });
  expect(status).toBe(400);
  expect(body).toMatchObject({
    error: { type: 'invalid_request_error', param: 'input', message: expect.stringContaining('maximum length 2048') },
  });
  expect(here.mock.ledger.submits.slice(before).map(({ paid, model }) => [paid, model])).toEqual([
    [true, LARGE],
    [false, LARGE],
  ]);
});
