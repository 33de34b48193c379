// What a schema takes, whatever way it is written: references followed, `allOf` folded in, conditions on the model decided, texts left out.
import { mergeSchemas, presencePaths, UnsupportedSchema } from '../generate/specialise.js';
import { arrayAt, deref, isObject, isString, type Json, type JsonObject, objectAt, stringAt } from '../spec/json.js';

export interface Shape {
  /** JSON types, sorted; undefined: any. */
  types: readonly string[] | undefined;
  /** Sorted by their text; undefined: any. */
  values: readonly Json[] | undefined;
  fallback: Json | undefined;
  deprecated: boolean;
  limits: Readonly<Partial<Record<Limit, number>>>;
  /** `pattern`, `format`, `multipleOf`, `uniqueItems`. */
  demands: JsonObject;
  properties: ReadonlyMap<string, Shape>;
  required: readonly string[];
  /** What fields that are not named may be. */
  others: 'anything' | 'nothing' | Shape;
  items: Shape | undefined;
  choices: readonly Choice[];
  conditions: readonly Condition[];
  /** Words of a `status` that only the description lists. */
  said: readonly string[];
  /** Keywords whose meaning is not known here; equal or not comparable. */
  opaque: JsonObject;
  /** No part of the comparison: by it a field is known again under another name. */
  description: string;
  /** The same text for two shapes says that they take the same. */
  key: string;
}

export interface Choice {
  kind: 'anyOf' | 'oneOf';
  /** Where the members only demand fields: the paths that each asks for. */
  presence: readonly (readonly string[])[] | undefined;
  members: readonly Shape[];
  key: string;
}

export interface Condition {
  /** The `if` without what it asks of the model. */
  when: JsonObject;
  then: Shape;
  otherwise: Shape;
  key: string;
}

export const LIMITS = [
  'minimum',
  'exclusiveMinimum',
  'maximum',
  'exclusiveMaximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
] as const;
export type Limit = (typeof LIMITS)[number];

const DEMANDS = ['pattern', 'format', 'multipleOf', 'uniqueItems'];
// Formats that say nothing about JSON beyond the type beside them.
const SILENT_FORMATS = new Set(['int64', 'float', 'double', 'binary', 'password']);
const READ = new Set<string>([
  ...LIMITS,
  ...DEMANDS,
  ...['type', 'nullable', 'enum', 'const', 'default', 'deprecated', 'properties', 'required', 'additionalProperties'],
  ...['items', 'anyOf', 'oneOf', 'allOf', 'if', 'then', 'else'],
]);
const TEXTS = new Set([
  'title',
  'description',
  'example',
  'examples',
  'externalDocs',
  'xml',
  'discriminator',
  '$comment',
]);
const COMBINATORS = ['anyOf', 'oneOf', 'allOf', 'if', 'then', 'else'];

/** Keywords that no request is refused by. */
export const isText = (key: string): boolean => TEXTS.has(key) || key.startsWith('x-');

type Parts = Omit<Shape, 'key'>;

const NO_PARTS: Parts = {
  types: undefined,
  values: undefined,
  fallback: undefined,
  deprecated: false,
  limits: {},
  demands: {},
  properties: new Map(),
  required: [],
  others: 'anything',
  items: undefined,
  choices: [],
  conditions: [],
  said: [],
  opaque: {},
  description: '',
};

/** The shape with its key. */
export function shape(parts: Partial<Parts>): Shape {
  const whole: Parts = { ...NO_PARTS, ...parts };
  const properties = [...whole.properties].sort(([a], [b]) => order(a, b));
  const held = [
    stable({
      types: [...(whole.types ?? ['any'])],
      values: [...(whole.values ?? ['any'])],
      limits: { ...whole.limits },
    }),
    stable({ demands: whole.demands, required: [...whole.required], said: [...whole.said], opaque: whole.opaque }),
    `${whole.values === undefined}${whole.deprecated}${whole.fallback === undefined ? '' : stable(whole.fallback)}`,
    `{${properties.map(([name, { key }]) => `${JSON.stringify(name)}:${key}`).join()}}`,
    typeof whole.others === 'string' ? whole.others : whole.others.key,
    whole.items?.key ?? 'any',
    `${whole.choices.map(({ key }) => key).join()};${whole.conditions.map(({ key }) => key).join()}`,
  ];
  return { ...whole, key: `(${held.join('|')})` };
}

