// What is written down of every exchange, so that a test can prove what was asked for and what was paid.

export interface SubmitEntry {
  /** The task or asset that was made of it; absent when none was, or for another synchronous call. */
  taskId?: string;
  /** Path as requested, without that of the document's own server URL. */
  path: string;
  /** Model that the body named. */
  model?: string;
  /** The gateway took it and would bill it, whether or not the caller ever heard the answer. */
  paid: boolean;
  /** `X-Trace-Id` of the request. */
  traceId?: string;
  /** Status answered; null when the connection was cut or left hanging instead. */
  status: number | null;
  /** Those headers of the request by which the gateway does something, names in lower case; absent without any. */
  headers?: Record<string, string>;
  /** How its task, or the review of its asset, ends. */
  outcome?: 'succeeded' | 'failed';
  /** What struck this exchange: a scripted fault's `act`, or a kind of chaos. */
  fault?: string;
  /** Milliseconds of the mock's clock. */
  at: number;
}

export interface PollEntry {
  taskId: string;
  path: string;
  status: number | null;
  fault?: string;
  at: number;
}

export interface DownloadEntry {
  taskId: string;
  path: string;
  /** The `Range` header, if there was one. */
  range?: string;
  status: number | null;
  /** As of a submit; also `placeholder` where the host did not like the Referer. */
  fault?: string;
  at: number;
}

export class Ledger {
  /** Every POST that costs money when taken, in order of answer; refused ones too (`paid: false`). */
  readonly submits: SubmitEntry[] = [];
  readonly polls: PollEntry[] = [];
  readonly downloads: DownloadEntry[] = [];

  /** Trace ids for which more than one submit was paid: must be empty. */
  paidTwice(): string[] {
    const once = new Set<string>();
    const twice = new Set<string>();
    for (const { paid, traceId } of this.submits) {
      if (!paid || traceId === undefined) continue;
      if (once.has(traceId)) twice.add(traceId);
      once.add(traceId);
    }
    return [...twice];
  }
}
