// What the editor says when a request is wrong, word by word; and that it says nothing of the document's own examples.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { ImaRouter } from '../../src/index.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Name → the code that a user has written so far. */
const WRONG = {
  'a mistyped id': `ima.generate({ model: 'kling-v33-video', prompt: 'x' })`,
  'an id that was cut': `ima.submit({ model: 'seedance-2', prompt: 'x' })`,
  'an id like no other': `ima.submit({ model: 'nothing-like-it', prompt: 'x' })`,
  'a model that answers at once': `ima.submit({ model: 'gpt-4.1', messages: [] })`,
  'an id that is any text': `ima.submit({ model: text, prompt: 'x' })`,
  'no model': `ima.submit({ prompt: 'x' })`,

  'no prompt': `ima.generate({ model: 'sonic' })`,
  'no metadata': `ima.submit({ model: 'MiniMax-Hailuo-2.3-Fast', prompt: 'x' })`,
  'no first frame': `ima.submit({ model: 'MiniMax-Hailuo-2.3-Fast', metadata: {} })`,
  'no image of two ways': `ima.submit({ model: 'wan2.6-i2v', prompt: 'x' })`,
  'no image of six ways': `ima.submit({ model: 'happyhorse-1.0-i2v', prompt: 'x' })`,
  'no voice': `ima.submit({ model: 'seed-tts-2.0', input: 'x' })`,
  'no image at that endpoint': `ima.submit({ model: 'kling-v2-6', prompt: 'x' }, { endpoint: '/kling/v1/videos/image2video' })`,

  'a number outside the list': `ima.generate({ model: 'kling-v2-6', prompt: 'x', duration: 99 })`,
  'a word outside the list': `ima.generate({ model: 'kling-v3-video', prompt: 'x', aspect_ratio: '4:3' })`,
  'a word in another case': `ima.generate({ model: 'wan2.6-i2v', image: 'x', size: '720p' })`,
  'a size of another version': `ima.generate({ model: 'doubao-seedream-4-5-251128', prompt: 'x', size: '1K' })`,
  'a word outside the list, further in': `ima.generate({ model: 'viduq1', metadata: { resolution: '4k' } })`,
  'a number for a text': `ima.generate({ model: 'sonic', prompt: 5 })`,
  'a number for an image': `ima.generate({ model: 'wan2.6-i2v', image: 5 })`,
  'a Blob for a text': `ima.generate({ model: 'wan2.6-i2v', image: 'x', prompt: new Blob([]) })`,

  'a field that it does not have': `ima.generate({ model: 'kling-v3-video', prompt: 'x', ratio: '16:9' })`,
  'a mistyped field': `ima.generate({ model: 'kling-v3-video', promt: 'x' })`,
  'a mistyped field where there are ways': `ima.generate({ model: 'wan2.6-i2v', image: 'x', imagee: 'x' })`,
  'a mistyped field, further in': `ima.generate({ model: 'viduq1', prompt: 'x', metadata: { resolutoin: '720p' } })`,

  'an endpoint of others': `ima.submit({ model: 'sonic', prompt: 'x' }, { endpoint: '/v1/videos' })`,
  'an endpoint of nobody': `ima.submit({ model: 'kling-v2-6', prompt: 'x' }, { endpoint: '/v1/videoz' })`,
  'the body of another endpoint': `ima.submit({ model: 'seedance-2.0', prompt: 'x' }, { endpoint: '/api/v1/contents/generations/tasks' })`,
  'a mistyped option': `ima.submit({ model: 'sonic', prompt: 'x' }, { endpont: '/v1/videos' })`,
  'a live id that was not said to be one': `const id: LiveModelId = 'tomorrow-1'`,
};
type Name = keyof typeof WRONG;
const NAMES = Object.keys(WRONG) as Name[];

