// Which texts and bytes of a request are local media: those that `hostFile` will put on the web, and those that are refused.

import { isBase64, isPrivateHost, type RequestIssue, shownText } from '../transport/index.js';
import { type Draft, type FieldOfMedia, type Path, type Source, setAt, standIn } from './draft.js';
import { kindNamed, namesSetting, wordsOfName } from './field-names.js';

/** Puts a local file where the gateway can fetch it, and says where that is: a public http(s) URL. */
export type HostFile = (file: File, about: HostedField) => Promise<string | URL> | string | URL;

/** What a file is for. */
export interface HostedField {
  model: string;
  /** Path of the field, joined by dots: `metadata.first_frame_image`. */
  field: string;
  signal?: AbortSignal | undefined;
}

/** How media is dealt with. */
export interface LocalOptions {
  model: string;
  hostFile: HostFile | undefined;
  /** Whether texts that the gateway cannot use are refused; bytes and blobs always are. */
  strict: boolean;
  /** Whether the fields of the request are known: then bytes elsewhere than in media fields are a mistake. */
  isKnown: boolean;
  /** The scheme of addresses of the gateway's own making, where they are media to this model: `asset:`. */
  assetScheme: string | undefined;
  /** Whether the gateway itself is on this machine, so that it reaches private addresses. */
  isLocalGateway: boolean;
}

/**
 * Finds the texts of `draft` that are local too: paths, `file:` and `data:` URLs. Those that will be hosted get a
 * stand-in. What cannot be sent as it is comes back as issues; `hasLocal` says that `hostFile` would have helped.
 */
export function localIssues(
  draft: Draft,
  fields: readonly FieldOfMedia[],
  options: LocalOptions,
): { issues: RequestIssue[]; hasLocal: boolean } {
  const issues: RequestIssue[] = [];
  let hasLocal = draft.locals.length > 0;
  const fieldAt = (path: Path) => fields.find((field) => fits(field.path, path));
  for (const local of draft.locals) {
    local.field = fieldAt(local.path) ?? guessed(local.path);
    const received = `${sizeOf(local.source)} bytes`;
    if (local.field === undefined && (options.isKnown || isWords(local.path))) {
      issues.push(issueOf(local.path, 'holds bytes, and is not a media field', 'no bytes', received));
    } else if (!goesInline(local.field, options)) {
      if (options.hostFile === undefined)
        issues.push(issueOf(local.path, `holds bytes, and ${FETCHES}`, PUBLIC, received));
    } else if (Number(sizeOf(local.source)) > (local.field?.maxBytes ?? ENDLESS)) {
      issues.push(issueOf(local.path, TOO_LARGE, mostOf(local.field), received));
    }
  }
  const binary = new Set(draft.locals.map(({ path }) => path.join('\0')));
  const texts = new Map<string, string>();
  for (const { path, text } of [...textsIn(draft.body, [])]) {
    const declared = fieldAt(path);
    const field = declared ?? guessed(path);
    // Asked before anything is looked for in the text: prompts may be long.
    if (binary.has(path.join('\0')) || field === undefined) continue;
    const verdict = verdictOn(text, declared, options);
    if (verdict === 'sent') continue;
    if (typeof verdict !== 'string') {
      hasLocal ||= verdict.isLocal;
      issues.push(issueOf(path, verdict.refused, verdict.expected, shown(text)));
      continue;
    }
    const stood = texts.get(text) ?? standIn(draft.locals.length);
    texts.set(text, stood);
    draft.locals.push({
      ...{ path, standIn: stood, field },
      source: verdict === 'base64' ? `data:;base64,${text}` : text.trim(),
    });
    setAt(draft.body, path, stood);
  }
  return { issues, hasLocal };
}

/** Whether what is local goes into the request itself; where that is only the second best, a host goes before it. */
export function goesInline(field: FieldOfMedia | undefined, { hostFile }: Pick<LocalOptions, 'hostFile'>): boolean {
  return field?.takes === 'data' || (field?.takes === 'either' && hostFile === undefined);
}

const TOO_LARGE = 'is too large to be sent inline';
const mostOf = (field: FieldOfMedia | undefined): string => `at most ${field?.maxBytes} bytes`;

