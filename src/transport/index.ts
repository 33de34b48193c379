// The door of the transport room: one HTTP exchange, its errors, and nothing about tasks or vendors.

export { cleanBaseUrl, cleanHeaders, cleanKey } from './address.js';
export { derived, guarded, messageOf } from './callbacks.js';
export * from './errors.js';
export { Answer, type FetchLike } from './exchange.js';
export { redactJson, redactText } from './redact.js';
export {
  kindOfStatus,
  type ReadRefusal,
  type Refusal,
  type RefusalKind,
  refusalError,
} from './refusal.js';
export { DEFAULT_RETRY, type RetryPolicy } from './retry.js';
export { type Call, LONGEST_TIMER_MS, type Logger, Transport, type TransportOptions } from './transport.js';
