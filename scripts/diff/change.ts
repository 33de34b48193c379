// What a change is, whom it touches, and how the same change at many places is told once.
import { order } from './shape.js';
import { listed } from './words.js';

/** `breaking`: what worked may not work any more, or that cannot be told; `additive`: more is possible; `cosmetic`: nothing is. */
export const CLASSES = ['breaking', 'additive', 'cosmetic'] as const;
export type ChangeClass = (typeof CLASSES)[number];

/** In the order in which a report tells them. */
export const AREAS = [
  'date',
  'server',
  'auth',
  'model',
  'endpoint',
  'poll',
  'upload',
  'request',
  'parameter',
  'status',
  'answer',
  'group',
  'text',
] as const;
export type Area = (typeof AREAS)[number];

/** A change at one place. */
export interface Fact {
  class: ChangeClass;
  area: Area;
  /** One statement about the subject. */
  what: string;
  /** What of the endpoint is meant, such as `answer`; the endpoint itself unless named. */
  part?: string;
  models?: readonly string[];
  endpoint?: string;
}

/** A change at all its places. */
export interface Change {
  class: ChangeClass;
  area: Area;
  what: string;
  part: string;
  /** Sorted. */
  models: readonly string[];
  endpoints: readonly string[];
  /** Whether these are all endpoints that there are. */
  everywhere: boolean;
}

/** As many models are named in a line; of more, their number is told too. */
const MODELS_NAMED = 3;
const ENDPOINTS_NAMED = 3;

/** Who is touched: `12 models (a, b, c, …) on POST /v1/videos`. */
export function subjectOf({ models, endpoints, part, everywhere }: Change): string {
  const where = everywhere ? `all ${endpoints.length} endpoints` : listed(endpoints, ENDPOINTS_NAMED);
  const named = models.slice(0, MODELS_NAMED).join(', ');
  const who = models.length > MODELS_NAMED ? `${models.length} models (${named}, …)` : named;
  if (part !== '')
    return `${part} of ${where}${who === '' ? '' : ` (${models.length === 1 ? '1 model' : `${models.length} models`})`}`;
  if (who === '') return where;
  return where === '' ? who : `${who} on ${where}`;
}

export function lineOf(change: Change): string {
  const subject = subjectOf(change);
  return subject === '' ? change.what : `${subject}: ${change.what}`;
}

/** The same statement about several models and endpoints as one change, in the order of a report; `endpoints`: how many there are. */
export function grouped(facts: readonly Fact[], endpoints: number): Change[] {
  const byStatement = new Map<string, Fact[]>();
  for (const fact of facts) {
    const key = JSON.stringify([fact.class, fact.area, fact.part ?? '', fact.what]);
    byStatement.set(key, [...(byStatement.get(key) ?? []), fact]);
  }
  const changes = [...byStatement.values()].flatMap((same) => placed(same, endpoints));
  return changes.sort(
    (a, b) =>
      CLASSES.indexOf(a.class) - CLASSES.indexOf(b.class) ||
      AREAS.indexOf(a.area) - AREAS.indexOf(b.area) ||
      order(subjectOf(a), subjectOf(b)) ||
      order(a.what, b.what),
  );
}

/** One change for all endpoints at which the same models are touched; of answers, one for all. */
function placed(facts: readonly Fact[], total: number): Change[] {
  const [first] = facts;
  if (first === undefined) return [];
  const part = first.part ?? '';
  const change = (models: ReadonlySet<string>, endpoints: readonly string[]): Change => ({
    class: first.class,
    area: first.area,
    what: first.what,
    part,
    models: [...models].sort(order),
    endpoints: [...endpoints].sort(order),
    everywhere: total > 1 && endpoints.length === total,
  });
  const byEndpoint = new Map<string, Set<string>>();
  for (const { endpoint = '', models = [] } of facts) {
    byEndpoint.set(endpoint, new Set([...(byEndpoint.get(endpoint) ?? []), ...models]));
  }
  const named = (endpoints: readonly string[]): string[] => endpoints.filter((endpoint) => endpoint !== '');
  if (part !== '') {
    return [change(new Set([...byEndpoint.values()].flatMap((models) => [...models])), named([...byEndpoint.keys()]))];
  }
  const byModels = new Map<string, string[]>();
  for (const [endpoint, models] of byEndpoint) {
    const key = JSON.stringify([...models].sort(order));
    byModels.set(key, [...(byModels.get(key) ?? []), endpoint]);
  }
  return [...byModels.values()].map((endpoints) =>
    change(byEndpoint.get(endpoints[0] ?? '') ?? new Set(), named(endpoints)),
  );
}
