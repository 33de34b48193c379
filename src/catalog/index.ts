// The door of the catalogue: which model goes where, and whether a request is acceptable.

export { Catalog, type ModelFilter, type Refreshed, routeOf } from './catalog.js';
export type {
  Body,
  CatalogData,
  EndpointData,
  Evidence,
  MediaField,
  Modality,
  ModelData,
  ModelNames,
  OperationData,
  Route,
  Rule,
  RuleFinding,
  SchemaBundle,
} from './data.js';
export { type ModelIndex, readModelIndex } from './index-file.js';
export { modalityOf } from './join.js';
export { IndexSource } from './live.js';
export { type Models, modelsOf, type RefreshOptions } from './models.js';
export { type Candidate, invalidRequest, type LazyParts, type Strictness, Validator } from './validate.js';
