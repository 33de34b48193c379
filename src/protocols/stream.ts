// An answer that is read as it comes: for one reader, with the message so far at any time, and an error for every bad end.

import {
  BrokenStream,
  ConfigError,
  ImaRouterError,
  isRecord,
  type OpenAnswer,
  type Transport,
} from '../transport/index.js';
import { StreamEndings, type StreamFacts } from './endings.js';
import type { Reading } from './reading.js';
import { readOn } from './rest.js';
import { Foreign, type ServerEvent, serverEvents } from './sse.js';
import { errorIn, isEnvelope, troubleOf } from './trouble.js';

/** All that is read is kept: with 256 Mi characters the longest answer has come many times over. */
const LONGEST_STREAM = 256 * 1024 * 1024;

/** What a stream is made of. */
export interface StreamParts<Event, Final> {
  transport: Transport;
  open: OpenAnswer;
  reading: Reading<Event, Final>;
  textOf: (final: Final) => string;
  facts: StreamFacts;
  /** Characters of all events together; more is nobody's answer, and would fill the memory. */
  longest?: number;
}

/**
 * A stream of events. Nothing is read before somebody asks: by `for await`, or by `text()` or `final()`. What nobody reads
 * should be given up with `abort()`: its connection stays open.
 *
 * Ends badly in `InvalidResponseError` (`stream_cut`, `stream_silent`, `stream_unreadable`), in `WaitAbortedError`
 * (`aborted`), or in the typed error that the gateway has put into the stream. All have `mayBeBilled` and, in `partial`,
 * what had come.
 */
export class EventStream<Event, Final> implements AsyncIterable<Event> {
  /** The gateway's id of the exchange. */
  readonly requestId: string | undefined;
  /** The `X-Trace-Id` that was sent. */
  readonly traceId: string;
  readonly #open: OpenAnswer;
  readonly #reading: Reading<Event, Final>;
  readonly #textOf: (final: Final) => string;
  readonly #endings: StreamEndings;
  readonly #foreign = new Foreign();
  /** Characters that may still come. */
  #room: number;
  #isUsed = false;
  #error: unknown;
  #state: 'open' | 'ended' | 'failed' = 'open';
  /** Those who wait for the end. */
  readonly #waiting: (() => void)[] = [];

  constructor({ transport, open, reading, textOf, facts, longest = LONGEST_STREAM }: StreamParts<Event, Final>) {
    this.requestId = facts.requestId;
    this.traceId = facts.traceId;
    this.#open = open;
    this.#reading = reading;
    this.#textOf = textOf;
    this.#room = longest;
    this.#endings = new StreamEndings(transport, facts, () => reading.snapshot());
  }

  /**
   * The events, once: a second time throws `ConfigError` (`stream_used`). Leaving the loop early closes the connection;
   * what the model would have said after that is lost, and may be billed.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Event> {
    if (this.#isUsed) {
      throw new ConfigError('The events of this stream are being read, or have been: they come once.', {
        code: 'stream_used',
        phase: 'submit',
        traceId: this.traceId,
        mayBeBilled: true,
        hint: '`snapshot` is what has come so far, `text()` and `final()` give the whole in the end.',
      });
    }
    this.#isUsed = true;
    const events = this.#events();
    const iterator: AsyncIterableIterator<Event> = {
      next: () => events.next(),
      // Also when nothing was read, or a piece is waited for: then the loop itself could not be left.
      return: async () => {
        this.abort();
        await events.return();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  /** What has come so far, in the form of the answer that comes without a stream. A copy. */
  get snapshot(): Final {
    return this.#reading.snapshot();
  }

  /**
   * The whole text, when the stream has ended; reads it if nobody does. Throws as the loop does, and `aborted` when the
   * loop was left. Do not wait for it inside the loop: it waits for the loop.
   */
  async text(): Promise<string> {
    return this.#textOf(await this.final());
  }

