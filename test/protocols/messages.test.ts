// Messages: blocks joined from deltas, a tool's input from JSON cut anywhere, and usage told at both ends.

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Message, textOf } from '../../src/protocols/index.js';
import { MessagesReading } from '../../src/protocols/reading-messages.js';
import { errorOf } from '../support/error-of.js';
import { json, serve, type TestServer } from '../support/server.js';
import { all, MESSAGE, named, streamed, verbsAt } from './support.js';

let server: TestServer;
let answer: Parameters<typeof serve>[0];
beforeEach(async () => {
  server = await serve((...args) => answer(...args));
});
afterEach(() => server.close());

const { stream: _, ...PLAIN } = MESSAGE;
const WHOLE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'm',
  content: [
    { type: 'thinking', thinking: 'Let me see.', signature: 'abc' },
    { type: 'text', text: 'Grüße, 世界!' },
    { type: 'tool_use', id: 'toolu_1', name: 'weather', input: { city: 'Ulm', days: [1, 2] } },
    { type: 'tool_use', id: 'toolu_2', name: 'time', input: {} },
  ],
  stop_reason: 'tool_use',
  stop_sequence: null,
  usage: { input_tokens: 9, cache_read_input_tokens: 4, output_tokens: 33 },
};
const grow = (index: number, delta: object) => ({ type: 'content_block_delta', index, delta });
const begin = (index: number, content_block: object) => ({ type: 'content_block_start', index, content_block });
const stop = (index: number) => ({ type: 'content_block_stop', index });
const input = '{"city":"Ulm","days":[1,2]}';
const STORY = [
  {
    type: 'message_start',
    message: {
      ...WHOLE,
      content: [],
      stop_reason: null,
      usage: { input_tokens: 9, cache_read_input_tokens: 4, output_tokens: 1 },
    },
  },
  begin(0, { type: 'thinking', thinking: '', signature: '' }),
  grow(0, { type: 'thinking_delta', thinking: 'Let me ' }),
  { type: 'ping' },
  grow(0, { type: 'thinking_delta', thinking: 'see.' }),
  grow(0, { type: 'signature_delta', signature: 'abc' }),
  stop(0),
  begin(1, { type: 'text', text: '' }),
  grow(1, { type: 'text_delta', text: 'Grüße, ' }),
  grow(1, { type: 'text_delta', text: '世界!' }),
  stop(1),
  begin(2, { type: 'tool_use', id: 'toolu_1', name: 'weather', input: {} }),
  begin(3, { type: 'tool_use', id: 'toolu_2', name: 'time', input: {} }),
  ...[...input].map((partial_json) => grow(2, { type: 'input_json_delta', partial_json })),
  grow(3, { type: 'input_json_delta', partial_json: '' }),
  stop(2),
  stop(3),
  {
    type: 'message_delta',
    delta: { stop_reason: 'tool_use', stop_sequence: null },
    usage: { output_tokens: 33, input_tokens: null },
  },
  { type: 'message_stop' },
];

describe('asked for whole', () => {
  test('the answer comes as it is', async () => {
    answer = (_, response) => json(response, WHOLE);
    const { messages, asked } = verbsAt(server.url);
    const request = { ...PLAIN, anthropic_version: 'bedrock-2023-05-31', stop_sequences: ['.'] };
    const got = await messages.create(request);
    expect(got).toEqual(WHOLE);
    expect([textOf(got), asked[0]?.path]).toEqual(['Grüße, 世界!', '/v1/messages']);
    // Nothing is put in by this library.
    expect(server.requests[0]?.body).toBe(JSON.stringify(request));
  });

  test('an error under a status of success is a refusal, and other JSON is one that nobody reads', async () => {
    answer = (_, response) =>
      json(response, { type: 'error', error: { type: 'authentication_error', message: 'invalid api key' } });
    const { messages } = verbsAt(server.url);
    expect(await errorOf(messages.create(PLAIN))).toMatchObject({ name: 'AuthenticationError', mayBeBilled: false });
    const odd = { id: 'msg_1', content: 'Hello' };
    answer = (_, response) => json(response, odd);
    expect(await errorOf(messages.create(PLAIN))).toMatchObject({ code: 'invalid_response', partial: odd });
  });
});

