// Messages, Anthropic's protocol: one call, answered whole or as a stream of events.

import { Caller, type ChatOptions } from './call.js';
import type { ProtocolPort } from './port.js';
import { isMessage, MessagesReading } from './reading-messages.js';
import type { EventStream } from './stream.js';
import { textOf } from './text.js';
import type { Message, RawMessageStreamEvent } from './types-messages.js';

/** A message as it comes. */
export type MessageStream = EventStream<RawMessageStreamEvent, Message>;

/** `messages`. `Request` is what the gateway's models take. */
export class Messages<Request extends object> {
  readonly #caller: Caller<RawMessageStreamEvent, Message>;

  constructor(port: ProtocolPort, path: string) {
    this.#caller = new Caller(port, path, {
      isAnswer: isMessage,
      reading: () => new MessagesReading(),
      textOf,
    });
  }

  /**
   * Asks a model; with `stream: true` resolves as soon as the answer begins. Throws as `chat.completions.create`. The
   * body goes as it is: fields that the vendor requires beyond the protocol are the caller's to give.
   */
  create(request: Request & { stream?: false | undefined }, options?: ChatOptions): Promise<Message>;
  create(request: Request & { stream: true }, options?: ChatOptions): Promise<MessageStream>;
  create(request: Request & { stream?: boolean | undefined }, options?: ChatOptions): Promise<Message | MessageStream>;
  create(request: Request, options: ChatOptions = {}): Promise<Message | MessageStream> {
    return this.#caller.create(request, options);
  }
}
