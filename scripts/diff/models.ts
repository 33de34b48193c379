// What changed of the models themselves: which there are, where they are called, what the catalogue says of them.
import type { IndexModel } from '../spec/models.js';
import type { Fact } from './change.js';
import type { Edition } from './edition.js';
import type { Moves } from './moves.js';
import { code, listed } from './words.js';

/** `before` has the new names already; `renamed` says which they are. */
export function modelFacts(before: Edition, after: Edition, renamed: Moves): Fact[] {
  const facts: Fact[] = [];
  for (const [from, to] of renamed) {
    facts.push({
      class: 'breaking',
      area: 'model',
      models: [from],
      what: `is gone; ${code(to)} is new with the same endpoints and fields (its new name, or what follows it)`,
    });
  }
  for (const [id, model] of before.models) {
    const now = after.models.get(id);
    if (now !== undefined) facts.push(...sameModel(model, now, before, after));
    else facts.push({ class: 'breaking', area: 'model', models: [id], what: `is gone (${aboutOf(model)})` });
  }
  for (const [id, model] of after.models) {
    if (before.models.has(id)) continue;
    const isTyped = model.endpoints.some((own) => after.endpoints.get(nameOf(own))?.bodies.has(id));
    const how = isTyped ? '' : ', named without a request schema: no types, no validation';
    facts.push({ class: 'additive', area: 'model', models: [id], what: `is new (${aboutOf(model)}${how})` });
  }
  return facts;
}

const nameOf = ({ method, path }: { method: string; path: string }): string => `${method} ${path}`;

const aboutOf = ({ modality, endpoints }: IndexModel): string =>
  [modality, ...endpoints.map((own) => code(nameOf(own)))].join(', ');

function sameModel(was: IndexModel, is: IndexModel, before: Edition, after: Edition): Fact[] {
  const facts: Fact[] = [];
  const note = (kind: Fact['class'], what: string, area: Fact['area'] = 'model'): void => {
    facts.push({ class: kind, area, models: [is.modelId], what });
  };
  placeFacts(was, is, before, after, note);
  if (was.modality !== is.modality) note('breaking', `is listed under ${is.modality} now, was ${was.modality}`);
  if (is.deprecated !== undefined && was.deprecated === undefined)
    note('additive', `is deprecated: ${code(is.deprecated)}`);
  if (is.deprecated === undefined && was.deprecated !== undefined) note('additive', 'is no longer deprecated');
  if (is.imageToVideoOnly && !was.imageToVideoOnly)
    note('breaking', 'makes video only from an image now, as the text says');
  if (!is.imageToVideoOnly && was.imageToVideoOnly)
    note('additive', 'makes video without an image too, as the text says');
  uploadFacts(was.uploadModel, is.uploadModel, note);
  return facts;
}

type Note = (kind: Fact['class'], what: string, area?: Fact['area']) => void;

function placeFacts(was: IndexModel, is: IndexModel, before: Edition, after: Edition, note: Note): void {
  const [old, now] = [was.endpoints.map(nameOf), is.endpoints.map(nameOf)];
  const lost = old.filter((name) => !now.includes(name));
  const won = now.filter((name) => !old.includes(name));
  const words = (names: readonly string[]): string => listed(names.map(code));
  const isMove = lost.length > 0 && won.length > 0;
  if (isMove) note('breaking', `moved from ${words(lost)} to ${words(won)}`);
  // That an endpoint is gone for all is told once, of the endpoint.
  const stillThere = lost.filter((name) => after.endpoints.has(name));
  if (!isMove && stillThere.length > 0) note('breaking', `is no longer on ${words(stillThere)}`);
  if (!isMove && won.length > 0) note('additive', `is on ${words(won)} too`);
  const [preferred, formerly] = [now[0], old[0]];
  if (preferred !== undefined && formerly !== undefined && preferred !== formerly && !isMove) {
    note('breaking', `goes to ${code(preferred)} where no endpoint is asked for, was ${code(formerly)}`);
  }
  for (const name of now.filter((own) => old.includes(own))) {
    const had = before.endpoints.get(name)?.bodies.has(is.modelId) === true;
    const has = after.endpoints.get(name)?.bodies.has(is.modelId) === true;
    if (had && !has) note('breaking', `has no request schema on ${code(name)} any more: no types, no validation`);
    if (!had && has) note('additive', `has a request schema on ${code(name)} now: typed and validated`);
  }
}

function uploadFacts(was: string | undefined, is: string | undefined, note: Note): void {
  if (was === is) return;
  if (was === undefined) note('additive', `takes assets that were uploaded under ${code(is ?? '')}`, 'upload');
  else if (is === undefined) note('breaking', `names no upload model any more (was ${code(was)})`, 'upload');
  else note('breaking', `takes assets uploaded under ${code(is)} now, was ${code(was)}`, 'upload');
}
