// `npm run spec:diff` as a command: two sides named as files or revisions, three forms, and an exit code that tells the class.
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { readSide } from '../../scripts/diff/source.js';
import { isObject, readJson, writeJson, writeYaml } from '../../scripts/spec/json.js';
import { mergeAliases } from '../../scripts/spec/merge.js';
import { edits } from './diff-corpus.js';
import { Place } from './diff-edits.js';
import { document, FROZEN, gateway, temporaryDir } from './helpers.js';

interface Run {
  code: number;
  stdout: string;
  stderr: string;
}

const run = (...options: string[]): Promise<Run> =>
  promisify(execFile)(process.execPath, ['--import', 'tsx', 'scripts/spec-diff.ts', ...options]).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }: Run) => ({ code, stdout, stderr }),
  );

const ADDITIVE = 'an optional header is added';
const BREAKING = 'a limit is tightened';

/** A document with the edits of these names. */
async function documentWith(file: string, ...names: string[]): Promise<string> {
  const place = new Place(mergeAliases(await document(FROZEN)));
  for (const { name, edit } of edits) if (names.includes(name)) edit(place);
  await writeFile(file, writeYaml(place.value));
  return file;
}

test('0 where nothing changed, 10 where something is added, 20 where something breaks, 1 for wrong use', async () => {
  const dir = await temporaryDir();
  const additive = await documentWith(join(dir, 'additive.yaml'), ADDITIVE);
  const breaking = await documentWith(join(dir, 'breaking.yaml'), ADDITIVE, BREAKING);
  const runs = await Promise.all([
    run('--from', 'HEAD:openapi/en.import.yaml', '--to', 'HEAD:openapi/en.import.yaml'),
    run('--from', FROZEN, '--to', additive),
    run('--from', FROZEN, '--to', breaking, '--json'),
    run('--from', FROZEN, '--to', join(dir, 'none.yaml')),
    run('--surprise'),
  ]);
  expect(runs.map(({ code }) => code)).toEqual([0, 10, 20, 1, 1]);
  const [nothing, added, broken, missing] = runs;
  expect(nothing?.stdout).toMatch(/: nothing changed\.\n$/);
  expect(added?.stdout).toBe(
    [
      'ima-router 1.5.17 (the version did not move): additive (0 breaking, 1 additive, 0 cosmetic).',
      '',
      'Additive',
      '  POST /v1/videos: header `x-priority` is a new optional parameter',
      '',
    ].join('\n'),
  );
  expect(readJson(broken?.stdout ?? '', 'stdout')).toMatchObject({
    verdict: 'breaking',
    exitCode: 20,
    counts: { breaking: 1, additive: 1 },
    changes: [{ class: 'breaking', area: 'request', endpoints: ['POST /v1/videos'] }, { class: 'additive' }],
  });
  expect(missing?.stderr).toMatch(/^spec:diff failed: .*none\.yaml does not exist\./);
  expect(missing?.stdout).toBe('');
  // Five processes, each of which compiles the scripts.
}, 60_000);

test('a side takes the date of the lock beside it, if that lock is about it', async () => {
  const dir = join(await temporaryDir(), 'openapi');
  await mkdir(dir);
  const file = await documentWith(join(dir, 'en.import.yaml'));
  expect((await readSide(file, gateway)).breakingChangesSince).toBeUndefined();
  const lock = { gateway: 'ima-router', specVersion: '1', breakingChangesSince: '2026-05-13' };
  await writeFile(join(dir, 'sources.lock.json'), writeJson({ ...lock, files: { 'other.yaml': {} } }));
  expect((await readSide(file, gateway)).breakingChangesSince).toBeUndefined();
  await writeFile(join(dir, 'sources.lock.json'), writeJson({ ...lock, files: { 'en.import.yaml': {} } }));
  expect((await readSide(file, gateway)).breakingChangesSince).toBe('2026-05-13');
  const committed = await readSide('HEAD:openapi/en.import.yaml', gateway);
  expect(committed.breakingChangesSince).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  expect(isObject(committed.index)).toBe(true);
});

test('a side that is not there is one clear sentence', async () => {
  await expect(readSide('HEAD:openapi/none.yaml', gateway)).rejects.toThrow(
    /^HEAD:openapi\/none\.yaml does not exist\./,
  );
  await expect(readSide('no-such-revision:openapi/en.yaml', gateway)).rejects.toThrow(/could not be read from git/);
  await expect(readSide('--output=x:openapi/en.yaml', gateway)).rejects.toThrow(/is no revision of git/);
});
