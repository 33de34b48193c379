// Request schemas as plain draft-07 on which zod (z.fromJSONSchema) and ajv agree: no nullable, no if, no combinator beside properties.
import { arrayAt, deref, isObject, type Json, type JsonObject, objectAt, sameJson, stringAt } from '../spec/json.js';
import {
  alternatives,
  hasCombinators,
  isAnnotation,
  isObjectSchema,
  objectForm,
  UnsupportedSchema,
} from './specialise.js';
import { URI_PATTERN } from './uri.js';

const SCHEMAS = '#/components/schemas/';
const DEFINITIONS = '#/definitions/';
export const URI_DEFINITION = 'uri';

// Keywords that are carried over as they stand.
const PLAIN = new Set([
  ...['type', 'enum', 'const', 'required', 'pattern', 'multipleOf', 'uniqueItems'],
  ...['minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties', 'minimum', 'maximum'],
]);
const HANDLED = new Set([
  ...['properties', 'items', 'additionalProperties', 'anyOf', 'oneOf', 'allOf', 'not', 'nullable', 'format'],
  ...['exclusiveMinimum', 'exclusiveMaximum', 'discriminator', 'externalDocs', 'xml', 'readOnly', 'writeOnly'],
]);
// Formats that say nothing about JSON beyond the type beside them.
const SILENT_FORMATS = new Set(['int64', 'float', 'double', 'binary', 'password']);
const TYPED_KEYWORDS = [
  'pattern',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minimum',
  'maximum',
  'multipleOf',
];

/** Turns request schemas into draft-07, collecting the definitions that they share. */
export class ValidationSchemas {
  readonly definitions = new Map<string, Json>();

  constructor(private readonly root: JsonObject) {}

  /** The schema of a whole request body for `model`; throws UnsupportedSchema where it cannot be said in plain draft-07. */
  request(schema: JsonObject, model: string | undefined): Json {
    return this.convert(schema, model);
  }

  private convert(schema: Json, model?: string): Json {
    if (!isObject(schema)) return schema === true || schema === false ? schema : {};
    const reference = stringAt(schema, '$ref');
    if (reference !== undefined) return this.convertReference(reference);
    if (hasCombinators(schema) && isObjectSchema(schema)) {
      const ways = alternatives(this.root, objectForm(this.root, schema, model), model);
      const converted = ways.map((way) => this.convertPlain(way, model));
      if (converted.length === 0) return false;
      return converted.length === 1 ? (converted[0] ?? false) : { anyOf: converted };
    }
    return this.convertPlain(schema, model);
  }

  private convertReference(reference: string): Json {
    if (!reference.startsWith(SCHEMAS)) return this.convert(deref(this.root, { $ref: reference }));
    const name = reference.slice(SCHEMAS.length);
    if (!this.definitions.has(name)) {
      this.definitions.set(name, true); // stands in while a schema that contains itself is converted
      this.definitions.set(name, this.convert(deref(this.root, { $ref: reference })));
    }
    return { $ref: DEFINITIONS + name };
  }

  private convertPlain(schema: JsonObject, model: string | undefined): Json {
    if (schema.if !== undefined) throw new UnsupportedSchema('an `if` outside an object schema');
    const strange = Object.keys(schema).find((key) => !PLAIN.has(key) && !HANDLED.has(key) && !isAnnotation(key));
    if (strange) throw new UnsupportedSchema(`the keyword \`${strange}\``);

    const result: JsonObject = {};
    for (const [key, value] of Object.entries(schema)) if (PLAIN.has(key)) result[key] = value;
    for (const key of ['anyOf', 'oneOf', 'allOf'] as const) {
      if (key in schema) result[key] = arrayAt(schema, key).map((member) => this.convert(member, model));
    }
    if (schema.not !== undefined) throw new UnsupportedSchema('the keyword `not`');
    const properties = objectAt(schema, 'properties');
    if (properties) {
      const entries = Object.entries(properties).map(([name, value]) => [name, this.convert(value)]);
      result.properties = Object.fromEntries(entries);
    }
    if (schema.additionalProperties !== undefined && schema.additionalProperties !== true) {
      result.additionalProperties = this.convert(schema.additionalProperties);
    }
    if (schema.items !== undefined || schema.type === 'array') result.items = this.convert(schema.items ?? {});
    exclusiveBounds(schema, result);
    return finish(schema, result);
  }
}

