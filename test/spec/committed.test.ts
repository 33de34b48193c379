// What is committed under openapi/ and generated/, whatever the vendor's document says today: no count and no name of it stands here.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { gateways } from '../../scripts/gateways.js';
import { generate } from '../../scripts/generate/generate.js';
import { digest } from '../../scripts/spec/files.js';
import {
  isObject,
  type Json,
  objectAt,
  readYaml,
  sameJson,
  stringAt,
  writeJson,
  writeYaml,
} from '../../scripts/spec/json.js';
import { LOCK_FILE, readLock } from '../../scripts/spec/lock.js';
import { mergeAliases, pathParameterNames } from '../../scripts/spec/merge.js';
import { deriveModelIndex } from '../../scripts/spec/models.js';
import { operationsOf, specVersionOf } from '../../scripts/spec/operations.js';
import { pull, SPEC_FILES } from '../../scripts/spec/pull.js';
import { deriveTestCases } from '../../scripts/spec/test-cases.js';
import { readModelIndex } from '../../src/catalog/index.js';
import { spoiltBody } from './arbitrary-body.js';
import { KINDS } from './arbitrary-spoil.js';
import { contentsOf, document, gateway, generatedIn, newAjv, OPENAPI, temporaryDir, typeErrors } from './helpers.js';
import { Court, compare, compareEach, Tally } from './judges.js';

const { aliasForm, importForm, modelIndex, modelIndexSchema, testCases } = SPEC_FILES;
const committed = await contentsOf(OPENAPI);
const lock = await readLock(OPENAPI);
const root = mergeAliases(await document(join(OPENAPI, importForm)));
const operations = operationsOf(root);
const isDerivedFrom = (name: string, source: string): boolean => lock?.files[name]?.derivedFrom === source;

/** `<method> <real path>` → the values of its request examples. */
function examplesOf(text: string): Map<string, Json[]> {
  const found = new Map<string, Json[]>();
  const read = readYaml(text, 'text');
  for (const { method, path, requestExamples } of operationsOf(isObject(read) ? read : {})) {
    const key = `${method} ${path.split('#')[0]}`;
    found.set(key, [...(found.get(key) ?? []), ...requestExamples.map(({ value }) => value)]);
  }
  return found;
}

describe('openapi/', () => {
  test('the lock names every file, with its bytes, and every document is of its version', () => {
    const ours = gateways.filter(({ published }) => published === undefined).map((own) => own.document);
    const files = Object.fromEntries(
      Object.entries(committed).filter(([name]) => name !== LOCK_FILE && !ours.includes(name)),
    );
    expect(Object.keys(lock?.files ?? {}).sort()).toEqual(Object.keys(files).sort());
    for (const [name, text] of Object.entries(files)) expect(lock?.files[name], name).toMatchObject(digest(text));
    for (const name of [aliasForm, importForm].filter((one) => one in files)) {
      const read = readYaml(files[name] ?? '', name);
      expect(isObject(read) && specVersionOf(read), name).toBe(lock?.specVersion);
    }
  });

  test('no path holds a "#", operation ids are unique, path parameters are declared', () => {
    expect(operations.length).toBeGreaterThan(0);
    expect(operations.filter(({ path }) => path.includes('#'))).toEqual([]);
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    for (const { path, value } of operations) {
      const declared = Array.isArray(value.parameters) ? value.parameters.map((one) => stringAt(one, 'name')) : [];
      expect(declared, path).toEqual(expect.arrayContaining(pathParameterNames(path)));
    }
  });

  test('every request example of the alias form is in the import form', () => {
    const [from, to] = [examplesOf(committed[aliasForm] ?? '{}'), examplesOf(committed[importForm] ?? '')];
    for (const [operation, values] of from) {
      for (const value of values)
        expect(
          to.get(operation)?.some((one) => sameJson(one, value)),
          operation,
        ).toBe(true);
    }
  });

  test('what the lock calls derived is what deriving gives', async () => {
    if (isDerivedFrom(importForm, aliasForm)) {
      expect(writeYaml(mergeAliases(await document(join(OPENAPI, aliasForm)))) === committed[importForm]).toBe(true);
      // Pulling it once more keeps everything, the origin too.
      const dir = await temporaryDir();
      await pull({ gateway, dir, from: join(OPENAPI, aliasForm) });
      expect((await contentsOf(dir))[importForm] === committed[importForm]).toBe(true);
    }
    if (isDerivedFrom(modelIndex, importForm)) {
      expect(committed[modelIndex]).toBe(writeJson(deriveModelIndex(root, gateway, importForm)));
      expect(
        newAjv().validate(JSON.parse(committed[modelIndexSchema] ?? ''), JSON.parse(committed[modelIndex] ?? '')),
      ).toBe(true);
    }
    if (isDerivedFrom(testCases, importForm)) {
      expect(committed[testCases]).toBe(writeJson(deriveTestCases(root, lock?.specVersion ?? '', importForm)));
    }
    expect(readModelIndex(JSON.parse(committed[modelIndex] ?? ''), modelIndex).models.length).toBeGreaterThan(0);
  });
});

