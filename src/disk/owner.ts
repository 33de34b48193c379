// Whether the process that holds something still lives: what it writes down of itself, and how another one judges that.

import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { threadId } from 'node:worker_threads';
import { isRecord } from '../transport/index.js';
import { codeOf } from './files.js';

/** What a process says of itself, in `owners/<id>.json`. Only Linux tells all of it. */
export interface Owner {
  host: string;
  /** Changes with each start of the machine. */
  bootId?: string;
  /** Containers have their own: a process number of one means nothing in another. */
  pidNamespace?: string;
  pid: number;
  /** When the process began, in clock ticks since the machine started: tells it from a later one of the same number. */
  startTicks?: number;
  /** Of a worker, from 1; threads of one process end one by one, and their numbers are never used again. */
  threadId?: number;
}

/** `dead` is for ever. `silent` is what cannot be asked and shows no sign of life; it may wake up. */
export type Verdict = 'alive' | 'dead' | 'silent';

/** How often who holds a claim shows that it lives. */
export const HEARTBEAT_MS = 15_000;

/** On another machine, this long without a heartbeat is taken for death: three may be missed. */
export const SILENT_AFTER_MS = 60_000;

/**
 * On this machine a process of that number lives, but where the system does not tell when it began it may be another one.
 * The number is good evidence, so that only a long silence counts against it: a laptop may sleep for some minutes.
 */
export const SILENT_AFTER_WITH_PID_MS = 600_000;

/** What this process says of itself. */
export async function thisProcess(): Promise<Owner> {
  const [bootId, pidNamespace, self] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => undefined),
    readlink('/proc/self/ns/pid').catch(() => undefined),
    readFile('/proc/self/stat', 'utf8').then(readStat, () => undefined),
  ]);
  // A /proc of another namespace knows us by another number, and others would look up the wrong process there.
  const startTicks = self?.pid === process.pid ? self.startTicks : undefined;
  return {
    host: hostname(),
    ...(bootId === undefined ? {} : { bootId: bootId.trim() }),
    ...(pidNamespace === undefined ? {} : { pidNamespace }),
    pid: process.pid,
    ...(startTicks === undefined ? {} : { startTicks }),
    ...(threadId === 0 ? {} : { threadId }),
  };
}

/** The owner in `text`; null when it holds none. */
export function readOwner(text: string): Owner | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(json)) return null;
  const { host, bootId, pidNamespace, pid, startTicks, threadId } = json;
  if (typeof host !== 'string' || typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return null;
  return {
    host,
    ...(typeof bootId === 'string' ? { bootId } : {}),
    ...(typeof pidNamespace === 'string' ? { pidNamespace } : {}),
    pid,
    ...(typeof startTicks === 'number' ? { startTicks } : {}),
    ...(typeof threadId === 'number' ? { threadId } : {}),
  };
}

/**
 * Whether `owner` lives, as far as `self` can tell. `silenceMs` says how long ago its last heartbeat was; it is asked only
 * where the system cannot tell. An owner that cannot be read (null) is judged by its heartbeat alone.
 */
export async function verdictOn(owner: Owner | null, self: Owner, silenceMs: () => Promise<number>): Promise<Verdict> {
  const byHeartbeat = async (limitMs: number): Promise<Verdict> => ((await silenceMs()) < limitMs ? 'alive' : 'silent');
  if (owner === null) return byHeartbeat(SILENT_AFTER_MS);
  const bootsKnown = owner.bootId !== undefined && self.bootId !== undefined;
  // The same start of a machine is the same machine, whatever it is called now. Another start under the same name: no
  // process outlives that. (Machines that share a folder must not share a name.)
  const sameBoot = bootsKnown && owner.bootId === self.bootId;
  if (bootsKnown && !sameBoot && owner.host === self.host) return 'dead';
  const sameMachine = sameBoot || (!bootsKnown && owner.host === self.host);
  if (!sameMachine || owner.pidNamespace !== self.pidNamespace) return byHeartbeat(SILENT_AFTER_MS);
  if (!isRunning(owner.pid)) return 'dead';
  const found = await readFile(`/proc/${owner.pid}/stat`, 'utf8').then(readStat, () => undefined);
  if (found?.ended === true) return 'dead';
  if (found === undefined || owner.startTicks === undefined) return byHeartbeat(SILENT_AFTER_WITH_PID_MS);
  if (found.startTicks !== owner.startTicks) return 'dead';
  // A worker may be gone while its process lives, and nobody can be asked whether it is.
  const isWorker = owner.threadId !== undefined && (owner.pid !== self.pid || owner.threadId !== self.threadId);
  return isWorker ? byHeartbeat(SILENT_AFTER_WITH_PID_MS) : 'alive';
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and belongs to somebody else.
    return codeOf(error) === 'EPERM';
  }
}

/**
 * A line of /proc/<pid>/stat (`man 5 proc`): `pid (name) state ppid …`. The name may hold blanks and brackets, so that
 * fields count from the last `)`: the state is the third, the start the 22nd.
 */
function readStat(line: string): { pid: number; startTicks: number; ended: boolean } | undefined {
  const [state, ...rest] = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const startTicks = Number(rest[18]);
  const pid = Number.parseInt(line, 10);
  if (state === undefined || !Number.isSafeInteger(startTicks) || !Number.isSafeInteger(pid)) return undefined;
  // A zombie has ended; only its parent has not asked yet. It answers to `kill` all the same.
  return { pid, startTicks, ended: state === 'Z' || state === 'X' };
}
