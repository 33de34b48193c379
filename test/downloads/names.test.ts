// Whatever models, tasks and titles are called: a file gets one safe name inside its folder, and two outputs get two.

import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OutputFacts, OutputOrigin } from '../../src/media/facts.js';
import { checkTemplate, nameFrom, safeName } from '../../src/media/names.js';
import { clientFor } from '../support/client.js';
import { errorOf } from '../support/error-of.js';
import { json, serve } from '../support/server.js';
import { png, room } from './support.js';

const here = room();

/** A finished task with that many pictures, all the same, of that title. */
async function pictures(count: number, { title, id = 't1' }: { title?: string; id?: string } = {}) {
  const cdn = await serve((_, response) => response.end(png));
  const results = Array.from({ length: count }, (_, i) => ({ url: `${cdn.url}/${i}.png`, title }));
  const gateway = await serve((_, response) => json(response, { id, object: 'video', status: 'completed', results }));
  here.later(cdn.close);
  here.later(gateway.close);
  const { ima } = clientFor(gateway.url);
  return { result: await ima.task(id, { model: 'gemini-2.5-flash-image' }).result(), cdn };
}

const nameOf = (
  template: string | undefined,
  {
    index = 0,
    count = 1,
    ...about
  }: { model?: string; taskId?: string; title?: string; index?: number; count?: number },
) => {
  const { model = 'm', taskId = 't', title } = about;
  const output: OutputFacts = { url: 'https://x.example/a', kind: 'image', ...(title === undefined ? {} : { title }) };
  const origin: OutputOrigin = { model, taskId, index, warn: () => {}, kept: async () => [], keep: async () => {} };
  return nameFrom(template, { output, origin, count });
};

describe('the template', () => {
  test('without one: model, task, index', async () => {
    const { result } = await pictures(2);
    const files = await result.download(`${here.folder}/`);
    expect(files.map(({ path }) => basename(path))).toEqual([
      'gemini-2.5-flash-image-t1-0.png',
      'gemini-2.5-flash-image-t1-1.png',
    ]);
    expect(await here.names()).toEqual(files.map(({ path }) => basename(path)));
  });

  test.each([
    ['{kind} {index} of {taskId}', ['image 0 of t1.png', 'image 1 of t1.png']],
    ['{title}', ['Red fox-1.png', 'Red fox-2.png']],
    ['{title}.{ext}', ['Red fox-1.png', 'Red fox-2.png']],
    ['{index}{ext}', ['0.png', '1.png']],
    ['v1.5 {model} {index}', ['v1.5 gemini-2.5-flash-image 0.png', 'v1.5 gemini-2.5-flash-image 1.png']],
    ['a/{index}', ['a_0.png', 'a_1.png']],
    ['$& $1 {index}', ['$& $1 0.png', '$& $1 1.png']],
  ])('%s', async (name, expected) => {
    const { result } = await pictures(2, { title: 'Red fox' });
    await result.download(`${here.folder}/`, { name });
    expect(await here.names()).toEqual(expected);
    for (const file of expected) expect(await readFile(join(here.folder, file))).toEqual(png);
  });

  test('one output needs no number', async () => {
    const { result } = await pictures(1, { title: 'Red fox' });
    await result.download(`${here.folder}/`, { name: '{title}' });
    expect(await here.names()).toEqual(['Red fox.png']);
  });

  test('a title that looks like a field is a title', async () => {
    const { result } = await pictures(2, { title: '{index} {taskId}' });
    await result.download(`${here.folder}/`, { name: '{title}' });
    expect(await here.names()).toEqual(['{index} {taskId}-1.png', '{index} {taskId}-2.png']);
  });

  test.each(['{id}', '{Model}', '{}', 'a{ext}b', '{constructor}', '{__proto__}'])(
    '%s is refused before anything is asked for',
    async (name) => {
      const { result, cdn } = await pictures(1);
      const error = await errorOf(result.download(`${here.folder}/`, { name }));
      expect(error).toMatchObject({ name: 'ConfigError', code: 'bad_option', param: 'name' });
      expect(error.hint).toContain('{taskId}');
      expect(cdn.requests).toEqual([]);
    },
  );

  test('an empty one is refused', async () => {
    const { result } = await pictures(1);
    await expect(result.download(`${here.folder}/`, { name: '' })).rejects.toMatchObject({ code: 'bad_option' });
  });
});

