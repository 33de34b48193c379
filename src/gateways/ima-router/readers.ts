// How ima-router's answers read: one tolerant reader over all shapes of design 5 and field-notes A1.

import type { Modality } from '../../catalog/index.js';
import { type StateReading, statusOf, type TaskReaders, type TaskStatus } from '../../tasks/index.js';
import { type Answer, isRecord, numberOf } from '../../transport/index.js';
import { ASSET_CREATE, ASSET_POLL, readReview, readUpload } from './asset-shapes.js';
import { hasTaskFields, isEmptyEnvelope } from './envelope.js';
import { atWindow, POLL as MIDJOURNEY_POLL, readMidjourneySubmit } from './midjourney-answers.js';
import { outputsOf } from './outputs.js';
import { reasonOf, upstreamFault } from './reasons.js';
import { requestIdOf, troubleOfCall } from './refusal.js';
import { mayHaveBeenTaken, readSubmitted } from './submitted.js';

/** The readers of this gateway. */
export const readers: TaskReaders = {
  readSubmit: (answer, { path, modality }) => {
    if (path === ASSET_CREATE) return readUpload(answer);
    const read = readSubmitted(answer);
    if (read === null || 'refusal' in read) return read;
    const state = readState(answer, { pollPath: path, modality });
    const said = readMidjourneySubmit(answer.json, { path, id: read.id });
    return said === undefined ? { ...read, state } : { ...read, ...said, state: state ?? said.state };
  },
  mayHaveBeenTaken,
  readState: (answer, at) => (at.pollPath === ASSET_POLL ? readReview(answer) : readState(answer, at)),
  pollCall: ({ pollPath, id }) =>
    pollPath === ASSET_POLL ? { method: 'POST', path: '/v1/assets/get', body: JSON.stringify({ id }) } : undefined,
  contentPath,
};

/** Paths at which the gateway hands out the bytes itself (seed 001 for pictures; field-notes A1 for videos). */
const CONTENT_PATHS: Readonly<Record<string, string>> = {
  '/v1/videos/{task_id}': '/v1/videos/{task_id}/content',
  [MIDJOURNEY_POLL]: '/mj/image/{task_id}',
};

function contentPath({ pollPath, id }: { pollPath: string; id: string }): string | undefined {
  return CONTENT_PATHS[pollPath]?.replace('{task_id}', encodeURIComponent(id));
}

/** Longer words than this are no status words; nobody wants to read them whole in a warning. */
const LONGEST_WORD = 100;

function readState(answer: Answer, at: { pollPath: string; modality: Modality; id?: string }): StateReading | null {
  const body = answer.json;
  if (!isRecord(body) || troubleOfCall(answer, at.id) !== null) return null;
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
    status,
    ...(status === 'failed' && isEmptyEnvelope(body, at.id) ? { isUnsure: true } : {}),
    progress: progressOf(place.progress),
    outputs: status === 'succeeded' ? outputsAt(place, at) : [],
    costUsd: costOf([place.amount_usd, body.amount_usd], status),
    usage: isRecord(place.usage) ? place.usage : undefined,
    error: status === 'cancelled' && !reason?.isSaid ? undefined : reason?.error,
    createdAt: timeOf([place.created_at, place.submit_time, place.submitTime]),
    completedAt: timeOf([place.completed_at, place.finish_time, place.finishTime]),
    requestId: reason?.requestId ?? requestIdOf(answer),
    ...(word?.toLowerCase() === 'modal' ? atWindow(at.id) : {}),
  };
}

/** Where a result may be named; some of them come empty while it is still being stored. */
const RESULT_FIELDS = [
  'results',
  'result',
  'data',
  'metadata',
  'url',
  'video_url',
  'result_url',
  'output',
  'videos',
  'content',
];

/**
 * A success that names no result and has no field for one is of the form that OpenAI's own video tasks have: there the
 * bytes are fetched below the task's path.
 */
function outputsAt(place: Record<string, unknown>, at: { pollPath: string; modality: Modality; id?: string }) {
  const outputs = outputsOf(place, at.modality);
  const { id } = at;
  if (outputs.length > 0 || id === undefined || place.object !== 'video') return outputs;
  const url = contentPath({ pollPath: at.pollPath, id });
  return url === undefined || RESULT_FIELDS.some((name) => name in place) ? [] : [{ url, kind: 'video' as const }];
}

/** The object that holds the status: the body itself, or its `data` where the body's own word is an envelope's. */
function stateNode(body: Record<string, unknown>): Record<string, unknown> | undefined {
  const inner = isRecord(body.data) && typeof body.data.status === 'string' ? body.data : undefined;
  const word = wordOf(body.status);
  if (word === undefined) return inner;
  return inner !== undefined && inner.status !== '' && isEnvelopes(word, body) ? inner : body;
}

/**
 * Whether `word` may tell how the call went and not how the task goes (`{"status":"success","data":{"status":
 * "processing"}}`): an empty one, and any with nothing of a task beside it, unless it says that something is under way.
 */
function isEnvelopes(word: string, body: Record<string, unknown>): boolean {
  const status = statusOf(word);
  return word === '' || (status !== 'queued' && status !== 'running' && !hasTaskFields(body));
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
