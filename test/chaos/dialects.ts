// What the states of each gateway look like, near enough that a client may take them for real; and what its words mean.

import fc from 'fast-check';
import type { MockGatewayName } from '../../src/mock/index.js';

type Status = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'modal';
type Record_ = Record<string, unknown>;

/** What all dialects make their states of. */
export interface Parts {
  word: fc.Arbitrary<unknown>;
  /** What stands in places of URLs. */
  place: fc.Arbitrary<unknown>;
  anything: fc.Arbitrary<unknown>;
}

export interface Dialect {
  /** Words of the contract, in lower case. */
  words: Record<Status, readonly string[]>;
  /** Words beside them: of nobody's, or of another gateway's. */
  strange: readonly string[];
  /** Answers that may hold a state, with their fields right, wrong, or missing. */
  states: (parts: Parts) => {
    node: fc.Arbitrary<Record_>;
    bare: fc.Arbitrary<Record_>;
    envelope: fc.Arbitrary<Record_>;
  };
  submitted: (id: string) => object;
  truth: (end: 'succeeded' | 'failed', url: string) => object;
  /** Where status words stand in an answer. */
  wordsIn: (answer: Record_) => unknown[];
  /** Fields beside a word that could mean something else. */
  ambiguous: readonly string[];
  /** Of an answer with nothing ambiguous: it has that result; it is surely the task's own. */
  hasResult: (answer: Record_, url: string) => boolean;
  isTasks: (answer: Record_) => boolean;
  /** A failure told by another sign than its word. */
  isFault: (value: unknown, key: string) => boolean;
  /** Of an answer: without any word it may still tell a failure, if it is repeated. */
  mayFailWithoutWord: (answer: Record_) => boolean;
  /** Codes that refuse to tell, in a way that asking again may not mend, whatever the status `below` which they count. */
  refusing: { codes: readonly unknown[]; below: number };
  /** A sign, beside the HTTP status, that the key or the account is spoken of. */
  isAboutKey: (value: unknown, key: string) => boolean;
}

const isRecord = (value: unknown): value is Record_ =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const imaRouter: Dialect = {
  words: {
    queued: ['', 'not_start', 'submitted', 'queued', 'pending'],
    running: ['processing', 'in_progress', 'running'],
    succeeded: ['completed', 'success', 'succeeded', 'done'],
    failed: ['failed', 'failure', 'error'],
    cancelled: ['cancel', 'cancelled', 'canceled'],
    modal: ['modal'],
  },
  strange: ['archiving', 'complete', 'succes', 'not failed', 'FAILED_SOON', 'undone', '成功', '__proto__', 'toString'],
  states: ({ word, place, anything }) => {
    const entry = fc.oneof(
      place,
      fc.record(
        { url: place, audio_url: place, b64_json: fc.constantFrom<unknown>('', null, 'AAAA', 7) },
        { requiredKeys: [] },
      ),
    );
    const node = fc.record(
      {
        status: fc.oneof({ weight: 4, arbitrary: word }, anything),
        progress: fc.oneof(
          fc.integer({ min: -10, max: 300 }),
          fc.constantFrom<unknown>('42%', '100%', 'NaN', Number.MAX_VALUE, null, {}),
        ),
        url: place,
        video_url: place,
        result_url: place,
        metadata: fc.oneof(fc.record({ url: place }), anything),
        results: fc.oneof(fc.array(entry, { maxLength: 3 }), anything),
        result: fc.oneof(fc.record({ data: fc.array(entry, { maxLength: 2 }) }), anything),
        urls: fc.array(place, { maxLength: 2 }),
        error: fc.oneof(fc.record({ code: anything, message: fc.oneof(fc.string(), anything) }), anything),
        fail_reason: fc.oneof(fc.string(), anything),
        task_code: fc.constantFrom<unknown>(0, '0', 1, '601300', null, 'x'),
        task_status: word,
        amount_usd: fc.oneof(fc.double(), anything),
        usage: anything,
        created_at: fc.oneof(fc.double(), anything),
        completed_at: fc.oneof(fc.double(), anything),
        id: anything,
      },
      { requiredKeys: [] },
    );
    const bare = fc.record({ status: word, metadata: fc.record({ url: place }) }, { requiredKeys: ['status'] });
    const envelope = fc.record(
      {
        code: fc.constantFrom<unknown>('success', 'task_not_exist', 0, 200, 1, 'fail_to_fetch_task', null),
        message: fc.oneof(fc.string(), fc.constantFrom('', 'ok', 'queue full')),
        success: fc.boolean(),
        data: fc.oneof(
          { weight: 3, arbitrary: node },
          bare,
          node.map((data) => ({ ...data, data })),
          fc.array(entry, { maxLength: 2 }),
          anything,
        ),
        error: fc.record({ message: fc.string(), type: fc.string() }),
      },
      { requiredKeys: [] },
    );
    return { node, bare, envelope };
  },
  submitted: (id) => ({ id, task_id: id, status: '', data: { task_id: id, status: 'queued' } }),
  // In the two forms that the families have.
  truth: (end, url) => {
    const state =
      end === 'failed'
        ? { status: 'failed', error: { code: 'task_failed', message: 'the end' } }
        : { status: 'succeeded', url, metadata: { url } };
    return { ...state, code: 'success', data: state };
  },
  wordsIn: ({ status, data }) => [status, isRecord(data) ? data.status : undefined],
  ambiguous: ['data', 'message'],
  hasResult: ({ metadata }, url) => isRecord(metadata) && metadata.url === url,
  // A failure without anything of a task is only believed when it is repeated.
  isTasks: ({ progress, metadata }) => typeof progress === 'number' || isRecord(metadata),
  isFault: (value, key) => key === 'task_code' && value !== null && value !== 0 && value !== '0',
  mayFailWithoutWord: () => false,
  refusing: { codes: ['task_not_exist'], below: 500 },
  isAboutKey: () => false,
};

