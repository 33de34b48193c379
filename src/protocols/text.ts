// The text of an answer, in each of the three forms: what the model said, without what it thought.

import { isRecord } from '../transport/index.js';
import type { ChatCompletion } from './types-chat.js';
import type { Message } from './types-messages.js';
import type { ResponsesResponse } from './types-responses.js';

/**
 * What the model said: of a chat completion its first choice, of a response and of a message all texts in a row. Empty
 * where it said nothing, as when it only calls tools, and for what is no answer.
 */
export function textOf(answer: ChatCompletion | ResponsesResponse | Message): string {
  // `partial` and callers without types bring all kinds of things.
  const fields: Record<string, unknown> = isRecord(answer) ? answer : {};
  if (Array.isArray(fields.choices)) {
    const choices = fields.choices.filter(isRecord);
    const { message } = choices.find(({ index }) => index === 0) ?? choices[0] ?? {};
    return isRecord(message) ? textIn(message.content) : '';
  }
  if (Array.isArray(fields.output)) {
    const items = fields.output.filter(isRecord);
    return items.map(({ type, content }) => (type === 'message' ? textIn(content) : '')).join('');
  }
  return textIn(fields.content);
}

/** A text, or the texts among parts: some gateways have parts where the protocol has a text, and the other way round. */
export function textIn(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  const texts = content.map((part: unknown) => (isTextPart(part) ? part.text : ''));
  return texts.join('');
}

export function isTextPart(part: unknown): part is { type: string; text: string } {
  return isRecord(part) && (part.type === 'text' || part.type === 'output_text') && typeof part.text === 'string';
}
