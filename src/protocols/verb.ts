// A verb of one protocol: `create`, whose answer comes whole or as a stream, as its request asks for it.

import { Caller, type ChatOptions, type Form } from './call.js';
import type { ProtocolPort } from './port.js';
import type { EventStream } from './stream.js';

/** `Request` is what the gateway's models take. */
export class Verb<Request extends object, Event, Final> {
  readonly #caller: Caller<Event, Final>;

  constructor(port: ProtocolPort, path: string, form: Form<Event, Final>) {
    this.#caller = new Caller(port, path, form);
  }

  /**
   * Asks a model; with `stream: true` resolves as soon as the answer begins. Sent again where surely nothing was bought,
   * and never once an answer has begun. The body goes as it is.
   *
   * Throws before anything is sent: `ConfigError`, `UnknownModelError`, `InvalidRequestError`, `WaitAbortedError`,
   * `ConnectionError`. Refused by the gateway: `InvalidRequestError`, `AuthenticationError`, `PermissionError`,
   * `InsufficientBalanceError`, `RateLimitError`, `ServerError`. Sent without an answer: `SubmitUnknownError`. Asked for
   * a stream and answered whole: `InvalidResponseError` (`not_a_stream`), with the answer in `partial`; answered in JSON
   * of another form: the same (`invalid_response`).
   */
  create(request: Request & { stream?: false | undefined }, options?: ChatOptions): Promise<Final>;
  create(request: Request & { stream: true }, options?: ChatOptions): Promise<EventStream<Event, Final>>;
  create(
    request: Request & { stream?: boolean | undefined },
    options?: ChatOptions,
  ): Promise<Final | EventStream<Event, Final>>;
  create(request: Request, options: ChatOptions = {}): Promise<Final | EventStream<Event, Final>> {
    return this.#caller.create(request, options);
  }
}
