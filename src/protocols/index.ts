// The door of the protocols room: verbs that answer at once, whole or as a stream, for any gateway that speaks them.

export type { CallOptions, ChatOptions } from './call.js';
export { ChatCompletions, type ChatStream } from './chat.js';
export {
  type CreateEmbeddingResponse,
  type Embedding,
  type EmbeddingOptions,
  type EmbeddingRequest,
  Embeddings,
  type PartialEmbeddings,
} from './embeddings.js';
export { type MessageStream, Messages } from './messages.js';
export type { PreparedCall, ProtocolPort } from './port.js';
export { Responses, type ResponsesStream } from './responses.js';
export type { EventStream } from './stream.js';
export { textOf } from './text.js';
export type * from './types-chat.js';
export type * from './types-messages.js';
export type * from './types-responses.js';
