// How a gateway's answers read: what every gateway hands down to this room.

import type { Modality } from '../catalog/index.js';
import type { Answer } from '../transport/index.js';
import type { StateReading, SubmitReading } from './state.js';

/** Pure functions of one gateway; must not throw. */
export interface TaskReaders {
  readSubmit(answer: Answer, at: { path: string; modality: Modality }): SubmitReading;
  /** Whether the answer to a submit, though its HTTP status is no 2xx, names a task that may be running. */
  mayHaveBeenTaken(answer: Answer): boolean;
  /** Null when the answer says nothing about the task (`{"code":"success","data":null}`). */
  readState(answer: Answer, at: { pollPath: string; modality: Modality; id?: string }): StateReading | null;
  /** How a task is asked for where it is not by a plain GET of its poll path. */
  pollCall?(at: { pollPath: string; id: string }): { method: string; path: string; body: string } | undefined;
  /** Where the gateway itself hands out the bytes of a finished task, with the key; undefined where it does not. */
  contentPath?(at: { pollPath: string; id: string }): string | undefined;
}
