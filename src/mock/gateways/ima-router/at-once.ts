// The half of ima-router that answers at once: which path is what, what it costs, and the words of its own that some have.

import type { ByPath, Refusal } from '../../gateway.js';
import type { Services } from '../../services.js';
import { ASSET_CREATE, assetDesk, libraryRules } from './assets.js';

const CHAT = '/v1/chat/completions';
const RESPONSES = '/v1/responses';
const MESSAGES = '/v1/messages';
const EMBEDDINGS = '/v1/embeddings';

/** Units of account to a dollar, from the document's example. */
const UNITS_PER_USD = 500_000;

export const BALANCE = '/api/usage/token/user-balance';

/** Of the asset paths only this one is charged. */
export const PAID = [CHAT, RESPONSES, MESSAGES, EMBEDDINGS, ASSET_CREATE];

/** The read-only paths say it in words of their own, whatever is wrong with the key (field-notes A1, "Errors"). */
export const NO_TOKEN: Refusal = { status: 401, body: { success: false, message: '无效的令牌' } };

/** Who has nothing left hears it from the asset paths as he hears all: with 200. */
export const NO_BALANCE: ByPath = {
  [ASSET_CREATE]: {
    status: 200,
    body: {
      success: false,
      message: `user quota is not enough, need: ${Math.round(libraryRules.usd * UNITS_PER_USD)}`,
    },
  },
};

export const services: Services = {
  chats: [
    {
      path: CHAT,
      protocol: 'chat-completions',
      // spec-notes C1: they think first, at the expense of `max_tokens`.
      thinks: ['MiniMax-M', 'kimi-for-coding'],
      price: { input: 1, output: 4 },
    },
    { path: RESPONSES, protocol: 'responses', price: { input: 1.75, output: 14 } },
    { path: MESSAGES, protocol: 'messages', price: { input: 3, output: 15 } },
  ],
  embeddings: [
    {
      path: EMBEDDINGS,
      dimensions: { 'text-embedding-3-large': 3072, 'text-embedding-3-small': 1536 },
      most: 2048,
      price: 0.13,
    },
  ],
  assets: { rules: libraryRules, desk: assetDesk },
  account: {
    path: BALANCE,
    startUsd: 1000,
    starts: { 'sk-empty': 0 },
    unitsPerUsd: UNITS_PER_USD,
    answer: {
      success: true,
      message: '',
      data: {
        object: 'user_balance',
        user_id: 1001,
        username: 'mock',
        quota: '{units}',
        used_quota: '{usedUnits}',
        balance_usd: '{balanceUsd}',
        used_amount_usd: '{usedUsd}',
        quota_per_unit: '{unitsPerUsd}',
        currency: 'USD',
      },
    },
  },
};
