// The door of the tasks room: from a paid submit to its end, written down on the way.

export { type EngineOptions, TaskEngine, type TaskReaders, type Warning } from './engine.js';
export { type Journal, type JournalRecord, MemoryJournal, type RecordState } from './journal.js';
export { DEFAULT_BOUNDS, type PollBounds } from './pace.js';
export { Scheduler } from './scheduler.js';
export { type StateReading, type SubmitReading, statusOf, type TaskError, type TaskStatus } from './state.js';
export { checkedTimeout, Task, type TaskRef, TaskResult, type TaskState, type WaitOptions } from './task.js';
