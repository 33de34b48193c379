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
  ChatCompletions,
  type ChatExtras,
  type ChatMessage,
  type ChatTool,
  Embeddings,
  type MessageParam,
  Messages,
  type MessagesExtras,
  type ProtocolPort,
  Responses,
  type ResponsesExtras,
  type ResponsesInputItem,
  type TextBlockParam,
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
export type ChatRequest = { model: ModelAt<typeof CHAT> } & Omit<ChatCompletionBody, 'messages' | 'tools'> &
  ChatExtras & { messages: readonly ChatMessage[]; tools?: readonly ChatTool[] };

/** A body of Responses. The items of an answer may go back in as they are. */
export type ResponsesRequest = { model: ModelAt<typeof RESPONSES> } & Omit<ResponsesBody, 'input'> &
  ResponsesExtras & { input: string | readonly ResponsesInputItem[] };

/** A body of Messages. The blocks of an answer may go back in as they are. */
export type MessagesRequest = { model: ModelAt<typeof MESSAGES> } & Omit<AnthropicMessagesBody, 'messages' | 'system'> &
  MessagesExtras & {
    messages: readonly MessageParam[];
    /** What the model is told before the conversation. */
    system?: string | readonly TextBlockParam[];
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

export function openAiOptions({ transport, apiKey, requestTimeoutMs }: Rooms): OpenAiOptions {
  const fetch = fetchFor(transport, requestTimeoutMs);
  return { apiKey: apiKey(), baseURL: `${transport.baseUrl}/v1`, maxRetries: 0, fetch };
}

/** The gateway wants the version in the body, where Anthropic's own API has a header (AnthropicMessagesRequest). */
const ANTHROPIC_VERSION = 'bedrock-2023-05-31';

export function anthropicOptions({ transport, apiKey, requestTimeoutMs }: Rooms): AnthropicOptions {
  const fetch = fetchFor(transport, requestTimeoutMs);
  return {
    apiKey: null,
    authToken: apiKey(),
    baseURL: transport.baseUrl,
    maxRetries: 0,
    fetch: (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input);
      const body = url.pathname.endsWith(MESSAGES) ? versioned(init?.body) : undefined;
      return fetch(input, body === undefined ? init : { ...init, body });
    },
  };
}

/** A body of Messages with the version that it lacks; undefined where there is nothing to add, or nothing to add it to. */
function versioned(body: unknown): string | undefined {
  if (typeof body !== 'string') return undefined;
  try {
    const json: unknown = JSON.parse(body);
    if (!isRecord(json) || 'anthropic_version' in json) return undefined;
    return JSON.stringify({ anthropic_version: ANTHROPIC_VERSION, ...json });
  } catch {
    return undefined;
  }
}
