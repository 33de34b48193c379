// The catalogue's face on a client: list, get, route, and refresh from the gateway's live index.

import { ConfigError } from '../transport/index.js';
import type { Catalog, ModelFilter, Refreshed } from './catalog.js';
import type { ModelData, Route } from './data.js';
import type { IndexSource } from './live.js';

/** Options of `models.refresh()`. */
export interface RefreshOptions {
  /** Where the index is; the gateway's own address unless given. Plain http only to loopback. */
  url?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** The catalogue's face on a client. */
export interface Models {
  /** All models, or those that match. Makes no call. */
  list(filter?: ModelFilter): ModelData[];
  /** The model, or undefined. Makes no call. */
  get(id: string): ModelData | undefined;
  /** Where a request goes. Throws `UnknownModelError`, `InvalidRequestError`. Makes no call. */
  route(id: string, options?: { endpoint?: string | undefined }): Route;
  /**
   * Fetches the gateway's live model index (or that at a URL) and routes by it from then on: a model that appears there is usable at once,
   * one that vanished is refused (tasks of it are still polled). Sends the ETag of the last answer, and never the key.
   * An index that is malformed in any part, or too large, is refused whole with `InvalidResponseError`
   * (`bad_model_index`), and the models known before stay. Also throws `ConnectionError`, `WaitAbortedError`.
   */
  refresh(options?: RefreshOptions | string): Promise<Refreshed>;
}

/** `url`: where the index is unless the caller says; undefined if the gateway publishes none. */
export function modelsOf(catalog: Catalog, source: IndexSource, url: string | undefined): Models {
  let asked = 0;
  let adopted = 0;
  return {
    list: (filter) => catalog.list(filter),
    get: (id) => catalog.get(id),
    route: (id, options) => catalog.route(id, options),
    refresh: async (given = {}) => {
      const options = typeof given === 'string' ? { url: given } : given;
      const turn = ++asked;
      const address = options.url ?? url;
      if (address === undefined) {
        throw new ConfigError(`${catalog.data.gateway} publishes no model index.`, {
          code: 'no_model_index',
          phase: 'config',
          hint: 'Pass { url } if there is one.',
        });
      }
      const index = await source.load(address, catalog.data.servers, options.signal);
      // Two refreshes at once: the answer to the later question counts, whichever comes first.
      if (turn > adopted) {
        adopted = turn;
        return catalog.adopt(index);
      }
      return { changed: false, version: index.version, models: catalog.list().length, added: [], removed: [] };
    },
  };
}
