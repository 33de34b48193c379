// What the official packages declare feeds our types, and the known words narrow: checked by `npm run typecheck`, never run.

import type Anthropic from '@anthropic-ai/sdk';
import type OpenAI from 'openai';
import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletions,
  ChatExtras,
  ChatMessage,
  ChatStream,
  ChatTool,
  ContentBlock,
  CreateEmbeddingResponse,
  Embeddings,
  Message,
  MessageParam,
  Messages,
  MessagesExtras,
  MessagesTool,
  RawMessageStreamEvent,
  ResponseStreamEvent,
  Responses,
  ResponsesExtras,
  ResponsesResponse,
  ResponsesTool,
} from '../../src/protocols/index.js';
import { textOf } from '../../src/protocols/index.js';

type Fed<Ours, Theirs extends Ours> = Theirs;
export type Official = [
  Fed<ChatCompletionChunk, OpenAI.ChatCompletionChunk>,
  Fed<ChatCompletion, OpenAI.ChatCompletion>,
  Fed<ResponsesResponse, OpenAI.Responses.Response>,
  Fed<ResponseStreamEvent, OpenAI.Responses.ResponseStreamEvent>,
  Fed<Message, Anthropic.Message>,
  Fed<ContentBlock, Anthropic.ContentBlock>,
  Fed<RawMessageStreamEvent, Anthropic.RawMessageStreamEvent>,
  Fed<CreateEmbeddingResponse, OpenAI.CreateEmbeddingResponse>,
  Fed<ChatMessage, OpenAI.ChatCompletionMessageParam>,
  Fed<ChatTool, OpenAI.ChatCompletionTool>,
  Fed<ResponsesTool, OpenAI.Responses.Tool>,
  Fed<MessageParam, Anthropic.MessageParam>,
  Fed<MessagesTool, Anthropic.ToolUnion>,
];
export type Wrong = [
  // @ts-expect-error a whole answer is no piece
  Fed<ChatCompletionChunk, OpenAI.ChatCompletion>,
  // @ts-expect-error nor is a piece of another protocol
  Fed<RawMessageStreamEvent, OpenAI.Responses.ResponseStreamEvent>,
];

export function narrowed(event: ResponseStreamEvent, piece: RawMessageStreamEvent, answer: ResponsesResponse): string {
  if (event.type === 'response.output_text.delta') return event.delta;
  if (event.type === 'response.completed') return event.response.output.length.toFixed();
  if (piece.type === 'content_block_delta' && piece.delta.type === 'text_delta') return piece.delta.text;
  if (piece.type === 'content_block_start' && piece.content_block.type === 'tool_use') return piece.content_block.name;
  const [item] = answer.output;
  if (item?.type === 'function_call') return item.arguments;
  // @ts-expect-error a message has no arguments
  if (item?.type === 'message') return item.arguments;
  return textOf(answer);
}

interface Body {
  model: string;
  messages: readonly { role: 'user'; content: string }[];
  stream?: boolean;
}

export async function asked(
  chat: ChatCompletions<Body & ChatExtras>,
  responses: Responses<{ model: string; input: string } & ResponsesExtras>,
  messages: Messages<Body & { max_tokens: number } & MessagesExtras>,
  embeddings: Embeddings<{ model: string; input: string | readonly string[] }>,
): Promise<void> {
  const body = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] } as const;
  const whole: ChatCompletion = await chat.create({ ...body, top_p: 1, stop: ['.'] });
  const nulled: ChatCompletion = await chat.create({ ...body, stream: false });
  const stream: ChatStream = await chat.create({ ...body, stream: true, stream_options: { include_usage: true } });
  const either: ChatCompletion | ChatStream = await chat.create({ ...body, stream: Math.random() > 0.5 });
  // @ts-expect-error which of them it is, is not known
  const sure: ChatStream = await chat.create({ ...body, stream: Math.random() > 0.5 });
  // @ts-expect-error a word that the protocol has not
  await chat.create({ ...body, reasoning_effort: 'much' });
  // @ts-expect-error a misspelt field
  await chat.create({ ...body, topp: 1 });
  // @ts-expect-error no option
  await chat.create(body, { timeout: 1 });
  for await (const chunk of stream) void (chunk satisfies ChatCompletionChunk);
  const response = await responses.create({
    model: 'm',
    input: 'Hi',
    instructions: 'Short.',
    reasoning: { effort: 'low' },
  });
  const message = await (
    await messages.create({ ...body, max_tokens: 9, stream: true, thinking: { type: 'disabled' } })
  ).final();
  const { data } = await embeddings.create({ model: 'm', input: ['a'] });
  const vector: number[] | undefined = data[0]?.embedding;
  void [whole, nulled, either, sure, textOf(response), textOf(message), vector];
}
