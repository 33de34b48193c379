// How the tests run: one mock for the whole run, real servers, and no test slower than its patience.

import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/mock-server.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // Most of a test here is waiting: on two cores Vitest's own choice is one file at a time, which leaves both idle.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    // The library keeps nothing in its modules, so that files can share them: a worker loads library and schemas once.
    isolate: false,
    // What a file changes for all, it must not leave to the next one.
    restoreMocks: true,
    unstubGlobals: true,
    // A real key in the developer's environment must never be used by a test.
    env: {
      IMAROUTER_API_KEY: '',
      IMA_API_KEY: '',
      IMAROUTER_BASE_URL: '',
      IMA_BASE_URL: '',
      IMINI_API_KEY: '',
      IMINI_BASE_URL: '',
    },
  },
});
