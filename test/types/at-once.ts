// What the editor says of verbs that answer at once, of assets and of Midjourney: checked by `npm run typecheck`, never run.

import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import {
  type ChatCompletion,
  type ChatCompletionMessage,
  type ChatRequest,
  type ContentBlock,
  ImaRouter,
  liveModel,
  type Message,
  type MessagesRequest,
  type Output,
  type ResponseOutputItem,
  type ResponsesRequest,
  type Task,
} from '../../src/index.js';

const ima = new ImaRouter();

export async function accepted(
  answered: ChatCompletionMessage,
  blocks: ContentBlock[],
  task: Task,
  isStreamed: boolean,
): Promise<void> {
  const whole = await ima.chat.completions.create({ model: 'gpt-4.1', messages: [{ role: 'user', content: 'x' }] });
  const text: string | null | undefined = whole.choices[0]?.message.content;
  const stream = await ima.chat.completions.create({
    model: 'MiniMax-M2.5',
    stream: true,
    stream_options: { include_usage: true },
    messages: [
      { role: 'system', content: 'x' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'x' },
          { type: 'image_url', image_url: { url: 'https://a.example/b.png', detail: 'low' } },
        ],
      },
      answered,
      { role: 'tool', tool_call_id: 'a', content: '1' },
    ],
    tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
    response_format: { type: 'json_object' },
  });
  for await (const chunk of stream) void chunk.choices[0]?.delta.tool_calls?.[0]?.function?.arguments;
  const final: ChatCompletion = await stream.final();
  await ima.chat.completions.create({
    model: liveModel('gemini-2.5-flash'),
    messages: [{ role: 'user', content: 'x' }],
  });
  const either = await ima.chat.completions.create({ model: 'gpt-4.1', messages: [], stream: isStreamed });
  void (Symbol.asyncIterator in either ? either.snapshot : either.usage);

  const response = await ima.responses.create({
    model: 'gpt-5.5',
    input: [{ role: 'user', content: [{ type: 'input_text', text: 'x' }] }],
    instructions: 'x',
  });
  void response.output;
  const message = await ima.messages.create({
    model: 'claude-sonnet-4-6',
    anthropic_version: 'bedrock-2023-05-31',
    max_tokens: 1000,
    messages: [
      { role: 'user', content: [{ type: 'image', source: { type: 'url', url: 'https://a.example/b.png' } }] },
      { role: 'assistant', content: blocks },
    ],
    tools: [{ name: 'f', input_schema: { type: 'object' } }],
  });
  void message.content;
  const { data } = await ima.embeddings.create({ model: 'text-embedding-3-large', input: ['x', 'y'] });
  const vector: number[] | undefined = data[0]?.embedding;

  const url: string = await ima.assets.ensure(new Blob([]), { for: 'seedance-2.0', type: 'Image' });
  await ima.assets.create({ model: 'seedance-upload', group_id: 'g', url });
  for await (const { id, status } of ima.assets.list({ model: 'seedance-upload', filters: { statuses: ['Active'] } })) {
    void [id, status === 'Active'];
  }
  await ima.submit({ model: 'seedance-2.0', prompt: 'x' }, { headers: { 'x-moderation': 'enabled' } });

  await ima.midjourney.imagine({ prompt: 'x --ar 16:9', botType: 'NIJI_JOURNEY' }, { youchuanSetting: 'x' });
  await ima.midjourney.change(task, 'U1');
  await ima.midjourney.change(task.state, { customId: 'MJ::x' }, { model: 'mj_zoom' });
  await ima.midjourney.modal('id', { customId: 'MJ::RemixModal::x', prompt: 'x', maskBase64: 'iVBO' });
  const image: Output = ima.midjourney.image('id');
  const { balanceUsd }: { balanceUsd: number } = await ima.account.balance();
  void [text, final, vector, image, balanceUsd];

  // The other makers' own types take our options.
  void [new OpenAI(ima.openaiOptions()), new Anthropic(ima.anthropicOptions())];
}

