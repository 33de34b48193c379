// Prism, which the mock stands on, can read the document as generated and answer every operation of it.
import { join } from 'node:path';
import { createInstance } from '@stoplight/prism-http';
import { getHttpOperationsFromSpec } from '@stoplight/prism-http/dist/utils/operations.js';
import { expect, test } from 'vitest';
import { stringAt } from '../../scripts/spec/json.js';
import { METHODS } from '../../scripts/spec/merge.js';
import { operationsOf } from '../../scripts/spec/operations.js';
import { document, GENERATED, referenceValidator } from './helpers.js';

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

/** The status that Prism gives to a request that it refuses by itself. */
const statusOf = (error: Error): number => ('status' in error && typeof error.status === 'number' ? error.status : 501);

const httpMethod = (method: string): (typeof METHODS)[number] => {
  const found = METHODS.find((one) => one.toUpperCase() === method);
  if (!found) throw new Error(`${method} is no method`);
  return found;
};

test('every operation is known to it, and an example is answered as its own schema judges it', async () => {
  const root = await document(join(GENERATED, 'openapi.json'));
  const resources = await getHttpOperationsFromSpec(structuredClone(root));
  const operations = operationsOf(root);
  expect(resources).toHaveLength(operations.length);
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
  const reference = referenceValidator(root);
  let answered = 0;
  for (const { method, path, requestExamples, variants } of operations) {
    const accepts = variants.map(({ schema }) => reference(schema));
    const examples = requestExamples.map(({ value }) => value);
    for (const body of examples.length > 0 ? examples : [undefined]) {
      const request = {
        method: httpMethod(method),
        headers: { 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body }),
        url: { path: path.replaceAll(/\{[^}]+\}/g, 'task_1'), query: {} },
      };
      const result = await prism.request(request, resources)();
      const label = `${method} ${path} ${stringAt(body, 'model') ?? ''}`;
      const status = result._tag === 'Right' ? result.right.output.statusCode : statusOf(result.left);
      // Without an example nothing is known but that it is one of its operations.
      if (body === undefined) expect([404, 405, 501], label).not.toContain(status);
      else if (accepts.some((validate) => validate(body))) expect(status, label).toBeLessThan(300);
      else expect(status, label).toBeGreaterThanOrEqual(400);
      answered++;
    }
  }
  expect(answered).toBeGreaterThanOrEqual(operations.length);
});
