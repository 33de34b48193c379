// The tasks of one client: handles on what was bought, now or before, their status calls, and what is noted of them.

import type { Modality } from '../catalog/index.js';
import { Downloads, type KeptFile, type MediaAccess, Output, type OutputFacts } from '../media/index.js';
import { ConfigError, messageOf, RateLimitError, type Stop, sha256, type Transport } from '../transport/index.js';
import { Answered } from './answered.js';
import { type BatchItem, type BatchOptions, checkBatch } from './batch.js';
import { type BatchPort, BatchRun } from './batch-run.js';
import { type DurationPriors, Durations } from './durations.js';
import { isEnded, type Journal, type JournalRecord, type RecordFile } from './journal.js';
import { nextDelay, type PollPolicy } from './pace.js';
import type { Watched } from './progress.js';
import { type Prepared, Purchases, refOf, type SubmitAt } from './purchase.js';
import type { TaskReaders } from './readers.js';
import { Records } from './records.js';
import type { TaskRef } from './ref.js';
import type { TaskState } from './result.js';
import type { Scheduler } from './scheduler.js';
import type { StateReading } from './state.js';
import { Task, type TaskPort } from './task.js';
import type { Warning } from './warning.js';

/** What an engine works with. */
export interface EngineOptions {
  gateway: string;
  transport: Transport;
  readers: TaskReaders;
  journal: Journal;
  scheduler: Scheduler;
  poll: PollPolicy;
  /** How long things take, as far as the gateway says. */
  durations: DurationPriors;
  media: MediaAccess;
  /** By path: what to call instead where no task is made. */
  verbs: Readonly<Record<string, string>>;
  /** Default patience per modality, in milliseconds. */
  waitMs: Readonly<Partial<Record<Modality, number>>>;
  /** No submit takes longer than this, retries included, in milliseconds. */
  longestSubmitMs: number;
  /** Whether a submit of unknown fate may be sent again. */
  resendsUnknown: boolean;
  warn: (warning: Warning) => void;
  /** Milliseconds since 1970, on a clock that never goes back. */
  now: () => number;
  random: () => number;
}

/** Which tasks are wanted back. */
export interface ResumeFilter {
  model?: string | undefined;
}

/** Patience where the gateway names none: an hour. */
const FALLBACK_WAIT_MS = 3_600_000;

/** Submits and polls the tasks of one client. */
export class TaskEngine implements TaskPort {
  readonly scheduler: Scheduler;
  readonly #records: Records;
  readonly #options: EngineOptions;
  readonly #purchases: Purchases;
  readonly #durations: Durations;
  readonly #downloads: Downloads;
  readonly #answered: Answered;
  /** Ids that the journal does not know yet: their note failed. */
  readonly #unnoted = new Set<string>();
  /** By id, notes of such ids that are under way. */
  readonly #noting = new Map<string, Promise<void>>();
  /** By key, handles that `resume` gave and nobody waits for yet: whoever asks again gets the same. */
  readonly #resumed = new Map<string, { task: Task; ref: TaskRef }>();

  constructor(options: EngineOptions) {
    this.#options = options;
    this.scheduler = options.scheduler;
    this.#durations = new Durations(options.durations);
    this.#downloads = new Downloads(options.media);
    this.#answered = new Answered(options.now);
    this.#records = new Records({ ...options, warn: ({ code, message, ...rest }) => this.warn(code, message, rest) });
    this.#purchases = new Purchases({ ...options, records: this.#records });
  }

  /** Buys a task; see `Purchases.submit`. */
  async submit(prepared: Prepared, at: SubmitAt): Promise<Task> {
    const { ref, isNoted, isAnswered, ...first } = await this.#purchases.submit(prepared, at);
    if (!isNoted) this.#unnoted.add(ref.id);
    if (isAnswered) this.#answered.add(ref.id);
    const task = new Task(ref, this, first);
    // The answer may have brought the end at once.
    await this.#noteEnd(ref, task.state);
    return task;
  }

