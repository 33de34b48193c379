// What changed at the endpoints: which there are, how one calls them, what their bodies take and their answers hold.
import type { FieldOfMedia } from '../../src/media/index.js';
import { statusOf } from '../../src/tasks/index.js';
import { sameJson } from '../spec/json.js';
import type { ChangeClass, Fact } from './change.js';
import { compareShapes } from './compare.js';
import { type Edition, type Endpoint, NO_MODEL, type Parameter } from './edition.js';
import type { Direction, Finding } from './finding.js';
import type { Moves } from './moves.js';
import { code, listed } from './words.js';

/** `before` has the new names already; `moved` says which they are. */
export function endpointFacts(before: Edition, after: Edition, moved: Moves): Fact[] {
  const facts: Fact[] = [];
  for (const [from, to] of moved) {
    facts.push({
      class: 'breaking',
      area: 'endpoint',
      endpoint: from,
      models: usersOf(to, after),
      what: `moved to ${code(to)}`,
    });
  }
  for (const [name, endpoint] of before.endpoints) {
    const now = after.endpoints.get(name);
    if (now === undefined) {
      facts.push({
        class: 'breaking',
        area: 'endpoint',
        endpoint: name,
        models: callersOf(name, before),
        what: 'is gone',
      });
    } else facts.push(...sameEndpoint(endpoint, now, after));
  }
  for (const name of after.endpoints.keys()) {
    if (before.endpoints.has(name)) continue;
    facts.push({ class: 'additive', area: 'endpoint', endpoint: name, models: callersOf(name, after), what: 'is new' });
  }
  return facts;
}

/** The models that are called at an endpoint. */
const callersOf = (name: string, { models }: Edition): string[] =>
  [...models.values()]
    .filter(({ endpoints }) => endpoints.some(({ method, path }) => `${method} ${path}` === name))
    .map(({ modelId }) => modelId);

/** The models that are called or polled at an endpoint. */
const usersOf = (name: string, edition: Edition): string[] => [
  ...callersOf(name, edition),
  ...[...edition.models.values()]
    .filter(({ endpoints }) => endpoints.some(({ pollEndpoint }) => `GET ${pollEndpoint}` === name))
    .map(({ modelId }) => modelId),
];

function sameEndpoint(was: Endpoint, is: Endpoint, after: Edition): Fact[] {
  const facts: Fact[] = [];
  const callers = callersOf(is.name, after);
  const note = (kind: ChangeClass, area: Fact['area'], what: string, models: readonly string[] = []): void => {
    facts.push({ class: kind, area, endpoint: is.name, models, what });
  };
  if (was.deprecated !== is.deprecated) {
    note('additive', 'endpoint', is.deprecated ? 'is deprecated' : 'is no longer deprecated', callers);
  }
  pollFacts(was.pollPath, is.pollPath, (what) => note('breaking', 'poll', what, callers));
  authFacts(was.security, is.security, (kind, what) => note(kind, 'auth', what));
  parameterFacts(was, is, (kind, what) => note(kind, 'parameter', what));
  bodyFacts(was, is, (kind, what, models) => note(kind, 'request', what, models));
  facts.push(...answerFacts(was, is, usersOf(is.name, after), after));
  facts.push(...groupFacts(was, is));
  for (const key of keysOf(was.unread, is.unread)) {
    if (!sameJson(was.unread[key], is.unread[key]))
      note('breaking', 'endpoint', `could not be compared: ${code(key)} changed`);
  }
  return facts;
}

function pollFacts(was: string | null, is: string | null, note: (what: string) => void): void {
  if (was === is) return;
  if (was === null) note(`answers with a task now, to be polled at ${code(is ?? '')}; was final`);
  else if (is === null) note(`has no place to poll any more, was ${code(was)}`);
  else note(`is polled at ${code(is)} now, was ${code(was)}`);
}

function authFacts(
  was: readonly string[],
  is: readonly string[],
  note: (kind: ChangeClass, what: string) => void,
): void {
  if (sameJson([...was], [...is])) return;
  const word = (ways: readonly string[]): string => (ways.length === 0 ? 'no key' : ways.join(' or '));
  const keepsAll = is.length === 0 || (was.length > 0 && was.every((way) => is.includes(way)));
  note(keepsAll ? 'additive' : 'breaking', `asks for ${word(is)} now, was ${word(was)}`);
}

type Note = (kind: ChangeClass, what: string) => void;

