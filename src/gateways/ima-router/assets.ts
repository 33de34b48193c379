// Reference media that the gateway keeps: groups, uploads and their reviews. Only an upload costs.

import type {
  AssetGroupCreateBody,
  AssetGroupListBody,
  AssetListBody,
  MediaInput,
} from '../../../generated/ima-router/requests.js';
import type { Rooms } from '../../client.js';
import type { Task } from '../../tasks/index.js';
import { bad, checkNames, InvalidResponseError, isRecord } from '../../transport/index.js';
import { checkFree, type FreeCallOptions } from './account.js';
import { AssetBooks } from './asset-books.js';
import { placeOf, type UploadModel } from './asset-groups.js';
import {
  type Asset,
  type AssetGroup,
  type AssetQuota,
  assetOf,
  groupOf,
  idIn,
  itemIn,
  type Page,
  pageIn,
  quotaIn,
} from './asset-shapes.js';
import type { EnsureOptions, ReadyOptions } from './asset-source.js';
import { type AssetUpload, type UploadOptions, Uploads } from './asset-uploads.js';

const GROUP_LIST = '/v1/assets/group/list';

const UPLOAD_OPTIONS = ['traceId', 'validate', 'dedupe', 'headers', 'signal'];

/** Groups of assets. A group belongs to the upload model that it was made with. Nothing here costs. */
class AssetGroups {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** Makes a group. `model` says for which channel; the gateway's default is the domestic one. */
  async create(
    body: { model: UploadModel } & AssetGroupCreateBody,
    options: FreeCallOptions = {},
  ): Promise<AssetGroup> {
    checkFree(options);
    const path = '/v1/assets/group/create';
    await this.#calls.check(path, body);
    return this.#calls.item(path, body, groupOf, options);
  }

  /** All groups, page by page as they are asked for; `page_number` is the page to begin with. */
  list(
    body: { model?: UploadModel | undefined } & AssetGroupListBody = {},
    options: FreeCallOptions = {},
  ): AsyncGenerator<AssetGroup, void, undefined> {
    return this.#calls.pages(GROUP_LIST, body, groupOf, options);
  }

  /** One group, by its id. Throws `InvalidRequestError` where the gateway has none. */
  async get(id: string | { id: string }, options: FreeCallOptions = {}): Promise<AssetGroup> {
    return this.#calls.item('/v1/assets/group/get', { id: checkedId(id) }, groupOf, options);
  }

  /** Changes a group's name or description. */
  async update(
    body: { id: string; name?: string | undefined; description?: string | undefined },
    options: FreeCallOptions = {},
  ): Promise<{ id: string }> {
    checkBody(body);
    return this.#calls.id('/v1/assets/group/update', { ...body, id: checkedId(body) }, options);
  }
}

/**
 * Reference media for models that take `asset://` addresses (Seedance). All calls throw `AuthenticationError`,
 * `RateLimitError`, `ServerError`, `ConnectionError`, and `InvalidRequestError` for what the gateway refuses, which it
 * does with status 200.
 */
export class Assets {
  readonly groups: AssetGroups;
  readonly #calls: Calls;
  readonly #books: AssetBooks;
  readonly #uploads: Uploads;

  constructor(rooms: Rooms) {
    this.#calls = new Calls(rooms);
    this.groups = new AssetGroups(this.#calls);
    this.#books = new AssetBooks(rooms);
    this.#uploads = new Uploads(rooms, this.#books, {
      createGroup: (body, options) => this.groups.create(body, options),
      listGroups: (body, { mostPages, ...options }) => this.#calls.pages(GROUP_LIST, body, groupOf, options, mostPages),
      get: (id, options) => this.get(id, options),
    });
    rooms.alsoCheck((candidate) => this.#books.issues(candidate));
  }

