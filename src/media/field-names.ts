// What the name of a field says of media: `first_frame_image` holds an image, `audio_setting` and `file_name` hold none.

import type { MediaKind } from './sniff.js';

const KINDS: ReadonlyMap<string, MediaKind> = new Map([
  ...(['image', 'images', 'picture', 'photo', 'frame', 'mask', 'tail'] as const).map(
    (word) => [word, 'image'] as const,
  ),
  ...(['video', 'videos'] as const).map((word) => [word, 'video'] as const),
  ...(['audio', 'audios'] as const).map((word) => [word, 'audio'] as const),
]);
/** Last words of names that speak of media and hold something else. */
const SETTINGS = new Set([
  ...['setting', 'id', 'ids', 'type', 'format', 'size', 'mode', 'count', 'prompt', 'ratio', 'name'],
]);

/** The words of a name in any spelling: `base64Array` → base64, array. */
export const wordsOfName = (name: string): string[] =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);

/** The kind of media that a name, or a sentence, speaks of. */
export function kindNamed(name: string): MediaKind | undefined {
  return wordsOfName(name)
    .map((word) => KINDS.get(word))
    .find((kind) => kind !== undefined);
}

/** Whether a name is of something that is set, not of media. */
export const namesSetting = (name: string): boolean => SETTINGS.has(wordsOfName(name).at(-1) ?? '');
