// What came as an answer goes back in as it is, and what the protocols' own documents show is not refused here.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { clientFor } from '../support/client.js';
import { errorOf } from '../support/error-of.js';
import { json, serve, type TestServer } from '../support/server.js';

let server: TestServer;
let answer: object;
beforeEach(async () => {
  server = await serve((_, response) => json(response, answer));
});
afterEach(() => server.close());

const USER = { role: 'user', content: 'x' } as const;
const CALL = { id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } } as const;
const MESSAGES = { model: 'claude-sonnet-4-6', anthropic_version: 'bedrock-2023-05-31', max_tokens: 100 } as const;

test('messages of a chat: silent ones, in parts, with calls of all kinds', async () => {
  answer = { choices: [{ index: 0, message: { role: 'assistant', content: null }, finish_reason: 'stop' }] };
  const { ima } = clientFor(server.url);
  const first = await ima.chat.completions.create({ model: 'gpt-4.1', messages: [USER] });
  const come = first.choices[0]?.message;
  if (come === undefined) throw new Error('no message');
  const turns = [
    come,
    { role: 'assistant' },
    { role: 'assistant', content: null, reasoning_content: 'hm', tool_calls: [CALL] },
    { role: 'assistant', content: null, tool_calls: [{ id: 'a', type: 'custom', custom: { name: 'f', input: 'x' } }] },
    { role: 'assistant', content: null, tool_calls: [] },
    { role: 'assistant', content: '', tool_calls: null },
    { role: 'assistant', content: [{ type: 'text', text: 'x' }] },
    { role: 'assistant', content: [{ type: 'refusal', refusal: 'no' }] },
    { role: 'assistant', content: 'x', refusal: null, annotations: [], audio: null, function_call: null },
    { role: 'function', name: 'f', content: null },
  ] as const;
  for (const turn of turns) {
    await ima.chat.completions.create({ model: 'gpt-4.1', messages: [USER, turn, USER] });
    expect(JSON.parse(server.requests.at(-1)?.body ?? '').messages[1]).toEqual(turn);
  }
  const tools = [
    { type: 'function', function: { name: 'f' } },
    { type: 'custom', custom: { name: 'g' } },
  ] as const;
  await ima.chat.completions.create({ model: 'gpt-4.1', messages: [USER], tools });
  const { length } = server.requests;

  // What is wrong is still wrong.
  const wrong: unknown[] = [
    { messages: [{ role: 'user', content: null }] },
    { messages: [{ role: 'assistant', content: 5 }] },
    { messages: [{ role: 'assistant', content: null, tool_calls: [{ id: 'a', type: 'function' }] }] },
    { messages: [{ role: 'tool', content: 'x' }] },
    { messages: [USER], tools: [{ type: 'function', function: {} }] },
    { messages: [USER], stream: null },
  ];
  for (const body of wrong) {
    const call = Reflect.apply(ima.chat.completions.create, ima.chat.completions, [
      Object.assign({ model: 'gpt-4.1' }, body),
    ]);
    expect(await errorOf(call), JSON.stringify(body)).toMatchObject({ code: 'invalid_request', mayBeBilled: false });
  }
  expect(server.requests).toHaveLength(length);
});

test("blocks of a message: what the protocol's own tools have left", async () => {
  answer = {
    role: 'assistant',
    content: [
      { type: 'server_tool_use', id: 't', name: 'web_search', input: {} },
      { type: 'web_search_tool_result', tool_use_id: 't', content: [] },
      { type: 'thinking', thinking: 'hm', signature: 's' },
      { type: 'text', text: 'x', citations: null },
    ],
  };
  const { ima } = clientFor(server.url);
  const { content } = await ima.messages.create({ ...MESSAGES, messages: [USER] });
  await ima.messages.create({ ...MESSAGES, messages: [USER, { role: 'assistant', content }, USER] });
  expect(JSON.parse(server.requests[1]?.body ?? '').messages[1].content).toEqual(content);
  for (const block of [{ type: 'tool_results', tool_use_id: 't' }, { type: 'tool_result' }, { type: 'x' }]) {
    const request = { ...MESSAGES, messages: [{ role: 'user', content: [block] }] };
    expect((await errorOf(Reflect.apply(ima.messages.create, ima.messages, [request]))).code).toBe('invalid_request');
  }
  expect(server.requests).toHaveLength(2);
});

test('no request at all is told from a request by this library, and not by JavaScript', async () => {
  const { ima } = clientFor(server.url);
  for (const verb of [ima.chat.completions, ima.responses, ima.messages, ima.embeddings]) {
    for (const request of [undefined, null, 'x', [], {}] as unknown[]) {
      const error = await errorOf(Reflect.apply(verb.create, verb, [request]));
      expect(error).toMatchObject({ code: 'invalid_request', mayBeBilled: false });
    }
  }
  expect(server.requests).toEqual([]);
});
