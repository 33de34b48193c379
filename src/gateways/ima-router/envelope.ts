// Whether an object speaks of a task or is only the envelope around an answer: told by the fields beside its words.

import { isId, isRecord, textOf } from '../../transport/index.js';

/** Fields that only a task has, beside its id, in any of the families (design 5, field-notes A1). */
const FIELDS_OF_TASKS = [
  ...['progress', 'model', 'task_code', 'task_status'],
  ...['results', 'result', 'result_url', 'url', 'urls', 'video_url', 'audio_url', 'imageUrl', 'metadata'],
  ...['submit_time', 'submitTime', 'fail_reason', 'failReason', 'amount_usd', 'usage'],
];

/** A call may have them too. */
const TIMES = ['created_at', 'started_at', 'completed_at', 'start_time', 'finish_time', 'startTime', 'finishTime'];

/** Whether anything of a task stands beside the words of `body`. */
export function hasTaskFields(body: Record<string, unknown>): boolean {
  return tellsOfTask(body, undefined) || TIMES.some((name) => isThere(body, name));
}

/**
 * Whether `body` is an envelope and nothing of a task is in it, nor in its `data`. Where the task's `id` is known, another
 * one is that of the exchange.
 */
export function isEmptyEnvelope(body: Record<string, unknown>, id: string | undefined): boolean {
  const { data } = body;
  const isEmpty = data == null || data === '' || (isRecord(data) && !tellsOfTask(data, id));
  // The call went well: what stands inside is the task's.
  const isItsOwn = isRecord(data) && /^(?:success|ok|0|200)$/i.test(textOf(body.code) ?? '');
  return isEmpty && !isItsOwn && !tellsOfTask(body, id);
}

function tellsOfTask(node: Record<string, unknown>, id: string | undefined): boolean {
  const isTasks = (value: unknown) => isId(value) && (id === undefined || String(value) === id);
  return isTasks(node.id) || isTasks(node.task_id) || FIELDS_OF_TASKS.some((name) => isThere(node, name));
}

function isThere(node: Record<string, unknown>, name: string): boolean {
  return Object.hasOwn(node, name) && node[name] != null && node[name] !== '';
}
