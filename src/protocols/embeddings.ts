// Embeddings: many texts as few calls, their vectors in the order of the texts, and what was paid for kept when one fails.

import { bad, type Call, ImaRouterError, InvalidRequestError, isRecord } from '../transport/index.js';
import { CALL_OPTIONS, type CallOptions, callFor, checkCall, misunderstood } from './call.js';
import type { ProtocolPort } from './port.js';

/** What a model of embeddings takes. */
export interface EmbeddingRequest {
  model: string;
  input: string | readonly string[];
  /** `base64`: the vector's 32-bit floats, little-endian, as one text. */
  encoding_format?: 'float' | 'base64' | undefined;
}

/** The vector of one text. */
export interface Embedding<Vector = number[]> {
  object?: string;
  /** Which text, from 0, over all calls. */
  index: number;
  embedding: Vector;
}

/** The vectors of all texts, in their order. */
export interface CreateEmbeddingResponse<Vector = number[]> {
  object?: string;
  model?: string;
  data: Embedding<Vector>[];
  /** Of all calls together. Absent where one did not tell: unknown, and not 0. */
  usage?: { prompt_tokens: number; total_tokens: number };
}

/** What had come when one of several calls failed: `error.partial`. */
export interface PartialEmbeddings<Vector = number[]> {
  model?: string;
  /** One place for each text; undefined where nothing came. */
  data: (Embedding<Vector> | undefined)[];
  /** Of the calls that came through. */
  usage?: { prompt_tokens: number; total_tokens: number };
  /** Answers in a form that is not known here, as they came: they may be billed too. */
  unread?: unknown[];
}

/** Options of `embeddings.create`. */
export interface EmbeddingOptions extends CallOptions {
  /** Texts per call. Default 2,048. */
  batchSize?: number | undefined;
  /** Calls at a time. Default 4. */
  concurrency?: number | undefined;
}

/** OpenAI's limit; the vendor's document names none. */
const BATCH_SIZE = 2048;

/** Enough to hide the way there and back; more would only meet the rate limit. */
const CONCURRENCY = 4;

type Vector = number[] | string;

/** One call of several, not sent yet. */
interface Batch {
  count: number;
  call: Awaited<ReturnType<typeof callFor>>;
}

/** `embeddings`. `Request` is what the gateway's models take. */
export class Embeddings<Request extends EmbeddingRequest> {
  readonly #port: ProtocolPort;
  readonly #path: string;

  constructor(port: ProtocolPort, path: string) {
    this.#port = port;
    this.#path = path;
  }

