// The model index and the test cases say what the document says, and how sure it is.
import { expect, test } from 'vitest';
import { mergeAliases } from '../../scripts/spec/merge.js';
import { deriveModelIndex, type IndexModel, modelIndexSchema } from '../../scripts/spec/models.js';
import { imageToVideoOnlyIn, modelsNamedIn } from '../../scripts/spec/prose.js';
import { deriveTestCases } from '../../scripts/spec/test-cases.js';
import { document, FROZEN, gateway, newAjv } from './helpers.js';

const root = mergeAliases(await document(FROZEN));
const index = deriveModelIndex(root, gateway, 'en.import.yaml');

function model(id: string): IndexModel {
  const found = index.models.find((item) => item.modelId === id);
  if (!found) throw new Error(`no model ${id}`);
  return found;
}

test('100 models by schema, and the 19 that only prose names', () => {
  expect(index.models.filter((item) => item.evidence === 'schema')).toHaveLength(100);
  const prose = index.models.filter((item) => item.evidence === 'prose').map((item) => item.modelId);
  expect(prose.sort()).toEqual([
    'claude-3-5-haiku-20241022',
    'claude-3-haiku-20240307',
    'claude-opus-4-1-20250805',
    'claude-sonnet-4-20250514',
    'doubao-video-subtitle-erase',
    'g2.5-flash-image',
    'g3-pro-image-preview',
    'gemini-2.0-flash',
    'gemini-2.5-flash',
    'gemini-2.5-flash-lite',
    'gemini-2.5-pro',
    'gemini-3-flash-preview',
    'gemini-3-pro-preview',
    'gemini-3.1-pro-preview',
    'gpt-oss-120b-250805',
    'seed-1-6-250915',
    'seed-1-6-flash-250715',
    'seed-1-8-251228',
    'seed-2-0-mini-260215',
  ]);
});

test('the preferred endpoint comes first, and knows where to poll', () => {
  const paths = (id: string): string[] => model(id).endpoints.map((endpoint) => endpoint.path);
  expect(paths('kling-v1')).toEqual([
    '/v1/videos',
    '/kling/v1/videos/text2video',
    '/kling/v1/videos/image2video',
    '/v1/video/generations',
  ]);
  expect(paths('seedance-2.0')).toEqual(['/v1/videos', '/api/v1/contents/generations/tasks']);
  expect(paths('claude-opus-4-6')).toEqual(['/v1/chat/completions', '/v1/messages']);
  expect(paths('gpt-5.2')).toEqual(['/v1/responses', '/v1/chat/completions']); // chat names it only in prose
  expect(model('kling-v1').pollEndpoint).toBe('/v1/videos/{task_id}');
  expect(model('mj_imagine').pollEndpoint).toBe('/mj/task/{task_id}/fetch');
  expect(model('doubao-video-subtitle-erase').pollEndpoint).toBe('/v1/videos/subtitle-erase/{task_id}');
  expect(model('gpt-4o').pollEndpoint).toBeNull();
  expect(model('sonic')).toMatchObject({ modality: 'music', pollEndpoint: '/v1/music/generations/{task_id}' });
});

test('facts that the document states of a model come along', () => {
  const only = index.models.filter((item) => item.imageToVideoOnly).map((item) => item.modelId);
  expect(only).toEqual(['MiniMax-Hailuo-2.3-Fast', 'viduq2-pro', 'viduq2-turbo']);
  const deprecated = index.models.filter((item) => item.deprecated !== undefined).map((item) => item.modelId);
  expect(deprecated).toEqual(['ima-pro', 'ima-pro-fast']);
  expect(model('seedance-2.0').uploadModel).toBe('seedance-upload');
});

test('prose counts only as a list of ids under a heading about models', () => {
  const paths = new Set(['/v1/a', '/v1/b']);
  const ids = (text: string): string[] => modelsNamedIn(text, '/v1/a', paths).map(({ id, path }) => `${id}@${path}`);
  expect(
    ids('**Available models (2):**\n- `gpt-9`\n- ~~`old-1`~~ (expired, use `gpt-9`)\nUse `max_tokens-9`.'),
  ).toEqual(['gpt-9@/v1/a', 'old-1@/v1/a']);
  expect(ids('| Endpoint | Models |\n|--|--|\n| x | `gpt-9` |')).toEqual([]); // no heading
  expect(ids('Models:\n| Path | Models |\n|--|--|\n| `/v1/b` | `gpt-9`, `gpt-8` |')).toEqual([
    'gpt-9@/v1/b',
    'gpt-8@/v1/b',
  ]);
  expect(ids('- `model`: one of\n  - `a-1`: first\n- `size-2`: not a model')).toEqual(['a-1@/v1/a']);
  expect(ids('Parameters of the model:\n- `prompt`: text')).toEqual([]); // one word is no id
  expect(imageToVideoOnlyIn('- `a-1`: image-to-video only\n- `b-1`: text-to-video / image-to-video')).toEqual(['a-1']);
});

test('the index fits its schema', () => {
  const validate = newAjv().compile(modelIndexSchema);
  expect(validate(index), JSON.stringify(validate.errors)).toBe(true);
  expect(validate({ version: '1', models: [{ modelId: '' }] })).toBe(false);
});

test('188 test cases; the two counterexamples are marked by their names', () => {
  const cases = deriveTestCases(root, '1.5.17', 'en.import.yaml');
  expect(cases.cases).toHaveLength(188);
  expect(new Set(cases.cases.map((item) => item.id)).size).toBe(188);
  const refused = cases.cases.filter((item) => item.expect === 'refuse');
  expect(refused.map((item) => item.name)).toEqual([
    'C01c_invalid_size_854x480',
    'C13_ref_video_pixel_too_low_negative_case',
  ]);
  expect(refused.every((item) => item.reason !== undefined)).toBe(true);
  const known = new Set(index.models.map((item) => item.modelId));
  for (const { modelId } of cases.cases) if (modelId !== null) expect(known).toContain(modelId);
});
