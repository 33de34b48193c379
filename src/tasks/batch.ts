// Many requests as one piece of work: bounded, continued instead of paid again, every item with its own ending.

import type { SavedFile } from '../media/index.js';
import {
  BudgetExceededError,
  ConfigError,
  guarded,
  ImaRouterError,
  messageOf,
  SubmitUnknownError,
  WaitAbortedError,
} from '../transport/index.js';
import { Budget } from './budget.js';
import type { JournalRecord } from './journal.js';
import { heldElsewhere, unsettled } from './purchase.js';
import type { TaskResult, TaskState } from './result.js';
import { checkedTimeout, type Task } from './task.js';

/** What became of one request. Exactly one of `result` and `error` says so, or both when only its files failed. */
export interface BatchItem<Request> {
  /** Position among the requests, from 0. */
  index: number;
  /** Of its record in the journal: the same in every run of the same work. */
  key: string;
  request: Request;
  /** The task, where there is one. */
  task?: Task;
  result?: TaskResult;
  /** What was saved, with `outDir`. */
  files?: SavedFile[];
  error?: Error;
  /** True when an earlier run had bought it. */
  continued: boolean;
}

/** Where a batch is. `costUsd` is what the gateway told, earlier runs of the same work included. */
export interface BatchTotals {
  /** Undefined while the source does not say. */
  total: number | undefined;
  underWay: number;
  succeeded: number;
  failed: number;
  /** Submits of unknown fate. */
  unknown: number;
  /** Of those that succeeded or are under way, bought by an earlier run. */
  continued: number;
  costUsd: number;
  /** Successes that told no cost. */
  costUnknown: number;
}

/** One step of a batch: the item that moved, and the whole. */
export interface BatchUpdate {
  index: number;
  key: string;
  state?: TaskState | undefined;
  error?: Error | undefined;
  totals: BatchTotals;
}

/** Options of a batch. */
export interface BatchOptions<Request> {
  /** Tasks under way at once. Default 8. */
  concurrency?: number | undefined;
  /** Nothing more is bought when what is known to be spent plus the estimate of what is under way would pass this. */
  maxCostUsd?: number | undefined;
  /** What one request will cost at most; else the most that its model was seen to cost. */
  estimateUsd?: ((request: Request) => number | undefined) | undefined;
  /** Results are saved here. */
  outDir?: string | undefined;
  /** Tells this work from another of the same requests: those are bought anew. Default: requests alone tell. */
  name?: string | undefined;
  /** What tells one request from another; default: its content, and how many equal ones came before. */
  key?: ((request: Request, index: number) => string) | undefined;
  /** Another endpoint than the models' preferred one. */
  endpoint?: string | undefined;
  /** Patience for each task, in milliseconds. */
  timeoutMs?: number | undefined;
  /** No more is bought, what is under way is let go, and the iteration ends in `WaitAbortedError`. */
  signal?: AbortSignal | undefined;
  /** Told of each change. What it throws becomes a warning. */
  onUpdate?: ((update: BatchUpdate) => void) | undefined;
}

/** What the client does for a batch. */
export interface BatchPort<Request> {
  /** What equal requests are known by. Throws what `submit` throws before sending. */
  identify(request: Request): Promise<string>;
  submit(request: Request, at: { key: string; signal: AbortSignal }): Promise<Task>;
  attach(record: JournalRecord): Task | undefined;
  /** Takes the key for this run; false when another living one has it. */
  hold(key: string): Promise<boolean>;
  drop(key: string): void;
  /** The record of the key, settled if its submitter is dead. */
  recordOf(key: string): Promise<JournalRecord | undefined>;
  /** Costs of earlier purchases, by model. */
  costs(): Promise<{ model: string; costUsd: number }[]>;
  saved(task: Task, files: readonly SavedFile[]): Promise<void>;
  /** Whether the files of an earlier run are still there. */
  areThere(files: readonly SavedFile[]): Promise<boolean>;
  /** Hex. */
  digest(text: string): Promise<string>;
  warn(code: string, message: string): void;
  /** Whether unknown submits may be sent again. */
  resendsUnknown: boolean;
}

