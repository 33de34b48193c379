// What a gateway's model index says, in any reasonable spelling; a file that is malformed or hostile is refused whole.

import { InvalidResponseError, isRecord } from '../transport/index.js';
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

// Ids are shown in messages and become part of file names: nothing that does not print, nothing that quotes.
const ID = /^[^\p{C}\p{Z}"'`<>\\](?:[^\p{C}"'`<>\\]{0,198}[^\p{C}\p{Z}"'`<>\\])?$/u;
const PATH = /^(?:\/[A-Za-z0-9._~-]+)+$/;
/** A path with placeholders, in the spellings of the field: `{task_id}`, `:id`, `<id>`. */
const TEMPLATE = /^(?:\/(?:[A-Za-z0-9._~:-]|\{[\w-]+\}|<[\w-]+>)+)+$/;
const PLACEHOLDER = /\{[\w-]+\}|<[\w-]+>|(?<=\/):\w+/g;
const METHODS = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']);
const LISTS = ['models', 'data', 'items'];
const POLLS = ['pollEndpoint', 'poll_endpoint', 'pollPath', 'poll_path', 'poll'];

/**
 * Reads a model index: a list, or an object with `models`, `data` or `items`, which is a list or goes by id. `servers` are
 * the origins that its paths may be written under. What is said beside ids, endpoints and polls is not read. Throws
 * `InvalidResponseError` (`bad_model_index`) that names `where`.
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
  const entries = entriesOf(value);
  if (entries.length === 0) refuse('names no model');
  if (entries.length > MOST_MODELS) refuse(`names ${entries.length} models`);

  const models = new Map<string, IndexedModel>();
  for (const [key, entry] of entries) {
    const model = readModel(key, entry, (why) => refuse(why), servers);
    if (model === undefined) continue;
    const before = models.get(model.id);
    const whole = before === undefined ? model : both(before, model);
    if (whole.endpoints.length > MOST_ENDPOINTS) refuse(`has too many endpoints of "${model.id}"`);
    models.set(model.id, whole);
  }
  // A list of names (`GET /v1/models`) is no index: nothing could be routed by it.
  if (![...models.values()].some(({ endpoints }) => endpoints.length > 0)) refuse('says no endpoint of any model');
  const version = isRecord(value) ? value.version : undefined;
  return { version: typeof version === 'string' ? version.slice(0, 100) : undefined, models: [...models.values()] };
}

/** The entries, with the ids that they go by where they go by id. */
function entriesOf(value: unknown): [string | undefined, unknown][] {
  if (Array.isArray(value)) return value.map((entry) => [undefined, entry]);
  if (!isRecord(value)) return [];
  const list = LISTS.find((name) => Object.hasOwn(value, name));
  const held = list === undefined ? undefined : value[list];
  if (Array.isArray(held)) return held.map((entry) => [undefined, entry]);
  if (isRecord(held)) return LISTS.some((name) => Array.isArray(held[name])) ? entriesOf(held) : Object.entries(held);
  // By id at the top level, beside a version and the like.
  return list === undefined
    ? Object.entries(value).filter(([, entry]) => typeof entry === 'object' && entry !== null)
    : [];
}

/** Two entries for one model: what each says of polls is about its own endpoints. */
function both(a: IndexedModel, b: IndexedModel): IndexedModel {
  const bound = ({ endpoints, pollPath }: IndexedModel) =>
    endpoints.map((endpoint) => (endpoint.pollPath === undefined ? { ...endpoint, pollPath } : endpoint));
  const endpoints = new Map([...bound(b), ...bound(a)].map((one) => [`${one.method} ${one.path}`, one]));
  return { ...b, ...a, endpoints: [...endpoints.values()], pollPath: undefined };
}

type Refuse = (why: string) => never;

/** Undefined for what stands beside the models where they go by id. */
function readModel(
  key: string | undefined,
  entry: unknown,
  refuse: Refuse,
  servers: readonly string[],
): IndexedModel | undefined {
  const held = Array.isArray(entry) && key !== undefined ? { endpoints: entry } : entry;
  if (!isRecord(held)) return refuse('has an entry that is no object');
  const id = held.modelId ?? held.model_id ?? held.id ?? held.model ?? key;
  if (typeof id !== 'string' || !ID.test(id) || id === '__proto__') {
    return refuse(`has a model id that is none (${shown(id)})`);
  }
  const at = `of "${id}"`;
  // An entry may be its only endpoint. One that says none is known by name only.
  const flat = methodAndPath(held) === undefined ? undefined : held;
  const listed =
    held.endpoints === undefined ? (typeof held.endpoint === 'string' ? held.endpoint : flat) : held.endpoints;
  if (listed === undefined && key !== undefined) return undefined;
  const endpoints: unknown[] = Array.isArray(listed) ? listed : listed === null || listed === undefined ? [] : [listed];
  if (endpoints.length > MOST_ENDPOINTS) refuse(`has ${endpoints.length} endpoints ${at}`);
  const { modality } = held;
  return {
    id,
    endpoints: endpoints.flatMap((endpoint) => readEndpoint(endpoint, at, refuse, servers)),
    pollPath: readPoll(held, at, refuse, servers),
    modality: isModality(modality) ? modality : undefined,
  };
}

/** None for what is not a submit that could be routed to: reading calls, and paths with holes of their own. */
function readEndpoint(value: unknown, at: string, refuse: Refuse, servers: readonly string[]): IndexedEndpoint[] {
  const { method, path } = methodAndPath(value) ?? refuse(`has an endpoint ${at} that is none (${shown(value)})`);
  if (!METHODS.has(method)) refuse(`has the method ${shown(method)} ${at}`);
  const own = ownPath(path, servers);
  if (own === undefined || !isPlain(own, TEMPLATE)) {
    return refuse(`has a path ${at} that is not one of the gateway's (${shown(path)})`);
  }
  const pollPath = isRecord(value) ? readPoll(value, at, refuse, servers) : undefined;
  return method === 'POST' && PATH.test(own) ? [{ method, path: own, pollPath }] : [];
}

