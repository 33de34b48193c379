// What `ensure` may be handed: told before anything is read, looked up or paid for.

import type { MediaInput } from '../../../generated/ima-router/requests.js';
import { checkedTimeout, checkSubmit } from '../../tasks/index.js';
import { bad, checkNames } from '../../transport/index.js';
import type { AssetType } from './asset-shapes.js';

/** How a review is waited for. */
export interface ReadyOptions {
  signal?: AbortSignal | undefined;
  /** Patience for the review; 10 minutes unless given. */
  timeoutMs?: number | undefined;
}

/** What `ensure` is told. */
export interface EnsureOptions {
  /** The video model that will use it: says under which upload model, and so in which channel, it is uploaded. */
  for: string;
  /** What it is. Else told by its type, its bytes or its name; `Image` where nothing says, as at the gateway. */
  type?: AssetType | undefined;
  /** The asset's name, at most 64 characters. */
  name?: string | undefined;
  /** A group of yours, by its id. Else one that this library makes per upload model. */
  groupId?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Patience for the group and the review together, not for the upload; 10 minutes for the review unless given. */
  timeoutMs?: number | undefined;
  traceId?: string | undefined;
}

const ENSURE_OPTIONS = ['for', 'type', 'name', 'groupId', 'signal', 'timeoutMs', 'traceId'];

/** AssetCreateRequest.name, `maxLength`: JSON Schema counts code points, not UTF-16. */
const LONGEST_NAME = 64;

/** Throws `ConfigError` for what cannot be meant. */
export function checkEnsure(source: unknown, options: EnsureOptions): asserts source is MediaInput {
  checkNames(options, ENSURE_OPTIONS);
  const { for: model, name, groupId, signal, traceId, timeoutMs } = options;
  if (!isMedia(source)) {
    throw bad('source', 'must be media', 'Pass a public URL, or local media with `hostFile`: a path, bytes, a Blob.');
  }
  if (typeof model !== 'string')
    throw bad('for', 'must be the id of a model', 'Name the video model that will use it.');
  const isName = name === undefined || (typeof name === 'string' && [...name].length <= LONGEST_NAME);
  if (!isName) throw bad('name', `must be a text of at most ${LONGEST_NAME} characters`);
  if (groupId !== undefined && (typeof groupId !== 'string' || groupId.trim() === '')) {
    throw bad('groupId', 'must be the id of a group', 'Leave it out for a group that this library makes.');
  }
  checkSubmit({ signal, traceId });
  checkedTimeout(timeoutMs);
}

/** Bytes, by their tag: those of another realm are no instances of this one's classes. */
const BYTES: readonly string[] = ['[object Uint8Array]', '[object ArrayBuffer]', '[object SharedArrayBuffer]'];

/** By its shape: what is none would pass as `{}`, or break where it is read. */
function isMedia(source: unknown): boolean {
  if (typeof source === 'string') return source.trim() !== '';
  if (typeof source !== 'object' || source === null) return false;
  if ('href' in source) return typeof source.href === 'string';
  if (BYTES.includes(Object.prototype.toString.call(source))) return true;
  const isBlob = 'size' in source && 'type' in source && 'arrayBuffer' in source;
  return isBlob && typeof source.arrayBuffer === 'function';
}

/** The id in an `asset://…`. */
export function addressIn(source: unknown): string | undefined {
  return typeof source === 'string' ? /^\s*asset:\/\/([^\s/?#]+)\s*$/i.exec(source)?.[1] : undefined;
}
