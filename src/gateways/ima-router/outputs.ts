// What a succeeded task of ima-router gave: where its results stand, which URLs are none, and what is said of each.

import type { Modality } from '../../catalog/index.js';
import type { MediaKind, OutputFacts } from '../../media/index.js';
import { isBase64, isRecord, numberOf, textOf, urlOf, valueAt } from '../../transport/index.js';

/** Lists of results, the richest first. */
const LISTS = [
  ['results'],
  ['result', 'data'],
  ['data'],
  ['urls'],
  // As the upstreams have them, passed on as they came: Midjourney, Kling, Vidu, and forms that several share.
  ['image_urls'],
  ['data', 'data', 'task_result', 'videos'],
  ['data', 'data', 'task_result', 'images'],
  ['data', 'creations'],
  ['images'],
  ['videos'],
  ['output'],
];

/**
 * Fields with the one result. No cover, thumbnail or watermarked copy is among them, and no field that may hold what
 * was sent; the last is the upstream's own answer.
 */
const SINGLES = [
  ['url'],
  ['result_url'],
  ['metadata', 'url'],
  ['video_url'],
  ['audio_url'],
  ['imageUrl'],
  ['content', 'video_url'],
  ['data', 'content', 'video_url'],
  // Gateways of this family keep the URL of a success there.
  ['fail_reason'],
];

/** The results that the task `node` tells of, from the richest place that has any; each once. */
export function outputsOf(node: Record<string, unknown>, modality: Modality): OutputFacts[] {
  const kind = kindOf(modality);
  for (const path of LISTS) {
    const list = valueAt(node, path);
    const found = (Array.isArray(list) ? list : []).flatMap((item) => outputOf(item, kind, node));
    if (found.length > 0) return withoutRepeats(found);
  }
  for (const path of SINGLES) {
    const found = outputOf({ url: valueAt(node, path) }, kind, node);
    if (found.length > 0) return found;
  }
  return [];
}

function withoutRepeats(outputs: OutputFacts[]): OutputFacts[] {
  const seen = new Set<string>();
  return outputs.filter(({ url }) => !seen.has(url) && seen.add(url));
}

function kindOf(modality: Modality): MediaKind {
  if (modality === 'image' || modality === 'video') return modality;
  return modality === 'music' || modality === 'speech' ? 'audio' : 'video';
}

/** One entry of a list of results: an object with a URL (or base64 bytes), or the URL itself. */
function outputOf(item: unknown, kind: MediaKind, node: Record<string, unknown>): OutputFacts[] {
  const entry = isRecord(item) ? item : { url: item };
  const url = [entry.url, entry.audio_url, entry.video_url].map(placeOf).find((place) => place !== undefined);
  const place = url ?? inlineOf(entry.b64_json, kind, textOf(entry.format) ?? textOf(node.format));
  if (place === undefined) return [];
  // The gateway writes bare words ("video") here; only a real type is passed on.
  const contentType = textOf(entry.content_type);
  const facts: OutputFacts = { url: place, kind: kindSaid(contentType) ?? kindNamed(place, kind) };
  if (contentType?.includes('/')) facts.contentType = contentType;
  const numbers = { width: 'width', height: 'height', durationSeconds: 'duration', bytes: 'size' } as const;
  for (const [name, field] of Object.entries(numbers)) {
    const value = numberOf(entry[field]);
    if (value !== undefined && value > 0) Object.assign(facts, { [name]: value });
  }
  const title = textOf(entry.title);
  if (title !== undefined) facts.title = title;
  return [facts];
}

/** Below these the gateway serves results itself (`/v1/videos/{id}/content`, with the key); it may leave its host out. */
const OWN_PATH = /^(?!.*\.\.)\/(?:v1|api|kling|mj)\/[\w\-.~%/]+(?:\?[\w\-.~%&=]*)?$/;
/** In any case, and with parameters before the coding (RFC 2397). */
const DATA_URL = /^data:(?:image|video|audio)\/[\w.+-]+(?:;[\w.+-]+=[\w.+-]*)*;base64,/i;

/** Where the bytes are: an http(s) URL, a path on the gateway, or the bytes themselves as a `data:` URL. */
function placeOf(value: unknown): string | undefined {
  const url = urlOf(value);
  if (url !== undefined || typeof value !== 'string') return url;
  const text = value.trim();
  return OWN_PATH.test(text) || DATA_URL.test(text) ? text : undefined;
}

const SUBTYPES: Readonly<Record<string, string>> = { jpg: 'jpeg', mp3: 'mpeg' };
const FALLBACK_SUBTYPE: Record<MediaKind, string> = { image: 'png', video: 'mp4', audio: 'mpeg' };

function inlineOf(value: unknown, kind: MediaKind, format: string | undefined): string | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (DATA_URL.test(text)) return text;
  // An error text is not taken for bytes.
  if (!isBase64(text, 'any')) return undefined;
  const word = format?.toLowerCase() ?? '';
  const subtype = /^[a-z\d.+-]{1,30}$/.test(word) ? (SUBTYPES[word] ?? word) : FALLBACK_SUBTYPE[kind];
  return `data:${kind}/${subtype};base64,${text}`;
}

/** A video task may also give a picture (its last frame): the entry's own words go before the task's kind. */
function kindSaid(contentType: string | undefined): MediaKind | undefined {
  const word = contentType?.split('/')[0]?.toLowerCase();
  return word === 'image' || word === 'video' || word === 'audio' ? word : undefined;
}

/** What a video task may give beside its video. */
const EXTENSIONS: readonly [RegExp, MediaKind][] = [
  [/\.(png|jpe?g|webp|gif|avif)$/i, 'image'],
  [/\.(mp3|wav|flac|ogg|opus|m4a|aac)$/i, 'audio'],
];

/** The kind that a file name of a video task tells of; elsewhere the task's own. */
function kindNamed(place: string, kind: MediaKind): MediaKind {
  if (kind !== 'video' || DATA_URL.test(place)) return kind;
  const path = place.startsWith('/') ? place.replace(/\?.*$/, '') : new URL(place).pathname;
  return EXTENSIONS.find(([pattern]) => pattern.test(path))?.[1] ?? kind;
}
