// Bytes as a list of pieces: a large file is mostly one block named many times, never one buffer of its own.

/** A whole, in order. */
export type Pieces = readonly Buffer[];

export function lengthOf(pieces: Pieces): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}

/** Bytes `from` up to, not including, `to`; copies nothing. */
export function partOf(pieces: Pieces, from: number, to: number): Buffer[] {
  const part: Buffer[] = [];
  let start = 0;
  for (const piece of pieces) {
    const end = start + piece.length;
    if (end > from && start < to)
      part.push(piece.subarray(Math.max(0, from - start), Math.min(piece.length, to - start)));
    start = end;
  }
  return part;
}
