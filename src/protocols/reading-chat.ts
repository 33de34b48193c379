// The stream of a chat completion: deltas joined per choice, and when every choice has ended.

import { isRecord } from '../transport/index.js';
import { copied, join, replace } from './join.js';
import type { Reading, Taken } from './reading.js';
import { isTextPart, textIn } from './text.js';
import { errorIn, isEnvelope, troubleOf } from './trouble.js';
import type {
  ChatCompletion,
  ChatCompletionChoice,
  ChatCompletionChunk,
  ChatCompletionDelta,
  ChatCompletionMessageToolCall,
} from './types-chat.js';

/** Whether `value` is a chat completion that came whole. */
export function isChatCompletion(value: unknown): value is ChatCompletion {
  if (!isRecord(value) || !Array.isArray(value.choices)) return false;
  // With an error beside it, an empty list is no answer.
  if (value.choices.length === 0 && errorIn(value) !== undefined) return false;
  return value.choices.every((choice) => isRecord(choice) && isRecord(choice.message));
}

/** Whether `value` has what the type promises; what the protocol's fields hold is taken on trust. */
function isChunk(value: unknown): value is ChatCompletionChunk {
  if (!isRecord(value) || !Array.isArray(value.choices)) return false;
  return value.choices.every((choice) => isRecord(choice) && isRecord(choice.delta));
}

/** A choice as it grows. */
interface Growing {
  message: Record<string, unknown>;
  /** Its other fields: `finish_reason`, `logprobs`, and what else came. */
  fields: Record<string, unknown>;
}

/** Joins the chunks of a chat completion. */
export class ChatReading implements Reading<ChatCompletionChunk, ChatCompletion> {
  readonly isAnswer = isChatCompletion;
  readonly #fields: Record<string, unknown> = {};
  readonly #choices = new Map<number, Growing>();

  take(data: unknown, name: string | undefined): Taken<ChatCompletionChunk> {
    if (!isRecord(data)) {
      return name === 'error' ? { trouble: troubleOf(data) } : { event: { choices: [] }, isLast: false };
    }
    const error = errorIn(data);
    if (error !== undefined) return { trouble: troubleOf(error) };
    if (name === 'error' || (!('choices' in data) && isEnvelope(data))) return { trouble: troubleOf(data) };
    const event = chunkOf(data);
    this.#add(event);
    return { event, isLast: false };
  }

  #add({ choices, ...fields }: ChatCompletionChunk): void {
    replace(this.#fields, fields);
    for (const { index, delta, logprobs, ...rest } of choices) {
      const at = typeof index === 'number' ? index : 0;
      const choice = this.#choices.get(at) ?? { message: {}, fields: {} };
      this.#choices.set(at, choice);
      join(choice.message, withoutParts(delta));
      if (logprobs !== undefined) join(choice.fields, { logprobs });
      replace(choice.fields, rest);
    }
  }

  /** Where no choice has ever come nothing has been said. */
  get endsWithDone(): boolean {
    return this.#choices.size > 0;
  }

  get isWhole(): boolean {
    const choices = [...this.#choices.values()];
    return choices.length > 0 && choices.every(({ fields }) => isReason(fields.finish_reason));
  }

  snapshot(): ChatCompletion {
    const choices = [...this.#choices].sort(([a], [b]) => a - b).map(([index, choice]) => choiceOf(index, choice));
    return { ...copied(this.#fields), object: 'chat.completion', choices };
  }
}

const isReason = (reason: unknown): reason is string => typeof reason === 'string' && reason !== '';

/** As the type promises it: an event of another kind has no choices, and a choice may have nothing to add. */
function chunkOf(data: Record<string, unknown>): ChatCompletionChunk {
  if (isChunk(data)) return data;
  const choices = Array.isArray(data.choices) ? data.choices.filter(isRecord) : [];
  return { ...data, choices: choices.map((choice, index) => ({ index, ...choice, delta: deltaOf(choice) })) };
}

/** Where a gateway has parts in place of a text: the texts are the text, the rest are pictures. */
function withoutParts(delta: ChatCompletionDelta): object {
  const parts: unknown = delta.content;
  if (!Array.isArray(parts)) return delta;
  const others = parts.filter((part: unknown) => !isTextPart(part));
  const images = Array.isArray(delta.images) ? delta.images : [];
  return { ...delta, content: textIn(parts), images: [...images, ...others] };
}

/** Some gateways write the whole message, as one piece. */
const deltaOf = ({ delta, message }: Record<string, unknown>) => [delta, message].find(isRecord) ?? {};

function choiceOf(index: number, { message, fields }: Growing): ChatCompletionChoice {
  const { tool_calls: calls, content, ...rest } = copied(message);
  const { finish_reason: reason, ...others } = copied(fields);
  return {
    ...others,
    index,
    message: {
      ...rest,
      role: 'assistant',
      content: typeof content === 'string' ? content : null,
      ...(Array.isArray(calls) ? { tool_calls: callsOf(calls.filter(isRecord)) } : {}),
    },
    finish_reason: isReason(reason) ? reason : null,
  };
}

/** Without the index, which only says where a piece belongs. */
function callsOf(calls: readonly Record<string, unknown>[]): ChatCompletionMessageToolCall[] {
  const at = ({ index }: Record<string, unknown>): number => (typeof index === 'number' ? index : 0);
  return [...calls]
    .sort((a, b) => at(a) - at(b))
    .map(({ index: _, id, function: called, ...rest }) => {
      const { name, arguments: text, ...more } = isRecord(called) ? called : {};
      return {
        ...rest,
        id: typeof id === 'string' ? id : '',
        type: 'function',
        function: {
          ...more,
          name: typeof name === 'string' ? name : '',
          arguments: typeof text === 'string' ? text : '',
        },
      };
    });
}
