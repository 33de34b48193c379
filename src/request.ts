// From what the caller hands in to a body that may be sent: route, local media, validation. Nothing here calls the gateway.

import {
  type Candidate,
  type Catalog,
  invalidRequest,
  type LazyParts,
  type Route,
  routeOf,
  type Strictness,
  Validator,
} from './catalog/index.js';
import {
  draftOf,
  type HostFile,
  hosted,
  identityOf,
  type LocalOptions,
  localIssues,
  STAND_INS,
} from './media/index.js';
import type { Prepared } from './tasks/index.js';
import { derived, InvalidRequestError, type RequestIssue, WaitAbortedError } from './transport/index.js';

/** How one request is prepared. */
export interface PrepareOptions {
  endpoint?: string | undefined;
  strictness: Strictness;
}

/** What a client's requests have in common. */
export interface RequestContext {
  gateway: string;
  catalog: Catalog;
  parts: LazyParts;
  hostFile: HostFile | undefined;
  /** Whether the gateway is on this machine: then it reaches private addresses. */
  isLocalGateway: boolean;
  /** The scheme of addresses of the gateway's own making. */
  assetScheme: string | undefined;
  /** Throws where a request could not be sent anyway (no key, no task): then nothing is hosted for it. */
  beforeHosting: (route: Route) => void;
  /** Texts without this client's secrets. */
  redact: (text: string) => string;
}

/** Checks requests, and makes them ready to be sent. */
export class RequestDesk {
  readonly #context: RequestContext;
  readonly #validator: Validator;

  constructor(context: RequestContext) {
    this.#context = context;
    this.#validator = new Validator(context.parts);
  }

  /**
   * The route of `request`, what equal requests are known by, and the way to its body: the caller's object as it is at
   * this moment, with local media hosted. Throws `UnknownModelError`, `InvalidRequestError`; the body also `ConfigError`
   * when `hostFile` fails, or `WaitAbortedError`. Nothing was sent then.
   */
  async prepare(request: unknown, options: PrepareOptions): Promise<Prepared> {
    const { route, identity, body } = await this.#checked(request, options);
    // Before hosting: the same file may be given another address each time.
    return { route, fingerprint: await identity(), body: async (signal) => JSON.stringify(await body(signal)) };
  }

  /** Throws as `prepare` does. Hosts nothing. */
  async check(request: unknown, options: PrepareOptions): Promise<void> {
    await this.#checked(request, options);
  }

  async #checked(
    request: unknown,
    { endpoint: path, strictness }: PrepareOptions,
  ): Promise<{
    route: Route;
    identity: () => Promise<string>;
    body: (signal: AbortSignal | undefined) => Promise<unknown>;
  }> {
    const { catalog, hostFile, isLocalGateway, beforeHosting } = this.#context;
    // What is checked is what is sent, whatever the caller does to the object meanwhile.
    const { model, draft } = drafted(request);
    const [known, endpoint] = catalog.find(model, path);
    const route = routeOf(known, endpoint);
    const candidate: Candidate = { model, endpoint, body: draft.body };

    const media: LocalOptions = {
      ...{ model, hostFile, isLocalGateway, strict: strictness === 'full' },
      ...{
        isKnown: endpoint.schema !== null,
        assetScheme: known.uploadModel === undefined ? undefined : this.#context.assetScheme,
      },
    };
    const isOff = strictness === 'off' && hostFile === undefined && draft.locals.length === 0;
    const fields = isOff ? [] : await this.#validator.mediaFields(endpoint);
    const { issues, hasLocal } = localIssues(draft, fields, media);
    if (issues.length > 0) throw invalidRequest(candidate, this.#redacted(issues), hasLocal ? LOCAL_MEDIA : undefined);
    await this.#validate(candidate, strictness);
    return {
      route,
      identity: () => identityOf(draft, [this.#context.gateway, route.method, route.path]),
      body: async (signal) => {
        if (draft.locals.length === 0) return draft.body;
        beforeHosting(route);
        const own = derived(signal);
        await unlessAborted(() => hosted(draft, media, own), own);
        // A hosted URL may be one that the schema refuses: plain http where only https is taken.
        await this.#validate(candidate, strictness);
        return draft.body;
      },
    };
  }

  async #validate(candidate: Candidate, strictness: Strictness): Promise<void> {
    const issues = await this.#validator.issues(candidate, strictness);
    if (issues.length > 0) throw invalidRequest(candidate, this.#redacted(issues));
  }

  /** A user may have put the key into a field, or even made a field of it. */
  #redacted(issues: readonly RequestIssue[]): RequestIssue[] {
    const redact = (text: string) => this.#context.redact(text).replace(STAND_INS, 'a local file');
    return issues.map(({ path, message, expected, received, ...rest }) => ({
      ...rest,
      path: path.map((step) => (typeof step === 'string' ? redact(step) : step)),
      message: redact(message),
      ...(expected === undefined ? {} : { expected: redact(expected) }),
      ...(received === undefined ? {} : { received: redact(received) }),
    }));
  }
}

/** Gives up waiting for `work` as soon as `signal` fires. What the work comes to then is of no interest. */
async function unlessAborted(work: () => Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return work();
  if (signal.aborted) throw aborted(signal);
  await new Promise<void>((resolve, reject) => {
    const stop = () => reject(aborted(signal));
    signal.addEventListener('abort', stop, { once: true });
    work()
      .then(resolve, (error: unknown) => reject(signal.aborted ? aborted(signal) : error))
      .finally(() => signal.removeEventListener('abort', stop));
  });
}

const aborted = (signal: AbortSignal): WaitAbortedError =>
  new WaitAbortedError('The request was aborted while its local media were being hosted: nothing was sent.', {
    code: 'aborted',
    phase: 'validate',
    hint: 'Nothing was bought by this call.',
    cause: signal.reason,
  });

const LOCAL_MEDIA = {
  code: 'local_media',
  hint: 'Put the file on the web and pass its URL, or create the client with { hostFile }, which does it for every call (docs/media.md).',
};

/** The request as it will go over the wire. The caller's object stays untouched. */
function drafted(request: unknown): { model: string; draft: NonNullable<ReturnType<typeof draftOf>> } {
  const wrong = (message: string, hint: string, cause?: unknown) =>
    new InvalidRequestError(`${message}: nothing was sent.`, {
      code: 'invalid_request',
      phase: 'validate',
      hint,
      cause,
    });
  let draft: ReturnType<typeof draftOf>;
  try {
    draft = draftOf(request);
  } catch (cause) {
    throw wrong(
      'The request cannot be written as JSON',
      'It holds a BigInt, refers to itself, or hides bytes in something with a toJSON of its own.',
      cause,
    );
  }
  const model = draft?.body.model;
  const isText = typeof model === 'string' && draft?.locals.every(({ path }) => path[0] !== 'model');
  if (draft === undefined || typeof model !== 'string' || !isText) {
    throw wrong('A request is an object with a `model`', "E.g. { model: '<model id>', prompt: '…' }.");
  }
  return { model, draft };
}
