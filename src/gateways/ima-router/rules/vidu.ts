// What Vidu refuses or ignores: image-to-video-only models, the durations of each series, what `size` is.

import type { Body, Rule, RuleFinding } from '../../../catalog/index.js';
import { numberOf, textOf } from '../../../transport/index.js';
import { finding, mediaIn, metadataOf, promptRequired } from './fields.js';

function durationWithin(body: Body, min: number, max: number): RuleFinding[] {
  const duration = numberOf(body.duration);
  if (duration === undefined || (duration >= min && duration <= max)) return [];
  const expected = min === max ? String(min) : `${min} to ${max}`;
  return finding(['duration'], 'is out of the range of this model', `${expected} (seconds)`);
}

export const vidu: readonly Rule[] = [
  {
    id: 'vidu.images-required',
    source: '400 "model viduq2-pro only supports image-to-video, please provide images"; ViduVideoRequest.images',
    models: ['viduq2-pro', 'viduq2-turbo'],
    check(body, { model }) {
      if (mediaIn(body).length > 0) return [];
      return finding(['images'], `is required: ${model} is image-to-video only`, '1 to 2 image URLs');
    },
  },
  {
    id: 'vidu.prompt-required',
    source: 'ViduVideoRequest.prompt: "Required for text-to-video; optional for image-to-video"',
    models: ['viduq1', 'viduq2', 'viduq3-pro', 'viduq3-turbo'],
    check: promptRequired,
  },
  {
    id: 'vidu.q1-fixed',
    source: 'ViduVideoRequest.model: "`viduq1`: fixed 1080P/5s"',
    models: ['viduq1'],
    check(body) {
      const resolution = textOf(metadataOf(body).resolution) ?? '1080p';
      return [
        ...durationWithin(body, 5, 5),
        ...(resolution.toLowerCase() === '1080p'
          ? []
          : finding(['metadata', 'resolution'], 'is fixed on viduq1', '1080p')),
      ];
    },
  },
  {
    id: 'vidu.q2-duration',
    source: 'ViduVideoRequest.duration: "`viduq2` series: supports 4~8s"',
    models: ['viduq2', 'viduq2-pro', 'viduq2-turbo'],
    check: (body) => durationWithin(body, 4, 8),
  },
  {
    id: 'vidu.q3-duration',
    source: 'ViduVideoRequest.duration: "`viduq3` series: supports 1~16s"',
    models: ['viduq3-pro', 'viduq3-turbo'],
    check: (body) => durationWithin(body, 1, 16),
  },
  {
    id: 'vidu.size-is-ratio',
    source: 'ViduVideoRequest.size: "Aspect ratio, such as `16:9`"; metadata.resolution',
    models: ['viduq1', 'viduq2', 'viduq2-pro', 'viduq2-turbo', 'viduq3-pro', 'viduq3-turbo'],
    check(body) {
      if (!/^\s*\d+\s*[x*×]\s*\d+\s*$/i.test(textOf(body.size) ?? '')) return [];
      return finding(
        ['size'],
        'is an aspect ratio here, not width and height',
        '16:9, 9:16 or 1:1, and metadata.resolution',
      );
    },
  },
];
