// A `fetch` for others to stand on: openapi-fetch and the SDKs of other makers go out through the transport, money rules and all.

import { type Answer, type FetchLike, isRecord, type OpenAnswer, type Transport, textOf } from './transport/index.js';

/** How long what answers at once may take, and be silent in between (ms): models that think take minutes. */
const PATIENCE_MS = 600_000;

/** How others' calls are made. */
export interface BridgeOptions {
  /** `throw`: refusals come as this library's errors. `pass`: as answers, for an SDK that has errors of its own. */
  refusals: 'throw' | 'pass';
  /** For one exchange (ms); the client's request timeout unless given. */
  timeoutMs?: number | undefined;
}

/**
 * Sends `request`, which is for the gateway's own base URL, and gives what came; a stream of events as it comes. Adds
 * auth and a trace id. Of POSTs nobody but the vendor knows which ones cost: they are repeated as submits are.
 */
export async function sendFor(transport: Transport, request: Request, options: BridgeOptions): Promise<Response> {
  const { refusals, timeoutMs } = options;
  const url = new URL(request.url);
  const base = new URL(transport.baseUrl);
  const prefix = base.pathname === '/' ? '' : base.pathname;
  if (url.origin !== base.origin || !url.pathname.startsWith(prefix)) {
    throw new TypeError(`${url.origin}${url.pathname} is not below ${transport.baseUrl}`);
  }
  const headers = { accept: 'application/json', ...Object.fromEntries(request.headers) };
  const body = request.body === null ? undefined : new Uint8Array(await request.arrayBuffer());
  const paid = request.method !== 'GET' && request.method !== 'HEAD';
  const call = {
    method: request.method,
    path: url.pathname.slice(prefix.length) + url.search,
    body,
    headers,
    phase: paid ? ('submit' as const) : ('poll' as const),
    paid,
    signal: request.signal,
    timeoutMs,
    refusals,
    traceId: request.headers.get('x-trace-id') ?? crypto.randomUUID(),
    readable: isReadable,
  };
  const whole = refusals === 'pass' ? legible : responseOf;
  if (!paid) return whole(await transport.request(call));
  const opened = await transport.open({ ...call, idleTimeoutMs: timeoutMs ?? PATIENCE_MS });
  return 'answer' in opened ? whole(opened.answer) : streamOf(opened.stream);
}

/** A `fetch` for an SDK that has its own errors: refusals reach it as answers, and only what is safe is sent twice. */
export function fetchFor(transport: Transport): FetchLike & typeof globalThis.fetch {
  return (input: string | URL | Request, init?: RequestInit) =>
    sendFor(transport, new Request(input, init), { refusals: 'pass', timeoutMs: PATIENCE_MS });
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
 * of its own stands beside it; what it says with a 2xx is no answer of the protocol, and gets the status of a refusal.
 */
function legible(answer: Answer): Response {
  const { json } = answer;
  if (!isRecord(json) || isRecord(json.error) || (answer.ok && json.success !== false)) return responseOf(answer);
  const message = textOf(json.message) ?? textOf(json.error) ?? textOf(json.description) ?? answer.text;
  const error = { message, type: 'gateway_error', code: textOf(json.code) ?? null };
  const headers = withoutCoding(answer.headers);
  return new Response(JSON.stringify({ ...json, error }), { status: answer.ok ? 400 : answer.status, headers });
}

function streamOf({ status, headers, bytes, close }: OpenAnswer): Response {
  const pieces = bytes[Symbol.asyncIterator]();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await pieces.next();
      if (next.done) controller.close();
      else controller.enqueue(next.value);
    },
    cancel: close,
  });
  return new Response(body, { status, headers: withoutCoding(headers) });
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
