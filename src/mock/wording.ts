// How a gateway words what it says of a task: the example that fits the task's model best, filled with what is true now.

import type { Template } from './gateway.js';
import { at, isJson, isObject, type Json } from './json.js';
import { FIXTURES } from './media.js';
import type { Oracle } from './oracle.js';
import type { Operation } from './prism.js';
import type { Results } from './results.js';
import type { Moment, Task } from './tasks.js';
import { compile, type Filler, pick } from './templates.js';

/** What is to be said. */
export interface Told {
  task: Task;
  moment: Moment;
  /** Origin that the caller used, for URLs in answers. */
  origin: string;
  /** That of the answer. */
  requestId: string;
  /** A status word to say instead of the true one. */
  word?: string | undefined;
}

export interface WordingParts {
  oracle: Oracle;
  results: Results;
  /** Field of an example that names its model. */
  modelField: string;
  /** See `MockGateway`. */
  lists: readonly string[];
}

/** One kind of answer of one operation, such as "running" at GET /things/{id}. Examples are looked up once per model. */
export class Wording {
  private readonly byModel = new Map<string, { fill: Filler | undefined; checked: boolean }>();

  constructor(
    private readonly operation: Operation,
    private readonly how: { template: Template; statusAt: string[]; fields: Record<string, Json> },
    private readonly parts: WordingParts,
  ) {}

  /** The answer; null where the gateway's data has none. `deviated` hears, once per model, what the document objects. */
  say(told: Told, deviated: (objection: string) => void): Json {
    const known = this.forModel(told.task.model);
    const answer = known.fill?.((name, output) => this.value(name, output, told)) ?? null;
    // A word that nobody knows is meant to deviate.
    if (!known.checked && told.word === undefined) {
      known.checked = true;
      const objection = this.parts.oracle.objection(this.operation, 200, answer);
      if (objection !== undefined) deviated(objection);
    }
    return answer;
  }

  private forModel(model: string) {
    const known = this.byModel.get(model) ?? { fill: this.filler(model), checked: false };
    this.byModel.set(model, known);
    return known;
  }

  private filler(model: string): Filler | undefined {
    const { template, statusAt, fields } = this.how;
    const { oracle, modelField, lists } = this.parts;
    const examples = oracle
      .examples(this.operation)
      .flatMap(({ key, value }) => (isJson(value) ? { key, value } : []))
      .filter(({ value }) => isObject(value));
    const like = template.like ?? (template.word === undefined ? undefined : [template.word]);
    const groups = like?.map((word) => examples.filter(({ value }) => at(value, ...statusAt) === word));
    const fitting = groups?.find((group) => group.length > 0) ?? (groups === undefined ? examples : []);
    const own = (template.own ?? []).map((value) => ({ key: '', value }));
    const candidates = [...fitting, ...own].map((one) => ({ ...one, model: at(one.value, modelField) }));
    const example = pick(candidates, model);
    if (example === undefined) return undefined;
    const isWorded = template.word !== undefined && statusAt.length > 0;
    const worded = isWorded ? placed(example, statusAt, '{word}') : example;
    return compile(worded, { fields, lists });
  }

  private value(name: string, output: number, told: Told): Json | undefined {
    const { task, moment } = told;
    switch (name) {
      case 'id':
        return task.id;
      case 'model':
        return task.model;
      case 'word':
        return told.word ?? this.how.template.word;
      case 'requestId':
        return told.requestId;
      case 'usd':
        return task.usd;
      case 'failure':
        return moment.phase === 'failed' ? task.failure : undefined;
      case 'urlOrFailure':
        return this.value(moment.phase === 'failed' ? 'failure' : 'url', output, told);
      case 'outputs':
        return task.outputs;
      case 'percent':
        return moment.percent;
      case 'createdAt':
        return Math.floor(task.createdAtMs / 1000);
      case 'createdAtMs':
        return Math.floor(task.createdAtMs);
      case 'createdAtIso':
        return new Date(task.createdAtMs).toISOString();
      case 'completedAtIso':
        return moment.completedAtMs === undefined ? undefined : new Date(moment.completedAtMs).toISOString();
      case 'completedAt':
        return moment.completedAtMs === undefined ? undefined : Math.floor(moment.completedAtMs / 1000);
      case 'completedAtMs':
        return moment.completedAtMs === undefined ? undefined : Math.floor(moment.completedAtMs);
    }
    if (name.startsWith('body.')) {
      const value = at(task.body, ...name.split('.').slice(1));
      return isJson(value) ? value : undefined;
    }
    if (Object.hasOwn(task.values, name)) return task.values[name];
    return moment.phase === 'succeeded' && output < task.outputs ? this.aboutOutput(name, output, told) : undefined;
  }

  private aboutOutput(name: string, output: number, { task, origin }: Told): Json | undefined {
    const fixture = FIXTURES[task.route.kind];
    const { results } = this.parts;
    switch (name) {
      case 'url':
        return results.url(origin, task, output);
      case 'coverUrl':
        return results.coverUrl(origin, task, output);
      case 'bytes':
        return results.size(task, output);
      case 'width':
      case 'height':
      case 'seconds':
      case 'extension':
      case 'contentType':
        return fixture[name];
      default:
        return undefined;
    }
  }
}

/** `template` with `value` at a path that it has; one that it has not leaves it as it is. */
function placed(template: Json, [key, ...rest]: readonly string[], value: Json): Json {
  if (key === undefined) return value;
  if (typeof template !== 'object' || template === null || Array.isArray(template)) return template;
  const inner = template[key];
  return inner === undefined ? template : { ...template, [key]: placed(inner, rest, value) };
}
