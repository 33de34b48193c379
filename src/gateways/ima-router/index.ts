// The ima-router gateway: its address, auth and readers, over the catalogue generated from its document.

import { catalog } from '../../../generated/ima-router/catalog.js';
import type { paths } from '../../../generated/ima-router/openapi.js';
import type { PreferredTaskEndpoint, TaskBodies } from '../../../generated/ima-router/requests.js';
import { GatewayClient, type Rooms } from '../../client.js';
import type { Gateway } from '../../gateway.js';
import type { ClientOptions } from '../../options.js';
import { DEFAULT_BOUNDS } from '../../tasks/index.js';
import { Account } from './account.js';
import { Assets } from './assets.js';
import {
  type AnthropicOptions,
  anthropicOptions,
  type ChatVerbs,
  chatVerbs,
  type OpenAiOptions,
  openAiOptions,
} from './chat.js';
import { durations } from './durations.js';
import { Midjourney } from './midjourney.js';
import { names } from './names.js';
import { readers } from './readers.js';
import { readRefusal, requestIdOf } from './refusal.js';

export type { Balance, FreeCallOptions } from './account.js';
export type { UploadModel } from './asset-groups.js';
export type { Asset, AssetGroup, AssetQuota, AssetStatus, AssetType } from './asset-shapes.js';
export type { EnsureOptions, ReadyOptions } from './asset-source.js';
export type { AssetUpload, UploadOptions } from './asset-uploads.js';
export type {
  AnthropicOptions,
  ChatRequest,
  EmbeddingsRequest,
  MessagesRequest,
  OpenAiOptions,
  ResponsesRequest,
} from './chat.js';
export type { BlendBody, ChangeOptions, MidjourneyOptions, MidjourneyParent, ModalBody } from './midjourney.js';
export type { ChangeModel, MidjourneyButton } from './midjourney-buttons.js';

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
  verbs: {
    '/v1/chat/completions': 'ima.chat.completions.create',
    '/v1/responses': 'ima.responses.create',
    '/v1/messages': 'ima.messages.create',
    '/v1/embeddings': 'ima.embeddings.create',
    '/v1/assets/create': 'ima.assets.create',
    '/v1/assets/group/create': 'ima.assets.groups.create',
    '/v1/assets/group/list': 'ima.assets.groups.list',
    '/v1/assets/list': 'ima.assets.list',
  },
  callHeaders: {
    // POST /v1/videos: "to enable moderation passthrough, additionally send the request header `x-moderation: enabled`".
    'x-moderation': { paths: ['/v1/videos'], values: ['enabled'] },
    // In no document; the vendor's own SDKs send it (field-notes A1).
    'x-youchuan-setting': {
      paths: ['/mj/submit/imagine', '/mj/submit/blend', '/mj/submit/change', '/mj/submit/modal'],
    },
  },
  requestIdOf,
  readers,
  // The vendor's own SDKs wait 1,800 s for images and 3,600 s for videos (field-notes A1).
  // A review takes about 10 s; the gateway itself looks at it for about 64 s.
  waitMs: { image: 1_800_000, music: 1_800_000, speech: 1_800_000, video: 3_600_000, asset: 600_000 },
  durations,
  poll: { bounds: DEFAULT_BOUNDS, firstMs: [], perSecond: 20, afterRateLimitMs: 0 },
  results: { headers: {}, declaredSizes: 'hint' },
};

/** The client of ima-router: any model of the gateway by its id, from request to file on disk. */
export class ImaRouter extends GatewayClient<TaskBodies, PreferredTaskEndpoint, paths> {
  /** Chat completions, OpenAI's protocol. */
  readonly chat: ChatVerbs['chat'];
  /** Responses, OpenAI's protocol. */
  readonly responses: ChatVerbs['responses'];
  /** Messages, Anthropic's protocol. */
  readonly messages: ChatVerbs['messages'];
  readonly embeddings: ChatVerbs['embeddings'];
  readonly account: Account;
  /** Reference media for models that take `asset://` addresses. */
  readonly assets: Assets;
  readonly midjourney: Midjourney;
  readonly #rooms: Rooms;

  /** Makes no call; a missing key is an error only when a call needs one. Throws `ConfigError` for bad options. */
  constructor(options: ClientOptions = {}) {
    let handed: Rooms | undefined;
    super(gateway, options, (rooms) => {
      handed = rooms;
    });
    if (handed === undefined) throw new TypeError('the client has handed nothing down');
    this.#rooms = handed;
    const { chat, responses, messages, embeddings } = chatVerbs(handed);
    this.chat = chat;
    this.responses = responses;
    this.messages = messages;
    this.embeddings = embeddings;
    this.account = new Account(handed.transport);
    this.assets = new Assets(handed);
    this.midjourney = new Midjourney(handed);
  }

  /**
   * What `new OpenAI(…)` takes to speak with this gateway through this client: its key, its base URL, and a `fetch` that
   * repeats only what surely was not taken. **Holds the key.** Throws `ConfigError` without one.
   */
  openaiOptions(): OpenAiOptions {
    return openAiOptions(this.#rooms);
  }

  /** The same for `new Anthropic(…)`. Adds the `anthropic_version` that this gateway wants in the body. **Holds the key.** */
  anthropicOptions(): AnthropicOptions {
    return anthropicOptions(this.#rooms);
  }
}