const imini: Dialect = {
  words: {
    queued: ['queued', 'pending'],
    running: ['processing'],
    succeeded: ['succeeded'],
    failed: ['failed'],
    cancelled: [],
    modal: [],
  },
  // Above all the words that mean an end elsewhere.
  strange: [
    'completed',
    'success',
    'done',
    'error',
    'failure',
    'cancelled',
    'modal',
    '',
    '成功',
    '__proto__',
    'toString',
  ],
  states: ({ word, place, anything }) => {
    const entry = fc.oneof(
      { weight: 3, arbitrary: fc.record({ url: place, width: anything, cover_url: place }, { requiredKeys: ['url'] }) },
      place,
    );
    const list = fc.oneof({ weight: 3, arbitrary: fc.array(entry, { maxLength: 3 }) }, fc.constant(null), anything);
    const code = fc.constantFrom<unknown>(
      'INVALID_PROMPT',
      'INVALID_PARAMETER',
      'INSUFFICIENT_CREDITS',
      'RATE_LIMITED',
      'TASK_NOT_FOUND',
      'INTERNAL_ERROR',
      'INVALID_API_KEY',
      'NOBODY_KNOWS',
      500,
      null,
    );
    const error = fc.record(
      { code, message: fc.oneof(fc.string(), anything), status: fc.constantFrom<unknown>(400, 402, 429, 500, 'x') },
      { requiredKeys: [] },
    );
    const node = fc.record(
      {
        task_id: fc.oneof(fc.constantFrom<unknown>('task_1', '', null), anything),
        status: fc.oneof({ weight: 4, arbitrary: word }, anything),
        images: list,
        videos: list,
        error: fc.oneof(error, fc.constant(null), anything),
        created_at: fc.oneof(fc.constant('2026-04-07T03:00:17.062Z'), anything),
        completed_at: fc.oneof(fc.constant('2026-04-07T03:00:17.062Z'), anything),
        request_id: fc.oneof(fc.constant('req_1'), anything),
      },
      { requiredKeys: [] },
    );
    const bare = fc.record(
      { status: word, images: fc.array(fc.record({ url: place }), { minLength: 1, maxLength: 2 }) },
      { requiredKeys: ['status'] },
    );
    const envelope = fc.oneof(error, fc.record({ error }), fc.record({ data: node }));
    return { node, bare, envelope };
  },
  submitted: (id) => ({ task_id: id, model: 'any', request_id: 'req_1' }),
  truth: (end, url) =>
    end === 'failed'
      ? { task_id: 'task_1', status: 'failed', images: null, error: { code: 'INVALID_PROMPT', message: 'the end' } }
      : { task_id: 'task_1', status: 'succeeded', images: [{ url }], error: null },
  wordsIn: ({ status }) => [status],
  ambiguous: [],
  hasResult: ({ images }, url) => Array.isArray(images) && isRecord(images[0]) && images[0].url === url,
  isTasks: () => true,
  isFault: () => false,
  // An error about the request, beside the task's id and no word.
  mayFailWithoutWord: ({ status, error, code }) => (status ?? null) === null && (isRecord(error) || code !== undefined),
  // The code comes before the status (field-notes A2).
  refusing: { codes: ['TASK_NOT_FOUND', 'INVALID_PROMPT', 'INVALID_PARAMETER'], below: 600 },
  // The envelope tells its status too, whatever that of the answer is.
  isAboutKey: (value, key) =>
    (key === 'code' && (value === 'INSUFFICIENT_CREDITS' || value === 'INVALID_API_KEY')) ||
    (key === 'status' && value === 402),
};

export const DIALECTS: Record<MockGatewayName, Dialect> = { 'ima-router': imaRouter, imini };