/** What the library needs to say its types and no user has named. */
const INTERNAL = /RequestFor|BodyOf|BodyAt|EndpointOf|EndpointChoice|PreferredOf|TaskModel</;
/** About what an editor shows without scrolling. Longer are only those where a choice of ways is missing. */
const READABLE = 600;
const READABLE_CHOICE = 1_000;

interface Message {
  /** The code that is underlined. */
  at: string;
  text: string;
}

const examples = taskExamples();
const found = compiled({
  ...Object.fromEntries(
    NAMES.map((name) => [name, `declare const text: string;\nexport const made = () => {\n  ${WRONG[name]};\n};`]),
  ),
  examples: examples
    .map(
      ({ body, path }, at) =>
        `export const made${at} = () => ima.submit(${JSON.stringify(body)}, { endpoint: '${path}' });`,
    )
    .join('\n'),
});

describe('the message', () => {
  test.each(NAMES)('of %s is one, and can be read', (name) => {
    const messages = found(name);
    expect(messages).toHaveLength(1);
    const text = messages[0]?.text ?? '';
    expect(text).not.toMatch(INTERNAL);
    expect(text).not.toMatch(/\bnever\b/);
    expect(text.length).toBeLessThan(name.startsWith('no ') ? READABLE_CHOICE : READABLE);
  });

  test('of an id names the one that was meant, or where such ids are', () => {
    expect(said('a mistyped id')).toEqual({
      at: 'model',
      text: expect.stringContaining(`Did you mean '"kling-v3-video"'?`),
    });
    expect(said('an id that was cut').text).toContain(`Did you mean '"seedance-2.0"'?`);
    expect(said('an id like no other')).toEqual({
      at: 'model',
      text: expect.stringMatching(/^Type '"nothing-like-it"' is not assignable to type .*"doubao-seedream-4-5-251128"/),
    });
    expect(said('a model that answers at once').at).toBe('model');
    expect(said('an id that is any text')).toEqual({
      at: 'model',
      text: expect.stringMatching(/^Type 'string' is not assignable to type .*LiveModelId/),
    });
    expect(said('no model').text).toContain(`Property 'model' is missing`);
  });

  test.each<[Name, string]>([
    ['no prompt', 'prompt'],
    ['no metadata', 'metadata'],
    ['no first frame', 'first_frame_image'],
    ['no image of two ways', 'image'],
    ['no image of six ways', 'image'],
    ['no voice', 'voice'],
    ['no image at that endpoint', 'image'],
  ])('of %s names what is missing', (name, field) => {
    expect(said(name).text).toMatch(new RegExp(`Property '${field}' is missing in type .* but required in type`));
  });

  test.each<[Name, string, string[]]>([
    ['a number outside the list', 'duration', ['5', '10']],
    ['a word outside the list', 'aspect_ratio', ['"16:9"', '"9:16"', '"1:1"']],
    ['a word in another case', 'size', ['"720P"', '"1080P"']],
    ['a size of another version', 'size', ['"2K"', '"4K"', '"2048x2048"', '"3024x1296"']],
    ['a word outside the list, further in', 'resolution', ['"540p"', '"720p"', '"1080p"']],
  ])('of %s lists what is allowed', (name, field, allowed) => {
    const { at, text } = said(name);
    expect(at).toBe(field);
    const [, list = ''] = text.split('is not assignable to type ');
    for (const value of allowed) expect(list).toContain(value);
  });

  test('of a value of the wrong kind says what is asked for', () => {
    expect(said('a word in another case').text).toContain(`Did you mean '"720P"'?`);
    expect(said('a number for a text')).toEqual({
      at: 'prompt',
      text: `Type 'number' is not assignable to type 'string'.`,
    });
    expect(said('a number for an image')).toEqual({
      at: 'image',
      text: `Type 'number' is not assignable to type 'MediaInput'.`,
    });
    expect(said('a Blob for a text')).toEqual({
      at: 'prompt',
      text: `Type 'Blob' is not assignable to type 'string'.`,
    });
  });

  test('of an unknown field says which, and which was meant', () => {
    expect(said('a field that it does not have')).toEqual({
      at: 'ratio',
      text: expect.stringContaining(`'ratio' does not exist in type`),
    });
    expect(said('a mistyped field').text).toContain(`Did you mean to write 'prompt'?`);
    expect(said('a mistyped field where there are ways').text).toContain(`Did you mean to write 'image'?`);
    expect(said('a mistyped field, further in').text).toContain(`Did you mean to write 'resolution'?`);
    expect(said('the body of another endpoint')).toEqual({
      at: 'prompt',
      text: expect.stringContaining(`'prompt' does not exist in type`),
    });
  });

  test('of an endpoint lists those of the model', () => {
    expect(said('an endpoint of others')).toEqual({
      at: 'endpoint',
      text: `Type '"/v1/videos"' is not assignable to type '"/v1/music/generations"'.`,
    });
    const { at, text } = said('an endpoint of nobody');
    expect(at).toBe('endpoint');
    for (const path of ['text2video', 'image2video']) expect(text).toContain(`"/kling/v1/videos/${path}"`);
    expect(text).toContain(`Did you mean '"/v1/videos"'?`);
    expect(said('a mistyped option').text).toContain(`Did you mean to write 'endpoint'?`);
  });

  test('of a live id says what it should be', () => {
    expect(said('a live id that was not said to be one').text).toContain(`not assignable to type 'LiveModelId'`);
  });
});

