// A result on disk: streamed to a `.part`, checked, synced, and only then given its name. Needs Node's file system.

import { createHash, randomBytes } from 'node:crypto';
import { access, type FileHandle, link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, extname, join, resolve, sep } from 'node:path';
import {
  DownloadError,
  derived,
  type ErrorFacts,
  guarded,
  ImaRouterError,
  messageOf,
  redactText,
  WaitAbortedError,
} from '../transport/index.js';
import type { DownloadOptions, OutputFacts, OutputOrigin, SavedFile } from './facts.js';
import { safeName } from './names.js';
import { SNIFF_BYTES, type Sniffed, sniff } from './sniff.js';
import { type OpenMedia, openMedia, shown } from './source.js';

/** A stalled socket is told from a slow one by this much silence. */
const IDLE_TIMEOUT_MS = 30_000;

/** A target that ends so keeps its name; any other gets the extension that its bytes ask for. */
const MEDIA_EXTENSION =
  /^\.(png|jpe?g|webp|gif|avif|bmp|tiff?|mp4|m4v|mov|webm|mkv|avi|mp3|wav|flac|ogg|oga|opus|m4a|aac)$/i;

/** What a file system says when it will not have a file there. */
const UNWRITABLE = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'EISDIR', 'ENAMETOOLONG']);

interface Job {
  output: OutputFacts;
  origin: OutputOrigin;
}

/** Saves `jobs` in order; each file is complete and checked, or does not exist. Throws `DownloadError`. */
export async function saveOutputs(
  jobs: readonly Job[],
  target: string,
  options: DownloadOptions,
): Promise<SavedFile[]> {
  checkTarget(target, jobs[0]?.origin.taskId);
  const folder = target.endsWith('/') || target.endsWith(sep) || (await isFolder(target));
  if (!folder && jobs.length > 1) {
    throw new DownloadError(`${target} is one file name and the task has ${jobs.length} outputs.`, {
      code: 'one_name_many_outputs',
      phase: 'download',
      taskId: jobs[0]?.origin.taskId,
      mayBeBilled: true,
      hint: 'Give a folder: a path that ends in "/".',
    });
  }
  const files: SavedFile[] = [];
  for (const job of jobs) files.push(await save(job, target, folder, jobs.length, options));
  return files;
}

/** Whether files that were saved before are still there, in `folder`, by their sizes. */
export async function areThere(files: readonly SavedFile[], folder: string): Promise<boolean> {
  const sizes = files.map(({ path }) =>
    stat(path).then(
      ({ size }) => size,
      () => undefined,
    ),
  );
  const found = await Promise.all(sizes);
  return (
    files.length > 0 &&
    files.every(({ path, bytes }, index) => found[index] === bytes && dirname(resolve(path)) === resolve(folder))
  );
}

async function save(
  job: Job,
  target: string,
  folder: boolean,
  count: number,
  options: DownloadOptions,
): Promise<SavedFile> {
  const { output, origin } = job;
  const facts = { phase: 'download', taskId: origin.taskId, mayBeBilled: true } as const;
  const directory = resolve(folder ? target : dirname(target));
  const watchdog = new Watchdog(options.idleTimeoutMs ?? IDLE_TIMEOUT_MS, options.signal);
  const part = join(directory, `.${randomBytes(6).toString('hex')}.part`);
  let handle: FileHandle | undefined;
  try {
    await mkdir(directory, { recursive: true });
    const media = await openMedia(output.url, origin.access, { signal: watchdog.signal, taskId: origin.taskId });
    handle = await open(part, 'wx');
    const recognised = (sniffed: Sniffed) => checkFree(finalPath(sniffed), options, facts);
    const written = await stream(media, handle, job, { watchdog, recognised, options });
    await handle.sync();
    await handle.close();
    handle = undefined;
    if (output.bytes !== undefined && output.bytes !== written.bytes) {
      origin.warn(
        'size_mismatch',
        `The gateway declared ${output.bytes} bytes for output ${origin.index} of ${origin.taskId ?? 'a task'}; ${written.bytes} came.`,
      );
    }
    const path = finalPath(written.sniffed);
    await publish(part, path, options.overwrite === true, facts);
    return { path, bytes: written.bytes, sha256: written.sha256, contentType: written.sniffed.contentType };
  } catch (error) {
    throw explain(error, { url: shown(output.url), directory, watchdog }, facts);
  } finally {
    watchdog.stop();
    await handle?.close().catch(() => {});
    await rm(part, { force: true }).catch(() => {});
  }

  function finalPath(sniffed: Sniffed): string {
    // `kling-v2.5` has no extension: only what is known as one counts.
    if (!folder)
      return MEDIA_EXTENSION.test(extname(target)) ? resolve(target) : `${resolve(target)}.${sniffed.extension}`;
    const own = options.name === undefined ? undefined : `${options.name}${count > 1 ? `-${origin.index + 1}` : ''}`;
    const base = own ?? `${origin.model}-${origin.taskId ?? 'output'}-${origin.index}`;
    return join(directory, `${safeName(base)}.${sniffed.extension}`);
  }
}

