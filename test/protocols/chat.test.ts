// Chat completions: asked for whole or as a stream, joined from whatever pieces a server cuts them into.

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UnknownModelError } from '../../src/index.js';
import { type ChatCompletion, textOf } from '../../src/protocols/index.js';
import { join } from '../../src/protocols/join.js';
import { ChatReading } from '../../src/protocols/reading-chat.js';
import { errorOf } from '../support/error-of.js';
import { json, serve, type TestServer } from '../support/server.js';
import { all, CHAT, delta, finish, streamed, verbsAt, written } from './support.js';

let server: TestServer;
let answer: Parameters<typeof serve>[0];
beforeEach(async () => {
  server = await serve((...args) => answer(...args));
});
afterEach(() => server.close());

const WHOLE: ChatCompletion = {
  id: 'c1',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello!' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
};
const { stream: _, ...PLAIN } = CHAT;
const STORY = [
  { ...delta(''), choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }] },
  delta('Grüße, 世界 '),
  delta('🎬!'),
  finish(),
  { ...delta(''), choices: [], usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } },
  '[DONE]',
];

describe('asked for whole', () => {
  test('the answer comes as it is; the body went as it is, with a trace id of its own', async () => {
    answer = (_, response) => json(response, WHOLE);
    const { chat, asked } = verbsAt(server.url);
    const request = { ...PLAIN, top_p: 0.5, stop: ['.'] };
    const got = await chat.create(request, { validate: 'schema', headers: { 'X-Mine': '1' }, traceId: 't-1' });
    expect(got).toEqual(WHOLE);
    expect(textOf(got)).toBe('Hello!');
    expect(asked).toEqual([{ request, path: '/v1/chat/completions', validate: 'schema' }]);
    expect(asked[0]?.request).toBe(request);
    await chat.create({ ...PLAIN, stream: false });
    await chat.create({ ...PLAIN, stream: undefined });
    await chat.create(PLAIN);
    const [first, ...others] = server.requests;
    expect(first).toMatchObject({ method: 'POST', url: '/v1/chat/completions', body: JSON.stringify(request) });
    expect(first?.headers).toMatchObject({ 'x-trace-id': 't-1', 'x-mine': '1', accept: 'application/json' });
    expect(new Set(others.map(({ headers }) => headers['x-trace-id'])).size).toBe(3);
    const { signal } = new AbortController();
    const own = verbsAt(server.url);
    await own.chat.create(PLAIN, { signal });
    expect(own.wanted).toEqual([signal]);
  });

  test('what is refused before it is sent is not sent; nor is what has wrong options', async () => {
    const { chat } = verbsAt(server.url, {}, () => {
      throw new UnknownModelError('no such model', { code: 'unknown_model', phase: 'route', suggestions: [] });
    });
    expect((await errorOf(chat.create(CHAT))).code).toBe('unknown_model');
    const fine = verbsAt(server.url);
    for (const options of [
      { timeoutMs: 0 },
      { idleTimeoutMs: -1 },
      { idleTimeoutMs: Number.NaN },
      { traceId: 'two words' },
      { timeout: 3 },
      { signal: 'no' },
      { headers: { authorization: 'x' } },
    ]) {
      // @ts-expect-error Most of them are no options.
      expect(await errorOf(fine.chat.create(PLAIN, options))).toMatchObject({ code: 'bad_option', mayBeBilled: false });
    }
    const keyless = verbsAt(server.url, { apiKey: undefined });
    expect((await errorOf(keyless.chat.create(CHAT))).code).toBe('missing_api_key');
    // Nor is anything hosted for it.
    expect(keyless.wanted).toEqual([]);
    const aborted = fine.chat.create(CHAT, { signal: AbortSignal.abort() });
    expect(await errorOf(aborted)).toMatchObject({ code: 'aborted', mayBeBilled: false });
    expect(server.requests).toEqual([]);
  });

  test('a refusal is one, also when it comes as a success; load is waited out under one trace id', async () => {
    answer = (_, response, count) => {
      if (count === 1) json(response, { error: { message: 'slow down', type: 'rate_limit_error' } }, 429);
      else if (count === 2) json(response, { error: { message: 'Service unavailable', type: 'api_error' } });
      else json(response, WHOLE);
    };
    const { chat } = verbsAt(server.url);
    expect(await chat.create(PLAIN)).toEqual(WHOLE);
    expect(new Set(server.requests.map(({ headers }) => headers['x-trace-id'])).size).toBe(1);
    answer = (_, response) =>
      json(response, { error: { message: 'quota', type: 'x', code: 'insufficient_user_quota' }, choices: [] });
    expect(await errorOf(chat.create(PLAIN))).toMatchObject({ code: 'insufficient_balance', mayBeBilled: false });
    expect(server.requests).toHaveLength(4);
  });

  test("the user's own timeout of an exchange holds where the call has none", async () => {
    answer = () => {};
    const { chat } = verbsAt(server.url, {}, undefined, 40);
    expect((await errorOf(chat.create(PLAIN))).message).toContain('within 40 ms');
    expect((await errorOf(chat.create(PLAIN, { timeoutMs: 30 }))).message).toContain('within 30 ms');
    answer = (_, response) =>
      void response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n\n');
    expect((await errorOf((await chat.create(CHAT)).text())).message).toContain('40 ms');
  });

  test('what nobody understands is not asked for twice: it may have been paid for', async () => {
    const { chat } = verbsAt(server.url);
    const pages: [number, string][] = [
      [200, '<html>'],
      [200, '"ok"'],
      [200, ''],
      [502, '<html>bad gateway</html>'],
      [504, ''],
    ];
    for (const [status, body] of pages) {
      const type = body.startsWith('<') ? 'text/html' : 'application/json';
      answer = (_, response) => response.writeHead(status, { 'content-type': type }).end(body);
      expect(await errorOf(chat.create(PLAIN))).toMatchObject({ code: 'submit_unknown', mayBeBilled: true });
      expect(await errorOf(chat.create(CHAT))).toMatchObject({ code: 'submit_unknown', mayBeBilled: true });
    }
    expect(server.requests).toHaveLength(2 * pages.length);
  });
});

