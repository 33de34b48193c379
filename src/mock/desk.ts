// What the gateway answers to a request, without HTTP: the document decides what is accepted, the task's age what is said.

import { createHash } from 'node:crypto';
import type { EventStream } from './event-stream.js';
import type { BinaryRoute, MockGateway, Phase, PollRoute, Refusal, SubmitRoute, Template } from './gateway.js';
import { at, isJson, isObject, type Json, stringsUnder } from './json.js';
import type { MediaFile } from './media.js';
import type { Asked, Oracle } from './oracle.js';
import { EXPIRED, XML_TYPE } from './pages.js';
import type { Operation } from './prism.js';
import { CUT_MEDIA_PATHS, MEDIA_PATH, type Results } from './results.js';
import type { Ask, ServiceDesk, Told } from './services.js';
import type { Flaw } from './strike.js';
import type { Moment, Task, Tasks } from './tasks.js';
import { fill } from './templates.js';
import { Wording, type WordingParts } from './wording.js';

export type Route = { method: string; path: string; operation?: Operation } & (
  | { kind: 'submit'; submit: SubmitRoute; operation: Operation; wording: Wording; parked: Wording | undefined }
  | { kind: 'poll'; poll: PollRoute; wordings: Partial<Record<Phase, Wording>> & { queued: Wording } }
  | { kind: 'binary'; binary: BinaryRoute }
  | { kind: 'media' }
  | { kind: 'sync'; paid: boolean; operation: Operation; serve: ((ask: Ask) => Told) | undefined }
);

export interface Call extends Asked {
  method: string;
  /** Bearer token, '' without one. */
  key: string;
  /** Names in the route's path and what the request has there. */
  parameters: Record<string, string>;
  /** Origin that the caller used, for URLs in answers. */
  origin: string;
  /** What the answer calls itself. */
  requestId: string;
  /** A status word to say instead of the true one. */
  word?: string | undefined;
  /** What is to be wrong with a result file. */
  flaw?: Flaw | undefined;
}

/** What of a call shows in words about a task. */
type Speech = Pick<Call, 'origin' | 'requestId' | 'word'>;

export interface Reply {
  status: number;
  headers?: Record<string, string>;
  body?: Json | undefined;
  /** Instead of a body: a result file, events, or what is no JSON. */
  file?: MediaFile;
  stream?: EventStream;
  text?: string;
  /** The file is not what was asked for but what the host shows instead. */
  isPlaceholder?: boolean;
  /** What the call came to, for the ledger. */
  taskId?: string;
  paid?: boolean;
  /** How the task that was made ends. */
  outcome?: Task['outcome'];
}

export class Desk {
  readonly routes: Route[];
  /** Answers of ours that the document would refuse, one sentence each: a mistake in the gateway's data. */
  readonly deviations: string[] = [];

