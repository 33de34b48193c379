// Streams as they go over the wire: the protocols' exact forms, the pace of the mock, and everything that breaks them.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fault, type Mock, startMock } from '../../src/mock/index.js';
import { begin, dig } from './helpers.js';

let mock: Mock;

beforeAll(async () => {
  mock = await startMock({ seed: 1, speed: 1e6 });
});
afterAll(() => mock.close());

const tools = { chat: [{ type: 'function', function: { name: 'f', parameters: {} } }], other: [{ name: 'f' }] };
const CHAT = { model: 'gpt-5.1', messages: [{ role: 'user', content: 'Grüße 👩‍🚀' }], stream: true };
const RESPONSES = { model: 'gpt-5.5', input: 'hello', stream: true };
const MESSAGES = {
  model: 'glm-5.1',
  anthropic_version: 'bedrock-2023-05-31',
  max_tokens: 500,
  messages: [{ role: 'user', content: 'hello' }],
  stream: true,
};

function open(path: string, body: object, to = mock) {
  const headers = { authorization: `Bearer ${mock.apiKey}`, 'content-type': 'application/json' };
  return begin(`${to.url}${path}`, { method: 'POST', headers }, JSON.stringify(body));
}

async function read(path: string, body: object) {
  const answer = await open(path, body);
  const isWhole = await answer.over;
  return { ...answer, isWhole, text: answer.bytes().toString('utf8') };
}

/** Events as `event:` (if there is one) and `data:`; anything else on the wire is a mistake. */
function eventsIn(text: string): { name: string | undefined; data: string }[] {
  expect(text.endsWith('\n\n')).toBe(true);
  return text
    .slice(0, -2)
    .split('\n\n')
    .map((event) => {
      const [, name, data = ''] = /^(?:event: ([\w.]+)\n)?data: (.+)$/.exec(event) ?? [];
      expect(data, event).not.toBe('');
      return { name, data };
    });
}

const told = (events: { data: string }[]) => events.map(({ data }): unknown => JSON.parse(data));

