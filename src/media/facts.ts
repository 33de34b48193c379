// The words of the media room: a result as the gateway describes it, a file as we vouch for it, what a download may be told.

import type { MediaKind } from './sniff.js';

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
  /** True when it was there already, whole, from an earlier download of the same result. */
  skipped?: boolean;
}

/** What is remembered of a file, so that it need not be fetched again. */
export interface KeptFile {
  path: string;
  bytes: number;
  sha256: string;
  contentType: string;
  /** Which of the task's outputs it is, from 0. */
  index?: number;
  /** Milliseconds since 1970 at which the file was last changed: as long as that and the size are the same, so are the bytes. */
  modifiedMs?: number;
}

/** How far a download is. */
export interface DownloadProgress {
  /** That are there, those of earlier attempts included. */
  bytes: number;
  /** Undefined when the server does not say. */
  total: number | undefined;
  /** Over the last seconds; undefined until there is something to go by. */
  bytesPerSecond: number | undefined;
  /** Undefined where the total or the speed is. */
  etaSeconds: number | undefined;
}

/** Options of every way to a result's bytes. */
export interface TransferOptions {
  /** Give up on a connection when no byte comes for this long. Default 30,000. */
  idleTimeoutMs?: number | undefined;
  /**
   * Take a picture of another size than its gateway declared, where that is firm: it is a `DownloadError` with code
   * `placeholder` otherwise. Default false.
   */
  anySize?: boolean | undefined;
  /** A result that is larger is refused, before its bytes where its length is told. Default: no limit. */
  maxBytes?: number | undefined;
  onProgress?: ((progress: DownloadProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Options of `download`. */
export interface DownloadOptions extends TransferOptions {
  /**
   * Replace an existing file. Default: false, an existing file is a `DownloadError` with code `exists`, unless it is known
   * to be this very result: then it is returned with `skipped`. With `'unverified'` such a file stays, any other is replaced.
   */
  overwrite?: boolean | 'unverified' | undefined;
  /**
   * File name in a folder: a text with `{model}`, `{taskId}`, `{index}` (from 0), `{kind}`, `{title}`. Default
   * `{model}-{taskId}-{index}.{ext}`; the extension follows the bytes, whether `.{ext}` is written or not. Several outputs
   * without `{index}` get `-1`, `-2`, …
   */
  name?: string | undefined;
  /** Outputs of this call that are fetched at once. Default 4. */
  concurrency?: number | undefined;
  /**
   * What has come of a transfer that was aborted or broke off stays beside the file as `<name>.part`, and the next
   * download goes on from there. Default true.
   */
  keepPart?: boolean | undefined;
}

/** Where an output came from, for file names and errors, and what its task can do for it. */
export interface OutputOrigin {
  model: string;
  taskId: string | undefined;
  /** Position among the task's outputs, from 0. */
  index: number;
  /** Things worth a warning that do not break a download. */
  warn: (code: string, message: string) => void;
  /**
   * The task's outputs as the gateway tells them now, for one whose URL has expired. Buys nothing. Throws what a status
   * call throws. Undefined where there is no task to ask.
   */
  reread?: ((signal: AbortSignal) => Promise<readonly OutputFacts[]>) | undefined;
  /** Where the gateway itself hands out the bytes of a task with one output, with the key: asked when all else has gone. */
  lastResort?: string | undefined;
  /** Files of this task that were saved before, by whatever process. */
  kept: () => Promise<readonly KeptFile[]>;
  /** Remembers a saved file; one call at a time for one task. Must not throw. */
  keep: (file: KeptFile) => Promise<void>;
}
