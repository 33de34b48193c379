// How imini says no: one envelope, nested or flat, told from what edges and proxies say, and read by its code before any status.

import { LOST_TOUCH, SPEAKS_OF_TAKING } from '../../tasks/index.js';
import {
  type Answer,
  codeOf,
  isRecord,
  kindOfStatus,
  numberOf,
  type Refusal,
  type RefusalKind,
  textOf,
} from '../../transport/index.js';

/** What an error says (seed 004): `{error: {code, message, status, request_id}}`; third parties saw it without the wrapping. */
export interface Trouble {
  code: string | undefined;
  message: string;
  /** The HTTP status that it stands for, whatever the answer's own is. */
  status: number | undefined;
  requestId: string | undefined;
}

/**
 * Codes by what they are about; the first that fits. Documented or seen are INVALID_PROMPT, INVALID_PARAMETER,
 * INSUFFICIENT_CREDITS, RATE_LIMITED and TASK_NOT_FOUND (field-notes A2); the others are what such codes are called elsewhere.
 */
const KINDS: readonly [RegExp, RefusalKind][] = [
  [/RATE_?(?:LIMIT|QUOTA)|TOO_MANY|THROTTL/, 'rate'],
  [/CREDIT|QUOTA|BALANCE|PAYMENT/, 'balance'],
  [/^TASK_(?:NOT_FOUND|EXPIRED|NOT_EXIST)/, 'task-not-found'],
  [/API_?KEY|UNAUTHORI|UNAUTHENTI|AUTHENTICATION|TOKEN/, 'authentication'],
  [/FORBIDDEN|PERMISSION|ACCESS_DENIED/, 'permission'],
  [/^INVALID_|^MISSING_|^UNSUPPORTED_|VALIDATION|SENSITIVE|MODERATION|CONTENT_/, 'invalid'],
  [/INTERNAL|UPSTREAM|UNAVAILABLE|OVERLOAD/, 'server'],
];

/**
 * Behind a 5xx, a 408 or a 2xx a task may be running: there only these are believed, at the statuses that the vendor calls
 * safe to repeat (seed 004: 500 and 502; 503 is what users saw).
 */
const SURE_CODE =
  /^(?:INVALID_PROMPT|INVALID_PARAMETER|INSUFFICIENT_CREDITS|RATE_LIMITED|TASK_NOT_FOUND|INVALID_API_KEY|UNAUTHORIZED|FORBIDDEN|INTERNAL_(?:SERVER_)?ERROR|UPSTREAM_ERROR|SERVICE_UNAVAILABLE|OVERLOADED)$/;
const SURE_STATUS = new Set([500, 502, 503]);

/** A 403 is the key's or the credits' (the pages say 402 for these, the vendor's skill 403): words tell, where no code does. */
const SPEAKS_OF_CREDITS = /credit|quota|balance|top[ -]?up|insufficient/i;

/** A 429 is for "your account's rate quota" (seed 004): of its codes only these are about money. */
const MONEY_CODE = /CREDIT|BALANCE|PAYMENT/;

/** The error of `body`, if it has one; the `error` of a task counts too. */
export function troubleIn(body: Record<string, unknown>): Trouble | undefined {
  const { error } = body;
  const envelope = isRecord(error) && (codeOf(error.code) ?? textOf(error.message)) !== undefined ? error : body;
  const code = codeOf(envelope.code);
  const message = textOf(envelope.message) ?? textOf(error) ?? code;
  if (message === undefined) return undefined;
  return {
    code,
    message,
    status: numberOf(envelope.status),
    requestId: textOf(envelope.request_id) ?? textOf(body.request_id),
  };
}

/** What an error is about; undefined where neither code nor status tells. `status` is that of the answer. */
export function kindOf({ code, message, status: said }: Trouble, status: number): RefusalKind | undefined {
  const own = code?.toUpperCase() ?? '';
  const meant = status >= 400 ? status : (said ?? 0);
  if (meant === 429 && !MONEY_CODE.test(own)) return 'rate';
  const byCode = KINDS.find(([pattern]) => pattern.test(own))?.[1];
  if (byCode !== undefined) return byCode;
  if (meant === 403 && SPEAKS_OF_CREDITS.test(message)) return 'balance';
  return meant >= 400 ? kindOfStatus(meant) : undefined;
}

/**
 * Reads an answer as a refusal in the gateway's own words; null when it is none. A 2xx is one only where it has an error
 * and nothing of a task: a failed task comes as 200 with an error too, and has a word for its status. Behind a 5xx or a 408
 * that is not in its own words, or that says that somebody lost patience, a task may be running.
 */
export function readRefusal(answer: Answer): Refusal | null {
  const body = answer.json;
  if (!isRecord(body)) return null;
  const trouble = troubleIn(body);
  if (trouble === undefined || (answer.ok && isTask(body) && !isAboutCall(body, trouble))) return null;
  const isSure = answer.status >= 300 && answer.status < 500 && answer.status !== 408;
  if (!isSure && !(isOwn(body, trouble) && (answer.ok || SURE_STATUS.has(answer.status)))) return null;
  return refusalOf(trouble, answer);
}

/** `trouble` as a refusal; null where nothing tells what it is about. */
export function refusalOf(trouble: Trouble, { status }: Answer): Refusal | null {
  const kind = kindOf(trouble, status);
  const { message, code: gatewayCode, requestId } = trouble;
  return kind === undefined ? null : { kind, message, gatewayCode, requestId };
}

/** Of the exchange: in every body, or in its error. */
export function requestIdOf({ json }: Answer): string | undefined {
  if (!isRecord(json)) return undefined;
  return textOf(json.request_id) ?? (isRecord(json.error) ? textOf(json.error.request_id) : undefined);
}

/** Whether `body` is a task, or names one: numbers that stand where its word should are statuses of the exchange. */
export function isTask(body: Record<string, unknown>): boolean {
  const { status } = body;
  return textOf(body.task_id) !== undefined || (typeof status === 'string' && numberOf(status) === undefined);
}

/** An error that is not of the task whose id is echoed beside it, but of the call that asks for it. */
function isAboutCall({ status }: Record<string, unknown>, trouble: Trouble): boolean {
  const kind = kindOf(trouble, 0);
  return status == null && (kind === 'task-not-found' || kind === 'authentication' || kind === 'permission');
}

/** `{error: {code, message}}`, or flat with something else of the envelope beside it; and nobody lost patience or speaks of a task. */
function isOwn({ error, request_id: id }: Record<string, unknown>, { code = '', message, status }: Trouble): boolean {
  if (!SURE_CODE.test(code) || LOST_TOUCH.test(message) || SPEAKS_OF_TAKING.test(message)) return false;
  return (isRecord(error) || status !== undefined || textOf(id) !== undefined) && status !== 504 && status !== 408;
}
