// What only the vendor's prose says, told by examples: each rule strikes what it is for, and nothing else.

import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Body } from '../../src/catalog/index.js';
import { rules } from '../../src/gateways/ima-router/rules/index.js';
import { frozen, type Generated } from '../spec/helpers.js';
import { Court } from '../spec/judges.js';
import { stories as contents } from './stories/contents.js';
import { stories as happyhorse } from './stories/happyhorse.js';
import { stories as images } from './stories/images.js';
import { stories as kling } from './stories/kling.js';
import { stories as klingV3 } from './stories/kling-v3.js';
import { stories as midjourney } from './stories/midjourney.js';
import { stories as minimax } from './stories/minimax.js';
import { stories as other } from './stories/other.js';
import { stories as seedance } from './stories/seedance.js';
import type { Story } from './stories/story.js';
import { stories as veo } from './stories/veo.js';
import { stories as vidu } from './stories/vidu.js';
import { stories as wan } from './stories/wan.js';

const families = {
  ...{ seedance, contents, minimax, vidu, kling, 'kling-v3': klingV3, wan, happyhorse, veo, images, midjourney, other },
};
const stories: readonly Story[] = Object.values(families).flat();
const ids = rules.map(({ id }) => id);

/** Of the frozen document: the stories hold whatever the vendor publishes next. */
let once: Promise<{ spec: Generated; court: Court }> | undefined;
function judged() {
  once ??= frozen().then((spec) => ({ spec, court: new Court(spec) }));
  return once;
}

function applicable(model: string, path: string) {
  return rules.filter((rule) => rule.models.includes(model) && (rule.paths?.includes(path) ?? true));
}

/** The rules that speak. */
function struck(body: Body, at: { model: string; path: string }): string[] {
  return applicable(at.model, at.path)
    .filter((rule) => rule.check(body, at).length > 0)
    .map(({ id }) => id);
}

/** The schema's verdict, by the library's own judge. */
async function fits(body: Body, { model, path }: { model: string; path: string }): Promise<boolean> {
  const { spec, court } = await judged();
  const endpoint = spec.catalog.models.find(({ id }) => id === model)?.endpoints.find((one) => one.path === path);
  if (!endpoint?.schema) throw new Error(`${model} has no schema at ${path}`);
  return court.of(endpoint.schema, path).zod(body);
}

function shown(body: Body): string {
  return JSON.stringify(body).slice(0, 120);
}

describe.each(Object.entries(families))('%s', (_, told) => {
  test.each(told.map((story) => [`${story.id} on ${story.model} at ${story.path}`, story] as const))(
    '%s',
    async (_, story) => {
      const at = { model: story.model, path: story.path };
      for (const [bodies, expected] of [
        [story.good, []],
        [story.bad, [story.id]],
      ] as const) {
        for (const given of bodies) {
          const body = { model: story.model, ...given };
          expect(await fits(body, at), `the schema takes ${shown(body)}`).toBe(true);
          expect(struck(body, at), shown(body)).toEqual(expected);
        }
      }
    },
  );
});

