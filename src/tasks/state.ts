// What a task is doing: one vocabulary over all status words, folded so that a state never goes backwards.

import type { OutputFacts } from '../media/index.js';
import type { Refusal } from '../transport/index.js';

export type TaskStatus = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';

/** Why a task failed or was cancelled, as far as the gateway says. */
export interface TaskError {
  /** The gateway's own code. */
  code?: string;
  message: string;
  kind: 'moderation' | 'balance' | 'input' | 'timeout' | 'upstream' | 'unknown';
  /**
   * Which input it is about, where the message names one: from 0, in the list that the message speaks of (`content[1]`
   * is 1, "image 2" is 1). That list is the upstream's own and may hold more than was sent (its text, for one).
   */
  inputIndex?: number;
  /** What to do next, where more is known than `kind` tells. */
  hint?: string;
}

/** What a gateway's reader found in the answer of a poll (or of a submit that tells a state). */
export interface StateReading {
  /** The status word as it came; undefined when there was none. */
  word: string | undefined;
  /** What the answer says; undefined where it has no word, or one that the gateway has told nobody about. */
  status?: TaskStatus | undefined;
  /** It tells an end, and holds nothing by which it would be the task's own and not that of the call. */
  isUnsure?: boolean | undefined;
  /** 0..1. */
  progress?: number | undefined;
  outputs: OutputFacts[];
  /** USD; undefined where the gateway does not tell. */
  costUsd?: number | undefined;
  usage?: Record<string, unknown> | undefined;
  error?: TaskError | undefined;
  /** ISO 8601. */
  createdAt?: string | undefined;
  completedAt?: string | undefined;
  requestId?: string | undefined;
  /** The task waits for the caller. */
  needs?: 'modal' | undefined;
  /** How the caller gives it what it waits for: the hint of the error that a wait for its end throws. */
  needsHint?: string | undefined;
}

/**
 * What a gateway's reader found in the 2xx answer of a submit: an id, a refusal in so many words, or nothing that
 * anybody understands (null), after which nobody knows whether a task was taken. `known`: the id may be that of a task
 * which existed before; `answered`: and which was given what it waited for.
 */
export type SubmitReading =
  | { id: string; state: StateReading | null; known?: 'maybe' | 'answered' | undefined }
  | { refusal: Refusal }
  | null;

/** Words that gateways have in common, in lower case (design 4). `""` is what several submits answer. */
const WORDS: Readonly<Record<string, TaskStatus>> = {
  '': 'queued',
  not_start: 'queued',
  submitted: 'queued',
  queued: 'queued',
  pending: 'queued',
  modal: 'queued',
  processing: 'running',
  in_progress: 'running',
  running: 'running',
  completed: 'succeeded',
  success: 'succeeded',
  succeeded: 'succeeded',
  done: 'succeeded',
  failed: 'failed',
  failure: 'failed',
  error: 'failed',
  cancel: 'cancelled',
  cancelled: 'cancelled',
  canceled: 'cancelled',
};

/**
 * The status that `word` stands for, in any case; undefined for a word that nobody has told us about. For gateways that
 * pass on the words of many; one with a vocabulary of its own reads by that.
 */
export function statusOf(word: string): TaskStatus | undefined {
  return Object.hasOwn(WORDS, word.trim().toLowerCase()) ? WORDS[word.trim().toLowerCase()] : undefined;
}

/** The part of a state that comes from readings. */
export interface Progressed {
  status: TaskStatus;
  rawStatus: string;
  progress?: number;
  outputs: readonly OutputFacts[];
  costUsd?: number;
  usage?: Record<string, unknown>;
  error?: TaskError;
  createdAt?: string;
  completedAt?: string;
  requestId?: string;
  needs?: 'modal';
}

/** The state of a task nothing is known of yet. */
export const INITIAL: Progressed = { status: 'queued', rawStatus: '', outputs: [] };

/** Shown for a task that is not done, however much its gateway claims. */
const MOST_PROGRESS_BEFORE_SUCCESS = 0.99;

/** Whether a task has reached its end. */
export function isTerminal(status: TaskStatus): boolean {
  return status === 'succeeded' || status === 'failed' || status === 'cancelled';
}

/**
 * The state after `reading`: progress never falls and is 1 only on success; an unknown word counts as running;
 * `withoutOutput` tells that the gateway claims success but gave nothing yet (its archiver lags), which is running.
 */
export function fold(
  before: Progressed,
  reading: StateReading,
): { state: Progressed; unknownWord: boolean; withoutOutput: boolean } {
  const { word, status: said } = reading;
  // An end is an end: a lagging replica's "running" does not undo it. The same end may bring a fresh URL or a cost.
  if (isTerminal(before.status) && said !== before.status) {
    return { state: before, unknownWord: false, withoutOutput: false };
  }
  const outputs = reading.outputs.length === 0 ? before.outputs : reading.outputs;
  const withoutOutput = said === 'succeeded' && outputs.length === 0;
  const next = said ?? (word === undefined ? before.status : 'running');
  const status = withoutOutput ? 'running' : onwards(before.status, next);
  const isOver = isTerminal(status);
  const progress = status === 'succeeded' ? 1 : progressed(before.progress, reading.progress);
  const error = status === 'failed' || status === 'cancelled' ? reading.error : undefined;
  const { needs: neededBefore, ...rest } = before;
  // It waits for its caller as long as the answers say so; one without a word changes nothing.
  const needs = isOver ? undefined : (reading.needs ?? (word === undefined ? neededBefore : undefined));
  const state: Progressed = {
    ...rest,
    status,
    rawStatus: word ?? before.rawStatus,
    outputs,
    ...(progress === undefined ? {} : { progress }),
    ...(reading.costUsd === undefined ? {} : { costUsd: reading.costUsd }),
    ...(reading.usage === undefined ? {} : { usage: reading.usage }),
    ...(error === undefined ? {} : { error }),
    ...(reading.createdAt === undefined ? {} : { createdAt: reading.createdAt }),
    // Gateways fill the field in before the end; it is no sign of one.
    ...(reading.completedAt === undefined || !isOver ? {} : { completedAt: reading.completedAt }),
    ...(reading.requestId === undefined ? {} : { requestId: reading.requestId }),
    ...(needs === undefined ? {} : { needs }),
  };
  return { state, unknownWord: said === undefined && word !== undefined, withoutOutput };
}

/** A lagging replica may answer "queued" after "running": the state does not go back. */
function onwards(before: TaskStatus, now: TaskStatus): TaskStatus {
  return now === 'queued' && before === 'running' ? 'running' : now;
}

function progressed(before: number | undefined, now: number | undefined): number | undefined {
  if (now === undefined || !Number.isFinite(now)) return before;
  const bounded = Math.min(Math.max(now, 0), MOST_PROGRESS_BEFORE_SUCCESS);
  return Math.max(before ?? 0, bounded);
}
