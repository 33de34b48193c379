// Many requests as one piece of work: bounded, continued instead of paid again, every item with its own ending.

import {
  guarded,
  ImaRouterError,
  messageOf,
  SubmitUnknownError,
  TaskNotFoundError,
  WaitAbortedError,
} from '../transport/index.js';
import { type BatchItem, type BatchOptions, type BatchTotals, type BatchUpdate, CONCURRENCY } from './batch.js';
import { asError, type Booked, Books, type BooksPort } from './batch-books.js';
import type { JournalRecord, RecordFile } from './journal.js';
import { heldElsewhere, type Prepared, unsettled } from './purchase.js';
import { TaskResult, type TaskState } from './result.js';
import { unlessStopped } from './stops.js';
import type { Task } from './task.js';

/** What the client does for a batch. */
export interface BatchPort<Request> extends BooksPort<Request> {
  submit(prepared: Prepared, at: { key: string; signal: AbortSignal; stop: AbortSignal }): Promise<Task>;
  /** The task of a record that is pending or succeeded. */
  attach(record: JournalRecord): Task | undefined;
  /** Takes the key for this run; false when somebody else alive has it. */
  hold(key: string): Promise<boolean>;
  drop(key: string): void;
  /** The record of a key that is held: what its submitter left as an intent is `unknown` from now on. */
  settled(key: string): Promise<JournalRecord | undefined>;
  /** Costs of earlier purchases, by model. */
  costs(): Promise<{ model: string; costUsd: number }[]>;
  /** The files of so many outputs in that folder; undefined unless all are there, and what they were. */
  filesThere(files: readonly RecordFile[], folder: string, count: number): Promise<readonly RecordFile[] | undefined>;
  /** Makes that folder; throws where nothing could be saved in it. */
  prepareFolder(folder: string): Promise<void>;
  warn(code: string, message: string): void;
  /** Whether submits of unknown fate may be sent again. */
  resendsUnknown: boolean;
}

/** A POST that is under way when the batch stops may still be answered for this long (ms): its id is worth having. */
const DRAIN_MS = 10_000;

/** One run over the requests. */
export class BatchRun<Request extends { model: string }> {
  readonly #port: BatchPort<Request>;
  readonly #options: BatchOptions<Request>;
  readonly #source: Iterator<Request> | AsyncIterator<Request>;
  readonly #books: Books<Request>;
  readonly #totals: BatchTotals;
  readonly #done: BatchItem<Request>[] = [];
  /** Fires first: nothing is begun any more. What is under way ends, at the latest when `#drained` fires. */
  readonly #stop = new AbortController();
  readonly #drained = new AbortController();
  readonly #tell: (update: BatchUpdate) => void;
  #taken = 0;
  #begun = 0;
  #isDry = false;
  /** Whether anything was bought, or may have been. */
  #isBilled = false;
  /** Whether the stop took anything away from the caller. */
  #isCut = false;
  #pulling: Promise<unknown> = Promise.resolve();
  /** Requests that were looked at before the first purchase. */
  #booked: Booked<Request>[] = [];
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
    const { prepare, look } = port;
    this.#books = new Books(
      { ...port, prepare: (request) => this.#heard(prepare(request)), look: (key) => this.#heard(look(key)) },
      options,
    );
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
    const { signal, concurrency = CONCURRENCY, maxCostUsd, outDir } = this.#options;
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
      // A folder that cannot be had is told of before anything is bought for it.
      if (outDir !== undefined && !this.#stop.signal.aborted) await this.#port.prepareFolder(outDir);
      if (maxCostUsd !== undefined) await this.#readBooks();
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
      if (signal?.aborted && this.#isCut) throw this.#aborted(signal);
    } finally {
      clearTimeout(drain);
      signal?.removeEventListener('abort', halt);
      this.#leaveSource();
    }
  }

