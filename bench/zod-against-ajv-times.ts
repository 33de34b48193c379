// The times of one schema, in a process of its own so that "cold" is cold: { schema, valid, invalid } on stdin, `Times` on stdout.

import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { SchemaBundle } from '../src/catalog/index.js';

/** Milliseconds for `cold`, `warm`, `firstParse`; microseconds for one validation. */
export interface Times {
  zod: Taken;
  ajv: Taken;
}

interface Taken {
  cold: number;
  warm: number;
  firstParse: number;
  valid: number;
  invalid: number;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { schema: key, valid, invalid } = JSON.parse(await text(process.stdin)) as Record<string, unknown>;
  const [{ z }, { Ajv }, bundle] = await Promise.all([
    import('zod'),
    import('ajv'),
    import('../generated/ima-router/schemas.js') as Promise<SchemaBundle>,
  ]);
  const schema = whole(bundle, String(key));
  const zod = timed(
    () => z.fromJSONSchema(structuredClone(schema), { defaultTarget: 'draft-7' }),
    (parser, body) => parser.safeParse(body).success,
  );
  const ajv = timed(
    // No formats: our schemas say URIs by a pattern.
    () => new Ajv({ strict: false }).compile(structuredClone(schema)),
    (validate, body) => validate(body),
  );
  const times: Times = { zod, ajv };
  process.stdout.write(JSON.stringify(times));

  function timed<Parser>(make: () => Parser, judge: (parser: Parser, body: unknown) => boolean): Taken {
    const began = performance.now();
    const parser = make();
    const made = performance.now();
    judge(parser, valid);
    const parsed = performance.now();
    const each = (body: unknown): number => {
      const rounds: number[] = [];
      for (let round = 0; round < 15; round++) {
        const start = performance.now();
        for (let time = 0; time < 300; time++) judge(parser, body);
        rounds.push(((performance.now() - start) * 1000) / 300);
      }
      return middle(rounds);
    };
    const again = Array.from({ length: 11 }, () => {
      const start = performance.now();
      make();
      return performance.now() - start;
    });
    const warm = middle(again);
    return { cold: made - began, warm, firstParse: parsed - made, valid: each(valid), invalid: each(invalid) };
  }
}

/** The schema with the definitions it reaches, as the library puts it together (src/catalog/validate.ts keeps that to itself). */
function whole({ schemas, definitions }: SchemaBundle, key: string): Record<string, unknown> {
  const reached: Record<string, unknown> = {};
  const visit = (part: unknown): void => {
    for (const [, name = ''] of JSON.stringify(part).matchAll(/"\$ref":"#\/definitions\/([^"]+)"/g)) {
      if (name in reached) continue;
      reached[name] = definitions[name];
      visit(definitions[name]);
    }
  };
  const schema = schemas[key];
  visit(schema);
  return { ...(typeof schema === 'object' ? schema : {}), definitions: reached };
}

function middle(list: readonly number[]): number {
  return list.toSorted((a, b) => a - b)[list.length >> 1] ?? 0;
}