/** Undefined where `holder` says nothing of polls, null where it says that there are none. */
function readPoll(
  holder: Record<string, unknown>,
  at: string,
  refuse: Refuse,
  servers: readonly string[],
): string | null | undefined {
  const key = POLLS.find((name) => Object.hasOwn(holder, name));
  const said = key === undefined ? undefined : holder[key];
  const value = Array.isArray(said) && said.length === 1 ? said[0] : said;
  if (value === undefined || value === '') return undefined;
  if (value === null || value === false) return null;
  const parts = methodAndPath(value, 'GET');
  const own = parts === undefined ? undefined : ownPath(parts.path, servers);
  if (own === undefined || parts?.method !== 'GET' || !isPlain(own, TEMPLATE) || own.match(PLACEHOLDER)?.length !== 1) {
    return refuse(`has a poll endpoint ${at} that is not one of the gateway's (${shown(value)})`);
  }
  return own.replace(PLACEHOLDER, '{task_id}');
}

function methodAndPath(value: unknown, standard = 'POST'): { method: string; path: string } | undefined {
  if (typeof value === 'string') {
    const [, method = standard, path] = /^(?:([A-Za-z]+)\s+)?(\S.*)$/s.exec(value.trim()) ?? [];
    return path === undefined ? undefined : { method: method.toUpperCase(), path };
  }
  if (!isRecord(value)) return undefined;
  const path = value.path ?? value.endpoint ?? value.url ?? value.uri;
  const method = value.method ?? value.verb;
  if (typeof path !== 'string' || (method !== undefined && typeof method !== 'string')) return undefined;
  return methodAndPath(method === undefined ? path : `${method} ${path.replace(/^[A-Za-z]+\s+/, '')}`, standard);
}

/** A path of the gateway: as it is, or under one of its own origins. An `#alias` names a page of the document, no path. */
function ownPath(text: string, servers: readonly string[]): string | undefined {
  const bare = servers.map((origin) => origin.replace(/\/+$/, ''));
  const server = bare.find((origin) => text.startsWith(`${origin}/`)) ?? '';
  const path = text.slice(server.length).replace(/#.*$/s, '');
  return path.length > 1 ? path.replace(/\/$/, '') : undefined;
}

/** Whether tasks could be polled at `path`: on the gateway, with the one placeholder `{task_id}`. */
export const isPollPath = (path: string): boolean =>
  isPlain(path, TEMPLATE) && path.match(PLACEHOLDER)?.join() === '{task_id}';

/** No query, no empty part (`//host`), no way up. */
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

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