/** Body to file, hashing on the way. The type is checked as soon as its signature is in, before most bytes are. */
async function stream(
  media: OpenMedia,
  handle: FileHandle,
  job: Job,
  at: { watchdog: Watchdog; recognised: (sniffed: Sniffed) => Promise<void>; options: DownloadOptions },
): Promise<{ bytes: number; sha256: string; sniffed: Sniffed }> {
  const hash = createHash('sha256');
  let head = new Uint8Array(0);
  let sniffed: Sniffed | undefined;
  let bytes = 0;
  for await (const chunk of media.body) {
    at.watchdog.fed();
    hash.update(chunk);
    await handle.writeFile(chunk);
    bytes += chunk.length;
    if (sniffed === undefined) {
      head = Buffer.concat([head, chunk.subarray(0, SNIFF_BYTES - head.length)]);
      if (head.length >= SNIFF_BYTES) {
        sniffed = mediaOrThrow(head, job);
        await at.recognised(sniffed);
      }
    }
    report(at.options, { bytes, total: media.total }, job.origin);
  }
  if (media.total !== undefined && bytes !== media.total) {
    throw new DownloadError(`The result ${shown(job.output.url)} broke off: ${bytes} of ${media.total} bytes came.`, {
      code: 'truncated',
      phase: 'download',
      taskId: job.origin.taskId,
      mayBeBilled: true,
      retryable: true,
      hint: 'Download again.',
    });
  }
  if (sniffed === undefined) {
    sniffed = mediaOrThrow(head, job);
    await at.recognised(sniffed);
  }
  return { bytes, sha256: hash.digest('hex'), sniffed };
}

function checkTarget(target: unknown, taskId: string | undefined): void {
  if (typeof target === 'string' && target !== '' && !target.includes('\0')) return;
  throw new DownloadError(`${JSON.stringify(target) ?? 'undefined'} is no place for a file.`, {
    code: 'bad_target',
    phase: 'download',
    taskId,
    mayBeBilled: true,
    hint: 'Give a folder (ends in "/") or a file name.',
  });
}

function report(
  options: DownloadOptions,
  progress: { bytes: number; total: number | undefined },
  origin: OutputOrigin,
) {
  guarded(options.onProgress, (error) => origin.warn('callback_threw', `onProgress threw: ${messageOf(error)}`))(
    progress,
  );
}

/** An HTML page or a JSON error with status 200 is not a result: it is refused with its first characters shown. */
function mediaOrThrow(head: Uint8Array, job: Job): Sniffed {
  const sniffed = sniff(head);
  if (sniffed !== null && sniffed.kind === job.output.kind) return sniffed;
  const text = new TextDecoder().decode(head.subarray(0, 120)).replace(/\s+/g, ' ').trim();
  const what =
    head.length === 0
      ? 'empty'
      : sniffed !== null
        ? `${sniffed.contentType}, not ${job.output.kind}`
        : `not ${job.output.kind}: it begins with ${JSON.stringify(redactText(text))}`;
  throw new DownloadError(`The result ${shown(job.output.url)} is ${what}.`, {
    code: head.length === 0 ? 'empty' : 'wrong_media',
    phase: 'download',
    taskId: job.origin.taskId,
    mayBeBilled: true,
    retryable: true,
    hint: 'Read the task again for a fresh URL, then download again; the generation itself is done and paid.',
  });
}

