// Which request schema a model has on an endpoint, and under which key the catalogue finds it.
import { arrayAt, deref, isObject, type Json, type JsonObject, objectAt } from '../spec/json.js';
import type { IndexModel } from '../spec/models.js';
import { modelEnum, type Operation, operationsOf, type Variant } from '../spec/operations.js';

/** A request body: of one model on one endpoint, or of an endpoint that takes no model. */
export interface Body {
  modelId: string | undefined;
  operation: Operation;
  /** The same for all models whose schema is the same. */
  key: string;
  schema: JsonObject;
}

export function bodiesOf(document: JsonObject, models: readonly IndexModel[]): Body[] {
  const bodies: Body[] = [];
  for (const operation of operationsOf(document)) {
    if (operation.variants.length === 0) continue;
    const ids = models
      .filter((model) => model.endpoints.some((endpoint) => isSchemaOf(endpoint, operation)))
      .map((model) => model.modelId);
    for (const id of ids) {
      const taking = operation.variants.filter((variant) => takes(variant, id));
      bodies.push({ modelId: id, operation, ...specialised(document, operation, taking, id) });
    }
    if (ids.length === 0) {
      const [only, ...more] = operation.variants;
      if (only && more.length === 0)
        bodies.push({ modelId: undefined, operation, key: only.name, schema: only.schema });
    }
  }
  return bodies;
}

/** Whether the schema is one for the model. */
export const takes = ({ models, discriminated }: Variant, id: string): boolean =>
  models.includes(id) || discriminated.includes(id);

const isSchemaOf = (endpoint: IndexModel['endpoints'][number], operation: Operation): boolean =>
  endpoint.method === operation.method &&
  endpoint.path === operation.path &&
  (endpoint.evidence === 'schema' || endpoint.evidence === 'discriminator');

function specialised(
  document: JsonObject,
  operation: Operation,
  variants: readonly Variant[],
  id: string,
): { key: string; schema: JsonObject } {
  const [only, ...more] = variants;
  if (only && more.length === 0) {
    const own = !only.models.includes(id) || dependsOnModel(document, only.schema);
    return own
      ? { key: `${only.name}:${id}`, schema: forModel(only.schema, id) }
      : { key: only.name, schema: only.schema };
  }
  return {
    key: `${operation.operationId}:${id}`,
    schema: { anyOf: variants.map((variant) => forModel(variant.schema, id)) },
  };
}

function forModel(schema: JsonObject, id: string): JsonObject {
  const properties = objectAt(schema, 'properties') ?? {};
  return { ...schema, properties: { ...properties, model: { type: 'string', enum: [id] } } };
}

/** Whether the schema says something else of another model: by an `if` that asks for the id, or by a choice among ids. */
function dependsOnModel(document: JsonObject, schema: Json): boolean {
  const resolved = deref(document, schema);
  if (!isObject(resolved)) return false;
  if (objectAt(objectAt(resolved, 'if'), 'properties')?.model !== undefined) return true;
  const choices = [...arrayAt(resolved, 'anyOf'), ...arrayAt(resolved, 'oneOf')];
  return (
    choices.some((member) => modelEnum(document, deref(document, member)).length > 0) ||
    [...choices, ...arrayAt(resolved, 'allOf')].some((part) => dependsOnModel(document, part))
  );
}
