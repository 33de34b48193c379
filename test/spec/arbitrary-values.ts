// What a schema of the document can be filled with: a smallest value, every branch and limit of it once, or by dice.
import fc from 'fast-check';
import { arrayAt, deref, isObject, isString, type Json, type JsonObject, objectAt } from '../../scripts/spec/json.js';

/** Where chance comes from: a whole number from 0 to `count` - 1. */
export type Dice = (count: number) => number;

export function pick<T>(dice: Dice, list: readonly T[]): T {
  const found = list[dice(list.length)];
  if (found === undefined) throw new Error('nothing to pick from');
  return found;
}

/** Fields that a condition of a schema speaks of, and what each may be set to; undefined = taken out. */
export type Condition = { path: string[]; values: (Json | undefined)[] }[];

export const GOOD_URIS = [
  ...['https://example.com/a.png', 'https://example.com/a%20b.png?x=1&y=%5B#z', 'asset://abc-123'],
  ...['http://127.0.0.1:8080/x', 'https://user:pw@[2001:db8::1]:443/p', 'data:image/png;base64,iVBORw0KGgo='],
];
export const ODD_URIS = [
  ...['', ' ', 'x', ':', '::', 'a:', 'https:', 'https://', 'http:/example.com', 'http:example.com', '//example.com/a'],
  ...['/a.png', './a.png', 'a.png', 'example.com/a', 'C:\\a.png', 'C:/a.png', 'file:///a.png', '\\\\host\\a.png'],
  ...[
    'https://例え.jp/a',
    'https://example.com/图片.png',
    'https://example.com/😀',
    'https://exämple.com',
    'HTTPS://EXAMPLE.COM',
  ],
  ...[
    'https://example.com/a b',
    ' https://example.com/a',
    'https://example.com/a ',
    'https://example.com/a\n',
    'https://a\tb/',
  ],
  ...[
    'https://example.com/%zz',
    'https://example.com/%',
    'https://example.com/%2',
    'https://ex%41mple.com/',
    'https://a/\u0000',
  ],
  ...['https://example.com:99999/a', 'https://example.com:abc/', 'https://example.com:/', 'https://1.2.3.999/a'],
  ...[
    'https://[::1]/x',
    'https://[::1',
    'https://[::1%25eth0]/',
    'https://[v1.a:b]/',
    'https://[1::2::3]/',
    'https://::1/',
  ],
  ...['https://[::ffff:1.2.3.4]:80/', 'https://[1:2:3:4:5:6:7:8]', 'https://[1:2:3:4:5:6:7:8:9]', 'https://a:b:c@h/'],
  ...[
    'https://example.com/{id}.png',
    'https://example.com/?x=[1]',
    'https://example.com/#a#b',
    'https://a\\b',
    'https://<a>',
  ],
  ...[
    'data:,',
    'data:text/html,<b>',
    `data:image/png;base64,${'A'.repeat(3000)}`,
    'data:image/png;base64,AA AA',
    'data:',
  ],
  ...[
    'asset://',
    'asset:',
    's3://bucket/key',
    'mailto:a@b.c',
    'urn:isbn:1',
    'javascript:alert(1)',
    '1http://x',
    'ht tp://x',
  ],
  ...[
    'https://例え',
    'https://-',
    'a+b-c.d://x',
    `https://example.com/${'a'.repeat(5000)}`,
    "https://example.com/a'b(c)*",
  ],
];
export const JUNK: Json[] = [
  ...[
    null,
    true,
    false,
    0,
    1,
    -1,
    5,
    1.5,
    '',
    'x',
    '5',
    '1.5',
    'true',
    'null',
    '720p',
    [],
    {},
    [[]],
    [null],
    [1],
    ['x'],
  ],
  ...[['https://example.com/a.png'], [{}], { url: 'https://example.com/a.png' }, { a: { b: [{ c: null }] } }],
];

/** Reads the schemas of one document, bodies of one model. */
export class Filler {
  private readonly known = new WeakMap<JsonObject, JsonObject[]>();
  private readonly texts = new Map<string, string[]>();

  constructor(
    readonly root: JsonObject,
    readonly model: string | undefined,
  ) {}

