// How a good request body is spoilt, always in the same ways: fields dropped, added, retyped, out of range, pairs of these.
import { isObject, type Json, type JsonObject } from '../../scripts/spec/json.js';

const URL = 'https://example.com/a.png';
const JUNK: Json[] = [
  ...[null, true, 0, -1, 1.5, 5, 6, 10, 4294967295, '', 'x', '5', '720p', '1080p', 'a'.repeat(6000)],
  ...[URL, 'https://例え.jp/a', 'https://', 'asset://abc', [], {}, ['x'], [1], [URL], Array<Json>(20).fill(URL)],
  ...[
    { url: URL },
    [{ url: URL }],
    [{ type: 'video', url: URL }],
    { first_frame_url: URL },
    { media: [{ type: 'first_frame', url: URL }] },
  ],
];

/** `body` spoilt once in every way, and every so often twice. `others` lend fields and values. */
export function* mutations(body: JsonObject, others: readonly JsonObject[]): Generator<Json> {
  const lent = lentBy(others);
  let count = 0;
  for (const first of once(body, lent)) {
    yield first;
    count++;
    if (count % 11 !== 0 || !isObject(first)) continue;
    let place = 0;
    for (const second of once(first, lent)) {
      place++;
      if (place % 17 === 0) yield second;
    }
  }
}

function lentBy(bodies: readonly JsonObject[]): [string, Json][] {
  const lent = new Map<string, Json>();
  for (const body of bodies) {
    for (const [key, value] of Object.entries(body)) if (!lent.has(key)) lent.set(key, value);
  }
  return [...lent];
}

function* once(value: Json, lent: readonly [string, Json][]): Generator<Json> {
  if (Array.isArray(value)) {
    yield* [[], [...value, ...value], [...value, null]];
    for (const [index, item] of value.entries()) for (const other of once(item, [])) yield value.with(index, other);
  } else if (isObject(value)) {
    for (const [key, held] of Object.entries(value)) {
      const { [key]: _, ...rest } = value;
      yield rest;
      if (key !== 'model') for (const other of once(held, [])) yield { ...value, [key]: other };
    }
    yield { ...value, unheard_of: 1 };
    for (const [key, held] of lent) if (!(key in value)) yield { ...value, [key]: held };
  } else if (typeof value === 'string') {
    yield* [`${value}x`, value.toUpperCase(), ` ${value}`];
  } else if (typeof value === 'number') {
    yield* [value + 1, value - 1, value + 0.5, -value, value * 1000, String(value)];
  }
  yield* JUNK;
}
