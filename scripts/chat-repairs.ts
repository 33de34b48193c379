// What chat bodies hold beyond the text-only messages of the vendor's schemas, which call themselves compatible and are not.

import type { Repair } from './gateways.js';
import type { Json } from './spec/json.js';

const object = (required: string[], properties: Record<string, Json>): Json => ({
  type: 'object',
  required,
  properties,
});
const one = (...words: string[]): Json => ({ type: 'string', enum: words });
const some = (items: Json): Json => ({ type: 'array', minItems: 1, items });
/** The same where each of its kinds has fields of its own, which nobody lists for the gateway. */
const open = (required: string[], properties: Record<string, Json>): Json => ({
  type: 'object',
  required,
  properties,
  additionalProperties: true,
});
const TEXT: Json = { type: 'string' };
const ANY_OBJECT: Json = { type: 'object' };

/** OpenAI's chat protocol: the parts of a message. */
const textPart = object(['type', 'text'], { type: one('text'), text: TEXT });
const chatParts = some({
  anyOf: [
    textPart,
    object(['type', 'image_url'], {
      type: one('image_url'),
      image_url: object(['url'], {
        url: { type: 'string', description: 'A public http(s) URL, or the bytes as a `data:` URL.' },
        detail: one('auto', 'low', 'high'),
      }),
    }),
    object(['type', 'input_audio'], {
      type: one('input_audio'),
      input_audio: object(['data', 'format'], {
        data: { type: 'string', description: 'The bytes in base64.' },
        format: one('wav', 'mp3'),
      }),
    }),
    object(['type', 'file'], { type: one('file'), file: ANY_OBJECT }),
  ],
});
const toolCalls: Json = {
  type: 'array',
  nullable: true,
  items: {
    anyOf: [
      object(['id', 'type', 'function'], {
        id: TEXT,
        type: one('function'),
        function: object(['name', 'arguments'], {
          name: TEXT,
          arguments: { type: 'string', description: 'JSON, as the model wrote it.' },
        }),
      }),
      object(['id', 'type', 'custom'], {
        id: TEXT,
        type: one('custom'),
        custom: object(['name', 'input'], { name: TEXT, input: TEXT }),
      }),
    ],
  },
};

const TEXT_MESSAGE: Json = {
  type: 'object',
  required: ['role', 'content'],
  properties: {
    role: { type: 'string', enum: ['system', 'user', 'assistant'] },
    content: { type: 'string' },
  },
};

const CHAT_MESSAGE: Json = {
  anyOf: [
    TEXT_MESSAGE,
    object(['role', 'content'], { role: one('user'), content: chatParts }),
    object(['role', 'content'], { role: one('developer'), content: TEXT }),
    object(['role', 'content'], { role: one('system', 'developer'), content: some(textPart) }),
    // As models answer: with nothing said, or in parts.
    object(['role'], {
      role: one('assistant'),
      content: {
        anyOf: [
          { type: 'string', nullable: true },
          { type: 'array', items: open(['type'], { type: TEXT }) },
        ],
      },
      tool_calls: toolCalls,
    }),
    object(['role', 'content', 'tool_call_id'], {
      role: one('tool'),
      content: { anyOf: [TEXT, some(textPart)] },
      tool_call_id: TEXT,
    }),
    // What `tool` was before.
    object(['role', 'name', 'content'], {
      role: one('function'),
      name: TEXT,
      content: { type: 'string', nullable: true },
    }),
  ],
};

const FUNCTION_TOOL: Json = {
  type: 'object',
  required: ['type', 'function'],
  properties: {
    type: { type: 'string', enum: ['function'] },
    function: {
      type: 'object',
      required: ['name', 'parameters'],
      properties: { name: { type: 'string' }, description: { type: 'string' }, parameters: { type: 'object' } },
    },
  },
};

const CHAT_TOOL: Json = {
  anyOf: [
    object(['type', 'function'], {
      type: one('function'),
      function: object(['name'], { name: TEXT, description: TEXT, parameters: ANY_OBJECT }),
    }),
    object(['type', 'custom'], { type: one('custom'), custom: object(['name'], { name: TEXT, description: TEXT }) }),
  ],
};

