// How imini's answers read: submits without a status, states of four documented words, results beside covers.

import type { MediaKind, OutputFacts } from '../../media/index.js';
import {
  exactJson,
  idOf,
  namesTask,
  SPEAKS_OF_NO_ROOM,
  SPEAKS_OF_TAKING,
  type StateReading,
  type SubmitReading,
  type TaskError,
  type TaskReaders,
  type TaskStatus,
} from '../../tasks/index.js';
import {
  type Answer,
  isRecord,
  numberOf,
  type Refusal,
  type RefusalKind,
  textOf,
  urlOf,
  valueAt,
} from '../../transport/index.js';
import { isTask, kindOf, readRefusal, refusalOf, type Trouble, troubleIn } from './refusal.js';

/** The readers of this gateway. */
export const readers: TaskReaders = {
  readSubmit,
  mayHaveBeenTaken,
  readState,
};

/**
 * Seed 004 documents four words; `pending` was seen by users (field-notes A2). No other counts, and least of all
 * `completed`, which an early edition of the vendor's skill had and the API has never said.
 */
const WORDS: Readonly<Record<string, TaskStatus>> = {
  queued: 'queued',
  pending: 'queued',
  processing: 'running',
  succeeded: 'succeeded',
  failed: 'failed',
};

/** Longer words than this are no status words; nobody wants to read them whole in a warning. */
const LONGEST_WORD = 100;

/** Kinds of error that come before any task, whatever else an answer holds … */
const BEFORE_ANY_TASK = new Set<RefusalKind | undefined>(['balance', 'authentication', 'permission', 'invalid']);

/** … unless they speak of somebody who has it already, or has a result in hand. */
const SPEAKS_OF_TASK = /already|duplicate|conflict|submitted|output|result|generated/i;

/** Money first: an id, a refusal that is sure, or nothing that anybody knows. */
function readSubmit(answer: Answer): SubmitReading {
  const body = exactJson(answer);
  if (!isRecord(body)) return null;
  // Nobody has seen this gateway wrap a task; an id is an id wherever it stands.
  const id = idOf(body.task_id) ?? idOf(valueAt(body, ['data', 'task_id']));
  if (id !== undefined) return { id: id.trim(), state: stateOf(body) };
  const trouble = troubleIn(body);
  const isSure = trouble !== undefined && comesBeforeAnyTask(trouble, answer);
  if (namesTask(body) && !isSure) return null;
  const refusal = readRefusal(answer) ?? (isSure ? refusalOf(trouble, answer) : null) ?? fullQueue(body);
  return refusal === null ? null : { refusal };
}

/** A task is named beside an error that may have come after it. */
function mayHaveBeenTaken(answer: Answer): boolean {
  const body = answer.json;
  if (!isRecord(body)) return false;
  // Behind a 5xx everything that looks like a task may be one, whatever the error calls itself.
  if (answer.status >= 500) return namesTask(body) || isTask(body) || body.images != null || body.videos != null;
  if (!namesTask(body, 'by its name')) return false;
  const trouble = troubleIn(body);
  return trouble === undefined || !comesBeforeAnyTask(trouble, answer);
}

function comesBeforeAnyTask(trouble: Trouble, { status }: Answer): boolean {
  const words = `${trouble.code ?? ''} ${trouble.message}`;
  return status !== 409 && BEFORE_ANY_TASK.has(kindOf(trouble, status)) && !SPEAKS_OF_TASK.test(words);
}

/** `{"message":"queue full"}`, with nothing beside it. */
function fullQueue(body: Record<string, unknown>): Refusal | null {
  const message = textOf(body.message);
  const isAlone = Object.keys(body).every((name) => name === 'message' || name === 'request_id');
  if (message === undefined || !isAlone || !SPEAKS_OF_NO_ROOM.test(message) || SPEAKS_OF_TAKING.test(message))
    return null;
  return { kind: 'busy', message, requestId: textOf(body.request_id) };
}

