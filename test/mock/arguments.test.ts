// The arguments with which the mock calls a tool fit that tool's schema, whatever it is; and its words come in tokens.

import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filled } from '../../src/mock/chat/arguments.js';
import { tokensOf } from '../../src/mock/chat/speech.js';

const ajv = new Ajv({ strict: false, allErrors: true });
addFormats.default(ajv);

function expectFit(schema: object): void {
  const value = filled(schema);
  const isValid = ajv.validate(schema, value);
  expect(isValid, `${JSON.stringify(value)} for ${JSON.stringify(schema)}: ${ajv.errorsText()}`).toBe(true);
}

type Schema = Record<string, unknown>;

const number = (type: 'number' | 'integer'): fc.Arbitrary<Schema> =>
  fc
    .record({ low: fc.integer({ min: -50, max: 50 }), span: fc.integer({ min: 2, max: 20 }), form: fc.nat(7) })
    .map(({ low, span, form }) => ({
      type,
      ...(form & 1 ? { minimum: low } : {}),
      ...(form & 2 ? { maximum: low + span } : {}),
      ...(form & 4 ? { exclusiveMinimum: low } : {}),
    }));

const text: fc.Arbitrary<Schema> = fc.oneof(
  fc.record({ type: fc.constant('string'), minLength: fc.nat(30) }),
  fc.record({ type: fc.constant('string'), maxLength: fc.nat(4) }),
  fc.record({
    type: fc.constant('string'),
    format: fc.constantFrom(
      'date',
      'date-time',
      'time',
      'duration',
      'email',
      'hostname',
      'ipv4',
      'ipv6',
      'uri',
      'uuid',
    ),
  }),
);

const schema: fc.Arbitrary<Schema> = fc.letrec<{ any: Schema }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    text,
    number('number'),
    number('integer'),
    fc.record({ type: fc.constant('integer'), minimum: fc.integer({ min: 1, max: 99 }), multipleOf: fc.constant(5) }),
    fc.constantFrom<Schema>({ type: 'boolean' }, { type: 'null' }, { type: ['null', 'string'] }, {}),
    fc.record({ enum: fc.uniqueArray(fc.jsonValue({ maxDepth: 1 }), { minLength: 1, selector: JSON.stringify }) }),
    fc.record({ const: fc.jsonValue({ maxDepth: 1 }) }),
    fc.record({ type: fc.constant('array'), items: tie('any'), minItems: fc.nat(3) }),
    fc
      .record({ properties: fc.dictionary(fc.string(), tie('any'), { maxKeys: 4 }), isStrict: fc.boolean() })
      .chain(({ properties, isStrict }) =>
        fc.subarray(Object.keys(properties)).map((required) => ({
          type: 'object',
          properties,
          required,
          ...(isStrict ? { additionalProperties: false } : {}),
        })),
      ),
    fc.record({ anyOf: fc.array(tie('any'), { minLength: 1, maxLength: 3 }) }),
  ),
})).any;

describe('arguments', () => {
  it('fit any schema of the usual kinds', () => {
    fc.assert(fc.property(schema, expectFit), { numRuns: 300 });
  });

  it('fit what refers to itself, what is said in parts, and bounds that leave little room', () => {
    const node = { type: 'object', properties: { next: { $ref: '#/$defs/node' }, id: { type: 'integer' } } };
    expectFit({ $ref: '#/$defs/node', $defs: { node: { ...node, required: ['id'] } } });
    expectFit({
      type: 'object',
      allOf: [
        { properties: { a: { type: 'number', exclusiveMinimum: 0.5, exclusiveMaximum: 0.6 } }, required: ['a'] },
        { properties: { b: { type: 'number', minimum: -3, maximum: -2 } }, required: ['b'] },
      ],
    });
    expectFit({ type: 'integer', exclusiveMinimum: 7, multipleOf: 7, maximum: 14 });
    expect(filled({ type: 'object', properties: { a: {}, b: {} }, required: ['b'] })).toEqual({ b: 'b' });
  });

  it('end for a schema that no finite value fits', () => {
    const endless = { type: 'object', properties: { next: { $ref: '#' } }, required: ['next'] };
    expect(JSON.stringify(filled(endless)).length).toBeLessThan(1000);
    expect(filled({ $ref: '#' })).toBeDefined();
    expect(filled(undefined)).toBe('value');
  });
});

describe('tokens', () => {
  it('put together are the text again, and none is long', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (words) => {
        const tokens = tokensOf(words);
        expect(tokens.join('')).toBe(words);
        expect(tokens.every((token) => Array.from(token.trim()).length <= 6)).toBe(true);
      }),
    );
  });
});
