// How an answer is made from an example: which example fits a model best, and where the task's own values go.

import type { Json } from './json.js';

/** The values of one output's view of a task; undefined where there is none. */
export type Values = (name: string, output: number) => Json | undefined;

/** A template that was read once and can be filled many times. */
export type Filler = (values: Values) => Json | undefined;

/** Shared letters below which two names have nothing in common. */
const MIN_KINSHIP = 4;

/**
 * `template` with names replaced by values. `fields` says, by the name of a field, what stands in it whatever the
 * template says. The element `i` of an array speaks of output `i`.
 */
export function fill(template: Json, values: Values, fields: Record<string, Json> = {}): Json | undefined {
  return compile(template, fields)(values);
}

/** `fill` in two steps, for a template that many tasks share: finding the names costs more than filling them. */
export function compile(template: Json, fields: Record<string, Json> = {}): Filler {
  const node = read(template, fields);
  return typeof node === 'function' ? (values) => node(values, 0) : () => node.constant;
}

/** What a part of a template comes to for one output; a part without names is the same for all. */
type Part = (values: Values, output: number) => Json | undefined;
interface Constant {
  constant: Json;
}

function read(template: Json, fields: Record<string, Json>): Part | Constant {
  if (typeof template === 'string') return readString(template);
  if (typeof template !== 'object' || template === null) return { constant: template };
  if (Array.isArray(template)) {
    const items = template.map((item) => partOf(read(item, fields)));
    return (values) => items.map((item, output) => item(values, output)).filter((value) => value !== undefined);
  }
  const members = Object.entries(template).map(([key, own]) => {
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
    const ours = field === undefined ? undefined : partOf(read(field, {}));
    return { key, ours, own: partOf(read(own, fields)) };
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
