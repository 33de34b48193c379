// Why a task failed: what it is about, which input it names, what to do; and the words without their wrapping.

import { describe, expect, test } from 'vitest';
import { unwrapped } from '../../src/gateways/ima-router/message.js';
import { inputIndexOf, verdictOn } from '../../src/gateways/ima-router/verdict.js';
import { stateOf } from './support.js';

const errorOf = (fields: object) => stateOf({ status: 'failed', ...fields }).error;

describe('what it is about', () => {
  test.each([
    // Field-notes A1, "Per-model quirks" and the document's examples.
    ['moderation', 'InputImageSensitiveContentDetected.PrivacyInformation'],
    ['moderation', 'OutputAudioSensitiveContentDetected'],
    ['moderation', 'The request failed because content[1] may contain real person.'],
    ['moderation', 'Error 601400'],
    ['moderation', 'Portraits are not supported yet'],
    ['moderation', 'MODERATION_FAILED content moderation failed'],
    ['moderation', 'Celebrity likeness is not allowed'],
    ['moderation', 'Banned prompt detected'],
    ['moderation', 'Your prompt was rejected by the safety system'],
    ['moderation', 'this violates our usage policies'],
    ['moderation', 'content_policy_violation'],
    ['moderation', 'content policy'],
    ['moderation', 'possible copyright infringement'],
    ['moderation', '内容审核未通过'],
    ['moderation', '提示词包含敏感信息'],
    ['moderation', 'The portrait is not allowed'],
    ['moderation', 'a celebrity was recognised'],
    ['moderation', 'the likeness of somebody'],
    ['moderation', '图片包含真人'],
    ['moderation', '涉及肖像权'],
    ['moderation', 'OutputVideoSensitiveContentDetected'],
    ['moderation', 'the text is sensitive'],
    ['moderation', 'NSFW'],
    ['moderation', 'unsafe content'],
    ['moderation', 'this is prohibited'],
    ['moderation', 'banned word: x'],
    ['moderation', 'blocked by the safety filter'],
    ['moderation', 'against safety policies'],
    ['moderation', 'did not pass the safety check'],
    ['moderation', '内容违规'],
    ['moderation', '违禁词'],
    ['moderation', '版权问题'],
    ['moderation', '不合规内容'],
    ['moderation', '触发风控'],
    ['balance', 'insufficient quota'],
    ['balance', 'insufficient balance'],
    ['balance', '额度不足'],
    ['balance', '预扣费额度失败'],
    ['balance', 'user quota is not enough, need: 5'],
    ['balance', 'insufficient_user_quota'],
    ['balance', 'quota_not_enough'],
    ['balance', 'quota_exhausted'],
    ['balance', 'user quota exhausted'],
    ['balance', '用户余额不足'],
    ['timeout', '任务超时（60分钟）'],
    ['timeout', 'generation_timed_out'],
    ['timeout', 'context deadline exceeded'],
    ['input', 'video generation failed: internal error: 601300'],
    ['input', '601300: reference video pixel count must be >= 409600 (at least 640x640)'],
    ['input', 'wget download failed: fork/exec /usr/bin/wget: argument list too long'],
    ['input', 'reference audio duration must be <= 15s'],
    ['input', 'Image pixel is invalid'],
    ['input', 'model X does not support resolution 720P'],
    ['input', 'prompt is required'],
    ['input', 'the resolution differs'],
    ['input', 'wrong aspect ratio'],
    ['input', 'wrong duration'],
    ['input', 'unsupported file'],
    ['input', 'the prompt must be English'],
    ['input', 'the picture must not be black'],
    ['input', 'failed to download video_url: 404'],
    ...['param', 'request', 'input', 'prompt', 'image', 'video', 'audio', 'url', 'format', 'size', 'file', 'value'].map(
      (word) => ['input', `invalid ${word}`],
    ),
    ['input', 'invalid argument'],
    ['input', 'InvalidParameter'],
    ...['long', 'large', 'big', 'small', 'short', 'many'].map((word) => ['input', `too ${word}`]),
    ['upstream', 'internal error'],
    ['upstream', 'failed to fetch task from upstream'],
    ['upstream', 'status_code=502, bad answer'],
    ['upstream', 'HTTP 503'],
    ['upstream', 'status: 500'],
    ['upstream', 'internal_server_error'],
    ['upstream', 'service unavailable'],
    ['upstream', 'the model is overloaded'],
    ['upstream', 'bad gateway'],
    ['upstream', 'server is busy'],
    ['upstream', '系统繁忙，请稍后再试'],
    ['upstream', '当前分组上游负载已饱和，请稍后再试'],
    ['unknown', 'task failed'],
    ['unknown', ''],
  ])('%s: %s', (kind, text) => expect(verdictOn(text).kind).toBe(kind));

  test.each([
    ['at most 1500 characters', 'unknown'],
    ['took 503 s', 'unknown'],
    ['code 500123', 'unknown'],
    ['task_6013004 is lost', 'unknown'],
    ['seed 16014001', 'unknown'],
    ['field names are case-sensitive', 'unknown'],
    ['retry policy used up', 'unknown'],
    ['orientation must be portrait or landscape', 'input'],
    ['moderation must be one of low, auto', 'input'],
    ['moderation should be auto', 'unknown'],
    ['moderation is not supported', 'input'],
    ['safety_tolerance must be between 0 and 6', 'input'],
    ['white balance 5 is unsupported', 'input'],
    ['invalid response from upstream', 'upstream'],
  ])('numbers and words that mean something else: %s', (text, kind) => expect(verdictOn(text).kind).toBe(kind));

  test('the sound of the result: again with audio off; a person: as an asset; few pixels: how many it takes', () => {
    expect(verdictOn('OutputAudioSensitiveContentDetected').hint).toContain('audio off');
    expect(verdictOn('The output audio of this may be sensitive').hint).toContain('audio off');
    expect(verdictOn('InputImageSensitiveContentDetected.PrivacyInformation').hint).toContain('asset://');
    expect(verdictOn('Error 601400').hint).toContain('asset://');
    expect(verdictOn('code: 601300').hint).toContain('409,600');
    expect(verdictOn('Banned prompt detected').hint).toBeUndefined();
  });

  // An asset is a paid upload, and the review takes no celebrities.
  test.each(['Celebrity likeness is not allowed', 'a celebrity was recognised', 'this real person is a celebrity'])(
    'somebody well known: %s is no matter of assets',
    (text) => {
      const { kind, hint } = verdictOn(text);
      expect(kind).toBe('moderation');
      expect(hint).toContain('other media or another prompt');
      expect(hint).not.toMatch(/asset:|upload/);
    },
  );

  test('a long text is read in no time', () => {
    const startedAt = performance.now();
    for (const piece of [
      'image ',
      'a_',
      'violat ',
      '第',
      'a.',
      '(request id: ',
      '{"a":',
      'image 1 ',
      'output audio ',
      '(',
    ]) {
      const text = piece.repeat(1_000_000 / piece.length);
      stateOf({ status: 'failed', error: { message: text, code: text } });
    }
    // Linear work takes some 100 ms here; anything quadratic would take hours.
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });
});

