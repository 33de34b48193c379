// Responses: events joined into the answer, which the last one tells once more; and one that failed is an error, whole or not.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ResponsesResponse, textOf } from '../../src/protocols/index.js';
import { ResponsesReading } from '../../src/protocols/reading-responses.js';
import { errorOf } from '../support/error-of.js';
import { json, serve, type TestServer } from '../support/server.js';
import { all, named, RESPONSE, streamed, verbsAt, written } from './support.js';

let server: TestServer;
let answer: Parameters<typeof serve>[0];
beforeEach(async () => {
  server = await serve((...args) => answer(...args));
});
afterEach(() => server.close());

const { stream: _, ...PLAIN } = RESPONSE;
const MESSAGE_ITEM = {
  type: 'message',
  id: 'msg_1',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text: 'Hello, 世界!', annotations: [] }],
};
const WHOLE = {
  id: 'resp_1',
  object: 'response',
  model: 'm',
  status: 'completed',
  output: [MESSAGE_ITEM],
  usage: { input_tokens: 3, output_tokens: 2, total_tokens: 5 },
};
const BASE = { ...WHOLE, status: 'in_progress', output: [], usage: null };
const at = { item_id: 'msg_1', output_index: 0, content_index: 0 };
const STORY = [
  { type: 'response.created', response: BASE },
  { type: 'response.in_progress', response: BASE },
  {
    type: 'response.output_item.added',
    output_index: 0,
    item: { ...MESSAGE_ITEM, status: 'in_progress', content: [] },
  },
  { type: 'response.content_part.added', ...at, part: { type: 'output_text', text: '', annotations: [] } },
  { type: 'response.output_text.delta', ...at, delta: 'Hello, ' },
  { type: 'response.output_text.delta', ...at, delta: '世界!' },
  { type: 'response.output_text.done', ...at, text: 'Hello, 世界!' },
  { type: 'response.content_part.done', ...at, part: MESSAGE_ITEM.content[0] },
  { type: 'response.output_item.done', output_index: 0, item: MESSAGE_ITEM },
  { type: 'response.completed', response: WHOLE },
];

describe('asked for whole', () => {
  test('the answer comes as it is, also when it is incomplete', async () => {
    answer = (_, response) => json(response, WHOLE);
    const { responses, asked } = verbsAt(server.url);
    const got = await responses.create(PLAIN);
    expect(got).toEqual(WHOLE);
    expect([textOf(got), asked[0]?.path]).toEqual(['Hello, 世界!', '/v1/responses']);
    const short = { ...WHOLE, status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } };
    answer = (_, response) => json(response, short);
    expect(await responses.create(PLAIN)).toEqual(short);
  });

  test('one that failed is an error with all of it, and is not asked for again', async () => {
    const failed = { ...WHOLE, status: 'failed', output: [], error: { code: 'server_error', message: 'oops' } };
    answer = (_, response) => json(response, failed);
    const error = await errorOf(verbsAt(server.url).responses.create(PLAIN, { traceId: 't-1' }));
    expect(error).toMatchObject({
      name: 'ServerError',
      code: 'server_error',
      mayBeBilled: true,
      partial: failed,
      traceId: 't-1',
    });
    expect(error.message).toContain('oops');
    expect(server.requests).toHaveLength(1);
  });

  test('what has no output is an answer that nobody reads', async () => {
    const odd = { id: 'resp_1', object: 'response' };
    answer = (_, response) => json(response, odd);
    const error = await errorOf(verbsAt(server.url).responses.create(PLAIN));
    expect(error).toMatchObject({ code: 'invalid_response', mayBeBilled: true, partial: odd });
  });
});

describe('asked for as a stream', () => {
  test('the events come as they are, and the message is the same at every step but the last as in the end', async () => {
    answer = (_, response) => streamed(response, named(STORY));
    const stream = await verbsAt(server.url).responses.create(RESPONSE);
    const texts: string[] = [];
    const events: unknown[] = [];
    for await (const event of stream) {
      events.push(event);
      texts.push(textOf(stream.snapshot));
    }
    expect(events).toEqual(STORY);
    expect(texts).toEqual(['', '', '', '', 'Hello, ', ...Array(5).fill('Hello, 世界!')]);
    expect(await stream.final()).toEqual(WHOLE);
    expect(await stream.text()).toBe('Hello, 世界!');
  });

  test('an incomplete one is a good end; nothing after the end is read; a word for the end does no harm', async () => {
    const last = { type: 'response.incomplete', response: { ...WHOLE, status: 'incomplete' } };
    answer = (_, response) =>
      streamed(response, `${named([...STORY.slice(0, -1), last])}data: [DONE]\n\ndata: {"type":"error"}\n\n`);
    const stream = await verbsAt(server.url).responses.create(RESPONSE);
    expect(await stream.final()).toEqual({ ...WHOLE, status: 'incomplete' });
  });

  test('wherever it is cut before its last event, it is an error with what had come', async () => {
    let body = '';
    answer = (_, response) => streamed(response, body);
    const { responses } = verbsAt(server.url);
    for (let count = 0; count < STORY.length; count++) {
      for (const end of ['', 'event: response.completed\ndata: {"type":"response.com', 'data: [DONE]\n\n']) {
        body = named(STORY.slice(0, count)) + end;
        const stream = await responses.create(RESPONSE);
        const error = await errorOf(stream.text());
        expect(error).toMatchObject({ code: 'stream_cut', mayBeBilled: true, partial: stream.snapshot });
      }
    }
    body = named(STORY).trimEnd();
    expect(await (await responses.create(RESPONSE)).text()).toBe('Hello, 世界!');
  });
});

