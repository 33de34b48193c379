// What is wrong with a request, in words: field, what was expected, what came. Of a union only the nearest variant speaks.

import { isRecord, type RequestIssue, shownText, valueAt } from '../transport/index.js';
import type { JsonSchema, RuleFinding, SchemaBundle } from './data.js';
import { nearestOf } from './nearest.js';

/** The part of zod's issues that is read here. */
export interface ZodIssue {
  path: PropertyKey[];
  message: string;
  code?: string | undefined;
  /** Of a union: the issues of each variant. */
  errors?: ZodIssue[][];
  /** The literals that would have been right. */
  values?: readonly unknown[];
  /** The type that would have been right. */
  expected?: string;
  /** The regular expression that a text failed. */
  pattern?: string;
  /** Fields that nobody knows. */
  keys?: readonly string[];
  origin?: string;
  minimum?: number | bigint;
  maximum?: number | bigint;
  inclusive?: boolean;
  divisor?: number;
}

type Path = (string | number)[];

/** An issue, and the literals that would have been right where it is about literals. */
type Found = RequestIssue & { literals?: readonly unknown[] };

/** What an explanation looks things up in. */
interface Case {
  request: unknown;
  schema: JsonSchema;
  definitions: SchemaBundle['definitions'];
}

/** What `issues` say of `request`, which was held against `schema`. */
export function explained(
  issues: readonly ZodIssue[],
  request: unknown,
  schema: JsonSchema,
  definitions: SchemaBundle['definitions'],
): RequestIssue[] {
  const found = withoutEchoes(issues).flatMap((issue) => explain(issue, [], { request, schema, definitions }));
  return distinct(found).map(({ literals: _, ...issue }) => issue);
}

/** A rule's finding as an issue. */
export function foundBy(rule: string, { path, message, expected }: RuleFinding, request: unknown): RequestIssue {
  const received = shown(valueAt(request, path));
  const what = received === NOTHING || path.length === 0 ? '' : `, received ${received}`;
  return { path: [...path], message: `${message} (expected ${expected}${what})`, expected, received, rule };
}

function explain(issue: ZodIssue, prefix: Path, at: Case): Found[] {
  const path: Path = [...prefix, ...issue.path.map((key) => (typeof key === 'number' ? key : String(key)))];
  if (issue.code === 'unrecognized_keys') {
    const fields = [...fieldsOf(at.schema, path, at.definitions)].map(([name]) => name);
    return (issue.keys ?? []).map((key) => unknownField([...path, key], fields, at));
  }
  if (issue.code === 'invalid_union') {
    const variants = (issue.errors ?? []).filter((variant) => variant.length > 0);
    if (variants.length > 0) return nearest(variants, path, at);
  }
  if (issue.code === 'invalid_value') return [ofLiterals(path, issue.values ?? [], at)];
  return [issueAt(path, expectationOf(issue), at)];
}

/** The issues of the variant that the request came nearest to, or what all variants want in one sentence. */
function nearest(variants: readonly ZodIssue[][], path: Path, at: Case): Found[] {
  // An enum of numbers is a union of literals, a field of several types a union of types: one sentence, not one each.
  const literals = variants.map(literalsOf);
  if (literals.every((values) => values !== undefined)) return [ofLiterals(path, literals.flat(), at)];
  const types = variants.map(([only, ...more]) =>
    more.length === 0 && only?.code === 'invalid_type' && only.path.length === 0 ? only.expected : undefined,
  );
  if (types.every((type) => type !== undefined)) {
    return [issueAt(path, [...new Set(types.map(typeName))].join(' or '), at)];
  }

  const read = variants.map((variant) => withoutEchoes(variant).flatMap((inner) => explain(inner, path, at)));
  const weights = variants.map((variant, place) => weight(variant) + (read[place]?.length ?? 0));
  const least = Math.min(...weights);
  const best = read.filter((_, place) => weights[place] === least);
  const [first = [], ...others] = best;
  const common = first.filter((issue) => others.every((other) => other.some((own) => same(own, issue))));
  const apart = best.map((variant) => variant.filter((issue) => !common.some((other) => same(other, issue))));
  const together = others.length === 0 ? undefined : (oneOfFields(apart, path) ?? oneOfLiterals(apart, at));
  if (together !== undefined) return [...common, ...together];
  const [chosen = [], ...rest] = best.toSorted((a, b) => depth(b) - depth(a));
  const whole = chosen.map((issue) => ofAllVariants(issue, read, at));
  const [only, ...more] = whole;
  if (only === undefined || more.length > 0 || rest.length === 0) return whole;
  // As near as this one: another value elsewhere would do as well.
  const elsewhere = rest.flatMap((variant) => (variant.length === 1 ? variant : []));
  const ways = elsewhere
    .filter((other) => !same(other, only))
    .map((other) => `${other.path.join('.')}: ${other.message}`);
  return [{ ...only, message: [only.message, ...new Set(ways.slice(0, 2))].join(', or else ') }];
}

