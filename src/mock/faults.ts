// Scripted faults: which exchange each one strikes, and what it does there.

import type { Part, Strike } from './strike.js';

/** Milliseconds between the pieces of a slow answer, where the script names none. */
const SLOW_EVERY_MS = 100;

export interface Fault {
  /** Which exchanges count: paid POSTs, reads of a task's state, or reads of result files (HEAD does not count). */
  on: 'submit' | 'poll' | 'download';
  /** The how-manieth such exchange from now on is struck, 1 = the next (default). */
  nth?: number;
  /** How many in a row, from there on. Default 1; `Infinity` for all. */
  times?: number;
  /**
   * - `reset-before`: the connection is reset before the gateway takes the request: nothing happens, nothing is paid.
   * - `reset-after`: the gateway takes the request (a submit makes a task and is paid), then the connection is reset.
   * - `hang`: as `reset-after`, but the connection stays open, silent, until the mock closes.
   * - `answer`: `status`, `headers` and `body` instead of the gateway's answer; the request is not taken, or it is with
   *   `taken`, and then `{taskId}` in the body becomes the id of what was made.
   * - `truncate`: the gateway's answer, cut off after `at` or `bytes` of its body. So are streams, in mid-event too.
   * - `stall`: the gateway's answer up to there, then silence: the connection stays open until the mock closes.
   * - `slow`: the gateway's answer in twenty pieces, one every `everyMs`. The pieces of a stream are no events: they end
   *   anywhere, within a character too.
   *
   * With `on: 'submit'` only, for streams; any other answer arrives whole.
   * - `error-event`: the events that lie within `at` or `bytes` of the stream, then one that tells of an error as the
   *   protocol does, and the end. `body` is said as its data instead. The request is taken and paid.
   *
   * With `on: 'download'` only. What asks for no existing file gets its plain answer.
   * - `expire`: from now on the file's URL answers 403 with XML (AccessDenied), this exchange included. Status answers
   *   name a new URL, `?fresh=1` after it, which is good until it expires too; then `?fresh=2`, and so on. A URL that
   *   had expired before stays as it is. The gateway's own paths to a file, which need the key, answer 404 for good.
   * - `change`: from now on the file has other bytes (it still decodes), another size, ETag and Last-Modified, this
   *   exchange included: with the old ones in `If-Range` it gets the whole new file. Status answers tell the new size.
   * - `ignore-range`: the whole file with 200, though a range was asked for.
   * - `wrong-range`: 206 with bytes that begin elsewhere: half as far into the file as asked, or at 1 instead of 0.
   *   `Content-Range` says where. Without a range that can be served the plain answer.
   * - `no-length`: `Transfer-Encoding: chunked`, no `Content-Length`.
   * - `gzip`: the whole file with `Content-Encoding: gzip`, whatever was accepted or asked for; no ranges, weak ETag.
   * - `too-long`: `Content-Length` is too large, by `bytes`: the connection ends after the last byte that there is.
   * - `too-short`: `Content-Length` is too small, by `bytes`: what arrives is shorter and looks whole.
   * - `redirect`: `status` (302) to the same file under another query, `redirected=1`, then 2, …; `headers` go over it.
   * - `wrong-media`: 200 with an HTML page under the file's own content type. `empty`: 200 without a body.
   * - `placeholder`: 200 with a picture (image/png) of another size than any result's, whatever was asked for: what hosts
   *   that look at the Referer show to who comes from elsewhere, and here to who does not.
   * - `no-validators`: no ETag and no Last-Modified. Ranges are served, but none that depend on `If-Range`.
   */
  act:
    | 'reset-before'
    | 'reset-after'
    | 'hang'
    | 'answer'
    | 'truncate'
    | 'stall'
    | 'slow'
    | 'error-event'
    | 'expire'
    | 'change'
    | 'ignore-range'
    | 'wrong-range'
    | 'no-length'
    | 'gzip'
    | 'too-long'
    | 'too-short'
    | 'redirect'
    | 'wrong-media'
    | 'placeholder'
    | 'empty'
    | 'no-validators';
  /** For `answer`: the gateway takes the request all the same: a submit makes a task and is paid. Default false. */
  taken?: boolean;
  /** For `truncate`, `stall` and `error-event`: the share of the answer's own body that arrives, 0 to 1. Default 0.5. */
  at?: number;
  /**
   * For `truncate`, `stall` and `error-event`, instead of `at`: how many bytes of the answer's own body arrive, at least 1; a shorter
   * one arrives whole. For `too-long` and `too-short`: how many bytes the length is wrong by. Default 1.
   */
  bytes?: number;
  /** For `answer`. Default 500. For `redirect`: 300 to 399, default 302. */
  status?: number;
  /** For `answer` and `redirect`. */
  headers?: Record<string, string>;
  /** For `answer` and `error-event`: a string goes out as it is, anything else as JSON, absent = empty. */
  body?: unknown;
  /** For `slow`: milliseconds between pieces, real time. Default 100. */
  everyMs?: number;
}

/** Where an answer ends that a script cuts without saying where. */
const CUT_SHARE = 0.5;

/** A length that is wrong by as little as possible is the hardest to notice. */
const LIE_BYTES = 1;

const REDIRECT_STATUS = 302;

