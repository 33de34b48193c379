// Which record of the journal tells of an asset: one listing for all who ask together, and what it has not is remembered.

import type { Rooms } from '../../client.js';
import type { JournalRecord } from '../../tasks/index.js';
import { messageOf } from '../../transport/index.js';
import { ASSET_CREATE } from './asset-shapes.js';

/**
 * For this long (ms) an asset that the journal does not know is not looked for again. A listing looks at every record
 * (0.1 s to 0.4 s for 3,000 in a directory), and a batch asks for the same few assets with each request. What this client uploads is noted
 * anyway; what another process uploads meanwhile is as unknown as an asset from the console, and passes.
 */
const MISSED_FOR_MS = 30_000;

/** A listing, and the ids that it was or will be made for. */
interface Listing {
  ids: Set<string>;
  found: Promise<ReadonlyMap<string, JournalRecord>>;
}

/** Finds records by the ids of their assets. */
export class AssetRecords {
  readonly #rooms: Pick<Rooms, 'catalog' | 'journal' | 'warn'>;
  /** By id: the key of its record. One that is known is read by it, and so is never out of date. */
  readonly #keys = new Map<string, string>();
  /** By id: when the journal did not have it; milliseconds since 1970. */
  readonly #missedAt = new Map<string, number>();
  #running: Listing | undefined;
  #next: Listing | undefined;

  constructor(rooms: Pick<Rooms, 'catalog' | 'journal' | 'warn'>) {
    this.#rooms = rooms;
  }

  /** The record of the upload that made `id`; undefined where the journal has none, or cannot tell. */
  async of(id: string): Promise<JournalRecord | undefined> {
    const key = this.#keys.get(id);
    if (key !== undefined) {
      const record = await this.#asked([id], (journal) => journal.get(key));
      if (record !== undefined && this.#isUploadOf(record, id)) return record;
      this.#keys.delete(id);
    }
    if (Date.now() - (this.#missedAt.get(id) ?? 0) < MISSED_FOR_MS) return undefined;
    return (await this.#listingFor(id).found).get(id);
  }

  #listingFor(id: string): Listing {
    if (this.#running?.ids.has(id)) return this.#running;
    this.#next ??= this.#planned();
    this.#next.ids.add(id);
    return this.#next;
  }

  /** Begins when the one before is through; until then it takes more ids. */
  #planned(): Listing {
    const ids = new Set<string>();
    const before = this.#running?.found ?? Promise.resolve();
    const found = before.then(() => {
      this.#running = this.#next;
      this.#next = undefined;
      return this.#listed(ids);
    });
    return { ids, found };
  }

  async #listed(ids: ReadonlySet<string>): Promise<ReadonlyMap<string, JournalRecord>> {
    const [first, ...others] = ids;
    const filter = others.length === 0 && first !== undefined ? { taskId: first } : {};
    const records = await this.#asked([...ids], (journal) => journal.list(filter));
    this.#running = undefined;
    const found = new Map<string, JournalRecord>();
    // What cannot be looked up is not known to be missing.
    if (records === undefined) return found;
    for (const record of records) {
      const { taskId } = record;
      if (taskId === undefined || !ids.has(taskId) || !this.#isUploadOf(record, taskId)) continue;
      found.set(taskId, record);
      this.#keys.set(taskId, record.key);
    }
    const now = Date.now();
    for (const [id, missedAt] of this.#missedAt) if (now - missedAt >= MISSED_FOR_MS) this.#missedAt.delete(id);
    for (const id of ids) if (!found.has(id)) this.#missedAt.set(id, now);
    return found;
  }

  #isUploadOf(record: JournalRecord, id: string): boolean {
    const { gateway } = this.#rooms.catalog.data;
    return record.taskId === id && record.endpoint === ASSET_CREATE && record.gateway === gateway;
  }

  /** A request goes its way where the journal is away. */
  async #asked<Found>(
    ids: readonly string[],
    work: (journal: Rooms['journal']) => Promise<Found>,
  ): Promise<Found | undefined> {
    try {
      return await work(this.#rooms.journal);
    } catch (error) {
      const what = ids.length === 1 ? `Asset ${ids[0]}` : `${ids.length} assets`;
      this.#rooms.warn({
        code: 'journal_unavailable',
        message: `${what} could not be looked up: ${messageOf(error)}`,
      });
      return undefined;
    }
  }
}
