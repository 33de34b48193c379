// What kind of media some bytes or a local file are, for who asks before anything is made or saved; loaded when asked for.

import { isNamedLikeMedia } from './local.js';
import type { MediaKind } from './sniff.js';

/** The kind of `source`, by its first bytes; undefined where no signature fits. */
export async function kindOfBytes(source: Uint8Array | ArrayBuffer | Blob): Promise<MediaKind | undefined> {
  const { SNIFF_BYTES, sniff } = await import('./sniff.js');
  const isBlob = 'arrayBuffer' in source;
  const head = isBlob
    ? new Uint8Array(await source.slice(0, SNIFF_BYTES).arrayBuffer())
    : new Uint8Array(ArrayBuffer.isView(source) ? source.subarray(0, SNIFF_BYTES) : source.slice(0, SNIFF_BYTES));
  return sniff(head)?.kind;
}

/** The kind of what a path, a `file:` or a `data:` URL leads to. Throws `InvalidRequestError` for what is no media. */
export async function kindOfFile(text: string): Promise<MediaKind | undefined> {
  const { fileFrom } = await import('./local-file.js');
  return kindOfBytes(await fileFrom(text, [], { kind: undefined, isNamedLikeMedia }));
}
