// imini as the mock plays it: two paths that make tasks, their states in four words, a CDN that looks at the Referer.
//
// Answers come from the examples of openapi/imini.yaml, which says who vouches for what. What is told nowhere is chosen
// here: the words of a refused key, of an unknown path and of a body that is too large.

import type { MockGateway, PollRoute, Refusal, SubmitRoute } from '../gateway.js';
import type { Json } from '../json.js';
import { NO_SUCH_KEY, XML_TYPE } from '../pages.js';

const IMAGES = '/v1/images/generate';
const VIDEOS = '/v1/videos/generate';

const TASK_ID: SubmitRoute['id'] = { prefix: 'task_', alphabet: 'digits', length: 19 };

/** `n` of gpt-image-2; the other models have it without a limit that is told. */
const MOST_IMAGES = 10;

const flat = (status: number, code: string, message: string): Json => ({
  code,
  message,
  status,
  request_id: '{requestId}',
});

const refusal = (status: number, code: string, message: string): Refusal => ({
  status,
  body: { error: flat(status, code, message) },
});

const tooMany = 'Too many requests';

/** A task that has failed is answered with 200 as well; the examples have one of each kind. */
const PHASES: PollRoute['phases'] = {
  queued: { word: 'queued' },
  running: { word: 'processing' },
  succeeded: { word: 'succeeded' },
  failed: { word: 'failed' },
};

export const imini: MockGateway = {
  name: 'imini',
  document: new URL('../../../generated/imini/openapi.json', import.meta.url),
  modelField: 'model',
  // No page of the gateway's names it; the client sends it to every gateway.
  traceHeader: 'x-trace-id',
  headers: {},

  keys: {
    'sk-expired': { on: 'all', answer: refusal(401, 'INVALID_API_KEY', 'The API key is invalid or has expired') },
    'sk-empty': {
      on: 'paid',
      answer: refusal(402, 'INSUFFICIENT_CREDITS', 'Account balance cannot cover this call'),
    },
  },

  // Images: 10 to 30 s, says seed 004. Videos: the example of the query page took 138 s; no page says more.
  paces: {
    image: { seconds: 20, spread: 0.5 },
    video: { seconds: 140, spread: 0.3 },
  },

  fields: {
    task_id: '{id}',
    model: '{model}',
    created_at: '{createdAtIso}',
    completed_at: '{completedAtIso}',
    url: '{url}',
    width: '{width}',
    height: '{height}',
    duration: '{seconds}',
    cover_url: '{coverUrl}',
    request_id: '{requestId}',
  },
  lists: ['images', 'videos'],

  // Field-notes A2: any other Referer gets 200 and a picture of the CDN's own, a cut URL the object storage's XML.
  files: {
    referer: 'https://imini.ai/',
    missing: { status: 404, type: XML_TYPE, text: NO_SUCH_KEY },
  },

  tryIt: {
    path: IMAGES,
    body: { model: 'google/nano-banana', prompt: 'a shiba inu in a spacesuit on the moon', aspect_ratio: '1:1' },
    poll: '/v1/images/tasks/<task_id>',
  },

  submits: [
    {
      path: IMAGES,
      kind: 'image',
      pace: 'image',
      outputs: 1,
      count: { field: 'n', most: MOST_IMAGES },
      answer: {},
      id: TASK_ID,
    },
    { path: VIDEOS, kind: 'video', pace: 'video', outputs: 1, answer: {}, id: TASK_ID },
  ],

  polls: [
    { path: '/v1/images/tasks/{task_id}', reads: [IMAGES], statusAt: ['status'], phases: PHASES },
    { path: '/v1/videos/tasks/{task_id}', reads: [VIDEOS], statusAt: ['status'], phases: PHASES },
  ],

  binaries: [],
  paid: [],

  // Errors were seen nested and flat. `busy`: nobody has seen a submit refused with 200.
  troubles: {
    rateLimits: [refusal(429, 'RATE_LIMITED', tooMany), { status: 429, body: flat(429, 'RATE_LIMITED', tooMany) }],
    serverErrors: [
      refusal(500, 'INTERNAL_ERROR', 'Internal server error'),
      refusal(502, 'UPSTREAM_ERROR', 'The upstream service failed'),
      { status: 503, body: flat(503, 'INTERNAL_ERROR', 'Service temporarily unavailable') },
    ],
    busy: [],
    nothing: [{}, { task_id: null, status: null, images: null, videos: null, error: null, request_id: '{requestId}' }],
    // The first was in an early edition of the vendor's skill: with its images beside it, it is no success.
    unknownWords: ['completed', 'archiving', 'partially_succeeded'],
  },

  refusals: {
    noKey: refusal(401, 'UNAUTHORIZED', 'Missing API key'),
    badBody: refusal(400, 'INVALID_PARAMETER', '{reasons}'),
    unknownRoute: refusal(404, 'NOT_FOUND', 'No route for {method} {path}'),
    unknownTask: refusal(404, 'TASK_NOT_FOUND', 'The task does not exist or has expired'),
    tooLarge: refusal(413, 'REQUEST_TOO_LARGE', 'The request body is too large'),
  },
};
