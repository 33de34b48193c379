// What a request schema demands of one model: conditions on the model id are decided, `allOf` is folded in, alternatives are multiplied out.
import { arrayAt, deref, isObject, isString, type Json, type JsonObject, objectAt, sameJson } from '../spec/json.js';

/** A construct whose meaning this module cannot carry over; the message says which. */
export class UnsupportedSchema extends Error {}

/** An object schema without combinators, and the choices that were beside it. */
export interface ObjectForm {
  base: JsonObject;
  choices: Choice[];
}

export interface Choice {
  kind: 'anyOf' | 'oneOf';
  fragments: Json[];
  /** Came from an `if`: says how values go together rather than what has to be there. */
  conditional: boolean;
}

const COMBINATORS = ['anyOf', 'oneOf', 'allOf', 'if', 'then', 'else'];
const OBJECT_KEYWORDS = ['properties', 'required', 'additionalProperties'];

export const hasCombinators = (schema: JsonObject): boolean => COMBINATORS.some((key) => key in schema);

export const isObjectSchema = (schema: JsonObject): boolean =>
  schema.type === 'object' || OBJECT_KEYWORDS.some((key) => key in schema);

/** `outer` is the schema whose properties a condition speaks of, where `schema` is only a part of it. */
export function objectForm(
  root: JsonObject,
  schema: JsonObject,
  model: string | undefined,
  outer: JsonObject = schema,
): ObjectForm {
  const own = Object.entries(schema).filter(([key]) => !COMBINATORS.includes(key));
  const form: ObjectForm = { base: Object.fromEntries(own), choices: [] };
  const absorb = (part: Json | undefined): void => {
    if (part === undefined) return;
    const found = objectForm(root, asObject(deref(root, part)), model, outer);
    const merged = mergeSchemas(root, form.base, found.base);
    if (!isObject(merged)) throw new UnsupportedSchema('an allOf that nothing can satisfy');
    form.base = merged;
    form.choices.push(...found.choices);
  };
  for (const member of arrayAt(schema, 'allOf')) absorb(member);
  for (const kind of ['anyOf', 'oneOf'] as const) {
    const fragments = arrayAt(schema, kind);
    if (fragments.length > 0) form.choices.push({ kind, fragments, conditional: false });
  }
  if (schema.if !== undefined) {
    const verdict = decide(asObject(deref(root, schema.if)), model);
    if (verdict === true) absorb(schema.then);
    else if (verdict === false) absorb(schema.else);
    else form.choices.push(conditionalChoice(root, verdict, schema, outer));
  }
  return form;
}

/** Every way to satisfy `form`, each an object schema without combinators at its top. */
export function alternatives(root: JsonObject, form: ObjectForm, model: string | undefined): JsonObject[] {
  let current: JsonObject[] = [form.base];
  for (const choice of form.choices) {
    const parts = choice.fragments.flatMap((fragment, index) => {
      const others = choice.kind === 'oneOf' ? choice.fragments.filter((_, place) => place !== index) : [];
      const inner = objectForm(root, asObject(deref(root, fragment)), model, form.base);
      return alternatives(root, inner, model).flatMap((part) => withoutOthers(root, part, others, form.base, model));
    });
    const next: JsonObject[] = [];
    for (const base of current) {
      for (const part of parts) {
        const merged = mergeSchemas(root, base, part);
        if (isObject(merged) && !next.some((held) => sameJson(held, merged))) next.push(merged);
      }
    }
    current = next;
  }
  return current;
}

/** Adds to `part` that none of `others` holds; each of them must be a mere demand for presence, or hold never beside `part`. */
function withoutOthers(
  root: JsonObject,
  part: JsonObject,
  others: Json[],
  base: JsonObject,
  model: string | undefined,
): JsonObject[] {
  let current = [part];
  for (const other of others) {
    const schema = asObject(deref(root, other));
    const paths = presencePaths(schema);
    if (paths) {
      current = current.flatMap((held) =>
        paths.map((path) => mergeSchemas(root, held, absence(path))).filter((merged) => isObject(merged)),
      );
    } else {
      const both = mergeSchemas(root, part, objectForm(root, schema, model, base).base);
      if (mergeSchemas(root, base, both) !== false)
        throw new UnsupportedSchema('a oneOf beside properties whose members say more than `required`');
    }
  }
  return current;
}

/** The property paths that a schema of nothing but `required` (nested in `properties`) asks for; undefined if it says more. */
export function presencePaths(schema: JsonObject): string[][] | undefined {
  if (Object.keys(schema).some((key) => key !== 'required' && key !== 'properties')) return undefined;
  const paths: string[][] = [];
  for (const name of arrayAt(schema, 'required').filter(isString)) {
    const below = objectAt(objectAt(schema, 'properties'), name);
    const nested = below ? presencePaths(below) : [[]];
    if (!nested) return undefined;
    for (const rest of nested) paths.push([name, ...rest]);
  }
  const named = new Set(paths.map(([name]) => name));
  return Object.keys(objectAt(schema, 'properties') ?? {}).every((name) => named.has(name)) ? paths : undefined;
}

function absence(path: readonly string[]): Json {
  const [name, ...rest] = path;
  return name === undefined ? false : { properties: { [name]: absence(rest) } };
}

interface Condition {
  values: Map<string, Json[]>;
  required: Set<string>;
}

