// Where results stand, what is no result though it looks like one, and what is said of each.

import { describe, expect, test } from 'vitest';
import { read, readText, stateOf } from './support.js';

const url = 'https://cdn.example.com/a.mp4';
const urls = (body: unknown, modality?: 'video' | 'image' | 'music') =>
  read(body, modality)?.outputs.map((output) => output.url);

describe('what is no result', () => {
  test('the error text in metadata.url, wherever it begins', () => {
    for (const text of ['video generation failed: internal error: 601300', `${url} could not be fetched`]) {
      expect(stateOf({ status: 'failed', metadata: { url: text } })).toMatchObject({
        outputs: [],
        error: { message: text },
      });
      expect(urls({ status: 'completed', metadata: { url: text } })).toEqual([]);
    }
  });

  test.each([
    'javascript:alert(1)',
    'file:///etc/passwd',
    'ftp://a.example/x',
    'https://',
    'oops',
    '',
    ' ',
    '/',
    '//cdn.example.com/a.mp4',
    '/tmp/out.mp4',
    '/v1/videos/x content',
    '/v1/../../etc',
    'data:text/html;base64,PGI+',
    'data:video/mp4,plain',
  ])('%j', (text) => {
    expect(urls({ status: 'completed', metadata: { url: text } })).toEqual([]);
  });

  test('covers, thumbnails and watermarked copies', () => {
    const others = {
      cover_url: `${url}?c`,
      thumbnail_url: `${url}?t`,
      watermark_url: `${url}?w`,
      image_url: `${url}?i`,
    };
    expect(urls({ status: 'completed', ...others, results: [others], metadata: others })).toEqual([]);
    expect(urls({ status: 'completed', ...others, results: [{ ...others, url }], metadata: others })).toEqual([url]);
    expect(urls({ data: { status: 'succeeded', data: [{ ...others, audio_url: url }] } }, 'music')).toEqual([url]);
  });

  test('what was sent, repeated by the upstream', () => {
    const upstream = { input: { image_url: url }, content: [{ image_url: { url } }], url, video_url: url };
    expect(urls({ data: { status: 'SUCCESS', data: upstream } })).toEqual([]);
  });

  test.each(['not base64!', '', '   ', 42, null, {}, 'error: quota'])('b64_json %j', (b64_json) => {
    expect(urls({ status: 'succeeded', result: { data: [{ b64_json }] } }, 'image')).toEqual([]);
  });
});