  /** Every way to satisfy the combinators of `schema`, each as a schema without combinators (`if`s on the model id decided, others left out). */
  ways(schema: Json | undefined): JsonObject[] {
    const resolved = schema === undefined ? {} : deref(this.root, schema);
    if (!isObject(resolved)) return [{}];
    const held = this.known.get(resolved);
    if (held) return held;
    const { allOf, anyOf, oneOf, if: condition, then, ...own } = resolved;
    let found: JsonObject[] = [own];
    const times = (parts: JsonObject[]): void => {
      found = found.flatMap((base) => parts.map((part) => this.merged(base, part)));
    };
    for (const member of arrayAt({ allOf: allOf ?? [] }, 'allOf')) times(this.ways(member));
    for (const list of [anyOf, oneOf]) {
      if (Array.isArray(list) && list.length > 0) times(list.flatMap((member) => this.ways(member)));
    }
    const asked = objectAt({ if: condition ?? null }, 'if')?.properties;
    if (isObject(asked) && then !== undefined) {
      const id = objectAt(asked, 'model')?.const;
      if (Object.keys(asked).length === 1 && id !== undefined && id === this.model) times(this.ways(then));
    }
    this.known.set(resolved, found);
    return found;
  }

  private merged(a: JsonObject, b: JsonObject): JsonObject {
    const result: JsonObject = { ...a, ...b };
    if (a.required || b.required)
      result.required = [...new Set([...arrayAt(a, 'required'), ...arrayAt(b, 'required')])];
    if (a.enum && b.enum) result.enum = arrayAt(a, 'enum').filter((one) => arrayAt(b, 'enum').includes(one));
    if (a.properties && b.properties) {
      const properties: JsonObject = { ...objectAt(a, 'properties') };
      for (const [name, schema] of Object.entries(objectAt(b, 'properties') ?? {})) {
        const [first, second] = [properties[name], deref(this.root, schema)].map((one) => this.ways(one)[0]);
        properties[name] = first && second && name in properties ? this.merged(first, second) : schema;
      }
      result.properties = properties;
    }
    return result;
  }

