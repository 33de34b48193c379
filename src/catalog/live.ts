// The live model index over HTTP: fetched with its ETag, bounded in size, refused whole unless it is an index.

import {
  ConnectionError,
  cleanIndexUrl,
  type ErrorFacts,
  exchange,
  type FetchLike,
  InvalidResponseError,
  redactText,
  WaitAbortedError,
} from '../transport/index.js';
import { type ModelIndex, readModelIndex } from './index-file.js';

/** Our own copy of one gateway's index is 60 KB. */
const MOST_BYTES = 4_000_000;

/** Fetches one gateway's index. No key is sent: the index is public, and need not be the gateway's own host. */
export class IndexSource {
  readonly #fetch: FetchLike;
  readonly #timeoutMs: number;
  readonly #tags = new Map<string, { etag: string; index: ModelIndex }>();

  constructor(fetch: FetchLike, timeoutMs: number) {
    this.#fetch = fetch;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * The index at `url`. Throws `InvalidResponseError` (`bad_model_index`) for whatever is not a whole index,
   * `ConnectionError`, `WaitAbortedError`, or `ConfigError` for a URL that is none.
   */
  async load(url: string, servers: readonly string[], signal: AbortSignal | undefined): Promise<ModelIndex> {
    const address = cleanIndexUrl(url);
    const shown = redactText(address);
    const kept = this.#tags.get(address);
    const headers: Record<string, string> = { accept: 'application/json' };
    if (kept !== undefined) headers['if-none-match'] = kept.etag;
    const outcome = await exchange(
      { method: 'GET', url: address, headers },
      { fetch: this.#fetch, timeoutMs: this.#timeoutMs, signal, maxBytes: MOST_BYTES },
    );
    if ('failure' in outcome) {
      const { by, reason, cause } = outcome.failure;
      const facts: ErrorFacts = { code: 'connection_lost', phase: 'route', retryable: true, cause, hint: KEPT };
      if (by === 'caller') {
        throw new WaitAbortedError('The refresh of the models was aborted.', { ...facts, code: 'aborted' });
      }
      if (cause instanceof RangeError) throw refused(`${shown} is larger than ${MOST_BYTES} bytes`, undefined);
      throw new ConnectionError(`The model index at ${shown} could not be read (${reason}).`, facts);
    }
    const { answer } = outcome;
    if (answer.status === 304 && kept !== undefined) return kept.index;
    if (answer.status !== 200) throw refused(`${shown} answered HTTP ${answer.status}`, answer.status);
    if (answer.json === undefined) throw refused(`${shown} answered what is no JSON`, answer.status);
    const index = readModelIndex(answer.json, shown, servers);
    const etag = answer.headers.get('etag');
    if (etag === null) this.#tags.delete(address);
    else this.#tags.set(address, { etag, index });
    return index;
  }
}

const KEPT = 'The models known before stay in use.';

function refused(what: string, status: number | undefined): InvalidResponseError {
  return new InvalidResponseError(`${what}: it is not a model index.`, {
    code: 'bad_model_index',
    phase: 'route',
    status,
    retryable: status !== undefined && (status >= 500 || status === 429),
    hint: KEPT,
  });
}
