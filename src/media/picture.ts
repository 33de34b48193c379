// How large a picture is, in pixels, as its own first bytes say; and whether it can be the one that was declared.

import type { OutputFacts } from './facts.js';
import { failure, shown } from './failure.js';
import type { Job } from './transfer.js';

/** In pixels. */
export interface Size {
  width: number;
  height: number;
}

/** The headers of pictures stand within this much, with room for a large colour profile or preview before them. */
export const PICTURE_BYTES = 4 * 1024 * 1024;

/** The size of the picture that begins with `bytes`; undefined where they do not say. Must not throw. */
export async function pictureSize(bytes: Uint8Array): Promise<Size | undefined> {
  try {
    const { imageSize } = await import('image-size');
    const { width, height, orientation = 1 } = imageSize(bytes);
    if (!(width >= 1 && height >= 1)) return undefined;
    // From 5 on the picture is shown turned by a quarter (Exif 2.3, tag 0x0112).
    return orientation >= 5 ? { width: height, height: width } : { width, height };
  } catch {
    // What cannot be measured is not for that reason wrong.
    return undefined;
  }
}

/** Sides that differ by less than this share are those of the same picture, encoded by another rule. */
const NEAR = 0.05;

/** Whether a result of that size is another than what was declared; what was not declared, or is not known, differs in nothing. */
export function isOtherSize({ width, height }: OutputFacts, size: Size | undefined): size is Size {
  return size !== undefined && ((width ?? size.width) !== size.width || (height ?? size.height) !== size.height);
}

/** Declared and true size, as messages say it. */
export function sizesSaid({ width, height }: OutputFacts, size: Size): { declared: string; found: string } {
  return { declared: `${width ?? '?'}×${height ?? '?'}`, found: `${size.width}×${size.height}` };
}

/**
 * Throws `DownloadError` (`placeholder`) where a picture has not the size that its gateway declared, either way round and
 * to within 5 %: some hosts show a picture of their own, with status 200, to whom they do not like.
 */
export function assertNoPlaceholder({ output, origin }: Job, size: Size | undefined): void {
  const { kind, width, height } = output;
  if (kind !== 'image' || (width === undefined && height === undefined)) return;
  const isNear = (side: number, declared: number | undefined): boolean =>
    declared === undefined || Math.abs(side - declared) <= NEAR * declared;
  const fits = (one: number, other: number): boolean => isNear(one, width) && isNear(other, height);
  if (size !== undefined && (fits(size.width, size.height) || fits(size.height, size.width))) return;
  const declared = `${width ?? '?'}×${height ?? '?'}`;
  const found = size === undefined ? 'does not say what size it has' : `has ${size.width}×${size.height}`;
  const which = `The gateway declared a picture of ${declared} pixels at ${shown(output.url)}; what came ${found}`;
  throw failure(origin, `${which}: another picture in place of the result.`, {
    code: 'placeholder',
    retryable: true,
    hint: 'The result itself is done and paid: download again later, or with `anySize: true` if this is the result.',
  });
}

/** Looks at the first bytes of a picture as they pass. */
export class Gauge {
  readonly #job: Job;
  #chunks: Uint8Array[] = [];
  #size = 0;

  constructor(job: Job) {
    this.#job = job;
  }

  /** What follows is from the beginning on. */
  begin(): void {
    this.#chunks = [];
    this.#size = 0;
  }

  /** The next bytes. */
  add(chunk: Uint8Array): void {
    const room = PICTURE_BYTES - this.#size;
    if (room === 0 || this.#job.output.kind !== 'image') return;
    // A copy: whoever reads them may do with them what he likes.
    const copy = chunk.slice(0, room);
    this.#chunks.push(copy);
    this.#size += copy.length;
  }

  /** Throws as `assertNoPlaceholder` does. */
  async check(): Promise<void> {
    const bytes = new Uint8Array(this.#size);
    let at = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    if (at > 0) assertNoPlaceholder(this.#job, await pictureSize(bytes));
  }
}
