// The bytes of one result, over as many connections as it takes: what is continued, what starts over, what is given up.

import {
  type DownloadError,
  derived,
  guarded,
  ImaRouterError,
  messageOf,
  parseRetryAfter,
  type RetryPolicy,
  redactText,
} from '../transport/index.js';
import { bytesOfDataUrl, inlineType } from './data-url.js';
import { type Reply, Surplus, type Wire } from './exchange.js';
import type { OutputFacts, OutputOrigin, TransferOptions } from './facts.js';
import { aborted, expired, failure, reasonOf, shown } from './failure.js';
import { Head } from './head.js';
import { Meter } from './meter.js';
import { type Hosts, open } from './open.js';
import { Patience } from './patience.js';
import { type Sniffed, sniffAs } from './sniff.js';
import { bareUrl, type Entity, entityOf, isSame, isTheRest, rangeOf } from './version.js';
import { Watchdog } from './watchdog.js';
import { wireFor } from './wire.js';

/** How a client reaches results. */
export interface MediaAccess extends Hosts {
  /** A `fetch` of the user's own; undefined where this library chooses the way. */
  fetch: Parameters<typeof wireFor>[0];
  /** Whether a picture that has not the size that the gateway declares is not the result. */
  declaredSizes: 'firm' | 'hint';
  retry: RetryPolicy;
  random: () => number;
}

/** Where the bytes go. What its calls throw ends the transfer. */
export interface Sink {
  /** How many bytes it has, and of what; both may be from an earlier transfer. */
  readonly at: number;
  readonly entity: Entity | undefined;
  /** The bytes that follow, from 0 on, are those of `entity`, and of that type: what it had is void. */
  begin(entity: Entity, sniffed: Sniffed): Promise<void>;
  /** Takes the next bytes; they are valid until this resolves. */
  write(chunks: readonly Uint8Array[]): Promise<void>;
  /** What it has is of nothing that can be gone on with. */
  forget(): Promise<void>;
}

/** One result and what it is about. */
export interface Job {
  output: OutputFacts;
  origin: OutputOrigin;
}

/** A stalled socket is told from a slow one by this much silence. */
const IDLE_TIMEOUT_MS = 30_000;

/** Of a page that is no result, the first characters are shown; of an error's body this much is read. */
const SHOWN_CHARACTERS = 120;
const ERROR_BYTES = 4096;

/** What object stores say of a link that is over or a file that is gone, under whatever status. */
const GONE =
  /<Code>\s*(NoSuchKey|NoSuchBucket|NoSuchObject|AccessDenied|ExpiredToken|RequestExpired|InvalidSignature|SignatureDoesNotMatch)\s*<\/Code>/i;

/** What an attempt came to: the end, another question to be asked at once, or trouble that another attempt may mend. */
type Attempt = 'done' | 'again' | { trouble: DownloadError; retryAfterMs?: number | undefined; isStall?: boolean };

/**
 * Brings the bytes of `job` into `sink`, from where it stands. Connections that break are continued where the server lets
 * us, and an expired URL is asked for anew, once. Throws `DownloadError`, and `WaitAbortedError` on the caller's signal;
 * what has come by then is in `sink`. Buys nothing. Tells whether a cut file would have been noticed by its length or end.
 */
export async function transfer(
  job: Job,
  sink: Sink,
  access: MediaAccess,
  options: TransferOptions,
): Promise<{ isSurelyWhole: boolean }> {
  const wire = await wireFor(access.fetch);
  // Listeners of one download do not count towards those of a signal that many share.
  return new Transfer(job, sink, wire, access, { ...options, signal: derived(options.signal) }).run();
}

class Transfer {
  readonly #job: Job;
  readonly #sink: Sink;
  readonly #wire: Wire;
  readonly #access: MediaAccess;
  readonly #options: TransferOptions;
  readonly #meter = new Meter(() => performance.now());
  readonly #report: (progress: ReturnType<Meter['progress']>) => void;
  #url: string;
  #hasReread = false;
  /** Why it could not be read again. */
  #rereadFailure: unknown;
  #isSurelyWhole = true;
  /** Asking for a part was answered wrongly: from now on the whole is asked for. */
  #rangesLie = false;
  /** What is there and what came after it do not belong together: the next attempt begins anew. */
  #isSpoilt = false;
  readonly #patience: Patience;

