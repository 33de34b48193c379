// A `fetch` for others to stand on: openapi-fetch and the SDKs of other makers go out through the transport, money rules and all.

import {
  type Answer,
  AuthenticationError,
  BrokenStream,
  type Call,
  type FetchLike,
  type ImaRouterError,
  InsufficientBalanceError,
  InvalidResponseError,
  isRecord,
  type OpenAnswer,
  PermissionError,
  RateLimitError,
  ServerError,
  type Transport,
  textOf,
} from './transport/index.js';

/** How long what answers at once may take (ms): models that think take minutes. */
const PATIENCE_MS = 600_000;

/** The longest silence inside a stream (ms). */
const IDLE_MS = 120_000;

/** How others' calls are made. */
interface BridgeCall {
  request: Request;
  signal: AbortSignal | undefined;
  timeoutMs: number | undefined;
  idleTimeoutMs: number;
  passRefusal?: ((error: ImaRouterError) => void) | undefined;
}

/**
 * Sends `request`, which is for the gateway's own base URL, and gives what came; a stream of events as it comes. Adds
 * auth and a trace id. Of POSTs nobody but the vendor knows which ones cost: they are repeated as submits are.
 */
export async function sendFor(transport: Transport, request: Request): Promise<Response> {
  const came = await sent(transport, {
    request,
    signal: held(request),
    timeoutMs: undefined,
    idleTimeoutMs: IDLE_MS,
  });
  return 'answer' in came ? responseOf(came.answer) : streamOf(came.stream, request);
}

/**
 * A `fetch` for an SDK that has its own errors: refusals reach it as answers, what the caller stops as `AbortError`, and
 * only what is safe is sent twice. `timeoutMs` is the user's own bound of an exchange, and of a silence.
 */
export function fetchFor(transport: Transport, timeoutMs: number | undefined): FetchLike & typeof globalThis.fetch {
  return async (input: string | URL | Request, init?: RequestInit) => {
    const request = new Request(input, init);
    // Not `request.signal`: that one hears of the caller's only for as long as somebody holds `request`.
    const signal = init?.signal ?? (input instanceof Request ? held(input) : undefined);
    let refused: ImaRouterError | undefined;
    try {
      const came = await sent(transport, {
        request,
        signal,
        timeoutMs: timeoutMs ?? PATIENCE_MS,
        idleTimeoutMs: timeoutMs ?? IDLE_MS,
        passRefusal: (error) => {
          refused = error;
        },
      });
      if ('stream' in came) return streamOf(came.stream, request);
      refused ??= complaintOf(came.answer);
      return refused === undefined ? responseOf(came.answer) : legible(came.answer, refused);
    } catch (error) {
      throw signal?.aborted ? stopped(error) : error;
    }
  };
}

async function sent(
  transport: Transport,
  { request, idleTimeoutMs, ...how }: BridgeCall,
): Promise<{ answer: Answer } | { stream: OpenAnswer }> {
  const url = new URL(request.url);
  const base = new URL(transport.baseUrl);
  const prefix = base.pathname === '/' ? '' : base.pathname;
  if (url.origin !== base.origin || !url.pathname.startsWith(prefix)) {
    throw new TypeError(`${url.origin}${url.pathname} is not below ${transport.baseUrl}`);
  }
  const paid = request.method !== 'GET' && request.method !== 'HEAD';
  const call: Call = {
    ...how,
    method: request.method,
    path: url.pathname.slice(prefix.length) + url.search,
    body: request.body === null ? undefined : new Uint8Array(await request.arrayBuffer()),
    headers: { accept: 'application/json', ...Object.fromEntries(request.headers) },
    phase: paid ? 'submit' : 'poll',
    paid,
    traceId: request.headers.get('x-trace-id') ?? crypto.randomUUID(),
    readable: isReadable,
  };
  if (!paid) return { answer: await transport.request(call) };
  return transport.open({ ...call, idleTimeoutMs, isStream: (type) => /^text\/event-stream\b/i.test(type) });
}

/** What a signal keeps alive: a `Request` that is let go of hears no more of the signal that it was made with. */
const KEEPS = Symbol('keeps');

/** The signal of `request`, which is its alone. */
function held(request: Request): AbortSignal {
  if (!(KEEPS in request.signal)) Object.defineProperty(request.signal, KEEPS, { value: request });
  return request.signal;
}

