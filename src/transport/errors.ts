// The error tree: every failure that leaves this library, with what it means for the caller's money.

import { redactJson, redactText } from './redact.js';

/** Where in the life of a request an error arose. */
export type Phase = 'config' | 'route' | 'validate' | 'submit' | 'poll' | 'download';

/** One thing that is wrong with a request: where, what was expected, what came. */
export interface RequestIssue {
  /** Path of the field in the request body, e.g. `['metadata', 'images', 0]`. */
  path: (string | number)[];
  /** The whole finding in one clause, without the path. */
  message: string;
  /** What would have been right. Absent where only the gateway knows. */
  expected?: string;
  /** What came instead: short values as JSON, long ones by their size, secrets masked. */
  received?: string;
  /** The id of the rule, for what only the vendor's prose says (docs/rules.md). */
  rule?: string;
}

/** What every error of this library tells. Durations are in milliseconds. */
export interface ErrorFacts {
  /** Stable, snake_case, listed in docs/errors.md. */
  code: string;
  phase: Phase;
  /** HTTP status, where a gateway answered. */
  status?: number | undefined;
  /** The gateway's own id of the exchange: quote it to the vendor's support. */
  requestId?: string | undefined;
  /** The `X-Trace-Id` that this library sent. */
  traceId?: string | undefined;
  taskId?: string | undefined;
  /** True when the same call may succeed later without a change. Not a promise that a retry is free. */
  retryable?: boolean | undefined;
  /** False only when nothing can have been bought. */
  mayBeBilled?: boolean | undefined;
  /** What to do next, in one sentence. */
  hint?: string | undefined;
  /** The gateway's own error code, param and (redacted) body. */
  gatewayCode?: string | undefined;
  param?: string | undefined;
  body?: unknown;
  /** How long the gateway asked to wait. */
  retryAfterMs?: number | undefined;
  /**
   * Which input was refused, where the gateway's message names one: from 0, in the list that the message speaks of
   * (`content[1]` is 1, "image 2" is 1).
   */
  inputIndex?: number | undefined;
  /** What had come before it went wrong, and is paid for: the message of a stream so far, the other parts of a batch. */
  partial?: unknown;
  cause?: unknown;
}

const MARK: unique symbol = Symbol.for('ima-router.error');

/** Base of all errors thrown by this library. */
export class ImaRouterError extends Error {
  static {
    ImaRouterError.prototype.name = 'ImaRouterError';
  }
  readonly code: string;
  readonly phase: Phase;
  declare readonly status?: number;
  declare readonly requestId?: string;
  declare readonly traceId?: string;
  declare readonly taskId?: string;
  readonly retryable: boolean;
  readonly mayBeBilled: boolean;
  readonly hint: string;
  declare readonly gatewayCode?: string;
  declare readonly param?: string;
  declare readonly body?: unknown;
  declare readonly retryAfterMs?: number;
  declare readonly inputIndex?: number;
  declare readonly partial?: unknown;

  constructor(message: string, facts: ErrorFacts) {
    // The last gate: whoever made the message, no recognisable secret leaves in it.
    super(redactText(message), facts.cause === undefined ? undefined : { cause: facts.cause });
    Object.defineProperty(this, MARK, { value: true });
    this.code = facts.code;
    this.phase = facts.phase;
    this.retryable = facts.retryable ?? false;
    this.mayBeBilled = facts.mayBeBilled ?? false;
    this.hint = redactText(facts.hint ?? '');
    if (facts.status !== undefined) this.status = facts.status;
    if (facts.requestId !== undefined) this.requestId = facts.requestId;
    if (facts.traceId !== undefined) this.traceId = facts.traceId;
    if (facts.taskId !== undefined) this.taskId = facts.taskId;
    if (facts.gatewayCode !== undefined) this.gatewayCode = facts.gatewayCode;
    if (facts.param !== undefined) this.param = facts.param;
    if (facts.body !== undefined) this.body = redactJson(facts.body);
    if (facts.retryAfterMs !== undefined) this.retryAfterMs = facts.retryAfterMs;
    if (facts.inputIndex !== undefined) this.inputIndex = facts.inputIndex;
    // Not among what is listed: it is as long as what was bought, and it is the caller's own. A batch puts more beside it.
    if (facts.partial !== undefined)
      Object.defineProperty(this, 'partial', { value: facts.partial, configurable: true });
  }

  /** True for an error of this library, also when two copies of the package are loaded. */
  static is(error: unknown): error is ImaRouterError {
    return typeof error === 'object' && error !== null && MARK in error;
  }

  /** Plain data for logs; `cause` is left out because it may hold more than the caller wants to keep. */
  toJSON(): object {
    return { ...this, name: this.name, message: this.message };
  }
}

/** The client was set up wrongly: no key, a bad base URL, a bad option. Nothing was sent. */
export class ConfigError extends ImaRouterError {
  static {
    ConfigError.prototype.name = 'ConfigError';
  }
}