describe('asked for as a stream', () => {
  test('the events come as they are, pings too, and the message is joined', async () => {
    answer = (_, response) => streamed(response, named(STORY));
    const { messages } = verbsAt(server.url);
    const stream = await messages.create(MESSAGE);
    expect(await all(stream)).toEqual(STORY);
    expect(await stream.final()).toEqual(WHOLE);
    expect(await stream.text()).toBe('Grüße, 世界!');
    // It ends at its last event, whatever follows and however long the body stays open.
    answer = (_, response) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).write(named(STORY));
    expect(await (await messages.create(MESSAGE)).final()).toEqual(WHOLE);
  });

  test('a body may end after the reason to stop; before it, it is an error with what had come', async () => {
    let body = '';
    answer = (_, response) => streamed(response, body);
    const { messages } = verbsAt(server.url);
    for (let count = 0; count <= STORY.length; count++) {
      body = named(STORY.slice(0, count));
      const stream = await messages.create(MESSAGE);
      const outcome = await stream.final().catch((error: unknown) => error);
      if (count >= STORY.length - 1) expect(outcome).toEqual(WHOLE);
      else
        expect(outcome, String(count)).toMatchObject({
          code: 'stream_cut',
          mayBeBilled: true,
          partial: stream.snapshot,
        });
    }
  });

  test('one that was cut in the middle of an input has it as the text that it is so far', async () => {
    const begun = STORY.findIndex((event) => 'delta' in event && 'partial_json' in event.delta);
    answer = (_, response) => streamed(response, named(STORY.slice(0, begun + 8)));
    const error = await errorOf((await verbsAt(server.url).messages.create(MESSAGE)).text());
    expect(error.partial).toMatchObject({
      content: [{ thinking: 'Let me see.' }, { text: 'Grüße, 世界!' }, { input: '{"city":' }, { input: {} }],
      stop_reason: null,
      usage: { output_tokens: 1 },
    });
  });
});

describe('pieces', () => {
  const joined = (events: readonly object[]): Message => {
    const reading = new MessagesReading();
    for (const event of events) reading.take(event, undefined);
    return reading.snapshot();
  };

  test('however the JSON of an input is cut, it is that input', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.array(fc.nat(60)), (value, cuts) => {
        const text = JSON.stringify(value);
        const bounds = [0, ...cuts.sort((a, b) => a - b), text.length].map((at) => Math.min(at, text.length));
        const deltas = bounds
          .slice(1)
          .map((to, at) => grow(0, { type: 'input_json_delta', partial_json: text.slice(bounds[at], to) }));
        const [block] = joined([begin(0, { type: 'tool_use', id: 'a', name: 'f', input: {} }), ...deltas]).content;
        expect(block).toEqual({ type: 'tool_use', id: 'a', name: 'f', input: JSON.parse(text) });
      }),
    );
  });

  test('that nobody has announced, without an index, of kinds that nobody knows', () => {
    expect(
      joined([
        grow(0, { type: 'thinking_delta', thinking: 'Hm' }),
        { type: 'content_block_delta', delta: { type: 'thinking_delta', thinking: '.' } },
        grow(1, { type: 'text_delta', text: 'Hello' }),
        grow(1, { type: 'citations_delta', citation: { cited_text: 'a' } }),
        grow(1, { type: 'citations_delta', citation: { cited_text: 'b' } }),
        grow(2, { type: 'input_json_delta', partial_json: '{"a":1}' }),
        begin(3, { type: 'new_block', words: 'a' }),
        grow(3, { type: 'new_delta', words: 'b' }),
        { type: 'new_event' },
        { type: 'message_delta', delta: { stop_sequence: 'END' } },
        { type: 'message_delta', delta: { stop_sequence: 'END' }, usage: { output_tokens: 2 } },
      ]),
    ).toEqual({
      type: 'message',
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'Hm.' },
        { type: 'text', text: 'Hello', citations: [{ cited_text: 'a' }, { cited_text: 'b' }] },
        { type: 'tool_use', id: '', name: '', input: { a: 1 } },
        { type: 'new_block', words: 'ab' },
      ],
      stop_sequence: 'END',
      usage: { output_tokens: 2 },
    });
  });
});
