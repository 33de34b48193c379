// The client that every gateway shares: takes a gateway's description, wires the rooms below, gives the common verbs.

import createFetchClient, { type Client } from 'openapi-fetch';
import { sendFor } from './bridge.js';
import { Catalog, IndexSource, type Models, modelsOf, type Strictness } from './catalog/index.js';
import type { Gateway } from './gateway.js';
import {
  type ClientOptions,
  checkOptions,
  floorAfterRateLimit,
  journalOf,
  pollPolicy,
  pollsPerSecond,
  requestTimeout,
  retryPolicy,
  safeLogger,
  strictnessOf,
  warner,
} from './options.js';
import { type AlsoCheck, type Nameless, type PrepareOptions, RequestDesk } from './request.js';
import {
  type BatchItem,
  type BatchOptions,
  checkedFunction,
  checkedRef,
  checkedTaskId,
  checkedTimeout,
  checkSubmit,
  type Journal,
  type Prepared,
  type ResumeFilter,
  Scheduler,
  type Task,
  TaskEngine,
  type TaskRef,
  type TaskResult,
  type TaskState,
  type Warning,
} from './tasks/index.js';
import {
  backoff,
  ConfigError,
  checkNames,
  cleanBaseUrl,
  cleanHeaders,
  cleanKey,
  type FetchLike,
  isLoopback,
  Transport,
} from './transport/index.js';
import type { BodyMap, BodyOf, EndpointChoice, PreferredOf, TaskModel } from './typed.js';

/** Options of `submit`. */
export interface SubmitOptions<Endpoint extends string = string> {
  signal?: AbortSignal | undefined;
  /** Another endpoint than the model's preferred one, as a path. */
  endpoint?: Endpoint | undefined;
  /** Sent as `X-Trace-Id`; the gateway's settlement events echo it. Made up unless given. */
  traceId?: string | undefined;
  /** How far this body is checked before it is sent; the client's `validate` unless given. */
  validate?: Strictness | undefined;
  /** `attach`: where the journal has an equal request that is still pending, its task is given instead of a new one. */
  dedupe?: 'attach' | undefined;
  /** Sent with this request alone, e.g. `{ 'x-moderation': 'enabled' }`. Not for the key or the connection. */
  headers?: Headers | Record<string, string> | undefined;
}

/** Options of `generate`: those of `submit` and of the wait. */
export interface GenerateOptions<Endpoint extends string = string> extends SubmitOptions<Endpoint> {
  /** Patience for the whole wait; the default depends on what is made. */
  timeoutMs?: number | undefined;
  /** Told at each change of state. What it throws becomes a warning. */
  onUpdate?: ((state: TaskState) => void) | undefined;
}

const SUBMIT_OPTIONS = ['endpoint', 'traceId', 'validate', 'dedupe', 'headers', 'signal'];

/** How a request is made ready. */
interface Preparing extends Pick<SubmitOptions, 'endpoint' | 'validate' | 'headers'> {
  /** For a path whose bodies name no model: what it is, and where it goes. */
  as?: Nameless | undefined;
}

/** What a gateway's own verbs are made of. */
export interface Rooms {
  transport: Transport;
  engine: TaskEngine;
  catalog: Catalog;
  journal: Journal;
  /** Checks a request and makes it ready, as `submit` does. */
  prepare(request: unknown, at?: Preparing): Promise<Prepared>;
  /** Asked of every request before it is sent: what else is wrong with it, known from elsewhere than its body. */
  alsoCheck(check: AlsoCheck): void;
  /** Throws `ConfigError` without one. */
  apiKey(): string;
  /** The user's own; undefined where none was set. */
  requestTimeoutMs: number | undefined;
  warn(warning: Warning): void;
}

/** How a user points at a task that is known from elsewhere. */
export type TaskPointer = { model: string; endpoint?: string } | { pollPath: string };

/** Verbs that every gateway has. `Bodies` (of requests that make tasks), `Preferred` and
 * `Paths` are the generated types of its document. */
export class GatewayClient<Bodies extends BodyMap, Preferred, Paths extends object> {
  /** The catalogue; needs no key and makes no call. */
  readonly models: Models;
  /** Where this client writes down what it bought. */
  readonly journal: Journal;
  readonly #gateway: Gateway;
  readonly #catalog: Catalog;
  readonly #desk: RequestDesk;
  readonly #strictness: Strictness;
  readonly #transport: Transport;
  readonly #engine: TaskEngine;
  #api: Client<Paths> | undefined;

