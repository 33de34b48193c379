// OpenAI's Responses as they go over the wire: one object, or numbered events with a name each, up to `response.completed`.

import { eventOf } from '../event-stream.js';
import { at, isJson, type Json } from '../json.js';
import { attachmentsOf, chosen, list, numberUnder, type Reading, text, wordsOf } from './ask.js';
import { type Occasion, type Protocol, TROUBLE } from './protocol.js';
import type { Speech } from './speech.js';

export const responses: Protocol = { read, whole, events, trouble };

function read(body: unknown): Reading {
  const input = at(body, 'input');
  const items = typeof input === 'string' ? [{ role: 'user', content: input }] : list(input);
  const last = items.at(-1);
  const user = items.findLast((item) => at(item, 'role') === 'user');
  const tools = list(at(body, 'tools'))
    .filter((tool) => at(tool, 'type') === 'function')
    .map((tool) => ({ name: text(at(tool, 'name')), parameters: at(tool, 'parameters') }));
  const choice = at(body, 'tool_choice');
  return {
    model: text(at(body, 'model')),
    said: wordsOf(at(user, 'content')),
    attachments: attachmentsOf(at(user, 'content')),
    toolResult: at(last, 'type') === 'function_call_output' ? wordsOf(at(last, 'output')) : undefined,
    tool: chosen(tools, { isNone: choice === 'none', name: at(choice, 'name') }),
    texts: [text(at(body, 'instructions')), ...items.map((item) => wordsOf(at(item, 'content') ?? at(item, 'output')))],
    maxTokens: numberUnder(body, 'max_output_tokens'),
    wantsThinking: false,
  };
}

type Part = { [key: string]: Json };

const partOf = (said: string): Part => ({ type: 'output_text', text: said, annotations: [], logprobs: [] });

/** The one thing that is put out: a call, or a message. */
function itemOf({ call, isCut }: Speech, token: string, told: { status: string; said: string; parts: Json[] }): Part {
  const status = told.status === 'completed' && isCut ? 'incomplete' : told.status;
  if (call === undefined)
    return { type: 'message', id: `msg_${token}`, status, role: 'assistant', content: told.parts };
  return {
    type: 'function_call',
    id: `fc_${token}`,
    status,
    call_id: `call_${token}`,
    name: call.name,
    arguments: told.said,
  };
}

function responseOf(speech: Speech, occasion: Occasion, status: string, output: Json[]): Part {
  const { token, model, createdAt, body } = occasion;
  const { input, output: said, thinking } = speech.usage;
  const isOver = status !== 'in_progress';
  const echo = (key: string, otherwise: Json): Json => {
    const value = at(body, key);
    return isJson(value) ? value : otherwise;
  };
  return {
    id: `resp_${token}`,
    object: 'response',
    created_at: createdAt,
    status,
    background: false,
    error: null,
    incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    instructions: echo('instructions', null),
    max_output_tokens: echo('max_output_tokens', null),
    model,
    output,
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: false,
    temperature: echo('temperature', 1),
    text: { format: { type: 'text' } },
    tool_choice: echo('tool_choice', 'auto'),
    tools: echo('tools', []),
    top_p: 1,
    truncation: 'disabled',
    usage: isOver
      ? {
          input_tokens: input,
          input_tokens_details: { cached_tokens: 0 },
          output_tokens: said,
          output_tokens_details: { reasoning_tokens: thinking },
          total_tokens: input + said,
        }
      : null,
    user: null,
    metadata: {},
  };
}

const endOf = ({ isCut }: Speech) => (isCut ? 'incomplete' : 'completed');

function whole(speech: Speech, occasion: Occasion): Json {
  const said = (speech.call?.arguments ?? speech.words).join('');
  const item = itemOf(speech, occasion.token, { status: 'completed', said, parts: [partOf(said)] });
  return responseOf(speech, occasion, endOf(speech), [item]);
}

function events(speech: Speech, occasion: Occasion): string[] {
  const { token } = occasion;
  const { call, words } = speech;
  const pieces = call?.arguments ?? words;
  const said = pieces.join('');
  const begun = itemOf(speech, token, { status: 'in_progress', said: '', parts: [] });
  const done = itemOf(speech, token, { status: 'completed', said, parts: [partOf(said)] });
  const here = { item_id: String(done.id), output_index: 0 };
  const part = { ...here, content_index: 0 };
  const told: Part[] = [
    { type: 'response.created', response: responseOf(speech, occasion, 'in_progress', []) },
    { type: 'response.in_progress', response: responseOf(speech, occasion, 'in_progress', []) },
    { type: 'response.output_item.added', output_index: 0, item: begun },
    ...(call === undefined
      ? [
          { type: 'response.content_part.added', ...part, part: partOf('') },
          ...pieces.map((delta) => ({ type: 'response.output_text.delta', ...part, delta, logprobs: [] })),
          { type: 'response.output_text.done', ...part, text: said, logprobs: [] },
          { type: 'response.content_part.done', ...part, part: partOf(said) },
        ]
      : [
          ...pieces.map((delta) => ({ type: 'response.function_call_arguments.delta', ...here, delta })),
          { type: 'response.function_call_arguments.done', ...here, name: call.name, arguments: said },
        ]),
    { type: 'response.output_item.done', output_index: 0, item: done },
    { type: `response.${endOf(speech)}`, response: responseOf(speech, occasion, endOf(speech), [done]) },
  ];
  return told.map((event, sequence) => numbered(event, sequence));
}

function numbered({ type = '', ...more }: Part, sequence: number): string {
  return eventOf(JSON.stringify({ type, sequence_number: sequence, ...more }), String(type));
}

function trouble(sent: number, data?: string): string {
  if (data !== undefined) return eventOf(data, 'error');
  return numbered({ type: 'error', code: 'server_error', message: TROUBLE, param: null }, sent);
}
