// What a refused request reads like: the field, what was expected, what came; of a union the nearest variant only.

import { describe, expect, test } from 'vitest';
import { ImaRouter, InvalidRequestError, type RequestIssue } from '../../src/index.js';

const ima = new ImaRouter({ apiKey: 'sk-test-0123456789' });

async function refusal(request: { model: string; [field: string]: unknown }): Promise<InvalidRequestError> {
  const error = await ima.validate(request).catch((caught: unknown) => caught);
  if (error instanceof InvalidRequestError) return error;
  throw new Error(`not refused: ${JSON.stringify(request)}`);
}
const issuesOf = async (request: { model: string; [field: string]: unknown }) => (await refusal(request)).issues;

/** `path: message` of each issue. */
const said = async (request: { model: string; [field: string]: unknown }): Promise<string[]> =>
  (await issuesOf(request)).map(({ path, message }) => `${path.join('.')}: ${message}`);

const png = 'https://a.example/a.png';

describe('one field', () => {
  test.each<[string, { model: string; [field: string]: unknown }, RequestIssue]>([
    [
      'is missing',
      { model: 'sonic' },
      { path: ['prompt'], message: 'is required: text', expected: 'text', received: 'nothing' },
    ],
    [
      'is missing, and so is what would be inside',
      { model: 'MiniMax-Hailuo-2.3-Fast', prompt: 'x' },
      {
        path: ['metadata'],
        message: 'is required: an object with `first_frame_image`',
        expected: 'an object with `first_frame_image`',
        received: 'nothing',
      },
    ],
    [
      'has another type',
      { model: 'sonic', prompt: 5 },
      { path: ['prompt'], message: 'expected text, received 5', expected: 'text', received: '5' },
    ],
    [
      'is a text where a list is due (and its length is not the point)',
      { model: 'gemini-2.5-flash-image', prompt: 'x', images: png },
      { path: ['images'], message: `expected a list, received "${png}"`, expected: 'a list', received: `"${png}"` },
    ],
    [
      'is of none of its types',
      { model: 'kling-v3-omni-video', video_list: [5] },
      {
        path: ['video_list', 0],
        message: 'expected text or an object, received 5',
        expected: 'text or an object',
        received: '5',
      },
    ],
    [
      'is outside its enum, deep inside',
      { model: 'seedance-2.0', prompt: 'x', metadata: { resolution: '4k' } },
      {
        path: ['metadata', 'resolution'],
        message: 'expected one of "480p", "720p", "1080p", received "4k"',
        expected: 'one of "480p", "720p", "1080p"',
        received: '"4k"',
      },
    ],
    [
      'is too many',
      { model: 'gemini-2.5-flash-image', prompt: 'x', images: Array(15).fill(png) },
      {
        path: ['images'],
        message: 'expected at most 14 items, received a list of 15',
        expected: 'at most 14 items',
        received: 'a list of 15',
      },
    ],
    [
      'is empty',
      { model: 'gpt-image-2', prompt: '' },
      {
        path: ['prompt'],
        message: 'expected at least 1 character, received ""',
        expected: 'at least 1 character',
        received: '""',
      },
    ],
    [
      'is no whole number',
      { model: 'gpt-image-2', prompt: 'x', n: 1.5 },
      { path: ['n'], message: 'expected a whole number, received 1.5', expected: 'a whole number', received: '1.5' },
    ],
    [
      'is out of range',
      { model: 'prunaai/p-image', prompt: 'x', aspect_ratio: 'custom', width: 100, height: 512 },
      { path: ['width'], message: 'expected at least 256, received 100', expected: 'at least 256', received: '100' },
    ],
    [
      'does not exist here',
      { model: 'wan2.6-i2v', prompt: 'x', image: png, zoom: 2 },
      { path: ['zoom'], message: 'is not a field of this model', expected: 'nothing', received: '2' },
    ],
    [
      'is misspelt',
      { model: 'kling-v3-video', promt: 'x' },
      {
        path: ['promt'],
        message: 'is not a field of this model (did you mean `prompt`?)',
        expected: '`prompt`',
        received: '"x"',
      },
    ],
  ])('%s', async (_, request, issue) => {
    expect(await issuesOf(request)).toEqual([issue]);
  });
});

