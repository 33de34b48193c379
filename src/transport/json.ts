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
