// The half of a gateway that answers at once: which path is chat, embeddings, assets or the balance, and what it comes to.

import { type AccountRules, Accounts } from './accounts.js';
import { type ChatRoute, chat } from './chat/index.js';
import { type EmbeddingRoute, embed } from './embeddings.js';
import type { EventStream } from './event-stream.js';
import type { Json } from './json.js';
import { Library, type LibraryRules, type LibrarySettings } from './library.js';
import { chance, token } from './random.js';

/** A request that the document takes. */
export interface Ask {
  key: string;
  model: string;
  body: unknown;
  /** What the answer calls itself. */
  requestId: string;
}

/** The answer: a body or a stream, and what becomes of it in the books. */
export interface Told {
  /** Default 200. */
  status?: number;
  body?: Json;
  stream?: EventStream;
  /** What the document is asked about instead of the body; none where it is known to be wrong. */
  samples?: Json[];
  /** US dollars that were paid for it; absent where nothing was taken. */
  usd?: number;
  /** What was made of it. */
  taskId?: string;
  outcome?: 'succeeded' | 'failed';
}

/** What a gateway's asset paths do, by path: its words around the library that they all share. */
export type AssetDesk = Record<string, (ask: Ask, library: Library) => Told>;

/** What a gateway says of the half that answers at once; a path that stands nowhere here is answered by the document. */
export interface Services {
  chats?: ChatRoute[];
  embeddings?: EmbeddingRoute[];
  assets?: { rules: LibraryRules; desk: AssetDesk };
  account?: AccountRules;
}

export interface ServiceSettings extends Omit<LibrarySettings, 'most'> {
  maxAssets: number | undefined;
  /** How the fields of the assets' answers are spelled. */
  assetKeys: 'pascal' | 'snake';
}

/** Letters and digits that make the ids of an answer its own. */
const ID_LETTERS = 24;

/** Who answers at once, and keeps the books of it. */
export class ServiceDesk {
  readonly library: Library | undefined;
  private readonly accounts: Accounts | undefined;
  private readonly byRoute = new Map<string, (ask: Ask) => Told>();

  constructor(services: Services, settings: ServiceSettings) {
    const { chats = [], embeddings = [], assets, account } = services;
    for (const route of chats) this.byRoute.set(`POST ${route.path}`, (ask) => spoken(route, ask, settings));
    for (const route of embeddings) {
      this.byRoute.set(`POST ${route.path}`, ({ model, body }) => {
        const { usd, status, ...told } = embed(route, model, body);
        return status === 200 ? { ...told, usd } : { ...told, status };
      });
    }
    if (assets !== undefined) {
      const library = new Library(assets.rules, { ...settings, most: settings.maxAssets });
      for (const [path, serve] of Object.entries(assets.desk)) {
        this.byRoute.set(`POST ${path}`, (ask) => spelled(serve(ask, library), settings.assetKeys));
      }
      this.library = library;
    }
    if (account !== undefined) {
      const accounts = new Accounts(account);
      this.byRoute.set(`GET ${account.path}`, ({ key }) => ({ body: accounts.tell(key) }));
      this.accounts = accounts;
    }
  }

  /** What answers that path; undefined where nobody here does. */
  find(method: string, path: string): ((ask: Ask) => Told) | undefined {
    return this.byRoute.get(`${method} ${path}`);
  }

  charge(key: string, usd: number): void {
    this.accounts?.charge(key, usd);
  }
}

function spoken(route: ChatRoute, { model, body, requestId }: Ask, { seed, speed, clock }: ServiceSettings): Told {
  const id = token(chance(seed, 'chat', requestId), 'alphanumeric', ID_LETTERS);
  return chat(route, { token: id, model, createdAt: Math.floor(clock() / 1000), body }, speed);
}

function spelled(told: Told, keys: ServiceSettings['assetKeys']): Told {
  return keys === 'pascal' || told.body === undefined ? told : { ...told, body: snaked(told.body) };
}

/** `TotalCount` as `total_count`, at any depth. */
function snaked(value: Json): Json {
  if (Array.isArray(value)) return value.map(snaked);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase(),
      snaked(inner),
    ]),
  );
}
