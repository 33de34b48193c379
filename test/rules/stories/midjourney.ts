// Midjourney: words for imagine, pictures and a shape for blend, and weights that have something to weigh.

import { IMAGE, type Story } from './story.js';

const path = '/mj/submit/imagine';
const taskId = '1751234567890';
const PNG = 'data:image/png;base64,iVBORw0KGgo=';
const pictures = (count: number) => Array<string>(count).fill(PNG);

export const stories: readonly Story[] = [
  {
    id: 'midjourney.imagine-prompt',
    model: 'mj_imagine',
    path,
    good: [{ prompt: 'a fox' }],
    bad: [{}, { prompt: ' ' }],
  },
  {
    id: 'midjourney.blend-images',
    model: 'mj_blend',
    path,
    good: [2, 5].map((count) => ({ base64Array: pictures(count), dimensions: 'SQUARE' })),
    bad: [{ dimensions: 'SQUARE' }, ...[1, 6].map((count) => ({ base64Array: pictures(count), dimensions: 'SQUARE' }))],
  },
  {
    id: 'midjourney.blend-dimensions',
    model: 'mj_blend',
    path,
    good: [{ base64Array: [IMAGE, IMAGE], dimensions: 'PORTRAIT' }],
    bad: [{ base64Array: pictures(2) }],
  },
  {
    id: 'midjourney.image-weight',
    model: 'mj_imagine',
    path,
    good: [
      { prompt: `${IMAGE} a fox --iw 0.8` },
      { prompt: 'a fox --iw 0.8', base64Array: pictures(1) },
      { prompt: 'a fox --iwx' },
    ],
    bad: [{ prompt: 'a fox --iw 0.8' }, { prompt: `a fox ${IMAGE} --iw 2` }],
  },
  {
    id: 'midjourney.style-weight',
    model: 'mj_imagine',
    path,
    good: [
      { prompt: `a fox --sref ${IMAGE} --sw 430` },
      { prompt: `a fox —sref ${IMAGE} —sw 430` },
      { prompt: 'a fox --w 430' },
    ],
    bad: [{ prompt: 'a fox --sw 430' }],
  },
  {
    id: 'midjourney.zoom-prompt',
    model: 'mj_custom_zoom',
    path: '/mj/submit/change',
    good: [{ taskId, customId: 'MJ::CustomZoom::1::abc123', prompt: '--zoom 1.5' }],
    bad: [{ taskId, customId: 'MJ::CustomZoom::1::abc123' }],
  },
  {
    id: 'midjourney.zoom-prompt',
    model: 'mj_zoom',
    path: '/mj/submit/change',
    good: [{ taskId, customId: 'MJ::Outpaint::50::1::abc123' }],
    bad: [],
  },
  {
    id: 'midjourney.remix-prompt',
    model: 'mj_remix',
    path: '/mj/submit/modal',
    good: [{ taskId, customId: 'MJ::RemixModal::abc123', prompt: 'a fox' }],
    bad: [{ taskId, customId: 'MJ::RemixModal::abc123', prompt: '' }],
  },
];