/** What happens to results on disk, and cannot happen to a submit or a state. */
const ON_DOWNLOADS_ONLY: ReadonlySet<Fault['act']> = new Set([
  'expire',
  'change',
  'ignore-range',
  'wrong-range',
  'no-length',
  'gzip',
  'too-long',
  'too-short',
  'redirect',
  'wrong-media',
  'placeholder',
  'empty',
  'no-validators',
]);

interface Armed {
  fault: Fault;
  /** Exchanges still to pass before it strikes. */
  before: number;
  left: number;
}

export class Faults {
  /** Faults that have not struck for the last time. */
  private readonly armed: Record<Fault['on'], Armed[]> = { submit: [], poll: [], download: [] };

  constructor(faults: Fault[] = []) {
    for (const fault of faults) this.add(fault);
  }

  /** Throws `RangeError` for numbers that make no sense, and for acts that do not happen where they are to strike. */
  add(fault: Fault): void {
    check(fault);
    const { nth = 1, times = 1 } = fault;
    this.armed[fault.on].push({ fault, before: nth - 1, left: times });
  }

  /** Counts the exchange and names what strikes it, if anything does; of several due faults the others wait their turn. */
  strike(on: Fault['on']): Strike | undefined {
    const armed = this.armed[on];
    let struck: Armed | undefined;
    for (const one of armed) {
      if (one.before > 0) one.before--;
      else struck ??= one;
    }
    if (struck === undefined) return undefined;
    struck.left--;
    if (struck.left === 0) armed.splice(armed.indexOf(struck), 1);
    return strikeOf(struck.fault);
  }
}

function check({ on, act, nth = 1, times = 1, at, bytes, status, taken }: Fault): void {
  if (!(nth >= 1)) throw new RangeError(`A fault's nth counts from 1, got ${nth}`);
  if (!(times >= 1)) throw new RangeError(`A fault's times is at least 1, got ${times}`);
  if (at !== undefined && !(at >= 0 && at <= 1)) throw new RangeError(`A fault's at is a share from 0 to 1, got ${at}`);
  if (bytes !== undefined && !(Number.isInteger(bytes) && bytes >= 1)) {
    throw new RangeError(`A fault's bytes is a whole number from 1, got ${bytes}`);
  }
  if (at !== undefined && bytes !== undefined) throw new RangeError('A fault takes at or bytes, not both');
  if (on !== 'download' && ON_DOWNLOADS_ONLY.has(act)) {
    throw new RangeError(`The act ${act} strikes on download only, not on ${on}`);
  }
  if (on !== 'submit' && act === 'error-event') {
    throw new RangeError(`The act ${act} strikes on submit only, not on ${on}`);
  }
  if (act !== 'answer' && taken !== undefined) {
    throw new RangeError(`Only an answer may be taken or not as you like; ${act} is what it is`);
  }
  if (act === 'redirect' && status !== undefined && !(status >= 300 && status <= 399)) {
    throw new RangeError(`A redirect's status is 300 to 399, got ${status}`);
  }
}

function partOf({ at, bytes }: Fault): Part {
  return bytes === undefined ? { share: at ?? CUT_SHARE } : { bytes };
}

function strikeOf(fault: Fault): Strike {
  const { act: name } = fault;
  switch (name) {
    case 'reset-before':
      return { name, taken: false, way: { how: 'reset' } };
    case 'reset-after':
      return { name, taken: true, way: { how: 'reset' } };
    case 'hang':
      return { name, taken: true, way: { how: 'hang' } };
    case 'answer':
      return { name, taken: fault.taken === true, answer: scripted(fault), way: { how: 'whole' } };
    case 'error-event':
      return { name, taken: true, way: { how: 'trouble', part: partOf(fault), data: dataOf(fault.body) } };
    case 'truncate':
      return { name, taken: true, way: { how: 'cut', part: partOf(fault) } };
    case 'stall':
      return { name, taken: true, way: { how: 'stall', part: partOf(fault) } };
    case 'slow':
      return { name, taken: true, way: { how: 'slow', everyMs: fault.everyMs ?? SLOW_EVERY_MS } };
    case 'too-long': {
      const flaw = { what: 'length', by: fault.bytes ?? LIE_BYTES } as const;
      return { name, taken: true, flaw, way: { how: 'cut', part: { share: 1 } } };
    }
    case 'too-short':
      return { name, taken: true, flaw: { what: 'length', by: -(fault.bytes ?? LIE_BYTES) }, way: { how: 'whole' } };
    case 'redirect': {
      const { status = REDIRECT_STATUS, headers = {} } = fault;
      return { name, taken: true, flaw: { what: name, status, headers: lowerCased(headers) }, way: { how: 'whole' } };
    }
    default:
      return { name, taken: true, flaw: { what: name }, way: { how: 'whole' } };
  }
}

function scripted({ status = 500, body, headers = {} }: Fault): NonNullable<Strike['answer']> {
  const isJson = body !== undefined && typeof body !== 'string';
  const type: Record<string, string> = isJson ? { 'content-type': 'application/json' } : {};
  return { status, headers: { ...type, ...lowerCased(headers) }, body: dataOf(body) ?? '' };
}

function dataOf(body: unknown): string | undefined {
  return body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
}

function lowerCased(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
