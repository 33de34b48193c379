// Seedance on /v1/videos: seven combinations of inputs, exact ratios, and fast models that stop at 720p.

import { ASSET, AUDIO, IMAGE, IMAGE_2, images, type Story, VIDEO } from './story.js';

const at = { model: 'seedance-2.0', path: '/v1/videos' };
const fast = { ...at, model: 'seedance-2.0-fast' };
const prompt = 'a fox';

export const stories: readonly Story[] = [
  {
    ...at,
    id: 'seedance.prompt-required',
    good: [
      { prompt },
      { images: [IMAGE] },
      { images: [ASSET], prompt: ' ' },
      { input_reference: IMAGE },
      { metadata: { reference_video_urls: [VIDEO] } },
      { metadata: { first_frame_image: 'iVBORw0KGgo=' } },
      { metadata: { prompt } },
    ],
    bad: [
      {},
      { prompt: ' \n' },
      { images: [], duration: 5 },
      { metadata: { audio: 'true', callback_url: 'https://example.com/done', resolution: '720p' } },
    ],
  },
  {
    ...at,
    id: 'seedance.frame-with-references',
    good: [
      { images: [IMAGE], metadata: { role_mode: 'frame' } },
      { images: [IMAGE], metadata: { role_mode: 'reference', reference_video_urls: [VIDEO] } },
    ],
    bad: [
      { images: [IMAGE], metadata: { role_mode: 'frame', reference_video_urls: [VIDEO] } },
      { images: [IMAGE], metadata: { role_mode: 'frame', reference_audio_urls: [AUDIO] } },
    ],
  },
  {
    ...at,
    id: 'seedance.frame-images',
    good: [
      { images: images(2), metadata: { role_mode: 'frame' } },
      { images: images(3), metadata: { role_mode: 'reference' } },
      { images: images(3) },
    ],
    bad: [{ images: images(3), metadata: { role_mode: 'frame' } }],
  },
  {
    ...at,
    id: 'seedance.audio-alone',
    good: [
      { images: [IMAGE], metadata: { reference_audio_urls: [AUDIO] } },
      { input_reference: IMAGE, metadata: { reference_audio_urls: [AUDIO] } },
      { metadata: { reference_audio_urls: [AUDIO], reference_video_urls: [VIDEO] } },
    ],
    bad: [
      { prompt, metadata: { reference_audio_urls: [AUDIO] } },
      { prompt: `like ${IMAGE}`, images: [], metadata: { reference_audio_urls: [ASSET] } },
    ],
  },
  {
    ...at,
    id: 'seedance.size-ratio',
    good: [
      ...['1280x720', '720X1280', '640x640', '1024x768', '768x1024', '1680x720', '848x480', '480x848', '16:9', '720p'],
      ...['1280*720', ''],
    ].map((size) => ({ prompt, size })),
    bad: ['854x480', '1281x720', '100x101', '0x0'].map((size) => ({ prompt, size })),
  },
  {
    ...fast,
    id: 'seedance.fast-1080p',
    good: [
      { prompt, metadata: { resolution: '720p' } },
      { images: [IMAGE], metadata: { resolution: '1080p' } },
    ],
    bad: [{ prompt, metadata: { resolution: '1080p' } }],
  },
  {
    ...at,
    id: 'seedance.fast-1080p',
    good: [{ prompt, metadata: { resolution: '1080p' } }],
    bad: [],
  },
  {
    ...at,
    id: 'seedance.input-reference-unused',
    good: [
      { input_reference: IMAGE },
      { input_reference: IMAGE, images: [] },
      { input_reference: IMAGE, images: [IMAGE_2, IMAGE] },
    ],
    bad: [{ input_reference: IMAGE, images: [IMAGE_2] }],
  },
  {
    ...at,
    id: 'seedance.duration-aliases',
    good: [
      { prompt, duration: 5, seconds: '5' },
      { prompt, seconds: '5' },
    ],
    bad: [{ prompt, duration: 5, seconds: '6' }],
  },
  {
    ...at,
    id: 'seedance.body-size',
    good: [{ prompt, metadata: { note: 'x'.repeat(64 * 1024 * 1024 - 1000) } }],
    bad: [{ prompt, metadata: { note: 'x'.repeat(64 * 1024 * 1024) } }],
  },
];
