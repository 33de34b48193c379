// Which group the uploads of a channel go into: the one in use, the journal's, the gateway's, or a new one. All free.

import type { AssetGroupCreateBody, AssetGroupListBody } from '../../../generated/ima-router/requests.js';
import type { Rooms } from '../../client.js';
import type { JournalRecord } from '../../tasks/index.js';
import {
  InvalidResponseError,
  LONGEST_TIMER_MS,
  messageOf,
  sha256,
  WaitAbortedError,
  WaitTimeoutError,
} from '../../transport/index.js';
import type { FreeCallOptions } from './account.js';
import type { AssetGroup } from './asset-shapes.js';

/** The models under which assets are uploaded; each belongs to one channel, domestic or overseas. */
export const UPLOAD_MODELS = ['ima-pro-upload', 'ima-pro-upload-cn', 'seedance-upload', 'seedance-upload-cn'] as const;
export type UploadModel = (typeof UPLOAD_MODELS)[number];

/** The calls that groups are found by. */
export interface GroupPort {
  createGroup(body: { model: UploadModel } & AssetGroupCreateBody, options: FreeCallOptions): Promise<AssetGroup>;
  listGroups(
    body: { model?: UploadModel | undefined } & AssetGroupListBody,
    options: FreeCallOptions & { mostPages: number },
  ): AsyncIterable<AssetGroup>;
}

/**
 * What a body for an upload model is, and where it goes, where the live index does not have that model there: an index
 * that lists video models alone takes nobody's uploads away. Undefined where it has, and for models of other kinds.
 */
export function placeOf({ catalog }: Pick<Rooms, 'catalog'>, model: unknown, path: string) {
  const id = UPLOAD_MODELS.find((one) => one === model);
  if (id === undefined || catalog.get(id)?.endpoints.some((one) => one.path === path)) return undefined;
  const known = catalog.data.models.find((one) => one.id === id);
  const endpoint = known?.endpoints.find((one) => one.path === path);
  return known === undefined || endpoint === undefined ? undefined : { model: id, modality: known.modality, endpoint };
}

/** How the groups that `ensure` makes are called, before their upload model: anybody can see whose they are. */
const GROUP_NAME = 'ima-router';

/** The group type that the document gives as the only one in use. */
const GROUP_TYPE = 'AIGC';

/** Pages of 100 that are looked through for a group of ours: to make a new one is free, and sooner done. */
const MOST_PAGES = 50;

/** How long one caller waits for a group. */
export interface GroupPatience {
  signal?: AbortSignal | undefined;
  timeoutMs?: number | undefined;
}

/** The way to a group, shared by all who need it: it goes on as long as one of them waits. */
interface Search {
  found: Promise<string>;
  stop: AbortController;
  waiting: number;
  isOver: boolean;
}

/** The groups of one client, one for each upload model. */
export class UploadGroups {
  readonly #rooms: Rooms;
  readonly #port: GroupPort;
  /** By upload model, the group in use or on its way. */
  readonly #held = new Map<UploadModel, Search>();

  constructor(rooms: Rooms, port: GroupPort) {
    this.#rooms = rooms;
    this.#port = port;
  }

  /**
   * The id of the group for `model`. Throws `WaitAbortedError`, `WaitTimeoutError`, and what the calls throw; nothing was
   * bought then.
   */
  async of(model: UploadModel, patience: GroupPatience): Promise<string> {
    assertNotAborted(patience);
    return this.#joined(model, this.#held.get(model) ?? this.#search(model, undefined), patience);
  }

