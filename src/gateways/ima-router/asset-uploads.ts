// From media to an asset that may be used: bought once, by a name that all processes agree on, and its review waited for.

import type { AssetCreateBody, MediaInput } from '../../../generated/ima-router/requests.js';
import type { Rooms, SubmitOptions } from '../../client.js';
import { checkSubmit, type JournalRecord, type Prepared, type Task } from '../../tasks/index.js';
import {
  ConfigError,
  checkNames,
  type ErrorFacts,
  InvalidRequestError,
  isRecord,
  messageOf,
  sha256,
  TaskCancelledError,
  TaskFailedError,
  WaitAbortedError,
  WaitTimeoutError,
} from '../../transport/index.js';
import type { FreeCallOptions } from './account.js';
import { type AssetBooks, GONE_CODE, UNREVIEWED } from './asset-books.js';
import { accountOf, type GroupPort, placeOf, UPLOAD_MODELS, UploadGroups, type UploadModel } from './asset-groups.js';
import { ASSET_CREATE, ASSET_POLL, type Asset } from './asset-shapes.js';
import { addressIn, checkEnsure, type EnsureOptions, type ReadyOptions } from './asset-source.js';
import { saysGone, saysGroupGone } from './asset-words.js';

/** The body of an upload. `model` is needed here: left out, the gateway takes the domestic channel, and charges for it. */
export type AssetUpload = { model: UploadModel } & AssetCreateBody;

/** Options of a paid upload: those of `submit`. */
export type UploadOptions = Omit<SubmitOptions, 'endpoint'>;

/** The calls that uploads are made of. */
export interface UploadPort extends GroupPort {
  get(id: string, options: FreeCallOptions): Promise<Asset>;
}

/** Stands for the group while nobody needs to know which: the same media are the same upload in whatever group. */
const ANY_GROUP = 'any';

/** A record that is still in use is noted again when its last note is older (ms), so that it is not pruned as an old one. */
const NOTE_AGAIN_MS = 3_600_000;

/** Uploads of one client. */
export class Uploads {
  readonly groups: UploadGroups;
  readonly #rooms: Rooms;
  readonly #books: AssetBooks;
  readonly #port: UploadPort;

  constructor(rooms: Rooms, books: AssetBooks, port: UploadPort) {
    this.#rooms = rooms;
    this.#books = books;
    this.#port = port;
    this.groups = new UploadGroups(rooms, port);
  }

  /** Buys one upload. Throws as `submit` does. */
  async submit(body: AssetUpload, options: UploadOptions): Promise<Task> {
    const { validate, headers, signal, traceId, dedupe } = options;
    checkSubmit({ signal, traceId, dedupe });
    const prepared = await this.#prepared(body, { validate, headers });
    return this.#buy(prepared, { signal, traceId, dedupe });
  }

  /** Waits for the review of an asset, bought here or elsewhere; see `Assets.ready`. */
  async ready(id: string, options: ReadyOptions): Promise<unknown> {
    checkNames(options, ['signal', 'timeoutMs']);
    return this.#reviewed(id, await this.#books.recordOf(id), options);
  }

