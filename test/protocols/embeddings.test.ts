// Embeddings: one call or several, their vectors in the order of the texts, and nothing that was paid for lost when one fails.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { InvalidRequestError } from '../../src/index.js';
import { errorOf } from '../support/error-of.js';
import { json, serve, type TestServer } from '../support/server.js';
import { verbsAt } from './support.js';

let server: TestServer;
let answer: Parameters<typeof serve>[0];
beforeEach(async () => {
  server = await serve((...args) => answer(...args));
});
afterEach(() => server.close());

/** The number in a text is its vector; in an order of the server's own. */
const vectorsFor = (body: string) => {
  const input: string[] = [JSON.parse(body).input].flat();
  const data = input.map((text, index) => ({ object: 'embedding', index, embedding: [Number(text)] }));
  const tokens = input.length;
  return { object: 'list', model: 'm-1', data: data.reverse(), usage: { prompt_tokens: tokens, total_tokens: tokens } };
};
const texts = (count: number) => Array.from({ length: count }, (_, at) => String(at));
const embedding = (at: number) => ({ object: 'embedding', index: at, embedding: [at] });
const inputOf = (at: number): string[] => JSON.parse(server.requests[at]?.body ?? '{}').input;

describe('one call', () => {
  test('for one text, or for as many as go into one, sorted by their index; the body goes as it is', async () => {
    answer = ({ body }, response) => json(response, vectorsFor(body));
    const { embeddings, asked } = verbsAt(server.url);
    const one = { model: 'm', input: '7' };
    expect(await embeddings.create(one, { traceId: 't' })).toEqual({
      object: 'list',
      model: 'm-1',
      data: [{ ...embedding(0), embedding: [7] }],
      usage: { prompt_tokens: 1, total_tokens: 1 },
    });
    const { data } = await embeddings.create({ model: 'm', input: texts(2048) });
    expect(data).toEqual(texts(2048).map((_, at) => embedding(at)));
    expect(server.requests).toHaveLength(2);
    expect(server.requests[0]?.headers['x-trace-id']).toBe('t');
    expect(asked[0]?.request).toBe(one);
  });

  test('base64 stays as it came; what a server leaves out stays out', async () => {
    answer = (_, response) => json(response, { data: [{ embedding: 'AACAPw==' }] });
    const { embeddings } = verbsAt(server.url);
    const got = await embeddings.create({ model: 'm', input: ['a'], encoding_format: 'base64' });
    expect(got).toEqual({ data: [{ index: 0, embedding: 'AACAPw==' }] });
    expect(got.data[0]?.embedding.length).toBe(8);
  });

  test('a list of numbers is one text', async () => {
    answer = (_, response) => json(response, { data: [{ index: 0, embedding: [1] }] });
    const { embeddings } = verbsAt(server.url);
    // @ts-expect-error The vendor takes no tokens; who wants to try has to switch validation off.
    expect((await embeddings.create({ model: 'm', input: [1, 2, 3] }, { batchSize: 2 })).data).toHaveLength(1);
  });

  test('without texts, or with options that cannot be, nothing is sent', async () => {
    const { embeddings, asked } = verbsAt(server.url);
    const error = await errorOf(embeddings.create({ model: 'm', input: [] }));
    expect(error).toMatchObject({ code: 'invalid_request', phase: 'validate', mayBeBilled: false });
    expect(error instanceof InvalidRequestError && error.issues[0]?.path).toEqual(['input']);
    for (const options of [{ batchSize: 0 }, { concurrency: 1.5 }, { batch: 3 }, { traceId: ' ' }, { timeoutMs: 0 }]) {
      expect((await errorOf(embeddings.create({ model: 'm', input: texts(2) }, options))).code).toBe('bad_option');
    }
    const long = { traceId: 'x'.repeat(199), batchSize: 1 };
    expect((await errorOf(embeddings.create({ model: 'm', input: texts(2) }, long))).code).toBe('bad_option');
    expect([server.requests, asked]).toEqual([[], []]);
  });

  test('too few vectors, too many, or for other texts: nobody knows what that is, and the caller has all of it', async () => {
    const { embeddings } = verbsAt(server.url);
    const lists: object[][] = [
      [],
      [embedding(0)],
      [embedding(0), embedding(0)],
      [embedding(0), embedding(2)],
      [embedding(0), embedding(1), embedding(2)],
      [embedding(0), { embedding: [1] }],
      [embedding(0), { index: 1 }],
    ];
    for (const data of lists) {
      answer = (_, response) => json(response, { object: 'list', data });
      const error = await errorOf(embeddings.create({ model: 'm', input: texts(2) }));
      expect(error).toMatchObject({
        name: 'InvalidResponseError',
        code: 'invalid_response',
        retryable: false,
        mayBeBilled: true,
        partial: { object: 'list', data },
      });
    }
    answer = (_, response) =>
      json(response, { error: { message: 'no', type: 'x', code: 'insufficient_user_quota' } }, 403);
    const refused = await errorOf(embeddings.create({ model: 'm', input: texts(2) }));
    expect(refused).toMatchObject({ code: 'insufficient_balance', mayBeBilled: false });
    expect(refused.partial).toBeUndefined();
  });
});

