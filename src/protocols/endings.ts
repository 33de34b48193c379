// How a stream may end badly: each ending as its error, with what had come before it, which is paid for.

import {
  type ErrorFacts,
  type ImaRouterError,
  InvalidResponseError,
  type Transport,
  WaitAbortedError,
} from '../transport/index.js';
import type { Trouble } from './trouble.js';

/** What the errors of one stream tell. */
export interface StreamFacts {
  /** Method and path. */
  what: string;
  status: number;
  requestId: string | undefined;
  traceId: string;
}

/** Enough to recognise who wrote it. */
const LONGEST_SHOWN = 160;

/** Makes the errors of one stream. */
export class StreamEndings {
  readonly #transport: Transport;
  readonly #what: string;
  readonly #facts: Omit<ErrorFacts, 'code'>;
  readonly #snapshot: () => unknown;

  /** `snapshot` gives what has come so far. */
  constructor(transport: Transport, { what, ...facts }: StreamFacts, snapshot: () => unknown) {
    this.#transport = transport;
    this.#what = what;
    this.#facts = {
      ...facts,
      phase: 'submit',
      mayBeBilled: true,
      hint: 'What had come is in `partial`, and may be billed.',
    };
    this.#snapshot = snapshot;
  }

  /** The body, or the connection, ended too soon. */
  cut(reason: string, cause?: unknown): InvalidResponseError {
    return new InvalidResponseError(`The stream of ${this.#what} broke off: ${this.#transport.redact(reason)}.`, {
      code: 'stream_cut',
      retryable: true,
      ...this.#with(cause),
    });
  }

  /** Nothing came for too long. */
  silent(reason: string, cause: unknown): InvalidResponseError {
    return new InvalidResponseError(`The stream of ${this.#what} fell silent: ${reason}.`, {
      code: 'stream_silent',
      retryable: true,
      ...this.#with(cause),
    });
  }

  /** What came is no event. */
  unreadable(reason: string, cause?: unknown): InvalidResponseError {
    return new InvalidResponseError(`The stream of ${this.#what} cannot be read: ${this.#transport.redact(reason)}.`, {
      code: 'stream_unreadable',
      retryable: true,
      ...this.#with(cause),
    });
  }

  /** What came is no stream, but the answer itself. */
  whole(answer: unknown): InvalidResponseError {
    return new InvalidResponseError(`${this.#what} was asked for a stream, and answered all at once under that name.`, {
      code: 'not_a_stream',
      ...this.#with(),
      hint: 'The answer is in `partial`, and paid for. This model may not stream: call it without `stream: true`.',
      partial: answer,
    });
  }

  /** The beginning of `text`, on one line; redacted first, so that no secret is cut in two. */
  shown(text: string): string {
    const line = this.#transport.redact(text).replace(/\s+/g, ' ').trim();
    return line.length > LONGEST_SHOWN ? `${line.slice(0, LONGEST_SHOWN)}…` : line;
  }

  /** The caller stopped it. */
  aborted(cause?: unknown): WaitAbortedError {
    return new WaitAbortedError(`The stream of ${this.#what} was stopped by the caller.`, {
      code: 'aborted',
      ...this.#with(cause),
    });
  }

  /** The gateway says, inside the stream, that something went wrong. `answer`: what it says in the same breath. */
  refused({ status, body }: Trouble, answer?: unknown): ImaRouterError {
    const facts = answer === undefined ? this.#with() : { ...this.#with(), partial: answer };
    // Its own status said that all was well, and is no help.
    return this.#transport.errorOf(`${this.#what}, in mid-stream,`, body, { ...facts, status });
  }

  #with(cause?: unknown): Omit<ErrorFacts, 'code'> {
    return { ...this.#facts, partial: this.#snapshot(), cause };
  }
}
