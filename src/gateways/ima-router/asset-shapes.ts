// How assets and their groups read: keys in either case, words of a review, and where a refusal hides in a 200.

import {
  idOf,
  type StateReading,
  type SubmitReading,
  statusOf,
  type TaskError,
  type TaskStatus,
} from '../../tasks/index.js';
import { type Answer, isRecord, numberOf, textOf, urlOf, valueAt } from '../../transport/index.js';
import { believed } from './asset-words.js';
import { refusalIn, requestIdOf } from './refusal.js';
import { verdictOn } from './verdict.js';

/** The one call of this family that costs. */
export const ASSET_CREATE = '/v1/assets/create';

/** Where a review is followed. The document has a POST with the id in its body; the name stands for it in journals. */
export const ASSET_POLL = '/v1/assets/get/{task_id}';

/** What an asset is. */
export type AssetType = 'Image' | 'Video' | 'Audio';

/** How a review stands: `Processing`, `Active` (it may be used), `Failed`. */
export type AssetStatus = 'Processing' | 'Active' | 'Failed';

/** Media that the gateway keeps and has looked at. */
export interface Asset {
  id: string;
  /** What requests for videos take: `asset://<id>`. */
  url: string;
  status: AssetStatus;
  name?: string;
  type?: AssetType;
  groupId?: string;
  projectName?: string;
  /** Where the gateway keeps the file, or where it came from. */
  sourceUrl?: string;
  /** Why the review failed. */
  error?: TaskError;
  createdAt?: string;
  updatedAt?: string;
  /** As it came. */
  raw: unknown;
}

/** A group of assets; it belongs to the upload model that it was made with. */
export interface AssetGroup {
  id: string;
  name?: string;
  title?: string;
  description?: string;
  type?: string;
  projectName?: string;
  createdAt?: string;
  updatedAt?: string;
  raw: unknown;
}

/** One page of a list. */
export interface Page<Item> {
  items: Item[];
  /** How many places of the list it fills, those that cannot be read included. */
  places: number;
  /** How many there are on all pages; undefined where the gateway does not tell. */
  total: number | undefined;
}

/**
 * The fields of `value` under names in lower case without underscores: `GroupId` and `group_id` are the same. Where both
 * stand, the one that says something counts.
 */
function fieldsOf(value: unknown): Record<string, unknown> {
  if (!isRecord(value)) return {};
  const entries = Object.entries(value).map(
    ([name, field]) => [name.toLowerCase().replaceAll('_', ''), field] as const,
  );
  const says = (field: unknown) => field !== undefined && field !== null && field !== '';
  // What comes later goes over what came before.
  return Object.fromEntries([
    ...entries.filter(([, field]) => !says(field)),
    ...entries.filter(([, field]) => says(field)),
  ]);
}

/** The `data` of an answer; the body itself where it has none. */
function dataOf(body: unknown): unknown {
  const { data } = fieldsOf(body);
  return data ?? body;
}

function optionalTexts<Names extends string>(fields: Record<string, unknown>, names: Record<Names, string>) {
  const found: { [Name in Names]?: string } = {};
  for (const name in names) {
    const text = textOf(fields[names[name]]);
    if (text !== undefined) found[name] = text;
  }
  return found;
}

/** The id that a change of an asset or a group is answered with. */
export function idIn(body: unknown): string | undefined {
  return assetIdIn(body) ?? textOf(fieldsOf(dataOf(body)).groupid);
}

/** The id of an asset; its group's is none. */
function assetIdIn(body: unknown): string | undefined {
  const fields = fieldsOf(dataOf(body));
  return idOf(fields.id) ?? idOf(fields.assetid);
}

/** Review words, in lower case (field-notes A1, "Assets"; the last of each are what a client in the wild also takes). */
const WORDS: Readonly<Record<string, AssetStatus>> = {
  active: 'Active',
  approved: 'Active',
  ready: 'Active',
  processing: 'Processing',
  pending: 'Processing',
  reviewing: 'Processing',
  failed: 'Failed',
  rejected: 'Failed',
  denied: 'Failed',
};
const STATUS_OF: Record<TaskStatus, AssetStatus> = {
  queued: 'Processing',
  running: 'Processing',
  succeeded: 'Active',
  failed: 'Failed',
  cancelled: 'Failed',
};

/** What a word of a review stands for; undefined for one that nobody has told us about. */
function reviewOf(word: string | undefined): AssetStatus | undefined {
  const key = (word ?? '').trim().toLowerCase();
  const known = Object.hasOwn(WORDS, key) ? WORDS[key] : undefined;
  const general = statusOf(key);
  return known ?? (general === undefined ? undefined : STATUS_OF[general]);
}

const TYPES: Readonly<Record<string, AssetType>> = { image: 'Image', video: 'Video', audio: 'Audio' };