/** Takes everything, and says nothing. */
export const anything = (): Shape => shape({});

/** JSON text in which the order of keys counts for nothing. */
export function stable(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(stable).join()}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => order(a, b));
  return `{${entries.map(([key, held]) => `${JSON.stringify(key)}:${stable(held)}`).join()}}`;
}

export const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Without the field `name` at the top: what is said of a model's body need not repeat the model. */
export function withoutField(whole: Shape, name: string): Shape {
  const { key: _, ...parts } = whole;
  return shape({
    ...parts,
    properties: new Map([...whole.properties].filter(([own]) => own !== name)),
    required: whole.required.filter((own) => own !== name),
    choices: whole.choices.map((choice) =>
      choice.presence === undefined
        ? valueChoice(
            choice.kind,
            choice.members.map((member) => withoutField(member, name)),
          )
        : choice,
    ),
  });
}

interface Folded {
  base: JsonObject;
  choices: Choice[];
  conditions: Condition[];
}

/** Reads the schemas of one document. */
export class ShapeReader {
  /** Most schemas stand in many bodies. */
  private readonly known = new Map<JsonObject, Shape>();
  /** How often a schema that contains itself was cut short: what was read meanwhile holds for that place only. */
  private cuts = 0;

  constructor(private readonly root: JsonObject) {}

  /** `model`: the id of whose body the schema is, where it is a body; conditions on it are decided. */
  shapeOf(schema: Json, model?: string): Shape {
    return this.read(schema, model, []);
  }

  private read(schema: Json, model: string | undefined, trail: readonly string[]): Shape {
    if (!isObject(schema) || model !== undefined) return this.unknown(schema, model, trail);
    const known = this.known.get(schema);
    if (known !== undefined) return known;
    const before = this.cuts;
    const found = this.unknown(schema, model, trail);
    if (this.cuts === before) this.known.set(schema, found);
    return found;
  }

  private unknown(schema: Json, model: string | undefined, trail: readonly string[]): Shape {
    if (schema === false) return shape({ opaque: { never: true } });
    const reference = stringAt(schema, '$ref');
    if (reference !== undefined && trail.includes(reference)) {
      this.cuts += 1;
      return shape({ opaque: { contains: reference.split('/').at(-1) ?? reference } });
    }
    const inside = reference === undefined ? trail : [...trail, reference];
    const resolved = deref(this.root, schema);
    if (!isObject(resolved)) return anything();
    try {
      return this.plain(this.fold(resolved, model, inside), inside);
    } catch (error) {
      if (!(error instanceof UnsupportedSchema)) throw error;
      return shape({ opaque: { unread: withoutTexts(resolved) } });
    }
  }

  /** `allOf`, and what the model decides, folded into one schema; the other combinators beside it. */
  private fold(schema: JsonObject, model: string | undefined, trail: readonly string[]): Folded {
    const own = Object.entries(schema).filter(([key]) => !COMBINATORS.includes(key));
    const folded: Folded = { base: Object.fromEntries(own), choices: [], conditions: [] };
    const absorb = (part: Json | undefined): void => {
      if (part === undefined) return;
      const reference = stringAt(part, '$ref');
      if (reference !== undefined && trail.includes(reference)) {
        this.cuts += 1;
        throw new UnsupportedSchema('a schema made of itself');
      }
      const resolved = deref(this.root, part);
      if (!isObject(resolved)) return;
      const found = this.fold(resolved, model, reference === undefined ? trail : [...trail, reference]);
      const merged = mergeSchemas(this.root, folded.base, found.base);
      if (!isObject(merged)) throw new UnsupportedSchema('an allOf that nothing can satisfy');
      folded.base = merged;
      folded.choices.push(...found.choices);
      folded.conditions.push(...found.conditions);
    };
    for (const member of arrayAt(schema, 'allOf')) absorb(member);
    for (const kind of ['anyOf', 'oneOf'] as const) {
      const members = arrayAt(schema, kind);
      if (members.length > 0) folded.choices.push(this.choice(kind, members, model, trail));
    }
    if (schema.if !== undefined) {
      const when = undecided(deref(this.root, schema.if), model);
      if (when === true) absorb(schema.then);
      else if (when === false) absorb(schema.else);
      else folded.conditions.push(this.condition(when, schema, model, trail));
    }
    return folded;
  }

