// Other makers' SDKs through this client: whoever has code for `openai` or `@anthropic-ai/sdk` points it here and keeps it.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ConfigError, ImaRouter, ImaRouterError, SubmitUnknownError } from '../src/index.js';
import { type Mock, startMock } from '../src/mock/index.js';
import { clientFor } from './support/client.js';
import { json, serve, type TestServer } from './support/server.js';

let mock: Mock;
let openai: OpenAI;
let anthropic: Anthropic;
beforeAll(async () => {
  mock = await startMock({ speed: 1000 });
  const { ima } = clientFor(mock.url);
  openai = new OpenAI(ima.openaiOptions());
  anthropic = new Anthropic(ima.anthropicOptions());
});
afterAll(() => mock.close());

const user = (content: string) => [{ role: 'user' as const, content }];
const weather = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };

describe('the openai SDK', () => {
  test('chats, whole and as a stream, and both say the same', async () => {
    const request = { model: 'gpt-4.1', messages: user('Grüße 🐶') };
    const whole = await openai.chat.completions.create(request);
    let text = '';
    let tokens = 0;
    const stream = await openai.chat.completions.create({
      ...request,
      stream: true,
      stream_options: { include_usage: true },
    });
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      tokens += chunk.usage?.total_tokens ?? 0;
    }
    expect(text).toContain('Grüße 🐶');
    expect(whole.choices[0]?.message.content).toBe(text);
    expect(tokens).toBe(whole.usage?.total_tokens);
  });

  test('its own helpers run on it: a tool is called, answered, and the answer is said', async () => {
    const seen: unknown[] = [];
    const runner = openai.chat.completions.runTools({
      model: 'gpt-4.1',
      stream: true,
      messages: user('How is the weather in Shanghai?'),
      tools: [
        {
          type: 'function',
          function: {
            name: 'get_weather',
            description: 'The weather in a city',
            parameters: weather,
            parse: (text: string): unknown => JSON.parse(text),
            function: (args: unknown) => {
              seen.push(args);
              return 'sunny';
            },
          },
        },
      ],
    });
    expect(await runner.finalContent()).toMatch(/\w/);
    expect(seen).toEqual([{ city: expect.any(String) }]);
  });

  test('embeds, and speaks Responses', async () => {
    const { data } = await openai.embeddings.create({ model: 'text-embedding-3-small', input: ['a', 'b'] });
    expect(data.map(({ index, embedding }) => [index, embedding.length])).toEqual([
      [0, 1536],
      [1, 1536],
    ]);
    const whole = await openai.responses.create({ model: 'gpt-5.5', input: 'Hi' });
    const stream = openai.responses.stream({ model: 'gpt-5.5', input: 'Hi' });
    expect(whole.output_text).toContain('Hi');
    const [message] = (await stream.finalResponse()).output;
    const said = message?.type === 'message' ? message.content[0] : undefined;
    expect(said?.type === 'output_text' && said.text).toBe(whole.output_text);
  });

  test('a refusal is one of its own errors, with the words of the gateway', async () => {
    const refused = openai.chat.completions.create({ model: 'gpt-4.1', messages: [], temperature: 7 });
    await expect(refused).rejects.toThrow(OpenAI.BadRequestError);
    await expect(refused).rejects.toThrow(/temperature/);
    const broke = new OpenAI(clientFor(mock.url, { apiKey: 'sk-empty' }).ima.openaiOptions());
    const unpaid = broke.chat.completions.create({ model: 'gpt-4.1', messages: user('x') });
    await expect(unpaid).rejects.toMatchObject({ status: 403, code: 'insufficient_user_quota' });
    const wrong = new OpenAI(clientFor(mock.url, { apiKey: 'sk-expired' }).ima.openaiOptions());
    await expect(wrong.chat.completions.create({ model: 'gpt-4.1', messages: user('x') })).rejects.toThrow(
      OpenAI.AuthenticationError,
    );
  });
});