describe('pieces', () => {
  const joined = (events: readonly object[]): ResponsesResponse => {
    const reading = new ResponsesReading();
    for (const event of events) reading.take(event, undefined);
    return reading.snapshot();
  };

  test('of calls, thoughts and refusals, several at a time', () => {
    const call = { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'weather', arguments: '' };
    expect(
      joined([
        { type: 'response.output_item.added', output_index: 1, item: call },
        { type: 'response.output_item.added', output_index: 0, item: { type: 'reasoning', id: 'rs_1', summary: [] } },
        {
          type: 'response.reasoning_summary_part.added',
          output_index: 0,
          summary_index: 0,
          part: { type: 'summary_text', text: '' },
        },
        { type: 'response.function_call_arguments.delta', output_index: 1, delta: '{"city":' },
        { type: 'response.reasoning_summary_text.delta', output_index: 0, summary_index: 0, delta: 'I think' },
        { type: 'response.reasoning_text.delta', output_index: 0, content_index: 0, delta: 'Hm' },
        { type: 'response.function_call_arguments.delta', output_index: 1, delta: '"Ul' },
        { type: 'response.function_call_arguments.done', output_index: 1, arguments: '{"city":"Ulm"}' },
        { type: 'response.refusal.delta', output_index: 2, content_index: 0, item_id: 'msg_2', delta: 'I ' },
        { type: 'response.refusal.delta', output_index: 2, content_index: 0, item_id: 'msg_2', delta: 'cannot' },
      ]).output,
    ).toEqual([
      {
        type: 'reasoning',
        id: 'rs_1',
        summary: [{ type: 'summary_text', text: 'I think' }],
        content: [{ type: 'reasoning_text', text: 'Hm' }],
      },
      { ...call, arguments: '{"city":"Ulm"}' },
      { type: 'message', id: 'msg_2', role: 'assistant', content: [{ type: 'refusal', refusal: 'I cannot' }] },
    ]);
  });

  test('that nobody has announced, without an index, or with one that counts nothing', () => {
    expect(
      joined([
        { type: 'response.output_text.delta', item_id: 'a', delta: 'He' },
        { type: 'response.output_text.delta', item_id: 'a', delta: 'llo' },
        { type: 'response.output_text.delta', item_id: 'a', content_index: 2, delta: '!' },
        { type: 'response.output_text.delta', item_id: 'a', content_index: 1e9, delta: '?' },
      ]).output,
    ).toEqual([
      {
        type: 'message',
        id: 'a',
        role: 'assistant',
        content: [
          { type: 'output_text', text: 'Hello?' },
          { type: 'output_text', text: '!' },
        ],
      },
    ]);
  });

  test('parts that are announced, items in their order, and what the last event alone tells', () => {
    const stale = { type: 'response.in_progress', response: { ...BASE, output: [{ type: 'message', content: [] }] } };
    const part = { type: 'output_text', text: 'a', annotations: [1] };
    const thought = { type: 'summary_text', text: 'b' };
    const { output } = joined([
      stale,
      { type: 'response.content_part.added', output_index: 10, content_index: 0, part },
      { type: 'response.reasoning_summary_part.added', output_index: 9, summary_index: 0, part: thought },
      { type: 'response.output_item.added', output_index: 2, item: { type: 'reasoning', summary: [] } },
    ]);
    expect(output).toMatchObject([
      { summary: [] },
      { type: 'reasoning', summary: [thought] },
      { type: 'message', content: [part] },
    ]);
    expect(joined([stale, { type: 'response.completed', response: WHOLE }])).toEqual(WHOLE);
  });

  test('a last event that leaves the output out takes nothing away', () => {
    const last = { type: 'response.completed', response: { ...WHOLE, output: [] } };
    expect(joined([...STORY.slice(0, -1), last])).toEqual(WHOLE);
  });

  test('events without a type have it from the line above; unknown ones are passed on', async () => {
    const bare = STORY.map(({ type, ...rest }) => `event: ${type}\ndata: ${JSON.stringify(rest)}\n\n`).join('');
    answer = (_, response) => streamed(response, `${written([{ type: 'response.new_thing', x: 1 }, {}])}${bare}`);
    const stream = await verbsAt(server.url).responses.create(RESPONSE);
    expect(await all(stream)).toEqual([{ type: 'response.new_thing', x: 1 }, { type: '' }, ...STORY]);
    expect(await stream.text()).toBe('Hello, 世界!');
  });
});
