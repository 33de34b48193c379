// Hailuo: words or a first frame.

import { IMAGE, type Story } from './story.js';

const id = 'minimax.prompt-required';
const good = [
  { prompt: 'a fox' },
  { metadata: { first_frame_image: IMAGE } },
  { metadata: { last_frame_image: IMAGE } },
];
const bad = [{}, { duration: 6, size: '768p' }];

export const stories: readonly Story[] = [
  { id, model: 'MiniMax-Hailuo-02', path: '/v1/videos', good, bad },
  {
    id,
    model: 'MiniMax-Hailuo-2.3',
    path: '/v1/video/generations',
    good,
    bad: [...bad, { prompt: ' ' }, { metadata: { first_frame_image: '' } }],
  },
];
