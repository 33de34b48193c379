// What answers at once here: which bodies its models take, and the options with which other makers' SDKs come through this client.

import type {
  AnthropicMessagesBody,
  ChatCompletionBody,
  EmbeddingBody,
  RequestBodies,
  ResponsesBody,
} from '../../../generated/ima-router/requests.js';
import { fetchFor } from '../../bridge.js';
import type { Rooms } from '../../client.js';
import {
  type ChatCompletionMessage,
  ChatCompletions,
  type ContentBlock,
  Embeddings,
  Messages,
  type ProtocolPort,
  Responses,
} from '../../protocols/index.js';
import { isRecord } from '../../transport/index.js';
import type { LiveModelId } from '../../typed.js';
import { readRefusal } from './refusal.js';

const CHAT = '/v1/chat/completions';
const RESPONSES = '/v1/responses';
const MESSAGES = '/v1/messages';
const EMBEDDINGS = '/v1/embeddings';

/** The ids of the models at `Path`; others by `liveModel(id)`. */
type ModelAt<Path extends string> =
  | { [Id in keyof RequestBodies]: Path extends keyof RequestBodies[Id] ? Id : never }[keyof RequestBodies]
  | LiveModelId;

/** A body of chat completions. A message that came as an answer may go back in as it is. */
export type ChatRequest = { model: ModelAt<typeof CHAT> } & Omit<ChatCompletionBody, 'messages'> & {
    messages: readonly (ChatCompletionBody['messages'][number] | ChatCompletionMessage)[];
  };

/** A body of Responses. */
export type ResponsesRequest = { model: ModelAt<typeof RESPONSES> } & ResponsesBody;

/** A body of Messages. The blocks of an answer may go back in as they are. */
export type MessagesRequest = { model: ModelAt<typeof MESSAGES> } & Omit<AnthropicMessagesBody, 'messages'> & {
    messages: readonly (
      | AnthropicMessagesBody['messages'][number]
      | { role: 'assistant'; content: readonly ContentBlock[] }
    )[];
  };

/** A body of embeddings; `input` may hold more texts than one call takes. */
export type EmbeddingsRequest = { model: ModelAt<typeof EMBEDDINGS> } & Omit<EmbeddingBody, 'input'> & {
    input: string | readonly string[];
  };

/** The verbs that answer at once. */
export interface ChatVerbs {
  chat: { readonly completions: ChatCompletions<ChatRequest> };
  responses: Responses<ResponsesRequest>;
  messages: Messages<MessagesRequest>;
  embeddings: Embeddings<EmbeddingsRequest>;
}

/** The verbs that answer at once, over the rooms of one client. */
export function chatVerbs(rooms: Rooms): ChatVerbs {
  const { transport, requestTimeoutMs } = rooms;
  const port: ProtocolPort = {
    transport,
    readRefusal,
    requestTimeoutMs,
    prepare: (request, { path, validate }) => rooms.prepare(request, { endpoint: path, validate }),
  };
  return {
    chat: { completions: new ChatCompletions(port, CHAT) },
    responses: new Responses(port, RESPONSES),
    messages: new Messages(port, MESSAGES),
    embeddings: new Embeddings(port, EMBEDDINGS),
  };
}

/** Options for a client of the `openai` package. **They hold the key.** */
export interface OpenAiOptions {
  apiKey: string;
  baseURL: string;
  /** Its own retries repeat what may have been taken and billed; this client's do not. */
  maxRetries: 0;
  fetch: typeof globalThis.fetch;
}

/** Options for a client of the `@anthropic-ai/sdk` package. **They hold the key.** */
export interface AnthropicOptions {
  /** The gateway knows no `x-api-key`. */
  apiKey: null;
  authToken: string;
  baseURL: string;
  maxRetries: 0;
  fetch: typeof globalThis.fetch;
}

export function openAiOptions({ transport, apiKey }: Rooms): OpenAiOptions {
  return { apiKey: apiKey(), baseURL: `${transport.baseUrl}/v1`, maxRetries: 0, fetch: fetchFor(transport) };
}

/** The gateway wants the version in the body, where Anthropic's own API has a header (AnthropicMessagesRequest). */
const ANTHROPIC_VERSION = 'bedrock-2023-05-31';

export function anthropicOptions({ transport, apiKey }: Rooms): AnthropicOptions {
  const fetch = fetchFor(transport);
  return {
    apiKey: null,
    authToken: apiKey(),
    baseURL: transport.baseUrl,
    maxRetries: 0,
    fetch: async (input, init) => {
      const request = new Request(input, init);
      if (request.method !== 'POST' || new URL(request.url).pathname.endsWith(MESSAGES) === false)
        return fetch(request);
      const body: unknown = await request
        .clone()
        .json()
        .catch(() => undefined);
      if (!isRecord(body) || 'anthropic_version' in body) return fetch(request);
      return fetch(new Request(request, { body: JSON.stringify({ anthropic_version: ANTHROPIC_VERSION, ...body }) }));
    },
  };
}
