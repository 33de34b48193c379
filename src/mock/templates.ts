// How an answer is made from an example: which example fits a model best, and where the task's own values go.

import type { Json } from './json.js';

/** The values of one output's view of a task; undefined where there is none. */
export type Values = (name: string, output: number) => Json | undefined;

/** A template that was read once and can be filled many times. */
export type Filler = (values: Values) => Json | undefined;

/** Shared letters below which two names have nothing in common. */
const MIN_KINSHIP = 4;

/** What stands in fields of some names, whatever the template says. */
export interface Rules {
  /** A template of its own. */
  fields: Record<string, Json>;
  /** Lists with one element for each of the task's outputs, made from the template's first. */
  lists: readonly string[];
}

const NO_RULES: Rules = { fields: {}, lists: [] };

/** `template` with names replaced by values. The element `i` of an array speaks of output `i`. */
export function fill(template: Json, values: Values): Json | undefined {
  return compile(template)(values);
}

/** `fill` in two steps, for a template that many tasks share: finding the names costs more than filling them. */
export function compile(template: Json, rules = NO_RULES): Filler {
  const node = read(template, rules);
  return typeof node === 'function' ? (values) => node(values, 0) : () => node.constant;
}

/** What a part of a template comes to for one output; a part without names is the same for all. */
type Part = (values: Values, output: number) => Json | undefined;
interface Constant {
  constant: Json;
}

function read(template: Json, rules: Rules): Part | Constant {
  if (typeof template === 'string') return readString(template);
  if (typeof template !== 'object' || template === null) return { constant: template };
  if (Array.isArray(template)) {
    const items = template.map((item) => partOf(read(item, rules)));
    return (values) => items.map((item, output) => item(values, output)).filter((value) => value !== undefined);
  }
  const members = Object.entries(template).map(([key, own]) => {
    const field = Object.hasOwn(rules.fields, key) ? rules.fields[key] : undefined;
    const ours = field === undefined ? undefined : partOf(read(field, NO_RULES));
    const first = rules.lists.includes(key) && Array.isArray(own) ? own[0] : undefined;
    return { key, ours, own: first === undefined ? partOf(read(own, rules)) : perOutput(partOf(read(first, rules))) };
  });
  return (values, output) => {
    const result: { [key: string]: Json } = {};
    for (const { key, ours, own } of members) {
      const value = ours?.(values, output) ?? own(values, output);
      if (value !== undefined) result[key] = value;
    }
    return result;
  };
}

function perOutput(item: Part): Part {
  return (values) =>
    Array.from({ length: Number(values('outputs', 0) ?? 1) }, (_, output) => item(values, output)).filter(
      (value) => value !== undefined,
    );
}

function partOf(read: Part | Constant): Part {
  return typeof read === 'function' ? read : () => read.constant;
}

function readString(template: string): Part | Constant {
  const whole = /^\{([\w.]+)\}$/.exec(template)?.[1];
  if (whole !== undefined) return (values, output) => values(whole, output);
  if (!/\{[\w.]+\}/.test(template)) return { constant: template };
  return (values, output) =>
    template.replace(/\{([\w.]+)\}/g, (text, name: string) => {
      const found = values(name, output);
      return found === undefined ? text : String(found);
    });
}

/** Of the candidates, the one that speaks of `model` or of its nearest kin; the first if none does. */
export function pick(candidates: { key: string; model: unknown; value: Json }[], model: string): Json | undefined {
  let best = candidates[0];
  let score = 0;
  for (const candidate of candidates) {
    const kinship =
      candidate.model === model ? Number.POSITIVE_INFINITY : kin(String(candidate.model ?? candidate.key), model);
    if (kinship > score) [best, score] = [candidate, kinship];
  }
  return best?.value;
}

function kin(a: string, b: string): number {
  const [left, right] = [letters(a), letters(b)];
  let shared = 0;
  while (shared < left.length && left[shared] === right[shared]) shared++;
  return shared < MIN_KINSHIP ? 0 : shared;
}

function letters(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}
