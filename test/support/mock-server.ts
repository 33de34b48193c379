// One mock of each gateway for the whole test run; tests that script faults or read the ledger start their own.

import type { TestProject } from 'vitest/node';
import { startMock } from '../../src/mock/index.js';

declare module 'vitest' {
  export interface ProvidedContext {
    mockUrl: string;
    iminiMockUrl: string;
  }
}

/** Fast enough that a task ends within a second, slow enough that every state is seen. */
export const SPEED = 200;

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const mock = await startMock({ speed: SPEED, seed: 1 });
  const imini = await startMock({ gateway: 'imini', speed: SPEED, seed: 1 });
  project.provide('mockUrl', mock.url);
  project.provide('iminiMockUrl', imini.url);
  return async () => {
    await Promise.all([mock.close(), imini.close()]);
    const deviations = [...mock.deviations, ...imini.deviations];
    if (deviations.length > 0) throw new Error(`a mock broke its own spec: ${deviations.join('; ')}`);
  };
}