  private choice(kind: Choice['kind'], members: Json[], model: string | undefined, trail: readonly string[]): Choice {
    const resolved = members.map((member) => deref(this.root, member));
    const asked = resolved.map((member) => (isObject(member) ? presencePaths(member) : undefined));
    if (asked.every((paths) => paths !== undefined)) {
      const presence = asked.map((paths) => paths.map((path) => path.join('.')).sort());
      const sorted = presence.sort((a, b) => order(a.join(), b.join()));
      return { kind, presence: sorted, members: [], key: `${kind}${stable(sorted)}` };
    }
    return valueChoice(
      kind,
      members.map((member) => this.read(member, model, trail)),
    );
  }

  private condition(
    when: JsonObject,
    schema: JsonObject,
    model: string | undefined,
    trail: readonly string[],
  ): Condition {
    const then = this.read(schema.then ?? {}, model, trail);
    const otherwise = this.read(schema.else ?? {}, model, trail);
    return { when, then, otherwise, key: `${stable(when)}?${then.key}:${otherwise.key}` };
  }

  private plain({ base, choices, conditions }: Folded, trail: readonly string[]): Shape {
    const { types, values } = typed(base);
    const properties = new Map<string, Shape>();
    const forbidden: string[] = [];
    for (const [name, property] of Object.entries(objectAt(base, 'properties') ?? {})) {
      if (property === false) forbidden.push(name);
      else properties.set(name, withSaid(name, this.read(property, undefined, trail)));
    }
    const extra = base.additionalProperties;
    const opaque = Object.entries(base).filter(([key]) => !READ.has(key) && !isText(key) && key !== '$ref');
    if (forbidden.length > 0) opaque.push(['forbidden', forbidden.sort()]);
    return shape({
      types,
      values,
      ...(base.default === undefined ? {} : { fallback: base.default }),
      deprecated: base.deprecated === true,
      limits: limitsOf(base),
      demands: demandsOf(base),
      properties,
      required: [...new Set(arrayAt(base, 'required').filter(isString))].sort(),
      others: extra === false ? 'nothing' : isObject(extra) ? this.others(extra, trail) : 'anything',
      items: base.items === undefined ? undefined : meaningful(this.read(base.items, undefined, trail)),
      choices: sortedByKey(base.nullable === true && types === undefined ? choices.map(orNull) : choices),
      conditions: sortedByKey(conditions),
      opaque: Object.fromEntries(opaque.map(([key, value]) => [key, withoutTexts(value)])),
      description: stringAt(base, 'description') ?? '',
    });
  }

  private others(extra: JsonObject, trail: readonly string[]): Shape['others'] {
    return meaningful(this.read(extra, undefined, trail)) ?? 'anything';
  }
}

const sortedByKey = <T extends { key: string }>(list: readonly T[]): T[] => {
  const distinct = new Map(list.map((item) => [item.key, item]));
  return [...distinct.values()].sort((a, b) => order(a.key, b.key));
};

/** undefined where it takes anything. */
const meaningful = (held: Shape): Shape | undefined => (held.key === anything().key ? undefined : held);

function valueChoice(kind: Choice['kind'], members: readonly Shape[]): Choice {
  const sorted = sortedByKey(members);
  return { kind, presence: undefined, members: sorted, key: `${kind}[${sorted.map(({ key }) => key).join()}]` };
}

/** `nullable` beside a union without `type` is one more alternative. */
const orNull = (choice: Choice): Choice =>
  choice.presence === undefined ? valueChoice(choice.kind, [...choice.members, shape({ types: ['null'] })]) : choice;

