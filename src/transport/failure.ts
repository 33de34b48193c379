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

/** System calls that run before the first byte of a request can leave. The same code from `read` may come after it. */
const BEFORE_SENDING = new Set(['connect', 'getaddrinfo', 'queryA', 'queryAaaa', 'bind']);

/**
 * Codes that are set while a connection is made, by parties that name no system call: undici's connector, Bun, and
 * certificate checks. Not in the list: other TLS errors (`ERR_SSL_…`). An alert may come in answer to a request, and so
 * may bytes that are no TLS, of whatever stands in between: the error is then the same as that of a port without TLS.
 */
const NOT_SENT = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
  'ConnectionRefused',
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
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
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/**
 * Node's words for an end of the connection in mid-handshake. Its code, `ECONNRESET` without a system call, may mean
 * anything; but who says these words stops listening as soon as the handshake is over, when nothing has been sent yet.
 */
const HANDSHAKE_CUT = 'Client network socket disconnected before secure TLS connection was established';

/** The fetch standard blocks some ports before it connects; that failure has words and no code. */
const BLOCKED_PORT = /^bad port$/;

/**
 * Classifies what `fetch` threw; `by` says whose doing it was. `hasBegun` is what is known of the sending itself
 * (`Departure`), and outweighs every code: a certificate may go bad in mid-connection, an abort may come in time.
 */
export function classifyFailure(error: unknown, by: Failure['by'], hasBegun?: boolean): Failure {
  const roots = [...rootsOf(error)];
  const code = roots[roots.length - 1]?.code;
  // Happy eyeballs throws an AggregateError: only if every attempt failed before sending was nothing sent.
  const innermost = innermostMessage(error);
  const notSent = BLOCKED_PORT.test(innermost) || (roots.length > 0 && roots.every(isBeforeSending));
  const reason = reasonOf(code, innermost);
  const surelyNot = hasBegun === undefined ? notSent && by === 'network' : !hasBegun;
  return { kind: surelyNot ? 'not-sent' : 'lost', by, code, reason, cause: error };
}

/** One line for a message: TLS libraries dump their whole error queue into theirs. */
function reasonOf(code: string | undefined, message: string): string {
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') return 'what came was no TLS: does that port speak it?';
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

/** An innermost cause: its code, its words, and the system call that failed, where one did. */
interface Root {
  code: string;
  message: unknown;
  syscall: string | undefined;
}

function isBeforeSending({ code, message, syscall }: Root): boolean {
  if (syscall !== undefined) return BEFORE_SENDING.has(syscall);
  return NOT_SENT.has(code) || (code === 'ECONNRESET' && message === HANDSHAKE_CUT);
}

/** The innermost causes. Wrappers without a code are skipped; an aggregate gives all of its members'. */
function* rootsOf(error: unknown, depth = 0): Generator<Root> {
  if (depth > 8 || typeof error !== 'object' || error === null) return;
  if ('errors' in error && Array.isArray(error.errors) && error.errors.length > 0) {
    for (const inner of error.errors) yield* rootsOf(inner, depth + 1);
    return;
  }
  if ('cause' in error && error.cause !== undefined && error.cause !== null) {
    const inner = [...rootsOf(error.cause, depth + 1)];
    if (inner.length > 0) {
      yield* inner;
      return;
    }
  }
  if ('code' in error && typeof error.code === 'string') {
    const syscall = 'syscall' in error && typeof error.syscall === 'string' ? error.syscall : undefined;
    yield { code: error.code, message: 'message' in error ? error.message : undefined, syscall };
  }
}
