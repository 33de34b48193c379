// What a fault does to one exchange, whoever set it: is the request taken, what is said, what arrives of it.

export interface Strike {
  /** What the ledger calls it. */
  readonly name: string;
  /** Whether the gateway takes the request: a submit that is taken makes a task and is paid, whatever arrives. */
  readonly taken: boolean;
  /** Said instead of the gateway's own answer. Header names in lower case. `{taskId}` is the task that was made, if any. */
  readonly answer?: {
    readonly status: number;
    readonly headers: Record<string, string>;
    readonly body: string;
    /** Whether `{requestId}` in the body is a name to fill; a script's own words stay as they are. */
    readonly isTemplate?: boolean;
  };
  /** The status word that the gateway's own answer says instead of the true one. */
  readonly word?: string;
  /** What is wrong with the result file, or with the answer that has it; an answer without a file stays as it is. */
  readonly flaw?: Flaw;
  readonly way: Way;
}

/**
 * What becomes of an answer on its way.
 * - `whole`: it arrives.
 * - `reset`: the connection is reset instead.
 * - `hang`: silence, then a reset; without `forMs` silence until the mock closes.
 * - `cut`: that part of it, then the connection ends.
 * - `stall`: that part of it, then silence, as with `hang`.
 * - `half`: half of it, as if that were all.
 * - `slow`: all of it in twenty pieces, one every `everyMs`.
 * - `trouble`: the events of a stream that lie within that part of it, then one that tells of an error, and the end. What
 *   is no stream arrives whole.
 */
export type Way =
  | { readonly how: 'whole' | 'reset' | 'half' }
  | { readonly how: 'hang'; readonly forMs?: number }
  | { readonly how: 'cut'; readonly part: Part }
  | { readonly how: 'stall'; readonly part: Part; readonly forMs?: number }
  | { readonly how: 'slow'; readonly everyMs: number }
  | { readonly how: 'trouble'; readonly part: Part; readonly data: string | undefined };

/** How much of an answer's body, from its first byte on: a share from 0 to 1, or so many bytes, or all if it has less. */
export type Part = { readonly share: number } | { readonly bytes: number };

/** See `Fault`. `length`: the answer claims that many bytes more than it has, or fewer. */
export type Flaw =
  | {
      readonly what:
        | 'expire'
        | 'change'
        | 'ignore-range'
        | 'wrong-range'
        | 'no-length'
        | 'gzip'
        | 'wrong-media'
        | 'placeholder'
        | 'empty'
        | 'no-validators';
    }
  | { readonly what: 'length'; readonly by: number }
  | { readonly what: 'redirect'; readonly status: number; readonly headers: Record<string, string> };

/** Pieces of a `slow` answer. */
export const SLOW_PIECES = 20;
