// What Veo refuses or drops: 4k, a third picture in frame mode, one setting spelt twice.

import type { Rule } from '../../../catalog/index.js';
import { valueAt } from '../../../transport/index.js';
import { differing, finding, listOf, metadataOf } from './fields.js';

const paths = ['/v1/videos'];

export const veo: readonly Rule[] = [
  {
    id: 'veo.no-4k',
    source: 'VeoVideoCreateRequest.resolution: "Veo 3.0 supports 720p/1080p; Veo 3.1 Fast also supports 4k"',
    models: ['veo-3.0-generate-001'],
    paths,
    check: (body, { model }) =>
      [['resolution'], ['metadata', 'resolution']]
        .filter((path) => valueAt(body, path) === '4k')
        .flatMap((path) => finding(path, `cannot be 4k on ${model}`, '720p or 1080p')),
  },
  {
    id: 'veo.frame-images',
    source: 'VeoVideoCreateRequest.metadata.role_mode: "`frame` treats two images as first and last frames"',
    models: ['veo-3.1-fast-generate-001'],
    paths,
    // One image is not spoken of; a third has no place.
    check(body) {
      if (metadataOf(body).role_mode !== 'frame' || listOf(body.images).length <= 2) return [];
      return finding(['images'], 'has more than a first and a last frame, with role_mode=frame', '2 image URLs');
    },
  },
  {
    id: 'veo.aliases',
    source:
      'POST /v1/videos, "Create Veo video task": `duration` / `seconds` / `durationSeconds`, `aspectRatio` / `aspect_ratio`',
    models: ['veo-3.0-generate-001', 'veo-3.1-fast-generate-001'],
    paths,
    check: (body) => [
      ...differing(body, [['duration'], ['seconds'], ['durationSeconds'], ['metadata', 'durationSeconds']]),
      ...differing(body, [
        ['aspect_ratio'],
        ['aspectRatio'],
        ['metadata', 'aspect_ratio'],
        ['metadata', 'aspectRatio'],
      ]),
      ...differing(body, [['resolution'], ['metadata', 'resolution']]),
    ],
  },
];
