// The books of a batch: which record each request has, what its equals of earlier runs cost, and what may still be bought.

import { BudgetExceededError, bad, messageOf } from '../transport/index.js';
import type { BatchOptions } from './batch.js';
import { Budget } from './budget.js';
import { type JournalRecord, spentInVain } from './journal.js';
import type { Prepared } from './purchase.js';

/** What the books ask of the client. */
export interface BooksPort<Request> {
  /** Takes the request as it is at this moment. Rejects with what `submit` throws before sending. */
  prepare(request: Request): Promise<Prepared>;
  /** The record of a key. */
  look(key: string): Promise<JournalRecord | undefined>;
  /** Hex. */
  digest(text: string): Promise<string>;
}

/** What is known of a request before it is begun. */
export interface Booked<Request> {
  request: Request;
  index: number;
  /** Empty when it could not be told: then `error` says why. */
  key: string;
  prepared?: Prepared;
  estimateUsd?: number | undefined;
  error?: Error;
  /** Whether what an earlier run bought for it is in the budget's books. */
  isCounted: boolean;
  /** Whether what earlier runs paid for it in vain is there. */
  isLossCounted: boolean;
  /** Whether an earlier run bought something for it that is still pending. */
  isPending: boolean;
}

/** Tells requests apart, and keeps the budget. */
export class Books<Request extends { model: string }> {
  readonly #port: BooksPort<Request>;
  readonly #options: BatchOptions<Request>;
  readonly #budget: Budget;
  /** How often each content came, and which own keys. */
  readonly #seen = new Map<string, number>();

  constructor(port: BooksPort<Request>, options: BatchOptions<Request>) {
    this.#port = port;
    this.#options = options;
    this.#budget = new Budget(options.maxCostUsd);
  }

  /** Costs of earlier purchases, by model: what the next ones may cost where nobody says. */
  open(costs: readonly { model: string; costUsd: number }[]): void {
    for (const { model, costUsd } of costs) this.#budget.seen(model, costUsd);
  }

  /** Enters the request at `index`; what is wrong with it stands in `error`. */
  async book(request: Request, index: number): Promise<Booked<Request>> {
    const booked: Booked<Request> = {
      request,
      index,
      key: '',
      isCounted: false,
      isLossCounted: false,
      isPending: false,
    };
    try {
      // At once: the source may fill the same object with the next request.
      const preparing = this.#port.prepare(request);
      preparing.catch(() => {});
      booked.estimateUsd = this.#estimate(request);
      const own = this.#options.key?.(request, index);
      booked.prepared = await preparing;
      booked.key = await this.#keyOf(own, booked.prepared.fingerprint);
      if (this.#options.maxCostUsd !== undefined) this.foundBefore(booked, await this.#port.look(booked.key));
    } catch (error) {
      booked.error = asError(error);
    }
    return booked;
  }

  /** Counts what earlier runs bought for a request, once. */
  foundBefore(booked: Booked<Request>, record: JournalRecord | undefined): void {
    if (this.#options.maxCostUsd === undefined || booked.isCounted) return;
    if (record === undefined) {
      // Deleted since: whatever it was, somebody has settled it.
      if (booked.isPending) this.ended(booked, 'free', undefined);
      return;
    }
    if (!booked.isLossCounted) this.#budget.lost(spentInVain(record));
    booked.isLossCounted = true;
    if (record.state === 'submitted') {
      booked.isPending = true;
      this.begun(booked);
    } else if (booked.isPending) {
      // It has ended since.
      this.ended(booked, 'free', undefined);
    }
    if (record.state !== 'succeeded' && record.state !== 'unknown') return;
    booked.isCounted = true;
    this.#budget.spentBefore(booked.request.model, record.costUsd, booked.estimateUsd);
  }

  /** False while only what is under way can tell. Throws `BudgetExceededError`. */
  mayBuy({ request: { model }, estimateUsd }: Booked<Request>): boolean {
    const verdict = this.#budget.verdict(model, estimateUsd);
    if (verdict === 'exceeded' || verdict === 'unpriced') throw this.#tooDear(verdict, model);
    return verdict === 'buy';
  }

  begun({ key, request, estimateUsd }: Booked<Request>): void {
    this.#budget.begin(key, request.model, estimateUsd);
  }

  /** `costUsd` is what the gateway told, if it did; a task that is `open` may still cost. */
  ended(booked: Booked<Request>, how: 'succeeded' | 'free' | 'open', costUsd: number | undefined): void {
    booked.isPending = false;
    this.#budget.end(booked.key, booked.request.model, how, costUsd);
  }

  /** Its turn is over. What is pending and was not waited for may still cost, and holds up nobody any more. */
  closed(booked: Booked<Request>): void {
    if (booked.isPending) this.ended(booked, 'open', undefined);
  }

  #estimate(request: Request): number | undefined {
    const estimate = this.#options.estimateUsd?.(request);
    if (estimate === undefined || (Number.isFinite(estimate) && estimate >= 0)) return estimate;
    throw bad('estimateUsd', 'must give a number of USD from 0, or nothing', 'It is not asynchronous.');
  }

  async #keyOf(own: string | undefined, fingerprint: string): Promise<string> {
    const { name = '' } = this.#options;
    if (own !== undefined && typeof own !== 'string') throw bad('key', 'must give a text', 'It is not asynchronous.');
    const content = own === undefined ? ['content', fingerprint] : ['own', own];
    const words = JSON.stringify(content);
    const before = this.#seen.get(words) ?? 0;
    this.#seen.set(words, before + 1);
    if (own !== undefined && before > 0)
      throw bad('key', `gave ${JSON.stringify(own)} twice`, 'Keys tell requests apart.');
    return `b-${(await this.#port.digest(JSON.stringify([name, ...content, before]))).slice(0, 40)}`;
  }

  #tooDear(verdict: 'exceeded' | 'unpriced', model: string): BudgetExceededError {
    const { maxCostUsd } = this.#options;
    const spent = `${this.#budget.spentUsd.toFixed(4)} of ${maxCostUsd} USD are spent or spoken for`;
    return verdict === 'exceeded'
      ? new BudgetExceededError(`A ${model} request does not fit into the budget (${spent}): it was not sent.`, {
          code: 'budget_exceeded',
          phase: 'submit',
          hint: 'Raise maxCostUsd and run the same batch again: what is bought is not bought twice.',
        })
      : new BudgetExceededError(`Nobody says what a ${model} request costs, so no budget can be kept (${spent}).`, {
          code: 'cost_unknown',
          phase: 'submit',
          hint: 'Give estimateUsd, or leave maxCostUsd out; what is bought is not bought twice.',
        });
  }
}

/** What was thrown, as an error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(messageOf(thrown));
}
