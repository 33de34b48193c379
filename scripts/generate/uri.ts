// `format: uri` as a pattern, so that zod (which asks the WHATWG URL parser) and ajv (which asks RFC 3986) give one verdict.

// The expression of ajv-formats 3 (MIT), after http://jmrware.com/articles/2009/uri_regexp/URI_regex.html; test/spec compares the two.
const H = '[0-9a-f]';
const H16 = `${H}{1,4}`;
const OCTET = '(?:25[0-5]|2[0-4]\\d|[01]?\\d\\d?)';
const IPV4 = `(?:${OCTET}\\.){3}${OCTET}`;
const LS32 = `(?:${H16}:${H16}|${IPV4})`;
const UNRESERVED_SUB = "a-z0-9\\-._~!$&'()*+,;=";
const PCT = `%${H}{2}`;
/** A class of characters any number of times, percent codes among them. Loops of one class cost no stack: data URLs are long. */
const many = (extra: string): string => `[${UNRESERVED_SUB}${extra}]*(?:${PCT}[${UNRESERVED_SUB}${extra}]*)*`;
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
const HOST = `(?:\\[(?:(?:${IPV6})|v${H}+\\.[${UNRESERVED_SUB}:]+)\\]|${IPV4}|${many('')})`;
const AUTHORITY = `(?:${many(':')}@)?${HOST}(?::\\d*)?`;
// The first character of a path without an authority is no slash; those that follow may be.
const ROOTLESS = `(?:[${UNRESERVED_SUB}:@]|${PCT})${many(':@/')}`;
const TAIL = many(':@/?');

const insensitive = (pattern: string): string =>
  pattern.replaceAll('a-z', 'A-Za-z').replaceAll('0-9a-f', '0-9A-Fa-f').replaceAll('|v[', '|[Vv][');

/** No flags needed, and the same meaning with and without `u`. */
export const URI_PATTERN = insensitive(
  `^[a-z][a-z0-9+\\-.]*:(?:\\/\\/?${AUTHORITY}(?:\\/${many(':@/')})?|\\/(?:${ROOTLESS})?|${ROOTLESS})(?:\\?${TAIL})?(?:#${TAIL})?$`,
);
