// What imini refuses or silently ignores and only its pages say in words. Loaded when first needed.

import type { Body, Rule, RuleFinding } from '../../catalog/index.js';
import { isRecord, textOf } from '../../transport/index.js';

const paths = ['/v1/videos/generate'];
const KLING = ['kling/kling-v3', 'kling-v3'];
const OMNI = ['kling/kling-v3-omni', 'kling-v3-omni'];
const MOTION = ['kling/kling-v3-motion-control', 'kling-v3-motion-control'];
const SEEDANCE = ['doubao/seedance-2.0', 'doubao/seedance-2.0-fast', 'seedance-2.0', 'seedance-2.0-fast'];
const HORSE = ['dashscope/happyhorse-1.0', 'happyhorse-1.0'];

/** Beside a video to edit (its page; 9 without). */
const MOST_EDIT_IMAGES = 5;

type Item = Record<string, unknown>;

function itemsAt(body: Body, field: string): Item[] {
  const list = body[field];
  return Array.isArray(list) ? list.filter(isRecord) : [];
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

const frames = (body: Body, type: string): Item[] =>
  itemsAt(body, 'reference_images').filter((item) => item.reference_type === type);

function finding(path: readonly (string | number)[], message: string, expected: string): RuleFinding[] {
  return [{ path, message, expected }];
}

/** What a field of a body is for, where it has no effect: one finding for each that is given. */
function idle(body: Body, fields: readonly string[], message: string): RuleFinding[] {
  return fields.filter((field) => isGiven(body[field])).flatMap((field) => finding([field], message, `no ${field}`));
}

/** References in a prompt: `<<<image_2>>>` is the second of `reference_images`. */
const MARKER = /<<<(image|video)_(\d{1,3})>>>/g;

/** Fields that the vendor's scripts send and its pages know under another name: sent so, they would be ignored and paid for. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  reference_video: 'reference_videos',
  motion_video: 'reference_videos',
  character_image: 'reference_images',
};

export const rules: readonly Rule[] = [
  {
    id: 'imini.last-frame-alone',
    source: 'videos/kling-v3-omni: "when last_frame is provided, first_frame must also be provided"',
    models: [...KLING, ...OMNI, ...SEEDANCE],
    paths,
    check(body) {
      if (frames(body, 'last_frame').length === 0 || frames(body, 'first_frame').length > 0) return [];
      return finding(['reference_images'], 'has a last frame without a first one', 'a first_frame beside it');
    },
  },
  {
    id: 'imini.one-frame-each',
    source: 'videos/kling-v3-omni: "1 image with first_frame", "1 first_frame + 1 last_frame"',
    models: [...KLING, ...OMNI, ...SEEDANCE, ...HORSE],
    paths,
    check(body) {
      return ['first_frame', 'last_frame']
        .filter((type) => frames(body, type).length > 1)
        .flatMap((type) => finding(['reference_images'], `has more than one ${type}`, `one ${type}`));
    },
  },
  {
    id: 'imini.edit-without-frames',
    source: 'videos/kling-v3-omni: with refer_type=base "first_frame / last_frame are not allowed"',
    models: OMNI,
    paths,
    check(body) {
      if (!isEdit(body) || frames(body, 'first_frame').length + frames(body, 'last_frame').length === 0) return [];
      return finding(['reference_images'], 'has first or last frames beside a video that is edited', 'assets only');
    },
  },
  {
    id: 'imini.edit-keeps-length',
    source:
      'videos/kling-v3-omni, duration: with refer_type=base "this parameter is ignored … billed based on the input video"',
    models: OMNI,
    paths,
    check: (body) =>
      isEdit(body) ? idle(body, ['duration'], 'is ignored: the edited video keeps its length and is billed by it') : [],
  },
  {
    id: 'imini.videos-are-for-omni',
    source: 'videos/kling-v3-omni: "Adds reference-video support … on top of Kling v3"',
    models: KLING,
    paths,
    check: (body) => idle(body, ['reference_videos'], 'is for kling-v3-omni: this model looks at pictures only'),
  },
  {
    id: 'imini.markers',
    source: 'videos/kling-v3-omni: the prompt refers to images and videos "using the <<<>>> syntax"',
    models: OMNI,
    paths,
    check(body) {
      const shots = isRecord(body.extra_params) ? itemsAt(body.extra_params, 'multi_prompt') : [];
      const prompts = [
        { path: ['prompt'], text: body.prompt },
        ...shots.map(({ prompt }, index) => ({
          path: ['extra_params', 'multi_prompt', index, 'prompt'],
          text: prompt,
        })),
      ];
      return prompts.flatMap(({ path, text }) =>
        [...(textOf(text) ?? '').matchAll(MARKER)].flatMap(([marker, kind, number]) => {
          const field = `reference_${kind}s`;
          const count = itemsAt(body, field).length;
          if (Number(number) >= 1 && Number(number) <= count) return [];
          return finding(path, `names ${marker}, and there are ${count} ${field}`, 'markers of what is there');
        }),
      );
    },
  },
  {
    id: 'imini.edit-without-length',
    source:
      'videos/happyhorse-1-0, duration: "Not accepted in video-edit mode"; aspect_ratio: "Only accepted by text-to-video and reference-to-video"',
    models: HORSE,
    paths,
    check(body) {
      if (itemsAt(body, 'reference_videos').length > 0) {
        return idle(body, ['duration', 'aspect_ratio'], 'is not for editing a video, which keeps its own');
      }
      if (frames(body, 'first_frame').length === 0) return [];
      return idle(body, ['aspect_ratio'], 'is not for a first frame, which brings its own');
    },
  },
  {
    id: 'imini.edit-images',
    source: 'model selection of the vendor\'s skill: "1 reference video + 0–5 reference images"',
    models: HORSE,
    paths,
    check(body) {
      const count = itemsAt(body, 'reference_images').length;
      if (itemsAt(body, 'reference_videos').length === 0 || count <= MOST_EDIT_IMAGES) return [];
      return finding(['reference_images'], `has ${count} images beside a video to edit`, `at most ${MOST_EDIT_IMAGES}`);
    },
  },
  {
    id: 'imini.documented-names',
    source:
      "the pages of all video models say reference_videos and reference_images; the vendor's scripts send other names",
    models: [...KLING, ...OMNI, ...MOTION, ...SEEDANCE, ...HORSE],
    paths,
    check: (body) =>
      Object.entries(OTHER_NAMES)
        .filter(([field]) => isGiven(body[field]))
        .flatMap(([field, name]) => finding([field], 'is not what the platform calls it', `${name}: [{ url }]`)),
  },
];

const isEdit = (body: Body): boolean => itemsAt(body, 'reference_videos').some((item) => item.refer_type === 'base');
