// `npm run chaos`: the chaos tests at full size, on a new day each time; CHAOS_SEED=… brings a day back.

import { defineConfig, mergeConfig } from 'vitest/config';
import quick from './vitest.config.js';

const config = mergeConfig(
  quick,
  defineConfig({ test: { testTimeout: 600_000, hookTimeout: 60_000, env: { CHAOS: 'full' } } }),
);

// Each has a mock of its own, and no more than one at a time: they measure patience in real time.
export default {
  ...config,
  test: { ...config.test, include: ['test/chaos/**/*.test.ts'], globalSetup: [], fileParallelism: false },
};