describe('asked for as a stream', () => {
  test('the chunks come as they are, characters cut in two or not, and text, message and usage are joined', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'x-oneapi-request-id': 'r-1' });
      const bytes = Buffer.from(`: OPENROUTER PROCESSING\n\ndata:\n\n${written(STORY)}`);
      for (const byte of bytes) response.write(Buffer.of(byte));
      response.end();
    };
    const { chat } = verbsAt(server.url);
    const stream = await chat.create(CHAT, { traceId: 't-2' });
    expect([stream.requestId, stream.traceId]).toEqual(['r-1', 't-2']);
    expect(await all(stream)).toEqual(STORY.slice(0, -1));
    expect(await stream.text()).toBe('Grüße, 世界 🎬!');
    const whole = {
      ...WHOLE,
      choices: [{ ...WHOLE.choices[0], message: { role: 'assistant', content: 'Grüße, 世界 🎬!' } }],
    };
    expect(await stream.final()).toEqual(whole);
    expect(stream.snapshot).toEqual(whole);
    expect(server.requests[0]?.headers.accept).toContain('text/event-stream');
  });

  test('text() and final() read it where nobody else does; who iterates is waited for', async () => {
    answer = (_, response) => streamed(response, written(STORY));
    const { chat } = verbsAt(server.url);
    const unread = await chat.create(CHAT);
    expect(unread.snapshot).toEqual({ object: 'chat.completion', choices: [] });
    const [text, final, again] = await Promise.all([unread.text(), unread.final(), unread.text()]);
    expect([text, textOf(final), again]).toEqual(Array(3).fill('Grüße, 世界 🎬!'));
    expect(() => unread[Symbol.asyncIterator]()).toThrow('come once');

    const stream = await chat.create(CHAT);
    const seen: string[] = [];
    let early: Promise<string> | undefined;
    for await (const chunk of stream) {
      early ??= stream.text();
      seen.push(textOf(stream.snapshot));
      expect(() => stream[Symbol.asyncIterator]()).toThrow('come once');
      // A copy: nobody spoils what is still growing.
      Object.assign(chunk, { choices: [] });
      stream.snapshot.choices.length = 0;
    }
    expect(await early).toBe('Grüße, 世界 🎬!');
    expect(seen).toEqual(['', 'Grüße, 世界 ', 'Grüße, 世界 🎬!', 'Grüße, 世界 🎬!', 'Grüße, 世界 🎬!']);
    // Safe to paste.
    expect(JSON.parse(JSON.stringify(stream))).toEqual({ traceId: stream.traceId });
  });

  test('an end of the body is a good end once every choice has one, with the last line whole or not', async () => {
    const { chat } = verbsAt(server.url);
    for (const body of [
      written(STORY.slice(0, -1)),
      written(STORY.slice(0, 4)),
      written(STORY.slice(0, 4)).trimEnd(),
    ]) {
      answer = (_, response) => streamed(response, body);
      expect(await (await chat.create(CHAT)).text()).toBe('Grüße, 世界 🎬!');
    }
    // After the end nothing is read.
    answer = (_, response) => streamed(response, `${written(STORY)}data: {"error":{"message":"late"}}\n\n`);
    expect(await (await chat.create(CHAT)).text()).toBe('Grüße, 世界 🎬!');
  });

  test('wherever the body ends, it is a good end or an error with all that had come', async () => {
    const bytes = Buffer.from(written(STORY));
    const wholeFrom = Buffer.from(written(STORY.slice(0, 4))).length - 2;
    let length = 0;
    answer = (_, response) => streamed(response, bytes.subarray(0, length));
    const { chat } = verbsAt(server.url);
    let longest = '';
    for (length = 0; length <= bytes.length; length += 3) {
      const stream = await chat.create(CHAT);
      const outcome = await stream.final().catch((error: unknown) => error);
      if (length >= wholeFrom) {
        expect(textOf(stream.snapshot), String(length)).toBe('Grüße, 世界 🎬!');
        expect(outcome, String(length)).toEqual(stream.snapshot);
        continue;
      }
      expect(outcome, String(length)).toMatchObject({
        name: 'InvalidResponseError',
        code: 'stream_cut',
        phase: 'submit',
        status: 200,
        traceId: stream.traceId,
        mayBeBilled: true,
        partial: stream.snapshot,
      });
      const text = textOf(stream.snapshot);
      expect('Grüße, 世界 🎬!'.startsWith(text) && text.startsWith(longest)).toBe(true);
      longest = text;
    }
    expect(longest).toBe('Grüße, 世界 🎬!');
  });

  test('an answer that is no stream is an error that has it, for it is paid for', async () => {
    answer = (_, response) => json(response, WHOLE);
    const { chat } = verbsAt(server.url);
    expect(await errorOf(chat.create(CHAT))).toMatchObject({
      name: 'InvalidResponseError',
      code: 'not_a_stream',
      mayBeBilled: true,
      status: 200,
      partial: WHOLE,
    });
  });

  test('load is waited out before it begins, under one trace id; a broken page is not asked for again', async () => {
    answer = (_, response, count) => {
      if (count < 3) json(response, { error: { message: 'busy', type: 'x' } }, count === 1 ? 429 : 503);
      else streamed(response, written(STORY));
    };
    const { chat } = verbsAt(server.url);
    expect(await (await chat.create(CHAT)).text()).toBe('Grüße, 世界 🎬!');
    expect(server.requests).toHaveLength(3);
    expect(new Set(server.requests.map(({ headers }) => headers['x-trace-id'])).size).toBe(1);
    answer = (_, response) => response.writeHead(502, { 'content-type': 'text/html' }).end('<html>');
    expect(await errorOf(chat.create(CHAT))).toMatchObject({ name: 'SubmitUnknownError' });
    expect(server.requests).toHaveLength(4);
  });
});

