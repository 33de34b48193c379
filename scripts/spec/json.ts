// JSON as a type, and how a document is read, pointed into and written: the one place that knows YAML.
import { isDeepStrictEqual } from 'node:util';
import { parseDocument, stringify } from 'yaml';

export type Json = null | boolean | number | string | Json[] | JsonObject;
export type JsonObject = { [key: string]: Json };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value under `key` if it is an object, else undefined. */
export function objectAt(value: Json | undefined, key: string): JsonObject | undefined {
  const found = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return isObject(found) ? found : undefined;
}

export function arrayAt(value: Json | undefined, key: string): Json[] {
  const found = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return Array.isArray(found) ? found : [];
}

export function stringAt(value: Json | undefined, key: string): string | undefined {
  const found = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return typeof found === 'string' ? found : undefined;
}

export const sameJson = (a: Json | undefined, b: Json | undefined): boolean => isDeepStrictEqual(a, b);

export const isString = (value: unknown): value is string => typeof value === 'string';

/** Reads YAML 1.2 (JSON is a subset of it); throws one sentence naming `where` and the place of the fault. */
export function readYaml(text: string, where: string): Json {
  const document = parseDocument(text, { version: '1.2', merge: false, uniqueKeys: true });
  const fault = document.errors[0];
  if (fault) {
    throw new Error(`${where} is not valid YAML (cut off, or not YAML at all): ${fault.message.split('\n')[0]}`);
  }
  const parsed: unknown = document.toJS({ maxAliasCount: 1000 });
  return toJson(parsed, where);
}

export function readJson(text: string, where: string): Json {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new Error(`${where} is not valid JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  return toJson(parsed, where);
}

/** YAML 1.2 that a YAML 1.1 reader understands the same way (`yes`, `1e3`, `12:30` quoted); the same bytes for the same value. */
export function writeYaml(value: Json): string {
  return stringify(value, {
    version: '1.2',
    compat: 'yaml-1.1',
    lineWidth: 0,
    aliasDuplicateObjects: false,
    blockQuote: 'literal',
  });
}

export const writeJson = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;

function toJson(value: unknown, where: string): Json {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (Array.isArray(value)) return value.map((item) => toJson(item, where));
  if (typeof value === 'object') {
    // Object.fromEntries defines its keys, so that one named `__proto__` stays data.
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJson(item, where)]));
  }
  throw new Error(`${where} holds a value that JSON cannot hold: ${String(value)}`);
}

const escapeToken = (token: string): string => token.replaceAll('~', '~0').replaceAll('/', '~1');
const unescapeToken = (token: string): string => token.replaceAll('~1', '/').replaceAll('~0', '~');

/** A JSON pointer such as `#/paths/~1v1~1videos/post`. */
export const pointer = (...tokens: (string | number)[]): string =>
  `#${tokens.map((token) => `/${escapeToken(String(token))}`).join('')}`;

/** The value at a local pointer (`#/components/schemas/X`), or undefined where nothing stands. */
export function atPointer(root: Json, reference: string): Json | undefined {
  if (!reference.startsWith('#')) return undefined;
  let here: Json | undefined = root;
  for (const token of reference.slice(1).split('/').slice(1)) {
    const key = unescapeToken(decodeURIComponent(token));
    if (Array.isArray(here)) here = here[Number(key)];
    else if (isObject(here) && Object.hasOwn(here, key)) here = here[key];
    else return undefined;
  }
  return here;
}

/** Follows `$ref` until something that is not a reference; throws on a dangling or circular one. */
export function deref(root: Json, value: Json): Json {
  const seen = new Set<string>();
  let here = value;
  for (;;) {
    const reference = stringAt(here, '$ref');
    if (reference === undefined) return here;
    const target = atPointer(root, reference);
    if (target === undefined || seen.has(reference)) {
      throw new Error(
        `The document refers to ${reference}, which ${target === undefined ? 'does not exist' : 'refers to itself'}.`,
      );
    }
    seen.add(reference);
    here = target;
  }
}

/** Calls `visit` for every object below (and with) `value`, with its path of tokens. */
export function walkObjects(
  value: Json,
  visit: (object: JsonObject, path: (string | number)[]) => void,
  path: (string | number)[] = [],
): void {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) walkObjects(item, visit, [...path, index]);
  } else if (isObject(value)) {
    visit(value, path);
    for (const [key, item] of Object.entries(value)) walkObjects(item, visit, [...path, key]);
  }
}
