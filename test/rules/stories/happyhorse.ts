// HappyHorse: one first frame, nine references, one video and five references, however they are spelt.

import { IMAGE, IMAGE_2, images, type Story, VIDEO } from './story.js';

const path = '/v1/videos';
const prompt = 'a fox';
const video = { type: 'video', url: VIDEO };
const reference = (url: string) => ({ type: 'reference_image', url });

export const stories: readonly Story[] = [
  {
    id: 'happyhorse.one-first-frame',
    model: 'happyhorse-1.0-i2v',
    path,
    good: [
      { image: IMAGE },
      { media: [{ url: IMAGE }] },
      { metadata: { media: [{ type: 'first_frame', url: IMAGE }] } },
      // The source resolves to one.
      { image: IMAGE, first_frame_url: IMAGE },
    ],
    bad: [
      { image: IMAGE, first_frame_url: IMAGE_2 },
      { images: [IMAGE], media: [{ url: IMAGE_2 }] },
      { image: IMAGE, metadata: { first_frame_url: IMAGE_2 } },
    ],
  },
  {
    id: 'happyhorse.reference-count',
    model: 'happyhorse-1.0-r2v',
    path,
    good: [
      { prompt, images: images(9) },
      { prompt, images: images(9), image: images(1)[0] },
      { prompt, images: images(8), metadata: { media: [reference(IMAGE)] } },
    ],
    bad: [
      { prompt, images: images(9), image: IMAGE },
      { prompt, reference_image_urls: images(9), media: [{ url: IMAGE }] },
      { prompt, images: images(9), metadata: { reference_image_urls: [IMAGE] } },
    ],
  },
  {
    id: 'happyhorse.edit-one-video',
    model: 'happyhorse-1.0-video-edit',
    path,
    good: [
      { prompt, video_url: VIDEO },
      { prompt, media: [video, reference(IMAGE)] },
      { prompt, metadata: { video_url: VIDEO } },
    ],
    bad: [
      { prompt, media: [reference(IMAGE)] },
      { prompt, media: [video, { type: 'video', url: 'https://example.com/b.mp4' }] },
    ],
  },
  {
    id: 'happyhorse.edit-reference-count',
    model: 'happyhorse-1.0-video-edit',
    path,
    good: [
      { prompt, video_url: VIDEO, reference_image_urls: images(5) },
      { prompt, media: [video, ...images(5).map(reference)], reference_image_urls: images(5) },
    ],
    bad: [
      { prompt, media: [video, ...images(5).map(reference)], reference_image_urls: [IMAGE] },
      { prompt, video_url: VIDEO, reference_image_urls: images(5), metadata: { reference_image_urls: [IMAGE] } },
    ],
  },
  {
    id: 'happyhorse.aliases',
    model: 'happyhorse-1.0-t2v',
    path,
    good: [{ prompt, duration: 8, seconds: '8', metadata: { duration: 8 } }],
    bad: [
      { prompt, duration: 8, seconds: '9' },
      { prompt, size: '720P', metadata: { resolution: '1080P' } },
      { prompt, seed: 1, metadata: { seed: 2 } },
    ],
  },
];
