// The mock's door: starts a gateway that behaves like the real one, costs nothing, and remembers what was asked of it.

import { imaRouter } from './gateways/ima-router.js';
import { type Mock, type MockOptions, startGateway } from './start.js';

export type { ChaosKind, ChaosOptions } from './chaos.js';
export type { Fault } from './faults.js';
export type { DownloadEntry, Ledger, PollEntry, SubmitEntry } from './ledger.js';
export type { Mock, MockOptions } from './start.js';

/**
 * Starts a mock of the ima-router gateway in this process.
 *
 * @throws Error if Prism is not installed, the document cannot be read, or the port is taken.
 */
export function startMock(options: MockOptions = {}): Promise<Mock> {
  return startGateway(imaRouter, options);
}
