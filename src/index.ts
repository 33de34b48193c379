// The one public door: everything a user may name, nothing else.

export type {
  BlobLike,
  MediaInput,
  ModelId,
  PreferredEndpoint,
  RequestBodies,
  TaskBodies,
  TaskModelId,
} from '../generated/ima-router/requests.js';
export type {
  EndpointData,
  Evidence,
  Modality,
  ModelData,
  ModelFilter,
  Models,
  Refreshed,
  RefreshOptions,
  Route,
  Strictness,
} from './catalog/index.js';
export type { GenerateOptions, SubmitOptions, TaskPointer } from './client.js';
export { ImaRouter } from './gateways/ima-router/index.js';
export type {
  DownloadOptions,
  DownloadProgress,
  HostedField,
  HostFile,
  MediaKind,
  Output,
  OutputFacts,
  SavedFile,
} from './media/index.js';
export type { ClientOptions } from './options.js';
export type {
  BatchItem,
  BatchOptions,
  BatchTotals,
  BatchUpdate,
  DirectoryJournalOptions,
  Journal,
  JournalFilter,
  JournalRecord,
  PollBounds,
  RecordFile,
  RecordState,
  ResumeFilter,
  Task,
  TaskError,
  TaskRef,
  TaskResult,
  TaskState,
  TaskStatus,
  WaitOptions,
  Warning,
} from './tasks/index.js';
export { DirectoryJournal, MemoryJournal } from './tasks/index.js';
export {
  AuthenticationError,
  BudgetExceededError,
  ConfigError,
  ConnectionError,
  DownloadError,
  type ErrorFacts,
  type FetchLike,
  ImaRouterError,
  InsufficientBalanceError,
  InvalidRequestError,
  InvalidResponseError,
  type Logger,
  PermissionError,
  type Phase,
  RateLimitError,
  type RequestIssue,
  type RetryPolicy,
  ServerError,
  SubmitUnknownError,
  TaskCancelledError,
  TaskFailedError,
  TaskNeedsInputError,
  TaskNotFoundError,
  UnknownModelError,
  WaitAbortedError,
  WaitTimeoutError,
} from './transport/index.js';
export { type LiveModelId, liveModel } from './typed.js';
