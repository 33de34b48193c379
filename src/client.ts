// The client that every gateway shares: takes a gateway's description, wires the rooms below, gives the common verbs.

import createFetchClient, { type Client } from 'openapi-fetch';
import {
  Catalog,
  type CatalogData,
  type Modality,
  type ModelData,
  type ModelFilter,
  type Route,
  type SchemaBundle,
  Validator,
} from './catalog/index.js';
import {
  checkedRef,
  checkedTaskId,
  checkedTimeout,
  DEFAULT_BOUNDS,
  type Journal,
  MemoryJournal,
  type PollBounds,
  Scheduler,
  type Task,
  TaskEngine,
  type TaskReaders,
  type TaskRef,
  type TaskResult,
  type TaskState,
  type Warning,
} from './tasks/index.js';
import {
  ConfigError,
  cleanBaseUrl,
  cleanHeaders,
  cleanKey,
  DEFAULT_RETRY,
  type FetchLike,
  InvalidRequestError,
  type Logger,
  type ReadRefusal,
  type RetryPolicy,
  redactText,
  Transport,
} from './transport/index.js';

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
  /** Loads the validation schemas; called on the first validation. */
  loadSchemas: () => Promise<SchemaBundle>;
  readRefusal: ReadRefusal;
  readers: TaskReaders;
  /** Default patience per modality, in milliseconds. */
  waitMs: Readonly<Partial<Record<Modality, number>>>;
  /** Status calls per second at most, all tasks of a client together; `poll.perSecond` overrides it. */
  pollsPerSecond: number;
}

/** Options of a client. All are optional; times in milliseconds. */
export interface ClientOptions {
  /** Else from the environment. Spaces, quotes and a leading `Bearer ` are trimmed. */
  apiKey?: string | undefined;
  /** May end in `/`, `/v1` or neither. Plain http only to loopback. */
  baseUrl?: string | undefined;
  /** Replaces the platform's `fetch`. */
  fetch?: FetchLike | undefined;
  /** Sent with every call to the gateway, never to a result host. */
  headers?: Record<string, string> | undefined;
  /** Where paid requests are written down; in memory unless given. */
  journal?: Journal | undefined;
  /** `schema`: bodies are checked before they are sent (default). `off`: they go as they are. */
  validate?: 'schema' | 'off' | undefined;
  /** For one exchange, body included. Default 60,000. */
  requestTimeoutMs?: number | undefined;
  retry?: Partial<RetryPolicy> | undefined;
  poll?: (Partial<PollBounds> & { perSecond?: number | undefined }) | undefined;
  logger?: Logger | undefined;
  /** Things worth attention that break nothing; the console's `warn` unless given. */
  onWarning?: ((warning: Warning) => void) | undefined;
}

/** Options of `submit`. */
export interface SubmitOptions<Endpoint extends string = string> {
  signal?: AbortSignal | undefined;
  /** Another endpoint than the model's preferred one, as a path. */
  endpoint?: Endpoint | undefined;
  /** Sent as `X-Trace-Id`; the gateway's settlement events echo it. Made up unless given. */
  traceId?: string | undefined;
}

/** Options of `generate`: those of `submit` and of the wait. */
export interface GenerateOptions<Endpoint extends string = string> extends SubmitOptions<Endpoint> {
  /** Patience for the whole wait; the default depends on what is made. */
  timeoutMs?: number | undefined;
  /** Told at each change of state. What it throws becomes a warning. */
  onUpdate?: ((state: TaskState) => void) | undefined;
}

/** The request bodies of a gateway by model and endpoint, without `model`. Generated. */
export type BodyMap = object;

/** The endpoints that take `Model`. */
export type EndpointOf<Bodies, Model> = Model extends keyof Bodies ? keyof Bodies[Model] & string : never;

/** The endpoint that a model's request goes to when none is named. */
export type PreferredOf<Preferred, Model> = Model extends keyof Preferred ? Preferred[Model] & string : never;

/** A request for `Model` at `Endpoint`: the wire body, verbatim. */
export type RequestFor<Bodies, Model, Endpoint> = { model: Model } & BodyFor<Bodies, Model, Endpoint>;

