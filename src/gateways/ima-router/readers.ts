// How ima-router's answers read: one tolerant reader over all shapes of design 5 and field-notes A1.

import type { Modality } from '../../catalog/index.js';
import type { MediaKind, OutputFacts } from '../../media/index.js';
import {
  type StateReading,
  type SubmitReading,
  statusOf,
  type TaskError,
  type TaskReaders,
} from '../../tasks/index.js';
import type { Answer } from '../../transport/index.js';
import { isRecord, numberOf, textOf, urlOf } from './json.js';
import { refusalOf, requestIdOf } from './refusal.js';

/** Midjourney answers a submit with `{code, description, result}`; these codes mean that a task exists. */
const MIDJOURNEY_TAKEN = new Set([1, 21, 22]);

/** The readers of this gateway. */
export const readers: TaskReaders = { readSubmit, readState };

function readSubmit(answer: Answer, at: { path: string; modality: Modality }): SubmitReading {
  const body = answer.json;
  const id = isRecord(body) ? submittedId(body) : undefined;
  if (id !== undefined) return { id, state: readState(answer, { pollPath: at.path, modality: at.modality }) };
  if (!isRecord(body)) return null;
  // A refusal says why. Without a word, or under a code that claims success, a task may have been taken.
  const message = textOf(body.message) ?? textOf(body.description) ?? errorMessage(body.error);
  const gatewayCode = textOf(body.code);
  if (message === undefined || gatewayCode === 'success' || body.success === true) return null;
  return { refusal: refusalOf({ status: answer.status, message, gatewayCode, requestId: requestIdOf(answer) }) };
}

function errorMessage(error: unknown): string | undefined {
  return isRecord(error) ? textOf(error.message) : textOf(error);
}

/** Flat `{id, task_id}`, wrapped `{code, data: {task_id}}`, or Midjourney's `{code: 1, result}`. */
function submittedId(body: Record<string, unknown>): string | undefined {
  const data = isRecord(body.data) ? body.data : {};
  const named = textOf(body.task_id) ?? textOf(body.id) ?? textOf(data.task_id) ?? textOf(data.id);
  if (named !== undefined) return named;
  return MIDJOURNEY_TAKEN.has(numberOf(body.code) ?? Number.NaN) ? textOf(body.result) : undefined;
}

function readState(answer: Answer, at: { pollPath: string; modality: Modality }): StateReading | null {
  const body = answer.json;
  if (!isRecord(body)) return null;
  const node = stateNode(body);
  if (node === null) return null;
  const word = typeof node.status === 'string' ? node.status : undefined;
  const status = word === undefined ? undefined : statusOf(word);
  const kind = kindOf(at.modality);
  return {
    word,
    progress: progressOf(node.progress),
    outputs: status === 'succeeded' ? outputsOf(node, kind) : [],
    costUsd: numberOf(node.amount_usd) ?? numberOf(body.amount_usd),
    usage: isRecord(node.usage) ? node.usage : undefined,
    error: status === 'failed' ? errorOf(node) : undefined,
    createdAt: timeOf(node.created_at ?? node.submit_time ?? node.submitTime),
    completedAt: timeOf(node.completed_at ?? node.finish_time ?? node.finishTime),
    requestId: requestIdOf(answer),
    needs: word?.toUpperCase() === 'MODAL' ? 'modal' : undefined,
  };
}

/** The object that holds the status: the body itself, or its `data`; null when there is none. */
function stateNode(body: Record<string, unknown>): Record<string, unknown> | null {
  if (typeof body.status === 'string') return body;
  const data = body.data;
  return isRecord(data) && typeof data.status === 'string' ? data : null;
}

/** `42`, `"42%"` → 0.42. */
function progressOf(value: unknown): number | undefined {
  const percent = numberOf(typeof value === 'string' ? value.replace(/%\s*$/, '') : value);
  return percent === undefined ? undefined : percent / 100;
}

/** Unix seconds or milliseconds, or a date text, as ISO 8601. */
function timeOf(value: unknown): string | undefined {
  const number = numberOf(value);
  if (number !== undefined) {
    // Seconds until the year 5138; anything larger is milliseconds.
    const at = new Date(number > 1e11 ? number : number * 1000);
    return number <= 0 || Number.isNaN(at.getTime()) ? undefined : at.toISOString();
  }
  if (typeof value !== 'string') return undefined;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}

function kindOf(modality: Modality): MediaKind {
  if (modality === 'image' || modality === 'video') return modality;
  return modality === 'music' || modality === 'speech' ? 'audio' : 'video';
}

