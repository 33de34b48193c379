// A process that saves one result and says what came of it, in one line of JSON; it may be told at which file call to die.

import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { type DownloadOptions, ImaRouter, ImaRouterError } from '../../src/index.js';

/** What it is told, as the only argument. */
export interface Errand {
  gateway: string;
  target: string;
  options?: Pick<DownloadOptions, 'idleTimeoutMs' | 'keepPart' | 'name' | 'overwrite'>;
  /** Whom it becomes; root is stopped by no permission. */
  uid?: number;
  /** Kills itself before this call to the file system, from the download on. 0 or nothing: never. */
  dieAt?: number;
}

export interface Report {
  path?: string;
  sha256?: string;
  code?: string;
  message?: string;
  retryable?: boolean;
  /** Calls to the file system. */
  calls: number;
}

const { gateway, target, options, uid, dieAt = 0 }: Errand = JSON.parse(process.argv[2] ?? '{}');
if (uid !== undefined) {
  process.setgroups?.([]);
  process.setgid?.(uid);
  process.setuid?.(uid);
}

let calls = 0;
/** `call`, before which this process may die: nothing runs then, no handler, no flush. */
function deadly<Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) {
  return async function (this: unknown, ...args: Args): Promise<Result> {
    calls++;
    if (calls === dieAt) process.kill(process.pid, 'SIGKILL');
    return Reflect.apply(call, this, args);
  };
}

const probe = await fs.open('/dev/null', 'r');
const handles: object = Object.getPrototypeOf(probe);
await probe.close();

const ima = new ImaRouter({
  apiKey: 'sk-test-0123456789',
  baseUrl: gateway,
  poll: { minMs: 10, maxMs: 60, perSecond: 1000 },
  retry: { baseMs: 1, capMs: 5 },
});
const result = await ima.task('t1', { model: 'gemini-2.5-flash-image' }).result();

for (const name of ['write', 'writev', 'writeFile', 'read', 'sync', 'truncate', 'stat', 'close']) {
  Reflect.set(handles, name, deadly(Reflect.get(handles, name)));
}
for (const name of ['open', 'rename', 'link', 'rm', 'writeFile', 'readFile', 'stat', 'lstat', 'mkdir', 'utimes']) {
  Reflect.set(fs, name, deadly(Reflect.get(fs, name)));
}
syncBuiltinESMExports();

let report: Omit<Report, 'calls'>;
try {
  const [file] = await result.download(target, options);
  report = { path: file?.path ?? '', sha256: file?.sha256 ?? '' };
} catch (error) {
  if (!ImaRouterError.is(error)) throw error;
  const { code, message, retryable } = error;
  report = { code, message, retryable };
}
console.log(JSON.stringify({ ...report, calls } satisfies Report));
// A socket that is kept for later would hold the process for some seconds.
process.exit(0);
