// Base64 told from other texts, also from megabytes of it.

/** By form: `lines`, the standard digits, perhaps broken into lines; `any`, those or the digits for URLs, in one piece. */
export type Base64Form = 'lines' | 'any';

/** What is no digit. To look for one takes no stack; to match megabytes of digits may, in V8's interpreter. */
const FOREIGN: Record<Base64Form, RegExp> = { lines: /[^A-Za-z\d+/\s]/, any: /[^A-Za-z\d+/_-]/ };

/** Whether `text` is base64 of that form and nothing else. */
export function isBase64(text: string, form: Base64Form): boolean {
  const digits = text.replace(/={1,2}$/, '');
  return digits !== '' && !FOREIGN[form].test(digits);
}