/** No such model, or not on that endpoint. `suggestions` are the nearest ids. Nothing was sent. */
export class UnknownModelError extends ImaRouterError {
  static {
    UnknownModelError.prototype.name = 'UnknownModelError';
  }
  readonly suggestions: readonly string[];
  constructor(message: string, facts: ErrorFacts & { suggestions: readonly string[] }) {
    super(message, facts);
    this.suggestions = facts.suggestions;
  }
}

/** The request is not acceptable: found here (`status` is undefined, nothing was sent) or answered by the gateway. */
export class InvalidRequestError extends ImaRouterError {
  static {
    InvalidRequestError.prototype.name = 'InvalidRequestError';
  }
  readonly issues: readonly RequestIssue[];
  constructor(message: string, facts: ErrorFacts & { issues?: readonly RequestIssue[] }) {
    super(message, facts);
    this.issues = facts.issues ?? [];
  }
}

/** The key is missing, wrong, expired or revoked. */
export class AuthenticationError extends ImaRouterError {
  static {
    AuthenticationError.prototype.name = 'AuthenticationError';
  }
}

/** The key is valid but may not do this (address not allowed, group, banned user). */
export class PermissionError extends ImaRouterError {
  static {
    PermissionError.prototype.name = 'PermissionError';
  }
}

/** An account's balance as it was last heard of, in USD, and when that was (ISO 8601). */
export interface KnownBalance {
  balanceUsd: number;
  balanceAt: string;
}

/** The account cannot pay for this call. Where this client has asked for the balance before, it says what it heard. */
export class InsufficientBalanceError extends ImaRouterError {
  static {
    InsufficientBalanceError.prototype.name = 'InsufficientBalanceError';
  }
  declare readonly balanceUsd?: number;
  declare readonly balanceAt?: string;
  constructor(message: string, facts: ErrorFacts & Partial<KnownBalance>) {
    super(message, facts);
    if (facts.balanceUsd !== undefined) this.balanceUsd = facts.balanceUsd;
    if (facts.balanceAt !== undefined) this.balanceAt = facts.balanceAt;
  }
}

/** Too many requests; `retryAfterMs` where the gateway says how long. */
export class RateLimitError extends ImaRouterError {
  static {
    RateLimitError.prototype.name = 'RateLimitError';
  }
}

/** The batch may not spend that much: the request was not sent. */
export class BudgetExceededError extends ImaRouterError {
  static {
    BudgetExceededError.prototype.name = 'BudgetExceededError';
  }
}

/** The gateway or its upstream failed and said so. */
export class ServerError extends ImaRouterError {
  static {
    ServerError.prototype.name = 'ServerError';
  }
}

/** The request did not leave this machine: name lookup, refused, TLS, connect timeout. Nothing was bought. */
export class ConnectionError extends ImaRouterError {
  static {
    ConnectionError.prototype.name = 'ConnectionError';
  }
}

/** The submit left and no trustworthy answer came: it may be running and billed. It is not sent again by itself. */
export class SubmitUnknownError extends ImaRouterError {
  static {
    SubmitUnknownError.prototype.name = 'SubmitUnknownError';
  }
}

/** The gateway answered, but not in any form that it is known to use. */
export class InvalidResponseError extends ImaRouterError {
  static {
    InvalidResponseError.prototype.name = 'InvalidResponseError';
  }
}

/** The gateway knows the task and says that it failed. */
export class TaskFailedError extends ImaRouterError {
  static {
    TaskFailedError.prototype.name = 'TaskFailedError';
  }
}

/** The gateway says that the task was cancelled. */
export class TaskCancelledError extends ImaRouterError {
  static {
    TaskCancelledError.prototype.name = 'TaskCancelledError';
  }
}

/** The task waits for the caller (Midjourney `MODAL`). */
export class TaskNeedsInputError extends ImaRouterError {
  static {
    TaskNeedsInputError.prototype.name = 'TaskNeedsInputError';
  }
}

/** The gateway does not know this task id (or it belongs to another key). */
export class TaskNotFoundError extends ImaRouterError {
  static {
    TaskNotFoundError.prototype.name = 'TaskNotFoundError';
  }
}

/** The wait is over, the task is not: it keeps running and keeps its id. */
export class WaitTimeoutError extends ImaRouterError {
  static {
    WaitTimeoutError.prototype.name = 'WaitTimeoutError';
  }
}

/** The caller stopped waiting; the task keeps running. `name` is `AbortError`, as the platform does it. */
export class WaitAbortedError extends ImaRouterError {
  static {
    WaitAbortedError.prototype.name = 'AbortError';
  }
}

/** The result exists but could not be fetched or stored. */
export class DownloadError extends ImaRouterError {
  static {
    DownloadError.prototype.name = 'DownloadError';
  }
}
