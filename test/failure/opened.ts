// What the tests of this folder open, each for itself: closed again after each test, the last first.

import { afterEach } from 'vitest';
import { authority } from '../support/tls/certificates.js';
import { type AgentOptions, type Platform, platformWith } from './platform.js';
import type { RawGateway } from './raw-gateway.js';

export interface Opened {
  /** Replaces what is beneath the platform's fetch. The test authority is trusted. */
  platform(options?: AgentOptions): Promise<Platform>;
  gateway(made: Promise<RawGateway>): Promise<RawGateway>;
  /** To be done at the end of the test. */
  later(close: () => unknown): void;
}

export function opened(): Opened {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  return {
    platform: async ({ connect, ...options } = {}) => {
      const platform = await platformWith({ ...options, connect: { ca: authority, ...connect } });
      closing.push(platform.restore);
      return platform;
    },
    gateway: async (made) => {
      const gateway = await made;
      closing.push(gateway.close);
      return gateway;
    },
    later: (close) => void closing.push(close),
  };
}
