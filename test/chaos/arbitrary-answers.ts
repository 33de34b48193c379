// Answers to "how is my task?" that no gateway should give, near the real shapes and far from them, and what each may mean.

import { gzipSync } from 'node:zlib';
import fc from 'fast-check';

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

/** Words of the design's list and words beside it. */
const WORDS = {
  queued: ['', 'not_start', 'submitted', 'queued', 'pending'],
  running: ['processing', 'in_progress', 'running'],
  succeeded: ['completed', 'success', 'succeeded', 'done'],
  failed: ['failed', 'failure', 'error'],
  cancelled: ['cancel', 'cancelled', 'canceled'],
  modal: ['modal'],
} as const;
const STRANGE = [
  'archiving',
  'complete',
  'succes',
  'not failed',
  'FAILED_SOON',
  'undone',
  '成功',
  '__proto__',
  'toString',
];

const word = fc
  .tuple(
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...WORDS.succeeded, ...WORDS.failed, ...WORDS.modal) },
      fc.constantFrom(...WORDS.queued, ...WORDS.running, ...WORDS.cancelled),
      fc.constantFrom(...STRANGE),
      fc.string(),
    ),
    fc.constantFrom('as it is', 'upper', 'spaces'),
  )
  .map(([text, how]) => (how === 'upper' ? text.toUpperCase() : how === 'spaces' ? ` ${text}\n` : text));

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

const entry = fc.oneof(
  place,
  fc.record(
    { url: place, audio_url: place, b64_json: fc.constantFrom<unknown>('', null, 'AAAA', 7) },
    { requiredKeys: [] },
  ),
);

const anything = fc.jsonValue({ maxDepth: 2 });

/** An object that may hold a state, with its fields right, wrong, or missing. */
const node = fc.record(
  {
    status: fc.oneof({ weight: 4, arbitrary: word }, anything),
    progress: fc.oneof(
      fc.integer({ min: -10, max: 300 }),
      fc.constantFrom<unknown>('42%', '100%', 'NaN', Number.MAX_VALUE, null, {}),
    ),
    url: place,
    video_url: place,
    result_url: place,
    metadata: fc.oneof(fc.record({ url: place }), anything),
    results: fc.oneof(fc.array(entry, { maxLength: 3 }), anything),
    result: fc.oneof(fc.record({ data: fc.array(entry, { maxLength: 2 }) }), anything),
    urls: fc.array(place, { maxLength: 2 }),
    error: fc.oneof(fc.record({ code: anything, message: fc.oneof(fc.string(), anything) }), anything),
    fail_reason: fc.oneof(fc.string(), anything),
    task_code: fc.constantFrom<unknown>(0, '0', 1, '601300', null, 'x'),
    task_status: word,
    amount_usd: fc.oneof(fc.double(), anything),
    usage: anything,
    created_at: fc.oneof(fc.double(), anything),
    completed_at: fc.oneof(fc.double(), anything),
    id: anything,
  },
  { requiredKeys: [] },
);

/** The least that could be an end, with and without what makes it one. */
const bare = fc.record({ status: word, metadata: fc.record({ url: place }) }, { requiredKeys: ['status'] });

const envelope = fc.record(
  {
    code: fc.constantFrom<unknown>('success', 'task_not_exist', 0, 200, 1, 'fail_to_fetch_task', null),
    message: fc.oneof(fc.string(), fc.constantFrom('', 'ok', 'queue full')),
    success: fc.boolean(),
    data: fc.oneof(
      { weight: 3, arbitrary: node },
      bare,
      node.map((data) => ({ ...data, data })),
      fc.array(entry, { maxLength: 2 }),
      anything,
    ),
    error: fc.record({ message: fc.string(), type: fc.string() }),
  },
  { requiredKeys: [] },
);

const body: fc.Arbitrary<string | Uint8Array> = fc.oneof(
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

const answer: fc.Arbitrary<WireAnswer> = fc.record({
  status,
  contentType,
  body,
  coding: fc.oneof({ weight: 10, arbitrary: fc.constant('none' as const) }, fc.constantFrom('gzip', 'lie')),
  cut: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
});

/** What a gateway gone mad says before it comes to its senses; now and then it insists. */
export const answers: fc.Arbitrary<WireAnswer[]> = fc
  .array(fc.tuple(answer, fc.oneof({ weight: 6, arbitrary: fc.constant(1) }, fc.integer({ min: 2, max: 13 }))), {
    maxLength: 6,
  })
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

export function meaningOf({ status, body, coding, cut }: WireAnswer): Meaning {
  const isBroken = cut || (coding === 'lie' && !BODILESS.has(status) && body.length > 0);
  const value = isBroken || BODILESS.has(status) ? undefined : parsed(body);
  const isGood = status >= 200 && status < 300;
  const isObject = isGood && isRecord(value);
  const words = isObject ? [value.status, isRecord(value.data) ? value.data.status : undefined] : [];
  const said = words.filter((one) => typeof one === 'string').map((one) => one.trim().toLowerCase());
  const says = (list: readonly string[]) => said.some((one) => list.includes(one));
  const mayEnd = new Set<'succeeded' | 'failed' | 'cancelled'>();
  if (says(WORDS.succeeded) && holds(value, isResult)) mayEnd.add('succeeded');
  if (says(WORDS.failed) || (isObject && holdsFault(value))) mayEnd.add('failed');
  if (says(WORDS.cancelled)) mayEnd.add('cancelled');
  const isLost = holds(value, (one, key) => key === 'code' && one === 'task_not_exist');
  const refusesByStatus = status >= 300 && status < 500 && (status !== 429 || isLost);
  // Nothing beside it that could mean something else, and no coding that could make the client ask again.
  const isPlain =
    isObject &&
    coding === 'none' &&
    !['data', 'message'].some((name) => Object.hasOwn(value, name)) &&
    !holdsFault(value) &&
    value.success !== false;
  const hasResult = isObject && isRecord(value.metadata) && value.metadata.url === RESULT;
  // A failure without anything of a task is only believed when it is repeated.
  const isTasks = isObject && (typeof value.progress === 'number' || isRecord(value.metadata));
  return {
    mayEnd,
    mustEnd:
      isPlain && ((says(WORDS.failed) && isTasks) || says(WORDS.cancelled) || (says(WORDS.succeeded) && hasResult)),
    mustRest: isPlain && says(WORDS.modal),
    claimsSuccess: says(WORDS.succeeded),
    isModal: says(WORDS.modal),
    refuses: !cut && (refusesByStatus || (isObject && (said.length === 0 || value.success === false))),
    isAboutKey: !cut && (status === 401 || status === 402 || status === 403),
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

function holdsFault(value: unknown): boolean {
  return holds(value, (one, key) => key === 'task_code' && one !== null && one !== 0 && one !== '0');
}
