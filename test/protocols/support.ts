// The verbs on a test server, by way of the real transport and ima-router's reading of refusals; and streams written out.

import type { ServerResponse } from 'node:http';
import { readRefusal, requestIdOf } from '../../src/gateways/ima-router/refusal.js';
import { ChatCompletions, Embeddings, Messages, type ProtocolPort, Responses } from '../../src/protocols/index.js';
import { DEFAULT_RETRY, type TransportOptions } from '../../src/transport/index.js';
import { transportTo } from '../transport/transport-for.js';

export interface ChatBody {
  model: string;
  messages: { role: string; content: string }[];
}

/** What `prepare` has been asked. */
export type Asked = { request: unknown; path: string; validate: unknown }[];

export function verbsAt(
  baseUrl: string,
  options: Partial<TransportOptions> = {},
  refuse?: (request: unknown) => void,
  requestTimeoutMs?: number,
) {
  const asked: Asked = [];
  /** Signals of those who wanted a body. */
  const wanted: unknown[] = [];
  const port: ProtocolPort = {
    transport: transportTo(baseUrl, {
      readRefusal,
      requestIdOf,
      retry: { ...DEFAULT_RETRY, baseMs: 2, capMs: 50 },
      ...options,
    }),
    readRefusal,
    requestTimeoutMs,
    prepare: async (request, { path, validate }) => {
      asked.push({ request, path, validate });
      refuse?.(request);
      const body = JSON.stringify(request);
      const take = async (signal?: AbortSignal) => {
        wanted.push(signal);
        return body;
      };
      return { model: 'm', body: take };
    },
  };
  return {
    asked,
    wanted,
    chat: new ChatCompletions<ChatBody>(port, '/v1/chat/completions'),
    responses: new Responses<{ model: string; input: string }>(port, '/v1/responses'),
    messages: new Messages<{ model: string; max_tokens: number; messages: object[] }>(port, '/v1/messages'),
    embeddings: new Embeddings<{ model: string; input: string | string[]; encoding_format?: 'float' | 'base64' }>(
      port,
      '/v1/embeddings',
    ),
  };
}

const STREAM = { stream: true } as const;
export const CHAT = { model: 'm', messages: [{ role: 'user', content: 'Hello?' }], ...STREAM };
export const RESPONSE = { model: 'm', input: 'Hello?', ...STREAM };
export const MESSAGE = { model: 'm', max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }], ...STREAM };

/** Events as a server writes them: data alone, or with the name of its type. */
export const written = (events: readonly unknown[]): string =>
  events.map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join('');
export const named = (events: readonly { type: string; [field: string]: unknown }[]): string =>
  events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');

export function head(response: ServerResponse, headers: Record<string, string> = {}): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', ...headers });
}

/** The whole body, and its good end. */
export function streamed(response: ServerResponse, body: string | Uint8Array): void {
  head(response);
  response.end(body);
}

export async function all<T>(events: AsyncIterable<T>): Promise<T[]> {
  const come: T[] = [];
  for await (const event of events) come.push(event);
  return come;
}

export const delta = (content: string, more: object = {}) => ({
  id: 'c1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index: 0, delta: { content }, finish_reason: null }],
  ...more,
});
export const finish = (reason = 'stop') => ({
  ...delta(''),
  choices: [{ index: 0, delta: {}, finish_reason: reason }],
});
