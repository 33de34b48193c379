// Defects of operations: paths, ids, parameters, missing answers, and models that only prose names.
import type { GatewayConfig } from '../gateways.js';
import {
  arrayAt,
  deref,
  isObject,
  type Json,
  type JsonObject,
  objectAt,
  sameJson,
  stringAt,
  walkObjects,
} from '../spec/json.js';
import { FOLDING, METHODS, mergeAliases, pathParameterNames, readUnion } from '../spec/merge.js';
import { deriveModelIndex } from '../spec/models.js';
import { serversOf } from '../spec/operations.js';
import type { Path, Report } from './finding.js';

export function lintOperations(document: JsonObject, gateway: GatewayConfig, report: Report): void {
  const ids = new Map<string, string>();
  for (const [path, item] of Object.entries(objectAt(document, 'paths') ?? {})) {
    if (path.includes('#'))
      report('alias-path', ['paths', path], 'a path with `#` is no real path; tools take it literally');
    for (const method of METHODS) {
      const operation = objectAt(item, method);
      if (!operation) continue;
      const at: Path = ['paths', path, method];
      const id = stringAt(operation, 'operationId');
      const holder = id === undefined ? undefined : ids.get(id);
      if (id === undefined) report('missing-operation-id', at, 'has no operationId');
      else if (holder !== undefined) report('duplicate-operation-id', at, `shares ${id} with ${holder}`);
      else ids.set(id, `${method} ${path}`);
      lintParameters(document, path, item, operation, at, report);
      const statuses = Object.keys(objectAt(operation, 'responses') ?? {});
      if (!statuses.some((status) => status.startsWith('4') || status === 'default')) {
        report('no-client-error', at, 'documents no 4xx answer');
      }
      const isSecured = arrayAt(operation.security === undefined ? document : operation, 'security').length > 0;
      if (isSecured && !statuses.some((status) => ['401', '4XX', '4xx', 'default'].includes(status))) {
        report('no-401', at, 'needs a key, but documents no 401 answer');
      }
    }
  }
  severalAnswers(document, report);
  proseModels(document, gateway, report);
  foreignServers(document, report);
}

function lintParameters(
  document: JsonObject,
  path: string,
  item: unknown,
  operation: JsonObject,
  at: Path,
  report: Report,
): void {
  const all = [...(isObject(item) ? arrayAt(item, 'parameters') : []), ...arrayAt(operation, 'parameters')];
  const declared = all
    .map((parameter) => deref(document, parameter))
    .filter((parameter) => stringAt(parameter, 'in') === 'path')
    .map((parameter) => stringAt(parameter, 'name'));
  const named = pathParameterNames(path);
  for (const name of named) {
    if (!declared.includes(name)) report('undeclared-path-parameter', at, `{${name}} is not declared`);
  }
  for (const name of declared) {
    if (name !== undefined && !named.includes(name)) report('spare-path-parameter', at, `${name} is not in the path`);
  }
}

/** One real operation whose pages describe its good answer differently: nothing tells a reader which schema it will be. */
function severalAnswers(document: JsonObject, report: Report): void {
  const found = new Map<string, { at: Path; schemas: Json[] }>();
  for (const [path, item] of Object.entries(objectAt(document, 'paths') ?? {})) {
    for (const method of METHODS) {
      const response = objectAt(objectAt(item, method), 'responses')?.['200'];
      const medias = response === undefined ? {} : objectAt(deref(document, response), 'content');
      const schemas = Object.values(medias ?? {}).flatMap((media) => (isObject(media) ? [media.schema ?? {}] : []));
      const operation = `${method} ${path.split('#')[0]}`;
      const held = found.get(operation) ?? { at: ['paths', path, method], schemas: [] };
      for (const schema of schemas.flatMap((one) => readUnion(document, one, FOLDING).leaves)) {
        if (!held.schemas.some((other) => sameJson(other, schema))) held.schemas.push(schema);
      }
      found.set(operation, held);
    }
  }
  for (const { at, schemas } of found.values()) {
    const names = schemas.map((schema) => stringAt(schema, '$ref')?.split('/').at(-1) ?? 'an inline schema');
    if (names.length > 1)
      report('several-200-schemas', at, `answers 200 by ${names.join(' or ')}, and nothing tells which`);
  }
}

/** Ids in a list of models whose request schema does not take them. */
function proseModels(document: JsonObject, gateway: GatewayConfig, report: Report): void {
  for (const { modelId, endpoints, evidence } of deriveModelIndex(mergeAliases(document), gateway, '').models) {
    for (const { path, method } of endpoints.filter((endpoint) => endpoint.evidence === 'prose')) {
      const elsewhere = evidence === 'prose' ? 'in no enum at all' : 'in the enum of another endpoint only';
      report(
        'model-only-in-prose',
        ['paths', path, method.toLowerCase()],
        `${modelId} is named in the text, but ${elsewhere}`,
      );
    }
  }
}

function foreignServers(document: JsonObject, report: Report): void {
  const own = new Set(serversOf(document).flatMap((url) => (URL.canParse(url) ? [new URL(url).host] : [])));
  walkObjects(document.paths ?? {}, (object, path) => {
    const description = stringAt(object, 'description');
    for (const [, host] of description?.matchAll(/curl\b[^\n]*?https?:\/\/([^/\s"']+)/g) ?? []) {
      if (host !== undefined && !own.has(host)) {
        report(
          'foreign-server',
          ['paths', ...path, 'description'],
          `an example calls ${host}, which is not under \`servers\``,
        );
      }
    }
  });
}
