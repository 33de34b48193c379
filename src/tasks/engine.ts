// From an accepted request to a task and its states: write down, send once, write down the id, ask until it ends.

import type { Modality, Route } from '../catalog/index.js';
import { type MediaAccess, Output, type OutputFacts } from '../media/index.js';
import {
  type Answer,
  ConfigError,
  derived,
  type ImaRouterError,
  messageOf,
  SubmitUnknownError,
  type Transport,
} from '../transport/index.js';
import type { Journal, JournalRecord } from './journal.js';
import { nextDelay, type PollBounds } from './pace.js';
import { isPollable, type TaskRef } from './ref.js';
import type { TaskState } from './result.js';
import type { Scheduler } from './scheduler.js';
import { isTerminal, type StateReading, type SubmitReading } from './state.js';
import { Task, type TaskPort } from './task.js';
import type { Warning } from './warning.js';

/** How a gateway's answers read. Pure functions; handed down by the gateway, must not throw. */
export interface TaskReaders {
  readSubmit(answer: Answer, at: { path: string; modality: Modality }): SubmitReading;
  /** Null when the answer says nothing about the task (`{"code":"success","data":null}`). */
  readState(answer: Answer, at: { pollPath: string; modality: Modality }): StateReading | null;
}

/** What an engine works with. */
export interface EngineOptions {
  gateway: string;
  transport: Transport;
  readers: TaskReaders;
  journal: Journal;
  scheduler: Scheduler;
  bounds: PollBounds;
  media: MediaAccess;
  /** Default patience per modality, in milliseconds. */
  waitMs: Readonly<Partial<Record<Modality, number>>>;
  warn: (warning: Warning) => void;
  now: () => number;
  random: () => number;
}

/** Patience where the gateway names none: an hour. */
const FALLBACK_WAIT_MS = 3_600_000;

/** Submits and polls the tasks of one client. */
export class TaskEngine implements TaskPort {
  readonly #options: EngineOptions;
  /** Journal keys of the tasks that this engine submitted. */
  readonly #records = new Map<string, JournalRecord>();

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /** Throws `ConfigError` where nothing could be submitted to `route`: it makes no task, or there is no key. */
  assertReady(route: Route): { pollPath: string } {
    if (route.pollPath === null) throw notATask(route);
    this.#options.transport.authHeaders('config');
    return { pollPath: route.pollPath };
  }

