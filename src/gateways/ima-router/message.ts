// What a message of ima-router says once its wrapping is off: whole JSON bodies inside a text, ids of exchanges.

import { isRecord, textOf } from '../../transport/index.js';

/** A message without its wrapping. */
export interface Words {
  message: string;
  /** The id of the gateway's own exchange, where the message named one. */
  requestId: string | undefined;
}

/** Upstream bodies come whole as messages; nobody reads more than this of one. */
const LONGEST_MESSAGE = 4000;

/** An upstream body that is longer (base64 media come back in some) is not looked into. */
const LONGEST_BODY = 200_000;

/** Bodies in bodies: the gateway wraps its upstream's words, which may be a gateway's too. */
const MOST_WRAPS = 3;

/** Messages end in the id of the exchange: `… (request id: 2026…)`. Each gateway on the way adds its own at the end. */
const REQUEST_ID = /\s*\(request[ _]id: ?([^()\s]{1,200})\)\s*$/i;

/** No suffix is longer than this. */
const LONGEST_SUFFIX = 300;

/**
 * Takes a message out of its wrapping: `fail_to_fetch_task` gives the upstream's whole body as a text
 * (`{"detail":"Not Found"}`), and the id of the exchange stands at the end of most messages (field-notes A1, "Errors").
 */
export function unwrapped(text: string): Words {
  let message = text.trim();
  let requestId: string | undefined;
  for (let wraps = 0; wraps <= MOST_WRAPS; wraps++) {
    for (let found = suffixOf(message); found !== undefined; found = suffixOf(message)) {
      message = message.slice(0, -found.length);
      requestId ??= found.id;
    }
    const inner = /^[{["]/.test(message) && message.length <= LONGEST_BODY ? wordsIn(parsed(message)) : undefined;
    if (inner === undefined) break;
    message = inner.trim();
  }
  return { message: message.slice(0, LONGEST_MESSAGE), requestId };
}

function suffixOf(message: string): { length: number; id: string } | undefined {
  const found = REQUEST_ID.exec(message.slice(-LONGEST_SUFFIX));
  // A message that is nothing but its id keeps it: there would be no words left.
  if (found?.[1] === undefined || found[0].length === message.length) return undefined;
  return { length: found[0].length, id: found[1] };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Where the gateways and models behind this one put their words. */
const PLACES = ['message', 'msg', 'detail', 'error_description', 'description', 'fail_reason'];

/** How deep the words of a body may lie: `{error: {message}}`, `{detail: [{msg}]}`. */
const DEEPEST = 4;

function wordsIn(value: unknown, depth = 0): string | undefined {
  if (depth > DEEPEST) return undefined;
  if (Array.isArray(value)) return wordsIn(value[0], depth + 1);
  if (!isRecord(value)) return textOf(value);
  const error = value.error;
  const places = [...(isRecord(error) || Array.isArray(error) ? [error] : []), ...PLACES.map((name) => value[name])];
  for (const place of [...places, error]) {
    const words = wordsIn(place, depth + 1);
    if (words !== undefined) return words;
  }
  return undefined;
}