describe('a choice', () => {
  test('of fields: one sentence names all that would do', async () => {
    expect(await said({ model: 'wan2.6-i2v', prompt: 'x' })).toEqual([': needs one of `image`, `images`']);
    expect(await said({ model: 'happyhorse-1.0-i2v', prompt: 'x' })).toEqual([
      ': needs one of `image`, `images`, `first_frame_url`, `media`, `metadata`',
    ]);
    expect(await said({ model: 'happyhorse-1.0-i2v', metadata: {} })).toEqual([
      ': needs one of `image`, `images`, `first_frame_url`, `media`, `metadata.first_frame_url`, `metadata.media`',
    ]);
    expect(await said({ model: 'seed-tts-2.0' })).toEqual([
      ': needs one of `input`, `text`, `prompt`, `ssml`',
      ': needs one of `voice`, `speaker`',
    ]);
  });

  test('and what is wrong besides is said too', async () => {
    expect(await said({ model: 'wan2.6-i2v', prompt: 'x', duration: 99 })).toEqual([
      'duration: expected one of 5, 10, 15, received 99',
      ': needs one of `image`, `images`',
    ]);
  });

  test('already made: the other ways are not mentioned', async () => {
    expect(await said({ model: 'wan2.6-i2v', prompt: 'x', image: png, duration: 99 })).toEqual([
      'duration: expected one of 5, 10, 15, received 99',
    ]);
    expect(
      await said({ model: 'kling-v3-omni-video', video_list: [{ video_url: png, keep_original_sound: true }] }),
    ).toEqual(['video_list.0.keep_original_sound: expected one of "yes", "no", received true']);
  });

  test('of which only one may be made', async () => {
    const both = {
      model: 'happyhorse-1.0-video-edit',
      prompt: 'x',
      video_url: png,
      media: [{ type: 'video', url: png }],
    };
    expect(await said(both)).toEqual([
      'media: does not go together with the other fields given, or else video_url: does not go together with the other fields given',
    ]);
  });

  test('of values that depend on another value', async () => {
    const hailuo = { model: 'MiniMax-Hailuo-2.3', prompt: 'x' };
    expect(await said({ ...hailuo, size: '1080p', duration: 10 })).toEqual([
      'duration: expected 6, received 10, or else size: expected "768p", received "1080p"',
    ]);
    expect(await said({ ...hailuo, size: '720P' })).toEqual(['size: expected one of "1080p", "768p", received "720P"']);
    expect(await said({ ...hailuo, duration: 10 })).toEqual([
      'duration: expected 6, received 10, or else size: is required: "768p"',
    ]);
    // What another branch of the condition takes is not wrong.
    expect(await said({ ...hailuo, model: 'MiniMax-Hailuo-02', size: '1080P' })).toEqual([
      'size: expected one of "1080p", "512p", "768p", received "1080P"',
    ]);
  });

  test('of 5 and "5": a number reads of numbers, a text of texts', async () => {
    const kling = { model: 'kling-v3-video', prompt: 'x' };
    expect((await issuesOf({ ...kling, duration: 2 }))[0]?.expected).toMatch(/^one of 3, 4, 5/);
    expect((await issuesOf({ ...kling, duration: '2' }))[0]?.expected).toMatch(/^one of "3", "4", "5"/);
    expect((await issuesOf({ ...kling, duration: '2' }))[0]?.received).toBe('"2"');
  });
});

