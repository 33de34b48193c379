// The two official SDKs talk to the mock: whole answers, streams, tools, images, in all three protocols.

import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Mock, startMock } from '../../src/mock/index.js';
import { dig } from './helpers.js';

let mock: Mock;
let openai: OpenAI;
let anthropic: Anthropic;
let before: number;

beforeAll(async () => {
  mock = await startMock({ seed: 1, speed: 1e6 });
  openai = new OpenAI({ apiKey: mock.apiKey, baseURL: `${mock.url}/v1`, maxRetries: 0 });
  // The bearer token is the gateway's; a key of the environment's would be sent beside it.
  anthropic = new Anthropic({ authToken: mock.apiKey, apiKey: null, baseURL: mock.url, maxRetries: 0 });
});
beforeEach(() => {
  before = mock.ledger.submits.length;
});
afterEach(() => expect(mock.deviations).toEqual([]));
afterAll(() => mock.close());

const submits = () => mock.ledger.submits.slice(before);

/** Two to four bytes to a character, and signs of several characters. */
const WORDS = 'Wie heißt 北京 auf Deutsch? 👩‍🚀';

const PARAMETERS = {
  type: 'object' as const,
  properties: {
    city: { type: 'string' },
    unit: { enum: ['°C', '°F'] },
    days: { type: 'integer', minimum: 3 },
    note: { type: 'string' },
  },
  required: ['city', 'unit', 'days'],
};
const ARGUMENTS = { city: 'city', unit: '°C', days: 3 };

describe('chat completions', () => {
  const ask = { model: 'gpt-5.1', messages: [{ role: 'user' as const, content: WORDS }] };
  const tools = [
    { type: 'function' as const, function: { name: 'get_weather', parameters: PARAMETERS } },
    { type: 'function' as const, function: { name: 'get_time', parameters: { type: 'object', properties: {} } } },
  ];

  it('answer with what was said to them, and count it', async () => {
    const { choices, usage, object, model } = await openai.chat.completions.create(ask);
    expect([object, model, choices.length]).toEqual(['chat.completion', 'gpt-5.1', 1]);
    expect(choices[0]).toMatchObject({ index: 0, finish_reason: 'stop', message: { role: 'assistant' } });
    expect(choices[0]?.message.content).toContain(`You said: “${WORDS}”.`);
    expect(choices[0]?.message).not.toHaveProperty('tool_calls');
    expect(usage?.prompt_tokens).toBeGreaterThan(5);
    expect(usage?.total_tokens).toBe((usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0));
    expect(submits()).toMatchObject([{ path: '/v1/chat/completions', model: 'gpt-5.1', paid: true, status: 200 }]);
  });

  it('stream the very same in many pieces', async () => {
    const whole = await openai.chat.completions.create(ask);
    const stream = openai.chat.completions.stream({ ...ask, stream_options: { include_usage: true } });
    let pieces = 0;
    stream.on('content.delta', () => {
      pieces++;
    });
    const final = await stream.finalChatCompletion();
    expect(final.choices[0]?.message.content).toBe(whole.choices[0]?.message.content);
    expect(final.choices[0]?.finish_reason).toBe('stop');
    expect(final.usage).toEqual(whole.usage);
    expect(pieces).toBe(final.usage?.completion_tokens);
    expect(pieces).toBeGreaterThan(10);
    expect(submits().map(({ paid }) => paid)).toEqual([true, true]);
  });

  it('call a tool, whole and in a stream, and answer with words when they have its result', async () => {
    const request = { ...ask, tools };
    const whole = await openai.chat.completions.create(request);
    const [choice] = whole.choices;
    expect(choice).toMatchObject({ finish_reason: 'tool_calls', message: { content: '' } });
    const [call] = choice?.message.tool_calls ?? [];
    if (call?.type !== 'function') throw new Error('no call');
    expect([call.function.name, JSON.parse(call.function.arguments)]).toEqual(['get_weather', ARGUMENTS]);

    const streamed = await openai.chat.completions.stream(request).finalChatCompletion();
    expect(streamed.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        content: null,
        tool_calls: [{ type: 'function', function: { name: 'get_weather', arguments: call.function.arguments } }],
      },
    });

    const named = { type: 'function' as const, function: { name: 'get_time' } };
    const other = await openai.chat.completions.create({ ...request, tool_choice: named });
    expect(other.choices[0]?.message.tool_calls).toMatchObject([{ function: { name: 'get_time', arguments: '{}' } }]);
    const none = await openai.chat.completions.create({ ...request, tool_choice: 'none' });
    expect(none.choices[0]?.message).not.toHaveProperty('tool_calls');

    const turn = { role: 'assistant' as const, content: '', tool_calls: [call] };
    const result = { role: 'tool' as const, tool_call_id: call.id, content: '21 °C ☀️' };
    const after = await openai.chat.completions.create({ ...request, messages: [...ask.messages, turn, result] });
    expect(after.choices[0]?.message.content).toContain('The tool answered: “21 °C ☀️”.');
    expect(after.choices[0]?.finish_reason).toBe('stop');
  });

  it('see images, and systems without a user', async () => {
    const image = { type: 'image_url' as const, image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } };
    const content = [{ type: 'text' as const, text: 'What is this?' }, image];
    const seen = await openai.chat.completions.create({ ...ask, messages: [{ role: 'user', content }] });
    expect(seen.choices[0]?.message.content).toContain('You said: “What is this?”. With it came 1 more.');
    const alone = await openai.chat.completions.create({
      ...ask,
      messages: [{ role: 'system', content: 'Be brief.' }],
    });
    expect(alone.choices[0]?.message.content).toContain('You said: “”.');
  });

  it('think aloud where the model does, at the expense of the limit', async () => {
    for (const model of ['MiniMax-M2.5', 'kimi-for-coding']) {
      const thinking = { ...ask, model };
      const whole = await openai.chat.completions.create(thinking);
      const thoughts = dig(whole, 'choices.0.message.reasoning_content');
      expect(thoughts).toContain('🤔');
      let streamed = '';
      for await (const { choices } of await openai.chat.completions.create({ ...thinking, stream: true })) {
        streamed += String(dig(choices[0]?.delta, 'reasoning_content') ?? '');
      }
      expect(streamed).toBe(thoughts);

      const spent = whole.usage?.completion_tokens_details?.reasoning_tokens ?? 0;
      const short = await openai.chat.completions.create({ ...thinking, max_tokens: spent });
      expect(short.choices[0]).toMatchObject({ finish_reason: 'length', message: { content: '' } });
      expect(short.usage?.completion_tokens).toBe(spent);
    }
    const plain = await openai.chat.completions.create({ ...ask, model: 'MiniMax-Text-01' });
    expect(plain.choices[0]?.message).not.toHaveProperty('reasoning_content');
  });

  it('break off at max_tokens, whole and in a stream', async () => {
    const short = { ...ask, max_tokens: 7 };
    const whole = await openai.chat.completions.create(short);
    expect(whole.choices[0]?.finish_reason).toBe('length');
    expect(whole.usage?.completion_tokens).toBe(7);
    const words: string[] = [];
    const ends: unknown[] = [];
    for await (const { choices, usage } of await openai.chat.completions.create({ ...short, stream: true })) {
      words.push(choices[0]?.delta.content ?? '');
      ends.push(choices[0]?.finish_reason);
      expect(usage).toBeUndefined();
    }
    expect(words.join('')).toBe(whole.choices[0]?.message.content);
    expect(ends.at(-1)).toBe('length');
  });
});

