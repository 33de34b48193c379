// Defects of schemas: keywords that OpenAPI 3.0 lacks, values that cannot be, parts that nothing uses.
import { arrayAt, isObject, type Json, type JsonObject, objectAt, sameJson, stringAt } from '../spec/json.js';
import { type Report, walkAllSchemas } from './finding.js';

// JSON Schema keywords that an OpenAPI 3.0 tool may ignore or refuse.
const NOT_IN_3_0 = ['if', 'then', 'else', 'const', 'patternProperties', 'prefixItems', 'contains', '$defs', 'examples'];

export function lintSchemas(document: JsonObject, report: Report): void {
  const is30 = stringAt(document, 'openapi')?.startsWith('3.0') === true;
  walkAllSchemas(document, (schema, path) => {
    if (is30) {
      for (const key of NOT_IN_3_0) {
        if (key in schema) report('keyword-not-in-3.0', [...path, key], `\`${key}\` is no keyword of OpenAPI 3.0`);
      }
      const { type } = schema;
      if (type === 'null' || Array.isArray(type)) {
        report(
          'keyword-not-in-3.0',
          [...path, 'type'],
          `\`type: ${JSON.stringify(type)}\` is not possible in OpenAPI 3.0`,
        );
      }
    }
    if (schema.nullable === true && schema.type === undefined) {
      report('nullable-without-type', path, '`nullable` acts only beside `type`; alone it does nothing');
    }
    const siblings = Object.keys(schema).filter((key) => key !== '$ref');
    if ('$ref' in schema && siblings.length > 0) {
      report('ref-siblings', path, `\`${siblings.join('`, `')}\` beside \`$ref\` is ignored`);
    }
    for (const [place, value] of arrayAt(schema, 'enum').entries()) {
      if (arrayAt(schema, 'enum').findIndex((other) => sameJson(other, value)) !== place) {
        report('duplicate-enum-value', [...path, 'enum', place], `${JSON.stringify(value)} is listed twice`);
      }
      if (!fits(value, schema)) {
        report(
          'enum-type-mismatch',
          [...path, 'enum'],
          `${JSON.stringify(value)} is not of type ${String(schema.type)}`,
        );
      }
    }
    const properties = objectAt(schema, 'properties') ?? {};
    for (const name of arrayAt(schema, 'required')) {
      const property = typeof name === 'string' ? properties[name] : undefined;
      if (isObject(property) && property.default !== undefined) {
        report(
          'required-with-default',
          [...path, 'properties', String(name)],
          'is required and has a default, which cannot apply',
        );
      }
    }
  });
  unused(document, report);
}

function fits(value: Json, schema: JsonObject): boolean {
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'number':
      return typeof value === schema.type || (value === null && schema.nullable === true);
    case 'integer':
      return Number.isInteger(value) || (value === null && schema.nullable === true);
    default:
      return true;
  }
}

/** Components that no operation reaches. */
function unused(document: JsonObject, report: Report): void {
  const components = objectAt(document, 'components') ?? {};
  const reached = new Set<string>();
  const follow = (value: Json | undefined): void => {
    if (Array.isArray(value)) for (const item of value) follow(item);
    if (!isObject(value)) return;
    for (const [key, item] of Object.entries(value)) {
      const [, kind, name] =
        /^#\/components\/([^/]+)\/(.+)$/.exec(key === '$ref' && typeof item === 'string' ? item : '') ?? [];
      if (kind === undefined || name === undefined) follow(item);
      else if (!reached.has(`${kind}/${name}`)) {
        reached.add(`${kind}/${name}`);
        follow(objectAt(components, kind)?.[name]);
      }
    }
  };
  follow(document.paths);
  for (const kind of ['schemas', 'parameters', 'responses', 'requestBodies', 'examples', 'headers']) {
    for (const name of Object.keys(objectAt(components, kind) ?? {})) {
      if (!reached.has(`${kind}/${name}`))
        report('unreachable-component', ['components', kind, name], 'no operation uses it');
    }
  }
}
