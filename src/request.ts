// From what the caller hands in to a body that may be sent: route, local media, validation. Nothing here calls the gateway.

import {
  type Candidate,
  type Catalog,
  invalidRequest,
  type LazyParts,
  type Route,
  type Strictness,
  Validator,
} from './catalog/index.js';
import { draftOf, type HostFile, hosted, type LocalOptions, localIssues } from './media/index.js';
import { InvalidRequestError, WaitAbortedError } from './transport/index.js';

/** How one request is prepared. */
export interface PrepareOptions {
  endpoint?: string | undefined;
  strictness: Strictness;
  signal?: AbortSignal | undefined;
}

/** What a client's requests have in common. */
export interface RequestContext {
  catalog: Catalog;
  parts: LazyParts;
  hostFile: HostFile | undefined;
  /** Whether the gateway is on this machine: then it reaches private addresses. */
  isLocalGateway: boolean;
  /** Throws where a request could not be sent anyway (no key): then nothing is hosted for it. */
  beforeHosting: () => void;
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
   * The route of `request`, and its body as it goes over the wire: the caller's object, with local media hosted.
   * Throws `UnknownModelError`, `InvalidRequestError`, or `ConfigError` when `hostFile` fails. Nothing was sent then.
   */
  async prepare(request: unknown, options: PrepareOptions): Promise<{ route: Route; body: string }> {
    const ready = await this.#checked(request, options);
    return { route: ready.route, body: JSON.stringify(await ready.body()) };
  }

  /** Throws as `prepare` does. Hosts nothing. */
  async check(request: unknown, options: PrepareOptions): Promise<void> {
    await this.#checked(request, options);
  }

  async #checked(
    request: unknown,
    { endpoint: path, strictness, signal }: PrepareOptions,
  ): Promise<{ route: Route; body: () => Promise<unknown> }> {
    const { catalog, hostFile, isLocalGateway, beforeHosting } = this.#context;
    // What is checked is what is sent, whatever the caller does to the object meanwhile.
    const { model, draft } = drafted(request);
    const [, endpoint] = catalog.find(model, path);
    const route = catalog.route(model, { endpoint: path });
    const candidate: Candidate = { model, endpoint, body: draft.body };

    const media: LocalOptions = { model, hostFile, strict: strictness === 'full', isLocalGateway };
    const isOff = strictness === 'off' && hostFile === undefined && draft.locals.length === 0;
    const fields = isOff ? [] : await this.#validator.mediaFields(endpoint);
    const refused = localIssues(draft, fields, media);
    if (refused.length > 0) throw localMedia(candidate, refused);
    await this.#validate(candidate, strictness);
    return {
      route,
      body: async () => {
        if (draft.locals.length === 0) return draft.body;
        beforeHosting();
        if (signal?.aborted) throw aborted(signal);
        await hosted(draft, media, signal);
        // A hosted URL may be one that the schema refuses: plain http where only https is taken.
        await this.#validate(candidate, strictness);
        return draft.body;
      },
    };
  }

  async #validate(candidate: Candidate, strictness: Strictness): Promise<void> {
    const issues = await this.#validator.issues(candidate, strictness);
    if (issues.length > 0) throw invalidRequest(candidate, issues);
  }
}

const aborted = (signal: AbortSignal): WaitAbortedError =>
  new WaitAbortedError('The request was aborted before its local media were hosted.', {
    code: 'aborted',
    phase: 'validate',
    hint: 'Nothing was bought by this call.',
    cause: signal.reason,
  });

function localMedia(candidate: Candidate, issues: InvalidRequestError['issues']): InvalidRequestError {
  const { message } = invalidRequest(candidate, issues);
  return new InvalidRequestError(message, {
    code: 'local_media',
    phase: 'validate',
    issues,
    param: issues[0]?.path.join('.'),
    hint: 'Put the file on the web and pass its URL, or create the client with { hostFile }, which does it for every call (docs/media.md).',
  });
}

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
    throw wrong('The request cannot be written as JSON', 'It holds a BigInt or refers to itself.', cause);
  }
  const model = draft?.body.model;
  if (draft === undefined || typeof model !== 'string') {
    throw wrong('A request is an object with a `model`', "E.g. { model: '<model id>', prompt: '…' }.");
  }
  return { model, draft };
}
