// How ima-router's answers read: one tolerant reader over all shapes of design 5 and field-notes A1.

import type { Modality } from '../../catalog/index.js';
import {
  type StateReading,
  type SubmitReading,
  statusOf,
  type TaskReaders,
  type TaskStatus,
} from '../../tasks/index.js';
import type { Answer } from '../../transport/index.js';
import { isRecord, numberOf, textOf, valueAt } from './json.js';
import { outputsOf } from './outputs.js';
import { reasonOf, upstreamFault } from './reasons.js';
import { refusalIn, requestIdOf } from './refusal.js';

/** The readers of this gateway. */
export const readers: TaskReaders = { readSubmit, readState };

/** Midjourney answers a submit with `{code, description, result}`; these codes mean that a task exists. */
const MIDJOURNEY_TAKEN = new Set([1, 21, 22]);

/** Codes of a 2xx that say "done": with them a task may exist, whatever else is missing. */
const GOOD_CODE = /^(?:success|succeeded|ok|0|1|21|22|20\d)$/i;

function readSubmit(answer: Answer, at: { path: string; modality: Modality }): SubmitReading {
  const body = answer.json;
  if (!isRecord(body)) return null;
  const id = submittedId(body);
  if (id !== undefined) return { id, state: readState(answer, { pollPath: at.path, modality: at.modality }) };
  // A refusal says why. Without a word, or under words of success, a task may have been taken: it is not sent again.
  if (!saysNo(body) && (claimsSuccess(body) || MAY_BE_TAKEN.test(wordsOf(body)) || namesTask(body))) return null;
  const refusal = refusalIn(answer, body, 'busy');
  return refusal === null ? null : { refusal };
}

/** Words under which a task may exist: of acceptance, and of somebody who lost patience with a gateway that is at work. */
const MAY_BE_TAKEN =
  /(?<!not[ _-])succe|accepted|submitted|created|started|processing|in progress|pending|成功|已提交|处理中|time(?:d)?[ -]?out|deadline exceeded|超时/i;

function wordsOf(body: Record<string, unknown>): string {
  return textOf(body.message) ?? textOf(body.description) ?? textOf(body.msg) ?? '';
}

/** Under any name, at any depth that a gateway has been seen to use: what looks like the id of a task may be one. */
function namesTask(value: unknown, depth = 0): boolean {
  if (depth > 4 || typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, inner]) =>
    /^(?:task|video|job|generation|prediction)?_?ids?$/i.test(name) && textOf(inner) !== undefined
      ? true
      : namesTask(inner, depth + 1),
  );
}

/** Flat `{id, task_id}`, wrapped `{code, data: {task_id}}`, or Midjourney's `{code: 1, result}`. */
function submittedId(body: Record<string, unknown>): string | undefined {
  const data = isRecord(body.data) ? body.data : {};
  const named = [body.task_id, body.id, data.task_id, data.id].map(textOf).find((id) => id !== undefined);
  if (named !== undefined) return named;
  return MIDJOURNEY_TAKEN.has(numberOf(body.code) ?? Number.NaN) ? textOf(body.result) : undefined;
}

/** An error in so many words, also under `code: 200`. */
function saysNo(body: Record<string, unknown>): boolean {
  return body.success === false || textOf(valueAt(body, ['error', 'message'])) !== undefined;
}

function claimsSuccess(body: Record<string, unknown>): boolean {
  const words = [body.status, valueAt(body, ['data', 'status'])].filter((word) => typeof word === 'string');
  return (
    body.success === true ||
    GOOD_CODE.test(textOf(body.code) ?? '') ||
    GOOD_CODE.test(textOf(body.message) ?? '') ||
    words.some((word) => statusOf(word) !== undefined && statusOf(word) !== 'failed')
  );
}

/** Longer words than this are no status words; nobody wants to read them whole in a warning. */
const LONGEST_WORD = 100;

function readState(answer: Answer, at: { pollPath: string; modality: Modality }): StateReading | null {
  const body = answer.json;
  if (!isRecord(body)) return null;
  const node = stateNode(body);
  const word = wordOf(node?.status);
  const fault = upstreamFault(body);
  const isFault = fault !== undefined && !isUnderWay(word ?? wordOf(fault.place.task_status));
  if (node === undefined && !isFault) return null;
  const said = word === undefined ? undefined : statusOf(word);
  const status = isFault && said !== 'cancelled' ? 'failed' : said;
  const place = node ?? fault?.place ?? body;
  const reason = status === 'failed' || status === 'cancelled' ? reasonOf({ place, body, fault }) : undefined;
  return {
    word,
    ...(status === said ? {} : { status }),
    progress: progressOf(place.progress),
    outputs: status === 'succeeded' ? outputsOf(place, at.modality) : [],
    costUsd: costOf([place.amount_usd, body.amount_usd], status),
    usage: isRecord(place.usage) ? place.usage : undefined,
    error: status === 'cancelled' && !reason?.isSaid ? undefined : reason?.error,
    createdAt: timeOf([place.created_at, place.submit_time, place.submitTime]),
    completedAt: timeOf([place.completed_at, place.finish_time, place.finishTime]),
    requestId: reason?.requestId ?? requestIdOf(answer),
    needs: word?.toLowerCase() === 'modal' ? 'modal' : undefined,
  };
}

/** The object that holds the status: the body itself, or its `data`; an empty word only where there is no other. */
function stateNode(body: Record<string, unknown>): Record<string, unknown> | undefined {
  const places = [body, body.data].filter(isRecord).filter(({ status }) => typeof status === 'string');
  return places.find(({ status }) => status !== '') ?? places[0];
}

function wordOf(status: unknown): string | undefined {
  if (typeof status !== 'string') return undefined;
  const word = status.trim();
  return word.length > LONGEST_WORD ? `${word.slice(0, LONGEST_WORD)}…` : word;
}

/** A word that tells that the task goes on. */
function isUnderWay(word: string | undefined): boolean {
  if (word === undefined) return false;
  const status = statusOf(word);
  return status === undefined || status === 'queued' || status === 'running';
}

/** `42`, `"42%"` → 0.42. */
function progressOf(value: unknown): number | undefined {
  const percent = numberOf(typeof value === 'string' ? value.replace(/%\s{0,9}$/, '') : value);
  return percent === undefined ? undefined : percent / 100;
}

/** USD. The document tells the amount of settled tasks only: a 0 before the end is no price. */
function costOf(places: readonly unknown[], status: TaskStatus | undefined): number | undefined {
  const isOver = status === 'succeeded' || status === 'failed' || status === 'cancelled';
  return places.map(numberOf).find((usd) => usd !== undefined && (usd > 0 || (usd === 0 && isOver)));
}

/** A date with its zone, as ISO 8601 has it. */
const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)$/;

/** The first place that tells a time (Unix seconds or milliseconds, or a date), as ISO 8601. */
function timeOf(places: readonly unknown[]): string | undefined {
  for (const place of places) {
    const number = numberOf(place);
    // Seconds until the year 5138; anything larger is milliseconds.
    const ms = number === undefined ? undefined : number > 1e11 ? number : number * 1000;
    const at = new Date(ms ?? (typeof place === 'string' && DATE.test(place) ? place : Number.NaN));
    if (at.getTime() > 0) return at.toISOString();
  }
  return undefined;
}
