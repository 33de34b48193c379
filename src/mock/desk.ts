// What the gateway answers to a request, without HTTP: the document decides what is accepted, the task's age what is said.

import { createHash } from 'node:crypto';
import type { BinaryRoute, MockGateway, PollRoute, Refusal, SubmitRoute, Template } from './gateway.js';
import { at, isJson, isObject, type Json, stringsUnder } from './json.js';
import { FIXTURES, type MediaFile, type MediaShelf } from './media.js';
import type { Asked, Oracle } from './oracle.js';
import type { Operation } from './prism.js';
import type { Task, Tasks } from './tasks.js';
import { fill, pick } from './templates.js';

/** Where result files are served. */
const MEDIA_PATH = '/_media/{task_id}/{file}';

export type Route = { method: string; path: string; operation?: Operation } & (
  | { kind: 'submit'; submit: SubmitRoute; operation: Operation }
  | { kind: 'poll'; poll: PollRoute; operation: Operation }
  | { kind: 'binary'; binary: BinaryRoute }
  | { kind: 'media' }
  | { kind: 'sync'; paid: boolean; operation: Operation }
);

export interface Call extends Asked {
  method: string;
  /** Bearer token, '' without one. */
  key: string;
  /** Names in the route's path and what the request has there. */
  parameters: Record<string, string>;
  /** Origin that the caller used, for URLs in answers. */
  origin: string;
}

export interface Reply {
  status: number;
  headers?: Record<string, string>;
  body?: Json | undefined;
  /** Instead of a body. */
  file?: MediaFile;
  /** What the call came to, for the ledger. */
  taskId?: string;
  paid?: boolean;
}

export class Desk {
  readonly routes: Route[];
  /** Answers of ours that the document would refuse, one sentence each: a mistake in the gateway's data. */
  readonly deviations: string[] = [];
  private readonly checked = new Set<string>();

  constructor(
    private readonly gateway: MockGateway,
    private readonly oracle: Oracle,
    private readonly tasks: Tasks,
    private readonly shelf: MediaShelf,
  ) {
    this.routes = routesOf(gateway, oracle.operations);
  }

  async reply(route: Route | undefined, call: Call): Promise<Reply> {
    if (route?.kind === 'media') return this.mediaFile(call);
    const { index } = this.gateway;
    if (index !== undefined && call.method === 'GET' && call.path === index.path) return published(index.body, call);
    const stranger = this.stranger(route, call.key);
    if (stranger !== undefined) return refuse(stranger, call);
    if (route === undefined) return refuse(this.gateway.refusals.unknownRoute, call);
    switch (route.kind) {
      case 'submit':
        return this.submit(route.submit, route.operation, call);
      case 'poll':
        return this.poll(route.poll, route.operation, call);
      case 'binary':
        return this.binary(route.binary, call);
      case 'sync':
        return this.sync(route, call);
    }
  }

  private stranger(route: Route | undefined, key: string): Refusal | undefined {
    if (key === '') return this.gateway.refusals.noKey;
    const rule = Object.hasOwn(this.gateway.keys, key) ? this.gateway.keys[key] : undefined;
    const paid = route?.kind === 'submit' || (route?.kind === 'sync' && route.paid);
    return rule !== undefined && (rule.on === 'all' || paid) ? rule.answer : undefined;
  }

  private submit(route: SubmitRoute, operation: Operation, call: Call): Reply {
    const reasons = this.oracle.refusal(operation, call);
    if (reasons !== undefined) return refuse(this.gateway.refusals.badBody, call, { reasons });
    const body = isObject(call.body) ? call.body : {};
    const parent = this.parent(route, call);
    if (parent !== undefined && 'status' in parent) return refuse(parent, call);
    const resumed = route.resumes === true && parent?.parked === true ? parent : undefined;
    if (resumed !== undefined) this.tasks.resume(resumed);
    const model = String(body[this.gateway.modelField] ?? route.model ?? '');
    const task = resumed ?? this.tasks.create(route, call.key, model, body);
    const answer = this.render(operation, { ...route, template: route.answer }, task, call.origin) ?? null;
    this.check(operation, 'submit', answer);
    return { status: 200, body: answer, taskId: task.id, paid: true };
  }

