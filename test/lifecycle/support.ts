// What the stories of money and patience share: gateways that are closed after each test, requests, and small counts.

import { afterEach } from 'vitest';
import type { BatchItem } from '../../src/index.js';
import { type Mock, type MockOptions, startMock } from '../../src/mock/index.js';
import { serve, type TestServer } from '../support/server.js';

export const request = { model: 'gemini-2.5-flash-image', prompt: 'x' } as const;

/** So many requests that differ. */
export const wanted = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ ...request, prompt: `picture ${i}` }));

/** Makers of gateways that live as long as the test. */
export function gateways(): {
  mockWith: (options?: MockOptions) => Promise<Mock>;
  server: (...args: Parameters<typeof serve>) => Promise<TestServer>;
} {
  const open: (Mock | TestServer)[] = [];
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });
  return {
    async mockWith(options = {}) {
      const mock = await startMock({ speed: 500, seed: 5, ...options });
      open.push(mock);
      return mock;
    },
    async server(...args) {
      const made = await serve(...args);
      open.push(made);
      return made;
    },
  };
}

/** All items of a batch, as they come. */
export async function all<Request>(items: AsyncIterable<BatchItem<Request>>): Promise<BatchItem<Request>[]> {
  const found: BatchItem<Request>[] = [];
  for await (const item of items) found.push(item);
  return found;
}

export const paid = (mock: Mock) => mock.ledger.submits.filter((submit) => submit.paid).length;
export const posts = (at: TestServer) => at.requests.filter(({ method }) => method === 'POST');
export const moment = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
