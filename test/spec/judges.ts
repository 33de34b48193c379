// Three judges of a request body: the vendor's own schema under ajv, ours under ajv, and ours under zod.
import { z } from 'zod';
import { takes } from '../../scripts/generate/bodies.js';
import { referencesIn } from '../../scripts/generate/hoist.js';
import { isObject, type Json, type JsonObject } from '../../scripts/spec/json.js';
import { operationsOf } from '../../scripts/spec/operations.js';
import { deriveTestCases, type TestCase } from '../../scripts/spec/test-cases.js';
import { type Generated, newAjv, referenceValidator } from './helpers.js';

export interface Judges {
  vendor: (body: unknown) => boolean;
  ajv: (body: unknown) => boolean;
  zod: (body: unknown) => boolean;
}

/** A model on an endpoint where it has a schema, with the examples of that schema as its own. */
export interface Target {
  id: string;
  path: string;
  schema: string;
  bodies: JsonObject[];
}

export class Court {
  private readonly held = new Map<string, Judges>();
  private readonly ajv = newAjv();
  private readonly reference: ReturnType<typeof referenceValidator>;
  readonly cases: TestCase[];

  constructor(private readonly made: Generated) {
    this.reference = referenceValidator(made.root);
    this.cases = deriveTestCases(made.root, '', '').cases;
  }

  /** Who judges by the schema `key` of the operation at `path`. */
  of(key: string, path: string): Judges {
    const place = `${key} ${path}`;
    const known = this.held.get(place);
    if (known) return known;
    const vendors = this.variants(key, path).map((schema) => this.reference(schema));
    const schema = this.assembled(key);
    const own = this.ajv.compile(schema);
    const parser = z.fromJSONSchema(schema, { defaultTarget: 'draft-7' });
    const judges: Judges = {
      vendor: (body) => vendors.some((validate) => validate(body)),
      ajv: (body) => own(body),
      zod: (body) => parser.safeParse(body).success,
    };
    this.held.set(place, judges);
    return judges;
  }

  /** The vendor's schemas that `key` (`Schema`, `Schema:model` or `operation:model`) was made of. */
  private variants(key: string, path: string): JsonObject[] {
    const [, name = key, id] = /^([^:]+):(.+)$/.exec(key) ?? [];
    const operations = operationsOf(this.made.root).filter((operation) => operation.path === path);
    const named = operations.flatMap(({ variants }) => variants.filter((variant) => variant.name === name));
    const found =
      named.length > 0 || id === undefined
        ? named
        : operations.flatMap(({ variants }) => variants.filter((variant) => takes(variant, id)));
    if (found.length === 0) throw new Error(`no schema ${key} at ${path}`);
    return found.map(({ schema }) => schema);
  }

  /** One schema and the definitions it reaches: what the library puts together at run time. */
  private assembled(key: string): JsonObject {
    const { definitions, schemas } = this.made;
    const reached: Record<string, Json> = {};
    const follow = (schema: unknown): void => {
      for (const name of referencesIn(asJson(schema))) {
        if (name in reached) continue;
        reached[name] = asJson(definitions[name]);
        follow(definitions[name]);
      }
    };
    const schema = asJson(schemas[key]);
    follow(schema);
    return { ...(isObject(schema) ? schema : {}), definitions: reached };
  }

  targets(): Target[] {
    const { models } = this.made.catalog;
    return models.flatMap((model) =>
      model.endpoints.flatMap(({ path, schema }) => {
        if (schema === null) return [];
        const name = schema.split(':')[0];
        const alike = new Set(
          models
            .filter((other) =>
              other.endpoints.some((endpoint) => endpoint.path === path && endpoint.schema?.split(':')[0] === name),
            )
            .map((other) => other.id),
        );
        const bodies = this.cases
          .filter((item) => item.path === path && item.modelId !== null && alike.has(item.modelId))
          .map((item): JsonObject => ({ ...(isObject(item.body) ? item.body : {}), model: model.id }));
        return [{ id: model.id, path, schema, bodies }];
      }),
    );
  }

  /** The verdicts on every request example whose model has a schema. */
  *examples(): Generator<{ id: string; verdicts: [vendor: boolean, ajv: boolean, zod: boolean] }> {
    for (const { modelId, path, body, id } of this.cases) {
      const model = this.made.catalog.models.find((one) => one.id === modelId);
      const schema = model?.endpoints.find((one) => one.path === path)?.schema;
      if (!schema) continue;
      const { vendor, ajv, zod } = this.of(schema, path);
      yield { id, verdicts: [vendor(body), ajv(body), zod(body)] };
    }
  }
}

export function asJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value));
}
