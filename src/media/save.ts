// Results on disk: what is there already, which name each gets, and that it gets it only whole. Needs Node's file system.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve, sep } from 'node:path';
import {
  codeOf,
  Gate,
  isSameFile,
  isThere,
  KeyedQueue,
  makeDirectories,
  type Owner,
  thisProcess,
} from '../disk/index.js';
import { bad, checkNames, DownloadError, derived, ImaRouterError, WaitAbortedError } from '../transport/index.js';
import { diskCodeOf, diskTrouble } from './disk-trouble.js';
import { endingOf } from './ending.js';
import type { DownloadOptions, KeptFile, OutputFacts, SavedFile } from './facts.js';
import { aborted, failure, reasonOf, shown } from './failure.js';
import { sizeOf } from './measure.js';
import { checkTemplate, MEDIA_EXTENSION, nameFrom, shortened } from './names.js';
import { PART } from './note.js';
import { checkTransfer, TRANSFER_OPTIONS } from './options.js';
import { Part } from './part.js';
import { assertNoPlaceholder, isOtherSize, sizesSaid } from './picture.js';
import type { Sniffed } from './sniff.js';
import { type Job, type MediaAccess, transfer } from './transfer.js';
import { assertWhole, shownOrigin } from './whole.js';

/** Outputs of one call that are fetched at once, unless asked otherwise; a task seldom has more. */
const CONCURRENCY = 4;
const MOST_CONCURRENCY = 64;

/** Transfers of one client at once: each has a connection, a file and two megabytes. */
const MOST_TRANSFERS = 16;

/** A name given by the caller may be as long as the system allows, that of its part a little longer. */
const MOST_NAME_BYTES = 200;

const DOWNLOAD_OPTIONS = [...TRANSFER_OPTIONS, 'overwrite', 'name', 'concurrency', 'keepPart'];

/** One output with what is known of earlier downloads. */
export interface SaveJob extends Job {
  /** Files that this very output was saved to, also by calls that are under way. */
  known: readonly KeptFile[];
}

/** Where one output goes. */
interface Place {
  directory: string;
  /** Of the file, as far as it is known before its bytes are: without an extension where those decide it. */
  base: string;
  pathOf: (extension: string) => string;
}

/** Saves results of one client. */
export class Saver {
  readonly #access: MediaAccess;
  readonly #gate = new Gate(MOST_TRANSFERS);
  /** Two downloads to one name go one after the other. */
  readonly #queue = new KeyedQueue();
  /** Notes about one task's files, too. */
  readonly #notes = new KeyedQueue();
  #self: Promise<Owner> | undefined;

  constructor(access: MediaAccess) {
    this.#access = access;
  }

  /**
   * Saves `jobs`, some at a time; each file is complete and checked, or does not exist. What fails does not stop the
   * others. Throws `DownloadError`, `WaitAbortedError`, and `ConfigError` for options that cannot be meant.
   */
  async save(jobs: readonly SaveJob[], target: string, options: DownloadOptions): Promise<SavedFile[]> {
    checkDownload(options);
    const [first] = jobs;
    checkTarget(target, first?.origin.taskId);
    const isFolder = target.endsWith('/') || target.endsWith(sep) || (await isDirectory(target));
    if (!isFolder && jobs.length > 1) {
      throw failure(
        { taskId: first?.origin.taskId },
        `${target} is one file name and the task has ${jobs.length} outputs.`,
        {
          code: 'one_name_many_outputs',
          hint: 'Give a folder: a path that ends in "/".',
        },
      );
    }
    const shared = withOneReread(jobs);
    const gate = new Gate(options.concurrency ?? CONCURRENCY);
    const work = shared.map((job) =>
      gate.run(() =>
        this.#one(job, placeOf(job, target, { isFolder, count: jobs.length, name: options.name }), options),
      ),
    );
    const ended = await Promise.allSettled(work);
    const failed = ended.filter((one) => one.status === 'rejected');
    if (failed[0] === undefined) return ended.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    throw withOthers(failed[0].reason, ended.length - failed.length, ended.length);
  }

