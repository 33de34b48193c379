// What is particular to one vendor in the pipeline: where its files are, how its paths read, what is repaired and why. Data only.

import type { Modality } from '../src/catalog/index.js';
import { chatRepairs } from './chat-repairs.js';
import type { Json } from './spec/json.js';

/** A correction of the vendor's schema where it contradicts the vendor's own prose. Applied only while `expect` still stands there. */
export interface Repair {
  /** JSON pointer into the import document. */
  at: string;
  expect: Json;
  becomes: Json;
  reason: string;
}

/** The vendor's own files; every path is relative to `origin`. */
export interface Published {
  origin: string;
  files: {
    importForm: string;
    aliasForm: string;
    modelIndex: string;
    modelIndexSchema: string;
    testCases: string;
    entryPage: string;
  };
}

export interface GatewayConfig {
  name: string;
  openapiDir: string;
  /** In `openapiDir`: the document that everything is made of. */
  document: string;
  /** Where the vendor publishes it; undefined where we write it ourselves. */
  published: Published | undefined;
  generatedDir: string;
  /** What a path makes, by prefix; the longest prefix that fits wins. */
  modalities: readonly { prefix: string; modality: Modality }[];
  /** Of several endpoints for one model the earlier one here is preferred; those not named come after, in document order. */
  endpointPreference: readonly string[];
  /** Poll paths that are not `<submit path>/{task_id}`. */
  pollPaths: readonly { prefix: string; poll: string }[];
  repairs: readonly Repair[];
}

const KLING_OMNI_KEPT_SOUND = {
  expect: [true, false],
  becomes: ['yes', 'no'],
  reason:
    'The prose says `yes` or `no`; a YAML 1.1 dump turned the two words into booleans, so that no value at all satisfies `type: string`.',
};

const imaRouter: GatewayConfig = {
  name: 'ima-router',
  openapiDir: 'openapi',
  document: 'en.import.yaml',
  published: {
    origin: 'https://doc.imarouter.com',
    files: {
      importForm: '/openapi/en.import.yaml',
      aliasForm: '/openapi/en.yaml',
      modelIndex: '/model-index.json',
      modelIndexSchema: '/model-index.schema.json',
      testCases: '/test-cases.json',
      entryPage: '/llms.txt',
    },
  },
  generatedDir: 'generated/ima-router',
  modalities: [
    { prefix: '/v1/videos', modality: 'video' },
    { prefix: '/v1/video/', modality: 'video' },
    { prefix: '/kling/', modality: 'video' },
    { prefix: '/api/v1/contents/', modality: 'video' },
    { prefix: '/v1/images', modality: 'image' },
    { prefix: '/mj/', modality: 'image' },
    { prefix: '/v1/music', modality: 'music' },
    { prefix: '/v1/audio', modality: 'speech' },
    { prefix: '/v1/chat', modality: 'chat' },
    { prefix: '/v1/responses', modality: 'chat' },
    { prefix: '/v1/messages', modality: 'chat' },
    { prefix: '/v1/embeddings', modality: 'embedding' },
    { prefix: '/v1/assets', modality: 'asset' },
  ],
  // The entry page calls /v1/videos "preferred" and /v1/video/generations "legacy".
  endpointPreference: [
    '/v1/videos',
    '/api/v1/contents/generations/tasks',
    '/kling/v1/videos/text2video',
    '/kling/v1/videos/image2video',
    '/v1/video/generations',
    '/v1/images/generations',
    '/v1/chat/completions',
    '/v1/messages',
    '/v1/responses',
    '/v1/assets/create',
  ],
  pollPaths: [{ prefix: '/mj/submit/', poll: '/mj/task/{task_id}/fetch' }],
  repairs: [
    ...['KlingV3OmniVideoCreateRequest', 'KlingV3OmniVideoMetadata'].map((schema) => ({
      at: `#/components/schemas/${schema}/properties/video_list/items/oneOf/1/properties/keep_original_sound/enum`,
      ...KLING_OMNI_KEPT_SOUND,
    })),
    {
      at: '#/components/schemas/ImaProSubtitleEraseRequest/properties/model/enum',
      expect: ['doubao-video-subtitle-erase-cn'],
      becomes: ['doubao-video-subtitle-erase-cn', 'doubao-video-subtitle-erase'],
      reason:
        'The same property says "`doubao-video-subtitle-erase` is the overseas model", and an answer of the page is about it; the enum forgot it.',
    },
    ...chatRepairs,
  ],
};

/** No page of the vendor's has the whole of it in one document, so it is ours: `openapi/imini.yaml` says what it rests on. */
const imini: GatewayConfig = {
  name: 'imini',
  openapiDir: 'openapi',
  document: 'imini.yaml',
  published: undefined,
  generatedDir: 'generated/imini',
  modalities: [
    { prefix: '/v1/images', modality: 'image' },
    { prefix: '/v1/videos', modality: 'video' },
  ],
  endpointPreference: ['/v1/images/generate', '/v1/videos/generate'],
  pollPaths: [
    { prefix: '/v1/images/generate', poll: '/v1/images/tasks/{task_id}' },
    { prefix: '/v1/videos/generate', poll: '/v1/videos/tasks/{task_id}' },
  ],
  repairs: [],
};

export const gateways: readonly GatewayConfig[] = [imaRouter, imini];

export function gatewayNamed(name: string): GatewayConfig {
  const found = gateways.find((gateway) => gateway.name === name);
  if (found) return found;
  throw new Error(
    `There is no gateway "${name}" in scripts/gateways.ts; it knows ${gateways.map((g) => g.name).join(', ')}.`,
  );
}
