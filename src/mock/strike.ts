// What a fault does to one exchange, whoever set it: is the request taken, what is said, what arrives of it.

export interface Strike {
  /** What the ledger calls it. */
  readonly name: string;
  /** Whether the gateway takes the request: a submit that is taken makes a task and is paid, whatever arrives. */
  readonly taken: boolean;
  /** Said instead of the gateway's own answer. Header names in lower case. */
  readonly answer?: { readonly status: number; readonly headers: Record<string, string>; readonly body: string };
  /** The status word that the gateway's own answer says instead of the true one. */
  readonly word?: string;
  readonly way: Way;
}

/**
 * What becomes of an answer on its way.
 * - `whole`: it arrives.
 * - `reset`: the connection is reset instead.
 * - `hang`: silence, then a reset; without `forMs` silence until the mock closes.
 * - `cut`: half of it, then the connection ends.
 * - `half`: half of it, as if that were all.
 * - `slow`: all of it in twenty pieces, one every `everyMs`.
 */
export type Way =
  | { readonly how: 'whole' | 'reset' | 'cut' | 'half' }
  | { readonly how: 'hang'; readonly forMs?: number }
  | { readonly how: 'slow'; readonly everyMs: number };

/** Pieces of a `slow` answer. */
export const SLOW_PIECES = 20;