describe('results', () => {
  test('in `results: []` and metadata.url', () => {
    expect(urls({ status: 'completed', results: [], metadata: { url } })).toEqual([url]);
    expect(urls({ status: 'completed', results: null, metadata: { url } })).toEqual([url]);
    expect(urls({ status: 'completed', results: [null, {}, { url: '' }], metadata: { url } })).toEqual([url]);
    expect(urls({ status: 'completed', metadata: { url: ` ${url}\n` } })).toEqual([url]);
  });

  test.each([
    ['url', { url }],
    ['result_url', { result_url: url }],
    ['metadata.url', { metadata: { url } }],
    ['video_url', { video_url: url }],
    ['audio_url', { audio_url: url }],
    ['imageUrl', { imageUrl: url }],
    ['data.content.video_url', { data: { content: { video_url: url } } }],
    ['results[] of texts', { results: [url] }],
    ['urls[]', { urls: [url] }],
    ['result.data[].video_url', { result: { data: [{ video_url: url }] } }],
  ])('in %s alone', (_, fields) => expect(urls({ status: 'done', ...fields })).toEqual([url]));

  test('a video task’s pictures and sounds are known by their names; of other tasks all are of one kind', () => {
    const kindOf = (name: string, modality: 'video' | 'music' = 'video') =>
      read({ status: 'done', url: `https://cdn.example.com/${name}` }, modality)?.outputs[0]?.kind;
    for (const end of ['png', 'jpg', 'JPEG', 'webp', 'gif', 'avif'])
      expect([end, kindOf(`x.${end}`)]).toEqual([end, 'image']);
    for (const end of ['mp3', 'wav', 'flac', 'ogg', 'opus', 'm4a', 'aac']) {
      expect([end, kindOf(`x.${end}?sig=1`)]).toEqual([end, 'audio']);
    }
    for (const end of ['mp4', 'mov', 'bin', 'png/x', 'pngx']) expect([end, kindOf(`x.${end}`)]).toEqual([end, 'video']);
    expect(kindOf('x.png', 'music')).toBe('audio');
  });

  test('the same one in several places is one', () => {
    const everywhere = { url, result_url: url, video_url: url, audio_url: url, imageUrl: url, metadata: { url } };
    expect(urls({ status: 'completed', ...everywhere, results: [{ url }, { url }], urls: [url, url] })).toEqual([url]);
    expect(urls({ status: 'completed', ...everywhere, urls: [url, `${url}?2`, url] })).toEqual([url, `${url}?2`]);
  });

  test('two songs, one of them without a title', () => {
    const data = [
      { url: `${url}?1`, title: 'A', duration: 180 },
      { url: `${url}?2`, title: null, duration: '182' },
    ];
    const state = stateOf({ data: { status: 'succeeded', data, amount_usd: '0.15' } }, 'music');
    expect(state.outputs).toEqual([
      { url: `${url}?1`, kind: 'audio', title: 'A', durationSeconds: 180 },
      { url: `${url}?2`, kind: 'audio', durationSeconds: 182 },
    ]);
    expect(state.costUsd).toBe(0.15);
  });

  test('bytes inline, in base64 or as a data: URL', () => {
    const one = (entry: object, format?: string) =>
      urls({ status: 'succeeded', format, result: { data: [entry] } }, 'image');
    expect(one({ b64_json: 'aGk=' })).toEqual(['data:image/png;base64,aGk=']);
    expect(one({ b64_json: 'aGk=' }, 'JPG')).toEqual(['data:image/jpeg;base64,aGk=']);
    expect(one({ b64_json: 'aGk=', format: 'webp' }, 'png')).toEqual(['data:image/webp;base64,aGk=']);
    expect(one({ b64_json: 'aGk=' }, 'a/b;c')).toEqual(['data:image/png;base64,aGk=']);
    expect(one({ b64_json: 'data:image/webp;base64,aGk=' })).toEqual(['data:image/webp;base64,aGk=']);
    expect(one({ url: 'data:image/webp;base64,aGk=' })).toEqual(['data:image/webp;base64,aGk=']);
    expect(one({ url: 'data:video/mp4;base64,aGk=' })).toEqual(['data:video/mp4;base64,aGk=']);
    expect(one({ url: 'data:audio/mpeg;base64,aGk=' })).toEqual(['data:audio/mpeg;base64,aGk=']);
    expect(one({ b64_json: ' aGk=\n' })).toEqual(['data:image/png;base64,aGk=']);
    expect(one({ url, b64_json: 'aGk=' })).toEqual([url]);
  });

  test('a huge one', () => {
    const b64_json = 'A'.repeat(8_000_000);
    expect(urls({ status: 'succeeded', result: { data: [{ b64_json }] } }, 'image')?.[0]).toHaveLength(8_000_022);
  });

  test.each([
    ['/v1/videos/task_1/content', 'video'],
    ['/v1/videos/task_1/content?variant=mp4', 'video'],
    ['/mj/image/1751234567890', 'video'],
    ['/api/v1/contents/x.mp4', 'video'],
    [' /kling/v1/videos/x/content ', 'video'],
    ['/v1/files/last.png', 'image'],
  ])('at the gateway itself, without its host: %s', (path, kind) => {
    expect(read({ status: 'completed', metadata: { url: path } })?.outputs).toEqual([{ url: path.trim(), kind }]);
    expect(read({ status: 'failed', metadata: { url: path } })?.outputs).toEqual([]);
  });

  test('what is said of each: its kind goes before the task’s, bare words are no types, numbers are numbers', () => {
    const results = [
      { url, content_type: 'video', width: '1280', height: 720, duration: 0, size: -1 },
      { url: 'https://cdn.example.com/last.png?sig=1' },
      { url: 'https://cdn.example.com/x', content_type: 'IMAGE/png', width: 'wide', height: null, title: '' },
      { url: 'https://cdn.example.com/y', content_type: 'audio/mpeg' },
      { url: 'https://cdn.example.com/z', content_type: 'application/octet-stream' },
    ];
    expect(read({ status: 'completed', results })?.outputs).toEqual([
      { url, kind: 'video', width: 1280, height: 720 },
      { url: 'https://cdn.example.com/last.png?sig=1', kind: 'image' },
      { url: 'https://cdn.example.com/x', kind: 'image', contentType: 'IMAGE/png' },
      { url: 'https://cdn.example.com/y', kind: 'audio', contentType: 'audio/mpeg' },
      { url: 'https://cdn.example.com/z', kind: 'video', contentType: 'application/octet-stream' },
    ]);
    const kinds = (['music', 'speech', 'image', 'other'] as const).map(
      (modality) => read({ status: 'completed', url: 'https://cdn.example.com/x' }, modality)?.outputs[0]?.kind,
    );
    expect(kinds).toEqual(['audio', 'audio', 'image', 'video']);
  });
});

