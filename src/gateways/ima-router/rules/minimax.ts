// What MiniMax Hailuo refuses beyond its schema: a request with nothing to go by.

import type { Rule } from '../../../catalog/index.js';
import { promptRequired } from './fields.js';

export const minimax: readonly Rule[] = [
  {
    id: 'minimax.prompt-required',
    source:
      'inferred: POST /v1/video/generations names text-to-video and, by metadata.first_frame_image, image-to-video',
    models: ['MiniMax-Hailuo-02', 'MiniMax-Hailuo-2.3'],
    check: promptRequired,
  },
];
