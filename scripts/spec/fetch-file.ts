// How one published file is fetched: conditionally, within limits of time and size, and whole or not at all.

/** A specification of this API is about 0.6 MB; fifty times that is not one. */
const MAX_BYTES = 32 * 1024 * 1024;
const TIMEOUT_MS = 30_000;

export interface Validators {
  etag?: string;
  lastModified?: string;
}

/** The copy at hand, and what its publisher said of it. */
export type KnownCopy = Validators & { text: string };

export type FetchedFile = ({ kind: 'text'; text: string; unchanged: boolean } & Validators) | { kind: 'missing' };

export interface FetchOptions {
  fetch?: typeof fetch;
  timeoutMs?: number;
  maxBytes?: number;
}

/** 200 → the text; 304 → the text of `known`; 404 and 410 → missing; everything else throws one sentence that names `url`. */
export async function fetchFile(
  url: string,
  known: KnownCopy | undefined,
  options: FetchOptions,
): Promise<FetchedFile> {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const headers: Record<string, string> = { accept: 'application/yaml, application/json, text/plain, */*' };
  if (known?.etag !== undefined) headers['if-none-match'] = known.etag;
  if (known?.lastModified !== undefined) headers['if-modified-since'] = known.lastModified;

  const signal = AbortSignal.timeout(timeoutMs);
  let response: Response;
  try {
    response = await (options.fetch ?? fetch)(url, { headers, signal });
  } catch (error) {
    throw new Error(
      signal.aborted
        ? `${url} gave no answer within ${timeoutMs / 1000} s. Check the network and try again.`
        : `${url} could not be reached (${reason(error)}). Check the address and the network.`,
    );
  }
  if (response.status === 200) return await readWhole(response, url, signal, { timeoutMs, ...options });
  await response.body?.cancel();
  if (response.status === 304) {
    if (known?.etag !== undefined || known?.lastModified !== undefined)
      return { kind: 'text', unchanged: true, ...known };
    throw new Error(
      `${url} answered HTTP 304 (unchanged), although no copy of it was mentioned. Try again, past any cache.`,
    );
  }
  if (response.status === 404 || response.status === 410) return { kind: 'missing' };
  const advice = response.status >= 500 ? 'The server is in trouble; try again later.' : 'Check the address.';
  throw new Error(`${url} answered HTTP ${response.status}. ${advice}`);
}

async function readWhole(
  response: Response,
  url: string,
  signal: AbortSignal,
  options: FetchOptions & { timeoutMs: number },
): Promise<FetchedFile> {
  if (/text\/html/i.test(response.headers.get('content-type') ?? '')) {
    await response.body?.cancel();
    throw new Error(`${url} answered with a web page (HTML): the address is probably wrong or needs a login.`);
  }
  const maxBytes = options.maxBytes ?? MAX_BYTES;
  const announced = response.headers.has('content-encoding') ? null : response.headers.get('content-length');
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) break;
      chunks.push(chunk);
    }
  } catch (error) {
    if (signal.aborted) throw new Error(`${url} was not complete after ${options.timeoutMs / 1000} s. Try again.`);
    throw cutOff(url, bytes, announced, reason(error));
  }
  if (bytes > maxBytes) throw new Error(`${url} is larger than ${maxBytes} bytes; that is no file of this kind.`);
  if (announced !== null && Number(announced) !== bytes) throw cutOff(url, bytes, announced);

  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new Error(`${url} is not UTF-8 text.`);
  }
  const etag = response.headers.get('etag');
  const lastModified = response.headers.get('last-modified');
  return { kind: 'text', text, unchanged: false, ...(etag ? { etag } : {}), ...(lastModified ? { lastModified } : {}) };
}

function cutOff(url: string, bytes: number, announced: string | null, why?: string): Error {
  const of = announced === null ? '' : ` of ${announced}`;
  return new Error(`${url} was cut off after ${bytes}${of} bytes${why ? ` (${why})` : ''}. Pull it again.`);
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || error.cause.name : error.message;
}