describe('what came', () => {
  test('is cut when it is long, and shows no secret', async () => {
    const [long] = await issuesOf({ model: 'sonic', prompt: 'la '.repeat(2000) });
    expect(long?.received).toMatch(/^a text of 6000 characters \("la la la/);
    expect(long?.received?.length).toBeLessThan(80);
    const signed = await refusal({
      model: 'wan2.6-i2v',
      prompt: 'x',
      image: 'https://a.example/a b.png?sig=topsecret',
    });
    expect(signed.issues[0]?.received).toBe('"https://a.example/a b.png?***"');
    const key = await refusal({ model: 'prunaai/p-image', prompt: 'x', apiKey: 'sk-abcdefghijkl' });
    for (const { message, issues } of [signed, key]) {
      expect(message + JSON.stringify(issues)).not.toMatch(/topsecret|abcdefghijkl/);
    }
  });
});

test("nor the client's own key, of whatever form, in a value, a field's name or a hint", async () => {
  const key = '0123456789abcdefABCDEF';
  const client = new ImaRouter({ apiKey: key });
  for (const request of [
    { model: 'kling-v3-video', prompt: 'x', mode: key },
    { model: 'kling-v3-video', prompt: 'x', [key]: 1 },
    { model: 'kling-v3-video', prompt: 'x', image: `bucket.example/x.png?X-Amz-Signature=${key}` },
    { model: 'viduq1', prompt: 'x', size: `1x1`, metadata: { resolution: key } },
  ]) {
    const error = await client.validate(request).catch((caught: unknown) => caught);
    if (!(error instanceof InvalidRequestError)) throw new Error('not refused');
    expect(JSON.stringify([error.message, error.issues, error.param, error.hint])).not.toContain(key);
  }
  const [signed] = await issuesOf({
    model: 'wan2.6-i2v',
    prompt: 'x',
    image: 'bucket.example/x.png?X-Amz-Signature=deadbeef',
  });
  expect(JSON.stringify(signed)).not.toContain('deadbeef');
});

test('the error as a whole: one sentence, a stable code, nothing bought', async () => {
  const error = await refusal({ model: 'kling-v3-video', promt: 'x', duration: 99 });
  expect(error.message).toBe(
    'The request for "kling-v3-video" would be refused by POST /v1/videos: duration: expected one of 3, 4, 5, 6, 7, 8, ' +
      '9, 10, 11, 12, 13, 14, 15, received 99; promt: is not a field of this model (did you mean `prompt`?). Nothing was sent.',
  );
  expect(error).toMatchObject({ code: 'invalid_request', phase: 'validate', param: 'duration', mayBeBilled: false });
  expect(error.hint).toBe('Correct the named fields.');
});

describe('what only the prose says', () => {
  const request = { model: 'viduq2-pro', prompt: 'x' };

  test('names its rule, and the way past it', async () => {
    const error = await refusal(request);
    expect(error.issues).toEqual([
      {
        path: ['images'],
        message: 'is required: viduq2-pro is image-to-video only (expected 1 to 2 image URLs)',
        expected: '1 to 2 image URLs',
        received: 'nothing',
        rule: 'vidu.images-required',
      },
    ]);
    expect(error.hint).toContain("{ validate: 'schema' }");
  });

  test("'schema' skips the rules, 'off' skips the schema too; per call, or for a client", async () => {
    expect(await ima.validate(request, { validate: 'schema' })).toBe(request);
    const wrong = { model: 'viduq2-pro', prompt: 5 };
    await expect(ima.validate(wrong, { validate: 'schema' })).rejects.toBeInstanceOf(InvalidRequestError);
    expect(await ima.validate(wrong, { validate: 'off' })).toBe(wrong);
    const lax = new ImaRouter({ apiKey: 'sk-test-0123456789', validate: 'schema' });
    expect(await lax.validate(request)).toBe(request);
    await expect(lax.validate(request, { validate: 'full' })).rejects.toBeInstanceOf(InvalidRequestError);
    // `validate` on a client that checks nothing still answers the question.
    const off = new ImaRouter({ apiKey: 'sk-test-0123456789', validate: 'off' });
    await expect(off.validate(wrong)).rejects.toBeInstanceOf(InvalidRequestError);
  });

  test('another word for it is a mistake that is told', async () => {
    expect(() => new ImaRouter({ validate: 'strict' as 'full' })).toThrow(/validate must be 'full', 'schema' or 'off'/);
    await expect(ima.validate(request, { validate: 'none' as 'off' })).rejects.toMatchObject({ code: 'bad_option' });
  });
});
