// How a gateway is reached: a key and a base URL as people paste them, checked before anything can be sent.

import { bad } from './check.js';
import { ConfigError } from './errors.js';
import { redactText } from './redact.js';

/**
 * The bare key: without spaces, quotes and a leading "Bearer ", which is how keys are pasted (field-notes A1).
 * Undefined when nothing is left. Throws `ConfigError` when no header could carry it.
 */
export function cleanKey(key: string | undefined): string | undefined {
  let bare = key?.trim() ?? '';
  for (let before = ''; before !== bare; ) {
    before = bare;
    bare = bare
      .replace(/^["'“”]+|["'“”]+$/g, '')
      .replace(/^Bearer(\s+|$)/i, '')
      .trim();
  }
  if (bare === '') return undefined;
  if (/^[\x21-\x7e]+$/.test(bare)) return bare;
  throw new ConfigError('The API key has characters that no header can carry: it was probably pasted wrongly.', {
    code: 'bad_api_key',
    phase: 'config',
    hint: 'Paste the key again, without line breaks.',
  });
}

/** Origin and path prefix without a trailing `/` or `/v1`. Throws `ConfigError`; plain http only to loopback. */
export function cleanBaseUrl(baseUrl: string): string {
  const bad = (why: string, hint: string) =>
    new ConfigError(`The base URL "${redactText(baseUrl)}" ${why}.`, {
      code: 'bad_base_url',
      phase: 'config',
      param: 'baseUrl',
      hint,
    });
  const text = baseUrl.trim();
  if (!URL.canParse(text)) throw bad('is not a URL', 'Write it in full: https://<host>.');
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw bad('is not a web address', 'Use https://.');
  if (url.username !== '' || url.password !== '') throw bad('holds credentials', 'Pass the key as { apiKey }.');
  if (url.search !== '' || url.hash !== '') throw bad('has a query or a fragment', 'Leave them out.');
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw bad('would send the key in the clear', 'Use https://; plain http is for loopback only.');
  }
  const path = url.pathname.replace(/\/+$/, '').replace(/\/v1$/, '').replace(/\/+$/, '');
  return url.origin + path;
}

/** The address of a model index: no credentials, no fragment; plain http only to loopback. Throws `ConfigError`. */
export function cleanIndexUrl(url: string): string {
  const bad = (why: string) =>
    new ConfigError(`The model index's address "${redactText(url)}" ${why}.`, {
      code: 'bad_option',
      phase: 'config',
      param: 'url',
      hint: 'Write it in full: https://<host>/model-index.json.',
    });
  if (!URL.canParse(url)) throw bad('is not a URL');
  const { protocol, hostname, username, password, origin, pathname, search } = new URL(url);
  if (protocol !== 'https:' && !(protocol === 'http:' && isLoopback(hostname))) throw bad('is not https');
  if (username !== '' || password !== '') throw bad('holds credentials');
  return origin + pathname + search;
}

/** Whether a host name as `URL` gives it is this machine itself. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** IPv4 ranges that are not on the public internet: RFC 1122, 1918, 2544, 3927, 5735, 6598, multicast and reserved. */
const PRIVATE_V4 =
  /^(?:0|10|127|22[4-9]|23\d|24\d|25\d)\.|^169\.254\.|^172\.(?:1[6-9]|2\d|3[01])\.|^192\.168\.|^198\.1[89]\.|^192\.0\.[02]\.|^198\.51\.100\.|^203\.0\.113\.|^192\.88\.99\.|^100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./;
/**
 * Loopback, unspecified, unique local, link-local, multicast; discard-only, segment routing; and what leads
 * to IPv4 by a translator of the local network (RFC 8215) or a Teredo relay.
 */
const PRIVATE_V6 =
  /^(?:::1?$|f[cd][0-9a-f]{2}:|fe[89a-f][0-9a-f]:|ff[0-9a-f]{2}:|100:(?:0:0:0:|:)|5f00:|64:ff9b:1:|2001:(?:0:|:))/;
/** Names of private networks, and names without a dot, which only a local resolver knows. */
const PRIVATE_NAME =
  /(?:^|\.)(?:localhost|localdomain|local|lan|internal|home|corp|test|invalid|home\.arpa)\.?$|^[^.]+\.?$/;

/** Whether nobody outside can reach a host name as `URL` gives it. Asks no name server. */
export function isPrivateHost(hostname: string): boolean {
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(hostname)) return PRIVATE_V4.test(hostname);
  if (!hostname.startsWith('[')) return PRIVATE_NAME.test(hostname);
  const address = hostname.slice(1, -1);
  // IPv4 inside IPv6, mapped or translated: `URL` writes it as two groups of hex.
  const [, high, low] =
    /^(?:::(?:ffff:)?|64:ff9b::|2002:(?=[0-9a-f]+:[0-9a-f]+:))([0-9a-f]{1,4}):([0-9a-f]{1,4})(?:$|::?)/.exec(address) ??
    [];
  if (high === undefined || low === undefined) return PRIVATE_V6.test(address);
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return PRIVATE_V4.test(`${a >> 8}.${a & 255}.${b >> 8}.${b & 255}`);
}

