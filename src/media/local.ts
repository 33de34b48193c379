// Local media in a request: found before anything is sent, put on the web by the user's `hostFile`, or refused with the way out.

import {
  ConfigError,
  type ImaRouterError,
  InvalidRequestError,
  isPrivateHost,
  messageOf,
  type RequestIssue,
} from '../transport/index.js';
import type { BlobLike } from './local-file.js';

/** A field of a request that holds media; `*` in its path stands for the items of a list. */
export interface FieldOfMedia {
  readonly path: readonly string[];
  readonly takes: 'url' | 'data' | 'unsaid';
  readonly kind?: 'image' | 'video' | 'audio';
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

/** Something local, and where it stands in the request. */
interface Local {
  path: Path;
  source: BlobLike | Uint8Array<ArrayBuffer> | string;
  field: FieldOfMedia | undefined;
}

/** A request as JSON data, with stand-ins for what is not JSON. */
export interface Draft {
  /** What the request would be, were its local media hosted. */
  body: Record<string, unknown>;
  locals: Local[];
}

/** Stands for a URL that is not known yet. It fits every schema that a hosted URL fits; `.invalid` never resolves. */
const STAND_IN = 'https://hosted.invalid/file';

/**
 * The request as the wire will carry it, taken at once, whatever the caller does to the object meanwhile; undefined if
 * it is no object. Throws what `JSON.stringify` throws.
 */
export function draftOf(request: unknown): Draft | undefined {
  const locals: Local[] = [];
  const text = JSON.stringify(withoutBinaries(request, [], locals, new Set()), function (this: object, key, value) {
    // Only what writes itself still has any inside; JSON would make `{}` of it, and the gateway would be paid for that.
    const held: unknown = Reflect.get(this, key);
    if (typeof held === 'object' && held !== null && binaryOf(held) !== undefined)
      throw new TypeError(`bytes in ${key}`);
    return value;
  });
  const body: unknown = text === undefined ? undefined : JSON.parse(text);
  return isRecord(body) ? { body, locals } : undefined;
}

/** A copy in which bytes and blobs are stand-ins; what has nothing of the kind inside is not copied. */
function withoutBinaries(value: unknown, path: Path, locals: Local[], above: Set<object>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const source = binaryOf(value);
  if (source !== undefined) {
    locals.push({ path, source, field: undefined });
    return STAND_IN;
  }
  // What refers to itself is left to JSON.stringify, which says so best; so is what writes itself, such as a date.
  if (above.has(value) || 'toJSON' in value) return value;
  above.add(value);
  const before = locals.length;
  const entries = Object.entries(value).map(
    ([key, item]) =>
      [key, withoutBinaries(item, [...path, Array.isArray(value) ? Number(key) : key], locals, above)] as const,
  );
  above.delete(value);
  if (locals.length === before) return value;
  return Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries);
}

function binaryOf(value: object): Local['source'] | undefined {
  if (isBlobLike(value)) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
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
  /** Whether the gateway itself is on this machine, so that it reaches private addresses. */
  isLocalGateway: boolean;
}

/**
 * Finds the texts of `draft` that are local too: paths, `file:` and `data:` URLs in media fields. Those that will be
 * hosted get a stand-in. What cannot be sent as it is comes back as issues.
 */
export function localIssues(draft: Draft, fields: readonly FieldOfMedia[], options: LocalOptions): RequestIssue[] {
  const issues: RequestIssue[] = [];
  const canHost = options.hostFile !== undefined;
  for (const local of draft.locals) {
    const field = fields.find(({ path }) => fits(path, local.path));
    local.field = field;
    if (!canHost && field?.takes !== 'data') issues.push(localIssue(local.path, 'bytes'));
  }
  const known = new Set(draft.locals.map(({ path }) => path.join('\0')));
  for (const field of fields) {
    for (const { path, text } of textsAt(draft.body, field.path)) {
      if (known.has(path.join('\0'))) continue;
      const kind = kindOf(text, field);
      if (kind === 'web' || kind === 'unclear') {
        if (options.strict && field.takes === 'url' && !options.isLocalGateway && isOutOfReach(text)) {
          issues.push(
            issueOf(path, 'is an address that only this network can reach', 'a URL that the gateway can reach'),
          );
        }
      } else if (canHost && (kind !== 'data' || field.takes === 'url')) {
        draft.locals.push({ path, source: kind === 'base64' ? `data:;base64,${text}` : text, field });
        setAt(draft.body, path, STAND_IN);
      } else if (options.strict && (kind !== 'data' || field.takes === 'url')) {
        issues.push(localIssue(path, kind));
      }
    }
  }
  return issues;
}

const WHAT = { bytes: 'holds bytes', data: 'is a data URL', file: 'is a local file', base64: 'is base64' } as const;