  async #one(job: SaveJob, place: Place, given: DownloadOptions): Promise<SavedFile> {
    const subject = { taskId: job.origin.taskId, url: job.output.url };
    // Listeners of one download do not count towards those of a signal that many share.
    const signal = derived(given.signal);
    const options = { ...given, signal };
    let isBegun = false;
    if (signal?.aborted) throw aborted(subject, signal.reason);
    const work = this.#queue.run(keyOf(place), async () => {
      const kept = options.overwrite === true ? undefined : await this.#found(job, place);
      if (kept !== undefined) return kept;
      return this.#gate.run(() => {
        isBegun = true;
        return this.#fetched(job, place, options);
      });
    });
    try {
      return await unlessAborted(work, signal, () => !isBegun);
    } catch (error) {
      if (signal?.aborted && !ImaRouterError.is(error)) throw aborted(subject, signal.reason);
      if (ImaRouterError.is(error)) throw error;
      throw (
        diskTrouble(subject, place.directory, error) ??
        failure(subject, `The result ${shown(subject.url)} could not be saved (${reasonOf(error)}).`, {
          code: 'transfer_failed',
          retryable: true,
          cause: error,
        })
      );
    }
  }

  /** The file from an earlier download, if it is still what it was. */
  async #found({ origin, known }: SaveJob, { pathOf }: Place): Promise<SavedFile | undefined> {
    const noted = [...known, ...(await origin.kept())].filter(
      ({ path, index }) => (index === undefined || index === origin.index) && path === pathOf(extname(path).slice(1)),
    );
    // Several where it was replaced: any may be what is there now.
    for (const kept of noted) {
      const { path, bytes, sha256, contentType } = kept;
      if (await isUnchanged(kept)) return { path, bytes, sha256, contentType, skipped: true };
    }
    return undefined;
  }

  async #fetched(job: SaveJob, place: Place, options: DownloadOptions): Promise<SavedFile> {
    const { output, origin } = job;
    const { keepPart = true } = options;
    const overwrite = options.overwrite !== undefined && options.overwrite !== false;
    const subject = { taskId: origin.taskId, url: output.url };
    const checkFree = async (path: string): Promise<void> => {
      // Where a name cannot be had at all (too long for the system), that is told before the bytes are fetched.
      if (!(await isThere(path)) || overwrite) return;
      // A process that died right after it gave the file its name left it with both.
      if (!(await isSameFile(path, join(place.directory, partNameOf(place.base)) + PART)))
        throw exists(path, subject.taskId);
    };
    if (options.signal?.aborted) throw aborted(subject, options.signal.reason);
    await makeDirectories(place.directory, 0o777);
    if (extname(place.base) !== '' && place.pathOf('') === join(place.directory, place.base)) {
      await checkFree(place.pathOf(''));
    }
    this.#self ??= thisProcess();
    const part = await Part.take({
      path: join(place.directory, partNameOf(place.base)),
      of: JSON.stringify([origin.taskId ?? shown(output.url), origin.index]),
      kind: output.kind,
      self: await this.#self,
      subject,
      recognised: ({ extension }: Sniffed) => checkFree(place.pathOf(extension)),
    });
    let isOfUse = keepPart;
    try {
      const { isSurelyWhole } = await transfer(job, part, this.#access, options);
      const { sniffed } = part;
      const { bytes, sha256, modifiedMs } = await part.finished();
      try {
        if (!isSurelyWhole) assertWhole(job, await endingOf(part.path, sniffed.contentType), sniffed);
        await this.#compare(job, part.path, bytes, options);
      } catch (error) {
        // To go on with it would be to have the same bytes again.
        isOfUse = false;
        throw error;
      }
      const path = place.pathOf(sniffed.extension);
      if (!(await part.publish(path, overwrite))) throw exists(path, subject.taskId);
      const file = { path, bytes, sha256, contentType: sniffed.contentType };
      const kept = { ...file, index: origin.index, modifiedMs };
      // Each note is made of the one before.
      await this.#notes.run(origin.taskId ?? '', () => origin.keep(kept));
      return file;
    } catch (error) {
      const isTaken = ImaRouterError.is(error) && error.code === 'exists';
      // The trouble is told, not what came of the part: that is found out by the next download.
      await (isOfUse && !isTaken ? part.keep() : part.discard()).catch(() => {});
      throw error;
    }
  }

  /** What the gateway says of a file, compared with what came: a difference is worth a warning, or more where it is strict. */
  async #compare(job: Job, path: string, bytes: number, { anySize = false }: DownloadOptions): Promise<void> {
    const { output, origin } = job;
    const which = shownOrigin(origin);
    if (output.bytes !== undefined && output.bytes !== bytes) {
      origin.warn('size_mismatch', `The gateway declared ${output.bytes} bytes for ${which}; ${bytes} came.`);
    }
    if (output.width === undefined && output.height === undefined) return;
    const size = await sizeOf(path, output.kind);
    if (this.#access.declaredSizes === 'firm' && !anySize) assertNoPlaceholder(job, size);
    if (!isOtherSize(output, size)) return;
    const { declared, found } = sizesSaid(output, size);
    origin.warn('dimension_mismatch', `The gateway declared ${declared} for ${which}; it is ${found}.`);
  }
}

/** Makes `folder`, and throws `DownloadError` where nothing could be saved in it. */
export async function prepareFolder(folder: string): Promise<void> {
  checkTarget(folder, undefined);
  try {
    await makeDirectories(resolve(folder), 0o777);
    await access(resolve(folder), constants.W_OK);
  } catch (error) {
    const code = diskCodeOf(error);
    if (code === undefined) throw error;
    throw new DownloadError(`${resolve(folder)} is no folder that results can be saved in (${codeOf(error)}).`, {
      code,
      phase: 'download',
      hint: 'Choose a folder that this process may write to. Nothing was bought.',
      cause: error,
    });
  }
}

/**
 * Of files that were saved before, one in `folder` for each of `count` outputs that is still what it was; undefined where
 * any of the outputs has none.
 */
