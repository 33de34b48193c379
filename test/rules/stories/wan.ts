// Wan 2.6 video: one first frame, one duration, one resolution.

import { IMAGE, type Story, VIDEO } from './story.js';

const path = '/v1/videos';
const prompt = 'a fox';

export const stories: readonly Story[] = [
  ...['wan2.6-i2v', 'wan2.6-i2v-flash'].map((model) => ({
    id: 'wan.one-image',
    model,
    path,
    good: [{ image: IMAGE }, { images: [IMAGE] }],
    bad: [{ image: IMAGE, images: [IMAGE] }],
  })),
  // "constrained with", without saying how: nothing is refused.
  {
    id: 'wan.one-image',
    model: 'wan2.6-r2v',
    path,
    good: [{ image: IMAGE, images: [IMAGE], reference_video_urls: [VIDEO] }],
    bad: [],
  },
  {
    id: 'wan.aliases',
    model: 'wan2.6-t2v',
    path,
    good: [
      { prompt, duration: 5, seconds: '5', size: '720P', metadata: { duration: 5, resolution: '720P' } },
      { prompt, metadata: { seconds: 10, size: '1080P', aspect_ratio: '1:1' } },
    ],
    bad: [
      { prompt, duration: 5, seconds: 10 },
      { prompt, seconds: '5', metadata: { duration: 10 } },
      { prompt, size: '720P', metadata: { resolution: '1080P' } },
      { prompt, metadata: { size: '720P', resolution: '1080P' } },
      { prompt, aspect_ratio: '16:9', metadata: { aspect_ratio: '1:1' } },
    ],
  },
  {
    id: 'wan.aliases',
    model: 'wan2.6-i2v-flash',
    path,
    good: [{ image: IMAGE, audio: true, metadata: { audio: true } }],
    bad: [{ image: IMAGE, audio: true, metadata: { audio: false } }],
  },
];
