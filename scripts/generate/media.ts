// Which fields of a request are media, and which models cannot do without an image: read from the schemas, by format and by name.
import { type FieldOfMedia, kindNamed, type MediaKind, namesSetting, wordsOfName } from '../../src/media/index.js';
import { arrayAt, deref, isObject, isString, type Json, type JsonObject, objectAt, stringAt } from '../spec/json.js';

const BASE64 = /\bdata urls?\b|\(base64|base64 png/i;

/** Whether the text schema of the property `name` is one of media. `schema` has no `$ref`. */
export function isMedia(name: string, schema: JsonObject): boolean {
  if (schema.type !== 'string' || schema.enum !== undefined) return false;
  if (stringAt(schema, 'format') === 'uri') return true;
  // Without a format `audio` and `video` are switches as often as media.
  return (kindNamed(name) === 'image' || wordsOfName(name).includes('base64')) && !namesSetting(name);
}

/** All media fields of a request schema, without repeats, in the order of the document. */
export function mediaFieldsOf(root: JsonObject, schema: JsonObject): FieldOfMedia[] {
  const found = new Map<string, FieldOfMedia>();
  const visit = (value: Json, path: string[], context: Context, depth: number): void => {
    const resolved = deref(root, value);
    if (!isObject(resolved) || depth > DEEPEST) return;
    const description = [stringAt(resolved, 'description'), context.description].filter(isString).join('\n');
    const name = path.findLast((step) => step !== '*') ?? '';
    if (isMedia(name, resolved)) {
      const kind = kindNamed(name) ?? context.kind ?? (BASE64.test(description) ? kindNamed(description) : undefined);
      found.set(path.join('.'), {
        path,
        takes: takenBy(resolved, description),
        ...(kind === undefined ? {} : { kind }),
        ...(typeof resolved['x-max-bytes'] === 'number' ? { maxBytes: resolved['x-max-bytes'] } : {}),
      });
    }
    const inner = { description, kind: kindNamed(name) ?? kindOfTypes(root, resolved) ?? context.kind };
    for (const [key, property] of Object.entries(objectAt(resolved, 'properties') ?? {})) {
      visit(property, [...path, key], { ...inner, description: '' }, depth + 1);
    }
    if (resolved.items !== undefined) visit(resolved.items, [...path, '*'], inner, depth + 1);
    for (const key of COMBINATORS)
      for (const part of arrayAt(resolved, key)) visit(part, path, { ...context, description }, depth + 1);
  };
  visit(schema, [], { description: '', kind: undefined }, 0);
  return [...found.values()];
}

function takenBy(schema: JsonObject, description: string): FieldOfMedia['takes'] {
  if (schema['x-inline'] === 'too') return 'either';
  if (BASE64.test(description)) return 'data';
  return schema.format === 'uri' || /\bURLs?\b/i.test(description) ? 'url' : 'unsaid';
}

interface Context {
  description: string;
  kind: MediaKind | undefined;
}

/** Requests nest a few levels; a schema that contains itself would never end. */
const DEEPEST = 12;
const COMBINATORS = ['allOf', 'anyOf', 'oneOf'] as const;

/** `{ type: 'first_frame' | 'reference_image', url }`: the kind on which all types agree. */
function kindOfTypes(root: JsonObject, schema: JsonObject): MediaKind | undefined {
  const type = deref(root, objectAt(schema, 'properties')?.type ?? null);
  const kinds = new Set(isObject(type) ? arrayAt(type, 'enum').map((word) => kindNamed(String(word))) : []);
  const [only, ...more] = kinds;
  return more.length === 0 ? only : undefined;
}

/** Whether every body that fits the schema holds an image. */
export function demandsImage(root: JsonObject, schema: JsonObject): boolean {
  const images = new Set(
    mediaFieldsOf(root, schema)
      .filter(({ kind }) => kind === 'image')
      .map(({ path }) => path.join('.')),
  );
  const demands = (value: Json, path: string[], depth: number): boolean => {
    const resolved = deref(root, value);
    if (!isObject(resolved) || depth > DEEPEST) return false;
    if (images.has(path.join('.'))) return true;
    const properties = objectAt(resolved, 'properties') ?? {};
    // An alternative names only what it demands; what that is stands beside it.
    const required = arrayAt(resolved, 'required').filter(isString);
    if (
      required.some((name) =>
        demands(properties[name] ?? at(root, schema, [...path, name]), [...path, name], depth + 1),
      )
    )
      return true;
    if (resolved.items !== undefined && demands(resolved.items, [...path, '*'], depth + 1)) return true;
    if (arrayAt(resolved, 'allOf').some((part) => demands(part, path, depth + 1))) return true;
    return (['anyOf', 'oneOf'] as const).some((key) => {
      const ways = arrayAt(resolved, key);
      return ways.length > 0 && ways.every((way) => demands(way, path, depth + 1));
    });
  };
  return images.size > 0 && demands(schema, [], 0);
}

function at(root: JsonObject, schema: JsonObject, path: readonly string[]): Json {
  let here: Json = schema;
  for (const name of path) {
    const resolved = deref(root, here);
    here = (isObject(resolved) ? objectAt(resolved, 'properties')?.[name] : undefined) ?? null;
  }
  return here;
}