/** Distributive, so that a mistyped id is compared with all models and the message names `model`. */
type BodyFor<Bodies, Model, Endpoint> = Model extends keyof Bodies
  ? Endpoint extends keyof Bodies[Model]
    ? Bodies[Model][Endpoint]
    : never
  : never;

/** The catalogue's face on a client. */
export interface Models {
  /** All models, or those that match. Makes no call. */
  list(filter?: ModelFilter): ModelData[];
  /** The model, or undefined. Makes no call. */
  get(id: string): ModelData | undefined;
  /** Where a request goes. Throws `UnknownModelError`, `InvalidRequestError`. Makes no call. */
  route(id: string, options?: { endpoint?: string }): Route;
}

/** Timers hold 31 bits of milliseconds; a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** How a user points at a task that is known from elsewhere. */
export type TaskPointer = { model: string; endpoint?: string } | { pollPath: string };

/** Verbs that every gateway has. `Bodies`, `Preferred` and `Paths` are the generated types of its document. */
export class GatewayClient<Bodies extends BodyMap, Preferred, Paths extends object> {
  /** The catalogue; needs no key and makes no call. */
  readonly models: Models;
  /** Where this client writes down what it bought. */
  readonly journal: Journal;
  readonly #gateway: Gateway;
  readonly #catalog: Catalog;
  readonly #validator: Validator;
  readonly #validate: 'schema' | 'off';
  readonly #transport: Transport;
  readonly #engine: TaskEngine;
  #api: Client<Paths> | undefined;