export async function filesThere(
  files: readonly KeptFile[],
  folder: string,
  count: number,
): Promise<KeptFile[] | undefined> {
  const there: KeptFile[] = [];
  for (let index = 0; index < count; index++) {
    for (const file of files) {
      const isOfIt = file.index === index && dirname(file.path) === resolve(folder);
      if (there.length === index && isOfIt && (await isUnchanged(file))) there.push(file);
    }
    if (there.length === index) return undefined;
  }
  return there;
}

/** By size and time of the last change, as `make` and `git` do it; where only the time differs, by the bytes themselves. */
async function isUnchanged({ path, bytes, sha256, modifiedMs }: KeptFile): Promise<boolean> {
  const facts = await stat(path).catch(() => undefined);
  if (facts === undefined || !facts.isFile() || facts.size !== bytes) return false;
  return facts.mtimeMs === modifiedMs || (await hashOf(path)) === sha256;
}

async function hashOf(path: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
    return hash.digest('hex');
  } catch {
    return undefined;
  }
}

/** What `work` comes to, unless the signal fires while it waits for its turn: who is at it comes to an end by itself. */
function unlessAborted<Value>(
  work: Promise<Value>,
  signal: AbortSignal | undefined,
  isWaiting: () => boolean,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      if (isWaiting()) reject(signal?.reason);
    };
    signal?.addEventListener('abort', leave, { once: true });
    work.then(resolve, reject).finally(() => signal?.removeEventListener('abort', leave));
  });
}

/** The outputs of one task share one question for fresh URLs. */
function withOneReread(jobs: readonly SaveJob[]): SaveJob[] {
  const asked = new Map<string | undefined, Promise<readonly OutputFacts[]>>();
  return jobs.map((job) => {
    const { reread, taskId } = job.origin;
    if (reread === undefined) return job;
    const once = (signal: AbortSignal): Promise<readonly OutputFacts[]> => {
      const answer = asked.get(taskId) ?? reread(signal);
      asked.set(taskId, answer);
      return answer;
    };
    return { ...job, origin: { ...job.origin, reread: once } };
  });
}

function placeOf(
  { output, origin }: SaveJob,
  target: string,
  { isFolder, count, name }: { isFolder: boolean; count: number; name: string | undefined },
): Place {
  if (isFolder) {
    const directory = resolve(target);
    const base = nameFrom(name, { output, origin, count });
    return { directory, base, pathOf: (extension) => join(directory, `${base}.${extension}`) };
  }
  const path = resolve(target);
  // A name with an extension keeps it; any other gets the one that its bytes ask for.
  const isWhole = MEDIA_EXTENSION.test(path);
  return {
    directory: dirname(path),
    base: basename(path),
    pathOf: (extension) => (isWhole ? path : `${path}.${extension}`),
  };
}

/** Those that may come to the same name have one key: `x` gets the extension that its bytes ask for. */
function keyOf({ directory, base }: Place): string {
  return join(directory, base.replace(MEDIA_EXTENSION, ''));
}

/** What the part of a file is called after: `x.meta` and `x.tmp` must not have as theirs what notes the part of `x`. */
function partNameOf(base: string): string {
  return shortened(/\.(meta|tmp)~*$/i.test(base) ? `${base}~` : base, MOST_NAME_BYTES);
}

function exists(path: string, taskId: string | undefined): DownloadError {
  return failure({ taskId }, `${path} exists already and is left as it is.`, {
    code: 'exists',
    hint: 'Pass `overwrite: true`, or another folder or name.',
  });
}

/** The first of the failures; that others were saved is worth knowing. */
function withOthers(error: unknown, saved: number, all: number): unknown {
  if (!ImaRouterError.is(error) || all === 1 || error instanceof WaitAbortedError) return error;
  const hint = `${saved} of ${all} outputs are saved. ${error.hint}`.trim();
  const { code, phase, status, taskId, retryable, mayBeBilled, cause } = error;
  return new DownloadError(error.message, { code, phase, status, taskId, retryable, mayBeBilled, hint, cause });
}

function checkTarget(target: unknown, taskId: string | undefined): void {
  if (typeof target === 'string' && target !== '' && !target.includes('\0')) return;
  throw failure({ taskId }, `${JSON.stringify(target) ?? 'undefined'} is no place for a file.`, {
    code: 'bad_target',
    hint: 'Give a folder (ends in "/") or a file name.',
  });
}

/** Throws `ConfigError` for options that no download can have. */
function checkDownload(options: DownloadOptions): void {
  checkNames(options, DOWNLOAD_OPTIONS);
  checkTransfer(options);
  const { concurrency = CONCURRENCY, name } = options;
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > MOST_CONCURRENCY) {
    throw bad('concurrency', `must be a whole number from 1 to ${MOST_CONCURRENCY}`);
  }
  if (name !== undefined) {
    if (typeof name !== 'string' || name === '') throw bad('name', 'must be a text, and not empty');
    checkTemplate(name);
  }
  const { overwrite = false, keepPart = false }: Record<string, unknown> = { ...options };
  if (typeof keepPart !== 'boolean') throw bad('keepPart', 'must be true or false');
  if (![true, false, 'unverified'].some((known) => known === overwrite)) {
    throw bad('overwrite', "must be true, false or 'unverified'");
  }
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
