// How a stream ends that does not end well: reset, silence, abort, an error inside; and that nothing paid for is lost or asked for twice.

import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ImaRouterError } from '../../src/index.js';
import { textOf } from '../../src/protocols/index.js';
import { ChatReading } from '../../src/protocols/reading-chat.js';
import { LARGEST_EVENT } from '../../src/protocols/sse.js';
import { EventStream } from '../../src/protocols/stream.js';
import { errorOf } from '../support/error-of.js';
import { serve, type TestServer } from '../support/server.js';
import { transportTo } from '../transport/transport-for.js';
import { all, CHAT, delta, finish, head, MESSAGE, RESPONSE, streamed, verbsAt, written } from './support.js';

let server: TestServer;
let answer: (response: ServerResponse) => void;
/** Of the sockets that carried an answer. */
let closed: Promise<unknown>[] = [];
beforeEach(async () => {
  closed = [];
  server = await serve((_, response) => {
    if (response.socket !== null) closed.push(once(response.socket, 'close'));
    answer(response);
  });
});
afterEach(() => server.close());

const BEGIN = written([delta('Hello'), delta(', wor')]);
const hangs = (response: ServerResponse) => {
  head(response, { 'x-oneapi-request-id': 'r-9' });
  response.write(BEGIN);
};

/** What `for await` throws, after what it gave. */
async function read(
  stream: AsyncIterable<unknown>,
  told: (count: number) => unknown = () => {},
): Promise<{ count: number; error: ImaRouterError }> {
  let count = 0;
  try {
    for await (const _ of stream) told(++count);
  } catch (error) {
    if (ImaRouterError.is(error)) return { count, error };
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('a stream that breaks', () => {
  test('by a reset: an error with what had come; it is not asked for again', async () => {
    let reset: (() => void) | undefined;
    answer = (response) => {
      hangs(response);
      reset = () => response.socket?.resetAndDestroy();
    };
    const stream = await verbsAt(server.url).chat.create(CHAT, { traceId: 't-1' });
    // What the platform holds when the reset comes is gone: it is only sure to have come when it has been read.
    const { count, error } = await read(stream, (come) => come === 2 && reset?.());
    expect([count, textOf(stream.snapshot)]).toEqual([2, 'Hello, wor']);
    expect(error).toMatchObject({
      name: 'InvalidResponseError',
      code: 'stream_cut',
      phase: 'submit',
      traceId: 't-1',
      requestId: 'r-9',
      mayBeBilled: true,
      retryable: true,
      partial: stream.snapshot,
    });
    expect(error.cause).toBeInstanceOf(Error);
    expect(await errorOf(stream.text())).toBe(error);
    expect(await errorOf(stream.final())).toBe(error);
    expect(server.requests).toHaveLength(1);
    // As long as what was bought: not for logs.
    expect(JSON.stringify(error)).not.toContain('wor');
  });

  test('by silence: as long as the caller allows, counted from the last piece', async () => {
    answer = (response) => {
      head(response);
      for (const at of [0, 60, 120, 180]) setTimeout(() => response.write(`: alive ${at}\n\n`), at);
      setTimeout(() => response.write(BEGIN), 240);
    };
    const stream = await verbsAt(server.url).chat.create(CHAT, { idleTimeoutMs: 150 });
    const error = await errorOf(stream.text());
    expect(error).toMatchObject({ code: 'stream_silent', mayBeBilled: true, partial: stream.snapshot });
    expect(error.message).toContain('150 ms');
    expect(textOf(stream.snapshot)).toBe('Hello, wor');
    await closed[0];
    expect(server.requests).toHaveLength(1);
  });

  test('before its head: nobody knows what was bought', async () => {
    answer = (response) => response.socket?.destroy();
    const error = await errorOf(verbsAt(server.url).chat.create(CHAT));
    expect(error).toMatchObject({ name: 'SubmitUnknownError', mayBeBilled: true });
    answer = () => {};
    const late = verbsAt(server.url).chat.create(CHAT, { timeoutMs: 50 });
    expect(await errorOf(late)).toMatchObject({ code: 'submit_unknown' });
    expect(server.requests).toHaveLength(2);
  });

  test('by what is no event, or a larger one than there is', async () => {
    for (const data of ['{"choices":[', 'upstream error', 'NaN']) {
      answer = (response) => streamed(response, `${BEGIN}data: ${data}\n\n${written([finish(), '[DONE]'])}`);
      const stream = await verbsAt(server.url).chat.create(CHAT);
      const { count, error } = await read(stream);
      expect(count).toBe(2);
      expect(error).toMatchObject({ code: 'stream_unreadable', mayBeBilled: true, partial: stream.snapshot });
      expect(error.message).toContain(JSON.stringify(data).slice(1, -1));
    }
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield new TextEncoder().encode('data: "');
      for (;;) yield new Uint8Array(1024 * 1024).fill(120);
    }
    const open = { status: 200, requestId: undefined, headers: new Headers(), bytes: endless(), close: () => {} };
    const facts = { what: 'POST /x', status: 200, requestId: undefined, traceId: 't' };
    const transport = transportTo(server.url);
    const stream = new EventStream({ transport, open, reading: new ChatReading(), textOf, facts });
    const error = await errorOf(stream.final());
    expect(error.code).toBe('stream_unreadable');
    expect(error.message).toContain(String(LARGEST_EVENT));
  });
});

describe('a stream that the caller stops', () => {
  test('by the signal: at once, with its reason; the socket is closed', async () => {
    answer = hangs;
    const controller = new AbortController();
    const stream = await verbsAt(server.url).chat.create(CHAT, { signal: controller.signal });
    const late = (come: number) => come === 2 && setImmediate(() => controller.abort(new Error('enough')));
    const { count, error } = await read(stream, late);
    expect(count).toBe(2);
    expect(error).toMatchObject({ name: 'AbortError', code: 'aborted', mayBeBilled: true, partial: stream.snapshot });
    expect(error.cause).toEqual(new Error('enough'));
    await closed[0];
  });

  test('by abort(): before it is read, in the middle of a wait, between two events; a second time is none', async () => {
    answer = hangs;
    const { chat } = verbsAt(server.url);
    const unread = await chat.create(CHAT);
    unread.abort();
    unread.abort();
    expect(await errorOf(unread.text())).toMatchObject({ code: 'aborted', mayBeBilled: true });
    await closed[0];

    const waited = await chat.create(CHAT);
    const text = errorOf(waited.text());
    setTimeout(() => waited.abort(), 40);
    expect(await text).toMatchObject({ code: 'aborted', partial: waited.snapshot });
    expect(textOf(waited.snapshot)).toBe('Hello, wor');
    await closed[1];

    const between = await chat.create(CHAT);
    let count = 0;
    const looped = (async () => {
      for await (const _ of between) {
        count++;
        between.abort();
      }
    })();
    expect((await errorOf(looped)).code).toBe('aborted');
    expect(count).toBe(1);
    await closed[2];
  });

  test('by leaving the loop, also before its first turn or while a piece is waited for', async () => {
    answer = hangs;
    const { chat } = verbsAt(server.url);
    const left = await chat.create(CHAT);
    for await (const _ of left) break;
    await closed[0];
    expect(textOf(left.snapshot)).toBe('Hello');
    expect(await errorOf(left.text())).toMatchObject({ code: 'aborted', partial: left.snapshot });

    const unbegun = (await chat.create(CHAT))[Symbol.asyncIterator]();
    expect(await unbegun.return?.()).toEqual({ done: true, value: undefined });
    expect(await unbegun.next()).toEqual({ done: true, value: undefined });
    await closed[1];

    const events = (await chat.create(CHAT))[Symbol.asyncIterator]();
    await events.next();
    await events.next();
    const third = errorOf(events.next());
    await events.return?.();
    expect((await third).code).toBe('aborted');
    await closed[2];
  });

  test('when all has come, no error: who leaves at the finish reason has the whole', async () => {
    answer = (response) => {
      head(response);
      response.write(BEGIN + written([finish()]));
    };
    const stream = await verbsAt(server.url).chat.create(CHAT);
    for await (const { choices } of stream) if (choices[0]?.finish_reason === 'stop') break;
    expect(await stream.text()).toBe('Hello, wor');
    await closed[0];

    const waited = await verbsAt(server.url).chat.create(CHAT);
    const events = waited[Symbol.asyncIterator]();
    for (let at = 0; at < 3; at++) await events.next();
    const rest = events.next();
    waited.abort();
    expect(await rest).toEqual({ done: true, value: undefined });
    expect(await waited.text()).toBe('Hello, wor');
  });

  test('one that nobody reads yet is not swept away with its answer', async () => {
    let finished: (() => void) | undefined;
    answer = (response) => {
      hangs(response);
      finished = () => response.end(written([finish(), '[DONE]']));
    };
    const stream = await verbsAt(server.url).chat.create(CHAT);
    setFlagsFromString('--expose-gc');
    const collect: unknown = runInNewContext('gc');
    if (typeof collect !== 'function') throw new Error('no collector');
    for (let at = 0; at < 8; at++) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    finished?.();
    expect(await stream.text()).toBe('Hello, wor');
  });

  test('and one that nobody reads says nothing, and can be read later', async () => {
    answer = (response) => {
      hangs(response);
      setTimeout(() => response.end(written([finish(), '[DONE]'])), 20);
    };
    const stream = await verbsAt(server.url).chat.create(CHAT, { idleTimeoutMs: 60 });
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(await stream.text()).toBe('Hello, wor');
  });
});

/** An error inside a stream, and what becomes of it. */
type Case = [name: string, body: string, expected: object];

describe('an error inside a stream', () => {
  const chatError = (error: unknown) => BEGIN + written([{ error }]);
  const cases: Case[] = [
    [
      'load',
      chatError({ message: 'slow down', type: 'rate_limit_error' }),
      { name: 'RateLimitError', code: 'rate_limited', retryable: true },
    ],
    ['a status as its code', chatError({ message: 'slow down', code: 429 }), { name: 'RateLimitError' }],
    [
      'the server',
      chatError({ message: 'oops', type: 'server_error' }),
      { name: 'ServerError', code: 'server_error', retryable: true },
    ],
    ['nothing known', chatError({ message: 'oops' }), { name: 'ServerError', code: 'server_error' }],
    ['a text', chatError('oops'), { name: 'ServerError', code: 'server_error' }],
    ['no words at all', chatError({}), { name: 'ServerError' }],
    [
      'the request',
      chatError({
        message: 'too long',
        type: 'invalid_request_error',
        code: 'context_length_exceeded',
        param: 'messages',
      }),
      {
        name: 'InvalidRequestError',
        code: 'request_refused',
        param: 'messages',
        gatewayCode: 'context_length_exceeded',
      },
    ],
    [
      'the key',
      chatError({ message: 'no', type: 'invalid_request_error', code: 'invalid_api_key' }),
      { name: 'AuthenticationError' },
    ],
    [
      'the balance',
      chatError({ message: 'no money', type: 'insufficient_quota' }),
      { name: 'InsufficientBalanceError', code: 'insufficient_balance' },
    ],
    [
      "the gateway's own word",
      chatError({ message: 'no', type: 'x', code: 'insufficient_user_quota' }),
      { name: 'InsufficientBalanceError' },
    ],
    [
      "the gateway's own envelope",
      BEGIN + written([{ code: 'quota_not_enough', message: 'no', data: null }]),
      { name: 'InsufficientBalanceError' },
    ],
    ['the gateway, in yet another form', BEGIN + written([{ success: false, message: 'no' }]), { name: 'ServerError' }],
    [
      'by name',
      `${BEGIN}event: error\ndata: {"message":"Overloaded","type":"overloaded_error"}\n\n`,
      { name: 'ServerError' },
    ],
    ['no JSON', `${BEGIN}event: error\ndata: upstream hung up\n\n`, { name: 'ServerError' }],
    ['at its end', `${BEGIN}data: {"error":{"message":"oops"}}`, { name: 'ServerError' }],
  ];

  test.each(cases)('of a chat: %s', async (_, body, expected) => {
    answer = (response) =>
      streamed(response, body + written([finish(), '[DONE]']).repeat(body.endsWith('\n\n') ? 1 : 0));
    const stream = await verbsAt(server.url).chat.create(CHAT, { traceId: 't-3' });
    const { count, error } = await read(stream);
    expect(count).toBe(2);
    expect(error).toMatchObject({
      ...expected,
      mayBeBilled: true,
      phase: 'submit',
      traceId: 't-3',
      partial: stream.snapshot,
    });
    expect(textOf(stream.snapshot)).toBe('Hello, wor');
    expect(error.message).toContain('in mid-stream');
    expect(error.hint).toContain('partial');
    expect(await errorOf(stream.final())).toBe(error);
    expect(server.requests).toHaveLength(1);
  });

  const messages: Case[] = [
    [
      'overload',
      'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n',
      { name: 'ServerError', code: 'server_error' },
    ],
    [
      'load',
      'event: error\ndata: {"type":"error","error":{"type":"rate_limit_error","message":"slow"}}\n\n',
      { name: 'RateLimitError' },
    ],
    [
      'by its name alone',
      'event: error\ndata: {"error":{"type":"api_error","message":"oops"}}\n\n',
      { name: 'ServerError' },
    ],
    [
      'the gateway, in its own form',
      'data: {"error":{"type":"new_error","message":"no","code":"insufficient_user_quota"}}\n\n',
      { name: 'InsufficientBalanceError' },
    ],
    [
      'the request',
      'data: {"type":"error","error":{"type":"invalid_request_error","message":"bad"}}\n\n',
      { name: 'InvalidRequestError' },
    ],
    ['no JSON', 'event: error\ndata: upstream hung up\n\n', { name: 'ServerError' }],
  ];
  test.each(messages)('of a message: %s', async (_, body, expected) => {
    answer = (response) =>
      streamed(
        response,
        `data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hel"}}\n\n${body}`,
      );
    const stream = await verbsAt(server.url).messages.create(MESSAGE);
    const { count, error } = await read(stream);
    expect(count).toBe(1);
    expect(error).toMatchObject({ ...expected, mayBeBilled: true, partial: stream.snapshot });
    expect(textOf(stream.snapshot)).toBe('Hel');
  });

  const responses: Case[] = [
    [
      'an error event',
      'data: {"type":"error","code":"rate_limit_exceeded","message":"slow","param":null}\n\n',
      { name: 'RateLimitError', gatewayCode: 'rate_limit_exceeded' },
    ],
    [
      'one with an object',
      'data: {"type":"error","error":{"type":"server_error","message":"oops"}}\n\n',
      { name: 'ServerError' },
    ],
    [
      'a failed response',
      'data: {"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"oops"},"output":[]}}\n\n',
      { name: 'ServerError', code: 'server_error' },
    ],
    [
      'a failed one, by its input',
      'data: {"type":"response.failed","response":{"error":{"code":"empty_image_file","message":"no"}}}\n\n',
      { name: 'InvalidRequestError' },
    ],
    ['a failed one, without a reason', 'data: {"type":"response.failed","response":{}}\n\n', { name: 'ServerError' }],
    [
      'the gateway, in its own form',
      'data: {"error":{"message":"no","type":"x","code":"insufficient_user_quota"}}\n\n',
      { name: 'InsufficientBalanceError' },
    ],
  ];
  test.each(responses)('of a response: %s', async (_, body, expected) => {
    answer = (response) =>
      streamed(
        response,
        `data: {"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"Hel"}\n\n${body}`,
      );
    const stream = await verbsAt(server.url).responses.create(RESPONSE);
    const { count, error } = await read(stream);
    expect(count).toBe(1);
    expect(error).toMatchObject({ ...expected, mayBeBilled: true, partial: stream.snapshot });
    expect(textOf(stream.snapshot)).toBe('Hel');
  });

  test('what is none, though it looks like one, is passed on', async () => {
    answer = (response) =>
      streamed(
        response,
        written([
          { ...delta('Hello'), error: null, code: 0, message: 'ok' },
          { object: 'ping', code: null },
          {},
          'null',
          finish(),
          '[DONE]',
        ]),
      );
    const stream = await verbsAt(server.url).chat.create(CHAT);
    expect(await all(stream)).toEqual([
      { ...delta('Hello'), error: null, code: 0, message: 'ok' },
      { object: 'ping', code: null, choices: [] },
      { choices: [] },
      { choices: [] },
      finish(),
    ]);
    expect(await stream.text()).toBe('Hello');
  });
});