describe('every rule', () => {
  test('has a body that it strikes and one that it leaves alone', () => {
    const untold = ids.filter((id) => {
      const told = stories.filter((story) => story.id === id);
      return !told.some(({ good, bad }) => good.length > 0 && bad.length > 0);
    });
    expect(untold).toEqual([]);
    expect(stories.filter(({ id }) => !ids.includes(id))).toEqual([]);
  });

  test('has a name of its own, in the file of its family', () => {
    expect(new Set(ids).size).toBe(ids.length);
    const files = readdirSync(new URL('../../src/gateways/ima-router/rules/', import.meta.url));
    const told = Object.keys(families).map((name) => `${name}.ts`);
    expect([...told, 'fields.ts', 'index.ts'].sort()).toEqual(files.sort());
  });

  test('names models and paths that exist, and each of its models stands at one of its paths', async () => {
    const { spec } = await judged();
    const wrong = rules.flatMap(({ id, models, paths }) => {
      const endpoints = (model: string) => spec.catalog.models.find((one) => one.id === model)?.endpoints ?? [];
      const lost = models.filter((model) => !endpoints(model).some(({ path }) => paths?.includes(path) ?? true));
      const idle = (paths ?? []).filter((path) => !models.flatMap(endpoints).some((one) => one.path === path));
      return [...lost, ...idle].map((name) => `${id}: ${name}`);
    });
    expect(wrong).toEqual([]);
  });

  test('quotes the document word for word, wherever its source quotes', async () => {
    const { spec } = await judged();
    const text = plain(JSON.stringify(spec.root).replaceAll('\\n', ' ').replaceAll('\\"', "'"));
    const invented = rules.flatMap(({ id, source }) =>
      [...source.matchAll(/"([^"]+)"/g)]
        .flatMap(([, quote = '']) => quote.split('…'))
        .filter((quote) => !text.includes(plain(quote)))
        .map((quote) => `${id}: ${quote}`),
    );
    expect(invented).toEqual([]);
  });

  test('speaks in clauses: a field that exists or could, no full stop, nothing long', () => {
    for (const { id, model, path, bad } of stories) {
      for (const body of bad) {
        const findings = rules.find((rule) => rule.id === id)?.check({ model, ...body }, { model, path }) ?? [];
        for (const { message, expected } of findings) {
          expect(message, id).toMatch(/^[a-z][^\n]{5,119}[^.\s]$/);
          expect(expected, id).toMatch(/^[^\n]{1,119}[^.\s]$/);
        }
      }
    }
  });

  test('throws at nothing that is JSON', () => {
    const names = ['prompt', 'metadata', 'images', 'image', 'size', 'duration', 'seconds', 'content', 'media', 'type'];
    const more = [
      'role',
      'color_palette',
      'bbox_list',
      'url',
      'video_url',
      'toString',
      '__proto__',
      'cfg_scale',
      'mode',
    ];
    const { json } = fc.letrec<{ json: unknown }>((tie) => ({
      json: fc.oneof(
        { depthSize: 'medium' },
        fc.constantFrom<unknown>(
          null,
          true,
          false,
          '',
          ' ',
          '16:9',
          '1x1',
          'https://',
          'asset://x',
          'toString',
          '__proto__',
          0,
          -1,
          1e308,
        ),
        fc.string(),
        fc.array(tie('json'), { maxLength: 4 }),
        fc.dictionary(fc.constantFrom(...names, ...more), tie('json'), { maxKeys: 6 }),
      ),
    }));
    const bodies = fc.dictionary(fc.constantFrom(...names, ...more, ...fieldNames()), json, { maxKeys: 8 });
    fc.assert(
      fc.property(bodies, (held) => {
        const body: Body = JSON.parse(JSON.stringify(held));
        for (const rule of rules) {
          for (const model of rule.models) rule.check(body, { model, path: rule.paths?.[0] ?? '/v1/videos' });
        }
      }),
      { numRuns: 500 },
    );
  });

  test('bears a body of monstrous depth', () => {
    const body: Body = { metadata: JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`), images: ['x'] };
    for (const rule of rules) rule.check(body, { model: rule.models[0] ?? '', path: rule.paths?.[0] ?? '' });
  });
});

/** Without layout. */
function plain(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

/** Every name that a story uses at the top level. */
function fieldNames(): string[] {
  return [...new Set(stories.flatMap(({ good, bad }) => [...good, ...bad].flatMap((body) => Object.keys(body))))];
}

describe('the examples of the vendor', () => {
  const { cases }: { cases: { id: string; name: string; modelId: string | null; path: string; body: Body }[] } =
    JSON.parse(readFileSync(new URL('../../openapi/test-cases.json', import.meta.url), 'utf8'));

  test('pass every rule, but for the size that the vendor shows as refused', () => {
    expect(cases.length).toBeGreaterThan(100);
    const refused = cases.flatMap(({ name, modelId, path, body }) =>
      struck(body, { model: modelId ?? '', path }).map((rule) => `${name}: ${rule}`),
    );
    expect(refused).toEqual(['C01c_invalid_size_854x480: seedance.size-ratio']);
  });
});

test('docs/rules.md lists every rule with its source, and no other', () => {
  const page = readFileSync(new URL('../../docs/rules.md', import.meta.url), 'utf8');
  const listed = [...page.matchAll(/^\| `([\w.-]+)` \|/gm)].map(([, id]) => id);
  expect(listed).toEqual(ids);
  expect(rules.filter(({ source }) => !page.includes(`| ${source} |`))).toEqual([]);
});