function localIssue(path: Path, kind: keyof typeof WHAT): RequestIssue {
  return issueOf(path, `${WHAT[kind]}, and the gateway fetches media from the web`, 'a public http(s) URL');
}

function issueOf(path: Path, what: string, expected: string): RequestIssue {
  return { path: [...path], message: `${what}: expected ${expected}`, expected };
}

/** Replaces the stand-ins of `draft`: what a field takes as it is becomes a data URL, the rest is hosted. */
export async function hosted(draft: Draft, options: LocalOptions, signal: AbortSignal | undefined): Promise<void> {
  const { hostFile, model } = options;
  // The same file in two fields is hosted once.
  const urls = new Map<Local['source'], Promise<string>>();
  const results = await Promise.all(
    draft.locals.map(async (local) => {
      const file = await fileOf(local);
      if (local.field?.takes === 'data') return dataUrl(file);
      let url = urls.get(local.source);
      if (url === undefined && hostFile !== undefined) {
        url = hostedUrl(hostFile, file, { model, field: local.path.join('.'), signal }, options);
        urls.set(local.source, url);
      }
      return url ?? STAND_IN;
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
  if (typeof url !== 'string' || !/^https?:\/\//i.test(url) || !URL.canParse(url)) {
    throw failed('gave no http(s) URL');
  }
  if (isOutOfReach(url) && !options.isLocalGateway) throw failed('gave an address that only this network can reach');
  return url;
}

async function fileOf({ source, path, field }: Local): Promise<File> {
  // File system and signatures load with the first local file.
  const { fileFrom } = await import('./local-file.js');
  const name = path.join('.');
  const file = await fileFrom(source, name);
  const kind = /^(image|video|audio)\//.exec(file.type)?.[1];
  if (kind === undefined || (field?.kind !== undefined && field.kind !== kind)) {
    throw new InvalidRequestError(
      `${name} holds ${file.type === '' ? 'bytes of no known kind' : file.type}, not ${field?.kind ?? 'media'}: nothing was sent.`,
      {
        code: 'local_media',
        phase: 'validate',
        param: name,
        issues: [
          issueOf(path, `holds ${file.type || 'no media'}`, `the bytes of ${field?.kind ?? 'image, video or audio'}`),
        ],
        hint: 'Check which file was given.',
      },
    );
  }
  return file;
}

async function dataUrl(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let binary = '';
  // In pieces: the arguments of one call are limited.
  for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return `data:${file.type};base64,${btoa(binary)}`;
}

/** Whether a field's path, with its `*`, is that of `path`. */
const fits = (field: readonly string[], path: Path): boolean =>
  field.length === path.length &&
  field.every((step, at) => (step === '*' ? typeof path[at] === 'number' : step === path[at]));

function* textsAt(value: unknown, field: readonly string[], path: Path = []): Generator<{ path: Path; text: string }> {
  const [step, ...rest] = field;
  if (step === undefined) {
    if (typeof value === 'string') yield { path, text: value };
  } else if (step === '*') {
    if (Array.isArray(value)) for (const [at, item] of value.entries()) yield* textsAt(item, rest, [...path, at]);
  } else if (isRecord(value) && Object.hasOwn(value, step)) yield* textsAt(value[step], rest, [...path, step]);
}

function setAt(body: Record<string, unknown>, path: Path, value: unknown): void {
  const last = path.at(-1);
  const holder = path
    .slice(0, -1)
    .reduce<unknown>(
      (held, key) => (typeof held === 'object' && held !== null ? Reflect.get(held, key) : undefined),
      body,
    );
  if (last !== undefined && typeof holder === 'object' && holder !== null) Reflect.set(holder, last, value);
}

/** The longest path that a file system takes. */
const LONGEST_PATH = 4096;
const MEDIA_FILE = /\.(?:png|jpe?g|webp|gif|bmp|tiff?|avif|heic|mp4|mov|m4v|webm|mkv|avi|mp3|wav|m4a|ogg|flac|aac)$/i;

/** What a text in a media field is. Short words without a scheme are unclear where a field is not said to be a URL. */
function kindOf(text: string, field: FieldOfMedia): 'web' | 'data' | 'file' | 'base64' | 'unclear' {
  if (/^data:/i.test(text)) return 'data';
  if (/^file:/i.test(text) || /^[a-z]:[\\/]/i.test(text)) return 'file';
  if (/^[a-z][a-z0-9+.-]*:/i.test(text) || text.trim() === '') return 'web';
  const isBase64 = text.length > 200 && /^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(text);
  if (isBase64) return field.takes === 'data' ? 'unclear' : 'base64';
  if (text.length <= LONGEST_PATH && (MEDIA_FILE.test(text) || /^(?:\.{0,2}|~)[\\/]/.test(text))) return 'file';
  return 'unclear';
}

/** Whether an http(s) URL leads nowhere from outside. */
function isOutOfReach(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text) && isPrivateHost(new URL(text).hostname);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
