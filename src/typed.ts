// How a request is typed: by its model and its endpoint, from what was generated of a gateway's document.

/** The request bodies that make tasks, by model and endpoint, without `model`. Generated. */
export type BodyMap = object;

declare const LIVE: unique symbol;

/** The id of a model that the types do not know. */
export type LiveModelId = string & { readonly [LIVE]: true };

/**
 * The way out of the types, for a model that only the live index knows (`models.refresh()`) or only prose names: the
 * body is then `unknown` field by field, and is checked by the gateway alone. Routing still refuses ids that nobody knows.
 */
export function liveModel(id: string): LiveModelId {
  return id as LiveModelId;
}

/**
 * `Name` where it is one of `Names`, else all of them: what is inferred stays what the user wrote, and what is wrong is
 * compared with what is right. A constraint would say the same, but has TypeScript go through all models at every call.
 */
export type OneOf<Name, Names> = Name extends Names ? Name : Names;

/** The ids that a request may name. */
export type TaskModel<Bodies, Model> = OneOf<Model, (keyof Bodies & string) | LiveModelId>;

/** The endpoints that take `Model`. */
export type EndpointOf<Bodies, Model> = Model extends keyof Bodies ? keyof Bodies[Model] & string : string;

/** What `endpoint` takes and is inferred from: spelt so that an editor offers all of them. */
export type EndpointChoice<Bodies, Model, Endpoint> =
  Endpoint extends EndpointOf<Bodies, Model> ? Endpoint | EndpointOf<Bodies, Model> : EndpointOf<Bodies, Model>;

/** The endpoint that a model's request goes to when none is named. */
export type PreferredOf<Preferred, Model> = Model extends keyof Preferred ? Preferred[Model] & string : string;

/** A body that the types do not know. */
export type Unchecked = { readonly [field: string]: unknown };

/** The wire body, verbatim, of a request for `Model` at `Endpoint`. A wrong endpoint is refused where it stands. */
export type BodyOf<Bodies, Model, Endpoint> =
  Endpoint extends EndpointOf<Bodies, Model> ? BodyAt<Bodies, Model, Endpoint> : Unchecked;

type BodyAt<Bodies, Model, Endpoint> = Model extends keyof Bodies
  ? Bodies[Model][Endpoint & keyof Bodies[Model]]
  : Unchecked;
