// How imini says no: one envelope, nested or flat, read by its code before any status (seed 004, field-notes A2).

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

/** What an error says: `{error: {code, message, status, request_id}}`, or the same without the wrapping. */
export interface Trouble {
  code: string | undefined;
  message: string;
  /** The HTTP status that it stands for, whatever the answer's own is. */
  status: number | undefined;
  requestId: string | undefined;
}

/**
 * Codes by what they are about; the first that fits. Documented or seen are INVALID_PROMPT, INVALID_PARAMETER,
 * INSUFFICIENT_CREDITS, RATE_LIMITED and TASK_NOT_FOUND; the others are what such codes are called elsewhere.
 */
const KINDS: readonly [RegExp, RefusalKind][] = [
  [/CREDIT|QUOTA|BALANCE|PAYMENT/, 'balance'],
  [/RATE_?LIMIT|TOO_MANY|THROTTL/, 'rate'],
  [/^TASK_(?:NOT_FOUND|EXPIRED|NOT_EXIST)/, 'task-not-found'],
  [/API_?KEY|UNAUTHORI|UNAUTHENTI|AUTHENTICATION|TOKEN/, 'authentication'],
  [/FORBIDDEN|PERMISSION|ACCESS_DENIED/, 'permission'],
  [/^INVALID_|^MISSING_|^UNSUPPORTED_|VALIDATION|SENSITIVE|MODERATION|CONTENT_/, 'invalid'],
  [/INTERNAL|UPSTREAM|UNAVAILABLE|OVERLOAD|TIMEOUT/, 'server'],
];

/** A 403 is the key's or the credits' (the pages say 402 for these, the vendor's skill 403): words tell, where no code does. */
const SPEAKS_OF_CREDITS = /credit|quota|balance|top[ -]?up|insufficient/i;

/** The error of `body`, if it has one; the `error` of a task counts too. */
export function troubleIn(body: Record<string, unknown>): Trouble | undefined {
  const envelope = isRecord(body.error) ? body.error : body;
  const code = codeOf(envelope.code);
  const message = textOf(envelope.message) ?? textOf(body.error) ?? code;
  if (message === undefined) return undefined;
  return {
    code,
    message,
    status: numberOf(envelope.status),
    requestId: textOf(envelope.request_id) ?? textOf(body.request_id),
  };
}

/** What an error is about. `status` is that of the answer. */
export function kindOf({ code, message, status: said }: Trouble, status: number): RefusalKind {
  const byCode = KINDS.find(([pattern]) => code !== undefined && pattern.test(code.toUpperCase()))?.[1];
  if (byCode !== undefined) return byCode;
  const meant = status >= 400 ? status : (said ?? 0);
  if (meant === 403 && SPEAKS_OF_CREDITS.test(message)) return 'balance';
  return meant >= 400 ? kindOfStatus(meant) : 'invalid';
}

/**
 * Reads an answer as a refusal in the gateway's own words; null when it is none. A 2xx is one only where it has an error
 * and nothing of a task: a failed task comes as 200 with an error too, and has a word for its status.
 */
export function readRefusal(answer: Answer): Refusal | null {
  const body = answer.json;
  if (!isRecord(body)) return null;
  if (answer.ok && (isTask(body) || !tellsError(body))) return null;
  // Behind a page or a proxy's `{"message":…}` a task may be running.
  if ((answer.status >= 500 || answer.status === 408) && !tellsError(body)) return null;
  const trouble = troubleIn(body);
  if (trouble === undefined) return null;
  return {
    kind: kindOf(trouble, answer.status),
    message: trouble.message,
    gatewayCode: trouble.code,
    requestId: trouble.requestId,
  };
}

/** Whether `body` is a task, or names one. */
export function isTask(body: Record<string, unknown>): boolean {
  return textOf(body.task_id) !== undefined || typeof body.status === 'string';
}

/** The gateway's own error: a code and words for it, or an `error` object with either. */
function tellsError({ error, code, message }: Record<string, unknown>): boolean {
  if (isRecord(error)) return codeOf(error.code) !== undefined || textOf(error.message) !== undefined;
  return codeOf(code) !== undefined && textOf(message) !== undefined;
}
