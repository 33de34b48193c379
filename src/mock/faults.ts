// Which exchange a fault strikes, and what it does there.

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
  private readonly armed: Armed[] = [];

  constructor(faults: Fault[] = []) {
    for (const fault of faults) this.add(fault);
  }

  add(fault: Fault): void {
    const { nth = 1, times = 1 } = fault;
    if (!(nth >= 1)) throw new RangeError(`A fault's nth counts from 1, got ${nth}`);
    if (!(times >= 1)) throw new RangeError(`A fault's times is at least 1, got ${times}`);
    this.armed.push({ fault, before: nth - 1, left: times });
  }

  /** Counts the exchange and names the fault that strikes it, if any; of several due ones the others wait their turn. */
  strike(on: Fault['on']): Fault | undefined {
    let struck: Fault | undefined;
    for (const armed of this.armed) {
      if (armed.fault.on !== on || armed.left === 0) continue;
      if (armed.before > 0) {
        armed.before--;
      } else if (struck === undefined) {
        armed.left--;
        struck = armed.fault;
      }
    }
    return struck;
  }
}
