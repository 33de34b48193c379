// A record as the text of a file: how it is written, what room it keeps for its end, and what is no record at all.

import { padded } from '../disk/index.js';
import { isRecord } from '../transport/index.js';
import { isEnded, type JournalRecord, type RecordFile, type RecordState } from './journal.js';
import { isModality } from './ref.js';
import type { TaskError } from './state.js';

/** The version of records and of the marker that this code reads and writes. */
export const JOURNAL_VERSION = 1;

/** In the marker: whose directory this is. */
const FORMAT = 'ima-router journal';

/**
 * What a record keeps free for its end, in bytes: an id has at most 512 characters (of up to three bytes), all else that
 * comes later is short. Text and room together still fit into one block (4 KiB) of most file systems.
 */
const ROOM_BYTES = 2048;

/** No record is larger (16 MiB): a file that is was written by somebody else, and is not read into memory. */
export const LARGEST_RECORD_BYTES = 16 * 1024 * 1024;

/** What the bytes of a file turn out to be. `alien` says in a clause why they are nothing of ours. */
export type Reading<T> = { is: T } | { newer: number } | { alien: string };

const MARKER_TEXT = `${JSON.stringify({ format: FORMAT, v: JOURNAL_VERSION })}\n`;

/** The text of the marker, the file that says whose directory this is and in which version. */
export function markerText(): string {
  return MARKER_TEXT;
}

/** The marker in `bytes`, if that is what they are. */
export function readMarker(bytes: Uint8Array): Reading<true> {
  const read = parsed(bytes);
  if (!('is' in read)) return read;
  return isRecord(read.is) && read.is.format === FORMAT ? { is: true } : { alien: 'not the mark of a journal' };
}

/** The record in `bytes`, if they hold that of `key`. */
export function readRecord(bytes: Uint8Array, key: string): Reading<JournalRecord> {
  const read = parsed(bytes);
  if (!('is' in read)) return read;
  if (!isJournalRecord(read.is)) return { alien: 'not of the form of a record' };
  // File systems that do not tell case apart may give the file of `A` for `a`: another record, but no torn one.
  if (read.is.key.toLowerCase() !== key.toLowerCase()) return { alien: 'the record of another key than its name says' };
  return { is: inKnownWords(read.is) };
}

/** A newer package may know more modalities and causes within this version: its record is none the worse for it. */
function inKnownWords(record: JournalRecord): JournalRecord {
  const { modality, error } = record;
  return {
    ...record,
    modality: isModality(modality) ? modality : 'other',
    ...(error === undefined || isErrorKind(error.kind) ? {} : { error: { ...error, kind: 'unknown' } }),
  };
}

function parsed(bytes: Uint8Array): Reading<unknown> {
  let json: unknown;
  try {
    // Fatal: a replaced character in an id would go unnoticed.
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return { alien: bytes.length === 0 ? 'empty' : 'torn, or not JSON' };
  }
  // Whatever else a newer version has changed, it says so here.
  if (isRecord(json) && typeof json.v === 'number' && json.v > JOURNAL_VERSION) return { newer: json.v };
  return { is: json };
}

/** A record as it is written to a new file: to be read by people too, with room for its end if it is still to come. */
export function recordBytes(record: JournalRecord): Buffer {
  const text = Buffer.from(pretty(record));
  return isEnded(record.state) ? text : padded(text, text.length + ROOM_BYTES);
}

/**
 * A record as exactly `length` bytes, to be written over what stands there. Where it does not fit, first its layout is
 * dropped, then its `request`. Undefined where it does not fit even so.
 */
export function recordBytesWithin(record: JournalRecord, length: number): Buffer | undefined {
  const { request: _, ...bare } = record;
  for (const text of [pretty(record), compact(record), pretty(bare), compact(bare)]) {
    const bytes = Buffer.from(text);
    if (bytes.length <= length) return padded(bytes, length);
  }
  return undefined;
}

const pretty = (record: JournalRecord): string => `${JSON.stringify(record, null, 2)}\n`;
const compact = (record: JournalRecord): string => `${JSON.stringify(record)}\n`;

type Check = (value: unknown) => boolean;
type Checks<T> = { [Name in keyof Required<T>]: Check };

const isText: Check = (value) => typeof value === 'string';
const isNumber: Check = (value) => typeof value === 'number';
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const oneOf =
  (words: object): Check =>
  (value) =>
    typeof value === 'string' && Object.hasOwn(words, value);
const shaped =
  <T>(checks: Checks<T>): Check =>
  (value) =>
    isRecord(value) && Object.entries<Check>(checks).every(([name, check]) => check(own(value, name)));

/** A key such as `constructor` is not there because all objects have it. */
function own(value: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

const STATES: Record<RecordState, true> = {
  intent: true,
  unknown: true,
  submitted: true,
  succeeded: true,
  failed: true,
  cancelled: true,
};
const ERROR_KINDS: Record<TaskError['kind'], true> = {
  moderation: true,
  balance: true,
  input: true,
  timeout: true,
  upstream: true,
  unknown: true,
};
const isErrorKind = oneOf(ERROR_KINDS);

const isFile = shaped<RecordFile>({
  path: isText,
  bytes: isNumber,
  sha256: isText,
  contentType: isText,
  index: optional(isNumber),
  modifiedMs: optional(isNumber),
});

const isError = shaped<TaskError>({
  code: optional(isText),
  message: isText,
  kind: isText,
  inputIndex: optional(isNumber),
  hint: optional(isText),
});

/** Every field of a record; unknown ones are kept as they are. */
const isWhole = shaped<JournalRecord>({
  v: (value) => value === JOURNAL_VERSION,
  key: isText,
  gateway: isText,
  model: isText,
  endpoint: isText,
  pollPath: isText,
  modality: isText,
  traceId: isText,
  state: oneOf(STATES),
  taskId: optional(isText),
  fingerprint: optional(isText),
  request: optional(isRecord),
  ancestry: optional((value) => Array.isArray(value) && value.every(isText)),
  costUsd: optional(isNumber),
  spentUsd: optional(isNumber),
  error: optional(isError),
  outputs: optional(isNumber),
  files: optional((value) => Array.isArray(value) && value.every(isFile)),
  createdAt: isText,
  updatedAt: isText,
});

function isJournalRecord(value: unknown): value is JournalRecord {
  return isWhole(value);
}
