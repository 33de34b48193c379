// One submit over the platform's own fetch, and what must hold at both ends when it was not sent, or is lost.

import { expect } from 'vitest';
import { type ClientOptions, ConnectionError, type JournalRecord, SubmitUnknownError } from '../../src/index.js';
import { clientFor } from '../support/client.js';
import type { Platform } from './platform.js';
import type { RawGateway } from './raw-gateway.js';

/** More than one, so that what is repeated can be told from what is not; no more, since some wait for a timeout. */
export const ATTEMPTS = 2;

export interface Ending {
  /** What the submit threw; undefined where it gave a task. */
  error: unknown;
  /** Of each exchange its failure's code, or the answer's status. */
  exchanges: unknown[];
  /** What the journal holds afterwards. */
  records: JournalRecord[];
}

/** Submits one task; waits for no result. */
export async function submitTo(
  url: string,
  options: ClientOptions & { signal?: AbortSignal; prompt?: string } = {},
): Promise<Ending> {
  const { signal, prompt = 'a puppy', ...rest } = options;
  const exchanges: unknown[] = [];
  const { ima } = clientFor(url, {
    retry: { attempts: ATTEMPTS, baseMs: 2, capMs: 4 },
    validate: 'off',
    logger: {
      debug: (message, fields) => {
        if (message === 'exchange') exchanges.push(fields?.status ?? fields?.failure);
      },
      info: () => {},
      warn: () => {},
      error: () => {},
    },
    ...rest,
  });
  const error = await ima.submit({ model: 'gemini-2.5-flash-image', prompt }, { signal }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { error, exchanges, records: await ima.journal.list() };
}

/** Nothing left this machine: told so, tried again under the same trace id, forgotten by the journal. */
export function expectNotSent(
  ending: Ending,
  at: { platform: Platform; gateway?: RawGateway | undefined; code: readonly unknown[]; dispatches?: number },
): void {
  const { error, exchanges, records } = ending;
  expect(error).toBeInstanceOf(ConnectionError);
  expect(error).toMatchObject({ code: 'connection_failed', phase: 'submit', mayBeBilled: false, retryable: true });
  expect(at.code).toContain(exchanges[0]);
  expect(exchanges).toHaveLength(ATTEMPTS);
  expect(new Set(exchanges).size).toBe(1);
  expect(at.platform.dispatched).toEqual(Array(at.dispatches ?? ATTEMPTS).fill(traceIdOf(error)));
  expect(records).toEqual([]);
  if (at.gateway !== undefined) expect(at.gateway).toMatchObject({ requestBytes: 0, posts: [] });
}

/** It may have been taken: told so, sent once, on record as unknown under the trace id that the gateway has seen. */
export function expectLost(
  ending: Ending,
  at: { platform: Platform; gateway: RawGateway; code: readonly unknown[]; posts: number },
): void {
  const { error, exchanges, records } = ending;
  expect(error).toBeInstanceOf(SubmitUnknownError);
  expect(error).toMatchObject({ code: 'submit_unknown', phase: 'submit', mayBeBilled: true, retryable: false });
  expect(exchanges).toHaveLength(1);
  expect(at.code).toContain(exchanges[0]);
  const traceId = traceIdOf(error);
  expect(at.platform.dispatched).toEqual([traceId]);
  expect(at.gateway.posts).toEqual(Array(at.posts).fill(traceId));
  expect(records).toMatchObject([{ state: 'unknown', traceId }]);
}

function traceIdOf(error: unknown): string {
  if (!(error instanceof ConnectionError) && !(error instanceof SubmitUnknownError)) throw new Error('another error');
  expect(error.traceId).toMatch(/^[\da-f-]{36}$/);
  return String(error.traceId);
}
