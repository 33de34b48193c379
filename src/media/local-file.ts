// A local file, bytes, a blob or inline text as a `File` with its true type; the only place of requests that reads a disk.

import { InvalidRequestError, messageOf } from '../transport/index.js';
import { SNIFF_BYTES, sniff } from './sniff.js';

/** What a `Blob` or `File` of any platform has. */
export interface BlobLike {
  readonly size: number;
  readonly type: string;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** Throws `InvalidRequestError` (`local_media`) for what cannot be read. `field` is for the message. */
export async function fileFrom(source: BlobLike | Uint8Array<ArrayBuffer> | string, field: string): Promise<File> {
  const { blob, name } = typeof source === 'string' ? await read(source, field) : await given(source);
  const found = sniff(new Uint8Array(await blob.slice(0, SNIFF_BYTES).arrayBuffer()));
  // What the bytes say counts, then what the caller says of them.
  const type = found?.kind === undefined ? (found === null ? blob.type : '') : found.contentType;
  return new File([blob], name ?? `${field.split('.').at(-1) ?? 'file'}.${found?.extension ?? 'bin'}`, { type });
}

async function given(source: BlobLike | Uint8Array<ArrayBuffer>): Promise<{ blob: Blob; name: string | undefined }> {
  if (source instanceof Uint8Array) return { blob: new Blob([source]), name: undefined };
  const blob = source instanceof Blob ? source : new Blob([await source.arrayBuffer()], { type: source.type });
  const name = 'name' in source && typeof source.name === 'string' && source.name !== '' ? source.name : undefined;
  return { blob, name };
}

async function read(text: string, field: string): Promise<{ blob: Blob; name: string | undefined }> {
  const inline = /^data:([^,;]*)((?:;[^,;]*)*),(.*)$/is.exec(text);
  try {
    if (inline !== null) return { blob: await (await fetch(text)).blob(), name: undefined };
    const [{ readFile }, { basename, resolve }, { fileURLToPath }, { homedir }] = await Promise.all([
      import('node:fs/promises'),
      import('node:path'),
      import('node:url'),
      import('node:os'),
    ]);
    const path = /^file:/i.test(text) ? fileURLToPath(text) : resolve(text.replace(/^~(?=[\\/])/, homedir()));
    return { blob: new Blob([await readFile(path)]), name: basename(path) };
  } catch (cause) {
    const what = inline === null ? 'the file cannot be read' : 'the data URL cannot be decoded';
    throw new InvalidRequestError(`${field}: ${what} (${messageOf(cause)}): nothing was sent.`, {
      code: 'local_media',
      phase: 'validate',
      param: field,
      issues: [{ path: field.split('.'), message: what, expected: 'a file that exists' }],
      hint: 'Give a path that exists, bytes, or a public URL.',
      cause,
    });
  }
}
