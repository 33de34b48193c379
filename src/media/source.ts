// Opening a result: the key goes to the gateway's own origin only, redirects are followed by hand, `data:` is decoded.

import { DownloadError, type ErrorFacts, type FetchLike, redactText } from '../transport/index.js';

/** How a client reaches results. */
export interface MediaAccess {
  fetch: FetchLike;
  /** Headers for a URL: the key for the gateway's own origin, nothing for any other. */
  headersFor: (url: string) => Record<string, string>;
}

/** An open result. `total` is the promised length in bytes, where the server gives one that counts. */
export interface OpenMedia {
  body: ReadableStream<Uint8Array>;
  contentType: string | undefined;
  total: number | undefined;
}

/** Chains longer than this are loops or games (design 7, issue 5: at most 5). */
const MAX_REDIRECTS = 5;

/** Opens `url` for reading. Throws `DownloadError`: `expired` for 403, 404, 410, `http_status` for other answers. */
export async function openMedia(
  url: string,
  access: MediaAccess,
  at: { signal: AbortSignal; taskId: string | undefined },
): Promise<OpenMedia> {
  const facts = { phase: 'download', taskId: at.taskId, mayBeBilled: true } as const;
  if (url.startsWith('data:')) return openDataUrl(url, facts);
  let current = url;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const response = await access.fetch(current, {
      method: 'GET',
      headers: access.headersFor(current),
      redirect: 'manual',
      cache: 'no-store',
      signal: at.signal,
    });
    const location = response.headers.get('location');
    if (response.status >= 300 && response.status < 400 && location !== null) {
      await response.body?.cancel();
      const next = URL.canParse(location, current) ? new URL(location, current) : undefined;
      if (next === undefined || !/^https?:$/.test(next.protocol)) {
        throw new DownloadError(`${shown(url)} redirects to something that is not a web address.`, {
          code: 'bad_redirect',
          ...facts,
        });
      }
      if (current.startsWith('https:') && next.protocol === 'http:') {
        throw new DownloadError(`${shown(url)} redirects from https to plain http, which is not followed.`, {
          code: 'bad_redirect',
          ...facts,
        });
      }
      current = next.href;
      continue;
    }
    if (response.ok && response.body !== null) return opened(response, response.body);
    throw await refused(url, response, facts);
  }
  throw new DownloadError(`${shown(url)} redirects more than ${MAX_REDIRECTS} times.`, {
    code: 'bad_redirect',
    ...facts,
  });
}

function opened(response: Response, body: ReadableStream<Uint8Array>): OpenMedia {
  const length = response.headers.get('content-length');
  // With a content-encoding the length counts encoded bytes, and `fetch` hands out decoded ones.
  const counts = length !== null && /^\d+$/.test(length) && response.headers.get('content-encoding') === null;
  return {
    body,
    contentType: response.headers.get('content-type')?.split(';')[0]?.trim() || undefined,
    total: counts ? Number(length) : undefined,
  };
}

async function refused(url: string, response: Response, facts: Omit<ErrorFacts, 'code'>): Promise<DownloadError> {
  await response.body?.cancel();
  const gone = response.status === 403 || response.status === 404 || response.status === 410;
  return new DownloadError(
    gone
      ? `The result ${shown(url)} is gone (HTTP ${response.status}): result URLs expire.`
      : `The result ${shown(url)} could not be fetched (HTTP ${response.status}).`,
    {
      code: gone ? 'expired' : 'http_status',
      retryable: !gone,
      hint: gone ? 'Read the task again for a fresh URL; the generation itself is done and paid.' : 'Download again.',
      ...facts,
      status: response.status,
    },
  );
}

function openDataUrl(url: string, facts: Omit<ErrorFacts, 'code'>): OpenMedia {
  const comma = url.indexOf(',');
  const head = url.slice('data:'.length, Math.max(comma, 0));
  let bytes: Uint8Array;
  try {
    if (comma < 0) throw new TypeError('no comma');
    const data = url.slice(comma + 1);
    bytes = head.endsWith(';base64')
      ? Uint8Array.from(atob(data), (character) => character.charCodeAt(0))
      : new TextEncoder().encode(decodeURIComponent(data));
  } catch (cause) {
    throw new DownloadError('The result came inline (`data:` URL) and cannot be decoded.', {
      code: 'bad_data_url',
      ...facts,
      cause,
    });
  }
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
  return { body, contentType: head.split(';')[0] || undefined, total: bytes.length };
}

/** A URL for a message: without its query, which may be a signature. */
export function shown(url: string): string {
  if (url.startsWith('data:')) return 'data: URL';
  return redactText(url.split('?')[0] ?? url);
}
