// What `npm run spec:pull` does: fetch or read, check, derive what the vendor does not publish, and only then touch the disk.
import { basename, join } from 'node:path';
import { readModelIndex } from '../../src/catalog/index.js';
import type { GatewayConfig } from '../gateways.js';
import { checkDocument, checkEntryPage, checkJson } from './check.js';
import { type FetchOptions, fetchFile, type KnownCopy, type Validators } from './fetch-file.js';
import { digest, putInPlace, readText } from './files.js';
import { type JsonObject, writeJson, writeYaml } from './json.js';
import { LOCK_FILE, type Lock, type LockEntry, lockText, readLock } from './lock.js';
import { hasAliasPaths, mergeAliases } from './merge.js';
import { deriveModelIndex, modelIndexSchema } from './models.js';
import { serversOf, specVersionOf } from './operations.js';
import { deriveTestCases } from './test-cases.js';
import { checkAgainst, checkEnd } from './whole.js';

export interface PullOptions extends FetchOptions {
  gateway: GatewayConfig;
  /** The folder that holds the files, `openapi/` as a rule. */
  dir: string;
  /** A file or URL with the document in either form, instead of the vendor's files. */
  from?: string | undefined;
  /** The address to note for a local `from`. */
  origin?: string | undefined;
  /** Another origin for the vendor's files. */
  base?: string | undefined;
  /** Take a document that has lost more of the copy in `dir` than is plausible. */
  allowShrink?: boolean | undefined;
  log?: (line: string) => void;
  now?: () => Date;
}

export interface PullResult {
  /** Names of the files that are different now; empty when everything was up to date. */
  changed: string[];
  lock: Lock;
}

const FILES = {
  aliasForm: 'en.yaml',
  importForm: 'en.import.yaml',
  modelIndex: 'model-index.json',
  modelIndexSchema: 'model-index.schema.json',
  testCases: 'test-cases.json',
  entryPage: 'llms.txt',
} as const;
export const SPEC_FILES = FILES;

/** Brings `dir` up to date. Any trouble throws one clear sentence and leaves `dir` as it was. */
export async function pull(options: PullOptions): Promise<PullResult> {
  const log = options.log ?? (() => {});
  const before = await readLock(options.dir);
  const session = new Session(options, before, log);
  try {
    if (options.from !== undefined) await pullOne(session, options.from);
    else await pullPublished(session, options);
  } catch (error) {
    throw new Error(
      `${error instanceof Error ? error.message : String(error)} Nothing under ${options.dir} was changed.`,
    );
  }
  return await session.commit();
}

/** `--from`: one document; everything else is derived from it. */
async function pullOne(session: Session, from: string): Promise<void> {
  const form = /\.import\.(?:ya?ml|json)$/i.test(withoutQuery(from)) ? 'import' : 'either';
  const read = await session.read(from);
  const document = checkDocument(read.text, from, form);
  const name = hasAliasPaths(document) ? FILES.aliasForm : FILES.importForm;
  await session.checkWhole(name, read.text, document, from);
  session.keep(name, read.text, read.entry, isUrl(from));
  if (name === FILES.aliasForm) {
    const merged = mergeAliases(document);
    session.derive(FILES.importForm, writeYaml(merged), FILES.aliasForm);
    deriveRest(session, merged);
  } else {
    deriveRest(session, mergeAliases(document));
    await session.dropOtherVersion(FILES.aliasForm);
  }
}