function readState(answer: Answer): StateReading | null {
  const body = answer.json;
  return isRecord(body) && isTask(body) && readRefusal(answer) === null ? stateOf(body) : null;
}

function stateOf(body: Record<string, unknown>): StateReading {
  const word = typeof body.status === 'string' ? body.status.trim() : undefined;
  const lower = word?.toLowerCase() ?? '';
  const said = Object.hasOwn(WORDS, lower) ? WORDS[lower] : undefined;
  const trouble = troubleIn(body);
  // A task without a word, with an error that is about its request, has failed if it says so again and again.
  const isUnsure = body.status == null && trouble !== undefined && kindOf(trouble, 0) === 'invalid';
  const status = isUnsure ? 'failed' : said;
  return {
    word: word !== undefined && word.length > LONGEST_WORD ? `${word.slice(0, LONGEST_WORD)}…` : word,
    status,
    ...(isUnsure ? { isUnsure } : {}),
    outputs: status === 'succeeded' ? [...outputsIn(body.images, 'image'), ...outputsIn(body.videos, 'video')] : [],
    error: status === 'failed' ? errorOf(trouble) : undefined,
    createdAt: timeOf(body.created_at),
    completedAt: timeOf(body.completed_at),
    requestId: textOf(body.request_id) ?? trouble?.requestId,
  };
}

/** `images[]` and `videos[]` are null until the task has succeeded. The `cover_url` of a video is a still, no result. */
function outputsIn(list: unknown, kind: MediaKind): OutputFacts[] {
  return (Array.isArray(list) ? list : []).flatMap((entry: unknown) => {
    const url = isRecord(entry) ? urlOf(entry.url) : undefined;
    if (!isRecord(entry) || url === undefined) return [];
    const facts: OutputFacts = { url, kind };
    for (const [name, field] of [
      ['width', 'width'],
      ['height', 'height'],
      ['durationSeconds', 'duration'],
    ] as const) {
      const value = numberOf(entry[field]);
      if (value !== undefined && value > 0) facts[name] = value;
    }
    return [facts];
  });
}

/** Words of moderation, whatever the code: seed 004 has a flagged prompt under 400 like any other fault of the request. */
const MODERATED =
  /safety|sensitive|moderat|polic(?:y|ies)|flagged|prohibited|violat|nsfw|unsafe|copyright|敏感|违规|审核/i;
/** What can be wrong with a prompt but its content. */
const FORM_OF_PROMPT = /too long|length|character|empty|required|missing|must/i;

/** Why a task failed. */
function errorOf(trouble: Trouble | undefined): TaskError {
  if (trouble === undefined) return { message: 'the gateway gives no reason', kind: 'unknown' };
  const { code, message } = trouble;
  return { ...(code === undefined ? {} : { code }), message, kind: errorKind(trouble) };
}

function errorKind(trouble: Trouble): TaskError['kind'] {
  const { code, message, status } = trouble;
  const isPrompts = code?.toUpperCase() === 'INVALID_PROMPT' && !FORM_OF_PROMPT.test(message);
  if (isPrompts || MODERATED.test(`${code ?? ''} ${message}`)) return 'moderation';
  if (/time(?:d)?[ _-]?out/i.test(`${code ?? ''} ${message}`)) return 'timeout';
  if (code === undefined && status === undefined) return 'unknown';
  const kind = kindOf(trouble, status ?? 0);
  if (kind === 'balance') return 'balance';
  if (kind === 'server' || kind === 'rate') return 'upstream';
  return kind === 'invalid' && (status !== undefined || /^(?:INVALID|MISSING|UNSUPPORTED)_/i.test(code ?? ''))
    ? 'input'
    : 'unknown';
}

/** ISO 8601 with its zone, as documented; anything else is none. */
function timeOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT[\d:.]{5,20}(?:Z|[+-]\d\d:?\d\d)$/.test(value)) return undefined;
  const at = new Date(value);
  return at.getTime() > 0 ? at.toISOString() : undefined;
}