function parameterFacts(was: Endpoint, is: Endpoint, note: Note): void {
  for (const key of keysOf(Object.fromEntries(was.parameters), Object.fromEntries(is.parameters))) {
    const [old, now] = [was.parameters.get(key), is.parameters.get(key)];
    const [place = '', name = ''] = [key.slice(0, key.indexOf(' ')), key.slice(key.indexOf(' ') + 1)];
    const word = `${place} ${code(name)}`;
    if (old === undefined) {
      note(
        now?.isRequired ? 'breaking' : 'additive',
        `${word} is a new ${now?.isRequired ? 'required' : 'optional'} parameter`,
      );
    } else if (now === undefined) note('breaking', `${word} is no longer taken`);
    else {
      if (old.isRequired !== now.isRequired) {
        note(
          now.isRequired ? 'breaking' : 'additive',
          `${word} is ${now.isRequired ? 'required now' : 'no longer required'}`,
        );
      }
      for (const finding of compareShapes(old.shape, now.shape, 'request', name)) {
        note(classOf(finding, 'request'), `${place} ${finding.text}`);
      }
    }
  }
}

function bodyFacts(
  was: Endpoint,
  is: Endpoint,
  note: (kind: ChangeClass, what: string, models: readonly string[]) => void,
): void {
  for (const [id, body] of was.bodies) {
    const now = is.bodies.get(id);
    const models = id === NO_MODEL ? [] : [id];
    if (now === undefined) continue;
    for (const finding of compareShapes(body, now, 'request')) note(classOf(finding, 'request'), finding.text, models);
    for (const [path, takes] of was.media.get(id) ?? []) {
      const taken = is.media.get(id)?.get(path);
      if (taken !== undefined && taken !== takes) note(...mediaFact(path, takes, taken), models);
    }
  }
  const hadOne = was.bodies.has(NO_MODEL);
  const hasOne = is.bodies.has(NO_MODEL);
  if (was.bodies.size === 0 && hasOne) note(is.isBodyRequired ? 'breaking' : 'additive', 'takes a body now', []);
  else if (hadOne && is.bodies.size === 0) note('breaking', 'takes no body any more', []);
  else if (hadOne !== hasOne && was.bodies.size > 0 && is.bodies.size > 0) {
    note(
      'breaking',
      `could not be compared: ${hasOne ? 'no model decides any more' : '`model` decides'} what its body takes`,
      [],
    );
  } else if (was.isBodyRequired !== is.isBodyRequired && was.bodies.size > 0) {
    note(
      is.isBodyRequired ? 'breaking' : 'additive',
      `its body is ${is.isBodyRequired ? 'required now' : 'no longer required'}`,
      [],
    );
  }
  const lost = was.bodyTypes.filter((type) => !is.bodyTypes.includes(type));
  const won = is.bodyTypes.filter((type) => !was.bodyTypes.includes(type));
  if (lost.length > 0 && is.bodies.size > 0) note('breaking', `takes no ${listed(lost.map(code))} any more`, []);
  if (won.length > 0 && was.bodies.size > 0) note('additive', `takes ${listed(won.map(code))} too`, []);
}

const TAKEN_WORDS: Readonly<Record<FieldOfMedia['takes'], string>> = {
  url: 'only URLs',
  unsaid: 'media, nobody says in which form',
  either: 'URLs and inline data',
  data: 'inline data',
};
/** What the library lets pass, from the least. */
const TAKEN_ORDER: readonly FieldOfMedia['takes'][] = ['url', 'unsaid', 'either', 'data'];

function mediaFact(path: string, was: FieldOfMedia['takes'], is: FieldOfMedia['takes']): [ChangeClass, string] {
  const isLess = TAKEN_ORDER.indexOf(is) < TAKEN_ORDER.indexOf(was);
  return [isLess ? 'breaking' : 'additive', `${code(path)} takes ${TAKEN_WORDS[is]} now, was ${TAKEN_WORDS[was]}`];
}

function answerFacts(was: Endpoint, is: Endpoint, users: readonly string[], after: Edition): Fact[] {
  const facts: Fact[] = [];
  const isOfTask = is.pollPath !== null || [...after.endpoints.values()].some(({ pollPath }) => pollPath === is.path);
  const note = (kind: ChangeClass, part: string, what: string, area: Fact['area'] = 'answer'): void => {
    facts.push({ class: kind, area, part, endpoint: is.name, models: users, what });
  };
  for (const key of keysOf(Object.fromEntries(was.answers), Object.fromEntries(is.answers))) {
    const [old, now] = [was.answers.get(key), is.answers.get(key)];
    const [status = '', type = ''] = key.split(' ');
    const isGood = status.startsWith('2');
    const word = `${status}${type === 'application/json' || type === '-' ? '' : ` ${type}`}`;
    if (old === undefined) note('additive', 'answer', `${code(word)} is documented now`);
    else if (now === undefined)
      note(isGood ? 'breaking' : 'additive', 'answer', `${code(word)} is no longer documented`);
    else {
      for (const finding of compareShapes(old, now, 'answer')) {
        if (finding.kind === 'default') continue;
        const part = word === '200' ? 'answer' : `answer ${word}`;
        if (isOfTask && finding.kind === 'status') note(...statusFact(finding, part));
        else note(classOf(finding, 'answer'), part, finding.text);
      }
    }
  }
  headerFacts(was.answerHeaders, is.answerHeaders, note);
  return facts;
}

