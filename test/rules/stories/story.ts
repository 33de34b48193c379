// The form of the stories: bodies that fit the schema of their model, told apart by one rule.

import type { Body } from '../../../src/catalog/index.js';

export interface Story {
  /** The rule that it tells of. */
  id: string;
  model: string;
  path: string;
  /** No rule says a word. `model` is added. */
  good: readonly Body[];
  /** This rule speaks, and no other. */
  bad: readonly Body[];
}

export const IMAGE = 'https://example.com/a.png';
export const IMAGE_2 = 'https://example.com/b.png';
export const VIDEO = 'https://example.com/a.mp4';
export const AUDIO = 'https://example.com/a.mp3';
export const ASSET = 'asset://asset-20260319150455-wmb65';

/** So many different pictures. */
export function images(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `https://example.com/${index}.png`);
}
