// File names: made of a template, safe on every system, never leaving their folder.

import { createHash } from 'node:crypto';
import { bad } from '../transport/index.js';
import type { OutputFacts, OutputOrigin } from './facts.js';

/** Names that Windows reserves whatever their extension, and whatever blanks stand before that. */
const RESERVED = /^(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³]|conin\$|conout\$)\s*(\.|$)/i;

/** Leaves room for an extension and `.meta.part` within the common limit of 255 bytes per name. */
const MAX_BYTES = 200;

/** Of a name that is too long the end is replaced by so many digits of its hash: names that differ stay different. */
const HASH_DIGITS = 10;

/** Endings that are extensions of media: other words after a dot (`kling-v2.5`) are part of a name. */
export const MEDIA_EXTENSION =
  /\.(png|jpe?g|webp|gif|avif|heic|bmp|tiff?|mp4|m4v|mov|webm|mkv|avi|mp3|flv|jxl|wav|flac|ogg|oga|opus|m4a|weba|mka|aac)$/i;

const FIELDS = ['model', 'taskId', 'index', 'kind', 'title'] as const;

/** Throws `ConfigError` for a template with a field that does not exist. */
export function checkTemplate(template: string): void {
  const stranger = [...stem(template).matchAll(/\{(\w*)\}/g)].find(
    ([, field]) => !FIELDS.some((known) => known === field),
  );
  if (stranger === undefined) return;
  const known = FIELDS.map((field) => `{${field}}`).join(', ');
  throw bad('name', `has ${stranger[0]}, which is no field`, `Known: ${known}, and {ext} at the end.`);
}

/** The name that `template` makes for one of `count` outputs, without its extension. */
export function nameFrom(
  template: string | undefined,
  { output, origin, count }: { output: OutputFacts; origin: OutputOrigin; count: number },
): string {
  const text = template === undefined ? '{model}-{taskId}-{index}' : stem(template);
  const fields: Record<string, string> = {
    model: origin.model,
    taskId: origin.taskId ?? 'output',
    index: String(origin.index),
    kind: output.kind,
    title: output.title ?? 'untitled',
  };
  const name = text.replace(/\{(\w+)\}/g, (whole, field: string) => fields[field] ?? whole);
  return safeName(count > 1 && !text.includes('{index}') ? `${name}-${origin.index + 1}` : name);
}

/** A template without its ending: what the bytes are, they know better. */
function stem(template: string): string {
  return template.replace(/\.?\{ext\}$/, '').replace(MEDIA_EXTENSION, '');
}

/** One path segment made of `text`: no separators, control characters, leading dots or reserved names. */
export function safeName(text: string): string {
  const name = text
    .normalize('NFC')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this removes
    .replace(/[\u0000-\u001f\u007f<>:"/\\|?*]+/g, '_')
    // Marks that reorder what is shown (`gnp.exe` as `exe.png`), and halves of surrogate pairs.
    .replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]|\p{Surrogate}/gu, '')
    .replace(/^[.\s]+/, '')
    .replace(/[.\s]+$/, '');
  return shortened(name === '' || RESERVED.test(name) ? `_${name}` : name, MAX_BYTES);
}

/** `name` in at most `mostBytes` of UTF-8; what does not fit is told apart by its hash. */
export function shortened(name: string, mostBytes: number): string {
  if (Buffer.byteLength(name) <= mostBytes) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, HASH_DIGITS);
  let kept = '';
  let left = mostBytes - HASH_DIGITS - 1;
  for (const character of name) {
    left -= Buffer.byteLength(character);
    if (left < 0) break;
    kept += character;
  }
  return `${kept}~${hash}`;
}