  constructor(gateway: Gateway, options: ClientOptions = {}) {
    const apiKey = cleanKey(options.apiKey ?? fromEnvironment(gateway.env.apiKey));
    const fetch: FetchLike = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
    const warn = warner(options.onWarning, apiKey);
    const userHeaders = cleanHeaders(options.headers);
    const bounds = pollBounds(options.poll);
    const clock = { now: Date.now, random: Math.random };
    this.#gateway = gateway;
    this.#catalog = new Catalog(gateway.catalog);
    this.#validator = new Validator(this.#catalog, gateway.loadSchemas);
    this.#validate = options.validate ?? 'schema';
    this.journal = options.journal ?? new MemoryJournal();
    this.#transport = new Transport({
      baseUrl: cleanBaseUrl(options.baseUrl ?? fromEnvironment(gateway.env.baseUrl) ?? gateway.baseUrl),
      apiKey,
      missingKey: `No API key for ${gateway.name}: set ${gateway.env.apiKey[0] ?? 'the key variable'} or pass { apiKey }.`,
      headers: (key) => ({ ...userHeaders, ...gateway.headers(key) }),
      fetch,
      requestTimeoutMs: Math.min(positive('requestTimeoutMs', options.requestTimeoutMs) ?? 60_000, LONGEST_TIMER_MS),
      retry: retryPolicy(options.retry),
      readRefusal: gateway.readRefusal,
      logger: options.logger,
      ...clock,
    });
    this.#engine = new TaskEngine({
      gateway: gateway.name,
      transport: this.#transport,
      readers: gateway.readers,
      journal: this.journal,
      scheduler: new Scheduler({
        perSecond: positive('poll.perSecond', options.poll?.perSecond) ?? gateway.pollsPerSecond,
        now: clock.now,
      }),
      bounds,
      media: {
        fetch,
        headersFor: (url) => (this.#transport.isOwnOrigin(url) ? this.#transport.authHeaders('download') : {}),
      },
      waitMs: gateway.waitMs,
      warn,
      ...clock,
    });
    const catalog = this.#catalog;
    this.models = {
      list: (filter) => catalog.list(filter),
      get: (id) => catalog.get(id),
      route: (id, routing) => catalog.route(id, routing),
    };
  }

  /** Buys a generation and waits for it: `submit`, then `task.result()`. Throws what those throw. */
  async generate<
    Model extends keyof Bodies & string,
    Endpoint extends EndpointOf<Bodies, Model> = PreferredOf<Preferred, Model> & EndpointOf<Bodies, Model>,
  >(request: RequestFor<Bodies, Model, Endpoint>, options: GenerateOptions<Endpoint> = {}): Promise<TaskResult> {
    checkedTimeout(options.timeoutMs);
    const task = await this.submit(request, options);
    return task.result(options);
  }

  /**
   * Buys a generation; resolves as soon as the gateway has answered with an id.
   * Throws before anything is sent: `ConfigError`, `UnknownModelError`, `InvalidRequestError`, `WaitAbortedError`,
   * `ConnectionError`. Refused by the gateway: `InvalidRequestError`, `AuthenticationError`, `PermissionError`,
   * `InsufficientBalanceError`, `RateLimitError`, `ServerError`. Sent without an answer: `SubmitUnknownError`.
   */
  async submit<
    Model extends keyof Bodies & string,
    Endpoint extends EndpointOf<Bodies, Model> = PreferredOf<Preferred, Model> & EndpointOf<Bodies, Model>,
  >(request: RequestFor<Bodies, Model, Endpoint>, options: SubmitOptions<Endpoint> = {}): Promise<Task> {
    const { model } = checkedRequest(request);
    const route = this.#catalog.route(model, { endpoint: options.endpoint });
    if (this.#validate !== 'off') await this.#validator.check(request, route.path);
    return this.#engine.submit(route, request, { signal: options.signal, traceId: options.traceId });
  }

  /**
   * A handle on a task known from elsewhere: an id with its model (or poll path), or what `task.toJSON()` gave.
   * Makes no call. Throws `UnknownModelError`, or `ConfigError` for another gateway's task or a malformed id.
   */
  task(json: TaskRef): Task;
  task(id: string, pointer: TaskPointer): Task;
  task(idOrJson: string | TaskRef, pointer?: TaskPointer): Task {
    if (typeof idOrJson === 'object') return this.#engine.attach(checkedRef(idOrJson));
    if (pointer === undefined) {
      throw new ConfigError(`Task ${idOrJson}: say what it is with { model } or { pollPath }.`, {
        code: 'bad_task',
        phase: 'config',
        hint: `ima.task('${idOrJson}', { model: '…' })`,
      });
    }
    const id = checkedTaskId(idOrJson);
    const ref = { v: 1, gateway: this.#gateway.name, id, traceId: null } as const;
    if ('pollPath' in pointer) {
      const known = this.#catalog.list().find((m) => m.endpoints.some((e) => e.pollPath === pointer.pollPath));
      if (known === undefined) {
        throw new ConfigError(`${this.#gateway.name} polls no tasks at ${pointer.pollPath}.`, {
          code: 'bad_task',
          phase: 'config',
          param: 'pollPath',
          hint: 'Poll paths stand in `models.route(id).pollPath`.',
        });
      }
      return this.#engine.attach({
        ...ref,
        model: 'unknown',
        endpoint: null,
        pollPath: pointer.pollPath,
        modality: known.modality,
      });
    }
    const route = this.#catalog.route(pointer.model, { endpoint: pointer.endpoint });
    if (route.pollPath === null) {
      throw new ConfigError(`"${route.model}" answers at once at ${route.path}: it has no tasks.`, {
        code: 'not_a_task',
        phase: 'route',
        hint: 'Name the endpoint that the task was submitted to.',
      });
    }
    return this.#engine.attach({
      ...ref,
      model: route.model,
      endpoint: route.path,
      pollPath: route.pollPath,
      modality: route.modality,
    });
  }

  /**
   * Resolves to the caller's own object when its model's endpoint takes it. Sends nothing.
   * Throws `UnknownModelError` or `InvalidRequestError`.
   */
  async validate<Request extends { model: string }>(
    request: Request,
    options: { endpoint?: string } = {},
  ): Promise<Request> {
    checkedRequest(request);
    await this.#validator.check(request, options.endpoint);
    return request;
  }

  /**
   * The raw openapi-fetch client over the gateway's document: same auth, timeout, retry and money rules.
   * A refusal or a broken exchange throws the same typed errors as the verbs do; `data` is what a 2xx said.
   */
  get api(): Client<Paths> {
    this.#api ??= createFetchClient<Paths>({
      baseUrl: this.#transport.baseUrl,
      fetch: (request) => this.#send(request),
    });
    return this.#api;
  }

  async #send(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const base = new URL(this.#transport.baseUrl);
    const prefix = base.pathname === '/' ? '' : base.pathname;
    const headers = Object.fromEntries(request.headers);
    const body = request.body === null ? undefined : new Uint8Array(await request.arrayBuffer());
    // Only reading is free to repeat: of the POSTs nobody but the vendor knows which ones cost.
    const paid = request.method !== 'GET' && request.method !== 'HEAD';
    const answer = await this.#transport.request({
      method: request.method,
      path: url.pathname.slice(prefix.length) + url.search,
      body,
      headers,
      phase: paid ? 'submit' : 'poll',
      paid,
      signal: request.signal,
      traceId: headers['x-trace-id'] ?? crypto.randomUUID(),
      binary: true,
    });
    const empty = answer.status === 204 || answer.status === 304 || answer.bytes.length === 0;
    return new Response(empty ? null : new Uint8Array(answer.bytes), {
      status: answer.status,
      headers: withoutCoding(answer.headers),
    });
  }

  /** Safe to paste: no key. */
  toJSON(): { gateway: string; baseUrl: string } {
    return { gateway: this.#gateway.name, baseUrl: this.#transport.baseUrl };
  }
}

