// What a batch is asked for, and what it gives: the words of `ima.batch`.

import type { SavedFile } from '../media/index.js';
import { bad, checkNames, checkSignal } from '../transport/index.js';
import type { TaskResult, TaskState } from './result.js';
import { checkedFunction, checkedTimeout, type Task } from './task.js';

/** What became of one request. Exactly one of `result` and `error` says so, or both when only its files failed. */
export interface BatchItem<Request> {
  /** Position among the requests, from 0. */
  index: number;
  /** Of its record in the journal: the same in every run of the same work. */
  key: string;
  request: Request;
  /** The task, where there is one. */
  task?: Task;
  result?: TaskResult;
  /** What was saved, with `outDir`. */
  files?: SavedFile[];
  error?: Error;
  /** True when an earlier run had bought it. */
  continued: boolean;
}

/** Where a batch is. `costUsd` is what the gateway told, earlier runs of the same work included. */
export interface BatchTotals {
  /** Undefined while the source does not say. */
  total: number | undefined;
  underWay: number;
  succeeded: number;
  failed: number;
  /** Submits of unknown fate. */
  unknown: number;
  /** Of those that succeeded or are under way, bought by an earlier run. */
  continued: number;
  costUsd: number;
  /** Successes that told no cost. */
  costUnknown: number;
}

/** One step of a batch: the item that moved, and the whole. */
export interface BatchUpdate {
  index: number;
  key: string;
  state?: TaskState | undefined;
  error?: Error | undefined;
  totals: BatchTotals;
}

/** Options of a batch. */
export interface BatchOptions<Request> {
  /** Tasks under way at once. Default 8. */
  concurrency?: number | undefined;
  /** Nothing more is bought when what is known to be spent plus the estimate of what is under way would pass this. */
  maxCostUsd?: number | undefined;
  /** What one request will cost at most; else the most that its model was seen to cost. */
  estimateUsd?: ((request: Request) => number | undefined) | undefined;
  /** Results are saved here. */
  outDir?: string | undefined;
  /** Tells this work from another of the same requests: those are bought anew. Default: requests alone tell. */
  name?: string | undefined;
  /** What tells one request from another; default: its content, and how many equal ones came before. */
  key?: ((request: Request, index: number) => string) | undefined;
  /** Another endpoint than the models' preferred one. */
  endpoint?: string | undefined;
  /** Sent with each request, as in `submit`. */
  headers?: Headers | Record<string, string> | undefined;
  /** Patience for each task, in milliseconds. */
  timeoutMs?: number | undefined;
  /** No more is bought, what is under way is let go, and the iteration ends in `WaitAbortedError`. */
  signal?: AbortSignal | undefined;
  /** Told of each change. What it throws becomes a warning. */
  onUpdate?: ((update: BatchUpdate) => void) | undefined;
}

/** So many tasks are under way at once unless asked otherwise. */
export const CONCURRENCY = 8;

/** More would only be waiting for the scheduler's places. */
const MOST_CONCURRENCY = 10_000;

const KNOWN = [
  ...['concurrency', 'maxCostUsd', 'estimateUsd', 'outDir', 'name', 'key', 'endpoint', 'timeoutMs', 'signal'],
  ...['onUpdate', 'validate', 'headers'],
];

/** Throws `ConfigError` for requests and options that no batch can have: a misspelt budget would be none. */
export function checkBatch<Request>(requests: unknown, options: BatchOptions<Request>): void {
  checkNames(options, KNOWN);
  const { concurrency = CONCURRENCY, maxCostUsd = 1, signal } = options;
  const isIterable =
    typeof requests === 'object' &&
    requests !== null &&
    (Symbol.iterator in requests || Symbol.asyncIterator in requests);
  if (!isIterable) throw bad('requests', 'must be a list, an iterable or an async iterable of requests', 'Pass one.');
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > MOST_CONCURRENCY) {
    throw bad('concurrency', `must be a whole number from 1 to ${MOST_CONCURRENCY}`);
  }
  if (!(typeof maxCostUsd === 'number' && maxCostUsd > 0)) throw bad('maxCostUsd', 'must be an amount above 0');
  for (const name of ['estimateUsd', 'key', 'onUpdate'] as const) checkedFunction(name, options[name]);
  for (const name of ['name', 'outDir', 'endpoint'] as const) {
    const given: unknown = options[name];
    const isText = typeof given === 'string' && (given !== '' || name === 'name');
    if (given !== undefined && !isText) throw bad(name, 'must be a text, and not empty');
  }
  checkSignal(signal);
  checkedTimeout(options.timeoutMs);
}
