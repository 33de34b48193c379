// The catalogue as plain data, for pickers and forms: no client, no key, no network.

export { catalog } from '../generated/ima-router/catalog.js';
export type { CatalogData, EndpointData, Modality, ModelData } from './catalog/index.js';
