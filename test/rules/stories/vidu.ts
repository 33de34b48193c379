// Vidu: models that need a picture, models that need words, and what each series can last.

import { IMAGE, images, type Story } from './story.js';

const path = '/v1/video/generations';
const prompt = 'a fox';

export const stories: readonly Story[] = [
  {
    id: 'vidu.images-required',
    model: 'viduq2-pro',
    path,
    good: [{ images: [IMAGE] }, { image: IMAGE }, { metadata: { images: ['iVBORw0KGgo='] } }, { images: images(3) }],
    bad: [{}, { prompt }, { prompt: IMAGE, images: [] }, { prompt, images: [''] }],
  },
  {
    id: 'vidu.images-required',
    model: 'viduq2-turbo',
    path: '/v1/videos',
    good: [{ images: images(2) }],
    bad: [{ prompt }],
  },
  {
    id: 'vidu.prompt-required',
    model: 'viduq3-pro',
    path,
    good: [{ prompt }, { images: [IMAGE] }, { img_url: IMAGE }, { reference_id: 7, metadata: { image_id: 7 } }],
    bad: [{}, { prompt: '', images: [] }, { duration: 5, size: '16:9', metadata: { resolution: '720p' } }],
  },
  {
    id: 'vidu.q1-fixed',
    model: 'viduq1',
    path,
    good: [{ prompt, duration: 5, metadata: { resolution: '1080p' } }, { prompt }],
    bad: [
      { prompt, duration: 4 },
      { prompt, duration: 6 },
      { prompt, metadata: { resolution: '720p' } },
    ],
  },
  {
    id: 'vidu.q2-duration',
    model: 'viduq2',
    path,
    good: [{ prompt }, { prompt, duration: 4 }, { prompt, duration: 8 }, { prompt, images: [IMAGE] }],
    bad: [
      { prompt, duration: 3 },
      { prompt, duration: 9 },
    ],
  },
  {
    id: 'vidu.q3-duration',
    model: 'viduq3-turbo',
    path,
    good: [{ prompt }, { prompt, duration: 1 }, { prompt, duration: 16 }],
    bad: [
      { prompt, duration: 0 },
      { prompt, duration: 17 },
    ],
  },
  {
    id: 'vidu.size-is-ratio',
    model: 'viduq2',
    path,
    good: [
      { prompt, size: '16:9' },
      { prompt, size: '4:3' },
      { prompt, size: '720p' },
    ],
    bad: [
      { prompt, size: '1280x720' },
      { prompt, size: '1280*720' },
    ],
  },
];