describe('numbers and times', () => {
  test.each([
    [42, 0.42],
    ['42%', 0.42],
    ['42', 0.42],
    ['4.2e1', 0.42],
    [' 42 % ', 0.42],
    [0, 0],
    ['', undefined],
    ['soon', undefined],
    ['4%2', undefined],
    ['0x20', undefined],
    [null, undefined],
    [[42], undefined],
    ['9'.repeat(1_000_000), undefined],
  ])('progress %j', (progress, expected) => {
    expect(read({ status: 'in_progress', progress })?.progress).toBe(expected);
  });

  test('a number that no number can hold', () => {
    expect(readText('{"status":"in_progress","progress":1e999,"amount_usd":1e999,"created_at":1e999}')).toMatchObject({
      progress: undefined,
      costUsd: undefined,
      createdAt: undefined,
    });
  });

  test('progress stays within its bounds', () => {
    for (const progress of [-5, 1e300, '1e30', '-3%']) {
      const known = stateOf({ status: 'in_progress', progress }).progress ?? 0;
      expect(known).toBeGreaterThanOrEqual(0);
      expect(known).toBeLessThan(1);
    }
  });

  test.each([
    [{ created_at: 1773395498 }, '2026-03-13T09:51:38.000Z'],
    [{ created_at: '1773395498' }, '2026-03-13T09:51:38.000Z'],
    [{ submitTime: 1773395498123 }, '2026-03-13T09:51:38.123Z'],
    [{ created_at: 0, submit_time: 1773395498 }, '2026-03-13T09:51:38.000Z'],
    [{ created_at: null, submit_time: 1773395498 }, '2026-03-13T09:51:38.000Z'],
    [{ created_at: '2026-03-13T17:51:38+08:00' }, '2026-03-13T09:51:38.000Z'],
    [{ created_at: '2026-03-13T09:51:38.5Z' }, '2026-03-13T09:51:38.500Z'],
    // Whose noon? The answer would depend on where this runs.
    [{ created_at: '2026-03-13 12:00:00' }, undefined],
    [{ created_at: 'task 7' }, undefined],
    [{ created_at: 1e300 }, undefined],
    [{ created_at: -5 }, undefined],
    [{ created_at: {} }, undefined],
  ])('a time: %j', (fields, expected) => {
    expect(read({ status: 'in_progress', ...fields })?.createdAt).toBe(expected);
  });

  test.each([
    ['completed', 1.5, 1.5],
    ['completed', '1.5', 1.5],
    ['completed', 0, 0],
    ['failed', 0, 0],
    ['cancelled', 0, 0],
    ['in_progress', 0, undefined],
    ['completed', -1, undefined],
    ['completed', null, undefined],
    ['completed', 'free', undefined],
  ])('the price of a task that is %s: %j', (status, amount_usd, expected) => {
    expect(read({ status, amount_usd })?.costUsd).toBe(expected);
    expect(read({ amount_usd, data: { status } })?.costUsd).toBe(expected);
  });
});
