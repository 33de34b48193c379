// Where the mock's chance comes from: every number follows from the seed and from what it is for, never from the order of calls.

const ALPHABETS = {
  alphanumeric: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789',
  digits: '0123456789',
  hex: '0123456789abcdef',
  lowercase: 'abcdefghijklmnopqrstuvwxyz0123456789',
} as const;

export type Alphabet = keyof typeof ALPHABETS;

/** A stream of numbers in [0, 1) that depends on nothing but `names` (mulberry32 over an FNV-1a hash). */
export function chance(...names: (string | number)[]): () => number {
  let state = 0x811c9dc5;
  for (const char of names.join('\u0000')) {
    state = Math.imul(state ^ (char.codePointAt(0) ?? 0), 0x01000193);
  }
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `length` characters of `alphabet`, drawn from `next`. */
export function token(next: () => number, alphabet: Alphabet, length: number): string {
  const characters = ALPHABETS[alphabet];
  return Array.from({ length }, () => characters[Math.floor(next() * characters.length)]).join('');
}

/** One of `items`, drawn from `next`; undefined when there is none. */
export function oneOf<T>(items: readonly T[], next: () => number): T | undefined {
  return items[Math.floor(next() * items.length)];
}