/** The vendor's own files. Only the import form is indispensable. */
async function pullPublished(session: Session, { gateway, base }: PullOptions): Promise<void> {
  if (gateway.published === undefined) {
    throw new Error(`${gateway.name} publishes no document: ${gateway.document} is written here, by hand.`);
  }
  const { files, origin } = gateway.published;
  const url = (path: string): string => new URL(path, base ?? origin).href;

  const importUrl = url(files.importForm);
  const text = await session.fetch(FILES.importForm, importUrl);
  if (text === undefined) {
    throw new Error(
      `${importUrl} does not exist (HTTP 404). Look for the new address on ${url(files.entryPage)}, or pass --from.`,
    );
  }
  const published = checkDocument(text, importUrl, 'import');
  await session.checkWhole(FILES.importForm, text, published, importUrl);
  const document = mergeAliases(published);
  session.specVersion = specVersionOf(document);

  const aliasUrl = url(files.aliasForm);
  const aliasText = await session.fetch(FILES.aliasForm, aliasUrl);
  if (aliasText === undefined) session.note(FILES.aliasForm, 'is not published');
  else await session.checkWhole(FILES.aliasForm, aliasText, checkDocument(aliasText, aliasUrl, 'either'), aliasUrl);
  await session.dropOtherVersion(FILES.aliasForm);

  const pageUrl = url(files.entryPage);
  const page = await session.fetch(FILES.entryPage, pageUrl);
  if (page === undefined)
    session.note(FILES.entryPage, 'is not published; the date of breaking changes stays as it was');
  else {
    session.breakingChangesSince = checkEntryPage(page, pageUrl);
    if (session.breakingChangesSince === null) session.note(FILES.entryPage, 'has no "Breaking changes since" date');
  }

  const index = await session.fetch(FILES.modelIndex, url(files.modelIndex));
  if (index !== undefined)
    readModelIndex(checkJson(index, url(files.modelIndex)), url(files.modelIndex), serversOf(document));
  const schema = await session.fetch(FILES.modelIndexSchema, url(files.modelIndexSchema));
  if (schema !== undefined) checkJson(schema, url(files.modelIndexSchema));
  const cases = await session.fetch(FILES.testCases, url(files.testCases));
  if (cases !== undefined) checkJson(cases, url(files.testCases));
  deriveRest(session, document, {
    modelIndex: index === undefined,
    // Our schema describes our index; beside the vendor's index it would only mislead.
    modelIndexSchema: schema === undefined && index === undefined,
    testCases: cases === undefined,
  });
  if (index !== undefined && schema === undefined) session.dropDerived(FILES.modelIndexSchema);
}

function deriveRest(
  session: Session,
  document: JsonObject,
  wanted = { modelIndex: true, modelIndexSchema: true, testCases: true },
): void {
  const source = FILES.importForm;
  session.specVersion = specVersionOf(document);
  if (wanted.modelIndex) {
    session.derive(FILES.modelIndex, writeJson(deriveModelIndex(document, session.options.gateway, source)), source);
  }
  if (wanted.modelIndexSchema) session.derive(FILES.modelIndexSchema, writeJson(modelIndexSchema), source);
  if (wanted.testCases) {
    session.derive(FILES.testCases, writeJson(deriveTestCases(document, session.specVersion, source)), source);
  }
}

