// What is left on a key's account: it sinks with everything that is paid, and nothing is refused for it.

import type { Json } from './json.js';
import { fill } from './templates.js';

export interface AccountRules {
  /** Path of the GET that tells the balance. */
  path: string;
  /** US dollars that a key begins with. */
  startUsd: number;
  /** Keys that begin with another amount. */
  starts: Record<string, number>;
  /** Units in which the gateway counts, to a dollar: every price is a whole number of them, one at least. */
  unitsPerUsd: number;
  /** Template names: units, usedUnits, balanceUsd, usedUsd, unitsPerUsd. */
  answer: Json;
}

export class Accounts {
  /** Units that each key has used. */
  private readonly used = new Map<string, number>();

  constructor(private readonly rules: AccountRules) {}

  charge(key: string, usd: number): void {
    const units = Math.max(1, Math.round(usd * this.rules.unitsPerUsd));
    this.used.set(key, (this.used.get(key) ?? 0) + units);
  }

  /** What the gateway says of it. */
  tell(key: string): Json {
    const { startUsd, starts, unitsPerUsd, answer } = this.rules;
    const usedUnits = this.used.get(key) ?? 0;
    const units = Math.round((Object.hasOwn(starts, key) ? (starts[key] ?? 0) : startUsd) * unitsPerUsd) - usedUnits;
    const values: Record<string, Json> = {
      units,
      usedUnits,
      balanceUsd: units / unitsPerUsd,
      usedUsd: usedUnits / unitsPerUsd,
      unitsPerUsd,
    };
    return fill(answer, (name) => values[name]) ?? null;
  }
}
