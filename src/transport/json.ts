// Small looks into JSON that nobody vouches for, and what a message shows of a text.

import { redactText } from './redact.js';

/** An object that is not an array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What stands at `path`; undefined where the path ends early. */
export function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (held, key) =>
      typeof held === 'object' && held !== null && Object.hasOwn(held, key) ? Reflect.get(held, key) : undefined,
    value,
  );
}

/** A non-empty text; numbers count (codes and ids come as either). */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

/** Whether something stands there that may be an id: 0 and a blank are none. */
export function isId(value: unknown): boolean {
  const text = textOf(value)?.trim();
  return text !== undefined && text !== '0';
}

/** Longer codes are no codes. */
const LONGEST_CODE = 200;

/** A code, in words or numbers. */
export function codeOf(value: unknown): string | undefined {
  return textOf(value)?.slice(0, LONGEST_CODE);
}

/** A decimal number as JSON writes it; `Number` alone would also take `0x10`. */
const NUMBER = /^\s{0,9}[+-]?\d{1,30}(?:\.\d{1,30})?(?:e[+-]?\d{1,3})?\s{0,9}$/i;

/** A finite number, also when it came as text. */
export function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && NUMBER.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** A URL is a URL only if it parses as http(s) and has no blank: failed tasks carry their error text in URL fields. */
export function urlOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  return /^https?:\/\/\S+$/i.test(text) && URL.canParse(text) ? text : undefined;
}

/** Texts up to this length are shown as they came. */
const SHORT = 60;

/**
 * A text as a message shows it: redacted, and by its size if it is long. `visible` is the part that may be seen at all
 * (without the query of an address); redacted whole, since half a secret is not recognised as one.
 */
export function shownText(text: string, visible: string): string {
  const safe = redactText(JSON.stringify(visible));
  return text.length <= SHORT ? safe : `a text of ${text.length} characters (${safe.slice(0, 30)}…)`;
}
