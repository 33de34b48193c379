// How the `#alias` form of an OpenAPI document (one page per model family) becomes the import form (one entry per real path).
import {
  arrayAt,
  deref,
  isObject,
  isString,
  type Json,
  type JsonObject,
  objectAt,
  sameJson,
  stringAt,
} from './json.js';

export const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'] as const;

/** One documentation page: an operation as it stands under one path key. `alias` is what follows `#`, '' for the bare key. */
interface Page {
  alias: string;
  operation: JsonObject;
  parameters: Json[];
}

export const hasAliasPaths = (document: JsonObject): boolean =>
  Object.keys(objectAt(document, 'paths') ?? {}).some((path) => path.includes('#'));

/**
 * The import form of `document`: no `#` in a path key, one operation per method and real path, every operation with an
 * id and its path parameters, every example an Example Object. A document that is in import form comes back equal.
 */
export function mergeAliases(document: JsonObject): JsonObject {
  const paths = objectAt(document, 'paths');
  if (!paths) throw new Error('The document has no `paths`: it is not an OpenAPI description.');

  const merged: JsonObject = {};
  for (const [path, pages] of pagesByPath(paths)) merged[path] = mergePathItem(document, path, pages);
  nameOperations(merged);
  return { ...document, paths: merged };
}

/** Real path → its path items in document order, the bare key first. */
function pagesByPath(paths: JsonObject): Map<string, { alias: string; item: JsonObject }[]> {
  const found = new Map<string, { alias: string; item: JsonObject }[]>();
  for (const [key, item] of Object.entries(paths)) {
    if (!isObject(item)) continue;
    const hash = key.indexOf('#');
    const path = hash < 0 ? key : key.slice(0, hash);
    const alias = hash < 0 ? '' : key.slice(hash + 1);
    const pages = found.get(path) ?? [];
    if (alias === '') pages.unshift({ alias, item });
    else pages.push({ alias, item });
    found.set(path, pages);
  }
  return found;
}

function mergePathItem(root: JsonObject, path: string, items: { alias: string; item: JsonObject }[]): JsonObject {
  const result: JsonObject = {};
  for (const { item } of items) {
    for (const [key, value] of Object.entries(item)) {
      if (isMethod(key) || key === 'parameters' || key in result) continue;
      result[key] = value;
    }
  }
  for (const method of METHODS) {
    const pages: Page[] = [];
    for (const { alias, item } of items) {
      const operation = item[method];
      if (isObject(operation)) pages.push({ alias, operation, parameters: arrayAt(item, 'parameters') });
    }
    const [base, ...folded] = pages;
    if (base) result[method] = mergeOperation(root, path, base, folded);
  }
  return result;
}

const isMethod = (key: string): boolean => METHODS.some((method) => method === key);

function mergeOperation(root: JsonObject, path: string, base: Page, folded: Page[]): JsonObject {
  const pages = [base, ...folded];
  const result: JsonObject = { ...base.operation };
  for (const page of folded) {
    for (const [key, value] of Object.entries(page.operation)) {
      if (key !== 'operationId' && !(key in result)) result[key] = value;
    }
  }

  const tags = [...new Set(pages.flatMap((page) => arrayAt(page.operation, 'tags')).filter(isString))];
  if (tags.length > 0) result.tags = tags;
  if (folded.length > 0) {
    result.description = mergeDescriptions(pages);
    if (pages.some((page) => page.operation.deprecated !== true)) delete result.deprecated;
    result['x-alias-pages'] = [
      ...arrayAt(base.operation, 'x-alias-pages'),
      ...folded.map((page) => pageRecord(page, result)),
    ];
    const samples = mergeCodeSamples(pages);
    if (samples.length > 0) result['x-codeSamples'] = samples;
  }

  const parameters = mergeParameters(root, path, pages);
  if (parameters.length > 0) result.parameters = parameters;
  const body = mergeRequestBodies(root, pages);
  if (body) result.requestBody = body;
  result.responses = mergeResponses(root, pages);
  return result;
}

/** What the merged operation cannot show in its own fields: which pages it came from, and extensions that the base overrode. */
function pageRecord(page: Page, result: JsonObject): JsonObject {
  const record: JsonObject = { alias: page.alias };
  for (const key of ['operationId', 'summary', 'tags']) {
    const value = page.operation[key];
    if (value !== undefined) record[key] = value;
  }
  for (const [key, value] of Object.entries(page.operation)) {
    if (key.startsWith('x-') && key !== 'x-codeSamples' && !sameJson(value, result[key])) record[key] = value;
  }
  return record;
}

function mergeDescriptions(pages: Page[]): string {
  return pages
    .map((page) => {
      const summary = stringAt(page.operation, 'summary') ?? page.alias;
      const heading = page.alias === '' ? `## ${summary}` : `## ${summary} (${page.alias})`;
      return `${heading}\n\n${stringAt(page.operation, 'description') ?? ''}`.trimEnd();
    })
    .join('\n\n');
}

