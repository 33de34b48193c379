// A gateway's "no", read once: which kind of refusal it is, and the error that says so.

import {
  AuthenticationError,
  type ErrorFacts,
  type ImaRouterError,
  InsufficientBalanceError,
  InvalidRequestError,
  InvalidResponseError,
  type KnownBalance,
  PermissionError,
  RateLimitError,
  ServerError,
  TaskNotFoundError,
} from './errors.js';
import type { Answer } from './exchange.js';

/** What a refusal is about; decides the error class and whether a repetition makes sense. */
export type RefusalKind =
  | 'authentication'
  | 'permission'
  | 'balance'
  | 'rate'
  | 'invalid'
  | 'not-found'
  | 'task-not-found'
  /** The gateway is well, and what stands behind it is not there. */
  | 'upstream-not-found'
  /** The gateway is well, and what stands behind it does not take the gateway's own key or account. */
  | 'upstream-refused'
  | 'busy'
  /** Nothing was taken, in loose words that no envelope vouches for: the caller may try again, nobody else. */
  | 'declined'
  | 'server';

/** A refusal in the gateway's own words. */
export interface Refusal {
  kind: RefusalKind;
  message: string;
  gatewayCode?: string | undefined;
  param?: string | undefined;
  requestId?: string | undefined;
  /** Which input the message names, from 0 in the list that it speaks of. */
  inputIndex?: number | undefined;
}

/**
 * Reads an answer as a refusal in the gateway's own envelope; null when it is not in that envelope.
 * Handed down by a gateway; must not throw.
 */
export type ReadRefusal = (answer: Answer) => Refusal | null;

/** The kind that a bare HTTP status stands for, where code and message say nothing better. */
export function kindOfStatus(status: number): RefusalKind {
  if (status === 401) return 'authentication';
  if (status === 402) return 'balance';
  if (status === 403) return 'permission';
  if (status === 404) return 'not-found';
  if (status === 429) return 'rate';
  return status >= 500 ? 'server' : 'invalid';
}

/** Repeating helps against load and faults, never against a refused request, key or balance. */
export function isRetryable(kind: RefusalKind): boolean {
  return kind === 'rate' || kind === 'server' || kind === 'busy';
}

const HINT: Record<RefusalKind, string> = {
  authentication: 'Check the API key: it may be mistyped, expired or revoked.',
  permission: 'The key is known but not allowed to do this: check its group, its address list and the account.',
  balance: 'Top up the account, then call again: nothing was bought.',
  rate: 'Wait and call again, or lower the concurrency.',
  invalid: 'Correct the request; the same request will be refused again.',
  'not-found': 'Check the base URL and the path.',
  'task-not-found': 'Check the task id, and that the key is the one that submitted it.',
  'upstream-not-found':
    'The model behind the gateway is not there: choose another endpoint or model, or ask the vendor.',
  'upstream-refused':
    'What stands behind the gateway refused the gateway, not your key: choose another endpoint or model, or ask the vendor.',
  busy: 'The gateway took no task: call again later.',
  declined: 'By its words the gateway took no task. Read them before you call again: nothing else says so.',
  server: 'The gateway or its upstream failed: call again later.',
};

/** The same for a question about a task: that was bought, and asking again is free. */
const HINT_OF_TASK: Partial<Record<RefusalKind, string>> = {
  authentication: 'Check the API key; the task keeps its id and can be read with a key that works.',
  balance: 'Top up the account, then read the task again: it keeps its id.',
  rate: 'Read the task again later; it runs on.',
  invalid: 'Check the task id and its poll path.',
  'not-found': 'Check the task id, and that the key is the one that submitted it.',
  busy: 'Read the task again later; it runs on.',
  'upstream-refused': 'What stands behind the gateway refused the gateway, not your key: read the task again later.',
  'upstream-not-found':
    'The gateway has lost what stands behind it: read the task again later, or ask the vendor with its id.',
};

/** The typed error for a refusal. `what` names the call in the message, e.g. `POST /v1/videos`. */
export function refusalError(
  what: string,
  refusal: Refusal,
  facts: Omit<ErrorFacts, 'code'> & Partial<KnownBalance>,
): ImaRouterError {
  const message = `${what} was refused${facts.status === undefined ? '' : ` (HTTP ${facts.status})`}: ${refusal.message}`;
  const all = {
    // Asking for a task again is free, and the gateway may mend its account; a submit would be refused again.
    retryable:
      isRetryable(refusal.kind) ||
      refusal.kind === 'declined' ||
      (refusal.kind === 'upstream-refused' && facts.taskId !== undefined),
    hint: (facts.taskId === undefined ? undefined : HINT_OF_TASK[refusal.kind]) ?? HINT[refusal.kind],
    gatewayCode: refusal.gatewayCode,
    param: refusal.param,
    requestId: refusal.requestId,
    inputIndex: refusal.inputIndex,
    ...facts,
  };
  switch (refusal.kind) {
    case 'authentication':
      return new AuthenticationError(message, { code: 'authentication_failed', ...all });
    case 'permission':
      return new PermissionError(message, { code: 'permission_denied', ...all });
    case 'balance':
      return new InsufficientBalanceError(message, { code: 'insufficient_balance', ...all });
    case 'rate':
      return new RateLimitError(message, { code: 'rate_limited', ...all });
    case 'invalid':
      return new InvalidRequestError(message, { code: 'request_refused', ...all });
    case 'not-found':
      // Asked about a task, "not found" is about the task.
      if (facts.taskId !== undefined) {
        return new TaskNotFoundError(message, { code: 'task_not_found', ...all });
      }
      return new InvalidResponseError(message, { code: 'route_not_found', ...all });
    case 'task-not-found':
      return new TaskNotFoundError(message, { code: 'task_not_found', ...all });
    case 'upstream-not-found':
      return new ServerError(message, { code: 'upstream_not_found', ...all });
    case 'upstream-refused':
      return new ServerError(message, { code: 'upstream_refused', ...all });
    case 'busy':
    case 'declined':
      // Asked about a task, no submit was refused.
      return new ServerError(message, { code: facts.taskId === undefined ? 'submit_refused' : 'server_error', ...all });
    case 'server':
      return new ServerError(message, { code: 'server_error', ...all });
  }
}
