// What the answer to a submit means for money: a task with an id, a refusal that is sure, or nothing that anybody knows.

import {
  exactJson,
  idOf,
  isLikeId,
  LOST_TOUCH,
  namesTask,
  SPEAKS_OF_NO_ROOM,
  SPEAKS_OF_TAKING,
  type SubmitReading,
  statusOf,
} from '../../tasks/index.js';
import {
  type Answer,
  isId,
  isRecord,
  kindOfStatus,
  numberOf,
  type Refusal,
  textOf,
  valueAt,
} from '../../transport/index.js';
import { kindOfCode, refusalIn } from './refusal.js';

/** Midjourney answers a submit with `{code, description, result}`; these codes mean that a task exists. */
const MIDJOURNEY_TAKEN = new Set([1, 21, 22]);

/** Codes of a 2xx that say "done": with them a task may exist, whatever else is missing. */
const GOOD_CODE = /^(?:success|succeeded|ok|accepted|0+|1|21|22|20\d)$/i;

/** A refusal that comes with an id is believed where it is of these kinds: before them no gateway makes a task. */
const SURE = new Set<Refusal['kind']>(['balance', 'authentication', 'permission', 'invalid']);

/** Words of somebody who has a result in hand: what was refused then is that, and the task has run. */
const SPEAKS_OF_RESULT = /output|result|generated/i;

/**
 * Reads the 2xx answer of a submit: the id of its task, a refusal, or null where a task may have been taken, which is
 * then not bought again. An error beside an id (which may be that of the exchange) is a refusal only if that is sure.
 */
export function readSubmitted(answer: Answer): { id: string } | Extract<SubmitReading, { refusal: Refusal }> | null {
  const body = exactJson(answer);
  if (!isRecord(body)) return null;
  const id = submittedId(body);
  if (id !== undefined) return { id };
  const refusal = refusalIn(answer, body, 'busy');
  if (refusal === null) return null;
  const isMidjourneys = isMidjourneysNo(body);
  if (namesTask(body) && !isMidjourneys) return tellsError(body) && isSure(refusal) ? { refusal } : null;
  const words = `${textOf(body.code) ?? ''} ${wordsOf(body)}`;
  // Who lost patience, or the connection, does not know what became of it, however he says so; and who speaks of a task
  // that was taken may have one.
  if (!isSure(refusal) && (LOST_TOUCH.test(words) || SPEAKS_OF_TAKING.test(words))) return null;
  if (isMidjourneys) return { refusal: midjourneysNo(refusal, body) };
  // An error in so many words says that no task was taken …
  if (saysNo(body)) return { refusal };
  // … and so do words that tell of a hindrance, under no word of success: `{"message":"queue full"}` (design 3.2). But
  // anybody may say such things: it is sent again only where they tell that there was no room.
  if (answer.status !== 200 || claimsSuccess(body)) return null;
  if (refusal.kind !== 'busy' || tellsError(body) || SPEAKS_OF_NO_ROOM.test(words)) return { refusal };
  return SPEAKS_OF_HINDRANCE.test(words) ? { refusal: { ...refusal, kind: 'declined' } } : null;
}

/**
 * Whether a task may have been taken although the HTTP status says no: one is named, and the refusal is not of a kind that
 * comes before any task.
 */
export function mayHaveBeenTaken(answer: Answer): boolean {
  const body = answer.json;
  if (!isRecord(body) || !namesTask(body, 'by its name')) return false;
  const refusal = refusalIn(answer, body, kindOfStatus(answer.status));
  return refusal === null || !isSure(refusal);
}

/** Flat `{id, task_id}`, wrapped `{code, data: {task_id}}`, or Midjourney's `{code: 1, result}`. */
function submittedId(body: Record<string, unknown>): string | undefined {
  const data = isRecord(body.data) ? body.data : {};
  // Beside an error a bare `id` may be that of the exchange; where a task's status stands too, it is the task's.
  const isTasks = !tellsError(body) || [body.status, data.status].some(isWord);
  const ids = isTasks ? [body.task_id, body.id, data.task_id, data.id] : [body.task_id, data.task_id];
  const named = ids.map(idOf).find((id) => id !== undefined);
  if (named !== undefined) return named;
  // Suno's, in gateways of this family: `{"code":"success","message":"","data":"<id>"}`.
  if (typeof body.data === 'string' && GOOD_CODE.test(textOf(body.code) ?? '') && isLikeId(body.data)) return body.data;
  return MIDJOURNEY_TAKEN.has(numberOf(body.code) ?? Number.NaN) ? idOf(body.result) : undefined;
}

