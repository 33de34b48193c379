// Bytes on their way from a connection to whoever takes them: gathered into big pieces, held back when nobody comes.

/** A piece is as large as this, where bytes come fast: fewer and larger writes are most of a download's speed. */
export const PIECE_BYTES = 1 << 20;

/** Where they come slowly, a piece is given after this long (ms): who watches sees that something comes, and it is kept. */
export const PIECE_MS = 50;

/** Chunks smaller than this are copied together: each costs more than its bytes do, and there may be a million in a piece. */
const SMALL_BYTES = 4096;
const GATHER_BYTES = 64 * 1024;

interface Reader {
  resolve: (piece: readonly Uint8Array[] | null) => void;
  reject: (error: unknown) => void;
}

/** Takes chunks in and gives pieces out, each a list of chunks. */
export class Pieces {
  readonly #wantMore: () => void;
  #chunks: Uint8Array[] = [];
  #size = 0;
  /** Where small chunks are gathered; what stands before `from` has been given on. */
  #gathered: { bytes: Uint8Array; from: number; to: number } | undefined;
  #end: { error?: unknown } | undefined;
  #reader: Reader | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `wantMore` is called whenever there is room again. */
  constructor(wantMore: () => void) {
    this.#wantMore = wantMore;
  }

  /** Takes a chunk, which must not change afterwards; false when no more should come until `wantMore` is called. */
  push(chunk: Uint8Array): boolean {
    if (this.#end !== undefined) return false;
    if (chunk.length < SMALL_BYTES) {
      this.#gather(chunk);
    } else {
      this.#seal();
      this.#chunks.push(chunk);
    }
    this.#size += chunk.length;
    if (this.#reader !== undefined) {
      if (this.#size >= PIECE_BYTES) this.#give();
      else this.#giveSoon();
    }
    return this.#size < PIECE_BYTES;
  }

  /** No more will come: the body is over, or, with an error, it broke off. What came before is given first. */
  end(how: { error?: unknown } = {}): void {
    if (this.#end !== undefined) return;
    this.#end = how;
    if (this.#reader !== undefined) this.#give();
  }

  /** The next piece, null at the end. Rejects with what the body broke off with. One call at a time. */
  read(): Promise<readonly Uint8Array[] | null> {
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
      if (this.#end !== undefined || this.#size >= PIECE_BYTES) this.#give();
      else if (this.#size > 0) this.#giveSoon();
      if (this.#end === undefined) this.#wantMore();
    });
  }

  #gather(chunk: Uint8Array): void {
    if (chunk.length > GATHER_BYTES - (this.#gathered?.to ?? GATHER_BYTES)) {
      this.#seal();
      this.#gathered = { bytes: new Uint8Array(GATHER_BYTES), from: 0, to: 0 };
    }
    const gathered = this.#gathered;
    if (gathered === undefined) return;
    gathered.bytes.set(chunk, gathered.to);
    gathered.to += chunk.length;
  }

  /** What is gathered is a chunk of its own from now on; what follows it in the same buffer is another one. */
  #seal(): void {
    const gathered = this.#gathered;
    if (gathered === undefined || gathered.to === gathered.from) return;
    this.#chunks.push(gathered.bytes.subarray(gathered.from, gathered.to));
    gathered.from = gathered.to;
  }

  #giveSoon(): void {
    this.#timer ??= setTimeout(() => this.#give(), PIECE_MS);
  }

  #give(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const reader = this.#reader;
    if (reader === undefined) return;
    this.#reader = undefined;
    this.#seal();
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#size = 0;
    if (chunks.length > 0) reader.resolve(chunks);
    else if (this.#end !== undefined && 'error' in this.#end) reader.reject(this.#end.error);
    else reader.resolve(null);
  }
}
