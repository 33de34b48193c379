// Which endpoint or model of the newer edition is one of the older under another name, so that the rest is compared side by side.
import { operationIdFor } from '../spec/merge.js';
import type { IndexModel } from '../spec/models.js';
import { type Edition, type Endpoint, NO_MODEL } from './edition.js';
import { order, stable } from './shape.js';

/** Old name → new name. */
export type Moves = ReadonlyMap<string, string>;

/** Endpoints that went and came with the same operationId, or else with the same bodies and answers and no second candidate. */
export function movedEndpoints(before: Edition, after: Edition): Moves {
  const gone = [...before.endpoints.values()].filter(({ name }) => !after.endpoints.has(name));
  const come = [...after.endpoints.values()].filter(({ name }) => !before.endpoints.has(name));
  const byId = unique(gone, come, (endpoint) =>
    hasOwnId(endpoint) ? `${endpoint.method} ${endpoint.operationId}` : undefined,
  );
  const left = (list: Endpoint[], taken: Iterable<string>): Endpoint[] => {
    const names = new Set(taken);
    return list.filter(({ name }) => !names.has(name));
  };
  const byContent = unique(left(gone, byId.keys()), left(come, byId.values()), contentOf);
  return new Map([...byId, ...byContent]);
}

/** An id that was made of the path goes with the path. */
const hasOwnId = ({ operationId, method, path }: Endpoint): boolean =>
  operationId !== '' && operationId !== operationIdFor(method.toLowerCase(), path);

function contentOf({ method, bodies, answers }: Endpoint): string | undefined {
  if (bodies.size + answers.size === 0) return undefined;
  const texts = (shapes: Endpoint['bodies']): string[] =>
    [...shapes].map(([id, { key }]) => `${id} ${key}`).sort(order);
  return stable([method, texts(bodies), texts(answers)]);
}

/** Models that went and came with the same schemas at the same endpoints, where no other came that fits as well. */
export function renamedModels(before: Edition, after: Edition): Moves {
  const gone = [...before.models.values()].filter(({ modelId }) => !after.models.has(modelId));
  const come = [...after.models.values()].filter(({ modelId }) => !before.models.has(modelId));
  const nameOf = ({ modelId }: IndexModel): string => modelId;
  const pairs = new Map<string, string>();
  const was = new Map(gone.map((model) => [nameOf(model), schemasOf(model, before)]));
  const is = new Map(come.map((model) => [nameOf(model), schemasOf(model, after)]));
  for (const [id, schemas] of was) {
    if (schemas === undefined) continue;
    const fitting = [...is].filter(([, other]) => other === schemas).map(([other]) => other);
    const rivals = [...was].filter(([, other]) => other === schemas);
    const [only] = fitting;
    if (only !== undefined && fitting.length === 1 && rivals.length === 1) pairs.set(id, only);
  }
  return pairs;
}

/** undefined where no endpoint has a schema of it: then nothing tells it from others. */
function schemasOf({ modelId, endpoints }: IndexModel, edition: Edition): string | undefined {
  const parts = endpoints.map(({ method, path }) => {
    const name = `${method} ${path}`;
    return { name, key: edition.endpoints.get(name)?.bodies.get(modelId)?.key };
  });
  if (parts.every(({ key }) => key === undefined)) return undefined;
  return stable(parts.map(({ name, key }) => [name, key ?? null]));
}

function unique(
  gone: readonly Endpoint[],
  come: readonly Endpoint[],
  keyOf: (endpoint: Endpoint) => string | undefined,
): Map<string, string> {
  const found = new Map<string, string>();
  for (const endpoint of gone) {
    const key = keyOf(endpoint);
    if (key === undefined) continue;
    const fitting = come.filter((other) => keyOf(other) === key);
    const rivals = gone.filter((other) => keyOf(other) === key);
    const [only] = fitting;
    if (only !== undefined && fitting.length === 1 && rivals.length === 1) found.set(endpoint.name, only.name);
  }
  return found;
}

/** `edition` as if its endpoints had stood under their new names already. */
export function withMovedEndpoints(edition: Edition, moves: Moves): Edition {
  if (moves.size === 0) return edition;
  const split = (name: string): { method: string; path: string } => {
    const at = name.indexOf(' ');
    return { method: name.slice(0, at), path: name.slice(at + 1) };
  };
  // Where a task is polled follows its submit; a poll path that moves alone is another one.
  const poll = (submit: string, path: string | null): string | null => {
    const moved = path === null || !moves.has(submit) ? undefined : moves.get(`GET ${path}`);
    return moved === undefined ? path : split(moved).path;
  };
  const endpoints = [...edition.endpoints.values()].map((endpoint): Endpoint => {
    const name = moves.get(endpoint.name) ?? endpoint.name;
    return { ...endpoint, name, ...split(name), pollPath: poll(endpoint.name, endpoint.pollPath) };
  });
  const models = [...edition.models.values()].map(
    (model): IndexModel => ({
      ...model,
      endpoints: model.endpoints.map((own) => ({
        ...own,
        ...split(moves.get(`${own.method} ${own.path}`) ?? `${own.method} ${own.path}`),
        pollEndpoint: poll(`${own.method} ${own.path}`, own.pollEndpoint),
      })),
    }),
  );
  return {
    ...edition,
    endpoints: new Map(endpoints.map((endpoint) => [endpoint.name, endpoint])),
    models: new Map(models.map((model) => [model.modelId, model])),
  };
}

/** `edition` as if its models had had their new ids already. */
export function withRenamedModels(edition: Edition, renamed: Moves): Edition {
  if (renamed.size === 0) return edition;
  const idOf = (id: string): string => renamed.get(id) ?? id;
  const keyed = <T>(map: ReadonlyMap<string, T>): Map<string, T> =>
    new Map([...map].map(([id, held]) => [id === NO_MODEL ? id : idOf(id), held]));
  const models = [...edition.models.values()].map((model): IndexModel => {
    const { uploadModel } = model;
    const renamedUpload = uploadModel === undefined ? {} : { uploadModel: idOf(uploadModel) };
    return { ...model, modelId: idOf(model.modelId), ...renamedUpload };
  });
  const endpoints = [...edition.endpoints.values()].map(
    (endpoint): Endpoint => ({
      ...endpoint,
      bodies: keyed(endpoint.bodies),
      media: keyed(endpoint.media),
      groups: keyed(endpoint.groups),
    }),
  );
  return {
    ...edition,
    models: new Map(models.map((model) => [model.modelId, model])),
    endpoints: new Map(endpoints.map((endpoint) => [endpoint.name, endpoint])),
  };
}
