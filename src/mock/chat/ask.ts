// What a chat request comes down to, whatever protocol it speaks, and how its parts are found in bodies of unknown shape.

import { at, isObject } from '../json.js';

export interface Tool {
  name: string;
  /** JSON Schema of its arguments. */
  parameters: unknown;
}

export interface Ask {
  model: string;
  /** The last thing that the user said, in words. */
  said: string;
  /** Pictures and the like that came with it. */
  attachments: number;
  /** What a tool answered, where that is the last message: no further tool is called then. */
  toolResult?: string | undefined;
  /** The tool that is to be called: the one that is named, else the first. */
  tool?: Tool | undefined;
  /** Every text of the request, for the count of its tokens. */
  texts: string[];
  /** Most tokens that may be said. */
  maxTokens?: number | undefined;
  thinks: boolean;
}

/** What is read from a body; which models think is the gateway's to say. */
export type Reading = Omit<Ask, 'thinks'> & { wantsThinking: boolean };

export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The words of a `content`, which is a text or a list of parts with `text`. */
export function wordsOf(content: unknown): string {
  if (typeof content === 'string') return content;
  return list(content)
    .map((part) => text(at(part, 'text')))
    .filter((words) => words !== '')
    .join('\n');
}

/** Parts of a `content` that are no words. */
export function attachmentsOf(content: unknown): number {
  return list(content).filter((part) => isObject(part) && typeof part.text !== 'string').length;
}

/** The first number that stands under one of `keys`. */
export function numberUnder(body: unknown, ...keys: string[]): number | undefined {
  return keys.map((key) => at(body, key)).find((value) => typeof value === 'number');
}

/** The tool that a request makes its model call; undefined where it may call none. */
export function chosen(tools: Tool[], choice: { isNone: boolean; name: unknown }): Tool | undefined {
  if (choice.isNone) return undefined;
  return tools.find(({ name }) => name === choice.name) ?? tools[0];
}