const CONCURRENCY = 8;

/** A POST that is under way when the batch stops may still be answered for this long (ms): its id is worth having. */
const DRAIN_MS = 10_000;

/** Throws `ConfigError` for options that no batch can have. */
export function checkBatch<Request>(options: BatchOptions<Request>): void {
  const { concurrency = CONCURRENCY, maxCostUsd = 1 } = options;
  const bad = (param: string, what: string) =>
    new ConfigError(`${param} must be ${what}.`, {
      code: 'bad_option',
      phase: 'config',
      param,
      hint: 'Leave it out for the default.',
    });
  if (!Number.isInteger(concurrency) || concurrency < 1) throw bad('concurrency', 'a whole number from 1');
  if (!(maxCostUsd > 0)) throw bad('maxCostUsd', 'an amount above 0');
  checkedTimeout(options.timeoutMs);
}

/** What is known of a request before it is begun. */
interface Booked<Request> {
  request: Request;
  index: number;
  /** Empty when it could not be told: then `error` says why. */
  key: string;
  error?: Error;
  /** Whether what an earlier run paid for it is in the budget's books. */
  isCounted: boolean;
}

/** One run over the requests. */
export class BatchRun<Request extends { model: string }> {
  readonly #port: BatchPort<Request>;
  readonly #options: BatchOptions<Request>;
  readonly #source: Iterator<Request> | AsyncIterator<Request>;
  readonly #budget: Budget;
  readonly #totals: BatchTotals;
  readonly #done: BatchItem<Request>[] = [];
  readonly #equal = new Map<string, number>();
  readonly #stop = new AbortController();
  readonly #drained = new AbortController();
  readonly #tell: (update: BatchUpdate) => void;
  #taken = 0;
  #begun = 0;
  #pulling: Promise<unknown> = Promise.resolve();
  /** Requests that were looked at before the first purchase. */
  #booked: Booked<Request>[] = [];
  #isDry = false;
  #trouble: { error: unknown } | undefined;
  /** Everybody who waits for anything to change. */
  #changed: (() => void)[] = [];

