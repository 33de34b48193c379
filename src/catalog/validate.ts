// Whether a request is acceptable: the gateway's own JSON Schema, as zod says it. Loads zod on first use.

import type { core, ZodType } from 'zod';
import { ConfigError, InvalidRequestError, type RequestIssue } from '../transport/index.js';
import type { Catalog } from './catalog.js';
import type { EndpointData, JsonSchema, SchemaBundle } from './data.js';

/** Validates request bodies of one gateway; one conversion per schema, cached. */
export class Validator {
  readonly #catalog: Catalog;
  readonly #load: () => Promise<SchemaBundle>;
  #bundle: Promise<SchemaBundle> | undefined;
  readonly #converted = new Map<string, Promise<ZodType>>();

  constructor(catalog: Catalog, load: () => Promise<SchemaBundle>) {
    this.#catalog = catalog;
    this.#load = load;
  }

  /**
   * Resolves when `request` is acceptable to its model's endpoint; the object itself is never changed.
   * Throws `UnknownModelError` or `InvalidRequestError`. Sends nothing.
   */
  async check(request: { model: string }, path?: string): Promise<void> {
    const { endpoint } = this.#catalog.find(request.model, path);
    if (endpoint.schema === null) return;
    const schema = await this.#schema(endpoint.schema);
    const result = schema.safeParse(request);
    if (result.success) return;
    const issues = result.error.issues.flatMap((issue) => explain(issue, []));
    throw new InvalidRequestError(
      `The request for "${request.model}" would be refused by ${endpoint.method} ${endpoint.path}: ${issues.map(sentence).join('; ')}. Nothing was sent.`,
      {
        code: 'invalid_request',
        phase: 'validate',
        issues,
        param: issues[0]?.path.join('.'),
        hint: 'Correct the named fields.',
      },
    );
  }

  /** Schemas and zod. A failed load (a missing chunk, no network) is told, and tried again the next time. */
  async #loaded() {
    this.#bundle ??= this.#load();
    try {
      return await Promise.all([this.#bundle, import('zod')]);
    } catch (cause) {
      this.#bundle = undefined;
      throw new ConfigError('The schemas for validation could not be loaded: nothing was sent.', {
        code: 'schemas_unavailable',
        phase: 'validate',
        retryable: true,
        hint: "Bundle the package's lazily loaded chunks, or create the client with { validate: 'off' }.",
        cause,
      });
    }
  }

  #schema(key: NonNullable<EndpointData['schema']>): Promise<ZodType> {
    let converted = this.#converted.get(key);
    if (converted === undefined) {
      converted = this.#convert(key);
      this.#converted.set(key, converted);
      // A failed load (a bundler's missing chunk, say) must not stick.
      converted.catch(() => this.#converted.delete(key));
    }
    return converted;
  }

  async #convert(key: string): Promise<ZodType> {
    const [{ schemas, definitions }, { z }] = await this.#loaded();
    const schema = schemas[key];
    if (schema === undefined) throw new TypeError(`generated schemas have no entry "${key}"`);
    if (typeof schema === 'boolean') return schema ? z.unknown() : z.never();
    // zod's own type for its input wants mutable data; a copy is what it gets.
    const whole: core.JSONSchema.JSONSchema = { ...schema, definitions: reachable(schema, definitions) };
    return z.fromJSONSchema(whole, { defaultTarget: 'draft-7' });
  }
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

interface ZodIssue {
  path: PropertyKey[];
  message: string;
  code?: string | undefined;
  errors?: ZodIssue[][];
  /** The literals that would have been right, of an `invalid_value` issue. */
  values?: readonly unknown[];
  /** The regular expression that a text failed. */
  pattern?: string;
}

/** Of a union's variants, the one that the request came nearest to is reported, not all of them. */
function explain(issue: ZodIssue, prefix: PropertyKey[]): RequestIssue[] {
  const path = [...prefix, ...issue.path];
  const variants = (issue.code === 'invalid_union' ? (issue.errors ?? []) : []).filter((variant) => variant.length > 0);
  const literals = variants.flatMap((variant) => variant.flatMap((inner) => inner.values ?? []));
  if (
    literals.length > 0 &&
    variants.every(([first, ...more]) => first?.code === 'invalid_value' && more.length === 0)
  ) {
    // An enum of numbers is a union of literals in zod: one sentence, not one per number.
    return [{ path: path.map(step), message: `expected one of ${literals.map((l) => JSON.stringify(l)).join(', ')}` }];
  }
  const [nearest] = variants.sort((a, b) => wrongType(a) - wrongType(b) || a.length - b.length || depth(b) - depth(a));
  if (nearest !== undefined) return nearest.flatMap((inner) => explain(inner, path));
  return [{ path: path.map(step), message: messageOf(issue) }];
}

/** 1 for a variant that is of another type altogether (a text where the request has an object). */
function wrongType(variant: readonly ZodIssue[]): number {
  return variant.some((issue) => issue.code === 'invalid_type' && issue.path.length === 0) ? 1 : 0;
}

/** Longer patterns explain nothing to a reader; the only ones in use are those of URIs. */
const READABLE_PATTERN = 80;

function messageOf(issue: ZodIssue): string {
  if (issue.pattern !== undefined && issue.pattern.length > READABLE_PATTERN) {
    return 'expected an absolute URI, such as https://example.com/a.png';
  }
  return issue.message;
}

function step(key: PropertyKey): string | number {
  return typeof key === 'number' ? key : String(key);
}

function depth(issues: readonly ZodIssue[]): number {
  return Math.max(...issues.map((issue) => issue.path.length));
}

function sentence(issue: RequestIssue): string {
  return issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`;
}
