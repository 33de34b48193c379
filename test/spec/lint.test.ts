// `spec:lint` finds the defects that are known of this document, each at its place.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { Finding } from '../../scripts/lint/finding.js';
import { countByRule, lintDocument, listing } from '../../scripts/lint/lint.js';
import { atPointer } from '../../scripts/spec/json.js';
import { document, FROZEN, gateway } from './helpers.js';

const source = await document(FROZEN);
const findings = lintDocument(source, gateway);
const groups = countByRule(findings);
const of = (rule: string): Finding[] => groups.get(rule) ?? [];

test('the defects by rule, as counted by hand in the notes on the document', () => {
  expect(Object.fromEntries([...groups].map(([rule, group]) => [rule, group.length]))).toEqual({
    'alias-path': 30,
    'missing-operation-id': 23,
    'no-client-error': 11,
    'no-401': 21,
    'several-200-schemas': 2, // POST /v1/images/generations and /v1/videos
    'model-only-in-prose': 23, // 22 of the chat page, and doubao-video-subtitle-erase
    'foreign-server': 1,
    'keyword-not-in-3.0': 12 + 12 + 18 + 1, // if, then, const, type: null
    'nullable-without-type': 5,
    'ref-siblings': 8,
    'enum-type-mismatch': 4,
    'required-with-default': 2,
    'vacuous-if': 6,
    'condition-never-fails': 2, // allOf/4 of both MiniMax schemas
    'unreachable-component': 14 + 1, // schemas, and the parameter AuthorizationHeader
    'string-example': 7,
    'response-example-invalid': 10,
    'unmarked-counterexample': 2,
    'status-outside-enum': 2,
    'status-without-enum': 31,
    'example-name-contradicts': 7,
  });
});

test('each finding points at something that is there', () => {
  for (const { at } of findings) expect(atPointer(source, at.replaceAll(/(?<=.)#/g, '%23')), at).toBeDefined();
  expect(of('enum-type-mismatch')[0]).toEqual({
    rule: 'enum-type-mismatch',
    at: '#/components/schemas/KlingV3OmniVideoCreateRequest/properties/video_list/items/oneOf/1/properties/keep_original_sound/enum',
    message: 'true is not of type string',
  });
  expect(of('model-only-in-prose').map(({ message }) => message)).toContain(
    'doubao-video-subtitle-erase is named in the text, but in no enum at all',
  );
  expect(of('foreign-server')[0]?.message).toContain('open-route.fashionlabs.cn');
});

test('no request example of the vendor fails its own schema', () => {
  expect(of('request-example-invalid')).toEqual([]);
});

test('faults that this document happens not to have are found too', () => {
  const found = lintDocument(
    {
      openapi: '3.0.3',
      paths: {
        '/a/{id}': {
          get: {
            operationId: 'x',
            parameters: [{ name: 'other', in: 'path' }],
            responses: { 400: { description: '' } },
          },
          post: {
            operationId: 'x',
            requestBody: {
              content: {
                'application/json': {
                  schema: { type: 'object', required: ['b'], properties: { b: { enum: [1, 1] } } },
                  examples: { e: { value: {} } },
                },
              },
            },
            responses: { 400: { description: '' } },
          },
        },
      },
    },
    gateway,
  );
  expect(found.map(({ rule }) => rule).sort()).toEqual([
    'duplicate-enum-value',
    'duplicate-operation-id',
    'request-example-invalid',
    'spare-path-parameter',
    'undeclared-path-parameter',
    'undeclared-path-parameter',
  ]);
});

test('the list names each rule with its count, and shortens long groups', () => {
  const text = listing(findings, 2);
  expect(text).toContain('alias-path (30)\n  #/paths/~1v1~1images~1generations#gpt-image\n');
  expect(text).toContain('… and 28 more; --all lists them');
});

test('the command is a listing: exit code 0, and 1 only with --strict', async () => {
  const run = (...options: string[]): Promise<{ stdout: string }> =>
    promisify(execFile)(process.execPath, ['--import', 'tsx', 'scripts/spec-lint.ts', FROZEN, ...options]);
  expect(JSON.parse((await run('--json')).stdout)).toHaveLength(findings.length);
  await expect(run('--strict')).rejects.toMatchObject({ code: 1 });
});
