// The directory journal as its user meets it: what is on disk, who else may open it, what odd files do to it.

import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rename, rm, stat, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ConfigError, DirectoryJournal, type JournalRecord } from '../../src/index.js';
import { content, folders, jsonOf, mostOpen, opened, plant, record, workers } from './support.js';

const folder = folders();
const worker = workers();

const full: JournalRecord = record('full', {
  state: 'failed',
  taskId: 'task_1',
  fingerprint: 'f1',
  request: { prompt: 'a puppy — “café” 🐶\n', images: [{ url: 'https://c.example/a.png' }] },
  spentUsd: 0.5,
  costUsd: 0.42,
  error: { code: 'content_policy', message: 'no', kind: 'moderation', inputIndex: 1, hint: 'another picture' },
  files: [{ path: '/out/a.mp4', bytes: 12, sha256: 'ab', contentType: 'video/mp4' }],
});

describe('the first record', () => {
  test('constructing touches nothing; the first put makes the directory, for its owner alone', async () => {
    const directory = join(await folder(), 'deep', '.ima-journal');
    const { journal, warnings } = opened(directory);
    expect(await readdir(join(directory, '../..'))).toEqual([]);
    await journal.put(record('k1'));
    expect(await content(directory)).toEqual(['journal.json', 'k1.json']);
    expect(await jsonOf(join(directory, 'journal.json'))).toEqual({ format: 'ima-router journal', v: 1 });
    if (process.platform !== 'win32') {
      const modes = await Promise.all(
        ['..', '.', 'k1.json', 'journal.json'].map((name) => stat(join(directory, name))),
      );
      expect(modes.map(({ mode }) => (mode & 0o777).toString(8))).toEqual(['700', '700', '600', '600']);
    }
    expect(warnings).toEqual([]);
  });

  test('its file is read by people, and has room for an id', async () => {
    const directory = await folder();
    const journal = new DirectoryJournal(directory);
    await journal.put(record('k1'));
    const text = await readFile(join(directory, 'k1.json'), 'utf8');
    expect(text).toContain('\n  "state": "intent",\n');
    expect(JSON.parse(text)).toEqual(record('k1'));
    expect(text.length - text.trimEnd().length).toBeGreaterThan(1024);
    await journal.put(record('k1', { state: 'succeeded' }));
    expect(await readFile(join(directory, 'k1.json'), 'utf8')).toBe(
      `${JSON.stringify(record('k1', { state: 'succeeded' }), null, 2)}\n`,
    );
  });

  test('what the caller does with a record after the call is not written', async () => {
    const { journal } = opened(await folder());
    const mine = record('k1');
    const put = journal.put(mine);
    mine.state = 'succeeded';
    await put;
    expect(await journal.get('k1')).toEqual(record('k1'));
  });

  test('reading before there is anything finds nothing, and makes nothing', async () => {
    const directory = join(await folder(), 'journal');
    const journal = new DirectoryJournal(pathToFileURL(directory));
    expect(await journal.list()).toEqual([]);
    expect(await journal.get('k1')).toBeUndefined();
    await journal.delete('k1');
    await journal.release('k1');
    expect(await journal.prune()).toBe(0);
    expect(await readdir(join(directory, '..'))).toEqual([]);
    await journal.put(record('k1'));
    expect(await new DirectoryJournal(directory).list()).toHaveLength(1);
  });
});

