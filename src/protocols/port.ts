// What the verbs that answer at once need of the client: a body that may be sent, and a way to send it.

import type { Strictness } from '../catalog/index.js';
import type { ReadRefusal, Transport } from '../transport/index.js';

/** A request that may be sent. */
export interface PreparedCall {
  /** JSON, as it goes over the wire; local media are hosted now. Throws when that fails, or on `signal`. */
  body(signal?: AbortSignal): Promise<string>;
}

/** The client, as the protocols see it. */
export interface ProtocolPort {
  transport: Transport;
  /** As the gateway reads its own refusals: some come with a 2xx. */
  readRefusal: ReadRefusal;
  /** The user's own timeout of an exchange (ms); undefined where none was set: answers of models take longer than others. */
  requestTimeoutMs?: number | undefined;
  /**
   * Checks `request`, its `stream` as it stands, for the endpoint at `path`. Sends and hosts nothing. Throws
   * `UnknownModelError` or `InvalidRequestError` (`wrong_endpoint` for a model that is served elsewhere).
   */
  prepare(request: unknown, at: { path: string; validate: Strictness | undefined }): Promise<PreparedCall>;
}
