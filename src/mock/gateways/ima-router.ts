// ima-router as the mock plays it: which paths make tasks, where they are read, and what their answers look like.
//
// Answers come from the named examples of the OpenAPI document; templates stand here only where it has none. What the
// document does not tell (status codes of errors, unknown tasks, balance) follows public reports of the live gateway.

import { catalog } from '../../models.js';
import type { MockGateway, PollRoute, SubmitRoute } from '../gateway.js';
import type { Json } from '../json.js';
import { BALANCE, NO_BALANCE, NO_TOKEN, PAID, services } from './ima-router/at-once.js';
import { midjourneyImage, midjourneyPoll, midjourneySubmits } from './ima-router/midjourney.js';

const VIDEOS = '/v1/videos';
const LEGACY_VIDEO = '/v1/video/generations';
const CONTENTS = '/api/v1/contents/generations/tasks';
const KLING_TEXT = '/kling/v1/videos/text2video';
const KLING_IMAGE = '/kling/v1/videos/image2video';
const SUBTITLE_ERASE = '/v1/videos/subtitle-erase';
const IMAGES = '/v1/images/generations';
const MUSIC = '/v1/music/generations';
const SPEECH = '/v1/audio/speech';

const ALL_VIDEO = [VIDEOS, LEGACY_VIDEO, CONTENTS, KLING_TEXT, KLING_IMAGE, SUBTITLE_ERASE];

const TASK_ID: SubmitRoute['id'] = { prefix: 'task_', alphabet: 'alphanumeric', length: 32 };

/** What the video paths say of a task that the document shows no example of. */
const VIDEO_TASK: Json = { id: '', task_id: '', object: 'video', model: '', status: '', progress: 0, created_at: 0 };
const VIDEO_RESULT: Json = { url: '', width: 0, height: 0, duration: 0, size: 0, content_type: 'video' };
const VIDEO_FAILURE = 'video generation failed: internal error: 601300';

/** Finished, with the URL in `metadata` only: how several upstreams' tasks read (no `results`, no `amount_usd`). */
const done = (more: { [key: string]: Json } = {}): Json => ({
  ...VIDEO_TASK,
  completed_at: 0,
  metadata: { url: '' },
  ...more,
});

/** Failed: the error's text also stands where the URL would be. */
const FAILED: Json = {
  ...VIDEO_TASK,
  progress: 100,
  completed_at: 0,
  metadata: { url: VIDEO_FAILURE },
  error: { code: 'task_failed', message: VIDEO_FAILURE },
};

const videoPoll = (path: string, reads: string[], phases: PollRoute['phases']): PollRoute => ({
  path: `${path}/{task_id}`,
  reads,
  statusAt: ['status'],
  phases,
});

/** Reads of a path whose answers are wrapped in `{ code, data }`. */
const wrappedPoll = (path: string): PollRoute => ({
  path: `${path}/{task_id}`,
  reads: [path],
  statusAt: ['data', 'status'],
  phases: {
    queued: { word: 'queued', like: ['queued', 'processing'] },
    running: { word: 'processing', like: ['processing', 'queued'] },
    succeeded: { word: 'succeeded' },
    failed: { word: 'failed' },
  },
});

const video = (path: string): SubmitRoute => ({
  path,
  kind: 'video',
  pace: 'video',
  outputs: 1,
  answer: { own: [VIDEO_TASK] },
  id: TASK_ID,
});

const KLING_PHASES: PollRoute['phases'] = {
  queued: { word: '', own: [VIDEO_TASK] },
  running: { word: 'in_progress', own: [VIDEO_TASK] },
  succeeded: { word: 'completed', own: [done()] },
  failed: { word: 'failed', own: [FAILED] },
};

