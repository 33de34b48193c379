// A request as JSON data, taken at once: bytes and blobs become stand-ins, and what JSON would lose is told.

import { isRecord, valueAt } from '../transport/index.js';
import type { BlobLike } from './local-file.js';
import type { MediaKind } from './sniff.js';

/** A field of a request that holds media; `*` in its path stands for the items of a list. */
export interface FieldOfMedia {
  readonly path: readonly string[];
  /**
   * `url`: only what the gateway can fetch; `data`: also base64 and data URLs; `either`: a URL is better, a data URL is
   * taken too; `unsaid`: the document does not say.
   */
  readonly takes: 'url' | 'data' | 'either' | 'unsaid';
  readonly kind?: MediaKind;
  /** The most bytes that may be sent inline, as far as anybody says. */
  readonly maxBytes?: number;
}

export type Path = readonly (string | number)[];
export type Source = BlobLike | Uint8Array<ArrayBuffer> | string;

/** Something local, and where it stands in the request. */
export interface Local {
  path: Path;
  source: Source;
  /** The same for the same thing: it is hosted once, and counts once. */
  standIn: string;
  field: FieldOfMedia | undefined;
}

/** A request as JSON data, with stand-ins for what is not JSON. */
export interface Draft {
  /** What the request would be, were its local media hosted. */
  body: Record<string, unknown>;
  locals: Local[];
}

/** Stands for a URL that is not known yet. It fits every schema that a hosted URL fits; `.invalid` never resolves. */
export const standIn = (number: number): string => `https://hosted.invalid/${number}`;
/** Stand-ins as they may turn up in what is said of a draft. */
export const STAND_INS = /"?https:\/\/hosted\.invalid\/\d+"?/g;

/**
 * The request as the wire will carry it, taken at once, whatever the caller does to the object meanwhile; undefined if
 * it is no object. Throws what `JSON.stringify` throws.
 */
export function draftOf(request: unknown): Draft | undefined {
  const known = new Map<object, Pick<Local, 'source' | 'standIn'>>();
  const places: Path[] = [];
  const text = JSON.stringify(
    withoutBinaries(request, [], known, places, new Set()),
    function (this: object, key, value) {
      // What JSON would make `{}` of, and the gateway would be paid for: bytes in what writes itself, streams, promises, maps.
      if (isLost(value) || isLost(Reflect.get(this, key))) throw new TypeError(`JSON loses what is in ${key}`);
      return value;
    },
  );
  const body: unknown = text === undefined ? undefined : JSON.parse(text);
  if (!isRecord(body)) return undefined;
  const byStandIn = new Map([...known.values()].map((one) => [one.standIn, one]));
  const locals = places.flatMap((path) => {
    const one = byStandIn.get(String(valueAt(body, path)));
    return one === undefined ? [] : [{ ...one, path, field: undefined }];
  });
  return { body, locals };
}

function isLost(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (isBlobLike(value) || isBytes(value)) return true;
  if (Array.isArray(value) || 'toJSON' in value) return false;
  if (['pipe', 'getReader', 'then'].some((name) => typeof Reflect.get(value, name) === 'function')) return true;
  const prototype = Object.getPrototypeOf(value);
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null;
  return !isPlain && Object.keys(value).length === 0;
}

/** A copy in which bytes and blobs are stand-ins; what has nothing of the kind inside is not copied. */
function withoutBinaries(
  value: unknown,
  path: Path,
  known: Map<object, Pick<Local, 'source' | 'standIn'>>,
  places: Path[],
  above: Set<object>,
): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const held = known.get(value);
  const source = held === undefined ? binaryOf(value) : held.source;
  if (source !== undefined) {
    const one = held ?? { source, standIn: standIn(known.size) };
    known.set(value, one);
    places.push(path);
    return one.standIn;
  }
  // What refers to itself is left to JSON.stringify, which says so best; so is what writes itself, such as a date.
  if (above.has(value) || 'toJSON' in value) return value;
  above.add(value);
  const before = places.length;
  // A list is walked by its indices, holes included, as JSON does it.
  const copy = Array.isArray(value)
    ? Array.from(value, (item, at) => withoutBinaries(item, [...path, at], known, places, above))
    : Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, withoutBinaries(item, [...path, key], known, places, above)]),
      );
  above.delete(value);
  return places.length === before ? value : copy;
}

/** A blob as it is, bytes as a copy that nobody else can change. */
function binaryOf(value: object): Exclude<Source, string> | undefined {
  if (isBlobLike(value)) return value;
  if (!isBytes(value)) return undefined;
  return ArrayBuffer.isView(value)
    ? Uint8Array.from(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))
    : Uint8Array.from(new Uint8Array(value));
}

/** By its tag: a buffer of another realm (a worker, a test runner) is no instance of this one's class. */
function isBytes(value: object): value is ArrayBufferView | ArrayBuffer {
  return ArrayBuffer.isView(value) || /^\[object (?:Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(value));
}

function isBlobLike(value: object): value is BlobLike {
  return (
    ['size', 'type', 'arrayBuffer'].every((name) => name in value) &&
    typeof Reflect.get(value, 'arrayBuffer') === 'function'
  );
}

export function setAt(body: Record<string, unknown>, path: Path, value: unknown): void {
  const last = path.at(-1);
  const holder = valueAt(body, path.slice(0, -1));
  if (last !== undefined && typeof holder === 'object' && holder !== null) Reflect.set(holder, last, value);
}