  /**
   * Buys one task with the JSON `body`. The intent is in the journal before the POST leaves, the id before this resolves.
   * Throws `SubmitUnknownError` when nobody can say whether it was taken, and the typed error of a refusal.
   */
  async submit(
    route: Route,
    body: string,
    at: { signal?: AbortSignal | undefined; traceId?: string | undefined; headers?: Record<string, string> },
  ): Promise<Task> {
    const { transport, readers, journal, gateway } = this.#options;
    const { pollPath } = this.assertReady(route);
    const traceId = checkedTraceId(at.traceId) ?? crypto.randomUUID();
    const nowIso = new Date(this.#options.now()).toISOString();
    const record: JournalRecord = {
      v: 1,
      key: crypto.randomUUID(),
      gateway,
      model: route.model,
      endpoint: route.path,
      pollPath,
      modality: route.modality,
      traceId,
      state: 'intent',
      createdAt: nowIso,
      updatedAt: nowIso,
    };
    try {
      await journal.put({ ...record });
    } catch (cause) {
      throw new ConfigError('The journal cannot be written, so nothing was sent.', {
        code: 'journal_unavailable',
        phase: 'config',
        hint: 'Make the journal writable, or use another one.',
        cause,
      });
    }
    const reading = (answer: Answer) => readers.readSubmit(answer, { path: route.path, modality: route.modality });
    let answer: Answer;
    try {
      answer = await transport.request({
        method: route.method,
        path: route.path,
        body,
        headers: at.headers,
        phase: 'submit',
        paid: true,
        signal: derived(at.signal),
        traceId,
        inspect: (candidate) => {
          const read = reading(candidate);
          if (read === null || ('id' in read && !isPollable(read.id))) return 'unreadable';
          return 'refusal' in read ? read.refusal : 'good';
        },
      });
    } catch (error) {
      if (error instanceof SubmitUnknownError) await this.#note(record, { state: 'unknown' });
      else await journal.delete(record.key).catch((failure) => this.#journalFailed(record, failure));
      throw error;
    }
    const read = reading(answer);
    if (read === null || 'refusal' in read) throw new TypeError('an answer without an id was inspected and passed');
    await this.#note(record, { state: 'submitted', taskId: read.id });
    const ref: TaskRef = {
      v: 1,
      gateway,
      id: read.id,
      model: route.model,
      endpoint: route.path,
      pollPath,
      modality: route.modality,
      traceId,
    };
    this.#records.set(read.id, record);
    return new Task(ref, this, { reading: read.state, raw: answer.json });
  }

  /** A handle on a task that is known from elsewhere. Makes no call. */
  attach(ref: TaskRef): Task {
    if (ref.gateway !== this.#options.gateway) {
      throw new ConfigError(`Task ${ref.id} belongs to the gateway ${ref.gateway}, not to ${this.#options.gateway}.`, {
        code: 'wrong_gateway',
        phase: 'config',
        taskId: ref.id,
        hint: 'Use the client of that gateway.',
      });
    }
    return new Task(ref, this);
  }

  async poll(ref: TaskRef, signal: AbortSignal): Promise<{ reading: StateReading | null; raw: unknown }> {
    const { transport, readers } = this.#options;
    const answer = await transport.request({
      method: 'GET',
      path: ref.pollPath.replace(/\{\w+\}/, encodeURIComponent(ref.id)),
      phase: 'poll',
      paid: false,
      attempts: 1,
      signal,
      traceId: ref.traceId ?? undefined,
      taskId: ref.id,
    });
    return { reading: readers.readState(answer, ref), raw: answer.json };
  }

  async nextTurn(at: Parameters<TaskPort['nextTurn']>[0]): Promise<void> {
    const { bounds, scheduler, now, random } = this.#options;
    await scheduler.turn({ dueAt: now() + nextDelay(at, bounds, random), notAfter: at.notAfter, signal: at.signal });
  }

  output(facts: OutputFacts, ref: TaskRef, index: number): Output {
    return new Output(facts, {
      model: ref.model,
      taskId: ref.id,
      index,
      access: this.#options.media,
      warn: (code, message) => this.warn(code, message, { taskId: ref.id }),
    });
  }

  async changed(ref: TaskRef, state: TaskState): Promise<void> {
    const record = this.#records.get(ref.id);
    if (record === undefined || !isTerminal(state.status)) return;
    await this.#note(record, {
      state: state.status === 'succeeded' || state.status === 'failed' ? state.status : 'cancelled',
      ...(state.costUsd === undefined ? {} : { costUsd: state.costUsd }),
    });
    this.#records.delete(ref.id);
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

  /** Writes a later note. A failure is a warning: what is bought is bought, and its id is in the caller's hand. */
  async #note(record: JournalRecord, change: Partial<JournalRecord>): Promise<void> {
    Object.assign(record, change, { updatedAt: new Date(this.#options.now()).toISOString() });
    await this.#options.journal.put({ ...record }).catch((failure) => this.#journalFailed(record, failure));
  }

  #journalFailed(record: JournalRecord, failure: unknown): void {
    const reason = messageOf(failure);
    this.warn(
      'journal_write_failed',
      `The journal could not note "${record.state}" for a ${record.model} task: ${reason}`,
      {
        taskId: record.taskId,
        traceId: record.traceId,
      },
    );
  }
}

function checkedTraceId(traceId: string | undefined): string | undefined {
  if (traceId === undefined || /^[\x21-\x7e]{1,200}$/.test(traceId)) return traceId;
  throw new ConfigError(`${JSON.stringify(traceId)} cannot be a trace id.`, {
    code: 'bad_option',
    phase: 'config',
    param: 'traceId',
    hint: 'A trace id is one word of ASCII characters.',
  });
}

function notATask(route: Route): ImaRouterError {
  return new ConfigError(`"${route.model}" answers at once at ${route.path}: it makes no task.`, {
    code: 'not_a_task',
    phase: 'route',
    hint: 'Call it through `ima.api`.',
  });
}
