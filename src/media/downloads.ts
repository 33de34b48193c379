// The downloads of one client: what it takes to make them is loaded with the first one.

import type { DownloadOptions, KeptFile, SavedFile, TransferOptions } from './facts.js';
import type { SaveJob, Saver } from './save.js';
import type { Job, MediaAccess } from './transfer.js';

/** Brings results to files, streams and memory. */
export class Downloads {
  readonly #access: MediaAccess;
  #saver: Promise<Saver> | undefined;

  constructor(access: MediaAccess) {
    this.#access = access;
  }

  async save(jobs: readonly SaveJob[], target: string, options: DownloadOptions): Promise<SavedFile[]> {
    this.#saver ??= import('./save.js').then(({ Saver }) => new Saver(this.#access));
    return (await this.#saver).save(jobs, target, options);
  }

  async stream(job: Job, options: TransferOptions): Promise<ReadableStream<Uint8Array>> {
    const { streamOf } = await import('./stream.js');
    return streamOf(job, this.#access, options);
  }

  async bytes(job: Job, options: TransferOptions): Promise<ArrayBuffer> {
    const { bytesOf } = await import('./stream.js');
    return bytesOf(job, this.#access, options);
  }

  /** The files of `count` outputs that were saved to `folder` before; undefined unless all are there and unchanged. */
  async filesThere(files: readonly KeptFile[], folder: string, count: number): Promise<KeptFile[] | undefined> {
    const { filesThere } = await import('./save.js');
    return filesThere(files, folder, count);
  }

  /** Makes `folder`. Throws `DownloadError` where nothing could be saved in it. */
  async prepareFolder(folder: string): Promise<void> {
    const { prepareFolder } = await import('./save.js');
    return prepareFolder(folder);
  }
}
