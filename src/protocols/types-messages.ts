// Anthropic's Messages protocol as types, by its public names; what a gateway may leave out is optional.

import type { Open } from './open.js';

export type StopReason =
  | 'end_turn'
  | 'max_tokens'
  | 'stop_sequence'
  | 'tool_use'
  | 'pause_turn'
  | 'refusal'
  | 'model_context_window_exceeded'
  | (string & Record<never, never>);

export interface MessageUsage {
  input_tokens: number;
  output_tokens: number;
  cache_creation_input_tokens?: number | null;
  cache_read_input_tokens?: number | null;
}

export interface TextBlock {
  type: 'text';
  text: string;
  citations?: unknown[] | null;
}

/** What the model thought before. To go on with the conversation, send it back as it is. */
export interface ThinkingBlock {
  type: 'thinking';
  thinking: string;
  signature?: string;
}

export interface RedactedThinkingBlock {
  type: 'redacted_thinking';
  data: string;
}

/** A call of one of the caller's tools. */
export interface ToolUseBlock {
  type: 'tool_use';
  id: string;
  name: string;
  /** What the model wrote: check it before use. A text where that is no JSON, because it was cut off. */
  input: unknown;
}

/** Of the other blocks only what they are called is known here. One that is newer than these types comes as it is. */
export interface OtherBlock {
  type: 'server_tool_use' | `${string}_tool_result` | 'container_upload';
}

export type ContentBlock = TextBlock | ThinkingBlock | RedactedThinkingBlock | ToolUseBlock | OtherBlock;

/** An answer that came whole, or as a stream that has been joined. */
export interface Message {
  id?: string;
  type?: 'message';
  role: 'assistant';
  model?: string;
  content: ContentBlock[];
  stop_reason?: StopReason | null;
  stop_sequence?: string | null;
  usage?: MessageUsage;
}

export interface TextDelta {
  type: 'text_delta';
  text: string;
}
export interface InputJSONDelta {
  type: 'input_json_delta';
  /** A piece of JSON, cut anywhere. */
  partial_json: string;
}
export interface ThinkingDelta {
  type: 'thinking_delta';
  thinking: string;
}
export interface SignatureDelta {
  type: 'signature_delta';
  signature: string;
}
export interface CitationsDelta {
  type: 'citations_delta';
  citation: unknown;
}
export type RawContentBlockDelta = TextDelta | InputJSONDelta | ThinkingDelta | SignatureDelta | CitationsDelta;

export interface RawMessageStartEvent {
  type: 'message_start';
  message: Message;
}
export interface RawContentBlockStartEvent {
  type: 'content_block_start';
  index: number;
  content_block: ContentBlock;
}
export interface RawContentBlockDeltaEvent {
  type: 'content_block_delta';
  index: number;
  delta: RawContentBlockDelta;
}
export interface RawContentBlockStopEvent {
  type: 'content_block_stop';
  index: number;
}
export interface RawMessageDeltaEvent {
  type: 'message_delta';
  delta: { stop_reason?: StopReason | null; stop_sequence?: string | null };
  /** Of the whole message so far. */
  usage?: Partial<{ [Name in keyof MessageUsage]: MessageUsage[Name] | null }>;
}
export interface RawMessageStopEvent {
  type: 'message_stop';
}
/** A sign of life. */
export interface PingEvent {
  type: 'ping';
}

/** A piece of an answer. One that is newer than these types comes all the same, as it is. */
export type RawMessageStreamEvent =
  | RawMessageStartEvent
  | RawContentBlockStartEvent
  | RawContentBlockDeltaEvent
  | RawContentBlockStopEvent
  | RawMessageDeltaEvent
  | RawMessageStopEvent
  | PingEvent;

/** The same by its shorter name. */
export type MessageStreamEvent = RawMessageStreamEvent;

/** Where the protocol has a cache, it reaches up to here. */
interface Cached {
  cache_control?: { type: 'ephemeral'; ttl?: '5m' | '1h' } | null;
}

export interface TextBlockParam extends Cached {
  type: 'text';
  text: string;
  citations?: readonly unknown[] | null;
}

/** Bytes in base64, or a public URL. What other sources hold is not known here. */
type BlockSource =
  | { type: 'base64'; media_type: string; data: string }
  | { type: 'url'; url: string }
  | { type: 'text' | 'content' | 'file'; media_type?: string; data?: string; content?: unknown; file_id?: string };

/** A block of a message of a request. */
export type ContentBlockParam =
  | TextBlockParam
  | ({ type: 'image'; source: BlockSource } & Cached)
  | ({
      type: 'document';
      source: BlockSource;
      title?: string | null;
      context?: string | null;
      citations?: { enabled?: boolean } | null;
    } & Cached)
  | (ToolUseBlock & Cached)
  | ({
      type: 'tool_result';
      tool_use_id: string;
      content?: string | readonly (ContentBlockParam | Open<{ type: `${string}_${'reference' | 'state'}` }>)[];
      is_error?: boolean;
    } & Cached)
  | ThinkingBlock
  | RedactedThinkingBlock
  | OtherBlock
  | OpenBlock;

/** Of the blocks that the protocol's own tools leave only what they are called is known here. */
type OpenBlock = Open<{
  type: OtherBlock['type'] | 'search_result' | 'mcp_tool_use' | 'compaction';
}>;

/** A message of a request. The content of an answer may go back in as it is. */
export interface MessageParam {
  /** `system` only where the model takes it in mid-conversation; else it is the request's own field. */
  role: 'user' | 'assistant' | 'system';
  content: string | readonly ContentBlockParam[];
}

/** What a model may call: a tool of the caller's, or one of the protocol's own, with the date of its version in its type. */
export type MessagesTool =
  | ({
      type?: 'custom' | null;
      name: string;
      description?: string;
      /** A JSON Schema. */
      input_schema: Open<{ type: 'object'; properties?: unknown; required?: readonly string[] | null }>;
      strict?: boolean;
    } & Cached)
  | Open<{ type: `${string}_20${number}` | `tool_search_tool_${string}` }>;

/** What the protocol takes and the vendor's document does not list: it goes as it is, and not every model heeds it. */
export interface MessagesExtras {
  tools?: readonly MessagesTool[];
  tool_choice?:
    | { type: 'auto' | 'any'; disable_parallel_tool_use?: boolean }
    | { type: 'tool'; name: string; disable_parallel_tool_use?: boolean }
    | { type: 'none' };
  stop_sequences?: readonly string[];
  top_k?: number;
  top_p?: number;
  /** `budget_tokens`: at least 1,024, and less than `max_tokens`. */
  thinking?: Open<{ type: 'enabled'; budget_tokens: number }> | Open<{ type: 'disabled' | 'adaptive' }>;
  metadata?: { user_id?: string | null };
}