/** A literal that another variant takes is no wrong one: all that any variant takes are named. */
function ofAllVariants(issue: Found, variants: readonly Found[][], at: Case): Found {
  const alike = variants.flat().filter(({ path, literals }) => literals && path.join('\0') === issue.path.join('\0'));
  return issue.literals === undefined
    ? issue
    : ofLiterals(
        issue.path,
        alike.flatMap(({ literals = [] }) => literals),
        at,
      );
}

/** A value of another type breaks its limits as well; only the type is worth a word. */
const withoutEchoes = (issues: readonly ZodIssue[]): ZodIssue[] => {
  const wrong = new Set(issues.filter(({ code }) => code === 'invalid_type').map(({ path }) => path.join('\0')));
  return issues.filter(({ code, path }) => code === 'invalid_type' || !wrong.has(path.join('\0')));
};

/** Variants that lack nothing but fields, one way or another: any of the ways would do. */
function oneOfFields(variants: readonly Found[][], path: Path): Found[] | undefined {
  const [first = []] = variants;
  const isLack = (variant: readonly Found[]) =>
    variant.length === first.length && variant.every(({ received }) => received === NOTHING);
  if (first.length === 0 || !variants.every(isLack)) return undefined;
  const groups = first.map((_, place) => [
    ...new Set(variants.map((variant) => (variant[place]?.path ?? []).slice(path.length).join('.'))),
  ]);
  // All combinations of the groups, or they are not independent of each other.
  const ways = new Set(variants.map((variant) => JSON.stringify(variant.map((issue) => issue.path))));
  if (groups.reduce((product, { length }) => product * length, 1) !== ways.size) return undefined;
  return groups.map((names) => {
    const expected = `${names.length > 1 ? 'one of ' : ''}${names.map((name) => `\`${name}\``).join(', ')}`;
    return { path, message: `needs ${expected}`, expected, received: 'none of them' };
  });
}

/** Variants that differ in the literals which they take for one and the same field. */
function oneOfLiterals(variants: readonly Found[][], at: Case): Found[] | undefined {
  const only = variants.map(([issue, ...more]) => (more.length === 0 ? issue : undefined));
  const [first] = only;
  if (first === undefined) return undefined;
  const literals = only.map((issue) => (issue?.path.join('\0') === first.path.join('\0') ? issue.literals : undefined));
  return literals.every((values) => values !== undefined) ? [ofLiterals(first.path, literals.flat(), at)] : undefined;
}

/** The literals that a variant takes, if literals are all that it takes. */
function literalsOf([only, ...more]: readonly ZodIssue[]): readonly unknown[] | undefined {
  if (only === undefined || more.length > 0 || only.path.length > 0) return undefined;
  if (only.code === 'invalid_value') return only.values;
  const inner = only.code === 'invalid_union' ? (only.errors ?? []).map(literalsOf) : [];
  return inner.length > 0 && inner.every((values) => values !== undefined) ? inner.flat() : undefined;
}

/** A variant of another type, or of another kind (its tag differs), is far, however few its issues. */
function weight(variant: readonly ZodIssue[]): number {
  return variant.reduce((sum, { code, path, values }) => {
    if (code === 'invalid_type' && path.length === 0) return sum + 100;
    return code === 'invalid_value' && path.length === 1 && values?.length === 1 ? sum + 10 : sum;
  }, 0);
}

const NOTHING = 'nothing';

function issueAt(path: Path, expected: string, at: Case): Found {
  const received = shown(valueAt(at.request, path));
  if (received !== NOTHING) return { path, message: `expected ${expected}, received ${received}`, expected, received };
  const fields = [...fieldsOf(at.schema, path, at.definitions)];
  const needed = new Set(fields.flatMap(([name, required]) => (required ? [`\`${name}\``] : [])));
  const inside = needed.size === 0 ? '' : ` with ${[...needed].join(', ')}`;
  return { path, message: `is required: ${expected}${inside}`, expected: expected + inside, received };
}

function ofLiterals(path: Path, literals: readonly unknown[], at: Case): Found {
  // Where 5 and "5" are both taken, somebody who wrote a number reads of numbers.
  const alike = literals.filter((value) => typeof value === typeof valueAt(at.request, path));
  return { ...issueAt(path, oneOf(alike.length > 0 ? alike : literals), at), literals };
}

