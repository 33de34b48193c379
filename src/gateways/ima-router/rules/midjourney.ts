// What Midjourney needs beyond its schemas: words or pictures by action, and prompt flags that lean on something else.

import type { Rule } from '../../../catalog/index.js';
import { textOf } from '../../../transport/index.js';
import { finding, given, listOf } from './fields.js';

const IMAGINE = ['/mj/submit/imagine'];

function has(prompt: unknown, flag: string): boolean {
  return typeof prompt === 'string' && new RegExp(`(^|\\s)(?:--|[—–])${flag}(\\s|$)`).test(prompt);
}

export const midjourney: readonly Rule[] = [
  {
    id: 'midjourney.imagine-prompt',
    source: 'POST /mj/submit/imagine: "`mj_imagine`: text-to-image, requires `prompt`"',
    models: ['mj_imagine'],
    paths: IMAGINE,
    check: ({ prompt }) => (given(prompt) ? [] : finding(['prompt'], 'is required', 'a text')),
  },
  {
    id: 'midjourney.blend-images',
    source: 'POST /mj/submit/imagine: "`mj_blend`: multi-image blend, requires `base64Array` (2~5 images)"',
    models: ['mj_blend'],
    paths: IMAGINE,
    check({ base64Array }) {
      const { length } = listOf(base64Array);
      if (length >= 2 && length <= 5) return [];
      return finding(['base64Array'], length === 0 ? 'is required' : 'has too few or too many images', '2 to 5 images');
    },
  },
  {
    id: 'midjourney.blend-dimensions',
    source: 'POST /mj/submit/imagine: "`mj_blend` … requires `base64Array` (2~5 images) + `dimensions`"',
    models: ['mj_blend'],
    paths: IMAGINE,
    check: ({ dimensions }) =>
      given(dimensions) ? [] : finding(['dimensions'], 'is required', 'PORTRAIT, SQUARE or LANDSCAPE'),
  },
  {
    id: 'midjourney.image-weight',
    source: 'POST /mj/submit/imagine: "`--iw`: image weight; the prompt must start with an image URL"',
    models: ['mj_imagine'],
    paths: IMAGINE,
    check({ prompt, base64Array }) {
      if (!has(prompt, 'iw') || /^\s*<?https?:\/\//i.test(textOf(prompt) ?? '') || given(base64Array)) return [];
      return finding(['prompt'], 'has --iw, but no image to weigh', 'an image URL at its start');
    },
  },
  {
    id: 'midjourney.style-weight',
    source: 'POST /mj/submit/imagine: "`--sw`: style-reference weight; use with `--sref`"',
    models: ['mj_imagine'],
    paths: IMAGINE,
    check({ prompt }) {
      if (!has(prompt, 'sw') || has(prompt, 'sref')) return [];
      return finding(['prompt'], 'has --sw, but no style reference to weigh', '--sref beside it');
    },
  },
  {
    id: 'midjourney.zoom-prompt',
    source: 'MidjourneyChangeRequest.prompt: "custom_zoom requires it"',
    models: ['mj_custom_zoom'],
    check: ({ prompt }) =>
      given(prompt)
        ? []
        : finding(['prompt'], 'is required by mj_custom_zoom', 'a text, such as "--ar 16:9 --zoom 1.5"'),
  },
  {
    id: 'midjourney.remix-prompt',
    source: 'POST /mj/submit/modal: "Requires parent `taskId` + RemixModal `customId` + new `prompt`"',
    models: ['mj_remix'],
    check: ({ prompt }) => (given(prompt) ? [] : finding(['prompt'], 'is required by mj_remix', 'the new prompt')),
  },
];
