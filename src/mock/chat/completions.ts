// OpenAI's Chat Completions as they go over the wire: one object, or chunks of it up to `[DONE]`.

import { eventOf } from '../event-stream.js';
import { at, type Json } from '../json.js';
import { attachmentsOf, chosen, list, numberUnder, type Reading, text, wordsOf } from './ask.js';
import { type Occasion, type Protocol, TROUBLE } from './protocol.js';
import type { Speech } from './speech.js';

export const completions: Protocol = { read, whole, events, trouble };

function read(body: unknown): Reading {
  const messages = list(at(body, 'messages'));
  const last = messages.at(-1);
  const user = messages.findLast((message) => at(message, 'role') === 'user');
  const tools = list(at(body, 'tools')).map((tool) => ({
    name: text(at(tool, 'function', 'name')),
    parameters: at(tool, 'function', 'parameters'),
  }));
  const choice = at(body, 'tool_choice');
  return {
    model: text(at(body, 'model')),
    said: wordsOf(at(user, 'content')),
    attachments: attachmentsOf(at(user, 'content')),
    toolResult: at(last, 'role') === 'tool' ? wordsOf(at(last, 'content')) : undefined,
    tool: chosen(tools, { isNone: choice === 'none', name: at(choice, 'function', 'name') }),
    texts: messages.map((message) => wordsOf(at(message, 'content'))),
    maxTokens: numberUnder(body, 'max_completion_tokens', 'max_tokens'),
    wantsThinking: false,
  };
}

function finishOf({ isCut, call }: Speech): string {
  if (isCut) return 'length';
  return call === undefined ? 'stop' : 'tool_calls';
}

function usageOf({ usage: { input, output, thinking } }: Speech): Json {
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: thinking, audio_tokens: 0 },
  };
}

const callId = (token: string) => `call_${token}`;

function whole(speech: Speech, { token, model, createdAt }: Occasion): Json {
  const { thinking, words, call } = speech;
  const calls: { [key: string]: Json } =
    call === undefined
      ? {}
      : {
          tool_calls: [
            {
              id: callId(token),
              type: 'function',
              function: { name: call.name, arguments: call.arguments.join('') },
            },
          ],
        };
  const thoughts: { [key: string]: Json } = thinking.length === 0 ? {} : { reasoning_content: thinking.join('') };
  // Beside a call the content is '' and not null: the gateway's document has a text there.
  const message = { role: 'assistant', content: words.join(''), refusal: null, ...thoughts, ...calls };
  return {
    id: `chatcmpl-${token}`,
    object: 'chat.completion',
    created: createdAt,
    model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishOf(speech) }],
    usage: usageOf(speech),
  };
}

function events(speech: Speech, { token, model, createdAt, body }: Occasion): string[] {
  const { thinking, words, call } = speech;
  const withUsage = at(body, 'stream_options', 'include_usage') === true;
  const chunk = (more: { [key: string]: Json }) =>
    eventOf(
      JSON.stringify({
        id: `chatcmpl-${token}`,
        object: 'chat.completion.chunk',
        created: createdAt,
        model,
        ...more,
      }),
    );
  const delta = (said: Json, finish: string | null = null) =>
    chunk({
      choices: [{ index: 0, delta: said, logprobs: null, finish_reason: finish }],
      ...(withUsage ? { usage: null } : {}),
    });
  const opening: Json =
    call === undefined
      ? { role: 'assistant', content: '' }
      : {
          role: 'assistant',
          content: null,
          tool_calls: [{ index: 0, id: callId(token), type: 'function', function: { name: call.name, arguments: '' } }],
        };
  return [
    // A model that thinks first opens with that; its call comes when it is through.
    ...(thinking.length === 0 ? [] : [delta({ role: 'assistant', content: '' })]),
    ...thinking.map((piece) => delta({ reasoning_content: piece })),
    ...(thinking.length === 0 || call !== undefined ? [delta(opening)] : []),
    ...words.map((piece) => delta({ content: piece })),
    ...(call?.arguments ?? []).map((piece) => delta({ tool_calls: [{ index: 0, function: { arguments: piece } }] })),
    delta({}, finishOf(speech)),
    ...(withUsage ? [chunk({ choices: [], usage: usageOf(speech) })] : []),
    eventOf('[DONE]'),
  ];
}

function trouble(
  _sent: number,
  data = JSON.stringify({ error: { message: TROUBLE, type: 'upstream_error', param: null, code: 'upstream_error' } }),
): string {
  return eventOf(data);
}
