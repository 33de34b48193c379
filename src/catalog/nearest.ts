// Which known ids somebody may have meant: by what people call models, by shared words, by edit distance.

import type { ModelNames } from './data.js';

/** Nobody means a model by more than this. */
const LONGEST_NAME = 100;

/** Worse than this is not worth a suggestion. */
const WORST = 0.5;

/** At most `limit` of `ids`, nearest first; only those that are near enough to be worth a suggestion. */
export function nearestIds(wanted: string, ids: Iterable<string>, names: ModelNames, limit = 3): string[] {
  if (wanted.length > LONGEST_NAME) return [];
  const needle = squeezed(wanted);
  if (needle === '') return [];
  const known = [...ids];
  const named = (own(names.ids, needle) ?? []).filter((id) => known.includes(id));
  const words = wordsOf(wanted).map((word) => own(names.words, word) ?? word);
  const scored = known
    .map((id) => ({ id, score: Math.min(spelling(needle, squeezed(id)), wording(words, wordsOf(id))) }))
    .filter(({ score }) => score <= WORST)
    .sort((a, b) => a.score - b.score || (a.id < b.id ? -1 : 1));
  return [...new Set([...named, ...scored.map(({ id }) => id)])].slice(0, limit);
}

/** The one of `names` that was probably meant, letter for letter; undefined if none is near. */
export function nearestOf(wanted: string, names: readonly string[]): string | undefined {
  if (wanted.length > LONGEST_NAME) return undefined;
  const needle = squeezed(wanted);
  const scored = names.map((name) => ({ name, score: spelling(needle, squeezed(name)) }));
  return scored.filter(({ score }) => score <= 0.4).sort((a, b) => a.score - b.score)[0]?.name;
}

const own = <Value>(record: Readonly<Record<string, Value>>, key: string): Value | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;

const plain = (text: string): string => text.normalize('NFKC').toLowerCase();

/** Lower case, letters and digits only, with the points that tell 2.6 from 26. */
const squeezed = (text: string): string => plain(text).replace(/[^\p{L}\p{N}.]+/gu, '');

/** `kling-v2-6`, `Kling 2.6` and `可灵2.6` (可灵 = kling) come to the same words: letters and numbers apart, no `v`. */
const wordsOf = (text: string): string[] =>
  (plain(text).match(/\p{Script=Han}+|\p{L}+|\p{N}+/gu) ?? []).filter((word) => word !== 'v');

/** 0 the same, 1 nothing in common: letters to change, in relation to the longer one. */
function spelling(a: string, b: string): number {
  const score = distance(a, b) / Math.max(a.length, b.length);
  return a.length > 2 && (a.includes(b) || b.includes(a)) ? score * 0.3 : score;
}

/** Words that say which of a family, and never which family. */
const ANYBODYS = new Set([
  'pro',
  'fast',
  'lite',
  'mini',
  'turbo',
  'max',
  'preview',
  'image',
  'video',
  'edit',
  'master',
  'cn',
  'flash',
  'model',
]);

/** 0 the same words, 1 not one in common. What is wanted and missing weighs more than what is there and was not named. */
function wording(wanted: readonly string[], has: readonly string[]): number {
  const names = wanted.filter((word) => /\p{L}/u.test(word) && !ANYBODYS.has(word));
  const rest = [...has];
  const found = wanted.filter((word) => {
    const at = rest.indexOf(word);
    if (at >= 0) rest.splice(at, 1);
    return at >= 0;
  });
  // A number alone is no name.
  if (!names.some((word) => found.includes(word))) return 1;
  return 0.8 * (1 - found.length / wanted.length) + (0.2 * rest.length) / has.length;
}

/** Levenshtein distance, one row at a time. */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, substitution));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
