// How files are read and put in place: a set of files changes as a whole, and a file whose content is the same is not touched.
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export const digest = (text: string): { sha256: string; bytes: number } => ({
  sha256: createHash('sha256').update(text).digest('hex'),
  bytes: Buffer.byteLength(text),
});

/** The text of a file; undefined where there is none. */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return undefined;
    if (code === 'EISDIR') throw new Error(`${path} is a folder. Name one file in it.`);
    throw error;
  }
}

/**
 * Puts `files` (name → content) into `dir`: everything is written beside first, and moved in place only when all of it is
 * there; then the files named in `obsolete` go. Files whose content is the same are not touched. Returns the names that changed.
 */
export async function putInPlace(
  dir: string,
  files: ReadonlyMap<string, string>,
  obsolete: readonly string[] = [],
): Promise<string[]> {
  const gone: string[] = [];
  for (const name of obsolete) if ((await readText(join(dir, name))) !== undefined) gone.push(name);
  const changed: string[] = [];
  for (const [name, text] of files) {
    if ((await readText(join(dir, name))) !== text) changed.push(name);
  }
  if (changed.length + gone.length === 0) return changed;
  const beside = join(dir, `.incoming-${randomBytes(6).toString('hex')}`);
  await mkdir(beside, { recursive: true });
  try {
    for (const name of changed) await writeFile(join(beside, name), files.get(name) ?? '');
    for (const name of changed) await rename(join(beside, name), join(dir, name));
    for (const name of gone) await rm(join(dir, name));
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
  return [...changed, ...gone];
}
