// Which model goes where: what the catalogue says of every id, and what it says to somebody who has it almost right.

import { expect, test } from 'vitest';
import { ImaRouter, InvalidRequestError, UnknownModelError } from '../../src/index.js';
import { catalog } from '../../src/models.js';

const ima = new ImaRouter({ apiKey: 'sk-test-0123456789' });
const { models } = ima;

test('every id of the document is there, with endpoints, a preferred one, and a modality', () => {
  expect(models.list()).toHaveLength(catalog.models.length);
  expect(models.list().filter(({ evidence }) => evidence !== 'prose').length).toBeGreaterThanOrEqual(101);
  for (const { id, endpoints, modality } of models.list()) {
    expect(endpoints.length, id).toBeGreaterThan(0);
    expect(models.get(id)?.modality).toBe(modality);
    const route = models.route(id);
    expect(route).toEqual({
      model: id,
      method: 'POST',
      path: endpoints[0]?.path,
      pollPath: endpoints[0]?.pollPath,
      modality,
      async: endpoints[0]?.pollPath !== null,
    });
    for (const { path } of endpoints) expect(models.route(id, { endpoint: path }).path).toBe(path);
  }
});

test('new is preferred over legacy, the common path over the native one', () => {
  expect(models.route('kling-v2-6')).toMatchObject({ path: '/v1/videos', pollPath: '/v1/videos/{task_id}' });
  expect(models.route('seedance-2.0').path).toBe('/v1/videos');
  expect(models.route('MiniMax-Hailuo-2.3').path).toBe('/v1/videos');
  expect(models.route('claude-opus-4-6')).toMatchObject({ path: '/v1/chat/completions', async: false, pollPath: null });
  expect(models.route('mj_imagine').pollPath).toBe('/mj/task/{task_id}/fetch');
});

test('list narrows by what is made, by whether there is a task, by path', () => {
  const video = models.list({ modality: 'video' });
  expect(video.length).toBeGreaterThan(30);
  expect(video.every(({ modality }) => modality === 'video')).toBe(true);
  expect(models.list({ async: false }).map(({ modality }) => modality)).not.toContain('video');
  expect(models.list({ modality: 'speech', async: true }).map(({ id }) => id)).toEqual(['seed-tts-2.0']);
  const contents = models.list({ endpoint: '/api/v1/contents/generations/tasks' }).map(({ id }) => id);
  expect(contents).toEqual(['seedance-2.0', 'seedance-2.0-cn', 'seedance-2.0-fast', 'seedance-2.0-fast-cn']);
  expect(models.list({ endpoint: '/v1/nothing' })).toEqual([]);
});

test('the facts: image-to-video only, deprecated, needs a public URL, its upload model', () => {
  const withFact = (fact: 'imageToVideoOnly' | 'needsPublicUrl' | 'deprecated' | 'uploadModel') =>
    models.list().flatMap((model) => (model[fact] === undefined ? [] : [model.id]));
  expect(withFact('imageToVideoOnly')).toEqual([
    'MiniMax-Hailuo-2.3-Fast',
    'happyhorse-1.0-i2v',
    'happyhorse-1.0-r2v',
    'viduq2-pro',
    'viduq2-turbo',
    'wan2.6-i2v',
    'wan2.6-i2v-flash',
  ]);
  expect(withFact('deprecated')).toEqual(['ima-pro', 'ima-pro-fast']);
  expect(models.get('ima-pro')?.deprecated).toMatch(/please use `seedance-2\.0`/);
  expect(models.get('seedance-2.0')).toMatchObject({ uploadModel: 'seedance-upload', needsPublicUrl: true });
  expect(models.get('seedance-2.0-fast-cn')?.uploadModel).toBe('seedance-upload-cn');
  expect(withFact('uploadModel')).toHaveLength(6);
  // No media field at all, or one that takes bytes.
  expect(models.get('sonic')?.needsPublicUrl).toBeUndefined();
  expect(models.get('mj_imagine')?.needsPublicUrl).toBeUndefined();
  expect(withFact('needsPublicUrl')).toEqual(
    expect.arrayContaining(['wan2.6-i2v', 'viduq2', 'gemini-2.5-flash-image']),
  );
});