describe('responses', () => {
  const ask = { model: 'gpt-5.5', input: WORDS };
  const tools = [{ type: 'function' as const, name: 'get_weather', parameters: PARAMETERS, strict: false }];

  it('answer whole and in a stream', async () => {
    const whole = await openai.responses.create(ask);
    expect(whole.output_text).toContain(`You said: “${WORDS}”.`);
    expect([whole.status, whole.error, whole.output[0]?.type]).toEqual(['completed', null, 'message']);
    const { usage } = whole;
    expect(usage?.total_tokens).toBe((usage?.input_tokens ?? 0) + (usage?.output_tokens ?? 0));

    const stream = openai.responses.stream(ask);
    const numbers: number[] = [];
    stream.on('event', ({ sequence_number }) => numbers.push(sequence_number));
    const final = await stream.finalResponse();
    expect(final.output).toMatchObject([{ type: 'message', content: [{ text: whole.output_text }] }]);
    expect(final.usage).toEqual(usage);
    expect(numbers).toEqual(numbers.map((_, index) => index));
    expect(submits().map(({ path, paid }) => [path, paid])).toEqual([
      ['/v1/responses', true],
      ['/v1/responses', true],
    ]);
  });

  it('call functions, and take what comes back', async () => {
    const whole = await openai.responses.create({ ...ask, tools });
    const [call] = whole.output;
    if (call?.type !== 'function_call') throw new Error('no call');
    expect([call.name, JSON.parse(call.arguments)]).toEqual(['get_weather', ARGUMENTS]);
    const stream = openai.responses.stream({ ...ask, tools });
    let streamed = '';
    stream.on('response.function_call_arguments.delta', ({ delta }) => {
      streamed += delta;
    });
    expect((await stream.finalResponse()).output[0]).toMatchObject({
      type: 'function_call',
      status: 'completed',
      arguments: call.arguments,
    });
    expect(streamed).toBe(call.arguments);
    const result = { type: 'function_call_output' as const, call_id: call.call_id, output: '21 °C' };
    const after = await openai.responses.create({
      ...ask,
      tools,
      input: [{ role: 'user', content: WORDS }, { ...call }, result],
    });
    expect(after.output_text).toContain('The tool answered: “21 °C”.');
    const none = await openai.responses.create({ ...ask, tools, tool_choice: 'none' });
    expect(none.output_text).toContain('You said');
  });

  it('are incomplete at the limit', async () => {
    const short = { ...ask, max_output_tokens: 5 };
    const incomplete = { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } };
    expect(await openai.responses.create(short)).toMatchObject(incomplete);
    const types: string[] = [];
    for await (const event of await openai.responses.create({ ...short, stream: true })) types.push(event.type);
    expect(types.at(-1)).toBe('response.incomplete');
    expect(types.filter((type) => type === 'response.output_text.delta')).toHaveLength(5);
  });
});