  /** Another one, where `gone` turned out to be no group any more. Whoever finds out later gets the same. */
  async instead(model: UploadModel, gone: string, patience: GroupPatience): Promise<string> {
    assertNotAborted(patience);
    const held = this.#held.get(model);
    // What cannot be found is no other group.
    const id = held && (await this.#joined(model, held, patience, () => gone));
    if (id !== undefined && id !== gone) return id;
    // Somebody may have begun to look while this one waited.
    const now = this.#held.get(model);
    return this.#joined(model, now !== undefined && now !== held ? now : this.#search(model, gone), patience);
  }

  /** Forgets all, here and in the journal. */
  async forget(): Promise<void> {
    for (const model of UPLOAD_MODELS) {
      this.#held.delete(model);
      const key = await this.#keyOf(model);
      await this.#journal('write', (journal) => journal.delete(key));
    }
  }

  /** Several may wait for it, so it is no single one's to abort. */
  #search(model: UploadModel, gone: string | undefined): Search {
    const stop = new AbortController();
    const search: Search = { found: this.#found(model, gone, stop.signal), stop, waiting: 0, isOver: false };
    this.#held.set(model, search);
    search.found.then(
      () => {
        search.isOver = true;
      },
      () => {
        search.isOver = true;
        this.#drop(model, search);
      },
    );
    return search;
  }

  #drop(model: UploadModel, search: Search): void {
    if (this.#held.get(model) === search) this.#held.delete(model);
  }

  /** Waits for the end of `search` as long as `patience` lasts. With the last who leaves, the search ends. */
  async #joined(
    model: UploadModel,
    search: Search,
    { signal, timeoutMs }: GroupPatience,
    otherwise?: () => string,
  ): Promise<string> {
    assertNotAborted({ signal });
    search.waiting++;
    const offs: (() => void)[] = [];
    const left = new Promise<never>((_, reject) => {
      if (signal !== undefined) offs.push(this.#rooms.transport.aborts.on(signal, () => reject(aborted(signal))));
      if (timeoutMs === undefined) return;
      const timer = setTimeout(() => reject(timedOut()), Math.min(timeoutMs, LONGEST_TIMER_MS));
      offs.push(() => clearTimeout(timer));
    });
    try {
      return await Promise.race([otherwise === undefined ? search.found : search.found.catch(otherwise), left]);
    } finally {
      for (const off of offs) off();
      search.waiting--;
      if (search.waiting === 0 && !search.isOver) {
        this.#drop(model, search);
        search.stop.abort(new Error('nobody waits for it any more'));
      }
    }
  }

  async #found(model: UploadModel, gone: string | undefined, signal: AbortSignal): Promise<string> {
    const key = await this.#keyOf(model);
    const noted = await this.#journal('read', (journal) => journal.get(key));
    // Another process may have found out before.
    if (noted?.taskId !== undefined && noted.taskId !== gone) return noted.taskId;
    const name = `${GROUP_NAME} ${model}`;
    const filters = { name, group_type: GROUP_TYPE };
    for await (const group of this.#port.listGroups({ model, filters }, { signal, mostPages: MOST_PAGES })) {
      // The filter may find names that only contain it.
      if (group.name === name && group.id !== gone) return this.#note(key, model, group.id);
    }
    const description = 'Made by ima-router for reference media.';
    const { id } = await this.#port.createGroup({ model, name, description, group_type: GROUP_TYPE }, { signal });
    if (id !== gone) return this.#note(key, model, id);
    throw new InvalidResponseError('The gateway gave a new asset group the id of one that is gone.', {
      code: 'invalid_response',
      phase: 'submit',
      hint: 'Make a group by `ima.assets.groups.create` and pass its id as `groupId`.',
    });
  }

  /** Groups are free: their record is a memory, and no purchase. */
  async #note(key: string, model: UploadModel, id: string): Promise<string> {
    const at = new Date().toISOString();
    const record: JournalRecord = {
      v: 1,
      key,
      gateway: this.#rooms.catalog.data.gateway,
      model,
      endpoint: '/v1/assets/group/create',
      pollPath: '/v1/assets/group/get/{task_id}',
      modality: 'asset',
      traceId: key,
      state: 'succeeded',
      taskId: id,
      createdAt: at,
      updatedAt: at,
    };
    await this.#journal('write', (journal) => journal.put(record));
    return id;
  }

  /** A group is of one account, at one gateway, for one upload model. */
  async #keyOf(model: UploadModel): Promise<string> {
    const { transport } = this.#rooms;
    const scope = [transport.baseUrl, await accountOf(this.#rooms), model];
    return `group-${(await sha256(JSON.stringify(scope))).slice(0, 40)}`;
  }

  /** What is only remembered to save a free call is missed by nobody when the store is away. */
  async #journal<Found>(
    what: 'read' | 'write',
    work: (journal: Rooms['journal']) => Promise<Found>,
  ): Promise<Found | undefined> {
    try {
      return await work(this.#rooms.journal);
    } catch (error) {
      const code = what === 'read' ? 'journal_unavailable' : 'journal_write_failed';
      this.#rooms.warn({ code, message: `The journal could not ${what} an asset group: ${messageOf(error)}` });
      return undefined;
    }
  }
}

function assertNotAborted({ signal }: GroupPatience): void {
  if (signal?.aborted) throw aborted(signal);
}

const aborted = (signal: AbortSignal): WaitAbortedError =>
  new WaitAbortedError('Aborted while an asset group was looked for: nothing was uploaded.', {
    code: 'aborted',
    phase: 'submit',
    hint: 'Nothing was bought by this call.',
    cause: signal.reason,
  });

const timedOut = (): WaitTimeoutError =>
  new WaitTimeoutError('No asset group was found or made in time: nothing was uploaded.', {
    code: 'wait_timeout',
    phase: 'submit',
    retryable: true,
    hint: 'Nothing was bought by this call: call again, with more patience or with a `groupId` of yours.',
  });

/** Stands for the key of `rooms` in the journal, which holds no key, nor a hash of one that anybody else has. */
export async function accountOf(rooms: Rooms): Promise<string> {
  return sha256(`assets of ${rooms.apiKey()}`);
}