/** Proxies that capture all traffic (Clash, Surge) answer name lookups with stand-ins of this range, meant for measuring. */
const STAND_IN_V4 = /^198\.1[89]\./;

/** Whether an address that a name server gave is a private one, so that a public name leads into somebody's network. */
export function isPrivateAddress(address: string): boolean {
  const bare = address.replace(/%.*$/, '');
  if (!bare.includes(':')) return isPrivateHost(bare) && !STAND_IN_V4.test(bare);
  // In the form that `URL` writes, which is what the ranges are spelt in.
  return !URL.canParse(`http://[${bare}]`) || isPrivateHost(new URL(`http://[${bare}]`).hostname);
}

/** Headers that belong to the connection or to this library; a caller's own would break or misdirect a paid call. */
const NOT_FOR_USERS = new Set([
  'authorization',
  'connection',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'x-trace-id',
]);

/**
 * Header names in lower case, so that one overrides another. Throws `ConfigError` for what HTTP cannot carry, and for what
 * is neither `Headers` nor a plain object: a Map has no fields, and its headers would be lost in silence.
 */
export function cleanHeaders(headers: Headers | Record<string, string> | undefined): Record<string, string> {
  const clean: Record<string, string> = {};
  for (const [name, value] of headers === undefined ? [] : entriesOf(headers)) {
    // A value that is undefined is a header that is not set.
    if (value === undefined) continue;
    if (NOT_FOR_USERS.has(name.toLowerCase())) {
      throw new ConfigError(`The header ${JSON.stringify(name)} is not for users to set.`, {
        code: 'bad_option',
        phase: 'config',
        param: 'headers',
        hint: 'The key goes into `apiKey`, a trace id into the options of `submit`.',
      });
    }
    try {
      // What is no text would be written as "null", or as "[object Object]".
      if (typeof value !== 'string') throw new TypeError('not a text');
      new Headers([[name, value]]);
    } catch {
      throw new ConfigError(`The header ${JSON.stringify(name)} cannot be sent as it is.`, {
        code: 'bad_option',
        phase: 'config',
        param: 'headers',
        // No cause: the platform's message repeats the value, which may be a secret.
        hint: 'Names are tokens, values one line of Latin-1.',
      });
    }
    clean[name.toLowerCase()] = value;
  }
  return clean;
}

/** `Headers` may be those of another copy of fetch: its iterator tells as much as its class. */
function entriesOf(headers: object): [string, unknown][] {
  if (isHeaders(headers)) return [...headers];
  const prototype: unknown = typeof headers === 'object' && headers !== null && Object.getPrototypeOf(headers);
  // Also a plain object of another realm.
  const isPlain = prototype === null || (typeof prototype === 'object' && Object.getPrototypeOf(prototype) === null);
  if (!isPlain) throw bad('headers', 'must be an object of texts, or `Headers`', 'E.g. { "x-name": "value" }.');
  return Object.entries(headers);
}

function isHeaders(value: unknown): value is Headers {
  return Object.prototype.toString.call(value) === '[object Headers]';
}
