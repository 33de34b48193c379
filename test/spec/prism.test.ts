// Prism, which the mock stands on, can read the document as generated and answer every operation of it.
import { join } from 'node:path';
import { createInstance } from '@stoplight/prism-http';
import { getHttpOperationsFromSpec } from '@stoplight/prism-http/dist/utils/operations.js';
import { expect, test } from 'vitest';
import { type Json, stringAt } from '../../scripts/spec/json.js';
import { operationsOf } from '../../scripts/spec/operations.js';
import { document, GENERATED } from './helpers.js';

const silent = (): void => {};
const logger = {
  trace: silent,
  debug: silent,
  info: silent,
  success: silent,
  warn: silent,
  error: silent,
  fatal: silent,
};

test('all 38 operations answer 200, to every request example', async () => {
  const root = await document(join(GENERATED, 'openapi.json'));
  const resources = await getHttpOperationsFromSpec(structuredClone(root));
  expect(resources).toHaveLength(38);
  const prism = createInstance(
    {
      ...{
        isProxy: false,
        upstreamProxy: undefined,
        validateRequest: true,
        validateResponse: true,
        checkSecurity: false,
        errors: false,
      },
      mock: { dynamic: false },
    },
    { logger: { ...logger, child: () => logger } },
  );
  let answered = 0;
  for (const { method, path, requestExamples } of operationsOf(root)) {
    // Operations without an example take an id and a name.
    const bodies: Json[] =
      requestExamples.length > 0 ? requestExamples.map(({ value }) => value) : [{ id: 'x', name: 'y' }];
    for (const body of method === 'GET' ? [undefined] : bodies) {
      const request = {
        ...{
          method: method === 'GET' ? ('get' as const) : ('post' as const),
          headers: { 'content-type': 'application/json' },
          body,
        },
        url: { path: path.replace('{task_id}', 'task_1'), query: {} },
      };
      const result = await prism.request(request, resources)();
      const label = `${method} ${path} ${stringAt(body, 'model') ?? ''}`;
      expect(result._tag === 'Right' ? result.right.output.statusCode : result.left, label).toBe(200);
      answered++;
    }
  }
  expect(answered).toBeGreaterThan(200);
});