  /**
   * Uploads media and resolves as soon as it is taken; the review goes on (`ready`). **Costs**, also where the review
   * says no. Noted in the journal as any paid request. Throws as `submit` does.
   */
  async create(body: AssetUpload, options: UploadOptions = {}): Promise<Asset> {
    checkNames(options, UPLOAD_OPTIONS);
    const task = await this.#uploads.submit(body, options);
    return this.#seen(assetOfTask(task));
  }

  /** All assets, page by page as they are asked for; `page_number` is the page to begin with. Free. */
  async *list(
    body: { model?: UploadModel | undefined } & AssetListBody = {},
    options: FreeCallOptions = {},
  ): AsyncGenerator<Asset, void, undefined> {
    for await (const asset of this.#calls.pages('/v1/assets/list', body, assetOf, options)) yield this.#seen(asset);
  }

  /** One asset, by its id. Free. Throws `TaskNotFoundError` or `InvalidRequestError` where the gateway has none. */
  async get(id: string | { id: string }, options: FreeCallOptions = {}): Promise<Asset> {
    return this.#seen(await this.#calls.item('/v1/assets/get', { id: checkedId(id) }, assetOf, options));
  }

  /** Changes an asset's name. Free. */
  async update(body: { id: string; name: string }, options: FreeCallOptions = {}): Promise<{ id: string }> {
    checkBody(body);
    return this.#calls.id('/v1/assets/update', { ...body, id: checkedId(body) }, options);
  }

  /** How many assets the account may keep, and does. Free. */
  async quota(options: FreeCallOptions = {}): Promise<AssetQuota> {
    return this.#calls.read('/v1/assets/quota', {}, quotaIn, options);
  }

  /**
   * Waits for the review of an asset, with the polls of this client. Resolves when it is Active. Throws
   * `TaskFailedError` with the reason when it is refused, `WaitTimeoutError`, `WaitAbortedError`.
   */
  async ready(asset: string | { id: string }, options: ReadyOptions = {}): Promise<Asset> {
    const id = checkedId(asset);
    const raw = await this.#uploads.ready(id, options);
    return this.#seen(itemIn(raw, assetOf) ?? { id, url: `asset://${id}`, status: 'Active', raw });
  }

  /**
   * The `asset://…` of `source` for the video model `for`, uploaded and reviewed: finds or makes the group of the right
   * channel (x-playground-portrait-asset-models), uploads (**which costs**), waits for the review. What this journal
   * knows to be uploaded with this key, and the gateway still has, is not uploaded again; what the review has refused
   * is, when it is asked for again. `source` is a public URL, local media with `hostFile`, or an `asset://…`, which is
   * only looked at. A URL is known by its text, local media by their bytes.
   * Throws `UnknownModelError`, `InvalidRequestError` (the model takes no assets), `TaskFailedError` (refused, with the
   * reason), `SubmitUnknownError` (also for an upload whose fate nobody knows from before), and what `submit` and
   * `result` throw.
   */
  ensure(source: MediaInput, options: EnsureOptions): Promise<string> {
    return this.#uploads.ensure(source, options);
  }

  /** Forgets which groups `ensure` uses, here and in the journal: the next one is looked up or made anew. */
  forgetGroups(): Promise<void> {
    return this.#uploads.groups.forget();
  }

  #seen(asset: Asset): Asset {
    this.#books.saw(asset);
    return asset;
  }
}

