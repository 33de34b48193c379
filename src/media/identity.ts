// What equal requests are known by: their JSON in one order of fields, and the bytes of their local media.

import { isRecord, sha256 } from '../transport/index.js';
import type { Draft } from './draft.js';
import { isNamedLikeMedia } from './local.js';

/** Hex sha256 over `scope` and the draft; files count by their bytes, wherever they lie. Throws `InvalidRequestError`. */
export async function identityOf(draft: Draft, scope: readonly string[]): Promise<string> {
  const media = new Map<string, string>();
  for (const { standIn, source, path, field } of draft.locals) {
    if (media.has(standIn)) continue;
    // File system and signatures load with the first local file.
    const { fileFrom } = await import('./local-file.js');
    const file = await fileFrom(source, path, { kind: field?.kind, isNamedLikeMedia });
    media.set(standIn, `bytes:${await sha256(await file.arrayBuffer())}`);
  }
  const text = JSON.stringify([...scope, draft.body], (_, value: unknown) => {
    if (typeof value === 'string') return media.get(value) ?? value;
    if (!isRecord(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
  return sha256(text);
}
