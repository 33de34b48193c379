// What goes wrong while somebody waits for a task: what passes, what is an answer when it is said often, what ends the wait.

import {
  AuthenticationError,
  ConfigError,
  ImaRouterError,
  InsufficientBalanceError,
  PermissionError,
  TaskNotFoundError,
} from '../transport/index.js';
import type { Asked } from './watch.js';

/** A new id may lag behind its submit: this many times in a row "not found" is an answer. */
const NOT_FOUND_LIMIT = 3;

/** The same for any other 3xx or 4xx: gateways in trouble say such things too, but not for long. */
const REFUSED_LIMIT = 10;

/** What went wrong during one wait, and whether waiting can still mend it. */
export class Troubles {
  withoutOutput = 0;
  last: unknown;
  final: unknown;
  #refused = 0;
  #notFound = 0;

  note(asked: Asked, withoutOutput: boolean): void {
    const error = asked?.error;
    this.last = error;
    this.#refused = isRefusal(error) ? this.#refused + 1 : 0;
    this.#notFound = isNotFound(error) ? this.#notFound + 1 : 0;
    const isAnswer = this.#refused >= REFUSED_LIMIT || this.#notFound >= NOT_FOUND_LIMIT;
    if (asked !== undefined && (isFinal(error) || isAnswer)) this.final = error;
    this.withoutOutput = withoutOutput ? this.withoutOutput + 1 : 0;
  }
}

/** By class, not by status: the gateway says a lost task by any status, and trouble with a key by 200 too. */
const KEY_TROUBLE = [AuthenticationError, PermissionError, InsufficientBalanceError];

/** Trouble that waiting does not mend: the key, the account, our own mistake. */
function isFinal(error: unknown): boolean {
  if (error instanceof DOMException && error.name === 'TimeoutError') return false;
  if (!ImaRouterError.is(error)) return true;
  return error instanceof ConfigError || KEY_TROUBLE.some((type) => error instanceof type);
}

/** The task, or what stands behind it, is not there; not in a page, nor in the words of a 5xx, which may be anybody's. */
function isNotFound(error: unknown): boolean {
  const isSaid =
    error instanceof TaskNotFoundError || (ImaRouterError.is(error) && error.code === 'upstream_not_found');
  return isSaid && error.body !== undefined && (error.status ?? 0) < 500;
}

/** By its status the question is wrong; not load, not a fault on the way. A page, and what a 2xx complains of, may pass. */
function isRefusal(error: unknown): boolean {
  if (!ImaRouterError.is(error) || error.retryable || error.status === undefined) return false;
  const isRedirect = error.status >= 300 && error.status < 400;
  return isRedirect || (error.status >= 400 && error.status < 500 && error.body !== undefined);
}
