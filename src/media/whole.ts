// Whether all of a result came, where no server has told its length: its own format knows more, or nobody does.

import type { Ending } from './ending.js';
import { endingOfBytes } from './ending.js';
import type { OutputOrigin } from './facts.js';
import { failure, shown } from './failure.js';
import type { Sniffed } from './sniff.js';
import type { Job } from './transfer.js';

/** Throws `DownloadError` (`truncated`) where the format says that bytes are missing, and warns where it says nothing. */
export function assertWhole(job: Job, ending: Ending, { contentType }: Sniffed): void {
  if (ending === 'cut') {
    const { output, origin } = job;
    throw failure(origin, `The result ${shown(output.url)} ends before its own format (${contentType}) says.`, {
      code: 'truncated',
      retryable: true,
    });
  }
  if (ending === 'unclear') warnUnsure(job);
}

/** The same for bytes in memory. */
export async function assertWholeBytes(job: Job, bytes: Uint8Array, sniffed: Sniffed): Promise<void> {
  assertWhole(job, await endingOfBytes(bytes, sniffed.contentType), sniffed);
}

/** Warns that nobody knows whether all of it came. */
export function warnUnsure({ origin }: Job): void {
  const which = shownOrigin(origin);
  origin.warn('length_unknown', `The server did not say how long ${which} is: nobody knows whether all of it came.`);
}

/** Which result it is, for a warning. */
export function shownOrigin({ index, taskId }: Pick<OutputOrigin, 'index' | 'taskId'>): string {
  return `output ${index} of ${taskId ?? 'a task'}`;
}
