// Trouble of a file system, in our words: no room, or no right to write there.

import { codeOf } from '../disk/index.js';
import type { DownloadError } from '../transport/index.js';
import { failure, type Subject, shown } from './failure.js';

/** What a file system says when there is no room. */
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
/** What it says when it will not have a file there. */
const UNWRITABLE = new Set([
  ...['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'EEXIST', 'EISDIR', 'ERR_FS_EISDIR', 'ENAMETOOLONG', 'ELOOP'],
]);

/** Which of the two a file system's error is; undefined for other errors. */
export function diskCodeOf(error: unknown): 'disk_full' | 'not_writable' | undefined {
  const said = codeOf(error) ?? '';
  if (FULL.has(said)) return 'disk_full';
  return UNWRITABLE.has(said) ? 'not_writable' : undefined;
}

/** Trouble with the disk in our words; undefined for other errors. */
export function diskTrouble(subject: Subject, directory: string, cause: unknown): DownloadError | undefined {
  switch (diskCodeOf(cause)) {
    case 'disk_full':
      return failure(subject, `No space left in ${directory} for ${shown(subject.url)} (${codeOf(cause)}).`, {
        code: 'disk_full',
        retryable: true,
        hint: 'Free some space, then download again: it goes on where it stopped.',
        cause,
      });
    case 'not_writable':
      return failure(subject, `No file can be written in ${directory} (${codeOf(cause)}).`, {
        code: 'not_writable',
        hint: 'Choose a folder that this process may write to.',
        cause,
      });
    case undefined:
      return undefined;
  }
}
