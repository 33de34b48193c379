// `format: uri` as a pattern, so that zod (which asks the WHATWG URL parser) and ajv (which asks RFC 3986) give one verdict.

// The expression of ajv-formats 3 (MIT), after http://jmrware.com/articles/2009/uri_regexp/URI_regex.html; test/spec compares the two.
const H = '[0-9a-f]';
const H16 = `${H}{1,4}`;
const OCTET = '(?:25[0-5]|2[0-4]\\d|[01]?\\d\\d?)';
const IPV4 = `(?:${OCTET}\\.){3}${OCTET}`;
const LS32 = `(?:${H16}:${H16}|${IPV4})`;
const UNRESERVED_SUB = "a-z0-9\\-._~!$&'()*+,;=";
const PCT = `%${H}{2}`;
const PCHAR = `(?:[${UNRESERVED_SUB}:@]|${PCT})`;
const IPV6 = [
  `(?:${H16}:){6}${LS32}`,
  `::(?:${H16}:){5}${LS32}`,
  `(?:${H16})?::(?:${H16}:){4}${LS32}`,
  `(?:(?:${H16}:){0,1}${H16})?::(?:${H16}:){3}${LS32}`,
  `(?:(?:${H16}:){0,2}${H16})?::(?:${H16}:){2}${LS32}`,
  `(?:(?:${H16}:){0,3}${H16})?::${H16}:${LS32}`,
  `(?:(?:${H16}:){0,4}${H16})?::${LS32}`,
  `(?:(?:${H16}:){0,5}${H16})?::${H16}`,
  `(?:(?:${H16}:){0,6}${H16})?::`,
].join('|');
const HOST = `(?:\\[(?:(?:${IPV6})|v${H}+\\.[${UNRESERVED_SUB}:]+)\\]|${IPV4}|(?:[${UNRESERVED_SUB}]|${PCT})*)`;
const AUTHORITY = `(?:(?:[${UNRESERVED_SUB}:]|${PCT})*@)?${HOST}(?::\\d*)?`;
const ROOTLESS = `${PCHAR}+(?:\\/${PCHAR}*)*`;
const TAIL = `(?:[${UNRESERVED_SUB}:@/?]|${PCT})*`;

const insensitive = (pattern: string): string =>
  pattern.replaceAll('a-z', 'A-Za-z').replaceAll('0-9a-f', '0-9A-Fa-f').replaceAll('|v[', '|[Vv][');

/** No flags needed, and the same meaning with and without `u`. */
export const URI_PATTERN = insensitive(
  `^[a-z][a-z0-9+\\-.]*:(?:\\/\\/?${AUTHORITY}(?:\\/${PCHAR}*)*|\\/(?:${ROOTLESS})?|${ROOTLESS})(?:\\?${TAIL})?(?:#${TAIL})?$`,
);
