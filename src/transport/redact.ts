// What may be shown: keys, bearer tokens and the queries of URLs never leave in an error or a log line.

const BEARER = /\bBearer\s+[\w.~+/=-]{4,}/gi;
const KEY = /\b(?:(?:customer-sk-|sk-|ima_)[\w-]{6,}|A(?:KIA|SIA)[A-Z0-9]{12,})/g;
/**
 * A URL's query may be its signature: which parameter that is differs by host, so none is shown. It may stand in JSON
 * that stands in a text: with its slashes escaped, and `&` as Go writes it.
 */
const QUERY = /(\bhttps?:(?:\\*\/){2}[^\s"'<>?#]{1,2000})[?#](?:[^\s"<>\\]|\\+u00[\da-f]{2})*/gi;
const ENCODED_URL = /\bhttps?%3A%2F%2F[^\s"'<>\\]*/gi;
const USERINFO = /(\bhttps?:(?:\\*\/){2})[^\s/"'<>@]{1,500}@/gi;
const SECRET_FIELD =
  /((?:api[-_]?key|access[-_]?key|secret|password|authorization|x-api-key)["']?\s{0,3}[:=]\s{0,3}["']?)(?!Bearer \*)[^\s"'&,;{}]{4,}/gi;

/** Of longer texts only so much is shown: nobody reads more in a message. */
const LONGEST_TEXT = 10_000;

/** What a cut may go through: no secret is longer. */
const LONGEST_SECRET = 2000;

/** `text` with every secret that is recognisable as one masked, and `secret` itself wherever it stands. */
export function redactText(text: string, secret?: string, longest = LONGEST_TEXT): string {
  const isLong = text.length > longest;
  let out = isLong ? text.slice(0, longest + LONGEST_SECRET) : text;
  if (secret !== undefined && secret.length >= 4) {
    out = out.split(secret).join('***').split(encodeURIComponent(secret)).join('***');
  }
  out = out
    .replace(BEARER, 'Bearer ***')
    .replace(KEY, '***')
    .replace(USERINFO, '$1***@')
    .replace(QUERY, '$1?***')
    .replace(ENCODED_URL, '***')
    .replace(SECRET_FIELD, '$1***');
  // Half a secret at the cut is not recognised as one: the end goes too.
  return isLong ? `${out.slice(0, Math.min(longest, out.length - LONGEST_SECRET))}… (${text.length} characters)` : out;
}

/** Names under which JSON keeps a secret as its value. */
const SECRET_NAME = /^(?:x-)?(?:api[-_]?key|access[-_]?key|secret|password|authorization|access[-_]?token|token)$/i;

/** Longer strings (base64 media) are cut. */
const LONGEST_STRING = 2000;

/** What lies deeper is left out: nobody reads it, and the stack is not endless. */
const DEEPEST = 100;

/** A deep copy of JSON data with all strings redacted. */
export function redactJson<T>(value: T, secret?: string, depth?: number): T;
export function redactJson(value: unknown, secret?: string, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value, secret, LONGEST_STRING);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === DEEPEST) return '…';
  if (Array.isArray(value)) return value.map((item) => redactJson<unknown>(item, secret, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      redactText(name, secret),
      SECRET_NAME.test(name) && typeof item === 'string' ? '***' : redactJson<unknown>(item, secret, depth + 1),
    ]),
  );
}
