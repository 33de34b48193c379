// The shapes of what a gateway hands down about its models: plain data, made by scripts/generate from its document.

/** What a model makes or does. */
export type Modality = 'video' | 'image' | 'music' | 'speech' | 'chat' | 'embedding' | 'asset' | 'other';

/** One operation that takes a model. */
export interface EndpointData {
  method: string;
  path: string;
  /** Where its tasks are polled, with `{task_id}`; null = it answers at once. */
  pollPath: string | null;
  /** Key into the gateway's schemas, or null when nothing is known of the body. */
  schema: string | null;
}

/** One model. `endpoints[0]` is the preferred one. */
export interface ModelData {
  id: string;
  modality: Modality;
  endpoints: readonly EndpointData[];
}

/** All that is known of a gateway's models. */
export interface CatalogData {
  gateway: string;
  specVersion: string;
  models: readonly ModelData[];
}

/** JSON Schemas for validation; they load on the first validation, not on import. */
export interface SchemaBundle {
  schemas: Readonly<Record<string, JsonSchema>>;
  /** Shared parts, named by `#/definitions/<name>`. */
  definitions: Readonly<Record<string, JsonSchema>>;
}

/** A JSON Schema, draft-07. */
export type JsonSchema = boolean | { readonly [keyword: string]: unknown };

/** Where a request goes. */
export interface Route {
  model: string;
  method: string;
  path: string;
  pollPath: string | null;
  modality: Modality;
  /** True when the answer is a task that has to be polled. */
  async: boolean;
}
