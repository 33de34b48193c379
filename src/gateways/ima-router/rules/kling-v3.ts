// What kling-v3-video and kling-v3-omni-video refuse: sound, reference videos, shot types, one setting spelt twice.

import type { Body, Rule } from '../../../catalog/index.js';
import { numberOf, valueAt } from '../../../transport/index.js';
import { differing, finding, firstGiven, given, mediaIn, metadataOf, promptRequired } from './fields.js';

const paths = ['/v1/videos'];
const SHOT_TYPES: Readonly<Record<string, readonly string[]>> = {
  'kling-v3-video': ['customize', 'intelligence'],
  'kling-v3-omni-video': ['customize'],
};
const models = Object.keys(SHOT_TYPES);

const DURATIONS = [['duration'], ['seconds'], ['metadata', 'duration'], ['metadata', 'seconds']];
/** With a reference video; without one it is 15. */
const MAX_SECONDS_WITH_VIDEO = 10;

function both(name: string): string[][] {
  return [[name], ['metadata', name]];
}

function hasVideo(body: Body): boolean {
  return [...both('video_url'), ...both('video_list')].some((path) => given(valueAt(body, path)));
}

/** Subject reference: said so, or meant by `element_list` where nothing else tells what the video starts from. */
function isSubjectReference(body: Body): boolean {
  const category = metadataOf(body).aigc_category;
  if (given(category)) return category === 'reference_image_to_video';
  if (firstGiven(body, both('element_list')) === undefined) return false;
  return mediaIn(body).every((path) => path.includes('element_list'));
}

export const klingV3: readonly Rule[] = [
  {
    id: 'kling-v3.prompt-required',
    source: 'KlingV3VideoCreateRequest.prompt: "Required for text-to-video"; for omni inferred',
    models,
    paths,
    check(body) {
      // Shots bring words of their own.
      return firstGiven(body, both('multi_prompt')) === undefined ? promptRequired(body) : [];
    },
  },
  {
    id: 'kling-v3.sound-with-video',
    source: '400 "kling-v3-omni-video sound=on cannot be combined with video_list or video_url reference video"',
    models: ['kling-v3-omni-video'],
    paths,
    check(body) {
      if (!hasVideo(body) || firstGiven(body, both('sound')) !== 'on') return [];
      return finding(['sound'], 'cannot be on with a reference video (video_url, video_list)', 'off');
    },
  },
  {
    id: 'kling-v3.video-duration',
    source: '400 "kling-v3-omni-video video_url or video_list motion_control duration must not exceed 10 seconds"',
    models: ['kling-v3-omni-video'],
    paths,
    check(body) {
      const path = DURATIONS.find((spelling) => given(valueAt(body, spelling)));
      if (path === undefined || !hasVideo(body)) return [];
      if ((numberOf(valueAt(body, path)) ?? 0) <= MAX_SECONDS_WITH_VIDEO) return [];
      return finding(path, 'is too long with a reference video (video_url, video_list)', '3 to 10 (seconds)');
    },
  },
  {
    id: 'kling-v3.shot-type',
    source: 'POST /v1/videos, "Create Kling v3 Video task" and "… Omni Video task", `shot_type`',
    models,
    paths,
    check(body, { model }) {
      const types = SHOT_TYPES[model] ?? [];
      if (typeof body.shot_type !== 'string' || !given(body.shot_type) || types.includes(body.shot_type)) return [];
      return finding(['shot_type'], `is not a shot type of ${model}`, types.join(' or '));
    },
  },
  {
    id: 'kling-v3.subject-sound',
    source: 'KlingV3VideoCreateRequest.sound: "subject reference-image mode only supports `off`"',
    models: ['kling-v3-video'],
    paths,
    check(body) {
      if (firstGiven(body, both('sound')) !== 'on' || !isSubjectReference(body)) return [];
      return finding(['sound'], 'cannot be on in subject reference mode (element_list)', 'off');
    },
  },
  {
    id: 'kling-v3.aliases',
    source: 'KlingV3VideoSeconds: "alias for `duration`"; metadata: "Compatibility object"',
    models,
    paths,
    check: (body) => [
      ...differing(body, DURATIONS),
      ...['aspect_ratio', 'mode', 'sound', 'shot_type'].flatMap((name) => differing(body, both(name))),
    ],
  },
];
