// The result files as they stand now: which URL of each is good, and which edition of its bytes is behind it.

import { FIXTURES, type MediaFile, type MediaShelf } from './media.js';
import type { Task } from './tasks.js';

/** Where result files are served. A file whose URL expired has its next one under `?fresh=1`, then `?fresh=2`, … */
export const MEDIA_PATH = '/_media/{task_id}/{file}';
/** What is left of such a place where its URL was cut. */
export const CUT_MEDIA_PATHS = ['/_media', '/_media/', '/_media/{task_id}', '/_media/{task_id}/'];
const FRESH = 'fresh';
/** What the name of a video's still ends in, after its number. */
const COVER = '.cover.png';

/** What became of a file since its task was done. */
interface Past {
  /** URLs that expired. */
  expired: number;
  /** Times that it changed. */
  edition: number;
}

const NOTHING: Past = { expired: 0, edition: 0 };

type Query = Record<string, string | string[]>;

export class Results {
  /** Of files that something happened to, by name. */
  private readonly past = new Map<string, Past>();
  /** Paths of the gateway's own that give nothing any more. */
  private readonly closed = new Set<string>();

  constructor(private readonly shelf: MediaShelf) {}

  /** The URL that is good now: status answers name it. */
  url(origin: string, task: Task, output: number): string {
    const { expired } = this.pastOf(task, output);
    const path = `/_media/${task.id}/${output}.${FIXTURES[task.route.kind].extension}`;
    return `${origin}${path}${expired === 0 ? '' : `?${FRESH}=${expired}`}`;
  }

  /** Where a still of a video is; undefined for what is no video. */
  coverUrl(origin: string, task: Task, output: number): string | undefined {
    return task.route.kind === 'video' ? `${origin}/_media/${task.id}/${output}${COVER}` : undefined;
  }

  /** Which of a finished task's files has that name. */
  named(file: string, task: Task): { output: number; isCover: boolean } | undefined {
    const [, number = '', rest] = /^(\d{1,6})(\..+)$/.exec(file) ?? [];
    const { kind } = task.route;
    const isCover = kind === 'video' && rest === COVER;
    if (Number(number) >= task.outputs || !(isCover || rest === `.${FIXTURES[kind].extension}`)) return undefined;
    return { output: Number(number), isCover };
  }

  /** What is shown to who is not welcome. */
  get placeholder(): MediaFile {
    return this.shelf.placeholder;
  }

  get cover(): MediaFile {
    return this.shelf.cover;
  }

  isGood(task: Task, output: number, query: Query): boolean {
    const { expired } = this.pastOf(task, output);
    return query[FRESH] === (expired === 0 ? undefined : String(expired));
  }

  file(task: Task, output: number): MediaFile {
    return this.shelf.file(task.route.kind, nameOf(task, output), this.pastOf(task, output).edition);
  }

  size(task: Task, output: number): number {
    return this.shelf.size(task.route.kind, nameOf(task, output), this.pastOf(task, output).edition);
  }

  /** From now on another URL is the good one. */
  expire(task: Task, output: number): void {
    const past = this.pastOf(task, output);
    this.past.set(nameOf(task, output), { ...past, expired: past.expired + 1 });
  }

  /** From now on the file has other bytes. */
  change(task: Task, output: number): void {
    const past = this.pastOf(task, output);
    this.past.set(nameOf(task, output), { ...past, edition: past.edition + 1 });
  }

  close(path: string): void {
    this.closed.add(path);
  }

  isClosed(path: string): boolean {
    return this.closed.has(path);
  }

  private pastOf(task: Task, output: number): Past {
    return this.past.get(nameOf(task, output)) ?? NOTHING;
  }
}

function nameOf(task: Task, output: number): string {
  return `${task.id}/${output}`;
}
