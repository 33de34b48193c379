// How pieces become a message: texts grow, lists get longer, tool calls are joined by their index, the rest is replaced.

import { isRecord } from '../transport/index.js';

/** Texts that are said whole, by some gateways with every piece. */
const SAID_WHOLE = new Set(['role', 'id', 'type', 'name']);

/** A deep copy of JSON data: what is handed out is not what is still growing. Texts are shared. */
export function copied<T>(value: T): T;
export function copied(value: unknown): unknown {
  // `flatMap` leaves out what is not there: parts are put where they belong, and one may be missing.
  if (Array.isArray(value)) return value.flatMap((item) => [copied<unknown>(item)]);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, copied(item)]));
}

/** Adds `piece` to `whole`, which must be nobody else's. */
export function join(whole: Record<string, unknown>, piece: object): void {
  for (const [name, value] of fieldsOf(piece)) whole[name] = joined(whole[name], value, name);
}

/** Puts the fields of `piece` in the place of those of `whole`; what is null says nothing. */
export function replace(whole: Record<string, unknown>, piece: object): void {
  for (const [name, value] of fieldsOf(piece)) whole[name] = value ?? whole[name] ?? value;
}

/** Copies. `__proto__` would be no field, but a change of what it is put into. */
function fieldsOf(piece: object): [string, unknown][] {
  const entries: [string, unknown][] = Object.entries(piece);
  return entries.filter(([name]) => name !== '__proto__').map(([name, value]) => [name, copied(value)]);
}

function joined(held: unknown, value: unknown, name: string): unknown {
  if (value === null || value === undefined) return held ?? value;
  if (typeof held === 'string' && typeof value === 'string') {
    if (!SAID_WHOLE.has(name)) return held + value;
    return value === '' ? held : value;
  }
  if (name === 'tool_calls' && Array.isArray(value)) return joinedCalls(Array.isArray(held) ? held : [], value);
  if (Array.isArray(held) && Array.isArray(value)) {
    for (const item of value) held.push(item);
    return held;
  }
  if (isRecord(held) && isRecord(value)) {
    join(held, value);
    return held;
  }
  return value;
}

/** Calls come in pieces, several at a time: each piece says by its index, or at least its id, which one it belongs to. */
function joinedCalls(held: unknown[], pieces: readonly unknown[]): unknown[] {
  const calls = held.filter(isRecord);
  for (const piece of pieces) {
    if (!isRecord(piece)) continue;
    const call = isNamed(piece) ? calls.findLast((one) => isSameCall(one, piece)) : calls.at(-1);
    if (call === undefined) calls.push(piece);
    else join(call, piece);
  }
  return calls;
}

function isNamed({ index, id }: Record<string, unknown>): boolean {
  return typeof index === 'number' || isText(id);
}

/** Some servers make up an id for every piece, others give all calls one index: a name tells them apart, it comes once. */
function isSameCall(call: Record<string, unknown>, piece: Record<string, unknown>): boolean {
  const isOther = isText(call.id) && isText(piece.id) && call.id !== piece.id;
  if (typeof piece.index !== 'number') return call.id === piece.id;
  return call.index === piece.index && !(isOther && isRecord(piece.function) && isText(piece.function.name));
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
