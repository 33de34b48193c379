// What is different between two shapes of one place, and whether that takes from what was allowed, adds to it, or cannot be told.
import { sameJson } from '../spec/json.js';
import {
  alternative,
  areApart,
  choiceWord,
  common,
  effectOfDemand,
  holdsCommon,
  isExclusive,
  namesOf,
  pairs,
  unionOf,
} from './alternatives.js';
import type { Direction, Effect, Finding, Note } from './finding.js';
import { likelyRenames } from './renames.js';
import { anything, type Choice, type Condition, order, type Shape, stable } from './shape.js';
import { compareFallback, compareValues } from './values.js';
import { code, demandsOf, describe, fieldWord, typesWord, whenWord } from './words.js';

/** All findings, in the order of the fields; `path` names the place of the two. */
export function compareShapes(before: Shape, after: Shape, direction: Direction, path = ''): Finding[] {
  const comparison = new Comparison(direction);
  comparison.compare(before, after, path);
  return comparison.found;
}

class Comparison {
  readonly found: Finding[] = [];

  constructor(private readonly direction: Direction) {}

  private readonly note: Note = (kind, effect, path, text, word) => {
    const whole = this.direction === 'request' ? 'the body' : 'the answer';
    const own = word === undefined ? {} : { word };
    this.found.push({ kind, effect, text: `${fieldWord(path, whole)} ${text}`, ...own });
  };

  compare(before: Shape, after: Shape, path: string): void {
    if (before.key === after.key) return;
    const wasUnion = unionOf(before);
    const isUnion = unionOf(after);
    const hasChoices = before.choices.length + after.choices.length > 0;
    if (wasUnion !== undefined && isUnion !== undefined && hasChoices) {
      compareFallback(before, after, path, this.note);
      this.deprecation(before, after, path);
      this.members(wasUnion, isUnion, isExclusive(after), path);
      return;
    }
    if (!sameJson([...(before.types ?? [])], [...(after.types ?? [])])) {
      if (this.types(before, after, path)) return;
    }
    compareValues(before, after, path, this.direction, this.note);
    this.deprecation(before, after, path);
    this.fields(before, after, path);
    this.compare(before.items ?? anything(), after.items ?? anything(), `${path}[]`);
    this.others(before, after, path);
    this.choices(before, after, path);
    this.conditions(before, after, path);
    if (stable(before.opaque) !== stable(after.opaque)) {
      const keys = [...new Set([...Object.keys(before.opaque), ...Object.keys(after.opaque)])].sort();
      const changed = keys.filter((key) => !sameJson(before.opaque[key], after.opaque[key]));
      this.note('type', 'unclear', path, `could not be compared: ${changed.map(code).join(', ')} changed`);
    }
  }

  private deprecation({ deprecated: was }: Shape, { deprecated: is }: Shape, path: string): void {
    if (was !== is) this.note('deprecated', 'note', path, is ? 'is deprecated' : 'is no longer deprecated');
  }

  /** True where nothing more can be said, as the two have no type in common. */
  private types(before: Shape, after: Shape, path: string): boolean {
    const lost = typesLost(before.types, after.types);
    const won = typesLost(after.types, before.types);
    const was = typesWord(before.types);
    const only = (types: readonly string[]): string => typesWord(types);
    if (lost.length > 0 && won.length > 0) {
      this.note('type', 'unclear', path, `is ${describe(after)} now, was ${describe(before)}`);
      return true;
    }
    if (before.types === undefined) this.note('type', 'less', path, `is ${typesWord(after.types)} now, was ${was}`);
    else if (after.types === undefined) this.note('type', 'more', path, `is anything now, was ${was}`);
    else if (lost.length > 0) {
      this.note(
        'type',
        'less',
        path,
        this.isNarrowed(before, after)
          ? `is ${typesWord(after.types)} now, was ${was}`
          : `is never ${only(lost)} any more`,
      );
    } else if (won.length > 0) {
      this.note(
        'type',
        'more',
        path,
        this.isNarrowed(after, before) ? `is ${typesWord(after.types)} now, was ${was}` : `may be ${only(won)} too`,
      );
    }
    return false;
  }

  /** `number` became `integer`: no type of its own went. */
  private isNarrowed(wide: Shape, narrow: Shape): boolean {
    return wide.types?.includes('number') === true && narrow.types?.includes('integer') === true;
  }

