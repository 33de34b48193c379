// How the tests run: one mock for the whole run, real servers, and no test slower than its patience.

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/mock-server.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // A real key in the developer's environment must never be used by a test.
    env: { IMAROUTER_API_KEY: '', IMA_API_KEY: '', IMAROUTER_BASE_URL: '', IMA_BASE_URL: '' },
  },
});
