// What one edition of a document says to users, per model and per endpoint: the form in which two editions are compared.
import type { FieldOfMedia } from '../../src/media/index.js';
import type { GatewayConfig } from '../gateways.js';
import { bodiesOf } from '../generate/bodies.js';
import { withIndexFile } from '../generate/catalog.js';
import { repaired } from '../generate/generate.js';
import { mediaFieldsOf } from '../generate/media.js';
import { arrayAt, deref, isObject, isString, type Json, type JsonObject, objectAt, stringAt } from '../spec/json.js';
import { mergeAliases } from '../spec/merge.js';
import { deriveModelIndex, type IndexModel } from '../spec/models.js';
import { type Operation, operationsOf, pollPathOf, serversOf, specVersionOf } from '../spec/operations.js';
import { isText, type Shape, ShapeReader, withoutField, withoutTexts } from './shape.js';
import { code } from './words.js';

export interface Edition {
  version: string;
  /** Folded and repaired: what the pipeline works on. */
  document: JsonObject;
  servers: readonly string[];
  models: ReadonlyMap<string, IndexModel>;
  /** `POST /v1/videos` → what stands there, in the order of the document. */
  endpoints: ReadonlyMap<string, Endpoint>;
  /** Keywords at the top that nothing here reads. */
  unread: JsonObject;
}

export interface Endpoint {
  name: string;
  method: string;
  path: string;
  operationId: string;
  pollPath: string | null;
  deprecated: boolean;
  /** Model id → its request body; under `NO_MODEL` that of an endpoint whose body takes no model. */
  bodies: ReadonlyMap<string, Shape>;
  bodyTypes: readonly string[];
  isBodyRequired: boolean;
  /** Model id → path of a media field → what it takes. */
  media: ReadonlyMap<string, ReadonlyMap<string, FieldOfMedia['takes']>>;
  /** Model id → the schemas that take it: models of one schema are one group. */
  groups: ReadonlyMap<string, string>;
  aliasPages: readonly string[];
  /** `header x-moderation` → the parameter. */
  parameters: ReadonlyMap<string, Parameter>;
  /** `200 application/json` → the answer. */
  answers: ReadonlyMap<string, Shape>;
  /** `200 retry-after` → the header of an answer. */
  answerHeaders: ReadonlyMap<string, Parameter>;
  /** In words, sorted; empty: no key is asked for. */
  security: readonly string[];
  /** Keywords of the operation that nothing here reads. */
  unread: JsonObject;
}

export interface Parameter {
  isRequired: boolean;
  shape: Shape;
}

export const NO_MODEL = '';

const READ_AT_TOP = ['openapi', 'info', 'servers', 'tags', 'security', 'paths', 'components'];
const READ_OF_OPERATION = [
  ...['tags', 'summary', 'description', 'operationId', 'deprecated', 'parameters', 'requestBody', 'responses'],
  'security',
];
const READ_OF_PARAMETER = ['name', 'in', 'required', 'schema', 'deprecated'];

/** `index`: what the vendor's model index holds, where it is at hand; it may know models that the document does not. */
export function editionOf(raw: JsonObject, gateway: GatewayConfig, index?: JsonObject): Edition {
  const document = repaired(mergeAliases(raw), gateway, () => {});
  const derived = deriveModelIndex(document, gateway, gateway.document).models;
  const models = index === undefined ? derived : withIndexFile(derived, index, 'the model index', document, gateway);
  const reader = new ShapeReader(document);
  const bodies = bodiesOf(document, models);
  const endpoints = operationsOf(document).map((operation): Endpoint => {
    const own = bodies.filter(
      (body) => body.operation.method === operation.method && body.operation.path === operation.path,
    );
    const request = requestOf(document, operation.value);
    const parameters = parametersOf(document, operation.value, reader);
    const answers = answersOf(document, operation.value, reader);
    const shapes = own.flatMap(({ modelId, schema }): [string, Shape][] =>
      modelId === undefined ? [] : [[modelId, withoutField(reader.shapeOf(schema, modelId), 'model')]],
    );
    if (shapes.length === 0 && request.schema !== undefined) shapes.push([NO_MODEL, reader.shapeOf(request.schema)]);
    return {
      name: `${operation.method} ${operation.path}`,
      method: operation.method,
      path: operation.path,
      operationId: operation.operationId,
      pollPath: pollPathOf(document, gateway, operation.method, operation.path),
      deprecated: operation.value.deprecated === true,
      bodies: new Map(shapes),
      bodyTypes: request.types,
      isBodyRequired: request.isRequired,
      media: new Map(
        own.map(({ modelId, schema }) => [
          modelId ?? NO_MODEL,
          new Map(
            mediaFieldsOf(document, schema).map(({ path, takes }) => [path.join('.').replaceAll('.*', '[]'), takes]),
          ),
        ]),
      ),
      groups: groupsOf(operation),
      aliasPages: arrayAt(operation.value, 'x-alias-pages').flatMap((page) => stringAt(page, 'alias') ?? []),
      parameters: parameters.read,
      answers: answers.read,
      answerHeaders: answers.headers,
      security: securityOf(document, operation.value),
      unread: {
        ...unreadIn(operation.value, READ_OF_OPERATION),
        ...request.unread,
        ...parameters.unread,
        ...answers.unread,
      },
    };
  });
  return {
    version: specVersionOf(document),
    document,
    servers: serversOf(document),
    models: new Map(models.map((model) => [model.modelId, model])),
    endpoints: new Map(endpoints.map((endpoint) => [endpoint.name, endpoint])),
    unread: unreadIn(document, READ_AT_TOP),
  };
}