/** One asset; undefined where `value` has no id. */
export function assetOf(value: unknown): Asset | undefined {
  const fields = fieldsOf(value);
  const id = textOf(fields.id) ?? textOf(fields.assetid);
  if (id === undefined) return undefined;
  // A word that nobody knows is no verdict.
  const status = reviewOf(textOf(fields.status)) ?? 'Processing';
  const type = TYPES[(textOf(fields.assettype) ?? '').toLowerCase()];
  const error = status === 'Failed' ? errorOf(fields) : undefined;
  return {
    id,
    url: `asset://${id}`,
    status,
    ...(type === undefined ? {} : { type }),
    ...optionalTexts(fields, {
      name: 'name',
      groupId: 'groupid',
      projectName: 'projectname',
      sourceUrl: 'url',
      createdAt: 'createtime',
      updatedAt: 'updatetime',
    }),
    ...(error === undefined ? {} : { error }),
    raw: value,
  };
}

/** One group; undefined where `value` has no id. */
export function groupOf(value: unknown): AssetGroup | undefined {
  const fields = fieldsOf(value);
  const id = textOf(fields.id) ?? textOf(fields.groupid);
  if (id === undefined) return undefined;
  return {
    id,
    ...optionalTexts(fields, {
      name: 'name',
      title: 'title',
      description: 'description',
      type: 'grouptype',
      projectName: 'projectname',
      createdAt: 'createtime',
      updatedAt: 'updatetime',
    }),
    raw: value,
  };
}

/** The general hints speak of requests for videos: "upload it as an asset" helps nobody here. */
const REFUSED_HINT =
  'Use other media. The upload was charged and is not paid back; to upload this again is to pay again.';

/** Why a review failed: `Error { Code, Message }`. */
function errorOf(fields: Record<string, unknown>): TaskError {
  const error = fieldsOf(fields.error);
  const code = textOf(error.code);
  const message = textOf(error.message) ?? textOf(fields.error) ?? textOf(fields.failreason) ?? code;
  const { kind } = verdictOn(`${code ?? ''} ${message ?? ''}`);
  return {
    ...(code === undefined ? {} : { code }),
    message: message ?? 'the gateway gives no reason',
    kind,
    hint: REFUSED_HINT,
  };
}

/** The single item of an answer. */
export function itemIn<Item>(body: unknown, read: (value: unknown) => Item | undefined): Item | undefined {
  return read(dataOf(body));
}

/** A page of a list; undefined where the answer holds none. */
export function pageIn<Item>(body: unknown, read: (value: unknown) => Item | undefined): Page<Item> | undefined {
  const data = dataOf(body);
  const fields = fieldsOf(data);
  const list = Array.isArray(data) ? data : fields.items;
  // An empty list comes as null from servers of this kind.
  if (!Array.isArray(list) && !(isRecord(data) && 'items' in fields)) return undefined;
  const places = Array.isArray(list) ? list : [];
  const total = numberOf(fields.totalcount);
  return {
    items: places.flatMap((value) => read(value) ?? []),
    places: places.length,
    // Fewer in all than on this page is no count.
    total: total !== undefined && total < places.length ? undefined : total,
  };
}

/** How many assets an account may keep, and does. */
export interface AssetQuota {
  enabled: boolean;
  /** Undefined: no limit is told. */
  maxCount?: number;
  count: number;
  raw: unknown;
}

/** The quota in an answer; undefined where it tells none. */
export function quotaIn(body: unknown): AssetQuota | undefined {
  const data = dataOf(body);
  const fields = fieldsOf(data);
  const count = numberOf(fields.currentcount);
  const maxCount = numberOf(fields.maxcountperuser);
  if (count === undefined && maxCount === undefined && typeof fields.enabled !== 'boolean') return undefined;
  return {
    enabled: fields.enabled !== false,
    ...(maxCount === undefined ? {} : { maxCount }),
    count: count ?? 0,
    raw: data,
  };
}

/**
 * What the 2xx answer to an upload means for money. All refusals come as 200 `{"success": false}`. One that names an asset
 * all the same is none, nor one that leaves open what became of the upload: an asset may be there, and charged.
 */
export function readUpload(answer: Answer): SubmitReading {
  const body = answer.json;
  if (!isRecord(body)) return null;
  const id = assetIdIn(body);
  if (body.success !== false) return id === undefined ? null : { id, state: readReview(answer) };
  const refusal = refusalIn(answer, body, 'invalid');
  const sure = refusal === null || id !== undefined ? null : believed(refusal);
  return sure === null ? null : { refusal: sure };
}

/** How a review stands; null where the answer holds no asset. */
export function readReview(answer: Answer): StateReading | null {
  const asset = itemIn(answer.json, assetOf);
  if (asset === undefined || valueAt(answer.json, ['success']) === false) return null;
  const { status, type, sourceUrl, error, createdAt } = asset;
  const kind = type === 'Video' ? 'video' : type === 'Audio' ? 'audio' : 'image';
  const url = urlOf(sourceUrl) ?? asset.url;
  const word = textOf(fieldsOf(dataOf(answer.json)).status);
  const isKnown = word === undefined || reviewOf(word) !== undefined;
  return {
    word: word ?? status,
    status: !isKnown ? undefined : status === 'Active' ? 'succeeded' : status === 'Failed' ? 'failed' : 'running',
    outputs: status === 'Active' ? [{ url, kind }] : [],
    error,
    createdAt:
      createdAt !== undefined && Number.isFinite(Date.parse(createdAt)) ? new Date(createdAt).toISOString() : undefined,
    requestId: requestIdOf(answer),
  };
}