  /** `extend` is handed what the gateway's own verbs are made of. */
  constructor(gateway: Gateway, options: ClientOptions = {}, extend?: (rooms: Rooms) => void) {
    checkOptions(options);
    const apiKey = cleanKey(options.apiKey ?? fromEnvironment(gateway.env.apiKey));
    const fetch: FetchLike = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
    const userHeaders = cleanHeaders(options.headers);
    // Epoch milliseconds on a clock that nobody sets back: waits must not hang when the system time changes.
    const clock = { now: () => performance.timeOrigin + performance.now(), random: Math.random };
    const retry = retryPolicy(options.retry);
    const warn = warner(options.onWarning);
    const afterRateLimitMs = floorAfterRateLimit(options, gateway.poll.afterRateLimitMs, gateway.poll);
    this.#gateway = gateway;
    this.#catalog = new Catalog(gateway.catalog, gateway.names, gateway.verbs);
    this.#strictness = strictnessOf(options.validate);
    this.journal = journalOf(options.journal);
    this.#transport = new Transport({
      baseUrl: cleanBaseUrl(options.baseUrl ?? fromEnvironment(gateway.env.baseUrl) ?? gateway.baseUrl),
      apiKey,
      missingKey: `No API key for ${gateway.name}: set ${gateway.env.apiKey[0] ?? 'the key variable'} or pass { apiKey }.`,
      headers: (key) => gateway.headers(key),
      userHeaders,
      fetch: options.fetch,
      requestTimeoutMs: requestTimeout(options),
      retry,
      afterRateLimitMs,
      readRefusal: gateway.readRefusal,
      requestIdOf: gateway.requestIdOf,
      logger: safeLogger(options.logger),
      ...clock,
    });
    const isLocalGateway = isLoopback(new URL(this.#transport.baseUrl).hostname);
    this.#engine = new TaskEngine({
      gateway: gateway.name,
      transport: this.#transport,
      readers: gateway.readers,
      journal: this.journal,
      scheduler: new Scheduler({
        perSecond: pollsPerSecond(options.poll, gateway.poll.perSecond),
        now: clock.now,
        longestQuietMs: retry.capMs,
        leastQuietMs: afterRateLimitMs,
        backoffMs: (refusals) => backoff(refusals, retry, clock.random),
      }),
      poll: pollPolicy(options.poll, gateway.poll),
      media: {
        fetch: options.fetch,
        authFor: (url) => (this.#transport.isOwnOrigin(url) ? this.#transport.authHeaders('download') : {}),
        headers: gateway.results.headers,
        declaredSizes: gateway.results.declaredSizes,
        isTrusted: (url) => isLocalGateway || this.#transport.isOwnOrigin(url),
        retry,
        random: clock.random,
      },
      verbs: gateway.verbs,
      waitMs: gateway.waitMs,
      durations: gateway.durations,
      longestSubmitMs: retry.attempts * (requestTimeout(options) + retry.capMs),
      resendsUnknown: retry.unknownSubmits,
      warn,
      ...clock,
    });
    this.#desk = new RequestDesk({
      gateway: gateway.name,
      catalog: this.#catalog,
      parts: gateway.parts,
      hostFile: options.hostFile,
      isLocalGateway,
      assetScheme: gateway.assetScheme,
      callHeaders: gateway.callHeaders,
      // Whether it makes a task is asked by whoever buys one, before that.
      beforeHosting: () => void this.#transport.authHeaders('config'),
      redact: (text) => this.#transport.redact(text),
    });
    this.models = modelsOf(
      this.#catalog,
      new IndexSource(fetch, requestTimeout(options)),
      // Who stands in for the gateway on this machine stands in for its index too.
      isLocalGateway ? `${this.#transport.baseUrl}/model-index.json` : gateway.indexUrl,
    );
    extend?.({
      transport: this.#transport,
      engine: this.#engine,
      catalog: this.#catalog,
      journal: this.journal,
      prepare: (request, at = {}) => this.#desk.prepare(request, this.#preparing(at)),
      alsoCheck: (check) => this.#desk.alsoCheck(check),
      apiKey: () => {
        // Says what is missing.
        if (apiKey === undefined) this.#transport.authHeaders('config');
        return apiKey ?? '';
      },
      requestTimeoutMs: options.requestTimeoutMs === undefined ? undefined : requestTimeout(options),
      warn,
    });
  }

  /** Buys a generation and waits for it: `submit`, then `task.result()`. Throws what those throw. */
  async generate<Model extends string, Endpoint extends string = PreferredOf<Preferred, Model>>(
    request: { model: TaskModel<Bodies, Model> } & BodyOf<Bodies, Model, Endpoint>,
    options: GenerateOptions<EndpointChoice<Bodies, Model, Endpoint>> = {},
  ): Promise<TaskResult> {
    checkNames(options, [...SUBMIT_OPTIONS, 'timeoutMs', 'onUpdate']);
    const { timeoutMs, onUpdate, ...rest } = options;
    checkedTimeout(timeoutMs);
    checkedFunction('onUpdate', onUpdate);
    const task = await this.submit(request, rest);
    return task.result({ signal: rest.signal, timeoutMs, onUpdate });
  }

  /**
   * Buys a generation; resolves as soon as the gateway has answered with an id.
   * Throws before anything is sent: `ConfigError`, `UnknownModelError`, `InvalidRequestError`, `WaitAbortedError`,
   * `ConnectionError`. Refused by the gateway: `InvalidRequestError`, `AuthenticationError`, `PermissionError`,
   * `InsufficientBalanceError`, `RateLimitError`, `ServerError`. Sent without an answer: `SubmitUnknownError`.
   */
  async submit<Model extends string, Endpoint extends string = PreferredOf<Preferred, Model>>(
    request: { model: TaskModel<Bodies, Model> } & BodyOf<Bodies, Model, Endpoint>,
    options: SubmitOptions<EndpointChoice<Bodies, Model, Endpoint>> = {},
  ): Promise<Task> {
    checkNames(options, SUBMIT_OPTIONS);
    const { signal, traceId, dedupe } = options;
    const at = { signal, traceId, dedupe };
    // Nothing is read, hosted or written for a call that is wrong anyway.
    checkSubmit(at);
    return this.#engine.submit(await this.#desk.prepare(request, this.#preparing(options)), at);
  }

  #preparing({ endpoint, validate, headers, as }: Preparing): PrepareOptions {
    return { endpoint, strictness: strictnessOf(validate, this.#strictness), headers, as };
  }

  /**
   * The tasks of the journal that are not finished and that nobody alive waits for, from this process or any other. A
   * submit that was cut off before its answer becomes `unknown` in the journal, with a warning: it may be billed.
   * Throws `ConfigError` when the journal cannot be read.
   */
  async resume(filter: ResumeFilter = {}): Promise<Task[]> {
    checkNames(filter, ['model']);
    return this.#engine.resume(filter);
  }

  /**
   * Many requests as one piece of work, in order of completion; one failure never drops the others. The same requests
   * again, with the same journal, go on where they stopped: what is bought is not bought twice. Bodies are checked at
   * run time, item by item. Throws `ConfigError` at once for wrong options; ends in `WaitAbortedError` on `signal`.
   */
  batch<Request extends { model: string }>(
    requests: Iterable<Request> | AsyncIterable<Request>,
    options: BatchOptions<Request> & { validate?: Strictness | undefined } = {},
  ): AsyncGenerator<BatchItem<Request>, void, undefined> {
    // Null is told by the engine, with all else that is wrong.
    const { endpoint, validate, headers } = options ?? {};
    // A header that nobody may set is told at once, not of each request.
    const preparing = this.#preparing({ endpoint, validate, headers: headers && cleanHeaders(headers) });
    return this.#engine.batch(requests, (request) => this.#desk.prepare(request, preparing), options);
  }

  /**
   * A handle on a task known from elsewhere: an id with its model (or poll path), or what `task.toJSON()` gave.
   * Makes no call. Throws `UnknownModelError`, or `ConfigError` for another gateway's task or a malformed id.
   */
  task(json: TaskRef): Task;
  task(id: string, pointer: TaskPointer): Task;
  task(idOrJson: string | TaskRef, pointer?: TaskPointer): Task {
    if (typeof idOrJson === 'object') return this.#engine.attach(checkedRef(idOrJson));
    if (pointer !== undefined) checkNames(pointer, ['model', 'endpoint', 'pollPath'], 'pointer');
    if (pointer === undefined || !('model' in pointer || 'pollPath' in pointer)) {
      throw new ConfigError(`Task ${idOrJson}: say what it is with { model } or { pollPath }.`, {
        code: 'bad_task',
        phase: 'config',
        hint: `ima.task('${idOrJson}', { model: '…' })`,
      });
    }
    const id = checkedTaskId(idOrJson);
    const ref = { v: 1, gateway: this.#gateway.name, id, traceId: null } as const;
    if ('pollPath' in pointer) {
      const modality = this.#catalog.modalityAt(pointer.pollPath);
      if (modality === undefined) {
        throw new ConfigError(`${JSON.stringify(pointer.pollPath)} is not a path that tasks are polled at.`, {
          code: 'bad_task',
          phase: 'config',
          param: 'pollPath',
          hint: 'Poll paths stand in `models.route(id).pollPath`, with {task_id} for the id.',
        });
      }
      return this.#engine.attach({
        ...ref,
        model: 'unknown',
        endpoint: null,
        pollPath: pointer.pollPath,
        modality,
      });
    }
    const route = this.#catalog.routeOfTask(pointer.model, { endpoint: pointer.endpoint });
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
   * Resolves to the caller's own object when its model's endpoint takes it. Sends nothing and hosts nothing.
   * Throws `UnknownModelError` or `InvalidRequestError`.
   */
  async validate<Request extends { model: string }>(
    request: Request,
    options: { endpoint?: string | undefined; validate?: Strictness | undefined } = {},
  ): Promise<Request> {
    checkNames(options, ['endpoint', 'validate']);
    const strictness = strictnessOf(options.validate, this.#strictness === 'off' ? 'full' : this.#strictness);
    await this.#desk.check(request, { endpoint: options.endpoint, strictness });
    return request;
  }

  /**
   * The raw openapi-fetch client over the gateway's document: same auth, timeout, retry and money rules.
   * A refusal or a broken exchange throws the same typed errors as the verbs do; `data` is what a 2xx said.
   */
  get api(): Client<Paths> {
    this.#api ??= createFetchClient<Paths>({
      baseUrl: this.#transport.baseUrl,
      fetch: (request) => sendFor(this.#transport, request),
    });
    return this.#api;
  }

  /** Safe to paste: no key. */
  toJSON(): { gateway: string; baseUrl: string } {
    return { gateway: this.#gateway.name, baseUrl: this.#transport.baseUrl };
  }
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