test('docs/journal.md tells of each field of a record, and of no other', async () => {
  const page = await readFile(new URL('../../docs/journal.md', import.meta.url), 'utf8');
  const [, table = ''] = /\n\| field \| is \|\n\|---\|---\|\n((?:\|.*\n)+)/.exec(page) ?? [];
  const named = [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  expect(named.sort()).toEqual(Object.keys(full).sort());
});

describe('another instance', () => {
  test('reads what the first one wrote, with every field, also those that it does not know', async () => {
    const directory = await folder();
    await new DirectoryJournal(directory).put(full);
    await plant(directory, 'extra.json', JSON.stringify({ ...record('extra'), note: 'by hand' }));
    const { journal, warnings } = opened(directory);
    expect(await journal.get('full')).toEqual(full);
    expect(await journal.list()).toEqual([{ ...record('extra'), note: 'by hand' }, full]);
    expect(warnings).toEqual([]);
  });

  test('takes words that it does not know for “other” and “unknown”, and keeps the record', async () => {
    const directory = await folder();
    const odd = { ...full, modality: 'hologram', error: { message: 'x', kind: 'weather' } };
    await plant(directory, 'full.json', JSON.stringify(odd));
    const { journal, warnings } = opened(directory);
    expect(await journal.list()).toEqual([{ ...full, modality: 'other', error: { message: 'x', kind: 'unknown' } }]);
    expect(warnings).toEqual([]);
  });

  test('sees at once what others put, replace and delete', async () => {
    const directory = await folder();
    const [a, b] = [new DirectoryJournal(directory), new DirectoryJournal(directory)];
    const submitted = record('k1', { state: 'submitted', taskId: 't1' });
    await a.put(record('k1'));
    expect(await b.list({ state: 'intent' })).toEqual([record('k1')]);
    await a.put(submitted);
    expect(await b.list({ state: 'intent' })).toEqual([]);
    expect(await b.list({ taskId: 't1' })).toEqual([submitted]);
    await a.delete('k1');
    expect(await b.list()).toEqual([]);
    expect(await b.get('k1')).toBeUndefined();
  });

  test('lists the oldest first, by time and then by key, and by state, id and fingerprint', async () => {
    const directory = await folder();
    const journal = new DirectoryJournal(directory);
    const at = (key: string, createdAt: string, change: Partial<JournalRecord> = {}) =>
      record(key, { createdAt, ...change });
    const records = [
      at('b', '2026-11-01T10:00:00.000Z', { state: 'submitted', taskId: 't1', fingerprint: 'f' }),
      at('a', '2026-11-01T10:00:00.000Z', { fingerprint: 'f' }),
      at('c', '2026-11-01T09:00:00.000Z', { state: 'failed' }),
      // Half an hour before `c`, in another zone.
      at('d', '2026-11-01T11:30:00.000+03:00', { state: 'unknown' }),
    ];
    for (const one of records) await journal.put(one);
    for (const reader of [journal, new DirectoryJournal(directory)]) {
      const keys = async (filter = {}) => (await reader.list(filter)).map(({ key }) => key);
      expect(await keys()).toEqual(['d', 'c', 'a', 'b']);
      expect(await keys({ state: 'submitted' })).toEqual(['b']);
      expect(await keys({ fingerprint: 'f' })).toEqual(['a', 'b']);
      expect(await keys({ fingerprint: 'f', state: 'intent' })).toEqual(['a']);
      expect(await keys({ taskId: 't1', fingerprint: undefined })).toEqual(['b']);
      expect(await keys({ taskId: 'nobody' })).toEqual([]);
    }
  });
});

describe('many', () => {
  test('a thousand puts at once, each key twice: the last one of a key stays, and no temp file', async () => {
    const directory = await folder();
    const { journal, warnings } = opened(directory);
    const keys = Array.from({ length: 500 }, (_, index) => `k${index}`);
    await Promise.all(
      keys.flatMap((key) => [
        journal.put(record(key)),
        journal.put(record(key, { state: 'submitted', taskId: `t-${key}` })),
      ]),
    );
    expect((await journal.list({ state: 'submitted' })).map(({ key }) => key).sort()).toEqual([...keys].sort());
    expect(await content(directory)).toEqual(['journal.json', ...keys.map((key) => `${key}.json`)].sort());
    expect(warnings).toEqual([]);
  });

  test('files that have not changed are not read again, and those that have are', async () => {
    const directory = await folder();
    const records = Array.from({ length: 50 }, (_, index) => record(`k${index}`, { state: 'succeeded' }));
    for (const one of records) await plant(directory, `${one.key}.json`, JSON.stringify(one));
    // Files of the last moments may change without a trace: those are read twice.
    for (const { key } of records) await utimes(join(directory, `${key}.json`), 1_700_000_000, 1_700_000_000.5);
    const child = await worker(directory);
    const reads = async (filter: object) => {
      const { log } = await child.ask({ call: 'list', filter });
      expect(mostOpen(log, / k\d+\.json$/)).toBeLessThanOrEqual(32);
      return log.filter((line) => /^open \d+ k/.test(line));
    };
    expect(await reads({ state: 'submitted' })).toHaveLength(50);
    expect(await reads({ state: 'submitted' })).toEqual([]);
    expect(await reads({ state: 'succeeded' })).toHaveLength(50);
    await new DirectoryJournal(directory).put(record('k7', { state: 'submitted', taskId: 't7' }));
    expect(await reads({ taskId: 't7' })).toHaveLength(1);
    // One of its own, it knows already.
    await child.ask({ call: 'put', record: record('k8', { state: 'unknown', fingerprint: 'f8' }) });
    expect((await reads({ fingerprint: 'f9' })).filter((line) => line.endsWith('k8.json'))).toEqual([]);
    expect((await reads({ fingerprint: 'f8' })).filter((line) => line.endsWith('k8.json'))).toHaveLength(1);
    expect(await child.end()).toBe(0);
  });

  test('files that vanish while they are listed are no trouble', async () => {
    const directory = await folder();
    const { journal, warnings } = opened(directory);
    const keys = Array.from({ length: 200 }, (_, index) => `k${index}`);
    await Promise.all(keys.map((key) => journal.put(record(key, { state: 'succeeded' }))));
    const other = new DirectoryJournal(directory);
    await other.list();
    const [lists] = await Promise.all([
      Promise.all([other.list(), other.list(), other.list()]),
      ...keys.map((key) => journal.delete(key)),
    ]);
    expect(lists.every((list) => list.length <= 200)).toBe(true);
    expect(await other.list()).toEqual([]);
    expect(warnings).toEqual([]);
  });
});

describe('files that are no records', () => {
  const aliens: [string, string | Uint8Array][] = [
    ['empty', ''],
    ['torn', JSON.stringify(record('torn')).slice(0, 90)],
    ['zeroes', new Uint8Array(2000)],
    ['latin1', Buffer.from(JSON.stringify(record('latin1', { taskId: 'tâche' })), 'latin1')],
    ['alien', '{"name":"something else"}'],
    ['list', '[]'],
    ['other-key', JSON.stringify(record('k1'))],
    ['no-state', JSON.stringify({ ...record('no-state'), state: 'constructor' })],
    ['no-id', JSON.stringify({ ...record('no-id'), taskId: 7 })],
    ['no-files', JSON.stringify({ ...record('no-files'), files: [{ path: 1 }] })],
    ['no-error', JSON.stringify({ ...record('no-error'), error: 'x' })],
    ['v0', JSON.stringify({ ...record('v0'), v: 0 })],
    ['v-text', JSON.stringify({ ...record('v-text'), v: '2' })],
  ];

  test('are set aside one by one, told of once, and hide nothing', async () => {
    const directory = await folder();
    await new DirectoryJournal(directory).put(full);
    for (const [name, bytes] of aliens) await plant(directory, `${name}.json`, bytes);
    const { journal, warnings } = opened(directory);
    expect(await journal.list()).toEqual([full]);
    expect(await journal.list()).toEqual([full]);
    expect(warnings.map(({ file }) => file).sort()).toEqual(
      aliens.map(([name]) => join(directory, `${name}.json.corrupt`)).sort(),
    );
    for (const { code, message } of warnings) {
      expect(code).toBe('journal_corrupt');
      expect(message).toMatch(/^[\w-]+\.json in the journal is no record \(.+\)\. It was set aside/);
    }
    for (const [name, bytes] of aliens) {
      expect(await readFile(join(directory, `${name}.json.corrupt`))).toEqual(Buffer.from(bytes));
    }
  });

  test('are noticed by `get` too: what was bought under that key is not known, until somebody deletes it', async () => {
    const directory = await folder();
    const { journal, warnings } = opened(directory);
    await journal.put(record('k1'));
    await plant(directory, 'k1.json', '{"v":1,');
    for (let time = 1; time <= 2; time++) {
      await expect(journal.get('k1')).rejects.toMatchObject({
        code: 'journal_torn',
        hint: expect.stringContaining("journal.delete('k1')"),
      });
    }
    expect(warnings).toMatchObject([{ file: join(directory, 'k1.json.corrupt') }]);
    await journal.delete('k1');
    expect(await content(directory)).toEqual(['journal.json']);
    expect(await journal.get('k1')).toBeUndefined();
    await journal.put(full);
    await journal.put(record('k1'));
    expect(await journal.get('k1')).toEqual(record('k1'));
  });

  test('never replace one that was set aside before', async () => {
    const directory = await folder();
    const { journal, warnings } = opened(directory);
    for (const text of ['one', 'two', 'three']) {
      await plant(directory, 'k1.json', text);
      expect(await journal.list()).toEqual([]);
    }
    expect(await readFile(join(directory, 'k1.json.corrupt'), 'utf8')).toBe('one');
    expect(await readFile(join(directory, 'k1.json.corrupt.2'), 'utf8')).toBe('two');
    expect(await readFile(join(directory, 'k1.json.corrupt.3'), 'utf8')).toBe('three');
    expect(warnings).toHaveLength(3);
    const later = opened(directory);
    await later.journal.list();
    expect(later.warnings).toEqual([]);
  });

  test('that are no files at all do not stop it: a folder, a pipe, a dead link', async () => {
    const directory = await folder();
    const { journal, warnings } = opened(directory);
    await journal.put(full);
    await mkdir(join(directory, 'folder.json'));
    if (process.platform !== 'win32') {
      execFileSync('mkfifo', [join(directory, 'pipe.json')]);
      await symlink(join(directory, 'nowhere'), join(directory, 'link.json'));
    }
    expect(await journal.list()).toEqual([full]);
    await expect(journal.get('pipe')).rejects.toMatchObject({ code: 'journal_torn' });
    const odd = process.platform === 'win32' ? ['folder'] : ['folder', 'pipe'];
    expect(warnings.map(({ file }) => file).sort()).toEqual(odd.map((name) => join(directory, `${name}.json.corrupt`)));
  });

  test('other files are left alone: visible ones are told of once, hidden ones and our own never', async () => {
    const directory = await folder();
    const { journal, warnings } = opened(directory);
    await journal.put(full);
    await journal.claim('full');
    for (const name of ['notes.txt', '.DS_Store', '.gitignore']) await plant(directory, name, 'x');
    await journal.list();
    await journal.list();
    expect(warnings).toEqual([
      {
        code: 'journal_corrupt',
        message: "notes.txt in the journal is not the journal's, and is left alone.",
        file: join(directory, 'notes.txt'),
      },
    ]);
    expect(await readFile(join(directory, 'notes.txt'), 'utf8')).toBe('x');
  });

  test('are kept in mind until somebody listens; a listener that throws breaks nothing', async () => {
    const directory = await folder();
    await plant(directory, 'k1.json', '');
    await plant(directory, 'notes.txt', '');
    const journal = new DirectoryJournal(directory);
    expect(await journal.list()).toEqual([]);
    const heard: unknown[] = [];
    journal.report(() => {
      throw new Error('not me');
    });
    journal.report((warning) => heard.push(warning.file));
    expect(heard).toEqual([]);
    await plant(directory, 'k2.json', '');
    await journal.list();
    expect(heard).toEqual([join(directory, 'k2.json.corrupt')]);
    const another = new DirectoryJournal(directory);
    await another.list();
    const late: unknown[] = [];
    another.report((warning) => late.push(warning.file));
    expect(late).toEqual([join(directory, 'notes.txt')]);
  });

  test('that cannot be set aside are told of once, and not read again', async () => {
    const directory = await folder();
    await new DirectoryJournal(directory).put(full);
    const torn = await plant(directory, 'torn.json', '{');
    await utimes(torn, 1_700_000_000, 1_700_000_000.5);
    const child = await worker(directory);
    await child.ask({ call: 'fault', faults: [{ call: 'rename', name: 'torn', code: 'EROFS', times: 9 }] });
    const first = await child.ask({ call: 'list' });
    expect(first.value).toEqual([full]);
    expect(first.warnings).toMatchObject([{ code: 'journal_corrupt', file: torn }]);
    expect(first.warnings[0]?.message).toContain('could not be set aside');
    const second = await child.ask({ call: 'list' });
    expect(second).toMatchObject({ value: [full], warnings: [] });
    expect(second.log.filter((line) => line.includes('torn'))).toEqual([]);
    await child.end();
  });

  test('that somebody was just writing over are looked at once more: whole now, they are records', async () => {
    const directory = await folder();
    await new DirectoryJournal(directory).put(record('k0'));
    await plant(directory, 'full.json', '{"v":');
    const child = await worker(directory);
    await child.ask({ call: 'swap', name: 'full.json', at: 2, content: JSON.stringify(full) });
    expect(await child.ask({ call: 'list' })).toMatchObject({ value: [full, record('k0')], warnings: [] });
    expect(await content(directory)).toEqual(['full.json', 'journal.json', 'k0.json']);
    await child.end();
  });

  test('that their owner replaced in the last moment go back to their place, unless there is a newer one', async () => {
    const directory = await folder();
    await plant(directory, 'full.json', '{"v":');
    const child = await worker(directory);
    await child.ask({ call: 'swap', name: 'full.json.corrupt', at: 1, content: JSON.stringify(full) });
    expect(await child.ask({ call: 'list' })).toMatchObject({ value: [full], warnings: [] });
    expect(await content(directory)).toEqual(['full.json']);
    expect(await jsonOf(join(directory, 'full.json'))).toEqual(full);
    await child.end();
  });

  test('one that may not be read is told of, and hides nothing; it is no record that is lost', async () => {
    const directory = await folder();
    await new DirectoryJournal(directory).put(full);
    await new DirectoryJournal(directory).put(record('secret'));
    const child = await worker(directory);
    await child.ask({ call: 'fault', faults: [{ call: 'open', name: 'secret', code: 'EACCES', times: 1 }] });
    const { value, warnings } = await child.ask({ call: 'list' });
    expect(warnings).toMatchObject([{ file: join(directory, 'secret.json') }]);
    expect(value).toEqual([full, record('secret')]);
    await child.end();
  });

  test('in a directory where somebody works nothing is renamed: it was named by mistake', async () => {
    const directory = await folder();
    await plant(directory, 'package.json', '{"name":"mine"}');
    const { journal, warnings } = opened(directory);
    for (const call of [journal.list(), journal.put(full), journal.claim('full'), journal.prune()]) {
      const error = await call.catch((failure: unknown) => failure);
      expect(error).toBeInstanceOf(ConfigError);
      expect(error).toMatchObject({ code: 'journal_unavailable', phase: 'config' });
      expect(String(error)).toContain("is a project's directory");
    }
    expect(await content(directory)).toEqual(['package.json']);
    expect(warnings).toEqual([]);
  });
});

describe('a newer version', () => {
  const newer: [string, string][] = [
    ['journal.json', JSON.stringify({ format: 'ima-router journal', v: 2 })],
    ['k2.json', JSON.stringify({ ...record('k2'), v: 2 })],
    ['k2.json', JSON.stringify({ v: 3, shape: 'unheard of' })],
  ];
  test.each(newer)('in %s: every call is refused, and nothing is changed', async (name, text) => {
    const directory = await folder();
    await new DirectoryJournal(directory).put(full);
    await plant(directory, name, text);
    await plant(directory, 'torn.json', '{');
    const before = await content(directory);
    const { journal, warnings } = opened(directory);
    const calls = [
      () => journal.put(record('k3')),
      () => journal.get('full'),
      () => journal.list(),
      () => journal.delete('full'),
      () => journal.claim('full'),
      () => journal.release('full'),
      () => journal.prune({ olderThanDays: 0 }),
    ];
    for (const call of calls) {
      const error = await call().catch((failure: unknown) => failure);
      expect(error).toBeInstanceOf(ConfigError);
      expect(error).toMatchObject({ code: 'journal_too_new', phase: 'config', mayBeBilled: false });
      expect(String(error)).toMatch(/version [23] of the journal; this version of the package knows 1/);
      expect(String(error)).toContain(join(directory, name));
      expect(error).toHaveProperty('hint', expect.stringContaining('Update the package'));
    }
    expect(await content(directory)).toEqual(before);
    expect(warnings).toEqual([]);
  });

  test('that comes while we work is noticed before the next intent, and by every look at it', async () => {
    const directory = await folder();
    const { journal } = opened(directory);
    const begun = record('begun');
    await journal.put(full);
    await journal.put(begun);
    const other = opened(directory).journal;
    await other.list();
    await plant(directory, 'journal.json', JSON.stringify({ format: 'ima-router journal', v: 2 }));
    await expect(journal.put(record('k1'))).rejects.toMatchObject({ code: 'journal_too_new' });
    await expect(other.list()).rejects.toMatchObject({ code: 'journal_too_new' });
    await expect(other.get('full')).rejects.toMatchObject({ code: 'journal_too_new' });
    // What was begun before is paid: it is brought to its end.
    await journal.put({ ...begun, state: 'submitted', taskId: 't1' });
    // The user went back.
    await plant(directory, 'journal.json', JSON.stringify({ format: 'ima-router journal', v: 1 }));
    await journal.put(record('k1'));
    expect(await other.list()).toHaveLength(3);
    expect(await other.get('begun')).toMatchObject({ state: 'submitted', taskId: 't1' });
  });

  test('that makes the directory after we found none keeps its mark', async () => {
    const directory = join(await folder(), 'journal');
    const { journal } = opened(directory);
    expect(await journal.list()).toEqual([]);
    await mkdir(directory);
    await plant(directory, 'journal.json', JSON.stringify({ format: 'ima-router journal', v: 2 }));
    await expect(journal.put(record('k1'))).rejects.toMatchObject({ code: 'journal_too_new' });
    expect(await content(directory)).toEqual(['journal.json']);
  });

  test('a mark that is torn, or of something else, is set aside and made anew', async () => {
    const directory = await folder();
    await new DirectoryJournal(directory).put(full);
    await plant(directory, 'journal.json', '{"format":"diary","v":1}');
    const { journal, warnings } = opened(directory);
    await journal.put(record('k1'));
    expect(warnings).toMatchObject([{ file: join(directory, 'journal.json.corrupt') }]);
    expect(await jsonOf(join(directory, 'journal.json'))).toEqual({ format: 'ima-router journal', v: 1 });
    expect(await journal.list()).toHaveLength(2);
  });
});

describe('a directory that goes', () => {
  test('removed while we work, it is made again: for an intent, for an id, for a claim', async () => {
    for (const call of ['intent', 'submitted', 'claim'] as const) {
      const directory = join(await folder(), 'journal');
      const { journal } = opened(directory);
      await journal.put(record('k0'));
      await journal.claim('k0');
      await rm(directory, { recursive: true });
      if (call === 'claim') expect(await journal.claim('k1')).toBe(true);
      else await journal.put(record('k1', { state: call }));
      expect(await jsonOf(join(directory, 'journal.json'))).toEqual({ format: 'ima-router journal', v: 1 });
      expect((await journal.list()).map(({ key }) => key)).toEqual(call === 'claim' ? [] : ['k1']);
    }
  });

  test('moved elsewhere, it is as it was', async () => {
    const base = await folder();
    const { journal } = opened(join(base, 'a'));
    await journal.put(full);
    await rename(join(base, 'a'), join(base, 'b'));
    expect(await opened(join(base, 'b')).journal.list()).toEqual([full]);
    expect(await journal.list()).toEqual([]);
  });
});

describe('bad input', () => {
  test.each<[string, unknown]>([
    ['an empty path', ''],
    ['blanks', '  '],
    ['a NUL', 'a\0b'],
    ['a web address', new URL('https://example.com/journal')],
    ['a web address as text', 'https://example.com/journal'],
    ['a file URL as text', 'file:///tmp/journal'],
    ['nothing', undefined],
    ['a number', 7],
  ])('%s is no directory', (_, directory) => {
    const construct = () => Reflect.construct(DirectoryJournal, [directory]);
    expect(construct).toThrow(ConfigError);
    expect(construct).toThrow(expect.objectContaining({ code: 'bad_option', param: 'directory', phase: 'config' }));
  });

  test.each([-1, Number.NaN, '30', {}])('keepDays %s', async (keepDays) => {
    const construct = () => Reflect.construct(DirectoryJournal, ['somewhere', { keepDays }]);
    expect(construct).toThrow(expect.objectContaining({ code: 'bad_option', param: 'keepDays' }));
    const journal = new DirectoryJournal(await folder());
    const pruned = Reflect.apply(journal.prune, journal, [{ olderThanDays: keepDays }]);
    await expect(pruned).rejects.toMatchObject({ code: 'bad_option', param: 'olderThanDays' });
  });

  test.each(['', '../k', 'a/b', 'a\\b', 'a.b', 'a b', 'é', 'k\0', 'x'.repeat(129), 'journal'])(
    '%j is no key and no name',
    async (key) => {
      const directory = join(await folder(), 'journal');
      const journal = new DirectoryJournal(directory);
      const calls = [
        journal.put(record(key)),
        journal.get(key),
        journal.delete(key),
        journal.claim(key),
        journal.release(key),
      ];
      for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'bad_option', param: 'key' });
      await expect(readdir(directory)).rejects.toThrow('ENOENT');
    },
  );

  test.each<[string, object]>([
    ['of a state that nobody knows', { state: 'paused' }],
    ['of another version', { v: 2 }],
    ['with a cost that JSON cannot hold', { costUsd: Number.NaN }],
    ['without a model', { model: undefined }],
    ['too large to be read back', { request: { prompt: 'x'.repeat(17 * 1024 * 1024) } }],
  ])('a record %s is refused, for it would be set aside when it is read', async (_, change) => {
    const directory = join(await folder(), 'journal');
    const journal = new DirectoryJournal(directory);
    await expect(journal.put(Object.assign(record('k1'), change))).rejects.toMatchObject({ code: 'bad_option' });
    await expect(readdir(directory)).rejects.toThrow('ENOENT');
  });

  test('a file URL that no path can be made of is told at the first call', async () => {
    const journal = new DirectoryJournal(new URL('file:///tmp/a%2Fb'));
    await expect(journal.list()).rejects.toMatchObject({ code: 'bad_option', param: 'directory' });
  });
});