  /** The address of `source` for `options.for`; see `Assets.ensure`. */
  async ensure(source: MediaInput, given: EnsureOptions): Promise<string> {
    // All of it before anything is paid for.
    checkEnsure(source, given);
    const { signal, traceId } = given;
    const model = this.#uploadModel(given.for);
    const address = addressIn(source);
    if (address !== undefined) return this.#usable(address, given);
    const wanted = await this.#wanted(source, model, given);
    // What is one gateway's, or one key's, is nothing to another.
    const scope = [this.#rooms.transport.baseUrl, await accountOf(this.#rooms)];
    const options = withOnePatience(given);
    /** Ids that this media had and that are of no use any more: refused by the review, or gone from the gateway. */
    const before: string[] = [];
    for (;;) {
      // What replaces an asset stands under a name that is made from it: all processes find the same, and none buys over
      // the record of another.
      const fingerprint = await sha256(JSON.stringify([...scope, wanted.fingerprint, ...before]));
      const key = `asset-${fingerprint.slice(0, 40)}`;
      const record = await this.#recordAt(key);
      if (record?.taskId !== undefined) {
        const { taskId, model: channel } = record;
        if (await this.#isStillThere(record, taskId, options)) {
          this.#books.made(taskId, channel);
          return `asset://${taskId}`;
        }
        before.push(taskId);
        continue;
      }
      try {
        const at = { signal, traceId, key, dedupe: 'attach' } as const;
        const task = await this.#inGroup(model, options, (groupId) =>
          this.#buy({ ...wanted, fingerprint, body: (stop) => bodyIn(groupId, given.name, wanted, stop) }, at),
        );
        await this.#waited(task, options);
        return `asset://${task.id}`;
      } catch (error) {
        // Somebody has bought it, and waited for its review, since it was looked for.
        const isOvertaken = error instanceof ConfigError && error.code === 'held_elsewhere';
        if (!isOvertaken || (await this.#recordAt(key))?.taskId === undefined) throw error;
      }
    }
  }

  #uploadModel(videoModel: string): UploadModel {
    const [{ uploadModel }] = this.#rooms.catalog.find(videoModel, undefined);
    const known = UPLOAD_MODELS.find((one) => one === uploadModel);
    if (known !== undefined) return known;
    throw new InvalidRequestError(`"${videoModel}" takes no assets: nothing was uploaded.`, {
      code: 'takes_no_assets',
      phase: 'validate',
      hint: 'Pass a public URL in its media fields. Models with assets: those whose `uploadModel` is set in `ima.models.list()`.',
    });
  }

  /** An address that is an asset's already: it is looked at, and nothing is bought. */
  async #usable(id: string, options: EnsureOptions): Promise<string> {
    const problem = await this.#books.problemWith(id, options.for);
    // A review that is not over is waited for.
    if (problem !== undefined && problem.rule !== UNREVIEWED) {
      const received = this.#rooms.transport.redact(`"asset://${id}"`);
      throw new InvalidRequestError(`asset://${id} ${problem.message}: nothing was uploaded.`, {
        code: 'invalid_request',
        phase: 'validate',
        issues: [{ path: ['source'], ...problem, received }],
        param: 'source',
        hint: `Pass ${problem.expected}.`,
      });
    }
    const { status } = await this.#port.get(id, { signal: options.signal });
    if (status !== 'Active') await this.#reviewed(id, await this.#books.recordOf(id), options);
    return `asset://${id}`;
  }

