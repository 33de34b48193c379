// What the document says: Prism judges requests and our answers, and answers by itself where nobody else does.
//
// A body that is a union of many models' schemas would be refused with the reasons of every branch, so Prism is given,
// per model, the same operation with only that model's branches: the same verdict, with the reasons that matter.

import { at, isObject, type Json } from './json.js';
import { modelsOf, narrow } from './narrow.js';
import { type Diagnostic, loadAnswerer, loadChecker, type Operation, type PrismChecker } from './prism.js';

/** Reasons quoted in one refusal; more are counted. */
const MAX_REASONS = 6;

export interface Asked {
  /** Path as requested, without query. */
  path: string;
  query: Record<string, string | string[]>;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: unknown;
}

export class Oracle {
  private readonly narrowed = new Map<string, Operation>();

  private constructor(
    private readonly prism: PrismChecker,
    readonly operations: Operation[],
    private readonly document: object,
    private readonly modelField: string,
  ) {}

  /** `document` is kept and dereferenced in place. */
  static async open(document: object, modelField: string): Promise<Oracle> {
    const prism = await loadChecker();
    return new Oracle(prism, await prism.getHttpOperationsFromSpec(document), document, modelField);
  }

  /** Why the document refuses this request: one sentence, or undefined if it does not. */
  refusal(operation: Operation, asked: Asked): string | undefined {
    const model = at(asked.body, this.modelField);
    const mine = typeof model === 'string' ? this.forModel(operation, model) : operation;
    if (mine === undefined) {
      const offered = this.models(operation).join(', ');
      return `Request body property ${this.modelField} must be equal to one of the allowed values: ${offered}; found '${model}'`;
    }
    const verdict = this.prism.validateInput({ resource: mine, element: prismRequest(operation, asked) });
    if (verdict._tag === 'Right') return undefined;
    const models = typeof model === 'string' || !isObject(asked.body) ? [] : this.models(operation);
    // Not every operation that has models wants one named.
    const isMissed = verdict.left.some(({ message }) => message.includes(`required property '${this.modelField}'`));
    return models.length > 1 && isMissed
      ? `Request body must have required property '${this.modelField}', one of: ${models.join(', ')}`
      : sentence(verdict.left);
  }

  /** What the document has against an answer of ours: one sentence, or undefined. */
  objection(operation: Operation, status: number, body: Json): string | undefined {
    const element = { statusCode: status, headers: { 'content-type': 'application/json' }, body };
    const verdict = this.prism.validateOutput({ resource: operation, element });
    return verdict._tag === 'Right' ? undefined : sentence(verdict.left);
  }

  /** Prism's own answer: the first example of the first success, else one generated from the schema. */
  async answer(operation: Operation, asked: Asked): Promise<{ status: number; body: unknown }> {
    const { createInstance } = await loadAnswerer();
    const checks = { checkSecurity: false, validateRequest: false, validateResponse: false, errors: false };
    const config = { ...checks, isProxy: false, upstreamProxy: undefined, mock: { dynamic: false } };
    const { accept: _, ...headers } = asked.headers;
    const prism = createInstance(config, { logger: silent() });
    const result = await prism.request(prismRequest(operation, { ...asked, headers }), [operation])();
    if (result._tag === 'Left') throw result.left;
    return { status: result.right.output.statusCode, body: result.right.output.body };
  }

  /** The named examples of an operation's 200 answer, in the document's order. */
  examples(operation: Operation): { key: string; value: unknown }[] {
    const answer = at(this.document, 'paths', operation.path, operation.method.toLowerCase(), 'responses', '200');
    const named = at(answer, 'content', 'application/json', 'examples');
    if (!isObject(named)) return [];
    return Object.entries(named).map(([key, example]) => ({ key, value: at(example, 'value') }));
  }

  /** The operation with only the body schemas that this model may use; undefined if there is none. */
  private forModel(operation: Operation, model: string): Operation | undefined {
    const name = `${operation.method} ${operation.path} ${model}`;
    const kept = this.narrowed.get(name);
    if (kept !== undefined) return kept;
    if (this.models(operation).length === 0) return operation;
    const contents = bodies(operation).flatMap((content) => {
      const schema = narrow(content.schema, this.modelField, model);
      return schema === undefined ? [] : [{ ...content, schema }];
    });
    if (contents.length < bodies(operation).length) return undefined;
    const { request, ...rest } = operation;
    const body = at(request, 'body');
    if (!isObject(request) || !isObject(body)) return operation;
    const made = { ...rest, request: { ...request, body: { ...body, contents } } };
    this.narrowed.set(name, made);
    return made;
  }

  private models(operation: Operation): string[] {
    return [...new Set(bodies(operation).flatMap((content) => modelsOf(content.schema, this.modelField)))];
  }
}

function prismRequest(operation: Operation, { path, query, headers, body }: Asked) {
  return { method: operation.method, url: { path, query }, headers, body };
}

function bodies(operation: Operation): Record<string, unknown>[] {
  const contents = at(operation.request, 'body', 'contents');
  return Array.isArray(contents) ? contents.filter(isObject) : [];
}

/** Prism's reasons, without those that only say that one of several others applies. */
function sentence(diagnostics: Diagnostic[]): string {
  const isUnion = (one: Diagnostic) => one.code === 'anyOf' || one.code === 'oneOf';
  const specific = diagnostics.filter((one) => !isUnion(one) && one.code !== 'if');
  const reasons = [...new Set((specific.length > 0 ? specific : diagnostics).map(({ message }) => message))];
  const more = reasons.length > MAX_REASONS ? `; and ${reasons.length - MAX_REASONS} more` : '';
  const choice = diagnostics.some(isUnion) && reasons.length > 1 ? ' (some of these are alternatives)' : '';
  return reasons.slice(0, MAX_REASONS).join('; ') + more + choice;
}

/** Prism wants a pino logger; the mock says nothing. */
function silent(): object {
  const quiet = () => undefined;
  const logger = { info: quiet, success: quiet, warn: quiet, error: quiet, debug: quiet, trace: quiet, fatal: quiet };
  return { ...logger, child: silent };
}
