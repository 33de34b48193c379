// The doors into Prism that the mock uses, loaded when it starts: Prism is an optional peer.
//
// Checking and answering are loaded apart. All of Prism takes about a second to load, most of it for the generator of
// fake data; the validators and the document reader take a third of that, and most mocks never need the rest.

import { at, isObject } from './json.js';

const PACKAGE = '@stoplight/prism-http@5.12.0';

export interface Operation {
  method: string;
  path: string;
  request?: unknown;
}

/** A request as Prism wants it. */
export interface PrismRequest {
  method: string;
  url: { path: string; query: Record<string, string | string[]> };
  headers: Record<string, string>;
  body: unknown;
}

export interface PrismResponse {
  statusCode: number;
  headers?: Record<string, unknown>;
  body?: unknown;
}

export interface Diagnostic {
  message: string;
  code?: unknown;
}

type Either<L, R> = { _tag: 'Left'; left: L } | { _tag: 'Right'; right: R };

export interface PrismChecker {
  getHttpOperationsFromSpec(document: object): Promise<Operation[]>;
  validateInput(input: { resource: Operation; element: PrismRequest }): Either<Diagnostic[], unknown>;
  validateOutput(input: { resource: Operation; element: PrismResponse }): Either<Diagnostic[], unknown>;
}

export interface PrismAnswerer {
  createInstance(
    config: object,
    components: object,
  ): {
    request(input: PrismRequest, resources: Operation[]): () => Promise<Either<Error, { output: PrismResponse }>>;
  };
}

const importChecker = async (): Promise<unknown> => {
  const [{ getHttpOperationsFromSpec }, { validateInput, validateOutput }] = await Promise.all([
    import('@stoplight/prism-http/dist/utils/operations.js'),
    import('@stoplight/prism-http/dist/validator/index.js'),
  ]);
  return { getHttpOperationsFromSpec, validateInput, validateOutput };
};

const importAnswerer = async (): Promise<unknown> => {
  const { createInstance } = await import('@stoplight/prism-http');
  return { createInstance };
};

/** What reads the document and judges requests and answers. Throws one sentence that names what to install. */
export function loadChecker(load = importChecker): Promise<PrismChecker> {
  return loaded(load, isChecker);
}

/** What answers by itself. */
export function loadAnswerer(load = importAnswerer): Promise<PrismAnswerer> {
  return loaded(load, isAnswerer);
}

async function loaded<T>(load: () => Promise<unknown>, check: (value: unknown) => value is T): Promise<T> {
  const prism = await load().catch((cause: unknown) => {
    const missing = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'].includes(String(at(cause, 'code')));
    const what = missing ? 'which is not installed' : `which failed to load (${String(at(cause, 'message'))})`;
    throw new Error(`The mock gateway needs Prism, ${what}. Put it beside ima-router: npm i -D ${PACKAGE}`, { cause });
  });
  if (check(prism)) return prism;
  throw new Error(`The mock gateway does not know the installed version of Prism. Install: npm i -D ${PACKAGE}`);
}

function isChecker(value: unknown): value is PrismChecker {
  const names = ['getHttpOperationsFromSpec', 'validateInput', 'validateOutput'];
  return isObject(value) && names.every((name) => typeof value[name] === 'function');
}

function isAnswerer(value: unknown): value is PrismAnswerer {
  return isObject(value) && typeof value.createInstance === 'function';
}
