// The imini gateway: its address, auth, pace and readers, over the catalogue generated from openapi/imini.yaml.

import { catalog } from '../../../generated/imini/catalog.js';
import type { paths } from '../../../generated/imini/openapi.js';
import type { PreferredTaskEndpoint, TaskBodies } from '../../../generated/imini/requests.js';
import { GatewayClient } from '../../client.js';
import type { Gateway } from '../../gateway.js';
import type { ClientOptions } from '../../options.js';
import { durations } from './durations.js';
import { names } from './names.js';
import { readers } from './readers.js';
import { readRefusal, requestIdOf } from './refusal.js';

export type {
  ModelId,
  PreferredEndpoint,
  RequestBodies,
  TaskBodies,
  TaskModelId,
} from '../../../generated/imini/requests.js';

const gateway: Gateway = {
  name: 'imini',
  baseUrl: 'https://openapi.imini.ai/imini/router',
  env: { apiKey: ['IMINI_API_KEY'], baseUrl: ['IMINI_BASE_URL'] },
  headers: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
  catalog,
  names,
  assetScheme: undefined,
  // Its llms.txt is prose, not an index.
  indexUrl: undefined,
  parts: {
    schemas: () => import('../../../generated/imini/schemas.js'),
    media: () => import('../../../generated/imini/media.js'),
    rules: () => import('./rules.js'),
  },
  readRefusal,
  verbs: {},
  callHeaders: {},
  requestIdOf,
  readers,
  // Seed 004, "Configure sensible timeouts": 2 minutes for images, 10 for video.
  waitMs: { image: 120_000, video: 600_000 },
  durations,
  poll: {
    // Seed 004: a first poll at 2 s, then 2 s / 3 s / 5 s. The longest interval is that of the sister gateway's rule.
    bounds: { minMs: 2000, maxMs: 10_000 },
    firstMs: [2000, 3000, 5000],
    perSecond: 20,
    // Field-notes A2: the vendor's own client waits 5 s after a 429 at least.
    afterRateLimitMs: 5000,
  },
  results: {
    // Field-notes A2: its CDN answers any other Referer with 200 and a picture of its own.
    headers: { referer: 'https://imini.ai/' },
    declaredSizes: 'firm',
  },
};

/** The client of the imini Open Platform: images and videos by model id, from request to file on disk. */
export class Imini extends GatewayClient<TaskBodies, PreferredTaskEndpoint, paths> {
  /** Makes no call; a missing key is an error only when a call needs one. Throws `ConfigError` for bad options. */
  constructor(options: ClientOptions = {}) {
    super(gateway, options);
  }
}
