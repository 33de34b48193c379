// The part of validation that loads late: zod, the conversion of a schema to it, and the words for what it finds.

import { type core, fromJSONSchema } from 'zod';
import type { RequestIssue } from '../transport/index.js';
import type { JsonSchema, SchemaBundle } from './data.js';
import { explained } from './issues.js';

export { foundBy } from './issues.js';

/** Converts `schema` once; the result says what is wrong with a body, and nothing if it fits. It changes no body. */
export function checkerOf(
  schema: JsonSchema,
  definitions: SchemaBundle['definitions'],
): (body: unknown) => RequestIssue[] {
  // zod's own type for its input wants mutable data; a copy is what it gets.
  const whole: core.JSONSchema.JSONSchema | boolean =
    typeof schema === 'boolean' ? schema : { ...schema, definitions: reachable(schema, definitions) };
  const zod = fromJSONSchema(whole, { defaultTarget: 'draft-7' });
  return (body) => {
    const result = zod.safeParse(body);
    if (result.success) return [];
    const issues = explained(result.error.issues, body, schema, definitions);
    // A refusal without a word would pass for none.
    return issues.length > 0 ? issues : [{ path: [], message: 'does not fit the schema' }];
  };
}

/** Only the definitions that `schema` leads to: the conversion walks all that it is given. */
function reachable(schema: JsonSchema, definitions: SchemaBundle['definitions']): Record<string, JsonSchema> {
  const found: Record<string, JsonSchema> = {};
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) {
      for (const item of node) visit(item);
      return;
    }
    if (typeof node !== 'object' || node === null) return;
    for (const [name, value] of Object.entries(node)) {
      if (name !== '$ref' || typeof value !== 'string') {
        visit(value);
        continue;
      }
      const target = value.replace('#/definitions/', '');
      const definition = definitions[target];
      if (definition !== undefined && !Object.hasOwn(found, target)) {
        found[target] = definition;
        visit(definition);
      }
    }
  };
  visit(schema);
  return found;
}
