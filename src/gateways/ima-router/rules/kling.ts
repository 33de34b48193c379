// What the legacy Kling models refuse or drop: the prompt, master editions, cfg_scale, spellings of the native endpoints.

import type { Rule } from '../../../catalog/index.js';
import { numberOf, valueAt } from '../../../transport/index.js';
import { finding, given, promptRequired, same } from './fields.js';

const models = [
  'kling-v1',
  'kling-v1-6',
  'kling-v2-master',
  'kling-v2-1-master',
  'kling-v2-5-turbo',
  'kling-v2-6',
  'kling-video-o1',
];

/**
 * Native field → where POST /v1/video/generations has it. `mode` is left out: gateways of this family read it at the
 * top level too (TaskSubmitReq of the public new-api). POST /v1/videos declares both spellings, so nothing is lost there.
 */
const UNIFIED: Readonly<Record<string, readonly string[]>> = {
  image_tail: ['metadata', 'image_tail'],
  aspect_ratio: ['size'],
  negative_prompt: ['metadata', 'negative_prompt'],
  cfg_scale: ['metadata', 'cfg_scale'],
  camera_control: ['metadata', 'camera_control'],
};

export const kling: readonly Rule[] = [
  {
    id: 'kling.prompt-required',
    source:
      'KlingUnifiedVideoRequest.prompt: "Required for text-to-video; optional for image-to-video"; KlingVideoRequest.prompt',
    models,
    paths: ['/v1/videos', '/v1/video/generations', '/kling/v1/videos/text2video'],
    check: promptRequired,
  },
  {
    id: 'kling.master-mode',
    source: 'POST /kling/v1/videos/text2video, `mode`: "The Master Edition model does not have this parameter"',
    models: ['kling-v2-master', 'kling-v2-1-master'],
    // The sentence stands on the native pages; elsewhere `std` is named as the default, without an exception.
    check: (body, { model, path: at }) =>
      [['mode'], ['metadata', 'mode']]
        .filter((path) => given(valueAt(body, path)) && (at.startsWith('/kling/') || valueAt(body, path) === 'pro'))
        .flatMap((path) => finding(path, `has no effect: ${model} has no std/pro distinction`, 'no mode')),
  },
  {
    id: 'kling.cfg-scale',
    source: 'cfg_scale: "Generate degrees of freedom, 0~1"',
    models,
    check: (body) =>
      [['cfg_scale'], ['metadata', 'cfg_scale']].flatMap((path) => {
        const scale = numberOf(valueAt(body, path));
        if (scale === undefined || (scale >= 0 && scale <= 1)) return [];
        return finding(path, 'is out of its range', '0 to 1');
      }),
  },
  {
    id: 'kling.native-spelling',
    source: 'POST /v1/video/generations, "Differences from Kling native endpoints"; KlingUnifiedVideoRequest.size',
    models,
    paths: ['/v1/video/generations'],
    check: (body) =>
      Object.entries(UNIFIED).flatMap(([name, unified]) => {
        const twin = valueAt(body, unified);
        if (!given(body[name]) || (given(twin) && same(twin, body[name]))) return [];
        return finding(
          [name],
          'is a field of the native Kling endpoints, not of this one',
          `${unified.join('.')} instead`,
        );
      }),
  },
];
