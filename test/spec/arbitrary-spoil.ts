// How a body is spoilt: one change of one kind at a place by dice, led there by the schema of the place.
import { arrayAt, isObject, type Json, type JsonObject } from '../../scripts/spec/json.js';
import {
  around,
  type Condition,
  type Dice,
  type Filler,
  GOOD_URIS,
  JUNK,
  lengths,
  limits,
  ODD_URIS,
  pick,
  propertiesOf,
} from './arbitrary-values.js';

export const KINDS = ['drop', 'add', 'retype', 'range', 'enum', 'reorder', 'count', 'uri', 'conditional'] as const;
export type Kind = (typeof KINDS)[number];

type Path = (string | number)[];
interface Site {
  path: Path;
  value: Json;
  schema: Json | undefined;
}

const UNKNOWN = ['unheard_of', '__proto__', 'constructor', '', 'toString', 'hasOwnProperty', 'Model', 'prompt ', '0'];

export interface Spoiler {
  filler: Filler;
  schema: Json;
  conditions: readonly Condition[];
  /** Whether whole numbers beyond 2^53 may come up. */
  huge: boolean;
}

/** `body` with one change of `kind`; undefined where the body has no place for it. */
export function spoilt(spoiler: Spoiler, kind: Kind, body: Json, dice: Dice): Json | undefined {
  const { filler, schema, conditions } = spoiler;
  if (kind === 'conditional') return violated(body, conditions, dice);
  const sites = sitesOf(filler, body, schema);
  const at = (fits: (site: Site) => boolean): Site | undefined => {
    const fitting = sites.filter(fits);
    return fitting.length === 0 ? undefined : pick(dice, fitting);
  };
  const put = (site: Site | undefined, value: (site: Site) => Json): Json | undefined =>
    site && withValue(body, site.path, value(site));

  switch (kind) {
    case 'drop': {
      const site = at(({ path }) => path.length > 0);
      return site && withValue(body, site.path, undefined);
    }
    case 'add':
      return put(
        at(({ value }) => isObject(value)),
        (site) => added(filler, site, dice),
      );
    case 'retype':
      return put(
        at(() => true),
        ({ value }) => retyped(value, dice),
      );
    case 'range':
      return put(
        at(({ value }) => typeof value === 'number' || typeof value === 'string'),
        ({ value, schema: own }) => outOfRange(spoiler, value, own, dice),
      );
    case 'enum':
      return put(
        at((site) => typeof site.value === 'string' && filler.ways(site.schema).some((way) => way.enum)) ??
          at(({ value }) => typeof value === 'string'),
        ({ value, schema: own }) => nearMiss(filler, String(value), own, dice),
      );
    case 'reorder':
      return put(
        at(({ value }) => Array.isArray(value) && value.length > 0),
        ({ value }) => reordered(listOf(value), dice),
      );
    case 'count':
      return put(
        at(({ value }) => Array.isArray(value)),
        ({ value, schema: own }) => miscounted(filler, listOf(value), own, dice),
      );
    case 'uri':
      return put(
        at(
          ({ value, schema: own }) =>
            typeof value === 'string' && (/:\//.test(value) || filler.ways(own).some((way) => way.format === 'uri')),
        ),
        () => pick(dice, dice(4) === 0 ? GOOD_URIS : ODD_URIS),
      );
  }
}

function sitesOf(filler: Filler, value: Json, schema: Json | undefined, path: Path = []): Site[] {
  const entries: [string | number, Json][] = Array.isArray(value)
    ? [...value.slice(0, 12).entries()]
    : Object.entries(isObject(value) ? value : {});
  const inner = entries.flatMap(([key, held]) => sitesOf(filler, held, filler.below(schema, key), [...path, key]));
  return [{ path, value, schema }, ...inner];
}

/** `body` with `value` at `path`, or without it; what stands in between is made where it is missing. */
export function withValue(body: Json | undefined, path: readonly (string | number)[], value: Json | undefined): Json {
  const [key, ...rest] = path;
  if (key === undefined) return value ?? null;
  if (Array.isArray(body) && typeof key === 'number') {
    if (rest.length === 0 && value === undefined) return body.filter((_, index) => index !== key);
    return body.with(key, withValue(body[key], rest, value));
  }
  const held = isObject(body) ? body : {};
  const name = String(key);
  const own = Object.hasOwn(held, name) ? held[name] : undefined;
  if (value === undefined && rest.length === 0) {
    return Object.fromEntries(Object.entries(held).filter(([other]) => other !== name));
  }
  if (value === undefined && own === undefined) return held;
  // A computed key is an own field even if it is `__proto__`.
  return { ...held, [name]: withValue(own, rest, value) };
}

function added(filler: Filler, { value, schema }: Site, dice: Dice): Json {
  const held = isObject(value) ? value : {};
  const declared = filler.ways(schema).flatMap((way) => [...propertiesOf(way)]);
  const absent = declared.filter(([name]) => !Object.hasOwn(held, name));
  // One that is declared, with a value that fits or that does not; else one that is not.
  if (absent.length > 0 && dice(2) === 0) {
    const [name, own] = pick(dice, absent);
    return { ...held, [name]: dice(4) === 0 ? pick(dice, JUNK) : filler.make(own, dice) };
  }
  return { ...held, [pick(dice, UNKNOWN)]: pick(dice, JUNK) };
}

function retyped(value: Json, dice: Dice): Json {
  const number = typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : 7;
  const safe = Math.abs(number) <= Number.MAX_SAFE_INTEGER ? number : 7;
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return pick(dice, [...JUNK, null, text, safe, [value], { value }, [[value]], { '0': value }]);
}

function outOfRange({ filler, huge }: Spoiler, value: Json, schema: Json | undefined, dice: Dice): Json {
  const way = pick(dice, filler.ways(schema));
  if (typeof value === 'string') return pick(dice, lengths(way));
  const number = Number(value);
  const isInteger = filler.ways(schema).some((one) => one.type === 'integer');
  const beyond = [1e20, -1e20, 2 ** 53, -(2 ** 53)];
  const near = [number + 1, number - 1, number + 0.5, -number || 0, 0, -1, 1.5, 1e15, Number.MAX_SAFE_INTEGER];
  const all = [...around(way), ...near.filter((one) => Math.abs(one) <= Number.MAX_SAFE_INTEGER)];
  return pick(dice, huge || !isInteger ? [...all, ...beyond] : all);
}

function nearMiss(filler: Filler, value: string, schema: Json | undefined, dice: Dice): Json {
  const choices = filler.ways(schema).flatMap((way) => arrayAt(way, 'enum'));
  const number = Number(value);
  return pick(dice, [
    ...choices,
    ...[
      value.toUpperCase(),
      value.toLowerCase(),
      `${value}x`,
      ` ${value}`,
      `${value} `,
      value.slice(1),
      value.slice(0, -1),
    ],
    ...[value.replace(/\d/, '3'), value.replace(':', '：'), '', 'undefined', 'null'],
    ...(value !== '' && Math.abs(number) <= Number.MAX_SAFE_INTEGER ? [number] : []),
  ]);
}

function reordered(list: Json[], dice: Dice): Json {
  const [a, b] = [dice(list.length), dice(list.length)];
  const [first, second] = [list[a] ?? null, list[b] ?? null];
  return a === b ? list.toSpliced(a, 0, first) : list.with(a, second).with(b, first);
}

function miscounted(filler: Filler, list: Json[], schema: Json | undefined, dice: Dice): Json {
  const way = pick(dice, filler.ways(schema));
  const { low = 0, high = low + 5 } = limits(way, 'Items');
  const count = Math.max(0, pick(dice, [0, low - 1, low, low + 1, high - 1, high, high + 1, high + 20]));
  const [item = filler.make(way.items)] = list;
  return Array.from({ length: Math.min(count, 300) }, (_, index) => list[index] ?? item);
}

/** Two or more of the fields that a condition speaks of, set at once. */
function violated(body: Json, conditions: readonly Condition[], dice: Dice): Json | undefined {
  if (conditions.length === 0 || !isObject(body)) return undefined;
  const condition = pick(dice, conditions);
  const count = Math.min(condition.length, 2 + dice(condition.length));
  const chosen = new Set<number>();
  while (chosen.size < count) chosen.add(dice(condition.length));
  // In the order of the condition: an object before the fields in it.
  return [...chosen]
    .sort((a, b) => a - b)
    .map((index) => condition[index])
    .reduce<Json>((held, field) => (field ? withValue(held, field.path, pickAny(dice, field.values)) : held), body);
}

const pickAny = <T>(dice: Dice, list: readonly T[]): T | undefined => list[dice(list.length)];

/** Every combination of what the fields of a condition may be set to, as long as that is not too many. */
export function combinations(body: JsonObject, condition: Condition, most = 1024): Json[] {
  let found: Json[] = [body];
  for (const { path, values } of condition) {
    if (found.length * values.length > most) break;
    found = found.flatMap((held) => values.map((value) => withValue(held, path, value)));
  }
  return found;
}

const listOf = (value: Json): Json[] => (Array.isArray(value) ? value : []);
