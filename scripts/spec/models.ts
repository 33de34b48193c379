// Which models the document knows, on which endpoints, and how sure that is: the model index.
import { type Modality, modalityOf } from '../../src/catalog/index.js';
import type { GatewayConfig } from '../gateways.js';
import { isString, type JsonObject, objectAt, stringAt, walkObjects } from './json.js';
import { type Operation, operationsOf, pollPathOf, specVersionOf } from './operations.js';
import { imageToVideoOnlyIn, modelsNamedIn, struckOutIn } from './prose.js';

/** Strongest first. `schema`: an enum of the request schema; `index`: only the vendor's own index names it. */
export const EVIDENCE = ['schema', 'discriminator', 'example', 'prose', 'index'] as const;
export type Evidence = (typeof EVIDENCE)[number];

export type IndexEndpoint = {
  method: string;
  path: string;
  operationId: string | null;
  /** null: the answer to the submit is final. */
  pollEndpoint: string | null;
  evidence: Evidence;
};

export type IndexModel = {
  modelId: string;
  modality: Modality;
  /** Preferred endpoint first. */
  endpoints: IndexEndpoint[];
  pollEndpoint: string | null;
  evidence: Evidence;
  imageToVideoOnly?: true;
  /** The vendor's words about an id that is still accepted but no longer advised. */
  deprecated?: string;
  /** The model under which media for this one must be uploaded, as the document's extension says. */
  uploadModel?: string;
};

export type ModelIndex = { version: string; source: string; models: IndexModel[] };

const UPLOAD_MODELS = 'x-playground-portrait-asset-models';

/** The index of a document in import form. `source` names where the document came from, for the reader of the file. */
export function deriveModelIndex(document: JsonObject, gateway: GatewayConfig, source: string): ModelIndex {
  const operations = operationsOf(document);
  const endpoints = new Map<string, Map<string, IndexEndpoint>>();
  const add = (id: string, operation: Operation, evidence: Evidence): void => {
    const held = endpoints.get(id) ?? new Map<string, IndexEndpoint>();
    endpoints.set(id, held);
    const key = `${operation.method} ${operation.path}`;
    if (held.has(key)) return;
    const { method, path, operationId } = operation;
    held.set(key, { method, path, operationId, pollEndpoint: pollPathOf(document, gateway, method, path), evidence });
  };

  // In order of strength: the first evidence for a model on an endpoint is the one that stays.
  for (const operation of operations) {
    for (const id of operation.variants.flatMap((variant) => variant.models)) add(id, operation, 'schema');
  }
  for (const operation of operations) {
    for (const id of operation.variants.flatMap((variant) => variant.discriminated))
      add(id, operation, 'discriminator');
  }
  for (const operation of operations) {
    for (const example of operation.requestExamples) {
      const id = stringAt(example.value, 'model');
      if (id !== undefined) add(id, operation, 'example');
    }
  }
  const submits = new Map(operations.filter(({ method }) => method === 'POST').map((item) => [item.path, item]));
  for (const operation of submits.values()) {
    const description = stringAt(operation.value, 'description') ?? '';
    for (const { id, path } of modelsNamedIn(description, operation.path, new Set(submits.keys()))) {
      add(id, submits.get(path) ?? operation, 'prose');
    }
  }

  const facts = factsOf(document, operations);
  const models = [...endpoints].map(([modelId, held]): IndexModel => {
    const sorted = sortEndpoints([...held.values()], gateway);
    const preferred = sorted[0];
    return {
      modelId,
      modality: preferred ? modalityOf(preferred.path, gateway) : 'other',
      endpoints: sorted,
      pollEndpoint: preferred?.pollEndpoint ?? null,
      evidence: preferred?.evidence ?? 'prose',
      ...facts.get(modelId),
    };
  });
  models.sort((a, b) => compare(a.modality, b.modality) || compare(a.modelId, b.modelId));
  return { version: specVersionOf(document), source, models };
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Endpoints with a request schema before those that only prose names; then by the gateway's preference. */
export function sortEndpoints(endpoints: IndexEndpoint[], gateway: GatewayConfig): IndexEndpoint[] {
  const rank = ({ path, evidence }: IndexEndpoint): number => {
    const place = gateway.endpointPreference.indexOf(path);
    const unsure = evidence === 'prose' || evidence === 'index' ? 1000 : 0;
    return unsure + (place < 0 ? gateway.endpointPreference.length : place);
  };
  return [...endpoints].sort((a, b) => rank(a) - rank(b));
}

type Facts = Pick<IndexModel, 'imageToVideoOnly' | 'deprecated' | 'uploadModel'>;

function factsOf(document: JsonObject, operations: readonly Operation[]): Map<string, Facts> {
  const facts = new Map<string, Facts>();
  const note = (id: string, fact: Facts): void => {
    facts.set(id, { ...facts.get(id), ...fact });
  };
  walkObjects(document, (object) => {
    const description = stringAt(object, 'description');
    if (description === undefined) return;
    for (const id of imageToVideoOnlyIn(description)) note(id, { imageToVideoOnly: true });
    for (const [id, why] of struckOutIn(description)) if (!facts.get(id)?.deprecated) note(id, { deprecated: why });
  });
  for (const { value } of operations) {
    for (const [id, upload] of Object.entries(objectAt(value, UPLOAD_MODELS) ?? {})) {
      if (isString(upload)) note(id, { uploadModel: upload });
    }
  }
  return facts;
}

/** JSON Schema of the file that `deriveModelIndex` makes; the vendor's own takes its place where there is one. */
export const modelIndexSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Model index: which model is called where',
  type: 'object',
  required: ['version', 'models'],
  properties: {
    version: { type: 'string', description: 'Version of the OpenAPI document.' },
    source: { type: 'string', description: 'The document that this was derived from.' },
    models: {
      type: 'array',
      items: {
        type: 'object',
        required: ['modelId', 'modality', 'endpoints', 'pollEndpoint', 'evidence'],
        properties: {
          modelId: { type: 'string', minLength: 1 },
          modality: { enum: ['video', 'image', 'music', 'speech', 'chat', 'embedding', 'asset', 'other'] },
          endpoints: {
            type: 'array',
            minItems: 1,
            description: 'Preferred endpoint first.',
            items: {
              type: 'object',
              required: ['method', 'path', 'pollEndpoint', 'evidence'],
              properties: {
                method: { enum: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] },
                path: { type: 'string', pattern: '^/[^#]*$' },
                operationId: { type: ['string', 'null'] },
                pollEndpoint: { type: ['string', 'null'], pattern: '^/[^#]*$' },
                evidence: { enum: [...EVIDENCE] },
              },
            },
          },
          pollEndpoint: {
            type: ['string', 'null'],
            pattern: '^/[^#]*$',
            description: 'Poll path of the preferred endpoint; null means that the answer to the submit is final.',
          },
          evidence: {
            enum: [...EVIDENCE],
            description: 'Where the document names the model on its preferred endpoint.',
          },
          imageToVideoOnly: { const: true },
          deprecated: { type: 'string' },
          uploadModel: { type: 'string' },
        },
      },
    },
  },
};
