// The mock's door: starts a gateway that behaves like the real one, costs nothing, and remembers what was asked of it.

import type { MockGateway } from './gateway.js';
import { imaRouter } from './gateways/ima-router.js';
import { imini } from './gateways/imini.js';
import { type Mock, type StartOptions, startGateway } from './start.js';

export type { ChaosKind, ChaosOptions } from './chaos.js';
export type { Fault } from './faults.js';
export type { DownloadEntry, Ledger, PollEntry, SubmitEntry } from './ledger.js';
export type { Mock } from './start.js';

const GATEWAYS = { 'ima-router': imaRouter, imini } satisfies Record<string, MockGateway>;

/** A gateway that the mock can play. */
export type MockGatewayName = keyof typeof GATEWAYS;

export interface MockOptions extends StartOptions {
  /** Which gateway to play. Default `ima-router`. */
  gateway?: MockGatewayName;
}

/** Whether `name` is a gateway that the mock can play. */
function isMockGateway(name: string): name is MockGatewayName {
  return Object.hasOwn(GATEWAYS, name);
}

/**
 * Starts a mock of a gateway in this process.
 *
 * @throws RangeError for a gateway that nobody has described, and for options that make no sense. Error if Prism is not
 *   installed, the document cannot be read, or the port is taken.
 */
export async function startMock({ gateway = 'ima-router', ...options }: MockOptions = {}): Promise<Mock> {
  // From a program without types, or a command line, any text may come.
  if (!isMockGateway(gateway)) {
    throw new RangeError(
      `There is no mock of '${String(gateway)}'; there is one of: ${Object.keys(GATEWAYS).join(', ')}`,
    );
  }
  return startGateway(GATEWAYS[gateway], options);
}
