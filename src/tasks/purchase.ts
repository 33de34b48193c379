// The one place where money goes: intent down, POST once, answer down; or an equal purchase that is still pending.

import type { Route } from '../catalog/index.js';
import {
  bad,
  ConfigError,
  checkSignal,
  derived,
  ImaRouterError,
  SubmitUnknownError,
  type Transport,
  WaitAbortedError,
} from '../transport/index.js';
import { isEnded, type JournalRecord, spentInVain } from './journal.js';
import type { TaskReaders } from './readers.js';
import type { Records } from './records.js';
import { isPollable, type TaskRef } from './ref.js';
import type { StateReading, SubmitReading } from './state.js';
import { assertNotStopped, type Stops, unlessStopped } from './stops.js';

/** A request that may be sent. */
export interface Prepared {
  route: Route;
  /** JSON, as it goes over the wire; local media are hosted now. Throws when that fails, or on `signal`. */
  body: (signal?: AbortSignal) => Promise<string>;
  /** The same for equal requests at the same endpoint, wherever their local media were hosted. */
  fingerprint: string;
  /** Sent with this request alone. */
  headers?: Readonly<Record<string, string>> | undefined;
}

/** How a request is submitted. */
export interface SubmitAt extends Stops {
  traceId?: string | undefined;
  /** `attach`: a pending task of an equal request is taken instead of a second purchase. */
  dedupe?: 'attach' | undefined;
  /** The journal key; made up unless given. */
  key?: string | undefined;
  /** Whether a record of unknown fate under `key` may be bought again. */
  resendsUnknown?: boolean | undefined;
  /** Ids of the tasks that this one builds on, for the journal. */
  ancestry?: readonly string[] | undefined;
}

/** A task that was bought now, or before. */
export interface Bought {
  ref: TaskRef;
  /** What the answer said of it; absent for one that was bought before. */
  reading?: StateReading | null;
  raw?: unknown;
  /** Milliseconds since 1970. */
  startedAt: number;
  /** Whether its id is in the journal. */
  isNoted: boolean;
  /** Whether a task was given what it waited for. */
  isAnswered?: boolean;
}

/** What an answer names: a task, new or known before. */
type Taken = Extract<SubmitReading, { id: string }>;

/** What buying needs. */
export interface PurchaseOptions {
  gateway: string;
  transport: Transport;
  readers: TaskReaders;
  records: Records;
  /** By path: what to call instead where no task is made. */
  verbs: Readonly<Record<string, string>>;
  now: () => number;
}

/** Longer requests are not kept in the journal: they hold media, and every note would write them again. */
const LONGEST_KEPT_REQUEST = 16_384;

/** How often (ms) to look whether somebody else is through with an equal request. */
const LOOK_AGAIN_MS = 100;

/** Buys tasks for one client. */
export class Purchases {
  readonly #options: PurchaseOptions;

  constructor(options: PurchaseOptions) {
    this.#options = options;
  }

