// Ids of tasks in answers that nobody vouches for: with all their digits, and under the names that they may stand under.

import { type Answer, isId, textOf, urlOf } from '../transport/index.js';

/** A field whose digits a JavaScript number may not hold. Inside a text it cannot stand: there quotes are escaped. */
const LONG_ID = /("(?:task_id|id|result)"\s*:\s*)(-?\d{16,})(?=\s*[,}])/g;

/** The JSON of an answer, with long ids as texts of their own digits. */
export function exactJson(answer: Answer): unknown {
  if (answer.json === undefined) return undefined;
  const exact = answer.text.replace(LONG_ID, '$1"$2"');
  return exact === answer.text ? answer.json : JSON.parse(exact);
}

/** An id that a task can be asked for by; a number that has lost digits on the way is none. */
export function idOf(value: unknown): string | undefined {
  const isLossy = typeof value === 'number' && !Number.isSafeInteger(value);
  return isId(value) && !isLossy ? textOf(value) : undefined;
}

/** Under any name, at any depth that a gateway has been seen to use: what looks like the id of a task may be one. */
export function namesTask(value: unknown, how: 'at all' | 'by its name' = 'at all', depth = 0): boolean {
  if (depth > 4 || typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, inner]) => {
    if (NAME_OF_ID.test(name)) return isId(inner) || (Array.isArray(inner) && inner.some(isId));
    const mayName = how === 'at all';
    if (mayName && NAME_OF_TASK.test(name) && isLikeId(inner)) return true;
    if (mayName && NAME_OF_PLACE.test(name) && urlOf(inner) !== undefined) return true;
    return namesTask(inner, how, depth + 1);
  });
}

const NAME_OF_ID = /^(?:task|video|image|audio|job|generation|prediction|operation)?_?(?:uu)?ids?$/i;
/** Fields that hold a task or, bare, its id. */
const NAME_OF_TASK = /^(?:task|job|generation|prediction|operation|result|data)$/i;
const NAME_OF_PLACE = /^(?:(?:poll(?:ing)?|status|task|result|get|self)_?)?(?:url|href|location)$/i;

/** One word with a digit in it: ids have them, words for people seldom. */
export function isLikeId(value: unknown): boolean {
  const text = isId(value) ? textOf(value) : undefined;
  return text !== undefined && /^[\w.:~-]*\d[\w.:~-]*$/.test(text);
}
