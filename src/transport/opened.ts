// A body that is read as it comes: its silence is watched, its caller may stop it, and who leaves it closes the socket.

import { type Aborts, anyOf, Stop } from './aborts.js';
import type { StreamCall } from './call.js';
import type { FetchInit, FetchLike } from './exchange.js';

/** A stream that did not come to the end of its body. */
export class BrokenStream extends Error {
  static {
    BrokenStream.prototype.name = 'BrokenStream';
  }
  constructor(
    /** `silence`: nothing came for too long. `caller`: the signal fired; its reason is the cause. */
    readonly by: 'network' | 'silence' | 'caller',
    message: string,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

/** A 2xx whose body is still coming. */
export interface OpenAnswer {
  readonly status: number;
  /** The gateway's id of the exchange. */
  readonly requestId: string | undefined;
  readonly headers: Headers;
  /** The pieces as they come, for one reader. Throws `BrokenStream`. Leaving early closes the socket. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Closes the socket; what is under way ends as if the caller had left. */
  close(): void;
}

/** One call that may be answered by a stream of events: keeps that answer open, and lets every other through. */
export class Opening {
  readonly #fetch: FetchLike;
  readonly #call: StreamCall;
  readonly #aborts: Aborts;
  #opened: Omit<OpenAnswer, 'requestId'> | undefined;

  constructor(fetch: FetchLike, call: StreamCall, aborts: Aborts) {
    this.#fetch = fetch;
    this.#call = call;
    this.#aborts = aborts;
  }

  /** The stream, once its head has come. */
  get opened(): Omit<OpenAnswer, 'requestId'> | undefined {
    return this.#opened;
  }

  /** Stands in for `fetch`: of a stream it hands on the head alone, so that nobody waits for its end. */
  readonly fetch: FetchLike = async (input, init) => {
    const own = new AbortController();
    const both: FetchInit = { ...init, signal: anyOf([init.signal, own.signal]) };
    const response = await this.#fetch(input, both);
    const { isStream = isNoPage } = this.#call;
    if (response?.ok !== true || !(response.body instanceof ReadableStream)) return response;
    if (init.signal.aborted) {
      // Nobody waits any more, and this `fetch` has not heard of it.
      response.body.cancel().catch(() => {});
      return response;
    }
    if (!isStream(response.headers?.get('content-type') ?? '')) return response;
    this.#opened = opened(response, response.body, own, this.#call, this.#aborts);
    return new Response(null, { status: response.status, headers: response.headers });
  };
}

/** Servers send events under many names, or none; JSON is an answer, and a page is somebody else's. */
function isNoPage(contentType: string): boolean {
  return !/json|html|xml|^(?:image|audio|video)\//i.test(contentType);
}

function opened(
  { status, headers }: Response,
  body: ReadableStream<Uint8Array>,
  own: AbortController,
  { signal, idleTimeoutMs }: StreamCall,
  aborts: Aborts,
): Omit<OpenAnswer, 'requestId'> {
  const ending = new Stop();
  const stop = (why: BrokenStream): void => {
    ending.abort(why);
    own.abort(why);
  };
  const giveUp = (): void => stop(new BrokenStream('caller', 'the caller stopped', signal?.reason));
  const off = aborts.on(signal, giveUp);
  // It may have fired between the head and now.
  if (signal?.aborted) giveUp();
  const close = (): void => {
    off();
    stop(new BrokenStream('caller', 'the stream was closed'));
  };

  // Now, and not with the first piece: Node empties the body of a `Response` that nobody holds, unless it has a reader.
  const reader = body.getReader();
  async function* pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (;;) {
        const next = await nextOf(reader, ending, idleTimeoutMs);
        if (next.done) return;
        yield next.value;
      }
    } finally {
      close();
      // What is left is of no interest, nor is how it ends.
      reader.cancel().catch(() => {});
    }
  }
  return { status, headers, bytes: pieces(), close };
}

type Piece = Awaited<ReturnType<ReadableStreamDefaultReader<Uint8Array>['read']>>;

/** The next piece. Only who waits for one is kept waiting: a reader who is busy elsewhere is no silence. */
function nextOf(reader: ReadableStreamDefaultReader<Uint8Array>, ending: Stop, idleTimeoutMs: number): Promise<Piece> {
  if (ending.aborted) return Promise.reject(ending.reason);
  return new Promise((resolve, reject) => {
    const off = ending.on(() => end(() => reject(ending.reason)));
    const timer = setTimeout(
      () => end(() => reject(new BrokenStream('silence', `nothing came for ${idleTimeoutMs} ms`))),
      idleTimeoutMs,
    );
    const end = (how: () => void): void => {
      clearTimeout(timer);
      off();
      how();
    };
    reader.read().then(
      (piece) => end(() => resolve(piece)),
      (error: unknown) => end(() => reject(new BrokenStream('network', reasonOf(error), error))),
    );
  });
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}
