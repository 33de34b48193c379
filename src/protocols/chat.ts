// Chat completions, OpenAI's protocol: one call, answered whole or as a stream of chunks.

import { Caller, type ChatOptions } from './call.js';
import type { ProtocolPort } from './port.js';
import { ChatReading, isChatCompletion } from './reading-chat.js';
import type { EventStream } from './stream.js';
import { textOf } from './text.js';
import type { ChatCompletion, ChatCompletionChunk } from './types-chat.js';

/** A chat completion as it comes. */
export type ChatStream = EventStream<ChatCompletionChunk, ChatCompletion>;

/** `chat.completions`. `Request` is what the gateway's models take. */
export class ChatCompletions<Request extends object> {
  readonly #caller: Caller<ChatCompletionChunk, ChatCompletion>;

  constructor(port: ProtocolPort, path: string) {
    this.#caller = new Caller(port, path, {
      isAnswer: isChatCompletion,
      reading: () => new ChatReading(),
      textOf,
    });
  }

  /**
   * Asks a model; with `stream: true` resolves as soon as the answer begins. Sent again where surely nothing was bought,
   * and never once an answer has begun.
   *
   * Throws before anything is sent: `ConfigError`, `UnknownModelError`, `InvalidRequestError`, `WaitAbortedError`,
   * `ConnectionError`. Refused by the gateway: `InvalidRequestError`, `AuthenticationError`, `PermissionError`,
   * `InsufficientBalanceError`, `RateLimitError`, `ServerError`. Sent without an answer: `SubmitUnknownError`. Asked for
   * a stream and answered whole: `InvalidResponseError` (`not_a_stream`), with the answer in `partial`; answered in JSON
   * of another form: the same (`invalid_response`).
   */
  create(request: Request & { stream?: false | undefined }, options?: ChatOptions): Promise<ChatCompletion>;
  create(request: Request & { stream: true }, options?: ChatOptions): Promise<ChatStream>;
  create(
    request: Request & { stream?: boolean | undefined },
    options?: ChatOptions,
  ): Promise<ChatCompletion | ChatStream>;
  create(request: Request, options: ChatOptions = {}): Promise<ChatCompletion | ChatStream> {
    return this.#caller.create(request, options);
  }
}