/** Calls of this family that cost nothing. All are POSTs; repeating them changes nothing that matters. */
class Calls {
  readonly #rooms: Rooms;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  /** Throws for what the document refuses. */
  async check(path: string, body: unknown): Promise<void> {
    const as = placeOf(this.#rooms, isRecord(body) ? body.model : undefined, path);
    await this.#rooms.prepare(body, { endpoint: path, as });
  }

  async read<Found>(
    path: string,
    body: object,
    read: (body: unknown) => Found | undefined,
    options: FreeCallOptions,
  ): Promise<Found> {
    checkFree(options);
    const { transport } = this.#rooms;
    const answer = await transport.request({
      method: 'POST',
      path,
      body: jsonOf(body),
      phase: 'poll',
      paid: false,
      ...options,
    });
    const found = read(answer.json);
    if (found !== undefined) return found;
    throw new InvalidResponseError(`POST ${path} was answered in a form that nobody knows.`, {
      code: 'invalid_response',
      phase: 'poll',
      status: answer.status,
      body: transport.redact(answer.json),
      hint: 'See `body` for all that the gateway said.',
    });
  }

  item<Item>(
    path: string,
    body: object,
    read: (value: unknown) => Item | undefined,
    options: FreeCallOptions,
  ): Promise<Item> {
    return this.read(path, body, (answer) => itemIn(answer, read), options);
  }

  async id(path: string, body: object, options: FreeCallOptions): Promise<{ id: string }> {
    return { id: await this.read(path, body, idIn, options) };
  }

  /** Each page is fetched when its first item is asked for. */
  async *pages<Item extends { id: string }>(
    path: string,
    body: { model?: string | undefined; page_number?: number; page_size?: number },
    read: (value: unknown) => Item | undefined,
    options: FreeCallOptions,
    mostPages = Number.POSITIVE_INFINITY,
  ): AsyncGenerator<Item, void, undefined> {
    checkFree(options);
    checkBody(body);
    // Without a model nothing says which schema it is; the gateway looks at it in any case.
    if (body.model !== undefined) await this.check(path, body);
    const size = body.page_size ?? PAGE_SIZE;
    const seen = new Set<string>();
    let stale = 0;
    const first = body.page_number ?? 1;
    let before = (first - 1) * size;
    for (let number = first; number - first < mostPages; number++) {
      const asked = { ...body, page_number: number, page_size: size };
      const page: Page<Item> = await this.read(path, asked, (answer) => pageIn(answer, read), options);
      // What comes in while somebody reads moves the rest by a place: nothing is told twice.
      const fresh = page.items.filter(({ id }) => !seen.has(id));
      for (const item of fresh) {
        seen.add(item.id);
        yield item;
      }
      before += page.places;
      if (page.places === 0 || before >= (page.total ?? Number.POSITIVE_INFINITY)) return;
      // A server that knows no pages gives the same one again; so does one that knows them, once, where as many came in as
      // a page holds.
      stale = fresh.length === 0 ? stale + 1 : 0;
      if (stale > (page.total === undefined ? 0 : 1)) return;
    }
  }
}

/** The largest page that the document allows: fewest calls. */
const PAGE_SIZE = 100;

/** Throws `ConfigError` for what is no body; numbers of pages are counted with here. */
function checkBody(body: unknown): void {
  if (!isRecord(body)) throw bad('body', 'must be an object', 'See its type.');
  for (const name of ['page_number', 'page_size']) {
    const value = body[name];
    const isNumber = value === undefined || typeof value === 'number';
    if (!isNumber) throw bad(name, 'must be a number');
  }
}

/** `body` for the wire. Throws `ConfigError` for what cannot be written. */
function jsonOf(body: object): string {
  try {
    return JSON.stringify(body);
  } catch {
    throw bad('body', 'cannot be written as JSON', 'It holds a BigInt, or refers to itself.');
  }
}

/** An id as the gateway has it, also from `asset://<id>`. */
function checkedId(given: string | { id: string }): string {
  const id: unknown = typeof given === 'object' && given !== null ? given.id : given;
  const bare = typeof id === 'string' ? id.replace(/^\s*asset:\/\//i, '').trim() : '';
  if (bare === '') throw bad('id', 'must be the id of an asset or a group');
  return bare;
}

/** What is known of an upload that has just been taken. */
function assetOfTask({ id, state }: Task): Asset {
  const read = itemIn(state.raw, assetOf);
  return read?.id === id && state.status !== 'queued'
    ? read
    : { id, url: `asset://${id}`, status: 'Processing', raw: state.raw };
}
