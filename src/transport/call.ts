// One call of the gateway: what is asked, what it may cost, and how its answer is to be looked at.

import type { Stop } from './aborts.js';
import type { ErrorFacts, ImaRouterError, Phase } from './errors.js';
import type { Answer } from './exchange.js';
import type { Refusal } from './refusal.js';

/** One call of the gateway. */
export interface Call {
  method: string;
  /** Path with its parameters filled in, from `/`; a query may follow. */
  path: string;
  body?: string | Uint8Array<ArrayBuffer> | undefined;
  headers?: Record<string, string> | undefined;
  phase: Phase;
  /** True when the exchange buys something: it is then never repeated on an ambiguous ending. */
  paid: boolean;
  /** Exchanges at most; the client's policy unless given. */
  attempts?: number | undefined;
  signal?: AbortSignal | Stop | undefined;
  /** Bounds each exchange, body included; the client's request timeout unless given. */
  timeoutMs?: number | undefined;
  /** When it fires no further exchange is begun; one that is under way goes on, unlike with `signal`. */
  halt?: AbortSignal | undefined;
  /** Sent as `X-Trace-Id` when `paid`; named in errors in any case. */
  traceId?: string | undefined;
  taskId?: string | undefined;
  /** Whether the body of a 2xx can be used; JSON unless given. */
  readable?: ((answer: Answer) => boolean) | undefined;
  /** Whether an answer that is no 2xx speaks of something that was bought all the same. */
  mayHaveBeenTaken?: ((answer: Answer) => boolean) | undefined;
  /** Where given, a refusal is told here, and its answer comes as an answer. Else it is thrown. */
  passRefusal?: ((error: ImaRouterError) => void) | undefined;
  /** A last look at a readable 2xx: `good`, a refusal in disguise, or nothing that anybody understands. */
  inspect?: ((answer: Answer) => Refusal | 'good' | 'unreadable') | undefined;
}

/** A call whose answer is read as it comes. */
export interface StreamCall extends Call {
  /** Longest silence between two pieces of the body (ms). */
  idleTimeoutMs: number;
  /** Whether a 2xx of this content type is a stream; unless given, what is neither JSON nor a page. */
  isStream?: ((contentType: string) => boolean) | undefined;
}

/** What every error of `call` tells. */
export function factsOf(call: Call): Omit<ErrorFacts, 'code'> {
  return {
    phase: call.phase,
    traceId: call.traceId,
    taskId: call.taskId,
    mayBeBilled: call.taskId !== undefined,
  };
}
