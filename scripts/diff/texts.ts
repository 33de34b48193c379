// What changed that only people read, or that is written in another way and means the same: told so that nothing is silent.
import { isObject, type Json, type JsonObject, objectAt } from '../spec/json.js';
import { METHODS } from '../spec/merge.js';
import type { Fact } from './change.js';
import type { Moves } from './moves.js';
import { isText, order, stable, withoutTexts } from './shape.js';
import { code, listed } from './words.js';

type Kind = 'words' | 'examples' | 'notes';

const KIND_WORDS: Readonly<Record<Kind, string>> = {
  words: 'texts reworded',
  examples: 'examples changed',
  notes: 'notes for tools changed (tags, ids, extensions)',
};
const KINDS: readonly Kind[] = ['words', 'examples', 'notes'];

/** `isSilent`: nothing else was found, so that another way of writing means the same. */
export function textFacts(before: JsonObject, after: JsonObject, moves: Moves, isSilent: boolean): Fact[] {
  const facts: Fact[] = [];
  const note = (what: string, endpoint?: string): void => {
    facts.push({ class: 'cosmetic', area: 'text', what, ...(endpoint === undefined ? {} : { endpoint }) });
  };
  const [wasAt, isAt] = [operationsIn(before, moves), operationsIn(after, new Map())];
  for (const [name, was] of wasAt) {
    const is = isAt.get(name);
    if (is === undefined) continue;
    for (const kind of changedKinds(was, is)) note(KIND_WORDS[kind], name);
    if (isSilent && meaningOf(was) !== meaningOf(is)) note('written in another way, with the same meaning', name);
  }
  const [wasParts, isParts] = [componentsIn(before), componentsIn(after)];
  const changed = new Map<string, string[]>();
  const keep = (what: string, name: string): void => {
    changed.set(what, [...(changed.get(what) ?? []), name]);
  };
  for (const [name, was] of wasParts) {
    const is = isParts.get(name);
    if (is === undefined) {
      keep('parts of the document that are gone', name);
      continue;
    }
    for (const kind of changedKinds(was, is)) keep(`${KIND_WORDS[kind]} in parts of the document`, name);
    if (isSilent && meaningOf(was) !== meaningOf(is))
      keep('parts written in another way, or used by no endpoint', name);
  }
  for (const name of isParts.keys()) if (!wasParts.has(name)) keep('parts of the document that are new', name);
  for (const [what, names] of changed) note(`${what}: ${listed(names.sort(order).map(code), 8)}`);
  for (const key of ['info', 'tags', 'openapi'] as const) {
    if (stable(before[key] ?? null) !== stable(after[key] ?? null)) note(`${code(key)} of the document changed`);
  }
  const isReordered = JSON.stringify(before) !== JSON.stringify(after);
  if (facts.length === 0 && isSilent && isReordered)
    note('something else that means nothing changed, such as the order');
  return facts;
}

function operationsIn(document: JsonObject, moves: Moves): Map<string, JsonObject> {
  const found = new Map<string, JsonObject>();
  for (const [path, item] of Object.entries(objectAt(document, 'paths') ?? {})) {
    for (const method of METHODS) {
      const operation = objectAt(item, method);
      const name = `${method.toUpperCase()} ${path}`;
      if (operation) found.set(moves.get(name) ?? name, operation);
    }
  }
  return found;
}

function componentsIn(document: JsonObject): Map<string, Json> {
  const found = new Map<string, Json>();
  for (const [section, parts] of Object.entries(objectAt(document, 'components') ?? {})) {
    for (const [name, part] of Object.entries(isObject(parts) ? parts : {})) {
      found.set(section === 'schemas' ? name : `${section}/${name}`, part);
    }
  }
  return found;
}

/** Order counts for nothing, in lists of plain values too. */
const meaningOf = (value: Json): string => stable(sorted(withoutTexts(withoutNotes(value))));

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted).sort((a, b) => order(stable(a), stable(b)));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, held]) => [key, sorted(held)]));
}

function withoutNotes(value: Json): Json {
  if (!isObject(value)) return value;
  const { tags: _, summary: __, operationId: ___, ...rest } = value;
  return rest;
}

function changedKinds(was: Json, is: Json): Kind[] {
  const [old, now] = [textsOf(was), textsOf(is)];
  return KINDS.filter((kind) => stable(old[kind].toSorted(order)) !== stable(now[kind].toSorted(order)));
}

/** All that `value` says to people, each with its place. */
function textsOf(value: Json): Record<Kind, string[]> {
  const found: Record<Kind, string[]> = { words: [], examples: [], notes: [] };
  const visit = (held: Json, place: string, areNames: boolean): void => {
    if (Array.isArray(held)) for (const item of held) visit(item, `${place}[]`, false);
    if (!isObject(held)) return;
    for (const [key, item] of Object.entries(held)) {
      const kind = areNames ? undefined : kindOf(key, item, place);
      if (kind === undefined) visit(item, `${place}/${key}`, !areNames && key === 'properties');
      else found[kind].push(`${place}/${key}=${stable(item)}`);
    }
  };
  visit(value, '', false);
  return found;
}

function kindOf(key: string, value: Json, place: string): Kind | undefined {
  if (key === 'example' || key === 'examples') return 'examples';
  if (['description', 'title', 'summary', '$comment'].includes(key) && typeof value === 'string') return 'words';
  if (place === '' && (key === 'tags' || key === 'operationId')) return 'notes';
  return isText(key) ? 'notes' : undefined;
}
