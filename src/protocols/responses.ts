// Responses, OpenAI's newer protocol: one call, answered whole or as a stream of events.

import { Caller, type ChatOptions } from './call.js';
import type { ProtocolPort } from './port.js';
import { failureOf, isResponse, ResponsesReading } from './reading-responses.js';
import type { EventStream } from './stream.js';
import { textOf } from './text.js';
import type { ResponseStreamEvent, ResponsesResponse } from './types-responses.js';

/** A response as it comes. */
export type ResponsesStream = EventStream<ResponseStreamEvent, ResponsesResponse>;

/** `responses`. `Request` is what the gateway's models take. */
export class Responses<Request extends object> {
  readonly #caller: Caller<ResponseStreamEvent, ResponsesResponse>;

  constructor(port: ProtocolPort, path: string) {
    this.#caller = new Caller(port, path, {
      isAnswer: isResponse,
      failureOf,
      reading: () => new ResponsesReading(),
      textOf,
    });
  }

  /**
   * Asks a model; with `stream: true` resolves as soon as the answer begins. Throws as `chat.completions.create`; a
   * response that says of itself that it failed is an error too, with all of it in `partial`. One that is `incomplete`
   * is none: `incomplete_details` says why.
   */
  create(request: Request & { stream?: false | undefined }, options?: ChatOptions): Promise<ResponsesResponse>;
  create(request: Request & { stream: true }, options?: ChatOptions): Promise<ResponsesStream>;
  create(
    request: Request & { stream?: boolean | undefined },
    options?: ChatOptions,
  ): Promise<ResponsesResponse | ResponsesStream>;
  create(request: Request, options: ChatOptions = {}): Promise<ResponsesResponse | ResponsesStream> {
    return this.#caller.create(request, options);
  }
}
