// Anthropic's Messages protocol as types, by its public names; what a gateway may leave out is optional.

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

/** What the protocol takes and the vendor's document does not list: it goes as it is, and not every model heeds it. */
export interface MessagesExtras {
  tools?: readonly (
    | {
        type?: 'custom';
        name: string;
        description?: string;
        input_schema: { type: 'object'; properties?: unknown; required?: readonly string[] | null };
      }
    | { type: string; name: string }
  )[];
  tool_choice?:
    | { type: 'auto' | 'any'; disable_parallel_tool_use?: boolean }
    | { type: 'tool'; name: string; disable_parallel_tool_use?: boolean }
    | { type: 'none' };
  stop_sequences?: readonly string[];
  top_k?: number;
  top_p?: number;
  /** `budget_tokens`: at least 1,024, and less than `max_tokens`. */
  thinking?: { type: 'enabled'; budget_tokens: number } | { type: 'disabled' } | { type: 'adaptive' };
  metadata?: { user_id?: string | null };
}
