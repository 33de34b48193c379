// An error that comes inside a stream: how it is recognised, and which HTTP status would have come with it.

import { codeOf, isRecord, numberOf, textOf } from '../transport/index.js';

/** An error in mid-stream, in one form for all protocols. */
export interface Trouble {
  /** What a call would have been answered with. */
  status: number;
  body: { error: { type: string; message: string; code?: string; param?: string } };
}

/**
 * What the protocols' own documents give for their words. Sources: "Error codes" and the `ResponseError` codes of the
 * OpenAI API reference, "Errors" of the Anthropic API reference.
 */
const STATUS_OF: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  // The model's, not the path's: a 404 would speak of that.
  not_found_error: 400,
  model_not_found: 400,
  context_length_exceeded: 400,
  failed_to_download_image: 400,
  authentication_error: 401,
  invalid_api_key: 401,
  billing_error: 402,
  insufficient_quota: 402,
  permission_error: 403,
  request_too_large: 413,
  rate_limit_error: 429,
  rate_limit_exceeded: 429,
  timeout_error: 504,
  overloaded_error: 529,
};

/** The Responses protocol has a code for everything that may be wrong with an input. */
const BAD_INPUT = /^(?:invalid|image|unsupported|empty)_/;

/** An `error` object that stands in `data`, or the same in a text; not the `null` that says that there is none. */
export function errorIn(data: Record<string, unknown>): unknown {
  return isRecord(data.error) || textOf(data.error) !== undefined ? data.error : undefined;
}

/** An answer of the gateway's own, where an event of the protocol should be: `{code, message}`, `{success: false}`. */
export function isEnvelope(data: Record<string, unknown>): boolean {
  return (
    errorIn(data) !== undefined || data.success === false || ('code' in data && textOf(data.message) !== undefined)
  );
}

/** Reads an error: an object with `message`, `type`, `code` and `param` where known, or a text. */
export function troubleOf(error: unknown): Trouble {
  const said = isRecord(error) ? error : { message: error };
  const type = textOf(said.type);
  const code = codeOf(said.code);
  const param = textOf(said.param);
  const message = textOf(said.message) ?? code ?? 'no reason was given';
  return {
    status: statusOf([code, type === 'error' ? undefined : type]),
    body: {
      error: {
        type: type ?? code ?? 'error',
        message,
        ...(code === undefined ? {} : { code }),
        ...(param === undefined ? {} : { param }),
      },
    },
  };
}

/** By the first word that is known; trouble of the server's where none is. */
function statusOf(words: readonly (string | undefined)[]): number {
  for (const word of words) {
    if (word === undefined) continue;
    const number = numberOf(word);
    if (number !== undefined && Number.isInteger(number) && number >= 400 && number < 600) return number;
    if (Object.hasOwn(STATUS_OF, word)) return STATUS_OF[word] ?? 500;
    if (BAD_INPUT.test(word)) return 400;
  }
  return 500;
}
