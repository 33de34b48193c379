// What the tests of the pipeline share: a frozen document for exact numbers, the committed one for invariants, temporary folders, and the reference validator (ajv on the vendor's own schema).
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Ajv, type Options, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import ts from 'typescript';
import { onTestFinished } from 'vitest';
import type { Catalog } from '../../generated/ima-router/catalog.js';
import { gatewayNamed } from '../../scripts/gateways.js';
import { generate } from '../../scripts/generate/generate.js';
import { isObject, type Json, type JsonObject, readYaml } from '../../scripts/spec/json.js';
import { pull } from '../../scripts/spec/pull.js';

export const gateway = gatewayNamed('ima-router');
/** The document as it was when the numbers in these tests were counted. What moves with the vendor is tested in committed.test.ts. */
export const FROZEN = 'test/spec/fixtures/en.1.5.17.yaml';
export const OPENAPI = 'openapi';
export const GENERATED = 'generated/ima-router';

export async function document(file: string): Promise<JsonObject> {
  const value = readYaml(await readFile(file, 'utf8'), file);
  if (!isObject(value)) throw new Error(`${file} holds no object`);
  return value;
}

/** What the pipeline makes of a document, in temporary folders. */
export interface Made {
  openapiDir: string;
  outDir: string;
  /** What `generate` said. */
  lines: string[];
}

export async function pipeline(from: string): Promise<Made> {
  const dir = await temporaryDir();
  const [openapiDir, outDir, lines] = [join(dir, 'openapi'), join(dir, 'generated'), [] as string[]];
  await pull({ gateway, dir: openapiDir, from });
  await generate({ gateway, openapiDir, outDir, log: (line) => lines.push(line) });
  return { openapiDir, outDir, lines };
}

export interface Generated {
  catalog: Catalog;
  definitions: Record<string, unknown>;
  schemas: Record<string, unknown>;
  /** The document that they were made of. */
  root: JsonObject;
}

/** The modules in a folder that `generate` wrote. */
export async function generatedIn(outDir: string): Promise<Generated> {
  const address = (name: string): string => pathToFileURL(resolve(outDir, name)).href;
  const { catalog }: Pick<Generated, 'catalog'> = await import(address('catalog.ts'));
  const { definitions, schemas }: Pick<Generated, 'definitions' | 'schemas'> = await import(address('schemas.ts'));
  return { catalog, definitions, schemas, root: await document(join(outDir, 'openapi.json')) };
}

let frozenOnce: Promise<Generated> | undefined;
/** What the frozen document gives; made once per file of tests. */
export function frozen(): Promise<Generated> {
  frozenOnce ??= pipeline(FROZEN).then(({ outDir }) => generatedIn(outDir));
  return frozenOnce;
}

/** TypeScript's own files, read once: each program needs them all, under the same options. */
const libraryFiles = new Map<string, ts.SourceFile>();

/** The messages of tsc on `code`, with the given requests.ts beside it. */
export async function typeErrors(requests: string, code: string): Promise<string[]> {
  const dir = await temporaryDir();
  const file = join(dir, 'use.ts');
  await writeFile(join(dir, 'requests.ts'), requests);
  await writeFile(
    file,
    `import type { ModelId, PreferredEndpoint, PreferredTaskEndpoint, RequestBodies, TaskBodies, TaskModelId } from './requests.js';
type Request<M extends ModelId> = { model: M } & RequestBodies[M][PreferredEndpoint[M] & keyof RequestBodies[M]];
type TaskRequest<M extends TaskModelId> = { model: M } & TaskBodies[M][PreferredTaskEndpoint[M] & keyof TaskBodies[M]];
declare function send<M extends ModelId>(request: Request<M>): void;
declare function submit<M extends TaskModelId>(request: TaskRequest<M>): void;
${code}\n`,
  );
  const options: ts.CompilerOptions = {
    ...{ strict: true, exactOptionalPropertyTypes: true, noEmit: true, types: [], lib: ['lib.es2022.d.ts'] },
    ...{ module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
    // TypeScript's own files are not what is tested.
    skipDefaultLibCheck: true,
  };
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (name, ...how) => {
    if (dirname(name) !== dirname(ts.getDefaultLibFilePath(options))) return read(name, ...how);
    const known = libraryFiles.get(name) ?? read(name, ...how);
    if (known !== undefined) libraryFiles.set(name, known);
    return known;
  };
  const program = ts.createProgram([file], options, host);
  return ts.getPreEmitDiagnostics(program).map((found) => ts.flattenDiagnosticMessageText(found.messageText, '\n'));
}

export async function temporaryDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'ima-spec-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** File name → content, for "nothing changed". */
export async function contentsOf(dir: string): Promise<Record<string, string>> {
  const names = (await readdir(dir)).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(dir, name), 'utf8')])),
  );
}

export function newAjv(options: Options = {}): Ajv {
  const ajv = new Ajv({ strict: false, validateFormats: true, ...options });
  // The package is CommonJS: under Node's ESM its default export is the module object in types, the function in fact.
  (addFormats.default ?? addFormats)(ajv);
  return ajv;
}

/** Compiles schemas of the document as they stand, `if`/`then` included: the judge of every other reading. */
export function referenceValidator(root: JsonObject): (schema: JsonObject) => ValidateFunction {
  // A fault of the schema itself, such as a value listed twice, is for the lint to say.
  const ajv = newAjv({ validateSchema: false });
  ajv.addSchema({ $id: 'spec', components: root.components });
  return (schema) => ajv.compile(absolute(schema));
}

function absolute(value: JsonObject): JsonObject {
  const visit = (node: Json): Json => {
    if (Array.isArray(node)) return node.map(visit);
    if (!isObject(node)) return node;
    return Object.fromEntries(
      Object.entries(node).map(([key, held]) => [
        key,
        key === '$ref' && typeof held === 'string' ? `spec${held}` : visit(held),
      ]),
    );
  };
  const result = visit(value);
  return isObject(result) ? result : {};
}
