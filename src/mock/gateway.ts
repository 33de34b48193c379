// What the mock has to be told about a gateway before it can play it: data only, one file per gateway in `gateways/`.
//
// Templates. A string that is exactly `{name}` becomes the value of that name, in its own type; names inside a longer
// string are put in as text. Names in a task's answers: id, model, word, percent, hash, createdAt, completedAt (Unix
// seconds), createdAtMs, completedAtMs, url, bytes, width, height, seconds, extension, contentType, body.<field> of the
// submit, and the route's own `values`; createdAtIso and completedAtIso (ISO 8601), coverUrl (a still of a video), outputs
// (how many), and requestId, another one in each answer; usd, what the task costs; failure, why it failed, where that is
// known, and urlOrFailure; in refusals: method, path, reasons, word, requestId. The element `i` of an array speaks of the
// task's output `i`. What a name without a value stood for is left out.

import type { Json } from './json.js';
import type { MediaKind } from './media.js';
import type { Alphabet } from './random.js';
import type { Services } from './services.js';

/** `modal`: parked until the caller sends more input. */
export type Phase = 'queued' | 'running' | 'succeeded' | 'failed' | 'modal';

/** An answer as the gateway would give it. */
export interface Refusal {
  status: number;
  body: Json;
}

/** Paths, as the document spells them, that refuse in other words. */
export type ByPath = Record<string, Refusal>;

/** How trouble sounds at a gateway; a kind of trouble that has no words here does not happen there. */
export interface Troubles {
  /** 429: too many requests. No body = an empty answer. */
  rateLimits: { status: number; body?: Json }[];
  /** 5xx in the gateway's own envelope: nothing was taken. */
  serverErrors: Refusal[];
  /** 2xx to a submit that says why there is no task. */
  busy: Refusal[];
  /** 200 that says nothing at all, in the gateway's own envelope. */
  nothing: Json[];
  /** Status words that the document does not know. */
  unknownWords: string[];
}

/** How an answer is made: from the document's own example that fits the model at hand best, else from ours. */
export interface Template {
  /** The status word to say; without it the example's own stays. */
  word?: string;
  /** Status words by which fitting examples are found, in order of preference. Default: the word, else any example. */
  like?: string[];
  /** Templates of ours, beside the document's examples. */
  own?: Json[];
}

export interface SubmitRoute {
  /** Path of the POST, as the document spells it. */
  path: string;
  /** What comes out. */
  kind: MediaKind;
  /** Which of the gateway's paces applies. */
  pace: string;
  /** How many files a success brings. */
  outputs: number;
  /** Field of a body that asks for another number of files, and the most that there are. */
  count?: { field: string; most: number };
  /** More names for templates. */
  values?: Record<string, Json>;
  /** Models that differ from the route's `outputs` and `values`. */
  models?: Record<string, { outputs?: number; values?: Record<string, Json> }>;
  /** Model of a body that names none. */
  model?: string;
  answer: Template;
  /** Instead of the gateway's `fields`. */
  fields?: Record<string, Json>;
  id: { prefix: string; alphabet: Alphabet; length: number };
  /** Follow-ups: the body's `field` names a finished task whose answer offers the body's `choice` under the same key. */
  parent?: { field: string; choice: string; unknown: Refusal; unfinished: Refusal; unoffered: Refusal };
  /** A task of these models waits as `modal` when the body has no `without`; `answer` says so instead of the route's. */
  parks?: { models: string[]; without: string; answer: Template };
  /** A parent that waits as `modal` goes on under its own id instead of becoming a new task. */
  resumes?: boolean;
}

export interface PollRoute {
  /** Path of the GET, as the document spells it, with `{task_id}`. */
  path: string;
  /** Paths of the submits whose tasks can be read here. */
  reads: string[];
  /** Where the status word stands in an answer; whatever an example says, the phase's word is put there. */
  statusAt: string[];
  /** Instead of the gateway's `fields`. */
  fields?: Record<string, Json>;
  phases: Record<Exclude<Phase, 'modal'>, Template> & { modal?: Template };
}

/** A route that gives the first output itself instead of its URL. */
export interface BinaryRoute {
  path: string;
  reads: string[];
  /** What `{word}` is in `unfinished`. */
  words: Record<Phase, string>;
  unfinished: Refusal;
  unknown: Refusal;
}

/** How the hosts of result files differ from a plain file server. */
export interface FileHost {
  /** Who comes from another origin than this, or does not say from where, is shown another picture, with status 200. */
  referer: string;
  /** The answer to a URL that names no file. */
  missing: { status: number; type: string; text: string };
}

export interface MockGateway {
  name: string;
  /** The OpenAPI document, as JSON. */
  document: URL;
  /** The live model index, served to anybody; absent where a gateway publishes none. */
  index?: { path: string; body: Json };
  /** Field of a request body that names the model. */
  modelField: string;
  /** Header that ties the retries of one submit together. Lower case. */
  traceHeader: string;
  /** Headers of a submit that the ledger keeps. Lower case. */
  notedHeaders?: string[];
  /** Headers on every answer. Template name: `requestId`. */
  headers: Record<string, string>;
  /** Keys with a meaning; any other non-empty key is good. `on: 'paid'` refuses only what costs money. */
  keys: Record<string, { on: 'all' | 'paid'; answer: Refusal; at?: ByPath }>;
  /** How long a task takes in reality: typical seconds, and how far it strays (0.3 = ±30 %); what it costs in US dollars. */
  paces: Record<string, { seconds: number; spread: number; usd?: number }>;
  /** How the fields of an example are filled, by name, at any depth; a name without a value leaves the example's own. */
  fields: Record<string, Json>;
  /** Fields that are a list of a task's results: as many as it has, each like the first of the example. */
  lists?: string[];
  /** Absent: a plain file server, where a URL that names no file is answered 404 without words. */
  files?: FileHost;
  /** A first submit, and where its task is read, for who tries the mock by hand. `<task_id>` stands for the id. */
  tryIt: { path: string; body: { [key: string]: Json }; poll: string };
  submits: SubmitRoute[];
  polls: PollRoute[];
  binaries: BinaryRoute[];
  /** Synchronous POSTs that cost money too. */
  paid: string[];
  /** What answers at once, and is no example of the document. */
  services?: Services;
  /** For `chaos`. What comes from in between (edge pages, resets, silence) is the same at every gateway. */
  troubles: Troubles;
  refusals: {
    noKey: Refusal & { at?: ByPath };
    badBody: Refusal;
    unknownRoute: Refusal;
    unknownTask: Refusal;
    tooLarge: Refusal;
  };
}
