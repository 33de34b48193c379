// Seedance's own endpoint: every item carries what its type names, and frames never meet references.

import { AUDIO, IMAGE, IMAGE_2, type Story, VIDEO } from './story.js';

const at = { model: 'seedance-2.0', path: '/api/v1/contents/generations/tasks' };
const text = { type: 'text', text: 'a fox' };
const first = { type: 'image_url', image_url: { url: IMAGE }, role: 'first_frame' };
const last = { type: 'image_url', image_url: { url: IMAGE_2 }, role: 'last_frame' };
const picture = { type: 'image_url', image_url: { url: IMAGE }, role: 'reference_image' };
const video = { type: 'video_url', video_url: { url: VIDEO }, role: 'reference_video' };
const audio = { type: 'audio_url', audio_url: { url: AUDIO }, role: 'reference_audio' };

export const stories: readonly Story[] = [
  {
    ...at,
    id: 'contents.item-field',
    good: [{ content: [text, { type: 'image_url', image_url: { url: IMAGE } }] }],
    bad: [
      { content: [text, { type: 'image_url', role: 'first_frame' }] },
      { content: [text, { ...first, text: 'a fox' }] },
      { content: [{ type: 'video_url', image_url: { url: IMAGE } }] },
    ],
  },
  {
    ...at,
    id: 'contents.item-role',
    good: [{ content: [text, picture, video, audio] }, { content: [{ type: 'video_url', video_url: { url: VIDEO } }] }],
    bad: [
      { content: [text, { ...video, role: 'reference_image' }] },
      { content: [text, { ...audio, role: 'reference_video' }] },
      { content: [text, { ...picture, role: 'reference_video' }] },
    ],
  },
  {
    ...at,
    id: 'contents.mixed-modes',
    good: [{ content: [text, first, last] }, { content: [picture, video] }],
    bad: [{ content: [text, first, picture] }, { content: [first, last, { ...video, role: undefined }] }].map(
      // What is undefined never travels.
      (body) => JSON.parse(JSON.stringify(body)),
    ),
  },
  {
    ...at,
    id: 'contents.silent-with-audio',
    good: [
      { content: [text, picture, audio], generate_audio: true },
      { content: [picture, audio] },
      { content: [picture, video], generate_audio: false },
    ],
    bad: [{ content: [text, picture, audio], generate_audio: false }],
  },
  {
    ...at,
    id: 'contents.fast-1080p',
    model: 'seedance-2.0-fast-cn',
    good: [{ content: [text], resolution: '720p' }],
    bad: [
      { content: [text], resolution: '1080p' },
      { content: [first], resolution: '1080p' },
    ],
  },
  { ...at, id: 'contents.fast-1080p', good: [{ content: [text], resolution: '1080p' }], bad: [] },
  {
    ...at,
    id: 'contents.text-required',
    good: [{ content: [text] }, { content: [first] }],
    bad: [{ content: [{ type: 'text', text: ' ' }] }],
  },
];
