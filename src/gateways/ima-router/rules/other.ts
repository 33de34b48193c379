// Rules over several families, and of families with one or two: asset:// media, uploads, subtitle erase, speech.

import type { Rule } from '../../../catalog/index.js';
import { assetTypeNamed, differing, finding, given, inWords, leavesOf } from './fields.js';

export const other: readonly Rule[] = [
  {
    id: 'media.asset-protocol',
    source:
      'ImaProVideoCreateRequest.images: "Asset library protocol URL" is told of Seedance alone; user logs say that others need http(s)',
    models: [
      ...['MiniMax-Hailuo-02', 'MiniMax-Hailuo-2.3', 'MiniMax-Hailuo-2.3-Fast'],
      ...['happyhorse-1.0-i2v', 'happyhorse-1.0-r2v', 'happyhorse-1.0-t2v', 'happyhorse-1.0-video-edit'],
      ...['kling-v1', 'kling-v1-6', 'kling-v2-master', 'kling-v2-1-master', 'kling-v2-5-turbo', 'kling-v2-6'],
      ...['kling-video-o1', 'kling-v3-video', 'kling-v3-omni-video', 'pixverse-c1', 'pixverse-v6'],
      ...['veo-3.0-generate-001', 'veo-3.1-fast-generate-001'],
      ...['viduq1', 'viduq2', 'viduq2-pro', 'viduq2-turbo', 'viduq3-pro', 'viduq3-turbo'],
      ...['wan2.6-i2v', 'wan2.6-i2v-flash', 'wan2.6-r2v', 'wan2.6-t2v'],
    ],
    paths: ['/v1/videos', '/v1/video/generations', '/kling/v1/videos/text2video', '/kling/v1/videos/image2video'],
    check: (body) =>
      [...leavesOf(body)]
        .filter((leaf) => typeof leaf.value === 'string' && /^\s*asset:\/\//i.test(leaf.value) && !inWords(leaf))
        .flatMap(({ path }) =>
          finding(path, 'is an asset:// address, which Seedance alone takes', 'a public http(s) URL'),
        ),
  },
  {
    id: 'assets.type-by-extension',
    source: 'POST /v1/assets/create: "`asset_type` … the default value is `Image`"',
    models: ['ima-pro-upload', 'ima-pro-upload-cn', 'seedance-upload', 'seedance-upload-cn'],
    paths: ['/v1/assets/create'],
    check({ url, asset_type }) {
      if (given(asset_type) || typeof url !== 'string' || !URL.canParse(url)) return [];
      const { pathname, search } = new URL(url);
      // Object stores make a picture of a video on the fly: `v.mp4?x-oss-process=video/snapshot,…`.
      if (/snapshot|process|frame|thumb|format/i.test(search)) return [];
      const type = assetTypeNamed(pathname);
      if (type === undefined) return [];
      return finding(['asset_type'], 'is required: the url is no image, and Image is the default', type);
    },
  },
  {
    id: 'subtitle-erase.http-url',
    source: '400 "video_url must be http or https"',
    models: ['doubao-video-subtitle-erase-cn', 'doubao-video-subtitle-erase'],
    paths: ['/v1/videos/subtitle-erase'],
    check({ video_url }) {
      if (typeof video_url !== 'string' || /^https?:/i.test(video_url.trim())) return [];
      return finding(['video_url'], 'must be http or https', 'a public http(s) URL');
    },
  },
  {
    id: 'speech.text-aliases',
    source: 'SeedTtsSpeechCreateRequest.text, prompt: "Text input alias"',
    models: ['seed-tts-2.0'],
    check: (body) => differing(body, [['input'], ['text'], ['prompt']]),
  },
  {
    id: 'speech.voice-aliases',
    source: 'POST /v1/audio/speech: "`voice` / `speaker`: one is required"',
    models: ['seed-tts-2.0'],
    check: (body) => differing(body, [['voice'], ['speaker']]),
  },
];
