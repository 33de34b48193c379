// sources.lock.json: what is kept of where each file under openapi/ came from.
import { join } from 'node:path';
import { readText } from './files.js';
import { isObject, objectAt, readJson, stringAt, writeJson } from './json.js';

export const LOCK_FILE = 'sources.lock.json';

export type LockEntry = {
  /** The address it was pulled from; `file:<name>` for a local file. */
  origin?: string;
  /** Instead of an origin: the file that this one was made from. */
  derivedFrom?: string;
  sha256: string;
  bytes: number;
  etag?: string;
  lastModified?: string;
  /** When the content last changed; absent for local and derived files. */
  pulledAt?: string;
};

export type Lock = {
  gateway: string;
  specVersion: string;
  /** From the vendor's entry page. */
  breakingChangesSince: string | null;
  files: Record<string, LockEntry>;
};

export async function readLock(dir: string): Promise<Lock | undefined> {
  const text = await readText(join(dir, LOCK_FILE));
  if (text === undefined) return undefined;
  const value = readJson(text, join(dir, LOCK_FILE));
  const files: Record<string, LockEntry> = {};
  for (const [name, entry] of Object.entries(objectAt(value, 'files') ?? {})) {
    const sha256 = stringAt(entry, 'sha256');
    if (!isObject(entry) || sha256 === undefined || typeof entry.bytes !== 'number') continue;
    const kept: LockEntry = { sha256, bytes: entry.bytes };
    for (const key of ['origin', 'derivedFrom', 'etag', 'lastModified', 'pulledAt'] as const) {
      const text = stringAt(entry, key);
      if (text !== undefined) kept[key] = text;
    }
    files[name] = kept;
  }
  return {
    gateway: stringAt(value, 'gateway') ?? '',
    specVersion: stringAt(value, 'specVersion') ?? 'unknown',
    breakingChangesSince: stringAt(value, 'breakingChangesSince') ?? null,
    files,
  };
}

export function lockText(lock: Lock): string {
  const files = Object.fromEntries(
    Object.entries(lock.files)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { origin, derivedFrom, sha256, bytes, etag, lastModified, pulledAt }]) => [
        name,
        { origin, derivedFrom, sha256, bytes, etag, lastModified, pulledAt },
      ]),
  );
  return writeJson({ ...lock, files });
}
