// What may be shown: keys, bearer tokens and signed query strings never leave in an error or a log line.

const BEARER = /\bBearer\s+[\w.~+/=-]{4,}/gi;
const KEY = /\b(?:customer-sk-|sk-|ima_)[\w-]{6,}/g;
/** Query parameters whose value opens something: presigned URLs of OSS, TOS, S3, GCS, and keys sent as a query. */
const SIGNED =
  /([?&](?:[\w-]*(?:signature|token|credential|secret|apikey|api_key|appuid)[\w-]*|sign|key)=)[^&\s"'<>]+/gi;

/** `text` with every secret that is recognisable as one masked, and `secret` itself wherever it stands. */
export function redactText(text: string, secret?: string): string {
  let out = text;
  if (secret !== undefined && secret.length >= 4) out = out.split(secret).join('***');
  return out.replace(BEARER, 'Bearer ***').replace(KEY, '***').replace(SIGNED, '$1***');
}

/** A deep copy of JSON data with all strings redacted. Long strings (base64 media) are cut at 2,000 characters. */
export function redactJson<T>(value: T, secret?: string): T;
export function redactJson(value: unknown, secret?: string): unknown {
  if (typeof value === 'string') {
    const text = redactText(value, secret);
    return text.length > 2000 ? `${text.slice(0, 2000)}… (${text.length} characters)` : text;
  }
  if (Array.isArray(value)) return value.map((item) => redactJson<unknown>(item, secret));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [redactText(name, secret), redactJson<unknown>(item, secret)]),
    );
  }
  return value;
}
