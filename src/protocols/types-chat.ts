// OpenAI's chat protocol as types, by its public names; what a gateway may leave out is optional.

/** Why a choice ended. */
export type ChatFinishReason =
  | 'stop'
  | 'length'
  | 'tool_calls'
  | 'content_filter'
  | 'function_call'
  | (string & Record<never, never>);

/** Tokens that were used. */
export interface CompletionUsage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  completion_tokens_details?: {
    reasoning_tokens?: number;
    audio_tokens?: number;
    accepted_prediction_tokens?: number;
    rejected_prediction_tokens?: number;
  } | null;
  prompt_tokens_details?: { cached_tokens?: number; audio_tokens?: number } | null;
}

/** A call of one of the caller's functions. */
export interface ChatCompletionMessageFunctionToolCall {
  id: string;
  type: 'function';
  function: {
    name: string;
    /** JSON, as the model wrote it: check it before use. */
    arguments: string;
  };
}

/** A call of one of the caller's tools. */
export type ChatCompletionMessageToolCall =
  | ChatCompletionMessageFunctionToolCall
  | { id: string; type: 'custom'; custom: { name: string; input: string } };

/** What the model said. */
export interface ChatCompletionMessage {
  role: 'assistant';
  /** Models that make pictures put them here, as Markdown with a `data:` URL, or in `images`. */
  content?: string | null;
  /** What a model that thinks aloud thought before; it is paid for too. */
  reasoning_content?: string | null;
  refusal?: string | null;
  tool_calls?: ChatCompletionMessageToolCall[];
  function_call?: { name: string; arguments: string } | null;
  /** As they came: the protocol does not know them. */
  images?: unknown[];
  audio?: { id: string; data: string; transcript: string; expires_at: number } | null;
  annotations?: unknown[];
}

/** Log probabilities of tokens. */
export interface ChatCompletionLogprobs {
  content?: ChatCompletionTokenLogprob[] | null;
  refusal?: ChatCompletionTokenLogprob[] | null;
}

/** One token, and those that stood beside it. */
export interface ChatCompletionTokenLogprob {
  token: string;
  logprob: number;
  bytes?: number[] | null;
  top_logprobs?: { token: string; logprob: number; bytes?: number[] | null }[];
}

/** An answer that came whole, or as a stream that has been joined. */
export interface ChatCompletion {
  id?: string;
  object?: string;
  /** Seconds since 1970. */
  created?: number;
  model?: string;
  choices: ChatCompletionChoice[];
  usage?: CompletionUsage | null;
  service_tier?: string | null;
  system_fingerprint?: string | null;
}

export interface ChatCompletionChoice {
  index: number;
  message: ChatCompletionMessage;
  finish_reason?: ChatFinishReason | null;
  logprobs?: ChatCompletionLogprobs | null;
}

/** A piece of an answer. */
export interface ChatCompletionChunk {
  id?: string;
  object?: string;
  created?: number;
  model?: string;
  /** Empty where the piece is about the whole, as the last one with `usage` is. */
  choices: ChatCompletionChunkChoice[];
  usage?: CompletionUsage | null;
  service_tier?: string | null;
  system_fingerprint?: string | null;
}

export interface ChatCompletionChunkChoice {
  index: number;
  delta: ChatCompletionDelta;
  finish_reason?: ChatFinishReason | null;
  logprobs?: ChatCompletionLogprobs | null;
}

export interface ChatCompletionDelta {
  role?: 'developer' | 'system' | 'user' | 'assistant' | 'tool';
  content?: string | null;
  reasoning_content?: string | null;
  refusal?: string | null;
  tool_calls?: ChatCompletionDeltaToolCall[];
  function_call?: { name?: string; arguments?: string };
  images?: unknown[];
}

/** A piece of a call: `index` says of which one. */
export interface ChatCompletionDeltaToolCall {
  index: number;
  id?: string;
  type?: 'function';
  function?: { name?: string; arguments?: string };
}

export interface ChatTextPart {
  type: 'text';
  text: string;
}

/** A part of what the user says. */
export type ChatContentPart =
  | ChatTextPart
  | {
      type: 'image_url';
      /** A public http(s) URL, or the bytes as a `data:` URL. */
      image_url: { url: string; detail?: 'auto' | 'low' | 'high' };
    }
  | {
      type: 'input_audio';
      /** The bytes in base64. */
      input_audio: { data: string; format: 'wav' | 'mp3' };
    }
  | { type: 'file'; file: { file_data?: string; file_id?: string; filename?: string } };

/** A message of a request. One that came as an answer may go back in as it is. */
export type ChatMessage =
  | { role: 'system' | 'developer'; content: string | readonly ChatTextPart[]; name?: string }
  | { role: 'user'; content: string | readonly ChatContentPart[]; name?: string }
  | (Omit<ChatCompletionMessage, 'content' | 'audio' | 'tool_calls'> & {
      content?: string | readonly (ChatContentPart | { type: 'refusal'; refusal: string })[] | null;
      audio?: { id: string } | null;
      tool_calls?: readonly ChatCompletionMessageToolCall[] | null;
      name?: string;
    })
  | { role: 'tool'; tool_call_id: string; content: string | readonly ChatTextPart[] }
  /** What `tool` was before. */
  | { role: 'function'; name: string; content: string | null };

/** What a model may call. */
export type ChatTool =
  | {
      type: 'function';
      function: {
        name: string;
        description?: string;
        /** A JSON Schema; a function without one takes nothing. */
        parameters?: object;
        /** Whether the arguments follow the schema exactly. */
        strict?: boolean | null;
      };
    }
  | { type: 'custom'; custom: { name: string; description?: string; format?: object } };

/** What the protocol takes and the vendor's document does not list: it goes as it is, and not every model heeds it. */
export interface ChatExtras {
  top_p?: number | null;
  n?: number | null;
  stop?: string | readonly string[] | null;
  seed?: number | null;
  /** The newer name of `max_tokens`, which counts the tokens of thinking too. */
  max_completion_tokens?: number | null;
  presence_penalty?: number | null;
  frequency_penalty?: number | null;
  logit_bias?: Readonly<Record<string, number>> | null;
  logprobs?: boolean | null;
  top_logprobs?: number | null;
  response_format?:
    | { type: 'text' }
    | { type: 'json_object' }
    | {
        type: 'json_schema';
        json_schema: {
          name: string;
          description?: string;
          schema?: Readonly<Record<string, unknown>>;
          strict?: boolean | null;
        };
      };
  /** With `include_usage` the last piece of a stream tells the tokens that were used. */
  stream_options?: { include_usage?: boolean; include_obfuscation?: boolean } | null;
  parallel_tool_calls?: boolean;
  reasoning_effort?: 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | null;
  verbosity?: 'low' | 'medium' | 'high' | null;
  modalities?: readonly ('text' | 'audio' | 'image')[] | null;
  service_tier?: 'auto' | 'default' | 'flex' | 'scale' | 'priority' | null;
  metadata?: Readonly<Record<string, string>> | null;
  user?: string;
}