type AnswerNote = (kind: ChangeClass, part: string, what: string, area?: Fact['area']) => void;

function headerFacts(was: ReadonlyMap<string, Parameter>, is: ReadonlyMap<string, Parameter>, note: AnswerNote): void {
  for (const key of keysOf(Object.fromEntries(was), Object.fromEntries(is))) {
    const [old, now] = [was.get(key), is.get(key)];
    const [status = '', name = ''] = key.split(' ');
    const part = status === '200' ? 'answer' : `answer ${status}`;
    if (old === undefined) note('additive', part, `header ${code(name)} is documented now`);
    else if (now === undefined) note('breaking', part, `header ${code(name)} is gone`);
    else {
      for (const finding of compareShapes(old.shape, now.shape, 'answer', name)) {
        note(classOf(finding, 'answer'), part, `header ${finding.text}`);
      }
    }
  }
}

/** A word that the library does not know it takes for running: a task would be waited for to the end of patience. */
function statusFact(finding: Finding, part: string): Parameters<AnswerNote> {
  if (finding.effect === 'less') return ['additive', part, finding.text, 'status'];
  const known = statusOf(finding.word ?? '');
  return known === undefined
    ? [
        'breaking',
        part,
        `${finding.text}, unknown to the library: taken for running until src/tasks/state.ts has it`,
        'status',
      ]
    : ['additive', part, `${finding.text}, known to the library as ${known}`, 'status'];
}

/** Those of which nothing that worked before can fail over. */
const HARMLESS_IN_ANSWERS = new Set<Finding['kind']>(['limit', 'others']);

export function classOf({ kind, effect }: Finding, direction: Direction): ChangeClass {
  if (effect === 'note') return 'additive';
  if (direction === 'request') return effect === 'more' ? 'additive' : 'breaking';
  if (HARMLESS_IN_ANSWERS.has(kind)) return 'additive';
  if (kind === 'field') return effect === 'more' ? 'additive' : 'breaking';
  return effect === 'less' ? 'additive' : 'breaking';
}

/** Models of one schema that have two now, and the reverse: what that changes is told of the fields. */
function groupFacts(was: Endpoint, is: Endpoint): Fact[] {
  const shared = [...was.groups.keys()].filter((id) => is.groups.has(id));
  const cosmetic = (what: string): Fact => ({ class: 'cosmetic', area: 'group', endpoint: is.name, what });
  const facts = [
    ...divided(shared, was.groups, is.groups).map(([from, parts]) =>
      cosmetic(`the models of ${code(from)} are told apart now: ${parts}`),
    ),
    ...divided(shared, is.groups, was.groups).map(([to, parts]) =>
      cosmetic(`models are told together now under ${code(to)}, were ${parts}`),
    ),
  ];
  const gone = was.aliasPages.filter((alias) => !is.aliasPages.includes(alias));
  const come = is.aliasPages.filter((alias) => !was.aliasPages.includes(alias));
  if (gone.length > 0) facts.push(cosmetic(`has lost the alias page ${listed(gone.map(code))}`));
  if (come.length > 0) facts.push(cosmetic(`has a new alias page ${listed(come.map(code))}`));
  return facts;
}

/** Groups of `one` whose models are in several of `other`. */
function divided(
  ids: readonly string[],
  one: ReadonlyMap<string, string>,
  other: ReadonlyMap<string, string>,
): [string, string][] {
  const found: [string, string][] = [];
  for (const group of [...new Set(ids.map((id) => one.get(id) ?? ''))].sort()) {
    const members = ids.filter((id) => one.get(id) === group);
    const parts = [...new Set(members.map((id) => other.get(id) ?? ''))].sort();
    if (parts.length < 2) continue;
    const sized = parts.map((part) => `${code(part)} (${members.filter((id) => other.get(id) === part).length})`);
    found.push([group, sized.join(', ')]);
  }
  return found;
}

const keysOf = (a: object, b: object): string[] => [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
