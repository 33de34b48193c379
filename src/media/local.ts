// Local media in a request: found before anything is sent, put on the web by the user's `hostFile`, or refused with the way out.

import {
  ConfigError,
  type ImaRouterError,
  isPrivateHost,
  messageOf,
  type RequestIssue,
  redactText,
} from '../transport/index.js';
import type { BlobLike } from './local-file.js';
import type { MediaKind } from './sniff.js';

/** A field of a request that holds media; `*` in its path stands for the items of a list. */
export interface FieldOfMedia {
  readonly path: readonly string[];
  readonly takes: 'url' | 'data' | 'unsaid';
  readonly kind?: MediaKind;
}

/** Puts a local file where the gateway can fetch it, and says where that is: a public http(s) URL. */
export type HostFile = (file: File, about: HostedField) => Promise<string | URL> | string | URL;

/** What a file is for. */
export interface HostedField {
  model: string;
  /** Path of the field, joined by dots: `metadata.first_frame_image`. */
  field: string;
  signal?: AbortSignal | undefined;
}

type Path = readonly (string | number)[];
type Source = BlobLike | Uint8Array<ArrayBuffer> | string;

/** Something local, and where it stands in the request. */
interface Local {
  path: Path;
  source: Source;
  /** The same for the same thing: it is hosted once, and counts once. */
  standIn: string;
  field: FieldOfMedia | undefined;
}

/** A request as JSON data, with stand-ins for what is not JSON. */
export interface Draft {
  /** What the request would be, were its local media hosted. */
  body: Record<string, unknown>;
  locals: Local[];
}

/** Stands for a URL that is not known yet. It fits every schema that a hosted URL fits; `.invalid` never resolves. */
const standIn = (number: number): string => `https://hosted.invalid/${number}`;
/** Stand-ins as they may turn up in what is said of a draft. */
export const STAND_INS = /"?https:\/\/hosted\.invalid\/\d+"?/g;

/**
 * The request as the wire will carry it, taken at once, whatever the caller does to the object meanwhile; undefined if
 * it is no object. Throws what `JSON.stringify` throws.
 */
export function draftOf(request: unknown): Draft | undefined {
  const known = new Map<object, Pick<Local, 'source' | 'standIn'>>();
  const places: Path[] = [];
  const text = JSON.stringify(
    withoutBinaries(request, [], known, places, new Set()),
    function (this: object, key, value) {
      // Only what writes itself still has any inside; JSON would make `{}` of it, and the gateway would be paid for that.
      const held: unknown = Reflect.get(this, key);
      if (typeof held === 'object' && held !== null && binaryOf(held) !== undefined)
        throw new TypeError(`bytes in ${key}`);
      return value;
    },
  );
  const body: unknown = text === undefined ? undefined : JSON.parse(text);
  if (!isRecord(body)) return undefined;
  const byStandIn = new Map([...known.values()].map((one) => [one.standIn, one]));
  const locals = places.flatMap((path) => {
    const one = byStandIn.get(String(valueAt(body, path)));
    return one === undefined ? [] : [{ ...one, path, field: undefined }];
  });
  return { body, locals };
}

/** A copy in which bytes and blobs are stand-ins; what has nothing of the kind inside is not copied. */
function withoutBinaries(
  value: unknown,
  path: Path,
  known: Map<object, Pick<Local, 'source' | 'standIn'>>,
  places: Path[],
  above: Set<object>,
): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const held = known.get(value);
  const source = held === undefined ? binaryOf(value) : held.source;
  if (source !== undefined) {
    const one = held ?? { source, standIn: standIn(known.size) };
    known.set(value, one);
    places.push(path);
    return one.standIn;
  }
  // What refers to itself is left to JSON.stringify, which says so best; so is what writes itself, such as a date.
  if (above.has(value) || 'toJSON' in value) return value;
  above.add(value);
  const before = places.length;
  // A list is walked by its indices, holes included, as JSON does it.
  const copy = Array.isArray(value)
    ? Array.from(value, (item, at) => withoutBinaries(item, [...path, at], known, places, above))
    : Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, withoutBinaries(item, [...path, key], known, places, above)]),
      );
  above.delete(value);
  return places.length === before ? value : copy;
}

function binaryOf(value: object): Exclude<Source, string> | undefined {
  if (isBlobLike(value)) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value.slice(0));
  if (ArrayBuffer.isView(value))
    return Uint8Array.from(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  return undefined;
}

function isBlobLike(value: object): value is BlobLike {
  return (
    ['size', 'type', 'arrayBuffer'].every((name) => name in value) &&
    typeof Reflect.get(value, 'arrayBuffer') === 'function'
  );
}

