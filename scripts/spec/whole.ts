// When a document counts as cut off although it can be read, and when a newer one has lost too much of the older to be believed.

import {
  arrayAt,
  isObject,
  isString,
  type Json,
  type JsonObject,
  objectAt,
  pointer,
  sameJson,
  walkObjects,
} from './json.js';
import { operationsOf } from './operations.js';

/** Thrown where a document lacks what it should hold; `--allow-shrink` takes it all the same. */
export class DocumentShrank extends Error {
  constructor(what: string) {
    super(`${what} If it is really meant so, pass --allow-shrink.`);
  }
}

/** A cut seldom falls on the end of a line, and where it does, it often leaves a key without its value. */
export function checkEnd(text: string, where: string): void {
  const isJson = text.trimStart().startsWith('{');
  if (!isJson && !text.endsWith('\n')) {
    throw new DocumentShrank(`${where} does not end at the end of a line: it was probably cut off.`);
  }
  const last = text.trimEnd().split('\n').at(-1)?.trim() ?? '';
  if (/(?:^-|:)$/.test(last)) {
    throw new DocumentShrank(`${where} ends with "${last}" and nothing under it: it was probably cut off.`);
  }
}

/** What may go from one version to the next without a question: a family or two, not a tenth of everything. */
const PLAUSIBLE_LOSS = 0.1;
/** Of a handful, a tenth is less than one. */
const ALWAYS_PLAUSIBLE = 2;

/** Throws where `next` cannot be a later version of `previous`, and says what is gone. */
export function checkAgainst(previous: JsonObject, next: JsonObject, where: string): void {
  const before = contentsOf(previous);
  const after = contentsOf(next);
  const gone = (kind: keyof Contents): string[] => [...before[kind]].filter((name) => !after[kind].has(name));

  const sections = gone('sections');
  if (sections.length > 0) throw lost(where, 'sections', sections);
  const end = lostEnd(previous, next);
  if (end !== undefined) {
    throw new DocumentShrank(
      `${where} no longer holds ${end}, with which the copy here ends: it was probably cut off before.`,
    );
  }
  for (const kind of ['paths', 'models', 'schemas', 'properties', 'required properties', 'enum values'] as const) {
    const names = gone(kind);
    const allowed = Math.max(ALWAYS_PLAUSIBLE, before[kind].size * PLAUSIBLE_LOSS);
    if (names.length > allowed) throw lost(where, `${names.length} of ${before[kind].size} ${kind}`, names);
  }
}

function lost(where: string, what: string, names: readonly string[]): DocumentShrank {
  const shown = names.slice(0, 5).join(', ');
  const more = names.length > 5 ? `, and ${names.length - 5} more` : '';
  return new DocumentShrank(`${where} has lost ${what} of the copy here: ${shown}${more}.`);
}

interface Contents {
  sections: Set<string>;
  paths: Set<string>;
  models: Set<string>;
  schemas: Set<string>;
  properties: Set<string>;
  'required properties': Set<string>;
  'enum values': Set<string>;
}

function contentsOf(document: JsonObject): Contents {
  const components = objectAt(document, 'components') ?? {};
  const schemas = objectAt(components, 'schemas') ?? {};
  const contents: Contents = {
    sections: new Set([...Object.keys(document), ...Object.keys(components).map((key) => `components.${key}`)]),
    paths: new Set(Object.keys(objectAt(document, 'paths') ?? {})),
    models: new Set(
      operationsOf(document).flatMap(({ variants }) =>
        variants.flatMap(({ models, discriminated }) => [...models, ...discriminated]),
      ),
    ),
    schemas: new Set(Object.keys(schemas)),
    properties: new Set(),
    'required properties': new Set(),
    'enum values': new Set(),
  };
  walkObjects(schemas, (schema, path) => {
    const at = path.join('.');
    for (const name of Object.keys(objectAt(schema, 'properties') ?? {})) contents.properties.add(`${at}.${name}`);
    for (const name of arrayAt(schema, 'required').filter(isString))
      contents['required properties'].add(`${at}.${name}`);
    for (const value of arrayAt(schema, 'enum')) contents['enum values'].add(`${at}: ${JSON.stringify(value)}`);
  });
  return contents;
}

/** Where the last thing of `previous` would be, if `next` does not hold it: what a cut takes away first. */
function lostEnd(previous: JsonObject, next: JsonObject): string | undefined {
  const path: (string | number)[] = [];
  let [held, found]: [Json, Json] = [previous, next];
  for (;;) {
    if (Array.isArray(held)) {
      const last = held.at(-1);
      if (last === undefined) return undefined;
      if (!Array.isArray(found)) return pointer(...path);
      if (found.some((other) => sameJson(other, last))) return undefined;
      if (!isObject(last) && !Array.isArray(last)) return `${JSON.stringify(last)} in ${pointer(...path)}`;
      path.push(held.length - 1);
      const other: Json | undefined = found.at(-1);
      if (other === undefined || found.length < held.length) return pointer(...path);
      [held, found] = [last, other];
    } else if (isObject(held)) {
      const key = Object.keys(held).at(-1);
      const last: Json | undefined = key === undefined ? undefined : held[key];
      if (key === undefined || last === undefined) return undefined;
      path.push(key);
      const other: Json | undefined = isObject(found) ? found[key] : undefined;
      if (other === undefined) return pointer(...path);
      [held, found] = [last, other];
    } else {
      // A text that goes on is another text; one that stops half-way is the same, cut.
      const isCut = isString(held) && isString(found) && found !== held && held.startsWith(found);
      return isCut ? `the whole of ${pointer(...path)}` : undefined;
    }
  }
}
