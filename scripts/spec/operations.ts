// How the import document is read: its operations, the variants of each request body, the model ids that a variant takes, poll paths.
import type { GatewayConfig } from '../gateways.js';
import { arrayAt, deref, isObject, isString, type Json, type JsonObject, objectAt, stringAt } from './json.js';
import { METHODS, unionLeaves } from './merge.js';

export interface Example {
  name: string;
  summary: string | undefined;
  value: Json;
}

/** One alternative of a request body. */
export interface Variant {
  /** The component's name; the operationId where the schema stands inline. */
  name: string;
  schema: JsonObject;
  /** The ids in the `model` enum; empty where the schema has no such enum. */
  models: readonly string[];
}

export interface Operation {
  method: string;
  path: string;
  operationId: string;
  value: JsonObject;
  variants: readonly Variant[];
  requestExamples: readonly Example[];
}

const SCHEMAS = '#/components/schemas/';

export function operationsOf(document: JsonObject): Operation[] {
  const found: Operation[] = [];
  for (const [path, item] of Object.entries(objectAt(document, 'paths') ?? {})) {
    for (const method of METHODS) {
      const value = objectAt(item, method);
      if (!value) continue;
      const operationId = stringAt(value, 'operationId') ?? '';
      const media = jsonBody(document, value);
      const schema = media?.schema;
      found.push({
        method: method.toUpperCase(),
        path,
        operationId,
        value,
        variants: schema === undefined ? [] : variantsOf(document, schema, operationId),
        requestExamples: media ? examplesOf(document, media) : [],
      });
    }
  }
  return found;
}

function jsonBody(document: JsonObject, operation: JsonObject): JsonObject | undefined {
  const body = operation.requestBody;
  if (body === undefined) return undefined;
  const content = objectAt(deref(document, body), 'content') ?? {};
  return objectAt(content, 'application/json') ?? Object.values(content).find(isObject);
}

function variantsOf(document: JsonObject, schema: Json, operationId: string): Variant[] {
  const direct = isObject(schema) && stringAt(schema, '$ref') === undefined ? unwrapUnion(schema) : [schema];
  return direct
    .flatMap((member) => unionLeaves(document, member))
    .map((leaf, index, all) => {
      const reference = stringAt(leaf, '$ref');
      const resolved = deref(document, leaf);
      const inlineName = all.length === 1 ? operationId : `${operationId}_${index + 1}`;
      return {
        name: reference?.startsWith(SCHEMAS) ? reference.slice(SCHEMAS.length) : inlineName,
        schema: isObject(resolved) ? resolved : {},
        models: modelEnum(document, resolved),
      };
    });
}

/** The members of an `anyOf` or `oneOf` that has nothing beside it (some members may be inline). */
function unwrapUnion(schema: JsonObject): Json[] {
  const keys = Object.keys(schema).filter((key) => !['description', 'title', 'discriminator'].includes(key));
  const [only] = keys;
  return keys.length === 1 && (only === 'anyOf' || only === 'oneOf') ? arrayAt(schema, only) : [schema];
}

/** The ids that the `model` property admits, looked for through `allOf` too. */
export function modelEnum(document: JsonObject, schema: Json): string[] {
  const property = objectAt(schema, 'properties')?.model;
  if (property !== undefined) {
    const model = deref(document, property);
    const fixed = stringAt(model, 'const');
    return fixed === undefined ? arrayAt(model, 'enum').filter(isString) : [fixed];
  }
  return arrayAt(schema, 'allOf').flatMap((member) => modelEnum(document, deref(document, member)));
}

export function examplesOf(document: JsonObject, media: JsonObject): Example[] {
  const found: Example[] = [];
  for (const [name, entry] of Object.entries(objectAt(media, 'examples') ?? {})) {
    const example = deref(document, entry);
    if (isObject(example) && example.value !== undefined) {
      found.push({ name, summary: stringAt(example, 'summary'), value: example.value });
    }
  }
  if (media.example !== undefined) found.push({ name: 'example', summary: undefined, value: media.example });
  return found;
}

/** Model id → component names, from every discriminator of the document that maps `model`. */
export function discriminatedModels(document: JsonObject): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  const visit = (value: Json): void => {
    if (Array.isArray(value)) for (const item of value) visit(item);
    if (!isObject(value)) return;
    const discriminator = objectAt(value, 'discriminator');
    if (discriminator && stringAt(discriminator, 'propertyName') === 'model') {
      for (const [id, target] of Object.entries(objectAt(discriminator, 'mapping') ?? {})) {
        if (!isString(target)) continue;
        const names = found.get(id) ?? new Set();
        names.add(target.startsWith(SCHEMAS) ? target.slice(SCHEMAS.length) : target);
        found.set(id, names);
      }
    }
    for (const item of Object.values(value)) visit(item);
  };
  visit(document);
  return found;
}

/** Where the state of a task submitted at `path` is read; null where the answer to the submit is final. */
export function pollPathOf(document: JsonObject, gateway: GatewayConfig, method: string, path: string): string | null {
  if (method !== 'POST') return null;
  const special = gateway.pollPaths.find(({ prefix }) => path.startsWith(prefix));
  if (special) return special.poll;
  const paths = objectAt(document, 'paths') ?? {};
  const poll = `${path}/{task_id}`;
  return objectAt(objectAt(paths, poll), 'get') ? poll : null;
}

export const serversOf = (document: JsonObject): string[] =>
  arrayAt(document, 'servers')
    .map((server) => stringAt(server, 'url'))
    .filter(isString);

export const specVersionOf = (document: JsonObject): string =>
  stringAt(objectAt(document, 'info'), 'version') ?? 'unknown';
