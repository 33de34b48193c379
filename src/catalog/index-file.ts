// What a gateway's model index says, in any reasonable spelling; a file that is malformed or hostile is refused whole.

import { InvalidResponseError } from '../transport/index.js';
import type { Modality } from './data.js';

/** An endpoint as the index has it. */
export interface IndexedEndpoint {
  method: string;
  path: string;
  /** Undefined where the index does not say; null: the answer to the submit is final. */
  pollPath: string | null | undefined;
}

/** A model as the index has it. */
export interface IndexedModel {
  id: string;
  /** In the order of the index. */
  endpoints: IndexedEndpoint[];
  /** Of the preferred endpoint; undefined where the index does not say. */
  pollPath: string | null | undefined;
  modality: Modality | undefined;
}

export interface ModelIndex {
  version: string | undefined;
  models: IndexedModel[];
}

// Far above any catalogue in the field (one gateway has 119 models), far below what would hurt.
const MOST_MODELS = 20_000;
const MOST_ENDPOINTS = 100;

const MODALITIES: ReadonlySet<unknown> = new Set<Modality>([
  ...(['video', 'image', 'music', 'speech', 'chat', 'embedding', 'asset', 'other'] as const),
]);
const isModality = (value: unknown): value is Modality => MODALITIES.has(value);

// Ids are shown in messages and become part of file names: letters, digits and what joins them.
const ID = /^[\p{L}\p{N}](?:[\p{L}\p{N}._:/@+ -]{0,198}[\p{L}\p{N}])?$/u;
const PATH = /^(?:\/[A-Za-z0-9._~-]+)+$/;
const POLL_PATH = /^(?:\/(?:[A-Za-z0-9._~-]+|\{task_id\}))+$/;
/** Spellings of the one placeholder that a poll path has. */
const TASK_ID = /\{(?:task_?id|id)\}|:task_?id\b/gi;
const METHODS = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);

/**
 * Reads a model index: a list, or an object with `models` or `data`, which is a list or goes by id. `servers` are the
 * origins that its paths may be written under. Throws `InvalidResponseError` (`bad_model_index`) that names `where`.
 */
export function readModelIndex(value: unknown, where: string, servers: readonly string[] = []): ModelIndex {
  const refuse = (why: string): never => {
    throw new InvalidResponseError(`${where} ${why}: it is not a model index.`, {
      code: 'bad_model_index',
      phase: 'route',
      hint: 'Nothing was taken over from it; the models known before stay in use.',
    });
  };
  if (holdsPrototype(value)) refuse('has a key `__proto__`');
  const held = isRecord(value) ? (value.models ?? value.data ?? value) : value;
  const entries: [string | undefined, unknown][] = Array.isArray(held)
    ? held.map((entry) => [undefined, entry])
    : isRecord(held)
      ? Object.entries(held)
      : [];
  if (entries.length === 0) refuse('names no model');
  if (entries.length > MOST_MODELS) refuse(`names ${entries.length} models`);

  const models = new Map<string, IndexedModel>();
  for (const [key, entry] of entries) {
    const model = readModel(key, entry, (why) => refuse(why), servers);
    const before = models.get(model.id);
    if (before === undefined) models.set(model.id, model);
    else before.endpoints.push(...model.endpoints);
  }
  const version = isRecord(value) ? value.version : undefined;
  return { version: typeof version === 'string' ? version.slice(0, 100) : undefined, models: [...models.values()] };
}

type Refuse = (why: string) => never;

function readModel(key: string | undefined, entry: unknown, refuse: Refuse, servers: readonly string[]): IndexedModel {
  if (!isRecord(entry)) return refuse('has an entry that is no object');
  const id = entry.modelId ?? entry.model_id ?? entry.id ?? entry.model ?? key;
  if (typeof id !== 'string' || !ID.test(id) || id === '__proto__')
    return refuse(`has a model id that is none (${shown(id)})`);
  const at = `of "${id}"`;
  const listed = entry.endpoints ?? entry.endpoint;
  // A list of names (`GET /v1/models`) is no index: nothing could be routed by it.
  if (listed === undefined || listed === null) return refuse(`says no endpoints ${at}`);
  const endpoints: unknown[] = Array.isArray(listed) ? listed : [listed];
  if (endpoints.length > MOST_ENDPOINTS) refuse(`has ${endpoints.length} endpoints ${at}`);
  const { modality } = entry;
  if (modality !== undefined && typeof modality !== 'string') refuse(`has a modality ${at} that is no text`);
  const read = endpoints.map((endpoint) => readEndpoint(endpoint, at, refuse, servers));
  return {
    id,
    // What is listed beside the submits (the poll, the list of tasks) takes no model.
    endpoints: read.filter(({ method }) => method === 'POST'),
    pollPath: readPoll(entry, at, refuse, servers),
    modality: isModality(modality) ? modality : undefined,
  };
}

