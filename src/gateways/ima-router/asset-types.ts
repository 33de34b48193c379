// What a source is to the gateway's `asset_type`: told by its type, its bytes or its name, and Image where nothing does.

import type { MediaInput } from '../../../generated/ima-router/requests.js';
import { kindOfBytes, kindOfFile } from '../../media/index.js';
import { textOf } from '../../transport/index.js';
import type { AssetType } from './asset-shapes.js';
import { assetTypeNamed } from './rules/fields.js';

const BY_WORD: Readonly<Record<string, AssetType>> = { image: 'Image', video: 'Video', audio: 'Audio' };

/** The type of `source`, as far as anything says; the gateway's own default where nothing does. */
export async function typeOf(source: MediaInput): Promise<AssetType> {
  if (typeof source === 'string' || 'href' in source) {
    const text = typeof source === 'string' ? source.trim() : source.href;
    const declared = /^data:(image|video|audio)\//i.exec(text)?.[1];
    if (declared !== undefined) return BY_WORD[declared.toLowerCase()] ?? 'Image';
    const isFar = /^(?!file:|data:)[a-z][a-z0-9+.-]+:\/\//i.test(text);
    const path = isFar && URL.canParse(text) ? new URL(text).pathname : text;
    // What cannot be read here is refused later, with the reason.
    const kind = isFar ? undefined : await kindOfFile(text).catch(() => undefined);
    return BY_WORD[kind ?? ''] ?? assetTypeNamed(path) ?? 'Image';
  }
  const [type, name] = ['type', 'name'].map((field) => textOf(Reflect.get(source, field)) ?? '');
  const declared = BY_WORD[type?.split('/', 1)[0]?.toLowerCase() ?? ''] ?? assetTypeNamed(name ?? '');
  if (declared !== undefined) return declared;
  const isForeign = 'arrayBuffer' in source && !(source instanceof Blob);
  const kind = await kindOfBytes(isForeign ? await source.arrayBuffer() : source);
  return BY_WORD[kind ?? ''] ?? 'Image';
}
