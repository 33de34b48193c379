// Which branches of a union schema speak about one model.

import { at, isObject } from './json.js';

type Schema = Record<string, unknown>;

/**
 * `schema` without the branches that some other model owns; undefined if none is left. A body that names `model` is
 * accepted by the result exactly when it is accepted by `schema`, since the branches taken away would refuse the name.
 */
export function narrow(schema: unknown, field: string, model: string): Schema | undefined {
  if (!isObject(schema)) return {};
  if (!admits(schema, field, model)) return undefined;
  let result: Schema = schema;
  for (const key of ['anyOf', 'oneOf']) {
    const branches = result[key];
    if (!Array.isArray(branches)) continue;
    const kept = branches.map((branch) => narrow(branch, field, model)).filter((branch) => branch !== undefined);
    if (kept.length === 0) return undefined;
    if (kept.length === branches.length) continue;
    const { [key]: _union, discriminator: _discriminator, ...rest } = result;
    // A union of one is no union: as `allOf` its messages come without "must match a schema in anyOf".
    const others = Array.isArray(rest.allOf) ? rest.allOf : [];
    result = kept.length === 1 ? { ...rest, allOf: [...others, kept[0]] } : { ...rest, [key]: kept };
  }
  return result;
}

function admits(schema: Schema, field: string, model: string): boolean {
  const names = at(schema, 'properties', field, 'enum');
  if (Array.isArray(names) && !names.includes(model)) return false;
  const branches = Array.isArray(schema.allOf) ? schema.allOf : [];
  return branches.filter(isObject).every((branch) => admits(branch, field, model));
}

/** Every model that a schema or one of its branches names. */
export function modelsOf(schema: unknown, field: string): string[] {
  const named = at(schema, 'properties', field, 'enum');
  const own = Array.isArray(named) ? named.map(String) : [];
  const branches = ['anyOf', 'oneOf', 'allOf'].flatMap((key) => at(schema, key) ?? []);
  return [...own, ...branches.flatMap((branch) => modelsOf(branch, field))];
}
