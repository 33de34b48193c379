// Veo: 4k on 3.1 only, two frames, one duration in four spellings.

import { IMAGE, images, type Story } from './story.js';

const path = '/v1/videos';
const prompt = 'a fox';
const [veo30, veo31] = ['veo-3.0-generate-001', 'veo-3.1-fast-generate-001'];

export const stories: readonly Story[] = [
  {
    id: 'veo.no-4k',
    model: veo30,
    path,
    good: [{ prompt, resolution: '1080p' }],
    bad: [
      { prompt, resolution: '4k' },
      { prompt, metadata: { resolution: '4k' } },
    ],
  },
  { id: 'veo.no-4k', model: veo31, path, good: [{ prompt, resolution: '4k' }], bad: [] },
  {
    id: 'veo.frame-images',
    model: veo31,
    path,
    good: [
      { prompt, images: images(2), metadata: { role_mode: 'frame' } },
      { prompt, images: [IMAGE], metadata: { role_mode: 'frame' } },
      { prompt, images: images(3) },
    ],
    bad: [{ prompt, images: images(3), metadata: { role_mode: 'frame' } }],
  },
  {
    id: 'veo.aliases',
    model: veo31,
    path,
    good: [{ prompt, duration: 8, seconds: '8', durationSeconds: 8, metadata: { durationSeconds: 8 } }],
    bad: [
      { prompt, duration: 8, seconds: '4' },
      { prompt, durationSeconds: 8, metadata: { durationSeconds: 4 } },
      { prompt, aspectRatio: '16:9', aspect_ratio: '9:16' },
      { prompt, aspectRatio: '16:9', metadata: { aspectRatio: '9:16' } },
      { prompt, resolution: '720p', metadata: { resolution: '1080p' } },
    ],
  },
];
