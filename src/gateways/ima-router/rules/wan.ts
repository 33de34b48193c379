// What Wan 2.6 video refuses or drops: two first frames, one setting spelt twice.

import type { Rule } from '../../../catalog/index.js';
import { differing, finding, given } from './fields.js';

const paths = ['/v1/videos'];

export const wan: readonly Rule[] = [
  {
    id: 'wan.one-image',
    source:
      'Wan26I2VVideoCreateRequest.image: "mutually exclusive with `images`"; the same in Wan26I2VFlashVideoCreateRequest',
    models: ['wan2.6-i2v', 'wan2.6-i2v-flash'],
    paths,
    check(body) {
      if (!given(body.image) || !given(body.images)) return [];
      return finding(['images'], 'is mutually exclusive with image', 'one of the two');
    },
  },
  {
    id: 'wan.aliases',
    source: 'Wan26VideoMetadata: "`resolution/size` and `duration/seconds` can also be repeated under `metadata`"',
    models: ['wan2.6-t2v', 'wan2.6-i2v', 'wan2.6-i2v-flash', 'wan2.6-r2v'],
    paths,
    check: (body) => [
      ...differing(body, [['duration'], ['seconds'], ['metadata', 'duration'], ['metadata', 'seconds']]),
      ...differing(body, [['size'], ['metadata', 'size'], ['metadata', 'resolution']]),
      ...differing(body, [['aspect_ratio'], ['metadata', 'aspect_ratio']]),
      ...differing(body, [['audio'], ['metadata', 'audio']]),
    ],
  },
];
