// The door of the catalogue: which model goes where, and whether a request is acceptable.

export { Catalog, type ModelFilter } from './catalog.js';
export type { CatalogData, EndpointData, Modality, ModelData, Route, SchemaBundle } from './data.js';
export { Validator } from './validate.js';
