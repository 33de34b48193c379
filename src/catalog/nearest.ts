// Which known ids somebody may have meant: edit distance over normalised names, with a bonus for shared words.

/** Nobody means a model by more than this. */
const LONGEST_NAME = 100;

/** At most `limit` ids of `ids`, nearest first; only those that are near enough to be worth a suggestion. */
export function nearestIds(wanted: string, ids: Iterable<string>, limit = 3): string[] {
  const needle = normalise(wanted);
  if (needle === '' || wanted.length > LONGEST_NAME) return [];
  const words = wordsOf(wanted);
  const scored: { id: string; score: number }[] = [];
  for (const id of ids) {
    const candidate = normalise(id);
    const longest = Math.max(needle.length, candidate.length);
    let score = distance(needle, candidate) / longest;
    if (candidate.includes(needle) || needle.includes(candidate)) score *= 0.5;
    const own = wordsOf(id);
    const shared = words.filter((word) => own.includes(word)).length;
    if (shared > 0) score *= 1 - (0.5 * shared) / Math.max(words.length, own.length);
    scored.push({ id, score });
  }
  return scored
    .filter(({ score }) => score <= 0.5)
    .sort((a, b) => a.score - b.score || (a.id < b.id ? -1 : 1))
    .slice(0, limit)
    .map(({ id }) => id);
}

function normalise(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');
}

function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
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