  /** The whole message, with tool calls joined and usage; else as `text()`. */
  async final(): Promise<Final> {
    if (!this.#isUsed) {
      this.#isUsed = true;
      const events = this.#events();
      while (!(await events.next()).done);
    }
    if (this.#state === 'open') await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#state === 'failed') throw this.#error;
    return this.snapshot;
  }

  /** Gives up: closes the connection. Whoever reads gets `WaitAbortedError`. Not an error when all has come. */
  abort(): void {
    if (this.#reading.isWhole) this.#end();
    else if (this.#state === 'open') this.#fail(this.#endings.aborted());
    this.#open.close();
  }

  async *#events(): AsyncGenerator<Event, void, undefined> {
    const bytes = this.#open.bytes[Symbol.asyncIterator]();
    // Who leaves the events does not leave the body: what becomes of that is decided below.
    const kept = { [Symbol.asyncIterator]: () => ({ next: () => bytes.next() }) };
    try {
      for await (const event of serverEvents(kept, this.#foreign)) {
        if (this.#state === 'failed') throw this.#error;
        this.#room -= event.data.length;
        if (this.#room < 0) throw new RangeError('more has come than any answer holds');
        if (event.data.trim() === '') continue;
        if (event.data.trim() === '[DONE]') {
          if (!this.#reading.endsWithDone && !this.#reading.isWhole)
            throw this.#cut('it said that it was done, in mid-message');
          this.#end();
          return;
        }
        const data = this.#dataOf(event);
        // Half an event is none: the end of the body says the rest.
        if (data === undefined) break;
        const taken = this.#reading.take(data.value, event.name);
        if ('trouble' in taken) throw this.#endings.refused(taken.trouble);
        if (taken.isLast) this.#end();
        yield taken.event;
        if (taken.isLast) return;
      }
      if (!this.#reading.isWhole) throw this.#cut('the body ended in mid-message');
      this.#end();
    } catch (error) {
      // Given up when all had come.
      if (this.#state === 'ended') return;
      throw this.#fail(this.#meant(error));
    } finally {
      if (this.#state === 'ended') readOn(bytes, () => this.#open.close());
      else await bytes.return?.();
    }
  }

  #dataOf({ name, data, isWhole }: ServerEvent): { value: unknown } | undefined {
    try {
      return { value: JSON.parse(data) };
    } catch {
      if (!isWhole) return undefined;
      // Said by somebody on the way, who writes no JSON.
      if (name === 'error') return { value: data };
      // Without the cause, which shows a piece of the data as it is.
      throw this.#endings.unreadable(`${JSON.stringify(this.#endings.shown(data))} is no JSON`);
    }
  }

  /** A bad end; what stood beside the events may say more of it. */
  #cut(reason: string, cause?: unknown): ImaRouterError {
    return this.#said() ?? this.#endings.cut(reason + this.#beside(), cause);
  }

  /** An error, or the answer, that somebody wrote into the body as it was. */
  #said(): ImaRouterError | undefined {
    const { text } = this.#foreign;
    const json = [text, ...text.split('\n')].map(parsed).find(isRecord);
    if (json === undefined) return undefined;
    const answer = this.#reading.isAnswer(json) ? json : undefined;
    const error = errorIn(json) ?? (answer === undefined && isEnvelope(json) ? json : undefined);
    if (error !== undefined) return this.#endings.refused(troubleOf(error), answer);
    return answer === undefined ? undefined : this.#endings.whole(answer);
  }

  #beside(): string {
    const shown = this.#endings.shown(this.#foreign.text);
    return shown === '' ? '' : `, and this is no event: ${JSON.stringify(shown)}`;
  }

  #meant(error: unknown): unknown {
    if (ImaRouterError.is(error)) return error;
    // Too large, or too deep.
    if (error instanceof RangeError) return this.#endings.unreadable(error.message, error);
    if (!(error instanceof BrokenStream)) return error;
    if (error.by === 'caller') return this.#endings.aborted(error.cause);
    if (error.by === 'network') return this.#cut(error.message, error);
    return this.#said() ?? this.#endings.silent(error.message + this.#beside(), error);
  }

  #end(): void {
    if (this.#state === 'open') this.#settle('ended');
  }

  /** The first error counts; gives it. */
  #fail(error: unknown): unknown {
    if (this.#state === 'open') {
      this.#error = error;
      this.#settle('failed');
    }
    return this.#state === 'failed' ? this.#error : error;
  }

  #settle(state: 'ended' | 'failed'): void {
    this.#state = state;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
