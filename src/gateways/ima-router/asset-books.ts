// What this client knows of assets without asking: under which model each was uploaded, and how its review stands.

import type { Candidate } from '../../catalog/index.js';
import type { Rooms } from '../../client.js';
import type { JournalRecord } from '../../tasks/index.js';
import type { RequestIssue } from '../../transport/index.js';
import { AssetRecords } from './asset-records.js';
import type { Asset, AssetStatus } from './asset-shapes.js';

/** What is known of one asset. */
interface Known {
  /** Undefined for an asset that was only looked at: the gateway does not say under which model it was uploaded. */
  model?: string | undefined;
  status?: AssetStatus | undefined;
  /** When that was heard; milliseconds since 1970. */
  heardAt?: number | undefined;
  why?: string | undefined;
}

/** What keeps a request from using an asset. */
export type AssetProblem = Pick<RequestIssue, 'message' | 'rule'> & { expected: string };

/**
 * The channel of an upload model: domestic and overseas assets are not for each other's models (POST /v1/assets/create,
 * "Serious reminder"). The domestic channel has three names. A model that is not known is a channel of its own.
 */
const DOMESTIC = new Set(['ima-pro-upload', 'ima-pro-upload-cn', 'seedance-upload-cn']);
export function channelOf(uploadModel: string): string {
  if (DOMESTIC.has(uploadModel)) return 'domestic';
  return uploadModel === 'seedance-upload' ? 'overseas' : uploadModel;
}

/** The rule that time mends. */
export const UNREVIEWED = 'assets.unreviewed';

/**
 * The mark (`error.code`) of the record of an asset that the gateway had and has no more. That is no refused review: of such
 * an asset nothing is known, and the gateway decides.
 */
export const GONE_CODE = 'asset_gone';

const ADDRESS = /^\s*asset:\/\/([^\s/?#]+)/i;

/**
 * For this long (ms) "under review" is believed without asking again: the gateway itself looks for 64 s at most
 * (field-notes A1). After that the review may be over, and nobody has told.
 */
const REVIEW_MS = 64_000;

/** What is known of the assets of one client. */
export class AssetBooks {
  readonly #rooms: Pick<Rooms, 'catalog' | 'journal' | 'transport' | 'warn'>;
  readonly #records: AssetRecords;
  readonly #known = new Map<string, Known>();

  constructor(rooms: Pick<Rooms, 'catalog' | 'journal' | 'transport' | 'warn'>) {
    this.#rooms = rooms;
    this.#records = new AssetRecords(rooms);
  }

  /** An asset was uploaded under `model`. */
  made(id: string, model: string): void {
    this.#note(id, { model });
  }

  /** The gateway does not have it any more. */
  gone(id: string): void {
    this.#known.delete(id);
  }

  /** The gateway has told of an asset. */
  saw({ id, status, error }: Asset): void {
    this.reviewed(id, status, error?.message);
  }

  /** The gateway has told how a review stands. */
  reviewed(id: string, status: AssetStatus, why?: string): void {
    this.#note(id, { status, heardAt: Date.now(), why });
  }

  /** What is wrong with the assets that a request names: of another channel than its model's, refused, under review. */
  async issues({ model, endpoint, body }: Candidate): Promise<RequestIssue[]> {
    const known = this.#rooms.catalog.get(model);
    // What nobody has described may take them. Of videos the rules say which take none; what answers at once has its own words.
    const isOthers = known?.uploadModel === undefined && known?.modality === 'video';
    if (known === undefined || endpoint.schema === null || endpoint.pollPath === null || isOthers) return [];
    const { inWords, leavesOf } = await import('./rules/fields.js');
    const named = [...leavesOf(body)].flatMap((leaf) => {
      const id = typeof leaf.value === 'string' ? ADDRESS.exec(leaf.value)?.[1] : undefined;
      return id === undefined || inWords(leaf) ? [] : [{ id, path: [...leaf.path] }];
    });
    // All at once: the journal is asked once for all of them.
    const issues = await Promise.all(
      named.map(async ({ id, path }): Promise<RequestIssue | undefined> => {
        const problem = known.uploadModel === undefined ? TAKES_NONE : await this.problemWith(id, model);
        return problem && { path, ...problem, received: `"asset://${id}"` };
      }),
    );
    return issues.filter((issue) => issue !== undefined);
  }

  /** What keeps `videoModel` from using the asset `id`, as far as anybody here knows. */
  async problemWith(id: string, videoModel: string): Promise<AssetProblem | undefined> {
    // A gateway may repeat what it was sent, with a key or the signature of a URL.
    return this.#rooms.transport.redact(await this.#problemWith(id, videoModel));
  }

  async #problemWith(id: string, videoModel: string): Promise<AssetProblem | undefined> {
    const wanted = this.#rooms.catalog.get(videoModel)?.uploadModel;
    if (wanted === undefined) return undefined;
    const { model, status, heardAt = 0, why } = await this.#of(id);
    if (status === 'Failed') {
      return {
        rule: 'assets.refused',
        message: `is an asset that the review refused${why === undefined ? '' : ` (${why})`}`,
        expected: 'an asset whose review says Active',
      };
    }
    if (model !== undefined && channelOf(model) !== channelOf(wanted)) {
      return {
        rule: 'assets.channel',
        message: `is an asset of the ${channelOf(model)} channel (uploaded as ${model}), which ${videoModel} cannot use`,
        expected: `an asset uploaded as ${wanted}: ima.assets.ensure(source, { for: '${videoModel}' })`,
      };
    }
    if (status !== 'Processing' || Date.now() - heardAt > REVIEW_MS) return undefined;
    return {
      rule: UNREVIEWED,
      message: 'is an asset whose review is not over',
      expected: `an asset whose review says Active: await ima.assets.ready('${id}')`,
    };
  }

  /** The record of an upload by its asset's id; undefined where the journal has none, or cannot tell. */
  recordOf(id: string): Promise<JournalRecord | undefined> {
    return this.#records.of(id);
  }

  #note(id: string, more: Known): void {
    this.#known.set(id, { ...this.#known.get(id), ...more });
  }

  async #of(id: string): Promise<Known> {
    const here = this.#known.get(id);
    const isOver = here?.status === 'Active' || here?.status === 'Failed';
    if (here?.model !== undefined && isOver) return here;
    const record = await this.recordOf(id);
    if (record === undefined) return here ?? {};
    const noted = { ...here, model: record.model };
    if (isOver) this.#known.set(id, noted);
    return isOver ? noted : { ...noted, ...notedReview(record, here) };
  }
}

const TAKES_NONE: AssetProblem = {
  rule: 'media.asset-protocol',
  message: 'is an asset:// address, which Seedance alone takes',
  expected: 'a public http(s) URL',
};

/** How a review stands by its record: another process may have heard the end. */
function notedReview({ state, error, createdAt }: JournalRecord, here: Known | undefined): Known {
  if (state === 'succeeded') return { status: 'Active' };
  if (error?.code === GONE_CODE) return {};
  if (state === 'failed' || state === 'cancelled') return { status: 'Failed', why: error?.message };
  return { status: 'Processing', heardAt: here?.heardAt ?? Date.parse(createdAt) };
}
