// How request schemas become TypeScript types: openapi-typescript makes them, here they are named, and `model` is taken out.
import openapiTS, { astToString } from 'openapi-typescript';
import ts from 'typescript';
import { arrayAt, deref, isObject, isString, type Json, type JsonObject, objectAt, stringAt } from '../spec/json.js';
import { mappedReference } from '../spec/operations.js';
import type { Body } from './bodies.js';
import { isMedia } from './media.js';
import { alternatives, hasCombinators, isObjectSchema, mergeSchemas, objectForm, presencePaths } from './specialise.js';

const SCHEMAS = '#/components/schemas/';
const KEPT_ANNOTATIONS = ['description', 'default', 'deprecated'];
const TEXT = [...KEPT_ANNOTATIONS, 'format'];
const OPTIONS = { silent: true, defaultNonNullable: false, alphabetize: false, emptyObjectsUnknown: true };
/** Marks a text that may also be given as local media; `MEDIA_TYPES` says how. */
const MEDIA = 'x-media';

/** What a media field takes in code. Structural, so that no platform's types are needed to read it. */
export const MEDIA_TYPES = `
/** What a \`Blob\` or \`File\` of any platform has. */
export interface BlobLike {
  readonly size: number;
  readonly type: string;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** Media: a URL that the gateway can reach, or something local (a path, bytes, a \`Blob\`) that \`hostFile\` puts on the web. */
export type MediaInput = string | { readonly href: string } | BlobLike | ArrayBuffer | Uint8Array;
`;

/** openapi-typescript's own output for the whole document. */
export async function documentTypes(document: JsonObject): Promise<string> {
  return astToString(await openapiTS(JSON.stringify(withWholeMappings(document)), OPTIONS));
}

/** A discriminator may map to a bare schema name, or to nothing; openapi-typescript stops at both. */
function withWholeMappings(document: JsonObject): Json {
  const visit = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(visit);
    if (!isObject(value)) return value;
    const mapping = typeof value.propertyName === 'string' ? objectAt(value, 'mapping') : undefined;
    if (mapping === undefined)
      return Object.fromEntries(Object.entries(value).map(([key, held]) => [key, visit(held)]));
    const targets = Object.entries(mapping).flatMap(([id, target]) => {
      const reference = isString(target) ? mappedReference(document, target) : undefined;
      return reference === undefined ? [] : [[id, reference]];
    });
    return { ...value, mapping: Object.fromEntries(targets) };
  };
  return visit(document);
}

export interface RequestTypes {
  text: string;
  /** Schema key → name of its body type. */
  names: Map<string, string>;
}

/** One named type per distinct body (without `model`), and the types that they use. */
export async function requestTypes(root: JsonObject, bodies: readonly Body[]): Promise<RequestTypes> {
  const schemas = new TypeSchemas(root);
  const names = new Map<string, string>();
  for (const { key, schema, modelId } of bodies) {
    if (!names.has(key)) names.set(key, schemas.addBody(key, schema, modelId));
  }
  const components = { schemas: Object.fromEntries(schemas.components) };
  const document = { openapi: '3.0.3', info: { title: 'requests', version: '1' }, paths: {}, components };
  const transform = (schema: object): ts.TypeNode | undefined =>
    MEDIA in schema ? ts.factory.createTypeReferenceNode('MediaInput') : undefined;
  return { text: namedTypes(await openapiTS(JSON.stringify(document), { ...OPTIONS, transform })), names };
}

/** Rewrites schemas so that openapi-typescript says in types what can be said in types. */
class TypeSchemas {
  readonly components = new Map<string, JsonObject>();

  constructor(private readonly root: JsonObject) {}

  addBody(key: string, schema: JsonObject, model: string | undefined): string {
    const wanted = identifier(`${key.replace(/Request(?=:|$)/, '')}Body`.replace(/^(.*):(.*)Body$/, '$1Body_$2'));
    const name = this.components.has(wanted) ? `${wanted}_` : wanted;
    this.components.set(name, {}); // keeps its place, before the types it uses
    this.components.set(name, this.objectType(schema, model, true));
    return name;
  }

