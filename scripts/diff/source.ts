// How one side of a diff is named and read: a file, or `<revision>:<path>` of git, with the lock and the model index beside it.
import { execFile } from 'node:child_process';
import { dirname, join, posix } from 'node:path';
import { promisify } from 'node:util';
import type { GatewayConfig } from '../gateways.js';
import { checkDocument, checkJson } from '../spec/check.js';
import { readText } from '../spec/files.js';
import { type JsonObject, objectAt, readJson, stringAt } from '../spec/json.js';
import { LOCK_FILE } from '../spec/lock.js';
import { SPEC_FILES } from '../spec/pull.js';
import type { Side } from './diff.js';

/** The document may be larger than the megabyte that Node takes from a child by default. */
const MOST_BYTES = 64 * 1024 * 1024;

/** The side that `name` means. Throws one sentence where there is no such file, or where it is no OpenAPI document. */
export async function readSide(name: string, gateway: GatewayConfig): Promise<Side> {
  const text = await readAt(name);
  if (text === undefined) {
    throw new Error(
      `${name} does not exist. Name a file, or a revision and a path as in HEAD:${gateway.openapiDir}/${gateway.document}.`,
    );
  }
  const document = checkDocument(text, name, 'either');
  if (gateway.published === undefined) return { document };
  const lock = await readAt(beside(name, LOCK_FILE));
  const read = lock === undefined ? undefined : readJson(lock, beside(name, LOCK_FILE));
  // A lock that speaks of another document's folder says nothing of this one.
  const isOfIt = objectAt(objectAt(read, 'files'), basename(name)) !== undefined;
  const since = stringAt(read, 'breakingChangesSince') ?? null;
  return { document, index: await indexBeside(name), ...(isOfIt ? { breakingChangesSince: since } : {}) };
}

async function indexBeside(name: string): Promise<JsonObject | undefined> {
  const place = beside(name, SPEC_FILES.modelIndex);
  const text = await readAt(place);
  return text === undefined ? undefined : checkJson(text, place);
}

const REVISION = /^([^:\\/]+):(.+)$/;
/** `C:\spec.yaml` is a file. */
const DRIVE = /^[A-Za-z]:[\\/]/;

const revisionOf = (name: string): [string, string] | undefined => {
  const [, revision, path] = DRIVE.test(name) ? [] : (REVISION.exec(name) ?? []);
  return revision === undefined || path === undefined ? undefined : [revision, path];
};

function beside(name: string, file: string): string {
  const place = revisionOf(name);
  return place === undefined ? join(dirname(name), file) : `${place[0]}:${posix.join(posix.dirname(place[1]), file)}`;
}

const basename = (name: string): string => name.split(/[\\/:]/).at(-1) ?? name;

async function readAt(name: string): Promise<string | undefined> {
  const place = revisionOf(name);
  const file = await readText(name);
  if (file !== undefined || place === undefined) return file;
  const [revision, path] = place;
  if (revision.startsWith('-')) throw new Error(`${revision} is no revision of git.`);
  try {
    const shown = await promisify(execFile)('git', ['show', `${revision}:${path}`], { maxBuffer: MOST_BYTES });
    return shown.stdout;
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    if (/does not exist in|exists on disk, but not in/.test(said)) return undefined;
    throw new Error(`${name} could not be read from git: ${said.trim().split('\n')[0] ?? ''}`);
  }
}
