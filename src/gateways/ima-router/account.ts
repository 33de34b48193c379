// The account behind the key: what is left of its money.

import { checkedTimeout } from '../../tasks/index.js';
import {
  checkNames,
  checkSignal,
  InvalidResponseError,
  isRecord,
  numberOf,
  type Transport,
  textOf,
  valueAt,
} from '../../transport/index.js';

/** What the account has, in the unit that `currency` names (USD as far as the document says). */
export interface Balance {
  /** What can still be spent. */
  balanceUsd: number;
  /** What was spent over all time; absent where the gateway does not tell. */
  usedUsd?: number;
  currency: string;
  /** The gateway's answer, as it came. */
  raw: unknown;
}

/** How a call that costs nothing is made. */
export interface FreeCallOptions {
  signal?: AbortSignal | undefined;
  /** For each exchange; the client's request timeout unless given. */
  timeoutMs?: number | undefined;
}

/** Throws `ConfigError` for options that no free call can have. */
export function checkFree(options: FreeCallOptions): void {
  checkNames(options, ['signal', 'timeoutMs']);
  checkSignal(options.signal);
  checkedTimeout(options.timeoutMs);
}

const PATH = '/api/usage/token/user-balance';

/** The account verbs of a client. */
export class Account {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * What the account has left, in USD (GET /api/usage/token/user-balance). Free. An `InsufficientBalanceError` of this
   * client repeats it from then on. Throws `AuthenticationError`, `PermissionError`, `RateLimitError`, `ServerError`,
   * `ConnectionError`, `InvalidResponseError`.
   */
  async balance(options: FreeCallOptions = {}): Promise<Balance> {
    checkFree(options);
    const answer = await this.#transport.request({ method: 'GET', path: PATH, phase: 'poll', paid: false, ...options });
    const balance = balanceIn(answer.json);
    if (balance === undefined) {
      throw new InvalidResponseError(`GET ${PATH} tells no balance.`, {
        code: 'invalid_response',
        phase: 'poll',
        status: answer.status,
        body: this.#transport.redact(answer.json),
        hint: 'Read `body`; the balance also stands in the console of the gateway.',
      });
    }
    this.#transport.noteBalance(balance.balanceUsd);
    return balance;
  }
}

function balanceIn(raw: unknown): Balance | undefined {
  const data = isRecord(valueAt(raw, ['data'])) ? valueAt(raw, ['data']) : raw;
  if (!isRecord(data)) return undefined;
  // Where only the site's own units are told, the answer says how many of them are a dollar.
  const perUnit = numberOf(data.quota_per_unit);
  const inUsd = (usd: unknown, quota: unknown): number | undefined => {
    const units = numberOf(quota);
    return (
      numberOf(usd) ?? (units === undefined || perUnit === undefined || perUnit <= 0 ? undefined : units / perUnit)
    );
  };
  const balanceUsd = inUsd(data.balance_usd, data.quota);
  const usedUsd = inUsd(data.used_amount_usd, data.used_quota);
  if (balanceUsd === undefined) return undefined;
  return {
    balanceUsd,
    ...(usedUsd === undefined ? {} : { usedUsd }),
    currency: textOf(data.currency) ?? 'USD',
    raw,
  };
}
