// The life of a task: queued, running, done, as a function of the time since it was submitted.

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
  readonly createdAtMs: number;
  /** When its time began to run: later than creation for a task that was parked. */
  startedAtMs: number;
  /** Time in the queue and until the end, in milliseconds of the clock (speed already applied). */
  readonly queuedMs: number;
  readonly totalMs: number;
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
}

export class Tasks {
  private readonly byId = new Map<string, Task>();

  constructor(
    private readonly gateway: MockGateway,
    private readonly settings: TaskSettings,
  ) {}

  create(route: SubmitRoute, key: string, model: string, body: Record<string, unknown>): Task {
    const { seed, speed, clock, outcome } = this.settings;
    const next = chance(seed, 'task', this.byId.size);
    const pace = this.gateway.paces[route.pace] ?? { seconds: 0, spread: 0 };
    const totalMs = (pace.seconds * 1000 * (1 + pace.spread * (2 * next() - 1))) / speed;
    const special = Object.hasOwn(route.models ?? {}, model) ? route.models?.[model] : undefined;
    const { prefix, alphabet, length } = route.id;
    const now = clock();
    const task: Task = {
      id: prefix + token(next, alphabet, length),
      key,
      model,
      body,
      route,
      outputs: special?.outputs ?? route.outputs,
      values: { hash: token(next, 'hex', 32), ...route.values, ...special?.values },
      outcome: outcome({ path: route.path, model, body }),
      createdAtMs: now,
      startedAtMs: now,
      queuedMs: totalMs * (QUEUE_SHARE.least + (QUEUE_SHARE.most - QUEUE_SHARE.least) * next()),
      totalMs,
      parked: route.parks?.models.includes(model) === true && !body[route.parks.without],
    };
    this.byId.set(task.id, task);
    return task;
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
    const elapsed = this.settings.clock() - task.startedAtMs;
    if (elapsed < task.queuedMs) return { phase: 'queued', percent: 0 };
    if (elapsed < task.totalMs) {
      const part = (elapsed - task.queuedMs) / (task.totalMs - task.queuedMs);
      return { phase: 'running', percent: Math.max(1, Math.min(99, Math.floor(part * 100))) };
    }
    const completedAtMs = task.startedAtMs + task.totalMs;
    return task.outcome === 'failed'
      ? { phase: 'failed', completedAtMs }
      : { phase: 'succeeded', percent: 100, completedAtMs };
  }
}
