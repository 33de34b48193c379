// Midjourney as ima-router passes it on: buttons that lead from task to task, and a window that waits for more words.

import type { BinaryRoute, PollRoute, Refusal, SubmitRoute } from '../../gateway.js';
import type { Json } from '../../json.js';

const MJ_IMAGINE = '/mj/submit/imagine';
const MJ_BLEND = '/mj/submit/blend';
const MJ_CHANGE = '/mj/submit/change';
const MJ_MODAL = '/mj/submit/modal';

const ALL_MJ = [MJ_IMAGINE, MJ_BLEND, MJ_CHANGE, MJ_MODAL];

const MJ_ID: SubmitRoute['id'] = { prefix: '17', alphabet: 'digits', length: 11 };

const mjError = (description: string): Refusal => ({
  status: 400,
  body: { code: 4, description, type: 'upstream_error' },
});

const midjourney = (path: string, action: string): SubmitRoute => ({
  path,
  kind: 'image',
  pace: 'image',
  outputs: 4,
  values: { action },
  answer: { own: [{ code: 1, description: 'Submit success', result: '{id}', properties: {} }] },
  fields: { result: '{id}' },
  id: MJ_ID,
});

const MJ_PARENT: SubmitRoute['parent'] = {
  field: 'taskId',
  choice: 'customId',
  unknown: mjError('task_no_found'),
  unfinished: mjError('task_status_not_success'),
  unoffered: mjError('button_not_found'),
};

const button = (label: string, customId: string): Json => ({ customId, label, emoji: '', type: 2, style: 2 });

const MJ_BUTTONS: Json = [
  ...[1, 2, 3, 4].map((n) => button(`U${n}`, `MJ::JOB::upsample::${n}::{hash}`)),
  ...[1, 2, 3, 4].map((n) => button(`V${n}`, `MJ::JOB::variation::${n}::{hash}`)),
  button('🔄', 'MJ::JOB::reroll::0::{hash}::SOLO'),
  button('Vary (Subtle)', 'MJ::JOB::low_variation::1::{hash}::SOLO'),
  button('Vary (Strong)', 'MJ::JOB::high_variation::1::{hash}::SOLO'),
  button('Zoom Out 2x', 'MJ::Outpaint::50::1::{hash}::SOLO'),
  button('Custom Zoom', 'MJ::CustomZoom::1::{hash}::SOLO'),
  ...['left', 'right', 'up', 'down'].map((side) => button(`Pan ${side}`, `MJ::JOB::pan_${side}::1::{hash}::SOLO`)),
  button('Remix', 'MJ::RemixModal::{hash}'),
];

const mjState = (more: { [key: string]: Json }): Json => ({
  id: '{id}',
  action: '{action}',
  status: '{word}',
  prompt: '{body.prompt}',
  promptEn: '{body.prompt}',
  submitTime: '{createdAtMs}',
  properties: {},
  ...more,
});

export const midjourneySubmits: SubmitRoute[] = [
  { ...midjourney(MJ_IMAGINE, 'IMAGINE'), models: { mj_blend: { values: { action: 'BLEND' } } } },
  { ...midjourney(MJ_BLEND, 'BLEND'), model: 'mj_blend' },
  {
    ...midjourney(MJ_CHANGE, 'VARIATION'),
    models: {
      mj_upscale: { outputs: 1, values: { action: 'UPSCALE' } },
      mj_reroll: { values: { action: 'REROLL' } },
      mj_zoom: { values: { action: 'ZOOM' } },
      mj_custom_zoom: { values: { action: 'ZOOM' } },
      mj_pan: { values: { action: 'PAN' } },
    },
    parent: MJ_PARENT,
    parks: {
      models: ['mj_custom_zoom'],
      without: 'prompt',
      answer: {
        own: [
          {
            code: 21,
            description: 'Waiting for window confirm',
            result: '{id}',
            properties: { finalPrompt: '', remix: true },
          },
        ],
      },
    },
  },
  { ...midjourney(MJ_MODAL, 'MODAL'), parent: MJ_PARENT, resumes: true },
];

export const midjourneyPoll: PollRoute = {
  path: '/mj/task/{task_id}/fetch',
  reads: ALL_MJ,
  statusAt: ['status'],
  fields: {},
  phases: {
    queued: { word: 'SUBMITTED', own: [mjState({ progress: '0%' })] },
    running: { word: 'IN_PROGRESS', own: [mjState({ progress: '{percent}%', startTime: '{createdAtMs}' })] },
    modal: { word: 'MODAL', own: [mjState({ progress: '0%', description: 'Waiting for window confirm' })] },
    succeeded: {
      word: 'SUCCESS',
      own: [
        mjState({
          progress: '100%',
          startTime: '{createdAtMs}',
          finishTime: '{completedAtMs}',
          imageUrl: '{url}',
          urls: ['{url}', '{url}', '{url}', '{url}'],
          buttons: MJ_BUTTONS,
        }),
      ],
    },
    failed: {
      word: 'FAILURE',
      own: [mjState({ progress: '0%', failReason: 'Banned prompt detected', finishTime: '{completedAtMs}' })],
    },
  },
};

export const midjourneyImage: BinaryRoute = {
  path: '/mj/image/{task_id}',
  reads: ALL_MJ,
  words: { queued: 'SUBMITTED', running: 'IN_PROGRESS', succeeded: 'SUCCESS', failed: 'FAILURE', modal: 'MODAL' },
  unfinished: { status: 400, body: { error: 'midjourney_task_not_success' } },
  unknown: { status: 404, body: { error: 'midjourney_task_not_found' } },
};
