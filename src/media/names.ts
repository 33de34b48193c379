// File names that are safe on every system and never leave their folder.

/** Names that Windows reserves whatever their extension. */
const RESERVED = /^(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³]|conin\$|conout\$)(\.|$)/i;

/** Leaves room for `.part` suffixes within the common limit of 255 bytes per name. */
const MAX_BYTES = 200;

/** One path segment made of `text`: no separators, control characters, leading dots or reserved names. */
export function safeName(text: string): string {
  let name = text
    .slice(0, MAX_BYTES)
    .normalize('NFC')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this removes
    .replace(/[\u0000-\u001f\u007f<>:"/\\|?*]+/g, '_')
    // Marks that reorder what is shown (`gnp.exe` as `exe.png`), and halves of surrogate pairs.
    .replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]|\p{Surrogate}/gu, '')
    .replace(/^[.\s]+/, '')
    .replace(/[.\s]+$/, '');
  const encoder = new TextEncoder();
  while (encoder.encode(name).length > MAX_BYTES) name = [...name].slice(0, -1).join('');
  if (name === '' || RESERVED.test(name)) name = `_${name}`;
  return name;
}
