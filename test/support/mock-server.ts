// One mock gateway for the whole test run; tests that script faults or read the ledger start their own.

import type { TestProject } from 'vitest/node';
import { startMock } from '../../src/mock/index.js';

declare module 'vitest' {
  export interface ProvidedContext {
    mockUrl: string;
  }
}

/** Fast enough that a task ends within a second, slow enough that every state is seen. */
export const SPEED = 200;

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const mock = await startMock({ speed: SPEED, seed: 1 });
  project.provide('mockUrl', mock.url);
  return async () => {
    await mock.close();
    if (mock.deviations.length > 0) throw new Error(`the mock broke its own spec: ${mock.deviations.join('; ')}`);
  };
}
