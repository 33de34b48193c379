// A client that polls a fast mock fast, and keeps what it warned of.

import { type ClientOptions, ImaRouter } from '../../src/index.js';

export interface TestClient {
  ima: ImaRouter;
  warnings: { code: string; message: string }[];
}

export function clientFor(baseUrl: string, options: ClientOptions = {}): TestClient {
  const warnings: TestClient['warnings'] = [];
  const ima = new ImaRouter({
    apiKey: 'sk-test-0123456789',
    baseUrl,
    poll: { minMs: 10, maxMs: 60, perSecond: 1000 },
    retry: { baseMs: 5, capMs: 200 },
    onWarning: (warning) => warnings.push(warning),
    ...options,
  });
  return { ima, warnings };
}