const isUrl = (text: string): boolean => /^https?:\/\//i.test(text);
const withoutQuery = (text: string): string => text.split(/[?#]/)[0] ?? text;

const validatorsOf = ({ etag, lastModified }: Validators): Validators => ({
  ...(etag === undefined ? {} : { etag }),
  ...(lastModified === undefined ? {} : { lastModified }),
});

const originOf = (origin: string, answer: Validators): Partial<LockEntry> => ({ origin, ...validatorsOf(answer) });

/** The document in `text`; undefined where it is none: then there is nothing to compare with. */
function readable(text: string, where: string): JsonObject | undefined {
  try {
    return checkDocument(text, where, 'either');
  } catch {
    return undefined;
  }
}

/** What one pull has gathered so far; nothing of it is on disk before `commit`. */
class Session {
  specVersion: string;
  breakingChangesSince: string | null;
  private readonly texts = new Map<string, string>();
  private readonly entries: Record<string, LockEntry>;
  private readonly obsolete: string[] = [];

  constructor(
    readonly options: PullOptions,
    private readonly before: Lock | undefined,
    private readonly log: (line: string) => void,
  ) {
    this.specVersion = before?.specVersion ?? 'unknown';
    this.breakingChangesSince = before?.breakingChangesSince ?? null;
    this.entries = { ...before?.files };
  }

  note(name: string, line: string): void {
    this.log(`${name.padEnd(24)} ${line}`);
  }

  /** The text of `name` as published at `url` (the copy on disk where the server says 304); undefined where there is none. */
  async fetch(name: string, url: string): Promise<string | undefined> {
    const answer = await fetchFile(url, await this.copyFrom(url, [name]), this.options);
    if (answer.kind === 'missing') return undefined;
    if (answer.unchanged) this.note(name, 'unchanged (HTTP 304)');
    else this.keep(name, answer.text, originOf(url, answer), true);
    return answer.text;
  }

  /** The document that `--from` names, and what the lock will say of where it came from. */
  async read(from: string): Promise<{ text: string; entry: Partial<LockEntry> }> {
    const documents = [FILES.aliasForm, FILES.importForm];
    if (isUrl(from)) {
      const answer = await fetchFile(from, await this.copyFrom(from, documents), this.options);
      if (answer.kind === 'missing') throw new Error(`${from} does not exist (HTTP 404). Check the address.`);
      return { text: answer.text, entry: originOf(from, answer) };
    }
    const text = await readText(from);
    if (text === undefined)
      throw new Error(`${from} does not exist. Pass an existing file or an http(s) URL to --from.`);
    const { origin } = this.options;
    if (origin !== undefined) return { text, entry: { origin } };
    // The very bytes that the lock knows already have an origin, wherever the file lies.
    const { sha256 } = digest(text);
    const known = documents
      .map((name) => this.before?.files[name])
      .find((entry) => entry?.sha256 === sha256 && entry.origin !== undefined);
    return { text, entry: known ?? { origin: `file:${basename(from)}` } };
  }

  /** Of the files in `names` that which came from `url`, if it still is what the lock says: only then "has it changed?" may be asked. */
  private async copyFrom(url: string, names: readonly string[]): Promise<KnownCopy | undefined> {
    for (const name of names) {
      const held = this.before?.files[name];
      const text = held?.origin === url ? await readText(join(this.options.dir, name)) : undefined;
      if (held && text !== undefined && digest(text).sha256 === held.sha256) return { ...validatorsOf(held), text };
    }
    return undefined;
  }

  /** Refuses a document that is cut off or has lost too much of the copy at hand. What is here already has passed. */
  async checkWhole(name: string, text: string, document: JsonObject, where: string): Promise<void> {
    const file = join(this.options.dir, name);
    const onDisk = await readText(file);
    if (onDisk === text || this.options.allowShrink === true) return;
    checkEnd(text, where);
    const previous = onDisk === undefined ? undefined : readable(onDisk, file);
    if (previous) checkAgainst(previous, document, where);
  }

  /**
   * All documents in the folder are of one version, the lock's: one form of another version (no longer published, or published
   * late) would be taken for its other form. It is taken out; git keeps it.
   */
  async dropOtherVersion(name: string): Promise<void> {
    const file = join(this.options.dir, name);
    const text = this.texts.get(name) ?? (await readText(file));
    const version = text === undefined ? undefined : specVersionOf(checkDocument(text, file, 'either'));
    if (version !== this.specVersion) this.drop(name, `is of version ${version}, not ${this.specVersion}`);
  }

  /** A file that was derived of an earlier document and is not derived now. */
  dropDerived(name: string): void {
    if (this.before?.files[name]?.derivedFrom !== undefined) this.drop(name, 'does not belong to what is published');
  }

  private drop(name: string, why: string): void {
    if (this.entries[name] !== undefined) this.note(name, `${why}: taken out`);
    this.texts.delete(name);
    delete this.entries[name];
    this.obsolete.push(name);
  }

  keep(name: string, text: string, entry: Partial<LockEntry>, overNetwork: boolean): void {
    const held = this.before?.files[name];
    const fresh = digest(text);
    const same = held?.sha256 === fresh.sha256 && held.origin === entry.origin;
    const pulledAt = same ? held.pulledAt : overNetwork ? this.stamp() : undefined;
    this.texts.set(name, text);
    this.entries[name] = { ...entry, ...fresh, ...(pulledAt === undefined ? {} : { pulledAt }) };
    this.note(name, same ? 'unchanged' : `${fresh.bytes} bytes from ${entry.origin}`);
  }

  derive(name: string, text: string, derivedFrom: string): void {
    this.texts.set(name, text);
    this.entries[name] = { derivedFrom, ...digest(text) };
    this.note(name, `derived from ${derivedFrom}`);
  }

  private stamp(): string {
    return (this.options.now?.() ?? new Date()).toISOString();
  }

  async commit(): Promise<PullResult> {
    const lock: Lock = {
      gateway: this.options.gateway.name,
      specVersion: this.specVersion,
      breakingChangesSince: this.breakingChangesSince,
      files: this.entries,
    };
    const changed = await putInPlace(
      this.options.dir,
      new Map([...this.texts, [LOCK_FILE, lockText(lock)]]),
      this.obsolete,
    );
    return { changed, lock };
  }
}
