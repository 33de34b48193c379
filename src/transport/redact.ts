// What may be shown: keys, bearer tokens and the queries of URLs never leave in an error or a log line.

const BEARER = /\bBearer\s+[\w.~+/=-]{4,}/gi;
const KEY = /\b(?:(?:customer-sk-|sk-|ima_)[\w-]{6,}|A(?:KIA|SIA)[A-Z0-9]{12,})/g;
/** A URL's query may be its signature: which parameter that is differs by host, so none is shown. */
const QUERY = /(\bhttps?:\/\/[^\s"'<>?#\\]{1,2000})[?#][^\s"'<>\\]*/gi;
const ENCODED_URL = /\bhttps?%3A%2F%2F[^\s"'<>\\]*/gi;
const USERINFO = /(\bhttps?:\/\/)[^\s/"'<>@]{1,500}@/gi;
const SECRET_FIELD =
  /((?:api[-_]?key|access[-_]?key|secret|password|authorization|x-api-key)["']?\s{0,3}[:=]\s{0,3}["']?)(?!Bearer \*)[^\s"'&,;{}]{4,}/gi;

/** Texts are cut to this length before they are searched: nobody reads more in a message. */
const LONGEST_TEXT = 10_000;

/** `text` with every secret that is recognisable as one masked, and `secret` itself wherever it stands. */
export function redactText(text: string, secret?: string): string {
  let out = text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}… (${text.length} characters)` : text;
  if (secret !== undefined && secret.length >= 4) {
    out = out.split(secret).join('***').split(encodeURIComponent(secret)).join('***');
  }
  return out
    .replace(BEARER, 'Bearer ***')
    .replace(KEY, '***')
    .replace(USERINFO, '$1***@')
    .replace(QUERY, '$1?***')
    .replace(ENCODED_URL, '***')
    .replace(SECRET_FIELD, '$1***');
}

/** Names under which JSON keeps a secret as its value. */
const SECRET_NAME = /^(?:x-)?(?:api[-_]?key|access[-_]?key|secret|password|authorization|access[-_]?token|token)$/i;

/** A deep copy of JSON data with all strings redacted. Long strings (base64 media) are cut at 2,000 characters. */
export function redactJson<T>(value: T, secret?: string): T;
export function redactJson(value: unknown, secret?: string): unknown {
  if (typeof value === 'string') {
    const text = value.length > 2000 ? `${value.slice(0, 2000)}… (${value.length} characters)` : value;
    return redactText(text, secret);
  }
  if (Array.isArray(value)) return value.map((item) => redactJson<unknown>(item, secret));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [
        redactText(name, secret),
        SECRET_NAME.test(name) && typeof item === 'string' ? '***' : redactJson<unknown>(item, secret),
      ]),
    );
  }
  return value;
}