describe('the form', () => {
  it('is server-sent events, without a length', async () => {
    const { headers, isWhole, status } = await read('/v1/chat/completions', CHAT);
    expect([status, isWhole]).toEqual([200, true]);
    expect(headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(headers['content-length']).toBeUndefined();
    expect(headers['x-oneapi-request-id']).toMatch(/^req_/);
  });

  it('of chat completions: chunks, a role first, a reason last, usage only if asked for, then [DONE]', async () => {
    const events = eventsIn((await read('/v1/chat/completions', CHAT)).text);
    expect(events.at(-1)).toEqual({ name: undefined, data: '[DONE]' });
    expect(events.every(({ name }) => name === undefined)).toBe(true);
    const chunks = told(events.slice(0, -1));
    for (const chunk of chunks) {
      expect(chunk).toMatchObject({ object: 'chat.completion.chunk', model: 'gpt-5.1', id: dig(chunks[0], 'id') });
      expect(chunk).not.toHaveProperty('usage');
    }
    expect(dig(chunks[0], 'choices.0.delta')).toEqual({ role: 'assistant', content: '' });
    expect(dig(chunks.at(-1), 'choices.0')).toMatchObject({ delta: {}, finish_reason: 'stop' });

    const counted = eventsIn(
      (await read('/v1/chat/completions', { ...CHAT, stream_options: { include_usage: true } })).text,
    );
    const [usage, ...others] = told(counted.slice(0, -1)).reverse();
    expect(usage).toMatchObject({ choices: [], usage: { completion_tokens: chunks.length - 2 } });
    expect(others.every((chunk) => dig(chunk, 'usage') === null)).toBe(true);
  });

  it('of chat completions that think: thoughts before words, and before a call', async () => {
    const kinds = async (more: object) => {
      const body = { ...CHAT, model: 'MiniMax-M2.1', ...more };
      const chunks = told(eventsIn((await read('/v1/chat/completions', body)).text).slice(0, -1));
      const keys = chunks.flatMap((chunk) => {
        const delta = Object(dig(chunk, 'choices.0.delta'));
        return ['reasoning_content', 'tool_calls', 'content'].filter((key) => delta[key]);
      });
      return keys.filter((key, index) => keys[index - 1] !== key);
    };
    expect(await kinds({})).toEqual(['reasoning_content', 'content']);
    expect(await kinds({ tools: tools.chat })).toEqual(['reasoning_content', 'tool_calls']);
  });

  it('of responses: named, numbered, from created to completed', async () => {
    const events = eventsIn((await read('/v1/responses', RESPONSES)).text);
    const data = told(events);
    expect(data.map((event) => dig(event, 'type'))).toEqual(events.map(({ name }) => name));
    expect(data.map((event) => dig(event, 'sequence_number'))).toEqual(data.map((_, index) => index));
    const kinds = events.map(({ name }) => name).filter((name, index, all) => all[index - 1] !== name);
    expect(kinds).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    expect(dig(data[0], 'response')).toMatchObject({ status: 'in_progress', output: [], usage: null });
    expect(dig(data.at(-1), 'response.status')).toBe('completed');
  });

  it('of messages: a start, a ping, blocks, a reason, a stop', async () => {
    const kinds = async (more: object) => {
      const events = eventsIn((await read('/v1/messages', { ...MESSAGES, ...more })).text);
      expect(told(events).map((event) => dig(event, 'type'))).toEqual(events.map(({ name }) => name));
      const names = events.map(({ name }) => name).filter((name, index, all) => all[index - 1] !== name);
      return { names, data: told(events) };
    };
    const { names, data } = await kinds({});
    expect(names).toEqual([
      'message_start',
      'content_block_start',
      'ping',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
    expect(data[0]).toMatchObject({ message: { content: [], stop_reason: null, usage: { output_tokens: 1 } } });
    expect(data.at(-2)).toMatchObject({
      delta: { stop_reason: 'end_turn' },
      usage: { output_tokens: data.length - 6 },
    });
    const called = await kinds({ tools: tools.other });
    expect(called.data[1]).toMatchObject({ content_block: { type: 'tool_use', name: 'f', input: {} } });
    expect(called.data[3]).toMatchObject({ delta: { type: 'input_json_delta' } });
  });
});

describe('the pace', () => {
  it('is a real model’s, times the speed', async () => {
    await using slow = await startMock({ seed: 1, speed: 2 });
    const started = performance.now();
    const answer = await open('/v1/chat/completions', { ...CHAT, max_tokens: 10 }, slow);
    await answer.has(1);
    const first = answer.bytes().length;
    await answer.over;
    const events = eventsIn(answer.bytes().toString('utf8')).length;
    // 40 ms between two at speed 1; timers may be late, never early by more than one tick each.
    expect(performance.now() - started).toBeGreaterThan((events - 1) * 19);
    expect(answer.bytes().length).toBeGreaterThan(first);
  });

  it('does not keep close() waiting, and ends for who goes', async () => {
    const slow = await startMock({ seed: 1, speed: 0.001 });
    const [staying, going] = await Promise.all([
      open('/v1/chat/completions', CHAT, slow),
      open('/v1/chat/completions', CHAT, slow),
    ]);
    await Promise.all([staying.has(1), going.has(1)]);
    going.leave();
    const started = performance.now();
    await slow.close();
    expect(await staying.over).toBe(false);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('faults', () => {
  const struck = async (fault: Omit<Fault, 'on'>, body: object = CHAT, path = '/v1/chat/completions') => {
    mock.fault({ on: 'submit', ...fault });
    return read(path, body);
  };
  const lastSubmit = () => mock.ledger.submits.at(-1);
  // The ids have the same length in every answer, and so have the times.
  const length = async () => (await read('/v1/chat/completions', CHAT)).bytes().length;

  it('truncate: cut in mid-stream, in mid-event; it is paid', async () => {
    const whole = await length();
    const cut = await struck({ act: 'truncate', at: 0.7 });
    expect([cut.isWhole, cut.bytes().length]).toEqual([false, Math.floor(whole * 0.7)]);
    expect(cut.text.startsWith('data: {')).toBe(true);
    expect(lastSubmit()).toMatchObject({ paid: true, status: 200, fault: 'truncate' });
    expect((await struck({ act: 'truncate', bytes: 10 })).text).toBe('data: {"id');
  });

  it('stall: up to there, then silence', async () => {
    mock.fault({ on: 'submit', act: 'stall', bytes: 300 });
    const answer = await open('/v1/chat/completions', CHAT);
    await answer.has(300);
    const ended = await Promise.race([
      answer.over.then(() => true),
      new Promise((done) => setTimeout(done, 100, false)),
    ]);
    expect([ended, answer.bytes().length]).toEqual([false, 300]);
    answer.leave();
  });

  it('slow: all of it, in pieces that end anywhere', async () => {
    const started = performance.now();
    const slow = await struck({ act: 'slow', everyMs: 10 });
    expect(performance.now() - started).toBeGreaterThan(150);
    expect([slow.isWhole, slow.bytes().length]).toEqual([true, await length()]);
  });

  it('hang and reset-after: paid, and nothing comes', async () => {
    await expect(struck({ act: 'reset-after' })).rejects.toThrow();
    expect(lastSubmit()).toMatchObject({ paid: true, status: null, fault: 'reset-after' });
    mock.fault({ on: 'submit', act: 'hang' });
    const before = mock.ledger.submits.length;
    const leaving = new AbortController();
    const headers = { authorization: 'Bearer k', 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify(CHAT), signal: leaving.signal };
    const waiting = expect(fetch(`${mock.url}/v1/chat/completions`, init)).rejects.toThrow('aborted');
    await expect.poll(() => mock.ledger.submits.length, { interval: 5 }).toBe(before + 1);
    leaving.abort();
    await waiting;
    expect(lastSubmit()).toMatchObject({ paid: true, status: null, fault: 'hang' });
  });

  it('answer: that, instead of a stream', async () => {
    const answer = await struck({ act: 'answer', status: 429, body: { error: { message: 'slow down' } } });
    expect([answer.status, answer.headers['content-type']]).toEqual([429, 'application/json']);
    expect(lastSubmit()).toMatchObject({ paid: false, status: 429 });
  });

  it('error-event: whole events, then the error as each protocol tells it, then a proper end', async () => {
    const half = await struck({ act: 'error-event' });
    const events = eventsIn(half.text);
    expect([half.status, half.isWhole]).toEqual([200, true]);
    expect(half.bytes().length).toBeLessThan((await length()) * 0.65);
    expect(events.length).toBeGreaterThan(3);
    expect(told(events).at(-1)).toMatchObject({ error: { type: 'upstream_error', code: 'upstream_error' } });
    expect(told(events).slice(0, -1)).toSatisfy((chunks: unknown[]) => chunks.every((chunk) => dig(chunk, 'choices')));

    const response = eventsIn((await struck({ act: 'error-event' }, RESPONSES, '/v1/responses')).text);
    expect(response.at(-1)?.name).toBe('error');
    expect(told(response).at(-1)).toMatchObject({ type: 'error', sequence_number: response.length - 1, param: null });

    const message = eventsIn((await struck({ act: 'error-event', at: 0.9 }, MESSAGES, '/v1/messages')).text);
    expect(message.at(-1)?.name).toBe('error');
    expect(told(message).at(-1)).toMatchObject({ type: 'error', error: { type: 'overloaded_error' } });
    const broken = mock.ledger.submits.filter(({ fault }) => fault === 'error-event');
    expect(broken.map(({ paid, status }) => [paid, status])).toEqual([
      [true, 200],
      [true, 200],
      [true, 200],
    ]);
  });

  it('error-event: at the very start, at the very end, and in words of one’s own', async () => {
    expect(eventsIn((await struck({ act: 'error-event', at: 0 })).text)).toHaveLength(1);
    expect(eventsIn((await struck({ act: 'error-event', at: 1 })).text).at(-2)?.data).toBe('[DONE]');
    const own = await struck({ act: 'error-event', at: 0, body: { error: 'gone' } });
    expect(own.text).toBe('data: {"error":"gone"}\n\n');
  });

  it('error-event: what is no stream arrives whole', async () => {
    const plain = await struck({ act: 'error-event' }, { ...CHAT, stream: false });
    expect(JSON.parse(plain.text)).toMatchObject({ object: 'chat.completion' });
    expect(() => mock.fault({ on: 'poll', act: 'error-event' })).toThrow('strikes on submit only, not on poll');
  });
});