test('every example of the document that makes a task is accepted as code, at its own endpoint', () => {
  expect(examples.length).toBeGreaterThan(100);
  expect(found('examples').map(({ text }) => text)).toEqual([]);
});

/** What stands in the document for models and endpoints that make tasks. */
function taskExamples(): { body: unknown; path: string }[] {
  const { cases } = JSON.parse(readFileSync(join(root, 'openapi/test-cases.json'), 'utf8')) as {
    cases: { modelId: string; path: string; body: unknown; expect: string }[];
  };
  const tasks = new Set(
    new ImaRouter().models
      .list({ async: true })
      .flatMap(({ id, endpoints }) =>
        endpoints.filter(({ pollPath }) => pollPath !== null).map(({ path }) => `${id} ${path}`),
      ),
  );
  return cases.filter(({ modelId, path, expect: verdict }) => verdict === 'accept' && tasks.has(`${modelId} ${path}`));
}

function said(name: Name): Message {
  return found(name)[0] ?? { at: '', text: '' };
}

/** Compiles snippets that use the public door, in one program; gives the messages of each. */
function compiled(snippets: Record<string, string>): (name: string) => Message[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const fileOf = new Map(Object.keys(snippets).map((name, at) => [name, join(root, `test/types/snippet-${at}.ts`)]));
  const texts = new Map(
    Object.entries(snippets).map(([name, code]) => [
      fileOf.get(name),
      `import { ImaRouter, type LiveModelId } from 'ima-router';\nexport const ima = new ImaRouter();\nexport type Live = LiveModelId;\n${code}\n`,
    ]),
  );
  // They are files in memory alone: beside the tests, so that everything is found as it is there.
  const host = ts.createCompilerHost(options);
  const onDisk = { exists: host.fileExists.bind(host), read: host.readFile.bind(host) };
  host.fileExists = (file) => texts.has(file) || onDisk.exists(file);
  host.readFile = (file) => texts.get(file) ?? onDisk.read(file);
  const program = ts.createProgram([...fileOf.values()], { ...options, noUnusedLocals: false }, host);
  return (name) => {
    const source = program.getSourceFile(fileOf.get(name) ?? '');
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map((message) => ({
      at: source?.text.slice(message.start, (message.start ?? 0) + (message.length ?? 0)) ?? '',
      text: ts.flattenDiagnosticMessageText(message.messageText, '\n'),
    }));
  };
}
