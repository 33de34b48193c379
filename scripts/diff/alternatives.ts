// How alternatives (`anyOf`, `oneOf`) of two editions are held against each other: which became which, and which way of asking is the stricter.
import type { Effect } from './finding.js';
import { anything, type Choice, type Shape, shape, stable } from './shape.js';
import { code, describe, presenceWord } from './words.js';

/** The alternatives of a shape that is nothing but a union; a plain shape is a union of one. undefined: a union with more beside it. */
export function unionOf(held: Shape): readonly Shape[] | undefined {
  const [choice, ...more] = held.choices;
  const { key: _, ...parts } = held;
  // What it is if left out is said of the whole.
  if (choice === undefined) return [shape({ ...parts, fallback: undefined, deprecated: false })];
  if (more.length > 0 || choice.presence !== undefined) return undefined;
  const beside = shape({ ...parts, choices: [], fallback: undefined, deprecated: false });
  return beside.key === anything().key ? choice.members : undefined;
}

export const isExclusive = (held: Shape): boolean => held.choices[0]?.kind === 'oneOf';

/** Whether no value fits two of the members, as far as their types tell. */
export function areApart(members: readonly Shape[]): boolean {
  const types = members.flatMap((member) => member.types ?? ['anything']);
  const numbers = types.filter((type) => type === 'integer' || type === 'number');
  if (types.includes('anything')) return members.length < 2;
  return new Set(types).size === types.length && numbers.length < 2;
}

/** Which alternative became which: of the same type, and with the most fields in common. */
export function pairs(before: readonly Shape[], after: readonly Shape[]): Map<Shape, Shape> {
  const found = new Map<Shape, Shape>();
  const left = new Set(after);
  const fields = (held: Shape): Set<string> => new Set(held.properties.keys());
  for (const was of before) {
    const ofType = [...left].filter((is) => stable([...(is.types ?? [])]) === stable([...(was.types ?? [])]));
    const best = ofType.toSorted((a, b) => common(fields(b), fields(was)) - common(fields(a), fields(was)))[0];
    if (best === undefined) continue;
    found.set(was, best);
    left.delete(best);
  }
  return found;
}

export function holdsCommon(before: readonly Shape[], is: Shape): boolean {
  const [first, ...rest] = before;
  const shared = [...(first?.properties ?? [])].filter(([name]) =>
    rest.every(({ properties }) => properties.has(name)),
  );
  return shared.every(([name]) => {
    const own = is.properties.get(name);
    return own !== undefined && before.every(({ properties }) => sameTypes(properties.get(name), own));
  });
}

const sameTypes = (a: Shape | undefined, b: Shape): boolean =>
  stable([...(a?.types ?? [])]) === stable([...(b.types ?? [])]);

export function alternative(held: Shape): string {
  const fields = [...held.properties.keys()].map(code);
  return fields.length === 0 ? describe(held) : `${describe(held)} with ${fields.slice(0, 6).join(', ')}`;
}

export const common = (a: ReadonlySet<string>, b: ReadonlySet<string>): number =>
  [...a].filter((name) => b.has(name)).length;

export const namesOf = ({ presence, members }: Choice): Set<string> =>
  new Set(presence === undefined ? members.flatMap((member) => [...(member.types ?? ['anything'])]) : presence.flat());

/** Whether who satisfies `strict` satisfies `lax`: each of its ways holds one of the others. */
const implies = (strict: readonly (readonly string[])[], lax: readonly (readonly string[])[]): boolean =>
  strict.every((paths) => lax.some((others) => others.every((path) => paths.includes(path))));

export function choiceWord({ kind, presence, members }: Choice): string {
  const how = kind === 'oneOf' ? 'exactly one of' : 'one of';
  return presence === undefined ? `${how} ${members.map(alternative).join('; ')}` : `${how} ${presenceWord(presence)}`;
}

/** Of two demands that fields are there. */
export function effectOfDemand(was: Choice, is: Choice): Effect {
  const [before, after] = [was.presence, is.presence];
  if (before === undefined || after === undefined) return 'unclear';
  if (was.kind === 'anyOf' && is.kind === 'anyOf') {
    return implies(after, before) ? 'less' : implies(before, after) ? 'more' : 'unclear';
  }
  const isSame = stable(before.map((paths) => [...paths])) === stable(after.map((paths) => [...paths]));
  if (!isSame) return 'unclear';
  return is.kind === 'oneOf' ? 'less' : 'more';
}
