// Three judges of a request body: the vendor's own schema under ajv, ours under ajv, and ours as the library says it in zod.
import type { ValidateFunction } from 'ajv';
import fc from 'fast-check';
import { takes } from '../../scripts/generate/bodies.js';
import { referencesIn } from '../../scripts/generate/hoist.js';
import { isObject, type Json, type JsonObject } from '../../scripts/spec/json.js';
import { operationsOf } from '../../scripts/spec/operations.js';
import { deriveTestCases, type TestCase } from '../../scripts/spec/test-cases.js';
import { checkerOf } from '../../src/catalog/check.js';
import { type SchemaBundle, Validator } from '../../src/catalog/index.js';
import { BodySchema, type Source, type Spoilt } from './arbitrary-body.js';
import type { Kind } from './arbitrary-spoil.js';
import { type Generated, newAjv, referenceValidator } from './helpers.js';

export interface Judges {
  vendor: (body: unknown) => boolean;
  ajv: (body: unknown) => boolean;
  /** The library itself: its own conversion, and an issue for whatever it refuses. */
  library: (body: unknown) => Promise<boolean>;
  /** The library's own conversion alone, for tests that cannot wait. */
  zod: (body: unknown) => boolean;
  /** What each of the three has against `body`. */
  reasons: (body: unknown) => Promise<string[]>;
  /** The vendor's schema as a source of bodies for a model. */
  bodiesFor: (model: string | undefined) => BodySchema;
}

/** A model on an endpoint where it has a schema, with the examples of that schema as its own; or an endpoint that takes no model. */
export interface Target {
  id: string | undefined;
  path: string;
  schema: string;
  bodies: JsonObject[];
}

export class Court {
  private readonly held = new Map<string, Judges>();
  private readonly ajv = newAjv();
  private readonly reference: ReturnType<typeof referenceValidator>;
  private readonly bundle: SchemaBundle;
  private readonly library: Validator;
  readonly cases: TestCase[];

  constructor(private readonly made: Generated) {
    this.bundle = asBundle(made);
    this.library = new Validator({
      schemas: async () => this.bundle,
      rules: async () => ({ rules: [] }),
      media: async () => ({ mediaFields: {} }),
    });
    this.reference = referenceValidator(made.root);
    this.cases = deriveTestCases(made.root, '', '').cases;
  }

  /** Who judges by the schema `key` of the operation at `path`. */
  of(key: string, path: string): Judges {
    const place = `${key} ${path}`;
    const known = this.held.get(place);
    if (known) return known;
    const variants = this.variants(key, path);
    const vendors = variants.map((schema) => this.reference(schema));
    const schema = this.assembled(key);
    const own = this.ajv.compile(schema);
    const checker = checkerOf(this.bundle.schemas[key] ?? false, this.bundle.definitions);
    const endpoint = { method: 'POST', path, pollPath: null, schema: key };
    const issues = (body: unknown) =>
      // Nothing but an object gets as far as this in the client; what is said of other values is compared all the same.
      this.library.issues({ model: 'any', endpoint, body: body as Record<string, unknown> }, 'schema');
    // By the key `Schema:id` the body is known to be of that model: the client has routed it by its `model`.
    const id = modelOf(key);
    const isOfModel = (body: unknown) => id === undefined || (isObject(body) && body.model === id);
    const whole = variants.length === 1 && variants[0] !== undefined ? variants[0] : { anyOf: variants };
    const judges: Judges = {
      vendor: (body) => isOfModel(body) && vendors.some((validate) => validate(body)),
      ajv: (body) => own(body),
      library: async (body) => (await issues(body)).length === 0,
      zod: (body) => checker(body).length === 0,
      reasons: async (body) => [
        `vendor's schema, ajv: ${isOfModel(body) ? vendors.map((validate) => opinion(validate, body)).join(' | ') : 'not of this model'}`,
        `our schema, ajv:      ${opinion(own, body)}`,
        `the library, zod:     ${verdict((await issues(body)).map((issue) => `${issue.path.join('.')}: ${issue.message} (came ${issue.received})`))}`,
      ],
      bodiesFor: (model) => new BodySchema(whole, this.made.root, model, judges.vendor),
    };
    this.held.set(place, judges);
    return judges;
  }

