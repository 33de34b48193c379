// Base64 told from other texts, also from megabytes of it.

/** Nothing of base64, standard or for URLs. To look for it takes no stack; to match megabytes may, in V8's interpreter. */
const FOREIGN = /[^A-Za-z\d+/_-]/;

/** Whether `text` is base64 and nothing else, without blanks. */
export function isBase64(text: string): boolean {
  const digits = text.replace(/={1,2}$/, '');
  return digits !== '' && !FOREIGN.test(digits);
}