/** OpenAI's Responses protocol: messages, and items such as `function_call_output`. */
const RESPONSES_INPUT: Json = {
  description: 'Enter text',
  anyOf: [
    { type: 'string', description: 'Enter text' },
    some({
      anyOf: [
        open(['role', 'content'], {
          role: one('system', 'developer', 'user', 'assistant'),
          content: { anyOf: [TEXT, some(open(['type'], { type: TEXT }))] },
        }),
        open(['type'], { type: TEXT }),
      ],
    }),
  ],
};

/** Anthropic's protocol: the blocks of a message. */
const textBlock = open(['type', 'text'], { type: one('text'), text: TEXT });
const source: Json = {
  anyOf: [
    open(['type', 'media_type', 'data'], {
      type: one('base64'),
      media_type: TEXT,
      data: { type: 'string', description: 'The bytes in base64.' },
    }),
    open(['type', 'url'], { type: one('url'), url: TEXT }),
    open(['type'], { type: one('text', 'content', 'file') }),
  ],
};
const toolResult = open(['type', 'tool_use_id'], {
  type: one('tool_result'),
  tool_use_id: TEXT,
  content: { anyOf: [TEXT, some(open(['type'], { type: TEXT }))] },
  is_error: { type: 'boolean' },
});
/** What the protocol's own tools leave in an answer, and takes back; their results are `<tool>_tool_result`. */
const SERVER_BLOCKS = ['server_tool_use', 'mcp_tool_use', 'container_upload', 'search_result', 'compaction'];
const ANTHROPIC_MESSAGE: Json = {
  anyOf: [
    {
      type: 'object',
      required: ['role', 'content'],
      properties: {
        role: { type: 'string', enum: ['user', 'assistant', 'system'] },
        content: { type: 'string' },
      },
    },
    open(['role', 'content'], {
      role: one('user', 'assistant', 'system'),
      content: some({
        anyOf: [
          textBlock,
          open(['type', 'source'], { type: one('image', 'document'), source }),
          open(['type', 'id', 'name', 'input'], { type: one('tool_use'), id: TEXT, name: TEXT, input: ANY_OBJECT }),
          toolResult,
          open(['type'], { type: one('thinking', 'redacted_thinking', ...SERVER_BLOCKS) }),
          open(['type'], { type: { type: 'string', pattern: '^.+_tool_result$' } }),
        ],
      }),
    }),
  ],
};

const schema = (name: string) => `#/components/schemas/${name}/properties`;

/** Why: the operations say "Compatible with … format", take `tools`, and name models that see images. */
export const chatRepairs: readonly Repair[] = [
  {
    at: `${schema('ChatCompletionRequest')}/messages/items`,
    expect: TEXT_MESSAGE,
    becomes: CHAT_MESSAGE,
    reason:
      'The operation is "compatible with OpenAI Chat Completions API format" and takes `tools`; the schema knows messages of text only, so that no answer to a tool call and no image could be sent.',
  },
  {
    at: `${schema('ChatCompletionRequest')}/tools/items`,
    expect: FUNCTION_TOOL,
    becomes: CHAT_TOOL,
    reason: "As above: OpenAI's functions without `parameters` take none, and there are custom tools.",
  },
  {
    at: `${schema('ResponsesRequest')}/input`,
    expect: { type: 'string', description: 'Enter text' },
    becomes: RESPONSES_INPUT,
    reason:
      'The operation is "compatible with OpenAI Responses API format", where `input` is a text or a list of items.',
  },
  {
    at: `${schema('AnthropicMessagesRequest')}/messages/items`,
    expect: {
      type: 'object',
      required: ['role', 'content'],
      properties: {
        role: { type: 'string', enum: ['user', 'assistant'] },
        content: { type: 'string' },
      },
    },
    becomes: ANTHROPIC_MESSAGE,
    reason:
      'The operation is "compatible with Anthropic Messages API format", where `content` is a text or a list of blocks.',
  },
  {
    at: `${schema('AnthropicMessagesRequest')}/system`,
    expect: { type: 'string', description: 'System prompt word' },
    becomes: {
      description: 'System prompt word',
      anyOf: [{ type: 'string', description: 'System prompt word' }, some(textBlock)],
    },
    reason: "As above: Anthropic's `system` is a text or a list of text blocks.",
  },
];
