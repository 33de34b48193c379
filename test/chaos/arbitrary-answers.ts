// Answers to "how is my task?" that no gateway should give, near the real shapes and far from them, and what each may mean.

import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { Dialect } from './dialects.js';

/** An answer as a server sends it. */
export interface WireAnswer {
  status: number;
  contentType: string | undefined;
  body: string | Uint8Array;
  /** `gzip` says so and is, `lie` says so and is not. */
  coding: 'none' | 'gzip' | 'lie';
  /** The connection ends in the middle of the body. */
  cut: boolean;
}

/** Statuses whose answers have no body, whatever is written. */
const BODILESS = new Set([204, 205, 304]);

/** The bytes of an answer, and what is said of them. */
export function wireOf({ status, contentType, body, coding }: WireAnswer) {
  const plain = Buffer.from(BODILESS.has(status) ? '' : body);
  return {
    bytes: coding === 'gzip' && plain.length > 0 ? gzipSync(plain) : plain,
    headers: {
      ...(contentType === undefined ? {} : { 'content-type': contentType }),
      ...(coding === 'none' || plain.length === 0 ? {} : { 'content-encoding': 'gzip' }),
    },
  };
}

const RESULT = 'https://results.example/a.mp4';

/** A word, mostly one of those that mean something. */
function wordOf({ words, strange }: Dialect): fc.Arbitrary<string> {
  return fc
    .tuple(
      fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom(...words.succeeded, ...words.failed, ...words.modal) },
        fc.constantFrom(...words.queued, ...words.running, ...words.cancelled),
        fc.constantFrom(...strange),
        fc.string(),
      ),
      fc.constantFrom('as it is', 'upper', 'spaces'),
    )
    .map(([text, how]) => (how === 'upper' ? text.toUpperCase() : how === 'spaces' ? ` ${text}\n` : text));
}

/** What stands in places of URLs. */
const place = fc.oneof(
  { weight: 3, arbitrary: fc.constant(RESULT) },
  fc.constantFrom<unknown>(
    '',
    null,
    'video generation failed: internal error: 601300',
    'https://',
    'https:// not a url',
    'ftp://results.example/a.mp4',
    'javascript:alert(1)',
    'see https://results.example/a.mp4',
    [RESULT],
    { url: RESULT },
    42,
  ),
);

const anything = fc.jsonValue({ maxDepth: 2 });

function bodyOf(dialect: Dialect): fc.Arbitrary<string | Uint8Array> {
  const { node, bare, envelope } = dialect.states({ word: wordOf(dialect), place, anything });
  return fc.oneof(
    { weight: 5, arbitrary: fc.oneof(node, envelope, bare).map((value) => JSON.stringify(value)) },
    { weight: 2, arbitrary: fc.tuple(envelope, node).map(([a, b]) => JSON.stringify({ ...a, ...b })) },
    fc.json(),
    fc.string({ unit: fc.constantFrom(...'{}[]":,01eé漢😀<>&\\\n\0', '\ud800', 'status', 'completed') }),
    fc.constantFrom(
      '<html><body>502</body></html>',
      'null',
      '""',
      '[]',
      '{"status":"completed"',
      '\ufeff{"status":"failed"}',
    ),
    fc.uint8Array({ maxLength: 200 }),
  );
}

/** Statuses that HTTP allows for an answer, the usual ones more often. 101 would be another protocol. */
const status = fc.oneof(
  { weight: 6, arbitrary: fc.constant(200) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      201,
      202,
      204,
      205,
      206,
      301,
      302,
      304,
      400,
      401,
      403,
      404,
      408,
      429,
      500,
      502,
      503,
      504,
      520,
    ),
  },
  fc.integer({ min: 200, max: 599 }),
);

const contentType = fc.constantFrom(
  undefined,
  'application/json',
  'application/json; charset=gbk',
  'text/html',
  'text/event-stream',
  'video/mp4',
  'nonsense',
  '',
);

const answerOf = (dialect: Dialect): fc.Arbitrary<WireAnswer> =>
  fc.record({
    status,
    contentType,
    body: bodyOf(dialect),
    coding: fc.oneof({ weight: 10, arbitrary: fc.constant('none' as const) }, fc.constantFrom('gzip', 'lie')),
    cut: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
  });