export const imaRouter: MockGateway = {
  name: 'ima-router',
  document: new URL('../../../generated/ima-router/openapi.json', import.meta.url),
  index: {
    path: '/model-index.json',
    body: {
      version: catalog.specVersion,
      models: catalog.models.map(({ id, modality, endpoints }) => ({
        modelId: id,
        modality,
        endpoints: endpoints.map(({ method, path, pollPath }) => ({ method, path, pollEndpoint: pollPath })),
        pollEndpoint: endpoints[0]?.pollPath ?? null,
      })),
    },
  },
  modelField: 'model',
  traceHeader: 'x-trace-id',
  notedHeaders: ['x-youchuan-setting', 'x-moderation'],
  headers: { 'x-oneapi-request-id': '{requestId}' },

  keys: {
    'sk-expired': {
      on: 'all',
      answer: {
        status: 401,
        body: { error: { message: 'token status is unavailable', type: 'new_api_error', code: '' } },
      },
      at: { [BALANCE]: NO_TOKEN },
    },
    'sk-empty': {
      on: 'paid',
      answer: {
        status: 403,
        body: {
          error: {
            code: 'insufficient_user_quota',
            message: 'Insufficient quota Please recharge at the console',
            type: 'new_api_error',
          },
        },
      },
      at: NO_BALANCE,
    },
  },

  // Prices as in the document's examples, one for each kind; real ones differ by model, size and length.
  // Seedance ~100–110 s a clip, gpt-image-2 100–230 s but most images 20–40 s; music and speech are estimates.
  paces: {
    video: { seconds: 100, spread: 0.3, usd: 0.42 },
    image: { seconds: 30, spread: 0.4, usd: 0.032 },
    music: { seconds: 60, spread: 0.3, usd: 0.15 },
    speech: { seconds: 8, spread: 0.4, usd: 0.003 },
  },

  fields: {
    id: '{id}',
    task_id: '{id}',
    model: '{model}',
    status: '{word}',
    progress: '{percent}',
    created_at: '{createdAt}',
    completed_at: '{completedAt}',
    // A task that fails has its error where the URL would be.
    url: '{urlOrFailure}',
    message: '{failure}',
    amount_usd: '{usd}',
    audio_url: '{url}',
    width: '{width}',
    height: '{height}',
    duration: '{seconds}',
    size: '{bytes}',
    format: '{extension}',
  },

  tryIt: {
    path: VIDEOS,
    body: { model: 'kling-v3-video', prompt: 'a puppy runs across a meadow', duration: 5 },
    poll: `${VIDEOS}/<task_id>`,
  },

  submits: [
    ...ALL_VIDEO.map(video),
    { path: IMAGES, kind: 'image', pace: 'image', outputs: 1, answer: {}, id: TASK_ID },
    { path: MUSIC, kind: 'audio', pace: 'music', outputs: 2, model: 'sonic', answer: {}, id: TASK_ID },
    { path: SPEECH, kind: 'audio', pace: 'speech', outputs: 1, model: 'seed-tts-2.0', answer: {}, id: TASK_ID },
    ...midjourneySubmits,
  ],

  polls: [
    // The universal read comes after the families' own ones, so that each family's first read is its own.
    videoPoll(LEGACY_VIDEO, ALL_VIDEO, {
      queued: { word: '', like: ['in_progress'] },
      running: { word: 'in_progress' },
      succeeded: { word: 'completed' },
      failed: { word: 'failed' },
    }),
    videoPoll(CONTENTS, [CONTENTS], {
      queued: { word: 'queued', like: ['running'] },
      running: { word: 'running' },
      succeeded: { word: 'succeeded' },
      failed: { word: 'failed', own: [FAILED] },
    }),
    videoPoll(KLING_TEXT, [KLING_TEXT, KLING_IMAGE], KLING_PHASES),
    videoPoll(KLING_IMAGE, [KLING_IMAGE, KLING_TEXT], KLING_PHASES),
    videoPoll(SUBTITLE_ERASE, [SUBTITLE_ERASE], {
      queued: { word: 'in_progress', own: [VIDEO_TASK] },
      running: { word: 'in_progress', own: [VIDEO_TASK] },
      succeeded: { word: 'completed', own: [done({ results: [VIDEO_RESULT], amount_usd: 0.12 })] },
      failed: { word: 'failed', own: [FAILED] },
    }),
    videoPoll(VIDEOS, ALL_VIDEO, {
      queued: { word: 'queued', like: ['in_progress'] },
      running: { word: 'in_progress' },
      succeeded: {
        word: 'completed',
        own: ['viduq3-pro', 'MiniMax-Hailuo-2.3', 'kling-v2-6'].map((model) => done({ model })),
      },
      failed: { word: 'failed' },
    }),
    wrappedPoll(IMAGES),
    wrappedPoll(MUSIC),
    wrappedPoll(SPEECH),
    midjourneyPoll,
  ],

  binaries: [
    {
      path: '/v1/videos/{task_id}/content',
      reads: ALL_VIDEO,
      words: { queued: 'queued', running: 'in_progress', succeeded: 'completed', failed: 'failed', modal: 'queued' },
      unfinished: {
        status: 400,
        body: {
          error: {
            message: 'Task is not completed yet, current status: {word}',
            type: 'invalid_request_error',
          },
        },
      },
      unknown: { status: 404, body: { error: { message: 'Task not found', type: 'invalid_request_error' } } },
    },
    midjourneyImage,
  ],

  paid: PAID,
  services,

  // 429: the task routes' own words in Chinese, the two limiters (one says nothing), Midjourney's. None sets Retry-After.
  troubles: {
    rateLimits: [
      { status: 429, body: { code: 'fail_to_fetch_task', message: '当前分组上游负载已饱和，请稍后再试', data: null } },
      {
        status: 429,
        body: {
          error: {
            message: 'request limit reached: at most 60 requests within 1 minutes',
            type: 'new_api_error',
            code: '',
          },
        },
      },
      { status: 429 },
      { status: 429, body: { code: 30, description: '当前分组上游负载已饱和，请稍后再试', type: 'upstream_error' } },
    ],
    serverErrors: [
      { status: 500, body: { code: 'do_request_failed', message: 'do request failed: upstream error', data: null } },
      {
        status: 503,
        body: {
          error: { code: 'get_channel_failed', message: 'no available channel for this model', type: 'new_api_error' },
        },
      },
      {
        status: 500,
        body: { code: 'fail_to_fetch_task', message: '{"detail":"Service Unavailable"}', data: null },
      },
    ],
    busy: [{ status: 200, body: { message: 'queue full' } }],
    nothing: [{ code: 'success', data: null }],
    unknownWords: ['archiving', 'WAITING_FOR_REVIEW', 'state_7'],
  },

  refusals: {
    noKey: {
      status: 401,
      body: { error: { message: 'token not provided', type: 'new_api_error', code: '' } },
      at: { [BALANCE]: NO_TOKEN },
    },
    badBody: { status: 400, body: { code: 'invalid_request', message: '{reasons}', data: null } },
    unknownRoute: {
      status: 404,
      body: { error: { message: 'Invalid URL ({method} {path})', type: 'invalid_request_error' } },
    },
    unknownTask: { status: 400, body: { code: 'task_not_exist', message: 'task_not_exist', data: null } },
    tooLarge: {
      status: 413,
      body: { code: 'read_request_body_failed', message: 'request body too large', data: null },
    },
  },
};
