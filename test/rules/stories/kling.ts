// The legacy Kling models: four endpoints, two spellings, and master editions without a mode.

import { IMAGE, IMAGE_2, type Story } from './story.js';

const prompt = 'a fox';
const videos = { model: 'kling-v1-6', path: '/v1/videos' };
const unified = { model: 'kling-v1-6', path: '/v1/video/generations' };
const text2video = { model: 'kling-v1-6', path: '/kling/v1/videos/text2video' };
const image2video = { model: 'kling-v1-6', path: '/kling/v1/videos/image2video' };
const master = 'kling-v2-master';

export const stories: readonly Story[] = [
  {
    ...videos,
    id: 'kling.prompt-required',
    good: [{ prompt }, { image: IMAGE }, { images: [IMAGE] }, { input_reference: IMAGE }],
    bad: [{}, { duration: 5, mode: 'std', camera_control: { type: 'simple' } }],
  },
  {
    ...unified,
    id: 'kling.prompt-required',
    good: [{ prompt }, { images: [IMAGE] }, { metadata: { image_tail: IMAGE } }],
    bad: [{ prompt: ' ' }, { metadata: { negative_prompt: 'rain', mode: 'pro' } }],
  },
  { ...text2video, id: 'kling.master-mode', model: master, good: [{ prompt }], bad: [{ prompt, mode: 'std' }] },
  { ...text2video, id: 'kling.prompt-required', good: [{ prompt }], bad: [{ prompt: '' }] },
  { ...image2video, id: 'kling.prompt-required', good: [{ image: IMAGE }], bad: [] },
  {
    ...videos,
    model: master,
    id: 'kling.master-mode',
    good: [{ prompt }, { prompt, mode: 'std' }],
    bad: [
      { prompt, mode: 'pro' },
      { prompt, metadata: { mode: 'pro' } },
    ],
  },
  { ...videos, id: 'kling.master-mode', good: [{ prompt, mode: 'pro' }], bad: [] },
  {
    ...unified,
    id: 'kling.master-mode',
    model: 'kling-v2-master',
    good: [{ prompt, metadata: { mode: 'std' } }],
    bad: [{ prompt, metadata: { mode: 'pro' } }],
  },
  {
    ...image2video,
    id: 'kling.cfg-scale',
    good: [0, 0.5, 1].map((cfg_scale) => ({ image: IMAGE, cfg_scale })),
    bad: [-0.1, 1.1, 7].map((cfg_scale) => ({ image: IMAGE, cfg_scale })),
  },
  {
    ...unified,
    id: 'kling.cfg-scale',
    good: [0, 1].map((cfg_scale) => ({ prompt, metadata: { cfg_scale } })),
    bad: [-0.1, 1.1].map((cfg_scale) => ({ prompt, metadata: { cfg_scale } })),
  },
  {
    ...unified,
    id: 'kling.native-spelling',
    good: [
      { prompt, size: '16:9', metadata: { mode: 'pro', cfg_scale: 0.5, negative_prompt: 'rain' } },
      { image: IMAGE, metadata: { image_tail: IMAGE_2 } },
      { prompt, mode: 'pro' },
      // Nothing is lost where both say the same.
      { prompt, size: '16:9', aspect_ratio: '16:9', cfg_scale: 0.5, metadata: { cfg_scale: 0.5 } },
    ],
    bad: [
      { image: IMAGE, image_tail: IMAGE_2 },
      { prompt, aspect_ratio: '16:9' },
      { prompt, aspect_ratio: '16:9', size: '9:16' },
      { prompt, negative_prompt: 'rain' },
      { prompt, cfg_scale: 0.5 },
      { prompt, camera_control: { type: 'simple' } },
    ],
  },
  {
    ...videos,
    id: 'kling.native-spelling',
    good: [
      { image: IMAGE, image_tail: IMAGE_2, aspect_ratio: '16:9' },
      { prompt, size: '16:9', metadata: { mode: 'pro' } },
    ],
    bad: [],
  },
];
