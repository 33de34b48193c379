// Whether the bodies that the judges are tried with are any good: they reach all of a schema, and show a fault small.
import { expect, test } from 'vitest';
import { deref, isObject, type Json, type JsonObject, sameJson } from '../../scripts/spec/json.js';
import { spoiltBody } from './arbitrary-body.js';
import { withValue } from './arbitrary-spoil.js';
import { frozen } from './helpers.js';
import { asJson, Court, compare, type Judges, Tally } from './judges.js';

const VIDEOS = '/v1/videos';
const AT = 'https://example.com/a.png';

/** One target per schema and path: models that share a schema are alike here. */
async function places() {
  const made = await frozen();
  const court = new Court(made);
  const byPlace = new Map(court.targets().map((target) => [`${target.schema} ${target.path}`, target]));
  return { made, court, targets: [...byPlace.values()] };
}

test('every property, choice and alternative of the document stands in a body that it accepts', async () => {
  const { made, court, targets } = await places();
  const [missing, wanted]: [string[], string[]] = [[], []];
  for (const { id, path, schema } of targets) {
    const judges = court.of(schema, path);
    const source = judges.bodiesFor(id);
    const seen = new Set(source.systematic().flatMap((body) => (judges.vendor(body) ? [...held(body)] : [])));
    const features = new Set(featuresOf(made.root, source.schema).filter((feature) => !feature.startsWith('.model=')));
    wanted.push(...features);
    missing.push(...[...features].filter((feature) => !seen.has(feature)).map((feature) => `${schema}${feature}`));
  }
  expect(wanted.length).toBeGreaterThan(1500);
  // What an `if` on the model id forbids.
  expect(missing.sort()).toEqual([
    'MiniMaxVideoGenerationRequest:MiniMax-Hailuo-2.3-Fast.size="512p"',
    'MiniMaxVideoGenerationRequest:MiniMax-Hailuo-2.3.size="512p"',
    'MiniMaxVideosCreateRequest:MiniMax-Hailuo-2.3-Fast.size="512p"',
    'MiniMaxVideosCreateRequest:MiniMax-Hailuo-2.3.size="512p"',
  ]);
});

/** `.field`, `.field=choice`, `.list[]…`: what a body may hold by `schema`. */
function featuresOf(root: JsonObject, schema: Json, path = ''): string[] {
  const own = deref(root, schema);
  if (!isObject(own)) return [];
  const { allOf, anyOf, oneOf, enum: choices, properties, items } = own;
  const members = [allOf, anyOf, oneOf].flatMap((list) => (Array.isArray(list) ? list : []));
  return [
    ...members.flatMap((member) => featuresOf(root, member, path)),
    ...(Array.isArray(choices) ? choices.map((choice) => `${path}=${JSON.stringify(choice)}`) : []),
    ...Object.entries(isObject(properties) ? properties : {}).flatMap(([name, held]) => [
      `${path}.${name}`,
      ...featuresOf(root, held, `${path}.${name}`),
    ]),
    ...(items === undefined ? [] : featuresOf(root, items, `${path}[]`)),
  ];
}

function* held(value: Json, path = ''): Generator<string> {
  if (Array.isArray(value)) for (const item of value) yield* held(item, `${path}[]`);
  else if (isObject(value)) {
    for (const [name, inner] of Object.entries(value)) {
      yield `${path}.${name}`;
      yield* held(inner, `${path}.${name}`);
    }
  } else yield `${path}=${JSON.stringify(value)}`;
}

