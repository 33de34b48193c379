// Anthropic's Messages as they go over the wire: one object, or named events around blocks of content, up to `message_stop`.

import { eventOf } from '../event-stream.js';
import { at, isJson, type Json } from '../json.js';
import { attachmentsOf, chosen, list, numberUnder, type Reading, text, wordsOf } from './ask.js';
import { type Occasion, type Protocol, TROUBLE } from './protocol.js';
import type { Speech } from './speech.js';

export const messages: Protocol = { read, whole, events, trouble };

function read(body: unknown): Reading {
  const turns = list(at(body, 'messages'));
  const user = turns.findLast((turn) => at(turn, 'role') === 'user');
  const content = at(user, 'content');
  // Results are parts of what the user sends.
  const result = list(at(turns.at(-1), 'content')).findLast(isResult);
  const others = Array.isArray(content) ? content.filter((part) => !isResult(part)) : content;
  const tools = list(at(body, 'tools'))
    .filter((tool) => typeof at(tool, 'name') === 'string')
    .map((tool) => ({ name: text(at(tool, 'name')), parameters: at(tool, 'input_schema') }));
  const choice = at(body, 'tool_choice');
  return {
    model: text(at(body, 'model')),
    said: wordsOf(others),
    attachments: attachmentsOf(others),
    toolResult: result === undefined ? undefined : wordsOf(at(result, 'content')),
    tool: chosen(tools, { isNone: at(choice, 'type') === 'none', name: at(choice, 'name') }),
    texts: [wordsOf(at(body, 'system')), ...turns.map((turn) => wordsOf(at(turn, 'content')))],
    maxTokens: numberUnder(body, 'max_tokens'),
    wantsThinking: ['enabled', 'adaptive'].includes(text(at(body, 'thinking', 'type'))),
  };
}

function isResult(part: unknown): boolean {
  return at(part, 'type') === 'tool_result';
}

function stopOf({ isCut, call }: Speech): string {
  if (isCut) return 'max_tokens';
  return call === undefined ? 'end_turn' : 'tool_use';
}

/** A part of the content: how it begins, how it is when done, and what is said in between. */
interface Block {
  begun: { [key: string]: Json };
  done: { [key: string]: Json };
  deltas: Json[];
}

function blocksOf({ thinking, words, call }: Speech, token: string): Block[] {
  const blocks: Block[] = [];
  if (thinking.length > 0) {
    const signature = Buffer.from(token).toString('base64');
    blocks.push({
      begun: { type: 'thinking', thinking: '', signature: '' },
      done: { type: 'thinking', thinking: thinking.join(''), signature },
      deltas: [
        ...thinking.map((piece) => ({ type: 'thinking_delta', thinking: piece })),
        { type: 'signature_delta', signature },
      ],
    });
  }
  if (call !== undefined) {
    const use = { type: 'tool_use', id: `toolu_${token}`, name: call.name };
    blocks.push({
      begun: { ...use, input: {} },
      done: { ...use, input: inputOf(call.arguments.join('')) },
      deltas: ['', ...call.arguments].map((piece) => ({ type: 'input_json_delta', partial_json: piece })),
    });
  } else {
    blocks.push({
      begun: { type: 'text', text: '' },
      done: { type: 'text', text: words.join('') },
      deltas: words.map((piece) => ({ type: 'text_delta', text: piece })),
    });
  }
  return blocks;
}

/** What is cut off at the limit is no JSON; the real one then gives what it has understood. */
function inputOf(json: string): Json {
  try {
    const input: unknown = JSON.parse(json);
    return isJson(input) ? input : {};
  } catch {
    return {};
  }
}

function usageOf({ usage: { input } }: Speech, output: number): Json {
  return {
    input_tokens: input,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: output,
    service_tier: 'standard',
  };
}

function messageOf({ token, model }: Occasion, content: Json[], stop: string | null, usage: Json): Json {
  return {
    id: `msg_${token}`,
    type: 'message',
    role: 'assistant',
    model,
    content,
    stop_reason: stop,
    stop_sequence: null,
    usage,
  };
}

function whole(speech: Speech, occasion: Occasion): Json {
  const content = blocksOf(speech, occasion.token).map(({ done }) => done);
  return messageOf(occasion, content, stopOf(speech), usageOf(speech, speech.usage.output));
}

function events(speech: Speech, occasion: Occasion): string[] {
  const blocks = blocksOf(speech, occasion.token).flatMap(({ begun, deltas }, index) => [
    named({ type: 'content_block_start', index, content_block: begun }),
    ...(index === 0 ? [named({ type: 'ping' })] : []),
    ...deltas.map((delta) => named({ type: 'content_block_delta', index, delta })),
    named({ type: 'content_block_stop', index }),
  ]);
  return [
    named({ type: 'message_start', message: messageOf(occasion, [], null, usageOf(speech, 1)) }),
    ...blocks,
    named({
      type: 'message_delta',
      delta: { stop_reason: stopOf(speech), stop_sequence: null },
      usage: { output_tokens: speech.usage.output },
    }),
    named({ type: 'message_stop' }),
  ];
}

function named(event: { type: string; [key: string]: Json }): string {
  return eventOf(JSON.stringify(event), event.type);
}

function trouble(
  _sent: number,
  data = JSON.stringify({ type: 'error', error: { type: 'overloaded_error', message: TROUBLE } }),
): string {
  return eventOf(data, 'error');
}
