// The ima-router gateway: its address, auth and readers, over the catalogue generated from its document.

import { catalog } from '../../../generated/ima-router/catalog.js';
import type { paths } from '../../../generated/ima-router/openapi.js';
import type { PreferredTaskEndpoint, TaskBodies } from '../../../generated/ima-router/requests.js';
import { GatewayClient } from '../../client.js';
import type { Gateway } from '../../gateway.js';
import type { ClientOptions } from '../../options.js';
import { DEFAULT_BOUNDS } from '../../tasks/index.js';
import { durations } from './durations.js';
import { names } from './names.js';
import { readers } from './readers.js';
import { readRefusal, requestIdOf } from './refusal.js';

const gateway: Gateway = {
  name: 'ima-router',
  baseUrl: 'https://api.imarouter.com',
  env: { apiKey: ['IMAROUTER_API_KEY', 'IMA_API_KEY'], baseUrl: ['IMAROUTER_BASE_URL', 'IMA_BASE_URL'] },
  headers: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
  catalog,
  names,
  assetScheme: 'asset:',
  indexUrl: 'https://doc.imarouter.com/model-index.json',
  parts: {
    schemas: () => import('../../../generated/ima-router/schemas.js'),
    media: () => import('../../../generated/ima-router/media.js'),
    rules: () => import('./rules/index.js'),
  },
  readRefusal,
  requestIdOf,
  readers,
  // The vendor's own SDKs wait 1,800 s for images and 3,600 s for videos (field-notes A1).
  waitMs: { image: 1_800_000, music: 1_800_000, speech: 1_800_000, video: 3_600_000 },
  durations,
  poll: { bounds: DEFAULT_BOUNDS, firstMs: [], perSecond: 20, afterRateLimitMs: 0 },
  results: { headers: {}, declaredSizes: 'hint' },
};

/** The client of ima-router: any model of the gateway by its id, from request to file on disk. */
export class ImaRouter extends GatewayClient<TaskBodies, PreferredTaskEndpoint, paths> {
  /** Makes no call; a missing key is an error only when a call needs one. Throws `ConfigError` for bad options. */
  constructor(options: ClientOptions = {}) {
    super(gateway, options);
  }
}
