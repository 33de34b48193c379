// What points at a task from outside, and whether it can be trusted to have its shape.

import type { Modality } from '../catalog/index.js';
import { ConfigError } from '../transport/index.js';

/** What identifies a task anywhere: enough to poll it from another process. */
export interface TaskRef {
  v: 1;
  gateway: string;
  id: string;
  model: string;
  endpoint: string | null;
  /** With `{task_id}`. */
  pollPath: string;
  modality: Modality;
  traceId: string | null;
  /** Of its record in the journal. */
  key?: string;
}

/** A task id that a person passes on is one word: it becomes part of a path and of file names. */
export function isTaskId(id: unknown): id is string {
  return typeof id === 'string' && /^[\w.:~-]{1,256}$/.test(id) && !/^\.+$/.test(id);
}

/** A task id as `isTaskId` wants it. Throws `ConfigError`. */
export function checkedTaskId(id: unknown): string {
  if (isTaskId(id)) return id;
  throw new ConfigError(`${JSON.stringify(id)} is not a task id.`, {
    code: 'bad_task',
    phase: 'config',
    param: 'id',
    hint: 'A task id is one word. Ids of another form go from process to process by `task.toJSON()`.',
  });
}

const MODALITIES: Record<Modality, true> = {
  video: true,
  image: true,
  music: true,
  speech: true,
  chat: true,
  embedding: true,
  asset: true,
  other: true,
};

/** Whether `value` is one of the modalities. */
export function isModality(value: unknown): value is Modality {
  return typeof value === 'string' && Object.hasOwn(MODALITIES, value);
}

/**
 * The JSON of a task, if that is what it is. Throws `ConfigError`. Its id is the gateway's own and may be of any form
 * that a path can carry; it is percent-encoded there.
 */
export function checkedRef(json: unknown): TaskRef {
  const ref: Partial<TaskRef> = typeof json === 'object' && json !== null ? json : {};
  const { v, gateway, id, model, endpoint = null, pollPath, modality, traceId = null, key } = ref;
  if (
    v === 1 &&
    typeof gateway === 'string' &&
    typeof id === 'string' &&
    isPollable(id) &&
    typeof model === 'string' &&
    (endpoint === null || typeof endpoint === 'string') &&
    typeof pollPath === 'string' &&
    /^\/[^?#\\]*\{\w+\}[^?#\\]*$/.test(pollPath) &&
    isModality(modality) &&
    (traceId === null || typeof traceId === 'string') &&
    (key === undefined || (typeof key === 'string' && /^[\w-]{1,128}$/.test(key)))
  ) {
    return { v, gateway, id, model, endpoint, pollPath, modality, traceId, ...(key === undefined ? {} : { key }) };
  }
  throw new ConfigError('This is not what `task.toJSON()` gives.', {
    code: 'bad_task',
    phase: 'config',
    hint: 'It may be cut off, or come from a newer version of this package.',
  });
}

/** Whether a path can carry `id` as one segment. */
export function isPollable(id: string): boolean {
  // Half a surrogate pair cannot be percent-encoded.
  return id !== '' && id.length <= 512 && !/^\.{1,2}$/.test(id) && !/\p{Surrogate}/u.test(id);
}