  constructor(
    requests: Iterable<Request> | AsyncIterable<Request>,
    port: BatchPort<Request>,
    options: BatchOptions<Request>,
  ) {
    this.#port = port;
    this.#options = options;
    this.#source = Symbol.asyncIterator in requests ? requests[Symbol.asyncIterator]() : requests[Symbol.iterator]();
    this.#budget = new Budget(options.maxCostUsd);
    this.#totals = {
      ...{ total: Array.isArray(requests) ? requests.length : undefined, underWay: 0, succeeded: 0, failed: 0 },
      ...{ unknown: 0, continued: 0, costUsd: 0, costUnknown: 0 },
    };
    this.#tell = guarded(options.onUpdate, (error) =>
      port.warn('callback_threw', `onUpdate threw: ${messageOf(error)}`),
    );
  }

  /** The endings, in the order in which they come. Leaving early stops the batch; what is bought stays in the journal. */
  async *items(): AsyncGenerator<BatchItem<Request>, void, undefined> {
    const { signal, concurrency = CONCURRENCY, maxCostUsd } = this.#options;
    const halt = () => this.#halt(signal?.reason);
    if (signal?.aborted) halt();
    signal?.addEventListener('abort', halt, { once: true });
    let drain: ReturnType<typeof setTimeout> | undefined;
    this.#stop.signal.addEventListener('abort', () => {
      drain = setTimeout(() => this.#drained.abort(this.#stop.signal.reason), DRAIN_MS);
    });
    let atWork = concurrency;
    const work = async (): Promise<void> => {
      try {
        await this.#work(concurrency);
      } catch (error) {
        this.#trouble ??= { error };
        this.#halt(error);
      } finally {
        atWork--;
        this.#wakeAll();
      }
    };
    try {
      if (maxCostUsd !== undefined) {
        for (const { model, costUsd } of await this.#port.costs()) this.#budget.seen(model, costUsd);
        if (this.#totals.total !== undefined) await this.#bookAll();
      }
      const workers = Array.from({ length: concurrency }, work);
      try {
        while (atWork > 0 || this.#done.length > 0) {
          const item = this.#done.shift();
          this.#wakeAll();
          if (item !== undefined) yield item;
          else await this.#change();
        }
      } finally {
        this.#halt(new Error('the batch was left'));
        await Promise.all(workers);
      }
      if (this.#trouble !== undefined) throw this.#trouble.error;
      if (signal?.aborted) throw this.#aborted(signal);
    } finally {
      clearTimeout(drain);
      signal?.removeEventListener('abort', halt);
    }
  }

  #halt(reason: unknown): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort(reason);
    this.#wakeAll();
  }

  async #work(concurrency: number): Promise<void> {
    for (;;) {
      // Nothing is bought for a caller who does not come to fetch what is there.
      while (this.#done.length >= concurrency && !this.#stop.signal.aborted) await this.#change();
      const next = await this.#pull();
      if (next === undefined) return;
      this.#begun++;
      this.#totals.underWay++;
      const item = await this.#one(next);
      this.#totals.underWay--;
      this.#count(item);
      this.#done.push(item);
      this.#update(item, item.task?.state, item.error);
      this.#wakeAll();
    }
  }

  /** The next request; one at a time, as an iterator wants it, and the books. */
  async #pull(): Promise<Booked<Request> | undefined> {
    const before = this.#pulling;
    const mine = (async () => {
      await before.catch(() => {});
      if (this.#stop.signal.aborted) return undefined;
      return this.#booked.shift() ?? this.#next();
    })();
    this.#pulling = mine;
    return mine;
  }

  async #next(): Promise<Booked<Request> | undefined> {
    if (this.#isDry) return undefined;
    const next = await this.#source.next();
    this.#isDry = next.done === true;
    return next.done === true ? undefined : this.#book(next.value, this.#taken++);
  }

  /** A list is looked through before anything is bought: what earlier runs paid anywhere in it counts from the start. */
  async #bookAll(): Promise<void> {
    const booked: Booked<Request>[] = [];
    for (let next = await this.#next(); next !== undefined; next = await this.#next()) booked.push(next);
    this.#booked = booked;
  }

  async #book(request: Request, index: number): Promise<Booked<Request>> {
    const booked: Booked<Request> = { request, index, key: '', isCounted: false };
    try {
      booked.key = await this.#keyOf(request, index);
      if (this.#options.maxCostUsd !== undefined) this.#countBefore(booked, await this.#port.recordOf(booked.key));
    } catch (error) {
      booked.error = error instanceof Error ? error : new Error(messageOf(error));
    }
    return booked;
  }

  #countBefore(booked: Booked<Request>, record: JournalRecord | undefined): void {
    if (booked.isCounted || record?.state !== 'succeeded') return;
    booked.isCounted = true;
    this.#budget.spent(booked.request.model, record.costUsd);
  }

  async #one(booked: Booked<Request>): Promise<BatchItem<Request>> {
    const { request, index, key, error } = booked;
    const item: BatchItem<Request> = { index, key, request, continued: false };
    if (error !== undefined) return { ...item, error };
    try {
      if (!(await this.#port.hold(key))) throw heldElsewhere(request.model, key);
      try {
        await this.#live(item, booked);
      } finally {
        this.#port.drop(key);
      }
    } catch (error) {
      item.error = error instanceof Error ? error : new Error(messageOf(error));
    }
    return item;
  }

  async #keyOf(request: Request, index: number): Promise<string> {
    const { name = '', key } = this.#options;
    const own = key?.(request, index);
    const content = own ?? (await this.#port.identify(request));
    const before = this.#equal.get(content) ?? 0;
    if (own === undefined) this.#equal.set(content, before + 1);
    return `b-${(await this.#port.digest(JSON.stringify([name, content, before]))).slice(0, 40)}`;
  }

  /** Bought, or continued; then waited for, then saved. */
  async #live(item: BatchItem<Request>, booked: Booked<Request>): Promise<void> {
    const record = await this.#port.recordOf(item.key);
    this.#countBefore(booked, record);
    const before = record === undefined ? undefined : this.#port.attach(record);
    if (before === undefined) {
      if (record?.state === 'unknown' && !this.#port.resendsUnknown) throw unsettled(record);
      await this.#buy(item);
    } else {
      item.task = before;
      item.continued = true;
      if (record?.state === 'succeeded') item.result = await this.#result(item, before);
      else await this.#counted(item, async () => before);
    }
    const known = record?.files;
    if (this.#options.outDir === undefined || item.task === undefined || item.result === undefined) return;
    item.files =
      known !== undefined && (await this.#port.areThere(known))
        ? known
        : await item.result.download(folderOf(this.#options.outDir), { signal: this.#stop.signal });
    if (item.files !== known) await this.#port.saved(item.task, item.files);
  }

  async #buy(item: BatchItem<Request>): Promise<void> {
    const { model } = item.request;
    for (;;) {
      if (this.#stop.signal.aborted) throw this.#notSent();
      const verdict = this.#budget.verdict(model, this.#options.estimateUsd?.(item.request));
      if (verdict === 'buy') break;
      if (verdict !== 'wait') throw this.#tooDear(verdict, model);
      await this.#change();
    }
    await this.#counted(item, () => this.#port.submit(item.request, { key: item.key, signal: this.#drained.signal }));
  }

  /** Waits for the result of a task that is in the budget's books until it ends. */
  async #counted(item: BatchItem<Request>, begin: () => Promise<Task>): Promise<void> {
    const { model } = item.request;
    this.#budget.begin(item.key, model, this.#options.estimateUsd?.(item.request));
    let how: 'succeeded' | 'free' | 'open' = 'free';
    try {
      item.task = await begin();
      item.result = await this.#result(item, item.task);
      how = 'succeeded';
    } catch (error) {
      const status = item.task?.state.status;
      // The vendor does not charge for what failed, or says what it charged.
      if (status !== 'failed' && status !== 'cancelled' && ImaRouterError.is(error) && error.mayBeBilled) how = 'open';
      throw error;
    } finally {
      this.#budget.end(item.key, model, how, item.task?.state.costUsd);
      this.#wakeAll();
    }
  }

  async #result(item: BatchItem<Request>, task: Task): Promise<TaskResult> {
    const onUpdate = (state: TaskState) => this.#update(item, state);
    return task.result({ signal: this.#stop.signal, timeoutMs: this.#options.timeoutMs, onUpdate });
  }

  #count({ result, error, continued }: BatchItem<Request>): void {
    const totals = this.#totals;
    if (continued) totals.continued++;
    if (result !== undefined) totals.succeeded++;
    else if (error instanceof SubmitUnknownError) totals.unknown++;
    else totals.failed++;
    if (result !== undefined && result.costUsd === undefined) totals.costUnknown++;
    totals.costUsd = this.#budget.toldUsd;
  }

  #update({ index, key }: BatchItem<Request>, state?: TaskState, error?: Error): void {
    this.#tell({ index, key, state, error, totals: { ...this.#totals } });
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#changed.push(resolve));
  }

  #wakeAll(): void {
    for (const wake of this.#changed.splice(0)) wake();
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

  #notSent(): WaitAbortedError {
    return new WaitAbortedError('The batch was stopped before this request was sent.', {
      code: 'aborted',
      phase: 'submit',
      hint: 'Run the same batch again: what is bought is not bought twice.',
      cause: this.#stop.signal.reason,
    });
  }

  #aborted(signal: AbortSignal): WaitAbortedError {
    return new WaitAbortedError(`The batch was aborted after ${this.#begun} requests; what is bought runs on.`, {
      code: 'wait_aborted',
      phase: 'poll',
      mayBeBilled: true,
      hint: 'Run the same batch again: it goes on where it stopped.',
      cause: signal.reason,
    });
  }
}

function folderOf(outDir: string): string {
  return /[/\\]$/.test(outDir) ? outDir : `${outDir}/`;
}