  /** A handle on a task that is known from elsewhere. Makes no call. Throws `ConfigError` for another gateway's. */
  attach(ref: TaskRef, startedAt?: number): Task {
    if (ref.gateway !== this.#options.gateway) {
      throw new ConfigError(`Task ${ref.id} belongs to the gateway ${ref.gateway}, not to ${this.#options.gateway}.`, {
        code: 'wrong_gateway',
        phase: 'config',
        taskId: ref.id,
        hint: 'Use the client of that gateway.',
      });
    }
    return new Task(ref, this, { startedAt });
  }

  /**
   * The tasks of the journal that are not finished and that nobody alive is waiting for; from now on they are this
   * client's. Intents whose submitter is dead become `unknown`. Throws `ConfigError` when the journal cannot be read.
   */
  async resume({ model }: ResumeFilter = {}): Promise<Task[]> {
    const isWanted = (record: JournalRecord) => model === undefined || record.model === model;
    const intents = await this.#records.list({ state: 'intent' });
    await inParallel(intents.filter(isWanted), (record) => this.#records.settled(record));
    const submitted = await this.#records.list({ state: 'submitted' });
    // What is uploaded is no result: who needs it asks for it again, and finds it.
    const wanted = submitted.filter((record) => isWanted(record) && record.modality !== 'asset');
    const tasks = await inParallel(wanted, ({ key }) => this.#taken(key));
    return tasks.filter((task) => task !== undefined);
  }

  /** The task of a record that is ours from now on; undefined if somebody else is at it, or it has ended. */
  async #taken(key: string): Promise<Task | undefined> {
    if (!(await this.#records.keepForLater(key))) return undefined;
    // It may have ended, or changed hands, between the list and the hold.
    const record = await this.#records.get(key);
    if (record?.taskId === undefined || record.state !== 'submitted') {
      this.#records.keepNoLonger(key);
      return undefined;
    }
    const known = this.#resumed.get(key);
    if (known !== undefined) return known.task;
    const ref = refOf(record, record.taskId);
    const task = this.attach(ref, Date.parse(record.createdAt));
    this.#resumed.set(key, { task, ref });
    return task;
  }

  /** Many requests as one piece of work; see `BatchOptions`. Throws `ConfigError` at once for wrong options. */
  batch<Request extends { model: string }>(
    requests: Iterable<Request> | AsyncIterable<Request>,
    prepare: (request: Request) => Promise<Prepared>,
    options: BatchOptions<Request>,
  ): AsyncGenerator<BatchItem<Request>, void, undefined> {
    checkBatch(requests, options);
    const records = this.#records;
    const { resendsUnknown } = this.#options;
    const port: BatchPort<Request> = {
      prepare,
      submit: (prepared, at) => this.submit(prepared, { ...at, resendsUnknown }),
      attach: (record) => {
        const { taskId, state } = record;
        const isPending = state === 'submitted' || state === 'succeeded';
        return taskId === undefined || !isPending
          ? undefined
          : this.attach(refOf(record, taskId), Date.parse(record.createdAt));
      },
      hold: (key) => records.holdAlone(key),
      drop: (key) => records.drop(key),
      look: (key) => records.get(key),
      settled: (key) => records.settledByHolder(key),
      costs: async () => {
        const ended = await records.list({ state: 'succeeded' });
        return ended.flatMap(({ model, costUsd }) => (costUsd === undefined ? [] : [{ model, costUsd }]));
      },
      filesThere: (files, folder, count) => this.#downloads.filesThere(files, folder, count),
      prepareFolder: (folder) => this.#downloads.prepareFolder(folder),
      // Gateways that share a journal share no keys.
      digest: (text) => sha256(JSON.stringify([this.#options.gateway, text])),
      warn: (code, message) => this.warn(code, message),
      resendsUnknown,
    };
    return new BatchRun(requests, port, options).items();
  }

  async poll(
    ref: TaskRef,
    signal: Stop,
    timeoutMs: number | undefined,
  ): Promise<{ reading: StateReading | null; raw: unknown }> {
    const { transport, readers, now } = this.#options;
    if (this.#unnoted.delete(ref.id)) this.#noting.set(ref.id, this.#noteAgain(ref));
    const askedAt = now();
    try {
      const answer = await transport.request({
        ...(readers.pollCall?.(ref) ?? {
          method: 'GET',
          path: ref.pollPath.replace(/\{\w+\}/, encodeURIComponent(ref.id)),
        }),
        phase: 'poll',
        paid: false,
        attempts: 1,
        timeoutMs,
        signal,
        traceId: ref.traceId ?? undefined,
        taskId: ref.id,
      });
      this.scheduler.goesWell(askedAt);
      return { reading: this.#answered.read(ref.id, readers.readState(answer, ref)), raw: answer.json };
    } catch (error) {
      if (error instanceof RateLimitError) this.scheduler.slowDown(askedAt, error.retryAfterMs);
      throw error;
    }
  }

  /** The store may have come back since the id could not be written: another process should find it. */
  async #noteAgain(ref: TaskRef): Promise<void> {
    let isKnown = false;
    const isWritten = await this.#noteOf(ref, ({ state: before }) => {
      isKnown = before !== 'intent' && before !== 'unknown';
      return isKnown ? undefined : { state: 'submitted', taskId: ref.id };
    });
    if (!isWritten && !isKnown) this.#unnoted.add(ref.id);
    this.#noting.delete(ref.id);
  }

  delay({ model, modality }: TaskRef, at: { elapsedMs: number; watched: Watched; answeredMs: number }): number {
    const { poll, random } = this.#options;
    const known = this.#durations.of(model, modality);
    return nextDelay(
      { ...at, known, prescribed: { firstMs: poll.firstMs, sinceMs: at.answeredMs } },
      poll.bounds,
      random,
    );
  }

  /** The task may have been given what it waited for: its gateway is to tell, and gets the time that it needs to hear of it. */
  mayBeAnswered(id: string): void {
    this.#answered.add(id);
  }

  isAnswered({ id }: TaskRef): boolean {
    return this.#answered.has(id);
  }

  readonly onAbort = (signal: AbortSignal, listener: () => void): (() => void) =>
    this.#options.transport.aborts.on(signal, listener);

  output(facts: OutputFacts, ref: TaskRef, { index, count }: { index: number; count: number }): Output {
    // Where there are several, nobody says which one the gateway's own copy is.
    const lastResort = count === 1 ? this.#options.readers.contentPath?.(ref) : undefined;
    return new Output(
      { ...facts, url: this.#absolute(facts.url) },
      {
        model: ref.model,
        taskId: ref.id,
        index,
        warn: (code, message) => this.warn(code, message, { taskId: ref.id }),
        reread: async (signal) => (await this.attach(ref).refresh({ signal })).outputs,
        lastResort: lastResort === undefined ? undefined : this.#absolute(lastResort),
        kept: () => this.#keptOf(ref),
        keep: (file) => this.#keep(ref, file),
      },
      this.#downloads,
    );
  }

  /** A path without a host is the gateway's own: it stands below the base URL, wherever that is. */
  #absolute(url: string): string {
    return url.startsWith('/') ? this.#options.transport.baseUrl + url : url;
  }

  async ended(ref: TaskRef, state: TaskState, at: { elapsedMs: number; watched: Watched }): Promise<void> {
    this.#durations.learn(ref.model, ref.modality, at.elapsedMs, at.watched);
    await this.#noteEnd(ref, state);
  }

  waiting(ref: TaskRef): () => void {
    const { key } = ref;
    if (key === undefined) return () => {};
    // Another handle on the same task has a hold of its own: that of the resumed one is kept for it.
    const isResumed = this.#resumed.get(key)?.ref === ref && this.#resumed.delete(key);
    // Waiting does not wait for this: whoever else holds the task, looking is free.
    const held = this.#records.hold(key, isResumed ? 'takesOver' : undefined).catch((failure: unknown) => {
      this.warn('journal_claim_failed', messageOf(failure), { taskId: ref.id });
      return false;
    });
    return () => {
      held.then((isOurs) => {
        if (isOurs) this.#records.drop(key);
      });
    };
  }

  defaultWaitMs(ref: TaskRef): number {
    return this.#options.waitMs[ref.modality] ?? FALLBACK_WAIT_MS;
  }

  warn(code: string, message: string, fields: Record<string, unknown> = {}): void {
    this.#options.warn(this.redact({ code, message, ...fields }));
  }

  readonly redact = <T>(value: T): T => this.#options.transport.redact(value);

  now(): number {
    return this.#options.now();
  }

  /** Notes the end of a task; nothing happens while it has none. */
  async #noteEnd(ref: TaskRef, { status, costUsd, error, outputs }: TaskState): Promise<void> {
    if (status === 'queued' || status === 'running') return;
    if (ref.key !== undefined && this.#resumed.delete(ref.key)) this.#records.keepNoLonger(ref.key);
    // One after the other: the end is the last word.
    await this.#noting.get(ref.id);
    this.#unnoted.delete(ref.id);
    await this.#noteOf(ref, ({ state: before }) =>
      isEnded(before)
        ? undefined
        : {
            state: status,
            taskId: ref.id,
            ...(status === 'succeeded' ? { outputs: outputs.length } : {}),
            ...(costUsd === undefined ? {} : { costUsd }),
            ...(error === undefined ? {} : { error: this.redact(error) }),
          },
    );
  }

  /** Files that the journal knows of a task; none where it has no record, or cannot be read. */
  async #keptOf(ref: TaskRef): Promise<readonly KeptFile[]> {
    try {
      return (await this.#records.recordOf(ref))?.files ?? [];
    } catch (error) {
      this.warn('journal_unavailable', `Files of task ${ref.id} could not be looked up: ${messageOf(error)}`);
      return [];
    }
  }

  /** Notes a saved file. One after the other for one task, whoever else saves some of it: each note is made of the one before. */
  async #keep(ref: TaskRef, file: RecordFile): Promise<void> {
    const note = (): Promise<boolean> =>
      this.#noteOf(ref, ({ files = [] }) => ({ files: [...files.filter(({ path }) => path !== file.path), file] }));
    await this.#records.inTurn(`files-${(await sha256(JSON.stringify([ref.gateway, ref.id]))).slice(0, 40)}`, note);
  }

  /**
   * Notes a change in the record of a task, if this journal has one; true when that is written. Trouble is a warning: the
   * task is what it is.
   */
  async #noteOf(
    ref: TaskRef,
    change: (before: Readonly<JournalRecord>) => Partial<JournalRecord> | undefined,
  ): Promise<boolean> {
    try {
      const record = await this.#records.recordOf(ref);
      const note = record === undefined ? undefined : change(record);
      return record !== undefined && note !== undefined && (await this.#records.note(record, note));
    } catch (error) {
      const message = `The journal could not note what became of task ${ref.id}: ${messageOf(error)}`;
      this.warn('journal_write_failed', message, { taskId: ref.id });
      return false;
    }
  }
}

/** Records that are looked at side by side: more would only crowd the disk. */
const AT_ONCE = 32;

/** What `work` makes of each item, in their order, some at a time. */
async function inParallel<Item, Made>(items: readonly Item[], work: (item: Item) => Promise<Made>): Promise<Made[]> {
  const made: Made[] = [];
  const rest = items.entries();
  const one = async (): Promise<void> => {
    for (const [index, item] of rest) made[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, one));
  return made;
}
