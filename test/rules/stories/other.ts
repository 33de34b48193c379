// Over several families: asset:// is Seedance's alone, uploads say what they are, two voices are one too many.

import { ASSET, AUDIO, IMAGE, type Story, VIDEO } from './story.js';

const prompt = 'a fox';
const upload = { model: 'seedance-upload', path: '/v1/assets/create' };
const speech = { model: 'seed-tts-2.0', path: '/v1/audio/speech' };

export const stories: readonly Story[] = [
  {
    id: 'media.asset-protocol',
    model: 'kling-v1-6',
    path: '/kling/v1/videos/image2video',
    good: [{ image: IMAGE }, { image: IMAGE, prompt: `${ASSET} walks` }],
    bad: [{ image: ASSET }],
  },
  {
    id: 'media.asset-protocol',
    model: 'viduq3-pro',
    path: '/v1/video/generations',
    good: [{ images: [IMAGE] }],
    bad: [{ images: [IMAGE, ASSET] }],
  },
  {
    id: 'media.asset-protocol',
    model: 'MiniMax-Hailuo-2.3-Fast',
    path: '/v1/videos',
    good: [{ duration: 6, size: '768p', metadata: { first_frame_image: IMAGE } }],
    bad: [{ duration: 6, size: '768p', metadata: { first_frame_image: ASSET } }],
  },
  {
    id: 'media.asset-protocol',
    model: 'kling-v3-omni-video',
    path: '/v1/videos',
    good: [{ prompt, multi_prompt: [{ prompt: ASSET }] }],
    bad: [{ prompt, image_list: [{ image_url: ASSET }] }],
  },
  {
    id: 'media.asset-protocol',
    model: 'seedance-2.0',
    path: '/v1/videos',
    good: [{ images: [ASSET] }],
    bad: [],
  },
  {
    ...upload,
    id: 'assets.type-by-extension',
    good: [
      { group_id: 'g', url: IMAGE },
      { group_id: 'g', url: 'https://example.com/a' },
      { group_id: 'g', url: VIDEO, asset_type: 'Video' },
      { group_id: 'g', url: `${VIDEO}?x-oss-process=video/snapshot,t_1000` },
      // Said outright.
      { group_id: 'g', url: VIDEO, asset_type: 'Image' },
    ],
    bad: [
      { group_id: 'g', url: VIDEO },
      { group_id: 'g', url: `${AUDIO}?sign=1.png` },
    ],
  },
  {
    id: 'subtitle-erase.http-url',
    model: 'doubao-video-subtitle-erase-cn',
    path: '/v1/videos/subtitle-erase',
    good: [{ video_url: VIDEO }, { video_url: 'HTTP://example.com/a.mp4' }],
    bad: [{ video_url: 'ftp://example.com/a.mp4' }, { video_url: ASSET }],
  },
  {
    ...speech,
    id: 'speech.text-aliases',
    good: [
      { input: prompt, text: prompt, voice: 'v' },
      // Not an alias, but the same words marked up.
      { input: prompt, ssml: `<speak>${prompt}</speak>`, voice: 'v' },
    ],
    bad: [
      { input: prompt, text: 'a hare', voice: 'v' },
      { text: prompt, prompt: 'a hare', voice: 'v' },
    ],
  },
  {
    ...speech,
    id: 'speech.voice-aliases',
    good: [
      { input: prompt, voice: 'v', speaker: 'v' },
      { input: prompt, speaker: 'v' },
    ],
    bad: [{ input: prompt, voice: 'v', speaker: 'w' }],
  },
];