  /** `name`: of the property that the schema stands for. */
  private type(schema: Json, name = ''): JsonObject {
    if (!isObject(schema)) return schema === false ? { not: {} } : {};
    const reference = stringAt(schema, '$ref');
    const resolved = deref(this.root, schema);
    if (isObject(resolved) && isMedia(name, resolved)) {
      return { ...this.keywords(resolved, name), ...this.keywords(schema, name), [MEDIA]: true };
    }
    // Values stand where they are asked for: an editor refuses "4:3" by listing what is allowed, not by the name of a type.
    if (isObject(resolved) && isListOfValues(resolved)) {
      return { ...this.keywords(resolved, name), ...this.keywords(schema, name) };
    }
    if (reference?.startsWith(SCHEMAS)) {
      const shared = identifier(reference.slice(SCHEMAS.length));
      if (!this.components.has(shared)) {
        this.components.set(shared, {});
        this.components.set(shared, this.type(resolved));
      }
      const description = stringAt(schema, 'description');
      return { $ref: SCHEMAS + shared, ...(description === undefined ? {} : { description }) };
    }
    if (isObjectSchema(schema)) return this.objectType(schema, undefined, false);
    return this.keywords(schema, name);
  }

  /** Choices of presence become `Base & ({ a: … } | { b: … })`; conditions among values are left to validation. */
  private objectType(schema: JsonObject, model: string | undefined, isBody: boolean): JsonObject {
    if (!hasCombinators(schema)) return this.keywords(isBody ? withoutModel(schema) : schema);
    if (!isObjectSchema(schema) && schema.allOf === undefined) {
      const ways = [...arrayAt(schema, 'anyOf'), ...arrayAt(schema, 'oneOf')];
      return { oneOf: ways.map((way) => this.objectType(objectOf(deref(this.root, way)), model, isBody)) };
    }
    const form = objectForm(this.root, schema, model);
    const base = isBody ? withoutModel(form.base) : form.base;
    const choices = form.choices.filter((choice) => !choice.conditional);
    if (choices.length === 0) return this.keywords(base);
    // Where none is taken TypeScript names what the last one lacks: that should be what the document names first.
    const ways = choices.map((choice) => choice.fragments.map((part) => objectOf(deref(this.root, part))).toReversed());
    const chosen = ways.map((parts) => chosenNames(parts, base));
    // A name of two choices stays with the base, which says its type once for both.
    const moved = chosen.map((names, at) =>
      names.filter((name) => chosen.every((others, other) => other === at || !others.includes(name))),
    );
    const result = this.keywords(withoutProperties(base, moved.flat()));
    result.allOf = ways.map((parts, at) => ({
      oneOf: parts.map((part, index) => {
        const paths = presencePaths(part);
        if (paths) {
          const demanded = this.presenceType(base, paths);
          const beside = moved[at]?.map((name) => {
            const type = this.type(objectAt(base, 'properties')?.[name] ?? {}, name);
            // Said once: an editor shows the texts of all alternatives together.
            return [name, index === 0 ? type : withoutText(type)] as const;
          });
          return {
            ...demanded,
            properties: { ...objectAt(demanded, 'properties'), ...Object.fromEntries(beside ?? []) },
          };
        }
        const inner = alternatives(this.root, objectForm(this.root, part, model, base), model);
        return { oneOf: inner.map((way) => this.type(way)) };
      }),
    }));
    return result;
  }

  private presenceType(base: JsonObject, paths: readonly string[][]): JsonObject {
    const demand = (schema: JsonObject, [name = '', ...rest]: readonly string[]): JsonObject => {
      const property = objectAt(schema, 'properties')?.[name] ?? {};
      const inner = objectOf(deref(this.root, property));
      const own = rest.length > 0 ? demand(inner, rest) : withoutText(this.type(property, name));
      return { type: 'object', required: [name], properties: { [name]: own } };
    };
    return paths.map((path) => demand(base, path)).reduce((a, b) => objectOf(mergeSchemas(this.root, a, b)));
  }

  private keywords(schema: JsonObject, name = ''): JsonObject {
    const result: JsonObject = {};
    for (const [key, value] of Object.entries(schema)) {
      if (['type', 'enum', 'const', 'required', 'nullable', 'format', ...KEPT_ANNOTATIONS].includes(key))
        result[key] = value;
      else if (['anyOf', 'oneOf', 'allOf'].includes(key))
        result[key] = arrayAt(schema, key).map((part) => this.type(part, name));
      else if (key === 'items') result[key] = this.type(value, name);
      else if (key === 'additionalProperties') result[key] = isObject(value) ? this.type(value) : value;
      else if (key === 'properties' && isObject(value)) {
        result[key] = Object.fromEntries(Object.entries(value).map(([own, part]) => [own, this.type(part, own)]));
      }
    }
    return result;
  }
}

const objectOf = (value: Json): JsonObject => (isObject(value) ? value : {});

function isListOfValues(schema: JsonObject): boolean {
  const ways = [...arrayAt(schema, 'anyOf'), ...arrayAt(schema, 'oneOf')];
  return ways.length === 0 ? Array.isArray(schema.enum) : ways.every((way) => isObject(way) && isListOfValues(way));
}

