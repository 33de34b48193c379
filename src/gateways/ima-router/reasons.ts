// Why a task of ima-router failed: an upstream's code that overrules its words, and the text among many places.

import type { TaskError } from '../../tasks/index.js';
import { codeOf, isRecord, numberOf, textOf, urlOf, valueAt } from '../../transport/index.js';
import { unwrapped } from './message.js';
import { verdictOn } from './verdict.js';

/** An upstream's code of failure, and the object that it stands in. */
export interface Fault {
  code: string;
  place: Record<string, unknown>;
}

/**
 * The upstream's `task_code`, passed on at whatever depth: any but a code of success (0, and HTTP's 200) means failure,
 * also where `task_status` says completed (field-notes A1). Which field holds its text no source tells; those tried below are guesses.
 */
export function upstreamFault(body: Record<string, unknown>): Fault | undefined {
  for (const path of [[], ['data'], ['data', 'data']]) {
    const place = valueAt(body, path);
    const code = isRecord(place) ? numberOf(place.task_code) : undefined;
    if (isRecord(place) && code !== undefined && code !== 0 && code !== 200) return { code: String(code), place };
  }
  return undefined;
}

/** Texts that stand where reasons do and are none, or say less than any other. */
const NO_REASON = /^(?:ok|success|succeed(?:ed)?|completed?|(?:task )?fail(?:ed|ure)?|error|none|null)$/i;

/** Where a reason may stand, the gateway's own words first. A failed task has its text in `metadata.url` too. */
const PLACES = [
  ['error', 'message'],
  ['error'],
  ['fail_reason'],
  ['failReason'],
  ['metadata', 'url'],
  ['message'],
  ['data', 'error', 'message'],
  ['data', 'error'],
  ['data', 'message'],
];
const PLACES_OF_FAULT = ['task_status_msg', 'task_message', 'task_msg', 'message'];

/** How much of a text is looked through for a verdict. */
const LONGEST_TEXT = 20_000;

/** Why. */
export interface Reason {
  error: TaskError;
  /** Whether the answer has any words of its own on it. */
  isSaid: boolean;
  /** The id of the exchange that the words name. */
  requestId: string | undefined;
}

/** What an answer says of a task that failed or was cancelled: `place` holds its state, `body` is the whole. */
export function reasonOf(at: {
  place: Record<string, unknown>;
  body: Record<string, unknown>;
  fault: Fault | undefined;
}): Reason {
  const { place, body, fault } = at;
  const values = [
    ...PLACES.map((path) => valueAt(place, path)),
    ...PLACES_OF_FAULT.map((name) => fault?.place[name]),
    body.message,
  ];
  // A URL is no reason: it is what was being made, or fetched.
  const texts = values.map(textOf).filter((text) => text !== undefined && urlOf(text) === undefined);
  const text = texts.find((candidate) => candidate !== undefined && !NO_REASON.test(candidate)) ?? texts[0] ?? '';
  const { message, requestId } = unwrapped(text);
  const codes = [valueAt(place, ['error', 'code']), fault?.code, valueAt(place, ['data', 'error', 'code'])]
    .map(codeOf)
    .filter((code) => code !== undefined);
  const byWords = verdictOn([...codes, message].join(' '));
  // An upstream's own body may tell by its code what its words do not.
  const verdict = byWords.kind === 'unknown' ? verdictOn(text.slice(0, LONGEST_TEXT)) : byWords;
  const [code] = codes;
  return {
    error: {
      ...(code === undefined ? {} : { code }),
      message: message === '' ? 'the gateway gives no reason' : message,
      ...verdict,
    },
    isSaid: message !== '',
    requestId,
  };
}