  /** The schema of a field or item of `schema`, in whichever branch it stands. */
  below(schema: Json | undefined, key: string | number): Json | undefined {
    for (const way of this.ways(schema)) {
      const found = typeof key === 'number' ? way.items : propertiesOf(way).get(key);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** A value that `schema` takes, as far as can be seen without its conditions: the smallest, or one by dice. */
  make(schema: Json | undefined, dice?: Dice, depth = 0): Json {
    const ways = this.ways(schema);
    const way = dice ? pick(dice, ways) : (ways[0] ?? {});
    if (way.nullable === true && dice?.(8) === 0) return null;
    if (way.const !== undefined) return way.const;
    const choices = arrayAt(way, 'enum');
    if (choices.length > 0) return dice ? pick(dice, choices) : (choices[0] ?? null);
    const { type } = way;
    if (type === 'boolean') return dice ? dice(2) === 0 : true;
    if (type === 'integer' || type === 'number') {
      const { low, high } = limits(way);
      if (!dice) return low ?? Math.min(1, high ?? 1);
      const from = low ?? Math.min(-3, high ?? -3);
      const to = Math.min(high ?? from + 100, Number.MAX_SAFE_INTEGER);
      const inside = from + dice(Math.min(Math.floor(to - from), 1_000_000) + 1);
      const half = type === 'number' && inside + 0.5 <= to ? [inside + 0.5] : [];
      return pick(dice, [from, to, inside, inside, ...half]);
    }
    if (type === 'string') return this.text(way, dice);
    if (type === 'array') {
      const [least, most] = [numberAt(way, 'minItems') ?? 0, numberAt(way, 'maxItems')];
      if (depth > 6) return [];
      const some = dice ? pick(dice, [least, least + 1, least + 2, most ?? least]) : Math.max(least, 1);
      const count = Math.min(some, most ?? some);
      return Array.from({ length: count }, () => this.make(way.items, dice, depth + 1));
    }
    if (type === 'object' || way.properties) return this.object(way, dice, depth);
    return dice ? pick(dice, JUNK) : 'x';
  }

  private object(way: JsonObject, dice: Dice | undefined, depth: number): JsonObject {
    const required = new Set(arrayAt(way, 'required').filter(isString));
    const share = dice ? pick(dice, [1, 3, 6]) : 0; // of 6 optional fields so many are set
    const result: JsonObject = {};
    for (const [name, schema] of propertiesOf(way)) {
      if (required.has(name) || (dice && depth < 6 && dice(6) < share))
        result[name] = this.make(schema, dice, depth + 1);
    }
    return result;
  }

  private text(way: JsonObject, dice: Dice | undefined): string {
    if (way.format === 'uri') return dice ? pick(dice, GOOD_URIS) : (GOOD_URIS[0] ?? '');
    const { pattern } = way;
    if (typeof pattern === 'string') {
      const texts = this.matching(pattern);
      return (dice ? pick(dice, texts) : texts[0]) ?? '';
    }
    const { low = 0, high } = limits(way, 'Length');
    const plain = 'x'.repeat(Math.max(low, 1));
    if (!dice) return plain;
    const emoji = '😀'.repeat(Math.max(low, 1));
    const own = [plain, emoji, 'a cat, 猫', 'x'.repeat(Math.min(high ?? 30, 8000))];
    return pick(
      dice,
      own.filter((text) => [...text].length >= low && [...text].length <= (high ?? 8000)),
    );
  }

  private matching(pattern: string): string[] {
    const held = this.texts.get(pattern);
    if (held) return held;
    const found = fc.sample(fc.stringMatching(new RegExp(pattern)), { numRuns: 8, seed: 1 });
    this.texts.set(pattern, found);
    return found;
  }

  /** Every branch, choice and limit of `schema` once (one beyond the limits too), the rest of the value as small as can be. */
  *variants(schema: Json | undefined, depth = 0): Generator<Json> {
    if (depth > 6) return;
    for (const way of this.ways(schema)) {
      if (way.nullable === true) yield null;
      if (way.enum || way.const !== undefined) {
        const choices = way.enum ? arrayAt(way, 'enum') : [way.const ?? null];
        yield* choices;
        yield* nearly(choices);
      } else if (way.type === 'boolean') yield* [true, false];
      else if (way.type === 'integer' || way.type === 'number') yield* around(way);
      else if (way.type === 'string') yield* this.strings(way);
      else if (way.type === 'array') yield* this.lists(way, depth);
      else if (way.type === 'object' || way.properties) yield* this.objects(way, depth);
      else yield* JUNK;
      yield* wrongTypes(way);
    }
  }

  private *strings(way: JsonObject): Generator<string> {
    if (way.format === 'uri') yield* [...GOOD_URIS, ...ODD_URIS.slice(0, 6)];
    else if (typeof way.pattern === 'string') yield* this.matching(way.pattern);
    else yield* lengths(way);
  }

  private *lists(way: JsonObject, depth: number): Generator<Json[]> {
    const [least, most] = [numberAt(way, 'minItems') ?? 0, numberAt(way, 'maxItems')];
    const item = this.make(way.items);
    for (const count of new Set([least - 1, least, least + 1, ...(most === undefined ? [] : [most, most + 1])])) {
      if (count >= 0 && count < 200) yield Array<Json>(count).fill(item);
    }
    const rest = Array<Json>(Math.max(least - 1, 0)).fill(item);
    for (const value of this.variants(way.items, depth + 1)) yield [value, ...rest];
  }

  private *objects(way: JsonObject, depth: number): Generator<JsonObject> {
    const least = this.object(way, undefined, depth);
    const properties = [...propertiesOf(way)];
    yield least;
    yield Object.fromEntries(properties.map(([name, held]) => [name, this.make(held)]));
    yield { ...least, unheard_of: 1 };
    for (const name of Object.keys(least)) {
      const { [name]: _, ...rest } = least;
      yield rest;
    }
    for (const [name, held] of properties) {
      for (const value of this.variants(held, depth + 1)) yield { ...least, [name]: value };
    }
  }

  /** What the `if`s and the choices among required fields of a body speak of, one after the other. */
  conditions(schema: Json): Condition[] {
    const paths = new Map<string, string[]>();
    const note = (path: string[]): void => {
      for (let length = 1; length <= path.length; length++) {
        paths.set(path.slice(0, length).join('\0'), path.slice(0, length));
      }
    };
    const fragment = (part: Json | undefined, path: string[]): void => {
      const { required, properties } = asObject(part === undefined ? {} : deref(this.root, part));
      for (const name of arrayAt({ required: required ?? [] }, 'required').filter(isString)) note([...path, name]);
      for (const [name, held] of Object.entries(asObject(properties ?? {}))) {
        note([...path, name]);
        fragment(held, [...path, name]);
      }
    };
    const found: Condition[] = [];
    const visit = (node: Json): void => {
      const held = asObject(deref(this.root, node));
      for (const member of arrayAt(held, 'allOf')) visit(member);
      for (const member of [...arrayAt(held, 'anyOf'), ...arrayAt(held, 'oneOf')]) {
        const alternative = asObject(deref(this.root, member));
        // A whole body of its own, with fields of its own, rather than a demand on this one.
        if (alternative.type === 'object' && alternative.properties) visit(member);
        else fragment(member, []);
      }
      for (const part of [held.if, held.then, held.else]) fragment(part, []);
    };
    visit(schema);
    const all = [...paths.values()].filter((path) => path.join() !== 'model');
    if (all.length > 0) found.push(all.map((path) => ({ path, values: this.settings(schema, path) })));
    return found;
  }

  private settings(schema: Json, path: string[]): (Json | undefined)[] {
    let here: Json | undefined = schema;
    for (const name of path) here = this.below(here, name);
    const choices = this.ways(here).flatMap((way) => arrayAt(way, 'enum'));
    return [undefined, ...(choices.length > 0 ? choices : [this.make(here)])];
  }
}

export const propertiesOf = (schema: JsonObject): Map<string, Json> =>
  new Map(Object.entries(objectAt(schema, 'properties') ?? {}));

const asObject = (value: Json): JsonObject => (isObject(value) ? value : {});

export function numberAt(schema: JsonObject, key: string): number | undefined {
  const found = schema[key];
  return typeof found === 'number' ? found : undefined;
}

/** The bounds of a number, of a text's length or of a list's. */
export function limits(schema: JsonObject, of: 'imum' | 'Length' | 'Items' = 'imum'): { low?: number; high?: number } {
  const [low, high] = [numberAt(schema, `min${of}`), numberAt(schema, `max${of}`)];
  return { ...(low === undefined ? {} : { low }), ...(high === undefined ? {} : { high }) };
}

/** Numbers at the limits and one beyond, and those that are often wrong; no whole number beyond 2^53. */
export function around(schema: JsonObject): number[] {
  const { low, high } = limits(schema);
  const edges = [low, high].flatMap((edge) => (edge === undefined ? [] : [edge - 1, edge, edge + 1, edge + 0.5]));
  return [...new Set([...edges, 0, 1, -1, 1.5, 4294967295])].filter((one) => Math.abs(one) <= Number.MAX_SAFE_INTEGER);
}

/** What is easily taken for one of `choices`. */
export function nearly(choices: readonly Json[]): Json[] {
  const [first, last] = [choices[0], choices.at(-1)];
  const number = typeof last === 'number' ? last : Number.parseFloat(String(last));
  return [
    ...choices.flatMap((choice) => (typeof choice === 'string' ? [`${choice}x`] : [])),
    ...(typeof first === 'string' ? [first.slice(1), ` ${first}`, first.toUpperCase(), first.toLowerCase()] : []),
    ...(Number.isSafeInteger(number) ? [number, number + 1, number + 0.5, String(number), String(number + 1)] : []),
    'x',
  ];
}

/** One value of every JSON type that `schema` does not name. */
export function wrongTypes({ type }: JsonObject): Json[] {
  const named = new Set(Array.isArray(type) ? type : [type]);
  if (named.has(undefined)) return [];
  const values: [string, Json][] = [
    ['null', null],
    ['boolean', true],
    ['number', 1.5],
    ['integer', 7],
  ];
  values.push(['string', '7'], ['array', []], ['object', {}]);
  // 7 is a number as well, and what a number takes is not decided by its being whole.
  return values
    .filter(([name]) => !named.has(name) && !(name === 'integer' && named.has('number')))
    .map(([, value]) => value);
}

/** Texts at the limits of length and one beyond, counted in code points as JSON Schema does. */
export function lengths(schema: JsonObject): string[] {
  const { low, high } = limits(schema, 'Length');
  const counts = [low, high].flatMap((edge) => (edge === undefined ? [] : [edge - 1, edge, edge + 1]));
  const usable = [...new Set([0, 1, ...counts])].filter((count) => count >= 0 && count <= 20_000);
  return usable.flatMap((count) => ['x'.repeat(count), '😀'.repeat(count)]).concat('\ud83d', '猫'.repeat(3));
}
