// A process that works on a journal as it is told, line by line, and tells what it asked of the file system.

import { writeFileSync } from 'node:fs';
import fs, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { DirectoryJournal } from '../../src/tasks/directory-journal.js';
import type { JournalFilter, JournalRecord } from '../../src/tasks/journal.js';

/** From now on `call` fails with `code`, for files whose names match `name`, `times` times. */
export interface Fault {
  call: 'open' | 'write' | 'sync' | 'rename' | 'link';
  /** Of `open`: with these flags only. */
  flags?: string;
  name?: string;
  code: string;
  times?: number;
}

export type Step =
  | { call: 'put'; record: JournalRecord }
  | { call: 'get' | 'delete' | 'claim' | 'release'; key: string }
  | { call: 'list'; filter?: JournalFilter }
  /** Claims all of `names`, from `startAt` on (milliseconds since 1970), so that several begin together. */
  | { call: 'race'; names: string[]; startAt: number }
  | { call: 'prune' }
  /** The file `name` has this content when it is opened for the time number `at` from now. */
  | { call: 'swap'; name: string; at: number; content: string }
  | { call: 'puts'; records: JournalRecord[] }
  | { call: 'fault'; faults: Fault[] }
  /** From now on an fsync of the directory takes this long. */
  | { call: 'slow'; ms: number };

export interface Answer {
  value?: unknown;
  error?: { name: string; code: string; message: string; hint: string; cause?: string | undefined };
  /** What was asked of the file system meanwhile, and `resolved` where the call was over. */
  log: string[];
  warnings: { code: string; message: string; file?: unknown }[];
}

const [directory = '', uid, gid] = process.argv.slice(2);
// Not by `spawn`: whoever it becomes need not have the right to the program itself.
if (uid !== undefined && gid !== undefined) {
  process.setgroups?.([]);
  process.setgid?.(Number(gid));
  process.setuid?.(Number(uid));
}
let log: string[] = [];
let warnings: Answer['warnings'] = [];
let faults: Fault[] = [];
let slowMs = 0;
let swap: { name: string; at: number; content: string } | undefined;

function strike(call: Fault['call'], name: string, flags = ''): void {
  const fault = faults.find(
    (one) =>
      one.call === call &&
      (one.times ?? 1) > 0 &&
      (one.flags === undefined || one.flags === flags) &&
      new RegExp(one.name ?? '').test(name),
  );
  if (fault === undefined) return;
  if (fault.times !== undefined) fault.times--;
  throw Object.assign(new Error(`${fault.code}: a fault of the test, ${call} '${name}'`), { code: fault.code });
}

/** Temp files have names of their own each time. */
function shown(path: unknown): string {
  return basename(String(path)).replace(/^\.([\w-]+)\..*\.tmp$/, '$1.tmp');
}

const paths = new WeakMap<object, string>();
const { open, rename, link } = fs;
fs.open = async (path, flags, mode) => {
  log.push(`open ${flags} ${shown(path)}`);
  strike('open', String(path), String(flags));
  if (swap !== undefined && basename(String(path)) === swap.name && --swap.at === 0)
    writeFileSync(String(path), swap.content);
  const handle = await open(path, flags, mode);
  paths.set(handle, String(path));
  // Not on the prototype, as the others are.
  const close = handle.close.bind(handle);
  handle.close = async () => {
    log.push(`close ${shown(path)}`);
    return close();
  };
  return handle;
};
fs.rename = async (from, to) => {
  log.push(`rename ${shown(from)} ${shown(to)}`);
  strike('rename', String(from));
  return rename(from, to);
};
fs.link = async (from, to) => {
  log.push(`link ${shown(from)} ${shown(to)}`);
  strike('link', String(from));
  return link(from, to);
};
syncBuiltinESMExports();

const probe = await open(process.argv[1] ?? '', 'r');
const handles: FileHandle = Object.getPrototypeOf(probe);
await probe.close();
const { sync, writeFile, write } = handles;
handles.sync = async function (this: FileHandle) {
  const path = paths.get(this) ?? '';
  strike('sync', path);
  if (path === directory) await new Promise((resolve) => setTimeout(resolve, slowMs));
  await sync.call(this);
  log.push(`sync ${shown(path)}`);
};
handles.writeFile = async function (this: FileHandle, data, options) {
  const path = paths.get(this) ?? '';
  log.push(`write ${shown(path)}`);
  strike('write', path);
  return writeFile.call(this, data, options);
};
// `write` is overloaded: what it is called with goes through as it is.
Object.defineProperty(handles, 'write', {
  async value(this: FileHandle, ...given: unknown[]) {
    const path = paths.get(this) ?? '';
    log.push(`write ${shown(path)}`);
    strike('write', path);
    return Reflect.apply(write, this, given);
  },
});

const journal = new DirectoryJournal(directory);
journal.report(({ code, message, file }) => warnings.push({ code, message, file }));

async function done(step: Step): Promise<unknown> {
  switch (step.call) {
    case 'put':
      return journal.put(step.record);
    case 'puts':
      return Promise.all(step.records.map((one) => journal.put(one)));
    case 'list':
      return journal.list(step.filter);
    case 'fault':
      faults = step.faults;
      return undefined;
    case 'swap':
      swap = { ...step };
      return undefined;
    case 'slow':
      slowMs = step.ms;
      return undefined;
    case 'prune':
      return journal.prune();
    case 'race': {
      while (Date.now() < step.startAt);
      const won: string[] = [];
      await Promise.all(step.names.map(async (name) => (await journal.claim(name)) && won.push(name)));
      return won;
    }
    default:
      return journal[step.call](step.key);
  }
}

for await (const line of createInterface(process.stdin)) {
  const step: Step = JSON.parse(line);
  let answer: Pick<Answer, 'value' | 'error'>;
  try {
    answer = { value: await done(step) };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const { code, hint, cause } = { code: '', hint: '', ...error, cause: error.cause };
    answer = {
      error: {
        name: error.name,
        code,
        message: error.message,
        hint,
        cause: cause === undefined ? undefined : String(cause),
      },
    };
  }
  log.push('resolved');
  process.stdout.write(`${JSON.stringify({ ...answer, log, warnings } satisfies Answer)}\n`);
  log = [];
  warnings = [];
}
