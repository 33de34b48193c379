// A transport on a test server, with nothing of its own but what a test gives it, and the call that most tests make.

import { DEFAULT_RETRY, Transport, type TransportOptions } from '../../src/transport/index.js';

export function transportTo(baseUrl: string, options: Partial<TransportOptions> = {}): Transport {
  return new Transport({
    baseUrl,
    apiKey: 'sk-test',
    missingKey: 'no key',
    headers: (key) => ({ authorization: `Bearer ${key}` }),
    fetch: undefined,
    requestTimeoutMs: 5000,
    retry: { ...DEFAULT_RETRY, attempts: 1 },
    readRefusal: () => null,
    requestIdOf: () => undefined,
    logger: undefined,
    now: () => performance.now(),
    random: Math.random,
    ...options,
  });
}

export const status = { method: 'GET', path: '/v1/videos/t1', phase: 'poll', paid: false } as const;