describe('pieces', () => {
  const joined = (...chunks: unknown[]): ChatCompletion => {
    const reading = new ChatReading();
    for (const chunk of chunks) reading.take(chunk, undefined);
    return reading.snapshot();
  };
  const piece = (change: object, index = 0) => ({ id: 'c', choices: [{ index, delta: change }] });
  const calls = (...tool_calls: object[]) => piece({ tool_calls });

  test('tool calls are joined by their index, in whatever order their pieces come', () => {
    const got = joined(
      calls({ index: 0, id: 'a', type: 'function', function: { name: 'weather', arguments: '' } }),
      calls({ index: 0, function: { arguments: '{"city":' } }),
      calls({ index: 1, id: 'b', type: 'function', function: { name: 'time', arguments: '{' } }),
      calls({ index: 0, function: { arguments: '"Ulm"}' } }, { index: 1, function: { arguments: '}' } }),
      piece({ content: null }),
    );
    expect(got.choices[0]?.message).toEqual({
      role: 'assistant',
      content: null,
      tool_calls: [
        { id: 'a', type: 'function', function: { name: 'weather', arguments: '{"city":"Ulm"}' } },
        { id: 'b', type: 'function', function: { name: 'time', arguments: '{}' } },
      ],
    });
  });

  test('so they are where servers repeat ids and names, leave out the index, or give one to all', () => {
    const told = (got: ChatCompletion) =>
      got.choices[0]?.message.tool_calls?.map((call) =>
        call.type === 'function' ? [call.id, call.function.name, call.function.arguments] : [],
      );
    const call = (name: string, text: string) => ({ type: 'function', function: { name, arguments: text } });
    expect(
      told(
        joined(calls({ index: 0, id: 'a', ...call('f', '{"x"') }), calls({ index: 0, id: 'a', ...call('f', ':1}') })),
      ),
    ).toEqual([['a', 'f', '{"x":1}']]);
    expect(
      told(
        joined(
          calls({ id: 'a', ...call('f', '{') }),
          calls({ function: { arguments: '}' } }),
          calls({ id: 'b', ...call('g', '{}') }),
        ),
      ),
    ).toEqual([
      ['a', 'f', '{}'],
      ['b', 'g', '{}'],
    ]);
    expect(
      told(
        joined(
          calls({ index: 0, id: 'a', ...call('f', '{}') }),
          calls({ index: 0, id: 'b', ...call('g', '{') }),
          calls({ index: 0, function: { arguments: '}' } }),
        ),
      ),
    ).toEqual([
      ['a', 'f', '{}'],
      ['b', 'g', '{}'],
    ]);
    expect(
      told(
        joined(
          calls({ index: 0, id: 'a', ...call('f', '{') }),
          calls({ index: 0, id: 'x', function: { arguments: '}' } }),
        ),
      )?.[0]?.[2],
    ).toBe('{}');
  });

  test('thoughts, refusals, pictures and other fields are kept beside the text; several choices stay apart', () => {
    const got = joined(
      piece({ role: 'assistant', reasoning_content: 'Let me ' }),
      piece({ reasoning_content: 'see.', content: '' }),
      piece({ content: '![](data:image/png;base64,AAAA' }),
      piece({ content: 'BBBB)', images: [{ type: 'image_url', index: 0, image_url: { url: 'data:1' } }] }),
      piece({ images: [{ type: 'image_url', index: 0, image_url: { url: 'data:2' } }] }),
      piece({
        content: [
          { type: 'text', text: ' and' },
          { type: 'image_url', image_url: { url: 'data:3' } },
        ],
      }),
      piece({ content: 'other' }, 1),
      { usage: { total_tokens: 4 }, choices: [], system_fingerprint: 'fp' },
      {
        choices: [{ index: 0, delta: {}, finish_reason: 'length', logprobs: { content: [{ token: 'a' }] } }],
        usage: null,
      },
      { choices: [{ index: 1, finish_reason: 'stop', logprobs: null }] },
    );
    expect(got).toEqual({
      id: 'c',
      object: 'chat.completion',
      system_fingerprint: 'fp',
      usage: { total_tokens: 4 },
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: '![](data:image/png;base64,AAAABBBB) and',
            reasoning_content: 'Let me see.',
            images: [
              { type: 'image_url', index: 0, image_url: { url: 'data:1' } },
              { type: 'image_url', index: 0, image_url: { url: 'data:2' } },
              { type: 'image_url', image_url: { url: 'data:3' } },
            ],
          },
          finish_reason: 'length',
          logprobs: { content: [{ token: 'a' }] },
        },
        { index: 1, message: { role: 'assistant', content: 'other' }, finish_reason: 'stop', logprobs: null },
      ],
    });
    expect(textOf(got)).toBe('![](data:image/png;base64,AAAABBBB) and');
  });

  test('an empty reason is none, null takes nothing away, and choices stand in their order', () => {
    const reading = new ChatReading();
    const first = { choices: [{ index: 1, delta: { content: 'b' }, finish_reason: '' }] };
    const taken = reading.take(first, undefined);
    expect('event' in taken && taken.event).toBe(first);
    expect(reading.isWhole).toBe(false);
    reading.take({ choices: [{ index: 0, delta: { content: 'a' }, finish_reason: 'stop' }] }, undefined);
    reading.take({ choices: [{ index: 1, delta: { content: null }, finish_reason: 'stop' }] }, undefined);
    expect(reading.isWhole).toBe(true);
    const choices = reading.snapshot().choices.map(({ index, message }) => [index, message.content]);
    expect(choices).toEqual([
      [0, 'a'],
      [1, 'b'],
    ]);
  });

  test('what the caller does to an event does nothing to the message, nor does a field that is none', () => {
    const reading = new ChatReading();
    const images = [{ url: 'data:1' }];
    reading.take(piece({ content: 'a', images }), undefined);
    images.push({ url: 'data:2' });
    reading.take(
      JSON.parse('{"choices":[{"index":0,"delta":{"__proto__":{"content":"x"},"content":"b"}}]}'),
      undefined,
    );
    expect(reading.snapshot().choices[0]?.message).toEqual({
      role: 'assistant',
      content: 'ab',
      images: [{ url: 'data:1' }],
    });
    const whole: Record<string, unknown> = {};
    join(whole, JSON.parse('{"__proto__":{"x":1}}'));
    expect(whole.x).toBeUndefined();
  });

  test('however a text is cut into deltas, it is the text', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (texts) => {
        expect(textOf(joined(piece({ content: '' }), ...texts.map((content) => piece({ content }))))).toBe(
          texts.join(''),
        );
      }),
    );
  });

  test('any JSON at all is passed on as a chunk or read as an error, and never throws', () => {
    const reading = new ChatReading();
    const key = fc.oneof(
      fc.string(),
      fc.constantFrom(
        'choices',
        'delta',
        'tool_calls',
        'index',
        'content',
        'usage',
        'message',
        '__proto__',
        'images',
        'logprobs',
      ),
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ depthSize: 'medium' }, fc.string(), fc.integer(), fc.constant(null), tie('list'), tie('record')),
      list: fc.array(tie('tree'), { maxLength: 3 }),
      record: fc.dictionary(key, tie('tree'), { maxKeys: 4 }),
    }));
    fc.assert(
      fc.property(
        fc.record({ choices: fc.oneof(tree, fc.array(fc.record({ delta: tree, index: tree }))) }),
        tree,
        (chunk, any) => {
          for (const data of [JSON.parse(JSON.stringify(chunk)), any]) {
            const taken = reading.take(data, undefined);
            if ('event' in taken) for (const choice of taken.event.choices) expect(typeof choice.delta).toBe('object');
            expect(Array.isArray(reading.snapshot().choices)).toBe(true);
          }
        },
      ),
      { numRuns: 300 },
    );
    expect(Object.getPrototypeOf({}).choices).toBeUndefined();
  });
});