/** The results, from the richest place that has any. */
function outputsOf(node: Record<string, unknown>, kind: MediaKind): OutputFacts[] {
  const metadata = isRecord(node.metadata) ? node.metadata : {};
  const result = isRecord(node.result) ? node.result : {};
  const upstream = isRecord(node.data) ? node.data : {};
  const content = isRecord(upstream.content) ? upstream.content : {};
  for (const list of [node.results, result.data, node.data, node.urls]) {
    const found = (Array.isArray(list) ? list : []).flatMap((item) => outputOf(item, kind, node));
    if (found.length > 0) return found;
  }
  const single = [
    node.url,
    node.result_url,
    metadata.url,
    node.video_url,
    node.audio_url,
    node.imageUrl,
    content.video_url,
  ];
  for (const url of single) {
    const found = outputOf({ url }, kind, node);
    if (found.length > 0) return found;
  }
  return [];
}

/** One entry of a list of results: an object with a URL (or base64 bytes), or the URL itself. */
function outputOf(item: unknown, kind: MediaKind, node: Record<string, unknown>): OutputFacts[] {
  const entry = isRecord(item) ? item : { url: item };
  const format = textOf(entry.format) ?? textOf(node.format);
  const inline = textOf(entry.b64_json);
  const url =
    urlOf(entry.url) ??
    urlOf(entry.audio_url) ??
    urlOf(entry.video_url) ??
    (inline === undefined ? undefined : `data:${kind}/${format ?? 'png'};base64,${inline}`);
  if (url === undefined) return [];
  const facts: OutputFacts = { url, kind };
  // The gateway writes bare words ("video") here; only a real type is passed on.
  const contentType = textOf(entry.content_type);
  if (contentType?.includes('/')) facts.contentType = contentType;
  facts.kind = kindSaid(contentType) ?? (kind === 'video' ? kindNamed(url) : undefined) ?? kind;
  const numbers = { width: 'width', height: 'height', durationSeconds: 'duration', bytes: 'size' } as const;
  for (const [name, field] of Object.entries(numbers)) {
    const value = numberOf(entry[field]);
    if (value !== undefined && value > 0) Object.assign(facts, { [name]: value });
  }
  const title = textOf(entry.title);
  if (title !== undefined) facts.title = title;
  return [facts];
}

/** A video task may also give a picture (its last frame): the entry's own words go before the task's kind. */
function kindSaid(contentType: string | undefined): MediaKind | undefined {
  const word = contentType?.split('/')[0];
  return word === 'image' || word === 'video' || word === 'audio' ? word : undefined;
}

const EXTENSIONS: readonly [RegExp, MediaKind][] = [
  [/\.(png|jpe?g|webp|gif|avif)$/i, 'image'],
  [/\.(mp4|mov|webm|mkv)$/i, 'video'],
  [/\.(mp3|wav|flac|ogg|opus|m4a|aac)$/i, 'audio'],
];

function kindNamed(url: string): MediaKind | undefined {
  if (url.startsWith('data:')) return undefined;
  const { pathname } = new URL(url);
  return EXTENSIONS.find(([pattern]) => pattern.test(pathname))?.[1];
}

/** What a failed task says of itself; its error text may sit in `metadata.url`. */
function errorOf(node: Record<string, unknown>): TaskError {
  const error = isRecord(node.error) ? node.error : {};
  const metadata = isRecord(node.metadata) ? node.metadata : {};
  const places = [error.message, node.error, node.fail_reason, node.failReason, metadata.url, node.message];
  const message = places.map(textOf).find((text) => text !== undefined && urlOf(text) === undefined);
  const code = textOf(error.code);
  return {
    ...(code === undefined ? {} : { code }),
    message: message ?? 'the gateway gives no reason',
    kind: failureKind(`${code ?? ''} ${message ?? ''}`),
  };
}

const FAILURE_KINDS: readonly [RegExp, TaskError['kind']][] = [
  [/sensitive|moderation|policy|portrait|real person|copyright|violat|审核|敏感/i, 'moderation'],
  [/quota|balance|余额|额度/i, 'balance'],
  [/time(d)?[ _-]?out|超时/i, 'timeout'],
  [/601300|pixel|invalid|parameter|unsupported|must be|download failed/i, 'input'],
  [/internal error|upstream|5\d\d|service unavailable/i, 'upstream'],
];

function failureKind(text: string): TaskError['kind'] {
  return FAILURE_KINDS.find(([pattern]) => pattern.test(text))?.[1] ?? 'unknown';
}
