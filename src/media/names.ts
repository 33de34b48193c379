// File names that are safe on every system and never leave their folder.

/** Names that Windows reserves whatever their extension. */
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/** Leaves room for `.part` suffixes within the common limit of 255 bytes per name. */
const MAX_BYTES = 200;

/** One path segment made of `text`: no separators, control characters, leading dots or reserved names. */
export function safeName(text: string): string {
  let name = text
    .normalize('NFC')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this removes
    .replace(/[\u0000-\u001f\u007f<>:"/\\|?*]+/g, '_')
    .replace(/^[.\s]+/, '')
    .replace(/[.\s]+$/, '');
  const encoder = new TextEncoder();
  while (encoder.encode(name).length > MAX_BYTES) name = [...name].slice(0, -1).join('');
  if (name === '' || RESERVED.test(name)) name = `_${name}`;
  return name;
}
