// What the tests of the pipeline share: the committed inputs, temporary folders, and the reference validator (ajv on the vendor's own schema).
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { onTestFinished } from 'vitest';
import { gatewayNamed } from '../../scripts/gateways.js';
import { isObject, type Json, type JsonObject, readYaml } from '../../scripts/spec/json.js';

export const gateway = gatewayNamed('ima-router');
export const OPENAPI = 'openapi';
export const GENERATED = 'generated/ima-router';

export async function document(file: string): Promise<JsonObject> {
  const value = readYaml(await readFile(file, 'utf8'), file);
  if (!isObject(value)) throw new Error(`${file} holds no object`);
  return value;
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

export function newAjv(): Ajv {
  const ajv = new Ajv({ strict: false, validateFormats: true });
  // The package is CommonJS: under Node's ESM its default export is the module object in types, the function in fact.
  (addFormats.default ?? addFormats)(ajv);
  return ajv;
}

/** Compiles schemas of the document as they stand, `if`/`then` included: the judge of every other reading. */
export function referenceValidator(root: JsonObject): (schema: JsonObject) => ValidateFunction {
  const ajv = newAjv();
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
