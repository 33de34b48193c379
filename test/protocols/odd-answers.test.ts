// Answers that are paid for and not as the protocol has them: what they say reaches the caller, and no key does.

import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { textOf } from '../../src/protocols/index.js';
import { ChatReading } from '../../src/protocols/reading-chat.js';
import { EventStream } from '../../src/protocols/stream.js';
import { errorOf } from '../support/error-of.js';
import { json, serve, type TestServer } from '../support/server.js';
import { transportTo } from '../transport/transport-for.js';
import { CHAT, delta, finish, head, MESSAGE, RESPONSE, streamed, verbsAt, written } from './support.js';

let server: TestServer;
let answer: Parameters<typeof serve>[0];
beforeEach(async () => {
  server = await serve((...args) => answer(...args));
});
afterEach(() => server.close());

const { stream: _, ...PLAIN } = CHAT;
const KEY = 'sk-test-key-1234567890';
const WHOLE = { choices: [{ index: 0, message: { role: 'assistant', content: 'Hello!' }, finish_reason: 'stop' }] };
const BEGIN = written([delta('Hello'), delta(', wor')]);

/** The error of a stream with this body, and what it kept. */
async function ending(body: string) {
  answer = (_, response) => streamed(response, body);
  const stream = await verbsAt(server.url, { apiKey: KEY }).chat.create(CHAT);
  return { error: await errorOf(stream.text()), stream };
}

describe('an answer in JSON of an unknown form', () => {
  test('is handed over, whether a stream was asked for or not; it is not asked for twice', async () => {
    const { chat, messages, responses } = verbsAt(server.url);
    const odd = { id: 'x', choices: [{ index: 0, text: 'a paid answer' }], usage: { total_tokens: 9 } };
    answer = (_, response) => json(response, odd);
    const calls = [chat.create(PLAIN), chat.create(CHAT), messages.create(MESSAGE), responses.create(RESPONSE)];
    for (const call of calls) {
      expect(await errorOf(call)).toMatchObject({
        name: 'InvalidResponseError',
        code: 'invalid_response',
        status: 200,
        mayBeBilled: true,
        retryable: false,
        partial: odd,
      });
    }
    expect(server.requests).toHaveLength(calls.length);
    answer = (_, response) => json(response, [odd]);
    expect(await errorOf(chat.create(PLAIN, { traceId: 't' }))).toMatchObject({ partial: [odd], traceId: 't' });
  });
});

describe('a stream under another name', () => {
  test('is one', async () => {
    for (const type of ['text/plain; charset=utf-8', 'application/octet-stream', undefined]) {
      answer = (_, response) =>
        response
          .writeHead(200, type === undefined ? {} : { 'content-type': type })
          .end(BEGIN + written([finish(), '[DONE]']));
      expect(await (await verbsAt(server.url).chat.create(CHAT)).text()).toBe('Hello, wor');
    }
  });

  test('a piece may have the whole message', async () => {
    answer = (_, response) => streamed(response, written([WHOLE, '[DONE]']));
    expect(await (await verbsAt(server.url).chat.create(CHAT)).text()).toBe('Hello!');
  });
});

describe('what stands in a stream and is no event', () => {
  const raw = JSON.stringify({ error: { message: 'no money', type: 'x', code: 'insufficient_user_quota' } });

  test('an error is one, on one line or on many, also without an end of the line', async () => {
    const pretty = JSON.stringify(JSON.parse(raw), undefined, 2);
    for (const text of [raw, `${raw}\n\n`, pretty, `oops\n${raw}\n`]) {
      const { error, stream } = await ending(`${BEGIN}${text}`);
      expect(error).toMatchObject({
        name: 'InsufficientBalanceError',
        mayBeBilled: true,
        partial: stream.snapshot,
        traceId: stream.traceId,
      });
      expect(textOf(stream.snapshot)).toBe('Hello, wor');
    }
    expect((await ending(`${raw}\n\ndata: [DONE]\n\n`)).error.name).toBe('InsufficientBalanceError');
    expect((await ending(JSON.stringify({ success: false, message: 'no' }))).error.name).toBe('ServerError');
  });

  test('so it is when the connection breaks after it, or stays open and silent', async () => {
    answer = (_, response) => {
      head(response);
      response.write(`${BEGIN}${raw}`);
      setTimeout(() => response.socket?.destroy(), 50);
    };
    const { chat } = verbsAt(server.url);
    expect((await errorOf((await chat.create(CHAT)).text())).name).toBe('InsufficientBalanceError');
    answer = (_, response) => {
      head(response);
      response.write(`${BEGIN}${raw}\n`);
    };
    const silent = await chat.create(CHAT, { idleTimeoutMs: 60 });
    expect((await errorOf(silent.text())).name).toBe('InsufficientBalanceError');
  });

  test('an answer that came whole is in `partial`; with an error in it, beside that', async () => {
    const { error } = await ending(JSON.stringify(WHOLE, undefined, 1));
    expect(error).toMatchObject({ code: 'not_a_stream', mayBeBilled: true, partial: WHOLE });
    const both = { ...WHOLE, error: { message: 'slow', type: 'rate_limit_error' } };
    expect((await ending(JSON.stringify(both))).error).toMatchObject({ name: 'RateLimitError', partial: both });
  });

  test('anything else is shown, and after a good end it does not matter', async () => {
    const { error } = await ending(`${BEGIN}<html>\n<h1>Bad   gateway ${KEY}</h1>${'x'.repeat(500)}`);
    expect(error).toMatchObject({ code: 'stream_cut', mayBeBilled: true });
    expect(error.message).toContain('<html> <h1>Bad gateway ***</h1>xxx');
    expect(error.message.length).toBeLessThan(400);
    answer = (_, response) => streamed(response, `${raw}\n${BEGIN}${written([finish(), '[DONE]'])}`);
    expect(await (await verbsAt(server.url).chat.create(CHAT)).text()).toBe('Hello, wor');
  });
});