describe('which input it names', () => {
  test.each([
    ['content[1] may contain real person', 1],
    ['images[0] was refused', 0],
    ['metadata.images[3]: sensitive', 3],
    ['metadata.reference_image_urls[2] is blocked', 2],
    ['image_list[4].url', 4],
    ['contents[1].image_url and contents[1] again', 1],
    ['base64Array[2]', 2],
    ['videos[1]', 1],
    ['audio_urls[0]', 0],
    ['input_references[2]', 2],
    ['metadata.references[1]', 1],
    ['media[3]', 3],
    ['inputs[1]', 1],
    ['image_inputs[1]', 1],
    ['image 2 may contain a person', 1],
    ['Image #3: blocked', 2],
    ['image no. 1 of 3', 0],
    ['reference image 2.', 1],
    ['the second image', 1],
    ['the 3rd reference video', 2],
    ['第2张图片包含敏感内容', 1],
    ['第 三 张', 2],
    ['第二个视频不合规', 1],
    ['第1个音频', 0],
    ['第3段素材', 2],
    ['第2条参考', 1],
    ['第4个输入', 3],
    // A place in a field goes before a number in words.
    ['images[2] (image 3)', 2],
  ])('%s', (text, index) => expect(inputIndexOf(text)).toBe(index));

  test.each([
    'the image was refused',
    'images[0] and images[1] are too much alike',
    'image 1 and image 2 are too much alike',
    'results[0] was refused',
    'output_images[1] was refused',
    'result.images[1] was refused',
    'generated_images[1] was refused',
    'response.images[1] was refused',
    'messages[1] was refused',
    'duration must be one of [5 10 15]',
    'gpt-image-2 is busy',
    'image 1024x1024 is too small',
    'image 10 MB is too large',
    'image 2.5 MB is too large',
    'video 16:9 only',
    'video 5s is too short',
    'video 10 seconds',
    'image 601400',
    'image 2 images at most',
    'image 0',
    'at most 1 image input',
    'first frame is blurred',
    'the first try failed',
    '第2次失败',
    '第2个参数',
  ])('none: %s', (text) => expect(inputIndexOf(text)).toBeUndefined());

  test('only where an input is at fault', () => {
    expect(errorOf({ error: { message: 'content[1] may contain real person' } })).toMatchObject({ inputIndex: 1 });
    expect(errorOf({ error: { message: 'download failed for images[0]' } })).toMatchObject({
      kind: 'input',
      inputIndex: 0,
    });
    expect(errorOf({ id: 't', error: { message: 'internal error at images[0]' } })).not.toHaveProperty('inputIndex');
  });
});

