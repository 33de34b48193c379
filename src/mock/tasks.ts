// The life of a task: queued, running, done, as a function of the time since it was submitted.

import type { Standstill } from './chaos.js';
import type { MockGateway, Phase, SubmitRoute } from './gateway.js';
import type { Json } from './json.js';
import { chance, token } from './random.js';

/** Part of a task's whole time that it may wait in the queue. */
const QUEUE_SHARE = { least: 0.05, most: 0.2 };

export interface Task {
  readonly id: string;
  /** The key that submitted it; nobody else can see it. */
  readonly key: string;
  readonly model: string;
  readonly body: unknown;
  readonly route: SubmitRoute;
  readonly outputs: number;
  readonly values: Record<string, Json>;
  readonly outcome: 'succeeded' | 'failed';
  /** Why it fails, where that was known from the start. */
  readonly failure: string | undefined;
  /** What it costs, in US dollars. */
  readonly usd: number | undefined;
  readonly createdAtMs: number;
  /** When its time began to run: later than creation for a task that was parked. */
  startedAtMs: number;
  /** Time in the queue and until the end, in milliseconds of the clock (speed already applied). */
  readonly queuedMs: number;
  readonly totalMs: number;
  /** Where it stands still for a while, in milliseconds of its own time. */
  readonly standstill: { atMs: number; forMs: number } | undefined;
  parked: boolean;
}

export interface Moment {
  phase: Phase;
  /** 0–100; undefined when there is nothing sensible to say (failed, parked). */
  percent?: number;
  completedAtMs?: number;
}

export interface TaskSettings {
  seed: number;
  /** 1 = as slow as the real gateway. */
  speed: number;
  clock: () => number;
  outcome: (submit: { path: string; model: string; body: unknown }) => 'succeeded' | 'failed';
  /** Which tasks get stuck, by id; undefined on a good day. */
  standstill: ((id: string) => Standstill | undefined) | undefined;
}

export class Tasks {
  private readonly byId = new Map<string, Task>();
  /** How many tasks each trace id made. */
  private readonly byTrace = new Map<string, number>();

  constructor(
    private readonly gateway: MockGateway,
    private readonly settings: TaskSettings,
  ) {}

  create(
    route: SubmitRoute,
    from: { key: string; model: string; body: Record<string, unknown>; trace?: string; failure: string | undefined },
  ): Task {
    const { key, model, body, failure } = from;
    const { speed, clock, outcome, standstill } = this.settings;
    const next = this.chanceOf(from.trace);
    const pace: MockGateway['paces'][string] = this.gateway.paces[route.pace] ?? { seconds: 0, spread: 0 };
    const totalMs = (pace.seconds * 1000 * (1 + pace.spread * (2 * next() - 1))) / speed;
    const special = Object.hasOwn(route.models ?? {}, model) ? route.models?.[model] : undefined;
    const id = this.freshId(route.id, next);
    const stands = standstill?.(id);
    const now = clock();
    const task: Task = {
      id,
      key,
      model,
      body,
      route,
      outputs: wished(route, body) ?? special?.outputs ?? route.outputs,
      values: { hash: token(next, 'hex', 32), ...route.values, ...special?.values },
      outcome: failure === undefined ? outcome({ path: route.path, model, body }) : 'failed',
      failure,
      usd: pace.usd,
      createdAtMs: now,
      startedAtMs: now,
      queuedMs: totalMs * (QUEUE_SHARE.least + (QUEUE_SHARE.most - QUEUE_SHARE.least) * next()),
      totalMs,
      standstill: stands && { atMs: stands.at * totalMs, forMs: stands.for * totalMs },
      parked: route.parks?.models.includes(model) === true && !body[route.parks.without],
    };
    this.byId.set(task.id, task);
    return task;
  }

  /**
   * A task's chance follows from the order of submits. On a bad day that order is anybody's guess, so that there it
   * follows from the trace id, where a submit has one.
   */
  private chanceOf(trace: string | undefined): () => number {
    const { seed, standstill } = this.settings;
    if (trace === undefined || standstill === undefined) return chance(seed, 'task', this.byId.size);
    const nth = (this.byTrace.get(trace) ?? 0) + 1;
    this.byTrace.set(trace, nth);
    return chance(seed, 'task of', trace, nth);
  }

  private freshId({ prefix, alphabet, length }: SubmitRoute['id'], next: () => number): string {
    // Chance has 32 bits: of ten thousand tasks, two may well draw the same.
    for (;;) {
      const id = prefix + token(next, alphabet, length);
      if (!this.byId.has(id)) return id;
    }
  }

  /** The task, if it exists, belongs to `key` and came in by one of `paths`. */
  find(id: string, key?: string, paths?: string[]): Task | undefined {
    const task = this.byId.get(id);
    if (task === undefined || (key !== undefined && task.key !== key)) return undefined;
    return paths === undefined || paths.includes(task.route.path) ? task : undefined;
  }

  resume(task: Task): void {
    task.parked = false;
    task.startedAtMs = this.settings.clock();
  }

  now(task: Task): Moment {
    if (task.parked) return { phase: 'modal' };
    const elapsed = lived(task, this.settings.clock() - task.startedAtMs);
    if (elapsed < task.queuedMs) return { phase: 'queued', percent: 0 };
    if (elapsed < task.totalMs) {
      const part = (elapsed - task.queuedMs) / (task.totalMs - task.queuedMs);
      return { phase: 'running', percent: Math.max(1, Math.min(99, Math.floor(part * 100))) };
    }
    const completedAtMs = task.startedAtMs + task.totalMs + (task.standstill?.forMs ?? 0);
    return task.outcome === 'failed'
      ? { phase: 'failed', completedAtMs }
      : { phase: 'succeeded', percent: 100, completedAtMs };
  }
}

/** How many files a body asks for, where it does. */
function wished({ count }: SubmitRoute, body: Record<string, unknown>): number | undefined {
  const number = count === undefined ? undefined : body[count.field];
  return count === undefined || typeof number !== 'number' ? undefined : Math.min(number, count.most);
}

/** How much of its life a task has behind it: while it is stuck, its own time stands still. */
function lived({ standstill }: Task, elapsed: number): number {
  if (standstill === undefined || elapsed < standstill.atMs) return elapsed;
  return Math.max(standstill.atMs, elapsed - standstill.forMs);
}
