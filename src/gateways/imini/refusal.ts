// How imini says no: one envelope, nested or flat, told from what edges and proxies say, and read by its code before any status.

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

/** Codes of this gateway are words in capitals; what numbers its errors is somebody in between. */
const OWN_CODE = /^[A-Z][A-Z\d]*(?:_[A-Z\d]+)*$/;

/** Codes that say that it went well, and those of who lost patience: a task may exist. */
const GOOD_CODE = /^(?:SUCCESS|SUCCEEDED|OK|ACCEPTED|CREATED|QUEUED|PENDING|PROCESSING)$/;
const LOST_PATIENCE = /TIME_?OUT|TIMED_OUT|DEADLINE|time(?:d)?[ -]?out|deadline/;

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
  if (!isRecord(body) || (answer.ok && isTask(body))) return null;
  const trouble = troubleIn(body);
  if (trouble === undefined) return null;
  const isSure = answer.status >= 300 && answer.status < 500 && answer.status !== 408;
  if (!isSure && !isOwn(body, trouble)) return null;
  const kind = kindOf(trouble, answer.status);
  if (kind === undefined) return null;
  return { kind, message: trouble.message, gatewayCode: trouble.code, requestId: trouble.requestId };
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

/** `{error: {code, message}}`, or flat with something else of the envelope beside it. */
function isOwn({ error, request_id: id }: Record<string, unknown>, { code = '', message, status }: Trouble): boolean {
  if (!OWN_CODE.test(code) || GOOD_CODE.test(code) || LOST_PATIENCE.test(`${code} ${message}`)) return false;
  return isRecord(error) || status !== undefined || textOf(id) !== undefined;
}