describe('where the reason is', () => {
  test.each([
    ['error.message', { error: { message: 'why' } }],
    ['error', { error: 'why' }],
    ['fail_reason', { fail_reason: 'why' }],
    ['failReason', { failReason: 'why' }],
    ['metadata.url', { metadata: { url: 'why' } }],
    ['message', { message: 'why' }],
    ['the raw upstream', { data: { error: { message: 'why' } } }],
    ['the raw upstream, as a text', { data: { error: 'why' } }],
    ['the raw upstream, in a word', { data: { message: 'why' } }],
    ['beside a task_code', { task_code: 5, task_status_msg: 'why' }],
    [
      'rather than in words that say nothing',
      { error: { message: 'task failed' }, message: 'ok', metadata: { url: 'why' } },
    ],
    ['rather than in a URL', { error: { message: 'https://a.example/x.mp4' }, metadata: { url: 'why' } }],
  ])('%s', (_, fields) => {
    expect(errorOf(fields)?.message).toBe('why');
    expect(
      stateOf({ code: 'success', message: 'success', data: { status: 'FAILURE', ...fields } }).error?.message,
    ).toBe('why');
  });

  test.each(
    [
      'ok',
      'success',
      'succeed',
      'succeeded',
      'complete',
      'completed',
      'fail',
      'FAILED',
      'failure',
      'task failed',
    ].concat(['task failure', 'error', 'none', 'null']),
  )('rather than in %j', (word) => {
    expect(errorOf({ error: { message: word }, metadata: { url: 'why' } })?.message).toBe('why');
    expect(errorOf({ error: { message: `${word} 7` }, metadata: { url: 'why' } })?.message).toBe(`${word} 7`);
  });

  test('in the envelope, at last', () => {
    expect(stateOf({ message: 'why', data: { status: 'FAILURE', fail_reason: '' } }).error?.message).toBe('why');
  });

  test('nowhere', () => {
    for (const fields of [{}, { error: null }, { error: {} }, { error: { message: '', code: null } }, { error: [1] }]) {
      expect(errorOf(fields)).toEqual({ message: 'the gateway gives no reason', kind: 'unknown' });
    }
    expect(errorOf({ message: 'failed' })).toEqual({ message: 'failed', kind: 'unknown' });
  });

  test('the code, in words or numbers, of the gateway or of what is behind it', () => {
    expect(errorOf({ error: { code: 'c', message: 'm' } })?.code).toBe('c');
    expect(errorOf({ error: { code: 601300, message: 'm' } })).toMatchObject({ code: '601300', kind: 'input' });
    expect(errorOf({ data: { error: { code: 'c', message: 'm' } } })?.code).toBe('c');
    expect(errorOf({ error: { code: {}, message: 'm' } })).not.toHaveProperty('code');
    expect(errorOf({ error: { code: 'c'.repeat(9999), message: 'm' } })?.code).toHaveLength(200);
  });

  test('a cancelled task says why, where anything does', () => {
    expect(stateOf({ status: 'CANCEL', failReason: 'by the user' }).error).toMatchObject({ message: 'by the user' });
    expect(stateOf({ status: 'CANCEL' })).not.toHaveProperty('error');
  });
});