/** How media is dealt with. */
export interface LocalOptions {
  model: string;
  hostFile: HostFile | undefined;
  /** Whether texts that the gateway cannot use are refused; bytes and blobs always are. */
  strict: boolean;
  /** Whether the fields of the request are known: then bytes elsewhere than in media fields are a mistake. */
  isKnown: boolean;
  /** Whether addresses of the gateway's own making (`asset://…`) are media to this model. */
  takesAssets: boolean;
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
    } else if (options.hostFile === undefined && local.field?.takes !== 'data') {
      issues.push(issueOf(local.path, `holds bytes, and ${FETCHES}`, PUBLIC, received));
    }
  }
  const binary = new Set(draft.locals.map(({ path }) => path.join('\0')));
  const texts = new Map<string, string>();
  for (const { path, text } of [...textsIn(draft.body, [])]) {
    if (binary.has(path.join('\0'))) continue;
    const field = fieldAt(path);
    const verdict = verdictOn(text, field, path, options);
    if (verdict === 'sent') continue;
    if (typeof verdict !== 'string') {
      hasLocal ||= verdict.isLocal;
      issues.push(issueOf(path, verdict.refused, verdict.expected, shown(text)));
      continue;
    }
    const stood = texts.get(text) ?? standIn(draft.locals.length);
    texts.set(text, stood);
    draft.locals.push({ path, source: verdict === 'base64' ? `data:;base64,${text}` : text, standIn: stood, field });
    setAt(draft.body, path, stood);
  }
  return { issues, hasLocal };
}

const FETCHES = 'the gateway fetches media from the web';
const PUBLIC = 'a public http(s) URL';

/** What becomes of a text: it is sent as it is, it is local and will be read, or it is refused. */
type Verdict = 'sent' | 'local' | 'base64' | { refused: string; expected: string; isLocal: boolean };