/** What stands in `object` under other keys, and is no text. */
function unreadIn(object: JsonObject, read: readonly string[]): JsonObject {
  const left = Object.entries(object).filter(([key]) => !read.includes(key) && !isText(key));
  return Object.fromEntries(left.map(([key, value]) => [key, withoutTexts(value)]));
}

/** `unread` with its keys under the name of the place. */
const at = (place: string, unread: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(unread).map(([key, value]) => [`${place} ${key}`, value]));

interface Request {
  schema: Json | undefined;
  types: string[];
  isRequired: boolean;
  unread: JsonObject;
}

function requestOf(document: JsonObject, operation: JsonObject): Request {
  const body = operation.requestBody === undefined ? undefined : deref(document, operation.requestBody);
  const content = objectAt(body, 'content') ?? {};
  const first = objectAt(content, 'application/json') ?? Object.values(content).find(isObject);
  const unread: JsonObject = isObject(body)
    ? at('requestBody', unreadIn(body, ['description', 'required', 'content']))
    : {};
  for (const [type, media] of Object.entries(content)) {
    if (isObject(media)) Object.assign(unread, at(`requestBody ${type}`, unreadIn(media, ['schema'])));
    // A second form of the body is not described anywhere else.
    if (media !== first && isObject(media) && media.schema !== undefined) {
      unread[`requestBody ${type} schema`] = withoutTexts(media.schema);
    }
  }
  return {
    schema: first?.schema,
    types: Object.keys(content).sort(),
    isRequired: isObject(body) && body.required === true,
    unread,
  };
}

function groupsOf({ variants }: Operation): Map<string, string> {
  const groups = new Map<string, string[]>();
  for (const { name, models, discriminated } of variants) {
    for (const id of [...models, ...discriminated]) groups.set(id, [...(groups.get(id) ?? []), name]);
  }
  return new Map([...groups].map(([id, names]) => [id, [...new Set(names)].sort().join(' + ')]));
}

interface Read {
  read: Map<string, Parameter>;
  unread: JsonObject;
}

function parametersOf(document: JsonObject, operation: JsonObject, reader: ShapeReader): Read {
  const found: Read = { read: new Map(), unread: {} };
  for (const entry of arrayAt(operation, 'parameters')) {
    const parameter = deref(document, entry);
    if (!isObject(parameter)) continue;
    const place = stringAt(parameter, 'in') ?? 'query';
    const name = stringAt(parameter, 'name') ?? '';
    // Nobody can tell header names apart by case.
    const key = `${place} ${place === 'header' ? name.toLowerCase() : name}`;
    found.read.set(key, parameterOf(reader, parameter));
    Object.assign(found.unread, at(key, unreadIn(parameter, READ_OF_PARAMETER)));
  }
  return found;
}

const parameterOf = (reader: ShapeReader, parameter: JsonObject): Parameter => ({
  isRequired: parameter.required === true,
  shape: reader.shapeOf(parameter.schema ?? {}),
});

interface Answers {
  read: Map<string, Shape>;
  headers: Map<string, Parameter>;
  unread: JsonObject;
}

function answersOf(document: JsonObject, operation: JsonObject, reader: ShapeReader): Answers {
  const found: Answers = { read: new Map(), headers: new Map(), unread: {} };
  for (const [status, entry] of Object.entries(objectAt(operation, 'responses') ?? {})) {
    const response = deref(document, entry);
    if (!isObject(response)) continue;
    const content = Object.entries(objectAt(response, 'content') ?? {});
    if (content.length === 0) found.read.set(`${status} -`, reader.shapeOf({}));
    for (const [type, media] of content) {
      found.read.set(`${status} ${type}`, reader.shapeOf((isObject(media) ? media.schema : undefined) ?? {}));
      if (isObject(media)) Object.assign(found.unread, at(`${status} ${type}`, unreadIn(media, ['schema'])));
    }
    for (const [name, header] of Object.entries(objectAt(response, 'headers') ?? {})) {
      const resolved = deref(document, header);
      if (isObject(resolved)) found.headers.set(`${status} ${name.toLowerCase()}`, parameterOf(reader, resolved));
    }
    Object.assign(found.unread, at(status, unreadIn(response, ['description', 'content', 'headers'])));
  }
  return found;
}

/** Each way to prove who one is, in words. */
function securityOf(document: JsonObject, operation: JsonObject): string[] {
  const schemes = objectAt(objectAt(document, 'components'), 'securitySchemes') ?? {};
  const asked = arrayAt(operation.security === undefined ? document : operation, 'security').filter(isObject);
  const ways = asked.map((requirement) => {
    const parts = Object.entries(requirement).map(([name, scopes]) => {
      const scheme = schemes[name];
      const scoped =
        Array.isArray(scopes) && scopes.length > 0 ? ` for ${scopes.filter(isString).map(code).join(', ')}` : '';
      return `${schemeWord(scheme === undefined ? undefined : deref(document, scheme))}${scoped}`;
    });
    return parts.length === 0 ? 'nothing' : parts.sort().join(' and ');
  });
  return [...new Set(ways)].sort();
}

function schemeWord(scheme: Json | undefined): string {
  const type = stringAt(scheme, 'type');
  if (type === 'http') return `the HTTP scheme ${code((stringAt(scheme, 'scheme') ?? '').toLowerCase())}`;
  if (type === 'apiKey')
    return `a key in the ${stringAt(scheme, 'in') ?? 'header'} ${code(stringAt(scheme, 'name') ?? '')}`;
  const { description: _, ...rest } = isObject(scheme) ? scheme : {};
  return code(JSON.stringify(withoutTexts(rest)));
}