function readEndpoint(value: unknown, at: string, refuse: Refuse, servers: readonly string[]): IndexedEndpoint {
  const { method, path } = methodAndPath(value) ?? refuse(`has an endpoint ${at} that is none (${shown(value)})`);
  if (!METHODS.has(method)) refuse(`has the method ${shown(method)} ${at}`);
  const own = ownPath(path, servers);
  const pollPath = isRecord(value) ? readPoll(value, at, refuse, servers) : undefined;
  // Reading endpoints may carry the placeholder; a submit never does.
  const form = method === 'POST' ? PATH : POLL_PATH;
  if (own === undefined || !isPlain(own, form))
    return refuse(`has a path ${at} that is not one of the gateway's (${shown(path)})`);
  return { method, path: own, pollPath };
}

/** Undefined where `holder` says nothing of polls, null where it says that there are none. */
function readPoll(
  holder: Record<string, unknown>,
  at: string,
  refuse: Refuse,
  servers: readonly string[],
): string | null | undefined {
  const key = ['pollEndpoint', 'poll_endpoint', 'pollPath'].find((name) => Object.hasOwn(holder, name));
  const value = key === undefined ? undefined : holder[key];
  if (value === undefined || value === null) return value;
  const said = methodAndPath(value, 'GET');
  const own = said === undefined ? undefined : ownPath(said.path, servers);
  const isPoll = said?.method === 'GET' && own !== undefined && own.split('{task_id}').length === 2;
  if (!isPoll || !isPlain(own, POLL_PATH)) {
    return refuse(`has a poll endpoint ${at} that is not one of the gateway's (${shown(value)})`);
  }
  return own;
}

function methodAndPath(value: unknown, standard = 'POST'): { method: string; path: string } | undefined {
  if (typeof value === 'string') {
    const [, method = standard, path] = /^(?:([A-Za-z]+)\s+)?(\S+)$/.exec(value.trim()) ?? [];
    return path === undefined ? undefined : { method: method.toUpperCase(), path };
  }
  if (!isRecord(value)) return undefined;
  const path = value.path ?? value.endpoint ?? value.url;
  const method = value.method ?? standard;
  return typeof path === 'string' && typeof method === 'string' ? { method: method.toUpperCase(), path } : undefined;
}

/** A path of the gateway: as it is, or under one of its own origins. An `#alias` names a page of the document, no path. */
function ownPath(text: string, servers: readonly string[]): string | undefined {
  const server = servers.find((origin) => text.startsWith(`${origin.replace(/\/+$/, '')}/`));
  const path = server === undefined ? text : text.slice(server.replace(/\/+$/, '').length);
  return path.replace(/#[\w-]*$/, '').replace(TASK_ID, '{task_id}');
}

/** No query, no fragment, no empty part (`//host`), no way up. */
const isPlain = (path: string, form: RegExp): boolean =>
  path.length <= 300 && form.test(path) && !path.split('/').some((part) => /^\.+$/.test(part));

/** Anywhere inside; without recursion, since a hostile file may nest as deep as it likes. */
function holdsPrototype(value: unknown): boolean {
  const rest: object[] = [];
  const add = (item: unknown): void => {
    if (typeof item === 'object' && item !== null) rest.push(item);
  };
  add(value);
  for (let item = rest.pop(); item !== undefined; item = rest.pop()) {
    if (Object.hasOwn(item, '__proto__')) return true;
    for (const inner of Object.values(item)) add(inner);
  }
  return false;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
