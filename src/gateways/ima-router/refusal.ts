// How ima-router says no: four envelopes, read by code and message before the HTTP status (field-notes A1, "Errors").

import { statusOf } from '../../tasks/index.js';
import {
  type Answer,
  codeOf,
  isId,
  isRecord,
  kindOfStatus,
  numberOf,
  type Refusal,
  type RefusalKind,
  textOf,
  valueAt,
} from '../../transport/index.js';
import { isEmptyEnvelope } from './envelope.js';
import { unwrapped } from './message.js';
import { inputIndexOf, NO_BALANCE, verdictOn } from './verdict.js';

/**
 * Codes whose status misleads: balance trouble comes as 403, a lost task as 400, a missing feature as 501. Midjourney
 * has them for its `description` (under numbers that say little), and any envelope may have one for its message.
 */
const KIND_OF_CODE: Readonly<Record<string, RefusalKind>> = {
  insufficient_user_quota: 'balance',
  pre_consume_token_quota_failed: 'balance',
  quota_exhausted: 'balance',
  quota_not_enough: 'balance',
  task_not_exist: 'task-not-found',
  task_no_found: 'task-not-found',
  // A button pressed in the moment that its task ends.
  task_status_not_success: 'busy',
  not_implemented: 'invalid',
};

/** Codes that are HTTP statuses, where the answer's own is a 2xx. 404 is not here: what was not found, it does not say. */
const STATUS_CODES = new Set(['401', '402', '403', '429']);

/** The same for a request at fault, where no words say better what it is about. */
const BAD_REQUEST_CODES = new Set(['400', '413', '422']);

/** Trouble said in words only, whoever says it: overload. */
const OVERLOAD = /负载已饱和|request limit reached/i;

/** Words that mean the caller's account and task only where they are the gateway's own and not its upstream's. */
const KIND_OF_OWN_WORDS: readonly [RegExp, RefusalKind][] = [
  [NO_BALANCE, 'balance'],
  [/^(?:task|asset) not found/i, 'task-not-found'],
];

/** A bad key, where no 401 says so. */
const BAD_KEY =
  /无效的令牌|token (?:status is unavailable|not provided|(?:has |is )?expired)|\bunauthori[sz]ed\b|\b(?:invalid|incorrect) (?:api[ _-]?key|token)\b/i;

/** Under these codes the words are the upstream's. */
const UPSTREAM_CODES = new Set(['fail_to_fetch_task', 'bad_response_status_code']);

/** Kinds that speak of somebody's key or account: said by an upstream, of the gateway's own and not of the caller's. */
const ABOUT_ACCOUNT = new Set<RefusalKind>(['authentication', 'balance', 'permission']);

/**
 * Reads an answer as a refusal; null when it is none, or in none of the gateway's envelopes. JSON alone is not enough:
 * load balancers and proxies answer `{"message":"Endpoint request timed out"}`, and behind them a task may be running.
 * A 2xx is one only where it says so in its own words (`{"success":false}`: all asset errors come so).
 */
export function readRefusal(answer: Answer): Refusal | null {
  const body = answer.json;
  if (!isRecord(body)) return null;
  if (answer.ok) return isRefusal(body) ? refusalIn(answer, body, 'invalid') : troubleOfCall(answer);
  // Other answers below 500 say that nothing was taken in whatever form; there the words are worth having.
  const mayBeTaken = answer.status >= 500 || answer.status === 408;
  return mayBeTaken && !isOwn(body) ? null : refusalIn(answer, body, kindOfStatus(answer.status));
}

/** `{error: {message, type}}`, `{code, message, data}`, `{success: false, message}`, `{code, description, type}`. */
function isOwn(body: Record<string, unknown>): boolean {
  const { data } = body;
  // It answers with a task, whatever else it says.
  if (isRecord(data) && (isId(data.task_id) || isId(data.id))) return false;
  if (isRecord(body.error)) return textOf(body.error.message) !== undefined && typeof body.error.type === 'string';
  if (body.success === false) return true;
  return 'code' in body && ('data' in body || (typeof body.description === 'string' && typeof body.type === 'string'));
}

/** Whether a 2xx is a refusal all the same. What has a status is a state, also that of a failed task. */
function isRefusal(body: Record<string, unknown>): boolean {
  const data = isRecord(body.data) ? body.data : undefined;
  if (typeof body.status === 'string' || typeof data?.status === 'string') return false;
  if (body.success === false) return true;
  if (isId(body.id) || data !== undefined) return false;
  return isOwn(body) && (isRecord(body.error) || kindOfCode(textOf(body.code)) !== undefined);
}

/** The kind that a code stands for by itself. */
export function kindOfCode(code: string | undefined): RefusalKind | undefined {
  return code !== undefined && Object.hasOwn(KIND_OF_CODE, code) ? KIND_OF_CODE[code] : undefined;
}

/** Words, or a code, that tell of a task and not of the call that asks for it; "failed to fetch task" is none of them. */
const TELLS_OF_TASK =
  /(?<!(?:get|fetch|query)[ _])(?:task|generation|video|image|audio|music)(?:[ _](?:generation|processing|execution|has|was|is))*[ _](?:fail|error|timed?[ _-]?out)|(?<!获取|查询)任务(?:超时|失败|执行)|生成(?:失败|超时)|^\s*timed?[ _-]?out\W*$/i;

