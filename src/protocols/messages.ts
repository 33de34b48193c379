// Messages, Anthropic's protocol: one call, answered whole or as a stream of events.

import type { ProtocolPort } from './port.js';
import { isMessage, MessagesReading } from './reading-messages.js';
import type { EventStream } from './stream.js';
import { textOf } from './text.js';
import type { Message, RawMessageStreamEvent } from './types-messages.js';
import { Verb } from './verb.js';

/** A message as it comes. */
export type MessageStream = EventStream<RawMessageStreamEvent, Message>;

/** `messages`. Fields that the vendor requires beyond the protocol are the caller's to give. */
export class Messages<Request extends object> extends Verb<Request, RawMessageStreamEvent, Message> {
  constructor(port: ProtocolPort, path: string) {
    super(port, path, { isAnswer: isMessage, reading: () => new MessagesReading(), textOf });
  }
}
