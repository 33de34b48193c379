// Asking for a result: redirects are followed by hand, and the key goes to the gateway's own origin only.

import type { Reply, Wire } from './exchange.js';
import { failure, type Subject, shown } from './failure.js';

/** Where results may be asked for, and with what. */
export interface Hosts {
  /** The key's headers for a URL of the gateway's own origin; nothing for any other. */
  authFor: (url: string) => Record<string, string>;
  /** No secrets: what result hosts want to see before they hand out a result. */
  headers: Readonly<Record<string, string>>;
  /** Whether the host may be in a private network: the gateway's own origin, or any where that is this machine itself. */
  isTrusted: (url: string) => boolean;
}

/** Chains longer than this are loops or games (issue 5: at most 5). */
const MAX_REDIRECTS = 5;

/** What an attempt asks for. */
export interface Question {
  url: string;
  /** Of the attempt: which bytes, and of which version. */
  headers: Record<string, string>;
  signal: AbortSignal;
  alive: () => void;
  subject: Subject;
}

/**
 * The answer to a GET, behind all redirects. Rejects where no answer comes, and with `DownloadError`: `bad_url`,
 * `bad_redirect`, `private_address`.
 */
export async function open(question: Question, wire: Wire, hosts: Hosts): Promise<Reply> {
  const { headers, subject } = question;
  const refuse = (why: string) => failure(subject, `${shown(subject.url)} ${why}.`, { code: 'bad_redirect' });
  let url: URL = new URL(question.url);
  if (url.username !== '' || url.password !== '') {
    throw failure(subject, `${shown(url.origin + url.pathname)} has credentials in it, which are not sent.`, {
      code: 'bad_url',
      hint: 'Fetch the URL yourself if you trust it.',
    });
  }
  // Whoever is asked by a stranger's word gets no key, not even the gateway itself.
  let isOwnChain = true;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const own: Record<string, string> = isOwnChain ? hosts.authFor(url.href) : {};
    isOwnChain &&= Object.keys(own).length > 0;
    const isTrusted = hosts.isTrusted(url.href);
    const reply = await wire({
      ...question,
      url: url.href,
      headers: { ...hosts.headers, ...own, ...headers },
      isTrusted,
    });
    const location = reply.header('location');
    // "Not modified" (304) sends nobody anywhere, whatever stands beside it.
    const isRedirect = reply.status >= 300 && reply.status < 400 && reply.status !== 304;
    if (!isRedirect || location === null) return reply;
    reply.close();
    const place = utf8Of(location);
    const next = URL.canParse(place, url.href) ? new URL(place, url.href) : undefined;
    if (next === undefined || !/^https?:$/.test(next.protocol)) {
      throw refuse('redirects to something that is not a web address');
    }
    if (url.protocol === 'https:' && next.protocol === 'http:') {
      throw refuse('redirects from https to plain http, which is not followed');
    }
    if (next.username !== '' || next.password !== '') {
      throw refuse('redirects to an address with credentials in it, which is not followed');
    }
    url = next;
  }
  throw refuse(`redirects more than ${MAX_REDIRECTS} times`);
}

/** What header fields give as single bytes, as the text that some servers write there as it is. */
function utf8Of(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are bytes
  if (!/^[\u0000-\u00ff]*[\u0080-\u00ff][\u0000-\u00ff]*$/.test(text)) return text;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(
      Uint8Array.from(text, (character) => character.charCodeAt(0)),
    );
  } catch {
    return text;
  }
}