/** What people write who come from the other makers' SDKs, and what came as an answer. */
export async function brought(
  theirs: {
    messages: OpenAI.ChatCompletionMessageParam[];
    tools: OpenAI.ChatCompletionTool[];
    responsesTools: OpenAI.Responses.Tool[];
    messageParams: Anthropic.MessageParam[];
    toolUnion: Anthropic.ToolUnion[];
    system: Anthropic.TextBlockParam[];
  },
  output: ResponseOutputItem[],
  message: Message,
): Promise<void> {
  const request: ChatRequest = { model: 'gpt-4.1', messages: [{ role: 'user', content: 'x' }], top_p: 1, stop: ['.'] };
  await ima.chat.completions.create({
    ...request,
    tools: [
      { type: 'function', function: { name: 'f', parameters: { type: 'object' }, strict: true } },
      { type: 'function', function: { name: 'g' } },
      { type: 'custom', custom: { name: 'h' } },
    ],
    stream: false,
  });
  await ima.chat.completions.create({ model: 'gpt-4.1', messages: theirs.messages, tools: theirs.tools });
  const history: ChatRequest['messages'][number][] = [{ role: 'system', content: 'x' }];
  const stream = await ima.chat.completions.create({ ...request, messages: history, stream: true });
  const answered = (await stream.final()).choices[0]?.message;
  if (answered !== undefined) history.push(answered);
  history.push({ role: 'assistant', content: null }, { role: 'assistant', content: [{ type: 'text', text: 'x' }] });
  const fixed = [{ role: 'user', content: [{ type: 'text', text: 'x' }] }] as const;
  await ima.chat.completions.create({ model: 'gpt-4.1', messages: fixed });

  const again: ResponsesRequest = {
    model: 'gpt-5.5',
    input: [{ role: 'user', content: 'x' }, ...output, { type: 'function_call_output', call_id: 'c', output: '1' }],
    tools: [
      { type: 'function', name: 'f', description: 'x', parameters: { type: 'object' }, strict: true },
      { type: 'web_search', search_context_size: 'low' },
    ],
  };
  await ima.responses.create({ ...again, tools: theirs.responsesTools, stream: true });

  const base = { model: 'claude-sonnet-4-6', anthropic_version: 'bedrock-2023-05-31', max_tokens: 1000 } as const;
  const turns: MessagesRequest['messages'][number][] = [
    { role: 'assistant', content: message.content },
    { role: 'user', content: [{ type: 'text', text: 'x', cache_control: { type: 'ephemeral' } }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'x', content: 'ok' }] },
  ];
  await ima.messages.create({
    ...base,
    messages: turns,
    tools: [
      { name: 'f', input_schema: { type: 'object', properties: {}, additionalProperties: false } },
      { type: 'web_search_20250305', name: 'web_search', max_uses: 5 },
    ],
    stop_sequences: ['.'],
  });
  const { messageParams, system, toolUnion } = theirs;
  await ima.messages.create({ ...base, messages: messageParams, system, tools: toolUnion });
}

export function mistaken(): void {
  const base = { model: 'gpt-4.1', messages: [] } as const;
  // @ts-expect-error a misspelt field of a function
  void ima.chat.completions.create({ ...base, tools: [{ type: 'function', function: { name: 'f', params: {} } }] });
  // @ts-expect-error a part that there is not
  void ima.chat.completions.create({ ...base, messages: [{ role: 'user', content: [{ type: 'txt', text: 'x' }] }] });
  // @ts-expect-error a misspelt field of a request
  const request: ChatRequest = { ...base, topp: 1 };
  // @ts-expect-error the gateway's schema has no null here
  void ima.chat.completions.create({ ...request, stream: null });
}

export async function refused(text: string): Promise<void> {
  // @ts-expect-error at Responses only
  await ima.chat.completions.create({ model: 'gpt-5.5', messages: [] });
  // @ts-expect-error a text may be the id of anything
  await ima.chat.completions.create({ model: text, messages: [] });
  // @ts-expect-error no such role
  await ima.chat.completions.create({ model: 'gpt-4.1', messages: [{ role: 'robot', content: 'x' }] });
  // @ts-expect-error at chat completions only
  await ima.responses.create({ model: 'gpt-4.1', input: 'x' });
  // @ts-expect-error this gateway wants the version in the body
  await ima.messages.create({ model: 'claude-sonnet-4-6', max_tokens: 1000, messages: [] });
  // @ts-expect-error not a model of embeddings
  await ima.embeddings.create({ model: 'gpt-4.1', input: 'x' });
  // @ts-expect-error without a model the gateway takes the domestic channel, and charges for it
  await ima.assets.create({ group_id: 'g', url: 'https://a.example/b.png' });
  // @ts-expect-error what it is for decides the channel
  await ima.assets.ensure('https://a.example/b.png', {});
  // @ts-expect-error a window wants to know which button opened it
  await ima.midjourney.modal('id', { prompt: 'x' });
}
