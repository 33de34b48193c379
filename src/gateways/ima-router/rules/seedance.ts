// What Seedance refuses on POST /v1/videos: which inputs go together, frame mode, ratios of `size`, the fast models.

import type { Body, Rule } from '../../../catalog/index.js';
import { textOf } from '../../../transport/index.js';
import { differing, finding, given, leavesOf, listOf, mediaIn, metadataOf, promptRequired } from './fields.js';

const paths = ['/v1/videos'];
const models = [
  'seedance-2.0',
  'seedance-2.0-fast',
  'seedance-2.0-cn',
  'seedance-2.0-fast-cn',
  'ima-pro',
  'ima-pro-fast',
];

const RATIOS = [16 / 9, 9 / 16, 1, 4 / 3, 3 / 4, 21 / 9];
/** Recommended for 480p 16:9 by the very text that asks for exact ratios (it is 53:30); upright by analogy. */
const INEXACT_SIZES = new Set(['848x480', '480x848']);
/** 64 MB, read as the larger of its two meanings. */
const MAX_CHARACTERS = 64 * 1024 * 1024;

function inFrameMode(body: Body): boolean {
  return metadataOf(body).role_mode === 'frame';
}

export const seedance: readonly Rule[] = [
  {
    id: 'seedance.prompt-required',
    source: 'POST /v1/videos, "Combinational logic": text (`prompt` required); 400 "prompt is required"',
    models,
    paths,
    check: promptRequired,
  },
  {
    id: 'seedance.frame-with-references',
    source: 'metadata.role_mode; 400 "frame mode cannot be mixed with reference video/audio"',
    models,
    paths,
    check(body) {
      if (!inFrameMode(body)) return [];
      const metadata = metadataOf(body);
      return ['reference_video_urls', 'reference_audio_urls']
        .filter((name) => given(metadata[name]))
        .flatMap((name) => finding(['metadata', name], 'cannot be mixed with role_mode=frame', 'role_mode=reference'));
    },
  },
  {
    id: 'seedance.frame-images',
    source: 'metadata.role_mode: "`frame` mode only supports 1-2 images"',
    models,
    paths,
    check(body) {
      if (!inFrameMode(body) || listOf(body.images).length <= 2) return [];
      return finding(['images'], 'has more than a first and a last frame, with role_mode=frame', '1 to 2 image URLs');
    },
  },
  {
    id: 'seedance.audio-alone',
    source: 'ImaProVideoCreateRequest, "7 input combinations": audio comes with images or reference videos only',
    models,
    paths,
    check(body) {
      if (!given(metadataOf(body).reference_audio_urls)) return [];
      const others = mediaIn(body).filter((path) => !path.includes('reference_audio_urls'));
      if (others.length > 0) return [];
      return finding(
        ['metadata', 'reference_audio_urls'],
        'cannot be the only reference',
        'images or metadata.reference_video_urls beside it',
      );
    },
  },
  {
    id: 'seedance.size-ratio',
    source: 'size: `WxH` must be normalizable to the exact supported ratios; "ratio is invalid: 427:240"',
    models,
    paths,
    check(body) {
      const [size = '', width, height] = /^(\d+)x(\d+)$/i.exec(textOf(body.size)?.trim() ?? '') ?? [];
      const exact = RATIOS.some((ratio) => Math.abs(Number(width) / Number(height) - ratio) < 1e-9);
      if (size === '' || exact || INEXACT_SIZES.has(size.toLowerCase())) return [];
      return finding(
        ['size'],
        'has a ratio that is none of the supported ones',
        'exactly 16:9, 9:16, 1:1, 4:3, 3:4 or 21:9 (848x480 is taken too), or metadata.resolution instead',
      );
    },
  },
  {
    id: 'seedance.fast-1080p',
    source: 'metadata.resolution: 1080p for text-to-video is returned by the upstream with `Invalid parameters`',
    // Those that the text names; it does not speak of seedance-2.0-fast-cn here.
    models: ['seedance-2.0-fast', 'ima-pro-fast'],
    paths,
    check(body) {
      if (metadataOf(body).resolution !== '1080p' || mediaIn(body).length > 0) return [];
      return finding(
        ['metadata', 'resolution'],
        'cannot be 1080p for text-to-video on a fast model',
        '480p or 720p, or the model without "fast"',
      );
    },
  },
  {
    id: 'seedance.input-reference-unused',
    source: 'input_reference: "only takes effect when `images` is not passed"',
    models,
    paths,
    check(body) {
      const images = listOf(body.images);
      if (!given(body.input_reference) || images.length === 0 || images.includes(body.input_reference)) return [];
      return finding(['input_reference'], 'has no effect beside images', 'all images in images');
    },
  },
  {
    id: 'seedance.duration-aliases',
    source: 'duration; seconds: "Duration in string form"',
    models,
    paths,
    check: (body) => differing(body, [['duration'], ['seconds']]),
  },
  {
    id: 'seedance.body-size',
    source: 'images, metadata.reference_audio_urls: "Total request body size: `<=64MB`"',
    models,
    paths,
    check(body) {
      // Every character of a text takes at least a byte: the sum never says more than what would be sent.
      let characters = 0;
      for (const { value } of leavesOf(body)) characters += typeof value === 'string' ? value.length : 0;
      if (characters <= MAX_CHARACTERS) return [];
      return finding([], 'the request body is larger than 64 MB', 'URLs instead of the media themselves');
    },
  },
];
