// How many connections streams cost: one after another they go by the same few, and nobody waits for that.

import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { textOf } from '../../src/protocols/index.js';
import { ChatReading } from '../../src/protocols/reading-chat.js';
import { EventStream } from '../../src/protocols/stream.js';
import { transportTo } from '../transport/transport-for.js';
import { CHAT, delta, finish, head, MESSAGE, RESPONSE, verbsAt, written } from './support.js';

let server: Server;
let url: string;
let connections: number;
let answer: (response: ServerResponse) => unknown;
let closed: Promise<unknown>[];
beforeEach(async () => {
  connections = 0;
  closed = [];
  server = createServer((request, response) => request.resume().on('end', () => answer(response)));
  server.on('connection', (socket) => {
    connections++;
    closed.push(new Promise((resolve) => socket.once('close', resolve)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const CHAT_PIECES = [written([delta('Hi')]), written([finish()]), written(['[DONE]']), '\n'];

test('twelve streams, one after another, whichever protocol: a few connections', async () => {
  /** The client has read a body to its end. */
  let hasRead: () => void = () => {};
  const watched: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    const flush = () => hasRead();
    return new Response(response.body?.pipeThrough(new TransformStream({ flush })), response);
  };
  const { chat, messages, responses } = verbsAt(url, { fetch: watched });
  const said = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi' } };
  const output = [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Hi' }] }];
  const verbs = [
    { pieces: CHAT_PIECES, ask: () => chat.create(CHAT) },
    { pieces: [written([said, { type: 'message_stop' }])], ask: () => messages.create(MESSAGE) },
    {
      pieces: [written([{ type: 'response.completed', response: { output } }])],
      ask: () => responses.create(RESPONSE),
    },
  ];
  for (const verb of Array.from({ length: 4 }, () => verbs).flat()) {
    const { pieces, ask } = verb;
    let end: () => void = () => {};
    answer = (response) => {
      head(response);
      response.write(pieces.join(''));
      end = () => response.end('\n');
    };
    const read = new Promise<void>((resolve) => {
      hasRead = resolve;
    });
    expect(await (await ask()).text()).toBe('Hi');
    // All has been said; the body ends after that.
    end();
    await Promise.race([read, closed.at(-1)]);
  }
  // As few as without this library: when the next stream begins, the last connection may not be free yet.
  expect(connections).toBeLessThan(4);
});

test('a body that does not end is left soon, and its caller has not waited for it', async () => {
  answer = (response) => {
    head(response);
    response.write(CHAT_PIECES.join(''));
  };
  const stream = await verbsAt(url).chat.create(CHAT, { idleTimeoutMs: 60_000 });
  let isClosed = false;
  const leaving = closed[0]?.then(() => {
    isClosed = true;
  });
  expect(await stream.text()).toBe('Hi');
  expect(isClosed).toBe(false);
  await leaving;
});

/** A stream over these pieces, after its end has been read; and what became of the rest. */
async function ended(rest: () => AsyncIterable<Uint8Array>) {
  const told = { pieces: 0, closed: 0 };
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield new TextEncoder().encode(CHAT_PIECES.join(''));
    for await (const piece of rest()) {
      told.pieces++;
      yield piece;
    }
  }
  const close = () => {
    told.closed++;
  };
  const open = { status: 200, requestId: undefined, headers: new Headers(), bytes: bytes(), close };
  const facts = { what: 'POST /x', status: 200, requestId: undefined, traceId: 't' };
  const stream = new EventStream({ transport: transportTo(url), open, reading: new ChatReading(), textOf, facts });
  expect(await stream.text()).toBe('Hi');
  return { stream, told };
}

test('one that goes on and on is left after a few KiB', async () => {
  const { told } = await ended(async function* () {
    for (let at = 0; at < 1000; at++) yield new Uint8Array(1024);
  });
  await vi.waitFor(() => expect(told.closed).toBe(1));
  expect(told.pieces).toBe(8);
});

test('abort() closes what is read on at once', async () => {
  let off: (() => void) | undefined;
  const { stream, told } = await ended(async function* () {
    yield new Uint8Array(1);
    await new Promise<void>((resolve) => {
      off = resolve;
    });
  });
  await vi.waitFor(() => expect(told.pieces).toBe(1));
  expect(told.closed).toBe(0);
  stream.abort();
  expect(told.closed).toBe(1);
  expect(await stream.text()).toBe('Hi');
  off?.();
});