/** True or false where the model id settles the condition; else what remains of it. */
function decide(condition: JsonObject, model: string | undefined): boolean | Condition {
  const known = ['properties', 'required', 'type'];
  const strange = Object.keys(condition).find((key) => !known.includes(key));
  if (strange) throw new UnsupportedSchema(`an \`if\` with ${strange}`);
  const values = new Map<string, Json[]>();
  for (const [name, test] of Object.entries(objectAt(condition, 'properties') ?? {})) {
    const admitted = isObject(test) && test.const !== undefined ? [test.const] : arrayAt(test, 'enum');
    if (admitted.length === 0)
      throw new UnsupportedSchema(`an \`if\` that tests ${name} by something else than const or enum`);
    if (name !== 'model' || model === undefined) values.set(name, admitted);
    else if (!admitted.includes(model)) return false;
  }
  const required = new Set(arrayAt(condition, 'required').filter(isString));
  if (model !== undefined) required.delete('model');
  for (const name of required) {
    if (!values.has(name)) throw new UnsupportedSchema(`an \`if\` that only asks whether ${name} is there`);
  }
  return values.size === 0 ? true : { values, required };
}

/** `if` as a choice: either the condition holds (an absent property counts unless required) and `then`, or it fails and `else`. */
function conditionalChoice(root: JsonObject, condition: Condition, schema: JsonObject, outer: JsonObject): Choice {
  const holds: JsonObject = { properties: {}, required: [...condition.required] };
  const fails: JsonObject[] = [];
  const tested: JsonObject = {};
  for (const [name, values] of condition.values) {
    tested[name] = { enum: values };
    const property = objectAt(outer, 'properties')?.[name];
    const all = arrayAt(property === undefined ? undefined : deref(root, property), 'enum');
    if (all.length === 0) throw new UnsupportedSchema(`an \`if\` on ${name}, which has no enum`);
    const others = all.filter((value) => !values.some((one) => sameJson(one, value)));
    if (others.length > 0) fails.push({ properties: { [name]: { enum: others } }, required: [name] });
    if (condition.required.has(name)) fails.push({ properties: { [name]: false } });
  }
  holds.properties = tested;
  const also = (part: JsonObject, consequence: Json | undefined): Json =>
    consequence === undefined ? part : { allOf: [part, consequence] };
  return {
    kind: 'anyOf',
    fragments: [also(holds, schema.then), ...fails.map((fail) => also(fail, schema.else))],
    conditional: true,
  };
}

const TIGHTER: Record<string, (a: number, b: number) => number> = {
  minimum: Math.max,
  minLength: Math.max,
  minItems: Math.max,
  minProperties: Math.max,
  maximum: Math.min,
  maxLength: Math.min,
  maxItems: Math.min,
  maxProperties: Math.min,
};
const ANNOTATIONS = ['title', 'description', 'default', 'example', 'examples', 'deprecated'];

export const isAnnotation = (key: string): boolean => ANNOTATIONS.includes(key) || key.startsWith('x-');

/** A schema that says what both say; false where nothing satisfies both. Annotations of the first win. */
export function mergeSchemas(root: JsonObject, first: Json, second: Json): Json {
  if (first === false || second === false) return false;
  const a = asObject(deref(root, first));
  const b = asObject(deref(root, second));
  const result: JsonObject = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const held = a[key];
    if (held === undefined || sameJson(held, value)) result[key] = value;
    else if (key === 'required') result[key] = [...new Set([...arrayAt(a, key), ...arrayAt(b, key)])];
    else if (key === 'properties') result[key] = mergeProperties(root, asObject(held), asObject(value));
    else if (key === 'enum') {
      result[key] = arrayAt(a, key).filter((one) => arrayAt(b, key).some((other) => sameJson(one, other)));
    } else if (key === 'type') {
      if (held !== 'integer' || value !== 'number') {
        if (held !== 'number' || value !== 'integer') return false;
        result[key] = value;
      }
    } else if (key === 'additionalProperties') {
      result[key] =
        held === true ? value : value === true ? held : held === false || value === false ? false : fail(key);
    } else if (key in TIGHTER && typeof held === 'number' && typeof value === 'number') {
      result[key] = TIGHTER[key]?.(held, value) ?? value;
    } else if (key === 'const') return false;
    else if (!isAnnotation(key)) fail(key);
  }
  return settle(result, a, b);
}

function fail(key: string): never {
  throw new UnsupportedSchema(`two schemas for one value that differ in \`${key}\``);
}

function mergeProperties(root: JsonObject, a: JsonObject, b: JsonObject): JsonObject {
  const result: JsonObject = { ...a };
  for (const [name, schema] of Object.entries(b)) {
    const held = a[name];
    result[name] = held === undefined ? schema : mergeSchemas(root, held, schema);
  }
  return result;
}

/** Takes impossible and closed-off properties out of a merged schema; false where that leaves nothing. */
function settle(merged: JsonObject, ...sources: JsonObject[]): Json {
  if (Array.isArray(merged.enum) && merged.enum.length === 0) return false;
  const properties = objectAt(merged, 'properties');
  if (!properties) return merged;
  const closed = sources.filter((source) => source.additionalProperties === false);
  const required = arrayAt(merged, 'required');
  const kept: JsonObject = {};
  for (const [name, schema] of Object.entries(properties)) {
    const refused = closed.some((source) => !(name in (objectAt(source, 'properties') ?? {})));
    if (!refused && schema !== false) kept[name] = schema;
    else if (required.includes(name)) return false;
    else if (closed.length === 0) kept[name] = false;
  }
  return { ...merged, properties: kept };
}

const asObject = (value: Json): JsonObject => (isObject(value) ? value : {});
