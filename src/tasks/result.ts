// What a user sees of a task: its normalised state, and the result that it ends in.

import { type DownloadOptions, Output, type SavedFile } from '../media/index.js';
import type { TaskError, TaskStatus } from './state.js';

/** What a task is doing, normalised over all gateways and families. */
export interface TaskState {
  id: string;
  model: string;
  status: TaskStatus;
  /** The gateway's own word. */
  rawStatus: string;
  /** 0..1; never falls, and 1 only on success. Absent where the gateway does not tell. */
  progress?: number;
  outputs: readonly Output[];
  /** USD, once the gateway has settled; absent = unknown, not zero. */
  costUsd?: number;
  usage?: Record<string, unknown>;
  error?: TaskError;
  /** ISO 8601. */
  createdAt?: string;
  completedAt?: string;
  requestId?: string;
  /** `modal`: the task waits for the caller. */
  needs?: 'modal';
  /** The last answer of the gateway, as it came. */
  raw: unknown;
}

/** A task that succeeded, with its files a call away. */
export class TaskResult implements TaskState {
  readonly id: string;
  readonly model: string;
  readonly status = 'succeeded';
  readonly rawStatus: string;
  readonly progress: number;
  readonly outputs: readonly Output[];
  declare readonly costUsd?: number;
  declare readonly usage?: Record<string, unknown>;
  declare readonly createdAt?: string;
  declare readonly completedAt?: string;
  declare readonly requestId?: string;
  readonly raw: unknown;

  constructor(state: TaskState) {
    this.id = state.id;
    this.model = state.model;
    this.rawStatus = state.rawStatus;
    this.progress = 1;
    this.outputs = state.outputs;
    this.raw = state.raw;
    if (state.costUsd !== undefined) this.costUsd = state.costUsd;
    if (state.usage !== undefined) this.usage = state.usage;
    if (state.createdAt !== undefined) this.createdAt = state.createdAt;
    if (state.completedAt !== undefined) this.completedAt = state.completedAt;
    if (state.requestId !== undefined) this.requestId = state.requestId;
  }

  /** Saves all outputs to a folder (`target` ends in `/` or is one), or one output to a file. Throws `DownloadError`. */
  download(target: string, options: DownloadOptions = {}): Promise<SavedFile[]> {
    return Output.downloadAll(this.outputs, target, options);
  }
}