function mergeCodeSamples(pages: Page[]): Json[] {
  const named = new Map<string, Json>();
  for (const page of pages) {
    for (const sample of arrayAt(page.operation, 'x-codeSamples')) {
      const lang = stringAt(sample, 'lang');
      if (!isObject(sample) || lang === undefined) continue;
      const name = freeName(named, page.alias, lang, sample);
      named.set(name, name === lang ? sample : { ...sample, lang: name });
    }
  }
  return [...named.values()];
}

/** `name` if it is free or holds the same content; else `<alias>_<name>`, numbered if that is taken too. */
function freeName(taken: Map<string, Json>, alias: string, name: string, content: Json): string {
  const prefixed = `${alias === '' ? 'base' : alias}_${name}`;
  for (let attempt = 0; ; attempt++) {
    const candidate = attempt === 0 ? name : attempt === 1 ? prefixed : `${prefixed}_${attempt}`;
    const held = taken.get(candidate);
    if (held === undefined || sameJson(held, content)) return candidate;
  }
}

function mergeParameters(root: JsonObject, path: string, pages: Page[]): Json[] {
  const found = new Map<string, Json>();
  for (const page of pages) {
    // An operation's own parameter overrides the one of its path item.
    const own = new Map<string, Json>();
    for (const parameter of [...page.parameters, ...arrayAt(page.operation, 'parameters')]) {
      own.set(parameterKey(root, parameter), parameter);
    }
    for (const [key, parameter] of own) {
      const held = found.get(key);
      if (held === undefined) found.set(key, parameter);
      else if (isObject(held) && isObject(parameter)) found.set(key, { ...parameter, ...held });
    }
  }
  for (const name of pathParameterNames(path)) {
    const key = `path:${name}`;
    if (!found.has(key)) found.set(key, { name, in: 'path', required: true, schema: { type: 'string' } });
  }
  return [...found.values()];
}

function parameterKey(root: JsonObject, parameter: Json): string {
  const resolved = deref(root, parameter);
  return `${stringAt(resolved, 'in') ?? ''}:${stringAt(resolved, 'name') ?? ''}`;
}

export const pathParameterNames = (path: string): string[] =>
  [...path.matchAll(/\{([^}]+)\}/g)].map((match) => match[1]).filter(isString);

function mergeRequestBodies(root: JsonObject, pages: Page[]): Json | undefined {
  const bodies = pages.flatMap((page) => {
    const body = page.operation.requestBody;
    return body === undefined ? [] : [{ alias: page.alias, value: body }];
  });
  const first = bodies[0];
  if (!first) return undefined;
  const objects = bodies.map(({ alias, value }) => ({ alias, value: objectOf(deref(root, value)) }));
  const result: JsonObject = { ...objectOf(deref(root, first.value)) };
  mergeText(result, 'description', objects);
  // A body is required only if every page says so, and there is a page without a body only by mistake.
  if (objects.some(({ value }) => value.required !== true)) delete result.required;
  result.content = mergeContent(root, objects);
  return result;
}

function mergeResponses(root: JsonObject, pages: Page[]): JsonObject {
  const byStatus = new Map<string, { alias: string; value: JsonObject }[]>();
  for (const page of pages) {
    for (const [status, response] of Object.entries(objectOf(page.operation.responses))) {
      const held = byStatus.get(status) ?? [];
      held.push({ alias: page.alias, value: objectOf(deref(root, response)) });
      byStatus.set(status, held);
    }
  }
  const result: JsonObject = {};
  for (const [status, responses] of byStatus) {
    const merged: JsonObject = Object.assign({}, ...responses.map(({ value }) => value).reverse());
    mergeText(merged, 'description', responses);
    for (const map of ['headers', 'links']) {
      if (map in merged) merged[map] = Object.assign({}, ...responses.map(({ value }) => value[map] ?? {}).reverse());
    }
    if ('content' in merged) merged.content = mergeContent(root, responses);
    result[status] = merged;
  }
  return result;
}

function mergeText(target: JsonObject, key: string, sources: { value: JsonObject }[]): void {
  const texts = [...new Set(sources.map(({ value }) => stringAt(value, key)).filter(isString))];
  if (texts.length > 0) target[key] = texts.join(' / ');
}

function mergeContent(root: JsonObject, sources: { alias: string; value: JsonObject }[]): JsonObject {
  const byType = new Map<string, { alias: string; value: JsonObject }[]>();
  for (const { alias, value } of sources) {
    for (const [type, media] of Object.entries(objectOf(value.content))) {
      const held = byType.get(type) ?? [];
      held.push({ alias, value: objectOf(media) });
      byType.set(type, held);
    }
  }
  const result: JsonObject = {};
  for (const [type, medias] of byType) {
    const merged: JsonObject = Object.assign({}, ...medias.map(({ value }) => value).reverse());
    const schemas = medias.map(({ value }) => value.schema).filter((schema) => schema !== undefined);
    if (schemas.length > 0) merged.schema = unionOf(root, schemas);
    mergeExamples(merged, medias);
    result[type] = merged;
  }
  return result;
}

/** The discriminators of the unions that a union was made of. Not one `discriminator`: none of them speaks of all its members. */
export const DISCRIMINATORS = 'x-discriminators';

