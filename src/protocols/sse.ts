// From bytes to server-sent events: text that may be cut anywhere, how a body may end, and how large an event may become.

import { createParser } from 'eventsource-parser';

/** An event as it came. */
export interface ServerEvent {
  /** What stands under `event:`. */
  name: string | undefined;
  data: string;
  /** False for what stands at the end of a body without its blank line: it may be half an event. */
  isWhole: boolean;
}

/** Pictures come inline, as base64; what is larger than 64 Mi characters is nobody's event, and would fill the memory. */
export const LARGEST_EVENT = 64 * 1024 * 1024;

/** An event that is larger than it may be. */
export class EventTooLarge extends RangeError {
  static {
    EventTooLarge.prototype.name = 'EventTooLarge';
  }
}

/** Whoever writes something else into such a body has not more to say; a whole answer with a picture may be as large. */
const LARGEST_FOREIGN = 4 * 1024 * 1024;

/** What stands in a body and is no part of an event: an error that somebody wrote into it as it was, an answer, a page. */
export class Foreign {
  #text = '';

  /** Its beginning, where there is much of it. */
  get text(): string {
    return this.#text;
  }

  add(line: string): void {
    if (this.#text.length < LARGEST_FOREIGN) this.#text += `${line}\n`;
  }
}

/**
 * The events of a body, by the rules of https://html.spec.whatwg.org/multipage/server-sent-events.html, save that an
 * event which the end of the body cuts off is given too. Comments are dropped; lines that are nothing go to `foreign`.
 * Throws `EventTooLarge`, and what `bytes` throws; leaving early leaves `bytes`.
 */
export async function* serverEvents(
  bytes: AsyncIterable<Uint8Array>,
  foreign = new Foreign(),
  largest = LARGEST_EVENT,
): AsyncGenerator<ServerEvent, void, undefined> {
  // It knows where a character is cut in two, and drops the mark that may stand at the beginning.
  const decoder = new TextDecoder();
  let events: ServerEvent[] = [];
  let isTooLarge = false;
  let isOver = false;
  const parser = createParser({
    onEvent: ({ event: name, data }) => events.push({ name, data, isWhole: !isOver }),
    // Fields that nobody knows are no error.
    onError: ({ type, line }) => {
      isTooLarge ||= type === 'max-buffer-size-exceeded';
      if (type === 'unknown-field' && line !== undefined) foreign.add(line);
    },
    maxBufferSize: largest,
  });
  try {
    for await (const piece of bytes) {
      parser.feed(decoder.decode(piece, { stream: true }));
      const come = events;
      events = [];
      yield* come;
      if (isTooLarge) throw new EventTooLarge(`an event is larger than ${largest} characters`);
    }
  } catch (error) {
    // The line that was begun: half an event is none, but it may be no event at all.
    if (!isTooLarge) parser.feed('\n');
    throw error;
  }
  isOver = true;
  parser.feed(`${decoder.decode()}\n\n`);
  yield* events;
}
