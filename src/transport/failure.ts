// What a thrown exchange means: did the request leave this machine or not? Money hangs on that answer.

/** A failed exchange. */
export interface Failure {
  /** `not-sent`: surely never reached the gateway. `lost`: it may have. */
  kind: 'not-sent' | 'lost';
  /** Who ended it: the network, our own request timeout, or the caller's signal. */
  by: 'network' | 'timeout' | 'caller';
  /** The innermost code that explains it, e.g. `ENOTFOUND`, `UND_ERR_CONNECT_TIMEOUT`, `ECONNRESET`. */
  code: string | undefined;
  /** The same in words, for messages. */
  reason: string;
  cause: unknown;
}

/**
 * Codes that arise before the first byte of a request can leave: name lookup, connect, TLS handshake.
 * Everything else (ECONNRESET, EPIPE, headers or body timeout, "other side closed") may come after it left.
 */
const NOT_SENT = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EAI_NODATA',
  'EAI_NONAME',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
  'ConnectionRefused',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'CERT_UNTRUSTED',
  'CERT_SIGNATURE_FAILURE',
  'HOSTNAME_MISMATCH',
]);

/** Codes of the same phase that come in families: TLS and OpenSSL handshake failures. */
const NOT_SENT_PREFIX = /^(?:ERR_TLS_|ERR_SSL_|EPROTO$)/;

/** The fetch standard blocks some ports before it connects; that failure has words and no code. */
const BLOCKED_PORT = /^bad port$/;

/** Classifies what `fetch` threw; `by` says whose doing it was. */
export function classifyFailure(error: unknown, by: Failure['by']): Failure {
  const codes = [...codesOf(error)];
  const code = codes[codes.length - 1];
  // Happy eyeballs throws an AggregateError: only if every attempt failed before sending was nothing sent.
  const innermost = innermostMessage(error);
  const notSent =
    BLOCKED_PORT.test(innermost) ||
    (codes.length > 0 && codes.every((c) => NOT_SENT.has(c) || NOT_SENT_PREFIX.test(c)));
  const reason = reasonOf(code, innermost);
  return { kind: notSent && by === 'network' ? 'not-sent' : 'lost', by, code, reason, cause: error };
}

/** One line for a message: TLS libraries dump their whole error queue into theirs. */
function reasonOf(code: string | undefined, message: string): string {
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') return 'that port does not speak TLS';
  if (code?.startsWith('ERR_SSL_')) return code;
  const line = message.replace(/\s+/g, ' ').trim().slice(0, 200);
  return code === undefined || line.includes(code) ? line : `${code}: ${line}`;
}

function innermostMessage(error: unknown, depth = 0): string {
  if (typeof error !== 'object' || error === null) return String(error);
  if (depth < 8 && 'errors' in error && Array.isArray(error.errors) && error.errors.length > 0) {
    return innermostMessage(error.errors[0], depth + 1);
  }
  if (depth < 8 && 'cause' in error && error.cause !== undefined && error.cause !== null) {
    return innermostMessage(error.cause, depth + 1);
  }
  return 'message' in error && typeof error.message === 'string' && error.message !== ''
    ? error.message
    : 'no reason given';
}

/** The codes of the innermost causes. Wrappers without a code are skipped; an aggregate gives all of its members'. */
function* codesOf(error: unknown, depth = 0): Generator<string> {
  if (depth > 8 || typeof error !== 'object' || error === null) return;
  if ('errors' in error && Array.isArray(error.errors) && error.errors.length > 0) {
    for (const inner of error.errors) yield* codesOf(inner, depth + 1);
    return;
  }
  if ('cause' in error && error.cause !== undefined && error.cause !== null) {
    const inner = [...codesOf(error.cause, depth + 1)];
    if (inner.length > 0) {
      yield* inner;
      return;
    }
  }
  if ('code' in error && typeof error.code === 'string') yield error.code;
}