describe('the words without their wrapping', () => {
  test.each([
    ['no room (request id: 2026abc)', 'no room', '2026abc'],
    ['no room (Request ID: 2026abc) ', 'no room', '2026abc'],
    ['no room (request id: inner) (request id: outer)', 'no room', 'outer'],
    ['{"detail":"Not Found"}', 'Not Found', undefined],
    ['{"detail":"Not Found"} (request id: r1)', 'Not Found', 'r1'],
    ['{"error":{"message":"no room (request id: r1)","type":"x"}}', 'no room', 'r1'],
    ['{"detail":[{"loc":["body","prompt"],"msg":"field required"}]}', 'field required', undefined],
    [' no room\n', 'no room', undefined],
    ['{"message":" no room "}', 'no room', undefined],
    ['{"error":[{"message":"no room"}]}', 'no room', undefined],
    ['{"error":"no room"}', 'no room', undefined],
    ['{"error":"bad","error_description":"no room"}', 'no room', undefined],
    ['{"code":500,"msg":"no room"}', 'no room', undefined],
    ['{"message":"{\\"message\\":\\"no room\\"}"}', 'no room', undefined],
    ['"no room"', 'no room', undefined],
    // Nothing is lost of what is not understood.
    ['{"foo":"no room"}', '{"foo":"no room"}', undefined],
    ['{"message":""}', '{"message":""}', undefined],
    ['{"message":', '{"message":', undefined],
    ['[Error] no room', '[Error] no room', undefined],
    ['(request id: r1)', '(request id: r1)', undefined],
    ['(request id: ) no room', '(request id: ) no room', undefined],
    ['no (request id: r1) room', 'no (request id: r1) room', undefined],
  ])('%s', (text, message, requestId) => expect(unwrapped(text)).toEqual({ message, requestId }));

  test('long ones are cut, not lost', () => {
    expect(unwrapped(`why ${'x'.repeat(100_000)} (request id: r1)`)).toMatchObject({ requestId: 'r1' });
    expect(unwrapped('x'.repeat(100_000)).message).toHaveLength(4000);
    expect(unwrapped(JSON.stringify({ message: `why ${'x'.repeat(100_000)}` })).message).toMatch(/^why x{3996}$/);
    expect(unwrapped(JSON.stringify({ message: 'x'.repeat(1_000_000) })).message).toMatch(/^{"message":"x{3988}$/);
    expect(unwrapped(`${'{"error":'.repeat(5000)}"x"${'}'.repeat(5000)}`).message).toHaveLength(4000);
  });

  test('in a failed task: the id of the exchange is the state’s', () => {
    const state = stateOf({
      status: 'failed',
      error: { message: '{"error":{"message":"no GPU"}} (request id: 2026abc)' },
    });
    expect(state).toMatchObject({ requestId: '2026abc', error: { message: 'no GPU' } });
  });

  test('an upstream’s body tells by its code what its words do not', () => {
    const message = JSON.stringify({ error: { code: 'InputTextSensitiveContentDetected', message: 'no' } });
    expect(errorOf({ fail_reason: message })).toEqual({ message: 'no', kind: 'moderation' });
  });
});