const ENDLESS = Number.POSITIVE_INFINITY;
const FETCHES = 'the gateway fetches media from the web';
const PUBLIC = 'a public http(s) URL';

/** What becomes of a text: it is sent as it is, it is local and will be read, or it is refused. */
type Verdict = 'sent' | 'local' | 'base64' | { refused: string; expected: string; isLocal: boolean };

function verdictOn(text: string, field: FieldOfMedia | undefined, options: LocalOptions): Verdict {
  const { hostFile, strict, assetScheme } = options;
  const canHost = hostFile !== undefined;
  const kind = kindOf(text);
  const isFar = !options.isLocalGateway && isOutOfReach(text);
  const isLocal = ['data', 'file', 'base64'].includes(kind) || isFar;
  const refuse = (refused: string, expected = PUBLIC): Verdict => (strict ? { refused, expected, isLocal } : 'sent');
  if (field === undefined) {
    // Nobody has said that this is media, only its name speaks of it: what can be nothing else counts.
    if (kind === 'file' || kind === 'blob') return canHost && kind === 'file' ? 'local' : refuse(WHAT[kind]);
    return kind === 'data' && canHost && /^\s*data:(?:image|video|audio)\//i.test(text) ? 'local' : 'sent';
  }
  if (text.trim() === '') return 'sent';
  if (kind === 'web') {
    if (text !== text.trim() && field.takes === 'url') return refuse('has spaces around it');
    return isFar ? refuse('is an address that only this network can reach') : 'sent';
  }
  if (
    kind === 'address' &&
    assetScheme !== undefined &&
    /^[^:]+:\/\/\S/.test(text) &&
    text.toLowerCase().startsWith(assetScheme)
  ) {
    return 'sent';
  }
  if (kind === 'address' || kind === 'blob') return refuse(WHAT[kind]);
  if (field.takes === 'either' && kind === 'data' && canHost && bytesInline(text) > (field.maxBytes ?? ENDLESS)) {
    return 'local';
  }
  if (field.takes === 'data' || (field.takes === 'either' && (kind === 'file' || kind === 'data'))) {
    if (kind === 'file') return 'local'; // read and sent as it is: no host needed
    if (kind === 'word')
      return isBase64(text, 'lines') && text.length >= SHORTEST_BASE64 ? 'sent' : refuse('is no media', 'a data URL');
    if (kind === 'data' && bytesInline(text) > (field.maxBytes ?? ENDLESS)) {
      return refuse(TOO_LARGE, mostOf(field));
    }
    const isOther =
      kind === 'data' && field.kind !== undefined && !text.trim().slice(5).toLowerCase().startsWith(field.kind);
    return isOther ? refuse('is a data URL of something else', `a data URL of an ${field.kind}`) : 'sent';
  }
  // Where the document is silent, inline media may be taken; a word may be anything.
  if (field.takes === 'unsaid' && kind !== 'file') return 'sent';
  if (canHost) return kind === 'base64' ? 'base64' : kind === 'word' && !strict ? 'sent' : 'local';
  return refuse(WHAT[kind]);
}

const WHAT = {
  data: `is a data URL, and ${FETCHES}`,
  file: `is a local file, and ${FETCHES}`,
  base64: `is base64, and ${FETCHES}`,
  blob: 'is an address that exists in this process only',
  address: 'is not an address that the gateway fetches',
  word: 'is not a URL',
} as const;

function issueOf(path: Path, what: string, expected: string, received: string): RequestIssue {
  return { path: [...path], message: `${what}: expected ${expected}, received ${received}`, expected, received };
}

const sizeOf = (source: Source): unknown =>
  typeof source === 'string' ? source.length : 'byteLength' in source ? source.byteLength : source.size;

/** What a data URL in base64 holds. */
function bytesInline(text: string): number {
  const given = text.trim();
  const padding = given.endsWith('==') ? 2 : given.endsWith('=') ? 1 : 0;
  return Math.floor(((given.length - given.indexOf(',') - 1) * 3) / 4) - padding;
}

