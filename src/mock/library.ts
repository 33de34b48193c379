// Assets that a caller keeps at a gateway: groups bound to a channel, a review that takes its time, and who may use what.

import { isObject } from './json.js';
import { chance, token } from './random.js';

export interface LibraryRules {
  /** Which of the gateway's channels an upload model belongs to. */
  channels: Record<string, string>;
  /** The upload model of a body that names none. */
  model: string;
  /** Models that take assets, and of which channel. */
  takers: Record<string, string>;
  /** How a text that names an asset begins, before its id. */
  scheme: string;
  /** Keys that may use some channels only. */
  only: Record<string, string[]>;
  /** How long the review takes in reality, and how far it strays (0.3 = ±30 %). */
  review: { seconds: number; spread: number };
  /** Most assets of a key. */
  most: number;
  /** US dollars for one asset. */
  usd: number;
  /** Why a task fails that was given an asset which it cannot use. Names: `{id}`, `{model}`. */
  troubles: Record<'unknown' | 'unreviewed' | 'rejected' | 'channel' | 'none', string>;
}

export interface Group {
  readonly id: string;
  readonly channel: string;
  name: string;
  description: string;
  readonly type: string;
  readonly project: string;
  readonly createdAtMs: number;
  updatedAtMs: number;
}

export interface Asset {
  readonly id: string;
  readonly group: Group;
  name: string;
  readonly url: string;
  readonly kind: string;
  readonly project: string;
  readonly createdAtMs: number;
  updatedAtMs: number;
  /** When its review is over. */
  readonly reviewedAtMs: number;
  /** How its review ends. */
  readonly outcome: 'succeeded' | 'failed';
}

export type Review = 'processing' | 'active' | 'failed';

export interface LibrarySettings {
  seed: number;
  speed: number;
  clock: () => number;
  outcome: (submit: { path: string; model: string; body: unknown }) => 'succeeded' | 'failed';
  /** Instead of the gateway's own `most`. */
  most: number | undefined;
}

/** What the caller chooses of a group. */
export type NewGroup = Pick<Group, 'channel' | 'name' | 'description' | 'type' | 'project'>;
/** What the caller chooses of an asset, and the request that it came with. */
export type NewAsset = Pick<Asset, 'group' | 'name' | 'url' | 'kind' | 'project'> & {
  path: string;
  model: string;
  body: unknown;
};

/** Letters and digits that end an id. */
const ID_LETTERS = 5;

interface Shelf {
  groups: Map<string, Group>;
  assets: Map<string, Asset>;
}

export class Library {
  private readonly shelves = new Map<string, Shelf>();
  private made = 0;

  constructor(
    readonly rules: LibraryRules,
    private readonly settings: LibrarySettings,
  ) {}

  /** Most assets that a key may have. */
  get most(): number {
    return this.settings.most ?? this.rules.most;
  }

  /** The channel of an upload model, undefined where the key may not use it. */
  channelFor(key: string, model: string): string | undefined {
    const channel = Object.hasOwn(this.rules.channels, model) ? this.rules.channels[model] : undefined;
    const only = Object.hasOwn(this.rules.only, key) ? this.rules.only[key] : undefined;
    return channel === undefined || only?.includes(channel) === false ? undefined : channel;
  }

  addGroup(key: string, wish: NewGroup): Group {
    const now = this.settings.clock();
    const group = { ...wish, id: this.freshId('group', now), createdAtMs: now, updatedAtMs: now };
    this.shelfOf(key).groups.set(group.id, group);
    return group;
  }

  addAsset(key: string, { path, model, body, ...wish }: NewAsset): Asset {
    const { seed, speed, clock, outcome } = this.settings;
    const { seconds, spread } = this.rules.review;
    const now = clock();
    const next = chance(seed, 'review', this.made);
    const asset = {
      ...wish,
      id: this.freshId('asset', now),
      createdAtMs: now,
      updatedAtMs: now,
      reviewedAtMs: now + (seconds * 1000 * (1 + spread * (2 * next() - 1))) / speed,
      outcome: outcome({ path, model, body }),
    };
    this.shelfOf(key).assets.set(asset.id, asset);
    return asset;
  }

  group(key: string, id: string): Group | undefined {
    return this.shelfOf(key).groups.get(id);
  }

  asset(key: string, id: string): Asset | undefined {
    return this.shelfOf(key).assets.get(id);
  }

  /** All groups of a key, oldest first. */
  groups(key: string): Group[] {
    return [...this.shelfOf(key).groups.values()];
  }

  /** All assets of a key, oldest first. */
  assets(key: string): Asset[] {
    return [...this.shelfOf(key).assets.values()];
  }

  update(one: Group | Asset, name: string | undefined): void {
    if (name !== undefined) one.name = name;
    one.updatedAtMs = this.settings.clock();
  }

  reviewOf({ reviewedAtMs, outcome }: Asset): Review {
    if (this.settings.clock() < reviewedAtMs) return 'processing';
    return outcome === 'failed' ? 'failed' : 'active';
  }

  /** Takes a group with all that is in it, or one asset, away from whoever has it. False for an id that nobody has. */
  forget(id: string): boolean {
    for (const { groups, assets } of this.shelves.values()) {
      if (assets.delete(id)) return true;
      if (!groups.delete(id)) continue;
      for (const asset of assets.values()) if (asset.group.id === id) assets.delete(asset.id);
      return true;
    }
    return false;
  }

  /** Why a task of `model` with this body will fail: an asset in it that it cannot use. */
  troubleWith(key: string, model: string, body: unknown): string | undefined {
    const { scheme, troubles, takers } = this.rules;
    for (const text of stringsIn(body)) {
      if (!text.startsWith(scheme)) continue;
      const id = text.slice(scheme.length);
      const trouble = this.troubleOf(this.asset(key, id), Object.hasOwn(takers, model) ? takers[model] : undefined);
      if (trouble !== undefined) return troubles[trouble].replaceAll('{id}', id).replaceAll('{model}', model);
    }
    return undefined;
  }

  private troubleOf(asset: Asset | undefined, channel: string | undefined): keyof LibraryRules['troubles'] | undefined {
    if (channel === undefined) return 'none';
    if (asset === undefined) return 'unknown';
    if (asset.group.channel !== channel) return 'channel';
    const review = this.reviewOf(asset);
    if (review === 'active') return undefined;
    return review === 'failed' ? 'rejected' : 'unreviewed';
  }

  private shelfOf(key: string): Shelf {
    const shelf = this.shelves.get(key) ?? { groups: new Map(), assets: new Map() };
    this.shelves.set(key, shelf);
    return shelf;
  }

  /** Such as `group-20260403210537-6v56x`: when it was made, and chance. */
  private freshId(kind: string, now: number): string {
    const stamp = new Date(now).toISOString().replace(/\D/g, '').slice(0, 14);
    const next = chance(this.settings.seed, kind, this.made++);
    for (;;) {
      const id = `${kind}-${stamp}-${token(next, 'lowercase', ID_LETTERS)}`;
      const isTaken = [...this.shelves.values()].some(({ groups, assets }) => groups.has(id) || assets.has(id));
      if (!isTaken) return id;
    }
  }
}

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(stringsIn);
  return isObject(value) ? Object.values(value).flatMap(stringsIn) : [];
}