  constructor(
    private readonly gateway: MockGateway,
    private readonly oracle: Oracle,
    private readonly tasks: Tasks,
    private readonly results: Results,
    private readonly services: ServiceDesk,
  ) {
    const { modelField, lists = [] } = gateway;
    this.routes = routesOf(gateway, { oracle, results, modelField, lists }, services);
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
        return this.submit(route, call);
      case 'poll':
        return this.poll(route, call);
      case 'binary':
        return this.binary(route.binary, call);
      case 'sync':
        return this.sync(route, call);
    }
  }

  private stranger(route: Route | undefined, key: string): Refusal | undefined {
    const path = route?.path ?? '';
    const { noKey } = this.gateway.refusals;
    if (key === '') return noKey.at?.[path] ?? noKey;
    const rule = Object.hasOwn(this.gateway.keys, key) ? this.gateway.keys[key] : undefined;
    const paid = route?.kind === 'submit' || (route?.kind === 'sync' && route.paid);
    return rule !== undefined && (rule.on === 'all' || paid) ? (rule.at?.[path] ?? rule.answer) : undefined;
  }

  private submit({ submit: route, operation, ...words }: Route & { kind: 'submit' }, call: Call): Reply {
    const reasons = this.oracle.refusal(operation, call);
    if (reasons !== undefined) return refuse(this.gateway.refusals.badBody, call, { reasons });
    const body = isObject(call.body) ? call.body : {};
    const parent = this.parent(route, call);
    if (parent !== undefined && 'status' in parent) return refuse(parent, call);
    const resumed = route.resumes === true && parent?.parked === true ? parent : undefined;
    if (resumed !== undefined) this.tasks.resume(resumed);
    const model = String(body[this.gateway.modelField] ?? route.model ?? '');
    const trace = call.headers[this.gateway.traceHeader];
    const failure = this.services.library?.troubleWith(call.key, model, body);
    const from = { key: call.key, model, body, failure, ...(trace === undefined ? {} : { trace }) };
    const task = resumed ?? this.tasks.create(route, from);
    if (task.usd !== undefined) this.services.charge(call.key, task.usd);
    const wording = (task.parked ? words.parked : undefined) ?? words.wording;
    const answer = this.say(wording, task, this.tasks.now(task), call, `POST ${route.path}, submit`);
    return { status: 200, body: answer, taskId: task.id, paid: true, outcome: task.outcome };
  }

  /** The finished task that a follow-up builds on; undefined for a route without parents, else why not. */
  private parent(route: SubmitRoute, call: Call): Task | Refusal | undefined {
    if (route.parent === undefined) return undefined;
    const { field, choice, unknown, unfinished, unoffered } = route.parent;
    const task = this.tasks.find(String(at(call.body, field)), call.key);
    if (task === undefined) return unknown;
    if (task.parked && route.resumes) return task;
    if (this.tasks.now(task).phase !== 'succeeded') return unfinished;
    const polls = this.routes.filter((other) => other.kind === 'poll');
    const poll =
      polls.find((other) => other.poll.reads[0] === task.route.path) ??
      polls.find((other) => other.poll.reads.includes(task.route.path));
    if (poll === undefined) return task;
    const answer = this.stateOf(poll, task, { origin: call.origin, requestId: call.requestId });
    return stringsUnder(answer, choice).includes(String(at(call.body, choice))) ? task : unoffered;
  }

  private poll(route: Route & { kind: 'poll' }, call: Call): Reply {
    const id = call.parameters.task_id ?? '';
    const task = this.tasks.find(id, call.key, route.poll.reads);
    if (task === undefined) return { ...refuse(this.gateway.refusals.unknownTask, call), taskId: id };
    return { status: 200, body: this.stateOf(route, task, call), taskId: id };
  }

  private stateOf(route: Route & { kind: 'poll' }, task: Task, call: Speech): Json {
    const moment = this.tasks.now(task);
    const wording = route.wordings[moment.phase] ?? route.wordings.queued;
    return this.say(wording, task, moment, call, `GET ${route.path}, ${moment.phase}`);
  }

  private say(wording: Wording, task: Task, moment: Moment, call: Speech, what: string): Json {
    const { origin, requestId, word } = call;
    return wording.say({ task, moment, origin, requestId, word }, (objection) =>
      this.deviations.push(`${what} ${task.model}: ${objection}`),
    );
  }

  private binary(route: BinaryRoute, call: Call): Reply {
    const taskId = call.parameters.task_id ?? '';
    const task = this.tasks.find(taskId, call.key, route.reads);
    if (task === undefined) return { ...refuse(route.unknown, call), taskId };
    const { phase } = this.tasks.now(task);
    if (phase !== 'succeeded') return { ...refuse(route.unfinished, call, { word: route.words[phase] }), taskId };
    if (call.flaw?.what === 'placeholder') return this.placeholder(taskId);
    if (call.flaw?.what === 'expire') this.results.close(call.path);
    if (this.results.isClosed(call.path)) return { ...refuse(route.unknown, call), taskId };
    if (call.flaw?.what === 'change') this.results.change(task, 0);
    return { status: 200, taskId, file: this.results.file(task, 0) };
  }

  private mediaFile(call: Call): Reply {
    const { task_id: taskId = '', file = '' } = call.parameters;
    const task = this.tasks.find(taskId);
    const found =
      task !== undefined && this.tasks.now(task).phase === 'succeeded' ? this.results.named(file, task) : undefined;
    if (task === undefined || found === undefined) return this.noFile(taskId);
    // The host looks at who asks before it looks for what is asked; a file that is none at all is told by the store.
    if (!this.isWelcome(call.headers.referer) || call.flaw?.what === 'placeholder') return this.placeholder(taskId);
    if (found.isCover) return { status: 200, taskId, file: this.results.cover };
    const { output } = found;
    if (!this.results.isGood(task, output, call.query)) return expired(taskId);
    if (call.flaw?.what === 'expire') {
      this.results.expire(task, output);
      return expired(taskId);
    }
    if (call.flaw?.what === 'change') this.results.change(task, output);
    return { status: 200, taskId, file: this.results.file(task, output) };
  }

  private isWelcome(referer = ''): boolean {
    const { files } = this.gateway;
    if (files === undefined) return true;
    return URL.canParse(referer) && new URL(referer).origin === new URL(files.referer).origin;
  }

  private placeholder(taskId: string): Reply {
    return { status: 200, taskId, file: this.results.placeholder, isPlaceholder: true };
  }

  private noFile(taskId: string): Reply {
    const missing = this.gateway.files?.missing;
    if (missing === undefined) return { status: 404, taskId };
    return { status: missing.status, taskId, headers: { 'content-type': missing.type }, text: missing.text };
  }

  private async sync(route: Route & { kind: 'sync' }, call: Call): Promise<Reply> {
    const reasons = this.oracle.refusal(route.operation, call);
    if (reasons !== undefined) return refuse(this.gateway.refusals.badBody, call, { reasons });
    if (route.serve === undefined) {
      const { status, body } = await this.oracle.answer(route.operation, call);
      return { status, body: isJson(body) ? body : null, paid: route.paid && status < 300 };
    }
    const { key, requestId, body } = call;
    const model = String(at(body, this.gateway.modelField) ?? '');
    const { usd, samples, ...told } = route.serve({ key, model, body, requestId });
    const status = told.status ?? 200;
    for (const said of samples ?? (told.body === undefined ? [] : [told.body])) {
      const objection = status === 200 ? this.oracle.objection(route.operation, status, said) : undefined;
      if (objection !== undefined) this.deviations.push(`${call.method} ${route.path} ${model}: ${objection}`);
    }
    if (usd !== undefined) this.services.charge(key, usd);
    return { ...told, status, paid: route.paid && usd !== undefined };
  }
}

