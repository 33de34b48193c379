// Chat, answered in the protocol that a path speaks: whole, or event by event at the pace of a model that is thinking.

import type { EventStream } from '../event-stream.js';
import { at, type Json } from '../json.js';
import { completions } from './completions.js';
import { messages } from './messages.js';
import type { Occasion, Protocol } from './protocol.js';
import { responses } from './responses.js';
import { speak } from './speech.js';

const PROTOCOLS = { 'chat-completions': completions, responses, messages } satisfies Record<string, Protocol>;

export interface ChatRoute {
  path: string;
  /** Public protocols: OpenAI's Chat Completions and Responses, Anthropic's Messages. */
  protocol: keyof typeof PROTOCOLS;
  /** How the names of models begin that think aloud before they answer. */
  thinks?: string[];
  /** US dollars for a million tokens. */
  price: { input: number; output: number };
}

/** Milliseconds between two tokens of a real model: some twenty-five in a second. */
const TOKEN_MS = 40;

const TOKENS_PER_PRICE = 1e6;

/** Answers a request that the gateway takes. `usd` is what it costs. */
export function chat(
  { protocol: name, thinks = [], price }: ChatRoute,
  occasion: Occasion,
  speed: number,
): ({ body: Json } | { stream: EventStream }) & { usd: number } {
  const protocol = PROTOCOLS[name];
  const { wantsThinking, ...ask } = protocol.read(occasion.body);
  const isThinker = thinks.some((start) => occasion.model.startsWith(start));
  const speech = speak({ ...ask, thinks: wantsThinking || isThinker });
  const { input, output } = speech.usage;
  const usd = (input * price.input + output * price.output) / TOKENS_PER_PRICE;
  if (at(occasion.body, 'stream') !== true) return { body: protocol.whole(speech, occasion), usd };
  const events = protocol.events(speech, occasion);
  return { stream: { events, everyMs: TOKEN_MS / speed, trouble: protocol.trouble }, usd };
}
