// Defects of examples: no Example Objects, values that their own schema refuses, status words that no schema admits.
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { arrayAt, deref, isObject, isString, type Json, type JsonObject, objectAt, stringAt } from '../spec/json.js';
import { METHODS } from '../spec/merge.js';
import type { Path, Report } from './finding.js';

const COUNTEREXAMPLE = /invalid|negative/i;

export function lintExamples(document: JsonObject, report: Report): void {
  const compile = compiler(document);
  const check = (media: JsonObject, at: Path, side: 'request' | 'response'): void => {
    const validate = media.schema === undefined ? undefined : compile(media.schema);
    for (const [name, entry] of Object.entries(objectAt(media, 'examples') ?? {})) {
      const example = deref(document, entry);
      const place: Path = [...at, 'examples', name];
      if (!isObject(example)) {
        report('string-example', place, 'is a bare value, not an Example Object with a `value`');
        continue;
      }
      if (example.value === undefined || !validate) continue;
      if (!validate(example.value)) report(`${side}-example-invalid`, place, firstError(validate.errors));
      else if (side === 'request' && COUNTEREXAMPLE.test(name)) {
        report('unmarked-counterexample', place, 'is a counterexample by its name, yet the schema accepts it');
      }
    }
  };
  for (const { operation, at } of operationsOf(document)) {
    for (const [type, media] of mediasOf(document, operation.requestBody)) {
      check(media, [...at, 'requestBody', 'content', type], 'request');
    }
    for (const [status, response] of Object.entries(objectAt(operation, 'responses') ?? {})) {
      for (const [type, media] of mediasOf(document, response)) {
        check(media, [...at, 'responses', status, 'content', type], 'response');
      }
    }
  }
  lintStatusWords(document, report);
  lintExampleNames(document, report);
}

function* operationsOf(
  document: JsonObject,
): Generator<{ operation: JsonObject; path: string; method: string; at: Path }> {
  for (const [path, item] of Object.entries(objectAt(document, 'paths') ?? {})) {
    for (const method of METHODS) {
      const operation = objectAt(item, method);
      if (operation) yield { operation, path, method, at: ['paths', path, method] };
    }
  }
}

function mediasOf(document: JsonObject, holder: Json | undefined): [string, JsonObject][] {
  if (holder === undefined) return [];
  return Object.entries(objectAt(deref(document, holder), 'content') ?? {}).flatMap(([type, media]) =>
    isObject(media) ? [[type, media]] : [],
  );
}

/** By the letter of OpenAPI 3.0: `nullable` acts only beside `type`. */
function compiler(document: JsonObject): (schema: Json) => ValidateFunction {
  // What is wrong with the schemas themselves is said by other rules.
  const ajv = new Ajv({ strict: false, validateSchema: false });
  (addFormats.default ?? addFormats)(ajv);
  ajv.addSchema({ $id: 'document', components: plain(document.components ?? {}) });
  return (schema) => {
    const ready = plain(schema);
    return ajv.compile(isObject(ready) ? ready : {});
  };
}

function plain(value: Json): Json {
  if (Array.isArray(value)) return value.map(plain);
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([key]) => key !== 'nullable' || value.type !== undefined);
  return Object.fromEntries(
    kept.map(([key, held]) => [key, key === '$ref' && isString(held) ? `document${held}` : plain(held)]),
  );
}

function firstError(errors: ErrorObject[] | null | undefined): string {
  const [error] = errors ?? [];
  return error ? `${error.instancePath || 'the whole'} ${error.message ?? 'is refused'}` : 'is refused';
}

/** Each operation whose examples use status words that its schema (or, for a submit, the poll's) does not list. */
function lintStatusWords(document: JsonObject, report: Report): void {
  const polls = new Map<string, Set<string>>();
  for (const { operation, path, method } of operationsOf(document)) {
    if (method === 'get') polls.set(realPath(path), listedWords(document, operation));
  }
  for (const { operation, path, at } of operationsOf(document)) {
    const used = usedWords(document, operation);
    if (used.size === 0) continue;
    const own = listedWords(document, operation);
    const listed = own.size > 0 ? own : (polls.get(`${realPath(path)}/{task_id}`) ?? own);
    const words = (set: Iterable<string>): string => [...set].map((word) => `"${word}"`).join(', ');
    const outside = [...used].filter((word) => !listed.has(word));
    if (listed.size === 0)
      report('status-without-enum', at, `\`status\` is a free string; the examples use ${words(used)}`);
    else if (outside.length > 0) {
      report('status-outside-enum', at, `the examples use ${words(outside)}; the schema lists ${words(listed)}`);
    }
  }
}

const realPath = (path: string): string => path.split('#')[0] ?? path;

function okMedia(document: JsonObject, operation: JsonObject): JsonObject[] {
  const response = objectAt(operation, 'responses')?.['200'];
  return mediasOf(document, response).map(([, media]) => media);
}

/** The status words of an operation's 200 examples, each with the name of its example and where that stands. */
function statusExamples(
  document: JsonObject,
  operation: JsonObject,
): { name: string; word: string; at: (operationAt: Path) => Path }[] {
  const response = objectAt(operation, 'responses')?.['200'];
  return mediasOf(document, response).flatMap(([type, media]) =>
    Object.entries(objectAt(media, 'examples') ?? {}).flatMap(([name, entry]) => {
      const value = isObject(entry) ? entry.value : undefined;
      return [stringAt(value, 'status'), stringAt(objectAt(value, 'data'), 'status')].filter(isString).map((word) => ({
        name,
        word,
        at: (operationAt: Path): Path => [...operationAt, 'responses', '200', 'content', type, 'examples', name],
      }));
    }),
  );
}

const usedWords = (document: JsonObject, operation: JsonObject): Set<string> =>
  new Set(statusExamples(document, operation).map(({ word }) => word));

// `pending` is no word of the document's, but names examples as if it were.
const STATUS_NAMES = ['pending'];

/** Examples that are named by one status word and hold another: who asks for one by its name gets the other. */
function lintExampleNames(document: JsonObject, report: Report): void {
  const operations = [...operationsOf(document)];
  const words = new Set(STATUS_NAMES);
  for (const { operation } of operations) {
    for (const word of [...usedWords(document, operation), ...listedWords(document, operation)]) words.add(word);
  }
  for (const { operation, at } of operations) {
    for (const { name, word, at: place } of statusExamples(document, operation)) {
      if (words.has(name) && name !== word) {
        report('example-name-contradicts', place(at), `is named "${name}", but its status is "${word}"`);
      }
    }
  }
}

/** The enum of `status`, or of `data.status`, in the schemas of the 200 answer. */
function listedWords(document: JsonObject, operation: JsonObject): Set<string> {
  const found = new Set<string>();
  const look = (schema: Json | undefined): void => {
    if (schema === undefined) return;
    const resolved = deref(document, schema);
    for (const part of [...arrayAt(resolved, 'anyOf'), ...arrayAt(resolved, 'oneOf'), ...arrayAt(resolved, 'allOf')])
      look(part);
    const properties = objectAt(resolved, 'properties');
    const status = properties?.status;
    if (status !== undefined)
      for (const word of arrayAt(deref(document, status), 'enum').filter(isString)) found.add(word);
    const data = properties?.data;
    const inner = data === undefined ? undefined : objectAt(deref(document, data), 'properties')?.status;
    if (inner !== undefined)
      for (const word of arrayAt(deref(document, inner), 'enum').filter(isString)) found.add(word);
  };
  for (const media of okMedia(document, operation)) look(media.schema);
  return found;
}