/** OpenAPI 3.0 makes a bound exclusive by a boolean beside it, draft-07 by a number in its place. */
function exclusiveBounds(schema: JsonObject, result: JsonObject): void {
  for (const [key, bound] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const) {
    const value = schema[key];
    if (typeof value === 'number') result[key] = value;
    if (value === true && schema[bound] !== undefined) {
      result[key] = schema[bound];
      delete result[bound];
    }
  }
}

function finish(schema: JsonObject, result: JsonObject): Json {
  const typed = enumOfItsType(result);
  if (typed === undefined) return false; // no value of the enum has the type: nothing passes
  const single = arrayAt(typed, 'allOf');
  if (Object.keys(typed).length === 1 && single.length === 1 && single[0] !== undefined) {
    return nullable(schema, single[0]);
  }
  if (typed.type === undefined && !('$ref' in typed)) {
    if (isObjectSchema(typed)) {
      // Without `type`, ajv lets anything that is no object pass, and zod ignores the properties.
      return nullable(schema, {
        anyOf: [{ type: 'object', ...typed }, { type: ['string', 'number', 'boolean', 'array', 'null'] }],
      });
    }
    const lost = TYPED_KEYWORDS.find((key) => key in typed);
    if (lost) throw new UnsupportedSchema(`\`${lost}\` without \`type\``);
  }
  return nullable(schema, withFormat(schema, safeInteger(typed)));
}

/** zod reads an enum without regard to `type`; so values that do not fit are taken out, and those that ajv refuses to read twice. */
function enumOfItsType(schema: JsonObject): JsonObject | undefined {
  const { type } = schema;
  if (typeof type !== 'string' || !Array.isArray(schema.enum)) return schema;
  const distinct = schema.enum.filter(
    (value, place, all) => all.findIndex((other) => sameJson(other, value)) === place,
  );
  const fitting = distinct.filter((value) => fitsType(value, type));
  return fitting.length === 0 ? undefined : { ...schema, enum: fitting };
}

function fitsType(value: Json, type: string): boolean {
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'null') return value === null;
  return type === 'object' ? isObject(value) : typeof value === type;
}

/** zod takes integers up to 2^53 only (beyond it JavaScript cannot write them exactly); said openly, so that ajv agrees. */
function safeInteger(schema: JsonObject): JsonObject {
  if (schema.type !== 'integer' || schema.enum !== undefined) return schema;
  return { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER, ...schema };
}

function withFormat(schema: JsonObject, result: JsonObject): JsonObject {
  const format = stringAt(schema, 'format');
  if (format === undefined || SILENT_FORMATS.has(format)) return result;
  if (format === 'int32') return { ...result, minimum: -(2 ** 31), maximum: 2 ** 31 - 1, ...bounds(schema) };
  if (format !== 'uri') throw new UnsupportedSchema(`the format \`${format}\`, which zod and ajv read differently`);
  const uri = { $ref: DEFINITIONS + URI_DEFINITION };
  const { type: _, ...rest } = result;
  return Object.keys(rest).length === 0 ? uri : { allOf: [uri, result] };
}

function bounds(schema: JsonObject): JsonObject {
  const kept = Object.entries(schema).filter(([key]) => key === 'minimum' || key === 'maximum');
  return Object.fromEntries(kept);
}

function nullable(schema: JsonObject, result: Json): Json {
  if (schema.nullable !== true) return result;
  if (isObject(result) && Object.keys(result).length === 0) return result;
  return { anyOf: [result, { type: 'null' }] };
}

export const uriDefinition: JsonObject = { type: 'string', pattern: URI_PATTERN };