  /** Throws `ConfigError` where nothing could be submitted to `route`: it makes no task, or there is no key. */
  assertReady(route: Route): { pollPath: string } {
    if (route.pollPath === null) throw notATask(route, this.#options.verbs[route.path]);
    this.#options.transport.authHeaders('config');
    return { pollPath: route.pollPath };
  }

  /**
   * Buys one task, or with `dedupe: 'attach'` gives the pending one of an equal request. The intent is in the journal
   * before the POST leaves, the id before this resolves. Throws `SubmitUnknownError` when nobody can say whether it was
   * taken, and the typed error of a refusal.
   */
  async submit(prepared: Prepared, at: SubmitAt): Promise<Bought> {
    checkSubmit(at);
    this.assertReady(prepared.route);
    assertNotStopped(at);
    return at.dedupe === 'attach' ? this.#attachOrBuy(prepared, at) : this.#buy(prepared, at);
  }

  async #buy(prepared: Prepared, at: SubmitAt): Promise<Bought> {
    const { records, now } = this.#options;
    const body = await prepared.body(at.stop ?? at.signal);
    const startedAt = now();
    const record = this.#intent(prepared.route, { ...at, body, fingerprint: prepared.fingerprint, startedAt });
    // While it is held nobody takes this intent for an abandoned one.
    const held = await unlessStopped(records.hold(record.key), at, () => records.drop(record.key));
    if (!held && at.key !== undefined) throw heldElsewhere(record.model, record.key);
    try {
      const before = at.key === undefined ? undefined : await unlessStopped(records.get(record.key), at);
      // Whoever asks with a key has seen that nothing stands there, or a failure: somebody was quicker.
      if (before?.state === 'submitted' || before?.state === 'succeeded') throw heldElsewhere(record.model, record.key);
      if (before?.state === 'intent' || (before?.state === 'unknown' && !at.resendsUnknown)) throw unsettled(before);
      const lostUsd = before === undefined ? 0 : spentInVain(before);
      if (lostUsd > 0) record.spentUsd = lostUsd;
      const begun = records.begin(record);
      await unlessStopped(begun, at).catch((error: unknown) => {
        // The store may still be at it: until it is through nobody has this key, and what it wrote is taken back.
        if (error instanceof WaitAbortedError) {
          const undone = begun.then(
            () => records.takeBack(record, before),
            () => {},
          );
          records.holdUntil(record.key, undone);
        }
        throw error;
      });
      const read = await this.#send(prepared, body, record, at).catch(async (error: unknown) => {
        if (ImaRouterError.is(error) && !error.mayBeBilled) await records.takeBack(record, before);
        else await records.note(record, { state: 'unknown' });
        throw error;
      });
      const isAnswered = read.known === 'answered' && read.state?.needs === undefined;
      const first = { reading: read.state, raw: read.raw, startedAt, isAnswered };
      const earlier = read.known && at.key === undefined ? await this.#recordAs(read.id) : undefined;
      if (earlier !== undefined) {
        const kept = await this.#goOn(earlier, record, read.known);
        return { ...first, ref: refOf(kept, read.id), isNoted: true };
      }
      const ancestry = record.ancestry?.filter((id) => id !== read.id);
      const isNoted = await records.note(record, {
        ...{ state: 'submitted', taskId: read.id },
        ...(ancestry === undefined ? {} : { ancestry }),
      });
      return { ...first, ref: refOf(record, read.id), isNoted };
    } finally {
      if (held) records.drop(record.key);
    }
  }

  /** The record of a task, ended or not; undefined also where the journal cannot tell: the task is bought all the same. */
  async #recordAs(id: string): Promise<JournalRecord | undefined> {
    return this.#options.records.recordOf({ id, traceId: null }).catch(() => undefined);
  }

  /**
   * The gateway named a task that the journal has already: one task, one record. It stays under the key of the earlier
   * request, by which a batch finds it, and tells of the last one, by which an equal one finds it. An end stays what it is:
   * nobody is to wait for the task again, and what it gave and cost stands nowhere else.
   */
  async #goOn(earlier: JournalRecord, last: JournalRecord, known: Taken['known']): Promise<JournalRecord> {
    const { records } = this.#options;
    // First of all: the id is in the journal already, and an intent that stays behind passes for a lost purchase.
    await records.takeBack(last, undefined);
    if (earlier.fingerprint === last.fingerprint) return earlier;
    const { key, taskId } = earlier;
    // It may have ended since it was read, and be noted so. What cannot be read now is not written over either.
    const now = await records.recordOf(refOf(earlier, taskId ?? '')).catch(() => undefined);
    if (now === undefined || (isEnded(now.state) && known !== 'answered')) return now ?? earlier;
    const { request: _, ancestry = last.ancestry, ...kept } = now;
    const own = ancestry?.filter((id) => id !== taskId);
    const record = { ...kept, ...last, key, ...(own === undefined ? {} : { ancestry: own }) };
    await records.note(record, { state: now.state, ...(taskId === undefined ? {} : { taskId }) });
    return record;
  }

  #intent(route: Route, at: SubmitAt & { body: string; fingerprint: string; startedAt: number }): JournalRecord {
    const request = this.#keepable(at.body);
    const createdAt = new Date(at.startedAt).toISOString();
    return {
      v: 1,
      key: at.key ?? crypto.randomUUID(),
      gateway: this.#options.gateway,
      model: route.model,
      endpoint: route.path,
      pollPath: this.assertReady(route).pollPath,
      modality: route.modality,
      traceId: at.traceId ?? crypto.randomUUID(),
      state: 'intent',
      fingerprint: at.fingerprint,
      ...(request === undefined ? {} : { request }),
      ...(at.ancestry === undefined || at.ancestry.length === 0 ? {} : { ancestry: [...at.ancestry] }),
      createdAt,
      updatedAt: createdAt,
    };
  }

  /** The request for the journal: whoever settles an unknown purchase must see what it was. */
  #keepable(body: string): Record<string, unknown> | undefined {
    if (body.length > LONGEST_KEPT_REQUEST || this.#options.transport.redact(body) !== body) return undefined;
    return JSON.parse(body);
  }

  async #send(
    { route, headers }: Prepared,
    body: string,
    { traceId }: JournalRecord,
    { signal, stop }: SubmitAt,
  ): Promise<Taken & { raw: unknown }> {
    const { transport, readers } = this.#options;
    let read: SubmitReading = null;
    const answer = await transport.request({
      method: route.method,
      path: route.path,
      body,
      headers: headers === undefined ? undefined : { ...headers },
      phase: 'submit',
      paid: true,
      signal: derived(signal),
      halt: stop,
      traceId,
      mayHaveBeenTaken: (candidate) => readers.mayHaveBeenTaken(candidate),
      inspect: (candidate) => {
        read = readers.readSubmit(candidate, { path: route.path, modality: route.modality });
        if (read === null || ('id' in read && !isPollable(read.id))) return 'unreadable';
        return 'refusal' in read ? read.refusal : 'good';
      },
    });
    return { ...taken(read), raw: answer.json };
  }

  /** One at a time for equal requests, over all processes that share the journal: the second finds the first's task. */
  async #attachOrBuy(prepared: Prepared, at: SubmitAt): Promise<Bought> {
    const { records } = this.#options;
    const name = `same-${prepared.fingerprint.slice(0, 64)}`;
    while (!(await unlessStopped(records.holdAlone(name), at, () => records.drop(name)))) await this.#lookAgain(at);
    try {
      for (;;) {
        const pending = await unlessStopped(this.#pendingOf(prepared), at);
        if (pending === 'none') return await this.#buy(prepared, at);
        if (pending !== 'busy') return pending;
        await this.#lookAgain(at);
      }
    } finally {
      records.drop(name);
    }
  }

  /** The pending purchase of an equal request; `busy` while its submit is under way. Throws for one of unknown fate. */
  async #pendingOf({ fingerprint }: Prepared): Promise<Bought | 'none' | 'busy'> {
    const { records } = this.#options;
    const equal = await records.list({ fingerprint });
    const settled = await Promise.all(equal.map((one) => (one.state === 'intent' ? records.settled(one) : one)));
    for (const record of settled) {
      const { state, taskId, createdAt } = record;
      if (state === 'submitted' && taskId !== undefined) {
        return { ref: refOf(record, taskId), startedAt: Date.parse(createdAt), isNoted: true };
      }
    }
    if (settled.some(({ state }) => state === 'intent')) return 'busy';
    const unknown = settled.find(({ state }) => state === 'unknown');
    if (unknown !== undefined) throw unsettled(unknown);
    return 'none';
  }

  async #lookAgain(at: Stops): Promise<void> {
    await unlessStopped(new Promise<void>((resolve) => setTimeout(resolve, LOOK_AGAIN_MS)), at);
  }
}

