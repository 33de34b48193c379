// One result of a task: where it is, what the gateway says of it, and the ways to get its bytes.

import type { DownloadOptions, OutputFacts, OutputOrigin, SavedFile } from './facts.js';
import type { MediaKind } from './sniff.js';
import { openMedia } from './source.js';

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

  constructor(facts: OutputFacts, origin: OutputOrigin) {
    this.url = facts.url;
    this.kind = facts.kind;
    if (facts.contentType !== undefined) this.contentType = facts.contentType;
    if (facts.width !== undefined) this.width = facts.width;
    if (facts.height !== undefined) this.height = facts.height;
    if (facts.durationSeconds !== undefined) this.durationSeconds = facts.durationSeconds;
    if (facts.bytes !== undefined) this.bytes = facts.bytes;
    if (facts.title !== undefined) this.title = facts.title;
    if (facts.expiresAt !== undefined) this.expiresAt = facts.expiresAt;
    this.#origin = origin;
  }

  /**
   * Saves to `target`: a folder (ends in `/`, or is one) or a file name. Throws `DownloadError`.
   * Needs a file system; elsewhere use `stream()`.
   */
  async download(target: string, options: DownloadOptions = {}): Promise<SavedFile> {
    const { saveOutputs } = await import('./save.js');
    const [file] = await saveOutputs([{ output: this, origin: this.#origin }], target, options);
    if (file === undefined) throw new TypeError('one output gives one file');
    return file;
  }

  /** The bytes as they come. Throws `DownloadError` when the result is gone. */
  async stream(options: { signal?: AbortSignal | undefined } = {}): Promise<ReadableStream<Uint8Array>> {
    const signal = options.signal ?? new AbortController().signal;
    return (await openMedia(this.url, this.#origin.access, { signal, taskId: this.#origin.taskId })).body;
  }

  /** All bytes in memory. Throws `DownloadError` when the result is gone. */
  async arrayBuffer(options: { signal?: AbortSignal | undefined } = {}): Promise<ArrayBuffer> {
    return new Response(await this.stream(options)).arrayBuffer();
  }

  /** Saves several outputs of one task, one after the other. */
  static async downloadAll(
    outputs: readonly Output[],
    target: string,
    options: DownloadOptions = {},
  ): Promise<SavedFile[]> {
    const { saveOutputs } = await import('./save.js');
    return saveOutputs(
      outputs.map((output) => ({ output, origin: output.#origin })),
      target,
      options,
    );
  }

  /** Whether files that were saved before are still there, in `folder`. */
  static async areThere(files: readonly SavedFile[], folder: string): Promise<boolean> {
    const { areThere } = await import('./save.js');
    return areThere(files, folder);
  }
}
