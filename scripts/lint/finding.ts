// What the lint reports, and how it walks the schemas of a document.
import { isObject, type Json, type JsonObject, objectAt, pointer } from '../spec/json.js';

export interface Finding {
  rule: string;
  /** JSON pointer into the document. */
  at: string;
  message: string;
}

export type Path = readonly (string | number)[];
export type Report = (rule: string, path: Path, message: string) => void;

export const reporter =
  (findings: Finding[]): Report =>
  (rule, path, message) => {
    findings.push({ rule, at: pointer(...path), message });
  };

const ONE = ['items', 'additionalProperties', 'not', 'if', 'then', 'else'];
const LIST = ['anyOf', 'oneOf', 'allOf'];

/** Visits `schema` and every schema inside it, without following references. */
export function walkSchema(
  schema: Json | undefined,
  path: Path,
  visit: (schema: JsonObject, path: Path) => void,
): void {
  if (!isObject(schema)) return;
  visit(schema, path);
  for (const [name, property] of Object.entries(objectAt(schema, 'properties') ?? {})) {
    walkSchema(property, [...path, 'properties', name], visit);
  }
  for (const key of ONE) walkSchema(schema[key], [...path, key], visit);
  for (const key of LIST) {
    const members = schema[key];
    if (Array.isArray(members)) {
      for (const [index, member] of members.entries()) walkSchema(member, [...path, key, index], visit);
    }
  }
}

/** Every schema of the document: those of the components, and those that stand inline under `paths`. */
export function walkAllSchemas(document: JsonObject, visit: (schema: JsonObject, path: Path) => void): void {
  for (const [name, schema] of Object.entries(objectAt(objectAt(document, 'components'), 'schemas') ?? {})) {
    walkSchema(schema, ['components', 'schemas', name], visit);
  }
  const inline = (value: Json | undefined, path: Path): void => {
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) inline(item, [...path, index]);
    } else if (isObject(value)) {
      for (const [key, item] of Object.entries(value)) {
        if (key === 'schema') walkSchema(item, [...path, key], visit);
        else if (key !== 'examples' && key !== 'example' && !key.startsWith('x-')) inline(item, [...path, key]);
      }
    }
  };
  inline(document.paths, ['paths']);
  inline(objectAt(objectAt(document, 'components'), 'parameters'), ['components', 'parameters']);
}
