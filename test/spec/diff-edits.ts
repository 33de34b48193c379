// What an edit of the corpus of `spec:diff` is, and how one says in a line where in the document it takes place.
import type { ChangeClass } from '../../scripts/diff/change.js';
import { isObject, type Json, type JsonObject } from '../../scripts/spec/json.js';

export interface Edit {
  name: string;
  edit: (document: Place) => void;
  /** The class of the whole diff. */
  expect: ChangeClass;
  /** All lines of the report that are not cosmetic; where there are none, the cosmetic ones. */
  lines: readonly string[];
}

/** A place in a document, to be edited; every step must be there. */
export class Place {
  constructor(readonly value: Json) {}

  at(...steps: (string | number)[]): Place {
    let here: Json = this.value;
    for (const step of steps) {
      const next: Json | undefined = Array.isArray(here) ? here[Number(step)] : isObject(here) ? here[step] : undefined;
      if (next === undefined) throw new Error(`${steps.join(' › ')} is not in the document: ${step} is missing.`);
      here = next;
    }
    return new Place(here);
  }

  schema(name: string, ...steps: (string | number)[]): Place {
    return this.at('components', 'schemas', name, ...steps);
  }

  field(name: string, ...path: string[]): Place {
    return this.schema(name, ...path.flatMap((step) => ['properties', step]));
  }

  get object(): JsonObject {
    if (!isObject(this.value)) throw new Error('is no object');
    return this.value;
  }

  get list(): Json[] {
    if (!Array.isArray(this.value)) throw new Error('is no list');
    return this.value;
  }

  set(values: JsonObject): void {
    Object.assign(this.object, values);
  }

  remove(key: string): Json {
    const held = this.object[key];
    if (held === undefined) throw new Error(`${key} is not there`);
    delete this.object[key];
    return held;
  }

  /** Under another key, at the same place. */
  rename(from: string, to: string): void {
    const entries = Object.entries(this.object);
    for (const key of Object.keys(this.object)) delete this.object[key];
    for (const [key, held] of entries) this.object[key === from ? to : key] = held;
  }

  drop(value: Json): void {
    const place = this.list.indexOf(value);
    if (place < 0) throw new Error(`${JSON.stringify(value)} is not listed`);
    this.list.splice(place, 1);
  }
}

/** Everywhere in `place`. */
export function replaceIds(place: Place, from: string, to: string): void {
  const visit = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(visit);
    if (isObject(value))
      return Object.fromEntries(Object.entries(value).map(([key, held]) => [key === from ? to : key, visit(held)]));
    return value === from ? to : typeof value === 'string' ? value.replaceAll(`\`${from}\``, `\`${to}\``) : value;
  };
  place.set(Object(visit(place.value)));
}

export const body = (document: Place, path: string): Place =>
  document.at('paths', path, 'post', 'requestBody', 'content', 'application/json');
export const answer = (document: Place, method: string, path: string, status = '200'): Place =>
  document.at('paths', path, method, 'responses', status);

/** With `model`, and fields of its own. */
export const kling = (document: Place, models: string[]): JsonObject => ({
  ...structuredClone(document.schema('KlingVideoRequest').object),
  properties: {
    ...structuredClone(document.schema('KlingVideoRequest', 'properties').object),
    model: { type: 'string', enum: models },
  },
});

/** As a name in an object it would make a promise of it, in the eyes of the linter. */
export const THEN = 'then';

export const KLING_OLD = ['kling-v1', 'kling-v1-6', 'kling-v2-master'];
export const KLING_NEW = ['kling-v2-1-master', 'kling-v2-5-turbo', 'kling-v2-6', 'kling-video-o1'];
