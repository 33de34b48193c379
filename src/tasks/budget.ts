// Whether another purchase still fits: what is known to be spent, plus the most that what is under way may cost.

/** What a purchase may cost, as far as anybody can say. */
export type Verdict = 'buy' | 'wait' | 'exceeded' | 'unpriced';

/** Guards one run's `maxCostUsd`. All amounts in USD. Pure: asks nobody, waits for nothing. */
export class Budget {
  readonly #maxUsd: number;
  /** What purchases cost, by the gateway's word, or by estimate where it says nothing. */
  #spentUsd = 0;
  /** The most that each model was seen to cost. */
  readonly #seenUsd = new Map<string, number>();
  /** Models of which something was bought and nobody says what it cost. */
  readonly #silent = new Set<string>();
  /** Purchases under way by their own key, each with its estimate; undefined where there is none. */
  readonly #underWay = new Map<string, number | undefined>();

  constructor(maxUsd: number = Number.POSITIVE_INFINITY) {
    this.#maxUsd = maxUsd;
  }

  /** What is spent, estimates included. */
  get spentUsd(): number {
    return this.#spentUsd;
  }

  /** A cost that was seen before, so that the first purchase of a run need not be a probe. */
  seen(model: string, costUsd: number): void {
    this.#seenUsd.set(model, Math.max(this.#seenUsd.get(model) ?? 0, costUsd));
  }

  /**
   * Whether one more purchase fits. Of what nobody can price only one is under way at a time: its cost prices the next.
   * `wait`: it may fit when something under way has ended. `estimateUsd` is the caller's own, if he has one.
   */
  verdict(model: string, estimateUsd: number | undefined): Verdict {
    if (this.#maxUsd === Number.POSITIVE_INFINITY) return 'buy';
    const estimate = estimateUsd ?? this.#seenUsd.get(model);
    const isIdle = this.#underWay.size === 0;
    if (estimate === undefined) {
      if (this.#silent.has(model)) return 'unpriced';
      if (this.#spentUsd >= this.#maxUsd) return 'exceeded';
      return isIdle ? 'buy' : 'wait';
    }
    if ([...this.#underWay.values()].includes(undefined)) return 'wait';
    const total = [...this.#underWay.values()].reduce<number>((sum, one) => sum + (one ?? 0), this.#spentUsd);
    // Cents that do not add up in binary must not stop the last purchase.
    if (total + estimate <= this.#maxUsd * (1 + Number.EPSILON * 8)) return 'buy';
    return isIdle ? 'exceeded' : 'wait';
  }

  begin(key: string, model: string, estimateUsd: number | undefined): void {
    this.#underWay.set(key, estimateUsd ?? this.#seenUsd.get(model));
  }

  /**
   * A purchase ended: `succeeded`, `free` (refused, failed), or left `open` (nobody knows, or it runs on). Where a
   * success tells no cost, and what is open, counts by its estimate.
   */
  end(key: string, model: string, how: 'succeeded' | 'free' | 'open', costUsd: number | undefined): void {
    const estimate = this.#underWay.get(key);
    this.#underWay.delete(key);
    if (costUsd !== undefined) {
      this.#spent(model, costUsd);
    } else if (how !== 'free') {
      this.#spentUsd += estimate ?? 0;
      if (estimate === undefined) this.#silent.add(model);
    }
  }

  /** What an earlier run of the same work bought: by the gateway's word, else by estimate. */
  spentBefore(model: string, costUsd: number | undefined, estimateUsd: number | undefined): void {
    if (costUsd !== undefined) {
      this.#spent(model, costUsd);
      return;
    }
    const estimate = estimateUsd ?? this.#seenUsd.get(model);
    this.#spentUsd += estimate ?? 0;
    if (estimate === undefined) this.#silent.add(model);
  }

  /** What earlier runs paid for and did not get (USD): it prices nothing. */
  lost(usd: number): void {
    this.#spentUsd += usd;
  }

  #spent(model: string, costUsd: number): void {
    this.#spentUsd += costUsd;
    this.seen(model, costUsd);
  }
}
