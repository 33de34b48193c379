// What a transfer may be told, looked at before anything is asked for.

import { bad, checkSignal, LONGEST_TIMER_MS } from '../transport/index.js';
import type { TransferOptions } from './facts.js';

/** Names of the options that all ways to a result's bytes have. */
export const TRANSFER_OPTIONS = ['idleTimeoutMs', 'anySize', 'maxBytes', 'onProgress', 'signal'];

/** Throws `ConfigError` for what cannot be meant. */
export function checkTransfer(options: TransferOptions): void {
  const { idleTimeoutMs = 1, maxBytes = 1, onProgress, signal } = options;
  const { anySize = false }: Record<string, unknown> = { ...options };
  checkSignal(signal);
  if (!(typeof idleTimeoutMs === 'number' && idleTimeoutMs > 0 && idleTimeoutMs <= LONGEST_TIMER_MS)) {
    throw bad('idleTimeoutMs', 'must be a number of milliseconds above 0');
  }
  if (!(typeof maxBytes === 'number' && maxBytes > 0)) throw bad('maxBytes', 'must be a number of bytes above 0');
  if (typeof anySize !== 'boolean') throw bad('anySize', 'must be true or false');
  if (onProgress !== undefined && typeof onProgress !== 'function') throw bad('onProgress', 'must be a function');
}
