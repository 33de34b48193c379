// Embeddings as OpenAI's protocol has them: one unit vector for each text, which follows from the text and the model alone.

import { at, type Json } from './json.js';
import { chance } from './random.js';

export interface EmbeddingRoute {
  path: string;
  /** Numbers of a vector where the request does not say how many, by model. */
  dimensions: Record<string, number>;
  /** Most texts in one request. */
  most: number;
  /** US dollars for a million tokens. */
  price: number;
}

export interface Embedded {
  status: number;
  body: Json;
  /** What is to be checked of it: one vector is as good as thousands. */
  samples: Json[];
  usd: number;
}

const TOKENS_PER_PRICE = 1e6;
/** English text has about as many characters to a token. */
const CHARACTERS_PER_TOKEN = 4;

const FLOAT_BYTES = 4;

/** Answers a request that the document takes. */
export function embed({ dimensions, most, price }: EmbeddingRoute, model: string, body: unknown): Embedded {
  const input = at(body, 'input');
  const texts = (Array.isArray(input) ? input : [input]).map(String);
  if (texts.length > most) return { status: 400, body: tooMany(texts.length, most), samples: [], usd: 0 };
  const asked = at(body, 'dimensions');
  const length = typeof asked === 'number' ? asked : (dimensions[model] ?? 0);
  const isPacked = at(body, 'encoding_format') === 'base64';
  const data = texts.map((text, index): Json => {
    const vector = vectorOf(model, text, length);
    return { object: 'embedding', index, embedding: isPacked ? packed(vector) : Array.from(vector) };
  });
  const tokens = texts.reduce((sum, text) => sum + Math.max(1, Math.ceil(text.length / CHARACTERS_PER_TOKEN)), 0);
  const answer = { object: 'list', model, usage: { prompt_tokens: tokens, total_tokens: tokens } };
  return {
    status: 200,
    body: { ...answer, data },
    // The document has numbers there, and forgets the packed form that it takes in requests.
    samples: isPacked ? [] : [{ ...answer, data: data.slice(0, 1) }],
    usd: (tokens * price) / TOKENS_PER_PRICE,
  };
}

/** A shorter vector is the start of the longer one, brought to length one again, as with the real models. */
function vectorOf(model: string, text: string, length: number): Float32Array {
  const next = chance('embedding', model, text);
  const vector = new Float32Array(length);
  let sum = 0;
  for (let index = 0; index < length; index++) {
    const value = 2 * next() - 1;
    vector[index] = value;
    sum += value * value;
  }
  const norm = Math.sqrt(sum) || 1;
  return vector.map((value) => value / norm);
}

/** Little-endian float32 in base64, whatever machine this is. */
function packed(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * FLOAT_BYTES);
  vector.forEach((value, index) => {
    bytes.writeFloatLE(value, index * FLOAT_BYTES);
  });
  return bytes.toString('base64');
}

function tooMany(count: number, most: number): Json {
  return {
    error: {
      message: `Invalid 'input': array too long. Expected an array with maximum length ${most}, but got an array with length ${count} instead.`,
      type: 'invalid_request_error',
      param: 'input',
      code: 'array_above_max_length',
    },
  };
}
