// Which model goes where: answers from the data at hand, synchronously, and refuses what it does not know.

import { InvalidRequestError, UnknownModelError } from '../transport/index.js';
import type { CatalogData, EndpointData, Modality, ModelData, Route } from './data.js';
import { nearestIds } from './nearest.js';

/** Narrows `models.list()`. All given conditions hold at once. */
export interface ModelFilter {
  modality?: Modality | undefined;
  /** True: only models whose preferred endpoint gives a task; false: only those that answer at once. */
  async?: boolean | undefined;
  /** Only models that this path takes. */
  endpoint?: string | undefined;
}

/** The models of one gateway. */
export class Catalog {
  readonly #data: CatalogData;
  readonly #byId: ReadonlyMap<string, ModelData>;

  constructor(data: CatalogData) {
    this.#data = data;
    this.#byId = new Map(data.models.map((model) => [model.id, model]));
  }

  /** All models, or those that match `filter`, in the order of the catalogue. */
  list(filter: ModelFilter = {}): ModelData[] {
    return this.#data.models.filter(
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

  /**
   * Where a request for `id` goes: its preferred endpoint, or the path `endpoint`.
   * Throws `UnknownModelError` (with the nearest ids) or `InvalidRequestError` (model not on that endpoint).
   */
  route(id: string, options: { endpoint?: string | undefined } = {}): Route {
    const { model, endpoint } = this.find(id, options.endpoint);
    return {
      model: model.id,
      method: endpoint.method,
      path: endpoint.path,
      pollPath: endpoint.pollPath,
      modality: model.modality,
      async: endpoint.pollPath !== null,
    };
  }

  /** Model and endpoint behind a route; throws as `route` does. */
  find(id: string, path: string | undefined): { model: ModelData; endpoint: EndpointData } {
    const model = this.#byId.get(id);
    if (model === undefined) throw this.#unknown(id);
    const endpoint = path === undefined ? model.endpoints[0] : model.endpoints.find((e) => e.path === path);
    if (endpoint === undefined) {
      const paths = model.endpoints.map((e) => e.path);
      throw new InvalidRequestError(
        paths.length === 0
          ? `The model "${id}" is known by name only: the document gives no endpoint for it.`
          : `The model "${id}" is not served at ${path}; it is at ${paths.join(', ')}.`,
        { code: 'wrong_endpoint', phase: 'route', hint: 'Leave `endpoint` out to take the preferred one.' },
      );
    }
    return { model, endpoint };
  }

  #unknown(id: string): UnknownModelError {
    const suggestions = nearestIds(id, this.#byId.keys());
    const means = suggestions.length === 0 ? '' : ` Did you mean ${suggestions.map((s) => `"${s}"`).join(' or ')}?`;
    return new UnknownModelError(
      `Unknown model "${id.slice(0, 100)}" for ${this.#data.gateway}: nothing was sent.${means}`,
      {
        code: 'unknown_model',
        phase: 'route',
        suggestions,
        hint: 'List the ids with `models.list()`.',
      },
    );
  }
}
