// How an answer is made from an example: which example fits a model best, and where the task's own values go.

import type { Json } from './json.js';

/** The values of one output's view of a task; undefined where there is none. */
export type Values = (name: string, output: number) => Json | undefined;

/** Shared letters below which two names have nothing in common. */
const MIN_KINSHIP = 4;

/**
 * `template` with names replaced by values. `fields` says, by the name of a field, what stands in it whatever the
 * template says. The element `i` of an array speaks of output `i`.
 */
export function fill(template: Json, values: Values, fields: Record<string, Json> = {}, output = 0): Json | undefined {
  if (typeof template === 'string') return fillString(template, (name) => values(name, output));
  if (typeof template !== 'object' || template === null) return template;
  if (Array.isArray(template)) {
    return template.flatMap((item, index) => fill(item, values, fields, index) ?? []);
  }
  const result: { [key: string]: Json } = {};
  for (const [key, own] of Object.entries(template)) {
    const field = fields[key];
    const value =
      (field === undefined ? undefined : fill(field, values, {}, output)) ?? fill(own, values, fields, output);
    if (value !== undefined) result[key] = value;
  }
  return result;
}

function fillString(template: string, value: (name: string) => Json | undefined): Json | undefined {
  const whole = /^\{([\w.]+)\}$/.exec(template)?.[1];
  if (whole !== undefined) return value(whole);
  return template.replace(/\{([\w.]+)\}/g, (text, name: string) => {
    const found = value(name);
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
