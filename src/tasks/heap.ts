// A binary heap: the least of many, cheaply, while thousands come and go.

/** What a heap holds. Whoever takes an item back sets `gone` and tells the heap by `left()`. */
export interface HeapItem {
  gone: boolean;
}

/** Below this many there is nothing to gain by cleaning up. */
const WORTH_CLEANING = 64;

/** Keeps items so that the first is always at hand. One that is gone is dropped when it would come first, or in a mass. */
export class Heap<Item extends HeapItem> {
  #items: Item[] = [];
  #goneInside = 0;
  readonly #before: (a: Item, b: Item) => boolean;

  /** `before`: whether `a` comes first; must not change its mind while they are inside. */
  constructor(before: (a: Item, b: Item) => boolean) {
    this.#before = before;
  }

  push(item: Item): void {
    const items = this.#items;
    let at = items.push(item) - 1;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = items[parentAt];
      if (parent === undefined || !this.#before(item, parent)) break;
      items[at] = parent;
      at = parentAt;
    }
    items[at] = item;
  }

  /** The first that is not gone. */
  first(): Item | undefined {
    for (let item = this.#items[0]; item !== undefined; item = this.#items[0]) {
      if (!item.gone) return item;
      this.#goneInside--;
      this.#shift();
    }
    return undefined;
  }

  /** An item inside is gone now. Most of a heap must not be such: they would stay until their time. */
  left(): void {
    this.#goneInside++;
    if (this.#goneInside < WORTH_CLEANING || this.#goneInside * 2 < this.#items.length) return;
    const kept = this.#items.filter((item) => !item.gone);
    this.#items = [];
    this.#goneInside = 0;
    for (const item of kept) this.push(item);
  }

  #shift(): void {
    const items = this.#items;
    const last = items.pop();
    if (last === undefined || items.length === 0) return;
    let at = 0;
    for (;;) {
      let childAt = 2 * at + 1;
      let child = items[childAt];
      if (child === undefined) break;
      const right = items[childAt + 1];
      if (right !== undefined && this.#before(right, child)) {
        child = right;
        childAt++;
      }
      if (!this.#before(child, last)) break;
      items[at] = child;
      at = childAt;
    }
    items[at] = last;
  }
}
