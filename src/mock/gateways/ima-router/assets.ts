// ima-router's asset library in its own words: which fields its requests have, how its answers read, what it refuses.
//
// Every refusal is HTTP 200 with `success: false` (field-notes A1, "Assets"); what the document's schemas refuse is not.

import { at, type Json } from '../../json.js';
import type { Asset, Group, Library, LibraryRules, Review } from '../../library.js';
import type { Ask, AssetDesk, Told } from '../../services.js';

const DOMESTIC = 'domestic';
const OVERSEAS = 'overseas';

/** What the tasks that cannot use their assets say of it. The real words are not known; that the tasks fail is. */
const REFUSED = 'video generation failed: asset://{id}';

export const libraryRules: LibraryRules = {
  // spec-notes A1, A2: the model's name says less than the prose of /v1/assets/create.
  channels: {
    'ima-pro-upload': DOMESTIC,
    'ima-pro-upload-cn': DOMESTIC,
    'seedance-upload-cn': DOMESTIC,
    'seedance-upload': OVERSEAS,
  },
  model: 'ima-pro-upload',
  // `x-playground-portrait-asset-models` of POST /v1/videos.
  takers: {
    'seedance-2.0': OVERSEAS,
    'seedance-2.0-fast': OVERSEAS,
    'ima-pro': OVERSEAS,
    'ima-pro-fast': OVERSEAS,
    'seedance-2.0-cn': DOMESTIC,
    'seedance-2.0-fast-cn': DOMESTIC,
  },
  scheme: 'asset://',
  only: { 'sk-domestic': [DOMESTIC] },
  review: { seconds: 10, spread: 0.3 },
  most: 1000,
  usd: 0.01,
  troubles: {
    none: `${REFUSED}: the model {model} takes no assets`,
    unknown: `${REFUSED}: asset not found`,
    unreviewed: `${REFUSED}: asset is not active, current status: Processing`,
    rejected: `${REFUSED}: asset is not active, current status: Failed`,
    channel: `${REFUSED}: asset does not belong to the channel of the model {model}`,
  },
};

const REJECTION: Json = {
  Code: 'InputImageSensitiveContentDetected.PrivacyInformation',
  Message: 'The request failed because the input image may contain real person.',
};

const STATUS: Record<Review, string> = { processing: 'Processing', active: 'Active', failed: 'Failed' };

const ok = (data: Json): Told => ({ body: { success: true, message: '', data } });
const no = (message: string): Told => ({ body: { success: false, message } });

const iso = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

function text(body: unknown, key: string): string | undefined {
  const value = at(body, key);
  return typeof value === 'string' ? value : undefined;
}

const wordsOfGroup = (group: Group): Json => ({
  Id: group.id,
  Name: group.name,
  Title: group.name,
  Description: group.description,
  GroupType: group.type,
  ProjectName: group.project,
  CreateTime: iso(group.createdAtMs),
  UpdateTime: iso(group.updatedAtMs),
});

function wordsOfAsset(asset: Asset, review: Review): Json {
  return {
    Id: asset.id,
    Name: asset.name,
    URL: asset.url,
    GroupId: asset.group.id,
    AssetType: asset.kind,
    Status: STATUS[review],
    ProjectName: asset.project,
    CreateTime: iso(asset.createdAtMs),
    UpdateTime: iso(asset.updatedAtMs),
    ...(review === 'failed' ? { Error: REJECTION } : {}),
  };
}

/** The channel that a request asks for, or why the key may not use it. */
function channelOf({ body, key }: Ask, library: Library): { model: string; channel: string } | { refused: Told } {
  const model = text(body, 'model') ?? library.rules.model;
  const channel = library.channelFor(key, model);
  return channel === undefined ? { refused: no(`model ${model} is not available for your group`) } : { model, channel };
}

/** What a list may be narrowed down by, beside what is particular to its kind. */
function isWanted(
  one: { project: string; name: string; group: Group },
  body: unknown,
  channel: string | undefined,
): boolean {
  const name = text(at(body, 'filters'), 'name');
  const ids = at(body, 'filters', 'group_ids');
  const type = text(at(body, 'filters'), 'group_type');
  return (
    one.project === (text(body, 'project_name') ?? 'default') &&
    (channel === undefined || one.group.channel === channel) &&
    (name === undefined || one.name.includes(name)) &&
    (!Array.isArray(ids) || ids.length === 0 || ids.includes(one.group.id)) &&
    (type === undefined || one.group.type === type)
  );
}

type Listed = (Group | Asset) & { group?: Group };

const ORDERS: Record<string, (one: Listed) => number | string> = {
  CreateTime: (one) => one.createdAtMs,
  UpdateTime: (one) => one.updatedAtMs,
  GroupId: (one) => one.group?.id ?? one.id,
};

