// Image models: boxes and palettes of Wan 2.7, its sizes; png that is not compressed; masks and edits without a picture.

import { IMAGE, IMAGE_2, images, type Story } from './story.js';

const path = '/v1/images/generations';
const prompt = 'a fox';
const wan = { model: 'wan2.7-image', path };
const pro = { model: 'wan2.7-image-pro', path };
const gpt = { model: 'gpt-image-2', path };
const box = [[0, 0, 12, 12]];

function palette(...ratios: string[]) {
  return ratios.map((ratio) => ({ hex: '#C2D1E6', ratio }));
}
const thirds = palette('33.33%', '33.33%', '33.34%');

export const stories: readonly Story[] = [
  {
    ...wan,
    id: 'wan27.bbox-needs-images',
    good: [
      { prompt, image: IMAGE, bbox_list: [box] },
      { prompt, bbox_list: [] },
    ],
    bad: [{ prompt, bbox_list: [box] }],
  },
  {
    ...pro,
    id: 'wan27.bbox-count',
    good: [
      { prompt, images: images(2), bbox_list: [box, []] },
      { prompt, image: IMAGE, images: images(2), bbox_list: [box] },
      { prompt, images: images(2) },
    ],
    bad: [
      { prompt, images: images(2), bbox_list: [box] },
      { prompt, image: IMAGE, bbox_list: [box, box] },
    ],
  },
  {
    ...wan,
    id: 'wan27.thinking-with-sequential',
    good: [
      { prompt, thinking_mode: true },
      { prompt, thinking_mode: true, enable_sequential: false },
      { prompt, thinking_mode: false, enable_sequential: true },
    ],
    bad: [{ prompt, thinking_mode: true, enable_sequential: true }],
  },
  {
    ...wan,
    id: 'wan27.palette-with-sequential',
    good: [{ prompt, color_palette: thirds, enable_sequential: false }],
    bad: [{ prompt, color_palette: thirds, enable_sequential: true }],
  },
  {
    ...pro,
    id: 'wan27.palette-sum',
    good: [
      { prompt, color_palette: thirds },
      { prompt, color_palette: palette('100.00%', '0.00%', '0.00%') },
      { prompt, color_palette: palette(...Array<string>(9).fill('11.10%'), '0.10%') },
    ],
    bad: [
      { prompt, color_palette: palette('33.33%', '33.33%', '33.33%') },
      { prompt, color_palette: palette('33.33%', '33.34%', '33.34%') },
    ],
  },
  {
    ...wan,
    id: 'wan27.size',
    good: ['1K', '2K', '768*768', '2048*2048', '4096*1024', '2304*288'].map((size) => ({ prompt, size })),
    bad: ['4K', '767*768', '2048*2049', '2304*287', '256*2304'].map((size) => ({ prompt, size })),
  },
  {
    ...pro,
    id: 'wan27.pro-size',
    good: [
      { prompt, size: '4K' },
      { prompt, size: '4096*4096' },
      { prompt, size: '2K', image: IMAGE },
      { prompt, size: '2048*2048', enable_sequential: true },
      { prompt, size: '512*512' },
    ],
    bad: [
      { prompt, size: '4096*4097' },
      { prompt, size: '4K', image: IMAGE },
      { prompt, size: '4K', enable_sequential: true },
      { prompt, size: '2048*2049', images: [IMAGE] },
    ],
  },
  {
    model: 'wan2.6-image',
    path,
    id: 'wan26.one-image',
    good: [
      { prompt, image: IMAGE },
      { prompt, images: images(2) },
    ],
    bad: [{ prompt, image: IMAGE, images: [IMAGE_2] }],
  },
  {
    ...gpt,
    id: 'gpt-image.png-compression',
    good: [
      { prompt, output_compression: 100 },
      { prompt, output_compression: 50, output_format: 'jpeg' },
      { prompt, output_compression: 0, output_format: 'webp' },
      { prompt, output_format: 'png' },
    ],
    bad: [
      { prompt, output_compression: 99 },
      { prompt, output_compression: 0, output_format: 'png' },
    ],
  },
  {
    ...gpt,
    id: 'gpt-image.mask-needs-image',
    good: [
      { prompt, mask: IMAGE, image: IMAGE_2 },
      { prompt, mask: '' },
    ],
    bad: [
      { prompt, mask: IMAGE },
      { prompt, mask: IMAGE, images: [] },
    ],
  },
  {
    model: 'prunaai/p-image',
    path,
    id: 'pruna.custom-size',
    good: [
      { prompt, aspect_ratio: 'custom', width: 512, height: 512 },
      { prompt, size: '512x512', width: 512, height: 512 },
      { prompt, aspect_ratio: '16:9' },
    ],
    bad: [
      { prompt, width: 512, height: 512 },
      { prompt, aspect_ratio: '16:9', height: 512 },
      { prompt, aspect_ratio: '16:9', size: '512x512', width: 512 },
    ],
  },
  {
    model: 'prunaai/p-image-edit',
    path,
    id: 'pruna.edit-needs-image',
    good: [
      { prompt, image: IMAGE },
      { prompt, extra_fields: { input: { images: [IMAGE] } } },
      { prompt, extra_fields: { image: 'iVBORw0KGgo=' } },
    ],
    bad: [
      { prompt, extra_fields: {} },
      { prompt, extra_fields: { input: { images: [], aspect_ratio: '1:1', turbo: false } } },
    ],
  },
];
