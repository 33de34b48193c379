// `<name>.meta.part`: what the bytes of a part are of, who is at it, and how one takes over from a holder who died.

import { createHash, randomUUID } from 'node:crypto';
import { readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { createFile, isMissing, type Owner, readOwner, renamed, replaceFile, verdictOn } from '../disk/index.js';
import { isRecord } from '../transport/index.js';
import type { Entity } from './version.js';

/** Names of other files have a few more letters. */
export const PART = '.part';
export const META = '.meta.part';

/** What `<name>.meta.part` holds. */
export interface Meta {
  v: 1;
  /** Tells this holding from any other. */
  id: string;
  /** Whose bytes: a name may be asked for by another task later. */
  of: string;
  /** Who is at it; null: nobody, it waits to be continued. */
  owner: Owner | null;
  entity?: Entity | undefined;
  /** So many bytes are known to be on the disk itself: more may be lost when the machine goes down. */
  syncedBytes?: number | undefined;
  /** In which start of the machine the bytes were written that are not known to be on the disk itself. */
  bootId?: string | undefined;
}

/**
 * Makes `path` hold `mine`, unless somebody who lives holds it: `held` then. Else resolves to what a dead holder left there
 * (null where that is of no use), or `nothing`. Of several who find a dead holder one goes on: who holds the file beside it
 * that bears a hash of the dead one's note, and finds that nothing has changed meanwhile. That file is taken in the same
 * way, since its holder may die too.
 */
export async function takeOver(
  path: string,
  mine: Meta & { owner: Owner },
  silence: () => Promise<number>,
): Promise<Meta | null | 'nothing' | 'held'> {
  if (await createFile(path, tempOf(path), bytesOf(mine))) return 'nothing';
  const found = await readMeta(path);
  if (found === undefined) return takeOver(path, mine, silence);
  const isFree = found.meta !== null && found.meta.owner === null;
  const verdict = isFree ? 'dead' : await verdictOn(found.meta?.owner ?? null, mine.owner, silence);
  if (verdict === 'alive') return 'held';
  const marker = `${path.slice(0, -META.length)}.${createHash('sha256').update(found.text).digest('hex').slice(0, 16)}${META}`;
  if ((await takeOver(marker, { ...mine, id: randomUUID() }, () => silenceMs(marker))) === 'held') return 'held';
  try {
    if ((await readMeta(path))?.text !== found.text) return 'held';
    // What is known of the bytes stays with them: whoever dies now, while he reads them back, leaves them of use.
    const next = found.meta?.of === mine.of ? { ...found.meta, ...mine } : mine;
    await replaceFile(path, tempOf(path), bytesOf(next));
    // Who is only silent may still write to his bytes: new ones are begun elsewhere.
    return verdict === 'dead' ? found.meta : null;
  } finally {
    await rm(marker, { force: true });
  }
}

/** What stands at `path`; its meta is null where it cannot be read. Undefined where there is nothing. */
export async function readMeta(path: string): Promise<{ text: string; meta: Meta | null } | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (!isMissing(error)) throw error;
    // A link that leads nowhere is there all the same: a note that cannot be read, to be replaced as such.
    const leadsTo = await readlink(path).catch(() => undefined);
    return leadsTo === undefined ? undefined : { text: `link to ${leadsTo}`, meta: null };
  }
  return { text, meta: metaFrom(text) };
}

function metaFrom(text: string): Meta | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(json) || json.v !== 1 || typeof json.id !== 'string' || typeof json.of !== 'string') return null;
  const { id, of, entity, syncedBytes, bootId } = json;
  return {
    v: 1,
    id,
    of,
    owner: isRecord(json.owner) ? readOwner(JSON.stringify(json.owner)) : null,
    ...(isRecord(entity) && typeof entity.url === 'string' ? { entity: entityFrom(entity, entity.url) } : {}),
    ...(typeof syncedBytes === 'number' ? { syncedBytes } : {}),
    ...(typeof bootId === 'string' ? { bootId } : {}),
  };
}

function entityFrom({ etag, lastModified, total }: Record<string, unknown>, url: string): Entity {
  return {
    url,
    ...(typeof etag === 'string' ? { etag } : {}),
    ...(typeof lastModified === 'string' ? { lastModified } : {}),
    ...(typeof total === 'number' ? { total } : {}),
  };
}

/** Writes the note of a part that is held. */
export async function putMeta(path: string, meta: Meta): Promise<void> {
  // Always the same one: only the holder writes notes, and what he leaves when he dies is replaced by the next.
  const temp = `${path.slice(0, -META.length)}.tmp${PART}`;
  try {
    await writeFile(temp, bytesOf(meta));
    await renamed(temp, path);
  } catch (error) {
    await rm(temp, { force: true }).catch(() => {});
    throw error;
  }
}

export function bytesOf(meta: Meta): Buffer {
  return Buffer.from(`${JSON.stringify(meta, null, 2)}\n`);
}

function tempOf(path: string): string {
  return stagedOf(path.slice(0, -META.length), randomUUID());
}

/** A name beside that of the file at `path` which only the holder called `id` uses. */
export function stagedOf(path: string, id: string): string {
  return `${path}.${id.slice(0, 8)}.tmp${PART}`;
}

/** How long nothing was heard of whoever is at a part, in milliseconds. */
export async function silenceMs(path: string): Promise<number> {
  const times = await Promise.all([path + PART, path + META].map((file) => stat(file).catch(() => undefined)));
  return Date.now() - Math.max(0, ...times.map((facts) => facts?.mtimeMs ?? 0));
}