  /** What is wanted, whatever group it will stand in, unless the caller says in which. */
  async #wanted(source: MediaInput, model: UploadModel, { type, groupId }: EnsureOptions): Promise<Prepared> {
    const { typeOf } = await import('./asset-types.js');
    const body = { model, group_id: groupId ?? ANY_GROUP, url: source, asset_type: type ?? (await typeOf(source)) };
    // However little this client checks: what is no media that the gateway can fetch would be paid for all the same.
    return this.#prepared(body, { validate: 'full' });
  }

  /** Whether what a record tells of may still be used, once its review is over. Throws where the review says no now. */
  async #isStillThere(record: JournalRecord, id: string, options: EnsureOptions): Promise<boolean> {
    if (record.state === 'failed' || record.state === 'cancelled') {
      await this.#noteAgain(record);
      return false;
    }
    try {
      // What has been reviewed once is answered at once; a new one the gateway may not know yet, and is asked for longer.
      const asset = record.state === 'succeeded' ? await this.#port.get(id, { signal: options.signal }) : undefined;
      // It was good once. Whoever asks again pays again, as after any refusal.
      if (asset?.status === 'Failed') await this.#noteAgain(record, asset.error);
      if (asset?.status !== 'Active') await this.#reviewed(id, record, options);
      await this.#noteAgain(record);
      return true;
    } catch (error) {
      if (!(await this.#isGone(error, id, options))) throw error;
      const message = 'the gateway does not have it any more';
      await this.#noteAgain(record, { code: GONE_CODE, message, kind: 'unknown' });
      this.#books.gone(id);
      return false;
    }
  }

  /** Money hangs on it: what says that an asset is gone is believed only where the gateway, asked again, says so itself. */
  async #isGone(error: unknown, id: string, { signal }: ReadyOptions): Promise<boolean> {
    if (!saysGone(error, id)) return false;
    return this.#port.get(id, { signal }).then(
      () => false,
      (again: unknown) => saysGone(again, id),
    );
  }

  /** Runs `work` in the group of the caller, or in one of ours; once more in another where ours is gone. */
  async #inGroup<Made>(
    model: UploadModel,
    options: EnsureOptions,
    work: (groupId: string) => Promise<Made>,
  ): Promise<Made> {
    if (options.groupId !== undefined) return work(options.groupId);
    const ours = await this.groups.of(model, options);
    try {
      return await work(ours);
    } catch (error) {
      // Nothing was bought: the group dangles, after a change of keys or because somebody removed it.
      if (!saysGroupGone(error)) throw error;
      return work(await this.groups.instead(model, ours, options));
    }
  }

  async #prepared(body: object, at: Pick<UploadOptions, 'validate' | 'headers'> = {}): Promise<Prepared> {
    const as = placeOf(this.#rooms, isRecord(body) ? body.model : undefined, ASSET_CREATE);
    const prepared = await this.#rooms.prepare(body, { endpoint: ASSET_CREATE, as, ...at });
    // To the catalogue an upload is over with its answer; its review is a task like any other.
    return { ...prepared, route: { ...prepared.route, pollPath: ASSET_POLL, async: true } };
  }

  async #buy(
    prepared: Prepared,
    at: Pick<UploadOptions, 'signal' | 'traceId' | 'dedupe'> & { key?: string },
  ): Promise<Task> {
    const task = await this.#rooms.engine.submit(prepared, at);
    this.#books.made(task.id, prepared.route.model);
    return task;
  }

  /** Waits for the review of what was bought before, here or elsewhere. */
  #reviewed(id: string, record: JournalRecord | undefined, options: ReadyOptions): Promise<unknown> {
    const task = this.#rooms.engine.attach({
      v: 1,
      gateway: this.#rooms.catalog.data.gateway,
      id,
      model: record?.model ?? 'unknown',
      endpoint: ASSET_CREATE,
      pollPath: ASSET_POLL,
      modality: 'asset',
      traceId: record?.traceId ?? null,
      ...(record === undefined ? {} : { key: record.key }),
    });
    return this.#waited(task, options);
  }

  /** The last answer of the wait for a review. */
  async #waited(task: Task, { signal, timeoutMs }: ReadyOptions): Promise<unknown> {
    try {
      const { raw } = await task.result({ signal, timeoutMs });
      this.#books.reviewed(task.id, 'Active');
      return raw;
    } catch (error) {
      const isRefused = error instanceof TaskFailedError || error instanceof TaskCancelledError;
      if (isRefused) this.#books.reviewed(task.id, 'Failed', task.state.error?.message);
      throw withWayOn(error, task.id);
    }
  }

  /** What is written under `key`. Throws `ConfigError`: who cannot see what was bought must not buy. */
  async #recordAt(key: string): Promise<JournalRecord | undefined> {
    try {
      return await this.#rooms.journal.get(key);
    } catch (cause) {
      if (cause instanceof ConfigError) throw cause;
      throw new ConfigError(`The journal cannot be read: ${messageOf(cause)}`, {
        code: 'journal_unavailable',
        phase: 'config',
        hint: 'Mend the journal, or use another one; nothing was sent.',
        cause,
      });
    }
  }

  /** Keeps a record from being pruned while it is in use; with `error`, notes that its asset is of no use any more. */
  async #noteAgain(record: JournalRecord, error?: JournalRecord['error']): Promise<void> {
    const now = new Date();
    if (error === undefined && now.getTime() - Date.parse(record.updatedAt) < NOTE_AGAIN_MS) return;
    try {
      const stored = await this.#rooms.journal.get(record.key);
      // Its end may have been noted meanwhile; that stays.
      if (stored === undefined || stored.taskId !== record.taskId || stored.state === 'failed') return;
      const ending =
        error === undefined ? {} : { state: 'failed' as const, error: this.#rooms.transport.redact(error) };
      await this.#rooms.journal.put({ ...stored, ...ending, updatedAt: now.toISOString() });
    } catch (failure) {
      this.#rooms.warn({
        code: 'journal_write_failed',
        message: `The journal could not note what became of asset ${record.taskId}: ${messageOf(failure)}`,
      });
    }
  }
}

/** `wanted` as it is sent: in that group, and under that name. */
async function bodyIn(
  groupId: string,
  name: string | undefined,
  wanted: Prepared,
  signal: AbortSignal | undefined,
): Promise<string> {
  const body: Record<string, unknown> = JSON.parse(await wanted.body(signal));
  return JSON.stringify({ ...body, group_id: groupId, ...(name === undefined ? {} : { name }) });
}

/** `options` with a patience that all waits share: whoever reads `timeoutMs` is told what is left of it by then. */
function withOnePatience(options: EnsureOptions): EnsureOptions {
  const { timeoutMs } = options;
  if (timeoutMs === undefined) return options;
  const until = performance.now() + timeoutMs;
  return {
    ...options,
    get timeoutMs() {
      return Math.max(0, until - performance.now());
    },
  };
}

/** A wait that was given up is gone on with by other verbs than that of a task which makes something. */
function withWayOn(error: unknown, id: string): unknown {
  const isGivenUp = error instanceof WaitTimeoutError || error instanceof WaitAbortedError;
  if (!isGivenUp) return error;
  const facts: ErrorFacts = {
    ...error,
    hint: `Go on later: ima.assets.ready('${id}'), or ensure the same again: what is uploaded is not uploaded twice.`,
    cause: error.cause,
  };
  return error instanceof WaitTimeoutError
    ? new WaitTimeoutError(error.message, facts)
    : new WaitAbortedError(error.message, facts);
}
