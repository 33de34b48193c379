// What HappyHorse 1.0 refuses or drops: how many pictures and videos over all their spellings, one setting spelt twice.

import type { Body, Rule } from '../../../catalog/index.js';
import { isRecord } from '../../../transport/index.js';
import { differing, finding, listOf, metadataOf } from './fields.js';

const paths = ['/v1/videos'];
const MAX_REFERENCES = 9;
const MAX_EDIT_REFERENCES = 5;

/**
 * How many different inputs: those in the fields `names`, and the `media` items of `type`, at the top level and in
 * metadata. The same URL twice is one input. An item without a type is of the only type that its model knows.
 */
function count(body: Body, type: string, names: readonly string[]): number {
  const places = [body, metadataOf(body)];
  const media = places.flatMap(({ media }) => listOf(media)).filter(isRecord);
  return new Set([
    ...places.flatMap((place) => names.flatMap((name) => listOf(place[name]))),
    ...media.filter((item) => (item.type ?? type) === type).map((item) => item.url),
  ]).size;
}

export const happyhorse: readonly Rule[] = [
  {
    id: 'happyhorse.one-first-frame',
    source:
      'first_frame_url: "the resolved image source must be unique"; 400 "happyhorse-1.0-i2v supports at most 1 image input"',
    models: ['happyhorse-1.0-i2v'],
    paths,
    check(body) {
      if (count(body, 'first_frame', ['image', 'images', 'first_frame_url']) <= 1) return [];
      return finding([], 'there is more than one first frame', 'one of image, images, first_frame_url and media');
    },
  },
  {
    id: 'happyhorse.reference-count',
    source:
      '400 "happyhorse-1.0-r2v supports at most 9 reference images"; its sources in POST /v1/videos, "`r2v` parameters"',
    models: ['happyhorse-1.0-r2v'],
    paths,
    check(body) {
      if (count(body, 'reference_image', ['image', 'images', 'reference_image_urls']) <= MAX_REFERENCES) return [];
      return finding(
        [],
        'there are too many reference images over image, images, reference_image_urls and media together',
        `1 to ${MAX_REFERENCES} in all`,
      );
    },
  },
  {
    id: 'happyhorse.edit-one-video',
    source: 'Happyhorse10VideoEditVideoCreateRequest.media: "Provide one `video` item"',
    models: ['happyhorse-1.0-video-edit'],
    paths,
    check(body) {
      if (count(body, 'video', ['video_url']) === 1) return [];
      return finding([], 'there has to be exactly one source video', 'video_url, or one media item of type video');
    },
  },
  {
    id: 'happyhorse.edit-reference-count',
    source: '400 "happyhorse-1.0-video-edit supports at most 5 reference images"',
    models: ['happyhorse-1.0-video-edit'],
    paths,
    check(body) {
      if (count(body, 'reference_image', ['reference_image_urls']) <= MAX_EDIT_REFERENCES) return [];
      return finding(
        [],
        'there are too many reference images over reference_image_urls and media together',
        `at most ${MAX_EDIT_REFERENCES} in all`,
      );
    },
  },
  {
    id: 'happyhorse.aliases',
    source: 'Happyhorse10T2VVideoSeconds: "alias for `duration`"; metadata: "Compatibility object"',
    models: ['happyhorse-1.0-t2v', 'happyhorse-1.0-i2v', 'happyhorse-1.0-r2v', 'happyhorse-1.0-video-edit'],
    paths,
    check: (body) => [
      ...differing(body, [['duration'], ['seconds'], ['metadata', 'duration'], ['metadata', 'seconds']]),
      ...differing(body, [['size'], ['metadata', 'size'], ['metadata', 'resolution']]),
      ...['aspect_ratio', 'audio_setting', 'seed'].flatMap((name) => differing(body, [[name], ['metadata', name]])),
    ],
  },
];