  private fields(before: Shape, after: Shape, path: string): void {
    const gone = new Map([...before.properties].filter(([name]) => !after.properties.has(name)));
    const come = new Map([...after.properties].filter(([name]) => !before.properties.has(name)));
    const renamed = likelyRenames(
      { fields: gone, required: before.required },
      { fields: come, required: after.required },
    );
    const below = (name: string): string => (path === '' ? name : `${path}.${name}`);
    for (const name of inOrder([...before.properties.keys(), ...after.properties.keys()])) {
      const [was, is] = [before.properties.get(name), after.properties.get(name)];
      const isRequired = after.required.includes(name);
      const newName = renamed.get(name);
      if (newName !== undefined) this.note('field', 'less', below(name), `is called ${code(below(newName))} now`);
      else if (was !== undefined && is === undefined) {
        this.note('field', 'less', below(name), this.direction === 'request' ? 'is no longer taken' : 'is gone');
      } else if (was === undefined && is !== undefined) {
        if ([...renamed.values()].includes(name)) continue;
        const kind =
          this.direction === 'request' ? (isRequired ? 'a new required field' : 'a new optional field') : 'new';
        const isDemand = this.direction === 'request' && isRequired;
        this.note('field', isDemand ? 'less' : 'more', below(name), `is ${kind} (${describe(is)})`);
      } else if (was !== undefined && is !== undefined) {
        this.required(before.required.includes(name), isRequired, below(name));
        this.compare(was, is, below(name));
      }
    }
    for (const name of inOrder([...before.required, ...after.required])) {
      if (before.properties.has(name) || after.properties.has(name)) continue;
      this.required(before.required.includes(name), after.required.includes(name), below(name));
    }
  }

  private required(was: boolean, is: boolean, path: string): void {
    if (was === is) return;
    if (this.direction === 'request')
      this.note('required', is ? 'less' : 'more', path, is ? 'is required now' : 'is no longer required');
    else this.note('required', is ? 'less' : 'more', path, is ? 'is always there now' : 'may be missing now');
  }

  private others({ others: was }: Shape, { others: is }: Shape, path: string): void {
    if (typeof was !== 'string' && typeof is !== 'string') {
      this.compare(was, is, path === '' ? '*' : `${path}.*`);
      return;
    }
    if (was === is) return;
    const rank = (held: Shape['others']): number => (held === 'nothing' ? 0 : held === 'anything' ? 2 : 1);
    const verb = this.direction === 'request' ? 'takes' : 'holds';
    const what =
      is === 'nothing'
        ? 'only fields that are described now'
        : is === 'anything'
          ? 'any fields beside those that are described now'
          : `further fields as ${describe(is)} now`;
    this.note('others', rank(is) > rank(was) ? 'more' : 'less', path, `${verb} ${what}`);
  }

  /** Alternatives by what may stand there, such as a number or its text. */
  private members(before: readonly Shape[], after: readonly Shape[], exclusive: boolean, path: string): void {
    const takes = this.direction === 'request' ? 'takes' : 'says';
    const wasLeft = before.filter((held) => !after.some(({ key }) => key === held.key));
    const isLeft = after.filter((held) => !before.some(({ key }) => key === held.key));
    if (exclusive && isLeft.length > 0 && !areApart(after)) {
      this.note(
        'choice',
        'unclear',
        path,
        `could not be compared: exactly one of ${after.length} alternatives must fit, and they changed`,
      );
      return;
    }
    const partners = pairs(wasLeft, isLeft);
    for (const [was, is] of partners) this.compare(was, is, path);
    for (const was of wasLeft) {
      if (partners.has(was)) continue;
      const text =
        was.values === undefined ? `is never ${alternative(was)} any more` : `no longer ${takes} ${describe(was)}`;
      this.note('choice', 'less', path, text);
    }
    const paired = new Set(partners.values());
    for (const is of isLeft) {
      if (paired.has(is)) continue;
      // Who reads an answer reads what all its kinds have in common.
      const keepsCommon = this.direction === 'answer' && before.length > 0 && holdsCommon(before, is);
      const text = is.values === undefined ? `may be ${alternative(is)} too` : `also ${takes} ${describe(is)}`;
      this.note('choice', keepsCommon ? 'note' : 'more', path, text);
    }
  }