describe('the Anthropic SDK', () => {
  test('speaks Messages, whole and as a stream; the version that this gateway wants in the body is added', async () => {
    const request = { model: 'claude-sonnet-4-6', max_tokens: 1000, messages: user('Grüße 🐶') };
    const whole = await anthropic.messages.create(request);
    const stream = anthropic.messages.stream(request);
    const [block] = whole.content;
    expect(block).toMatchObject({ type: 'text', text: expect.stringContaining('Grüße 🐶') });
    expect((await stream.finalMessage()).content).toEqual(whole.content);
  });

  test('calls tools', async () => {
    const stream = anthropic.messages.stream({
      model: 'claude-sonnet-4-6',
      max_tokens: 1000,
      messages: user('How is the weather in Shanghai?'),
      tools: [{ name: 'get_weather', input_schema: { ...weather, type: 'object' } }],
    });
    const { content, stop_reason } = await stream.finalMessage();
    expect(stop_reason).toBe('tool_use');
    expect(content.find(({ type }) => type === 'tool_use')).toMatchObject({
      name: 'get_weather',
      input: { city: expect.any(String) },
    });
  });

  test('a refusal is one of its own errors', async () => {
    const refused = anthropic.messages.create({ model: 'claude-nobody-1', max_tokens: 10, messages: user('x') });
    await expect(refused).rejects.toThrow(Anthropic.BadRequestError);
    await expect(refused).rejects.toThrow(/claude-nobody-1/);
  });
});

describe('money, whoever asks', () => {
  test('load is waited out; nothing that may have been taken is sent again', async () => {
    const server = await serve((_, response, count) => {
      if (count === 1) json(response, { error: { message: 'request limit reached', type: 'new_api_error' } }, 429);
      else response.socket?.destroy();
    });
    const client = new OpenAI(clientFor(server.url).ima.openaiOptions());
    const lost: unknown = await client.chat.completions
      .create({ model: 'gpt-4.1', messages: user('x') })
      .catch((error: unknown) => error);
    await server.close();
    // The second was sent, and its connection cut: the SDK alone would have asked two more times.
    expect(server.requests).toHaveLength(2);
    expect(lost).toBeInstanceOf(OpenAI.APIConnectionError);
    expect(lost instanceof Error && lost.cause).toBeInstanceOf(SubmitUnknownError);
    const traces = server.requests.map(({ headers }) => headers['x-trace-id']);
    expect(new Set(traces).size).toBe(1);
    expect(traces[0]).toMatch(/^[0-9a-f-]{36}$/);
  });

  test.each([
    [{ success: false, message: 'model is not available' }, 400],
    [{ code: 'invalid_request', message: 'model is not available', data: null }, 400],
    [{ error: { message: 'model is not available', type: 'new_api_error', code: '' } }, 400],
    [{ error: { message: 'model is not available', code: 'insufficient_user_quota', type: 'new_api_error' } }, 403],
    [{ error: { message: 'token status is unavailable', type: 'new_api_error', code: '' } }, 401],
  ])('a refusal in a 200 does not pass for an answer: %j', async (body, status) => {
    const server = await serve((_, response) => json(response, body));
    const client = new OpenAI(clientFor(server.url).ima.openaiOptions());
    const refused = client.chat.completions.create({ model: 'gpt-4.1', messages: user('x') });
    await expect(refused).rejects.toThrow(/is (not available|unavailable)/);
    await expect(refused).rejects.toMatchObject({ status });
    await server.close();
    expect(server.requests).toHaveLength(1);
  });

  test('the key goes to the gateway only, and options without one are an error that says so', async () => {
    const { ima } = clientFor(mock.url);
    const { fetch } = ima.openaiOptions();
    await expect(fetch('https://elsewhere.example/v1/chat/completions', { method: 'POST' })).rejects.toThrow(TypeError);
    const keyless = new ImaRouter({ apiKey: '', baseUrl: mock.url });
    const missing = (): ConfigError => {
      try {
        keyless.openaiOptions();
      } catch (error) {
        if (ImaRouterError.is(error)) return error;
      }
      throw new Error('no error');
    };
    expect(missing().code).toBe('missing_api_key');
  });

  test('leaving a stream closes its socket', async () => {
    let closed: () => void = () => {};
    const isClosed = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const server = await serve((_, response) => {
      response.on('close', closed);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n');
    });
    const client = new OpenAI(clientFor(server.url).ima.openaiOptions());
    const stream = await client.chat.completions.create({ model: 'gpt-4.1', messages: user('x'), stream: true });
    for await (const chunk of stream) {
      expect(chunk.choices[0]?.delta.content).toBe('a');
      break;
    }
    await isClosed;
    await server.close();
  });
});

