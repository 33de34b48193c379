// What changed of a value itself: which values there are, their limits and patterns, and what it is if left out.
import { isString, type Json, sameJson } from '../spec/json.js';
import type { Direction, FindingKind, Note } from './finding.js';
import { LIMITS, type Limit, type Shape } from './shape.js';
import { code, isUpper, limitWord, listOfValues, typesWord, valueWord } from './words.js';

/** Tells `note` all of it. */
export function compareValues(before: Shape, after: Shape, path: string, direction: Direction, note: Note): void {
  values(before, after, path, direction, note);
  limits(before, after, path, direction, note);
  demands(before, after, path, note);
  compareFallback(before, after, path, note);
}

function values(before: Shape, after: Shape, path: string, direction: Direction, note: Note): void {
  const takes = direction === 'request' ? 'takes' : 'says';
  const kind: FindingKind = isStatus(path) ? 'status' : 'values';
  if (before.values !== undefined && after.values !== undefined) {
    const gone = without(before.values, after.values);
    const come = without(after.values, before.values);
    if (kind === 'status' && direction === 'answer') {
      for (const word of gone) note(kind, 'less', path, `no longer says ${valueWord(word)}`, wordOf(word));
      for (const word of come) note(kind, 'more', path, `has a new word: ${valueWord(word)}`, wordOf(word));
      return;
    }
    if (gone.length > 0) note(kind, 'less', path, `no longer ${takes} ${listOfValues(gone)}`);
    if (come.length > 0) note(kind, 'more', path, `also ${takes} ${listOfValues(come)}`);
  } else if (after.values !== undefined) {
    note('values', 'less', path, `${takes} only ${listOfValues(after.values)} now, was ${typesWord(before.types)}`);
  } else if (before.values !== undefined) {
    note('values', 'more', path, `${takes} ${typesWord(after.types)} now, was only ${listOfValues(before.values)}`);
  } else if (direction === 'answer') {
    for (const word of without(before.said, after.said)) {
      note('status', 'less', path, `no longer says ${valueWord(word)}`, wordOf(word));
    }
    for (const word of without(after.said, before.said)) {
      note('status', 'more', path, `has a new word: ${valueWord(word)}`, wordOf(word));
    }
  }
}

function limits(before: Shape, after: Shape, path: string, direction: Direction, note: Note): void {
  for (const side of [(limit: Limit) => !isUpper(limit), isUpper]) {
    for (const family of ['', 'Length', 'Items', 'Properties']) {
      const own = LIMITS.filter((limit) => side(limit) && familyOf(limit) === family);
      const was = bindingOf(before, own);
      const is = bindingOf(after, own);
      const [limit = 'minimum'] = own;
      if (was?.limit === is?.limit && was?.value === is?.value) continue;
      const verb = direction === 'request' ? 'takes' : 'is';
      const text = `${verb} ${limitWord(is?.limit ?? limit, is?.value)} now, was ${limitWord(was?.limit ?? limit, was?.value)}`;
      const [now, then] = [is?.rank ?? Number.NEGATIVE_INFINITY, was?.rank ?? Number.NEGATIVE_INFINITY];
      note('limit', now > then || (now === then && is?.exclusive === true) ? 'less' : 'more', path, text);
    }
  }
}

function demands(before: Shape, after: Shape, path: string, note: Note): void {
  for (const key of Object.keys(DEMAND_WORDS)) {
    const [was, is] = [before.demands[key], after.demands[key]];
    if (sameJson(was, is)) continue;
    if (is === undefined) note('limit', 'more', path, `need not ${demandWord(key, was)} any more`);
    else if (was === undefined) note('limit', 'less', path, `must ${demandWord(key, is)} now`);
    else {
      const text = `must ${demandWord(key, is)} now, was ${code(wordOf(was))}`;
      const isMultiple = typeof was === 'number' && typeof is === 'number' && is % was === 0;
      const isDivisor = typeof was === 'number' && typeof is === 'number' && was % is === 0;
      if (isMultiple || isDivisor) note('limit', isMultiple ? 'less' : 'more', path, text);
      else note('limit', 'unclear', path, `could not be compared: it ${text}`);
    }
  }
}

/** What is taken where nothing is given. */
export function compareFallback({ fallback: was }: Shape, { fallback: is }: Shape, path: string, note: Note): void {
  if (sameJson(was, is)) return;
  if (is === undefined)
    note('default', 'less', path, `says no longer what it is if left out (was ${valueWord(was ?? null)})`);
  else if (was === undefined) note('default', 'more', path, `is ${valueWord(is)} if left out, as is said now`);
  else note('default', 'unclear', path, `is ${valueWord(is)} if left out now, was ${valueWord(was)}`);
}

const DEMAND_WORDS: Readonly<Record<string, string>> = {
  pattern: 'fit the pattern',
  format: 'be in the format',
  multipleOf: 'be a multiple of',
  uniqueItems: 'hold no item twice',
};

const demandWord = (key: string, value: Json | undefined): string =>
  `${DEMAND_WORDS[key] ?? key}${value === undefined || value === true ? '' : ` ${code(wordOf(value))}`}`;

const isStatus = (path: string): boolean => /(?:^|\.)status$/.test(path);
const wordOf = (value: Json): string => (isString(value) ? value : JSON.stringify(value));
const without = (list: readonly Json[], others: readonly Json[]): Json[] =>
  list.filter((value) => !others.some((other) => sameJson(other, value)));

const familyOf = (limit: Limit): string => /(Length|Items|Properties)$/.exec(limit)?.[1] ?? '';

interface Binding {
  limit: Limit;
  value: number;
  /** The higher, the tighter. */
  rank: number;
  exclusive: boolean;
}

/** Of several limits on one side that which refuses most. */
function bindingOf({ limits }: Shape, own: readonly Limit[]): Binding | undefined {
  const set = own.flatMap((limit): Binding[] => {
    const value = limits[limit];
    if (value === undefined) return [];
    return [{ limit, value, rank: isUpper(limit) ? -value : value, exclusive: limit.startsWith('exclusive') }];
  });
  return set.sort((a, b) => b.rank - a.rank || Number(b.exclusive) - Number(a.exclusive))[0];
}
