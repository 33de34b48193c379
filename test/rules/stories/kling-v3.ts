// Kling v3: silent wherever a video or a subject leads, and ten seconds at most beside a video.

import { IMAGE, images, type Story, VIDEO } from './story.js';

const v3 = { model: 'kling-v3-video', path: '/v1/videos' };
const omni = { model: 'kling-v3-omni-video', path: '/v1/videos' };
const prompt = 'a fox';
const element_list = [{ element_id: 12345 }];

export const stories: readonly Story[] = [
  {
    ...v3,
    id: 'kling-v3.prompt-required',
    good: [
      { prompt },
      { images: images(2) },
      { element_list },
      { metadata: { last_frame_url: IMAGE } },
      { multi_shot: true, multi_prompt: [{ index: 1, prompt, duration: 3 }] },
    ],
    bad: [{}, { prompt: ' ' }, { duration: 5, sound: 'on', mode: 'pro', metadata: { aigc_category: 'text_to_video' } }],
  },
  {
    ...omni,
    id: 'kling-v3.prompt-required',
    good: [{ video_url: VIDEO }, { image_list: [IMAGE] }, { metadata: { multi_prompt: [{ prompt }] } }],
    bad: [{}, { multi_prompt: [] }],
  },
  {
    ...omni,
    id: 'kling-v3.sound-with-video',
    good: [
      { prompt, sound: 'on', image_list: [IMAGE] },
      { prompt, sound: 'off', video_list: [VIDEO] },
    ],
    bad: [
      { prompt, sound: 'on', video_url: VIDEO },
      { prompt, sound: 'on', video_list: [{ video_url: VIDEO }] },
      { prompt, metadata: { sound: 'on', video_url: VIDEO } },
    ],
  },
  {
    ...omni,
    id: 'kling-v3.video-duration',
    good: [
      { prompt, video_url: VIDEO, duration: 3 },
      { prompt, video_url: VIDEO, duration: 10 },
      { prompt, video_url: VIDEO, seconds: '10' },
      { prompt, duration: 15 },
    ],
    bad: [
      { prompt, video_url: VIDEO, duration: 11 },
      { prompt, video_list: [VIDEO], seconds: '15' },
      { prompt, metadata: { video_list: [VIDEO], duration: 11 } },
    ],
  },
  {
    ...omni,
    id: 'kling-v3.shot-type',
    good: [
      { prompt, shot_type: 'customize' },
      { prompt, shot_type: '' },
    ],
    bad: [{ prompt, shot_type: 'intelligence' }],
  },
  {
    ...v3,
    id: 'kling-v3.shot-type',
    good: [
      { prompt, shot_type: 'customize' },
      { prompt, shot_type: 'intelligence' },
    ],
    bad: [{ prompt, shot_type: 'close-up' }],
  },
  {
    ...v3,
    id: 'kling-v3.subject-sound',
    good: [
      { prompt, sound: 'off', element_list },
      { prompt, sound: 'on', image: IMAGE },
      // Here the image may lead, or the category says that it does.
      { prompt, sound: 'on', image: IMAGE, element_list },
      { prompt, sound: 'on', element_list, metadata: { aigc_category: 'image_to_video' } },
    ],
    bad: [
      { prompt, sound: 'on', element_list },
      { prompt, metadata: { sound: 'on', element_list } },
      { prompt, sound: 'on', image: IMAGE, metadata: { aigc_category: 'reference_image_to_video' } },
    ],
  },
  {
    ...v3,
    id: 'kling-v3.aliases',
    good: [
      { prompt, duration: 5, seconds: '5', mode: 'pro', metadata: { duration: '5', mode: 'pro' } },
      { prompt, metadata: { seconds: 5, sound: 'on' } },
    ],
    bad: [
      { prompt, duration: 5, seconds: '6' },
      { prompt, duration: 5, metadata: { seconds: 6 } },
      { prompt, mode: 'std', metadata: { mode: 'pro' } },
      { prompt, sound: 'off', metadata: { sound: 'on' } },
    ],
  },
];