  /**
   * The vectors of one text or of many, in their order. More than `batchSize` texts go as several calls, each with a trace
   * id of its own (`<traceId>-1` and so on); all are checked before the first is sent.
   *
   * Throws as `chat.completions.create`. When one of several calls fails no other is begun, and what had come, and is paid
   * for, is `partial` (`PartialEmbeddings`).
   */
  create(
    request: Request & { encoding_format?: 'float' | undefined },
    options?: EmbeddingOptions,
  ): Promise<CreateEmbeddingResponse>;
  create(
    request: Request & { encoding_format: 'base64' },
    options?: EmbeddingOptions,
  ): Promise<CreateEmbeddingResponse<string>>;
  create(request: Request, options?: EmbeddingOptions): Promise<CreateEmbeddingResponse<number[] | string>>;
  async create(request: Request, options: EmbeddingOptions = {}): Promise<CreateEmbeddingResponse<Vector>> {
    checkCall(options, [...CALL_OPTIONS, 'batchSize', 'concurrency']);
    const batchSize = wholeNumber('batchSize', options.batchSize) ?? BATCH_SIZE;
    const concurrency = wholeNumber('concurrency', options.concurrency) ?? CONCURRENCY;
    const batches = await this.#prepared(inBatches(request, batchSize), options);
    const [first] = batches;
    if (first === undefined) throw nothingAsked();
    if (batches.length === 1) return joined([await this.#vectors(first)]);
    return joined(await this.#all(batches, concurrency));
  }

  /** All are checked, as they are now, before one is sent. */
  async #prepared(requests: readonly { body: unknown; count: number }[], options: EmbeddingOptions): Promise<Batch[]> {
    const { signal, timeoutMs, validate, headers, traceId = crypto.randomUUID() } = options;
    const batches: Batch[] = [];
    for (const [at, { body, count }] of requests.entries()) {
      const own = requests.length === 1 ? traceId : `${traceId}-${at + 1}`;
      const its = { signal, timeoutMs, validate, headers, traceId: own };
      checkCall(its, CALL_OPTIONS);
      batches.push({ count, call: await callFor(this.#port, this.#path, body, its) });
    }
    return batches;
  }

  async #vectors({ count, call }: Batch): Promise<CreateEmbeddingResponse<Vector>> {
    const wire: Call = await call((value) => isEmbeddings(value, count));
    const whole = await this.#port.transport.request(wire);
    const answer = whole.json;
    if (!isEmbeddings(answer, count)) throw misunderstood(wire, whole);
    const data = answer.data.map((one, at) => ({ ...one, index: one.index ?? at })).sort((a, b) => a.index - b.index);
    return { ...answer, data };
  }

  /** Throws the first error, when all that was under way has come to its end. */
  async #all(batches: readonly Batch[], concurrency: number): Promise<CreateEmbeddingResponse<Vector>[]> {
    const parts: (CreateEmbeddingResponse<Vector> | undefined)[] = batches.map(() => undefined);
    const errors: unknown[] = [];
    const waiting = batches.entries();
    const work = async (): Promise<void> => {
      for (const [at, batch] of waiting) {
        try {
          parts[at] = await this.#vectors(batch);
        } catch (error) {
          errors.push(error);
        }
        if (errors.length > 0) return;
      }
    };
    await Promise.all(Array.from({ length: Math.min(concurrency, batches.length) }, work));
    if (errors.length > 0) throw withPartial(errors, partialOf(batches, parts));
    return parts.filter((part) => part !== undefined);
  }
}

/** A request as one or more that are not too large; none where there is nothing to ask for. */
function inBatches(request: unknown, batchSize: number): { body: unknown; count: number }[] {
  // What is no request at all is refused by whoever checks it.
  if (!isRecord(request)) return [{ body: request, count: 1 }];
  const { input } = request;
  // A list of numbers is one text, in tokens: the protocol has it, though the vendor's schema has not.
  const isList = Array.isArray(input) && !input.some((one) => typeof one === 'number');
  if (!isList) return [{ body: request, count: 1 }];
  if (input.length <= batchSize) return input.length === 0 ? [] : [{ body: request, count: input.length }];
  const batches = [];
  for (let from = 0; from < input.length; from += batchSize) {
    const part: unknown[] = input.slice(from, from + batchSize);
    batches.push({ body: { ...request, input: part }, count: part.length });
  }
  return batches;
}

/** Whether `value` has one vector for each of `count` texts, and says of each which one it is for, or of none. */
function isEmbeddings(value: unknown, count: number): value is CreateEmbeddingResponse<Vector> {
  if (!isRecord(value) || !Array.isArray(value.data) || value.data.length !== count) return false;
  const items = value.data.filter(isRecord);
  if (!items.every(({ embedding }) => typeof embedding === 'string' || Array.isArray(embedding))) return false;
  const indexes = items.map(({ index }) => index).filter((index) => index !== undefined);
  if (indexes.length === 0) return items.length === count;
  return new Set(indexes).size === count && indexes.every((index) => isBelow(index, count));
}

function isBelow(index: unknown, count: number): boolean {
  return typeof index === 'number' && Number.isInteger(index) && index >= 0 && index < count;
}

/** The parts as one answer, numbered over all. */
function joined(parts: readonly CreateEmbeddingResponse<Vector>[]): CreateEmbeddingResponse<Vector> {
  const { usage: _, data: __, ...fields } = parts[0] ?? { data: [] };
  const data = parts.flatMap((part) => part.data).map((one, index) => ({ ...one, index }));
  return { ...fields, data, ...sumOf(parts) };
}

function sumOf(parts: readonly CreateEmbeddingResponse<Vector>[]): Pick<CreateEmbeddingResponse<Vector>, 'usage'> {
  const usages = parts.map(({ usage }) => usage).filter(isUsage);
  if (usages.length < parts.length || usages.length === 0) return {};
  const [first] = usages;
  const sum = (name: 'prompt_tokens' | 'total_tokens') => usages.reduce((all, usage) => all + usage[name], 0);
  return { usage: { ...first, prompt_tokens: sum('prompt_tokens'), total_tokens: sum('total_tokens') } };
}

function isUsage(usage: unknown): usage is { prompt_tokens: number; total_tokens: number } {
  return isRecord(usage) && typeof usage.prompt_tokens === 'number' && typeof usage.total_tokens === 'number';
}

/** What came, each vector in the place of its text. */
function partialOf(
  batches: readonly Batch[],
  parts: readonly (CreateEmbeddingResponse<Vector> | undefined)[],
): PartialEmbeddings<Vector> {
  const come = parts.filter((part) => part !== undefined);
  const model = come[0]?.model;
  const data = batches
    .flatMap(({ count }, at) => parts[at]?.data ?? Array.from({ length: count }, () => undefined))
    .map((one, index) => one && { ...one, index });
  return { ...(model === undefined ? {} : { model }), data, ...sumOf(come) };
}

/** The first of `errors`, which nobody else has seen yet, with what came and what that means for money. */
function withPartial([first, ...others]: readonly unknown[], partial: PartialEmbeddings<Vector>): unknown {
  if (!ImaRouterError.is(first)) return first;
  const errors = [first, ...others].filter((error) => ImaRouterError.is(error));
  const unread = errors.flatMap(({ partial: answer }) => (answer === undefined ? [] : [answer]));
  const hasCome = partial.data.some((one) => one !== undefined);
  Object.defineProperty(first, 'partial', { value: unread.length === 0 ? partial : { ...partial, unread } });
  const mayBeBilled = hasCome || errors.some((error) => error.mayBeBilled);
  const hint = `What had come is in \`partial\`, and paid for: ask for the rest alone. Of the call that failed: ${first.hint}`;
  return Object.assign(first, { mayBeBilled, ...(hasCome ? { hint } : {}) });
}

function nothingAsked(): InvalidRequestError {
  return new InvalidRequestError('There are no texts to embed: nothing was sent.', {
    code: 'invalid_request',
    phase: 'validate',
    hint: 'Give `input` at least one text.',
    issues: [{ path: ['input'], message: 'is empty', expected: 'a text, or a list of at least one', received: '[]' }],
  });
}

function wholeNumber(name: string, value: number | undefined): number | undefined {
  if (value === undefined || (Number.isInteger(value) && value > 0)) return value;
  throw bad(name, `must be a whole number from 1, not ${String(value)}`);
}