describe('messages', () => {
  // The gateway wants it in the body; Anthropic's own API, and so the SDK, has it in a header.
  const version = { anthropic_version: 'bedrock-2023-05-31' };
  const ask = { model: 'claude-opus-4-6', max_tokens: 1024, messages: [{ role: 'user' as const, content: WORDS }] };
  const tools = [{ name: 'get_weather', input_schema: PARAMETERS }];

  it('are refused without anthropic_version', async () => {
    await expect(anthropic.messages.create(ask)).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('anthropic_version'),
    });
    expect(submits()).toMatchObject([{ paid: false, status: 400 }]);
  });

  it('answer whole and in a stream', async () => {
    const whole = await anthropic.messages.create({ ...version, ...ask });
    expect(whole).toMatchObject({ type: 'message', role: 'assistant', stop_reason: 'end_turn', stop_sequence: null });
    const [block] = whole.content;
    expect(block).toMatchObject({ type: 'text', text: expect.stringContaining(`You said: “${WORDS}”.`) });
    const stream = anthropic.messages.stream({ ...version, ...ask });
    let streamed = '';
    stream.on('text', (piece) => {
      streamed += piece;
    });
    const final = await stream.finalMessage();
    expect(final.content).toMatchObject(whole.content);
    expect(block).toMatchObject({ text: streamed });
    expect(final.usage).toMatchObject({
      input_tokens: whole.usage.input_tokens,
      output_tokens: whole.usage.output_tokens,
    });
    expect(final.stop_reason).toBe('end_turn');
  });

  it('use tools, and take their results', async () => {
    const whole = await anthropic.messages.create({ ...version, ...ask, tools });
    const [use] = whole.content;
    if (use?.type !== 'tool_use') throw new Error('no tool');
    expect([whole.stop_reason, use.name, use.input]).toEqual(['tool_use', 'get_weather', ARGUMENTS]);
    const final = await anthropic.messages.stream({ ...version, ...ask, tools }).finalMessage();
    expect(final.content).toMatchObject([{ type: 'tool_use', name: 'get_weather', input: ARGUMENTS }]);
    expect(final.stop_reason).toBe('tool_use');
    const result = { type: 'tool_result' as const, tool_use_id: use.id, content: '21 °C' };
    const after = await anthropic.messages.create({
      ...version,
      ...ask,
      tools,
      messages: [...ask.messages, { role: 'assistant', content: [use] }, { role: 'user', content: [result] }],
    });
    expect(after.content).toMatchObject([{ type: 'text', text: expect.stringContaining('answered: “21 °C”.') }]);
    const none = await anthropic.messages.create({ ...version, ...ask, tools, tool_choice: { type: 'none' } });
    expect(none.stop_reason).toBe('end_turn');
  });

  it('think where that is asked for', async () => {
    const thinking = { ...version, ...ask, thinking: { type: 'adaptive' as const } };
    const whole = await anthropic.messages.create(thinking);
    expect(whole.content.map(({ type }) => type)).toEqual(['thinking', 'text']);
    const final = await anthropic.messages.stream(thinking).finalMessage();
    // Signatures are each answer's own.
    const words = whole.content.map((block) => (block.type === 'thinking' ? { ...block, signature: '' } : block));
    expect(final.content.map((block) => (block.type === 'thinking' ? { ...block, signature: '' } : block))).toEqual(
      words,
    );
    expect(final.content[0]).toMatchObject({ signature: expect.stringMatching(/.{20}/) });
  });

  it('break off at max_tokens', async () => {
    const short = await anthropic.messages.create({ ...version, ...ask, max_tokens: 6 });
    expect([short.stop_reason, short.usage.output_tokens]).toEqual(['max_tokens', 6]);
  });
});