describe('a place where nothing can be written', () => {
  test('a file in the way, above or there: the intent is refused, with a hint', async () => {
    const base = await folder();
    const file = await plant(base, 'file', 'x');
    for (const directory of [file, join(file, 'journal')]) {
      const { journal } = opened(directory);
      const error = await journal.put(record('k1')).catch((failure: unknown) => failure);
      expect(error).toBeInstanceOf(ConfigError);
      expect(error).toMatchObject({ code: 'journal_unavailable', phase: 'config', mayBeBilled: false });
      expect(error).toHaveProperty(
        'hint',
        `A part of ${directory} is a file: give the journal a directory of its own.`,
      );
      expect(error).toHaveProperty('cause.code', expect.stringMatching(/ENOTDIR|EEXIST/));
      await expect(journal.list()).rejects.toMatchObject({ code: 'journal_unavailable' });
    }
    expect(await readFile(file, 'utf8')).toBe('x');
  });

  test.skipIf(process.platform !== 'linux')('below /proc, where `mkdir -p` never ends', async () => {
    const { journal } = opened('/proc/ima/journal');
    await expect(journal.put(record('k1'))).rejects.toMatchObject({ code: 'journal_unavailable' });
  });

  test('what could not be made once is tried again with the next call', async () => {
    const base = await folder();
    const file = await plant(base, 'journal', 'x');
    const { journal } = opened(file);
    await expect(journal.put(record('k1'))).rejects.toMatchObject({ code: 'journal_unavailable' });
    await rename(file, join(base, 'elsewhere'));
    await journal.put(record('k1'));
    expect(await journal.list()).toEqual([record('k1')]);
  });
});
