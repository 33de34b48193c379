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
}

/** A task id is one word: it becomes part of a path and of file names. Throws `ConfigError`. */
export function checkedTaskId(id: unknown): string {
  if (typeof id === 'string' && /^[\w.:~-]{1,256}$/.test(id) && !/^\.+$/.test(id)) return id;
  throw new ConfigError(`${JSON.stringify(id)} is not a task id.`, {
    code: 'bad_task',
    phase: 'config',
    param: 'id',
    hint: 'A task id is one word, as `submit` gave it.',
  });
}

/** The JSON of a task, if that is what it is. Throws `ConfigError`. */
export function checkedRef(json: TaskRef): TaskRef {
  const id = checkedTaskId(json.id);
  if (
    json.v !== 1 ||
    typeof json.gateway !== 'string' ||
    typeof json.model !== 'string' ||
    !/^\/[^?#]*\{\w+\}[^?#]*$/.test(json.pollPath)
  ) {
    throw new ConfigError(`The JSON of task ${id} is not what \`task.toJSON()\` gives.`, {
      code: 'bad_task',
      phase: 'config',
      taskId: id,
      hint: 'It may come from a newer version of this package.',
    });
  }
  return { ...json, id };
}