/** Each gateway's documents and what was made of them; the vendor's own is by far the largest. */
const sides = await Promise.all(
  gateways.map(async (own) => ({
    name: own.name,
    own,
    spec: mergeAliases(await document(join(OPENAPI, own.document))),
    made: await generatedIn(own.generatedDir),
    bodies: own === gateway ? 20_000 : 4000,
  })),
);

describe.each(sides)('generated/$name', ({ own, spec, made, bodies: wanted }) => {
  test('is what openapi/ gives, byte for byte', async () => {
    const outDir = await temporaryDir();
    await generate({ gateway: own, openapiDir: OPENAPI, outDir });
    const [fresh, held] = [await contentsOf(outDir), await contentsOf(own.generatedDir)];
    expect(Object.keys(fresh)).toEqual(Object.keys(held));
    for (const [name, text] of Object.entries(fresh)) expect(text === held[name], name).toBe(true);
  });

  test('every model that has a request schema is routed, typed and validated', async () => {
    const lines: string[] = [];
    await generate({
      gateway: own,
      openapiDir: OPENAPI,
      outDir: await temporaryDir(),
      log: (line) => lines.push(line),
    });
    const unvalidated = lines.filter((line) => line.startsWith('no local validation for'));
    const paths = objectAt(spec, 'paths') ?? {};
    const court = new Court(made);
    const uses: string[] = [];
    for (const { id, endpoints } of made.catalog.models) {
      for (const { method, path, pollPath, schema, evidence } of endpoints) {
        if (evidence !== 'schema' && evidence !== 'discriminator') continue;
        const label = `${id} at ${path}`;
        expect(objectAt(objectAt(paths, path), method.toLowerCase()), label).toBeDefined();
        if (pollPath !== null) expect(objectAt(objectAt(paths, pollPath), 'get'), label).toBeDefined();
        const bodies = pollPath === null ? 'RequestBodies' : 'TaskBodies';
        uses.push(`typed<${bodies}[${JSON.stringify(id)}][${JSON.stringify(path)}]>();`);
        if (schema === null) expect(unvalidated.join('\n'), label).toContain(`${id}: `);
        else expect(court.of(schema, path).zod({ model: `no-such-${id}` }), label).toBe(false);
      }
    }
    // `typed` takes no argument, unless the type says nothing.
    const code = `declare function typed<T>(...nothing: unknown extends T ? [never] : []): void;\n${uses.join('\n')}`;
    expect(await typeErrors(await readFile(join(own.generatedDir, 'requests.ts'), 'utf8'), code)).toEqual([]);
  });

  test('of every request example the three judges say the same', async () => {
    for await (const { id, verdicts } of new Court(made).examples()) expect(new Set(verdicts).size, id).toBe(1);
  });

  test('on thousands of spoilt bodies, of every model at every endpoint, the three verdicts are one', async () => {
    const seed = 20_261_121;
    const court = new Court(made);
    const targets = court.targets();
    const runs = Math.ceil(wanted / targets.length);
    const tally = new Tally();
    const systematic = new Tally();
    const [models, schemas, places] = [new Set<string | undefined>(), new Set<string>(), new Set<string>()];
    for (const [index, { id, path, schema, bodies }] of targets.entries()) {
      const judges = court.of(schema, path);
      const label = `${id ?? 'no model'} at ${path} (${schema})`;
      const source = judges.bodiesFor(id);
      await compare(judges, spoiltBody(source, bodies), { seed: seed + index, runs, label, tally });
      // Models that share a schema share these.
      if (!places.has(`${schema} ${path}`))
        await compareEach(judges, source.systematic(), { label, tally: systematic });
      models.add(id);
      schemas.add(schema);
      places.add(`${schema} ${path}`);
    }

    const share = tally.valid / tally.bodies;
    console.log(
      `${own.name}: ${made.catalog.models.length} models, ${targets.length} bodies of them, ${schemas.size} schemas: ${tally.bodies} spoilt bodies (${Math.round(100 * share)}% valid; ${[...tally.kinds].map(([kind, count]) => `${kind} ${count}`).join(', ')}) and ${systematic.bodies} systematic ones, ${tally.disagreements.length + systematic.disagreements.length} disagreements, seed ${seed}`,
    );
    expect([...tally.disagreements, ...systematic.disagreements].join('\n\n')).toBe('');
    expect(tally.bodies).toBeGreaterThanOrEqual(wanted);
    expect(Math.abs(share - 0.5), 'both verdicts come up').toBeLessThan(0.4);
    for (const kind of KINDS) expect(tally.kinds.get(kind), kind).toBeGreaterThan(0);
    // Nobody was left out: every model with a schema, each of its endpoints, every schema that the library carries.
    const routed = made.catalog.models.filter(({ endpoints }) =>
      endpoints.some((endpoint) => endpoint.schema !== null),
    );
    expect([...models].filter((id) => id !== undefined).sort()).toEqual(routed.map(({ id }) => id).sort());
    const bodies = [...routed.flatMap(({ endpoints }) => endpoints), ...made.catalog.operations];
    expect(targets).toHaveLength(bodies.filter(({ schema }) => schema !== null).length);
    expect([...schemas].sort()).toEqual(Object.keys(made.schemas).sort());
  }, 60_000);
});