describe('giving up', () => {
  const head = { 'content-type': 'text/event-stream' };
  const hello = 'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n';
  let server: TestServer;
  let open = 0;
  beforeAll(async () => {
    server = await serve(({ url }, response) => {
      open++;
      response.on('close', () => open--);
      // One that talks and falls silent, and one that never says anything.
      if (url.endsWith('/chat/completions')) response.writeHead(200, head).write(hello);
    });
  });
  afterAll(() => server.close());
  const isClosed = () => expect.poll(() => open).toBe(0);

  test('an abort is the SDK’s own error, a loop that is left by its controller ends quietly, and the socket closes', async () => {
    const client = new OpenAI(clientFor(server.url).ima.openaiOptions());
    const request = { model: 'gpt-4.1', messages: user('x') };
    const left = await client.chat.completions.create({ ...request, stream: true });
    const texts: unknown[] = [];
    for await (const chunk of left) {
      texts.push(chunk.choices[0]?.delta.content);
      left.controller.abort();
    }
    expect(texts).toEqual(['a']);
    const controller = new AbortController();
    const silent = client.responses.create({ model: 'gpt-5.5', input: 'x' }, { signal: controller.signal });
    await expect.poll(() => open).toBe(1);
    controller.abort();
    await expect(silent).rejects.toThrow(OpenAI.APIUserAbortError);
    await isClosed();
  });

  test('its timeout is its own error; silence in a stream is bounded by what the user set', async () => {
    const { ima } = clientFor(server.url, { requestTimeoutMs: 300 });
    const client = new OpenAI({ ...ima.openaiOptions(), timeout: 100 });
    const late = client.responses.create({ model: 'gpt-5.5', input: 'x' });
    await expect(late).rejects.toThrow(OpenAI.APIConnectionTimeoutError);
    const stream = await client.chat.completions.create({ model: 'gpt-4.1', messages: user('x'), stream: true });
    const read = async () => {
      for await (const chunk of stream) expect(chunk).toBeDefined();
    };
    await expect(read()).rejects.toMatchObject({ code: 'stream_silent', mayBeBilled: true });
    await isClosed();
  });

  test('a signal is heard after a garbage collection too, by both SDKs and by ima.api', async () => {
    setFlagsFromString('--expose-gc');
    const collect: unknown = runInNewContext('gc');
    if (typeof collect !== 'function') throw new TypeError('this platform lets nobody collect');
    const { ima } = clientFor(server.url);
    const chat = new OpenAI(ima.openaiOptions());
    const messages = new Anthropic(ima.anthropicOptions());
    const controllers = [1, 2, 3].map(() => new AbortController());
    const signals = controllers.map(({ signal }) => signal);
    const ends = [
      chat.chat.completions
        .create({ model: 'gpt-4.1', messages: user('x'), stream: true }, { signal: signals[0] ?? null })
        .then(async (stream) => {
          for await (const chunk of stream) expect(chunk).toBeDefined();
        }),
      messages.messages.create(
        { model: 'claude-sonnet-4-6', max_tokens: 5, messages: user('x') },
        { signal: signals[1] ?? null },
      ),
      ima.api
        .POST('/v1/chat/completions', {
          body: { model: 'gpt-4.1', messages: user('x'), stream: true },
          parseAs: 'stream',
          signal: signals[2] ?? null,
        })
        .then(({ response }) => response.text()),
    ].map((end) =>
      end.then(
        () => 'ended',
        (error: Error) => error.constructor.name,
      ),
    );
    await expect.poll(() => open).toBe(3);
    for (let round = 0; round < 5; round++) {
      collect();
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const controller of controllers) controller.abort();
    expect(await Promise.all(ends)).toEqual(['ended', 'APIUserAbortError', 'DOMException']);
    await isClosed();
  });
});

describe('ima.api', () => {
  test('streams too: what asks for events gets them as they come', async () => {
    const { ima } = clientFor(mock.url);
    const { response } = await ima.api.POST('/v1/chat/completions', {
      body: { model: 'gpt-4.1', messages: user('Hi'), stream: true },
      parseAs: 'stream',
    });
    let text = '';
    for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) text += piece;
    expect(text).toContain('chat.completion.chunk');
    expect(text.trimEnd()).toMatch(/data: \[DONE\]$/);
  });
});
