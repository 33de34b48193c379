// What a wait that does not end in a result says: what became of the task, whether it costs, and how to go on.

import {
  type ErrorFacts,
  type ImaRouterError,
  InvalidResponseError,
  TaskCancelledError,
  TaskFailedError,
  TaskNeedsInputError,
  WaitAbortedError,
  WaitTimeoutError,
} from '../transport/index.js';
import { isTaskId, type TaskRef } from './ref.js';
import type { TaskState } from './result.js';
import type { TaskError } from './state.js';

const HINT: Record<TaskError['kind'], string> = {
  moderation: 'Change the prompt or the media that was refused; the same request will be refused again.',
  balance: 'Top up the account.',
  input: 'Correct the input that the message names.',
  timeout: 'The gateway gave up; submitting again is a new, paid task.',
  upstream: 'The model behind the gateway failed; submitting again is a new, paid task.',
  unknown: 'See `body` for all that the gateway said; submitting again is a new, paid task.',
};

/** The errors of one task. What the gateway said is redacted: it may repeat the key or a signed URL. */
export class Endings {
  readonly #ref: TaskRef;
  readonly #redact: <T>(value: T) => T;

  constructor(ref: TaskRef, redact: <T>(value: T) => T) {
    this.#ref = ref;
    this.#redact = redact;
  }

  /** The task ended, or waits for its caller (`needsHint` says how to answer it), without success. */
  ended(state: TaskState, needsHint?: string): ImaRouterError {
    const { id, model } = this.#ref;
    const facts = { ...this.#facts, requestId: state.requestId, body: this.#redact(state.raw) };
    if (state.needs !== undefined) {
      return new TaskNeedsInputError(`Task ${id} waits for input (${state.rawStatus}).`, {
        code: 'task_needs_input',
        hint: needsHint ?? 'Send what it asks for; it neither ends nor fails by itself.',
        ...facts,
      });
    }
    if (state.status === 'cancelled') {
      const reason = state.error === undefined ? '.' : `: ${this.#redact(state.error.message)}`;
      return new TaskCancelledError(`Task ${id} (${model}) was cancelled by the gateway${reason}`, {
        code: 'task_cancelled',
        gatewayCode: this.#redact(state.error?.code),
        hint: 'Submit it again if it is still wanted.',
        ...facts,
      });
    }
    const why = this.#redact(state.error?.message ?? 'the gateway gives no reason');
    return new TaskFailedError(`Task ${id} (${model}) failed: ${why}`, {
      code: 'task_failed',
      gatewayCode: this.#redact(state.error?.code),
      inputIndex: state.error?.inputIndex,
      hint: state.error?.hint ?? HINT[state.error?.kind ?? 'unknown'],
      ...facts,
    });
  }

  aborted(cause: unknown): WaitAbortedError {
    return new WaitAbortedError(`Stopped waiting for task ${this.#ref.id} (${this.#ref.model}); it runs on.`, {
      code: 'wait_aborted',
      ...this.#facts,
      hint: this.#goOn,
      cause,
    });
  }

  timedOut(state: TaskState, timeoutMs: number, cause: unknown): WaitTimeoutError {
    const { progress } = state;
    const percent = progress === undefined ? '' : `, ${Math.round(progress * 100)} %`;
    const last = `last status "${this.#redact(state.rawStatus)}"${percent}`;
    return new WaitTimeoutError(
      `Task ${this.#ref.id} (${this.#ref.model}) did not end within ${timeoutMs} ms (${last}); it runs on.`,
      { code: 'wait_timeout', retryable: true, ...this.#facts, requestId: state.requestId, hint: this.#goOn, cause },
    );
  }

  withoutOutput(state: TaskState): InvalidResponseError {
    return new InvalidResponseError(`Task ${this.#ref.id} (${this.#ref.model}) succeeded but gives no result.`, {
      code: 'succeeded_without_output',
      ...this.#facts,
      requestId: state.requestId,
      body: this.#redact(state.raw),
      hint: 'Read the task again later, or ask the vendor with this id.',
    });
  }

  get #facts(): Omit<ErrorFacts, 'code'> & { phase: 'poll' } {
    return {
      phase: 'poll',
      taskId: this.#ref.id,
      traceId: this.#ref.traceId ?? undefined,
      mayBeBilled: true,
    };
  }

  get #goOn(): string {
    const { id, model, endpoint, pollPath } = this.#ref;
    if (!isTaskId(id)) return 'Go on later: ima.task(json).result(), with what task.toJSON() gives.';
    const pointer =
      endpoint === null ? `{ pollPath: '${pollPath}' }` : `{ model: '${model}', endpoint: '${endpoint}' }`;
    return `Go on later: ima.task('${id}', ${pointer}).result().`;
  }
}