function verdictOn(text: string, field: FieldOfMedia | undefined, path: Path, options: LocalOptions): Verdict {
  const { hostFile, strict } = options;
  const canHost = hostFile !== undefined;
  const kind = kindOf(text);
  const isLocal = ['data', 'file', 'base64'].includes(kind) || (kind === 'web' && isOutOfReach(text));
  const refuse = (refused: string, expected = PUBLIC): Verdict => (strict ? { refused, expected, isLocal } : 'sent');
  if (field === undefined) {
    // Nobody has said that this is media: only what can be nothing else counts, and never in words for people.
    if (isWords(path)) return 'sent';
    if (kind === 'file' || kind === 'blob') return canHost && kind === 'file' ? 'local' : refuse(WHAT[kind]);
    return kind === 'data' && canHost && /^data:(?:image|video|audio)\//i.test(text) ? 'local' : 'sent';
  }
  if (kind === 'web') {
    const isFar = !options.isLocalGateway && isOutOfReach(text);
    return isFar && field.takes !== 'data' ? refuse('is an address that only this network can reach') : 'sent';
  }
  if (text.trim() === '' || (kind === 'address' && options.takesAssets)) return 'sent';
  if (field.takes === 'data') {
    if (kind === 'file') return 'local'; // read and sent as it is: no host needed
    const isOther = kind === 'data' && field.kind !== undefined && !text.slice(5).toLowerCase().startsWith(field.kind);
    return isOther ? refuse(`is a data URL of something else`, `a data URL of an ${field.kind}`) : 'sent';
  }
  if (kind === 'address' || kind === 'blob') return refuse(WHAT[kind]);
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

const sizeOf = (source: Source): number =>
  typeof source === 'string' ? source.length : 'byteLength' in source ? source.byteLength : source.size;

/** Short texts are shown, without the query of a URL. */
function shown(text: string): string {
  const safe = redactText(JSON.stringify(text.replace(/\?.*/s, '?***')));
  return text.length <= 60 ? safe : `a text of ${text.length} characters (${safe.slice(0, 30)}…)`;
}

/** Replaces the stand-ins of `draft`: what a field takes as it is becomes a data URL, the rest is hosted. */
export async function hosted(draft: Draft, options: LocalOptions, signal: AbortSignal | undefined): Promise<void> {
  const { hostFile, model } = options;
  const urls = new Map<string, Promise<string>>();
  const results = await Promise.all(
    draft.locals.map((local) => {
      const isInline = local.field?.takes === 'data';
      const known = isInline ? undefined : urls.get(local.standIn);
      if (known !== undefined) return known;
      const url = fileOf(local).then((file) => {
        if (isInline) return dataUrl(file);
        if (hostFile === undefined) throw new TypeError('local media without hostFile were let through');
        return hostedUrl(hostFile, file, { model, field: local.path.join('.'), signal }, options);
      });
      if (!isInline) urls.set(local.standIn, url);
      return url;
    }),
  );
  for (const [at, { path }] of draft.locals.entries()) setAt(draft.body, path, results[at]);
}

async function hostedUrl(hostFile: HostFile, file: File, about: HostedField, options: LocalOptions): Promise<string> {
  const failed = (what: string, cause?: unknown): ImaRouterError =>
    new ConfigError(`hostFile ${what} for ${about.field}: nothing was sent.`, {
      code: 'host_file_failed',
      phase: 'validate',
      param: about.field,
      retryable: cause !== undefined,
      hint: 'hostFile takes a File and resolves to the public URL of it; see docs/media.md.',
      cause,
    });
  let answer: unknown;
  try {
    answer = await hostFile(file, about);
  } catch (cause) {
    throw failed(`failed (${messageOf(cause)})`, cause);
  }
  const url = answer instanceof URL ? answer.href : answer;
  if (typeof url !== 'string' || !WEB.test(url) || !URL.canParse(url)) throw failed('gave no http(s) URL');
  if (isOutOfReach(url) && !options.isLocalGateway) throw failed('gave an address that only this network can reach');
  return url;
}

async function fileOf({ source, path, field }: Local): Promise<File> {
  // File system and signatures load with the first local file.
  const { fileFrom } = await import('./local-file.js');
  return fileFrom(source, path, { kind: field?.kind, isNamedLikeMedia: (name) => MEDIA_FILE.test(name) });
}

async function dataUrl(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let binary = '';
  // In pieces: the arguments of one call are limited.
  for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return `data:${file.type || 'application/octet-stream'};base64,${btoa(binary)}`;
}

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

const valueAt = (body: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (held, key) => (typeof held === 'object' && held !== null ? Reflect.get(held, key) : undefined),
    body,
  );

function setAt(body: Record<string, unknown>, path: Path, value: unknown): void {
  const last = path.at(-1);
  const holder = valueAt(body, path.slice(0, -1));
  if (last !== undefined && typeof holder === 'object' && holder !== null) Reflect.set(holder, last, value);
}

/** The name of the field that a path leads to, lists looked through. */
const nameOf = (path: Path): string => String(path.findLast((step) => typeof step === 'string') ?? '');

/** Fields of words for people, and the model itself: a path or a URL in them is a word. */
const isWords = (path: Path): boolean =>
  path.length === 0 ||
  /^(?:model|id|.*prompts?|text|content|input|title|description|tags?|lyrics|ssml|voice|speaker)$/i.test(nameOf(path));

/** A field that the document does not know, and whose name says that it holds media. */
function guessed(path: Path): FieldOfMedia | undefined {
  const words = nameOf(path)
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  const kind = KINDS.find(([names]) => words.some((word) => names.includes(word)))?.[1];
  if (
    isWords(path) ||
    (kind === undefined && !words.some((word) => ['url', 'urls', 'media', 'file', 'files'].includes(word)))
  ) {
    return undefined;
  }
  return { path: path.map((step) => (typeof step === 'number' ? '*' : step)), takes: 'unsaid', ...(kind && { kind }) };
}

const KINDS: readonly [readonly string[], MediaKind][] = [
  [['image', 'images', 'picture', 'photo', 'frame', 'mask', 'tail'], 'image'],
  [['video', 'videos'], 'video'],
  [['audio', 'audios'], 'audio'],
];

const WEB = /^https?:\/\/[^/]/i;
const MEDIA_FILE =
  /\.(?:png|jpe?g|jfif|webp|gif|bmp|tiff?|avif|heic|svg|mp4|mov|m4v|webm|mkv|avi|mp3|wav|m4a|ogg|opus|flac|aac)$/i;

/** What a text is by its form, wherever it stands. */
function kindOf(text: string): 'web' | 'data' | 'file' | 'base64' | 'blob' | 'address' | 'word' {
  if (WEB.test(text)) return 'web';
  if (/^\s*data:/i.test(text)) return 'data';
  if (/^\s*blob:/i.test(text)) return 'blob';
  if (/^\s*file:/i.test(text) || /^[a-z]:[\\/]/i.test(text)) return 'file';
  if (/^\s*[a-z][a-z0-9+.-]*:\/\//i.test(text)) return 'address';
  if (/^(?:\.{1,2}|~)?[\\/]/.test(text) || (MEDIA_FILE.test(text) && !/\s$|^\s/.test(text))) return isPath(text);
  if (text.length > 200 && /^[A-Za-z0-9+/_\s-]+={0,2}\s*$/.test(text)) return 'base64';
  return /^\s*[a-z][a-z0-9+.-]*:/i.test(text) ? 'address' : 'word';
}

/** The longest path that a file system takes; base64 of a JPEG begins with a slash, too (`/9j/…`). */
const isPath = (text: string): 'file' | 'base64' =>
  text.length <= 4096 && !/^\/9j\/[A-Za-z0-9+/]{100}/.test(text) ? 'file' : 'base64';

/** Whether an http(s) URL leads nowhere from outside. */
function isOutOfReach(text: string): boolean {
  return WEB.test(text) && URL.canParse(text) && isPrivateHost(new URL(text).hostname);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