function isWord(status: unknown): boolean {
  return typeof status === 'string' && status.trim() !== '';
}

/** Midjourney's envelope under a code of no task; what else stands in it is of its parent. */
function isMidjourneysNo({ code, description, task_id: id }: Record<string, unknown>): boolean {
  const number = numberOf(code);
  return typeof description === 'string' && number !== undefined && !GOOD_CODE.test(String(number)) && !isId(id);
}

/** By its number: 23 is a full queue, 4 and 24 (a forbidden word) a request at fault; others are a no, and nobody knows more. */
function midjourneysNo(refusal: Refusal, { code }: Record<string, unknown>): Refusal {
  const number = numberOf(code);
  const isKnown = refusal.kind !== 'busy' || kindOfCode(refusal.message.split(' ', 1)[0]) !== undefined;
  if (isKnown || number === 23 || SPEAKS_OF_NO_ROOM.test(refusal.message)) return refusal;
  return { ...refusal, kind: number === 4 || number === 24 ? 'invalid' : 'declined' };
}

/** Whether an error is told at all, by words, by a code, or by a number that no success has. */
function tellsError(body: Record<string, unknown>): boolean {
  const code = textOf(body.code);
  return (
    saysNo(body) ||
    (isWord(body.status) && statusOf(String(body.status)) === 'failed') ||
    isComplaint(body.error) ||
    !isGood(valueAt(body, ['error', 'code'])) ||
    // Some upstreams have high numbers for success, and say so.
    ((numberOf(code) ?? 0) >= 400 && !GOOD_CODE.test(textOf(body.message) ?? '')) ||
    kindOfCode(code) !== undefined ||
    ERROR_CODE.test(code ?? '')
  );
}

/** Codes of the gateway's own that say what went wrong (field-notes A1, "Other codes"). */
const ERROR_CODE = /(?:^|_)(?:fail(?:ed|ure)?|errors?|invalid|disabled?|unsupported)(?:_|$)/i;

function isGood(code: unknown): boolean {
  const text = textOf(code);
  return text === undefined || GOOD_CODE.test(text);
}

/** An error in so many words, also under `code: 200`. */
function saysNo(body: Record<string, unknown>): boolean {
  return body.success === false || isComplaint(valueAt(body, ['error', 'message']));
}

/** Texts that stand where errors do and are none. */
const NO_ERROR = /^(?:ok|success|succeeded|none|null|no error)$/i;

function isComplaint(value: unknown): boolean {
  const text = typeof value === 'string' ? value.trim() : '';
  return text !== '' && !NO_ERROR.test(text);
}

function isSure({ kind, gatewayCode = '', message }: Refusal): boolean {
  return SURE.has(kind) && !(kind === 'invalid' && SPEAKS_OF_RESULT.test(`${gatewayCode} ${message}`));
}

/** Words of a gateway that could not take a task for whatever reason, beside those of one that had no room. */
const SPEAKS_OF_HINDRANCE =
  /limit|exceed|fail|error|invalid|illegal|denied|unavailable|refus|reject|insufficient|unsupported|forbid|unauthori|too (?:large|long)|exhaust|maintenance|missing|required|失败|错误|无效|不足|不支持|不存在|超过|超出|限制|拒绝|异常|维护/i;

function wordsOf(body: Record<string, unknown>): string {
  return (
    textOf(body.message) ??
    textOf(body.description) ??
    textOf(body.msg) ??
    textOf(valueAt(body, ['error', 'message'])) ??
    ''
  );
}

function claimsSuccess(body: Record<string, unknown>): boolean {
  const data = isRecord(body.data) ? body.data : {};
  const words = [body, data].flatMap(({ status, state, task_status: task }) => [status, state, task]);
  return (
    body.success === true ||
    body.ok === true ||
    GOOD_CODE.test(textOf(body.code) ?? '') ||
    GOOD_CODE.test(textOf(body.message) ?? '') ||
    // Any word for how it goes but a bad one; a number is HTTP's.
    words.some((word) => (typeof word === 'number' ? word < 400 : isWord(word) && statusOf(String(word)) !== 'failed'))
  );
}
