// How ima-router says no: four envelopes, read by code and message before the HTTP status (field-notes A1, "Errors").

import { type Answer, kindOfStatus, type Refusal, type RefusalKind } from '../../transport/index.js';
import { isRecord, textOf } from './json.js';

/** Codes whose status misleads: balance trouble comes as 403, a lost task as 400. */
const KIND_OF_CODE: Readonly<Record<string, RefusalKind>> = {
  insufficient_user_quota: 'balance',
  pre_consume_token_quota_failed: 'balance',
  quota_exhausted: 'balance',
  task_not_exist: 'task-not-found',
};

/** The same trouble said in words only. */
const KIND_OF_MESSAGE: readonly [RegExp, RefusalKind][] = [
  [/insufficient (user )?(quota|balance)|quota is not enough|余额不足|额度不足/i, 'balance'],
  [/^task_not_exist$|^task not found/i, 'task-not-found'],
  [/当前分组上游负载已饱和|request limit reached/i, 'rate'],
];

/** Upstream bodies come whole as messages; nobody reads more than this of one. */
const LONGEST_MESSAGE = 4000;

/** Messages end in the id of the exchange: `… (request id: 2026…)`. */
const REQUEST_ID = /\(request id: ([^()]{1,200})\)$/i;

/**
 * Reads a non-2xx answer; null when it is in none of the gateway's envelopes. JSON alone is not enough: load balancers
 * and proxies answer `{"message":"Endpoint request timed out"}`, and behind them a task may be running.
 */
export function readRefusal(answer: Answer): Refusal | null {
  const body = answer.json;
  if (!isRecord(body)) return null;
  const nested = isRecord(body.error) ? body.error : undefined;
  const envelope = nested ?? body;
  const message = textOf(envelope.message) ?? textOf(body.description);
  const gatewayCode = textOf(envelope.code);
  const own =
    nested !== undefined
      ? textOf(nested.message) !== undefined && (typeof nested.type === 'string' || 'code' in nested)
      : body.success === false || 'code' in body;
  // Answers below 500 say that nothing was taken in whatever form; there the words are worth having.
  if (!own && answer.status >= 500) return null;
  const said = message ?? textOf(body.error) ?? gatewayCode;
  if (said === undefined) return null;
  return refusalOf({
    status: answer.status,
    message: said,
    gatewayCode,
    param: textOf(envelope.param),
    requestId: requestIdOf(answer),
  });
}

/** Classifies a refusal that was found in a body of any status. */
export function refusalOf(at: {
  status: number;
  message: string;
  gatewayCode?: string | undefined;
  param?: string | undefined;
  requestId?: string | undefined;
}): Refusal {
  const text = at.message.slice(0, LONGEST_MESSAGE).trim();
  const message = text.replace(REQUEST_ID, '').trimEnd();
  return {
    kind: kindOf(at.status, at.gatewayCode, message),
    message,
    gatewayCode: at.gatewayCode,
    param: at.param,
    requestId: REQUEST_ID.exec(text)?.[1] ?? at.requestId,
  };
}

function kindOf(status: number, code: string | undefined, message: string): RefusalKind {
  if (code !== undefined && Object.hasOwn(KIND_OF_CODE, code)) return KIND_OF_CODE[code] ?? kindOfStatus(status);
  for (const [pattern, kind] of KIND_OF_MESSAGE) if (pattern.test(message)) return kind;
  return status < 300 ? 'busy' : kindOfStatus(status);
}

/** The id of the exchange, from the header family of this gateway. */
export function requestIdOf(answer: Answer): string | undefined {
  return answer.headers.get('x-oneapi-request-id') ?? answer.headers.get('x-request-id') ?? undefined;
}