function unknownField(path: Path, fields: readonly string[], at: Case): Found {
  const name = String(path.at(-1));
  const received = shown(valueAt(at.request, path));
  if (fields.includes(name)) {
    return { path, message: 'does not go together with the other fields given', expected: NOTHING, received };
  }
  const near = nearestOf(name, fields);
  if (near === undefined) return { path, message: 'is not a field of this model', expected: NOTHING, received };
  return {
    path,
    message: `is not a field of this model (did you mean \`${near}\`?)`,
    expected: `\`${near}\``,
    received,
  };
}

/** Longer patterns explain nothing to a reader; the only ones in use are those of URIs. */
const READABLE_PATTERN = 80;

function expectationOf(issue: ZodIssue): string {
  const { code, minimum, maximum, inclusive, origin } = issue;
  const unit = origin === 'string' ? 'character' : origin === 'array' ? 'item' : undefined;
  const count = (limit: unknown) => (unit === undefined ? `${limit}` : `${limit} ${unit}${limit === 1 ? '' : 's'}`);
  if (code === 'too_small') return `${inclusive === false ? 'more than' : 'at least'} ${count(minimum)}`;
  if (code === 'too_big') return `${inclusive === false ? 'less than' : 'at most'} ${count(maximum)}`;
  if (code === 'invalid_type') return typeName(issue.expected ?? 'another type');
  if (code === 'not_multiple_of') return `a multiple of ${issue.divisor}`;
  if (code === 'invalid_format' && issue.pattern !== undefined) {
    return issue.pattern.length > READABLE_PATTERN
      ? 'an absolute URI, such as https://example.com/a.png'
      : `text that matches ${issue.pattern}`;
  }
  return issue.message;
}

const TYPE_NAMES: ReadonlyMap<string, string> = new Map([
  ['string', 'text'],
  ['number', 'a number'],
  ['int', 'a whole number'],
  ['boolean', 'true or false'],
  ['array', 'a list'],
  ['object', 'an object'],
  ['record', 'an object'],
  ['null', 'null'],
  ['never', 'nothing'],
]);
const typeName = (type: string): string => TYPE_NAMES.get(type) ?? type;

function oneOf(values: readonly unknown[]): string {
  const texts = [...new Set(values.map((value) => JSON.stringify(value)))];
  return texts.length === 1 ? (texts[0] ?? '') : `one of ${texts.join(', ')}`;
}

function shown(value: unknown): string {
  if (value === undefined) return NOTHING;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value !== 'string') return JSON.stringify(value);
  // A query may be a signature, also of a URL that is none.
  return shownText(value, value.replace(/^(\s*\S+)\?\S.*$/s, '$1?***').replace(/^(\s*\w+:.*?)\?.*$/s, '$1?***'));
}

/** The fields that `schema` knows at `path`, and whether each is required there. */
function* fieldsOf(
  schema: JsonSchema,
  path: Path,
  definitions: SchemaBundle['definitions'],
  depth = 0,
): Generator<[name: string, required: boolean]> {
  if (typeof schema === 'boolean' || depth > 20) return;
  const inner = (value: unknown, rest: Path) => (isSchema(value) ? fieldsOf(value, rest, definitions, depth + 1) : []);
  const { $ref, properties, items, required } = schema;
  if (typeof $ref === 'string') yield* inner(definitions[$ref.replace('#/definitions/', '')], path);
  for (const key of ['anyOf', 'oneOf', 'allOf']) {
    const parts = schema[key];
    if (Array.isArray(parts)) for (const part of parts) yield* inner(part, path);
  }
  const [step, ...rest] = path;
  if (typeof step === 'number') yield* inner(items, rest);
  if (!isSchema(properties) || typeof properties === 'boolean') return;
  if (step === undefined) {
    for (const name of Object.keys(properties)) yield [name, Array.isArray(required) && required.includes(name)];
  } else if (typeof step === 'string' && Object.hasOwn(properties, step)) yield* inner(properties[step], rest);
}

const isSchema = (value: unknown): value is JsonSchema => typeof value === 'boolean' || isRecord(value);

const same = (a: RequestIssue, b: RequestIssue): boolean =>
  a.message === b.message && a.path.join('\0') === b.path.join('\0');

const distinct = (issues: readonly Found[]): Found[] => [
  ...new Map(issues.map((issue) => [`${issue.path.join('\0')}\0\0${issue.message}`, issue])).values(),
];

const depth = (issues: readonly RequestIssue[]): number => Math.max(0, ...issues.map((issue) => issue.path.length));