test('an endpoint that the model does not have', () => {
  const wrong = () => models.route('sonic', { endpoint: '/v1/videos' });
  expect(wrong).toThrow(InvalidRequestError);
  expect(wrong).toThrow('The model "sonic" is not served at /v1/videos; it is at /v1/music/generations.');
});

const suggested = (id: string): readonly string[] => {
  try {
    models.route(id);
  } catch (error) {
    if (error instanceof UnknownModelError) return error.suggestions;
    throw error;
  }
  throw new Error(`${id} is a model`);
};

// Names as people write them: seed 002's tables, and slips of the finger.
test.each([
  ['Kling 2.6', 'kling-v2-6'],
  ['kling2.6', 'kling-v2-6'],
  ['可灵', 'kling-video-o1'],
  ['可灵O1', 'kling-video-o1'],
  ['可灵2.6', 'kling-v2-6'],
  ['kling-o1', 'kling-video-o1'],
  ['Kling 2.1 Master', 'kling-v2-1-master'],
  ['Kling 2.5 Turbo', 'kling-v2-5-turbo'],
  ['hailuo', 'MiniMax-Hailuo-2.3'],
  ['Hailuo', 'MiniMax-Hailuo-2.3'],
  ['海螺', 'MiniMax-Hailuo-2.3'],
  ['海螺2.3', 'MiniMax-Hailuo-2.3'],
  ['Hailuo 2.0', 'MiniMax-Hailuo-02'],
  ['veo', 'veo-3.1-fast-generate-001'],
  ['Google Veo 3.1', 'veo-3.1-fast-generate-001'],
  ['veo-3.1-generate-preview', 'veo-3.1-fast-generate-001'],
  ['Wan 2.6', 'wan2.6-t2v'],
  ['万', 'wan2.6-t2v'],
  ['万2.6', 'wan2.6-t2v'],
  ['Vidu Q2', 'viduq2'],
  ['Vidu Q3', 'viduq3-pro'],
  ['klingv3', 'kling-v3-video'],
  ['kling1.6', 'kling-v1-6'],
  ['Pixverse', 'pixverse-v6'],
  ['Pixverse V5.5', 'pixverse-v6'],
  ['SeeDance', 'seedance-2.0'],
  ['doubao-seedance-1.5-pro', 'seedance-2.0'],
  ['midjourney', 'mj_imagine'],
  ['nano banana', 'gemini-2.5-flash-image'],
  ['gpt-image', 'gpt-image-2'],
  ['GPT-IMAGE-2', 'gpt-image-2'],
  ['seedence-2.0', 'seedance-2.0'],
  ['kling-v33-video', 'kling-v3-video'],
  ['gpt5', 'gpt-5'],
])('"%s" may mean %s', (wanted, id) => {
  expect(models.get(id), id).toBeDefined();
  expect(suggested(wanted)[0]).toBe(id);
});

test('what resembles nothing gets no suggestion, and neither does a whole text', () => {
  for (const wanted of [
    '',
    '   ',
    '42',
    'zzzz',
    'a prompt about a puppy',
    'x'.repeat(5000),
    '__proto__',
    'constructor',
  ]) {
    expect(suggested(wanted), wanted.slice(0, 20)).toEqual([]);
  }
});

test('suggestions are ids that exist, and few', () => {
  for (const { id } of models.list()) {
    const near = suggested(`${id}x9`);
    expect(near.length).toBeLessThanOrEqual(3);
    for (const one of near) expect(models.get(one)).toBeDefined();
  }
});

test('nobody changes the catalogue of the others', () => {
  const [model] = models.list();
  expect(() => Object.assign(model ?? {}, { id: 'x' })).toThrow(TypeError);
  expect(() => Object.assign(model?.endpoints[0] ?? {}, { path: '/evil' })).toThrow(TypeError);
});

test('the catalogue as data is what the client routes by', () => {
  expect(JSON.parse(JSON.stringify(catalog))).toEqual(catalog);
  expect(models.list().map(({ id }) => id)).toEqual(catalog.models.map(({ id }) => id));
});
