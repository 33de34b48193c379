// The catalogues as plain data, for pickers and forms: no client, no key, no network.

export { catalog } from '../generated/ima-router/catalog.js';
export { catalog as iminiCatalog } from '../generated/imini/catalog.js';
export type { CatalogData, EndpointData, Evidence, Modality, ModelData, OperationData } from './catalog/index.js';
