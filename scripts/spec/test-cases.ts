// The spec's own request examples as test cases, and which of them are meant to be refused.
import type { Json, JsonObject } from './json.js';
import { stringAt } from './json.js';
import { operationsOf } from './operations.js';

export type TestCase = {
  id: string;
  /** null where the body has no `model`. */
  modelId: string | null;
  method: string;
  path: string;
  name: string;
  body: Json;
  expect: 'accept' | 'refuse';
  reason?: string;
};

export type TestCases = { version: string; source: string; cases: TestCase[] };

// The document shows counterexamples beside the good ones; only their names tell (C01c_invalid_size_854x480, C13_…_negative_case).
const COUNTEREXAMPLE = /invalid|negative/i;

export function deriveTestCases(document: JsonObject, version: string, source: string): TestCases {
  const cases: TestCase[] = [];
  for (const { method, path, operationId, requestExamples } of operationsOf(document)) {
    for (const { name, summary, value } of requestExamples) {
      const refused = COUNTEREXAMPLE.test(name);
      cases.push({
        id: `${operationId}:${name}`,
        modelId: stringAt(value, 'model') ?? null,
        method,
        path,
        name,
        body: value,
        expect: refused ? 'refuse' : 'accept',
        ...(refused ? { reason: `a counterexample by its name: ${summary ?? name}` } : {}),
      });
    }
  }
  return { version, source, cases };
}
