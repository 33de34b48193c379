// `spec:diff`: each edit of the corpus is told in its own line and class; texts alone are never more than cosmetic; nothing is silent both ways.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lineOf } from '../../scripts/diff/change.js';
import { type Diff, diffDocuments, diffEditions } from '../../scripts/diff/diff.js';
import { type Edition, editionOf } from '../../scripts/diff/edition.js';
import { jsonReport, markdownReport, textReport } from '../../scripts/diff/report.js';
import { gatewayNamed } from '../../scripts/gateways.js';
import { repaired } from '../../scripts/generate/generate.js';
import { isObject, type Json, type JsonObject, walkObjects } from '../../scripts/spec/json.js';
import { mergeAliases } from '../../scripts/spec/merge.js';
import { edits } from './diff-corpus.js';
import { Place } from './diff-edits.js';
import { document, FROZEN, gateway } from './helpers.js';

/** Repaired, so that no edit makes a repair of ours miss its place: then it would be told, and rightly so. */
const base = repaired(mergeAliases(await document(FROZEN)), gateway, () => {});
const baseEdition = editionOf(base, gateway);

const edited = (edit: (place: Place) => void): JsonObject => {
  const copy = new Place(structuredClone(base));
  edit(copy);
  return copy.object;
};
const edition = (document: JsonObject): Edition => editionOf(document, gateway);
const diff = (before: Edition, after: Edition): Diff => diffEditions(before, after, gateway.name);
const graveLines = ({ changes }: Diff): string[] => changes.filter((change) => change.class !== 'cosmetic').map(lineOf);

describe('the corpus', () => {
  test.each(edits)('$name', ({ edit, expect: expected, lines }) => {
    const after = edition(edited(edit));
    const there = diff(baseEdition, after);
    expect(there.verdict).toBe(expected);
    const grave = graveLines(there);
    expect(grave.length > 0 ? grave : there.changes.map(lineOf)).toEqual(lines);

    const back = diff(after, baseEdition).verdict;
    if (expected === 'cosmetic') expect(back).toBe('cosmetic');
    else expect(['breaking', 'additive']).toContain(back);
  });

  test('it has every class, and no name or line of it stands twice', () => {
    expect(edits.length).toBeGreaterThanOrEqual(40);
    expect(new Set(edits.map(({ name }) => name)).size).toBe(edits.length);
    expect(new Set(edits.map((one) => one.expect))).toEqual(new Set(['breaking', 'additive', 'cosmetic']));
    for (const { lines } of edits) expect(new Set(lines).size).toBe(lines.length);
  });

  test('several edits at once are told side by side, and the gravest gives the verdict', () => {
    const chosen = edits.filter(({ name }) =>
      ['a limit is tightened', 'an optional header is added', 'a field of an answer is dropped'].includes(name),
    );
    const all = edited((place) => {
      for (const { edit } of chosen) edit(place);
    });
    const both = diff(baseEdition, edition(all));
    expect(graveLines(both).sort()).toEqual(chosen.flatMap(({ lines }) => lines).sort());
    expect(both.verdict).toBe('breaking');
  });
});

test('no edit, and the `#alias` form of the same document: nothing changed', async () => {
  for (const after of [mergeAliases(await document(FROZEN)), await document(FROZEN)]) {
    const none = diffDocuments({ document: await document(FROZEN) }, { document: after }, gateway);
    expect(none).toMatchObject({ verdict: undefined, changes: [] });
    expect(textReport(none)).toBe('ima-router 1.5.17 (the version did not move): nothing changed.\n');
  }
});

test('a defect that the vendor mends as our repair does is no change for users', async () => {
  const before = mergeAliases(await document(FROZEN));
  expect(JSON.stringify(before)).not.toBe(JSON.stringify(base));
  expect(diffDocuments({ document: before }, { document: base }, gateway).verdict).toBeUndefined();
});

test('the second gateway is compared by the same code', async () => {
  const imini = gatewayNamed('imini');
  const before = await document('openapi/imini.yaml');
  const after = new Place(structuredClone(before));
  after.at('paths').remove('/v1/images/tasks/{task_id}');
  expect(diffDocuments({ document: before }, { document: after.object }, imini).verdict).toBe('breaking');
});

/** Dozens of documents are read in each, on machines that do other things too. */
const PATIENCE_MS = 90_000;

describe('random edits', { timeout: PATIENCE_MS }, () => {
  /** Few, as each run reads two documents. */
  const RUNS = { numRuns: 12 };

  test('other words and another order are never more than cosmetic', () => {
    fc.assert(
      fc.property(fc.integer(), fc.boolean(), fc.boolean(), (seed, words, order) => {
        const after = shuffled(base, seed, words, order);
        const { verdict, changes } = diff(baseEdition, edition(after));
        expect(changes.filter((change) => change.class !== 'cosmetic').map(lineOf)).toEqual([]);
        expect(verdict).toBe(JSON.stringify(after) === JSON.stringify(base) ? undefined : 'cosmetic');
      }),
      RUNS,
    );
  });

  test('what is taken from any schema in use, or added to it, is told, and the way back is told too', () => {
    const places = placesInUse(base);
    expect(places.length).toBeGreaterThan(500);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: places.length - 1 }), fc.nat(), (index, which) => {
        const place = places[index] ?? [];
        const after = structuredClone(base);
        fc.pre(spoil(new Place(after).at(...place).object, which));
        const next = edition(after);
        expect(diff(baseEdition, next).verdict, `${place.join('/')} ${which}`).toMatch(/^(?:breaking|additive)$/);
        expect(diff(next, baseEdition).verdict).toMatch(/^(?:breaking|additive)$/);
      }),
      { numRuns: 40 },
    );
  });

  test('a limit that is tightened is breaking, and loosened again it is additive', () => {
    const limited = placesInUse(base, '/requestBody/').filter((place) => {
      const { maximum, maxLength, maxItems } = new Place(base).at(...place).object;
      return [maximum, maxLength, maxItems].some((limit) => typeof limit === 'number');
    });
    expect(limited.length).toBeGreaterThan(20);
    fc.assert(
      fc.property(fc.nat(limited.length - 1), fc.integer({ min: 1, max: 3 }), (index, by) => {
        const after = structuredClone(base);
        const schema = new Place(after).at(...(limited[index] ?? [])).object;
        for (const key of ['maximum', 'maxLength', 'maxItems']) {
          const limit = schema[key];
          if (typeof limit === 'number') schema[key] = limit - by;
        }
        const next = edition(after);
        expect([diff(baseEdition, next).verdict, diff(next, baseEdition).verdict]).toEqual(['breaking', 'additive']);
      }),
      RUNS,
    );
  });
});

