// When a field that went and one that came are one field under a new name: only where nothing speaks against it.
import { order, type Shape } from './shape.js';

export interface Fields {
  fields: ReadonlyMap<string, Shape>;
  required: readonly string[];
}

/** Shorter descriptions ("URL") are shared by fields that have nothing to do with each other. */
const TELLING_DESCRIPTION = 20;

/** Old name → new name. */
export function likelyRenames(gone: Fields, come: Fields): Map<string, string> {
  const alike = (from: string, to: string): boolean => {
    const [was, is] = [gone.fields.get(from), come.fields.get(to)];
    if (was === undefined || is === undefined || was.key !== is.key) return false;
    if (gone.required.includes(from) !== come.required.includes(to)) return false;
    const isDescribedSo = was.description.length >= TELLING_DESCRIPTION && was.description === is.description;
    return isDescribedSo || areSpelledAlike(from, to);
  };
  const found = new Map<string, string>();
  for (const from of [...gone.fields.keys()].sort(order)) {
    const candidates = [...come.fields.keys()].filter((to) => alike(from, to));
    const [to] = candidates;
    const rivals = [...gone.fields.keys()].filter((other) => to !== undefined && alike(other, to));
    if (to !== undefined && candidates.length === 1 && rivals.length === 1) found.set(from, to);
  }
  return found;
}

/** `firstFrame` and `first_frame`, or all words of one in the other: `image` and `image_url`. */
function areSpelledAlike(a: string, b: string): boolean {
  const [first, second] = [wordsOf(a), wordsOf(b)];
  return first.every((word) => second.includes(word)) || second.every((word) => first.includes(word));
}

const wordsOf = (name: string): string[] =>
  name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