  /** The finished task that a follow-up builds on; undefined for a route without parents, else why not. */
  private parent(route: SubmitRoute, call: Call): Task | Refusal | undefined {
    if (route.parent === undefined) return undefined;
    const { field, choice, unknown, unfinished, unoffered } = route.parent;
    const task = this.tasks.find(String(at(call.body, field)), call.key);
    if (task === undefined) return unknown;
    if (task.parked && route.resumes) return task;
    if (this.tasks.now(task).phase !== 'succeeded') return unfinished;
    const own = this.routes.find((other) => other.kind === 'poll' && other.poll.reads[0] === task.route.path);
    const poll =
      own ?? this.routes.find((other) => other.kind === 'poll' && other.poll.reads.includes(task.route.path));
    if (poll?.kind !== 'poll') return task;
    const answer = this.stateOf(task, poll.poll, poll.operation, call.origin);
    return stringsUnder(answer, choice).includes(String(at(call.body, choice))) ? task : unoffered;
  }

  private poll(route: PollRoute, operation: Operation, call: Call): Reply {
    const id = call.parameters.task_id ?? '';
    const task = this.tasks.find(id, call.key, route.reads);
    if (task === undefined) return { ...refuse(this.gateway.refusals.unknownTask, call), taskId: id };
    const answer = this.stateOf(task, route, operation, call.origin) ?? null;
    this.check(operation, `${this.tasks.now(task).phase} ${task.model}`, answer);
    return { status: 200, body: answer, taskId: id };
  }

  private stateOf(task: Task, route: PollRoute, operation: Operation, origin: string): Json | undefined {
    const { phase } = this.tasks.now(task);
    return this.render(operation, { ...route, template: route.phases[phase] ?? route.phases.queued }, task, origin);
  }

  private binary(route: BinaryRoute, call: Call): Reply {
    const taskId = call.parameters.task_id ?? '';
    const task = this.tasks.find(taskId, call.key, route.reads);
    if (task === undefined) return { ...refuse(route.unknown, call), taskId };
    const { phase } = this.tasks.now(task);
    if (phase !== 'succeeded') return { ...refuse(route.unfinished, call, { word: route.words[phase] }), taskId };
    return { status: 200, taskId, file: this.shelf.file(task.route.kind, `${taskId}/0`) };
  }

  private mediaFile(call: Call): Reply {
    const { task_id: taskId = '', file = '' } = call.parameters;
    const task = this.tasks.find(taskId);
    const [, number, extension] = /^(\d+)\.(\w+)$/.exec(file) ?? [];
    const exists =
      task !== undefined &&
      this.tasks.now(task).phase === 'succeeded' &&
      Number(number) < task.outputs &&
      extension === FIXTURES[task.route.kind].extension;
    if (!exists) return { status: 404, taskId };
    return { status: 200, taskId, file: this.shelf.file(task.route.kind, `${taskId}/${number}`) };
  }

  private async sync(route: Route & { kind: 'sync' }, call: Call): Promise<Reply> {
    const reasons = this.oracle.refusal(route.operation, call);
    if (reasons !== undefined) return refuse(this.gateway.refusals.badBody, call, { reasons });
    const { status, body } = await this.oracle.answer(route.operation, call);
    return { status, body: isJson(body) ? body : null, paid: route.paid && status < 300 };
  }