/** A page of what was found, newest first unless asked otherwise. */
function page<T extends Listed>(found: T[], body: unknown, words: (one: T) => Json): Told {
  const order = ORDERS[text(body, 'sort_by') ?? 'CreateTime'];
  const number = Number(at(body, 'page_number') ?? 1);
  const size = Number(at(body, 'page_size') ?? 20);
  const sorted = [...found].sort((a, b) => {
    const [left, right] = [order?.(a) ?? 0, order?.(b) ?? 0];
    return left < right ? -1 : left > right ? 1 : 0;
  });
  if (text(body, 'sort_order') !== 'Asc') sorted.reverse();
  return ok({
    Items: sorted.slice((number - 1) * size, number * size).map(words),
    TotalCount: found.length,
    PageNumber: number,
    PageSize: size,
  });
}

/** A list shows all channels, or the one of the model that it names. */
function narrowedTo(ask: Ask, library: Library): { channel: string | undefined } | { refused: Told } {
  if (text(ask.body, 'model') === undefined) return { channel: undefined };
  return channelOf(ask, library);
}

export const ASSET_CREATE = '/v1/assets/create';

const NO_GROUP = 'asset group not found';
const NO_ASSET = 'asset not found';

export const assetDesk: AssetDesk = {
  '/v1/assets/group/create': (ask, library) => {
    const found = channelOf(ask, library);
    if ('refused' in found) return found.refused;
    const group = library.addGroup(ask.key, {
      channel: found.channel,
      name: text(ask.body, 'name') ?? '',
      description: text(ask.body, 'description') ?? '',
      type: text(ask.body, 'group_type') ?? 'AIGC',
      project: text(ask.body, 'project_name') ?? 'default',
    });
    return ok(wordsOfGroup(group));
  },

  '/v1/assets/group/list': (ask, library) => {
    const narrowed = narrowedTo(ask, library);
    if ('refused' in narrowed) return narrowed.refused;
    const wanted = library.groups(ask.key).filter((group) => isWanted({ ...group, group }, ask.body, narrowed.channel));
    return page(wanted, ask.body, wordsOfGroup);
  },

  '/v1/assets/group/get': (ask, library) => {
    const group = library.group(ask.key, text(ask.body, 'id') ?? '');
    return group === undefined ? no(NO_GROUP) : ok(wordsOfGroup(group));
  },

  '/v1/assets/group/update': (ask, library) => {
    const group = library.group(ask.key, text(ask.body, 'id') ?? '');
    if (group === undefined) return no(NO_GROUP);
    library.update(group, text(ask.body, 'name'));
    group.description = text(ask.body, 'description') ?? group.description;
    return ok({ Id: group.id });
  },

  [ASSET_CREATE]: (ask, library) => {
    const found = channelOf(ask, library);
    if ('refused' in found) return found.refused;
    const group = library.group(ask.key, text(ask.body, 'group_id') ?? '');
    if (group === undefined) return no(NO_GROUP);
    if (library.assets(ask.key).length >= library.most) return no(`asset count exceeds max limit ${library.most}`);
    if (group.channel !== found.channel) {
      return no(
        `doubao asset request failed: InvalidParameter.GroupNotFound: The specified asset group ${group.id} is not found.`,
      );
    }
    const asset = library.addAsset(ask.key, {
      group,
      name: text(ask.body, 'name') ?? '',
      url: text(ask.body, 'url') ?? '',
      kind: text(ask.body, 'asset_type') ?? 'Image',
      project: text(ask.body, 'project_name') ?? 'default',
      path: ASSET_CREATE,
      model: found.model,
      body: ask.body,
    });
    // A review that ends badly is not paid back.
    return { ...ok({ Id: asset.id }), taskId: asset.id, outcome: asset.outcome, usd: library.rules.usd };
  },

  '/v1/assets/list': (ask, library) => {
    const narrowed = narrowedTo(ask, library);
    if ('refused' in narrowed) return narrowed.refused;
    const words = (asset: Asset) => wordsOfAsset(asset, library.reviewOf(asset));
    const statuses = at(ask.body, 'filters', 'statuses');
    const wanted = library
      .assets(ask.key)
      .filter((asset) => isWanted(asset, ask.body, narrowed.channel))
      .filter(
        (asset) =>
          !Array.isArray(statuses) || statuses.length === 0 || statuses.includes(STATUS[library.reviewOf(asset)]),
      );
    return page(wanted, ask.body, words);
  },

  '/v1/assets/get': (ask, library) => {
    const asset = library.asset(ask.key, text(ask.body, 'id') ?? '');
    return asset === undefined ? no(NO_ASSET) : ok(wordsOfAsset(asset, library.reviewOf(asset)));
  },

  '/v1/assets/update': (ask, library) => {
    const asset = library.asset(ask.key, text(ask.body, 'id') ?? '');
    if (asset === undefined) return no(NO_ASSET);
    library.update(asset, text(ask.body, 'name'));
    return ok({ Id: asset.id });
  },

  '/v1/assets/quota': (ask, library) =>
    ok({ enabled: true, max_count_per_user: library.most, current_count: library.assets(ask.key).length }),
};