describe('several calls', () => {
  test('at most so many at a time, each with its own trace id, joined in order whatever order they come in', async () => {
    let open = 0;
    let most = 0;
    answer = ({ body }, response, count) => {
      most = Math.max(most, ++open);
      setTimeout(
        () => {
          open--;
          json(response, vectorsFor(body));
        },
        40 - 5 * count,
      );
    };
    const { embeddings, asked } = verbsAt(server.url);
    const input = texts(23);
    const got = await embeddings.create({ model: 'm', input }, { batchSize: 5, concurrency: 2, traceId: 't' });
    expect(got).toEqual({
      object: 'list',
      model: 'm-1',
      data: input.map((_, at) => embedding(at)),
      usage: { prompt_tokens: 23, total_tokens: 23 },
    });
    expect(most).toBe(2);
    expect(asked.map(({ request }) => request)).toEqual(
      [0, 5, 10, 15, 20].map((from) => ({ model: 'm', input: input.slice(from, from + 5) })),
    );
    const traces = server.requests.map(({ headers }) => headers['x-trace-id']).sort();
    expect(traces).toEqual(['t-1', 't-2', 't-3', 't-4', 't-5']);
    answer = ({ body }, response) => json(response, vectorsFor(body));
    await embeddings.create({ model: 'm', input: texts(2) }, { batchSize: 1 });
    const made = server.requests.slice(-2).map(({ headers }) => String(headers['x-trace-id']));
    expect(new Set(made.map((one) => one.slice(0, -2))).size).toBe(1);
  });

  test('usage is unknown, and not less, where one call does not tell it', async () => {
    answer = ({ body }, response, count) => {
      const { usage, ...rest } = vectorsFor(body);
      json(response, count === 2 ? rest : { ...rest, usage });
    };
    const got = await verbsAt(server.url).embeddings.create({ model: 'm', input: texts(3) }, { batchSize: 1 });
    expect('usage' in got).toBe(false);
  });

  test('all are checked before the first is sent', async () => {
    const { embeddings } = verbsAt(server.url, {}, (request) => {
      if (JSON.stringify(request).includes('"4"'))
        throw new InvalidRequestError('no', { code: 'invalid_request', phase: 'validate' });
    });
    const error = await errorOf(embeddings.create({ model: 'm', input: texts(5) }, { batchSize: 1 }));
    expect(error.code).toBe('invalid_request');
    expect(server.requests).toEqual([]);
  });

  test('when one fails no other begins, those under way are waited for, and what came is kept', async () => {
    const late: (() => void)[] = [];
    answer = ({ body }, response, count) => {
      if (count === 1) late.push(() => json(response, vectorsFor(body)));
      else if (count === 2) json(response, vectorsFor(body));
      else {
        json(response, { error: { message: 'bad text', type: 'invalid_request_error' } }, 400);
        setTimeout(() => late[0]?.(), 50);
      }
    };
    const { embeddings } = verbsAt(server.url);
    const error = await errorOf(
      embeddings.create({ model: 'm', input: texts(9) }, { batchSize: 2, concurrency: 2, traceId: 't' }),
    );
    expect(server.requests).toHaveLength(3);
    expect(error).toMatchObject({
      name: 'InvalidRequestError',
      code: 'request_refused',
      status: 400,
      traceId: 't-3',
      mayBeBilled: true,
      partial: {
        model: 'm-1',
        data: [...[0, 1, 2, 3].map(embedding), ...Array(5).fill(undefined)],
        usage: { prompt_tokens: 4, total_tokens: 4 },
      },
    });
    expect(error).toBeInstanceOf(InvalidRequestError);
    expect(error.hint).toContain('partial');
    expect(inputOf(2)).toEqual(['4', '5']);
  });

  test('when the first fails nothing was bought, and when one has an unknown fate something may have been', async () => {
    answer = (_, response) => json(response, { error: { message: 'no', type: 'invalid_request_error' } }, 400);
    const { embeddings } = verbsAt(server.url);
    const none = await errorOf(embeddings.create({ model: 'm', input: texts(4) }, { batchSize: 1, concurrency: 1 }));
    expect(none).toMatchObject({ mayBeBilled: false, partial: { data: Array(4).fill(undefined) } });
    expect(server.requests).toHaveLength(1);
    let second: (() => void) | undefined;
    answer = (_, response, count) => {
      if (count === 2) {
        json(response, { error: { message: 'no', type: 'invalid_request_error' } }, 400);
        setTimeout(() => second?.(), 30);
      } else second = () => response.socket?.destroy();
    };
    const doubtful = await errorOf(
      embeddings.create({ model: 'm', input: texts(4) }, { batchSize: 1, concurrency: 2 }),
    );
    expect(doubtful).toMatchObject({ code: 'request_refused', mayBeBilled: true });
  });

  test('the error of the call that failed keeps its own advice, and an answer that nobody reads is kept', async () => {
    let odd = false;
    answer = ({ body }, response, count) => {
      if (count === 1) json(response, vectorsFor(body));
      else if (odd) json(response, { data: [] });
      else response.socket?.destroy();
    };
    const { embeddings } = verbsAt(server.url);
    const options = { batchSize: 1, concurrency: 1, traceId: 't' };
    const lost = await errorOf(embeddings.create({ model: 'm', input: texts(3) }, options));
    expect(lost).toMatchObject({ name: 'SubmitUnknownError', partial: { data: [embedding(0), undefined, undefined] } });
    for (const part of ['partial', 'ask for the rest', 'trace id t-2']) expect(lost.hint).toContain(part);
    server.requests.length = 0;
    odd = true;
    const unread = await errorOf(embeddings.create({ model: 'm', input: texts(2) }, options));
    expect(unread).toMatchObject({
      code: 'invalid_response',
      traceId: 't-2',
      partial: { data: [embedding(0), undefined], unread: [{ data: [] }] },
    });
  });

  test('an abort between two calls says what was paid for before it', async () => {
    const controller = new AbortController();
    answer = ({ body }, response) => json(response, vectorsFor(body));
    const quiet = () => {};
    // Told when the first answer is there.
    const logger = { debug: () => controller.abort(new Error('enough')), info: quiet, warn: quiet, error: quiet };
    const { embeddings } = verbsAt(server.url, { logger });
    const { signal } = controller;
    const error = await errorOf(
      embeddings.create({ model: 'm', input: texts(3) }, { batchSize: 1, concurrency: 1, signal }),
    );
    expect(error).toMatchObject({
      name: 'AbortError',
      code: 'aborted',
      mayBeBilled: true,
      cause: new Error('enough'),
      partial: { data: [embedding(0), undefined, undefined] },
    });
    expect(server.requests).toHaveLength(1);
  });
});
