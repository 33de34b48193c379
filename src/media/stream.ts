// Results for those who want no files: as a stream, or all in memory, with the same checks as far as they apply.

import { anyOf, derived } from '../transport/index.js';
import type { TransferOptions } from './facts.js';
import { failure, shown } from './failure.js';
import { Gauge } from './picture.js';
import type { Sniffed } from './sniff.js';
import { type Job, type MediaAccess, type Sink, transfer } from './transfer.js';
import type { Entity } from './version.js';
import { assertWholeBytes, warnUnsure } from './whole.js';

/** Whether a picture of another size than declared is to be refused. */
const isFirm = ({ declaredSizes }: MediaAccess, { anySize = false }: TransferOptions): boolean =>
  declaredSizes === 'firm' && !anySize;

/** Chunks that wait for the reader of a stream; he may be slow, but he is not to be waited for at each one. */
const AHEAD = 2;

/**
 * The bytes of a result as they come; resolves once they are known to be what they should be. A broken connection is
 * continued; where the file has changed meanwhile the stream ends in a `DownloadError` with code `changed`, since what was
 * handed out cannot be taken back.
 */
export function streamOf(job: Job, access: MediaAccess, options: TransferOptions): Promise<ReadableStream<Uint8Array>> {
  const left = new AbortController();
  const given = derived(options.signal);
  const signal = given === undefined ? left.signal : anyOf([given, left.signal]);
  const gauge = isFirm(access, options) ? new Gauge(job) : undefined;
  return new Promise((resolve, reject) => {
    let at = 0;
    let entity: Entity | undefined;
    let wanted: (() => void) | undefined;
    signal.addEventListener('abort', () => wanted?.(), { once: true });
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
    const stream = new ReadableStream<Uint8Array>(
      {
        start: (own) => {
          controller = own;
        },
        pull: () => wanted?.(),
        cancel: (reason) => left.abort(reason),
      },
      { highWaterMark: AHEAD },
    );
    const sink: Sink = {
      get at() {
        return at;
      },
      get entity() {
        return entity;
      },
      begin: async (now) => {
        if (at > 0) {
          const { origin, output } = job;
          throw failure(origin, `The result ${shown(output.url)} changed while it was being read.`, {
            code: 'changed',
            retryable: true,
            hint: 'Read it again from the beginning.',
          });
        }
        entity = now;
        gauge?.begin();
        resolve(stream);
      },
      // What was handed out cannot be taken back, nor go on with anything.
      forget: async () => {
        entity = undefined;
        if (at === 0) return;
        const { origin, output } = job;
        throw failure(origin, `The result ${shown(output.url)} is longer than its server says; some of it was read.`, {
          code: 'truncated',
          retryable: true,
          hint: 'Read it again from the beginning.',
        });
      },
      write: async (chunks) => {
        for (const chunk of chunks) {
          // A copy: what comes next in the same buffer must not change what the reader has.
          gauge?.add(chunk);
          controller?.enqueue(new Uint8Array(chunk));
          at += chunk.length;
        }
        while ((controller?.desiredSize ?? 1) <= 0 && !signal.aborted) {
          await new Promise<void>((goOn) => {
            wanted = goOn;
          });
        }
      },
    };
    const work = transfer(job, sink, access, { ...options, signal });
    work
      .then(({ isSurelyWhole }) => {
        if (!isSurelyWhole) warnUnsure(job);
        return gauge?.check();
      })
      .then(
        // Who has left at the last moment has closed it himself.
        () => {
          if (!left.signal.aborted) controller?.close();
        },
        (error) => {
          reject(error);
          if (!left.signal.aborted) controller?.error(error);
        },
      );
  });
}

/** All bytes of a result. Throws `DownloadError`. */
export async function bytesOf(job: Job, access: MediaAccess, options: TransferOptions): Promise<ArrayBuffer> {
  let chunks: Uint8Array[] = [];
  let at = 0;
  let entity: Entity | undefined;
  let sniffed: Sniffed | undefined;
  const gauge = isFirm(access, options) ? new Gauge(job) : undefined;
  const { isSurelyWhole } = await transfer(
    job,
    {
      get at() {
        return at;
      },
      get entity() {
        return entity;
      },
      begin: async (now, type) => {
        entity = now;
        sniffed = type;
        chunks = [];
        at = 0;
        gauge?.begin();
      },
      forget: async () => {
        entity = undefined;
        chunks = [];
        at = 0;
      },
      write: async (more) => {
        for (const chunk of more) {
          gauge?.add(chunk);
          chunks.push(new Uint8Array(chunk));
          at += chunk.length;
        }
      },
    },
    access,
    options,
  );
  await gauge?.check();
  const bytes = new Uint8Array(at);
  let filled = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, filled);
    filled += chunk.length;
  }
  if (!isSurelyWhole && sniffed !== undefined) await assertWholeBytes(job, bytes, sniffed);
  return bytes.buffer;
}
