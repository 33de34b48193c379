// How one GET for a result travels: over Node's own sockets where fetch would do the same, else by fetch.

import { type FetchLike, fetchesDirectly, isPrivateAddress, isPrivateHost } from '../transport/index.js';
import { isChunked, isEncoded, PLAIN, type Wire } from './exchange.js';
import { privateAddress } from './failure.js';
import { Pieces } from './pieces.js';

/**
 * The way that a client's results come: `fetch` where the user handed one in, or where the platform's own goes by a proxy
 * or is not Node's. Else sockets: bytes go from there to the file in big pieces, which is most of the work of a download,
 * and the addresses that a name leads to are looked at before anything is sent.
 */
export async function wireFor(fetch: FetchLike | undefined): Promise<Wire> {
  if (fetch !== undefined) return fetchWire(fetch);
  if (!fetchesDirectly()) return fetchWire((input, init) => globalThis.fetch(input, init));
  const { socketWire } = await import('./sockets.js');
  return socketWire;
}

/** A name server that is silent does not hold a download: `fetch` will ask again, and may go by a proxy anyway. */
const LOOKUP_MS = 2000;

function fetchWire(fetch: FetchLike): Wire {
  return async ({ url, headers, signal, alive, isTrusted, subject }) => {
    const { hostname } = new URL(url);
    if (!isTrusted && (await leadsInside(hostname))) throw privateAddress(subject, hostname);
    const own = { ...PLAIN, ...headers };
    const response = await fetch(url, { method: 'GET', headers: own, redirect: 'manual', cache: 'no-store', signal });
    alive();
    const reader = response.body?.getReader();
    let isReading = false;
    const readOn = async (): Promise<void> => {
      if (isReading) return;
      isReading = true;
      try {
        for (let wantsMore = true; wantsMore; ) {
          const next = await reader?.read();
          if (next === undefined || next.done) {
            pieces.end();
            return;
          }
          alive();
          wantsMore = pieces.push(next.value);
        }
      } catch (error) {
        pieces.end({ error });
      } finally {
        isReading = false;
      }
    };
    const pieces = new Pieces(() => void readOn());
    return {
      status: response.status,
      header: (name) => response.headers.get(name),
      hasSureEnd: hasSureEnd(response.headers),
      read: () => pieces.read(),
      close: () => {
        pieces.end();
        // What is left of the body is of no interest, nor is how it ends.
        reader?.cancel().catch(() => {});
      },
    };
  };
}

/** Decoders take a cut body for a whole one, and so does undici 6 where chunks are cut that `Connection: close` announced. */
function hasSureEnd(headers: Headers): boolean {
  if (isEncoded(headers.get('content-encoding'))) return false;
  if (headers.get('content-length') !== null) return true;
  return isChunked(headers.get('transfer-encoding')) && !/\bclose\b/i.test(headers.get('connection') ?? '');
}

/** Whether a host is private, by its name or by what that leads to now; `fetch` asks for itself, perhaps by a proxy. */
async function leadsInside(hostname: string): Promise<boolean> {
  if (isPrivateHost(hostname)) return true;
  if (hostname.startsWith('[') || /^[\d.]+$/.test(hostname) || typeof process === 'undefined') return false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const { lookup } = await import('node:dns/promises');
    const late = new Promise<[]>((resolve) => {
      timer = setTimeout(resolve, LOOKUP_MS, []);
    });
    const found = await Promise.race([lookup(hostname, { all: true }), late]);
    return found.some(({ address }) => isPrivateAddress(address));
  } catch {
    // No such module, or no such name here: whoever sends the request will know.
    return false;
  } finally {
    clearTimeout(timer);
  }
}