/** The bytes are decoded already: a `content-encoding` left in place would have them decoded twice. */
function withoutCoding(headers: Headers): Headers {
  const kept = new Headers(headers);
  kept.delete('content-encoding');
  kept.delete('content-length');
  return kept;
}

function fromEnvironment(names: readonly string[]): string | undefined {
  // Edge runtimes have no `process`.
  const environment = typeof process === 'undefined' ? undefined : process.env;
  for (const name of names) {
    const value = environment?.[name];
    if (value !== undefined && value.trim() !== '') return value;
  }
  return undefined;
}

function positive(name: string, value: number | undefined): number | undefined {
  if (value === undefined || (Number.isFinite(value) && value > 0)) return value;
  throw new ConfigError(`${name} must be a positive number, not ${value}.`, {
    code: 'bad_option',
    phase: 'config',
    param: name,
    hint: 'Leave it out for the default.',
  });
}

function pollBounds(poll: ClientOptions['poll']): PollBounds {
  const minMs =
    positive('poll.minMs', poll?.minMs) ?? Math.min(DEFAULT_BOUNDS.minMs, poll?.maxMs ?? Number.POSITIVE_INFINITY);
  const maxMs = positive('poll.maxMs', poll?.maxMs) ?? Math.max(DEFAULT_BOUNDS.maxMs, minMs);
  if (minMs > maxMs) {
    throw new ConfigError(`poll.minMs (${minMs}) is more than poll.maxMs (${maxMs}).`, {
      code: 'bad_option',
      phase: 'config',
      param: 'poll.minMs',
      hint: 'Swap them.',
    });
  }
  return { minMs, maxMs };
}

function retryPolicy(retry: Partial<RetryPolicy> | undefined): RetryPolicy {
  for (const name of ['attempts', 'baseMs', 'factor', 'capMs'] as const) positive(`retry.${name}`, retry?.[name]);
  return { ...DEFAULT_RETRY, ...retry };
}

function warner(onWarning: ClientOptions['onWarning'], apiKey: string | undefined): (warning: Warning) => void {
  return (warning) => {
    const safe = { ...warning, message: redactText(warning.message, apiKey) };
    try {
      if (onWarning === undefined) console.warn(`ima-router: ${safe.message}`);
      else onWarning(safe);
    } catch {
      // A hook that throws must not break a paid wait, and there is nobody left to tell.
    }
  };
}

function checkedRequest(request: unknown): { model: string } {
  if (typeof request === 'object' && request !== null && 'model' in request && typeof request.model === 'string') {
    return { model: request.model };
  }
  throw new InvalidRequestError('A request is an object with a `model`: nothing was sent.', {
    code: 'invalid_request',
    phase: 'validate',
    issues: [{ path: ['model'], message: 'expected a model id' }],
    param: 'model',
    hint: "E.g. { model: '<model id>', prompt: '…' }.",
  });
}