  private choices(before: Shape, after: Shape, path: string): void {
    const was = before.choices.filter(({ key }) => !after.choices.some((other) => other.key === key));
    const is = after.choices.filter(({ key }) => !before.choices.some((other) => other.key === key));
    const left = [...is];
    for (const choice of was) {
      const partner = left.toSorted(
        (a, b) => common(namesOf(b), namesOf(choice)) - common(namesOf(a), namesOf(choice)),
      )[0];
      if (partner === undefined || common(namesOf(partner), namesOf(choice)) === 0) {
        this.note('choice', 'more', path, `no longer needs ${choiceWord(choice)}`);
        continue;
      }
      left.splice(left.indexOf(partner), 1);
      this.choice(choice, partner, path);
    }
    for (const choice of left) this.note('choice', 'less', path, `needs ${choiceWord(choice)} now`);
  }

  private choice(was: Choice, is: Choice, path: string): void {
    if (was.presence === undefined && is.presence === undefined && was.kind === is.kind) {
      this.members(was.members, is.members, is.kind === 'oneOf', path);
      return;
    }
    const text = `needs ${choiceWord(is)} now, was ${choiceWord(was)}`;
    const effect = effectOfDemand(was, is);
    this.note('choice', effect, path, effect === 'unclear' ? `could not be compared: it ${text}` : text);
  }

  private conditions(before: Shape, after: Shape, path: string): void {
    const was = byCondition(before.conditions);
    const is = byCondition(after.conditions);
    for (const when of inOrder([...was.keys(), ...is.keys()])) {
      const [old, now] = [was.get(when) ?? [], is.get(when) ?? []];
      const gone = old.filter(({ key }) => !now.some((other) => other.key === key));
      const come = now.filter(({ key }) => !old.some((other) => other.key === key));
      const [only] = gone;
      const [other] = come;
      if (only && other && gone.length === 1 && come.length === 1) {
        const effect = weigh(fragmentEffects(only.then, other.then), fragmentEffects(only.otherwise, other.otherwise));
        this.note(
          'condition',
          effect,
          path,
          `asks something else ${whenWord(other)}: ${asked(other)}; was ${asked(only)}`,
        );
        continue;
      }
      for (const condition of gone)
        this.note('condition', 'more', path, `no longer asks, ${whenWord(condition)}: ${asked(condition)}`);
      for (const condition of come)
        this.note('condition', 'less', path, `has a new condition: ${whenWord(condition)}, ${asked(condition)}`);
    }
  }
}

const inOrder = (names: readonly string[]): string[] => [...new Set(names)].sort(order);

/** The types of `before` that `after` refuses. */
function typesLost(before: readonly string[] | undefined, after: readonly string[] | undefined): string[] {
  if (after === undefined) return [];
  if (before === undefined) return ['anything else'];
  return before.filter((type) => !after.includes(type) && !(type === 'integer' && after.includes('number')));
}

function byCondition(conditions: readonly Condition[]): Map<string, Condition[]> {
  const found = new Map<string, Condition[]>();
  for (const condition of conditions) {
    const when = stable(condition.when);
    found.set(when, [...(found.get(when) ?? []), condition]);
  }
  return found;
}

function asked({ then, otherwise }: Condition): string {
  const words = demandsOf(then);
  const others = demandsOf(otherwise);
  const otherwiseWord = others.length > 0 ? `, otherwise ${others.join(' and ')}` : '';
  return `${words.join(' and ') || 'nothing'}${otherwiseWord}`;
}

/** The effects of a fragment's change: what it does not name it lets pass. */
function fragmentEffects(before: Shape, after: Shape): Effect[] {
  const names = inOrder([...before.properties.keys(), ...after.properties.keys()]);
  const inside = names.flatMap((name) =>
    fragmentEffects(before.properties.get(name) ?? anything(), after.properties.get(name) ?? anything()),
  );
  const own = compareShapes(bare(before), bare(after), 'request').map(({ effect }) => effect);
  return [...own, ...inside];
}

function bare(held: Shape): Shape {
  return { ...held, properties: new Map(), key: `${held.key} bare` };
}

/** One word for several effects. */
function weigh(...lists: readonly (readonly Effect[])[]): Effect {
  const effects = new Set(lists.flat());
  if (effects.has('unclear') || (effects.has('less') && effects.has('more'))) return 'unclear';
  return effects.has('less') ? 'less' : effects.has('more') ? 'more' : 'unclear';
}
