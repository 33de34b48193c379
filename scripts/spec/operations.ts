// How the import document is read: its operations, the variants of each request body, the model ids that a variant takes, poll paths.
import type { GatewayConfig } from '../gateways.js';
import {
  arrayAt,
  atPointer,
  deref,
  isObject,
  isString,
  type Json,
  type JsonObject,
  objectAt,
  stringAt,
} from './json.js';
import { isReference, METHODS, readUnion, type Union, type UnionReading } from './merge.js';

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
  /** The schema as the union has it: a reference as a rule. */
  leaf: Json;
  /** The ids in the `model` enum; empty where the schema has no such enum. */
  models: readonly string[];
  /** Further ids, which the schema takes without naming them: a discriminator beside it does. */
  discriminated: readonly string[];
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

/** The document with what discriminators say of `model` said as enums too: no validator heeds a discriminator. */
export function withClosedModels(document: JsonObject): JsonObject {
  const copy = structuredClone(document);
  for (const { value, variants } of operationsOf(copy)) {
    const media = jsonBody(copy, value);
    if (!media || variants.every(({ discriminated }) => discriminated.length === 0)) continue;
    media.schema = {
      anyOf: variants.map(({ leaf, discriminated }) =>
        discriminated.length === 0
          ? leaf
          : { allOf: [leaf, { properties: { model: { type: 'string', enum: [...discriminated] } } }] },
      ),
    };
  }
  return copy;
}

function variantsOf(document: JsonObject, schema: Json, operationId: string): Variant[] {
  const union = readUnion(document, schema, READING);
  const heirs = union.leaves.map((leaf) => heirsOf(document, leaf));
  const leaves = union.leaves.flatMap((leaf, index) => {
    const own = heirs[index]?.leaves ?? [];
    // A base that names no id itself is no body of its own.
    return own.length > 0 && modelEnum(document, deref(document, leaf)).length === 0 ? own : [leaf, ...own];
  });
  const idsOf = discriminatedIds(document, [
    ...union.discriminators,
    ...heirs.flatMap(({ discriminators }) => discriminators),
  ]);
  return leaves.map((leaf, index) => {
    const resolved = deref(document, leaf);
    const inlineName = leaves.length === 1 ? operationId : `${operationId}_${index + 1}`;
    const name = schemaNameOf(leaf) ?? inlineName;
    const models = modelEnum(document, resolved);
    return {
      name,
      leaf,
      schema: isObject(resolved) ? resolved : {},
      models,
      // An enum without the id refuses it, whatever the discriminator says.
      discriminated: models.length > 0 ? [] : [...(idsOf.get(name) ?? [])],
    };
  });
}

/** A member that only demands fields (`required`) belongs to the schema around it; any other describes a body of its own. */
const READING: UnionReading = {
  isMember: (member) =>
    isReference(member) ||
    (isObject(member) && ['type', 'allOf', 'anyOf', 'oneOf'].some((key) => key in member)) ||
    objectAt(member, 'properties')?.model !== undefined,
  ignores: (key) => key.startsWith('x-') || ['example', 'deprecated', 'externalDocs'].includes(key),
};

/** A schema with a discriminator and no union stands for those that the mapping names (they extend it by `allOf`). */
function heirsOf(document: JsonObject, leaf: Json): Union {
  const resolved = deref(document, leaf);
  const discriminator = objectAt(resolved, 'discriminator');
  const isUnion = isObject(resolved) && ('anyOf' in resolved || 'oneOf' in resolved);
  if (!discriminator || isUnion) return { leaves: [], discriminators: [] };
  const leaves = Object.values(objectAt(discriminator, 'mapping') ?? {}).flatMap((target) =>
    targetLeaves(document, target),
  );
  const names = new Set<string | undefined>([schemaNameOf(leaf)]);
  const others = leaves.filter((heir) => {
    const name = schemaNameOf(heir);
    return !names.has(name) && names.add(name);
  });
  return { leaves: others, discriminators: [discriminator] };
}

/** What a discriminator's mapping names, as a reference (it may be a bare schema name); undefined where nothing stands there. */
export function mappedReference(document: JsonObject, target: string): string | undefined {
  const reference = target.includes('#') ? target : SCHEMAS + target;
  return atPointer(document, reference) === undefined ? undefined : reference;
}

function targetLeaves(document: JsonObject, target: Json): Json[] {
  const $ref = isString(target) ? mappedReference(document, target) : undefined;
  return $ref === undefined ? [] : readUnion(document, { $ref }, READING).leaves;
}

function schemaNameOf(schema: Json): string | undefined {
  const reference = stringAt(schema, '$ref');
  return reference?.startsWith(SCHEMAS) ? reference.slice(SCHEMAS.length) : undefined;
}

/** Name of a leaf schema → the model ids that discriminators map to it, or to a union that it is in. */
function discriminatedIds(document: JsonObject, discriminators: readonly JsonObject[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const discriminator of discriminators) {
    if (stringAt(discriminator, 'propertyName') !== 'model') continue;
    for (const [id, target] of Object.entries(objectAt(discriminator, 'mapping') ?? {})) {
      for (const leaf of targetLeaves(document, target)) {
        const name = schemaNameOf(leaf);
        if (name !== undefined) found.set(name, (found.get(name) ?? new Set()).add(id));
      }
    }
  }
  return found;
}

/** The ids that the `model` property admits, looked for in the members of combinators too. */
export function modelEnum(document: JsonObject, schema: Json): string[] {
  const property = objectAt(schema, 'properties')?.model;
  if (property !== undefined) return valuesOf(document, property);
  return [...new Set(membersOf(document, schema).flatMap((member) => modelEnum(document, member)))];
}

/** The strings that a schema names as its values. */
function valuesOf(document: JsonObject, schema: Json): string[] {
  const resolved = deref(document, schema);
  const fixed = stringAt(resolved, 'const');
  const own = fixed === undefined ? arrayAt(resolved, 'enum').filter(isString) : [fixed];
  const inside = membersOf(document, resolved).flatMap((member) => valuesOf(document, member));
  return [...new Set([...own, ...inside])];
}

const membersOf = (document: JsonObject, schema: Json): Json[] =>
  ['allOf', 'anyOf', 'oneOf'].flatMap((key) => arrayAt(schema, key).map((member) => deref(document, member)));

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