/** Without the query of a URL. */
const shown = (text: string): string => shownText(text, text.replace(/\?.*/s, '?***'));

/** Whether a field's path, with its `*`, is that of `path`. */
const fits = (field: readonly string[], path: Path): boolean =>
  field.length === path.length &&
  field.every((step, at) => (step === '*' ? typeof path[at] === 'number' : step === path[at]));

/** No media field lies deeper; the bound keeps a monstrous body from overflowing the stack. */
const DEEPEST = 12;

function* textsIn(value: unknown, path: Path): Generator<{ path: Path; text: string }> {
  if (typeof value === 'string') yield { path, text: value };
  if (typeof value !== 'object' || value === null || path.length > DEEPEST) return;
  for (const [key, item] of Object.entries(value))
    yield* textsIn(item, [...path, Array.isArray(value) ? Number(key) : key]);
}

/** The name of the field that a path leads to, lists looked through. */
const nameOf = (path: Path): string => String(path.findLast((step) => typeof step === 'string') ?? '');

/** Fields of words for people, and the model itself: a path or a URL in them is a word. */
const isWords = (path: Path): boolean =>
  path.length === 0 ||
  /^(?:model|id|.*prompts?|text|content|input|title|description|tags?|lyrics|ssml|voice|speaker)$/i.test(nameOf(path));

/** A field that the document does not know, and whose name says that it holds media. */
function guessed(path: Path): FieldOfMedia | undefined {
  const name = nameOf(path);
  const words = wordsOfName(name);
  const kind = kindNamed(name);
  const speaks = kind !== undefined || words.some((word) => ['url', 'urls', 'media', 'file', 'files'].includes(word));
  if (!speaks || isWords(path) || namesSetting(name) || words.some((word) => CALLER_SIDE.includes(word)))
    return undefined;
  return { path: path.map((step) => (typeof step === 'number' ? '*' : step)), takes: 'unsaid', ...(kind && { kind }) };
}

/** Words of addresses that are the caller's own and no input. */
const CALLER_SIDE = ['callback', 'webhook', 'notify'];

export const WEB = /^https?:\/\/[^/]/i;
const MEDIA_FILE =
  /\.(?:png|jpe?g|jfif|webp|gif|bmp|tiff?|avif|heic|svg|mp4|mov|m4v|webm|mkv|avi|mp3|wav|m4a|ogg|opus|flac|aac)$/i;

/** Whether a file is at least called what media are called. */
export const isNamedLikeMedia = (name: string): boolean => MEDIA_FILE.test(name);

/** Shorter ones are words; longer ones are surely none. */
const SHORTEST_BASE64 = 16;
const SURE_BASE64 = 200;
/** The longest path that a file system takes. */
const LONGEST_PATH = 4096;

/** What a text in a media field is by its form. Every test is linear: texts come from anywhere. */
function kindOf(given: string): 'web' | 'data' | 'file' | 'base64' | 'blob' | 'address' | 'word' {
  const text = given.trim();
  if (WEB.test(text)) return 'web';
  if (/^data:/i.test(text)) return 'data';
  if (/^blob:/i.test(text)) return 'blob';
  if (/^file:/i.test(text) || /^[a-z]:[\\/]/i.test(text)) return 'file';
  if (/^[a-z][a-z0-9+.-]{0,40}:\/\//i.test(text)) return 'address';
  // A JPEG in base64 begins with a slash, too.
  const mayBeBase64 = (text.length > SURE_BASE64 || text.startsWith('/9j/')) && !text.includes(' ');
  if (mayBeBase64 && isBase64(text, 'lines')) return 'base64';
  const isPath = /^(?:\.{1,2}|~)?[\\/]/.test(text) || MEDIA_FILE.test(text);
  if (isPath && text.length <= LONGEST_PATH) return 'file';
  return /^[a-z][a-z0-9+.-]{0,40}:/i.test(text) ? 'address' : 'word';
}

/** Whether an http(s) URL leads nowhere from outside. */
export function isOutOfReach(text: string): boolean {
  return WEB.test(text) && URL.canParse(text) && isPrivateHost(new URL(text).hostname);
}
