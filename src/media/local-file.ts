// A local file, bytes, a blob or inline text as a `File` with its true type; the only place of requests that reads a disk.

import { InvalidRequestError, messageOf } from '../transport/index.js';
import { type MediaKind, SNIFF_BYTES, type Sniffed, sniff } from './sniff.js';

/** What a `Blob` or `File` of any platform has. */
export interface BlobLike {
  readonly size: number;
  readonly type: string;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** What a file has to be. */
export interface Wanted {
  /** Undefined where any media will do. */
  kind: MediaKind | undefined;
  isNamedLikeMedia: (name: string) => boolean;
  /** Undefined where nobody names a limit. */
  maxBytes?: number | undefined;
}

interface Opened {
  blob: Blob;
  name: string | undefined;
  /** Who hands over bytes knows what they are; a path or a text may come from anywhere. */
  from: 'bytes' | 'text' | 'path';
}

/**
 * The file behind `source`, at `path` of the request. Throws `InvalidRequestError` (`local_media`) for what is empty,
 * cannot be read, is no regular file, is too large, or is something else than the field is for: by its signature; without a known one
 * bytes are taken at their owner's word, inline text by its declared type, a path by its name unless it holds plain text.
 */
export async function fileFrom(
  source: BlobLike | Uint8Array<ArrayBuffer> | string,
  path: readonly (string | number)[],
  wanted: Wanted,
): Promise<File> {
  const { blob, name, from } = typeof source === 'string' ? await read(source, path) : await given(source);
  const { maxBytes } = wanted;
  if (maxBytes !== undefined && blob.size > maxBytes) {
    const [expected, received] = [`at most ${maxBytes} bytes`, `${blob.size} bytes`];
    throw refused(path, { message: `holds ${received}, expected ${expected}`, expected, received }, undefined);
  }
  const head = new Uint8Array(await blob.slice(0, SNIFF_BYTES).arrayBuffer());
  const found = sniff(head);
  const isRight =
    head.length > 0 &&
    (found === null
      ? isPlausible(from, head, blob, name ?? '', wanted)
      : found.kind !== undefined && (wanted.kind === undefined || wanted.kind === found.kind));
  if (!isRight) throw otherThan(wanted, found, head.length === 0, path);
  // What the bytes say counts, then what the caller says of them.
  return new File([blob], plainName(name) ?? `${path.at(-1) ?? 'file'}.${found?.extension ?? 'bin'}`, {
    type: found?.contentType ?? blob.type,
  });
}

/** Whether what has no known signature may be what is wanted. */
function isPlausible(from: Opened['from'], head: Uint8Array, blob: Blob, name: string, wanted: Wanted): boolean {
  if (from === 'bytes') return true;
  const isSvg = new TextDecoder().decode(head).includes('<svg');
  if (from === 'text') return blob.type.startsWith(`${wanted.kind ?? 'image'}/`) && (isSvg || !isText(head));
  return wanted.isNamedLikeMedia(name) && (isSvg || !isText(head));
}

/** No control characters but those of text: media have some among their first bytes. */
const isText = (head: Uint8Array): boolean =>
  head.every((byte) => byte >= 0x20 || byte === 9 || byte === 10 || byte === 13);

function otherThan(
  { kind }: Wanted,
  found: Sniffed | null,
  isEmpty: boolean,
  path: readonly (string | number)[],
): InvalidRequestError {
  const received = isEmpty ? 'nothing' : found === null ? 'something of no known kind' : found.contentType;
  const expected =
    kind === undefined
      ? 'an image, a video or audio'
      : kind === 'audio'
        ? 'audio'
        : `${kind === 'image' ? 'an' : 'a'} ${kind}`;
  return refused(path, { message: `holds ${received}, expected ${expected}`, expected, received }, undefined);
}

function refused(
  path: readonly (string | number)[],
  issue: { message: string; expected: string; received?: string },
  cause: unknown,
): InvalidRequestError {
  return new InvalidRequestError(`${path.join('.')}: ${issue.message}. Nothing was sent.`, {
    code: 'local_media',
    phase: 'validate',
    param: path.join('.'),
    issues: [{ path: [...path], ...issue }],
    hint: 'Give a path of the file that is meant, its bytes, or a public URL.',
    cause,
  });
}

async function given(source: BlobLike | Uint8Array<ArrayBuffer>): Promise<Opened> {
  if (source instanceof Uint8Array) return { blob: new Blob([source]), name: undefined, from: 'bytes' };
  const blob = source instanceof Blob ? source : new Blob([await source.arrayBuffer()], { type: source.type });
  const name = 'name' in source && typeof source.name === 'string' ? source.name : undefined;
  return { blob, name, from: 'bytes' };
}

async function read(text: string, path: readonly (string | number)[]): Promise<Opened> {
  const isInline = /^\s*data:/i.test(text);
  try {
    if (isInline) return { blob: await (await fetch(text.trim())).blob(), name: undefined, from: 'text' };
    const [fs, { basename, resolve }, { fileURLToPath }, { homedir }] = await Promise.all([
      import('node:fs'),
      import('node:path'),
      import('node:url'),
      import('node:os'),
    ]);
    const file = /^\s*file:/i.test(text) ? fileURLToPath(text.trim()) : resolve(text.replace(/^~(?=[\\/])/, homedir()));
    // Reading a pipe would never end.
    if (!(await fs.promises.stat(file)).isFile()) throw new Error('it is not a regular file');
    // Read when it is hosted, and as it is streamed, where the platform can.
    const blob = fs.openAsBlob === undefined ? new Blob([await fs.promises.readFile(file)]) : await fs.openAsBlob(file);
    return { blob, name: basename(file), from: 'path' };
  } catch (cause) {
    const what = isInline ? 'the data URL cannot be decoded' : 'the file cannot be read';
    throw refused(path, { message: `${what} (${messageOf(cause)})`, expected: 'a file that can be read' }, cause);
  }
}

/** A name that is safe to put into a URL or a folder: no folders, no control characters, not endless. */
function plainName(name: string | undefined): string | undefined {
  const last = name?.split(/[\\/]/).at(-1)?.replace(/\p{C}/gu, '').slice(-200);
  return last === undefined || /^\.*$/.test(last) ? undefined : last;
}
