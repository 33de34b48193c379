// The door of the transport room: one HTTP exchange, its errors, and nothing about tasks or vendors.

export { Aborts, anyOf, derived, Stop } from './aborts.js';
export {
  cleanBaseUrl,
  cleanHeaders,
  cleanIndexUrl,
  cleanKey,
  isLoopback,
  isPrivateAddress,
  isPrivateHost,
} from './address.js';
export { isBase64 } from './base64.js';
export type { Call, StreamCall } from './call.js';
export { guarded, messageOf } from './callbacks.js';
export { bad, checkNames, checkSignal } from './check.js';
export { sha256 } from './digest.js';
export * from './errors.js';
export { Answer, exchange, type FetchLike } from './exchange.js';
export { codeOf, isId, isRecord, numberOf, shownText, textOf, urlOf, valueAt } from './json.js';
export { BrokenStream, type OpenAnswer } from './opened.js';
export { fetchesDirectly } from './platform.js';
export { redactJson, redactText } from './redact.js';
export {
  kindOfStatus,
  type ReadRefusal,
  type Refusal,
  type RefusalKind,
  refusalError,
} from './refusal.js';
export { backoff, DEFAULT_RETRY, parseRetryAfter, type RetryPolicy } from './retry.js';
export { LONGEST_TIMER_MS, type Logger, Transport, type TransportOptions } from './transport.js';
