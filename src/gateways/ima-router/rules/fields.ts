// How the rules look at a body: is a field given, do two spellings of it agree, which media does the body carry.

import type { Body, RuleFinding } from '../../../catalog/index.js';
import { isRecord, numberOf, valueAt } from '../../../transport/index.js';

/** A place in a body, as in `RuleFinding.path`. */
export type Path = readonly (string | number)[];

/** False for what carries nothing: null, blank text, an empty list. `false` and 0 are given. */
export function given(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === 'string') return value.trim() !== '';
  return !Array.isArray(value) || value.length > 0;
}

/** A list, or one value as a list of one; what is not given is left out. */
export function listOf(value: unknown): unknown[] {
  return (Array.isArray(value) ? value : [value]).filter(given);
}

/** The object of extended parameters, empty when there is none. */
export function metadataOf(body: Body): Body {
  return isRecord(body.metadata) ? body.metadata : {};
}

/** The first of several spellings that is given. */
export function firstGiven(body: Body, spellings: readonly Path[]): unknown {
  return spellings.map((path) => valueAt(body, path)).find(given);
}

export function finding(path: Path, message: string, expected: string): RuleFinding[] {
  return [{ path, message, expected }];
}

/**
 * Spellings of one setting that are given with different values: no page says which wins, so one is lost without a word.
 * 5 and "5" are the same.
 */
export function differing(body: Body, spellings: readonly Path[]): RuleFinding[] {
  const [first, ...others] = spellings.filter((path) => given(valueAt(body, path)));
  if (first === undefined) return [];
  return others
    .filter((path) => !same(valueAt(body, first), valueAt(body, path)))
    .flatMap((path) =>
      finding(
        path,
        `differs from ${first.join('.')}, which sets the same thing: only one of them can take effect`,
        `the value of ${first.join('.')}, or only one of the two`,
      ),
    );
}

/** By number where both are numbers. What is neither text, number nor switch is not compared. */
export function same(a: unknown, b: unknown): boolean {
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== undefined && y !== undefined) return x === y;
  if (typeof a === 'object' || typeof b === 'object') return true;
  return String(a).trim() === String(b).trim();
}

/** No media field lies deeper; the bound keeps a monstrous body from overflowing the stack. */
const MAX_DEPTH = 8;

export interface Leaf {
  path: Path;
  value: string | number;
}

/** Every text and number of a body, with its place. */
export function* leavesOf(value: unknown, path: Path = []): Generator<Leaf> {
  if (typeof value === 'string' || typeof value === 'number') yield { path, value };
  if (typeof value !== 'object' || value === null || path.length >= MAX_DEPTH) return;
  for (const [key, held] of Object.entries(value)) {
    yield* leavesOf(held, [...path, Array.isArray(value) ? Number(key) : key]);
  }
}

/** Extensions that are no image, and what such a file is to `asset_type`. */
const ASSET_TYPES: readonly [RegExp, 'Video' | 'Audio'][] = [
  [/\.(mp4|mov|webm|mkv|avi|m4v)$/i, 'Video'],
  [/\.(mp3|wav|m4a|aac|flac|ogg|opus)$/i, 'Audio'],
];

/** What a file of that name is to `asset_type`, where it is surely no image. */
export function assetTypeNamed(name: string): 'Video' | 'Audio' | undefined {
  return ASSET_TYPES.find(([extension]) => extension.test(name))?.[1];
}

/** Fields that hold words for people or for the caller's own server: a URL there is no input. */
const WORDS = /prompts?$|^(text|input|ssml|title|description|tags|state|model)$|callback|webhook|notify/i;
const MEDIA_FIELD = /image|img|picture|photo|video|audio|media|frame|mask|reference|element|asset|file|url/i;
const MEDIA_ID = /(img|image|picture|video|audio|media|element|asset|file)s?_?ids?$/i;
/** Names that speak of media and set something about it: `audio_type`, `bgm_volume`. */
const SETTING = /(^|_)(type|setting|mode|style|format|volume|language|count|size|ratio|quality|fps|name)$/i;
const URI = /^[a-z][a-z0-9+.-]+:/i;
const SWITCH = /^(true|false|on|off|yes|no|none|auto|origin|default)$/i;

/** True in a field that holds words: a prompt may quote a URL. */
export function inWords({ path }: Leaf): boolean {
  return WORDS.test(nameOf(path));
}

/**
 * Where a body carries anything that may be a picture, a video or a sound, in whatever spelling, fields that no schema
 * declares included: a rule for text-only requests must not strike one whose media it did not recognise.
 */
export function mediaIn(body: unknown): Path[] {
  return [...leavesOf(body)].filter(isMedia).map((leaf) => leaf.path);
}

function isMedia(leaf: Leaf): boolean {
  const names = leaf.path.filter((step) => typeof step === 'string');
  if (typeof leaf.value === 'number') return names.some((name) => MEDIA_ID.test(name));
  const text = leaf.value.trim();
  if (text === '' || inWords(leaf)) return false;
  const speaks = names.some((name) => MEDIA_FIELD.test(name)) && !SETTING.test(nameOf(leaf.path));
  return URI.test(text) || (speaks && !SWITCH.test(text));
}

/** The name of the field that a leaf stands in, lists looked through. */
function nameOf(path: Path): string {
  return path.findLast((step) => typeof step === 'string') ?? '';
}

/** The finding of a text-only request without words. */
export function promptRequired(body: Body): RuleFinding[] {
  if (given(body.prompt) || given(metadataOf(body).prompt) || mediaIn(body).length > 0) return [];
  return finding(['prompt'], 'is required: there is no image, video or audio to go by', 'a text');
}
