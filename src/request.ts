// From what the caller hands in to a body that may be sent: route, local media, validation. Nothing here calls the gateway.

import {
  type Candidate,
  type Catalog,
  type EndpointData,
  invalidRequest,
  type LazyParts,
  type Modality,
  type Route,
  routeOf,
  type Strictness,
  Validator,
} from './catalog/index.js';
import type { Gateway } from './gateway.js';
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
import {
  bad,
  cleanHeaders,
  derived,
  InvalidRequestError,
  type RequestIssue,
  WaitAbortedError,
} from './transport/index.js';

/** How one request is prepared. */
export interface PrepareOptions {
  endpoint?: string | undefined;
  strictness: Strictness;
  headers?: Headers | Record<string, string> | undefined;
  /** What a body that names no model is, and where it goes. */
  as?: Nameless | undefined;
}

/** A request at a path whose bodies name no model. */
export interface Nameless {
  /** What its tasks are called. */
  model: string;
  modality: Modality;
  endpoint: EndpointData;
}

/** Finds what is wrong with a request for reasons that are not in its body. Sends nothing that costs. */
export type AlsoCheck = (request: Candidate) => Promise<RequestIssue[]>;

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
  /** Headers that change a single request: where they may stand, and with what. */
  callHeaders: Gateway['callHeaders'];
  /** Throws where a request could not be sent anyway (no key, no task): then nothing is hosted for it. */
  beforeHosting: (route: Route) => void;
  /** Texts without this client's secrets. */
  redact: (text: string) => string;
}

/** Checks requests, and makes them ready to be sent. */
export class RequestDesk {
  readonly #context: RequestContext;
  readonly #validator: Validator;
  readonly #others: AlsoCheck[] = [];

  constructor(context: RequestContext) {
    this.#context = context;
    this.#validator = new Validator(context.parts);
  }

  /** From now on `check` is asked of every request too, unless that is to go unchecked. */
  alsoCheck(check: AlsoCheck): void {
    this.#others.push(check);
  }

  /**
   * The route of `request`, what equal requests are known by, and the way to its body: the caller's object as it is at
   * this moment, with local media hosted. Throws `UnknownModelError`, `InvalidRequestError`; the body also `ConfigError`
   * when `hostFile` fails, or `WaitAbortedError`. Nothing was sent then.
   */
  async prepare(request: unknown, options: PrepareOptions): Promise<Prepared> {
    const { route, identity, body, headers } = await this.#checked(request, options);
    return {
      route,
      headers,
      // Before hosting: the same file may be given another address each time.
      fingerprint: await identity(),
      body: async (signal) => JSON.stringify(await body(signal)),
    };
  }

  /** Throws as `prepare` does. Hosts nothing. */
  async check(request: unknown, options: PrepareOptions): Promise<void> {
    await this.#checked(request, options);
  }

  async #checked(
    request: unknown,
    { endpoint: path, strictness, headers: given, as }: PrepareOptions,
  ): Promise<{
    route: Route;
    headers: Record<string, string> | undefined;
    identity: () => Promise<string>;
    body: (signal: AbortSignal | undefined) => Promise<unknown>;
  }> {
    const { catalog, hostFile, isLocalGateway, beforeHosting } = this.#context;
    // What is checked is what is sent, whatever the caller does to the object meanwhile.
    const { model, draft } = as === undefined ? drafted(request) : { model: as.model, draft: jsonOf(request) };
    const [known, endpoint] = as === undefined ? catalog.find(model, path) : [undefined, as.endpoint];
    const route = routeOf(known ?? { id: model, modality: as?.modality ?? 'other' }, endpoint);
    const headers = given === undefined ? undefined : headersFor(route, given, this.#context.callHeaders);
    const candidate: Candidate = { model, endpoint, body: draft.body };

    const media: LocalOptions = {
      ...{ model, hostFile, isLocalGateway, strict: strictness === 'full' },
      ...{
        isKnown: endpoint.schema !== null,
        assetScheme: known?.uploadModel === undefined ? undefined : this.#context.assetScheme,
      },
    };
    const isOff = strictness === 'off' && hostFile === undefined && draft.locals.length === 0;
    const fields = isOff ? [] : await this.#validator.mediaFields(endpoint);
    const { issues, hasLocal } = localIssues(draft, fields, media);
    if (issues.length > 0) throw invalidRequest(candidate, this.#redacted(issues), hasLocal ? LOCAL_MEDIA : undefined);
    await this.#validate(candidate, strictness);
    return {
      route,
      headers,
      identity: () =>
        identityOf(draft, [
          ...[this.#context.gateway, route.method, route.path],
          ...(headers === undefined ? [] : [JSON.stringify(Object.entries(headers).sort())]),
        ]),
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
    if (strictness === 'full') {
      for (const check of this.#others) issues.push(...(await check(candidate)));
    }
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
  const what = 'A request is an object with a `model`';
  const draft = jsonOf(request, what);
  const { model } = draft.body;
  const isText = draft.locals.every(({ path }) => path[0] !== 'model');
  if (typeof model !== 'string' || !isText) throw malformed(what, EXAMPLE);
  return { model, draft };
}

/** The same for a body that names no model. */
function jsonOf(request: unknown, what = 'A request is an object'): NonNullable<ReturnType<typeof draftOf>> {
  let draft: ReturnType<typeof draftOf>;
  try {
    draft = draftOf(request);
  } catch (cause) {
    throw malformed(
      'The request cannot be written as JSON',
      'It holds a BigInt, refers to itself, or hides bytes in something with a toJSON of its own.',
      cause,
    );
  }
  if (draft === undefined) throw malformed(what, EXAMPLE);
  return draft;
}

const EXAMPLE = "E.g. { model: '<model id>', prompt: '…' }.";

function malformed(message: string, hint: string, cause?: unknown): InvalidRequestError {
  return new InvalidRequestError(`${message}: nothing was sent.`, {
    code: 'invalid_request',
    phase: 'validate',
    hint,
    cause,
  });
}

/** The headers of one request, in lower case. Throws `ConfigError` for one that cannot be, or that changes nothing there. */
function headersFor(
  route: Route,
  given: Headers | Record<string, string>,
  known: Gateway['callHeaders'],
): Record<string, string> | undefined {
  const headers = cleanHeaders(given);
  const entries = Object.entries(headers);
  for (const [name, value] of entries) {
    const rule = Object.hasOwn(known, name) ? known[name] : undefined;
    if (rule === undefined) continue;
    const { paths, values } = rule;
    if (!paths.includes(route.path)) {
      throw bad(`headers.${name}`, `says nothing at ${route.path}`, `It is read at ${paths.join(', ')}.`);
    }
    if (values !== undefined && !values.includes(value)) {
      throw bad(
        `headers.${name}`,
        `must be ${values.map((one) => `'${one}'`).join(' or ')}`,
        'Leave it out otherwise.',
      );
    }
  }
  return entries.length === 0 ? undefined : headers;
}
