// How repeated parts of the validation schemas are stored once: any subschema that occurs twice becomes a definition.
import { isObject, type Json, type JsonObject } from '../spec/json.js';

/** A reference costs about as much; shorter subschemas stay where they are. */
const MIN_CHARACTERS = 56;
const DEFINITIONS = '#/definitions/';

export interface SchemaSet {
  definitions: Map<string, Json>;
  schemas: Map<string, Json>;
}

export function hoist(set: SchemaSet): SchemaSet {
  const counts = new Map<string, number>();
  const count = (schema: Json): void => {
    const text = JSON.stringify(schema);
    const held = counts.get(text) ?? 0;
    counts.set(text, held + 1);
    // What stands inside a repeated subschema is stored once with it, and does not count again.
    if (held === 0) for (const child of subschemas(schema)) count(child.schema);
  };
  for (const schema of [...set.definitions.values(), ...set.schemas.values()]) {
    for (const child of subschemas(schema)) count(child.schema);
  }

  const definitions = new Map<string, Json>();
  const names = new Map<string, string>();
  const taken = new Set(set.definitions.keys());
  const place = (schema: Json, hint: string): Json => {
    const text = JSON.stringify(schema);
    const repeated = (counts.get(text) ?? 0) > 1 && text.length >= MIN_CHARACTERS && !isReference(schema);
    if (!repeated) return within(schema, hint);
    let name = names.get(text);
    if (name === undefined) {
      name = freeName(taken, hint);
      names.set(text, name);
      definitions.set(name, true); // keeps its place, before the definitions of its parts
      definitions.set(name, within(schema, hint));
    }
    return { $ref: DEFINITIONS + name };
  };
  const within = (schema: Json, hint: string): Json => {
    if (!isObject(schema)) return schema;
    const result: JsonObject = {};
    const children = subschemas(schema);
    for (const [key, value] of Object.entries(schema)) {
      const own = children.filter((child) => child.keyword === key);
      if (own.length === 0) result[key] = value;
      else if (Array.isArray(value)) result[key] = own.map((child) => place(child.schema, hint));
      else if (key === 'properties') {
        result[key] = Object.fromEntries(own.map((child) => [child.name, place(child.schema, child.name)]));
      } else result[key] = place(value, key === 'items' ? `${hint}_item` : hint);
    }
    return result;
  };
  for (const [name, schema] of set.definitions) definitions.set(name, within(schema, name));
  const schemas = new Map([...set.schemas].map(([key, schema]) => [key, within(schema, key)]));
  return { definitions: usedOnly(definitions, schemas), schemas };
}

const isReference = (schema: Json): boolean => isObject(schema) && '$ref' in schema;

interface Child {
  keyword: string;
  name: string;
  schema: Json;
}

function subschemas(schema: Json): Child[] {
  if (!isObject(schema) || '$ref' in schema) return [];
  const found: Child[] = [];
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === 'properties' && isObject(value)) {
      for (const [name, child] of Object.entries(value)) found.push({ keyword, name, schema: child });
    } else if (['anyOf', 'oneOf', 'allOf'].includes(keyword) && Array.isArray(value)) {
      for (const child of value) found.push({ keyword, name: '', schema: child });
    } else if (keyword === 'items' || (keyword === 'additionalProperties' && isObject(value))) {
      found.push({ keyword, name: '', schema: value });
    }
  }
  return found;
}

function freeName(taken: Set<string>, hint: string): string {
  const base = hint.replaceAll(/[^A-Za-z0-9_]/g, '_');
  let name = base;
  for (let count = 2; taken.has(name); count++) name = `${base}_${count}`;
  taken.add(name);
  return name;
}

/** The names of the definitions that `schema` refers to directly. */
export function referencesIn(schema: Json): string[] {
  if (!isObject(schema)) return [];
  if (typeof schema.$ref === 'string') return [schema.$ref.slice(DEFINITIONS.length)];
  return subschemas(schema).flatMap((child) => referencesIn(child.schema));
}

function usedOnly(definitions: Map<string, Json>, schemas: Map<string, Json>): Map<string, Json> {
  const used = new Set<string>();
  const follow = (schema: Json): void => {
    for (const name of referencesIn(schema)) {
      if (used.has(name)) continue;
      used.add(name);
      follow(definitions.get(name) ?? true);
    }
  };
  for (const schema of schemas.values()) follow(schema);
  return new Map([...definitions].filter(([name]) => used.has(name)));
}
