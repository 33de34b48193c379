// What can go wrong with a result, in words: which error each kind of trouble becomes, and what to do next.

import { DownloadError, type ErrorFacts, redactText, WaitAbortedError } from '../transport/index.js';

/** What all errors about one result have in common. */
export interface Subject {
  taskId: string | undefined;
  /** As the gateway gave it. */
  url: string;
}

/** The generation is done and paid, whatever becomes of its file. */
const AGAIN = 'Download again: it goes on where it stopped. The generation itself is done and paid.';

/** A `DownloadError` about `subject`. */
export function failure(
  { taskId }: Pick<Subject, 'taskId'>,
  message: string,
  facts: Omit<ErrorFacts, 'phase' | 'taskId' | 'mayBeBilled'>,
): DownloadError {
  return new DownloadError(message, {
    hint: facts.retryable === true ? AGAIN : undefined,
    ...facts,
    phase: 'download',
    taskId,
    mayBeBilled: true,
  });
}

/** A URL for a message: without its query, which may be a signature. */
export function shown(url: string): string {
  if (url.startsWith('data:')) return 'data: URL';
  return redactText(url.split('?')[0] ?? url);
}

/** The caller's signal has fired. */
export function aborted(subject: Subject, cause: unknown): WaitAbortedError {
  return new WaitAbortedError(`The download of ${shown(subject.url)} was aborted by the caller.`, {
    code: 'aborted',
    phase: 'download',
    taskId: subject.taskId,
    mayBeBilled: true,
    hint: 'The result is still there: download again.',
    cause,
  });
}

/** The URL answers no more, and the task has no other one. */
export function expired(
  subject: Subject,
  why: string,
  facts: { status?: number; cause?: unknown; retryable: boolean },
): DownloadError {
  const { taskId } = subject;
  const where = taskId === undefined ? '' : ` Look for task ${taskId} in the gateway's console, or ask its support;`;
  return failure(subject, `The result ${shown(subject.url)} has expired: ${why}.`, {
    ...facts,
    code: 'expired',
    hint: facts.retryable
      ? 'Download again: the task is asked for a fresh URL then. The generation itself is done and paid.'
      : `Result URLs live for hours or days.${where} a new generation would be paid again.`,
  });
}

/** An address in somebody's private network. */
export function privateAddress(subject: Subject, host: string): DownloadError {
  return failure(subject, `The result ${shown(subject.url)} leads to ${host}, which is a private address.`, {
    code: 'private_address',
    hint: 'Nothing was fetched: a result does not lead into your own network. Fetch the URL yourself if you trust it.',
  });
}

/** The innermost reason of an error, for a message: `fetch failed` says nothing. */
export function reasonOf(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  return redactText(inner instanceof Error ? inner.message || inner.name : String(inner));
}
