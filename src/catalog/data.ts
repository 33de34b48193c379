// The shapes of what a gateway hands down about its models: plain data, made by scripts/generate from its document.

/** What a model makes or does. */
export type Modality = 'video' | 'image' | 'music' | 'speech' | 'chat' | 'embedding' | 'asset' | 'other';

/** One operation that takes a model. */
export interface EndpointData {
  readonly method: string;
  readonly path: string;
  /** Where its tasks are polled, with `{task_id}`; null = it answers at once. */
  readonly pollPath: string | null;
  /** Key into the gateway's schemas, or null when nothing is known of the body. */
  readonly schema: string | null;
}

/** Where an id comes from: a request schema is the surest; `prose` is a list in a text, `index` only the model index. */
export type Evidence = 'schema' | 'discriminator' | 'example' | 'prose' | 'index';

/** One model. `endpoints[0]` is the preferred one. */
export interface ModelData {
  readonly id: string;
  readonly modality: Modality;
  readonly endpoints: readonly EndpointData[];
  readonly evidence: Evidence;
  /** Makes video, and only from an image. */
  readonly imageToVideoOnly?: true;
  /** Its media fields take what the gateway can fetch from the web, and nothing else. */
  readonly needsPublicUrl?: true;
  /** The vendor's words about an id that is still accepted but no longer advised. */
  readonly deprecated?: string;
  /** The model under which media for this one must be uploaded. */
  readonly uploadModel?: string;
}

/** One operation of the gateway, whether or not it takes a model. */
export interface OperationData {
  readonly method: string;
  readonly path: string;
  readonly pollPath: string | null;
}

/** All that is known of a gateway's models. */
export interface CatalogData {
  readonly gateway: string;
  readonly specVersion: string;
  readonly models: readonly ModelData[];
  readonly operations: readonly OperationData[];
  /** Origins under which the gateway's own documents name its paths. */
  readonly servers: readonly string[];
  /** What a path makes, by prefix; the longest prefix that fits wins. */
  readonly modalities: readonly { readonly prefix: string; readonly modality: Modality }[];
  /** Of several endpoints for one model the earlier one is preferred. */
  readonly endpointPreference: readonly string[];
}

/** What people call models, where it is not the id. Only for suggestions: a name is never sent. */
export interface ModelNames {
  /** Whole names, in lower case and without spaces: `可灵o1` → ids, the likeliest first. */
  readonly ids: Readonly<Record<string, readonly string[]>>;
  /** Brands, word for word: `可灵` → `kling`. */
  readonly words: Readonly<Record<string, string>>;
}

/** A field of a request that holds media; `*` in its path stands for the items of a list. */
export interface MediaField {
  readonly path: readonly string[];
  /**
   * `url`: only what the gateway can fetch; `data`: also base64 and data URLs; `either`: a URL is better, a data URL is
   * taken too; `unsaid`: the document does not say.
   */
  readonly takes: 'url' | 'data' | 'either' | 'unsaid';
  readonly kind?: 'image' | 'video' | 'audio';
  /** The most bytes that may be sent inline, as far as anybody says. */
  readonly maxBytes?: number;
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

/** A request body that fits its schema, as the wire carries it. */
export type Body = Readonly<Record<string, unknown>>;

/** What a rule found: where, and what is wrong in one clause that follows the field's name. */
export interface RuleFinding {
  /** Path of the field, e.g. `['metadata', 'images', 0]`; `[]` for the whole body. */
  path: readonly (string | number)[];
  message: string;
  /** What would be right, as in "expected …". */
  expected: string;
}

/** One thing that a gateway refuses, or silently ignores, and that only its prose says. Pure; must not throw. */
export interface Rule {
  /** Stable name, listed in the gateway's rules page: `vidu.images-required`. */
  id: string;
  /** Where the vendor says so: operation, schema property or error text. */
  source: string;
  models: readonly string[];
  /** Submit paths on which it holds; all paths of the models unless given. */
  paths?: readonly string[];
  /** Called with bodies that fit the schema of their model at `path`, where there is one. */
  check(body: Body, at: { model: string; path: string }): readonly RuleFinding[];
}
