// The stream of a message: blocks grow by deltas, the input of a tool comes as JSON cut anywhere, and usage is told twice.

import { isRecord } from '../transport/index.js';
import { copied, join, replace } from './join.js';
import { type Reading, type Taken, typedEvent } from './reading.js';
import { errorIn, isEnvelope, troubleOf } from './trouble.js';
import type { ContentBlock, Message, RawMessageStreamEvent } from './types-messages.js';

type Fields = Record<string, unknown>;

/** Whether `value` is a message that came whole. */
export function isMessage(value: unknown): value is Message {
  return isRecord(value) && Array.isArray(value.content) && value.content.every(isBlock);
}

/** What the fields of its kind hold is taken on trust. */
const isBlock = (value: unknown): value is ContentBlock => isRecord(value) && typeof value.type === 'string';
const isEvent = (value: unknown): value is RawMessageStreamEvent => isRecord(value) && typeof value.type === 'string';

/** A block as it grows. */
interface Growing {
  fields: Fields;
  /** The input of a tool so far: a text, since JSON is cut anywhere. */
  input: string;
}

/** What a block is, where nobody has announced it. */
const BLOCK_OF: Readonly<Record<string, Fields>> = {
  text_delta: { type: 'text', text: '' },
  thinking_delta: { type: 'thinking', thinking: '' },
  input_json_delta: { type: 'tool_use', id: '', name: '', input: {} },
};

/** Joins the events of a message. */
export class MessagesReading implements Reading<RawMessageStreamEvent, Message> {
  readonly endsWithDone = false;
  readonly isAnswer = isMessage;
  #message: Fields = {};
  readonly #blocks = new Map<number, Growing>();
  #hasReason = false;
  #isStopped = false;

  get isWhole(): boolean {
    return this.#isStopped || this.#hasReason;
  }

  take(data: unknown, name: string | undefined): Taken<RawMessageStreamEvent> {
    const event = typedEvent(data, name);
    const isForeign = event !== data && isEnvelope(event);
    if (event.type === 'error' || isForeign || !isEvent(event)) {
      return { trouble: troubleOf(errorIn(event) ?? (isRecord(data) ? event : data)) };
    }
    this.#add(event.type, event);
    this.#isStopped ||= event.type === 'message_stop';
    return { event, isLast: this.#isStopped };
  }

  #add(type: string, data: Fields): void {
    if (type === 'message_start' && isRecord(data.message)) {
      const { content, ...message } = copied(data.message);
      this.#message = message;
      const blocks = Array.isArray(content) ? content.filter(isRecord) : [];
      for (const [index, block] of blocks.entries()) this.#blocks.set(index, { fields: block, input: '' });
    }
    if (type === 'content_block_start' && isRecord(data.content_block)) {
      this.#blocks.set(this.#indexOf(data), { fields: copied(data.content_block), input: '' });
    }
    if (type === 'content_block_delta' && isRecord(data.delta)) this.#grow(this.#indexOf(data), data.delta);
    if (type === 'message_delta') this.#close(data);
  }

  #close({ delta, usage }: Fields): void {
    if (isRecord(delta)) {
      replace(this.#message, delta);
      this.#hasReason ||= typeof delta.stop_reason === 'string' && delta.stop_reason !== '';
    }
    if (!isRecord(usage)) return;
    // Of the whole message; what was told at the beginning and is not told again still holds.
    const all = isRecord(this.#message.usage) ? this.#message.usage : {};
    replace(all, usage);
    this.#message.usage = all;
  }

  #grow(index: number, { type, ...delta }: Fields): void {
    const made = typeof type === 'string' && Object.hasOwn(BLOCK_OF, type) ? BLOCK_OF[type] : undefined;
    const block = this.#blocks.get(index) ?? { fields: { ...(made ?? { type: 'text', text: '' }) }, input: '' };
    this.#blocks.set(index, block);
    if (type === 'input_json_delta') block.input += typeof delta.partial_json === 'string' ? delta.partial_json : '';
    else if (type === 'citations_delta') join(block.fields, { citations: [delta.citation] });
    else join(block.fields, delta);
  }

  #indexOf({ index }: Fields): number {
    return typeof index === 'number' ? index : Math.max(0, this.#blocks.size - 1);
  }

  snapshot(): Message {
    const blocks = [...this.#blocks].sort(([a], [b]) => a - b).map(([, block]) => blockOf(block));
    return { ...copied(this.#message), type: 'message', role: 'assistant', content: blocks.filter(isBlock) };
  }
}

function blockOf({ fields, input }: Growing): unknown {
  const block = copied(fields);
  return input === '' ? block : { ...block, input: parsed(input) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
