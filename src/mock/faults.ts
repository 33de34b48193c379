// Scripted faults: which exchange each one strikes, and what it does there.

import type { Strike } from './strike.js';

/** Milliseconds between the pieces of a slow answer, where the script names none. */
const SLOW_EVERY_MS = 100;

export interface Fault {
  /** Which exchanges count: paid POSTs, reads of a task's state, or reads of result files (HEAD does not count). */
  on: 'submit' | 'poll' | 'download';
  /** The how-manieth such exchange from now on is struck, 1 = the next (default). */
  nth?: number;
  /** How many in a row, from there on. Default 1; `Infinity` for all. */
  times?: number;
  /**
   * - `reset-before`: the connection is reset before the gateway takes the request: nothing happens, nothing is paid.
   * - `reset-after`: the gateway takes the request (a submit makes a task and is paid), then the connection is reset.
   * - `hang`: as `reset-after`, but the connection stays open, silent, until the mock closes.
   * - `answer`: `status`, `headers` and `body` instead of the gateway's answer; the request is not taken.
   * - `truncate`: the gateway's answer, cut off in the middle.
   * - `slow`: the gateway's answer in twenty pieces, one every `everyMs`.
   */
  act: 'reset-before' | 'reset-after' | 'hang' | 'answer' | 'truncate' | 'slow';
  /** For `answer`. Default 500. */
  status?: number;
  headers?: Record<string, string>;
  /** For `answer`: a string goes out as it is, anything else as JSON, absent = empty. */
  body?: unknown;
  /** For `slow`: milliseconds between pieces, real time. Default 100. */
  everyMs?: number;
}

interface Armed {
  fault: Fault;
  /** Exchanges still to pass before it strikes. */
  before: number;
  left: number;
}

export class Faults {
  /** Faults that have not struck for the last time. */
  private readonly armed: Record<Fault['on'], Armed[]> = { submit: [], poll: [], download: [] };

  constructor(faults: Fault[] = []) {
    for (const fault of faults) this.add(fault);
  }

  add(fault: Fault): void {
    const { nth = 1, times = 1 } = fault;
    if (!(nth >= 1)) throw new RangeError(`A fault's nth counts from 1, got ${nth}`);
    if (!(times >= 1)) throw new RangeError(`A fault's times is at least 1, got ${times}`);
    this.armed[fault.on].push({ fault, before: nth - 1, left: times });
  }

  /** Counts the exchange and names what strikes it, if anything does; of several due faults the others wait their turn. */
  strike(on: Fault['on']): Strike | undefined {
    const armed = this.armed[on];
    let struck: Armed | undefined;
    for (const one of armed) {
      if (one.before > 0) one.before--;
      else struck ??= one;
    }
    if (struck === undefined) return undefined;
    struck.left--;
    if (struck.left === 0) armed.splice(armed.indexOf(struck), 1);
    return strikeOf(struck.fault);
  }
}

function strikeOf(fault: Fault): Strike {
  const { act: name } = fault;
  switch (name) {
    case 'reset-before':
      return { name, taken: false, way: { how: 'reset' } };
    case 'reset-after':
      return { name, taken: true, way: { how: 'reset' } };
    case 'hang':
      return { name, taken: true, way: { how: 'hang' } };
    case 'answer':
      return { name, taken: false, answer: scripted(fault), way: { how: 'whole' } };
    case 'truncate':
      return { name, taken: true, way: { how: 'cut' } };
    case 'slow':
      return { name, taken: true, way: { how: 'slow', everyMs: fault.everyMs ?? SLOW_EVERY_MS } };
  }
}

function scripted({ status = 500, body, headers = {} }: Fault): NonNullable<Strike['answer']> {
  const isText = typeof body === 'string';
  const text = body === undefined ? '' : isText ? body : JSON.stringify(body);
  const type: Record<string, string> = body === undefined || isText ? {} : { 'content-type': 'application/json' };
  const own = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  return { status, headers: { ...type, ...Object.fromEntries(own) }, body: text };
}
