// A live index joined with what the catalogue knows: the index says which models there are and where, the document the rest.

import type { CatalogData, EndpointData, Modality, ModelData } from './data.js';
import type { IndexedModel, ModelIndex } from './index-file.js';

/** The models that `index` names, each with all that the catalogue `data` knows of it. */
export function joined(index: ModelIndex, data: CatalogData): ModelData[] {
  const known = new Map(data.models.map((model) => [model.id, model]));
  return index.models.map((live) => joinedModel(live, known.get(live.id), data));
}

function joinedModel(live: IndexedModel, known: ModelData | undefined, data: CatalogData): ModelData {
  const endpoints = new Map<string, EndpointData>();
  for (const { method, path, pollPath } of live.endpoints) {
    const own = known?.endpoints.find((one) => one.method === method && one.path === path);
    const operation = data.operations.find((one) => one.method === method && one.path === path);
    // The model's own poll endpoint is that of its preferred submit; of the others the document knows better.
    const ofModel = live.endpoints.length === 1 || operation === undefined ? live.pollPath : undefined;
    const found = [pollPath, ofModel, operation?.pollPath].find((candidate) => candidate !== undefined) ?? null;
    endpoints.set(`${method} ${path}`, { schema: null, ...own, method, path, pollPath: found });
  }
  const order = (path: string): number => {
    const place = known?.endpoints.findIndex((one) => one.path === path) ?? -1;
    if (place >= 0) return place;
    const rank = data.endpointPreference.indexOf(path);
    return 1000 + (rank < 0 ? data.endpointPreference.length : rank);
  };
  const sorted = [...endpoints.values()].sort((a, b) => order(a.path) - order(b.path));
  const modality = known?.modality ?? live.modality ?? modalityOf(sorted[0]?.path ?? '', data);
  return { ...known, id: live.id, evidence: known?.evidence ?? 'index', modality, endpoints: sorted };
}

/** What a path makes, as far as its beginning says. */
export function modalityOf(path: string, { modalities }: Pick<CatalogData, 'modalities'>): Modality {
  const fitting = modalities.filter(({ prefix }) => path.startsWith(prefix));
  return fitting.sort((a, b) => b.prefix.length - a.prefix.length)[0]?.modality ?? 'other';
}
