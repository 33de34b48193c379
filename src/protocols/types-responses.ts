// OpenAI's Responses protocol as types, by its public names; what a gateway may leave out is optional.

import type { Open } from './open.js';

export interface ResponseUsage {
  input_tokens: number;
  output_tokens: number;
  total_tokens: number;
  input_tokens_details?: { cached_tokens?: number } | null;
  output_tokens_details?: { reasoning_tokens?: number } | null;
}

export interface ResponseError {
  code?: string | null;
  message: string;
}

type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

export interface ResponseOutputText {
  type: 'output_text';
  text: string;
  annotations?: unknown[];
  logprobs?: unknown[];
}

export interface ResponseOutputRefusal {
  type: 'refusal';
  refusal: string;
}

/** What the model said. */
export interface ResponseOutputMessage {
  type: 'message';
  id?: string;
  role: 'assistant';
  status?: ItemStatus;
  content: (ResponseOutputText | ResponseOutputRefusal)[];
}

/** A call of one of the caller's functions. */
export interface ResponseFunctionToolCall {
  type: 'function_call';
  id?: string;
  call_id: string;
  name: string;
  /** JSON, as the model wrote it: check it before use. */
  arguments: string;
  status?: ItemStatus;
}

/** What the model thought before. */
export interface ResponseReasoningItem {
  type: 'reasoning';
  id?: string;
  summary: { type: 'summary_text'; text: string }[];
  content?: { type: 'reasoning_text'; text: string }[];
  encrypted_content?: string | null;
  status?: ItemStatus;
}

/** A picture, made by the protocol's own tool. */
export interface ResponseImageGenerationCall {
  type: 'image_generation_call';
  id: string;
  /** Base64. */
  result: string | null;
  status: string;
}

/** Of the other tools only what they are called is known here. An item that is newer than these types comes as it is. */
export interface ResponseOtherItem {
  type:
    | `${'file_search' | 'web_search' | 'computer' | 'tool_search' | 'code_interpreter' | 'local_shell' | 'shell' | 'apply_patch' | 'mcp' | 'custom_tool'}_call`
    | `${'tool_search' | 'shell_call' | 'apply_patch_call'}_output`
    | 'mcp_list_tools'
    | 'mcp_approval_request'
    | 'compaction';
  id?: string;
}

export type ResponseOutputItem =
  | ResponseOutputMessage
  | ResponseFunctionToolCall
  | ResponseReasoningItem
  | ResponseImageGenerationCall
  | ResponseOtherItem;

/** An answer that came whole, or as a stream that has been joined. */
export interface ResponsesResponse {
  id?: string;
  object?: string;
  /** Seconds since 1970. */
  created_at?: number;
  model?: string;
  status?: 'completed' | 'failed' | 'in_progress' | 'cancelled' | 'queued' | 'incomplete';
  output: ResponseOutputItem[];
  usage?: ResponseUsage | null;
  error?: ResponseError | null;
  /** Why it is `incomplete`. */
  incomplete_details?: { reason?: string } | null;
  previous_response_id?: string | null;
  metadata?: Record<string, string> | null;
  service_tier?: string | null;
}

/** Where in the answer a piece belongs. */
interface OfItem {
  item_id: string;
  output_index: number;
  sequence_number?: number;
}
interface OfContent extends OfItem {
  content_index: number;
}
interface OfSummary extends OfItem {
  summary_index: number;
}
type ResponseContentPart = ResponseOutputText | ResponseOutputRefusal | { type: 'reasoning_text'; text: string };

