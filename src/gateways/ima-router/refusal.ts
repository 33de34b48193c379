// How ima-router says no: four envelopes, read by code and message before the HTTP status (field-notes A1, "Errors").

import { type Answer, kindOfStatus, type Refusal, type RefusalKind } from '../../transport/index.js';
import { isRecord, textOf } from './json.js';
import { unwrapped } from './message.js';
import { inputIndexOf, NO_BALANCE, verdictOn } from './verdict.js';

/** Codes whose status misleads: balance trouble comes as 403, a lost task as 400, a missing feature as 501. */
const KIND_OF_CODE: Readonly<Record<string, RefusalKind>> = {
  insufficient_user_quota: 'balance',
  pre_consume_token_quota_failed: 'balance',
  quota_exhausted: 'balance',
  task_not_exist: 'task-not-found',
  not_implemented: 'invalid',
};

/** Trouble said in words only, whoever says it: overload, and a button pressed in the moment that its task ends. */
const KIND_OF_WORDS: readonly [RegExp, RefusalKind][] = [
  [/负载已饱和|request limit reached/i, 'rate'],
  [/^task_status_not_success$/, 'busy'],
];

/** Words that mean the caller's account, key and task only where they are the gateway's own and not its upstream's. */
const KIND_OF_OWN_WORDS: readonly [RegExp, RefusalKind][] = [
  [NO_BALANCE, 'balance'],
  [/^task_not_exist$|^task_no_found$|^task not found/i, 'task-not-found'],
];

/** A bad key, where no 401 says so. */
const BAD_KEY = /无效的令牌|token (?:status is unavailable|not provided)/i;

/** Under these codes the words are the upstream's. */
const UPSTREAM_CODES = new Set(['fail_to_fetch_task', 'bad_response_status_code']);

/**
 * Reads an answer as a refusal; null when it is none, or in none of the gateway's envelopes. JSON alone is not enough:
 * load balancers and proxies answer `{"message":"Endpoint request timed out"}`, and behind them a task may be running.
 * A 2xx is one only where it says so in its own words (`{"success":false}`: all asset errors come so).
 */
export function readRefusal(answer: Answer): Refusal | null {
  const body = answer.json;
  if (!isRecord(body)) return null;
  if (answer.ok) return isRefusal(body) ? refusalIn(answer, body, 'invalid') : null;
  // Other answers below 500 say that nothing was taken in whatever form; there the words are worth having.
  const mayBeTaken = answer.status >= 500 || answer.status === 408;
  return mayBeTaken && !isOwn(body) ? null : refusalIn(answer, body, kindOfStatus(answer.status));
}

/** `{error: {message, type}}`, `{code, message, data}`, `{success: false, message}`, `{code, description, type}`. */
function isOwn(body: Record<string, unknown>): boolean {
  const { data } = body;
  // It answers with a task, whatever else it says.
  if (isRecord(data) && (textOf(data.task_id) ?? textOf(data.id)) !== undefined) return false;
  if (isRecord(body.error)) return textOf(body.error.message) !== undefined && typeof body.error.type === 'string';
  if (body.success === false) return true;
  return 'code' in body && ('data' in body || (typeof body.description === 'string' && typeof body.type === 'string'));
}

/** Whether a 2xx is a refusal all the same. What has a status is a state, also that of a failed task. */
function isRefusal(body: Record<string, unknown>): boolean {
  const data = isRecord(body.data) ? body.data : undefined;
  if (typeof body.status === 'string' || typeof data?.status === 'string') return false;
  if (body.success === false) return true;
  if (textOf(body.id) !== undefined || data !== undefined) return false;
  return isOwn(body) && (isRecord(body.error) || Object.hasOwn(KIND_OF_CODE, textOf(body.code) ?? ''));
}

/** The refusal in `body`, of `fallback`'s kind unless it says more; null when it says nothing at all. */
export function refusalIn(answer: Answer, body: Record<string, unknown>, fallback: RefusalKind): Refusal | null {
  const envelope = isRecord(body.error) ? body.error : body;
  const gatewayCode = textOf(envelope.code);
  const text = textOf(envelope.message) ?? textOf(body.description) ?? textOf(body.error) ?? textOf(body.message);
  const said = text ?? (answer.ok ? undefined : gatewayCode);
  if (said === undefined) return null;
  const { message, requestId } = unwrapped(said);
  const param = textOf(envelope.param);
  const isUpstreams = UPSTREAM_CODES.has(gatewayCode ?? '') || textOf(envelope.type) === 'upstream_error';
  const kind = kindOf({ status: answer.status, gatewayCode, param, message, isUpstreams, fallback });
  return {
    kind,
    message,
    gatewayCode,
    param,
    requestId: requestId ?? requestIdOf(answer),
    inputIndex: kind === 'invalid' ? inputIndexOf(message) : undefined,
  };
}

function kindOf(at: {
  status: number;
  gatewayCode: string | undefined;
  param: string | undefined;
  message: string;
  isUpstreams: boolean;
  fallback: RefusalKind;
}): RefusalKind {
  const { status, gatewayCode: code = '', message } = at;
  const known = Object.hasOwn(KIND_OF_CODE, code) ? KIND_OF_CODE[code] : undefined;
  if (known !== undefined) return known;
  if (hidesNotFound(code, at)) return 'upstream-not-found';
  const words = at.isUpstreams ? KIND_OF_WORDS : [...KIND_OF_WORDS, ...KIND_OF_OWN_WORDS];
  const said = words.find(([pattern]) => pattern.test(message))?.[1];
  if (said !== undefined) return said;
  // Where the status says nothing of the kind (a body that is refused also comes as 500), the words do.
  if (status < 300 || status >= 500) {
    if (status < 300 && BAD_KEY.test(message)) return 'authentication';
    const { kind } = verdictOn(`${code} ${message}`);
    if (kind === 'moderation' || (kind === 'input' && !/download/i.test(message))) return 'invalid';
    if (status < 300 && (kind === 'upstream' || kind === 'timeout')) return 'busy';
  }
  return at.fallback;
}

/** An upstream's 404, also where it was rewritten as a 429: the `param` still has it. */
function hidesNotFound(code: string, at: { status: number; param: string | undefined; message: string }): boolean {
  if (code === 'bad_response_status_code') return at.param === '404';
  return code === 'fail_to_fetch_task' && (at.status === 404 || /^not found$/i.test(at.message));
}

/** The id of the exchange, from the header family of this gateway. */
export function requestIdOf(answer: Answer): string | undefined {
  return answer.header('x-oneapi-request-id') ?? answer.header('x-request-id') ?? undefined;
}