/** As the platform's `fetch` says it, which is what SDKs look for. */
function stopped(cause: unknown): DOMException {
  const error = new DOMException('This operation was aborted', 'AbortError');
  Object.defineProperty(error, 'cause', { value: cause, configurable: true });
  return error;
}

function responseOf(answer: Answer): Response {
  const empty = answer.status === 204 || answer.status === 304 || answer.bytes.length === 0;
  return new Response(empty ? null : new Uint8Array(answer.bytes), {
    status: answer.status,
    headers: withoutCoding(answer.headers),
  });
}

/**
 * A refusal where an SDK looks for its words: in `error`, as the protocols have it. What the gateway says in an envelope
 * of its own stands beside it; what it says with a 2xx gets the status that such a refusal has.
 */
function legible(answer: Answer, refused: ImaRouterError): Response {
  const json = isRecord(answer.json) ? answer.json : {};
  const words = textOf(json.message) ?? textOf(json.error) ?? textOf(json.description) ?? refused.message;
  const error = isRecord(json.error)
    ? json.error
    : { message: words, type: 'gateway_error', code: refused.gatewayCode ?? null };
  const headers = withoutCoding(answer.headers);
  headers.set('content-type', 'application/json');
  return new Response(JSON.stringify({ ...json, error }), {
    status: answer.ok ? statusOf(refused) : answer.status,
    headers,
  });
}

/** A 2xx that holds nothing but words: `{"code": "…", "message": "…", "data": null}`. Whether it was billed nobody says. */
function complaintOf({ ok, json, status }: Answer): ImaRouterError | undefined {
  const message = isRecord(json) ? textOf(json.message) : undefined;
  if (!ok || !isRecord(json) || message === undefined || json.data != null) return undefined;
  const isEnvelope = Object.keys(json).every((name) => ['code', 'message', 'data', 'success'].includes(name));
  const facts = { phase: 'submit' as const, status, mayBeBilled: true, gatewayCode: textOf(json.code) };
  return isEnvelope ? new InvalidResponseError(message, { code: 'invalid_response', ...facts }) : undefined;
}

function statusOf(error: ImaRouterError): number {
  if (error instanceof AuthenticationError) return 401;
  // The gateway has 403 for an account that cannot pay.
  if (error instanceof PermissionError || error instanceof InsufficientBalanceError) return 403;
  if (error instanceof RateLimitError) return 429;
  return error instanceof ServerError ? 503 : 400;
}

function streamOf({ status, headers, bytes, close }: OpenAnswer, { url, method }: Request): Response {
  const pieces = bytes[Symbol.asyncIterator]();
  const what = `${method} ${new URL(url).pathname}`;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const next = await pieces.next();
        if (next.done) controller.close();
        else controller.enqueue(next.value);
      } catch (error) {
        throw error instanceof BrokenStream ? brokenOff(what, error) : error;
      }
    },
    cancel: close,
  });
  return new Response(body, { status, headers: withoutCoding(headers) });
}

function brokenOff(what: string, { by, message, cause }: BrokenStream): Error {
  if (by === 'caller') return stopped(cause);
  const facts = { phase: 'submit' as const, mayBeBilled: true, retryable: true, cause };
  const hint = 'What had come may be billed.';
  return by === 'silence'
    ? new InvalidResponseError(`The stream of ${what} fell silent: ${message}.`, {
        code: 'stream_silent',
        hint,
        ...facts,
      })
    : new InvalidResponseError(`The stream of ${what} broke off: ${message}.`, { code: 'stream_cut', hint, ...facts });
}

/** The bytes are decoded already: a `content-encoding` left in place would have them decoded twice. */
function withoutCoding(headers: Headers): Headers {
  const kept = new Headers(headers);
  kept.delete('content-encoding');
  kept.delete('content-length');
  return kept;
}

/** JSON, media, or nothing where the status says so; an edge's HTML page is none of them. */
function isReadable(answer: Answer): boolean {
  if (answer.bytes.length === 0) return answer.status === 204 || answer.status === 205;
  const type = answer.headers.get('content-type') ?? '';
  return (
    answer.json !== undefined || /^(image|audio|video)\/|^application\/octet-stream|^text\/event-stream/.test(type)
  );
}