/** What a choice repeats of a property has been described where the property stands. */
function withoutText(type: JsonObject): JsonObject {
  const strip = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(strip);
    if (!isObject(value)) return value;
    const kept = Object.entries(value).filter(([key, held]) => !(TEXT.includes(key) && !isObject(held)));
    return Object.fromEntries(kept.map(([key, held]) => [key, strip(held)]));
  };
  return objectOf(strip(type));
}

/**
 * What a choice of presence chooses among, where each way is such a demand. These properties are told by the ways and not
 * by the base: told twice, their types would meet, and a message would list each pair of what they may be.
 */
function chosenNames(parts: readonly JsonObject[], base: JsonObject): string[] {
  const ways = parts.map(presencePaths);
  if (!ways.every((paths) => paths !== undefined)) return [];
  const names = new Set(
    ways.flat().flatMap(([name, ...rest]) => (name !== undefined && rest.length === 0 ? [name] : [])),
  );
  const deeper = new Set(
    ways.flat().flatMap(([name, ...rest]) => (name !== undefined && rest.length > 0 ? [name] : [])),
  );
  const required = arrayAt(base, 'required');
  return [...names].filter((name) => !deeper.has(name) && !required.includes(name));
}

function withoutProperties(schema: JsonObject, names: readonly string[]): JsonObject {
  const properties = Object.entries(objectAt(schema, 'properties') ?? {}).filter(([name]) => !names.includes(name));
  return { ...schema, properties: Object.fromEntries(properties) };
}

function withoutModel(schema: JsonObject): JsonObject {
  const { model: _, ...properties } = objectAt(schema, 'properties') ?? {};
  const required = arrayAt(schema, 'required').filter((name) => name !== 'model');
  return { ...schema, properties, required };
}

/** A name that TypeScript takes. */
export const identifier = (text: string): string => text.replaceAll(/[^A-Za-z0-9_$]+/g, '_').replace(/^(?=\d)/, '_');

/** The members of `components.schemas` as exported types, references among them by name. */
function namedTypes(nodes: readonly ts.Node[]): string {
  const components = nodes.filter(ts.isInterfaceDeclaration).find((node) => node.name.text === 'components');
  const schemas = components?.members
    .filter(ts.isPropertySignature)
    .find((member) => nameOf(member) === 'schemas')?.type;
  if (!schemas || !ts.isTypeLiteralNode(schemas)) throw new Error('openapi-typescript gave no components.schemas.');
  const declarations = schemas.members.filter(ts.isPropertySignature).map((member) => {
    const type = member.type ? byName(member.type) : ts.factory.createKeywordTypeNode(ts.SyntaxKind.UnknownKeyword);
    const exported = [ts.factory.createModifier(ts.SyntaxKind.ExportKeyword)];
    const declaration = ts.isTypeLiteralNode(type)
      ? ts.factory.createInterfaceDeclaration(exported, nameOf(member), undefined, undefined, type.members)
      : ts.factory.createTypeAliasDeclaration(exported, nameOf(member), undefined, type);
    return ts.setSyntheticLeadingComments(declaration, ts.getSyntheticLeadingComments(member));
  });
  return astToString(declarations);
}

const nameOf = (member: ts.PropertySignature): string =>
  ts.isIdentifier(member.name) || ts.isStringLiteral(member.name) ? member.name.text : '';

/** `components["schemas"]["X"]` → `X`, all through `type`. */
function byName(type: ts.TypeNode): ts.TypeNode {
  const result = ts.transform(type, [
    (context) => {
      const visit = (node: ts.Node): ts.Node => {
        const name = ts.isTypeNode(node) ? schemaName(node) : undefined;
        return name === undefined ? ts.visitEachChild(node, visit, context) : ts.factory.createTypeReferenceNode(name);
      };
      return (node) => {
        const visited = visit(node);
        return ts.isTypeNode(visited) ? visited : node;
      };
    },
  ]);
  return result.transformed[0] ?? type;
}

function schemaName(node: ts.TypeNode): string | undefined {
  if (!ts.isIndexedAccessTypeNode(node) || !ts.isIndexedAccessTypeNode(node.objectType)) return undefined;
  const [outer, inner] = [literal(node.indexType), literal(node.objectType.indexType)];
  return inner === 'schemas' && isString(outer) ? outer : undefined;
}

const literal = (node: ts.TypeNode): string | undefined =>
  ts.isLiteralTypeNode(node) && ts.isStringLiteral(node.literal) ? node.literal.text : undefined;
