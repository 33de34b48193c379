// Request bodies for fast-check: good ones of a schema, spoilt up to four times, that shrink to the field that matters.
import fc from 'fast-check';
import { isObject, type Json, type JsonObject } from '../../scripts/spec/json.js';
import { combinations, KINDS, type Kind, type Spoiler, spoilt, withValue } from './arbitrary-spoil.js';
import { type Dice, Filler, pick } from './arbitrary-values.js';

export type Source = 'example' | 'systematic' | 'random';

export interface Spoilt {
  body: Json;
  /** What was done to it; empty where nothing was. */
  kinds: Kind[];
  source: Source;
}

export interface BodyOptions {
  /** Whole numbers beyond 2^53 come up too, which zod refuses on purpose. */
  huge?: boolean;
}

/** A schema of the vendor's document as a source of bodies for one model. */
export class BodySchema {
  readonly filler: Filler;
  readonly conditions: Spoiler['conditions'];
  private held: JsonObject[] | undefined;
  private fit: JsonObject[] | undefined;

  constructor(
    readonly schema: JsonObject,
    root: JsonObject,
    readonly model: string | undefined,
    private readonly accepts: (body: Json) => boolean,
  ) {
    this.filler = new Filler(root, model);
    this.conditions = this.filler.conditions(schema);
  }

  /** Of this model, if the schema knows of models at all. */
  named(body: Json): Json {
    return isObject(body) && this.model !== undefined ? { ...body, model: this.model } : body;
  }

  /** Those of the systematic bodies that are as the schema wants them. */
  good(): JsonObject[] {
    this.fit ??= this.systematic().filter((body) => this.accepts(body));
    return this.fit;
  }

  /**
   * Every property, choice, alternative and limit (and one beyond it, a near miss, each wrong type) in a body of its
   * own, and every combination of conditional fields.
   */
  systematic(): JsonObject[] {
    this.held ??= [...this.built()];
    return this.held;
  }

  private *built(): Generator<JsonObject> {
    const seen = new Set<string>();
    for (const body of this.all()) {
      const text = JSON.stringify(body);
      if (!isObject(body) || seen.has(text)) continue;
      seen.add(text);
      yield body;
    }
  }

  private *all(): Generator<Json> {
    const { filler, schema, model } = this;
    const variants = [...filler.variants(schema)];
    for (const body of variants) yield this.named(body);
    const least = filler
      .ways(schema)
      .map((way) => filler.make(way))
      .filter(isObject);
    const crossed = this.conditions.flatMap((condition) => least.flatMap((body) => combinations(body, condition)));
    for (const body of crossed) yield this.named(body);
    if (model !== undefined) {
      const others: Json[] = [null, 7, '', `${model}x`, model.toUpperCase(), [model]];
      for (const { model: _, ...rest } of least) yield* [rest, ...others.map((other) => ({ ...rest, model: other }))];
      for (const body of crossed.slice(0, 64)) yield withValue(body, ['model'], undefined);
    }
    // What a field may be can hang on what is beside it: every variant again, upon some of the combinations.
    const bases = Math.min(12, Math.floor(MOST / Math.max(variants.length, 1)));
    for (let count = 0; count < bases; count++) {
      const base = crossed[Math.floor((count * crossed.length) / bases)];
      if (!isObject(base)) continue;
      for (const body of variants) if (isObject(body)) yield this.named({ ...base, ...body });
    }
  }
}

/** So many bodies may come of laying variants upon combinations. */
const MOST = 1500;

/** Bodies of `schema`: `seeds` (good bodies of its model), systematic and random ones, with 0 to 4 mutations. */
export function spoiltBody(
  schema: BodySchema,
  seeds: readonly Json[],
  options: BodyOptions = {},
): fc.Arbitrary<Spoilt> {
  return new SpoiltBody(schema, seeds, options.huge ?? false);
}

// How many mutations a body gets: one of these.
const AMOUNTS = [0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 3, 4] as const;

class SpoiltBody extends fc.Arbitrary<Spoilt> {
  private readonly spoiler: Spoiler;

  constructor(
    private readonly from: BodySchema,
    private readonly seeds: readonly Json[],
    huge: boolean,
  ) {
    super();
    const { filler, schema, conditions } = from;
    this.spoiler = { filler, schema, conditions, huge };
  }

  override generate(random: fc.Random): fc.Value<Spoilt> {
    const dice: Dice = (count) => random.nextInt(0, count - 1);
    const { source, body: start } = this.good(dice);
    const kinds: Kind[] = [];
    let body = start;
    for (let left = pick(dice, AMOUNTS); left > 0; left--) {
      // Where one kind finds no place, another is tried.
      for (let tries = 0; tries < 5; tries++) {
        const kind = pick(dice, KINDS);
        const next = spoilt(this.spoiler, kind, body, dice);
        if (next === undefined) continue;
        body = next;
        kinds.push(kind);
        break;
      }
    }
    return new fc.Value({ body, kinds, source }, undefined);
  }

  private good(dice: Dice): { source: Source; body: Json } {
    const systematic = this.from.good();
    const source = pick(dice, [
      ...(this.seeds.length > 0 ? (['example', 'example'] as const) : []),
      ...(systematic.length > 0 ? (['systematic'] as const) : []),
      'random',
      'random',
    ] as const);
    const body =
      source === 'example'
        ? pick(dice, this.seeds)
        : source === 'systematic'
          ? pick(dice, systematic)
          : this.from.filler.make(this.from.schema, dice);
    return { source, body: this.from.named(body) };
  }

  override canShrinkWithoutContext(value: unknown): value is Spoilt {
    return isObject(value) && 'body' in value && 'kinds' in value;
  }

  /** Not the way it was made is made simpler but the body itself: fewer fields and items, shorter texts, smaller numbers. */
  override shrink(value: Spoilt): fc.Stream<fc.Value<Spoilt>> {
    return fc.stream(shrunk(value));
  }
}

function* shrunk(value: Spoilt): Generator<fc.Value<Spoilt>> {
  const text = JSON.stringify(value.body);
  for (const body of simpler(value.body)) {
    const other = JSON.stringify(body);
    // Always smaller than before, so that it ends.
    if (other.length > text.length || (other.length === text.length && other >= text)) continue;
    yield new fc.Value({ ...value, body }, undefined);
  }
}

function* simpler(value: Json): Generator<Json> {
  if (Array.isArray(value)) {
    if (value.length > 3) yield* [value.slice(0, value.length >> 1), value.slice(value.length >> 1)];
    for (const index of value.keys()) yield value.toSpliced(index, 1);
    for (const [index, item] of value.entries()) for (const other of simpler(item)) yield value.with(index, other);
  } else if (isObject(value)) {
    const entries = Object.entries(value);
    if (entries.length > 3) {
      yield Object.fromEntries(entries.filter(([key], index) => key === 'model' || index < entries.length / 2));
      yield Object.fromEntries(entries.filter(([key], index) => key === 'model' || index >= entries.length / 2));
    }
    for (const [key] of entries) yield Object.fromEntries(entries.filter(([other]) => other !== key));
    for (const [key, held] of entries) for (const other of simpler(held)) yield { ...value, [key]: other };
  } else if (typeof value === 'string') {
    yield* [
      '',
      'x',
      value.slice(0, value.length >> 1),
      value.slice(value.length >> 1),
      value.slice(1),
      value.slice(0, -1),
    ];
  } else if (typeof value === 'number') {
    yield* [0, 1, Math.trunc(value), Math.trunc(value / 2)];
  }
}