/** What a gateway gone mad says before it comes to its senses; now and then it insists. */
export const answersOf = (dialect: Dialect): fc.Arbitrary<WireAnswer[]> =>
  fc
    .array(
      fc.tuple(answerOf(dialect), fc.oneof({ weight: 6, arbitrary: fc.constant(1) }, fc.integer({ min: 2, max: 13 }))),
      {
        maxLength: 6,
      },
    )
    .map((list) => list.flatMap(([one, times]) => Array.from({ length: times }, () => one)));

/** What an answer may be taken for, told without the library's readers: necessary signs, by the contract's own words. */
export interface Meaning {
  mayEnd: ReadonlySet<'succeeded' | 'failed' | 'cancelled'>;
  /** It says so plainly that nothing may be asked after it: of its end, … */
  mustEnd: boolean;
  /** … or of its waiting for the caller. */
  mustRest: boolean;
  /** It claims success. */
  claimsSuccess: boolean;
  /** It waits for its caller. */
  isModal: boolean;
  /** It refuses to tell, in a way that asking again may not mend; "too many requests" is none. */
  refuses: boolean;
  /** It speaks of the key or the account. */
  isAboutKey: boolean;
}

export function meaningOf({ status, body, coding, cut }: WireAnswer, dialect: Dialect): Meaning {
  const { words } = dialect;
  const isBroken = cut || (coding === 'lie' && !BODILESS.has(status) && body.length > 0);
  const value = isBroken || BODILESS.has(status) ? undefined : parsed(body);
  const isGood = status >= 200 && status < 300;
  const isObject = isGood && isRecord(value);
  const said = (isObject ? dialect.wordsIn(value) : [])
    .filter((one) => typeof one === 'string')
    .map((one) => one.trim().toLowerCase());
  const says = (list: readonly string[]) => said.some((one) => list.includes(one));
  const mayEnd = new Set<'succeeded' | 'failed' | 'cancelled'>();
  if (says(words.succeeded) && holds(value, isResult)) mayEnd.add('succeeded');
  const isFault = isObject && (holds(value, dialect.isFault) || dialect.mayFailWithoutWord(value));
  if (says(words.failed) || isFault) mayEnd.add('failed');
  if (says(words.cancelled)) mayEnd.add('cancelled');
  const { codes, below } = dialect.refusing;
  const refusesByCode =
    status >= 300 && status < below && holds(value, (one, key) => key === 'code' && codes.includes(one));
  const refusesByStatus = status >= 300 && status < 500 && status !== 429;
  // Nothing beside it that could mean something else, and no coding that could make the client ask again.
  const isPlain =
    isObject &&
    coding === 'none' &&
    !dialect.ambiguous.some((name) => Object.hasOwn(value, name)) &&
    !holds(value, dialect.isFault) &&
    value.success !== false;
  const hasResult = isObject && dialect.hasResult(value, RESULT);
  const isTasks = isObject && dialect.isTasks(value);
  const isKeys = holds(value, dialect.isAboutKey);
  return {
    mayEnd,
    mustEnd:
      isPlain && ((says(words.failed) && isTasks) || says(words.cancelled) || (says(words.succeeded) && hasResult)),
    mustRest: isPlain && says(words.modal),
    claimsSuccess: says(words.succeeded),
    isModal: says(words.modal),
    refuses: !cut && (refusesByStatus || refusesByCode || (isObject && (said.length === 0 || value.success === false))),
    isAboutKey: !cut && (status === 401 || status === 402 || status === 403 || isKeys),
  };
}

function parsed(body: string | Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(Buffer.from(body)));
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether something of that kind stands anywhere in `value`. */
function holds(value: unknown, isIt: (value: unknown, key: string) => boolean, key = ''): boolean {
  if (isIt(value, key)) return true;
  if (Array.isArray(value)) return value.some((item) => holds(item, isIt, key));
  return isRecord(value) && Object.entries(value).some(([name, inner]) => holds(inner, isIt, name));
}

function isResult(value: unknown, key: string): boolean {
  if (typeof value !== 'string' || value === '') return false;
  if (key === 'b64_json') return true;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  return url !== undefined && /^(https?|data):$/.test(url.protocol);
}