/** The answer as a whole, at the beginning and at the end. */
export interface ResponseLifeEvent {
  type: `response.${'created' | 'queued' | 'in_progress' | 'completed' | 'incomplete' | 'failed'}`;
  response: ResponsesResponse;
  sequence_number?: number;
}
export interface ResponseOutputItemEvent {
  type: 'response.output_item.added' | 'response.output_item.done';
  item: ResponseOutputItem;
  output_index: number;
  sequence_number?: number;
}
export interface ResponseContentPartEvent extends OfContent {
  type: 'response.content_part.added' | 'response.content_part.done';
  part: ResponseContentPart;
}
export interface ResponseTextDeltaEvent extends OfContent {
  type: 'response.output_text.delta';
  delta: string;
}
export interface ResponseTextDoneEvent extends OfContent {
  type: 'response.output_text.done';
  text: string;
}
export interface ResponseRefusalDeltaEvent extends OfContent {
  type: 'response.refusal.delta';
  delta: string;
}
export interface ResponseRefusalDoneEvent extends OfContent {
  type: 'response.refusal.done';
  refusal: string;
}
export interface ResponseReasoningTextDeltaEvent extends OfContent {
  type: 'response.reasoning_text.delta';
  delta: string;
}
export interface ResponseReasoningTextDoneEvent extends OfContent {
  type: 'response.reasoning_text.done';
  text: string;
}
export interface ResponseReasoningSummaryPartEvent extends OfSummary {
  type: 'response.reasoning_summary_part.added' | 'response.reasoning_summary_part.done';
  part: { type: 'summary_text'; text: string };
}
export interface ResponseReasoningSummaryTextDeltaEvent extends OfSummary {
  type: 'response.reasoning_summary_text.delta';
  delta: string;
}
export interface ResponseReasoningSummaryTextDoneEvent extends OfSummary {
  type: 'response.reasoning_summary_text.done';
  text: string;
}
export interface ResponseFunctionCallArgumentsDeltaEvent extends OfItem {
  type: 'response.function_call_arguments.delta';
  delta: string;
}
export interface ResponseFunctionCallArgumentsDoneEvent extends OfItem {
  type: 'response.function_call_arguments.done';
  arguments: string;
}
/** Never handed out by a stream of this library: there it is an error. */
export interface ResponseErrorEvent {
  type: 'error';
  code: string | null;
  message: string;
  param: string | null;
}
/** Of the other events only what they are called is known here. */
export interface ResponseOtherEvent {
  type:
    | `response.${'audio' | 'code_interpreter_call' | 'code_interpreter_call_code' | 'custom_tool_call_input' | 'file_search_call' | 'image_generation_call' | 'mcp_call' | 'mcp_call_arguments' | 'mcp_list_tools' | 'web_search_call'}.${string}`
    | 'response.output_text.annotation.added';
}

/** A piece of an answer. One that is newer than these types comes all the same, as it is. */
export type ResponseStreamEvent =
  | ResponseLifeEvent
  | ResponseOutputItemEvent
  | ResponseContentPartEvent
  | ResponseTextDeltaEvent
  | ResponseTextDoneEvent
  | ResponseRefusalDeltaEvent
  | ResponseRefusalDoneEvent
  | ResponseReasoningTextDeltaEvent
  | ResponseReasoningTextDoneEvent
  | ResponseReasoningSummaryPartEvent
  | ResponseReasoningSummaryTextDeltaEvent
  | ResponseReasoningSummaryTextDoneEvent
  | ResponseFunctionCallArgumentsDeltaEvent
  | ResponseFunctionCallArgumentsDoneEvent
  | ResponseErrorEvent
  | ResponseOtherEvent;

/** An item of a request: a message, the answer to a call, or an item of an answer, which goes back in as it is. */
export type ResponsesInputItem =
  | Open<{ role: 'system' | 'developer' | 'user' | 'assistant'; content: string | readonly Open<{ type: string }>[] }>
  | Open<{ type: string }>;

/** What a model may call: a function of the caller's, or one of the protocol's own tools with its options. */
export type ResponsesTool =
  | {
      type: 'function';
      name: string;
      description?: string | null;
      /** A JSON Schema; a function without one takes nothing. */
      parameters?: object | null;
      /** Whether the arguments follow the schema exactly. */
      strict?: boolean | null;
    }
  | Open<{ type: string }>;

/** What the protocol takes and the vendor's document does not list: it goes as it is, and not every model heeds it. */
export interface ResponsesExtras {
  instructions?: string | null;
  previous_response_id?: string | null;
  top_p?: number | null;
  tools?: readonly ResponsesTool[];
  tool_choice?: 'none' | 'auto' | 'required' | Open<{ type: string; name?: string }>;
  parallel_tool_calls?: boolean | null;
  max_tool_calls?: number | null;
  reasoning?: {
    effort?: 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | null;
    summary?: 'auto' | 'concise' | 'detailed' | null;
  } | null;
  text?: {
    format?:
      | { type: 'text' }
      | { type: 'json_object' }
      | {
          type: 'json_schema';
          name: string;
          description?: string;
          schema: Readonly<Record<string, unknown>>;
          strict?: boolean | null;
        };
    verbosity?: 'low' | 'medium' | 'high' | null;
  };
  include?: readonly string[] | null;
  truncation?: 'auto' | 'disabled' | null;
  store?: boolean | null;
  service_tier?: 'auto' | 'default' | 'flex' | 'scale' | 'priority' | null;
  metadata?: Readonly<Record<string, string>> | null;
  user?: string;
}