  #halt(reason: unknown): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort(reason);
    this.#wakeAll();
  }

  /** A list is looked through before anything is bought: what earlier runs bought anywhere in it counts from the start. */
  async #readBooks(): Promise<void> {
    this.#books.open((await this.#unlessLeft(this.#port.costs())) ?? []);
    if (this.#totals.total === undefined) return;
    const booked: Booked<Request>[] = [];
    for (let next = await this.#next(); next !== undefined; next = await this.#next()) booked.push(next);
    // What is pending goes first: the others wait in vain for its cost while it waits for a place.
    this.#booked = [...booked.filter(({ isPending }) => isPending), ...booked.filter(({ isPending }) => !isPending)];
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
      if (this.#stop.signal.aborted) {
        const { total } = this.#totals;
        this.#isCut ||= total === undefined ? !this.#isDry : this.#begun < total;
        return undefined;
      }
      return this.#booked.shift() ?? this.#next();
    })();
    this.#pulling = mine;
    return mine;
  }

  async #next(): Promise<Booked<Request> | undefined> {
    if (this.#isDry) return undefined;
    // A source may be silent for hours; who leaves does not wait for it.
    const next = await this.#unlessLeft(Promise.resolve(this.#source.next()));
    if (next === undefined) return undefined;
    this.#isDry = next.done === true;
    return next.done === true ? undefined : this.#books.book(next.value, this.#taken++);
  }

  /** Tells the source that nobody comes any more, without waiting for what it does about it. */
  #leaveSource(): void {
    if (this.#isDry) return;
    this.#isDry = true;
    const left = async () => this.#source.return?.();
    left().catch(() => {});
  }

  async #one(booked: Booked<Request>): Promise<BatchItem<Request>> {
    const { request, index, key, prepared } = booked;
    const item: BatchItem<Request> = { index, key, request, continued: false };
    try {
      if (booked.error !== undefined || prepared === undefined) throw booked.error;
      const isOurs = await this.#heard(this.#port.hold(key), () => this.#port.drop(key));
      try {
        const record = await this.#heard(isOurs ? this.#port.settled(key) : this.#port.look(key));
        this.#books.foundBefore(booked, record);
        await this.#live(item, booked, { prepared, record, isOurs });
      } finally {
        if (isOurs) this.#port.drop(key);
      }
    } catch (error) {
      item.error = asError(error);
      // Also a submit whose answer did not come in the time that a stop leaves.
      const isLetGo = error instanceof WaitAbortedError || this.#drained.signal.aborted;
      if (this.#stop.signal.aborted && isLetGo) this.#isCut = true;
    } finally {
      this.#books.closed(booked);
    }
    return item;
  }

  /** Continued, or bought; then waited for, then saved. */
  async #live(
    item: BatchItem<Request>,
    booked: Booked<Request>,
    { prepared, record, isOurs }: { prepared: Prepared; record: JournalRecord | undefined; isOurs: boolean },
  ): Promise<void> {
    const before = record === undefined ? undefined : this.#port.attach(record);
    if (record === undefined || before === undefined) {
      // Looking is free, buying is not: who does not hold the key leaves it to him who does.
      if (!isOurs || record?.state === 'intent') throw heldElsewhere(item.request.model, item.key);
      const isOver = record === undefined || record.state === 'failed' || record.state === 'cancelled';
      // What succeeded without an id on record was bought all the same.
      if (!isOver && !(record.state === 'unknown' && this.#port.resendsUnknown)) throw unsettled(record);
      await this.#buy(item, booked, prepared);
    } else {
      item.task = before;
      item.continued = true;
      this.#totals.continued++;
      if (record.state === 'succeeded') item.result = await this.#resultAgain(item, before, record);
      else await this.#counted(item, booked, async () => before);
    }
    await this.#save(item);
  }

  /** Gateways forget their tasks after some weeks: what is on the disk by then is a result all the same. */
  async #resultAgain(item: BatchItem<Request>, task: Task, record: JournalRecord): Promise<TaskResult> {
    try {
      return await this.#result(item, task);
    } catch (error) {
      const { outDir } = this.#options;
      const { model, taskId = '', files = [], outputs = 0, costUsd } = record;
      if (!(error instanceof TaskNotFoundError) || outDir === undefined || outputs === 0) throw error;
      const there = await this.#port.filesThere(files, outDir, outputs);
      if (there === undefined) throw error;
      item.files = there.map(({ path, bytes, sha256, contentType }) => ({
        path,
        bytes,
        sha256,
        contentType,
        skipped: true,
      }));
      const state = { id: taskId, model, status: 'succeeded', rawStatus: '', outputs: [], raw: undefined } as const;
      return new TaskResult(costUsd === undefined ? state : { ...state, costUsd });
    }
  }

  async #save(item: BatchItem<Request>): Promise<void> {
    const { outDir } = this.#options;
    const { result } = item;
    if (outDir === undefined || result === undefined || item.files !== undefined) return;
    const folder = /[/\\]$/.test(outDir) ? outDir : `${outDir}/`;
    // The name has the task's id in it: what lies there is from an earlier run, perhaps one that was cut off before it noted it.
    item.files = await result.download(folder, { signal: this.#stop.signal, overwrite: 'unverified' });
  }

  async #buy(item: BatchItem<Request>, booked: Booked<Request>, prepared: Prepared): Promise<void> {
    for (;;) {
      if (this.#stop.signal.aborted) throw this.#notSent();
      if (this.#books.mayBuy(booked)) break;
      await this.#change();
    }
    const at = { key: item.key, stop: this.#stop.signal, signal: this.#drained.signal };
    await this.#counted(item, booked, () => this.#port.submit(prepared, at));
  }

  /** Waits for the result of a task that is in the budget's books until it ends. */
  async #counted(item: BatchItem<Request>, booked: Booked<Request>, begin: () => Promise<Task>): Promise<void> {
    this.#books.begun(booked);
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
      this.#books.ended(booked, how, item.task?.state.costUsd);
      this.#wakeAll();
    }
  }

  async #result(item: BatchItem<Request>, task: Task): Promise<TaskResult> {
    const onUpdate = (state: TaskState) => this.#update(item, state);
    return task.result({ signal: this.#stop.signal, timeoutMs: this.#options.timeoutMs, onUpdate });
  }

  #count({ task, result, error }: BatchItem<Request>): void {
    const totals = this.#totals;
    this.#isBilled ||= task !== undefined || (ImaRouterError.is(error) && error.mayBeBilled);
    if (result !== undefined) totals.succeeded++;
    else if (error instanceof SubmitUnknownError) totals.unknown++;
    else totals.failed++;
    if (result !== undefined && result.costUsd === undefined) totals.costUnknown++;
    totals.costUsd += result?.costUsd ?? task?.state.costUsd ?? 0;
  }

  #update({ index, key }: BatchItem<Request>, state?: TaskState, error?: Error): void {
    this.#tell({ index, key, state, error, totals: { ...this.#totals } });
  }

  /** What the store says, unless the batch stops first: one that hangs must not hold who leaves. */
  #heard<Value>(work: Promise<Value>, givenUp?: () => void): Promise<Value> {
    return unlessStopped(work, { stop: this.#stop.signal }, givenUp);
  }

  /** The same for what is needed no more once the batch stops: undefined then. */
  async #unlessLeft<Value>(work: Promise<Value>): Promise<Value | undefined> {
    try {
      return await this.#heard(work);
    } catch (error) {
      if (this.#stop.signal.aborted) return undefined;
      throw error;
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#changed.push(resolve));
  }

  #wakeAll(): void {
    for (const wake of this.#changed.splice(0)) wake();
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
      mayBeBilled: this.#isBilled,
      hint: 'Run the same batch again: it goes on where it stopped.',
      cause: signal.reason,
    });
  }
}
