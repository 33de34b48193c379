// One result of a task: where it is, what the gateway says of it, and the ways to get its bytes.

import { checkNames } from '../transport/index.js';
import type { Downloads } from './downloads.js';
import type { DownloadOptions, KeptFile, OutputFacts, OutputOrigin, SavedFile, TransferOptions } from './facts.js';
import { checkTransfer, TRANSFER_OPTIONS } from './options.js';
import type { MediaKind } from './sniff.js';

/** `url` with its scheme as everybody writes it, if it is a `data:` URL: letters of a scheme have no case (RFC 3986, 3.1). */
function withPlainScheme(url: string): string {
  return /^data:/i.test(url) ? `data:${url.slice('data:'.length)}` : url;
}

/** One result. Plain data plus three ways to its bytes. */
export class Output implements OutputFacts {
  readonly url: string;
  readonly kind: MediaKind;
  declare readonly contentType?: string;
  declare readonly width?: number;
  declare readonly height?: number;
  declare readonly durationSeconds?: number;
  declare readonly bytes?: number;
  declare readonly title?: string;
  declare readonly expiresAt?: string;
  readonly #origin: OutputOrigin;
  readonly #downloads: Downloads;
  /** Files that this result was saved to, by this very handle on it. */
  readonly #saved: KeptFile[] = [];

  constructor(facts: OutputFacts, origin: OutputOrigin, downloads: Downloads) {
    this.url = withPlainScheme(facts.url);
    this.kind = facts.kind;
    if (facts.contentType !== undefined) this.contentType = facts.contentType;
    if (facts.width !== undefined) this.width = facts.width;
    if (facts.height !== undefined) this.height = facts.height;
    if (facts.durationSeconds !== undefined) this.durationSeconds = facts.durationSeconds;
    if (facts.bytes !== undefined) this.bytes = facts.bytes;
    if (facts.title !== undefined) this.title = facts.title;
    if (facts.expiresAt !== undefined) this.expiresAt = facts.expiresAt;
    this.#downloads = downloads;
    this.#origin = {
      ...origin,
      keep: async (file) => {
        this.#saved.push(file);
        await origin.keep(file);
      },
    };
  }

  /**
   * Saves to `target`: a folder (ends in `/`, or is one) or a file name. What an earlier attempt left is continued, and a
   * file of this result that is there already is returned as it is, with `skipped`. Throws `DownloadError`, and
   * `WaitAbortedError` on `signal`. Needs a file system; elsewhere use `stream()`.
   */
  async download(target: string, options: DownloadOptions = {}): Promise<SavedFile> {
    const [file] = await Output.downloadAll([this], target, options);
    if (file === undefined) throw new TypeError('one output gives one file');
    return file;
  }

  /** The bytes as they come, checked as far as a stream can be. Throws `DownloadError`, at once or while it is read. */
  async stream(options: TransferOptions = {}): Promise<ReadableStream<Uint8Array>> {
    checkNames(options, TRANSFER_OPTIONS);
    checkTransfer(options);
    return this.#downloads.stream({ output: this, origin: this.#origin }, options);
  }

  /** All bytes in memory. Throws `DownloadError`. */
  async arrayBuffer(options: TransferOptions = {}): Promise<ArrayBuffer> {
    checkNames(options, TRANSFER_OPTIONS);
    checkTransfer(options);
    return this.#downloads.bytes({ output: this, origin: this.#origin }, options);
  }

  /** Saves several outputs of one task. */
  static async downloadAll(
    outputs: readonly Output[],
    target: string,
    options: DownloadOptions = {},
  ): Promise<SavedFile[]> {
    const [first] = outputs;
    if (first === undefined) return [];
    const jobs = outputs.map((output) => ({ output, origin: output.#origin, known: output.#saved }));
    return first.#downloads.save(jobs, target, options);
  }
}
