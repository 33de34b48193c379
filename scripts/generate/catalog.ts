// The catalogue as data: what the library knows of each model and operation at run time.
import { modalityOf, readModelIndex } from '../../src/catalog/index.js';
import type { GatewayConfig } from '../gateways.js';
import type { JsonObject } from '../spec/json.js';
import { EVIDENCE, type IndexEndpoint, type IndexModel, sortEndpoints } from '../spec/models.js';
import { operationsOf, pollPathOf, serversOf } from '../spec/operations.js';

/** The spec's models, and those that only the index file names (evidence `index`, no schema). */
export function withIndexFile(
  models: readonly IndexModel[],
  indexFile: unknown,
  where: string,
  document: JsonObject,
  gateway: GatewayConfig,
): IndexModel[] {
  const known = new Map(models.map((model) => [model.modelId, model]));
  const operations = operationsOf(document);
  const result = [...models];
  for (const { id: modelId, endpoints, pollPath } of readModelIndex(indexFile, where, serversOf(document)).models) {
    if (known.has(modelId)) continue;
    const indexed = endpoints.map(({ method, path, pollPath: own }): IndexEndpoint => {
      const operation = operations.find((item) => item.method === method && item.path === path);
      const ofModel = endpoints.length === 1 ? pollPath : undefined;
      const poll = pollPathOf(document, gateway, method, path) ?? own ?? ofModel ?? null;
      return { method, path, operationId: operation?.operationId ?? null, pollEndpoint: poll, evidence: 'index' };
    });
    const sorted = sortEndpoints(indexed, gateway);
    const preferred = sorted[0];
    if (!preferred) continue;
    result.push({
      modelId,
      modality: modalityOf(preferred.path, gateway),
      endpoints: sorted,
      pollEndpoint: preferred.pollEndpoint,
      evidence: 'index',
    });
  }
  return result;
}

const HEAD = `export type Modality = 'video' | 'image' | 'music' | 'speech' | 'chat' | 'embedding' | 'asset' | 'other';

/** How the vendor's documents name a model: \`schema\` is the surest, \`prose\` a list in a text, \`index\` only the model index. */
export type Evidence = ${EVIDENCE.map((word) => `'${word}'`).join(' | ')};

export interface CatalogEndpoint {
  readonly method: string;
  readonly path: string;
  /** null: the answer to the submit is final. */
  readonly pollPath: string | null;
  /** Key into \`schemas\` of ./schemas.ts; null: the spec has no request schema for the model here. */
  readonly schema: string | null;
  readonly operationId: string | null;
  readonly evidence: Evidence;
}

export interface CatalogModel {
  readonly id: string;
  readonly modality: Modality;
  /** Preferred endpoint first. */
  readonly endpoints: readonly CatalogEndpoint[];
  readonly evidence: Evidence;
  /** Makes video, and only from an image. */
  readonly imageToVideoOnly?: true;
  /** Its media fields take what the gateway can fetch from the web, and nothing else. */
  readonly needsPublicUrl?: true;
  /** The vendor's words about an id that is still accepted but no longer advised. */
  readonly deprecated?: string;
  /** The model under which media for this one must be uploaded, as the spec's extension says. */
  readonly uploadModel?: string;
}

/** One operation of the API; \`schema\` is set only where the body takes no model. */
export interface CatalogOperation {
  readonly method: string;
  readonly path: string;
  readonly operationId: string;
  readonly pollPath: string | null;
  readonly schema: string | null;
}

export interface Catalog {
  readonly gateway: string;
  readonly specVersion: string;
  readonly breakingChangesSince: string | null;
  readonly servers: readonly string[];
  /** What a path makes, by prefix; the longest prefix that fits wins. */
  readonly modalities: readonly { readonly prefix: string; readonly modality: Modality }[];
  /** Of several endpoints for one model the earlier one is preferred. */
  readonly endpointPreference: readonly string[];
  readonly models: readonly CatalogModel[];
  readonly operations: readonly CatalogOperation[];
}
`;

export interface CatalogData {
  gateway: string;
  specVersion: string;
  breakingChangesSince: string | null;
  servers: string[];
  modalities: GatewayConfig['modalities'];
  endpointPreference: GatewayConfig['endpointPreference'];
  models: object[];
  operations: object[];
}

/** catalog.ts: one model or operation per line, so that a diff reads as a list of changes. */
export function catalogText(header: string, { models, operations, ...rest }: CatalogData): string {
  const scalars = Object.entries(rest).map(([key, value]) => `  ${key}: ${JSON.stringify(value)},`);
  const list = (key: string, items: object[]): string =>
    `  ${key}: [\n${items.map((item) => `    ${JSON.stringify(item)},`).join('\n')}\n  ],`;
  const body = [...scalars, list('models', models), list('operations', operations)].join('\n');
  return `${header}\n${HEAD}\nexport const catalog: Catalog = {\n${body}\n};\n`;
}
