// Whether zod, as the library uses it, says of every schema what ajv says of the vendor's own, body by body, and what it costs.
// npx tsx bench/zod-against-ajv.ts [--bodies 20000] [--seed n] [--no-times]; exits 1 on a disagreement.

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { spoiltBody } from '../test/spec/arbitrary-body.js';
import { GENERATED, generatedIn } from '../test/spec/helpers.js';
import { Court, compare, compareEach, Tally, type Target } from '../test/spec/judges.js';
import type { Times } from './zod-against-ajv-times.js';

const { values: options } = parseArgs({
  options: {
    bodies: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    'no-times': { type: 'boolean', default: false },
  },
});
const [bodies, seed] = [Number(options.bodies), Number(options.seed)];
if (!Number.isSafeInteger(bodies) || bodies < 1 || !Number.isSafeInteger(seed) || Math.abs(seed) > 2 ** 31) {
  throw new Error('--bodies and --seed take whole numbers');
}

const court = new Court(await generatedIn(GENERATED));
/** One row: a schema at a path, and the models that share it there. */
const places = new Map<string, Target[]>();
for (const target of court.targets()) {
  const place = `${target.schema} ${target.path}`;
  places.set(place, [...(places.get(place) ?? []), target]);
}

const table = new Table({
  head: ['schema', 'path', 'models', 'bodies', 'valid', 'differ', ...(options['no-times'] ? [] : TIMES_HEAD())],
  style: { head: [], border: [], compact: true },
});
const whole = new Tally();
const [all, modelCount] = [new Map<string, number>(), new Set<string>()];
const began = performance.now();
let differing = 0;
const times: Times[] = [];
for (const [index, targets] of [...places.values()].entries()) {
  const [first] = targets;
  if (first === undefined) continue;
  const judges = court.of(first.schema, first.path);
  const tally = new Tally();
  let differ = 0;
  for (const [at, { id, bodies: seeds }] of targets.entries()) {
    const label = `${id ?? 'no model'} at ${first.path} (${first.schema})`;
    const source = judges.bodiesFor(id);
    const runs = Math.ceil(bodies / targets.length);
    differ += await compare(judges, spoiltBody(source, seeds), { seed: seed + index * 1000 + at, runs, label, tally });
    if (at === 0) differ += await compareEach(judges, source.systematic(), { label, tally });
    if (id !== undefined) modelCount.add(id);
  }
  const own = options['no-times'] ? undefined : timesOf(first);
  if (own) times.push(own);
  table.push([
    ...[first.schema, first.path, targets.length, tally.bodies],
    ...[percent(tally.valid / tally.bodies), differ, ...(own ? cellsOf(own) : [])],
  ]);
  differing += differ;
  whole.bodies += tally.bodies;
  whole.valid += tally.valid;
  whole.disagreements.push(...tally.disagreements);
  for (const [kind, count] of tally.kinds) all.set(kind, (all.get(kind) ?? 0) + count);
  const seconds = Math.round((performance.now() - began) / 1000);
  process.stderr.write(
    `${index + 1}/${places.size} ${first.schema} at ${first.path}: ${tally.bodies} bodies, ${differ} differ (${seconds} s)\n`,
  );
}

console.log(table.toString());
if (times.length > 0) {
  console.log('medians over the schemas (cold: first in a fresh process):');
  for (const [at, head] of TIMES_HEAD().entries()) {
    console.log(`  ${head.padEnd(18)} ${format(median(times.map((one) => numbersOf(one)[at] ?? 0)))}`);
  }
}
console.log(`mutations: ${[...all].map(([kind, count]) => `${kind} ${count}`).join(', ')}`);
console.log(
  `${modelCount.size} models, ${[...places.values()].flat().length} bodies of a model at an endpoint, ${places.size} schemas at their paths: ${whole.bodies} bodies compared, ${percent(whole.valid / whole.bodies)} valid, ${differing} disagreements; seed ${seed}, ${Math.round((performance.now() - began) / 1000)} s`,
);
for (const disagreement of whole.disagreements) console.error(`\n${disagreement}`);
process.exitCode = differing > 0 ? 1 : 0;

function timesOf({ schema, path, id, bodies: seeds }: Target): Times {
  const judges = court.of(schema, path);
  const source = judges.bodiesFor(id);
  const known = [...seeds.map((body) => source.named(body)), ...source.systematic()];
  const valid = known.find((body) => judges.vendor(body));
  const invalid = known.findLast((body) => !judges.vendor(body)) ?? null;
  const script = fileURLToPath(new URL('zod-against-ajv-times.ts', import.meta.url));
  const answer = execFileSync(process.execPath, ['--import', import.meta.resolve('tsx'), script], {
    input: JSON.stringify({ schema, valid, invalid }),
    encoding: 'utf8',
  });
  return JSON.parse(answer) as Times;
}

// A function, as the table above needs it before this line is reached.
function TIMES_HEAD(): string[] {
  return [
    'convert cold ms',
    'convert warm ms',
    'first parse ms',
    'zod valid µs',
    'zod invalid µs',
    'ajv compile ms',
    'ajv valid µs',
    'ajv invalid µs',
  ];
}

function numbersOf({ zod, ajv }: Times): number[] {
  return [zod.cold, zod.warm, zod.firstParse, zod.valid, zod.invalid, ajv.cold, ajv.valid, ajv.invalid];
}

function cellsOf(own: Times): string[] {
  return numbersOf(own).map(format);
}

function format(value: number): string {
  return value >= 10 ? String(Math.round(value)) : value.toPrecision(value < 0.1 ? 1 : 2);
}

function median(list: readonly number[]): number {
  return list.toSorted((a, b) => a - b)[list.length >> 1] ?? 0;
}

function percent(share: number): string {
  return `${Math.round(100 * share)}%`;
}
