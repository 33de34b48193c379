// Chat completions, OpenAI's protocol: one call, answered whole or as a stream of chunks.

import type { ProtocolPort } from './port.js';
import { ChatReading, isChatCompletion } from './reading-chat.js';
import type { EventStream } from './stream.js';
import { textOf } from './text.js';
import type { ChatCompletion, ChatCompletionChunk } from './types-chat.js';
import { Verb } from './verb.js';

/** A chat completion as it comes. */
export type ChatStream = EventStream<ChatCompletionChunk, ChatCompletion>;

/** `chat.completions`. */
export class ChatCompletions<Request extends object> extends Verb<Request, ChatCompletionChunk, ChatCompletion> {
  constructor(port: ProtocolPort, path: string) {
    super(port, path, { isAnswer: isChatCompletion, reading: () => new ChatReading(), textOf });
  }
}
