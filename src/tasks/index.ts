// The door of the tasks room: from a paid submit to its end, written down on the way.

export type { BatchItem, BatchOptions, BatchTotals, BatchUpdate } from './batch.js';
export { DirectoryJournal, type DirectoryJournalOptions } from './directory-journal.js';
export type { DurationPriors, DurationRange } from './durations.js';
export { type EngineOptions, type ResumeFilter, TaskEngine } from './engine.js';
export { exactJson, idOf, isLikeId, namesTask } from './ids.js';
export {
  type Journal,
  type JournalFilter,
  type JournalRecord,
  MemoryJournal,
  type RecordFile,
  type RecordState,
} from './journal.js';
export { DEFAULT_BOUNDS, type PollBounds, type PollPolicy } from './pace.js';
export { checkSubmit, type Prepared } from './purchase.js';
export type { TaskReaders } from './readers.js';
export { checkedRef, checkedTaskId, type TaskRef } from './ref.js';
export { TaskResult, type TaskState } from './result.js';
export { Scheduler } from './scheduler.js';
export { type StateReading, type SubmitReading, statusOf, type TaskError, type TaskStatus } from './state.js';
export { LOST_TOUCH, SPEAKS_OF_NO_ROOM, SPEAKS_OF_TAKING } from './taking.js';
export { checkedFunction, checkedTimeout, Task, type WaitOptions } from './task.js';
export type { Warning } from './warning.js';
