// The words of the media room: a result as the gateway describes it, a file as we vouch for it.

import type { MediaKind } from './sniff.js';
import type { MediaAccess } from './source.js';

/** What a gateway says of one result. Sizes in pixels and bytes, durations in seconds. */
export interface OutputFacts {
  /** Absolute http(s) URL, or a `data:` URL where the gateway sent the bytes inline; of a reader also a path of its own. */
  url: string;
  kind: MediaKind;
  contentType?: string;
  width?: number;
  height?: number;
  durationSeconds?: number;
  bytes?: number;
  title?: string;
  /** ISO 8601; after this the URL answers no more. */
  expiresAt?: string;
}

/** A file on disk that was checked before it got its name. */
export interface SavedFile {
  path: string;
  bytes: number;
  /** Hex. */
  sha256: string;
  /** From the bytes themselves. */
  contentType: string;
}

/** How far a download is. `total` is undefined when the server does not say. */
export interface DownloadProgress {
  bytes: number;
  total: number | undefined;
}

/** Options of `download`. */
export interface DownloadOptions {
  /** Replace an existing file. Default: false, an existing file is a `DownloadError` with code `exists`. */
  overwrite?: boolean | undefined;
  /** File name without extension; several outputs get `-1`, `-2`, … */
  name?: string | undefined;
  /** Give up when no byte comes for this long. Default 30,000. */
  idleTimeoutMs?: number | undefined;
  onProgress?: ((progress: DownloadProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Where an output came from, for file names and errors. */
export interface OutputOrigin {
  model: string;
  taskId: string | undefined;
  /** Position among the task's outputs, from 0. */
  index: number;
  access: MediaAccess;
  /** Things worth a warning that do not break a download. */
  warn: (code: string, message: string) => void;
}