describe('an end', () => {
  test('before anything was said is none, though it says so', async () => {
    for (const body of ['data: [DONE]\n\n', written([{ choices: [], usage: { total_tokens: 3 } }, '[DONE]'])]) {
      expect((await ending(body)).error).toMatchObject({ code: 'stream_cut', mayBeBilled: true });
    }
    answer = (_, response) => streamed(response, written([delta('Hi'), '[DONE]']));
    expect(await (await verbsAt(server.url).chat.create(CHAT)).text()).toBe('Hi');
  });

  test('comes before more than an answer can hold', async () => {
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (;;) yield new TextEncoder().encode(written([delta('x'.repeat(100))]));
    }
    let isClosed = false;
    const close = () => {
      isClosed = true;
    };
    const open = { status: 200, requestId: undefined, headers: new Headers(), bytes: pieces(), close };
    const facts = { what: 'POST /x', status: 200, requestId: undefined, traceId: 't' };
    const parts = {
      transport: transportTo(server.url),
      open,
      reading: new ChatReading(),
      textOf,
      facts,
      longest: 5000,
    };
    const stream = new EventStream(parts);
    const error = await errorOf(stream.final());
    expect(error).toMatchObject({ code: 'stream_unreadable', partial: stream.snapshot });
    const { length } = textOf(stream.snapshot);
    expect([length > 500, length < 5000, isClosed]).toEqual([true, true, false]);
  });
});

describe('the key', () => {
  test('is in no error, nor is a piece of it, wherever what came is cut', async () => {
    for (const data of [
      `Bearer ${KEY} x`,
      `{"a": ${KEY}}`,
      ...[140, 145, 150, 155, 158].map((length) => 'x'.repeat(length) + KEY),
    ]) {
      const { error } = await ending(`data: ${data}\n\n`);
      expect(error.code).toBe('stream_unreadable');
      expect(inspect(error, { depth: 9 })).not.toMatch(/sk-te|7890/);
      const cut = await ending(data);
      expect(cut.error.code).toBe('stream_cut');
      expect(inspect(cut.error, { depth: 9 })).not.toMatch(/sk-te|7890/);
    }
  });
});

describe('callers without types', () => {
  test('hear what is wrong from the check of the request, and not from JavaScript', async () => {
    answer = (_, response) => json(response, WHOLE);
    const { chat, responses, messages, embeddings, asked } = verbsAt(server.url);
    const verbs: { create: (request: never) => Promise<unknown> }[] = [chat, responses, messages];
    for (const request of [undefined, null, 'x', 3, []] as unknown[]) {
      for (const verb of verbs) await Reflect.apply(verb.create, verb, [request]).catch(() => {});
      await Reflect.apply(embeddings.create, embeddings, [request]).catch(() => {});
      expect(asked.splice(0).map((one) => one.request)).toEqual([request, request, request, request]);
    }
  });

  test('get no text from what is no answer', () => {
    for (const none of [undefined, null, 'x', 3, [], {}, { choices: null }, { choices: [null] }, { choices: [{}] }])
      expect(Reflect.apply(textOf, undefined, [none])).toBe('');
    expect(Reflect.apply(textOf, undefined, [{ output: [null, { type: 'message', content: 'Hi' }] }])).toBe('Hi');
    expect(Reflect.apply(textOf, undefined, [{ content: [null] }])).toBe('');
  });
});