describe('unusual but legal', () => {
  test.each([
    ['Ünïcödé ☃ 可灵 🦊', 'Ünïcödé ☃ 可灵 🦊.png'],
    // The same letter in two ways of writing: one name.
    ['e\u0301te\u0301', 'été.png'],
    ['CON', '_CON.png'],
    ['lpt1.final', '_lpt1.final.png'],
    ['con .old', '_con .old.png'],
    ['console', 'console.png'],
    ['..', '_.png'],
    ['../../../etc/passwd', '_.._.._etc_passwd.png'],
    ['..\\..\\x', '_.._x.png'],
    ['/etc/passwd', '_etc_passwd.png'],
    ['C:\\x', 'C_x.png'],
    ['.hidden', 'hidden.png'],
    ['a\tb\nc', 'a_b_c.png'],
    ['what? <yes> "no" | a*b', 'what_ _yes_ _no_ _ a_b.png'],
    ['dots and blanks . . ', 'dots and blanks.png'],
    ['invoice\u202egnp.exe', 'invoicegnp.exe.png'],
    ['half \ud83e', 'half.png'],
    ['name.meta', 'name.meta.png'],
    ['name.part', 'name.part.png'],
  ])('the title %j', async (title, expected) => {
    const { result } = await pictures(1, { title });
    const [file] = await result.download(`${here.folder}/`, { name: '{title}' });
    expect(await here.names()).toEqual([expected]);
    expect(file?.path).toBe(join(here.folder, expected));
    expect(await readFile(join(here.folder, expected))).toEqual(png);
  });

  test('very long titles that end differently stay different', async () => {
    const long = '长'.repeat(400);
    for (const end of ['one', 'two']) {
      const { result } = await pictures(2, { title: long + end, id: `t-${end}` });
      await result.download(`${here.folder}/`, { name: '{title}' });
    }
    const names = await here.names();
    expect(names).toHaveLength(4);
    for (const name of names) {
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
      expect(name).toMatch(/^长+~[\da-f]{10}\.png$/);
    }
  });

  test('a file name of the caller may be as long as the system takes, with a part beside it on the way', async () => {
    const { result } = await pictures(1);
    const [file] = await result.download(join(here.folder, `${'n'.repeat(251)}.png`));
    expect(basename(file?.path ?? '')).toHaveLength(255);
    expect(await here.names()).toEqual([`${'n'.repeat(251)}.png`]);
    const error = await errorOf(result.download(join(here.folder, `${'n'.repeat(252)}.png`)));
    expect(error).toMatchObject({ name: 'DownloadError', code: 'not_writable', retryable: false });
    expect(await here.names()).toHaveLength(1);
  });

  test('two tasks in one folder whose names differ by what their parts are called', async () => {
    const [one, two] = await Promise.all([pictures(1, { title: 'x' }), pictures(1, { title: 'x.meta' })]);
    await Promise.all([one, two].map(({ result }) => result.download(`${here.folder}/`, { name: '{title}' })));
    expect(await here.names()).toEqual(['x.meta.png', 'x.png']);
    for (const name of await here.names()) expect(await readFile(join(here.folder, name))).toEqual(png);
  });
});

/** Any text, and more often such as break names. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({
    unit: fc.constantFrom('.', '/', '\\', ' ', ':', '\0', '\n', '~', 'é', 'e\u0301', '\ud83e', '\u202e', 'a'),
  }),
  fc.constantFrom('CON', 'nul', 'com1', 'LPT¹', 'aux.', '..', '.', '', '{index}', '{title}', 'a'.repeat(300)),
);
const anyTemplate = fc
  .array(fc.oneof(anyText, fc.constantFrom('{model}', '{taskId}', '{index}', '{kind}', '{title}')), { maxLength: 5 })
  .map((parts) => parts.join(''))
  .filter((template) => {
    try {
      checkTemplate(template);
      return true;
    } catch {
      return false;
    }
  });

describe('any name', () => {
  test('is one safe segment inside the folder', () => {
    fc.assert(
      fc.property(
        fc.option(anyTemplate, { nil: undefined }),
        fc.record({
          model: anyText,
          taskId: anyText,
          title: anyText,
          index: fc.nat(99),
          count: fc.integer({ min: 1, max: 99 }),
        }),
        (template, about) => {
          const name = nameOf(template, about);
          const file = `${name}.png`;
          expect(basename(file)).toBe(file);
          expect(dirname(join('/folder', file))).toBe('/folder');
          expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200);
          // What Windows and shells make something else of.
          // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is what this proves
          expect(name).not.toMatch(/[\u0000-\u001f\u007f<>:"/\\|?*\u202a-\u202e\u2066-\u2069]/);
          expect(name).not.toMatch(/^[.\s]|[.\s]$/);
          expect(file).not.toMatch(/^(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³])\s*(\.|$)/i);
          // No halves of surrogate pairs.
          expect(() => encodeURIComponent(name)).not.toThrow();
          expect(safeName(name)).toBe(name);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('is another one for each output of a task', () => {
    fc.assert(
      fc.property(
        fc.option(anyTemplate, { nil: undefined }),
        fc.record({ model: anyText, taskId: anyText }),
        fc.array(anyText, { minLength: 2, maxLength: 12 }),
        (template, about, titles) => {
          const names = titles.map((title, index) =>
            nameOf(template, { ...about, title, index, count: titles.length }),
          );
          expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(names.length);
        },
      ),
      { numRuns: 150 },
    );
  });
});