  /** An answer about `task`, from the template that fits its model best. */
  private render(
    operation: Operation,
    how: { template: Template; statusAt?: string[]; fields?: Record<string, Json> },
    task: Task,
    origin: string,
  ): Json | undefined {
    const { template, statusAt = [], fields = this.gateway.fields } = how;
    const examples = this.oracle.examples(operation).flatMap(({ key, value }) => (isJson(value) ? { key, value } : []));
    const named = examples.filter(({ value }) => isObject(value));
    const like = template.like ?? (template.word === undefined ? undefined : [template.word]);
    const groups = like?.map((word) => named.filter(({ value }) => at(value, ...statusAt) === word));
    const fitting = groups?.find((group) => group.length > 0) ?? (groups === undefined ? named : []);
    const own = (template.own ?? []).map((value) => ({ key: '', value }));
    const candidates = [...fitting, ...own].map((one) => ({ ...one, model: at(one.value, this.gateway.modelField) }));
    const example = pick(candidates, task.model);
    const values = this.valuesOf(task, template.word, origin);
    return example === undefined ? undefined : fill(example, values, fields);
  }

  private valuesOf(task: Task, word: string | undefined, origin: string) {
    const { phase, percent, completedAtMs } = this.tasks.now(task);
    const fixture = FIXTURES[task.route.kind];
    const general: Record<string, Json | undefined> = {
      ...task.values,
      id: task.id,
      model: task.model,
      word,
      percent,
      createdAt: Math.floor(task.createdAtMs / 1000),
      createdAtMs: Math.floor(task.createdAtMs),
      completedAt: completedAtMs === undefined ? undefined : Math.floor(completedAtMs / 1000),
      completedAtMs: completedAtMs === undefined ? undefined : Math.floor(completedAtMs),
    };
    return (name: string, output: number): Json | undefined => {
      if (name.startsWith('body.')) {
        const value = at(task.body, ...name.split('.').slice(1));
        return isJson(value) ? value : undefined;
      }
      if (Object.hasOwn(general, name)) return general[name];
      if (phase !== 'succeeded' || output >= task.outputs) return undefined;
      switch (name) {
        case 'url':
          return `${origin}/_media/${task.id}/${output}.${fixture.extension}`;
        case 'bytes':
          return this.shelf.file(task.route.kind, `${task.id}/${output}`).bytes.length;
        case 'width':
        case 'height':
        case 'seconds':
        case 'extension':
        case 'contentType':
          return fixture[name];
        default:
          return undefined;
      }
    };
  }

  /** Holds an answer against the document, once for each kind of answer. */
  private check(operation: Operation, what: string, answer: Json): void {
    const name = `${operation.method.toUpperCase()} ${operation.path}, ${what}`;
    if (this.checked.has(name)) return;
    this.checked.add(name);
    const objection = this.oracle.objection(operation, 200, answer);
    if (objection !== undefined) this.deviations.push(`${name}: ${objection}`);
  }
}

function refuse(refusal: Refusal, call: Call, more: Record<string, string> = {}): Reply {
  const values: Record<string, string> = { method: call.method, path: call.path, ...more };
  return { status: refusal.status, body: fill(refusal.body, (name) => values[name]) };
}

function routesOf(gateway: MockGateway, operations: Operation[]): Route[] {
  const media: Route = { method: 'GET', path: MEDIA_PATH, kind: 'media' };
  const binaries = gateway.binaries.map(
    (binary): Route => ({ method: 'GET', path: binary.path, kind: 'binary', binary }),
  );
  const documented = operations.flatMap((operation): Route[] => {
    const [method, path] = [operation.method.toUpperCase(), operation.path];
    if (method === 'GET' && gateway.binaries.some((binary) => binary.path === path)) return [];
    const submit = method === 'POST' ? gateway.submits.find((route) => route.path === path) : undefined;
    if (submit !== undefined) return [{ method, path, kind: 'submit', submit, operation }];
    const poll = method === 'GET' ? gateway.polls.find((route) => route.path === path) : undefined;
    if (poll !== undefined) return [{ method, path, kind: 'poll', poll, operation }];
    return [{ method, path, kind: 'sync', paid: method === 'POST' && gateway.paid.includes(path), operation }];
  });
  return [media, ...binaries, ...documented];
}

/** A file for anybody, with its ETag. */
function published(body: Json, call: Call): Reply {
  const etag = `"${createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 16)}"`;
  return call.headers['if-none-match'] === etag
    ? { status: 304, headers: { etag } }
    : { status: 200, headers: { etag }, body };
}
