// The vendor's document, walked: every named example of every answer.

import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { isRecord } from '../../src/transport/index.js';

/** One named example; `value` is absent where the document gives a bare name. */
export interface Example {
  method: string;
  path: string;
  status: number;
  name: string;
  value?: unknown;
}

function entries(value: unknown): [string, unknown][] {
  return isRecord(value) ? Object.entries(value) : [];
}

/** The JSON examples of all answers of all operations. */
export function examples(): Example[] {
  const document: unknown = parse(readFileSync(new URL('../../openapi/en.import.yaml', import.meta.url), 'utf8'));
  const paths = isRecord(document) ? document.paths : undefined;
  return entries(paths).flatMap(([path, operations]) =>
    entries(operations).flatMap(([method, operation]) =>
      entries(isRecord(operation) ? operation.responses : undefined).flatMap(([status, response]) => {
        const content = isRecord(response) && isRecord(response.content) ? response.content['application/json'] : {};
        return entries(isRecord(content) ? content.examples : undefined).map(([name, example]) => ({
          method,
          path,
          status: Number(status),
          name,
          ...(isRecord(example) && 'value' in example ? { value: example.value } : {}),
        }));
      }),
    ),
  );
}