/** One schema stays as it is; several become `anyOf` of their leaves, none twice. */
function unionOf(root: JsonObject, schemas: Json[]): Json {
  const [first = {}, ...others] = schemas;
  if (others.every((schema) => sameJson(schema, first))) return first;
  const unions = schemas.map((schema) => readUnion(root, schema, FOLDING));
  const variants = distinct(unions.flatMap(({ leaves }) => leaves));
  const discriminators = distinct(unions.flatMap((union) => union.discriminators));
  if (discriminators.length > 0) return { anyOf: variants, [DISCRIMINATORS]: discriminators };
  return variants.length === 1 ? (variants[0] ?? first) : { anyOf: variants };
}

export interface Union {
  leaves: Json[];
  /** What the discriminators on the way to the leaves say. */
  discriminators: JsonObject[];
}

const UNION_KEYS = new Set(['oneOf', 'anyOf', 'discriminator', DISCRIMINATORS, 'description', 'title', 'type']);

export const isReference = (schema: Json): boolean => stringAt(schema, '$ref') !== undefined;

export interface UnionReading {
  /** Which members make a union of alternatives, rather than of mere demands on the schema around it. */
  isMember: (member: Json) => boolean;
  /** Which keys beside the members change nothing. */
  ignores: (key: string) => boolean;
}

/** Folding may only take apart what can be put together again without loss. */
export const FOLDING: UnionReading = { isMember: isReference, ignores: () => false };

/** The members of a pure union (nothing beside them but discriminators and text), through references and unions inside; any other schema is its own leaf. */
export function readUnion(root: JsonObject, schema: Json, reading: UnionReading, seen: readonly string[] = []): Union {
  const reference = stringAt(schema, '$ref');
  if (reference !== undefined && seen.includes(reference)) return { leaves: [], discriminators: [] };
  const resolved = objectOf(deref(root, schema));
  const members = [...arrayAt(resolved, 'oneOf'), ...arrayAt(resolved, 'anyOf')];
  const { type } = resolved;
  const pure =
    members.length > 0 &&
    Object.keys(resolved).every((key) => UNION_KEYS.has(key) || reading.ignores(key)) &&
    members.every(reading.isMember) &&
    // A `type` beside the union says something only where a member does not say it itself.
    (type === undefined || members.every((member) => sameJson(objectOf(deref(root, member)).type, type)));
  if (!pure) return { leaves: [schema], discriminators: [] };
  const trail = reference === undefined ? seen : [...seen, reference];
  const inside = members.map((member) => readUnion(root, member, reading, trail));
  const own = [resolved.discriminator, ...arrayAt(resolved, DISCRIMINATORS)].filter(isObject);
  return {
    leaves: distinct(inside.flatMap(({ leaves }) => leaves)),
    discriminators: distinct([...own, ...inside.flatMap(({ discriminators }) => discriminators)]).filter(isObject),
  };
}

function distinct(schemas: Json[]): Json[] {
  const found: Json[] = [];
  for (const schema of schemas) {
    if (!found.some((held) => sameJson(held, schema))) found.push(schema);
  }
  return found;
}

/** All examples under names that stay distinct; a bare string is kept as the summary of an Example Object without value. */
function mergeExamples(target: JsonObject, medias: { alias: string; value: JsonObject }[]): void {
  const several = medias.length > 1;
  const named = new Map<string, Json>();
  for (const { alias, value } of medias) {
    const examples = Object.entries(objectOf(value.examples));
    if (value.example !== undefined && (several || examples.length > 0)) {
      examples.unshift([alias === '' ? 'default' : alias, { value: value.example }]);
    }
    for (const [name, example] of examples) {
      const entry: Json = isObject(example) ? example : isString(example) ? { summary: example } : { value: example };
      named.set(freeName(named, alias, name, entry), entry);
    }
  }
  if (named.size === 0) return;
  delete target.example;
  target.examples = Object.fromEntries(named);
}

/** Gives an operationId, from method and path, to every operation that has none or whose id another one has already. */
function nameOperations(paths: JsonObject): void {
  const unnamed: { derived: string; operation: JsonObject }[] = [];
  const taken = new Set<string>();
  for (const [path, item] of Object.entries(paths)) {
    for (const method of METHODS) {
      const operation = objectAt(item, method);
      if (!operation) continue;
      const id = stringAt(operation, 'operationId');
      if (id === undefined || taken.has(id)) unnamed.push({ derived: operationIdFor(method, path), operation });
      else taken.add(id);
    }
  }
  for (const { derived, operation } of unnamed) {
    let candidate = derived;
    for (let count = 2; taken.has(candidate); count++) candidate = `${derived}_${count}`;
    taken.add(candidate);
    operation.operationId = candidate;
  }
}

/** `post /v1/video/generations/{task_id}` → `postV1VideoGenerationsByTaskId`. */
export function operationIdFor(method: string, path: string): string {
  const words = path
    .replaceAll(/\{([^}]+)\}/g, 'by/$1')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '');
  return method + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

function objectOf(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}
