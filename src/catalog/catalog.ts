// Which model goes where: answers from the data at hand, synchronously, and refuses what it does not know.

import { InvalidRequestError, UnknownModelError } from '../transport/index.js';
import type { CatalogData, EndpointData, Modality, ModelData, ModelNames, Route } from './data.js';
import { isPollPath, type ModelIndex } from './index-file.js';
import { joined, modalityOf } from './join.js';
import { nearestIds } from './nearest.js';

/** Narrows `models.list()`. All given conditions hold at once. */
export interface ModelFilter {
  modality?: Modality | undefined;
  /** True: only models whose preferred endpoint gives a task; false: only those that answer at once. */
  async?: boolean | undefined;
  /** Only models that this path takes. */
  endpoint?: string | undefined;
}

/** What a refresh brought. */
export interface Refreshed {
  /** False when the index is the one that is in use already. */
  changed: boolean;
  /** The version that the index gives itself. */
  version: string | undefined;
  /** How many models can be routed now. */
  models: number;
  /** Ids that were not known before this refresh, and ids that were and are not any more. */
  added: string[];
  removed: string[];
}

/** The models of one gateway: those of its document, until a live index says which there are now. */
export class Catalog {
  readonly data: CatalogData;
  readonly #names: ModelNames;
  /** By path: the verb that calls it. */
  readonly #verbs: Readonly<Record<string, string>>;
  #byId: ReadonlyMap<string, ModelData>;
  /** All that have ever been here: a task outlives the place of its model in an index. */
  readonly #ever: Map<string, ModelData>;
  /** The version of the live index in use. */
  #live: { version: string | undefined } | undefined;

  constructor(data: CatalogData, names: ModelNames, verbs: Readonly<Record<string, string>> = {}) {
    this.data = data;
    this.#names = names;
    this.#verbs = verbs;
    this.#byId = new Map(data.models.map((model) => [model.id, frozen(model)]));
    this.#ever = new Map(this.#byId);
  }

  /** All models, or those that match `filter`, in the order of the catalogue. */
  list(filter: ModelFilter = {}): ModelData[] {
    return [...this.#byId.values()].filter(
      (model) =>
        (filter.modality === undefined || model.modality === filter.modality) &&
        (filter.async === undefined || ((model.endpoints[0]?.pollPath ?? null) !== null) === filter.async) &&
        (filter.endpoint === undefined || model.endpoints.some(({ path }) => path === filter.endpoint)),
    );
  }

  /** The model, or undefined. */
  get(id: string): ModelData | undefined {
    return this.#byId.get(id);
  }