/** Gives the checked file its name; without `overwrite` an existing one is never replaced, not even in a race. */
async function publish(part: string, path: string, overwrite: boolean, facts: Omit<ErrorFacts, 'code'>): Promise<void> {
  if (overwrite) {
    await rename(part, path);
  } else {
    try {
      await link(part, path);
    } catch (error) {
      if (codeOf(error) === 'EEXIST') throw exists(path, facts);
      // Some file systems have no hard links: there, look and rename.
      await checkFree(path, {}, facts);
      await rename(part, path);
    }
  }
  const directory = await open(dirname(path), 'r').catch(() => undefined);
  await directory?.sync().catch(() => {});
  await directory?.close();
}

async function checkFree(path: string, options: DownloadOptions, facts: Omit<ErrorFacts, 'code'>): Promise<void> {
  if (options.overwrite === true) return;
  const taken = await access(path).then(
    () => true,
    () => false,
  );
  if (taken) throw exists(path, facts);
}

function exists(path: string, facts: Omit<ErrorFacts, 'code'>): DownloadError {
  return new DownloadError(`${path} exists already and is left as it is.`, {
    code: 'exists',
    hint: 'Pass `overwrite: true`, or another folder or name.',
    ...facts,
  });
}

function explain(
  error: unknown,
  at: { url: string; directory: string; watchdog: Watchdog },
  facts: Omit<ErrorFacts, 'code'>,
): Error {
  if (ImaRouterError.is(error)) return error;
  const { url, directory, watchdog } = at;
  if (watchdog.aborted) {
    return new WaitAbortedError(`The download of ${url} was aborted by the caller.`, {
      code: 'aborted',
      hint: 'The result is still there: download again.',
      ...facts,
      cause: error,
    });
  }
  const again = {
    retryable: true,
    hint: 'Download again; the generation itself is done and paid.',
    ...facts,
    cause: error,
  };
  if (watchdog.idle) {
    return new DownloadError(`The result ${url} stalled: no byte for ${watchdog.idleTimeoutMs} ms.`, {
      code: 'stalled',
      ...again,
    });
  }
  const code = codeOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new DownloadError(`No space left in ${directory} for ${url}.`, {
      code: 'disk_full',
      ...again,
      hint: 'Free some space, then download again.',
    });
  }
  if (code !== undefined && UNWRITABLE.has(code)) {
    return new DownloadError(`No file can be written in ${directory} (${code}).`, {
      code: 'not_writable',
      ...again,
      retryable: false,
      hint: 'Choose a folder that this process may write to.',
    });
  }
  const reason =
    error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error);
  return new DownloadError(`The result ${url} could not be fetched (${reason}).`, {
    code: 'transfer_failed',
    ...again,
  });
}

/** One signal for the three ways a transfer is given up: silence, the caller, the end. */
class Watchdog {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  #timer: NodeJS.Timeout | undefined;
  #idle = false;

  constructor(
    readonly idleTimeoutMs: number,
    caller: AbortSignal | undefined,
  ) {
    this.#caller = derived(caller);
    if (this.#caller?.aborted) this.#onCaller();
    this.#caller?.addEventListener('abort', this.#onCaller, { once: true });
    this.fed();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get idle(): boolean {
    return this.#idle;
  }

  get aborted(): boolean {
    return this.#caller?.aborted === true && !this.#idle;
  }

  fed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#idle = true;
      this.#controller.abort(new Error('idle'));
    }, this.idleTimeoutMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#caller?.removeEventListener('abort', this.#onCaller);
  }

  readonly #onCaller = (): void => this.#controller.abort(this.#caller?.reason);
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

function codeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}