test('the same two documents give the same bytes in every form', () => {
  const after = edited((place) => {
    for (const { edit } of edits.slice(0, 6)) edit(place);
  });
  const [one, other] = [edition(after), edition(shuffled(after, 7, false, true))].map((next) =>
    diff(baseEdition, next),
  );
  if (one === undefined || other === undefined) throw new Error('two were made');
  const grave = ({ changes, ...rest }: Diff): Diff => ({
    ...rest,
    changes: changes.filter((change) => change.class !== 'cosmetic'),
  });
  for (const report of [textReport, jsonReport, markdownReport]) {
    expect(report(one)).toBe(report(diff(edition(structuredClone(base)), edition(after))));
    // Another order in the document is none in the report.
    expect(report(grave(other))).toBe(report(grave(one)));
  }
});

/** The document in other words, or with its keys in another order; what the pipeline reads from prose stays as it is. */
function shuffled(root: JsonObject, seed: number, words: boolean, order: boolean): JsonObject {
  let state = seed | 0;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 8) / 2 ** 24;
  };
  const visit = (value: Json, key: string, areNames: boolean): Json => {
    if (Array.isArray(value)) {
      const list = value.map((item) => visit(item, '', false));
      return order && ['required', 'enum', 'tags'].includes(key) ? list.toSorted(() => random() - 0.5) : list;
    }
    if (typeof value === 'string' && words && !areNames && ['description', 'summary', 'title'].includes(key)) {
      return random() < 0.5 ? value : `${value.replaceAll(/\bthe\b/g, 'that')}\nSaid in other words.`;
    }
    if (!isObject(value)) return value;
    const entries = Object.entries(value).map(([name, held]): [string, Json] => [
      name,
      visit(held, name, !areNames && name === 'properties'),
    ]);
    return Object.fromEntries(order && key !== 'paths' ? entries.toSorted(() => random() - 0.5) : entries);
  };
  const result = visit(root, '', false);
  return isObject(result) ? result : {};
}

/** Every schema that an operation reaches, as a path into the document; `within` names a part of the operation. */
function placesInUse(root: JsonObject, within = ''): (string | number)[][] {
  const found = new Map<string, (string | number)[]>();
  const seen = new Set<string>();
  const follow = (value: Json, at: (string | number)[], isWanted: boolean): void => {
    walkObjects(value, (object, path) => {
      const place = [...at, ...path];
      if (path.some((step) => ['example', 'examples', 'enum', 'default', 'if'].includes(String(step)))) return;
      const wanted = isWanted || `/${place.join('/')}/`.includes(within);
      if (typeof object.type === 'string' && object.in === undefined && wanted) found.set(place.join('/'), place);
      const [, section, name] = /^#\/components\/([^/]+)\/(.+)$/.exec(String(object.$ref)) ?? [];
      if (section === undefined || name === undefined || !wanted || seen.has(name)) return;
      seen.add(name);
      const target = ['components', section, name];
      follow(new Place(root).at(...target).value, target, true);
    });
  };
  follow(root.paths ?? {}, ['paths'], false);
  // `model` is compared as the list of models.
  return [...found.values()].filter((place) => place.at(-1) !== 'model');
}

/** Changes what the schema takes; false where there is nothing of the kind to change. */
function spoil(schema: JsonObject, which: number): boolean {
  const ways: (() => boolean)[] = [
    () => drop(schema, 'required'),
    () => drop(schema, 'enum'),
    () => {
      const { properties } = schema;
      const names = isObject(properties) ? Object.keys(properties).filter((name) => name !== 'model') : [];
      const name = names[which % Math.max(1, names.length)];
      if (!isObject(properties) || name === undefined) return false;
      delete properties[name];
      return true;
    },
    () => {
      if (!isObject(schema.properties)) return false;
      Object.assign(schema.properties, { brand_new_field: { type: 'string' } });
      return true;
    },
    () => {
      schema.type = schema.type === 'string' ? 'boolean' : 'string';
      return true;
    },
    () => drop(schema, 'items'),
    () => drop(schema, 'maximum') || drop(schema, 'maxLength') || drop(schema, 'maxItems') || drop(schema, 'pattern'),
  ];
  return ways[which % ways.length]?.() ?? false;
}

function drop(schema: JsonObject, key: string): boolean {
  const held = schema[key];
  if (held === undefined || (Array.isArray(held) && held.every((item) => item === 'model'))) return false;
  delete schema[key];
  return true;
}
