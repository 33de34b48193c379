// The same streams, joined by the official SDKs and by us: the messages are the same.

import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { serve, type TestServer } from '../support/server.js';
import { CHAT, MESSAGE, named, streamed, verbsAt, written } from './support.js';

let server: TestServer;
let body = '';
beforeEach(async () => {
  server = await serve((_, response) => streamed(response, body));
});
afterEach(() => server.close());

const chunk = (delta: object, finish_reason: string | null = null, index = 0) => ({
  ...{ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm' },
  choices: [{ index, delta, finish_reason, logprobs: null }],
});
const call = (index: number, more: object) => chunk({ tool_calls: [{ index, ...more }] });

test('a chat with text, parallel tool calls and usage', async () => {
  body = written([
    chunk({ role: 'assistant', content: '', refusal: null }),
    chunk({ content: 'Let me look, 世界.' }),
    call(0, { id: 'a', type: 'function', function: { name: 'weather', arguments: '' } }),
    call(1, { id: 'b', type: 'function', function: { name: 'time', arguments: '' } }),
    call(0, { function: { arguments: '{"city":' } }),
    call(1, { function: { arguments: '{}' } }),
    call(0, { function: { arguments: '"Ulm"}' } }),
    chunk({}, 'tool_calls'),
    { ...chunk({}), choices: [], usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } },
    '[DONE]',
  ]);
  const openai = new OpenAI({ apiKey: 'k', baseURL: `${server.url}/v1` });
  const theirs = await openai.chat.completions.stream({ model: 'm', messages: [] }).finalChatCompletion();
  const ours = await (await verbsAt(server.url).chat.create(CHAT)).final();
  // What theirs has beside it is the outcome of its own parser of structured answers.
  const plain = JSON.parse(JSON.stringify(theirs, (name, value) => (name.startsWith('parsed') ? undefined : value)));
  expect(plain.choices[0]?.message.tool_calls).toHaveLength(2);
  expect(ours).toEqual(plain);
});

test('a message with thoughts, a tool and usage', async () => {
  const block = (index: number, content_block: object) => ({ type: 'content_block_start', index, content_block });
  const grow = (index: number, delta: object) => ({ type: 'content_block_delta', index, delta });
  body = named([
    {
      type: 'message_start',
      message: {
        ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'm', content: [] },
        ...{ stop_reason: null, stop_sequence: null, usage: { input_tokens: 9, output_tokens: 1 } },
      },
    },
    block(0, { type: 'thinking', thinking: '', signature: '' }),
    grow(0, { type: 'thinking_delta', thinking: 'Let me ' }),
    grow(0, { type: 'thinking_delta', thinking: 'see.' }),
    grow(0, { type: 'signature_delta', signature: 'abc' }),
    { type: 'content_block_stop', index: 0 },
    { type: 'ping' },
    block(1, { type: 'text', text: '' }),
    grow(1, { type: 'text_delta', text: 'Grüße, ' }),
    grow(1, { type: 'text_delta', text: '世界!' }),
    { type: 'content_block_stop', index: 1 },
    block(2, { type: 'tool_use', id: 'toolu_1', name: 'weather', input: {} }),
    grow(2, { type: 'input_json_delta', partial_json: '{"city":"U' }),
    grow(2, { type: 'input_json_delta', partial_json: 'lm"}' }),
    { type: 'content_block_stop', index: 2 },
    { type: 'message_delta', delta: { stop_reason: 'tool_use', stop_sequence: null }, usage: { output_tokens: 33 } },
    { type: 'message_stop' },
  ]);
  const anthropic = new Anthropic({ apiKey: 'k', baseURL: server.url });
  const stream = anthropic.messages.stream({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'x' }] });
  const theirs = JSON.parse(JSON.stringify(await stream.finalMessage()));
  const ours = await (await verbsAt(server.url).messages.create(MESSAGE)).final();
  const { parsed_output: _, ...plain } = theirs;
  expect(ours).toEqual(plain);
});