// Faults such as a normaliser could make; each must be found, and told with little more than the fields that matter.
const FAULTS: [name: string, model: string, schema: string, wrong: (body: JsonObject) => boolean, least: number][] = [
  [
    'a condition on the size is dropped',
    'MiniMax-Hailuo-2.3',
    'MiniMaxVideosCreateRequest:MiniMax-Hailuo-2.3',
    ({ size, duration }) => size === '1080p' && duration === 10,
    3,
  ],
  [
    'a demand for a nested field is dropped',
    'happyhorse-1.0-i2v',
    'Happyhorse10I2VVideoCreateRequest',
    ({ metadata, ...rest }) =>
      isObject(metadata) && !['image', 'images', 'first_frame_url', 'media'].some((key) => key in rest),
    2,
  ],
  [
    'two of a oneOf pass together',
    'happyhorse-1.0-video-edit',
    'Happyhorse10VideoEditVideoCreateRequest',
    (body) => 'video_url' in body && 'media' in body,
    3,
  ],
  [
    'an own __proto__ passes for nothing',
    'wan2.6-t2v',
    'Wan26T2VVideoCreateRequest',
    (body) => Object.hasOwn(body, '__proto__'),
    2,
  ],
  [
    'a URI is read as browsers do',
    'kling-v3-video',
    'KlingV3VideoCreateRequest',
    ({ image }) => typeof image === 'string' && URL.canParse(image) && /[^\x20-\x7e]/.test(image),
    2,
  ],
];

test.each(FAULTS)('found and shown small: %s', async (_, model, schema, wrong, least) => {
  const { court, targets } = await places();
  const target = targets.find((one) => one.schema === schema && one.path === VIDEOS);
  const judges = court.of(schema, VIDEOS);
  const isWrong = (body: unknown): boolean => isObject(body) && body.model === model && wrong(body);
  // The library as it would be with the fault: it takes what it should refuse.
  const faulty: Judges = { ...judges, library: async (body) => isWrong(body) || judges.library(body) };
  const tally = new Tally();
  const bodies = spoiltBody(judges.bodiesFor(model), target?.bodies ?? []);
  const differing = await compare(faulty, bodies, { seed: 7, runs: 2000, label: `${model} at ${VIDEOS}`, tally });
  expect(differing).toBeGreaterThan(0);
  const [report = ''] = tally.disagreements;
  expect(report).toContain(`${model} at ${VIDEOS}, seed 7`);
  expect(report).toMatch(/vendor's schema, ajv: +refuses: \S/);
  const body: unknown = JSON.parse(/body: (.*)/.exec(report)?.[1] ?? '{}');
  expect(isWrong(body), report).toBe(true);
  expect(isObject(body) ? Object.keys(body).length : 0, report).toBeLessThanOrEqual(least);
});

test('whole numbers beyond 2^53, and nothing else, are refused where the document takes them', async () => {
  const { made, court, targets } = await places();
  const refused: string[] = [];
  for (const { id, path, schema } of targets) {
    const judges = court.of(schema, path);
    const source = judges.bodiesFor(id);
    for (const body of source.systematic().filter((one) => judges.vendor(one))) {
      for (const place of integers(body)) {
        for (const value of [2 ** 53 - 1, 2 ** 53, 1e20, -1e20]) {
          const changed = withValue(body, place, value);
          const verdicts = [judges.vendor(changed), judges.ajv(changed), await judges.library(changed)];
          if (sameJson(verdicts, [true, false, false]) && !Number.isSafeInteger(value)) {
            refused.push(`${schema} ${place.filter((key) => typeof key === 'string').join('.')}`);
          } else expect(new Set(verdicts).size, `${schema} ${JSON.stringify(changed).slice(0, 300)}`).toBe(1);
        }
      }
    }
  }
  expect([...new Set(refused)].length).toBeGreaterThan(10);
  expect(refused).toContain('ChatCompletionRequest max_tokens');
  // Fields that are numbers, not whole ones, take them.
  expect(refused.filter((place) => /temperature|top_p|speed/.test(place))).toEqual([]);
  expect(made.catalog.models.length).toBeGreaterThan(0);
});

function* integers(value: Json, path: (string | number)[] = []): Generator<(string | number)[]> {
  if (typeof value === 'number') yield path;
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(isObject(value) ? value : {});
  for (const [key, inner] of entries) yield* integers(asJson(inner), [...path, key]);
}

test('a value can be put anywhere, and an own __proto__ stays one', () => {
  expect(withValue({ a: 1 }, ['metadata', 'url'], AT)).toEqual({ a: 1, metadata: { url: AT } });
  expect(withValue({ a: [1, 2] }, ['a', 0], undefined)).toEqual({ a: [2] });
  expect(withValue({ a: 1 }, ['b', 'c'], undefined)).toEqual({ a: 1 });
  expect(Object.keys(withValue({}, ['__proto__'], 1) ?? {})).toEqual(['__proto__']);
});
