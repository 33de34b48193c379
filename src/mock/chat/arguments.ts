// Arguments that fit a tool's JSON Schema: what must be there and no more, each value as plain as its schema allows.

import { at, isJson, isObject, type Json } from '../json.js';

type Schema = Record<string, unknown>;

/** Schemas may speak of themselves; nobody needs arguments that are nested deeper. */
const MOST_DEPTH = 16;
/** More elements than this are never made, whatever a schema asks for. */
const MOST_ITEMS = 100;

const FORMATS: Record<string, string> = {
  date: '2026-01-31',
  'date-time': '2026-01-31T12:00:00Z',
  time: '12:00:00Z',
  duration: 'PT1H',
  email: 'someone@example.com',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uri: 'https://example.com/',
  uuid: '123e4567-e89b-42d3-a456-426614174000',
};

/** A value for `schema`. A text without a format of its own is `name`, which within an object is its field's. */
export function filled(schema: unknown, name = 'value', root = schema, depth = 0): Json {
  if (depth > MOST_DEPTH) return null;
  const own = plain(schema, root, depth);
  if (own === undefined) return name;
  if (isJson(own.const)) return own.const;
  if (Array.isArray(own.enum) && isJson(own.enum[0])) return own.enum[0];
  switch (typeOf(own)) {
    case 'object':
      return Object.fromEntries(
        strings(own.required).map((key) => [key, filled(member(own.properties, key), key, root, depth + 1)]),
      );
    case 'array':
      return Array.from({ length: Math.min(MOST_ITEMS, numeric(own.minItems) ?? 0) }, () =>
        filled(own.items, name, root, depth + 1),
      );
    case 'integer':
      return numberFor(own, true);
    case 'number':
      return numberFor(own, false);
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return textFor(own, name);
  }
}

/** One schema for what a reference, `allOf` and the first branch of a union say together. */
function plain(schema: unknown, root: unknown, depth: number): Schema | undefined {
  if (!isObject(schema) || depth > MOST_DEPTH) return undefined;
  const { $ref, allOf, anyOf, oneOf, ...own } = schema;
  const others = [
    typeof $ref === 'string' ? target($ref, root) : undefined,
    ...(Array.isArray(allOf) ? allOf : []),
    Array.isArray(anyOf) ? anyOf[0] : undefined,
    Array.isArray(oneOf) ? oneOf[0] : undefined,
  ];
  return others.reduce<Schema>((sum, other) => {
    const more = plain(other, root, depth + 1);
    return more === undefined ? sum : joined(sum, more);
  }, own);
}

function joined(a: Schema, b: Schema): Schema {
  return {
    ...a,
    ...b,
    ...(isObject(a.properties) && isObject(b.properties) ? { properties: { ...a.properties, ...b.properties } } : {}),
    ...(Array.isArray(a.required) && Array.isArray(b.required)
      ? { required: [...new Set([...a.required, ...b.required])] }
      : {}),
  };
}

/** What a reference within the same schema points to. */
function target(reference: string, root: unknown): unknown {
  const [start, ...keys] = reference.split('/');
  return start === '#' ? at(root, ...keys.map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))) : undefined;
}

function typeOf(schema: Schema): unknown {
  const { type } = schema;
  if (Array.isArray(type)) return type.find((one) => one !== 'null') ?? 'null';
  if (type !== undefined) return type;
  if (isObject(schema.properties) || Array.isArray(schema.required)) return 'object';
  if (schema.items !== undefined) return 'array';
  const bounds = [schema.minimum, schema.maximum, schema.exclusiveMinimum, schema.exclusiveMaximum, schema.multipleOf];
  return bounds.some((bound) => typeof bound === 'number') ? 'number' : 'string';
}

/** The first number that fits, of those that are likely to. */
function numberFor(schema: Schema, isInteger: boolean): number {
  const low = numeric(schema.minimum);
  const above = numeric(schema.exclusiveMinimum);
  const high = numeric(schema.maximum);
  const below = numeric(schema.exclusiveMaximum);
  const step = numeric(schema.multipleOf) ?? (isInteger ? 1 : undefined);
  const [least, most] = [low ?? above, high ?? below];
  const steps =
    step === undefined
      ? []
      : [
          ...(least === undefined ? [] : [Math.ceil(least / step) * step, (Math.floor(least / step) + 1) * step]),
          ...(most === undefined ? [] : [Math.floor(most / step) * step, (Math.ceil(most / step) - 1) * step]),
          step,
        ];
  const middle = least === undefined || most === undefined ? [] : [(least + most) / 2];
  const next = [least === undefined ? [] : [least, least + 1], most === undefined ? [] : [most, most - 1]].flat();
  const fits = (value: number) =>
    value >= (low ?? value) &&
    value <= (high ?? value) &&
    (above === undefined || value > above) &&
    (below === undefined || value < below) &&
    (!isInteger || Number.isInteger(value)) &&
    (step === undefined || Number.isInteger(value / step));
  return [1, 0, ...next, ...middle, ...steps].find(fits) ?? 0;
}

function textFor(schema: Schema, name: string): string {
  const format = typeof schema.format === 'string' ? schema.format : '';
  const known = Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined;
  if (known !== undefined) return known;
  // Lengths count characters, not units of UTF-16.
  const characters = Array.from(name.padEnd(numeric(schema.minLength) ?? 0, '.'));
  return characters.slice(0, numeric(schema.maxLength) ?? characters.length).join('');
}

function member(properties: unknown, key: string): unknown {
  return isObject(properties) && Object.hasOwn(properties, key) ? properties[key] : undefined;
}

function numeric(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}
