// Whether an object speaks of a task or is only the envelope around an answer: told by the fields beside its words.

import { isId, isRecord } from './json.js';

/** Fields that only a task has, beside its id, in any of the families (design 5, field-notes A1). */
const FIELDS_OF_TASKS = [
  ...['progress', 'model', 'task_code', 'task_status'],
  ...['results', 'result', 'result_url', 'url', 'urls', 'video_url', 'audio_url', 'imageUrl', 'metadata'],
  ...['created_at', 'started_at', 'completed_at', 'submit_time', 'start_time', 'finish_time'],
  ...['submitTime', 'startTime', 'finishTime', 'fail_reason', 'failReason', 'amount_usd', 'usage'],
];

/** Whether anything of a task stands beside the words of `body`. */
export function hasTaskFields(body: Record<string, unknown>): boolean {
  const isThere = (name: string) => Object.hasOwn(body, name) && body[name] != null && body[name] !== '';
  return isId(body.id) || isId(body.task_id) || FIELDS_OF_TASKS.some(isThere);
}

/** Whether `body` is an envelope and nothing is in it: no field of a task, and no `data`, or one that says no more. */
export function isEmptyEnvelope(body: Record<string, unknown>): boolean {
  const { data } = body;
  const isEmpty = data == null || data === '' || (isRecord(data) && Object.keys(data).every((key) => key === 'status'));
  return isEmpty && !hasTaskFields(body);
}
