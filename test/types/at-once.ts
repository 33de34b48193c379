// What the editor says of verbs that answer at once, of assets and of Midjourney: checked by `npm run typecheck`, never run.

import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import {
  type ChatCompletion,
  type ChatCompletionMessage,
  type ContentBlock,
  ImaRouter,
  liveModel,
  type Output,
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