/** What is left of an `if` when the model is known; true or false where nothing is. */
function undecided(condition: Json, model: string | undefined): JsonObject | boolean {
  if (!isObject(condition)) return condition === true;
  const bare = withoutTexts(condition);
  const tested = isObject(bare) ? bare : {};
  const test = objectAt(tested, 'properties')?.model;
  if (model === undefined || test === undefined) return tested;
  const ids = isObject(test) && isString(test.const) ? [test.const] : arrayAt(test, 'enum');
  if (ids.length === 0) return tested;
  if (!ids.includes(model)) return false;
  const { model: _, ...properties } = objectAt(tested, 'properties') ?? {};
  const required = arrayAt(tested, 'required').filter((name) => name !== 'model');
  const { properties: __, required: ___, type: ____, ...rest } = tested;
  const left: JsonObject = {
    ...rest,
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
    ...(required.length === 0 ? {} : { required }),
  };
  return Object.keys(left).length === 0 ? true : left;
}

function typed(base: JsonObject): { types: string[] | undefined; values: Json[] | undefined } {
  const own = isString(base.type) ? [base.type] : arrayAt(base, 'type').filter(isString);
  const types = own.length === 0 ? undefined : [...new Set(base.nullable === true ? [...own, 'null'] : own)].sort();
  const listed = base.const === undefined ? base.enum : [base.const];
  if (!Array.isArray(listed)) return { types, values: undefined };
  const fitting = types === undefined ? listed : listed.filter((value) => types.some((type) => fits(value, type)));
  const distinct = new Map(fitting.map((value) => [stable(value), value]));
  const values = [...distinct].sort(([a], [b]) => order(a, b)).map(([, value]) => value);
  return { types, values };
}

function fits(value: Json, type: string): boolean {
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'null') return value === null;
  return type === 'object' ? isObject(value) : typeof value === type;
}

/** The limits that refuse anything; the boolean `exclusiveMinimum` of OpenAPI 3.0 as the number of 3.1. */
function limitsOf(base: JsonObject): Partial<Record<Limit, number>> {
  const limits: Partial<Record<Limit, number>> = {};
  for (const limit of LIMITS) {
    const value = base[limit];
    const says = typeof value === 'number' && !(value === 0 && /^min[LIP]/.test(limit));
    if (says) limits[limit] = value;
  }
  for (const [plain, exclusive] of [
    ['minimum', 'exclusiveMinimum'],
    ['maximum', 'exclusiveMaximum'],
  ] as const) {
    if (base[exclusive] !== true || limits[plain] === undefined) continue;
    limits[exclusive] = limits[plain];
    delete limits[plain];
  }
  return limits;
}

function demandsOf(base: JsonObject): JsonObject {
  const held = DEMANDS.flatMap((key): [string, Json][] => {
    const value = base[key];
    return value === undefined || value === false || SILENT_FORMATS.has(String(value)) ? [] : [[key, value]];
  });
  return Object.fromEntries(held);
}

const CODE = /`(\w+)`/g;
const SLASHED = /\b\w+(?:\/\w+){2,}/g;

/** The words of a `status` without `enum`: in code, or three and more joined by slashes. */
function withSaid(name: string, held: Shape): Shape {
  if (name !== 'status' || held.values !== undefined || held.description === '') return held;
  const code = [...held.description.matchAll(CODE)].map((match) => match[1] ?? '');
  const slashed = [...held.description.matchAll(SLASHED)].flatMap((match) => match[0].split('/'));
  const said = [...new Set([...code, ...slashed])].sort();
  if (said.length === 0) return held;
  const { key: _, ...parts } = held;
  return shape({ ...parts, said });
}

/** A part of a schema without what only people read; a property may bear the name of such a keyword. */
export function withoutTexts(value: Json, areNames = false): Json {
  if (Array.isArray(value)) return value.map((item) => withoutTexts(item));
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([key]) => areNames || !isText(key));
  return Object.fromEntries(
    kept.map(([key, held]) => [
      key,
      key === 'default' || key === 'enum' || key === 'const'
        ? held
        : withoutTexts(held, !areNames && key === 'properties'),
    ]),
  );
}