  /** Routes by `index` from now on: what it does not name is refused, what it adds is routed. */
  adopt(index: ModelIndex): Refreshed {
    const before = this.#byId;
    const after = new Map(joined(index, this.data).map((model) => [model.id, frozen(model)]));
    this.#byId = after;
    for (const [id, model] of after) if (!this.#ever.has(id)) this.#ever.set(id, model);
    this.#live = { version: index.version };
    return {
      changed: JSON.stringify([...before]) !== JSON.stringify([...after]),
      version: index.version,
      models: after.size,
      added: [...after.keys()].filter((id) => !before.has(id)),
      removed: [...before.keys()].filter((id) => !after.has(id)),
    };
  }

  /**
   * Where a request for `id` goes: its preferred endpoint, or the path `endpoint`.
   * Throws `UnknownModelError` (with the nearest ids) or `InvalidRequestError` (model not on that endpoint).
   */
  route(id: string, options: { endpoint?: string | undefined } = {}): Route {
    return routeOf(...this.find(id, options.endpoint));
  }

  /** As `route`, for a task that exists already: a model that has vanished since is still polled where it was. */
  routeOfTask(id: string, options: { endpoint?: string | undefined } = {}): Route {
    const [live, once] = [this.#byId.get(id), this.#ever.get(id)];
    const endpoint = once === undefined ? undefined : endpointOf(once, options.endpoint);
    const isGone = live === undefined || endpointOf(live, options.endpoint) === undefined;
    return once !== undefined && endpoint !== undefined && isGone ? routeOf(once, endpoint) : this.route(id, options);
  }

  /** What is polled at `pollPath`, as far as that is known; undefined for what is no poll path at all. */
  modalityAt(pollPath: string): Modality | undefined {
    const known = [...this.#ever.values()].find((model) => model.endpoints.some((one) => one.pollPath === pollPath));
    return known?.modality ?? (isPollPath(pollPath) ? modalityOf(pollPath, this.data) : undefined);
  }

  /** Model and endpoint behind a route; throws as `route` does. */
  find(id: string, path: string | undefined): [model: ModelData, endpoint: EndpointData] {
    const model = this.#byId.get(id);
    if (model === undefined) throw this.#unknown(id);
    const endpoint = endpointOf(model, path);
    if (endpoint !== undefined) return [model, endpoint];
    const paths = model.endpoints.map((e) => e.path);
    throw new InvalidRequestError(
      paths.length === 0
        ? `The model "${id}" is known by name only: no endpoint is known for it.`
        : `The model "${id}" is not served at ${path}; it is at ${paths.join(', ')}.`,
      { code: 'wrong_endpoint', phase: 'route', hint: this.#rightVerb(model, path) },
    );
  }

  /** What to call for a model instead. */
  #rightVerb({ endpoints }: ModelData, asked: string | undefined): string {
    const verbs = [...new Set(endpoints.map(({ path }) => this.#verbs[path]))];
    const named = verbs.flatMap((verb) => (verb === undefined ? [] : [`\`${verb}\``]));
    // Where a model makes tasks too, `submit` finds the way by itself.
    if (named.length > 0 && named.length === verbs.length) return `Call ${named.join(' or ')}.`;
    const isVerb = asked !== undefined && this.#verbs[asked] !== undefined;
    return isVerb ? 'Call `ima.generate` or `ima.submit`.' : 'Leave `endpoint` out to take the preferred one.';
  }

  #unknown(id: string): UnknownModelError {
    const shown = JSON.stringify(id.slice(0, 100).replace(/\p{C}/gu, '?'));
    const suggestions = nearestIds(id, this.#byId.keys(), this.#names);
    const means = suggestions.length === 0 ? '' : ` Did you mean ${suggestions.map((s) => `"${s}"`).join(' or ')}?`;
    const isGone = this.#ever.has(id);
    const what = isGone
      ? `The model ${shown} is gone from the live index of ${this.data.gateway}${this.#live?.version === undefined ? '' : ` (${this.#live.version})`}`
      : `Unknown model ${shown} for ${this.data.gateway}`;
    return new UnknownModelError(`${what}: nothing was sent.${means}`, {
      code: 'unknown_model',
      phase: 'route',
      suggestions,
      hint: isGone
        ? 'Take another model, or refresh again if it is back.'
        : 'List the ids with `models.list()`; a model newer than this package is known after `models.refresh()`.',
    });
  }
}

/** The data of all clients is one: nobody may change it for the others. */
function frozen(model: ModelData): ModelData {
  for (const endpoint of model.endpoints) Object.freeze(endpoint);
  Object.freeze(model.endpoints);
  return Object.freeze(model);
}

const endpointOf = (model: ModelData, path: string | undefined): EndpointData | undefined =>
  path === undefined ? model.endpoints[0] : model.endpoints.find((endpoint) => endpoint.path === path);

/** Where a request for `model` at `endpoint` goes. */
export function routeOf(model: Pick<ModelData, 'id' | 'modality'>, endpoint: EndpointData): Route {
  return {
    model: model.id,
    method: endpoint.method,
    path: endpoint.path,
    pollPath: endpoint.pollPath,
    modality: model.modality,
    async: endpoint.pollPath !== null,
  };
}
