// How shapes, values and limits are called in a report: one line, in plain English, with everything of the vendor's in code spans.
import { arrayAt, isObject, isString, type Json, type JsonObject, objectAt } from '../spec/json.js';
import type { Condition, Limit, Shape } from './shape.js';

/** A list of values longer than this is no line any more. */
const MOST_LISTED = 12;
const LONGEST_VALUE = 80;

/** Text of the vendor's as a code span: on one line, and with nothing in it that could end the span. */
export function code(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  const line = text.replaceAll('`', "'").replaceAll(/[\s\u0000-\u001f\u007f]+/g, ' ');
  return `\`${line.length > LONGEST_VALUE ? `${line.slice(0, LONGEST_VALUE)}…` : line}\``;
}

export const valueWord = (value: Json): string => code(JSON.stringify(value));

/** `a`, `b` and 3 more. */
export function listed(words: readonly string[], most = MOST_LISTED): string {
  const shown = words.slice(0, most).join(', ');
  return words.length > most ? `${shown} and ${words.length - most} more` : shown;
}

/** Numbers, and texts that are numbers, by what they are worth. */
export function listOfValues(values: readonly Json[]): string {
  const worth = (value: Json): number => (typeof value === 'boolean' || value === '' ? Number.NaN : Number(value));
  const sorted = values.every((value) => !Number.isNaN(worth(value)))
    ? values.toSorted((a, b) => worth(a) - worth(b))
    : values;
  return listed(sorted.map(valueWord));
}

export const fieldWord = (path: string, whole: string): string => (path === '' ? whole : code(path));

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  null: 'null',
};
const ITEM_WORDS: Readonly<Record<string, string>> = {
  string: 'texts',
  integer: 'whole numbers',
  number: 'numbers',
  array: 'lists',
  object: 'objects',
};

const typeWord = (type: string): string => TYPE_WORDS[type] ?? code(type);

export function typesWord(types: readonly string[] | undefined): string {
  return types === undefined ? 'anything' : types.map(typeWord).join(' or ');
}

/** What may stand there, in a word or two. */
export function describe(shape: Shape): string {
  if (shape.values !== undefined) return listOfValues(shape.values);
  if (shape.types === undefined) {
    const members = shape.choices.flatMap((choice) => choice.members);
    return members.length > 0 ? [...new Set(members.map(describe))].join(' or ') : 'anything';
  }
  const [item] = shape.items?.types?.length === 1 ? shape.items.types : [];
  const items = item === undefined ? undefined : ITEM_WORDS[item];
  return items === undefined ? typesWord(shape.types) : typesWord(shape.types).replace('a list', `a list of ${items}`);
}

const UNITS: readonly [RegExp, string][] = [
  [/Length$/, ' characters'],
  [/Items$/, ' items'],
  [/Properties$/, ' fields'],
];

export const isUpper = (limit: Limit): boolean => limit.startsWith('max') || limit === 'exclusiveMaximum';

export function limitWord(limit: Limit, value: number | undefined): string {
  const unit = UNITS.find(([pattern]) => pattern.test(limit))?.[1] ?? '';
  const side = isUpper(limit);
  if (value === undefined)
    return side ? `no upper limit${unit && ` of${unit}`}` : `no lower limit${unit && ` of${unit}`}`;
  if (limit === 'exclusiveMaximum') return `less than ${value}`;
  if (limit === 'exclusiveMinimum') return `more than ${value}`;
  return `${side ? 'at most' : 'at least'} ${value}${value === 1 ? unit.replace(/s$/, '') : unit}`;
}

/** `when `size` is `"1080p"``. */
export function whenWord({ when }: Condition): string {
  const tests = Object.entries(objectAt(when, 'properties') ?? {}).map(([name, test]) => testWord(name, test));
  const tested = Object.keys(objectAt(when, 'properties') ?? {});
  const present = arrayAt(when, 'required')
    .filter(isString)
    .filter((name) => !tested.includes(name))
    .map((name) => `${code(name)} is there`);
  const rest = Object.keys(when).filter((key) => !['properties', 'required', 'type'].includes(key));
  const parts = [...tests, ...present, ...(rest.length > 0 ? [code(JSON.stringify(when))] : [])];
  return `when ${parts.join(' and ')}`;
}

function testWord(name: string, test: Json): string {
  const values = isObject(test) && test.const !== undefined ? [test.const] : arrayAt(test, 'enum');
  if (values.length === 0) return `${code(name)} fits ${code(JSON.stringify(test))}`;
  return `${code(name)} is ${values.map(valueWord).join(' or ')}`;
}

/** What a shape asks for, each in a few words: for conditions, whose shape is a fragment. */
export function demandsOf(shape: Shape, path = ''): string[] {
  const here = fieldWord(path, 'the body');
  const below = (name: string): string => (path === '' ? name : `${path}.${name}`);
  const found = shape.required.map((name) => `${code(below(name))} is required`);
  if (path !== '' && shape.values !== undefined) found.push(`${here} takes only ${listOfValues(shape.values)}`);
  else if (path !== '' && shape.types !== undefined && shape.properties.size === 0) {
    found.push(`${here} is ${typesWord(shape.types)}`);
  }
  for (const [limit, value] of entriesOf(shape.limits)) found.push(`${here} takes ${limitWord(limit, value)}`);
  for (const [name, property] of shape.properties) found.push(...demandsOf(property, below(name)));
  for (const { presence } of shape.choices) if (presence) found.push(`one of ${presenceWord(presence)} is required`);
  for (const name of arrayAt(shape.opaque, 'forbidden').filter(isString)) found.push(`${code(below(name))} is refused`);
  const others = Object.keys(withoutForbidden(shape.opaque));
  if (others.length > 0) found.push(`${here} fits ${code(JSON.stringify(withoutForbidden(shape.opaque)))}`);
  return found;
}

const withoutForbidden = ({ forbidden: _, ...rest }: JsonObject): JsonObject => rest;

/** The limits that are set. */
export function entriesOf(limits: Shape['limits']): [Limit, number][] {
  return Object.entries(limits).flatMap(([key, value]) =>
    value === undefined || !isLimit(key) ? [] : [[key, value] satisfies [Limit, number]],
  );
}

const isLimit = (key: string): key is Limit => key in NAMES;
const NAMES: Readonly<Record<Limit, true>> = {
  minimum: true,
  exclusiveMinimum: true,
  maximum: true,
  exclusiveMaximum: true,
  minLength: true,
  maxLength: true,
  minItems: true,
  maxItems: true,
  minProperties: true,
  maxProperties: true,
};

export const presenceWord = (presence: readonly (readonly string[])[]): string =>
  presence.map((paths) => paths.map(code).join(' with ')).join(', ');
