// Responses, OpenAI's newer protocol: one call, answered whole or as a stream of events.

import type { ProtocolPort } from './port.js';
import { failureOf, isResponse, ResponsesReading } from './reading-responses.js';
import type { EventStream } from './stream.js';
import { textOf } from './text.js';
import type { ResponseStreamEvent, ResponsesResponse } from './types-responses.js';
import { Verb } from './verb.js';

/** A response as it comes. */
export type ResponsesStream = EventStream<ResponseStreamEvent, ResponsesResponse>;

/**
 * `responses`. A response that says of itself that it failed is an error too, with all of it in `partial`. One that is
 * `incomplete` is none: `incomplete_details` says why.
 */
export class Responses<Request extends object> extends Verb<Request, ResponseStreamEvent, ResponsesResponse> {
  constructor(port: ProtocolPort, path: string) {
    super(port, path, { isAnswer: isResponse, failureOf, reading: () => new ResponsesReading(), textOf });
  }
}
