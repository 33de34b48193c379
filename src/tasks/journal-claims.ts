// Who may work on what, among processes and machines that share a directory: flags that a dead process cannot keep.

import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  codeOf,
  HEARTBEAT_MS,
  isMissing,
  KeyedQueue,
  type Owner,
  readOwner,
  replaceFile,
  thisProcess,
  type Verdict,
  verdictOn,
} from '../disk/index.js';

/**
 * How long the first in rank waits for the others to step back, which takes them some file calls: in all two seconds, for
 * a machine that is very busy.
 */
const PAUSES_MS = [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

/** The folder of a claim may vanish between two steps, as its last holder cleans up; not this often in a row. */
const MOST_RESTARTS = 100;

/** An owner that is silent may wake up: it is cleared away only after a day. */
const CLEAR_SILENT_AFTER_MS = 86_400_000;

/** What `crypto.randomUUID` makes. Anything else among the flags is none. */
const OWNER_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Where one stands among those who have a flag up. */
type Standing = 'alone' | 'first' | 'behind';

/**
 * Claims by flag files. A claim on `name` is the file `claims/<name>/<owner id>`, and `owners/<owner id>.json` says who that
 * is. To claim is (1) to raise one's own flag, (2) to read who else has one, and (3) to win if none of those lives, else to
 * take one's own down again.
 *
 * Two never both win. Of two who raised their flags, one was second; it read the folder after its own flag was up, so
 * after the other's was up too, and that one was still there: a winner's flag goes only with `release`, and others remove
 * it only when its owner gives no sign of life. So the second saw a living owner and did not win. This needs no clock, no
 * lock and no atomic replace; only that a file which exists before a folder is read is seen in it.
 *
 * One wins. Whoever sees a rank before his own, or a winner, steps back at once; the first in rank leaves his flag up and
 * looks again until the others have stepped back. A winner writes into his flag, so that it is known. Ranks are drawn
 * anew for each name, so that of many names asked for at once everybody gets some.
 *
 * Nobody keeps what he cannot use: owner ids are never used twice, and the flag of a dead owner counts for nothing.
 */
export class Claims {
  readonly #claims: string;
  readonly #owners: string;
  readonly #id: string;
  readonly #queue = new KeyedQueue();
  readonly #held = new Set<string>();
  /** Flags of claims that came to nothing, or were given back, and could not be taken down. */
  readonly #leftUp = new Set<string>();
  /** Owners that are dead for certain. Those who are only silent are asked again. */
  readonly #dead = new Set<string>();
  #self: Promise<Owner> | undefined;
  #beatAt: number | undefined;
  #heart: NodeJS.Timeout | undefined;

  /** `id` is this owner's, from `crypto.randomUUID`. Directories are made when they are needed. */
  constructor(directory: string, id: string) {
    this.#claims = join(directory, 'claims');
    this.#owners = join(directory, 'owners');
    this.#id = id;
  }

  /** True when `name` is ours from now on; false when somebody who lives has it, we included. */
  claim(name: string): Promise<boolean> {
    return this.#queue.run(name, async () => {
      if (this.#held.has(name)) return false;
      const folder = join(this.#claims, name);
      await this.#showLife();
      await this.#raise(folder);
      try {
        if (!((await this.#prevails(folder)) && (await this.#plant(folder)))) {
          await this.#lower(folder);
          return false;
        }
      } catch (error) {
        await this.#lower(folder).catch(() => this.#lowerLater(name));
        throw error;
      }
      this.#held.add(name);
      this.#leftUp.delete(name);
      this.#live();
      return true;
    });
  }

  /** Gives `name` back; nothing happens if it is not ours. */
  release(name: string): Promise<void> {
    return this.#queue.run(name, async () => {
      // First: whatever becomes of the flag, it can be raised again.
      if (!this.#held.delete(name)) return;
      this.#restIfIdle();
      await this.#lower(join(this.#claims, name)).catch((error: unknown) => {
        this.#lowerLater(name);
        throw error;
      });
    });
  }

  #live(): void {
    this.#heart ??= setInterval(() => void this.#tick(), HEARTBEAT_MS).unref();
  }

  #restIfIdle(): void {
    if (this.#held.size + this.#leftUp.size > 0) return;
    clearInterval(this.#heart);
    this.#heart = undefined;
  }

  async #tick(): Promise<void> {
    await this.#beat().catch(() => {});
    for (const name of this.#leftUp) await this.#lowerNow(name);
    this.#restIfIdle();
  }

  /** A flag that could not be taken down keeps everybody out as long as we live: it is tried again with each heartbeat. */
  #lowerLater(name: string): void {
    this.#leftUp.add(name);
    this.#live();
  }

  #lowerNow(name: string): Promise<void> {
    return this.#queue.run(name, async () => {
      if (!this.#leftUp.has(name)) return;
      const isDown = await this.#lower(join(this.#claims, name)).then(
        () => true,
        () => false,
      );
      if (isDown) this.#leftUp.delete(name);
    });
  }

  /** Whether the owner `id` is known to be dead: of one that never claimed anything, nothing is known. */
  async isKnownDead(id: string): Promise<boolean> {
    if (!OWNER_ID.test(id)) return false;
    return (await factsOf(this.#ownerFile(id))) !== undefined && (await this.#verdict(id)) === 'dead';
  }

  /** Milliseconds since 1970 on the clock that dates files here: a server's, where the directory is a shared one. */
  async fileTimeMs(): Promise<number> {
    await this.#beat();
    return (await stat(this.#ownerFile(this.#id))).mtimeMs;
  }

  /** Clears away at most about `most` of what the dead left: flags, and what they said of themselves. */
  async sweep(most: number): Promise<void> {
    let left = most;
    for (const name of await namesIn(this.#claims)) {
      if (left <= 0) return;
      const folder = join(this.#claims, name);
      for (const id of await namesIn(folder)) {
        if (!OWNER_ID.test(id) || (await this.#verdict(id)) !== 'dead') continue;
        await rm(join(folder, id), { force: true });
        left--;
      }
      await rmdir(folder).catch(() => {});
    }
    for (const file of await namesIn(this.#owners)) {
      const id = file.replace(/\.json$/, '');
      if (left <= 0 || !OWNER_ID.test(id)) continue;
      const verdict = await this.#verdict(id);
      // Who is alive after all notices that his file is gone, but perhaps a moment after he raised a flag.
      const isLongSilent = verdict === 'silent' && (await this.#silenceMs(id)) > CLEAR_SILENT_AFTER_MS;
      if (verdict !== 'dead' && !isLongSilent) continue;
      await rm(this.#ownerFile(id), { force: true });
      left--;
    }
  }

  async #prevails(folder: string): Promise<boolean> {
    for (const pauseMs of PAUSES_MS) {
      const standing = await this.#standing(folder);
      if (standing !== 'first') return standing === 'alone';
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    return (await this.#standing(folder)) === 'alone';
  }

  async #standing(folder: string): Promise<Standing> {
    const flags = (await namesIn(folder)).filter((id) => OWNER_ID.test(id));
    // Somebody took us for dead and removed it: we were away for long.
    if (!flags.includes(this.#id)) return 'behind';
    let standing: Standing = 'alone';
    for (const id of flags) {
      if (id === this.#id) continue;
      const flag = join(folder, id);
      if ((await this.#verdict(id)) !== 'alive') {
        await rm(flag, { force: true });
        continue;
      }
      const facts = await factsOf(flag);
      // Gone meanwhile: if its owner comes back, he will see ours.
      if (facts === undefined) continue;
      if (facts.size > 0 || rankOf(id, folder) < rankOf(this.#id, folder)) return 'behind';
      standing = 'first';
    }
    return standing;
  }

  async #raise(folder: string): Promise<void> {
    for (let restart = 0; ; restart++) {
      await mkdir(this.#claims, { mode: 0o700 }).catch(unlessThere);
      await mkdir(folder, { mode: 0o700 }).catch(unlessThere);
      try {
        const handle = await open(join(folder, this.#id), 'wx', 0o600);
        return await handle.close();
      } catch (error) {
        // Ours from before, which could not be taken down: as good as a new one, since we do not hold the claim.
        if (codeOf(error) === 'EEXIST') return;
        // The folder was empty for a moment, and somebody removed it.
        if (!isMissing(error) || restart === MOST_RESTARTS) throw error;
      }
    }
  }

  /** Tells the others that there is nothing to wait for. False when our flag is gone: we were taken for dead just now. */
  async #plant(folder: string): Promise<boolean> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(join(folder, this.#id), 'r+');
      await handle.writeFile('held\n');
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    } finally {
      await handle?.close();
    }
  }

  async #lower(folder: string): Promise<void> {
    await rm(join(folder, this.#id), { force: true });
    // Stays while others have flags there.
    await rmdir(folder).catch(() => {});
  }

  async #verdict(id: string): Promise<Verdict> {
    if (id === this.#id) return 'alive';
    if (this.#dead.has(id)) return 'dead';
    let text: string;
    try {
      text = await readFile(this.#ownerFile(id), 'utf8');
    } catch (error) {
      if (!isMissing(error)) throw error;
      // It is written before the first flag, and removed after death. Not kept: who was only silent writes a new one.
      return 'dead';
    }
    const verdict = await verdictOn(readOwner(text), await this.#whoWeAre(), () => this.#silenceMs(id));
    if (verdict === 'dead') this.#dead.add(id);
    return verdict;
  }

  /**
   * Since the last heartbeat of `id`, by the clock that wrote it: on a shared folder that is the server's, and machines
   * need not agree on the time. Our own heartbeat of this moment tells what it is there now.
   */
  async #silenceMs(id: string): Promise<number> {
    const now = await this.fileTimeMs();
    const facts = await factsOf(this.#ownerFile(id));
    return facts === undefined ? Number.POSITIVE_INFINITY : now - facts.mtimeMs;
  }

  /** Before a flag goes up its owner must be known and look alive, also after hours without any claim. */
  async #showLife(): Promise<void> {
    const ageMs = this.#beatAt === undefined ? Number.POSITIVE_INFINITY : Math.abs(Date.now() - this.#beatAt);
    if (ageMs > HEARTBEAT_MS) await this.#beat();
  }

  /** Sets the time of our owner file to the file server's present, by writing what stands there already. */
  async #beat(): Promise<void> {
    const path = this.#ownerFile(this.#id);
    let handle: FileHandle | undefined;
    try {
      handle = await open(path, 'r+');
      await handle.write('{', 0);
    } catch (error) {
      if (!isMissing(error)) throw error;
      // Not with its parents: where the journal itself was removed, a heartbeat does not bring it back.
      await mkdir(this.#owners, { mode: 0o700 }).catch(unlessThere);
      const text = `${JSON.stringify(await this.#whoWeAre(), null, 2)}\n`;
      const temp = join(this.#owners, `.${this.#id}.${crypto.randomUUID()}.tmp`);
      await replaceFile(path, temp, Buffer.from(text));
    } finally {
      await handle?.close();
    }
    this.#beatAt = Date.now();
  }

  #ownerFile(id: string): string {
    return join(this.#owners, `${id}.json`);
  }

  #whoWeAre(): Promise<Owner> {
    this.#self ??= thisProcess();
    return this.#self;
  }
}

/** All agree on it, on any machine: the last part of `folder` is the name. */
function rankOf(id: string, folder: string): string {
  return createHash('sha256')
    .update(`${basename(folder)}/${id}`)
    .digest('hex');
}

/** Names in a folder; none if it is not there. */
async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: unknown) => {
    if (isMissing(error) || codeOf(error) === 'ENOTDIR') return [];
    throw error;
  });
}

/** Undefined where there is no such file. */
async function factsOf(path: string): Promise<{ mtimeMs: number; size: number } | undefined> {
  return stat(path).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
}

function unlessThere(error: unknown): void {
  if (codeOf(error) !== 'EEXIST') throw error;
}
