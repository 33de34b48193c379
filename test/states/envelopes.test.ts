// Words of the envelope beside words of the task: which of them tells how the task goes, and which only how the call went.

import { describe, expect, test } from 'vitest';
import { read, refused, stateOf } from './support.js';

const url = 'https://cdn.example.com/a.mp4';

describe('two words in one answer', () => {
  test.each([
    ['success', 'processing', 'running'],
    ['success', 'queued', 'queued'],
    ['SUCCESS', 'IN_PROGRESS', 'running'],
    ['success', 'failed', 'failed'],
    ['ok', 'completed', 'succeeded'],
    ['ok', 'cancelled', 'cancelled'],
    ['error', 'processing', 'running'],
    ['failed', 'completed', 'succeeded'],
  ])('the envelope says %s, the task %s', (status, word, expected) => {
    const body = { status, message: '', data: { status: word, task_id: 't', url } };
    expect(stateOf(body)).toMatchObject({ status: expected, rawStatus: word });
  });

  test.each([
    [{ id: 't' }],
    [{ task_id: 't' }],
    [{ progress: 100 }],
    [{ metadata: { url } }],
    [{ results: [{ url }] }],
    [{ created_at: 1773395600 }],
    [{ fail_reason: 'no' }],
  ])('with %j beside it, the outer word is the task’s, and the inner one its upstream’s', (fields) => {
    const body = { status: 'completed', video_url: url, ...fields, data: { status: 'processing' } };
    expect(stateOf(body)).toMatchObject({ status: 'succeeded', rawStatus: 'completed' });
    expect(stateOf({ ...body, status: 'failed' }).status).toBe('failed');
  });

  test('a task that is under way is not ended by its upstream', () => {
    expect(stateOf({ status: 'in_progress', data: { status: 'SUCCESS', url } }).status).toBe('running');
    expect(stateOf({ status: 'queued', data: { status: 'failed' } }).status).toBe('queued');
  });

  test('an inner word that is no word changes nothing', () => {
    expect(stateOf({ status: 'failed', message: 'why', data: { status: '' } }).status).toBe('failed');
    expect(stateOf({ status: 'failed', message: 'why', data: { status: 3 } }).status).toBe('failed');
  });
});

describe('an error of the call in the words of a failed task', () => {
  const saturated = '当前分组上游负载已饱和，请稍后再试';
  test.each([
    ['busy', { message: 'service unavailable' }],
    ['busy', { message: 'Internal Server Error' }],
    ['busy', { message: 'server is busy' }],
    ['busy', { message: 'gateway timeout' }],
    ['busy', { message: 'Endpoint request timed out' }],
    ['busy', { code: 'get_task_failed', message: 'failed to fetch task from upstream' }],
    ['busy', { code: 'fail_to_fetch_task', message: 'upstream timeout', data: null }],
    ['busy', { message: '系统繁忙', data: {} }],
    ['busy', { message: '获取任务失败，上游超时' }],
    ['busy', { error: 'Internal Server Error' }],
    ['busy', { error: { message: 'service unavailable' } }],
    ['busy', { error: { code: 503, message: 'service unavailable' } }],
    ['busy', { error: { message: 'failed to query task: connection refused' } }],
    ['busy', { code: 'fail_to_fetch_task', message: 'connect refused', data: { status: 'error' } }],
    ['busy', { error: { message: 'bad gateway', type: 'server_error' } }],
    ['rate', { message: saturated }],
    ['rate', { code: 429, message: 'slow down' }],
    ['server', { code: 500 }],
    ['server', { code: '503', message: 'sorry' }],
    ['server', { code: 408, message: 'sorry' }],
    ['authentication', { message: '无效的令牌' }],
    ['authentication', { message: 'Unauthorized' }],
    ['authentication', { message: 'invalid api key' }],
    ['authentication', { message: 'token expired' }],
    ['authentication', { code: 401, message: 'api key is required' }],
    ['permission', { code: 403, message: 'no' }],
    ['balance', { message: 'user quota is not enough, need: 5' }],
    ['upstream-refused', { code: 'fail_to_fetch_task', message: 'invalid api key' }],
    ['task-not-found', { code: 'task_not_exist', message: 'task_not_exist', data: null }],
    ['not-found', { code: 404, message: 'no such thing' }],
  ])('%s: %j', (kind, fields) => {
    for (const status of ['error', 'failed', 'FAILURE ']) {
      expect(refused({ status, ...fields }, 200)).toMatchObject({ kind });
      expect(read({ status, ...fields })).toBeNull();
    }
    // Fields with nothing in them are nothing of a task.
    expect(read({ status: 'error', ...fields, id: 0, task_id: '', url: '', progress: null })).toBeNull();
    // With anything of a task beside it, the task has failed.
    for (const more of [{ id: 't' }, { task_id: 7 }, { progress: 0 }, { metadata: {} }]) {
      expect(refused({ status: 'failed', ...fields, ...more }, 200)).toBeNull();
      expect(stateOf({ status: 'failed', ...fields, ...more }).status).toBe('failed');
    }
    // So it has where the words stand inside.
    expect(stateOf({ code: 'success', data: { status: 'FAILURE', message: 'server is busy' } }).status).toBe('failed');
    // And a task that goes on is none of this.
    expect(stateOf({ status: 'processing', ...fields }).status).toBe('running');
  });

  test.each([
    {},
    { message: '' },
    { message: 'failed' },
    { message: 'why' },
    { code: 'x' },
    { code: 2013, message: 'why' },
    { code: 400, message: 'why' },
    { message: 'content[1] may contain real person' },
    { code: 500, message: 'the prompt is sensitive' },
    { message: 'video generation failed: internal error: 601300' },
    { message: 'video generation failed: internal error' },
    { message: 'task failed: upstream unavailable' },
    { message: 'task timed out' },
    { message: 'timeout' },
    { message: '任务超时（60分钟）' },
    { message: '视频生成失败：系统繁忙' },
    { code: 'task_failed', message: 'internal error' },
    { code: 'generation_timed_out', message: 'sorry' },
    { error: { code: 'task_failed', message: 'internal error' } },
    { fail_reason: 'service unavailable' },
    { failReason: 'quota_not_enough' },
  ])('true failures are as short: %j', (fields) => {
    for (const status of ['error', 'failed', 'FAILURE ']) {
      expect(refused({ status, ...fields }, 200)).toBeNull();
      expect(stateOf({ status, ...fields })).toMatchObject({ status: 'failed' });
    }
  });

  test('Midjourney’s word for an empty account is about the balance, also in a failed task', () => {
    for (const failReason of ['quota_not_enough', 'quota_exhausted']) {
      expect(stateOf({ status: 'FAILURE', failReason }, 'image').error).toMatchObject({ kind: 'balance' });
    }
  });
});
