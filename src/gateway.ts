// What a gateway hands down to the client that all gateways share: its description, as data and pure functions.

import type { CatalogData, LazyParts, Modality, ModelNames } from './catalog/index.js';
import type { DurationPriors, PollPolicy, TaskReaders } from './tasks/index.js';
import type { Answer, ReadRefusal } from './transport/index.js';

/** All that is particular to a vendor, as data and pure functions. */
export interface Gateway {
  /** Stands in journals and in a task's JSON. */
  name: string;
  baseUrl: string;
  /** Environment variables, the first that is set wins. */
  env: { apiKey: readonly string[]; baseUrl: readonly string[] };
  /** Auth headers for the gateway's own origin. */
  headers: (apiKey: string) => Record<string, string>;
  catalog: CatalogData;
  /** What people call its models, for suggestions. */
  names: ModelNames;
  /** Where its live model index is published; undefined if nowhere. */
  indexUrl: string | undefined;
  /** The scheme under which it keeps media itself (`asset:`), for models that have an upload model. */
  assetScheme: string | undefined;
  /** What validation needs; loaded with the first request. */
  parts: LazyParts;
  readRefusal: ReadRefusal;
  /** By path: the verb that calls it, for paths that make no tasks. */
  verbs: Readonly<Record<string, string>>;
  /** Headers that change a single request: where they may stand, and with what. Lower case. */
  callHeaders: Readonly<Record<string, { paths: readonly string[]; values?: readonly string[] }>>;
  /** The id that it gives an exchange, for whoever asks the vendor about it. */
  requestIdOf: (answer: Answer) => string | undefined;
  readers: TaskReaders;
  /** Default patience per modality, in milliseconds. */
  waitMs: Readonly<Partial<Record<Modality, number>>>;
  /** How long most tasks take, by modality and by model: when to ask follows from it. */
  durations: DurationPriors;
  poll: PollPolicy & {
    /** Status calls per second at most, all tasks of a client together; `poll.perSecond` overrides it. */
    perSecond: number;
    /** After "too many requests" nothing is asked sooner (ms), unless the user's own `retry` or `poll` is tighter. */
    afterRateLimitMs: number;
  };
  results: {
    /** What its result hosts want to see before they hand out a result. Never a secret. */
    headers: Readonly<Record<string, string>>;
    /** `firm`: a picture that has not the size that the gateway declares is not the result. Else it is worth a warning. */
    declaredSizes: 'firm' | 'hint';
  };
}