function refuse(refusal: Refusal, call: Call, more: Record<string, string> = {}): Reply {
  const { method, path, requestId } = call;
  const values: Record<string, string> = { method, path, requestId, ...more };
  return { status: refusal.status, body: fill(refusal.body, (name) => values[name]) };
}

function expired(taskId: string): Reply {
  return { status: 403, taskId, headers: { 'content-type': XML_TYPE }, text: EXPIRED };
}

function routesOf(gateway: MockGateway, parts: WordingParts, services: ServiceDesk): Route[] {
  // Where the host has no words for what is missing, a cut URL is like any other that leads nowhere.
  const media = [MEDIA_PATH, ...(gateway.files === undefined ? [] : CUT_MEDIA_PATHS)].map(
    (path): Route => ({ method: 'GET', path, kind: 'media' }),
  );
  const binaries = gateway.binaries.map(
    (binary): Route => ({ method: 'GET', path: binary.path, kind: 'binary', binary }),
  );
  const documented = parts.oracle.operations.flatMap((operation): Route[] => {
    const [method, path] = [operation.method.toUpperCase(), operation.path];
    if (method === 'GET' && gateway.binaries.some((binary) => binary.path === path)) return [];
    const submit = method === 'POST' ? gateway.submits.find((route) => route.path === path) : undefined;
    if (submit !== undefined) {
      const how = { statusAt: [], fields: submit.fields ?? gateway.fields };
      const wording = (template: Template) => new Wording(operation, { ...how, template }, parts);
      const parked = submit.parks && wording(submit.parks.answer);
      return [{ method, path, kind: 'submit', submit, operation, wording: wording(submit.answer), parked }];
    }
    const poll = method === 'GET' ? gateway.polls.find((route) => route.path === path) : undefined;
    if (poll !== undefined) {
      const { statusAt, fields = gateway.fields } = poll;
      const wording = (template: Template) => new Wording(operation, { template, statusAt, fields }, parts);
      const { queued, running, succeeded, failed, modal } = poll.phases;
      const wordings = {
        queued: wording(queued),
        running: wording(running),
        succeeded: wording(succeeded),
        failed: wording(failed),
        ...(modal === undefined ? {} : { modal: wording(modal) }),
      };
      return [{ method, path, kind: 'poll', poll, wordings }];
    }
    const paid = method === 'POST' && gateway.paid.includes(path);
    return [{ method, path, kind: 'sync', paid, operation, serve: services.find(method, path) }];
  });
  return [...media, ...binaries, ...documented];
}

/** A file for anybody, with its ETag. */
function published(body: Json, call: Call): Reply {
  const etag = `"${createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 16)}"`;
  return call.headers['if-none-match'] === etag
    ? { status: 304, headers: { etag } }
    : { status: 200, headers: { etag }, body };
}