/**
 * The trouble of a status call that comes as a 2xx in the words of a failed task: `{"status":"error","message":"service
 * unavailable"}`. It ends no task. Where the envelope holds nothing of a task, what it says decides:
 * - of load, servers, a key, an account, or a task that is not there: trouble of the call, and a refusal;
 * - of the input, of moderation, of the task itself, of nothing that is known, or nothing at all: the task has failed,
 *   for true failures come as short as that.
 */
export function troubleOfCall(answer: Answer, id?: string): Refusal | null {
  const body = answer.json;
  if (!isRecord(body)) return null;
  const words = [body.status, valueAt(body, ['data', 'status'])].filter((word) => typeof word === 'string');
  if (words.length === 0 || words.some((word) => statusOf(word) !== 'failed')) return null;
  if (!isEmptyEnvelope(body, id)) return null;
  const envelope = isRecord(body.error) ? body.error : body;
  const code = codeOf(envelope.code);
  const status = numberOf(code) ?? 0;
  const isFault = status === 404 || status === 408 || (status >= 500 && status < 600);
  const fallback = isFault ? (status === 408 ? 'server' : kindOfStatus(status)) : 'invalid';
  const said = refusalIn(answer, body, fallback) ?? refusalIn(answer, { ...body, message: code }, fallback);
  if (said === null || said.kind === 'invalid') return null;
  return TELLS_OF_TASK.test(`${code ?? ''} ${said.message}`) ? null : said;
}

/** The refusal in `body`, of `fallback`'s kind unless it says more; null when it says nothing at all. */
export function refusalIn(answer: Answer, body: Record<string, unknown>, fallback: RefusalKind): Refusal | null {
  const envelope = isRecord(body.error) ? body.error : body;
  const gatewayCode = codeOf(envelope.code);
  const text = textOf(envelope.message) ?? textOf(body.description) ?? textOf(body.error) ?? textOf(body.message);
  const said = text ?? (answer.ok ? undefined : gatewayCode);
  if (said === undefined) return null;
  const { message, requestId } = unwrapped(said);
  const param = textOf(envelope.param);
  const isUpstreams = UPSTREAM_CODES.has(gatewayCode ?? '') || textOf(envelope.type) === 'upstream_error';
  // Midjourney's envelope says `upstream_error` of everything, also under the gateway's own words.
  const isOwnCode = !isUpstreams || typeof body.description === 'string';
  const known = kindOfCode(gatewayCode) ?? (isOwnCode ? kindOfCode(message.split(' ', 1)[0]) : undefined);
  const kind =
    known ?? kindOf({ status: answer.status, code: gatewayCode ?? '', param, message, isUpstreams, fallback });
  return {
    // What an upstream thinks of the gateway's key and account says nothing of the caller's.
    kind: known === undefined && isUpstreams && ABOUT_ACCOUNT.has(kind) ? 'upstream-refused' : kind,
    message,
    gatewayCode,
    param,
    requestId: requestId ?? requestIdOf(answer),
    inputIndex: kind === 'invalid' ? inputIndexOf(message) : undefined,
  };
}

interface Said {
  status: number;
  code: string;
  param: string | undefined;
  message: string;
  isUpstreams: boolean;
  fallback: RefusalKind;
}

function kindOf({ status, code, param, message, isUpstreams, fallback }: Said): RefusalKind {
  if (hidesNotFound({ status, code, param, message })) return 'upstream-not-found';
  if (OVERLOAD.test(message)) return 'rate';
  const said = isUpstreams ? undefined : KIND_OF_OWN_WORDS.find(([pattern]) => pattern.test(message))?.[1];
  if (said !== undefined) return said;
  const isGood = status < 300;
  if (isGood && STATUS_CODES.has(code)) return kindOfStatus(Number(code));
  // Where the status says nothing of the kind (a body that is refused also comes as 500), the words do.
  if (isGood || status >= 500) {
    if (isGood && BAD_KEY.test(message)) return 'authentication';
    const { kind } = verdictOn(`${code} ${message}`);
    if (kind === 'moderation' || (kind === 'input' && !/download/i.test(message))) return 'invalid';
    if (isGood && (kind === 'upstream' || kind === 'timeout')) return 'busy';
  }
  return isGood && BAD_REQUEST_CODES.has(code) ? 'invalid' : fallback;
}

/** An upstream's 404, also where it was rewritten as a 429: the `param` still has it. */
function hidesNotFound({ status, code, param, message }: Omit<Said, 'isUpstreams' | 'fallback'>): boolean {
  if (code === 'bad_response_status_code') return param === '404';
  return code === 'fail_to_fetch_task' && (status === 404 || /^not found$/i.test(message));
}

/** The id of the exchange, from the header family of this gateway. */
export function requestIdOf(answer: Answer): string | undefined {
  return answer.header('x-oneapi-request-id') ?? answer.header('x-request-id') ?? undefined;
}
