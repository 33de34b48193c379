// Which group the uploads of a channel go into: the one in use, the journal's, the gateway's, or a new one. All free.

import type { AssetGroupCreateBody, AssetGroupListBody } from '../../../generated/ima-router/requests.js';
import type { Rooms } from '../../client.js';
import type { JournalRecord } from '../../tasks/index.js';
import { InvalidResponseError, messageOf, sha256, WaitAbortedError } from '../../transport/index.js';
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
    options: FreeCallOptions,
  ): AsyncIterable<AssetGroup>;
}

/** How the groups that `ensure` makes are called, before their upload model: anybody can see whose they are. */
const GROUP_NAME = 'ima-router';

/** The group type that the document gives as the only one in use. */
const GROUP_TYPE = 'AIGC';

/** The groups of one client, one for each upload model. */
export class UploadGroups {
  readonly #rooms: Rooms;
  readonly #port: GroupPort;
  /** By upload model, the group in use or on its way. */
  readonly #held = new Map<UploadModel, Promise<string>>();

  constructor(rooms: Rooms, port: GroupPort) {
    this.#rooms = rooms;
    this.#port = port;
  }

  /** The id of the group for `model`. Throws `WaitAbortedError`, and what the calls throw; nothing was bought then. */
  async of(model: UploadModel, signal: AbortSignal | undefined): Promise<string> {
    return this.#unlessAborted(async () => this.#held.get(model) ?? this.#looked(model, undefined), signal);
  }

  /** Another one, where `gone` turned out to be no group any more. Whoever finds out later gets the same. */
  async instead(model: UploadModel, gone: string, signal: AbortSignal | undefined): Promise<string> {
    return this.#unlessAborted(async () => {
      const held = this.#held.get(model);
      const isReplaced = held !== undefined && (await held.catch(() => gone)) !== gone;
      // Somebody may have begun to look while this one waited.
      const now = this.#held.get(model);
      return isReplaced ? held : now !== undefined && now !== held ? now : this.#looked(model, gone);
    }, signal);
  }

  /** Forgets all, here and in the journal. */
  async forget(): Promise<void> {
    for (const model of UPLOAD_MODELS) {
      this.#held.delete(model);
      const key = await this.#keyOf(model);
      await this.#journal('write', (journal) => journal.delete(key));
    }
  }

  /** Several may wait for it, so it is nobody's to abort. */
  #looked(model: UploadModel, gone: string | undefined): Promise<string> {
    const found = this.#found(model, gone);
    this.#held.set(model, found);
    found.catch(() => {
      if (this.#held.get(model) === found) this.#held.delete(model);
    });
    return found;
  }

  async #found(model: UploadModel, gone: string | undefined): Promise<string> {
    const key = await this.#keyOf(model);
    const noted = await this.#journal('read', (journal) => journal.get(key));
    // Another process may have found out before.
    if (noted?.taskId !== undefined && noted.taskId !== gone) return noted.taskId;
    const name = `${GROUP_NAME} ${model}`;
    for await (const group of this.#port.listGroups({ model, filters: { name, group_type: GROUP_TYPE } }, {})) {
      // The filter may find names that only contain it.
      if (group.name === name && group.id !== gone) return this.#note(key, model, group.id);
    }
    const description = 'Made by ima-router for reference media.';
    const { id } = await this.#port.createGroup({ model, name, description, group_type: GROUP_TYPE }, {});
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

  async #unlessAborted(work: () => Promise<string>, signal: AbortSignal | undefined): Promise<string> {
    if (signal === undefined) return work();
    if (signal.aborted) throw aborted(signal);
    return new Promise<string>((resolve, reject) => {
      const off = this.#rooms.transport.aborts.on(signal, () => reject(aborted(signal)));
      work().then(resolve, reject).finally(off);
    });
  }
}

const aborted = (signal: AbortSignal): WaitAbortedError =>
  new WaitAbortedError('Aborted while an asset group was looked for: nothing was uploaded.', {
    code: 'aborted',
    phase: 'submit',
    hint: 'Nothing was bought by this call.',
    cause: signal.reason,
  });

/** Stands for the key of `rooms` in the journal, which holds no key, nor a hash of one that anybody else has. */
export async function accountOf(rooms: Rooms): Promise<string> {
  return sha256(`assets of ${rooms.apiKey()}`);
}
