// Edits of what requests take, each with the class and the lines that the report must hold.
import { type Edit, THEN } from './diff-edits.js';

export const requests: readonly Edit[] = [
  // Request fields.
  {
    name: 'an optional field is added to a schema of several models and endpoints',
    edit: (d) => d.schema('ViduVideoRequest', 'properties').set({ seed: { type: 'integer', minimum: 0 } }),
    expect: 'additive',
    lines: [
      '6 models (viduq1, viduq2, viduq2-pro, …) on POST /v1/video/generations, POST /v1/videos: `seed` is a new optional field (a whole number)',
    ],
  },
  {
    name: 'a required field is added',
    edit: (d) => {
      d.schema('EmbeddingRequest', 'properties').set({ purpose: { type: 'string', enum: ['search', 'classify'] } });
      d.schema('EmbeddingRequest', 'required').list.push('purpose');
    },
    expect: 'breaking',
    lines: [
      'text-embedding-3-large, text-embedding-3-small on POST /v1/embeddings: `purpose` is a new required field (`"classify"`, `"search"`)',
    ],
  },
  {
    name: 'a field is removed',
    edit: (d) => d.schema('KlingVideoRequest', 'properties').remove('cfg_scale'),
    expect: 'breaking',
    lines: ['7 models (kling-v1, kling-v1-6, kling-v2-1-master, …) on POST /v1/videos: `cfg_scale` is no longer taken'],
  },
  {
    name: 'a field is renamed',
    edit: (d) => d.schema('KlingVideoRequest', 'properties').rename('image_tail', 'tail_image'),
    expect: 'breaking',
    lines: [
      '7 models (kling-v1, kling-v1-6, kling-v2-1-master, …) on POST /v1/videos: `image_tail` is called `tail_image` now',
    ],
  },
  {
    name: 'a field gives way to a similar one of another type',
    edit: (d) => {
      d.schema('KlingVideoRequest', 'properties').remove('image_tail');
      d.schema('KlingVideoRequest', 'properties').set({ tail_image: { type: 'array', items: { type: 'string' } } });
    },
    expect: 'breaking',
    lines: [
      '7 models (kling-v1, kling-v1-6, kling-v2-1-master, …) on POST /v1/videos: `image_tail` is no longer taken',
      '7 models (kling-v1, kling-v1-6, kling-v2-1-master, …) on POST /v1/videos: `tail_image` is a new optional field (a list of texts)',
    ],
  },
  {
    name: 'a field becomes required',
    edit: (d) => d.schema('KlingVideoRequest', 'required').list.push('prompt'),
    expect: 'breaking',
    lines: ['7 models (kling-v1, kling-v1-6, kling-v2-1-master, …) on POST /v1/videos: `prompt` is required now'],
  },
  {
    name: 'a field is no longer required',
    edit: (d) => d.schema('KlingText2VideoRequest', 'required').drop('prompt'),
    expect: 'additive',
    lines: [
      '7 models (kling-v1, kling-v1-6, kling-v2-1-master, …) on POST /kling/v1/videos/text2video: `prompt` is no longer required',
    ],
  },
  {
    name: 'a field changes its type',
    edit: (d) => d.field('ViduVideoRequest', 'duration').set({ type: 'string', default: '5' }),
    expect: 'breaking',
    lines: [
      '6 models (viduq1, viduq2, viduq2-pro, …) on POST /v1/video/generations, POST /v1/videos: `duration` is text now, was a whole number',
    ],
  },
  {
    name: 'a field takes one more type',
    edit: (d) =>
      d.schema('ViduVideoRequest', 'properties').set({
        duration: { oneOf: [{ type: 'integer' }, { type: 'string' }], default: 5 },
      }),
    expect: 'additive',
    lines: [
      '6 models (viduq1, viduq2, viduq2-pro, …) on POST /v1/video/generations, POST /v1/videos: `duration` may be text too',
    ],
  },
  {
    name: 'a whole number may have a fraction',
    edit: (d) => d.field('ViduVideoRequest', 'duration').set({ type: 'number' }),
    expect: 'additive',
    lines: [
      '6 models (viduq1, viduq2, viduq2-pro, …) on POST /v1/video/generations, POST /v1/videos: `duration` is a number now, was a whole number',
    ],
  },
  {
    name: 'a choice of values is narrowed',
    edit: (d) => d.field('ImaProVideoCreateRequest', 'metadata', 'resolution').at('enum').drop('1080p'),
    expect: 'breaking',
    lines: [
      '6 models (ima-pro, ima-pro-fast, seedance-2.0, …) on POST /v1/videos: `metadata.resolution` no longer takes `"1080p"`',
    ],
  },
  {
    name: 'a choice of values is widened',
    edit: (d) => d.field('ImaProVideoCreateRequest', 'metadata', 'resolution').at('enum').list.push('4k'),
    expect: 'additive',
    lines: [
      '6 models (ima-pro, ima-pro-fast, seedance-2.0, …) on POST /v1/videos: `metadata.resolution` also takes `"4k"`',
    ],
  },
  {
    name: 'any text becomes a choice of values',
    edit: (d) => d.field('ViduVideoRequest', 'size').set({ enum: ['16:9', '9:16'] }),
    expect: 'breaking',
    lines: [
      '6 models (viduq1, viduq2, viduq2-pro, …) on POST /v1/video/generations, POST /v1/videos: `size` takes only `"16:9"`, `"9:16"` now, was text',
    ],
  },
  {
    name: 'a limit is tightened',
    edit: (d) => d.field('ImaProVideoCreateRequest', 'duration').set({ maximum: 10 }),
    expect: 'breaking',
    lines: [
      '6 models (ima-pro, ima-pro-fast, seedance-2.0, …) on POST /v1/videos: `duration` takes at most 10 now, was at most 15',
    ],
  },
  {
    name: 'a limit is loosened',
    edit: (d) => d.field('SeedTtsSpeechCreateRequest', 'input').set({ maxLength: 20000 }),
    expect: 'additive',
    lines: [
      'seed-tts-2.0 on POST /v1/audio/speech: `input` takes at most 20000 characters now, was at most 10000 characters',
    ],
  },
  {
    name: 'a limit is set where there was none',
    edit: (d) => d.field('ImaProVideoCreateRequest', 'images').set({ maxItems: 9 }),
    expect: 'breaking',
    lines: [
      '6 models (ima-pro, ima-pro-fast, seedance-2.0, …) on POST /v1/videos: `images` takes at most 9 items now, was no upper limit of items',
    ],
  },
  {
    name: 'a pattern changes',
    edit: (d) => d.field('ImaProVideoCreateRequest', 'seconds').set({ pattern: '^(?:[4-9]|1[0-2])$' }),
    expect: 'breaking',
    lines: [
      '6 models (ima-pro, ima-pro-fast, seedance-2.0, …) on POST /v1/videos: `seconds` could not be compared: it must fit the pattern `^(?:[4-9]|1[0-2])$` now, was `^(?:[4-9]|1[0-5])$`',
    ],
  },
  {
    name: 'a default changes',
    edit: (d) => d.field('ImaProVideoCreateRequest', 'duration').set({ default: 10 }),
    expect: 'breaking',
    lines: [
      '6 models (ima-pro, ima-pro-fast, seedance-2.0, …) on POST /v1/videos: `duration` is `10` if left out now, was `5`',
    ],
  },
  {
    name: 'a schema refuses what it does not name',
    edit: (d) => d.schema('ViduVideoRequest').set({ additionalProperties: false }),
    expect: 'breaking',
    lines: [
      '6 models (viduq1, viduq2, viduq2-pro, …) on POST /v1/video/generations, POST /v1/videos: the body takes only fields that are described now',
    ],
  },
  {
    name: 'a condition is added',
    edit: (d) =>
      d.schema('MiniMaxVideosCreateRequest', 'allOf').list.push({
        if: { properties: { model: { const: 'MiniMax-Hailuo-02' }, size: { const: '512p' } } },
        [THEN]: { properties: { duration: { type: 'integer', enum: [6] } } },
      }),
    expect: 'breaking',
    lines: [
      'MiniMax-Hailuo-02 on POST /v1/videos: the body has a new condition: when `size` is `"512p"`, `duration` takes only `6`',
    ],
  },
  {
    name: 'a condition on the model alone is added',
    edit: (d) =>
      d
        .schema('MiniMaxVideosCreateRequest', 'allOf')
        .list.push({ if: { properties: { model: { const: 'MiniMax-Hailuo-02' } } }, [THEN]: { required: ['prompt'] } }),
    expect: 'breaking',
    lines: ['MiniMax-Hailuo-02 on POST /v1/videos: `prompt` is required now'],
  },
  {
    name: 'a condition is loosened',
    edit: (d) =>
      d.schema('MiniMaxVideosCreateRequest', 'allOf', 1, 'then', 'properties', 'duration', 'enum').list.push(8),
    expect: 'additive',
    lines: [
      'MiniMax-Hailuo-2.3-Fast on POST /v1/videos: the body asks something else when `size` is `"1080p"`: `duration` takes only `6`, `8`; was `duration` takes only `6`',
    ],
  },
  {
    name: 'one more of several fields will do',
    edit: (d) => {
      d.schema('SeedTtsSpeechCreateRequest', 'properties').set({ text_url: { type: 'string' } });
      d.schema('SeedTtsSpeechCreateRequest', 'allOf', 0, 'anyOf').list.push({ required: ['text_url'] });
    },
    expect: 'additive',
    lines: [
      'seed-tts-2.0 on POST /v1/audio/speech: `text_url` is a new optional field (text)',
      'seed-tts-2.0 on POST /v1/audio/speech: the body needs one of `input`, `prompt`, `ssml`, `text`, `text_url` now, was one of `input`, `prompt`, `ssml`, `text`',
    ],
  },
  {
    name: 'fields exclude each other',
    edit: (d) => {
      const place = d.schema('Wan26I2VVideoCreateRequest');
      place.set({ oneOf: place.remove('anyOf') });
    },
    expect: 'breaking',
    lines: [
      'wan2.6-i2v on POST /v1/videos: the body needs exactly one of `image`, `images` now, was one of `image`, `images`',
    ],
  },
  {
    name: 'one alternative of a value goes',
    edit: (d) => d.schema('KlingV3VideoDuration', 'oneOf').list.pop(),
    expect: 'breaking',
    lines: [
      'kling-v3-omni-video, kling-v3-video on POST /v1/videos: `duration` no longer takes `"3"`, `"4"`, `"5"`, `"6"`, `"7"`, `"8"`, `"9"`, `"10"`, `"11"`, `"12"`, `"13"`, `"14"` and 1 more',
      'kling-v3-omni-video, kling-v3-video on POST /v1/videos: `metadata.duration` no longer takes `"3"`, `"4"`, `"5"`, `"6"`, `"7"`, `"8"`, `"9"`, `"10"`, `"11"`, `"12"`, `"13"`, `"14"` and 1 more',
    ],
  },
  {
    name: 'a field is deprecated',
    edit: (d) => d.field('ImaProVideoCreateRequest', 'seconds').set({ deprecated: true }),
    expect: 'additive',
    lines: ['6 models (ima-pro, ima-pro-fast, seedance-2.0, …) on POST /v1/videos: `seconds` is deprecated'],
  },
  {
    name: 'a field that took base64 takes URLs only',
    edit: (d) => d.field('MidjourneyModalRequest', 'maskBase64').set({ description: 'URL of the mask.' }),
    expect: 'breaking',
    lines: ['mj_remix on POST /mj/submit/modal: `maskBase64` takes only URLs now, was inline data'],
  },
];
