// Whether a request is acceptable: the gateway's own JSON Schema, as zod says it, then what only its prose says. Lazy.

import { ConfigError, InvalidRequestError, type RequestIssue } from '../transport/index.js';
import type { EndpointData, MediaField, Rule, SchemaBundle } from './data.js';

/** How far a request is checked: by schema and the vendor's prose, by schema alone, not at all. */
export type Strictness = 'full' | 'schema' | 'off';

/** What a gateway keeps out of the start path; each is loaded when it is first needed. */
export interface LazyParts {
  schemas: () => Promise<SchemaBundle>;
  rules: () => Promise<{ rules: readonly Rule[] }>;
  media: () => Promise<{ mediaFields: Readonly<Record<string, readonly MediaField[]>> }>;
}

/** A request on its way to an endpoint. */
export interface Candidate {
  model: string;
  endpoint: EndpointData;
  /** As the wire will carry it. */
  body: Readonly<Record<string, unknown>>;
}

/** Validates request bodies of one gateway; one conversion per schema, cached. */
export class Validator {
  readonly #schemas: Once<SchemaBundle>;
  readonly #rules: Once<{ rules: readonly Rule[] }>;
  readonly #media: Once<{ mediaFields: Readonly<Record<string, readonly MediaField[]>> }>;
  readonly #check = new Once(() => import('./check.js'));
  readonly #checkers = new Map<string, Promise<Checker>>();

  constructor(parts: LazyParts) {
    this.#schemas = new Once(parts.schemas);
    this.#rules = new Once(parts.rules);
    this.#media = new Once(parts.media);
  }

  /** What is wrong with `candidate`; empty if nothing is. Throws `ConfigError` when the schemas cannot be loaded. */
  async issues(candidate: Candidate, strictness: Strictness): Promise<RequestIssue[]> {
    const { model, endpoint, body } = candidate;
    if (strictness === 'off') return [];
    const issues = endpoint.schema === null ? [] : (await this.#checker(endpoint.schema))(body);
    if (strictness === 'schema' || issues.length > 0) return issues;
    const [{ rules }, { foundBy }] = await Promise.all([this.#rules.get(), this.#check.get()]);
    const at = { model, path: endpoint.path };
    return rules
      .filter((rule) => rule.models.includes(model) && (rule.paths?.includes(endpoint.path) ?? true))
      .flatMap((rule) => rule.check(body, at).map((finding) => foundBy(rule.id, finding, body)));
  }

  /** The media fields of the bodies that `endpoint` takes; none where nothing is known of them. */
  async mediaFields(endpoint: EndpointData): Promise<readonly MediaField[]> {
    if (endpoint.schema === null) return [];
    const { mediaFields } = await this.#media.get();
    return Object.hasOwn(mediaFields, endpoint.schema) ? (mediaFields[endpoint.schema] ?? []) : [];
  }

  #checker(key: string): Promise<Checker> {
    const held = this.#checkers.get(key);
    if (held !== undefined) return held;
    const made = this.#made(key);
    this.#checkers.set(key, made);
    // A failed load (a bundler's missing chunk, say) must not stick.
    made.catch(() => this.#checkers.delete(key));
    return made;
  }

  async #made(key: string): Promise<Checker> {
    const [bundle, { checkerOf }] = await Promise.all([this.#schemas.get(), this.#check.get()]);
    const schema = bundle.schemas[key];
    if (schema === undefined) throw new TypeError(`generated schemas have no entry "${key}"`);
    return checkerOf(schema, bundle.definitions);
  }
}

/** What a schema has against a body. */
type Checker = (body: unknown) => RequestIssue[];

/** A part, loaded once. A failed load (a missing chunk, no network) is told, and tried again the next time. */
class Once<Part> {
  readonly #load: () => Promise<Part>;
  #held: Promise<Part> | undefined;

  constructor(load: () => Promise<Part>) {
    this.#load = load;
  }

  async get(): Promise<Part> {
    this.#held ??= this.#load();
    try {
      return await this.#held;
    } catch (cause) {
      this.#held = undefined;
      throw new ConfigError('The schemas for validation could not be loaded: nothing was sent.', {
        code: 'schemas_unavailable',
        phase: 'validate',
        retryable: true,
        hint: "Bundle the package's lazily loaded chunks, or create the client with { validate: 'off' }.",
        cause,
      });
    }
  }
}

/** A message is read; `issues` has the rest. */
const MOST_SENTENCES = 8;

/** What is thrown for `issues`; `way` is told where it is another than to correct the fields. */
export function invalidRequest(
  { model, endpoint }: Candidate,
  issues: readonly RequestIssue[],
  way?: { code: string; hint: string },
): InvalidRequestError {
  const isProse = issues.every(({ rule }) => rule !== undefined);
  const more = issues.length > MOST_SENTENCES ? `; and ${issues.length - MOST_SENTENCES} more` : '';
  return new InvalidRequestError(
    `The request for "${model}" would be refused by ${endpoint.method} ${endpoint.path}: ${issues.slice(0, MOST_SENTENCES).map(sentence).join('; ')}${more}. Nothing was sent.`,
    {
      code: 'invalid_request',
      phase: 'validate',
      issues,
      param: issues[0]?.path.join('.'),
      hint: isProse
        ? "Correct the named fields. If the gateway has changed its mind, { validate: 'schema' } skips these rules."
        : 'Correct the named fields.',
      ...way,
    },
  );
}

/** One line for messages. */
function sentence({ path, message }: RequestIssue): string {
  return path.length === 0 ? message : `${path.join('.')}: ${message}`;
}
