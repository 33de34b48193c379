// What a protocol knows of its own stream: what an event adds to the message, which one is the last, and which is trouble.

import { isRecord } from '../transport/index.js';
import type { Trouble } from './trouble.js';

/** What an event is. */
export type Taken<Event> = { event: Event; isLast: boolean } | { trouble: Trouble };

/** The message of one stream, as it grows. Whatever comes, nothing here throws. */
export interface Reading<Event, Final> {
  /** Adds what came under `name`: any JSON. */
  take(data: unknown, name: string | undefined): Taken<Event>;
  /** Whether a body may end here. */
  readonly isWhole: boolean;
  /** Whether `[DONE]`, now, would say that the message is whole; else it only says that nothing more comes. */
  readonly endsWithDone: boolean;
  /** Whether `value` is the answer that comes without a stream. */
  isAnswer(value: unknown): value is Final;
  /** A copy of what has come so far, in the form of the answer that comes without a stream. */
  snapshot(): Final;
}

/** What came, with its type; some gateways leave that to the line above, the event's `name`. */
export function typedEvent(data: unknown, name: string | undefined): Record<string, unknown> {
  const fields = isRecord(data) ? data : {};
  return typeof fields.type === 'string' ? fields : { ...fields, type: name ?? '' };
}
