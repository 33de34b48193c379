// Results fetched on a bad day: each attempt ends in the exact bytes, or in our error and no file, at most a `.part`.

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { DownloadError, type SavedFile, type TaskResult } from '../../src/index.js';

type Output = TaskResult['outputs'][number];

/** At a rate of 1 in 5 this many in a row go wrong once in two million times. */
const MAX_ATTEMPTS = 9;

/** What came of it: the codes of attempts that failed, and one sentence for each thing that should not be. */
export interface Fetched {
  codes: string[];
  complaints: string[];
}

/** Fetches every output of a result into `folder`, which it has to itself, and asks again until it has it. */
export async function fetched(
  result: TaskResult,
  folder: string,
  { idleTimeoutMs, fileHeaders }: { idleTimeoutMs: number; fileHeaders: Record<string, string> },
): Promise<Fetched> {
  const codes: string[] = [];
  const complaints: string[] = [];
  const complain = (what: string) => complaints.push(`${result.id}: ${what}`);
  let there: string[] = [];
  for (const output of result.outputs) {
    let file: SavedFile | undefined;
    for (let attempt = 0; file === undefined && attempt < MAX_ATTEMPTS; attempt++) {
      try {
        file = await output.download(`${folder}/`, { idleTimeoutMs });
      } catch (error) {
        if (!(error instanceof DownloadError)) complain(`not a DownloadError: ${error}`);
        else if (error.taskId !== result.id) complain(`an error about ${error.taskId}`);
        else codes.push(error.code);
      }
      const now = await readdir(folder).catch(() => []);
      const files = now.filter((name) => !name.endsWith('.part'));
      if (files.length !== there.length + (file === undefined ? 0 : 1)) complain(`left in the folder: ${now}`);
      if (file !== undefined && files.length !== now.length) complain(`left beside the file: ${now}`);
      there = files;
    }
    if (file === undefined) complain(`no file after ${MAX_ATTEMPTS} attempts`);
    else if (!(await isExact(file, output, fileHeaders))) complain(`${file.path} is not what the gateway has`);
  }
  return { codes, complaints };
}

/** By the gateway's own word: the mock never strikes a HEAD, and its ETags are the first half of a sha256. */
async function isExact(file: SavedFile, output: Output, headers: Record<string, string>): Promise<boolean> {
  const [bytes, truth] = await Promise.all([readFile(file.path), fetch(output.url, { method: 'HEAD', headers })]);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return (
    truth.headers.get('etag') === `"${sha256.slice(0, 32)}"` &&
    truth.headers.get('content-length') === String(bytes.length) &&
    truth.headers.get('content-type') === file.contentType &&
    file.sha256 === sha256 &&
    file.bytes === bytes.length
  );
}
