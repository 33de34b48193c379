// An answer that is told bit by bit: server-sent events, the pause between them, and how trouble would be told among them.

/** Every event as it goes over the wire, its blank line included. */
export interface EventStream {
  readonly events: readonly string[];
  /** Milliseconds between two events; below one they go out as fast as they are read. */
  readonly everyMs: number;
  /** The event that tells of an error after so many others. `data` is said instead of the protocol's own words. */
  readonly trouble: (sent: number, data?: string) => string;
}

export const EVENT_STREAM_TYPE = 'text/event-stream; charset=utf-8';

/** One event. Protocols that name their events say the name twice: here, and in the data as `type`. */
export function eventOf(data: string, name?: string): string {
  return `${name === undefined ? '' : `event: ${name}\n`}data: ${data}\n\n`;
}
