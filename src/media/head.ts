// The first bytes of a body, kept until they are enough to tell what it is.

import { SNIFF_BYTES } from './sniff.js';

/** Collects chunks as they come. */
export class Head {
  readonly chunks: Uint8Array[] = [];
  size = 0;

  get isEnough(): boolean {
    return this.size >= SNIFF_BYTES;
  }

  add(chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) {
      // A copy, since the piece is valid until the next one is asked for. (A Buffer's `slice` is none.)
      this.chunks.push(new Uint8Array(chunk));
      this.size += chunk.length;
    }
  }

  get bytes(): Uint8Array {
    const bytes = new Uint8Array(Math.min(this.size, SNIFF_BYTES));
    let at = 0;
    for (const chunk of this.chunks) {
      if (at === bytes.length) break;
      const part = chunk.subarray(0, bytes.length - at);
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }
}