  /** The vendor's schemas that `key` (`Schema`, `Schema:model` or `operation:model`) was made of. */
  private variants(key: string, path: string): JsonObject[] {
    const [name = key] = key.split(':');
    const id = modelOf(key);
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
    const { models, operations } = this.made.catalog;
    const ofModels = models.flatMap((model) =>
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
    const withoutModel = operations.flatMap(({ path, schema }): Target[] => {
      if (schema === null) return [];
      const bodies = this.cases.flatMap((item) => (item.path === path && isObject(item.body) ? [item.body] : []));
      return [{ id: undefined, path, schema, bodies }];
    });
    return [...ofModels, ...withoutModel];
  }

  /** The verdicts on every request example whose model has a schema. */
  async *examples(): AsyncGenerator<{ id: string; verdicts: [vendor: boolean, ajv: boolean, library: boolean] }> {
    for (const { modelId, path, body, id } of this.cases) {
      const model = this.made.catalog.models.find((one) => one.id === modelId);
      const schema = model?.endpoints.find((one) => one.path === path)?.schema;
      if (!schema) continue;
      const { vendor, ajv, library } = this.of(schema, path);
      yield { id, verdicts: [vendor(body), ajv(body), await library(body)] };
    }
  }
}

/** What came of comparing: how many bodies of which sort, and those on which the three did not agree. */
export class Tally {
  bodies = 0;
  valid = 0;
  readonly kinds = new Map<Kind | 'none', number>();
  readonly sources = new Map<Source, number>();
  readonly disagreements: string[] = [];

  count({ kinds, source }: Pick<Spoilt, 'kinds' | 'source'>, isValid: boolean): void {
    this.bodies++;
    if (isValid) this.valid++;
    for (const kind of kinds.length > 0 ? kinds : (['none'] as const)) {
      this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + 1);
    }
    this.sources.set(source, (this.sources.get(source) ?? 0) + 1);
  }
}

/** Has `runs` bodies judged by all three; the first on which they differ is shrunk and reported. Returns how many differed. */
export async function compare(
  judges: Judges,
  arbitrary: fc.Arbitrary<Spoilt>,
  { seed, runs, label, tally }: { seed: number; runs: number; label: string; tally: Tally },
): Promise<number> {
  let differing = 0;
  const all = fc.asyncProperty(arbitrary, async (spoilt) => {
    const said = judges.vendor(spoilt.body);
    tally.count(spoilt, said);
    if (!(await agree(judges, spoilt.body, said))) differing++;
  });
  const run = await fc.check(all, { seed, numRuns: runs });
  if (run.failed) {
    throw new Error(`${label}: a judge threw on ${JSON.stringify(run.counterexample)}`, { cause: run.errorInstance });
  }
  if (differing > 0) {
    const agreed = fc.asyncProperty(arbitrary, ({ body }) => agree(judges, body));
    const [least] = (await fc.check(agreed, { seed, numRuns: runs })).counterexample ?? [];
    tally.disagreements.push(await report(judges, least?.body, `${label}, seed ${seed}, ${differing} of ${runs}`));
  }
  return differing;
}

/** The same for given bodies, of which the first that parts the judges is reported. */
export async function compareEach(
  judges: Judges,
  bodies: readonly Json[],
  { label, tally }: { label: string; tally: Tally },
): Promise<number> {
  const differing: Json[] = [];
  for (const body of bodies) {
    const said = judges.vendor(body);
    tally.count({ kinds: [], source: 'systematic' }, said);
    if (!(await agree(judges, body, said))) differing.push(body);
  }
  if (differing.length > 0)
    tally.disagreements.push(await report(judges, differing[0], `${label}, ${differing.length} systematic`));
  return differing.length;
}

const agree = async ({ vendor, ajv, library }: Judges, body: unknown, said = vendor(body)): Promise<boolean> =>
  ajv(body) === said && (await library(body)) === said;

/** A disagreement, readable: whose body, the body, and what each judge says. */
export async function report(judges: Judges, body: unknown, label: string): Promise<string> {
  return [label, `  body: ${JSON.stringify(body)}`, ...(await judges.reasons(body)).map((line) => `  ${line}`)].join(
    '\n',
  );
}

function opinion(validate: ValidateFunction, body: unknown): string {
  validate(body);
  return verdict(
    (validate.errors ?? []).map((error) => `${error.instancePath || 'body'} ${error.message} [${error.schemaPath}]`),
  );
}

const verdict = (faults: readonly string[]): string =>
  faults.length === 0 ? 'accepts' : `refuses: ${faults.join('; ')}`;

/** The id in a key such as `Schema:id`, which stands for the schema of that one model. */
const modelOf = (key: string): string | undefined => /^[^:]+:(.+)$/.exec(key)?.[1];

const asBundle = ({ schemas, definitions }: Generated): SchemaBundle => {
  const read = (held: Record<string, unknown>) =>
    Object.fromEntries(
      Object.entries(held).map(([key, schema]) => [key, isObject(schema) || typeof schema === 'boolean' ? schema : {}]),
    );
  return { schemas: read(schemas), definitions: read(definitions) };
};

export function asJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value));
}
