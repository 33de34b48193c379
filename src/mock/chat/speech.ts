// What the mock's models say: their words follow from the request alone, and every token of them is counted.

import { filled } from './arguments.js';
import type { Ask } from './ask.js';

/** What a model says, in the tokens in which it says it. */
export interface Speech {
  thinking: string[];
  words: string[];
  /** `arguments` is JSON. */
  call?: { name: string; arguments: string[] };
  /** The limit was reached before all was said. */
  isCut: boolean;
  usage: { input: number; output: number; thinking: number };
}

/** Of what the user said, so much is said back, in characters. */
const ECHO_CHARACTERS = 400;

/** What a message and a picture add to the tokens of their words: about what the protocols' own counters say. */
const MESSAGE_TOKENS = 4;
const ATTACHMENT_TOKENS = 85;

/** Letters outside ASCII, of two to four bytes, and signs of several code points: what a careless reader breaks. */
const FAREWELL = 'Grüße, 你好, привет, مرحبا! 👩‍🚀🎬✨ 🇪🇺';

/** A text in tokens of at most six characters; put together they are the text again. */
export function tokensOf(text: string): string[] {
  return text.match(/\s*\S{1,6}|\s+/gu) ?? [];
}

export function speak(ask: Ask): Speech {
  const thinking = ask.thinks
    ? tokensOf(`The user wants an answer to: ${quoted(ask.said)} I answer in a friendly way 🤔.`)
    : [];
  const tool = ask.toolResult === undefined ? ask.tool : undefined;
  const rest = tokensOf(tool === undefined ? wordsFor(ask) : JSON.stringify(filled(tool.parameters)));
  const limit = ask.maxTokens ?? Number.POSITIVE_INFINITY;
  const thought = thinking.slice(0, limit);
  const said = rest.slice(0, Math.max(0, limit - thought.length));
  const input = ask.texts.reduce((sum, text) => sum + MESSAGE_TOKENS + tokensOf(text).length, 0);
  return {
    thinking: thought,
    words: tool === undefined ? said : [],
    ...(tool === undefined ? {} : { call: { name: tool.name, arguments: said } }),
    isCut: thought.length + said.length < thinking.length + rest.length,
    usage: {
      input: input + ask.attachments * ATTACHMENT_TOKENS,
      output: thought.length + said.length,
      thinking: thought.length,
    },
  };
}

function wordsFor({ model, said, attachments, toolResult }: Ask): string {
  const heard =
    toolResult === undefined
      ? `You said: ${quoted(said)}${attachments === 0 ? '' : ` With it came ${attachments} more.`}`
      : `The tool answered: ${quoted(toolResult)}`;
  return `${heard} I am ${model}, as the mock plays it: my words cost nothing ☕️. ${FAREWELL}`;
}

function quoted(words: string): string {
  const characters = Array.from(words);
  return `“${characters.slice(0, ECHO_CHARACTERS).join('')}${characters.length > ECHO_CHARACTERS ? '…' : ''}”.`;
}