  constructor(job: Job, sink: Sink, wire: Wire, access: MediaAccess, options: TransferOptions) {
    this.#job = job;
    this.#sink = sink;
    this.#wire = wire;
    this.#access = access;
    this.#options = options;
    this.#url = job.output.url;
    this.#patience = new Patience(sink.at, access);
    const { warn } = job.origin;
    this.#report = guarded(options.onProgress, (error) =>
      warn('callback_threw', `onProgress threw: ${messageOf(error)}`),
    );
  }

  async run(): Promise<{ isSurelyWhole: boolean }> {
    for (;;) {
      const attempt = await this.#attempt();
      if (attempt === 'done') return { isSurelyWhole: this.#isSurelyWhole };
      if (attempt === 'again') continue;
      const { at: bytes, entity } = this.#sink;
      const isHopeless = !attempt.trouble.retryable;
      const delayMs = isHopeless ? undefined : this.#patience.delayAfter(attempt, { bytes, total: entity?.total });
      if (delayMs === undefined) throw attempt.trouble;
      await this.#pause(delayMs);
    }
  }

  async #attempt(): Promise<Attempt> {
    if (this.#url.startsWith('data:')) return this.#inline();
    const watchdog = new Watchdog(this.#options.idleTimeoutMs ?? IDLE_TIMEOUT_MS, this.#options.signal);
    let reply: Reply | undefined;
    try {
      this.#assertNotAborted();
      // What is there may be from a call that took more.
      this.#assertSize(Math.max(this.#sink.at, this.#sink.entity?.total ?? 0));
      if (this.#isComplete) return 'done';
      const headers = this.#rangeHeaders();
      const asked = { url: this.#url, headers, signal: watchdog.signal, alive: watchdog.fed, subject: this.#subject };
      reply = await watchdog.watch(open(asked, this.#wire, this.#access), (late) => late.close());
      return await this.#take(reply, watchdog);
    } catch (error) {
      this.#assertNotAborted();
      if (ImaRouterError.is(error) || error instanceof Unwritten)
        throw error instanceof Unwritten ? error.cause : error;
      if (error instanceof Surplus) await this.#sink.forget();
      return this.#broken(error, watchdog);
    } finally {
      reply?.close();
      watchdog.stop();
    }
  }

  /** What to do with an answer. Rejects with what its connection broke off with. */
  async #take(reply: Reply, watchdog: Watchdog): Promise<Attempt> {
    const { status } = reply;
    if (status === 200) return this.#whole(reply, watchdog);
    if (status === 206 && isTheRest(reply, this.#sink)) return this.#pour(reply, watchdog, 0);
    if (status === 206 || status === 416) {
      const isNews = !this.#rangesLie && this.#sink.at > 0;
      this.#rangesLie = true;
      if (isNews) return 'again';
      return this.#trouble(`could not be continued (HTTP ${status})`, { code: 'http_status', status, retryable: true });
    }
    const text = await this.#textOf(reply, watchdog);
    if (status === 403 || status === 404 || status === 410 || GONE.test(text)) return this.#gone(status, text);
    const retryable = status >= 500 || [408, 425, 429].includes(status);
    if (!retryable && this.#isLastResort) return this.#gone(status, text);
    const said = text === '' ? '' : `: ${JSON.stringify(text.slice(0, SHOWN_CHARACTERS))}`;
    const retryAfterMs = parseRetryAfter(reply.header('retry-after'), Date.now());
    return {
      ...this.#trouble(`could not be fetched (HTTP ${status}${said})`, {
        code: 'http_status',
        status,
        retryable,
        retryAfterMs,
      }),
      retryAfterMs,
    };
  }

  /** The file from its beginning on, asked for or not. */
  async #whole(reply: Reply, watchdog: Watchdog): Promise<Attempt> {
    const entity = entityOf(reply, this.#url);
    this.#assertSize(entity.total);
    const { at } = this.#sink;
    // A server that knows no ranges gives the same bytes again: those that are there need not be taken twice.
    if (at > 0 && !this.#isSpoilt && isSame(entity, this.#sink.entity)) return this.#pour(reply, watchdog, at);
    const head = new Head();
    while (!head.isEnough) {
      const chunks = await watchdog.watch(reply.read());
      if (chunks === null) break;
      head.add(chunks);
    }
    const sniffed = sniffAs(head.bytes, this.#job.output.kind);
    if (sniffed === null || sniffed.kind !== this.#job.output.kind)
      return this.#notTheResult(head.bytes, sniffed, reply);
    if (at > 0 && !isSame(entity, this.#sink.entity) && entity.etag !== undefined) this.#patience.changed();
    await written(this.#sink.begin(entity, sniffed));
    this.#isSpoilt = false;
    this.#meter.begin(0);
    if (head.size > 0) await this.#write(head.chunks);
    return this.#pour(reply, watchdog);
  }

  /** What follows, up to the end. Where that goes on with what is there, `skip` bytes of it are there already. */
  async #pour(reply: Reply, watchdog: Watchdog, skip?: number): Promise<Attempt> {
    let left = skip ?? 0;
    let isMeasured = skip === undefined;
    for (;;) {
      const chunks = await watchdog.watch(reply.read());
      if (chunks === null) break;
      const fresh: Uint8Array[] = [];
      for (const chunk of chunks) {
        if (left < chunk.length) fresh.push(left === 0 ? chunk : chunk.subarray(left));
        left = Math.max(0, left - chunk.length);
      }
      if (fresh.length === 0) continue;
      // What is passed over says nothing of the speed.
      if (!isMeasured) this.#meter.begin(this.#sink.at);
      isMeasured = true;
      await this.#write(fresh);
    }
    const { at, entity } = this.#sink;
    const total = entity?.total ?? rangeOf(reply)?.total;
    if (left === 0 && (total === undefined || at === total)) {
      this.#isSurelyWhole = total !== undefined || reply.hasSureEnd;
      return 'done';
    }
    // More than there should be, or less than there was: whatever that is, it is not to be gone on with.
    if (left > 0 || at > (total ?? at)) this.#isSpoilt = true;
    return this.#trouble(`broke off: ${at - left} of ${total ?? at} bytes came`, {
      code: 'truncated',
      retryable: true,
    });
  }

  async #write(chunks: readonly Uint8Array[]): Promise<void> {
    const size = chunks.reduce((sum, { length }) => sum + length, 0);
    this.#assertSize(this.#sink.at + size);
    await written(this.#sink.write(chunks));
    this.#report(this.#meter.progress(this.#sink.at, this.#sink.entity?.total));
    this.#assertNotAborted();
  }

  /** The URL answers no more: the task may have a new one, and the gateway itself the bytes. */
  async #gone(status: number, text: string): Promise<Attempt> {
    const { origin, output } = this.#job;
    if (!this.#hasReread && origin.reread !== undefined) {
      this.#hasReread = true;
      try {
        const outputs = await origin.reread(this.#options.signal ?? new AbortController().signal);
        const fresh = outputs[origin.index];
        if (fresh?.kind === output.kind && fresh.url !== this.#url) return this.#elsewhere(fresh.url);
      } catch (error) {
        this.#assertNotAborted();
        this.#rereadFailure = error;
      }
    }
    if (origin.lastResort !== undefined && origin.lastResort !== this.#url) return this.#elsewhere(origin.lastResort);
    const said = /<Code>\s*(\w+)/.exec(text)?.[1];
    const cause = this.#rereadFailure;
    const why = `HTTP ${status}${said === undefined ? '' : ` ${said}`}, and ${this.#whatTheTaskSays()}`;
    throw expired(this.#subject, why, { status, cause, retryable: ImaRouterError.is(cause) && cause.retryable });
  }

  #whatTheTaskSays(): string {
    if (this.#rereadFailure !== undefined) return `its task could not be read again (${reasonOf(this.#rereadFailure)})`;
    return this.#hasReread ? 'its task names no other URL that answers' : 'there is no task to ask for another one';
  }

  /** The gateway's own copy is asked for since nothing else answers: whatever it says instead, that is what is to be told. */
  get #isLastResort(): boolean {
    return this.#url !== this.#job.output.url && this.#url === this.#job.origin.lastResort;
  }

  /** The next attempt is made at once, at another URL: it is no fault of the connection. */
  #elsewhere(url: string): 'again' {
    this.#url = url;
    return 'again';
  }

  /** An HTML page or a JSON error with status 200 is not a result. */
  #notTheResult(head: Uint8Array, sniffed: Sniffed | null, { status }: Reply): Attempt | Promise<Attempt> {
    const text = textFrom(head);
    if (this.#isLastResort || (sniffed === null && GONE.test(text))) return this.#gone(status, text);
    const { kind } = this.#job.output;
    if (head.length === 0) return this.#refused('is empty', { code: 'empty' });
    const first = JSON.stringify(redactText(text.slice(0, SHOWN_CHARACTERS)));
    const what = sniffed === null ? `not ${kind}: it begins with ${first}` : `${sniffed.contentType}, not ${kind}`;
    return this.#refused(`is ${what}`, { code: 'wrong_media' });
  }

  #refused(what: string, { code }: { code: string }): never {
    throw failure(this.#subject, `The result ${shown(this.#url)} ${what}.`, {
      code,
      retryable: true,
      hint: 'Read the task again for a fresh URL, then download again; the generation itself is done and paid.',
    });
  }

  async #inline(): Promise<Attempt> {
    this.#assertNotAborted();
    const bytes = bytesOfDataUrl(this.#url, this.#subject);
    this.#assertSize(bytes.length);
    const sniffed = await inlineType(bytes, this.#job.output.kind, this.#subject);
    await this.#sink.begin({ url: 'data:', total: bytes.length }, sniffed);
    this.#meter.begin(0);
    await this.#sink.write([bytes]);
    this.#report(this.#meter.progress(bytes.length, bytes.length));
    return 'done';
  }

  get #isComplete(): boolean {
    const { at, entity } = this.#sink;
    return at > 0 && at === entity?.total && entity.url === bareUrl(this.#url);
  }

  /** Asks for what is missing, if that is known to be of the same version as what is there. */
  #rangeHeaders(): Record<string, string> {
    const { at, entity } = this.#sink;
    const version = entity?.etag ?? entity?.lastModified;
    if (at === 0 || version === undefined || this.#rangesLie || this.#isSpoilt || entity?.url !== bareUrl(this.#url))
      return {};
    return { range: `bytes=${at}-`, 'if-range': version };
  }

  /** Throws `DownloadError` where that many bytes are more than the caller takes. */
  #assertSize(bytes: number | undefined): void {
    const { maxBytes = Number.POSITIVE_INFINITY } = this.#options;
    if (bytes === undefined || bytes <= maxBytes) return;
    throw failure(this.#subject, `The result ${shown(this.#url)} is larger than ${maxBytes} bytes.`, {
      code: 'too_large',
      hint: 'Raise `maxBytes` if you want it all the same.',
    });
  }

  #assertNotAborted(): void {
    const { signal } = this.#options;
    if (signal?.aborted) throw aborted(this.#subject, signal.reason);
  }

  #broken(error: unknown, watchdog: Watchdog): Attempt {
    const cause = error;
    if (watchdog.isIdle) {
      const idleMs = this.#options.idleTimeoutMs ?? IDLE_TIMEOUT_MS;
      return {
        ...this.#trouble(`stalled: no byte for ${idleMs} ms`, { code: 'stalled', cause, retryable: true }),
        isStall: true,
      };
    }
    if (error instanceof Surplus) {
      return this.#trouble('is longer than its server says', { code: 'truncated', cause, retryable: true });
    }
    const what = `could not be fetched (${reasonOf(error)})`;
    return this.#trouble(what, { code: 'transfer_failed', cause, retryable: true });
  }

  #trouble(what: string, facts: Parameters<typeof failure>[2]): { trouble: DownloadError } {
    return { trouble: failure(this.#subject, `The result ${shown(this.#url)} ${what}.`, facts) };
  }

  /** What a refusal says; that it breaks off, or does not end, makes it no other answer. */
  async #textOf(reply: Reply, watchdog: Watchdog): Promise<string> {
    const head = new Head();
    try {
      while (head.size < ERROR_BYTES) {
        const chunks = await watchdog.watch(reply.read());
        if (chunks === null) break;
        head.add(chunks);
      }
    } catch {
      this.#assertNotAborted();
    }
    return textFrom(head.bytes);
  }

  async #pause(ms: number): Promise<void> {
    const { signal } = this.#options;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal?.addEventListener('abort', end, { once: true });
    });
    this.#assertNotAborted();
  }

  get #subject() {
    return { taskId: this.#job.origin.taskId, url: this.#job.output.url };
  }
}

/** What a sink threw: no trouble of the connection, and not mended by another one. */
class Unwritten extends Error {}

async function written(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (cause) {
    throw new Unwritten('the sink failed', { cause });
  }
}

function textFrom(bytes: Uint8Array): string {
  return redactText(new TextDecoder().decode(bytes).replace(/\s+/g, ' ').trim());
}