/** What points at the task of a record. */
export function refOf(record: JournalRecord, id: string): TaskRef {
  const { gateway, model, endpoint, pollPath, modality, traceId, key } = record;
  return { v: 1, gateway, id, model, endpoint, pollPath, modality, traceId, key };
}

/** Throws `ConfigError` for options that no submit can have. */
export function checkSubmit({ traceId, dedupe, signal }: Pick<SubmitAt, 'traceId' | 'dedupe' | 'signal'>): void {
  checkSignal(signal);
  if (traceId !== undefined && !(typeof traceId === 'string' && /^[\x21-\x7e]{1,200}$/.test(traceId))) {
    throw new ConfigError(`${JSON.stringify(traceId)} cannot be a trace id.`, {
      code: 'bad_option',
      phase: 'config',
      param: 'traceId',
      hint: 'A trace id is one word of ASCII characters.',
    });
  }
  if (dedupe !== undefined && dedupe !== 'attach') {
    throw bad('dedupe', `must be 'attach', not ${JSON.stringify(dedupe)}`, 'Leave it out to buy in any case.');
  }
}

/** An equal purchase has no known ending: nobody but the caller may risk to pay twice. */
export function unsettled(record: JournalRecord): SubmitUnknownError {
  const { model, key, traceId, createdAt } = record;
  return new SubmitUnknownError(
    `This ${model} request was submitted at ${createdAt} and nobody knows what became of it: it was not sent again.`,
    {
      code: 'submit_unsettled',
      phase: 'submit',
      traceId,
      mayBeBilled: true,
      hint: `Look for the trace id ${traceId} in the gateway's console; to buy it again: ima.journal.delete('${key}').`,
    },
  );
}

/** Somebody alive has the same record in hand. */
export function heldElsewhere(model: string, key: string): ConfigError {
  return new ConfigError(`Somebody else is at work on this ${model} request: it was not sent.`, {
    code: 'held_elsewhere',
    phase: 'config',
    param: key,
    hint: 'Its result will stand in the same journal; ask again when they are through.',
  });
}

/** What was inspected and passed. */
function taken(read: SubmitReading): Taken {
  if (read === null || 'refusal' in read) throw new TypeError('an answer without an id was inspected and passed');
  return read;
}

function notATask(route: Route, verb: string | undefined): ConfigError {
  return new ConfigError(`"${route.model}" answers at once at ${route.path}: it makes no task.`, {
    code: 'not_a_task',
    phase: 'route',
    hint: `Call ${verb === undefined ? 'it through `ima.api`' : `\`${verb}\``}.`,
  });
}
